import QtQuick
import "../theme"
import "../components"

// A number from an old card, a birth certificate or a passport. It lives in this item only and is gone with it.
ScreenBody {
    id: screen

    property string typed: vm.typedBefore
    readonly property string key: "type_number." + vm.numberKind
    readonly property bool passport: vm.numberKind === "document"
    readonly property bool letters: vm.numberKind === "birth_certificate" || passport

    title: Tr.t(key + ".title")
    message: passport && problem === "" ? Tr.t("type_number.document.message") : ""
    problem: vm.inputProblem === "" ? "" : Tr.t("input." + vm.inputProblem)
    wordsShare: 0.44
    wide: letters
    touchable: true
    primaryText: Tr.t("enter_number.primary")
    primaryEnabled: typed !== ""
    secondaryText: Tr.t(key + ".secondary")
    onPrimaryTouched: vm.submitText(typed)
    onSecondaryTouched: vm.skip()

    function groups(text) { return text.replace(/(.{3})(?=.)/g, "$1\u2009"); }

    aside: Component {
        Column {
            spacing: Theme.mm(5)
            Picture {
                visible: (!screen.letters || screen.passport) && vm.inputProblem === "" && height >= Theme.mm(34)
                width: parent.width
                height: Math.floor(Math.min(Theme.mm(90), screen.asideRoom - field.height - parent.spacing))
                scene: screen.passport ? "passport" : "old_card"
                description: Tr.t(screen.passport ? "wrong_number.scene_passport" : "type_number.scene")
            }
            TypedField {
                id: field
                width: parent.width
                text: screen.letters ? screen.typed : screen.groups(screen.typed)
                hint: Tr.t(screen.key + ".hint")
                description: Tr.t(screen.key + ".hint")
            }
        }
    }
    stage: screen.letters ? letterKeys : digitKeys
    stageMinimum: Theme.mm(4 * 22) + 3 * Theme.gap

    Component {
        id: digitKeys
        Keypad {
            onDigit: value => { if (screen.typed.length < 12) screen.typed += value; }
            onDeleted: screen.typed = screen.typed.slice(0, -1)
            onEmptied: screen.typed = ""
        }
    }
    Component {
        id: letterKeys
        LetterKeyboard {
            kind: screen.passport ? "document" : "code"
            onLetter: value => { if (screen.typed.length < 30) screen.typed += value; }
            onDeleted: screen.typed = screen.typed.slice(0, -1)
        }
    }
}
