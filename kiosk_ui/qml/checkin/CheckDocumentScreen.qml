import QtQuick
import "../theme"
import "../components"

// The three things that were typed of a passport which they did not open. A touch on one puts it right.
ScreenBody {
    id: screen
    wide: true
    touchable: true
    title: Tr.t("check_document.title")
    message: Tr.t("check_document.message")
    primaryText: Tr.t("check_document.primary")
    secondaryText: Tr.t("problem.without_chip")
    onPrimaryTouched: vm.goOn()
    onSecondaryTouched: vm.withoutChip()

    // so long a number, as on some cards, may break between its groups
    function inGroups(text) { return text.length > 12 ? text.replace(/(.{4})(?=.)/g, "$1 ") : text; }
    function birth() { return vm.birthDay !== "" ? Tr.day(vm.birthDay) : vm.birthMonth > 0 ? vm.birthMonth + "/" + vm.birthYear : vm.birthYear; }
    function tile(field, icon, value) {
        return { "code": field, "name": Tr.t("check_document." + field) + "\n" + value, "place": Tr.t("check_document.change"), "icon": icon };
    }

    stage: Component {
        TileGrid {
            columns: Theme.landscape ? 3 : Theme.lowReach ? 2 : 1
            choices: [
                screen.tile("number", "way_passport", inGroups(vm.documentNumber)),
                screen.tile("birth", "calendar", birth()),
                screen.tile("expiry", "clock", vm.expiryDay !== "" ? Tr.day(vm.expiryDay) : "")
            ]
            onChosen: code => vm.change(code)
        }
    }
}
