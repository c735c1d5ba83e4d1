import QtQuick
import "../theme"
import "../components"

// The door: the operator's PIN, by touch or by keyboard. A scanner that types like a keyboard types faster than fingers:
// what comes so fast never counts, and neither does its Enter, so that no code held before the kiosk is tried as a PIN.
Cover {
    id: page
    objectName: "pin"

    required property QtObject model
    property string digits: ""
    property int fastestMs: 30      // between two keys of a person
    property double keyAt: 0
    property bool scanned: false    // until the keys have rested
    readonly property bool locked: model.waitSeconds > 0 || model.pinAnswer === "not_set"

    function send() {
        if (digits.length >= 6 && !locked && model.busy === "")
            model.tryPin(digits);
        digits = "";
    }

    function isScanned() {
        const pause = Date.now() - keyAt;
        keyAt += pause;
        scanned = pause < fastestMs || (scanned && pause < 500);
        return scanned;
    }

    Keys.onPressed: event => {
        event.accepted = true;
        if (isScanned())
            page.digits = "";
        else if (event.key === Qt.Key_Escape)
            page.model.leave();
        else if (event.key === Qt.Key_Backspace)
            page.digits = page.digits.slice(0, -1);
        else if (event.key === Qt.Key_Return || event.key === Qt.Key_Enter)
            page.send();
        else if (event.text >= "0" && event.text <= "9" && event.text.length === 1 && page.digits.length < 12)
            page.digits += event.text;
        else
            event.accepted = false;
    }

    Column {
        width: Math.min(parent.width - 2 * Theme.margin, Theme.mm(220))
        anchors.horizontalCenter: parent.horizontalCenter
        y: Theme.landscape ? Theme.mm(12) : Theme.mm(50)
        spacing: Theme.gap

        KioskText {
            width: parent.width
            kind: "heading"
            horizontalAlignment: Text.AlignHCenter
            text: Tr.t("operator.pin_title")
        }
        KioskText {
            width: parent.width
            kind: "title"
            horizontalAlignment: Text.AlignHCenter
            text: page.digits === "" ? "–" : "●".repeat(page.digits.length)
            Accessible.name: Tr.t("operator.pin_typed", { "count": page.digits.length })
        }
        KioskText {
            width: parent.width
            kind: "body"
            horizontalAlignment: Text.AlignHCenter
            Accessible.role: Accessible.AlertMessage
            text: page.model.waitSeconds > 0 ? Tr.t("operator.pin_wait", { "s": page.model.waitSeconds })
                : page.model.pinAnswer === "not_set" ? Tr.t("operator.pin_not_set")
                : page.model.busy !== "" ? Tr.t("operator.pin_checked")
                : page.model.pinAnswer === "wrong" || page.model.pinAnswer === "locked" ? Tr.t("operator.pin_wrong")
                : Tr.t("operator.pin_hint")
        }
        Keypad {
            width: parent.width
            height: Theme.landscape ? Theme.mm(112) : Theme.mm(160)
            enabled: !page.locked
            onDigit: value => { if (page.digits.length < 12) page.digits += value; }
            onDeleted: page.digits = page.digits.slice(0, -1)
            onEmptied: page.digits = ""
        }
        Row {
            anchors.horizontalCenter: parent.horizontalCenter
            spacing: Theme.gap
            KioskButton {
                text: Tr.t("operator.close")
                onClicked: page.model.leave()
            }
            KioskButton {
                kind: "primary"
                implicitHeight: Theme.actionHeight
                enabled: page.digits.length >= 6 && !page.locked && page.model.busy === ""
                text: Tr.t("operator.pin_open")
                onClicked: page.send()
            }
        }
    }
}
