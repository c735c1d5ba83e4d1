import QtQuick
import "../theme"
import "../components"

// Something a counter settles. The visit goes on.
ScreenBody {
    id: screen
    tone: "caution"
    toneText: Tr.t("tone.caution")
    title: Tr.t(vm.insuranceKey + ".title")
    message: Tr.t(vm.insuranceKey + ".message", { "n": vm.counter })
    staffCode: vm.staffCode
    primaryText: Tr.t("insurance_notice.primary")
    primaryIcon: "arrow_right"
    onPrimaryTouched: vm.goOn()

    stage: Component {
        Picture {
            tone: screen.tone
            scene: "insurance_notice"
            description: Tr.t("insurance_notice.scene")
        }
    }
}
