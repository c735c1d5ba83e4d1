import QtQuick
import QtQuick.Controls.Basic
import "../theme"

// One thing to touch. "primary" is the only filled kind, and there is at most one of it on a screen.
AbstractButton {
    id: button

    property string kind: "secondary"       // primary | secondary | key | quiet
    property string iconName: ""
    property bool iconAfter: false
    property bool iconOnly: false           // the words are for assistive technology alone
    property string textKind: "label"
    property real textLimit: Infinity       // largest size of the words in pixels, for low keys
    readonly property bool filled: kind === "primary"
    readonly property color tint: !enabled ? Theme.disabledInk : filled ? Theme.primaryInk : Theme.primarySoftInk

    implicitHeight: Math.max(filled ? Theme.primaryHeight : Theme.actionHeight, contentItem.implicitHeight + topPadding + bottomPadding)
    implicitWidth: Math.max(Theme.target, contentItem.implicitWidth + leftPadding + rightPadding)
    leftPadding: kind === "key" || kind === "quiet" ? Theme.mm(2) : Theme.mm(5)
    rightPadding: leftPadding
    topPadding: Theme.mm(2)
    bottomPadding: Theme.mm(2)
    focusPolicy: Qt.StrongFocus
    hoverEnabled: false

    Accessible.role: Accessible.Button
    Accessible.name: button.text
    Accessible.onPressAction: button.click()
    Keys.onReturnPressed: button.click()    // space comes with Qt
    Keys.onEnterPressed: button.click()

    background: Rectangle {
        radius: Theme.radius
        color: !button.enabled ? Theme.disabled
             : button.filled ? (button.down ? Theme.primaryPressed : Theme.primary)
             : button.down ? Theme.primarySoft
             : Theme.surfaceRaised
        border.width: button.filled && button.enabled ? 0 : button.down ? 2 * Theme.line : Theme.line
        border.color: button.enabled ? (button.kind === "key" ? Theme.outline : Theme.primary) : Theme.outline

        Rectangle {     // focus from a keyboard or a switch: a second outline, further out
            anchors.fill: parent
            anchors.margins: -Theme.mm(1.4)
            visible: button.visualFocus
            radius: Theme.radius + Theme.mm(1.4)
            color: "transparent"
            border.width: Theme.mm(0.9)
            border.color: Theme.ink
        }
    }

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
