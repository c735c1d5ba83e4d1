"""The kiosk of a hospital: PC/SC reader, real relay. Emulated cards and TEST authorities do not count here."""

from __future__ import annotations

import argparse
import dataclasses
import logging
import threading

from PySide6.QtCore import QTimer
from PySide6.QtGui import QGuiApplication

from kiosk_ui.app.settings import Settings, load_settings
from kiosk_ui.bootstrap.display import why_no_window
from kiosk_ui.bootstrap.speaking import voice_of, volume_of
from kiosk_ui.bootstrap.staff_choice import chosen_by_staff
from kiosk_ui.qt.appearance import AppearanceDefaults
from kiosk_ui.qt.application import (
    QML_FOLDER,
    KioskApplication,
    WindowShape,
    has_display,
    make_application,
)
from kiosk_ui.qt.texts import Texts

__all__ = ["CannotRunError", "open_window", "quit_when_told", "require_language", "run", "shape_of"]

_SHARE_OF_SCREEN = 0.86
_LOOK_EVERY_MS = 200


class CannotRunError(Exception):
    """The kiosk cannot be run like this. The text says why and what to do."""


def run(arguments: argparse.Namespace, stop: threading.Event) -> int:
    """Run until the window is closed. Returns the exit code.

    Raises:
        ChipIdError: settings, store or trust folder cannot be used.
        CannotRunError: there is no display, or no such language.
    """
    require_language(arguments)
    settings = load_settings(arguments.settings)  # before the display: whoever sets it up from afar has none
    if (problem := why_no_window()) is not None:
        raise CannotRunError(f"{problem} Start the kiosk in a graphical session, or add --demo to see it here.")
    if stop.is_set():
        return 2
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for talkative in (
        "alembic.runtime.plugins",
        "httpx",
    ):  # what it is made of, and each question to a device, is no news
        logging.getLogger(talkative).setLevel(logging.WARNING)
    application = make_application()
    shown = open_window(arguments, settings, shape_of(arguments))
    try:
        shown.paint()
        # Store, gateways and reader are loaded while the first screen stands: they take longer than all before it.
        from kiosk_ui.bootstrap.attending import attend

        return attend(arguments, settings, application, shown, stop)
    finally:
        shown.close()


def quit_when_told(application: QGuiApplication, stop: threading.Event) -> None:
    """Have Qt's loop end when ``stop`` is set, also if that happened before the loop began."""
    timer = QTimer(application)
    timer.timeout.connect(lambda: application.quit() if stop.is_set() else None)
    timer.start(_LOOK_EVERY_MS)


def require_language(arguments: argparse.Namespace) -> None:
    """Raises :class:`CannotRunError` if there are no texts in the language asked for."""
    codes = [language.code for language in Texts(QML_FOLDER / "i18n").languages]
    if arguments.language not in codes:
        raise CannotRunError(f"There are no texts for the language given. There are: {', '.join(codes)}.")


def open_window(
    arguments: argparse.Namespace, settings: Settings, shape: WindowShape, *, motion: bool = True
) -> KioskApplication:
    """The kiosk's window as the command line asks for it. Mistakes of the program show themselves in it from now on."""
    looks = settings.looks
    defaults = AppearanceDefaults(
        language=arguments.language,
        text_scale=looks.text_scale,
        motion=motion and looks.motion and not arguments.still,
        hospital=arguments.hospital,
        low_reach=looks.low_reach,
    )
    languages = [language.code for language in Texts(QML_FOLDER / "i18n").languages]
    voice = voice_of(settings.sound) if has_display() else None
    volume = volume_of(settings)
    chosen = chosen_by_staff(defaults, settings, languages)
    shown = KioskApplication(chosen, settings.counter, shape, voice, volume)
    shown.guard.install()
    return shown


def shape_of(arguments: argparse.Namespace) -> WindowShape:
    """Size of the window: that of the reference screen, made smaller where the display is."""
    width_mm, height_mm = arguments.screen_mm
    width = WindowShape().width
    shape = WindowShape(width, round(width * height_mm / width_mm), width_mm, height_mm, arguments.fullscreen)
    if arguments.landscape:
        shape = shape.landscape()
    if not has_display():
        return shape
    room = QGuiApplication.primaryScreen().availableGeometry()
    scale = min(1.0, _SHARE_OF_SCREEN * room.width() / shape.width, _SHARE_OF_SCREEN * room.height() / shape.height)
    return dataclasses.replace(shape, width=round(shape.width * scale), height=round(shape.height * scale))
