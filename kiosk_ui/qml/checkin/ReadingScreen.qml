import QtQuick
import "../theme"
import "../components"

// What is being read, in plain words, with a bar that counts finished parts.
ScreenBody {
    id: screen
    title: Tr.t(vm.forPassport ? "reading.title_passport" : "reading.title")

    aside: Component {
        Column {
            spacing: Theme.mm(6)
            KioskText {
                width: parent.width
                even: true
                kind: "body"
                text: Tr.t("reading.step." + vm.readingStep)
                color: Theme.inkMuted
            }
            Track {
                width: parent.width
                done: vm.stepsDone
                total: vm.stepsTotal
                description: Tr.t("reading.progress", { "done": vm.stepsDone, "total": vm.stepsTotal })
            }
        }
    }
    stage: Component {
        Panel {
            tone: screen.tone
            Scene {
                anchors.fill: parent
                anchors.margins: Theme.mm(8)
                name: "reading"
                description: Tr.t("reading.scene")
            }
        }
    }
}
