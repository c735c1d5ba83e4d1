import QtQuick
import "../theme"
import "../components"

// One line: what it is, and how it is, with a shape and a word where that matters.
Item {
    id: fact

    property string label: ""
    property string value: ""
    property string tone: ""

    implicitHeight: Math.max(name.implicitHeight, told.implicitHeight) + Theme.mm(2.5)

    Accessible.role: Accessible.StaticText
    Accessible.name: label + ": " + value + (tone === "" ? "" : " – " + Tr.t("operator.tone." + tone))

    KioskText {
        id: name
        width: parent.width * 0.42
        kind: "caption"
        color: Theme.inkMuted
        text: fact.label
        Accessible.ignored: true
    }
    Icon {
        id: mark
        anchors.left: name.right
        anchors.leftMargin: Theme.mm(3)
        y: Theme.mm(1)
        visible: fact.tone !== ""
        name: fact.tone === "" ? "" : Theme.toneIcon(fact.tone)
        color: Theme.toneColor(fact.tone)
        extent: Theme.mm(7.5)
    }
    KioskText {
        id: told
        anchors.left: mark.right
        anchors.leftMargin: Theme.mm(3)
        anchors.right: parent.right
        kind: "caption"
        font.bold: true
        wrapMode: Text.Wrap
        text: fact.value
        Accessible.ignored: true
    }
    Rectangle {
        anchors.bottom: parent.bottom
        width: parent.width
        height: Theme.line
        color: Theme.divider
    }
}
