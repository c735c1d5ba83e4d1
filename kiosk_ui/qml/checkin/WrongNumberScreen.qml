import QtQuick
import "../theme"
import "../components"

// The number does not open this card; after some tries there is a pause, counted down on the button.
ScreenBody {
    id: screen
    tone: "caution"
    toneText: Tr.t("tone.caution")
    title: Tr.t(vm.forPassport ? "wrong_number.title_passport" : "wrong_number.title")
    message: Tr.t(vm.forPassport ? "wrong_number.message_passport" : "wrong_number.message", { "tries": vm.triesLeft })
    primaryText: vm.waitSeconds > 0 ? Tr.t("wrong_number.wait", { "s": vm.waitSeconds }) : Tr.t(vm.forPassport ? "wrong_number.primary_passport" : "wrong_number.primary")
    primaryEnabled: vm.waitSeconds === 0
    secondaryText: vm.canGoWithoutChip ? Tr.t("problem.without_chip") : ""
    onPrimaryTouched: vm.tryAgain()
    onSecondaryTouched: vm.withoutChip()

    stage: Component {
        Picture {
            tone: screen.tone
            scene: vm.forPassport ? "passport" : "card_number"
            description: Tr.t(vm.forPassport ? "wrong_number.scene_passport" : "wrong_number.scene")
        }
    }
}
