import QtQuick
import "../theme"
import "../components"

// Lies over the welcome screen: what happens to the data, purpose by purpose, in five short sentences.
ScreenBody {
    id: screen
    wide: true
    title: Tr.t("privacy_notice.title")
    canStartAgain: false
    primaryText: Tr.t("privacy_notice.primary")
    onPrimaryTouched: vm.dismiss()

    stage: Component {
        Item {
            Grid {
                id: lines
                columns: Theme.landscape ? 2 : 1
                columnSpacing: Theme.wideGap
                rowSpacing: Theme.mm(Theme.landscape ? 4 : 7)
                Repeater {
                    model: [["what", "card"], ["why", "shield"], ["who", "clock"], ["long", "tick"], ["rights", "info"]]
                    Row {
                        required property var modelData
                        width: Math.floor((screen.width - (lines.columns - 1) * lines.columnSpacing) / lines.columns)
                        spacing: Theme.mm(5)
                        Icon {
                            id: mark
                            name: parent.modelData[1]
                            color: Theme.primarySoftInk
                            extent: Theme.mm(14)
                        }
                        KioskText {
                            width: parent.width - mark.width - parent.spacing
                            even: true
                            kind: "body"
                            text: Tr.t("privacy_notice." + parent.modelData[0])
                        }
                    }
                }
            }
        }
    }
}
