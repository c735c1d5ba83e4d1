import QtQuick
import "../theme"
import "../components"

// The lines with the many "<" of a passport: under the scanner, or typed. They are gone with this item.
ScreenBody {
    id: screen

    property string typed: ""

    title: Tr.t("type_mrz.title")
    problem: vm.inputProblem === "" ? "" : Tr.t("input." + vm.inputProblem)
    wide: true
    touchable: true
    stageMinimum: Theme.mm(4 * 18 + 3 * 2)
    primaryText: Tr.t("enter_number.primary")
    primaryEnabled: typed.length >= 60
    secondaryText: Tr.t("type_mrz.secondary")
    onPrimaryTouched: vm.submitMrz(typed)
    onSecondaryTouched: vm.withoutChip()

    aside: Component {
        Column {
            spacing: Theme.mm(5)
            Picture {
                visible: vm.inputProblem === "" && height >= Theme.mm(34)
                width: parent.width
                height: Math.floor(Math.min(Theme.mm(86), screen.asideRoom - field.height - parent.spacing))
                scene: "passport"
                description: Tr.t("type_mrz.scene")
            }
            TypedField {
                id: field
                width: parent.width
                breaksAnywhere: screen.typed !== ""
                text: screen.typed
                hint: Tr.t("type_mrz.hint")
                description: Tr.t("type_mrz.typed", { "count": screen.typed.length })
            }
        }
    }
    stage: Component {
        LetterKeyboard {
            kind: "mrz"
            onLetter: value => { if (screen.typed.length < 90) screen.typed += value; }
            onDeleted: screen.typed = screen.typed.slice(0, -1)
        }
    }
}
