import QtQuick
import "../theme"
import "../components"

// The check-in is being written down. Nothing can be called back here.
ScreenBody {
    id: screen
    title: Tr.t("saving.title")
    message: Tr.t("saving.message")
    canStartAgain: false

    stage: Component {
        Panel {
            tone: screen.tone
            Scene {
                anchors.fill: parent
                anchors.margins: Theme.mm(8)
                name: "ticket"
                description: Tr.t("saving.scene")
            }
        }
    }
}
