import QtQuick
import QtQuick.Controls.Basic

// The patient's hands in the demonstration: a tool beside the kiosk, plain on purpose.
ApplicationWindow {
    id: tray

    required property QtObject hands    // TrayViewModel

    title: "Bàn thử / Test tray"
    width: 620
    height: 760
    color: "#eceff0"
    font.family: "Noto Sans"
    font.pixelSize: 15
    onClosing: Qt.quit()

    header: Column {
        padding: 16
        spacing: 10
        Label {
            width: tray.width - 32
            text: "Bàn thử / Test tray"
            font.pixelSize: 22
            font.bold: true
        }
        Label {
            width: tray.width - 32
            wrapMode: Text.WordWrap
            text: tray.hands.way + " All people are invented."
        }
        Row {
            spacing: 12
            Button {
                text: "Lift card / Nhấc thẻ"
                enabled: tray.hands.laid !== ""
                onClicked: tray.hands.lift()
            }
            Switch {
                text: tray.hands.relayOn ? "Insurance relay: on" : "Insurance relay: off"
                checked: tray.hands.relayOn
                onClicked: tray.hands.toggleRelay()
            }
        }
    }

    ListView {
        anchors.fill: parent
        anchors.margins: 12
        clip: true
        spacing: 8
        model: tray.hands.people
        ScrollBar.vertical: ScrollBar {}
        delegate: Rectangle {
            id: person
            required property var modelData
            width: ListView.view.width - 14
            height: Math.max(words.implicitHeight, buttons.implicitHeight) + 20
            radius: 8
            color: "white"
            border.width: tray.hands.laid === modelData.name ? 3 : 1
            border.color: tray.hands.laid === modelData.name ? "#0b5263" : "#b9c4c8"

            Column {
                id: words
                anchors.left: parent.left
                anchors.leftMargin: 12
                anchors.right: buttons.left
                anchors.rightMargin: 12
                anchors.verticalCenter: parent.verticalCenter
                Label {
                    width: parent.width
                    wrapMode: Text.WordWrap
                    font.bold: true
                    text: person.modelData.full_name
                }
                Label {
                    text: person.modelData.number + "   ·   " + person.modelData.expected
                }
                Label {
                    width: parent.width
                    wrapMode: Text.WordWrap
                    color: "#3c4b53"
                    font.pixelSize: 13
                    text: person.modelData.what_for
                }
            }
            Column {
                id: buttons
                anchors.right: parent.right
                anchors.rightMargin: 12
                anchors.verticalCenter: parent.verticalCenter
                spacing: 6
                Button {
                    width: 130
                    text: "Scan QR"
                    Accessible.name: "Scan QR of " + person.modelData.name
                    onClicked: tray.hands.scan(person.modelData.name)
                }
                Button {
                    width: 130
                    text: "Lay card"
                    Accessible.name: "Lay card of " + person.modelData.name
                    onClicked: tray.hands.lay(person.modelData.name)
                }
            }
        }
    }
}
