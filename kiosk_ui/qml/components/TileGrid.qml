import QtQuick
import "../theme"

// Answers as tiles, as large as the place allows. With less room a drawing stands beside its words instead of above.
Flickable {
    id: area

    property var choices: []            // [{code, name, place, icon}]
    property int columns: Theme.landscape ? 4 : Theme.lowReach && choices.length > 6 ? 3 : 2
    signal chosen(string code)

    readonly property int rows: Math.max(1, Math.ceil(choices.length / columns))
    readonly property real tileHeight: Math.max(Theme.mm(22), Math.floor((height - (rows - 1) * Theme.gap) / rows))
    readonly property real tileWidth: Math.floor((width - (columns - 1) * Theme.gap) / columns)

    // room for a drawing above two lines of words; with less they stand side by side, with still less the drawing goes
    readonly property real stackedHeight: Theme.mm(31) + 2 * Theme.lineEm * Theme.size("tile")
    readonly property bool across: tileHeight < stackedHeight
    readonly property bool plain: across && tileWidth < Theme.mm(84)

    contentHeight: tiles.height
    interactive: contentHeight > height + 1
    clip: interactive
    boundsBehavior: Flickable.StopAtBounds

    Grid {
        id: tiles
        columns: area.columns
        spacing: Theme.gap
        Repeater {
            model: area.choices
            DepartmentTile {
                required property var modelData
                width: area.tileWidth
                across: area.across
                plain: area.plain
                height: Math.min(Theme.mm(78), Math.max(area.tileHeight, implicitHeight))
                text: modelData.name
                place: modelData.place
                iconName: modelData.icon
                onClicked: area.chosen(modelData.code)
            }
        }
    }
}
