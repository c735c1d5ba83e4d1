import QtQuick
import "../theme"
import "../components"

// You are expected: take it, or go somewhere else.
ScreenBody {
    id: screen
    tone: "positive"
    title: Tr.t("appointment.title")
    message: vm.appointmentDoctor === "" ? "" : Tr.t("appointment.doctor", { "name": vm.appointmentDoctor })
    primaryText: Tr.t("appointment.primary")
    primaryIcon: "tick"
    secondaryText: Tr.t("appointment.secondary")
    onPrimaryTouched: vm.goOn()
    onSecondaryTouched: vm.anotherDepartment()

    aside: Component {
        Panel {
            tone: "positive"
            width: parent ? parent.width : 0
            height: words.height + Theme.mm(14)
            Column {
                id: words
                x: Theme.mm(10)
                y: Theme.mm(7)
                width: parent.width - 2 * x
                KioskText { width: parent.width; even: true; kind: "title"; text: vm.appointmentTime; color: Theme.toneColor("positive") }
                KioskText { width: parent.width; even: true; kind: "heading"; text: vm.appointmentDepartment }
                KioskText { width: parent.width; even: true; kind: "body"; text: vm.appointmentPlace }
            }
        }
    }
    stage: Component {
        Picture {
            tone: screen.tone
            scene: "appointment"
            description: Tr.t("appointment.scene")
        }
    }
}
