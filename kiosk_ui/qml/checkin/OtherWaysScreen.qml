import QtQuick
import "../theme"
import "../components"

// No chip card? Six ways in, each with a picture; three for the guardian of a child.
ScreenBody {
    id: screen
    wide: true
    touchable: true
    title: Tr.t(vm.forGuardian ? "other_ways.title_guardian" : "other_ways.title")

    readonly property var ways: vm.forGuardian ? ["passport", "phone", "no_card"] : ["old_card", "child", "phone", "passport", "no_card", "emergency"]

    stage: Component {
        TileGrid {
            columns: Theme.landscape ? 3 : vm.forGuardian ? 1 : 2
            choices: screen.ways.map(way => ({
                "code": way, "name": Tr.t("other_ways." + way), "place": "", "icon": "way_" + way
            }))
            onChosen: code => vm.chooseWay(code)
        }
    }
}
