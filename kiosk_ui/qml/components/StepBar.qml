import QtQuick
import "../theme"

// Where we are: card, insurance, number. Done has a tick, now is filled and bold, later is an outline. Where the three
// words do not fit, only the word of the present step stands there.
Item {
    id: bar

    property int stage: 0       // 0 none, 1 … 3
    readonly property var labels: [Tr.t("steps.card"), Tr.t("steps.insurance"), Tr.t("steps.number")]
    readonly property real dotWidth: Theme.mm(14) * Math.sqrt(Theme.textScale)
    readonly property real wordGap: Theme.mm(2.5)
    readonly property real third: (width - 2 * row.spacing) / 3
    readonly property real widest: Math.max(first.implicitWidth, second.implicitWidth, last.implicitWidth)
    readonly property bool fits: widest + dotWidth + wordGap + Theme.mm(4) <= third
    readonly property real narrow: dotWidth * 1.6

    implicitHeight: row.implicitHeight

    Accessible.role: Accessible.ProgressBar
    Accessible.name: stage === 0 ? Tr.t("steps.none") : Tr.t("steps.now", { "step": stage, "name": labels[stage - 1] })

    KioskText { id: first; visible: false; kind: "step"; font.bold: true; text: bar.labels[0] }
    KioskText { id: second; visible: false; kind: "step"; font.bold: true; text: bar.labels[1] }
    KioskText { id: last; visible: false; kind: "step"; font.bold: true; text: bar.labels[2] }

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

                width: bar.fits || bar.stage === 0 ? bar.third : now ? row.width - 2 * row.spacing - 2 * bar.narrow : bar.narrow
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
                    width: bar.dotWidth
                    height: width
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
                        kind: "step"
                        font.bold: true
                        font.pixelSize: Theme.mm(10.4)
                        text: step.index + 1
                        color: step.now ? Theme.primaryInk : Theme.inkMuted
                        lineHeight: 1
                        Accessible.ignored: true
                    }
                }
                KioskText {
                    id: word
                    visible: bar.fits || step.now
                    anchors.left: dot.right
                    anchors.leftMargin: bar.wordGap
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
