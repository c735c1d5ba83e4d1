import QtQuick
import "../theme"
import "../components"

// The number, as large as it fits; the way there; take your card. Clears by itself.
ScreenBody {
    id: screen
    tone: "positive"
    title: Tr.t("ticket.title")
    wordsShare: 0.46
    canStartAgain: false
    primaryText: Tr.t("ticket.primary")
    primaryIcon: "tick"
    onPrimaryTouched: vm.goOn()

    aside: Component {
        Column {
            spacing: Theme.mm(4)
            Panel {
                tone: "positive"
                width: parent.width
                height: number.height + Theme.mm(8)
                KioskText {
                    id: number
                    anchors.centerIn: parent
                    width: parent.width - Theme.mm(16)
                    horizontalAlignment: Text.AlignHCenter
                    font.bold: true
                    font.pixelSize: Math.floor(Math.min(Theme.mm(Theme.landscape ? 74 : Theme.textScale > 1 ? 66 : 84), width / (0.64 * Math.max(4, text.length))))
                    text: vm.ticketNumber
                    wrapMode: Text.NoWrap
                    lineHeight: 1
                    color: Theme.toneColor("positive")
                }
            }
            KioskText {
                width: parent.width
                even: true
                kind: "step"
                text: vm.printing === "pending" ? Tr.t("ticket.printing") : Tr.t("ticket.clears", { "s": vm.secondsToClear })
                color: Theme.inkMuted
            }
        }
    }
    stage: Component {
        Item {
            Column {
                width: parent.width
                y: Theme.landscape ? Math.max(0, Math.round((parent.height - height) / 2)) : 0
                spacing: Theme.mm(7)

                Row {
                    width: parent.width
                    spacing: Theme.mm(6)
                    Icon {
                        id: pin
                        name: "place"
                        color: Theme.primarySoftInk
                        extent: Theme.mm(18)
                        y: Theme.mm(2)
                    }
                    Column {
                        width: parent.width - pin.width - parent.spacing
                        KioskText { width: parent.width; even: true; kind: "title"; text: vm.ticketDepartment }
                        KioskText { width: parent.width; even: true; kind: "heading"; text: vm.ticketPlace }
                    }
                }
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
                    visible: vm.printing === "failed"
                    width: parent.width
                    tone: "caution"
                    iconName: "printer"
                    text: Tr.t("ticket.no_paper")
                }
                Banner {
                    width: parent.width
                    tone: "calm"
                    iconName: "card"
                    text: vm.printing === "done" ? Tr.t("ticket.take_card_and_paper") : Tr.t("ticket.take_card")
                }
            }
        }
    }
}
