import QtQuick
import "../theme"

// Whose kiosk this is.
Item {
    id: bar

    property string hospital: ""

    implicitHeight: Math.max(sign.height, name.implicitHeight)

    Rectangle {
        id: sign
        width: Theme.mm(14)
        height: width
        radius: Theme.mm(4)
        anchors.verticalCenter: parent.verticalCenter
        color: Theme.primary
        Icon {
            anchors.centerIn: parent
            name: "department_general"
            color: Theme.primaryInk
            extent: parent.width * 0.72
        }
    }
    KioskText {
        id: name
        anchors.left: sign.right
        anchors.leftMargin: Theme.mm(4)
        anchors.right: parent.right
        anchors.verticalCenter: parent.verticalCenter
        kind: "step"
        font.bold: true
        font.pixelSize: Theme.mm(Theme.sizesMm.step)
        text: bar.hospital
        color: Theme.inkMuted
    }
}
