import QtQuick
import "../theme"

// Who somebody is, as a confirm screen shows it: the name wraps and is never cut, the number is masked.
Item {
    id: person

    required property QtObject vm
    property bool withPhoto: true
    // a long name needs the room of the words above number and date, which are clear without them
    readonly property bool roomy: name.height + 2 * (numberWord.implicitHeight + number.implicitHeight) + Theme.mm(18) <= height

    Rectangle {
        id: sheet
        width: parent.width
        height: Math.min(parent.height, Math.max(person.withPhoto ? picture.height : 0, facts.implicitHeight) + 2 * Theme.mm(Theme.landscape ? 6 : 12))
        y: Theme.landscape ? Math.round((parent.height - height) / 2) : 0
        radius: Theme.radius
        color: Theme.surfaceRaised
        border.width: Theme.line
        border.color: Theme.divider

        Rectangle {
            id: picture
            visible: person.withPhoto
            x: Theme.mm(10)
            y: Math.round((parent.height - height) / 2)
            width: Theme.mm(50)
            height: Theme.mm(66)
            radius: Theme.mm(3)
            color: Theme.primarySoft
            border.width: Theme.line
            border.color: Theme.outline
            Accessible.role: Accessible.Graphic
            Accessible.name: person.vm.portraitSource === "" ? noPhoto.text : Tr.t("confirm.photo")
            Image {
                anchors.fill: parent
                anchors.margins: Theme.mm(1)
                source: person.vm.portraitSource
                sourceSize: Qt.size(width, height)
                fillMode: Image.PreserveAspectFit
                cache: false
            }
            KioskText {
                id: noPhoto
                anchors.centerIn: parent
                visible: person.vm.portraitSource === ""
                width: parent.width - Theme.mm(4)
                even: true
                kind: "step"
                font.pixelSize: Theme.mm(10.4)
                horizontalAlignment: Text.AlignHCenter
                text: Tr.t(!person.vm.hasPortrait ? "confirm.no_photo"
                           : person.vm.portraitComing ? "confirm.photo_coming" : "confirm.photo_unreadable")
                color: Theme.primarySoftInk
                Accessible.ignored: true
            }
        }
        Column {
            id: facts
            anchors.left: person.withPhoto ? picture.right : parent.left
            anchors.leftMargin: Theme.mm(10)
            anchors.right: parent.right
            anchors.rightMargin: Theme.mm(8)
            anchors.verticalCenter: parent.verticalCenter
            spacing: Theme.mm(0.5)

            KioskText {
                id: name
                width: parent.width
                even: true
                kind: text.length > 44 ? "label" : Theme.landscape || text.length > 32 ? "heading" : "title"
                text: person.vm.fullName
                wrapMode: Text.Wrap
                bottomPadding: Theme.mm(3)
            }
            KioskText {
                id: numberWord
                visible: person.vm.maskedNumber !== "" && person.roomy
                width: parent.width
                even: true
                kind: "step"
                text: Tr.t(person.vm.forPassport ? "check_document.number" : person.withPhoto ? "confirm.number" : "confirm_declared.number")
                color: Theme.inkMuted
            }
            KioskText {
                id: number
                visible: person.vm.maskedNumber !== ""
                width: parent.width
                even: true
                kind: "label"
                text: person.vm.maskedNumber
                bottomPadding: Theme.mm(2)
            }
            KioskText {
                visible: birth.visible && person.roomy
                width: parent.width
                even: true
                kind: "step"
                text: Tr.t(person.vm.birthDay === "" ? "confirm.birth_year" : "confirm.birth")
                color: Theme.inkMuted
            }
            KioskText {
                id: birth
                visible: person.vm.birthDay !== "" || person.vm.birthYear > 0
                width: parent.width
                even: true
                kind: "label"
                text: person.vm.birthDay !== "" ? Tr.day(person.vm.birthDay) : person.vm.birthYear
            }
        }
    }
}
