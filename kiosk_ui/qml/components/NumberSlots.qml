import QtQuick
import "../theme"

// Twelve places for digits in groups of three, three and six, as people read the number out.
Item {
    id: slots

    property string digits: ""
    readonly property var groups: [3, 3, 6]
    readonly property real slotGap: Theme.mm(1.6)
    readonly property real groupGap: Theme.mm(6)
    readonly property real slotWidth: Math.floor((width - 9 * slotGap - 2 * groupGap) / 12)

    implicitHeight: Math.max(Theme.mm(22), probe.implicitHeight)

    Accessible.role: Accessible.StaticText
    Accessible.name: Tr.t("enter_number.typed", { "count": digits.length })

    KioskText { id: probe; visible: false; kind: "heading"; text: "0" }

    Row {
        height: parent.height
        anchors.horizontalCenter: parent.horizontalCenter
        spacing: slots.groupGap
        Repeater {
            model: slots.groups
            Row {
                id: group
                required property int index
                required property int modelData
                readonly property int first: index === 0 ? 0 : index === 1 ? 3 : 6
                spacing: slots.slotGap
                Repeater {
                    model: group.modelData
                    Rectangle {
                        id: slot
                        required property int index
                        readonly property int place: group.first + index
                        readonly property bool next: place === slots.digits.length
                        width: slots.slotWidth
                        height: slots.height
                        radius: Theme.mm(2.5)
                        color: Theme.surfaceRaised
                        border.width: next ? 3 * Theme.line : Theme.line
                        border.color: next ? Theme.primary : Theme.outline
                        KioskText {
                            anchors.centerIn: parent
                            kind: "heading"
                            font.pixelSize: Math.min(Theme.size("heading"), Math.floor(slots.slotWidth * 1.15))
                            text: slots.digits.charAt(slot.place)
                            Accessible.ignored: true
                        }
                    }
                }
            }
        }
    }
}
