import QtQuick
import "../theme"
import "../components"

// The whole name, with keys for Vietnamese letters and tones; Telex works too. It is gone with this item.
ScreenBody {
    id: screen

    property string typed: vm.typedBefore
    readonly property bool child: vm.whose === "child"

    title: Tr.t(child ? "type_name.title_child" : "type_name.title")
    problem: vm.inputProblem === "" ? "" : Tr.t("input." + vm.inputProblem)
    wide: true
    touchable: true
    stageMinimum: Theme.mm(5 * 18 + 4 * 2)
    primaryText: Tr.t("enter_number.primary")
    primaryEnabled: typed.trim() !== ""
    onPrimaryTouched: vm.submitText(typed.trim())

    aside: Component {
        Column {
            spacing: Theme.mm(5)
            TypedField {
                width: parent.width
                text: screen.typed
                hint: Tr.t("type_name.hint")
                description: Tr.t("type_name.typed")
            }
        }
    }
    stage: Component {
        LetterKeyboard {
            onLetter: value => { if (value !== " " || screen.typed !== "") screen.typed = vm.typeName(screen.typed, value); }
            onTone: value => screen.typed = vm.typeTone(screen.typed, value)
            onDeleted: screen.typed = vm.deleteLetter(screen.typed)
        }
    }
}
