import QtQuick
import "../theme"
import "../components"

// The three things that were typed of a passport which they did not open. A touch on one puts it right.
// With low reach there is room below for the three names only; what was typed stands above them.
ScreenBody {
    id: screen
    readonly property bool apart: Theme.lowReach
    readonly property var fields: [
        { "name": Tr.t("check_document.number"), "value": inGroups(vm.documentNumber), "code": "number", "icon": "way_passport" },
        { "name": Tr.t("check_document.birth"), "value": birth(), "code": "birth", "icon": "calendar" },
        { "name": Tr.t("check_document.expiry"), "value": vm.expiryDay !== "" ? Tr.day(vm.expiryDay) : "", "code": "expiry", "icon": "clock" }
    ]

    wide: true
    touchable: true
    title: Tr.t("check_document.title")
    problem: vm.inputProblem === "" ? "" : Tr.t("input." + vm.inputProblem)
    message: problem === "" ? Tr.t("check_document.message") : ""
    primaryText: Tr.t("check_document.primary")
    secondaryText: Tr.t("problem.without_chip")
    onPrimaryTouched: vm.goOn()
    onSecondaryTouched: vm.withoutChip()

    // so long a number, as on some cards, may break between its groups
    function inGroups(text) { return text.length > 12 ? text.replace(/(.{4})(?=.)/g, "$1 ") : text; }
    function birth() { return vm.birthDay !== "" ? Tr.day(vm.birthDay) : vm.birthMonth > 0 ? vm.birthMonth + "/" + vm.birthYear : vm.birthYear; }

    aside: screen.apart ? values : null
    Component {
        id: values
        Column {
            Repeater {
                model: screen.fields
                KioskText {
                    required property var modelData
                    width: parent.width
                    kind: "step"
                    font.bold: true
                    text: modelData.value
                    wrapMode: Text.Wrap
                }
            }
        }
    }
    stage: Component {
        TileGrid {
            columns: Theme.landscape || screen.apart ? 3 : 1
            choices: screen.fields.map(each => ({
                "code": each.code,
                "name": screen.apart ? each.name : each.name + "\n" + each.value,
                "place": Tr.t("check_document.change"),
                "icon": each.icon
            }))
            onChosen: code => vm.change(code)
        }
    }
}
