import QtQuick
import "../theme"

// Facts below each other, each with its own words.
Column {
    id: list

    property var facts: []

    spacing: Theme.mm(2.5)
    Repeater {
        model: list.facts
        Fact {
            required property var modelData
            width: list.width
            label: Tr.t("operator.label." + modelData.label)
            value: modelData.word !== "" ? Tr.t("operator.word." + modelData.word) : modelData.value
            tone: modelData.tone
        }
    }
}
