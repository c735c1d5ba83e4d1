"""The kiosk of a hospital: PC/SC reader, real relay. Emulated cards and TEST authorities do not count here."""

from __future__ import annotations

import argparse
import dataclasses
import logging
import threading
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtGui import QGuiApplication

from kiosk_ui.app.gateways.authentication import service_of
from kiosk_ui.app.gateways.jtheid import handover_of
from kiosk_ui.app.settings import Settings, load_settings
from kiosk_ui.app.tickets.choice import ask_soon, printer_of
from kiosk_ui.bootstrap.card_reading import PcscPlace, ReaderCards
from kiosk_ui.bootstrap.display import why_no_window
from kiosk_ui.bootstrap.kiosk import Kiosk
from kiosk_ui.bootstrap.operating import chosen_by_staff, operated, trust_at_start, watch_reader
from kiosk_ui.bootstrap.scanning import hand_over_to, typed_lines_to
from kiosk_ui.bootstrap.speaking import voice_of, volume_of
from kiosk_ui.qt.appearance import AppearanceDefaults
from kiosk_ui.qt.application import (
    QML_FOLDER,
    KioskApplication,
    WindowShape,
    has_display,
    make_application,
    run_until_closed,
)
from kiosk_ui.qt.keyed_lines import KeyedLineCatcher
from kiosk_ui.qt.texts import Texts
from reader.inspection import trust_for
from reader.plan import HOSPITAL
from reader.trust.folder import TrustFolder, load_folder
from reader.trust.sealing import SealState, is_sealed_place

__all__ = ["CannotRunError", "open_window", "quit_when_told", "require_language", "run", "shape_of"]

_SHARE_OF_SCREEN = 0.86
_LOOK_EVERY_MS = 200
_log = logging.getLogger(__name__)


class CannotRunError(Exception):
    """The kiosk cannot be run like this. The text says why and what to do."""


def run(arguments: argparse.Namespace, stop: threading.Event) -> int:
    """Run until the window is closed. Returns the exit code.

    Raises:
        ChipIdError: settings, store or trust folder cannot be used.
        CannotRunError: there is no display, or no such language.
    """
    if (problem := why_no_window()) is not None:
        raise CannotRunError(f"{problem} Start the kiosk in a graphical session, or add --demo to see it here.")
    if stop.is_set():
        return 2
    require_language(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for talkative in (
        "alembic.runtime.plugins",
        "httpx",
    ):  # what it is made of, and each question to a device, is no news
        logging.getLogger(talkative).setLevel(logging.WARNING)
    settings = load_settings(arguments.settings)
    place = PcscPlace(arguments.reader)
    trusted = load_trust(arguments.trust, settings)
    service = service_of(settings.authentication)
    cards = ReaderCards(
        place,
        trusted.store,
        service=service,
        deviations=trusted.deviations,
        plan=HOSPITAL if settings.photo else HOSPITAL.without_photo(),
        on_outcome=hand_over_to(handover_of(settings.handover)),
    )
    printer = printer_of(settings.printer, settings.data_folder / "tickets")
    application = make_application()
    with Kiosk(settings, cards, printer, arguments.scanner) as kiosk:
        shown = open_window(arguments, settings, shape_of(arguments))
        typed: KeyedLineCatcher | None = None
        try:
            driver = kiosk.driver(shown.view_model)
            if settings.scanner.kind == "keyboard":
                post = kiosk.services.operation.scans.between(driver.post)
                typed = KeyedLineCatcher(application, typed_lines_to(post))
            shown.run(driver)
            ask_soon(printer)
            quit_when_told(application, stop)
            trust = trust_at_start(trusted, arguments.trust or settings.data_folder / "trust")
            with operated(shown, kiosk.services, watch_reader(cards, kiosk.services), trust, application):
                return run_until_closed(application)
        finally:
            if typed is not None:
                typed.stop()
            shown.close()
            cards.join()


def load_trust(folder: Path | None, settings: Settings) -> TrustFolder:
    """Whom the kiosk trusts. An empty store trusts nobody: cards are read, and shown as "issuer not verified".

    Args:
        folder: named on the command line; ``None``: the store in the data folder, if there is one.
        settings: with the data folder and the seal's key.

    Raises:
        TrustError: as :func:`reader.trust.folder.load_folder`.
    """
    own = settings.data_folder / "trust"
    if folder is None and (settings.trust_seal_key is not None or own.is_dir() or is_sealed_place(own)):
        folder = own  # also if a store is missing there: that is for the operator to know
    if folder is None:
        return TrustFolder(trust_for(None))
    loaded = load_folder(folder, test_mode=False, seal_key=settings.trust_seal_key)
    if loaded.seal is not SealState.SEALED:
        _log.warning("the trust store is not sealed: nobody would notice a change of it")
    if left_out := len(loaded.strays) + len(loaded.unusable) + len(loaded.test_refused):
        _log.warning("%d files in the folder of the trust store count for nothing; see 'chipid trust audit'", left_out)
    return loaded


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
    moves = motion and not arguments.still
    defaults = AppearanceDefaults(language=arguments.language, motion=moves, hospital=arguments.hospital)
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
