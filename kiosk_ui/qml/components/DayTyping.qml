import QtQuick
import "../theme"

// A question for a day: day, month and year on the keypad, or the year alone. The digits are gone with this item.
ScreenBody {
    id: screen

    property string digits: vm.typedBefore
    property bool onlyYear: vm.typedBefore.length === 4
    readonly property int wanted: onlyYear ? 4 : 8

    problem: vm.inputProblem === "" ? "" : Tr.t("input." + vm.inputProblem, { "date": vm.today === "" ? "" : Tr.day(vm.today) })
    wordsShare: 0.5
    touchable: true
    stageMinimum: Theme.mm(4 * 22) + 3 * Theme.gap
    primaryText: Tr.t("enter_number.primary")
    primaryEnabled: digits.length === wanted

    function useOnlyYear(only) {
        digits = "";
        onlyYear = only;
    }

    aside: Component {
        Column {
            spacing: Theme.mm(6)
            NumberSlots {
                width: parent.width
                groups: screen.onlyYear ? [4] : [2, 2, 4]
                words: screen.onlyYear ? [Tr.t("type_birth.year")] : [Tr.t("type_birth.day"), Tr.t("type_birth.month"), Tr.t("type_birth.year")]
                description: Tr.t("type_birth.typed", { "count": screen.digits.length, "total": screen.wanted })
                digits: screen.digits
            }
        }
    }
    stage: Component {
        Keypad {
            onDigit: value => { if (screen.digits.length < screen.wanted) screen.digits += value; }
            onDeleted: screen.digits = screen.digits.slice(0, -1)
            onEmptied: screen.digits = ""
        }
    }
}
