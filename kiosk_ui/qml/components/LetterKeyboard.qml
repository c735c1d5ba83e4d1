import QtQuick
import QtQml.Models
import "../theme"

// A keyboard of letters. "name": Vietnamese letters and tones have keys of their own, and Telex works as well;
// "code": digits, capitals and the signs of Vietnamese papers; "document": digits, capitals and what passports have.
Item {
    id: keyboard

    property string kind: "name"        // name | code | document

    signal letter(string value)
    signal tone(string value)
    signal deleted

    readonly property real keyGap: Theme.mm(2)
    readonly property var rows: kind === "name"
        ? [["ă", "â", "đ", "ê", "ô", "ơ", "ư", "á", "à", "ả", "ã", "ạ"],
           ["q", "w", "e", "r", "t", "y", "u", "i", "o", "p"],
           ["a", "s", "d", "f", "g", "h", "j", "k", "l"],
           ["z", "x", "c", "v", "b", "n", "m", "delete"],
           ["-", "space", "'"]]
        : [["1", "2", "3", "4", "5", "6", "7", "8", "9", "0"],
           ["Q", "W", "E", "R", "T", "Y", "U", "I", "O", "P"],
           ["A", "S", "D", "F", "G", "H", "J", "K", "L"],
           kind === "document" ? ["Z", "X", "C", "V", "B", "N", "M", "-", "delete"] : ["Z", "X", "C", "V", "B", "N", "M", "/", "-", "delete"]]
    readonly property var tones: ({ "á": "s", "à": "f", "ả": "r", "ã": "x", "ạ": "j" })
    readonly property real keyHeight: Math.floor(Math.min(Theme.mm(24), (height - (rows.length - 1) * keyGap) / rows.length))

    Column {
        id: column
        width: Math.min(parent.width, Theme.mm(300))
        anchors.horizontalCenter: parent.horizontalCenter
        y: Theme.landscape && !Theme.lowReach ? Math.max(0, Math.round((parent.height - height) / 2)) : Math.max(0, parent.height - height)
        spacing: keyboard.keyGap
        Repeater {
            model: keyboard.rows
            Row {
                id: row
                required property var modelData
                required property int index
                readonly property int narrow: modelData.filter(each => each.length === 1).length
                readonly property real wide: modelData.some(each => each.length > 1) ? (modelData.includes("space") ? 5 : 2) : 0
                readonly property real across: index === 0 ? modelData.length : Math.max(10, narrow + wide)
                readonly property real keyWidth: Math.floor((column.width - (across - 1) * keyboard.keyGap) / across)
                readonly property real wideKey: wide * keyWidth + (wide - 1) * keyboard.keyGap
                anchors.horizontalCenter: parent.horizontalCenter
                spacing: keyboard.keyGap
                Repeater {
                    model: row.modelData
                    delegate: DelegateChooser {
                        role: "modelData"
                        DelegateChoice {
                            roleValue: "delete"
                            WideKey {
                                width: row.wideKey
                                iconName: "delete"
                                iconOnly: true
                                text: Tr.t("enter_number.delete")
                                onClicked: keyboard.deleted()
                            }
                        }
                        DelegateChoice {
                            roleValue: "space"
                            WideKey {
                                width: row.wideKey
                                text: Tr.t("keyboard.space")
                                onClicked: keyboard.letter(" ")
                            }
                        }
                        DelegateChoice {
                            Key {
                                // one name for the eye and for assistive technology: the letter; a tone shows it on an a
                                required property string modelData
                                readonly property bool isTone: keyboard.kind === "name" && keyboard.tones[modelData] !== undefined
                                width: row.keyWidth
                                height: keyboard.keyHeight
                                textLimit: keyboard.keyHeight / 1.45
                                text: modelData
                                onClicked: isTone ? keyboard.tone(keyboard.tones[modelData]) : keyboard.letter(modelData)
                            }
                        }
                    }
                }
            }
        }
    }

    component WideKey: KioskButton {
        kind: "key"
        textKind: "step"
        leftPadding: 0
        rightPadding: 0
        topPadding: 0
        bottomPadding: 0
        height: keyboard.keyHeight
        textLimit: keyboard.keyHeight / 1.45
    }
}
