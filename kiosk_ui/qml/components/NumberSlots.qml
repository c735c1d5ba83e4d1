import QtQuick
import "../theme"

// Places for digits in groups, as people read the number out; a group may have a word below it.
Item {
    id: slots

    property string digits: ""
    property var groups: [3, 3, 6]
    property var words: []
    property string description: Tr.t("enter_number.typed", { "count": digits.length })
    readonly property int total: groups.reduce((sum, each) => sum + each, 0)
    readonly property real slotGap: Theme.mm(1.6)
    readonly property real groupGap: Theme.mm(6)
    readonly property real slotWidth: Math.floor(Math.min(Theme.mm(24), (width - (total - groups.length) * slotGap - (groups.length - 1) * groupGap) / total))
    readonly property real slotHeight: Math.max(Theme.mm(22), probe.implicitHeight)

    implicitHeight: slotHeight + (words.length > 0 ? caption.implicitHeight + Theme.mm(1) : 0)

    Accessible.role: Accessible.StaticText
    Accessible.name: description

    KioskText { id: probe; visible: false; kind: "heading"; text: "0" }
    KioskText { id: caption; visible: false; kind: "step"; text: "0" }

    function firstOf(group) { return groups.slice(0, group).reduce((sum, each) => sum + each, 0); }

    Row {
        id: row
        height: parent.height
        anchors.horizontalCenter: parent.horizontalCenter
        spacing: slots.groupGap
        Repeater {
            model: slots.groups
            Item {
                id: group
                required property int index
                required property int modelData
                readonly property int first: slots.firstOf(index)
                width: places.width
                height: row.height
                Row {
                    id: places
                    spacing: slots.slotGap
                    Repeater {
                        model: group.modelData
                        Rectangle {
                            id: slot
                            required property int index
                            readonly property int place: group.first + index
                            readonly property bool next: place === slots.digits.length
                            width: slots.slotWidth
                            height: slots.slotHeight
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
                KioskText {
                    visible: group.index < slots.words.length
                    anchors.top: places.bottom
                    anchors.topMargin: Theme.mm(1)
                    anchors.horizontalCenter: places.horizontalCenter
                    kind: "step"
                    font.pixelSize: Theme.mm(10.4)
                    wrapMode: Text.NoWrap
                    text: slots.words[group.index] ?? ""
                    color: Theme.inkMuted
                    Accessible.ignored: true
                }
            }
        }
    }
}
