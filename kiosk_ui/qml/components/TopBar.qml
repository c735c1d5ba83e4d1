import QtQuick
import "../theme"

// The hospital, and how to read: language, size of text, contrast.
Item {
    id: bar

    property string hospital: ""
    property string languageShort: ""
    property var languages: []          // [{code, short, name}]
    property string language: ""
    property bool largeText: false
    property bool highContrast: false

    signal languageTouched
    signal textSizeTouched
    signal contrastTouched

    implicitHeight: Math.max(Theme.target, name.implicitHeight)

    Rectangle {
        id: sign
        width: Theme.mm(14)
        height: width
        radius: Theme.mm(4)
        anchors.verticalCenter: parent.verticalCenter
        color: Theme.primary
        Icon {
            anchors.centerIn: parent
            name: "department_general"
            color: Theme.primaryInk
            extent: parent.width * 0.72
        }
    }
    KioskText {
        id: name
        anchors.left: sign.right
        anchors.leftMargin: Theme.mm(4)
        anchors.right: controls.left
        anchors.rightMargin: Theme.gap
        anchors.verticalCenter: parent.verticalCenter
        kind: "caption"
        font.bold: true
        text: bar.hospital
        color: Theme.inkMuted
    }
    Row {
        id: controls
        anchors.right: parent.right
        anchors.verticalCenter: parent.verticalCenter
        spacing: Theme.gap

        KioskButton {       // all languages in sight, the present one marked; a touch goes on to the next
            id: languageButton
            readonly property var next: {
                const at = bar.languages.findIndex(each => each.code === bar.language);
                return bar.languages.length === 0 ? { "name": "", "code": "" } : bar.languages[(at + 1) % bar.languages.length];
            }
            kind: "quiet"
            implicitHeight: Theme.target
            implicitWidth: codes.width + Theme.mm(2.4)
            padding: 0
            text: next.name
            onClicked: bar.languageTouched()
            contentItem: Item {
                Row {
                    id: codes
                    anchors.centerIn: parent
                    Repeater {
                        model: bar.languages
                        Rectangle {
                            id: code
                            required property var modelData
                            readonly property bool now: modelData.code === bar.language
                            width: Theme.mm(18)
                            height: Theme.target - Theme.mm(2.4)
                            radius: Theme.radius - Theme.mm(1.2)
                            color: now ? Theme.primarySoft : "transparent"
                            border.width: now ? 2 * Theme.line : 0
                            border.color: Theme.primary
                            KioskText {
                                anchors.centerIn: parent
                                kind: "step"
                                font.pixelSize: Theme.mm(8.2)
                                font.bold: code.now
                                text: code.modelData.short
                                color: code.now ? Theme.primarySoftInk : Theme.inkMuted
                                Accessible.ignored: true
                            }
                        }
                    }
                }
            }
        }
        KioskButton {
            kind: "quiet"
            implicitHeight: Theme.target
            implicitWidth: Theme.mm(19)
            padding: 0
            text: bar.largeText ? Tr.t("common.text_normal") : Tr.t("common.text_large")
            onClicked: bar.textSizeTouched()
            contentItem: Item {
                KioskText {
                    anchors.centerIn: parent
                    font.pixelSize: Theme.mm(bar.largeText ? 8 : 9.4)
                    font.bold: true
                    text: bar.largeText ? "A–" : "A+"
                    color: Theme.primarySoftInk
                    Accessible.ignored: true
                }
            }
        }
        KioskButton {
            kind: "quiet"
            implicitHeight: Theme.target
            implicitWidth: Theme.mm(19)
            padding: 0
            text: bar.highContrast ? Tr.t("common.contrast_normal") : Tr.t("common.contrast_high")
            onClicked: bar.contrastTouched()
            contentItem: Item {
                Icon {
                    anchors.centerIn: parent
                    name: "contrast"
                    color: Theme.primarySoftInk
                    extent: Theme.mm(10)
                }
            }
        }
    }
}
