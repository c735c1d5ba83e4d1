import QtQuick
import "../theme"

// A drawing on a quiet surface of its tone.
Panel {
    id: picture

    property string scene: ""
    property string description: ""

    Scene {
        anchors.fill: parent
        anchors.margins: Theme.mm(8)
        name: picture.scene
        description: picture.description
    }
}
