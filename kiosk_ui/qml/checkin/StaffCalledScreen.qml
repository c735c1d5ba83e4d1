import QtQuick
import "../theme"
import "../components"

// Lies over any screen: staff are on their way.
ScreenBody {
    id: screen
    tone: "positive"
    title: Tr.t("staff_called.title")
    message: Tr.t("staff_called.message", { "n": vm.overlayCounter })
    primaryText: Tr.t("staff_called.primary")
    onPrimaryTouched: vm.dismiss()

    stage: Component {
        Panel {
            tone: screen.tone
            Scene {
                anchors.fill: parent
                anchors.margins: Theme.mm(8)
                name: "staff"
                description: Tr.t("staff_called.scene")
            }
        }
    }
}
