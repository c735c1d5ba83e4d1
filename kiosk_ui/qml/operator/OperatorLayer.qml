import QtQuick
import "../theme"

// Over everything: sees the hidden gesture (the hospital's sign pressed for five seconds on the welcome screen) without
// taking it from anybody, and shows the page when it is wanted.
Item {
    id: layer

    required property QtObject vm       // CheckInViewModel
    required property QtObject model    // OperatorModel

    readonly property bool atRest: vm.screen === "welcome" && vm.overlay === ""

    anchors.fill: parent
    z: 1000

    // The hospital's sign, wherever the layout of the moment has put it.
    function markIn(item) {
        for (const child of item.children) {
            if (!child.visible)
                continue;
            if (String(child).startsWith("HospitalSign"))
                return child;
            const found = markIn(child);
            if (found)
                return found;
        }
        return null;
    }
    function isOnMark(point) {
        const mark = markIn(layer.parent);
        if (!mark)
            return point.x <= Theme.mm(40) && point.y <= Theme.mm(40);
        const at = layer.mapToItem(mark, point.x, point.y);
        return at.x >= 0 && at.y >= 0 && at.x <= mark.width && at.y <= mark.height;
    }

    PointHandler {
        id: finger
        enabled: layer.model.page === "closed"
        readonly property bool held: active && layer.atRest && layer.isOnMark(point.position)
        onHeldChanged: held ? gesture.restart() : gesture.stop()
    }
    Timer {
        id: gesture
        objectName: "gesture"
        interval: 5000
        onTriggered: layer.model.knock()
    }

    Loader {
        id: page
        anchors.fill: parent
        readonly property string name: layer.model.page
        focus: name !== "closed"
        onNameChanged: {
            if (name === "closed")
                setSource("");
            else
                setSource(name === "pin" ? "PinPage.qml" : "OperatorPage.qml", { "model": layer.model });
        }
        onLoaded: item.forceActiveFocus()
    }
}
