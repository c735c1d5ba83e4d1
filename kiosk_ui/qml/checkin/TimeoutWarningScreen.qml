import QtQuick
import "../theme"
import "../components"

// Lies over any screen that asked something for long. A touch anywhere goes on.
ScreenBody {
    id: screen
    tone: "caution"
    title: Tr.t("timeout_warning.title")
    message: Tr.t("timeout_warning.message", { "s": vm.secondsLeft })
    primaryText: Tr.t("timeout_warning.primary", { "s": vm.secondsLeft })
    onPrimaryTouched: vm.dismiss()

    TapHandler { onTapped: vm.dismiss() }

    stage: Component {
        Panel {
            tone: screen.tone
            Scene {
                anchors.fill: parent
                anchors.margins: Theme.mm(8)
                name: "still_there"
                description: Tr.t("timeout_warning.scene")
            }
        }
    }
}
