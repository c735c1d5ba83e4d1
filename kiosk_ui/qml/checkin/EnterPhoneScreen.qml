import QtQuick
import "../theme"
import "../components"

// A phone number, if they like. Whether it may be used for reminders is asked by itself and never ticked beforehand.
ScreenBody {
    id: screen

    property string typed: ""
    property bool reminders: false

    title: Tr.t("enter_phone.title")
    problem: vm.inputProblem === "" ? "" : Tr.t("input." + vm.inputProblem)
    message: Theme.lowReach || Theme.textScale > 1 ? "" : Tr.t("enter_phone.message")
    wordsShare: 0.5
    touchable: true
    stageMinimum: Theme.mm(4 * 20) + 3 * Theme.gap + (Theme.landscape ? 0 : Theme.mm(34))
    primaryText: Tr.t("enter_number.primary")
    primaryEnabled: typed.length >= 9
    secondaryText: Tr.t("enter_phone.secondary")
    onPrimaryTouched: vm.submitPhone(typed, reminders)
    onSecondaryTouched: vm.skip()

    function groups(text) { return text.replace(/(.{4})(?=.)/, "$1\u2009").replace(/(.{8})(?=.)/, "$1\u2009"); }

    aside: Component {
        Column {
            spacing: Theme.mm(5)
            TypedField {
                width: parent.width
                text: screen.groups(screen.typed)
                hint: Tr.t("enter_phone.hint")
                description: Tr.t("enter_phone.hint")
            }
        }
    }
    stage: Component {
        Item {
            id: below
            readonly property bool beside: Theme.lowReach
            CheckTile {
                id: consent
                width: below.beside ? Math.floor(below.width * (Theme.landscape ? 0.42 : 0.48)) : below.width
                y: below.beside ? Math.round((below.height - height) / 2) : 0
                text: Tr.t("consent.reminder_by_phone")
                checked: screen.reminders
                onToggled: screen.reminders = checked
            }
            Keypad {
                x: below.beside ? consent.width + Theme.wideGap : 0
                y: below.beside ? 0 : consent.height + Theme.gap
                width: below.width - x
                height: below.height - y
                onDigit: value => { if (screen.typed.length < 15) screen.typed += value; }
                onDeleted: screen.typed = screen.typed.slice(0, -1)
                onEmptied: screen.typed = ""
            }
        }
    }
}
