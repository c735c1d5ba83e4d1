import QtQuick
import "../theme"
import "../components"

// The QR code or twelve digits. The digits live in this item only and are gone with it.
ScreenBody {
    id: screen

    property string digits: ""
    readonly property bool again: vm.numberProblem !== ""

    problem: again ? Tr.t("enter_number." + vm.numberProblem) : ""
    title: Tr.t(vm.forGuardian ? "enter_number.title_guardian" : "enter_number.title")
    wordsShare: 0.5
    touchable: true
    stageMinimum: Theme.mm(4 * 19) + 3 * Theme.gap
    primaryText: Tr.t("enter_number.primary")
    primaryEnabled: digits.length === 12
    secondaryText: Tr.t(vm.forGuardian ? "enter_number.no_guardian" : "enter_number.secondary")
    onPrimaryTouched: vm.submitNumber(digits)
    onSecondaryTouched: vm.otherWays()

    aside: Component {
        Column {
            id: column
            // the picture takes what is left, and steps back when large text needs the room
            readonly property real roomForPicture: screen.asideRoom - (heading.visible ? heading.height + spacing : 0) - slots.height - spacing
            spacing: Theme.mm(Theme.lowReach ? 4 : 6)

            Panel {
                visible: height >= Theme.mm(30)
                width: parent.width
                height: Math.floor(Math.min(Theme.mm(96), column.roomForPicture))
                Scene {
                    anchors.fill: parent
                    anchors.margins: Theme.mm(4)
                    name: "scan_qr"
                    description: Tr.t("enter_number.scene")
                }
            }
            KioskText {
                id: heading
                visible: !screen.again
                width: parent.width
                even: true
                kind: "heading"
                text: Tr.t("enter_number.or")
            }
            NumberSlots {
                id: slots
                width: parent.width
                digits: screen.digits
            }
        }
    }
    stage: Component {
        Keypad {
            onDigit: value => { if (screen.digits.length < 12) screen.digits += value; }
            onDeleted: screen.digits = screen.digits.slice(0, -1)
            onEmptied: screen.digits = ""
        }
    }
}
