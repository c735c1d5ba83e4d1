"""The ways of those without a readable chip: what they say of themselves, until it is enough for a slip.

    OtherWays → TypeNumber, ScanPhone … → TypeName → TypeBirth → (GuardianCard …) → ConfirmDeclared

Nothing here is verified, and nothing here is called so: each path ends at the counter.
"""

from __future__ import annotations

import dataclasses
import datetime as dt

from kiosk_ui.app import failures
from kiosk_ui.app.domain.identification import Identification, Way
from kiosk_ui.app.domain.masking import mask_number
from kiosk_ui.app.domain.mrz_text import MrzText
from kiosk_ui.app.domain.number import CitizenNumber
from kiosk_ui.app.domain.travel_document import TravelDocument
from kiosk_ui.app.domain.visitor import OF_AGE_YEARS, NumberKind, Visitor
from kiosk_ui.app.flows import card
from kiosk_ui.app.flows import effects as fx
from kiosk_ui.app.flows import events as ev
from kiosk_ui.app.flows import screens as s
from kiosk_ui.app.flows.frame import Frame, Step, cancel_of
from kiosk_ui.app.flows.typed_input import birth_from, name_from, number_from
from reader.scanners.qr import CitizenQr
from reader.verification.identity import Assurance, Identity, Sex

__all__ = [
    "ask_next",
    "birth_given",
    "card_instead",
    "choose_way",
    "correct",
    "guardian_read",
    "other_ways",
    "phone_scanned",
    "skipped",
    "text_given",
    "without_chip",
]

_SINCE = dt.date(2026, 12, 31)  # this program is no older
_NOBODY = Visitor(
    number="",
    number_kind=NumberKind.NONE,
    full_name="",
    date_of_birth=None,
    birth_year=None,
    sex=Sex.UNSPECIFIED,
    nationality="",
    address=None,
    assurance=Assurance.TYPED,
    identification=Identification.TYPED,
)


def other_ways(frame: Frame, state: s.CheckInState) -> Step:
    """No chip card? What a child's papers said is kept while its guardian looks for others."""
    visit = state.visit
    if visit is None or not visit.for_guardian:
        return frame.show(dataclasses.replace(state, visit=None), s.OtherWays())
    kept = dataclasses.replace(visit, key=None, scanned=None, reading=None, document=None)
    return frame.show(dataclasses.replace(state, visit=kept), s.OtherWays(for_guardian=True))


def _guardians_way(frame: Frame, state: s.CheckInState, way: Way) -> Step:
    match way:
        case Way.PASSPORT:
            return card.ask_document(frame, state)
        case Way.PHONE:
            return frame.show(state, s.ScanPhone(for_guardian=True))
        case Way.NO_CARD:
            return _without_guardian(frame, state)
        case _:
            return Step(state)


def choose_way(frame: Frame, state: s.CheckInState, way: Way) -> Step:
    """The first screen of a way."""
    if state.visit is not None and state.visit.for_guardian:
        return _guardians_way(frame, state, way)
    begun = dataclasses.replace(state, visit=s.Visit(way=way, declared=_NOBODY))
    match way:
        case Way.OLD_CARD:
            return frame.show(begun, s.TypeNumber(NumberKind.OLD_CARD))
        case Way.CHILD:
            return frame.show(begun, s.TypeNumber(NumberKind.BIRTH_CERTIFICATE))
        case Way.PHONE:
            return frame.show(begun, s.ScanPhone())
        case Way.PASSPORT:
            return card.ask_document(frame, begun)
        case Way.NO_CARD:
            return ask_next(frame, begun)
        case Way.EMERGENCY:
            bare = dataclasses.replace(state, visit=None)
            screen = s.Emergency(frame.rules.emergency_place_vi, frame.rules.emergency_place_en)
            return frame.show(bare, screen, fx.CallStaff(screen.name, failures.EMERGENCY.name))


# ------------------------------------------------------------------------------------------- typing
def text_given(frame: Frame, state: s.CheckInState, text: str) -> Step:
    """A number or a name was typed."""
    match state.screen:
        case s.TypeNumber(kind=kind):
            number = number_from(text, kind)
            if isinstance(number, s.InputProblem):
                return frame.show(state, s.TypeNumber(kind, number))
            if number[1] is NumberKind.CITIZEN and _is_grown_ups(frame, state, CitizenNumber(number[0])):
                return frame.show(state, s.TypeNumber(kind, s.InputProblem.NOT_A_CHILDS))
            return _declare(frame, state, number=number[0], number_kind=number[1])
        case s.TypeName(whose=whose):
            name = name_from(text)
            if isinstance(name, s.InputProblem):
                return frame.show(state, s.TypeName(whose, name))
            # Whatever the rest came from: a name that was typed makes all of it no more than typed.
            source = Identification.GUARDIAN if _is_brought_by_a_chip(state) else Identification.TYPED
            return _declare(frame, state, full_name=name, assurance=Assurance.TYPED, identification=source)
        case _:
            return Step(state)


def _is_brought_by_a_chip(state: s.CheckInState) -> bool:
    """Whether a guardian's chip stands beside what is put right of a child."""
    declared = state.visit.declared if state.visit else None
    return declared is not None and declared.identification is Identification.GUARDIAN


def _is_grown_ups(frame: Frame, state: s.CheckInState, number: CitizenNumber) -> bool:
    """Whether a child's number is asked for, and this one is a grown-up's by the year of birth in it."""
    is_for_child = state.visit is not None and state.visit.for_guardian
    today = frame.calendar()
    return is_for_child and today is not None and today.year - number.birth_year > OF_AGE_YEARS


def card_instead(frame: Frame, state: s.CheckInState, known: ev.NumberKnown) -> Step:
    """Whoever can show a card needs no other way. A guardian's is no child's: the child's would be asked for again."""
    asks_for_child = isinstance(state.screen, s.TypeNumber) and state.screen.kind is not NumberKind.DOCUMENT
    if state.visit is not None and state.visit.for_guardian and not asks_for_child:
        return card.number_known(frame, state, known)
    try:
        number = CitizenNumber.from_text(known.text)
    except failures.KioskError:
        number = None
    if number is not None and isinstance(state.screen, s.TypeNumber) and _is_grown_ups(frame, state, number):
        return frame.show(state, s.TypeNumber(state.screen.kind, s.InputProblem.NOT_A_CHILDS))
    return card.number_known(frame, dataclasses.replace(state, visit=None), known)


def birth_given(frame: Frame, state: s.CheckInState, given: ev.BirthGiven, whose: s.Whose) -> Step:
    """A date of birth was typed, or its year."""
    born = birth_from(given.day, given.month, given.year, frame.calendar())
    if isinstance(born, s.InputProblem):
        return frame.show(state, s.TypeBirth(whose, born, frame.calendar()))
    return _declare(frame, state, date_of_birth=born[0], birth_year=born[1])


def phone_scanned(frame: Frame, state: s.CheckInState, known: ev.NumberKnown) -> Step:
    """What the phone shows. Assumption: the text of the printed code, or the bare number; VNeID's own is not public."""
    if state.visit is not None and state.visit.for_guardian:
        return _declared_guardian(frame, state, known.scanned, Assurance.DECLARED_APP)
    if known.scanned is not None:
        return _from_code(frame, state, known.scanned, Identification.PHONE, Assurance.DECLARED_APP)
    try:
        number = CitizenNumber.from_text(known.text)
    except failures.KioskError:
        return frame.show(state, s.ScanPhone(s.NumberProblem.NOT_12_DIGITS))
    return _declare(frame, state, number=number.digits, number_kind=NumberKind.CITIZEN)


def _from_code(
    frame: Frame, state: s.CheckInState, code: CitizenQr, source: Identification, assurance: Assurance
) -> Step:
    """Take over what a code says; letters that did not come through whole are typed instead."""
    intact = code.text_is_intact
    return _declare(
        frame,
        state,
        number=code.number.digits,
        number_kind=NumberKind.CITIZEN,
        full_name=code.full_name if intact else "",
        date_of_birth=code.date_of_birth,
        birth_year=code.date_of_birth.year,
        sex=code.sex,
        address=(code.address or None) if intact else None,
        identification=source,
        assurance=assurance,
    )


def _from_mrz(frame: Frame, state: s.CheckInState, key: MrzText) -> Step:
    mrz, today = key.mrz, frame.calendar() or _SINCE  # a zone's years have two digits
    return _declare(
        frame,
        state,
        number=mrz.document_number,
        number_kind=NumberKind.DOCUMENT,
        full_name=mrz.name.full,
        date_of_birth=mrz.date_of_birth.birth_date(today),
        birth_year=mrz.date_of_birth.birth_year(today),
        sex=mrz.sex,
        nationality=mrz.nationality,
    )


def _from_document(frame: Frame, state: s.CheckInState, document: TravelDocument) -> Step:
    return _declare(
        frame,
        state,
        number=document.number,
        number_kind=NumberKind.DOCUMENT if document.number else NumberKind.NONE,
        date_of_birth=document.date_of_birth,
        birth_year=document.birth_year,
    )


def _declare(frame: Frame, state: s.CheckInState, **fields: object) -> Step:
    """Add what was declared, and ask for what is missing."""
    visit = state.visit or s.Visit()
    declared = dataclasses.replace(visit.declared or _NOBODY, **fields)  # type: ignore[arg-type] # names are Visitor's
    return ask_next(frame, dataclasses.replace(state, visit=dataclasses.replace(visit, declared=declared)))


def ask_next(frame: Frame, state: s.CheckInState) -> Step:
    """Name, year of birth, a child's guardian, and then: is this right?"""
    visit = state.visit
    if visit is None or visit.declared is None:
        return frame.welcome(state)
    declared = visit.declared
    whose = s.Whose.CHILD if visit.for_guardian else s.Whose.SELF
    before = visit.to_correct
    if not declared.full_name:
        return frame.show(state, s.TypeName(whose, given=before.full_name if before else ""))
    if declared.birth_year is None:
        born = TravelDocument(date_of_birth=before.date_of_birth, birth_year=before.birth_year) if before else None
        return frame.show(state, s.TypeBirth(whose, given=born))
    if visit.for_guardian and not visit.guardian_settled:
        return frame.show(state, s.GuardianCard())
    masked = mask_number(declared.number) if declared.number else ""
    person = s.PersonShown(declared.full_name, masked, declared.date_of_birth, None, declared.birth_year)
    return frame.show(state, s.ConfirmDeclared(person, declared.identification))


def correct(frame: Frame, state: s.CheckInState) -> Step:
    """This is not right. What was typed is asked again with all of it there; what a code says is another person's."""
    visit = state.visit
    if visit is None or visit.declared is None:
        return frame.welcome(state)
    before = visit.declared
    if before.identification in (Identification.QR, Identification.PHONE):
        return frame.show(dataclasses.replace(state, visit=None), s.OtherWays())
    blank = dataclasses.replace(before, full_name="", date_of_birth=None, birth_year=None)
    again = dataclasses.replace(state, visit=dataclasses.replace(visit, declared=blank, to_correct=before))
    if not before.number:
        return ask_next(frame, again)
    return frame.show(again, s.TypeNumber(before.number_kind, given=before.number))


# -------------------------------------------------------------------------- in place of the chip
def guardian_read(frame: Frame, state: s.CheckInState) -> Step:
    """The guardian has said "that is me": the chip's word stands beside what was typed of the child."""
    visit = state.visit
    if visit is None or visit.declared is None or visit.reading is None:
        return frame.welcome(state)
    guardian = dataclasses.replace(visit.reading.identity, portrait=None)
    return _brought_by(frame, state, guardian, Identification.GUARDIAN)


def _declared_guardian(frame: Frame, state: s.CheckInState, code: CitizenQr | None, assurance: Assurance) -> Step:
    """A guardian whom a code names, and no chip: the counter sees who that is said to be, and looks."""
    if code is None or not code.text_is_intact:
        return _without_guardian(frame, state)
    said = (code.number.digits, code.full_name, code.date_of_birth, code.sex, "", code.address or None)
    return _brought_by(frame, state, Identity(*said, None, False, None, assurance), Identification.TYPED)


def _without_guardian(frame: Frame, state: s.CheckInState) -> Step:
    """Nobody knows who brings the child: the counter will ask."""
    if state.visit is None:
        return frame.welcome(state)
    return _guardian_settled(frame, state, state.visit.declared)


def _guardian_settled(frame: Frame, state: s.CheckInState, child: Visitor | None) -> Step:
    settled = s.Visit(way=Way.CHILD, declared=child, guardian_settled=True)
    return ask_next(frame, dataclasses.replace(state, visit=settled))


def _brought_by(frame: Frame, state: s.CheckInState, guardian: Identity, source: Identification) -> Step:
    visit = state.visit
    if visit is None or visit.declared is None:
        return frame.welcome(state)
    child = visit.declared
    born = guardian.date_of_birth
    if guardian.number == child.number and born is not None and born.year == child.birth_year:
        pass  # the child's own card: who brings the child is still to be seen
    else:
        if guardian.number == child.number:  # the chip says whose number that is
            child = dataclasses.replace(child, number="", number_kind=NumberKind.NONE)
        child = dataclasses.replace(child, guardian=guardian, identification=source)
    return _guardian_settled(frame, state, child)


def skipped(frame: Frame, state: s.CheckInState) -> Step:
    """There is no number at hand; for a passport that means: no chip to open, either."""
    if state.visit is not None and state.visit.document is not None:
        return without_chip(frame, state)
    return _declare(frame, state, number="", number_kind=NumberKind.NONE)


def without_chip(frame: Frame, state: s.CheckInState) -> Step:
    """Go on with what there is in place of what this screen asked for."""
    step = _instead(frame, state)
    return Step(step.state, (*cancel_of(state), *step.effects))


def _instead(frame: Frame, state: s.CheckInState) -> Step:
    visit = state.visit
    # What still runs for the chip is stale from here on.
    state = dataclasses.replace(state, request=state.request + 1)
    if visit is None:
        begun = dataclasses.replace(state, visit=s.Visit(way=Way.NO_CARD, declared=_NOBODY))
        return frame.show(begun, s.TypeNumber(NumberKind.CITIZEN))
    if visit.for_guardian:
        return _declared_guardian(frame, state, visit.scanned, Assurance.DECLARED_QR)
    if isinstance(state.screen, s.ScanPhone):
        return frame.show(state, s.TypeNumber(NumberKind.CITIZEN))
    # Tries and keys have had their day: from here on nothing is read any more.
    fresh = dataclasses.replace(state, visit=s.Visit(way=visit.way, declared=_NOBODY))
    if visit.document is not None:
        return _from_document(frame, fresh, visit.document)
    if visit.scanned is not None:
        return _from_code(frame, fresh, visit.scanned, Identification.QR, Assurance.DECLARED_QR)
    if isinstance(visit.key, MrzText):
        return _from_mrz(frame, fresh, visit.key)
    if isinstance(visit.key, CitizenNumber):
        return _declare(frame, fresh, number=visit.key.digits, number_kind=NumberKind.CITIZEN)
    return frame.show(fresh, s.TypeNumber(NumberKind.CITIZEN))
