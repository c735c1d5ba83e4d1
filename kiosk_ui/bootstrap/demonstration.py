"""The kiosk with emulated people: a window and a test tray, or the same flow by touch without a display.

This is the only place that allows emulated cards and their TEST authority.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from PySide6.QtGui import QGuiApplication

from emulator.services.insurance_gateway import InsuredPerson
from kiosk_ui.app.domain.reading import ReadingStep
from kiosk_ui.app.flows.time_limits import TimeLimits
from kiosk_ui.app.operation.operation import PIN_FILE
from kiosk_ui.app.operation.pin import PinHash
from kiosk_ui.app.settings import RelaySettings, Settings
from kiosk_ui.app.tickets.files import FileTicketPrinter
from kiosk_ui.bootstrap.card_reading import ReaderCards
from kiosk_ui.bootstrap.display import do_without_window, why_no_window
from kiosk_ui.bootstrap.emulated import EmulatedWorld, number_of
from kiosk_ui.bootstrap.kiosk import Kiosk
from kiosk_ui.bootstrap.operating import operated, watch_reader
from kiosk_ui.bootstrap.operator_desk import TrustAtStart
from kiosk_ui.bootstrap.reception import open_window, quit_when_told, require_language, shape_of
from kiosk_ui.bootstrap.results import REPORT, folder_of_ours, pictures_in
from kiosk_ui.qt.application import KioskApplication, make_application, run_until_closed
from kiosk_ui.qt.tour import Tour, TourError
from kiosk_ui.qt.tray import TrayWindow
from reader.inspection import ReadOutcome, trust_for
from reader.reports import result as report
from reader.trust.folder import TrustFolder

__all__ = ["DemoWorld", "ReportKeeper", "demo_settings", "run"]

_WINDOW_PACE_S = 0.6
_BESIDE_PX = 24
_TOUR_PACE_S = 0.1
_TOUR_LIMITS = TimeLimits(question_s=26, card_away_s=26, warning_s=20, ticket_s=60, ticket_card_away_s=30)
_NAME_DIFFERS = "060"
_PIN = "730915"  # of the operator's page; nothing real is behind it


class DemoWorld(EmulatedWorld):
    """The emulated world with the timing of a demonstration. The insurer knows one person, uyen, by another name.

    Args:
        pace_s: pause at each step of a reading: emulated cards are faster than eyes.
    """

    def __init__(self, pace_s: float) -> None:
        super().__init__({number_of("uyen"): InsuredPerson(result=_NAME_DIFFERS)})
        self._pace_s = pace_s
        self._lift_at: ReadingStep | None = None
        self.kiosk: Kiosk | None = None

    def number_of(self, name: str) -> str:
        """The twelve digits printed on a person's card."""
        return number_of(name)

    def lift_at(self, step: ReadingStep) -> None:
        """Take the card away once, when the next reading comes to this step."""
        self._lift_at = step

    def on_step(self, step: ReadingStep) -> None:
        """Told by the reading, in its thread."""
        time.sleep(self._pace_s)
        if step is self._lift_at:
            self._lift_at = None
            self.lift()

    def retry_insurance(self) -> int:
        """Let the outbox ask now, as if its pauses were over; how many answers came."""
        if self.kiosk is None:
            return 0
        later = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=10)
        return self.kiosk.outbox.run_once(later).delivered


class SpokenBell:
    """Calls staff by saying so where the demonstration was started."""

    def ring(self, screen: str, code: str | None) -> None:
        """Somebody needs help on ``screen``."""
        _say(f"   staff are called to the screen {screen}" + (f" ({code})" if code else ""))


class ReportKeeper:
    """Keeps the verification report of the first card that was read."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / REPORT
        self._kept = False

    def keep(self, outcome: ReadOutcome) -> None:
        """Write what ``chipid read --json`` prints for this reading."""
        if self._kept:
            return
        self._kept = True
        try:
            self.path.write_text(report.as_json(outcome) + "\n", encoding="utf-8")
        except OSError as error:  # the card was read all the same
            _say(f"   the verification report could not be written: {error.strerror}")


def demo_settings(folder: Path, relay_url: str, *, tour: bool = False) -> Settings:
    """Settings of a demonstration whose data lies in ``folder``; the environment's settings do not reach it."""
    fields = Settings.model_fields.items()
    values: dict[str, Any] = {name: field.get_default(call_default_factory=True) for name, field in fields}
    values |= {"device": "demo", "counter": "3", "data_folder": folder, "relay": RelaySettings(url=relay_url)}
    values["time_limits"] = _TOUR_LIMITS if tour else TimeLimits()
    return Settings.model_construct(None, **values)


def run(arguments: argparse.Namespace, stop: threading.Event) -> int:
    """The demonstration. Returns 0 when it ended as it should.

    Args:
        arguments: the command line.
        stop: set from anywhere to end it early.

    Raises:
        ChipIdError: the store cannot be opened.
        CannotRunError: there are no texts in the language asked for, or the results cannot be kept.
    """
    require_language(arguments)
    folder: Path = arguments.out
    with contextlib.ExitStack() as stack:
        no_window = why_no_window()
        windowed = no_window is None
        if not windowed:
            do_without_window()
        stack.enter_context(folder_of_ours(folder, tour=not windowed))
        data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chipid-demo-")))
        world = stack.enter_context(DemoWorld(_WINDOW_PACE_S if windowed else _TOUR_PACE_S))
        if stop.is_set():  # starting takes seconds; whoever does not want it shall not wait for the rest
            return 2
        _say(world.tray.way)
        settings = demo_settings(data, world.relay.url, tour=not windowed)
        if windowed:
            PinHash.of(_PIN).save(data / PIN_FILE)
        reports = ReportKeeper(folder)
        cards = ReaderCards(world.tray, trust_for(None, test_mode=True), on_step=world.on_step, on_outcome=reports.keep)
        stack.callback(cards.join)
        application = make_application()
        kiosk = stack.enter_context(
            Kiosk(settings, cards, FileTicketPrinter(folder, keeps_people=True), world.scanner.port, SpokenBell())
        )
        world.kiosk = kiosk
        shown = open_window(arguments, settings, shape_of(arguments), motion=windowed)
        stack.callback(shown.close)
        shown.run(kiosk.driver(shown.view_model))
        if windowed:
            quit_when_told(application, stop)
            place = watch_reader(cards, kiosk.services)
            at_start = TrustAtStart(TrustFolder(cards.trust))
            stack.enter_context(operated(shown, kiosk.services, place, at_start, application))
            _say(f"The operator's page: press the hospital's sign for five seconds; the PIN is {_PIN}.")
            return _with_test_tray(application, shown, world)
        _say(f"{no_window} The same flow runs off screen, by touch events, and leaves its screens as pictures.")
        return _without_display(shown, world, folder, stop)


def _with_test_tray(application: QGuiApplication, shown: KioskApplication, world: DemoWorld) -> int:
    _say("The kiosk's window is open; the small window beside it lays cards, scans codes and switches the relay.")
    beside = shown.window.geometry()
    tray = TrayWindow(world, world.tray.way, beside.right() + _BESIDE_PX, beside.top())
    try:
        return run_until_closed(application)
    finally:
        tray.close()
        shown.guard.remove()


def _without_display(shown: KioskApplication, world: DemoWorld, folder: Path, stop: threading.Event) -> int:
    pictures = pictures_in(folder)
    tour = Tour(shown, world, pictures, _say, stop)
    try:
        tour.run()
    except TourError as error:
        if stop.is_set():
            return 2  # whoever asked for it is told so where the signal is heard
        sys.stderr.write(f"chipid: the demonstration did not end as it should: {error}\n")
        return 2
    finally:
        shown.guard.remove()
    if shown.guard.count or not tour.tickets:
        sys.stderr.write("chipid: the demonstration met a mistake of the program; the log above says where.\n")
        return 2
    _say(
        f"Done: {len(tour.tickets)} tickets ({', '.join(tour.tickets)}) as PDF and PNG and {REPORT} are in {folder}/, "
        f"{tour.pictures} screens in {pictures}/."
    )
    return 0


def _say(sentence: str) -> None:
    sys.stdout.write(sentence + "\n")
    sys.stdout.flush()
