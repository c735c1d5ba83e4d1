"""The kiosk of a hospital: PC/SC reader, real relay. Emulated cards and TEST authorities do not count here."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from PySide6.QtGui import QGuiApplication

from crypto.pki.trust_store import TrustStore
from kiosk_ui.app.settings import Settings, load_settings
from kiosk_ui.app.ticket import FileTicketPrinter
from kiosk_ui.bootstrap.card_reading import PcscPlace, ReaderCards
from kiosk_ui.bootstrap.kiosk import Kiosk
from kiosk_ui.qt.appearance import AppearanceDefaults
from kiosk_ui.qt.application import QML_FOLDER, KioskApplication, WindowShape, has_display, make_application
from kiosk_ui.qt.texts import Texts
from reader.inspection import trust_for

__all__ = ["CannotRunError", "open_window", "run", "shape_of"]

_SHARE_OF_SCREEN = 0.86


class CannotRunError(Exception):
    """The kiosk cannot be run like this. The text says why and what to do."""


def run(arguments: argparse.Namespace) -> int:
    """Run until the window is closed. Returns the exit code.

    Raises:
        ChipIdError: settings, store or trust folder cannot be used.
        CannotRunError: there is no display, or no such language.
    """
    if not has_display():
        raise CannotRunError(
            "There is no display. Start the kiosk in a graphical session, or add --demo to see it here."
        )
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    settings = load_settings(arguments.settings)
    cards = ReaderCards(PcscPlace(arguments.reader), _trust(arguments.trust, settings))
    printer = FileTicketPrinter(settings.data_folder / "tickets")
    application = make_application()
    with Kiosk(settings, cards, printer, arguments.scanner) as kiosk:
        shown = open_window(arguments, settings, shape_of(arguments))
        try:
            shown.run(kiosk.driver(shown.view_model))
            return application.exec()
        finally:
            shown.close()
            cards.join()


def _trust(folder: Path | None, settings: Settings) -> TrustStore:
    """An empty store trusts nobody: cards are read, and shown as "issuer not verified"."""
    if folder is None and (settings.data_folder / "trust").is_dir():
        folder = settings.data_folder / "trust"
    return trust_for(folder)


def open_window(
    arguments: argparse.Namespace, settings: Settings, shape: WindowShape, *, motion: bool = True
) -> KioskApplication:
    """The kiosk's window as the command line asks for it. Mistakes of the program show themselves in it from now on.

    Raises:
        CannotRunError: there are no texts in that language.
    """
    texts = Texts(QML_FOLDER / "i18n")
    codes = [language.code for language in texts.languages]
    if arguments.language not in codes:
        raise CannotRunError(f"There are no texts for the language given. There are: {', '.join(codes)}.")
    defaults = AppearanceDefaults(language=arguments.language, motion=motion)
    shown = KioskApplication(defaults, settings.counter, shape)
    shown.guard.install()
    return shown


def shape_of(arguments: argparse.Namespace) -> WindowShape:
    """Size of the window: the reference screen, made smaller where the display is."""
    shape = WindowShape(fullscreen=arguments.fullscreen)
    if arguments.landscape:
        shape = shape.landscape()
    if not has_display():
        return shape
    room = QGuiApplication.primaryScreen().availableGeometry()
    scale = min(1.0, _SHARE_OF_SCREEN * room.width() / shape.width, _SHARE_OF_SCREEN * room.height() / shape.height)
    return WindowShape(round(shape.width * scale), round(shape.height * scale), fullscreen=arguments.fullscreen)
