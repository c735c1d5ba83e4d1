import QtQuick
import "../theme"

// An illustration that fits its place. `description` says what it shows to those who cannot see it.
Item {
    id: scene

    property string name: ""
    property string description: ""
    readonly property real ratio: 600 / 420
    readonly property real fittedWidth: Math.floor(Math.min(width, height * ratio))

    // While a screen is being laid out its picture changes size up to a dozen times; it is drawn once, at the last one.
    property real drawnWidth: 0
    function settle() { drawnWidth = fittedWidth; }
    onFittedWidthChanged: Qt.callLater(settle)

    implicitWidth: Theme.mm(150)
    implicitHeight: implicitWidth / ratio

    Image {
        anchors.centerIn: parent
        width: scene.drawnWidth
        height: Math.floor(scene.drawnWidth / scene.ratio)
        sourceSize: Qt.size(width, height)
        source: scene.name === "" || width < 8 || height < 8 || !Theme.ready ? "" : Theme.scene(scene.name)
    }
    Accessible.role: Accessible.Graphic
    Accessible.name: description
    Accessible.ignored: description === ""
}
