import QtQuick
import "../theme"
import "../components"

// What every visit begins with: language, theme, loudness. Kept on this kiosk.
Column {
    id: defaults

    required property QtObject model

    spacing: Theme.mm(4)

    Repeater {
        model: ["language", "palette", "volume"]
        Column {
            id: choice
            required property string modelData
            readonly property string what: modelData
            readonly property var values: what === "language" ? defaults.model.languages : what === "palette" ? defaults.model.palettes : defaults.model.volumes
            width: defaults.width
            spacing: Theme.mm(2)
            KioskText {
                width: parent.width
                kind: "caption"
                color: Theme.inkMuted
                text: Tr.t("operator.choice." + choice.what)
            }
            Flow {
                width: parent.width
                spacing: Theme.gap
                Repeater {
                    model: choice.values
                    KioskButton {
                        required property string modelData
                        readonly property bool now: defaults.model.defaults[choice.what] === modelData
                        implicitHeight: Theme.target
                        implicitWidth: Math.max(Theme.target, contentItem.implicitWidth + leftPadding + rightPadding)
                        textKind: "caption"
                        kind: now ? "primary" : "secondary"
                        iconName: now ? "tick" : ""
                        enabled: defaults.model.busy === ""
                        text: choice.what === "palette" ? Tr.t("operator.palette." + modelData) : modelData.toUpperCase()
                        Accessible.checkable: true
                        Accessible.checked: now
                        onClicked: defaults.model.choose(choice.what, modelData)
                    }
                }
            }
        }
    }
}
