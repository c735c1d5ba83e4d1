import QtQuick
import "../theme"

// What has been typed so far, large; a still bar shows where the next letter goes.
Rectangle {
    id: field

    property string text: ""
    property string hint: ""            // an example, while nothing is typed
    property string description: ""
    property bool breaksAnywhere: false // for lines of signs without blanks
    property int lines: 1

    implicitHeight: Math.max(Theme.mm(24), shown.implicitHeight + Theme.mm(7), probe.implicitHeight * lines + Theme.mm(7))
    radius: Theme.mm(3)
    color: Theme.surfaceRaised
    border.width: 2 * Theme.line
    border.color: Theme.primary

    Accessible.role: Accessible.StaticText
    Accessible.name: field.text === "" ? field.description : field.description + ": " + field.text

    KioskText { id: probe; visible: false; kind: "heading"; text: "0" }

    KioskText {
        id: shown
        readonly property bool empty: field.text === ""
        anchors.left: parent.left
        anchors.right: parent.right
        anchors.margins: Theme.mm(6)
        anchors.verticalCenter: parent.verticalCenter
        kind: empty ? "step" : "heading"
        text: empty ? field.hint : field.text + "\u2502"
        color: empty ? Theme.inkMuted : Theme.ink
        wrapMode: field.breaksAnywhere ? Text.WrapAnywhere : Text.Wrap
        Accessible.ignored: true
    }
}
