import QtQuick
import "../theme"
import "../components"

// Where is your visit today? One touch on a tile answers.
ScreenBody {
    id: screen
    wide: true
    title: Tr.t("choose_department.title")

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
        Banner {
            width: parent ? parent.width : 0
            tone: vm.insuranceOutcome === "valid" ? "positive" : "caution"
            iconName: vm.insuranceOutcome === "valid" ? "shield" : "shield_question"
            text: screen.insuranceText()
        }
    }
    stage: Component {
        Flickable {
            id: area
            readonly property int columns: Theme.landscape ? 4 : 2
            readonly property int rows: Math.max(1, Math.ceil(vm.departments.length / columns))
            readonly property real tileHeight: Math.max(Theme.mm(30), Math.floor((height - (rows - 1) * Theme.gap) / rows))
            readonly property real tileWidth: Math.floor((width - (columns - 1) * Theme.gap) / columns)

            // room for a drawing above two lines of words; with less they stand side by side
            readonly property real stackedHeight: Theme.mm(31) + 2 * Theme.lineEm * Theme.size("tile")

            contentHeight: tiles.height
            interactive: contentHeight > height
            clip: interactive
            boundsBehavior: Flickable.StopAtBounds

            Grid {
                id: tiles
                columns: area.columns
                spacing: Theme.gap
                Repeater {
                    model: vm.departments
                    DepartmentTile {
                        required property var modelData
                        width: area.tileWidth
                        across: area.tileHeight < area.stackedHeight
                        height: Math.min(Theme.mm(78), Math.max(area.tileHeight, implicitHeight))
                        text: modelData.name
                        place: modelData.place
                        iconName: modelData.icon
                        onClicked: vm.choose(modelData.code)
                    }
                }
            }
        }
    }
}
