import QtQuick
import "../theme"
import "../components"

// Nobody is here yet. Touching anywhere begins.
ScreenBody {
    id: screen
    title: Tr.t("welcome.title")
    message: Tr.t("welcome.message")
    primaryText: Tr.t("welcome.primary")
    primaryIcon: "arrow_right"
    canStartAgain: false
    onPrimaryTouched: vm.start()

    TapHandler { onTapped: vm.start() }

    stage: Component {
        Panel {
            Scene {
                anchors.fill: parent
                anchors.margins: Theme.mm(8)
                name: "welcome"
                description: Tr.t("welcome.scene")
            }
        }
    }
}
