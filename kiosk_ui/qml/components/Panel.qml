import QtQuick
import "../theme"

// A quiet surface that holds one thing. Its tone tints it.
Rectangle {
    property string tone: "calm"

    radius: Theme.radius
    color: Theme.toneSurface(tone)
    border.width: tone === "calm" && Theme.paletteName !== "high_contrast" ? 0 : Theme.line
    border.color: Theme.toneColor(tone)
}
