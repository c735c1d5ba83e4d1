"""The test tray: a small second window that plays the patient's hands in the demonstration."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from PySide6.QtCore import Property, QObject, QUrl, Signal, Slot
from PySide6.QtQml import QQmlApplicationEngine

from kiosk_ui.qt.application import QML_FOLDER, end_engine

__all__ = ["TrayPerson", "TrayViewModel", "TrayWindow", "TrayWorld"]


@dataclasses.dataclass(frozen=True, slots=True)
class TrayPerson:
    """One emulated person in the list.

    Attributes:
        name: slug of the card.
        full_name: invented.
        number: twelve digits, printed on the card.
        expected: what reading it must end with.
        what_for: one English sentence.
    """

    name: str
    full_name: str
    number: str
    expected: str
    what_for: str


class TrayWorld(Protocol):
    """What the tray acts on."""

    relay_on: bool

    @property
    def people(self) -> Sequence[TrayPerson]:
        """Everybody whose card can be laid."""
        ...

    def scan(self, name: str) -> None:
        """Hold a person's QR code under the scanner."""
        ...

    def lay(self, name: str) -> None:
        """Lay a person's card on the reader."""
        ...

    def lift(self) -> None:
        """Take the card away."""
        ...

    def set_relay(self, *, on: bool) -> None:
        """Start or stop the insurance relay."""
        ...


class TrayViewModel(QObject):
    """Bound to by ``demo/TestTray.qml``. Laying and lifting take a moment, so they run beside the interface."""

    changed = Signal()

    def __init__(self, world: TrayWorld, way: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._world = world
        self._way = way
        self._laid = ""
        self._hands = threading.Lock()  # one pair of hands: orders wait for one another

    @Slot(str)
    def scan(self, name: str) -> None:
        """Hold the QR code under the scanner."""
        self._world.scan(name)

    @Slot(str)
    def lay(self, name: str) -> None:
        """Lay the card."""
        self._laid = name
        self.changed.emit()
        self._beside(lambda: self._world.lay(name))

    @Slot()
    def lift(self) -> None:
        """Take the card away."""
        self._laid = ""
        self.changed.emit()
        self._beside(self._world.lift)

    @Slot()
    def toggleRelay(self) -> None:
        """Insurance relay on or off."""
        self._world.set_relay(on=not self._world.relay_on)
        self.changed.emit()

    def _beside(self, act: Callable[[], None]) -> None:
        def run() -> None:
            with self._hands:
                act()

        threading.Thread(target=run, name="test-tray", daemon=True).start()

    def _get_people(self) -> list[dict[str, str]]:
        return [dataclasses.asdict(person) for person in self._world.people]

    def _get_laid(self) -> str:
        return self._laid

    def _get_relay(self) -> bool:
        return self._world.relay_on

    def _get_way(self) -> str:
        return self._way

    people = Property("QVariantList", _get_people, constant=True)  # type: ignore[arg-type] # Qt's name of a type
    laid = Property(str, _get_laid, notify=changed)
    relayOn = Property(bool, _get_relay, notify=changed)
    way = Property(str, _get_way, constant=True)


class TrayWindow:
    """The tray's window; it is shown at once.

    Args:
        world: what it acts on.
        way: how cards are read, in one sentence.
        x, y: where it opens on the desktop.
    """

    def __init__(self, world: TrayWorld, way: str, x: int = 0, y: int = 0) -> None:
        self.hands = TrayViewModel(world, way)
        self.engine = QQmlApplicationEngine()
        self.engine.setInitialProperties({"hands": self.hands, "visible": True, "x": x, "y": y})
        self.engine.load(QUrl.fromLocalFile(str(QML_FOLDER / "demo" / "TestTray.qml")))

    def close(self) -> None:
        """Take it away."""
        end_engine(self.engine)
