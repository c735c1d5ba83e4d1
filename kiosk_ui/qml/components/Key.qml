import QtQuick
import "../theme"

// A key with one sign on it. A keyboard has forty of them, so it is made of little: no icon, nothing to measure.
PlainButton {
    id: key

    kind: "key"
    textKind: "heading"
    leftPadding: 0
    rightPadding: 0
    topPadding: 0
    bottomPadding: 0
    implicitWidth: Theme.target
    implicitHeight: Theme.target

    contentItem: KioskText {
        kind: key.textKind
        font.pixelSize: Math.max(1, Math.min(Theme.size(kind), Math.floor(key.textLimit)))
        text: key.text
        color: key.tint
        wrapMode: Text.NoWrap
        horizontalAlignment: Text.AlignHCenter
        verticalAlignment: Text.AlignVCenter
        Accessible.ignored: true
    }
}
