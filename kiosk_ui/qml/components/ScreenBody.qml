import QtQuick
import "../theme"

// One question: tone, title, message, what belongs to it, and a stage for the picture or the keys.
// Portrait stacks them; landscape puts the words left and the stage right, unless `wide` asks for the whole width.
// In low reach a stage that is touched begins in the lower half, below the words.
Item {
    id: body

    required property QtObject vm       // CheckInViewModel

    property string tone: "calm"
    property string toneText: ""
    property string title: ""
    property string message: ""
    property string problem: ""         // why it is asked again: stands in the title's place, with its shape
    property string staffCode: ""       // small, for staff
    property Component aside: null      // below the words
    property Component stage: null      // fills the rest
    property bool wide: false
    property bool touchable: false      // the stage holds something to touch
    property real wordsShare: Theme.textScale > 1 ? 0.6 : 0.46
    property real stageMinimum: 0       // what the stage needs in portrait; the aside gets the rest

    // what the bar of actions offers for this screen
    property string primaryText: ""
    property string primaryIcon: ""
    property bool primaryEnabled: true
    property string secondaryText: ""
    property string secondaryIcon: ""
    property bool canStartAgain: true
    property bool isWelcome: false
    signal primaryTouched
    signal secondaryTouched

    readonly property Item stageItem: stageLoader.item
    readonly property bool lowered: Theme.lowReach && touchable
    readonly property bool columns: Theme.landscape && !wide && !lowered
    readonly property real wordsWidth: columns ? Math.floor((width - 2 * Theme.wideGap) * wordsShare) : width
    // height that is left for the aside, so that it can leave out what does not fit
    readonly property real asideRoom: (lowered ? Theme.reachTop - Theme.mm(6) : height - codeHeight) - asideLoader.y
        - (columns || lowered || stage === null ? 0 : stageMinimum + Theme.mm(9))
    readonly property real codeHeight: code.visible ? code.implicitHeight + Theme.mm(3) : 0

    // where large words would not fit beside a picture, the question is set one step smaller and closer
    readonly property bool crowded: columns && asideLoader.sourceComponent === null
        && (tone !== "calm" && toneText !== "" ? Theme.mm(24) * Theme.textScale : 0) + probe.implicitHeight + said.implicitHeight + Theme.mm(11) > height - codeHeight
    KioskText {     // never seen: the question at its own size
        id: probe
        visible: false
        width: body.wordsWidth
        kind: "title"
        text: body.title
    }

    Column {
        id: words
        width: body.wordsWidth
        y: body.columns ? Math.max(0, Math.floor((body.height - body.codeHeight - implicitHeight) / 2)) : 0
        spacing: Theme.mm(body.crowded ? 2 : 5.5)

        ToneMark {
            visible: body.toneText !== ""
            tone: body.tone
            text: body.toneText
        }
        Item {
            width: parent.width
            height: Math.max(sign.visible ? sign.height : 0, heading.height)
            Icon {
                id: sign
                visible: body.problem !== ""
                name: visible ? "caution" : ""
                color: Theme.toneColor("caution")
                extent: Theme.mm(15)
                y: Math.round((heading.height - height) / 2)
            }
            KioskText {
                id: heading
                x: sign.visible ? sign.width + Theme.mm(4) : 0
                width: parent.width - x
                even: true
                kind: "title"
                font.pixelSize: Theme.size(body.problem === "" && !body.crowded ? "title" : "heading")
                text: body.problem === "" ? body.title : body.problem
                color: body.problem === "" ? Theme.ink : Theme.toneColor("caution")
                Accessible.role: Accessible.Heading
            }
        }
        KioskText {
            id: said
            visible: text !== ""
            width: parent.width
            even: true
            kind: "body"
            text: body.message
            color: Theme.inkMuted
        }
        Loader {
            id: asideLoader
            visible: body.aside !== null
            width: parent.width
            sourceComponent: body.aside
        }
    }
    Loader {
        id: stageLoader
        sourceComponent: body.stage
        x: body.columns ? body.wordsWidth + 2 * Theme.wideGap : 0
        y: body.columns ? 0 : body.lowered ? Math.max(words.height + Theme.mm(5), Theme.reachTop) : words.height + Theme.mm(8)
        width: body.width - x
        height: Math.max(0, body.height - y - (body.columns ? 0 : body.codeHeight))
    }
    KioskText {
        id: code
        visible: body.staffCode !== ""
        anchors.left: parent.left
        anchors.bottom: parent.bottom
        width: body.wordsWidth
        kind: "caption"
        text: body.staffCode === "" ? "" : Tr.t("common.staff_code", { "code": body.staffCode })
        color: Theme.inkMuted
        wrapMode: Text.Wrap
    }
}
