"""What the operator's page shows and does, free of Qt: sections of plain facts, and tests that take their time."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Sequence
from typing import Protocol

from kiosk_ui.app.operation.pin import PinTry
from kiosk_ui.app.operation.visit_defaults import VisitDefaults

__all__ = ["Bar", "Chart", "DeskAction", "Fact", "OperatorDesk", "Section", "Tone"]


class Tone(enum.StrEnum):
    """How a fact is to be taken. Shown as a shape with a word, never by colour alone."""

    PLAIN = ""
    GOOD = "positive"
    CAUTION = "caution"
    BAD = "stop"


@dataclasses.dataclass(frozen=True, slots=True)
class Fact:
    """One line.

    Attributes:
        label: the text ``operator.label.<label>`` names it.
        value: shown as it is: a number, a time, a stable name.
        word: in place of a value: the text ``operator.word.<word>``.
        tone: how it is to be taken.
    """

    label: str
    value: str = ""
    word: str = ""
    tone: Tone = Tone.PLAIN


@dataclasses.dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a chart.

    Attributes:
        label: beside it.
        value: its length.
        mark: a second length, shown as a line across (the slowest tenth, say); 0 for none.
        text: the value in words.
    """

    label: str
    value: float
    mark: float = 0.0
    text: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Chart:
    """Bars of one kind.

    Attributes:
        name: the text ``operator.chart.<name>`` stands above it.
        bars: in order; an empty chart says that there is nothing yet.
        upright: columns beside each other (hours), else bars below each other (steps).
    """

    name: str
    bars: tuple[Bar, ...]
    upright: bool = False


class DeskAction(enum.StrEnum):
    """What can be done. Each one is written into the audit trail."""

    TEST_READER = "test_reader"
    TEST_PRINT = "test_print"
    RETRY_OUTBOX = "retry_outbox"
    SELF_TEST = "self_test"
    RESTART = "restart"


@dataclasses.dataclass(frozen=True, slots=True)
class Section:
    """One part of the page.

    Attributes:
        name: the text ``operator.section.<name>`` names it.
        facts: its lines.
        charts: below them.
        lines: of the log.
        actions: what can be done here.
        tone: the worst of its facts, shown beside its name.
    """

    name: str
    facts: tuple[Fact, ...] = ()
    charts: tuple[Chart, ...] = ()
    lines: tuple[str, ...] = ()
    actions: tuple[DeskAction, ...] = ()

    @property
    def tone(self) -> Tone:
        """The worst of its facts."""
        found = {fact.tone for fact in self.facts}
        return next((tone for tone in (Tone.BAD, Tone.CAUTION, Tone.GOOD) if tone in found), Tone.PLAIN)


class OperatorDesk(Protocol):
    """Behind the page. Everything here may take seconds: it is never called in the interface's thread."""

    def enter(self, pin: str) -> PinTry:
        """Judge a PIN. What came of it is written into the audit trail."""
        ...

    def sections(self) -> Sequence[Section]:
        """Look at everything now. Never raises: what cannot be found out is said to be so."""
        ...

    def act(self, action: DeskAction) -> Sequence[Fact]:
        """Do it, and say what came of it. A restart is only noted: the page itself ends the program."""
        ...

    def choose(self, chosen: VisitDefaults) -> Sequence[Fact]:
        """Keep what visits begin with."""
        ...
