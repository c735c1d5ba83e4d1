import QtQuick
import "../theme"

// Text of one kind of the type scale. Wraps between words only. With `even` (needs a width of its own) its lines are
// made of like length, so that no word stands alone.
Text {
    id: text

    property string kind: "body"
    property bool even: false

    readonly property real spare: even && Theme.typesetter && width > 0 && text.text !== ""
        ? Math.max(0, width - Theme.typesetter.evenWidth(text.text, font.pixelSize, font.bold, width)) : 0

    readonly property bool centered: horizontalAlignment === Text.AlignHCenter

    leftPadding: centered ? Math.floor(spare / 2) : 0
    rightPadding: centered ? Math.floor(spare / 2) : Math.floor(spare)

    font.family: Theme.family
    font.pixelSize: Theme.size(kind)
    font.bold: kind === "title" || kind === "heading" || kind === "label" || kind === "tile" || kind === "numeral"
    font.features: ({ "tnum": 1 })
    color: Theme.ink
    textFormat: Text.PlainText
    wrapMode: Text.WordWrap
    lineHeight: Theme.lineEm / Theme.fontLine

    Accessible.role: Accessible.StaticText
    Accessible.name: text.text
    Accessible.ignored: text.text === ""
}
