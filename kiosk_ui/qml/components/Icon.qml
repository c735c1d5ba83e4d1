import QtQuick
import "../theme"

// A drawing of one colour. Always beside a word, so assistive technology does not meet it.
Image {
    property string name: ""
    property color color: Theme.ink
    property real extent: Theme.mm(11) * Theme.textScale

    width: extent
    height: extent
    sourceSize: Qt.size(Math.round(extent), Math.round(extent))
    source: name === "" || !Theme.ready ? "" : Theme.icon(name, color)
    Accessible.ignored: true
}
