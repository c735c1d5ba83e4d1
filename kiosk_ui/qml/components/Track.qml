import QtQuick
import "../theme"

// A bar that shows whole steps that are really done; it never runs ahead.
Item {
    id: track

    property int done: 0
    property int total: 1
    property string description: ""

    implicitHeight: Theme.mm(9)

    Accessible.role: Accessible.ProgressBar
    Accessible.name: description

    Row {
        anchors.fill: parent
        spacing: Theme.mm(2.5)
        Repeater {
            model: track.total
            Rectangle {
                required property int index
                width: (track.width - (track.total - 1) * Theme.mm(2.5)) / track.total
                height: track.height
                radius: height / 2
                color: index < track.done ? Theme.primary : Theme.surfaceRaised
                border.width: index <= track.done ? 2 * Theme.line : Theme.line
                border.color: index <= track.done ? Theme.primary : Theme.outline
            }
        }
    }
}
