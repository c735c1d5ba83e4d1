import QtQuick
import "../theme"

// Where we are: card, insurance, number. Done has a tick, now is filled and bold, later is an outline.
Item {
    id: bar

    property int stage: 0       // 0 none, 1 … 3
    readonly property var labels: [Tr.t("steps.card"), Tr.t("steps.insurance"), Tr.t("steps.number")]

    implicitHeight: row.implicitHeight

    Accessible.role: Accessible.ProgressBar
    Accessible.name: stage === 0 ? Tr.t("steps.none") : Tr.t("steps.now", { "step": stage, "name": labels[stage - 1] })

    Row {
        id: row
        width: parent.width
        spacing: Theme.mm(3)

        Repeater {
            model: 3
            Item {
                id: step
                required property int index
                readonly property bool done: bar.stage > index + 1
                readonly property bool now: bar.stage === index + 1

                width: (row.width - 2 * row.spacing) / 3
                implicitHeight: line.height + Theme.mm(2.5) + Math.max(word.implicitHeight, dot.height)

                Rectangle {
                    id: line
                    width: parent.width
                    height: Theme.mm(2)
                    radius: height / 2
                    color: step.done || step.now ? Theme.primary : Theme.divider
                }
                Rectangle {
                    id: dot
                    anchors.top: line.bottom
                    anchors.topMargin: Theme.mm(2.5)
                    width: Theme.mm(9) * Math.sqrt(Theme.textScale)
                    height: width
                    y: Theme.mm(4.5)
                    radius: width / 2
                    color: step.done || step.now ? Theme.primary : "transparent"
                    border.width: Theme.line
                    border.color: step.done || step.now ? Theme.primary : Theme.outline
                    Icon {
                        anchors.centerIn: parent
                        visible: step.done
                        name: "tick"
                        color: Theme.primaryInk
                        extent: parent.width * 0.72
                    }
                    KioskText {
                        anchors.centerIn: parent
                        visible: !step.done
                        kind: "caption"
                        font.bold: true
                        font.pixelSize: Math.round(parent.width * 0.6)
                        text: step.index + 1
                        color: step.now ? Theme.primaryInk : Theme.inkMuted
                        lineHeight: 1
                        Accessible.ignored: true
                    }
                }
                KioskText {
                    id: word
                    anchors.left: dot.right
                    anchors.leftMargin: Theme.mm(2.5)
                    anchors.right: parent.right
                    anchors.verticalCenter: dot.verticalCenter
                    kind: "step"
                    font.bold: step.now
                    text: bar.labels[step.index]
                    color: step.now ? Theme.primarySoftInk : Theme.inkMuted
                    Accessible.ignored: true
                }
            }
        }
    }
}
