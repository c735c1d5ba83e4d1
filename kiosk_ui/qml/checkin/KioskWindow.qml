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
    Binding { target: Theme; property: "typesetter"; value: window.typesetter }
    Binding { target: Tr; property: "strings"; value: window.appearance.strings }
    Component.onCompleted: Theme.ready = true

    Loader {
        anchors.fill: parent
        active: Theme.ready
        sourceComponent: Item {
            id: frame

            TopBar {
                id: topBar
                x: Theme.margin
                y: Theme.wideGap
                width: parent.width - 2 * Theme.margin
                hospital: window.appearance.hospital
                languages: window.appearance.languages
                language: window.appearance.language
                largeText: window.appearance.textScale > 1
                highContrast: window.appearance.highContrast
                onLanguageTouched: window.appearance.nextLanguage()
                onTextSizeTouched: window.appearance.toggleTextSize()
                onContrastTouched: window.appearance.toggleContrast()
            }
            StepBar {
                x: window.landscape ? Math.round(parent.width * 0.25) : Theme.margin
                y: window.landscape ? topBar.y + Math.round((topBar.height - implicitHeight) / 2) : topBar.y + topBar.height + Theme.mm(9)
                width: window.landscape ? Math.round(parent.width * 0.44) : topBar.width
                id: stepBar
                stage: window.vm.stage
            }
            Item {
                id: content
                x: Theme.margin
                width: parent.width - 2 * Theme.margin
                y: window.landscape
                    ? Math.max(topBar.y + topBar.height, stepBar.y + stepBar.implicitHeight) + Theme.mm(9)
                    : stepBar.y + stepBar.implicitHeight + Theme.mm(14)
                height: actions.y - y - Theme.mm(10)

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
                y: parent.height - height - Theme.wideGap
                primaryText: window.current ? window.current.primaryText : ""
                primaryIcon: window.current ? window.current.primaryIcon : ""
                primaryEnabled: window.current ? window.current.primaryEnabled : false
                secondaryText: window.current ? window.current.secondaryText : ""
                secondaryIcon: window.current ? window.current.secondaryIcon : ""
                canStartAgain: window.current ? window.current.canStartAgain : false
                // a second tap meant for what has just gone must not answer the question below it
                onPrimaryTouched: if (!uncovered.running) window.current.primaryTouched()
                onSecondaryTouched: if (!uncovered.running) window.current.secondaryTouched()
                onStaffTouched: window.vm.callStaff()
                onStartAgainTouched: window.vm.startAgain()
            }
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
