import QtQuick
import "../theme"

// What can be done. The primary action is always at the same place: bottom right in landscape, above the
// constant ones in portrait. "Call staff" is on every screen, "start again" on every screen of a visit.
Item {
    id: bar

    property string primaryText: ""
    property bool primaryEnabled: true
    property string primaryIcon: ""
    property string secondaryText: ""
    property string secondaryIcon: ""
    property bool canStartAgain: true
    property bool isWelcome: false      // nobody is here yet: about data, and where the controls are
    property bool lowReach: false
    readonly property bool wide: Theme.landscape
    readonly property real gap: Theme.gap

    signal primaryTouched
    signal secondaryTouched
    signal staffTouched
    signal startAgainTouched
    signal privacyTouched
    signal reachTouched

    readonly property bool hasMiddle: middle.visible
    readonly property real systemHeight: Math.max(staff.implicitHeight, middle.visible ? middle.implicitHeight : 0)
    readonly property real rowHeight: Math.max(Theme.primaryHeight, systemHeight, questionHeight)
    readonly property real questionHeight: wide
        ? Math.max(primary.visible ? primary.implicitHeight : 0, secondary.visible ? secondary.implicitHeight : 0)
        : (secondary.visible ? secondary.implicitHeight + Theme.gap : 0) + (primary.visible ? primary.implicitHeight + Theme.gap : 0)

    implicitHeight: wide ? rowHeight : systemHeight + questionHeight

    // widths in landscape: all places in one row; in portrait: whole rows, the last one shared
    readonly property real reachSpace: reach.visible ? reach.width + gap : 0
    readonly property real room: width - 3 * Theme.gap - reachSpace
    readonly property real questionWidth: (primary.visible ? primaryWidth + gap : 0) + (secondary.visible ? secondaryWidth + gap : 0)
    readonly property real systemHalf: Math.floor((width - questionWidth - gap - reachSpace) / 2)
    readonly property real staffWidth: wide ? Math.min(staff.implicitWidth, systemHalf) : hasMiddle ? width - gap - middleWidth - reachSpace : width - reachSpace
    readonly property real middleWidth: wide ? Math.min(middle.implicitWidth, systemHalf)
        : Math.floor(shared >= together ? shared * middle.implicitWidth / together : Math.min(middle.implicitWidth, shared * 0.55))
    readonly property real shared: width - gap - reachSpace
    readonly property real together: Math.max(1, middle.implicitWidth + staff.implicitWidth)
    readonly property real secondaryWidth: wide ? Math.min(secondary.implicitWidth, Math.floor(room * (primary.visible ? 0.26 : 0.4))) : width
    readonly property real primaryWidth: wide ? Math.floor(room * (secondary.visible ? 0.26 : 0.36)) : width

    // Tab and assistive technology meet what answers the question first, then what is always there.
    KioskButton {
        id: secondary
        kind: "secondary"
        iconName: bar.secondaryIcon
        text: bar.secondaryText
        visible: text !== ""
        width: bar.secondaryWidth
        height: bar.wide ? bar.rowHeight : implicitHeight
        x: bar.wide ? bar.width - width - (primary.visible ? bar.primaryWidth + Theme.gap : 0) : 0
        y: bar.wide ? bar.height - height : 0
        onClicked: bar.secondaryTouched()
    }
    KioskButton {
        id: primary
        kind: "primary"
        iconName: bar.primaryIcon
        iconAfter: true
        text: bar.primaryText
        visible: text !== ""
        enabled: bar.primaryEnabled
        width: bar.primaryWidth
        height: bar.wide ? bar.rowHeight : implicitHeight
        x: bar.wide ? bar.width - width : 0
        y: bar.wide ? bar.height - height : bar.height - bar.systemHeight - Theme.gap - height
        onClicked: bar.primaryTouched()
    }
    KioskButton {
        id: staff
        kind: "secondary"
        iconName: "staff"
        text: Tr.t("common.call_staff")
        width: bar.staffWidth
        height: bar.wide ? bar.rowHeight : bar.systemHeight
        x: 0
        y: bar.height - height
        onClicked: bar.staffTouched()
    }
    KioskButton {
        id: middle
        kind: "secondary"
        iconName: bar.isWelcome ? "shield" : "again"
        text: bar.isWelcome ? Tr.t("welcome.privacy") : Tr.t("common.start_again")
        visible: bar.isWelcome || bar.canStartAgain
        width: bar.middleWidth
        height: staff.height
        x: staff.width + Theme.gap
        y: bar.height - height
        onClicked: bar.isWelcome ? bar.privacyTouched() : bar.startAgainTouched()
    }
    IconButton {
        id: reach
        kind: "secondary"
        iconName: "wheelchair"
        on: bar.lowReach
        text: bar.lowReach ? Tr.t("common.reach_normal") : Tr.t("common.reach_low")
        visible: bar.isWelcome
        width: Theme.mm(22)
        height: staff.height
        x: bar.wide ? middle.x + middle.width + Theme.gap : bar.width - width
        y: bar.height - height
        onClicked: bar.reachTouched()
    }
}
