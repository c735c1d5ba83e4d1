"""What the operator's page binds to. Looking and trying happen in a thread of its own, never in the interface's."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import math
import queue
import threading
from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import Property, QObject, Qt, QTimer, Signal, Slot

from kiosk_ui.app.operation.desk import DeskAction, Fact, OperatorDesk, Section
from kiosk_ui.app.operation.pin import PinAnswer, PinTry
from kiosk_ui.app.operation.scan_switch import ScanSwitch
from kiosk_ui.app.operation.visit_defaults import LOUDEST, VisitDefaults

__all__ = ["OperatorModel"]

_log = logging.getLogger(__name__)
_LOOK_EVERY_MS = 5_000
_SECOND_MS = 1_000
_PIN_MS = 20_000  # who has made the gesture by chance, or in play, does not keep patients away for long
_LAST_WAIT_S = 5.0
CLOSED, PIN, OPEN = "closed", "pin", "open"


class OperatorModel(QObject):
    """The page: closed, asking for the PIN, or open. Closes by itself.

    Args:
        desk: what is behind the page.
        scans: lent to the page while it is open, so that no check-in begins behind it.
        closes_after_s: without a touch.
        languages, palettes: what visits can begin with, by name.
        defaults: what they begin with now.
        chosen: what of that staff have chosen; the rest is left to the settings.
        on_restart: ends the program, to be started again; called in the interface's thread.
        on_choice: told what staff chose, in the interface's thread.
    """

    changed = Signal()
    sectionsChanged = Signal()
    resultsChanged = Signal()
    _done = Signal(object)
    _heard = Signal(str)

    def __init__(
        self,
        desk: OperatorDesk,
        scans: ScanSwitch,
        closes_after_s: float,
        *,
        languages: Sequence[str],
        palettes: Sequence[str],
        defaults: VisitDefaults,
        chosen: VisitDefaults,
        on_restart: Callable[[], None],
        on_choice: Callable[[VisitDefaults], None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._desk = desk
        self._scans = scans
        self._languages, self._palettes = list(languages), list(palettes)
        self._defaults, self._chosen = defaults, chosen
        self._on_restart, self._on_choice = on_restart, on_choice
        self._page, self._answer, self._wait_s = CLOSED, "", 0
        self._busy = ""
        self._sections: list[dict[str, object]] = []
        self._results: list[dict[str, object]] = []
        self._last_scan = ""
        self._visit = 0  # what was asked for on an earlier visit of the page is not shown on a later one
        self._is_looking = False
        self._work: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        # A daemon: a reader or printer that never answers must not keep the program from ending.
        self._worker = threading.Thread(target=self._work_off, name="operator", daemon=True)
        self._worker.start()
        self._done.connect(self._take, Qt.ConnectionType.QueuedConnection)
        self._heard.connect(self._take_scan, Qt.ConnectionType.QueuedConnection)
        self._open_ms = math.ceil(closes_after_s * 1000)
        self._closing = self._timer(self._open_ms, self.leave, once=True)
        self._looking = self._timer(_LOOK_EVERY_MS, self.refresh)
        self._counting = self._timer(_SECOND_MS, self._count_down)

    def close(self) -> None:
        """The program ends: close the page, and give what is under way a moment."""
        self.leave()
        self._work.put(None)
        self._worker.join(_LAST_WAIT_S)

    # ------------------------------------------------------------------------------------- the door
    @Slot()
    def knock(self) -> None:
        """The hidden gesture was made: ask for the PIN."""
        if self._page == CLOSED:
            self._visit += 1
            self._page, self._answer, self._wait_s = PIN, "", 0
            self._scans.lend(self._heard.emit)
            self._closing.start(min(_PIN_MS, self._open_ms))
            self.changed.emit()

    @Slot(str)
    def tryPin(self, pin: str) -> None:
        """A PIN was typed."""
        if self._page == PIN and not self._busy:
            self._ask("pin", lambda: self._desk.enter(pin))

    @Slot()
    def leave(self) -> None:
        """Close, and forget what was shown."""
        if self._page == CLOSED:
            return
        self._visit += 1
        self._page, self._answer, self._busy, self._last_scan = CLOSED, "", "", ""
        self._sections, self._results = [], []
        for timer in (self._closing, self._looking, self._counting):
            timer.stop()
        self._scans.lend(None)
        self.changed.emit()
        self.sectionsChanged.emit()
        self.resultsChanged.emit()

    @Slot()
    def touched(self) -> None:
        """Somebody is there."""
        if self._page != CLOSED:
            self._closing.start()

    # ------------------------------------------------------------------------------------- the page
    @Slot()
    def refresh(self) -> None:
        """Look at everything again."""
        if self._page == OPEN and not self._busy and not self._is_looking:
            self._is_looking = True
            self._submit("", self._desk.sections)

    @Slot(str)
    def act(self, action: str) -> None:
        """Try something, or restart."""
        if self._page == OPEN and not self._busy:
            self._results = []
            self.resultsChanged.emit()
            wanted = DeskAction(action)
            self._ask(action, lambda: self._desk.act(wanted))

    @Slot(str, str)
    def choose(self, what: str, value: str) -> None:
        """What visits begin with: ``language``, ``palette`` or ``volume``."""
        known = {"language": self._languages, "palette": self._palettes, "volume": list(map(str, range(LOUDEST + 1)))}
        if self._page != OPEN or self._busy or value not in known.get(what, ()):
            return
        change: dict[str, Any] = {what: int(value) if what == "volume" else value}
        self._defaults = dataclasses.replace(self._defaults, **change)
        self._chosen = chosen = dataclasses.replace(self._chosen, **change)
        self._on_choice(chosen)
        self._ask("defaults", lambda: self._desk.choose(chosen))

    # ------------------------------------------------------------------------------------ the worker
    def _ask(self, what: str, work: Callable[[], object]) -> None:
        self._busy = what
        self.changed.emit()
        self._submit(what, work)

    def _submit(self, what: str, work: Callable[[], object]) -> None:
        visit = self._visit

        def run() -> None:
            try:
                outcome = work()
            except Exception as mistake:  # noqa: BLE001 - a mistake of ours must not leave the page waiting for ever
                _log.error("operator's page: %s ended with %s", what or "a look", type(mistake).__name__)
                outcome = (Fact("problem", type(mistake).__name__),)
            with contextlib.suppress(RuntimeError):  # the page was taken down meanwhile
                self._done.emit((visit, what, outcome))

        self._work.put(run)

    def _work_off(self) -> None:
        while (work := self._work.get()) is not None:
            work()

    @Slot(object)
    def _take(self, told: tuple[int, str, object]) -> None:
        visit, what, outcome = told
        if not what:
            self._is_looking = False
        if visit != self._visit:
            return
        if what:
            self._busy = ""
        if isinstance(outcome, PinTry):
            self._take_pin(outcome)
        elif what:
            self._results = [_fact(each) for each in outcome if isinstance(each, Fact)]  # type: ignore[attr-defined]
            self.resultsChanged.emit()
        else:
            found = [_section(each) for each in outcome if isinstance(each, Section)]  # type: ignore[attr-defined]
            if found != self._sections:
                self._sections = found
                self.sectionsChanged.emit()
        self.changed.emit()
        if what == DeskAction.RESTART.value:
            self._on_restart()
        elif what:
            self.refresh()

    def _take_pin(self, outcome: PinTry) -> None:
        if outcome.answer is PinAnswer.RIGHT:
            self._page, self._answer = OPEN, ""
            self._looking.start()
            self._closing.start(self._open_ms)
            return
        self._answer, self._wait_s = outcome.answer.value, math.ceil(outcome.wait_s)
        if self._wait_s:
            self._counting.start()

    @Slot(str)
    def _take_scan(self, kind: str) -> None:
        self._last_scan = kind
        self.touched()
        self.changed.emit()

    @Slot()
    def _count_down(self) -> None:
        self._wait_s = max(0, self._wait_s - 1)
        if not self._wait_s:
            self._counting.stop()
        self.changed.emit()

    def _timer(self, interval_ms: int, slot: Callable[[], None], *, once: bool = False) -> QTimer:
        timer = QTimer(self)
        timer.setInterval(interval_ms)
        timer.setSingleShot(once)
        timer.timeout.connect(slot)
        return timer

    def _get_defaults(self) -> dict[str, object]:
        chosen = self._defaults
        volume = "" if chosen.volume is None else str(chosen.volume)
        return {"language": chosen.language or "", "palette": chosen.palette or "", "volume": volume}

    page = Property(str, lambda self: self._page, notify=changed)
    pinAnswer = Property(str, lambda self: self._answer, notify=changed)
    waitSeconds = Property(int, lambda self: self._wait_s, notify=changed)
    busy = Property(str, lambda self: self._busy, notify=changed)
    lastScan = Property(str, lambda self: self._last_scan, notify=changed)
    defaults = Property("QVariantMap", _get_defaults, notify=changed)  # type: ignore[arg-type] # Qt's name of a type
    sections = Property("QVariantList", lambda self: self._sections, notify=sectionsChanged)  # type: ignore[arg-type]
    results = Property("QVariantList", lambda self: self._results, notify=resultsChanged)  # type: ignore[arg-type]
    languages = Property("QVariantList", lambda self: self._languages, constant=True)  # type: ignore[arg-type]
    palettes = Property("QVariantList", lambda self: self._palettes, constant=True)  # type: ignore[arg-type]
    volumes = Property("QVariantList", lambda self: [str(each) for each in range(LOUDEST + 1)], constant=True)  # type: ignore[arg-type]


def _fact(fact: Fact) -> dict[str, object]:
    return {"label": fact.label, "value": fact.value, "word": fact.word, "tone": fact.tone.value}


def _section(section: Section) -> dict[str, object]:
    charts = [
        {"name": chart.name, "upright": chart.upright, "bars": [dataclasses.asdict(bar) for bar in chart.bars]}
        for chart in section.charts
    ]
    return {
        "name": section.name,
        "tone": section.tone.value,
        "facts": [_fact(fact) for fact in section.facts],
        "charts": charts,
        "lines": list(section.lines),
        "actions": [action.value for action in section.actions],
    }
