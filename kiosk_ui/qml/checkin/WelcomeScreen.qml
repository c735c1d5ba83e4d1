import QtQuick
import "../theme"
import "../components"

// Nobody is here yet. Touching anywhere begins; who has no chip card finds the other ways.
ScreenBody {
    id: screen
    title: Tr.t("welcome.title")
    message: Tr.t("welcome.message")
    primaryText: Tr.t("welcome.primary")
    primaryIcon: "arrow_right"
    secondaryText: Tr.t("welcome.secondary")
    canStartAgain: false
    isWelcome: true
    onPrimaryTouched: vm.start()
    onSecondaryTouched: vm.otherWays()

    TapHandler { onTapped: vm.start() }

    stage: Component {
        Picture {
            scene: "welcome"
            description: Tr.t("welcome.scene")
        }
    }
}
