import QtQuick
import "../theme"
import "../components"

// Is this you? The only screen with a photo.
ScreenBody {
    id: screen
    title: Tr.t(vm.forGuardian ? "confirm.title_guardian" : "confirm.title")
    wordsShare: 0.36
    primaryText: Tr.t("confirm.primary")
    primaryIcon: "tick"
    secondaryText: Tr.t("confirm.secondary")
    onPrimaryTouched: vm.confirm()
    onSecondaryTouched: vm.notMe()

    aside: Component {
        Banner {
            width: parent ? parent.width : 0
            tone: vm.proof === "genuine" ? "positive" : "caution"
            iconName: vm.proof === "genuine" ? "shield" : "shield_question"
            text: Tr.t("confirm." + vm.proof)
        }
    }
    stage: Component {
        PersonSheet { vm: screen.vm }
    }
}
