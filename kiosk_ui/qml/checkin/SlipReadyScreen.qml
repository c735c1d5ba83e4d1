import QtQuick
import "../theme"
import "../components"

// To the counter, with a slip that holds what was read. Neither name nor number of the person stands here.
ScreenBody {
    id: screen
    readonly property var reasons: vm.slipReasons.map(each => Tr.has("slip.reason." + each) ? Tr.t("slip.reason." + each) : Tr.t("slip.reason.other"))
    // many reasons stand in one line after another: the paper lists them
    // and without paper the code comes first, with which the counter finds them all
    readonly property var listed: noPaper ? [] : reasons.length > (Theme.textScale > 1 ? 2 : 3) ? [reasons.join(" · ")] : reasons
    readonly property bool unsure: vm.printing === "unknown" // the printer does not say whether paper came out
    readonly property bool noPaper: vm.printing === "failed" || unsure
    tone: "caution"
    title: Tr.t("slip.title", { "n": vm.counter })
    message: noPaper ? "" : Tr.t("slip.message")
    wordsShare: 0.46
    canStartAgain: false
    primaryText: Tr.t("ticket.primary")
    primaryIcon: "tick"
    secondaryText: noPaper ? Tr.t("ticket.print_again") : ""
    secondaryIcon: noPaper ? "printer" : ""
    onPrimaryTouched: vm.goOn()
    onSecondaryTouched: vm.printAgain()

    aside: Component {
        Column {
            spacing: Theme.mm(4)
            TicketNumber {
                width: parent.width
                height: implicitHeight
                number: vm.ticketNumber
                room: screen.asideRoom - clears.height - parent.spacing
            }
            KioskText {
                id: clears
                width: parent.width
                even: true
                kind: "step"
                text: vm.printing === "pending" ? Tr.t("slip.printing") : Tr.t("ticket.clears", { "s": vm.secondsToClear })
                color: Theme.inkMuted
            }
        }
    }
    stageMinimum: stageItem ? stageItem.needed : 0
    stage: Component {
        Item {
            readonly property real needed: column.height
            Column {
                id: column
                width: parent.width
                y: Theme.landscape ? Math.max(0, Math.round((parent.height - height) / 2)) : 0
                spacing: Theme.mm(4)

                KioskText {
                    visible: screen.listed.length > 0
                    width: parent.width
                    even: true
                    kind: "heading"
                    text: Tr.t("slip.reasons")
                }
                Repeater {
                    model: screen.listed
                    Row {
                        required property string modelData
                        width: parent.width
                        spacing: Theme.mm(4)
                        Icon {
                            id: dot
                            name: "arrow_right"
                            color: Theme.primarySoftInk
                            extent: Theme.mm(11) * Theme.textScale
                            y: Theme.mm(2)
                        }
                        KioskText {
                            width: parent.width - dot.width - parent.spacing
                            even: true
                            kind: "body"
                            text: parent.modelData
                        }
                    }
                }
                Banner {
                    visible: screen.noPaper
                    width: parent.width
                    tone: "caution"
                    iconName: "printer"
                    text: screen.unsure ? Tr.t("slip.paper_unknown") : Tr.t("slip.no_paper")
                }
                KioskText {
                    visible: screen.noPaper
                    width: parent.width
                    kind: "title"
                    horizontalAlignment: Text.AlignHCenter
                    text: vm.slipReference.slice(0, 4) + "\u2009" + vm.slipReference.slice(4)
                }
                Banner {
                    visible: !screen.noPaper
                    width: parent.width
                    tone: "calm"
                    iconName: "card"
                    text: Tr.t("slip.take")
                }
            }
        }
    }
}
