import QtQuick
import "../theme"

// Shape and word that say how serious a message is.
Item {
    id: mark

    property string tone: "calm"
    property string text: ""

    implicitWidth: row.implicitWidth + Theme.mm(10)
    implicitHeight: row.implicitHeight + Theme.mm(4)

    Rectangle {
        anchors.fill: parent
        radius: height / 2
        color: Theme.toneSurface(mark.tone)
        border.width: Theme.line
        border.color: Theme.toneColor(mark.tone)
    }
    Row {
        id: row
        anchors.centerIn: parent
        spacing: Theme.mm(3)
        Icon {
            anchors.verticalCenter: parent.verticalCenter
            name: Theme.toneIcon(mark.tone)
            color: Theme.toneColor(mark.tone)
        }
        KioskText {
            anchors.verticalCenter: parent.verticalCenter
            kind: "label"
            text: mark.text
            color: Theme.toneColor(mark.tone)
        }
    }
}
