import QtQuick
import "../theme"
import "../components"

// Anything else that went wrong: what happened, what to do now, where a human is.
ScreenBody {
    id: screen
    readonly property bool needsStaff: vm.hint === "call_staff"
    readonly property bool aboutCard: vm.stage === 1 && !needsStaff // the picture shows what the words are about
    tone: "caution"
    toneText: Tr.t("tone.caution")
    title: Tr.t(vm.problemKey + ".title")
    message: Tr.t(vm.problemKey + ".message") + "\n" + Tr.t("problem.counter", { "n": vm.counter })
    staffCode: vm.staffCode
    primaryText: vm.canTryAgain ? Tr.t("problem.try_again") : vm.canGoWithoutChip ? Tr.t("problem.without_chip") : ""
    primaryIcon: vm.canTryAgain ? "again" : ""
    secondaryText: vm.canTryAgain && vm.canGoWithoutChip ? Tr.t("problem.without_chip") : ""
    onPrimaryTouched: vm.canTryAgain ? vm.tryAgain() : vm.withoutChip()
    onSecondaryTouched: vm.withoutChip()

    stage: Component {
        Picture {
            tone: screen.tone
            scene: screen.aboutCard ? "out_of_order" : "counter"
            description: Tr.t(screen.aboutCard ? "problem.scene" : "problem.scene_staff")
        }
    }
}
