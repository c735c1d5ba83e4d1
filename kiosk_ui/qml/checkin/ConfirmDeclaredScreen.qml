import QtQuick
import "../theme"
import "../components"

// Is this right? Nobody has checked it; a counter will.
ScreenBody {
    id: screen
    title: Tr.t("confirm_declared.title")
    wordsShare: 0.44
    primaryText: Tr.t("confirm_declared.primary")
    primaryIcon: "tick"
    // what was typed can be put right; what a code says is another person's
    secondaryText: Tr.t(["qr", "phone"].includes(vm.identification) ? "confirm.secondary" : "confirm_declared.secondary")
    onPrimaryTouched: vm.confirm()
    onSecondaryTouched: vm.notMe()

    aside: Component {
        Banner {
            width: parent ? parent.width : 0
            tone: "caution"
            iconName: "shield_question"
            text: Tr.t("confirm_declared." + vm.identification)
        }
    }
    stage: Component {
        PersonSheet {
            vm: screen.vm
            withPhoto: false
        }
    }
}
