import QtQuick
import "../theme"
import "../components"

// Is this you? The only screen with a photo; the name wraps and is never cut, the number is masked.
ScreenBody {
    id: screen
    title: Tr.t("confirm.title")
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
        Item {
            Rectangle {
                id: sheet
                width: parent.width
                height: Math.min(parent.height, Math.max(picture.height, facts.implicitHeight) + 2 * Theme.mm(Theme.landscape ? 8 : 14))
                y: Theme.landscape ? Math.round((parent.height - height) / 2) : 0
                radius: Theme.radius
                color: Theme.surfaceRaised
                border.width: Theme.line
                border.color: Theme.divider

                Rectangle {
                    id: picture
                    x: Theme.mm(12)
                    y: Math.round((parent.height - height) / 2)
                    width: Theme.mm(54)
                    height: Theme.mm(72)
                    radius: Theme.mm(3)
                    color: Theme.primarySoft
                    border.width: Theme.line
                    border.color: Theme.outline
                    Accessible.role: Accessible.Graphic
                    Accessible.name: vm.portraitSource === "" ? Tr.t("confirm.no_photo") : Tr.t("confirm.photo")
                    Image {
                        anchors.fill: parent
                        anchors.margins: Theme.mm(1)
                        source: vm.portraitSource
                        sourceSize: Qt.size(width, height)
                        fillMode: Image.PreserveAspectFit
                        cache: false
                    }
                    KioskText {
                        anchors.centerIn: parent
                        visible: vm.portraitSource === ""
                        width: parent.width - Theme.mm(6)
                        even: true
                        kind: "caption"
                        horizontalAlignment: Text.AlignHCenter
                        text: Tr.t("confirm.no_photo")
                        color: Theme.primarySoftInk
                        Accessible.ignored: true
                    }
                }
                Column {
                    id: facts
                    anchors.left: picture.right
                    anchors.leftMargin: Theme.mm(12)
                    anchors.right: parent.right
                    anchors.rightMargin: Theme.mm(10)
                    anchors.verticalCenter: parent.verticalCenter
                    spacing: Theme.mm(1)

                    KioskText {
                        width: parent.width
                        even: true
                        kind: Theme.landscape || text.length > 44 ? "heading" : "title"
                        text: vm.fullName
                        wrapMode: Text.Wrap
                        bottomPadding: Theme.mm(3)
                    }
                    KioskText {
                        width: parent.width
                        even: true
                        kind: "step"
                        text: Tr.t("confirm.number")
                        color: Theme.inkMuted
                    }
                    KioskText {
                        width: parent.width
                        even: true
                        kind: "label"
                        text: vm.maskedNumber
                        bottomPadding: Theme.mm(3)
                    }
                    KioskText {
                        visible: vm.birthDay !== ""
                        width: parent.width
                        even: true
                        kind: "step"
                        text: Tr.t("confirm.birth")
                        color: Theme.inkMuted
                    }
                    KioskText {
                        visible: vm.birthDay !== ""
                        width: parent.width
                        even: true
                        kind: "label"
                        text: Tr.day(vm.birthDay)
                    }
                }
            }
        }
    }
}
