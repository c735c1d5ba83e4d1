import QtQuick
import "../theme"
import "../components"

// There is no insurance that counts: let the counter look into it, or pay oneself.
ScreenBody {
    id: screen
    tone: "caution"
    toneText: Tr.t("tone.caution")
    title: Tr.t(vm.insuranceKey + ".title")
    message: Tr.t("insurance_choice.message", { "n": vm.counter })
    staffCode: vm.staffCode
    primaryText: Tr.t("insurance_choice.primary", { "n": vm.counter })
    secondaryText: Tr.t("insurance_choice.secondary")
    onPrimaryTouched: vm.goToCounter()
    onSecondaryTouched: vm.payMyself()

    stage: Component {
        Picture {
            tone: screen.tone
            scene: "counter"
            description: Tr.t("problem.scene_staff")
        }
    }
}
