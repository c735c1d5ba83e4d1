import QtQuick
import "../theme"

// One sentence with its tone: a shape, a colour and words.
Panel {
    id: banner

    property string text: ""
    property string iconName: Theme.toneIcon(tone)

    implicitHeight: Math.max(Theme.target, words.implicitHeight + Theme.mm(5))
    border.width: Theme.line

    Icon {
        id: icon
        anchors.left: parent.left
        anchors.leftMargin: Theme.mm(6)
        anchors.verticalCenter: parent.verticalCenter
        name: banner.iconName
        color: Theme.toneColor(banner.tone)
        extent: Theme.mm(13) * Theme.textScale
    }
    KioskText {
        id: words
        even: true
        anchors.left: icon.right
        anchors.leftMargin: Theme.mm(5)
        anchors.right: parent.right
        anchors.rightMargin: Theme.mm(6)
        anchors.verticalCenter: parent.verticalCenter
        text: banner.text
        color: Theme.toneColor(banner.tone)
    }
}
