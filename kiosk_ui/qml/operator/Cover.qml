import QtQuick
import "../theme"

// Nothing below it is seen or touched.
FocusScope {
    property alias color: ground.color

    Rectangle {
        id: ground
        anchors.fill: parent
        color: Theme.surface
    }
    MouseArea {
        anchors.fill: parent
        acceptedButtons: Qt.AllButtons
        hoverEnabled: true
        onWheel: wheel => wheel.accepted = true
    }
}
