"""A scanner that types like a keyboard, at a real window: its lines arrive, and no button is pressed by them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QGuiApplication, QWindow
from PySide6.QtTest import QTest

from kiosk_ui.app.flows import events as ev
from kiosk_ui.bootstrap.scanning import keyed_event_of, typed_lines_to
from kiosk_ui.qt.keyed_lines import KeyedLineCatcher
from reader.scanners.keyboard import KeyedLines
from scripts.flow_map import MRZ as PASSPORT

SAMPLES = json.loads((Path(__file__).parents[1] / "vectors" / "vietnam_samples.json").read_text(encoding="utf-8"))
LINES: list[str] = SAMPLES["persons"][0]["mrz"]
OTHER: list[str] = SAMPLES["persons"][1]["mrz"]
TYPED_QR = "040085000017|181234567|Nguyen Van An|03021985|Nam|So 5, Vinh|10052023"


class Seconds:
    """Seconds that pass when told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Watcher(QObject):
    """Counts the keys that reach the window."""

    def __init__(self) -> None:
        super().__init__()
        self.keys = 0

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Qt's."""
        self.keys += event.type() == QEvent.Type.KeyPress
        return False


class Desk:
    """A window with a catcher on it."""

    def __init__(self, application: QGuiApplication) -> None:
        self.lines: list[str] = []
        self.clock = Seconds()
        self.window = QWindow()
        self.watcher = Watcher()
        self.window.installEventFilter(self.watcher)
        self.catcher = KeyedLineCatcher(application, self.lines.append, self.clock)
        self.window.show()

    def type(self, text: str) -> None:
        """Key by key; a line end is Enter."""
        for letter in text:
            if letter == "\n":
                QTest.keyClick(self.window, Qt.Key.Key_Return)
            else:
                QTest.keyClick(self.window, letter)


@pytest.fixture
def desk(qapp: QGuiApplication) -> Iterator[Desk]:
    made = Desk(qapp)
    yield made
    made.catcher.stop()
    made.catcher.stop()
    made.window.destroy()


def test_a_typed_code_arrives_and_presses_nothing(desk: Desk) -> None:
    desk.type(TYPED_QR + "\n")
    desk.type("\n")
    assert desk.lines == [TYPED_QR]
    assert desk.watcher.keys == 0
    event = keyed_event_of(KeyedLines(), desk.lines[0])
    assert isinstance(event, ev.NumberKnown)
    assert (event.text, event.scanned) == ("040085000017", None)  # a name that came this way is never used


def test_half_a_line_does_not_spoil_the_next(desk: Desk) -> None:
    desk.type("04008500")
    desk.clock.now += 3
    desk.type("040085000017\n")
    assert desk.lines == ["040085000017"]
    desk.type("x" * 3000 + "\n040085000017\n")
    assert len(desk.lines[1]) <= 2049
    assert desk.lines[2] == "040085000017"


def test_other_keys_and_other_times_go_their_way(desk: Desk) -> None:
    for key in (Qt.Key.Key_Escape, Qt.Key.Key_Tab, Qt.Key.Key_F5, Qt.Key.Key_Shift):
        QTest.keyClick(desk.window, key)
    assert desk.watcher.keys == 4
    desk.catcher.stop()
    desk.type("12\n")
    assert desk.watcher.keys == 7
    assert desk.lines == []


def test_what_is_typed_reaches_the_check_in() -> None:
    posted: list[object] = []
    take = typed_lines_to(posted.append)
    for line in (TYPED_QR, *LINES, "nothing"):
        take(line)
    assert posted == [ev.NumberKnown("040085000017"), ev.NumberKnown("040085000017"), ev.ScanUnreadable()]


@pytest.mark.parametrize("typed", [PASSPORT.splitlines(), [PASSPORT.replace("\n", "")], PASSPORT.lower().splitlines()])
def test_a_foreign_passports_lines_reach_the_check_in(typed: list[str]) -> None:
    posted: list[object] = []
    take = typed_lines_to(posted.append)
    for line in typed:
        take(line)
    assert posted == [ev.MrzGiven(PASSPORT)]


def test_a_passport_taken_away_half_way_spoils_no_later_try() -> None:
    posted: list[object] = []
    take = typed_lines_to(posted.append)
    first, second = PASSPORT.splitlines()
    for line in (first, *LINES[:1], first, first, second, first, second):
        take(line)
    assert posted == [ev.MrzGiven(PASSPORT), ev.MrzGiven(PASSPORT)]


def test_a_card_taken_away_half_way_lends_its_lines_to_no_other() -> None:
    posted: list[object] = []
    take = typed_lines_to(posted.append)
    for line in (*OTHER[:2], *LINES, *OTHER[:1], *LINES, *LINES):
        take(line)
    number = ev.NumberKnown("040085000017")
    assert posted == [number, number, number]


def test_an_mrz_line_by_line_and_what_is_no_code() -> None:
    lines = KeyedLines()
    assert [keyed_event_of(lines, line) for line in LINES[:2]] == [None, None]
    assert keyed_event_of(lines, LINES[2]) == ev.NumberKnown("040085000017")
    for damaged in ("nothing", LINES[2].replace("NGUYEN", "NGUYÊN"), "04008500001ơ||x|03021985|Nam||10052023"):
        assert keyed_event_of(lines, damaged) == ev.ScanUnreadable()
