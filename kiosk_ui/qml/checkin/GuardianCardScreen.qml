import QtQuick
import "../theme"
import "../components"

// The card of whoever brings the child.
ScreenBody {
    id: screen
    title: Tr.t("guardian_card.title")
    message: Tr.t("guardian_card.message")
    primaryText: Tr.t("guardian_card.primary")
    primaryIcon: "arrow_right"
    secondaryText: Tr.t("guardian_card.secondary")
    onPrimaryTouched: vm.goOn()
    onSecondaryTouched: vm.otherWays()

    stage: Component {
        Picture {
            scene: "guardian"
            description: Tr.t("guardian_card.scene")
        }
    }
}
