"""One returning patient at a kiosk with a window, in a process of its own: what :mod:`bench.kiosk` starts and reads.

The window, the reader, the store, the insurance look-up and the printing are the kiosk's own. The card is an emulated one
behind the model of the link (:mod:`emulator.adapters.radio`), which here really takes the time that it computes. The
patient answers as soon as a screen may be answered, so that all the seconds are the machine's.
"""

from __future__ import annotations

import contextlib
import dataclasses
import faulthandler
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("QT_QUICK_BACKEND", "software")

from PySide6.QtCore import QObject, QPoint, QPointF, Qt, QTimer, Slot
from PySide6.QtQuick import QQuickItem
from PySide6.QtTest import QTest

from emulator.adapters.chip_times import load_chip
from emulator.adapters.radio import BitRate, RadioLink, RadioTransport
from emulator.cards import chip_content
from emulator.personalise.printed_qr import printed_qr
from emulator.personalise.profile import load_profile
from emulator.services.insurance_gateway import InsuranceRelay
from kiosk_ui.app.flows import screens as s
from kiosk_ui.app.settings import RelaySettings, Settings
from kiosk_ui.app.tickets.files import FileTicketPrinter
from kiosk_ui.bootstrap.card_reading import ReaderCards
from kiosk_ui.bootstrap.emulated import InProcessTray, ScannerLine
from kiosk_ui.bootstrap.kiosk import Kiosk
from kiosk_ui.bootstrap.warming import FOR_A_VISIT, PAGES, WarmUp
from kiosk_ui.qt.appearance import AppearanceDefaults
from kiosk_ui.qt.application import KioskApplication, WindowShape, make_application
from reader.inspection import trust_for
from reader.transport.base import CardTransport

__all__ = ["CARD", "RATE", "Visit"]

CARD = "quy"
RATE = BitRate.KBIT_424
_LOOK_EVERY_MS = 10
_BEAT_EVERY_MS = 2
_LONGEST_S = 90
_WITNESS_S = float(os.environ.get("CHIPID_BENCH_WITNESS_S", "0"))  # what every thread does after so long a block
_ENDS = (s.Printing.DONE.value, s.Printing.FAILED.value)


@dataclasses.dataclass(slots=True)
class Visit:
    """What one visit took.

    Attributes:
        touches: of the screen, the first one included.
        to_ticket_s: from the card on the field to the number on the screen.
        to_paper_s: to the printed ticket.
        blocked_ms: longest time in which the interface's thread could not have answered a touch.
        blocked_work_ms: how long the thread itself computed in that time; the rest it waited for other threads.
        blocked_on: the screens before and after it.
        memory_mb: of the whole process at the end, the emulated card and relay included.
    """

    touches: int = 0
    to_ticket_s: float = 0.0
    to_paper_s: float = 0.0
    blocked_ms: float = 0.0
    blocked_work_ms: float = 0.0
    blocked_on: str = ""
    memory_mb: float = 0.0


class _AirTray(InProcessTray):
    """Cards that answer as slowly as over the air."""

    def __init__(self, chip: str) -> None:
        super().__init__()
        self._chip = load_chip(chip)

    def open(self) -> CardTransport:
        return RadioTransport(super().open(), RadioLink(RATE), self._chip, real_time=True)


class _Pulse(QObject):
    """Beats in the interface's thread; what keeps a beat waiting blocks the interface."""

    def __init__(self, visit: Visit, shown: KioskApplication) -> None:
        super().__init__()
        self._visit, self._shown = visit, shown
        self._last, self._worked = time.perf_counter(), time.thread_time()
        self._screen = ""
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._beat)

    def start(self) -> None:
        self.forgive()
        self._timer.start(_BEAT_EVERY_MS)

    def stop(self) -> None:
        self._timer.stop()
        faulthandler.cancel_dump_traceback_later()

    def forgive(self) -> None:
        """What just passed was the bench's own doing."""
        self._last, self._worked = time.perf_counter(), time.thread_time()
        if _WITNESS_S:
            faulthandler.dump_traceback_later(_WITNESS_S)  # by a thread that needs no lock of Python's

    @Slot()
    def _beat(self) -> None:
        now = time.perf_counter()
        gap_ms = (now - self._last) * 1000 - _BEAT_EVERY_MS
        work_ms = (time.thread_time() - self._worked) * 1000
        model = self._shown.view_model
        screen = f"{model.property('screen')}"
        if gap_ms > self._visit.blocked_ms:
            self._visit.blocked_ms, self._visit.blocked_work_ms = gap_ms, work_ms
            where = screen if screen == self._screen else f"{self._screen} to {screen}"
            self._visit.blocked_on = where
        if _WITNESS_S and gap_ms > _WITNESS_S * 1000:
            sys.stderr.write(f"{gap_ms:.0f} ms, {work_ms:.0f} of its own, {self._screen} to {screen}\n\n")
        self._screen = screen
        self.forgive()


class _Patient(QObject):
    """Scans, lays the card, touches what has to be touched; takes the card when asked to."""

    def __init__(self, shown: KioskApplication, tray: InProcessTray, line: ScannerLine, visit: Visit) -> None:
        super().__init__()
        self._shown, self._tray, self._line, self._visit = shown, tray, line, visit
        self._pulse = _Pulse(visit, shown)
        self._device = QTest.createTouchDevice()
        self._done: set[str] = set()
        self._laid_at = 0.0
        self._begun = time.monotonic()
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._look)

    def start(self) -> None:
        self._pulse.start()
        self._timer.start(_LOOK_EVERY_MS)

    @Slot()
    def _look(self) -> None:
        if time.monotonic() - self._begun > _LONGEST_S:
            self._end(f"the visit stands on {self._shown.view_model.property('screen')}")
            return
        model = self._shown.view_model
        screen = str(model.property("screen"))
        if screen == s.TicketReady.name:
            self._at_the_ticket(str(model.property("printing")))
        elif screen not in self._done and not model.is_fresh:
            self._answer(screen)

    def _answer(self, screen: str) -> None:
        words = self._shown.appearance.words.strings
        match screen:
            case "welcome" | "confirm" | "appointment":
                self._touch(screen, words[f"{screen}.primary"])
            case "choose_department":
                self._touch(screen, self._shown.view_model.property("departments")[0]["name"])
            case "enter_number":
                self._done.add(screen)
                self._line.scan(printed_qr(load_profile(CARD)))
                self._pulse.forgive()
            case "place_card":
                self._done.add(screen)
                self._tray.lay(CARD)
                self._laid_at = time.monotonic()
                self._pulse.forgive()
            case "take_card":
                self._done.add(screen)
                self._note_ticket()
                self._tray.lift()
            case "problem" | "refused" | "wrong_number":
                self._end(f"the visit ended on {screen}")

    def _note_ticket(self) -> None:
        self._visit.to_ticket_s = self._visit.to_ticket_s or time.monotonic() - self._laid_at

    def _at_the_ticket(self, printing: str) -> None:
        self._note_ticket()
        if printing in _ENDS:
            self._visit.to_paper_s = time.monotonic() - self._laid_at
            self._end("")

    def _touch(self, screen: str, name: str) -> None:
        button = next(
            (each for each in _buttons(self._shown.window.contentItem()) if each.property("text") == name), None
        )
        if button is None:
            return  # it has not been laid out yet
        self._done.add(screen)
        self._visit.touches += 1
        middle = button.mapToScene(QPointF(button.width() / 2, button.height() / 2)).toPoint()
        self._finger(middle)
        self._pulse.forgive()

    def _finger(self, point: QPoint) -> None:
        QTest.touchEvent(self._shown.window, self._device, False).press(0, point).commit(False)
        QTest.touchEvent(self._shown.window, self._device, False).release(0, point).commit(False)

    def _end(self, problem: str) -> None:
        self._timer.stop()
        self._pulse.stop()
        if problem:
            sys.stderr.write(f"{problem}\n")
            self._visit.touches = -1
        make_application().quit()


def _buttons(root: QQuickItem) -> Iterator[QQuickItem]:
    for child in root.childItems():
        if child.isVisible():
            if child.inherits("QQuickAbstractButton"):
                yield child
            yield from _buttons(child)


def visit(chip: str) -> Visit:
    """One visit with that chip."""
    taken = Visit()
    application = make_application()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chipid-bench-")))
        relay = stack.enter_context(InsuranceRelay())
        line = ScannerLine()
        stack.callback(line.close)
        tray = _AirTray(chip)
        _ = len(
            chip_content(CARD).application_files
        )  # drawn and signed now: a card from an office needs no time for that
        cards = ReaderCards(tray, trust_for(None, test_mode=True))
        stack.callback(cards.join)
        settings = Settings(data_folder=folder, counter="3", relay=RelaySettings(url=relay.url))
        kiosk = stack.enter_context(Kiosk(settings, cards, FileTicketPrinter(folder / "tickets"), line.port))
        shown = KioskApplication(AppearanceDefaults(), "3", WindowShape())
        stack.callback(shown.close)
        shown.run(kiosk.driver(shown.view_model))
        stack.enter_context(WarmUp(FOR_A_VISIT + PAGES)).wait()
        for _ in range(20):  # the window stands, as it does when somebody comes
            application.processEvents()
            time.sleep(0.02)
        patient = _Patient(shown, tray, line, taken)
        patient.start()
        application.exec()
    taken.memory_mb = _resident_mb()
    return taken


def _resident_mb() -> float:
    for row in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if row.startswith("VmRSS:"):
            return int(row.split()[1]) / 1024
    return 0.0


if __name__ == "__main__":
    found = visit(sys.argv[1])
    sys.stdout.write(json.dumps(dataclasses.asdict(found)) + "\n")
    sys.exit(0 if found.touches >= 0 else 1)
