"""The operator's side of a running kiosk: the page over the window, the watchdog, and starting again."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterator
from pathlib import Path

from PySide6.QtGui import QGuiApplication

from kiosk_ui.app.operation.service_manager import ServiceManager
from kiosk_ui.app.operation.visit_defaults import VisitDefaults, load_defaults
from kiosk_ui.app.operation.watchdog import Watchdog
from kiosk_ui.app.services import KioskServices
from kiosk_ui.bootstrap.card_reading import CardPlace, ReaderCards
from kiosk_ui.bootstrap.operator_desk import KioskDesk, TrustAtStart
from kiosk_ui.bootstrap.speaking import volume_of
from kiosk_ui.bootstrap.staff_choice import chosen_by_staff, with_choice
from kiosk_ui.bootstrap.stopping import EXIT_RESTART
from kiosk_ui.bootstrap.watched_place import WatchedPlace
from kiosk_ui.qt.application import KioskApplication
from kiosk_ui.qt.operator_layer import OperatorLayer
from kiosk_ui.qt.operator_model import OperatorModel
from reader.errors import TrustError
from reader.trust.folder import TrustFolder
from reader.trust.store_folder import open_store

__all__ = ["chosen_by_staff", "operated", "trust_at_start", "watch_reader"]


@contextlib.contextmanager
def operated(
    shown: KioskApplication,
    services: KioskServices,
    place: CardPlace,
    trust: TrustAtStart,
    application: QGuiApplication,
    manager: ServiceManager | None = None,
) -> Iterator[OperatorLayer]:
    """Inside the block the operator's page can be opened, and the service manager hears how the kiosk is.

    Args:
        shown: the window.
        services: the kiosk.
        place: where cards are laid.
        trust: whom the kiosk trusts.
        application: ended with ``EXIT_RESTART`` when staff ask for a restart.
        manager: the service manager; the one of this process by default.
    """
    told = manager or ServiceManager()
    operation = services.operation
    desk = KioskDesk(services, place, trust, told, lambda: getattr(shown.voice, "state", None))
    chosen = load_defaults(operation.defaults_file)
    model = OperatorModel(
        desk,
        operation.scans,
        operation.settings.closes_after_s,
        languages=[each.code for each in shown.texts.languages],
        palettes=shown.appearance.palettes,
        defaults=_beginning_now(shown, volume_of(services.settings)),
        chosen=chosen,
        on_restart=lambda: application.exit(EXIT_RESTART),
        on_choice=lambda chosen: _begin_with(shown, chosen),
    )
    layer = OperatorLayer(shown, model, operation.interface)
    watchdog = Watchdog(operation.signs, told)
    watchdog.start()
    try:
        yield layer
    finally:
        watchdog.stop()
        layer.close()


def watch_reader(cards: ReaderCards, services: KioskServices) -> CardPlace:
    """From now on every call to the reader is a sign of life. Returns the place as it is watched."""
    watched = WatchedPlace(cards.place, services.operation.reader)
    cards.place = watched
    return watched


def trust_at_start(loaded: TrustFolder, folder: Path) -> TrustAtStart:
    """Whom the kiosk trusts, and since when nothing has changed in it."""
    try:
        store = open_store(folder)
        if store is not None:
            return TrustAtStart(loaded, store.manifest.written_at)
        newest = max((each.stat().st_mtime for each in folder.iterdir() if each.is_file()), default=None)
    except (OSError, TrustError):  # what is wrong with it was said when it was loaded
        return TrustAtStart(loaded)
    return TrustAtStart(loaded, None if newest is None else dt.datetime.fromtimestamp(newest, dt.UTC))


def _beginning_now(shown: KioskApplication, volume: int) -> VisitDefaults:
    defaults = shown.appearance.defaults
    return VisitDefaults(defaults.language, defaults.palette, volume)


def _begin_with(shown: KioskApplication, chosen: VisitDefaults) -> None:
    languages = [each.code for each in shown.texts.languages]
    shown.appearance.begin_with(with_choice(shown.appearance.defaults, chosen, languages))
    if shown.speech is not None and chosen.volume is not None:
        shown.speech.begin_with(chosen.volume)
