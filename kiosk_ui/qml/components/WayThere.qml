import QtQuick
import "../theme"

// Where to go: department, room, and the way if somebody has written it down.
Row {
    id: there

    property string department: ""
    property string place: ""
    property string way: ""

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
        KioskText { width: parent.width; even: true; kind: "title"; text: there.department }
        KioskText { width: parent.width; even: true; kind: "heading"; text: there.place }
        KioskText { width: parent.width; even: true; kind: "body"; visible: there.way !== ""; text: there.way; color: Theme.inkMuted }
    }
}
