import QtQuick
import QtQuick.Controls.Basic
import "../theme"

// One thing to touch, without what stands on it: KioskButton, IconButton and Key say that.
// "primary" is the only filled kind, and there is at most one of it on a screen.
AbstractButton {
    id: button

    property string kind: "secondary"       // primary | secondary | key | quiet
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
}
