import QtQuick
import "../theme"

// How to read and hear: language, size of text, contrast, the spoken words. In one row, or as a block of three rows.
Flow {
    id: controls

    property var languages: []          // [{code, short, name}]
    property string language: ""
    property bool largeText: false
    property bool highContrast: false
    property bool block: false
    property QtObject speech: null      // null: nothing is spoken here

    signal languageTouched
    signal textSizeTouched
    signal contrastTouched

    readonly property int buttons: speech ? 4 : 2
    readonly property real rowWidth: languageButton.implicitWidth + buttons * (Theme.mm(19) + Theme.gap)

    width: block ? Math.max(languageButton.implicitWidth, 2 * Theme.mm(19) + Theme.gap) : rowWidth
    spacing: Theme.gap

    KioskButton {       // all languages in sight, the present one marked; a touch goes on to the next
        id: languageButton
        readonly property var next: {
            const at = controls.languages.findIndex(each => each.code === controls.language);
            return controls.languages.length === 0 ? { "name": "", "code": "" } : controls.languages[(at + 1) % controls.languages.length];
        }
        kind: "quiet"
        implicitHeight: Theme.target
        implicitWidth: codes.width + Theme.mm(2.4)
        padding: 0
        text: next.name
        onClicked: controls.languageTouched()
        contentItem: Item {
            Row {
                id: codes
                anchors.centerIn: parent
                Repeater {
                    model: controls.languages
                    Rectangle {
                        id: code
                        required property var modelData
                        readonly property bool now: modelData.code === controls.language
                        width: Theme.mm(19)
                        height: Theme.target - Theme.mm(2.4)
                        radius: Theme.radius - Theme.mm(1.2)
                        color: now ? Theme.primarySoft : "transparent"
                        border.width: now ? 2 * Theme.line : 0
                        border.color: Theme.primary
                        KioskText {
                            anchors.centerIn: parent
                            kind: "step"
                            font.pixelSize: Theme.mm(10.4)
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
    IconButton {
        text: controls.largeText ? Tr.t("common.text_normal") : Tr.t("common.text_large")
        sign: controls.largeText ? "A–" : "A+"
        onClicked: controls.textSizeTouched()
    }
    IconButton {
        text: controls.highContrast ? Tr.t("common.contrast_normal") : Tr.t("common.contrast_high")
        iconName: "contrast"
        onClicked: controls.contrastTouched()
    }
    IconButton {
        visible: controls.speech !== null
        text: Tr.t("common.repeat")
        iconName: "repeat"
        onClicked: controls.speech.repeat()
    }
    IconButton {
        visible: controls.speech !== null
        readonly property int volume: controls.speech ? controls.speech.volume : 0
        text: Tr.t("common.volume", { "level": volume })
        iconName: controls.speech && controls.speech.muted ? "volume_0" : "volume_" + volume
        onClicked: controls.speech.nextVolume()
    }
}
