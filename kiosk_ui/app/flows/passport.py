"""A passport or foreign ID card whose zone nobody scans: the three fields that open its chip, one question each.

    TypeNumber → TypeBirth → TypeExpiry → PlaceCard …            beside it CheckDocument, after a chip has refused to open

Check digits of typed fields would protect nothing: the chip is the judge. What it refuses is shown again, field by field,
with nothing lost. The fields are the visitor's own, or those of the guardian who brings a child.
"""

from __future__ import annotations

import dataclasses

from kiosk_ui.app.domain.travel_document import DocumentField, TravelDocument
from kiosk_ui.app.domain.visitor import NumberKind
from kiosk_ui.app.flows import card
from kiosk_ui.app.flows import events as ev
from kiosk_ui.app.flows import screens as s
from kiosk_ui.app.flows.frame import Frame, Step
from kiosk_ui.app.flows.typed_input import birth_from, expiry_from, number_from

__all__ = ["birth_given", "change", "expiry_given", "number_given", "open_again"]


def number_given(frame: Frame, state: s.CheckInState, text: str) -> Step:
    """The document's number was typed."""
    number = number_from(text, NumberKind.DOCUMENT)
    if isinstance(number, s.InputProblem):
        return frame.show(state, s.TypeNumber(NumberKind.DOCUMENT, number, text[:_MOST_SHOWN]))
    return _given(frame, state, number=number[0])


def birth_given(frame: Frame, state: s.CheckInState, given: ev.BirthGiven) -> Step:
    """The holder's date of birth was typed, or its year. ``00`` stands for what the document does not know."""
    day, month = given.day or None, given.month or None
    knows_month = day is None and month in _MONTHS
    born = birth_from(day, None if knows_month else month, given.year, frame.calendar())
    if isinstance(born, s.InputProblem):
        before = state.visit.document if state.visit else None
        return frame.show(state, s.TypeBirth(s.Whose.HOLDER, born, frame.calendar(), before))
    partial = month if knows_month else None
    return _given(frame, state, date_of_birth=born[0], birth_year=born[1], birth_month=partial)


def expiry_given(frame: Frame, state: s.CheckInState, given: ev.ExpiryGiven) -> Step:
    """The document's last day was typed."""
    last = expiry_from(given.day, given.month, given.year)
    if isinstance(last, s.InputProblem):
        return frame.show(state, s.TypeExpiry(last, state.visit.document if state.visit else None))
    return _given(frame, state, date_of_expiry=last)


def change(frame: Frame, state: s.CheckInState, field: DocumentField) -> Step:
    """One of the fields is to be put right."""
    if state.visit is None or state.visit.document is None:
        return frame.welcome(state)
    return _ask(frame, state, field, state.visit.document)


def open_again(frame: Frame, state: s.CheckInState) -> Step:
    """All three are as they should be now: lay the passport down."""
    if state.visit is None or state.visit.document is None:
        return frame.welcome(state)
    visit = dataclasses.replace(state.visit, key=state.visit.document, scanned=None, reading=None)
    return card.read(frame, dataclasses.replace(state, visit=visit), s.PlaceCard())


_MONTHS = range(1, 13)
_MOST_SHOWN = 40  # characters of what was typed that are shown again


def _given(frame: Frame, state: s.CheckInState, **field: object) -> Step:
    """Keep a field. Who came to put it right goes back to all three; who types for the first time, to the next."""
    visit = state.visit
    if visit is None or visit.document is None:
        return frame.welcome(state)
    was_complete = visit.document.first_missing is None
    document = dataclasses.replace(visit.document, **field)  # type: ignore[arg-type] # names are TravelDocument's
    kept = dataclasses.replace(state, visit=dataclasses.replace(visit, document=document))
    if was_complete:
        return frame.show(kept, s.CheckDocument(document))
    missing = document.first_missing
    return open_again(frame, kept) if missing is None else _ask(frame, kept, missing, document)


def _ask(frame: Frame, state: s.CheckInState, field: DocumentField, document: TravelDocument) -> Step:
    match field:
        case DocumentField.NUMBER:
            return frame.show(state, s.TypeNumber(NumberKind.DOCUMENT, given=document.number))
        case DocumentField.BIRTH:
            known = None if document.birth_year is None else document
            return frame.show(state, s.TypeBirth(s.Whose.HOLDER, given=known))
        case DocumentField.EXPIRY:
            known = None if document.date_of_expiry is None else document
            return frame.show(state, s.TypeExpiry(given=known))
