import QtQuick
import "../theme"
import "../components"

// The code that the VNeID app shows, held under the scanner.
ScreenBody {
    id: screen
    readonly property bool again: vm.numberProblem !== ""
    tone: again ? "caution" : "calm"
    problem: again ? Tr.t("scan_phone." + vm.numberProblem) : ""
    title: Tr.t("scan_phone.title")
    message: Tr.t("scan_phone.message")
    secondaryText: Tr.t(vm.forGuardian ? "scan_phone.secondary_guardian" : "scan_phone.secondary")
    onSecondaryTouched: vm.withoutChip()

    stage: Component {
        Picture {
            tone: screen.tone
            scene: "scan_phone"
            description: Tr.t("scan_phone.scene")
        }
    }
}
