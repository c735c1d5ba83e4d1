import QtQuick
import "../theme"

// A small square to touch with a drawing or a short sign; `text` is its name for assistive technology.
PlainButton {
    id: button

    property string iconName: ""
    property string sign: ""            // instead of a drawing
    property bool on: false

    kind: "quiet"
    padding: 0
    implicitHeight: Theme.target
    implicitWidth: Theme.mm(19)

    contentItem: Item {
        Rectangle {
            anchors.fill: parent
            anchors.margins: Theme.mm(1.2)
            visible: button.on
            radius: Theme.radius - Theme.mm(1.2)
            color: Theme.primarySoft
            border.width: 2 * Theme.line
            border.color: Theme.primary
        }
        Icon {
            anchors.centerIn: parent
            visible: button.sign === ""
            name: button.iconName
            color: Theme.primarySoftInk
            extent: Theme.mm(11)
        }
        KioskText {
            anchors.centerIn: parent
            visible: button.sign !== ""
            font.pixelSize: Theme.mm(10.4)
            font.bold: true
            text: button.sign
            color: Theme.primarySoftInk
            Accessible.ignored: true
        }
    }
}
