import QtQuick
import "../theme"
import "../components"

// Day, month and year; or the year alone, which is all that many old papers say. It is gone with this item.
ScreenBody {
    id: screen

    property string digits: ""
    property bool onlyYear: false
    readonly property int wanted: onlyYear ? 4 : 8
    readonly property bool child: vm.whose === "child"

    title: Tr.t(child ? "type_birth.title_child" : "type_birth.title")
    problem: vm.inputProblem === "" ? "" : Tr.t("input." + vm.inputProblem)
    wordsShare: 0.5
    touchable: true
    stageMinimum: Theme.mm(4 * 22) + 3 * Theme.gap
    primaryText: Tr.t("enter_number.primary")
    primaryEnabled: digits.length === wanted
    secondaryText: Tr.t(onlyYear ? "type_birth.whole_date" : "type_birth.only_year")
    onPrimaryTouched: vm.submitBirth(digits)
    onSecondaryTouched: {
        digits = "";
        onlyYear = !onlyYear;
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
