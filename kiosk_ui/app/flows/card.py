"""The card's own path: number or zone, reading, "is this you?".

EnterNumber, a scan, three typed fields → PlaceCard → Reading → Confirm
                                         beside it CardLifted, WrongNumber, Refused, Problem
"""

from __future__ import annotations

import dataclasses

from crypto.errors import ChipIdError, Hint
from kiosk_ui.app import failures
from kiosk_ui.app.domain.identification import Way
from kiosk_ui.app.domain.masking import mask_number
from kiosk_ui.app.domain.mrz_text import MrzText
from kiosk_ui.app.domain.number import CitizenNumber
from kiosk_ui.app.domain.reading import Decision, ReadResult
from kiosk_ui.app.domain.travel_document import TravelDocument
from kiosk_ui.app.domain.visitor import NumberKind
from kiosk_ui.app.flows import effects as fx
from kiosk_ui.app.flows import events as ev
from kiosk_ui.app.flows import screens as s
from kiosk_ui.app.flows.frame import Frame, Step, cancel_of
from reader.verification.identity import Assurance
from reader.verification.printed import is_same_number

__all__ = [
    "ask_document",
    "ask_key",
    "mrz_given",
    "not_me",
    "number_known",
    "on_reading",
    "read",
    "scan_unreadable",
    "stalled",
]

# The reader's names for "the card is not (any more) on the reader" (reader.errors).
_CARD_GONE = frozenset({"card.removed", "card.absent"})


# ------------------------------------------------------------------------------- what opens the chip
def number_known(frame: Frame, state: s.CheckInState, known: ev.NumberKnown) -> Step:
    """Twelve digits: wait for the card. Anything else is asked again."""
    try:
        number = CitizenNumber.from_text(known.text)
    except failures.KioskError:
        return ask_key(frame, state, s.NumberProblem.NOT_12_DIGITS)
    before = state.visit or s.Visit()
    visit = dataclasses.replace(before, key=number, scanned=known.scanned, reading=None, document=None)
    return read(frame, dataclasses.replace(state, visit=visit), s.PlaceCard())


def mrz_given(frame: Frame, state: s.CheckInState, given: ev.MrzGiven) -> Step:
    """A zone opens a passport's chip; that of a citizen's card names the twelve digits, which open it faster."""
    try:
        mrz = MrzText.from_text(given.text)
    except ChipIdError:
        return ask_document(frame, state, s.InputProblem.SCAN_UNREADABLE)
    citizen = mrz.mrz.citizen_number
    key = mrz if citizen is None else CitizenNumber.from_text(citizen)
    visit = dataclasses.replace(state.visit or s.Visit(), key=key, scanned=None, reading=None, document=None)
    return read(frame, dataclasses.replace(state, visit=visit), s.PlaceCard())


def ask_document(frame: Frame, state: s.CheckInState, problem: s.InputProblem | None = None, number: str = "") -> Step:
    """Ask (again) for a passport: its page under the scanner, or the first of its three fields."""
    visit = state.visit or s.Visit(way=Way.PASSPORT)
    document = visit.document or TravelDocument(number)
    way = visit.way or Way.PASSPORT
    asked = dataclasses.replace(visit, way=way, document=document, key=None, scanned=None, reading=None)
    screen = s.TypeNumber(NumberKind.DOCUMENT, problem, document.number)
    return frame.show(dataclasses.replace(state, visit=asked), screen)


def scan_unreadable(frame: Frame, state: s.CheckInState) -> Step:
    """The scanner read something else: the screen that waits for a scan says so."""
    match state.screen:
        case s.ScanPhone() as phone:
            return frame.show(state, dataclasses.replace(phone, problem=s.NumberProblem.SCAN_UNREADABLE))
        case (s.TypeNumber() | s.TypeBirth() | s.TypeExpiry() | s.CheckDocument()) as typing:
            return frame.show(state, dataclasses.replace(typing, problem=s.InputProblem.SCAN_UNREADABLE))
        case _:
            return ask_key(frame, state, s.NumberProblem.SCAN_UNREADABLE)


def ask_key(frame: Frame, state: s.CheckInState, problem: s.NumberProblem | None = None) -> Step:
    """Ask (again) for what opens the chip."""
    visit = state.visit
    if problem is None and visit is not None:
        if isinstance(visit.key, MrzText):
            return ask_document(frame, state, number=visit.key.document_number)
        if isinstance(visit.key, TravelDocument):
            return frame.show(state, s.CheckDocument(visit.document or visit.key))
    return frame.show(state, s.EnterNumber(problem, for_guardian=visit is not None and visit.for_guardian))


# ------------------------------------------------------------------------------------------- reading
def read(frame: Frame, state: s.CheckInState, screen: s.PlaceCard | s.CardLifted) -> Step:
    """Begin to wait for the card. Falls back to the number when none is known any more."""
    visit = state.visit
    if visit is None or visit.key is None:
        return ask_key(frame, state)
    waiting = dataclasses.replace(visit, reading=None)
    begun = dataclasses.replace(state, visit=waiting, request=state.request + 1, card_away=False)
    # Entering one reading screen from another leaves two readings running unless the first is cancelled.
    start = fx.StartReading(begun.request, visit.key, visit.scanned)
    return frame.show(begun, screen, *cancel_of(state), start)


def on_reading(frame: Frame, state: s.CheckInState, event: ev.ReadingEvent) -> Step:
    """What the running reading tells."""
    match event:
        case ev.ReadingProgressed(step=step, steps_done=done, steps_total=total):
            total = max(1, total)
            there = dataclasses.replace(state, card_lies=True)
            return frame.show(there, s.Reading(step, min(max(0, done), total), total))
        case ev.CardAwaited():
            return frame.show(dataclasses.replace(state, card_lies=False), s.CardLifted(is_awaited=True))
        case ev.ReadingFinished(result=result):
            return _judge(frame, dataclasses.replace(state, card_lies=True), result)
        case ev.ReadingFailed(code=code, hint=hint):
            return _not_read(frame, state, code, hint)


def stalled(frame: Frame, state: s.CheckInState) -> Step:
    """Nothing was heard of the reading for too long."""
    silent = dataclasses.replace(state, request=state.request + 1)
    code = failures.READING_STALLED
    return _misread(frame, silent, code.name, code.hint, s.Retry.READ_AGAIN, fx.CancelReading())


def _judge(frame: Frame, state: s.CheckInState, result: ReadResult) -> Step:
    visit, identity = state.visit, result.identity
    if result.decision is Decision.REJECT:
        # Nothing of a refused card is kept: only the codes stay, for staff.
        bare = dataclasses.replace(state, visit=None)
        return frame.show(bare, s.Refused(frame.rules.counter, result.reasons))
    if visit is None or visit.key is None or not _is_that_document(identity.number, visit.key):
        # The access key is only a part of the number: another card may open with it.
        return _wrong_number(frame, state)
    if identity.assurance not in frame.rules.admitted:
        return frame.problem(_without_reading(state), failures.NOT_ADMITTED)
    person = s.PersonShown(identity.full_name, mask_number(identity.number), identity.date_of_birth, identity.portrait)
    # "Genuine" is said of a chip that has proven it, and of nothing else that a hospital may admit.
    genuine = identity.assurance is Assurance.CHIP_VERIFIED
    proof = s.Proof.GENUINE if genuine else s.Proof.ISSUER_NOT_VERIFIED
    known = dataclasses.replace(visit, reading=result, wrong_tries=0, misreads=0)
    screen = s.Confirm(person, proof, identity.assurance, visit.for_guardian)
    return frame.show(dataclasses.replace(state, visit=known), screen)


def _is_that_document(on_chip: str, key: CitizenNumber | MrzText | TravelDocument) -> bool:
    """Whether the chip is that of the number, zone or typed document that was given."""
    if isinstance(key, CitizenNumber):
        return is_same_number(on_chip, key)
    if isinstance(key, TravelDocument):
        return key.is_number(on_chip)
    # A Vietnamese zone without optional data has the last nine of the twelve digits only (vietnam.md A.4).
    return on_chip == key.document_number or (key.is_vietnamese and on_chip[-9:] == key.document_number)


def _not_read(frame: Frame, state: s.CheckInState, code: str, hint: Hint) -> Step:
    if code in _CARD_GONE:
        state = dataclasses.replace(state, card_lies=False)
        # Waiting again is right only if something happened since: a reading that never begins would spin for ever.
        if state.screen != s.CardLifted():
            return read(frame, state, s.CardLifted())
    if hint is Hint.REENTER_KEY:
        return _wrong_number(frame, state)
    # A missing reader may be plugged in again; a chip that is blocked or lies is not tried again.
    hopeless = hint is Hint.CALL_STAFF and not code.startswith("reader.")
    return _misread(frame, state, code, hint, s.Retry.NONE if hopeless else s.Retry.READ_AGAIN)


def _misread(frame: Frame, state: s.CheckInState, code: str, hint: Hint, retry: s.Retry, *effects: fx.Effect) -> Step:
    """The card could not be read. Who has met that often enough, or cannot try again, may go on without the chip."""
    visit = state.visit or s.Visit()
    counted = dataclasses.replace(visit, misreads=visit.misreads + 1)
    without_chip = (
        counted.misreads >= frame.rules.misreads
        or retry is s.Retry.NONE
        or hint in (Hint.CALL_STAFF, Hint.NOT_SUPPORTED)
    )
    screen = s.Problem(code, hint, retry, frame.rules.counter, without_chip)
    return frame.show(dataclasses.replace(state, visit=counted), screen, *effects)


def _wrong_number(frame: Frame, state: s.CheckInState) -> Step:
    visit = state.visit
    tries = (visit.wrong_tries if visit else 0) + 1
    left = frame.rules.max_tries - tries
    if left < 1 or visit is None:
        return frame.problem(_without_reading(state), failures.TOO_MANY_TRIES)
    pauses = frame.rules.pauses_s
    pause = pauses[min(tries, len(pauses)) - 1] if pauses else 0
    counted = dataclasses.replace(visit, wrong_tries=tries, reading=None)
    screen = s.WrongNumber(left, pause, without_chip=tries >= frame.rules.misreads)
    return frame.show(dataclasses.replace(state, visit=counted), screen)


def _without_reading(state: s.CheckInState) -> s.CheckInState:
    """Nothing of the card is kept; a traveller's own typing is, so that the slip need not ask for it again."""
    visit = state.visit
    if visit is None or visit.for_guardian or visit.document is None:
        return _without_card_data(state)
    return dataclasses.replace(state, visit=s.Visit(way=Way.PASSPORT, document=visit.document))


def _without_card_data(state: s.CheckInState) -> s.CheckInState:
    """Nothing of the card is kept; a child's typed data are, when it was the guardian's card."""
    visit = state.visit
    if visit is None or not visit.for_guardian:
        return dataclasses.replace(state, visit=None)
    return dataclasses.replace(state, visit=s.Visit(way=Way.CHILD, declared=visit.declared))


def not_me(frame: Frame, state: s.CheckInState) -> Step:
    """Another person's card: its data go, and another number is asked for."""
    bare = dataclasses.replace(_without_card_data(state), card_away=False)
    if state.visit is not None and isinstance(state.visit.key, MrzText | TravelDocument):
        return ask_document(frame, bare)
    for_guardian = bare.visit is not None
    # No Clear: it is the same visit, and its language and looks stay.
    return frame.show(bare, s.EnterNumber(for_guardian=for_guardian))
