import QtQuick
import "../theme"
import "../components"

// Do not go on. The only red screen: shape, word and the counter to go to.
ScreenBody {
    id: screen
    tone: "stop"
    toneText: Tr.t("tone.stop")
    title: Tr.t("refused.title")
    message: Tr.t("refused.message", { "n": vm.counter })
    staffCode: vm.staffCode
    canStartAgain: false
    primaryText: Tr.t("refused.primary")
    onPrimaryTouched: vm.goOn()

    stage: Component {
        Panel {
            tone: screen.tone
            Scene {
                anchors.fill: parent
                anchors.margins: Theme.mm(8)
                name: "refused"
                description: Tr.t("refused.scene")
            }
        }
    }
}
