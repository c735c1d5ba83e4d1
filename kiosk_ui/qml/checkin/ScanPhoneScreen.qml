import QtQuick
import "../theme"
import "../components"

// The code that the VNeID app shows, held under the scanner.
ScreenBody {
    id: screen
    readonly property bool problem: vm.numberProblem !== ""
    tone: problem ? "caution" : "calm"
    toneText: problem ? Tr.t("tone.caution") : ""
    title: Tr.t("scan_phone.title")
    message: problem ? Tr.t("scan_phone." + vm.numberProblem) : Tr.t("scan_phone.message")
    secondaryText: Tr.t("scan_phone.secondary")
    onSecondaryTouched: vm.withoutChip()

    stage: Component {
        Picture {
            tone: screen.tone
            scene: "scan_phone"
            description: Tr.t("scan_phone.scene")
        }
    }
}
