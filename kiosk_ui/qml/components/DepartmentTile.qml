import QtQuick
import QtQuick.Controls.Basic
import "../theme"

// One answer of several: a department, a way in, a reason. Drawing, name, and where it is for those who hear it.
AbstractButton {
    id: tile

    property string iconName: "department_general"
    property string place: ""
    property bool across: false         // drawing beside the name instead of above it
    property bool plain: false          // no drawing

    padding: Theme.mm(4)
    verticalPadding: tile.plain ? Theme.mm(0.8) : tile.across ? Theme.mm(1.2) : Theme.mm(2.5)
    hoverEnabled: false
    focusPolicy: Qt.StrongFocus
    implicitHeight: Math.max(Theme.mm(22), contentItem.implicitHeight + 2 * verticalPadding)

    Accessible.role: Accessible.Button
    Accessible.name: tile.text
    Accessible.description: tile.place
    Accessible.onPressAction: tile.click()
    Keys.onReturnPressed: tile.click()
    Keys.onEnterPressed: tile.click()

    background: Rectangle {
        radius: Theme.radius
        color: tile.down ? Theme.primarySoft : Theme.surfaceRaised
        border.width: tile.down || tile.visualFocus ? 3 * Theme.line : Theme.line
        border.color: Theme.primary
    }
    contentItem: Item {
        implicitHeight: tile.plain ? names.implicitHeight : tile.across ? Math.max(badge.height, names.implicitHeight) : badge.height + Theme.mm(4) + names.implicitHeight
        Rectangle {
            id: badge
            visible: !tile.plain
            width: tile.across ? Theme.mm(18) : Theme.mm(22)
            height: width
            radius: Theme.mm(6)
            color: Theme.primarySoft
            x: tile.across ? 0 : (parent.width - width) / 2
            y: tile.across ? (parent.height - height) / 2 : Math.max(0, (parent.height - parent.implicitHeight) / 2)
            Icon {
                anchors.centerIn: parent
                name: tile.iconName
                color: Theme.primarySoftInk
                extent: parent.width * 0.68
            }
        }
        KioskText {
            id: names
            even: true
            kind: "tile"
            text: tile.text
            font.bold: true
            color: Theme.primarySoftInk
            x: tile.across && !tile.plain ? badge.width + Theme.mm(4) : 0
            width: parent.width - x
            y: tile.across || tile.plain ? (parent.height - height) / 2 : badge.y + badge.height + Theme.mm(4)
            horizontalAlignment: tile.across && !tile.plain ? Text.AlignLeft : Text.AlignHCenter
            Accessible.ignored: true
        }
    }
}
