import QtQuick
import "../theme"
import "../components"

// Something a counter settles. The visit goes on.
ScreenBody {
    id: screen
    tone: "caution"
    toneText: Tr.t("tone.caution")
    title: Tr.t("insurance_notice." + vm.insuranceKind + ".title")
    message: Tr.t("insurance_notice." + vm.insuranceKind + ".message", { "n": vm.counter })
    staffCode: vm.staffCode
    primaryText: Tr.t("insurance_notice.primary")
    primaryIcon: "arrow_right"
    onPrimaryTouched: vm.goOn()

    stage: Component {
        Panel {
            tone: screen.tone
            Scene {
                anchors.fill: parent
                anchors.margins: Theme.mm(8)
                name: "insurance_notice"
                description: Tr.t("insurance_notice.scene")
            }
        }
    }
}
