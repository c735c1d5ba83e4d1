"""Cards that are torn away at a chosen moment, and the place where some card is laid down again."""

from __future__ import annotations

import dataclasses
import enum
import functools
import threading
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

import reader
from crypto.errors import ChipIdError
from emulator.adapters.inprocess import EmulatedTransport
from emulator.cards import chip_content
from emulator.chip.card import VirtualCard
from emulator.chip.content import ChipContent
from reader import errors
from reader.plan import HOSPITAL, ReadPlan
from reader.progress import ProgressEvent, ReadingPhase
from reader.transport.base import CardTransport
from tests.unit.reader_cards import PEOPLE, TRUST, can_of, signed_card


class Tear(enum.Enum):
    """At which moment of one command the card goes."""

    BEFORE = "before"  # the command does not reach it
    ANSWER_LOST = "answer_lost"  # it has carried the command out
    ANSWER_HALF = "answer_half"  # half of the answer comes, as if it were whole
    ANSWER_STUMP = "answer_stump"  # two octets of it come, which look like a bare status word
    MUTE = "mute"  # it stays where it is, and says nothing any more
    SERVICE_GONE = "service_gone"  # the smart-card service, and with it the answer


class TornTransport:
    """A connection that breaks at one command.

    Args:
        chip: the card.
        at: number of the command, counted from 1; 0: never.
        tear: in which way.
    """

    def __init__(self, chip: VirtualCard, at: int = 0, tear: Tear = Tear.BEFORE) -> None:
        self._inner = EmulatedTransport(chip)
        self._at = at
        self._tear = tear
        self.max_command, self.max_response = self._inner.max_command, self._inner.max_response
        self.is_gone = False
        self.is_closed = False
        self.commands = 0

    @property
    def atr(self) -> bytes:
        return self._inner.atr

    @property
    def is_emulated(self) -> bool:
        return True

    def transmit(self, command: bytes) -> bytes:
        self._require_card()
        self.commands += 1
        if self.commands != self._at:
            return self._inner.transmit(command)
        self.is_gone = True
        if self._tear is Tear.BEFORE:
            self._require_card()
        answer = self._inner.transmit(command)
        match self._tear:
            case Tear.ANSWER_HALF:
                return answer[: len(answer) // 2]
            case Tear.ANSWER_STUMP:
                return answer[:2] if len(answer) > 2 else b""
            case _:
                self._require_card()
                raise AssertionError("a card that is gone does not answer")

    def reset(self) -> None:
        self._require_card()
        self._inner.reset()

    def close(self) -> None:
        self.is_closed = True
        self._inner.close()

    def _require_card(self) -> None:
        if self.is_gone and self._tear is Tear.SERVICE_GONE:
            raise errors.TransportError(errors.PCSC_NOT_RUNNING)
        if self.is_closed or self.is_gone:
            raise TimeoutError if self._tear is Tear.MUTE else ConnectionError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Hand:
    """Lays the next connection down each time that it is waited for; with none left, nothing comes."""

    def __init__(self, transports: Sequence[TornTransport] = (), waiting: Callable[[], None] = lambda: None) -> None:
        self.left = list(transports)
        self.laid: list[TornTransport] = []
        self.waits: list[float] = []
        self._waiting = waiting

    def wait(self, timeout_s: float, cancel: threading.Event) -> CardTransport:
        self.waits.append(timeout_s)
        self._waiting()
        if cancel.is_set():
            raise errors.Cancelled
        if not self.left:
            raise errors.TransportError(errors.CARD_ABSENT)
        self.laid.append(self.left.pop(0))
        return self.laid[-1]


@dataclasses.dataclass(frozen=True)
class Ending:
    """How a reading ended, with what went over all its links."""

    outcome: reader.ReadOutcome | None
    error: ChipIdError | None
    commands: int
    awaited: int


def read_torn(
    first: TornTransport,
    key: reader.CanKey | reader.MrzKey | reader.PinKey,
    hand: Hand | None,
    **options: object,
) -> Ending:
    """One reading. Anything but an outcome or an error of ours fails the test that asks; so does a connection left open."""
    events: list[ProgressEvent] = []
    outcome: reader.ReadOutcome | None = None
    error: ChipIdError | None = None
    threads = threading.active_count()
    try:
        outcome = reader.read(
            first,
            key,
            trust=TRUST,
            comes_back=hand,
            on_progress=events.append,
            **options,  # type: ignore[arg-type]
        )
    except ChipIdError as raised:
        error = raised
    assert threading.active_count() == threads, "a thread was left behind"
    assert not first.is_closed, "the first connection belongs to whoever opened it"
    laid = [] if hand is None else hand.laid
    assert all(transport.is_closed for transport in laid), "a connection was left open"
    awaited = sum(event.phase is ReadingPhase.CARD_AWAITED for event in events)
    return Ending(outcome, error, first.commands + sum(transport.commands for transport in laid), awaited)


QUICK = HOSPITAL.without_photo()  # a fourth of the commands, and every kind of them


def key_of(name: str) -> reader.CanKey | reader.MrzKey:
    return (
        reader.MrzKey.from_lines(PEOPLE[name].mrz)
        if name in ("bac-only", "short-reads")
        else can_of(name.removesuffix("-small"))
    )


@functools.cache
def small_photo() -> ChipContent:
    """An's card with a DG2 of six blocks that holds no picture; the TEST authority signs anything."""
    return signed_card("an", {2: bytes.fromhex("75820500") + bytes(index % 251 for index in range(0x500))})


@dataclasses.dataclass(frozen=True)
class Case:
    """A card and a plan."""

    name: str
    plan: ReadPlan = QUICK

    @property
    def content(self) -> ChipContent:
        return small_photo() if self.name == "an-small" else chip_content(self.name)

    def read(self, *tears: tuple[int, Tear], returns: bool = True, **options: object) -> Ending:
        """The same card each time; the last connection holds."""
        card = VirtualCard(self.content)
        transports = [*(TornTransport(card, at, tear) for at, tear in tears), TornTransport(card)]
        hand = Hand(transports[1:]) if returns else None
        return read_torn(transports[0], key_of(self.name), hand, plan=self.plan, **options)


CCCD, WITH_PHOTO, LONG_BLOCKS = Case("an"), Case("an", HOSPITAL), Case("blocks-2048", HOSPITAL)
SMALL_PHOTO = Case("an-small", HOSPITAL)
BAC, CAM, PLAIN = Case("bac-only"), Case("pace-cam"), Case("no-access-control")
GM_CAM, DH, SMALL = Case("pace-gm-cam"), Case("chip-auth-dh"), Case("short-reads")


@functools.cache
def untorn(case: Case) -> Ending:
    ending = case.read()
    assert ending.outcome is not None
    assert ending.awaited == 0
    return ending


def require_same(ending: Ending, whole: Ending) -> None:
    """Read whole, and every proof given again."""
    assert whole.outcome is not None
    assert ending.error is None, ending.error
    assert ending.outcome is not None
    assert ending.outcome.reading.document.contents == whole.outcome.reading.document.contents
    assert ending.outcome.checks == whole.outcome.checks
    assert ending.outcome.verdict == whole.outcome.verdict
    assert ending.outcome.reading.unread == whole.outcome.reading.unread


def positions(case: Case) -> range:
    return range(1, untorn(case).commands + 1)
