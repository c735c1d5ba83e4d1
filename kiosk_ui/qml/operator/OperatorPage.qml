import QtQuick
import "../theme"
import "../components"

// For staff: everything about this kiosk, one section at a time, the state of each at a glance on the left.
Cover {
    id: page
    objectName: "operatorPage"

    required property QtObject model
    property string chosen: "reader"
    readonly property var section: {
        const found = page.model.sections.filter(each => each.name === page.chosen);
        return found.length > 0 ? found[0] : { "name": page.chosen, "facts": [], "charts": [], "lines": [], "actions": [] };
    }
    readonly property var names: ["reader", "trust", "services", "outbox", "today", "printer", "program", "log"]

    property var actions: []    // exchanged only when they are others, so that a look every few seconds takes no focus away
    onSectionChanged: {
        if (JSON.stringify(section.actions) !== JSON.stringify(actions))
            actions = section.actions;
    }

    property string asked: ""   // the section in which something was tried: its result is shown there and nowhere else
    Connections {
        target: page.model
        function onChanged() {
            if (page.model.busy !== "")
                page.asked = page.chosen;
        }
    }

    function step(by) {
        chosen = names[(names.indexOf(chosen) + by + names.length) % names.length];
    }
    function scroll(by) {
        body.contentY = Math.max(0, Math.min(body.contentHeight - body.height, body.contentY + by));
    }

    Component.onCompleted: model.refresh()
    onChosenChanged: body.contentY = 0

    Keys.onPressed: event => {
        switch (event.key) {
        case Qt.Key_Escape: page.model.leave(); break;
        case Qt.Key_PageDown: scroll(body.height * 0.8); break;
        case Qt.Key_PageUp: scroll(-body.height * 0.8); break;
        case Qt.Key_Down: page.step(1); break;
        case Qt.Key_Up: page.step(-1); break;
        case Qt.Key_F5: page.model.refresh(); break;
        default: return;
        }
        event.accepted = true;
    }

    KioskText {
        id: title
        x: Theme.margin
        y: Theme.wideGap
        height: Theme.target
        verticalAlignment: Text.AlignVCenter
        kind: "heading"
        text: Tr.t("operator.title")
    }
    KioskButton {
        anchors.right: parent.right
        anchors.rightMargin: Theme.margin
        y: Theme.wideGap
        implicitHeight: Theme.target
        textKind: "step"
        text: Tr.t("operator.close")
        onClicked: page.model.leave()
    }

    Column {
        id: list
        x: Theme.margin
        y: title.y + Theme.target + Theme.gap
        width: Theme.mm(92)
        spacing: Theme.gap
        Repeater {
            model: page.names
            KioskButton {
                required property string modelData
                readonly property var found: page.model.sections.filter(each => each.name === modelData)
                readonly property string tone: found.length > 0 ? found[0].tone : ""
                width: list.width
                implicitHeight: Theme.target
                textKind: "caption"
                kind: modelData === page.chosen ? "primary" : "secondary"
                iconName: tone === "" ? "" : Theme.toneIcon(tone)
                text: Tr.t("operator.section." + modelData)
                Accessible.description: tone === "" ? "" : Tr.t("operator.tone." + tone)
                onClicked: page.chosen = modelData
            }
        }
    }

    Flickable {
        id: body
        objectName: "body"
        anchors.left: list.right
        anchors.leftMargin: Theme.wideGap
        anchors.right: parent.right
        anchors.rightMargin: Theme.margin
        anchors.top: list.top
        anchors.bottom: parent.bottom
        anchors.bottomMargin: Theme.wideGap
        contentWidth: width
        contentHeight: rows.height
        clip: true
        boundsBehavior: Flickable.StopAtBounds

        Column {
            id: rows
            width: body.width
            spacing: Theme.mm(5)

            FactList {
                width: parent.width
                facts: page.section.facts
            }
            Fact {      // what the scanner has just sent, by its kind alone
                width: parent.width
                visible: page.chosen === "reader"
                label: Tr.t("operator.label.last_scan")
                value: page.model.lastScan === "" ? Tr.t("operator.scan.none") : Tr.t("operator.scan." + page.model.lastScan)
                tone: page.model.lastScan === "" ? "" : page.model.lastScan === "unreadable" ? "caution" : "positive"
            }
            Repeater {
                model: page.section.charts
                BarChart {
                    required property var modelData
                    width: rows.width
                    chart: modelData
                }
            }
            Defaults {
                width: parent.width
                visible: page.chosen === "program"
                model: page.model
            }
            Flow {
                width: parent.width
                spacing: Theme.gap
                Repeater {
                    model: page.actions
                    KioskButton {
                        required property string modelData
                        implicitHeight: Theme.target
                        textKind: "caption"
                        enabled: page.model.busy === ""
                        text: Tr.t("operator.action." + modelData)
                        onClicked: page.model.act(modelData)
                    }
                }
            }
            KioskText {
                width: parent.width
                kind: "caption"
                visible: page.model.busy !== "" && page.asked === page.chosen
                text: Tr.t("operator.busy")
                Accessible.role: Accessible.AlertMessage
            }
            FactList {
                width: parent.width
                visible: facts.length > 0 && page.asked === page.chosen
                facts: page.model.results
            }
            KioskText {
                width: parent.width
                visible: page.chosen === "log"
                font.pixelSize: Theme.mm(4.4)
                wrapMode: Text.WrapAnywhere
                text: page.section.lines.length > 0 ? page.section.lines.join("\n") : Tr.t("operator.nothing_yet")
            }
        }
    }
}
