import QtQuick
import QtQuick.Controls.Basic
import "../theme"

// One thing to agree to: an empty box until somebody touches it.
AbstractButton {
    id: tile

    checkable: true
    padding: Theme.mm(5)
    hoverEnabled: false
    focusPolicy: Qt.StrongFocus
    implicitHeight: Math.max(Theme.actionHeight, contentItem.implicitHeight + 2 * padding)

    Accessible.role: Accessible.CheckBox
    Accessible.name: tile.text
    Accessible.checkable: true
    Accessible.checked: tile.checked
    Accessible.onToggleAction: tile.click()
    Accessible.onPressAction: tile.click()
    Keys.onReturnPressed: tile.click()
    Keys.onEnterPressed: tile.click()

    background: Rectangle {
        radius: Theme.radius
        color: tile.down ? Theme.primarySoft : Theme.surfaceRaised
        border.width: tile.checked || tile.visualFocus ? 3 * Theme.line : Theme.line
        border.color: Theme.primary
    }
    contentItem: Item {
        implicitHeight: Math.max(box.height, words.implicitHeight)
        Rectangle {
            id: box
            width: Theme.mm(14)
            height: width
            anchors.verticalCenter: parent.verticalCenter
            radius: Theme.mm(3)
            color: tile.checked ? Theme.primary : Theme.surfaceRaised
            border.width: 2 * Theme.line
            border.color: tile.checked ? Theme.primary : Theme.outline
            Icon {
                anchors.centerIn: parent
                visible: tile.checked
                name: "tick"
                color: Theme.primaryInk
                extent: parent.width * 0.8
            }
        }
        KioskText {
            id: words
            even: true
            x: box.width + Theme.mm(5)
            width: parent.width - x
            anchors.verticalCenter: parent.verticalCenter
            kind: "tile"
            font.bold: false
            text: tile.text
            Accessible.ignored: true
        }
    }
}
