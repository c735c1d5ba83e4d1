import QtQuick
import "../theme"
import "../components"

// There is a number for today already: the paper once more, or another department.
ScreenBody {
    id: screen
    tone: "positive"
    title: Tr.t("already_checked_in.title")
    primaryText: Tr.t("already_checked_in.primary")
    primaryIcon: "printer"
    secondaryText: Tr.t("already_checked_in.secondary")
    onPrimaryTouched: vm.printAgain()
    onSecondaryTouched: vm.anotherDepartment()

    aside: Component {
        TicketNumber {
            width: parent ? parent.width : 0
            number: vm.ticketNumber
        }
    }
    stage: Component {
        Item {
            WayThere {
                width: parent.width
                y: Theme.landscape ? Math.max(0, Math.round((parent.height - height) / 2)) : 0
                department: vm.ticketDepartment
                place: vm.ticketPlace
            }
        }
    }
}
