import QtQuick
import "../theme"
import "../components"

// Go there at once. Staff have been called already.
ScreenBody {
    id: screen
    tone: "stop"
    toneText: Tr.t("emergency.tone")
    title: Tr.t("emergency.title")
    message: Tr.t("emergency.message")
    primaryText: Tr.t("emergency.primary")
    canStartAgain: false
    onPrimaryTouched: vm.goOn()

    aside: Component {
        Banner {
            width: parent ? parent.width : 0
            tone: "stop"
            iconName: "place"
            text: vm.place
        }
    }
    stage: Component {
        Picture {
            tone: screen.tone
            scene: "emergency"
            description: Tr.t("emergency.scene")
        }
    }
}
