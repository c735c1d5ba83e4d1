import QtQuick
import "../theme"
import "../components"

// Where is your visit today? One touch on a tile answers.
ScreenBody {
    id: screen
    readonly property bool prioritySettled: vm.priority !== "none" && vm.priority !== ""
    wide: true
    touchable: true
    title: Tr.t("choose_department.title")
    readonly property bool asTile: Theme.lowReach && !Theme.landscape      // half a screen has no row for it
    readonly property var priorityTile: ({ "code": "", "name": Tr.t("choose_department.secondary"), "place": "", "icon": "priority" })
    secondaryText: prioritySettled || asTile ? "" : priorityTile.name
    secondaryIcon: "priority"
    onSecondaryTouched: vm.askPriority("")

    function insuranceText() {
        const date = Tr.day(vm.validUntil);
        if (vm.insuranceOutcome === "unverified")
            return Tr.t("insurance.unverified");
        if (vm.insuranceOutcome === "counter")
            return Tr.t("insurance.counter", { "n": vm.counter });
        const key = vm.insuranceKind === "ok_newcard" ? "insurance.newcard" : "insurance.valid";
        return date === "" ? Tr.t(key + "_no_date") : Tr.t(key, { "date": date });
    }

    aside: Component {
        Grid {
            id: banners
            readonly property bool beside: Theme.landscape && screen.prioritySettled
            columns: beside ? 2 : 1
            spacing: Theme.mm(4)
            Banner {
                width: banners.beside ? Math.floor((banners.parent.width - banners.spacing) / 2) : banners.parent ? banners.parent.width : 0
                tone: vm.insuranceOutcome === "valid" ? "positive" : "caution"
                iconName: vm.insuranceOutcome === "valid" ? "shield" : "shield_question"
                text: screen.insuranceText()
            }
            Banner {
                visible: screen.prioritySettled
                width: banners.beside ? Math.floor((banners.parent.width - banners.spacing) / 2) : banners.parent ? banners.parent.width : 0
                tone: "positive"
                iconName: "priority"
                text: screen.prioritySettled ? Tr.t("priority." + vm.priority + ".banner") : ""
            }
        }
    }
    stage: Component {
        TileGrid {
            choices: screen.asTile && !screen.prioritySettled ? vm.departments.concat([screen.priorityTile]) : vm.departments
            onChosen: code => code === "" ? vm.askPriority("") : vm.choose(code)
        }
    }
}
