import QtQuick
import "../theme"

// Digits as on a telephone; delete is at the bottom right, where phones have it.
Item {
    id: keypad

    signal digit(string value)
    signal deleted
    signal emptied

    // keys may stand close together: where room is scarce they are large rather than far apart
    readonly property real gap: (height - 3 * Theme.gap) / 4 >= Theme.mm(18) ? Theme.gap : Theme.mm(2)
    readonly property real keyWidth: Math.floor(Math.min((width - 2 * gap) / 3, Theme.mm(64)))
    readonly property real keyHeight: Math.floor(Math.min((height - 3 * gap) / 4, Theme.mm(34)))

    Grid {
        anchors.centerIn: parent
        columns: 3
        spacing: keypad.gap
        Repeater {
            model: ["1", "2", "3", "4", "5", "6", "7", "8", "9", "empty", "0", "delete"]
            KioskButton {
                id: key
                required property string modelData
                readonly property bool isDigit: modelData.length === 1
                kind: "key"
                textKind: isDigit ? "title" : "step"
                width: keypad.keyWidth
                height: keypad.keyHeight
                iconName: modelData === "delete" ? "delete" : modelData === "empty" && keypad.keyWidth < Theme.mm(50) ? "cross_out" : ""
                iconOnly: !isDigit && keypad.keyWidth < Theme.mm(50)
                text: isDigit ? modelData : Tr.t(modelData === "delete" ? "enter_number.delete" : "enter_number.empty")
                onClicked: isDigit ? keypad.digit(modelData) : modelData === "delete" ? keypad.deleted() : keypad.emptied()
            }
        }
    }
}
