import QtQuick
import "../theme"
import "../components"

// The card was taken too early. Goes on by itself when it is back.
ScreenBody {
    id: screen
    tone: "caution"
    toneText: Tr.t("tone.caution")
    title: Tr.t(vm.forPassport ? "card_lifted.title_passport" : "card_lifted.title")
    message: Tr.t(vm.forPassport ? "card_lifted.message_passport" : "card_lifted.message")

    stage: Component {
        Panel {
            tone: screen.tone
            Scene {
                anchors.fill: parent
                anchors.margins: Theme.mm(8)
                name: "card_lifted"
                description: Tr.t("card_lifted.scene")
            }
        }
    }
}
