import QtQuick
import "../theme"
import "../components"

// Goes on by itself as soon as a card lies there.
ScreenBody {
    id: screen
    title: Tr.t(vm.forPassport ? "place_card.title_passport" : "place_card.title")
    message: Tr.t(vm.forPassport ? "place_card.message_passport" : "place_card.message")
    secondaryText: vm.forPassport ? Tr.t("place_card.no_chip") : ""     // of other states' passports many have none
    onSecondaryTouched: vm.withoutChip()

    stage: Component {
        Panel {
            tone: screen.tone
            Scene {
                anchors.fill: parent
                anchors.margins: Theme.mm(8)
                name: "place_card"
                description: Tr.t("place_card.scene")
            }
        }
    }
}
