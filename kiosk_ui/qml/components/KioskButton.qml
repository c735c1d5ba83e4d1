import QtQuick
import "../theme"

// One thing to touch with words on it, and perhaps a drawing.
PlainButton {
    id: button

    property string iconName: ""
    property bool iconAfter: false
    property bool iconOnly: false           // the words are for assistive technology alone

    contentItem: Item {
        readonly property bool hasIcon: button.iconName !== ""
        readonly property bool hasText: label.text !== "" && !button.iconOnly
        readonly property real iconSpace: hasIcon ? icon.width + (hasText ? Theme.mm(3.5) : 0) : 0
        readonly property real together: iconSpace + (hasText ? label.width : 0)
        readonly property real start: Math.round((width - together) / 2)

        implicitWidth: iconSpace + (hasText ? measure.implicitWidth + 1 : 0)
        implicitHeight: Math.max(hasIcon ? icon.height : 0, hasText ? label.implicitHeight : 0)

        KioskText {     // never seen: says how wide the words are on one line
            id: measure
            visible: false
            kind: button.textKind
            text: button.text
            wrapMode: Text.NoWrap
        }
        Icon {
            id: icon
            extent: button.kind === "key" ? Theme.mm(10) : Theme.mm(11) * Theme.textScale
            visible: parent.hasIcon
            name: button.iconName
            color: button.tint
            x: button.iconAfter ? parent.start + parent.together - width : parent.start
            anchors.verticalCenter: parent.verticalCenter
        }
        KioskText {
            id: label
            visible: parent.hasText
            kind: button.textKind
            font.pixelSize: Math.max(1, Math.min(Theme.size(kind), Math.floor(button.textLimit)))
            text: button.text
            color: button.tint
            width: Math.min(measure.implicitWidth + 1, wrapped)
            readonly property real available: Math.max(1, parent.width - parent.iconSpace)
            readonly property real wrapped: Theme.typesetter ? Theme.typesetter.evenWidth(text, font.pixelSize, font.bold, available) : available
            horizontalAlignment: Text.AlignHCenter
            x: button.iconAfter ? parent.start : parent.start + parent.iconSpace
            anchors.verticalCenter: parent.verticalCenter
            Accessible.ignored: true
        }
    }
}
