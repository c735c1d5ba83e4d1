import QtQuick
import "../theme"
import "../components"

// No chip card? Six ways in, each with a picture.
ScreenBody {
    id: screen
    wide: true
    touchable: true
    title: Tr.t("other_ways.title")

    stage: Component {
        TileGrid {
            columns: Theme.landscape ? 3 : 2
            choices: ["old_card", "child", "phone", "passport", "no_card", "emergency"].map(way => ({
                "code": way, "name": Tr.t("other_ways." + way), "place": "", "icon": "way_" + way
            }))
            onChosen: code => vm.chooseWay(code)
        }
    }
}
