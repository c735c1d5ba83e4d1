import QtQuick
import "../theme"

// Where to go: department, room, and the way if somebody has written it down.
Row {
    id: there

    property string department: ""
    property string place: ""
    property string way: ""
    property real room: Infinity        // the way is left out where there is no room for it: it stands on the paper too
    readonly property real least: names.height

    spacing: Theme.mm(6)
    Icon {
        id: pin
        name: "place"
        color: Theme.primarySoftInk
        extent: Theme.mm(18)
        y: Theme.mm(2)
    }
    Column {
        width: there.width - pin.width - there.spacing
        Column {
            id: names
            width: parent.width
            KioskText { width: parent.width; even: true; kind: Theme.landscape && Theme.textScale > 1 ? "heading" : "title"; text: there.department }
            KioskText { width: parent.width; even: true; kind: "heading"; text: there.place }
        }
        KioskText {
            width: parent.width
            even: true
            kind: "body"
            visible: there.way !== "" && names.height + implicitHeight <= there.room
            text: there.way
            color: Theme.inkMuted
        }
    }
}
