import QtQuick
import "../theme"
import "../components"

// The number, as large as it fits; the way there; how long it may take. Clears by itself.
ScreenBody {
    id: screen
    readonly property bool unsure: vm.printing === "unknown" // the printer does not say whether paper came out
    readonly property bool noPaper: vm.printing === "failed" || unsure
    readonly property bool crowdedNotes: vm.ticketPriority !== "" && (vm.ticketAtCounter || vm.ticketUnverified)
    tone: "positive"
    title: Tr.t("ticket.title")
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
                text: vm.printing === "pending" ? Tr.t("ticket.printing") : Tr.t("ticket.clears", { "s": vm.secondsToClear })
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

                WayThere {
                    width: parent.width
                    department: vm.ticketDepartment
                    place: vm.ticketPlace
                    way: vm.ticketWay
                    room: screen.height - (Theme.landscape ? 0 : Theme.mm(124) * Theme.textScale) - notes.height - column.spacing
                }
                Column {
                    id: notes
                    width: parent.width
                    spacing: parent.spacing
                    Banner {
                        visible: vm.ticketAtCounter
                        width: parent.width
                        tone: "caution"
                        text: Tr.t("ticket.at_counter", { "n": vm.counter })
                    }
                    Banner {
                        visible: vm.ticketUnverified && !vm.ticketAtCounter
                        width: parent.width
                        tone: "caution"
                        iconName: "shield_question"
                        text: Tr.t("ticket.insurance_unverified")
                    }
                    Banner {
                        visible: vm.ticketPriority !== ""
                        width: parent.width
                        tone: "positive"
                        iconName: "priority"
                        text: vm.ticketPriority === "" ? "" : Tr.t("priority." + vm.ticketPriority + ".short")
                    }
                    Banner {
                        visible: vm.ticketWait >= 0 && !(screen.noPaper && (screen.crowdedNotes || Theme.landscape && Theme.textScale > 1))
                        width: parent.width
                        tone: "calm"
                        iconName: "clock"
                        text: vm.ticketWait > 0 ? Tr.t("ticket.wait", { "m": vm.ticketWait }) : Tr.t("ticket.no_wait")
                    }
                    Banner {
                        visible: screen.noPaper
                        width: parent.width
                        tone: "caution"
                        iconName: "printer"
                        text: screen.unsure ? Tr.t("ticket.paper_unknown") : Tr.t("ticket.no_paper")
                    }
                    Banner {
                        visible: !screen.noPaper
                        width: parent.width
                        tone: "calm"
                        iconName: "card"
                        text: vm.printing === "done" ? Tr.t("ticket.take_card_and_paper") : Tr.t("ticket.take_card")
                    }
                }
            }
        }
    }
}
