import QtQuick
import QtQml.Models
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
            delegate: DelegateChooser {
                role: "modelData"
                DelegateChoice {
                    roleValue: "empty"
                    SpecialKey {
                        iconName: narrow ? "cross_out" : ""
                        text: Tr.t("enter_number.empty")
                        onClicked: keypad.emptied()
                    }
                }
                DelegateChoice {
                    roleValue: "delete"
                    SpecialKey {
                        iconName: "delete"
                        text: Tr.t("enter_number.delete")
                        onClicked: keypad.deleted()
                    }
                }
                DelegateChoice {
                    Key {
                        required property string modelData
                        textKind: "title"
                        width: keypad.keyWidth
                        height: keypad.keyHeight
                        text: modelData
                        onClicked: keypad.digit(modelData)
                    }
                }
            }
        }
    }

    component SpecialKey: KioskButton {
        readonly property bool narrow: keypad.keyWidth < Theme.mm(50)
        kind: "key"
        textKind: "step"
        width: keypad.keyWidth
        height: keypad.keyHeight
        iconOnly: narrow
    }
}
