import QtQuick
import "../theme"
import "../components"

// Is there a reason to be seen sooner? Staff confirm it.
ScreenBody {
    id: screen
    wide: true
    touchable: true
    title: Tr.t("ask_priority.title")
    message: Tr.t("ask_priority.message")
    primaryText: Tr.t("ask_priority.primary")
    onPrimaryTouched: vm.skip()

    stage: Component {
        TileGrid {
            columns: Theme.landscape ? 3 : 1
            choices: vm.options.map(each => ({
                "code": each, "name": Tr.t("priority." + each), "place": "", "icon": "priority_" + each
            }))
            onChosen: code => vm.askPriority(code)
        }
    }
}
