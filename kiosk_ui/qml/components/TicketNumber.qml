import QtQuick
import "../theme"

// A queue number, as large as it fits.
Panel {
    id: panel

    property string number: ""
    property real room: Theme.mm(124)   // height that is left for it; it never gets smaller than the words around it

    readonly property real largest: Theme.mm(Theme.landscape ? 74 : 84)
    readonly property real fontLine: Theme.fontLine

    tone: "positive"
    implicitHeight: shown.height + Theme.mm(6)
    KioskText {
        id: shown
        anchors.centerIn: parent
        width: parent.width - Theme.mm(16)
        horizontalAlignment: Text.AlignHCenter
        font.bold: true
        font.pixelSize: Math.max(1, Math.floor(Math.min(panel.largest, Math.max(Theme.mm(26), (panel.room - Theme.mm(6)) / panel.fontLine), width / (0.64 * Math.max(4, text.length)))))
        text: panel.number
        wrapMode: Text.NoWrap
        lineHeight: 1
        color: Theme.toneColor("positive")
    }
}
