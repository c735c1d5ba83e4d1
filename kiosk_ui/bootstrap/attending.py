"""A reception at work: store, gateways, card reader and scanner behind the window that stands already."""

from __future__ import annotations

import argparse
import logging
import threading
from pathlib import Path

from PySide6.QtGui import QGuiApplication

from kiosk_ui.app.gateways.authentication import service_of
from kiosk_ui.app.gateways.jtheid import handover_of
from kiosk_ui.app.settings import Settings
from kiosk_ui.app.tickets.choice import ask_soon, printer_of
from kiosk_ui.bootstrap.card_reading import PcscPlace, ReaderCards
from kiosk_ui.bootstrap.kiosk import Kiosk
from kiosk_ui.bootstrap.operating import operated, trust_at_start, watch_reader
from kiosk_ui.bootstrap.reception import quit_when_told
from kiosk_ui.bootstrap.scanning import ConfirmedReadings, hand_over_to, typed_lines_to
from kiosk_ui.bootstrap.warming import FOR_A_VISIT, PAGES, WarmUp
from kiosk_ui.qt.application import KioskApplication, run_until_closed
from kiosk_ui.qt.keyed_lines import KeyedLineCatcher
from reader.inspection import trust_for
from reader.plan import HOSPITAL
from reader.trust.folder import TrustFolder, load_folder
from reader.trust.sealing import SealState, is_sealed_place

__all__ = ["attend", "load_trust"]

_log = logging.getLogger(__name__)

_NOBODY_TRUSTED = "no issuing authority is trusted: every real card is 'issuer not verified'; see 'chipid trust import'"


def attend(
    arguments: argparse.Namespace,
    settings: Settings,
    application: QGuiApplication,
    shown: KioskApplication,
    stop: threading.Event,
) -> int:
    """Take patients until the window is closed, which this closes in any case. Returns the exit code.

    Args:
        arguments: the command line.
        settings: of this kiosk.
        application: Qt's.
        shown: the window.
        stop: set from anywhere to end.

    Raises:
        ChipIdError: store or trust folder cannot be used.
    """
    place = PcscPlace(arguments.reader)
    trusted = load_trust(arguments.trust, settings)
    service = service_of(settings.authentication)
    confirmed = ConfirmedReadings(shown.view_model, hand_over_to(handover_of(settings.handover)))
    cards = ReaderCards(
        place,
        trusted.store,
        service=service,
        deviations=trusted.deviations,
        plan=HOSPITAL if settings.photo else HOSPITAL.without_photo(),
        on_outcome=confirmed.note,
    )
    printer = printer_of(settings.printer, settings.data_folder / "tickets")
    later = FOR_A_VISIT + (PAGES if settings.printer.kind in ("file", "cups") else ())
    with Kiosk(settings, cards, printer, arguments.scanner) as kiosk, WarmUp(later):
        typed: KeyedLineCatcher | None = None
        try:
            driver = kiosk.driver(confirmed)
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
        _log.warning(_NOBODY_TRUSTED)
        return TrustFolder(trust_for(None))
    loaded = load_folder(folder, test_mode=False, seal_key=settings.trust_seal_key)
    if loaded.seal is not SealState.SEALED:
        _log.warning("the trust store is not sealed: nobody would notice a change of it")
    if left_out := len(loaded.strays) + len(loaded.unusable) + len(loaded.test_refused):
        _log.warning("%d files in the folder of the trust store count for nothing; see 'chipid trust audit'", left_out)
    if len(loaded.store) == 0:
        _log.warning(_NOBODY_TRUSTED)
    return loaded
