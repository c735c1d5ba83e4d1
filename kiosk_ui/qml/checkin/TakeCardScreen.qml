import QtQuick
import "../theme"
import "../components"

// The card still lies on the reader. A calm light, no blinking; goes on by itself when it is taken.
ScreenBody {
    id: screen
    tone: "caution"
    toneText: Tr.t("take_card.tone")
    title: Tr.t("take_card.title")
    message: Tr.t("take_card.message")
    canStartAgain: false

    stage: Component {
        Picture {
            id: picture
            tone: screen.tone
            scene: "take_card"
            description: Tr.t("take_card.scene")

            Rectangle {     // one breath in five seconds
                anchors.fill: parent
                radius: parent.radius
                color: "transparent"
                border.width: Theme.mm(2.4)
                border.color: Theme.roles.cautionMark ?? "transparent"
                SequentialAnimation on opacity {
                    running: Theme.motion
                    loops: Animation.Infinite
                    NumberAnimation { from: 1; to: 0.35; duration: 2500; easing.type: Easing.InOutSine }
                    NumberAnimation { from: 0.35; to: 1; duration: 2500; easing.type: Easing.InOutSine }
                }
            }
        }
    }
}
