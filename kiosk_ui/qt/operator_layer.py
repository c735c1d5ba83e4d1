"""Lays the operator's page over the kiosk's window, and the interface's sign of life beside it."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QTimer, QUrl, Slot
from PySide6.QtQml import QQmlComponent
from PySide6.QtQuick import QQuickItem

from kiosk_ui.app.operation.signs_of_life import Pulse
from kiosk_ui.qt.application import QML_FOLDER, KioskApplication
from kiosk_ui.qt.operator_model import OperatorModel

__all__ = ["Heartbeat", "OperatorLayer"]

_BEAT_EVERY_MS = 500
_TOUCHES = frozenset({QEvent.Type.TouchBegin, QEvent.Type.MouseButtonPress, QEvent.Type.KeyPress})


class Heartbeat(QObject):
    """Shows that Qt's loop turns: a thread of the interface that is blocked, or waits for ever, shows nothing."""

    def __init__(self, pulse: Pulse, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pulse = pulse
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._beat)
        self._timer.start(_BEAT_EVERY_MS)
        pulse.beat()

    @Slot()
    def _beat(self) -> None:
        self._pulse.beat()


class OperatorLayer(QObject):
    """The layer. It sees the hidden gesture, and covers everything once the page is open.

    Args:
        shown: the kiosk's window.
        model: of the page.
        pulse: gets the interface's signs of life.
    """

    def __init__(self, shown: KioskApplication, model: OperatorModel, pulse: Pulse) -> None:
        super().__init__()
        self._model = model
        self._heartbeat = Heartbeat(pulse, self)
        self._component = QQmlComponent(
            shown.engine, QUrl.fromLocalFile(str(QML_FOLDER / "operator" / "OperatorLayer.qml")), self
        )
        content = shown.window.contentItem()
        item = self._component.createWithInitialProperties({"parent": content, "vm": shown.view_model, "model": model})
        if not isinstance(item, QQuickItem):
            raise RuntimeError(f"the operator's page could not be made: {self._component.errorString()}")
        self.item = item
        item.setParent(self)
        self._window = shown.window
        self._window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """See every event of the window and let it pass (Qt calls this)."""
        if event.type() in _TOUCHES:
            self._model.touched()
        return False

    def close(self) -> None:
        """Take the layer down, here and now, before the window."""
        self._window.removeEventFilter(self)
        self._model.close()
        self.item.setVisible(False)
        for each in (self, self._model):
            each.deleteLater()
            QCoreApplication.sendPostedEvents(each, QEvent.Type.DeferredDelete)
