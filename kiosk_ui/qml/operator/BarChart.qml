import QtQuick
import "../theme"
import "../components"

// Bars with their values written beside them: columns side by side (hours), or lines below each other (steps). A thin
// line across marks what nine of ten stay below.
Column {
    id: diagram

    property var chart: ({ "name": "", "upright": false, "bars": [] })
    readonly property var bars: chart.bars
    readonly property real most: Math.max(0.001, ...bars.map(bar => Math.max(bar.value, bar.mark)))

    spacing: Theme.mm(3)

    KioskText {
        width: parent.width
        kind: "caption"
        font.bold: true
        text: Tr.t("operator.chart." + diagram.chart.name)
    }
    KioskText {
        width: parent.width
        kind: "caption"
        visible: diagram.bars.length === 0
        color: Theme.inkMuted
        text: Tr.t("operator.nothing_yet")
    }
    Row {
        id: columns
        visible: diagram.chart.upright && diagram.bars.length > 0
        width: parent.width
        spacing: Theme.mm(1.5)
        Repeater {
            model: diagram.chart.upright ? diagram.bars : []
            Column {
                required property var modelData
                width: Math.min(Theme.mm(16), (columns.width - (diagram.bars.length - 1) * columns.spacing) / diagram.bars.length)
                KioskText {
                    width: parent.width
                    font.pixelSize: Theme.mm(4.6)
                    horizontalAlignment: Text.AlignHCenter
                    text: parent.modelData.text
                    Accessible.name: parent.modelData.label + ": " + parent.modelData.text
                }
                Item {
                    width: parent.width
                    height: Theme.mm(40)
                    Rectangle {
                        anchors.bottom: parent.bottom
                        width: parent.width
                        height: Math.max(Theme.line, parent.height * parent.parent.modelData.value / diagram.most)
                        radius: Theme.mm(1)
                        color: Theme.primary
                    }
                }
                KioskText {
                    width: parent.width
                    font.pixelSize: Theme.mm(4.6)
                    horizontalAlignment: Text.AlignHCenter
                    color: Theme.inkMuted
                    text: parent.modelData.label
                    Accessible.ignored: true
                }
            }
        }
    }
    Repeater {
        model: diagram.chart.upright ? [] : diagram.bars
        Item {
            id: line
            required property var modelData
            width: diagram.width
            height: Theme.mm(9)
            Accessible.role: Accessible.StaticText
            Accessible.name: modelData.label + ": " + modelData.text
            KioskText {
                id: label
                width: parent.width * 0.34
                anchors.verticalCenter: parent.verticalCenter
                font.pixelSize: Theme.mm(4.8)
                elide: Text.ElideRight
                wrapMode: Text.NoWrap
                text: line.modelData.label
                Accessible.ignored: true
            }
            Item {
                id: track
                anchors.left: label.right
                anchors.right: told.left
                anchors.rightMargin: Theme.mm(3)
                height: parent.height
                Rectangle {
                    anchors.verticalCenter: parent.verticalCenter
                    width: Math.max(Theme.line, track.width * line.modelData.value / diagram.most)
                    height: Theme.mm(5)
                    radius: Theme.mm(1)
                    color: Theme.primary
                }
                Rectangle {
                    visible: line.modelData.mark > 0
                    x: track.width * line.modelData.mark / diagram.most - width
                    anchors.verticalCenter: parent.verticalCenter
                    width: Theme.mm(1)
                    height: Theme.mm(7.5)
                    color: Theme.ink
                }
            }
            KioskText {
                id: told
                anchors.right: parent.right
                anchors.verticalCenter: parent.verticalCenter
                width: Theme.mm(38)
                font.pixelSize: Theme.mm(4.8)
                wrapMode: Text.NoWrap
                horizontalAlignment: Text.AlignRight
                text: line.modelData.text
                Accessible.ignored: true
            }
        }
    }
}
