"""The kiosk's card port on top of the reader: waits for a card, reads it, notices when it is taken away."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol, TypeAlias

from crypto.errors import ChipIdError
from crypto.pki.trust_store import TrustStore
from crypto.primitives.secret import Secret
from kiosk_ui.app.domain.mrz_text import MrzText
from kiosk_ui.app.domain.number import CitizenNumber
from kiosk_ui.app.domain.reading import Decision, ReadingStep, ReadResult
from kiosk_ui.app.domain.travel_document import TravelDocument
from kiosk_ui.app.failures import READING_BROKEN
from kiosk_ui.app.ports import ReadingListener
from reader import errors
from reader.inspection import ReadOutcome, read
from reader.plan import ReadPlan
from reader.progress import ProgressEvent, ReadingPhase
from reader.protocols.access_key import AccessKey, CanKey, MrzKey
from reader.scanners.qr import CitizenQr
from reader.transport import list_pcsc_readers, open_pcsc
from reader.transport.base import CardTransport
from reader.trust.deviations import PublishedDeviations
from reader.verification.online import AuthenticationService
from reader.verification.printed import PrintedData

__all__ = ["CardPlace", "PcscPlace", "Presence", "ReaderCards"]

OpeningKey: TypeAlias = CitizenNumber | MrzText | TravelDocument
"""What opens a chip: the number of a citizen's card, a scanned zone, or the three fields that were typed."""

_LOOK_EVERY_S = 0.15
_GONE_WITHIN_S = 1.0  # a broken link whose card is gone this soon was a card that was taken away
_PASSING = (  # what may be over at the next look: a hand that still moves, a reader that went with the card
    errors.CARD_ABSENT,
    errors.CARD_REMOVED,
    errors.CARD_MUTE,
    errors.CARD_IN_USE,
    errors.LINK_FAILED,
    errors.READER_NOT_FOUND,
    errors.PCSC_NOT_RUNNING,
)
_LETS_GO_WITHIN_S = 10.0  # a reading that was cancelled ends with its last command, which takes a second or two
_SAY_EVERY_S = 1.0  # a reading that moves is told at least this often, so that it never counts as stalled


class Presence(Protocol):
    """Whether a card lies on the reader."""

    def is_there(self) -> bool:
        """Look now. Raises ``TransportError`` if there is nothing to look at."""
        ...


class CardPlace(Presence, Protocol):
    """Where cards are laid: a PC/SC reader, or the emulated tray of the demonstration."""

    def open(self) -> CardTransport:
        """Take the card that lies there. Raises ``TransportError``."""
        ...


class PcscPlace:
    """A PC/SC reader.

    Args:
        reader_name: its name or a part of it; ``None`` takes the first reader that there is.
    """

    def __init__(self, reader_name: str | None = None) -> None:
        self._wanted = reader_name

    def is_there(self) -> bool:
        """Whether a card lies on it.

        Raises:
            TransportError: ``reader.support_missing``, ``reader.service_down``, ``reader.not_found``.
        """
        return self._slot()[1]

    def open(self) -> CardTransport:
        """Take the card exclusively."""
        return open_pcsc(self._slot()[0])

    def _slot(self) -> tuple[str, bool]:
        slots = list_pcsc_readers()
        if self._wanted is not None:
            slots = [slot for slot in slots if self._wanted.lower() in slot.name.lower()]
        if not slots:
            raise errors.TransportError(errors.READER_NOT_FOUND)
        return slots[0].name, slots[0].state.value != "empty"


class _SamePlace:
    """Where a card that was torn away is laid down again: a :class:`~reader.transport.base.ReturningCard`.

    Args:
        place: where it lay.
        torn: the connection to it, which has to be let go of before the place gives out another.
    """

    def __init__(self, place: CardPlace, torn: CardTransport) -> None:
        self._place = place
        self._torn = torn

    def wait(self, timeout_s: float, cancel: threading.Event) -> CardTransport:
        """Look until a card can be taken. A hand that still moves is given its time."""
        self._torn.close()
        end = time.monotonic() + timeout_s
        while True:
            if cancel.is_set():
                raise errors.Cancelled
            obstacle = errors.TransportError(errors.CARD_ABSENT)
            try:
                if self._place.is_there():
                    return self._place.open()
            except errors.TransportError as error:
                if error.code not in _PASSING:
                    raise
                obstacle = error
            if time.monotonic() >= end:
                raise obstacle
            cancel.wait(_LOOK_EVERY_S)


class ReaderCards:
    """A :class:`~kiosk_ui.app.ports.CardReading`: one thread for each reading, one reading at a time.

    Args:
        place: where cards are laid.
        trust: trust anchors.
        policy: name of the reader's policy.
        on_step: told each new step in the reading's thread, before the card's next command.
        on_outcome: told the whole outcome, in the same thread.
        service: knows lost and cancelled cards; ``None`` if there is none.
        plan: what to read, and how long a card that was taken away is waited for; the policy's own by default.
        deviations: what countries say about defects of their documents.
    """

    def __init__(
        self,
        place: CardPlace,
        trust: TrustStore,
        *,
        policy: str = "hospital",
        on_step: Callable[[ReadingStep], None] = lambda step: None,
        on_outcome: Callable[[ReadOutcome], None] = lambda outcome: None,
        service: AuthenticationService | None = None,
        plan: ReadPlan | None = None,
        deviations: tuple[PublishedDeviations, ...] = (),
    ) -> None:
        self.place = place
        self.plan = plan
        self.trust = trust
        self.policy = policy
        self.on_step = on_step
        self.on_outcome = on_outcome
        self.service = service
        self.deviations = deviations
        self._attempt: _Attempt | None = None

    def start(self, key: OpeningKey, listener: ReadingListener, scanned: CitizenQr | None = None) -> None:
        """Begin in the background; a reading that still runs is cancelled first."""
        self.cancel()
        holder = None if self._attempt is None else self._attempt.holder
        self._attempt = _Attempt(self, key, listener, holder, _printed(key, scanned))
        self._attempt.start()

    def cancel(self) -> None:
        """Stop before the next command. Does not wait for it."""
        if self._attempt is not None:
            self._attempt.give_up()

    def join(self, timeout_s: float = 5.0) -> None:
        """Wait for whatever may still touch the card, for an orderly end."""
        holder = None if self._attempt is None else self._attempt.holder
        if holder is not None:
            holder.join(timeout_s)


def _printed(key: OpeningKey, scanned: CitizenQr | None) -> PrintedData:
    """What is held against the chip: the whole code that was scanned, else the zone or the number that was typed."""
    if isinstance(key, MrzText):
        return PrintedData(mrz=key.mrz)
    if isinstance(key, TravelDocument):
        return PrintedData()  # a chip that opens with the three fields has compared them itself
    return PrintedData(number=key) if scanned is None else PrintedData(qr=scanned)


def _access_key(key: OpeningKey) -> AccessKey:
    """The card access number of a citizen's card, or the key of a zone or of its three fields (Doc 9303-11 §9.7.3)."""
    if isinstance(key, TravelDocument):
        return MrzKey(Secret(key.mrz_information.encode("ascii")))
    if isinstance(key, MrzText):
        return MrzKey.from_lines(key.lines)
    return CanKey.from_citizen_number(key.digits)


class _Attempt(threading.Thread):
    """One reading, and then a watch on the card until it is taken away."""

    def __init__(
        self,
        cards: ReaderCards,
        key: OpeningKey,
        listener: ReadingListener,
        before: _Attempt | None,
        printed: PrintedData,
    ) -> None:
        super().__init__(name="card-reading", daemon=True)
        self._cards = cards
        self._key: OpeningKey | None = key
        self._printed: PrintedData | None = printed
        self._listener = listener
        self._before = before
        self._steps = _Steps(listener, cards.on_step)
        self._given_up_at: float | None = None
        self.cancel = threading.Event()

    @property
    def holder(self) -> _Attempt | None:
        """Which reading may still touch the card: this one, or the one that it waits for; ``None`` if both are over.

        So a reader that hangs for ever costs one thread, however many visits come after: each waits for the reading that
        hangs, and none for another that waits.
        """
        before = self._before
        if before is not None and before.is_alive():
            return before  # this one has not begun, and will not, once it is given up
        return self if self.is_alive() else None

    def give_up(self) -> None:
        """Stop before the next command."""
        if self._given_up_at is None:
            self._given_up_at = time.monotonic()
        self.cancel.set()

    def run(self) -> None:
        if self._before is not None:
            if not self._let_go(self._before):
                self._hopeless()
                return
            if self.cancel.is_set():
                return
            self._before = None
        finished = False
        try:
            self._read()
            finished = True
        except errors.Cancelled:
            return
        except ChipIdError as error:
            finished = True
            told = self._gone_or(error)
            if not self.cancel.is_set():
                self._listener.failed(told.code.name, told.hint)
        finally:
            self._key = self._printed = None
            if not finished and not self.cancel.is_set():
                # A mistake of ours: the patient is brought on, and the exception goes its way to the log.
                self._listener.failed(READING_BROKEN.name, READING_BROKEN.hint)
        self._watch()

    def _let_go(self, before: _Attempt) -> bool:
        """Wait until the reading before has ended with its last command. False: it hangs, or nobody waits any more."""
        given_up_at = before._given_up_at or time.monotonic()
        while before.is_alive():
            if self.cancel.is_set() or time.monotonic() >= given_up_at + _LETS_GO_WITHIN_S:
                return False
            before.join(_LOOK_EVERY_S)
        return True

    def _hopeless(self) -> None:
        """A reader that hangs in a command is told of; it is not touched beside the reading that hangs in it."""
        self._key = self._printed = None
        if not self.cancel.is_set():
            self._listener.failed(READING_BROKEN.name, READING_BROKEN.hint)

    def _read(self) -> None:
        key = self._key
        if key is None:
            raise errors.Cancelled
        while not self._cards.place.is_there():
            if self.cancel.wait(_LOOK_EVERY_S):
                raise errors.Cancelled
        self._steps.at(ReadingStep.OPENING)
        with self._cards.place.open() as card:
            outcome = read(
                card,
                _access_key(key),
                trust=self._cards.trust,
                policy=self._cards.policy,
                on_progress=self._steps.on_progress,
                cancel=self.cancel,
                printed=self._printed,
                service=self._cards.service,
                plan=self._cards.plan,
                comes_back=_SamePlace(self._cards.place, card),
                deviations=self._cards.deviations,
            )
        if self.cancel.is_set():
            raise errors.Cancelled
        self._cards.on_outcome(outcome)
        if outcome.identity is None:
            raise errors.DocumentError(errors.FILE_MALFORMED)
        decision = Decision(outcome.verdict.decision.value)
        self._listener.finished(ReadResult(outcome.identity, decision, outcome.verdict.reasons))

    def _gone_or(self, error: ChipIdError) -> ChipIdError:
        """A link that breaks because somebody took the card is told as that, whatever it looked like to the reader."""
        if not isinstance(error, errors.TransportError | errors.ProtocolError) or error.code is errors.CARD_REMOVED:
            return error
        if error.code in (
            errors.WRONG_KEY,
            errors.ANOTHER_CARD,
            errors.READER_NOT_FOUND,
            errors.PCSC_NOT_RUNNING,
            errors.PCSC_NOT_INSTALLED,
        ):
            return error
        end = time.monotonic() + _GONE_WITHIN_S
        while time.monotonic() < end and not self.cancel.is_set():
            if not self._lies_there():
                return errors.TransportError(errors.CARD_REMOVED)
            self.cancel.wait(_LOOK_EVERY_S)
        return error

    def _watch(self) -> None:
        while not self.cancel.wait(_LOOK_EVERY_S):
            if not self._lies_there():
                self._listener.card_removed()
                return

    def _lies_there(self) -> bool:
        try:
            return self._cards.place.is_there()
        except errors.TransportError:  # the reader itself is gone, and the card with it
            return False


class _Steps:
    """Turns the reader's progress into the plain steps that a person is told; never goes back."""

    def __init__(self, listener: ReadingListener, on_step: Callable[[ReadingStep], None]) -> None:
        self._listener = listener
        self._on_step = on_step
        self._step: ReadingStep | None = None
        self._told_at = 0.0

    def on_progress(self, event: ProgressEvent) -> None:
        """From the reading's thread."""
        if event.phase is ReadingPhase.CARD_AWAITED:
            self._listener.card_awaited()
            self._told_at = -_SAY_EVERY_S  # that it goes on is told at once
            return
        step = _step_of(event)
        if step is not None:
            self.at(step)

    def at(self, step: ReadingStep) -> None:
        """This step is under way."""
        if self._step is not None and step.value <= self._step.value:
            if time.monotonic() - self._told_at >= _SAY_EVERY_S:
                self._tell(self._step)
            return
        self._step = step
        self._tell(step)
        self._on_step(step)

    def _tell(self, step: ReadingStep) -> None:
        self._told_at = time.monotonic()
        self._listener.progressed(step, step.value - 1, len(ReadingStep))


_FILE_STEPS = {
    "DG1": ReadingStep.IDENTITY,
    "DG2": ReadingStep.PHOTO,
    "DG11": ReadingStep.DETAILS,
    "DG12": ReadingStep.DETAILS,
    "DG13": ReadingStep.DETAILS,
    "DG15": ReadingStep.DETAILS,
}


def _step_of(event: ProgressEvent) -> ReadingStep | None:
    match event.phase:
        case ReadingPhase.CONNECTING:
            return ReadingStep.OPENING
        case ReadingPhase.ACCESS_CONTROL | ReadingPhase.CHIP_AUTHENTICATION:
            return ReadingStep.SECURITY
        case ReadingPhase.READING_FILE:
            return _FILE_STEPS.get(event.file or "", ReadingStep.SECURITY)
        case ReadingPhase.ACTIVE_AUTHENTICATION:
            return ReadingStep.DETAILS
        case ReadingPhase.VERIFYING:
            return ReadingStep.CHECKING
        case _:
            return None
