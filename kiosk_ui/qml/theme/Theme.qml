pragma Singleton
import QtQuick

// Colours by role, sizes in millimetres, type scale, motion. The window fills in the upper block; nothing else writes here.
QtObject {
    id: theme

    property bool ready: false
    property var roles: ({})
    property real pixelsPerMm: 4.03
    property real textScale: 1.0
    property bool motion: true
    property bool landscape: false
    property bool lowReach: false       // every control in the lower half of the screen
    property real reachTop: 0           // where that half begins, from the top of a screen's own area
    property QtObject typesetter: null

    // ---- colours (theme/*.json; contrast is computed from these roles in the tests)
    readonly property string paletteName: roles.name ?? ""
    readonly property color surface: roles.surface ?? "transparent"
    readonly property color surfaceRaised: roles.surfaceRaised ?? "transparent"
    readonly property color ink: roles.ink ?? "transparent"
    readonly property color inkMuted: roles.inkMuted ?? "transparent"
    readonly property color outline: roles.outline ?? "transparent"
    readonly property color divider: roles.divider ?? "transparent"
    readonly property color primary: roles.primary ?? "transparent"
    readonly property color primaryPressed: roles.primaryPressed ?? "transparent"
    readonly property color primaryInk: roles.primaryInk ?? "transparent"
    readonly property color primarySoft: roles.primarySoft ?? "transparent"
    readonly property color primarySoftInk: roles.primarySoftInk ?? "transparent"
    readonly property color disabled: roles.disabled ?? "transparent"
    readonly property color disabledInk: roles.disabledInk ?? "transparent"

    // A tone is a colour, a shape and a word, never the colour alone.
    function toneColor(tone) {
        switch (tone) {
        case "positive": return roles.positive;
        case "caution": return roles.caution;
        case "stop": return roles.stop;
        default: return roles.primarySoftInk;
        }
    }
    function toneSurface(tone) {
        switch (tone) {
        case "positive": return roles.positiveSoft;
        case "caution": return roles.cautionSoft;
        case "stop": return roles.stopSoft;
        default: return roles.primarySoft;
        }
    }
    function toneIcon(tone) {
        switch (tone) {
        case "positive": return "tick_circle";
        case "caution": return "caution";
        case "stop": return "stop";
        default: return "info";
        }
    }

    // ---- measures
    function mm(length) { return Math.round(length * pixelsPerMm); }

    readonly property real target: mm(17)           // at least 15 mm
    readonly property real actionHeight: mm(22)     // buttons of the bar below
    readonly property real primaryHeight: mm(28)    // at least 22 mm
    readonly property real gap: mm(8)               // at least 8 mm between targets
    readonly property real wideGap: mm(12)
    readonly property real margin: mm(16)
    readonly property real radius: mm(7)
    readonly property real line: Math.max(1, mm(0.6))

    // ---- type: pixel sizes; Noto Sans has capitals of 0.714 em, so 10.4 mm gives 7.4 mm (0.7° at 60 cm, EN 301 549
    // 5.1.4): the least for whatever a patient reads. "caption" is for codes that only staff need.
    readonly property string family: "Noto Sans"
    readonly property var sizesMm: ({ "caption": 6.8, "step": 10.4, "body": 10.4, "label": 10.4, "tile": 10.4, "heading": 12.4, "title": 14.8, "numeral": 22 })
    // What is large already grows less, as it must still fit: 130 % gives headings 120 % and titles 115 %.
    readonly property var growth: ({ "tile": 0.33, "heading": 0.67, "title": 0.5, "numeral": 0 })
    function size(kind) {
        const grows = kind === "tile" && lowReach ? 0 : growth[kind] ?? 1;   // half the room: tiles keep their size
        const scale = 1 + (textScale - 1) * grows;
        return Math.max(1, Math.round(sizesMm[kind] * scale * pixelsPerMm));
    }
    // Vietnamese stacks two marks on a letter: lines of at least 1.45 em. The font's own line is 1.362 em.
    readonly property real fontLine: 1.362
    readonly property real lineEm: 1.47

    // ---- motion
    readonly property int quick: motion ? 160 : 0   // at most 200 ms

    function icon(name, color) { return "image://drawing/icons/" + name + "/" + paletteName + "/" + String(color).replace("#", ""); }
    function scene(name) { return "image://drawing/scenes/" + name + "/" + paletteName; }
}
