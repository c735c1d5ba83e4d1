import QtQuick
import "../theme"
import "../components"

// The insurer is being asked. Goes on by itself.
ScreenBody {
    id: screen
    title: Tr.t("looking_up.title")
    message: Tr.t("looking_up.message")

    stage: Component {
        Panel {
            tone: screen.tone
            Scene {
                anchors.fill: parent
                anchors.margins: Theme.mm(8)
                name: "insurance_look_up"
                description: Tr.t("looking_up.scene")
            }
        }
    }
}
