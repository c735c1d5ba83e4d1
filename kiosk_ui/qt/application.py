"""The Qt application: font, engine, window, touches. Knows nothing of readers, stores or relays."""

from __future__ import annotations

import dataclasses
import os
import signal
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QEvent, QEventLoop, QObject, QTimer, QUrl, Slot
from PySide6.QtGui import QFont, QFontDatabase, QGuiApplication
from PySide6.QtQml import QQmlApplicationEngine
from PySide6.QtQuick import QQuickWindow  # before rootObjects(): only then are windows given their own class

from kiosk_ui.qt.appearance import Appearance, AppearanceDefaults, Typesetter, load_palettes
from kiosk_ui.qt.display import has_display
from kiosk_ui.qt.drawings import DrawingProvider
from kiosk_ui.qt.interface_first import InterfaceFirst
from kiosk_ui.qt.loop import INTERFACE_BROKEN, DriverLoop, MistakeGuard
from kiosk_ui.qt.portraits import PortraitProvider
from kiosk_ui.qt.speech import Speech, Voice
from kiosk_ui.qt.texts import Texts
from kiosk_ui.qt.view_model import CheckInViewModel
from reader import fonts

if TYPE_CHECKING:  # the flows are loaded while the first screen stands
    from kiosk_ui.app.driver import CheckInDriver

__all__ = [
    "FAMILY",
    "QML_FOLDER",
    "KioskApplication",
    "WindowShape",
    "end_engine",
    "has_display",
    "make_application",
    "run_until_closed",
]

_PACKAGE = Path(__file__).parents[1]
QML_FOLDER = _PACKAGE / "qml"
FONT_FOLDER = fonts.FOLDER
FAMILY = "Noto Sans"
_SIGNALS_EVERY_MS = 200
_TOUCHES = frozenset({QEvent.Type.TouchBegin, QEvent.Type.MouseButtonPress, QEvent.Type.KeyPress})
_RELEASES = frozenset({QEvent.Type.TouchEnd, QEvent.Type.MouseButtonRelease, QEvent.Type.KeyRelease})


@dataclasses.dataclass(frozen=True, slots=True)
class WindowShape:
    """Size of the window and of the screen behind it.

    Attributes:
        width, height: of the window in pixels.
        screen_width_mm, screen_height_mm: of the screen when it stands upright; 21.5 inches by default.
        fullscreen: no frame, the whole screen.
    """

    width: int = 1080
    height: int = 1920
    screen_width_mm: float = 268.0
    screen_height_mm: float = 476.4
    fullscreen: bool = False

    def landscape(self) -> WindowShape:
        """The same screen on its side."""
        return dataclasses.replace(self, width=max(self.width, self.height), height=min(self.width, self.height))


def make_application() -> QGuiApplication:
    """The process's one application, with the project's font. Without a display it draws into memory, in software."""
    if not has_display():
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
        os.environ.setdefault("QT_QUICK_BACKEND", "software")
    running = QCoreApplication.instance()
    application = running if isinstance(running, QGuiApplication) else QGuiApplication(["chipid"])
    application.setApplicationName("chipid-kiosk")
    for weight in ("Regular", "Bold"):
        QFontDatabase.addApplicationFont(str(FONT_FOLDER / f"NotoSans-{weight}.ttf"))
    application.setFont(QFont(FAMILY))
    return application


def run_until_closed(application: QGuiApplication) -> int:
    """Qt's loop until the window is closed, or the process is told to end (SIGINT, SIGTERM). Returns the exit code."""
    pulse = QTimer()
    pulse.timeout.connect(_let_python_look)
    pulse.start(_SIGNALS_EVERY_MS)

    def stop(number: int, frame: FrameType | None) -> None:
        application.quit()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        return application.exec()
    finally:
        pulse.stop()
        for number, handler in before.items():
            signal.signal(number, handler)


@Slot()
def _let_python_look() -> None:
    """Python sees signals only while it runs; inside Qt's loop it otherwise may not for minutes."""


def end_engine(engine: QQmlApplicationEngine) -> None:
    """Take an engine down now: bindings that outlive the objects they bind to would read null."""
    _end(engine)


def _end(each: QObject) -> None:
    """Destroy an object of Qt's here and now.

    Left to Python's garbage collector it would be destroyed in whatever thread happens to collect, and a timer that is
    taken down in a thread that prints a ticket takes the whole process with it.
    """
    each.deleteLater()
    QCoreApplication.sendPostedEvents(each, QEvent.Type.DeferredDelete)


class _TouchWatch(QObject):
    """Tells the view model that somebody touches the window.

    Over a warning it is the release that counts: told at the press, the warning would go, and the finger would be
    lifted from the button of the screen below.
    """

    def __init__(self, view_model: CheckInViewModel) -> None:
        super().__init__(view_model)
        self._view_model = view_model

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """See every event of the window and let it pass (Qt calls this)."""
        if event.type() in (_RELEASES if self._view_model.has_overlay else _TOUCHES):
            self._view_model.touched()
        return False


class KioskApplication:
    """One window on one check-in driver.

    Args:
        defaults: how every visit begins.
        counter: the hospital's counter.
        shape: of the window.
        voice: says the prompts and is closed with the window; ``None``: nothing is spoken, no buttons for it are shown.
        volume: 0 … 4, with which every visit begins.
    """

    def __init__(
        self,
        defaults: AppearanceDefaults,
        counter: str,
        shape: WindowShape,
        voice: Voice | None = None,
        volume: int = 3,
    ) -> None:
        self._closed = False
        self.texts = Texts(QML_FOLDER / "i18n")
        palettes = load_palettes(QML_FOLDER / "theme")
        self.appearance = Appearance(self.texts, palettes, defaults)
        self.portraits = PortraitProvider()
        self.view_model = CheckInViewModel(self.appearance, self.portraits, counter)
        self.typesetter = Typesetter(FAMILY)
        self.loop = DriverLoop()
        self.interface_first = InterfaceFirst()
        self.view_model.stateShown.connect(self.interface_first.shown)
        self.guard = MistakeGuard(self._mistake)
        self.voice = voice
        self.speech = None if voice is None else Speech(voice, self.view_model, self.appearance, volume)
        self.engine = QQmlApplicationEngine()
        # The engine owns its providers from here on.
        self.engine.addImageProvider("drawing", DrawingProvider(QML_FOLDER / "drawings", palettes))
        self.engine.addImageProvider("portrait", self.portraits)
        self.engine.setInitialProperties(
            {
                "vm": self.view_model,
                "appearance": self.appearance,
                "typesetter": self.typesetter,
                "screenWidthMm": shape.screen_width_mm,
                "screenHeightMm": shape.screen_height_mm,
                "width": shape.width,
                "height": shape.height,
            }
            | ({} if self.speech is None else {"speech": self.speech})
        )
        self.engine.load(QUrl.fromLocalFile(str(QML_FOLDER / "checkin" / "KioskWindow.qml")))
        windows = self.engine.rootObjects()
        if not windows or not isinstance(windows[0], QQuickWindow):
            raise RuntimeError("the kiosk's window could not be made; the messages above say why")
        self.window: QQuickWindow = windows[0]
        self.window.installEventFilter(_TouchWatch(self.view_model))
        if shape.fullscreen:
            self.window.showFullScreen()
        else:
            self.window.show()

    def paint(self, longest_s: float = 1.0) -> None:
        """Let the first screen be seen before anything slow is done. A window that nobody shows is not waited for."""
        waiting = QEventLoop()
        self.window.frameSwapped.connect(waiting.quit)
        QTimer.singleShot(round(longest_s * 1000), waiting, waiting.quit)
        self.window.update()
        waiting.exec()

    def run(self, driver: CheckInDriver) -> None:
        """Connect a driver and show its first screen."""
        self.view_model.connect_flow(driver.post, driver.seconds_to_timer)
        driver.wake = self.loop.wake
        self.interface_first.begin()
        self.loop.take(driver)

    def close(self) -> None:
        """Stop the driver, forget the person, take the window away. The engine goes before the objects it binds to.

        May be called twice.
        """
        if self._closed:
            return
        self._closed = True
        self.loop.stop()
        self.interface_first.end()
        self.view_model.clear()
        if self.voice is not None:
            self.voice.close()
        self.window.close()
        self.guard.remove()
        for each in (
            self.engine,
            self.view_model,
            self.appearance,
            self.typesetter,
            self.interface_first,
            self.loop,
            self.guard,
        ):
            _end(each)
        if self.speech is not None:
            _end(self.speech)

    def _mistake(self) -> None:
        self.view_model.show_mistake(INTERFACE_BROKEN)
