import QtQuick
import "../theme"
import "../components"

// The one window: where we are, the question of the moment, what can be done.
Window {
    id: window

    required property QtObject vm           // CheckInViewModel
    required property QtObject appearance   // Appearance
    required property QtObject typesetter   // Typesetter

    property real screenWidthMm: 268        // of the portrait screen; landscape exchanges the two
    property real screenHeightMm: 476.4
    readonly property bool landscape: width > height
    readonly property bool lowReach: appearance ? appearance.lowReach : false
    property QtObject speech: null      // given by who can play sounds
    readonly property Item current: overlayLoader && overlayLoader.item ? overlayLoader.item : screenLoader ? screenLoader.item : null

    title: Theme.ready ? Tr.t("welcome.title") : ""
    color: Theme.surface
    onClosing: Qt.quit()    // no window is left over to keep the program running

    Binding { target: Theme; property: "landscape"; value: window.landscape }
    Binding {
        target: Theme
        property: "pixelsPerMm"
        value: window.landscape
            ? Math.min(window.width / window.screenHeightMm, window.height / window.screenWidthMm)
            : Math.min(window.width / window.screenWidthMm, window.height / window.screenHeightMm)
    }
    Binding { target: Theme; property: "roles"; value: window.appearance.roles }
    Binding { target: Theme; property: "textScale"; value: window.appearance.textScale }
    Binding { target: Theme; property: "motion"; value: window.appearance.motion }
    Binding { target: Theme; property: "lowReach"; value: window.lowReach }
    Binding { target: Theme; property: "reachTop"; value: window.height / 2 - (frameLoader.item ? frameLoader.item.contentTop : 0) }
    Binding { target: Theme; property: "typesetter"; value: window.typesetter }
    Binding { target: Tr; property: "strings"; value: window.appearance.strings }
    Component.onCompleted: Theme.ready = true

    Loader {
        anchors.fill: parent
        active: Theme.ready
        sourceComponent: Item {
            id: frame

            HospitalSign {
                id: sign
                x: Theme.margin
                y: Theme.wideGap
                width: window.landscape ? Math.round(parent.width * 0.22) : parent.width - 2 * Theme.margin
                hospital: window.appearance.hospital
            }
            ReadingControls {
                id: controls
                readonly property real atRight: parent.width - Theme.margin - width
                block: window.lowReach && window.landscape
                x: atRight
                y: window.lowReach
                    ? (block ? actions.y - Theme.gap - height : frame.height - height - Theme.wideGap)
                    : window.landscape ? Theme.wideGap : sign.y + sign.height + Theme.mm(6)
                languages: window.appearance.languages
                language: window.appearance.language
                largeText: window.appearance.textScale > 1
                highContrast: window.appearance.highContrast
                speech: window.speech
                onLanguageTouched: window.appearance.nextLanguage()
                onTextSizeTouched: window.appearance.toggleTextSize()
                onContrastTouched: window.appearance.toggleContrast()
            }
            StepBar {
                id: stepBar
                readonly property real beside: sign.x + sign.width + Theme.gap
                x: window.landscape ? beside : Theme.margin
                y: window.landscape ? Theme.wideGap : (window.lowReach ? sign.y + sign.height : controls.y + controls.height) + Theme.mm(8)
                width: window.landscape ? (window.lowReach ? frame.width - Theme.margin : controls.x - Theme.wideGap) - beside : frame.width - 2 * Theme.margin
                stage: window.vm.stage
            }
            Item {
                id: content
                x: Theme.margin
                width: parent.width - 2 * Theme.margin - (controls.block ? controls.width + Theme.wideGap : 0)
                y: Math.max(window.landscape ? sign.y + sign.height : 0, stepBar.y + stepBar.implicitHeight) + Theme.mm(window.landscape ? 8 : 12)
                height: actions.y - y - Theme.mm(8)

                Loader {
                    id: screenLoader
                    anchors.fill: parent
                    readonly property string name: window.vm.screen
                    visible: window.vm.overlay === ""
                    onNameChanged: {
                        uncovered.stop();
                        setSource(window.fileOf(name), { "vm": window.vm });
                    }
                    onLoaded: appear.restart()
                }
                Loader {
                    id: overlayLoader
                    anchors.fill: parent
                    readonly property string name: window.vm.overlay
                    onNameChanged: {
                        if (name === "") {
                            uncovered.restart();
                            setSource("");
                        } else
                            setSource(window.fileOf(name), { "vm": window.vm });
                    }
                    onLoaded: appear.restart()
                }
                Timer {
                    id: uncovered
                    interval: 400
                }
                NumberAnimation {
                    id: appear
                    target: content
                    property: "opacity"
                    from: Theme.motion ? 0 : 1
                    to: 1
                    duration: Theme.quick
                }
            }
            ActionBar {
                id: actions
                x: Theme.margin
                width: parent.width - 2 * Theme.margin
                height: implicitHeight
                y: parent.height - height - Theme.wideGap - (window.lowReach && !window.landscape ? controls.height + Theme.gap : 0)
                primaryText: window.current ? window.current.primaryText : ""
                primaryIcon: window.current ? window.current.primaryIcon : ""
                primaryEnabled: window.current ? window.current.primaryEnabled : false
                secondaryText: window.current ? window.current.secondaryText : ""
                secondaryIcon: window.current ? window.current.secondaryIcon : ""
                canStartAgain: window.current ? window.current.canStartAgain : false
                isWelcome: window.current ? window.current.isWelcome : false
                lowReach: window.lowReach
                // a second tap meant for what has just gone must not answer the question below it
                onPrimaryTouched: if (!uncovered.running) window.current.primaryTouched()
                onSecondaryTouched: if (!uncovered.running) window.current.secondaryTouched()
                onStaffTouched: window.vm.callStaff()
                onStartAgainTouched: window.vm.startAgain()
                onPrivacyTouched: window.vm.privacy()
                onReachTouched: window.appearance.toggleLowReach()
            }
            readonly property real contentTop: content.y
            property alias screenLoader: screenLoader
            property alias overlayLoader: overlayLoader
        }
        id: frameLoader
    }

    readonly property Loader screenLoader: frameLoader.item ? frameLoader.item.screenLoader : null
    readonly property Loader overlayLoader: frameLoader.item ? frameLoader.item.overlayLoader : null

    // Screens by the names of the flow's states.
    function fileOf(name) {
        return name.split("_").map(word => word.charAt(0).toUpperCase() + word.slice(1)).join("") + "Screen.qml";
    }
}
