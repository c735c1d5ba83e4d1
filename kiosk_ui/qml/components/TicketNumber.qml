import QtQuick
import "../theme"

// A queue number, as large as it fits.
Panel {
    id: panel

    property string number: ""

    tone: "positive"
    implicitHeight: shown.height + Theme.mm(8)
    KioskText {
        id: shown
        anchors.centerIn: parent
        width: parent.width - Theme.mm(16)
        horizontalAlignment: Text.AlignHCenter
        font.bold: true
        font.pixelSize: Math.max(1, Math.floor(Math.min(Theme.mm(Theme.landscape ? 74 : Theme.textScale > 1 ? 60 : 84), width / (0.64 * Math.max(4, text.length)))))
        text: panel.number
        wrapMode: Text.NoWrap
        lineHeight: 1
        color: Theme.toneColor("positive")
    }
}
