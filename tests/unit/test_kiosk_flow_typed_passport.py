"""A passport that no scanner reads: three short questions open its chip, and nothing typed is ever lost."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.errors import Hint
from kiosk_ui.app.domain.check_in import CheckInDraft
from kiosk_ui.app.domain.identification import Identification, Way
from kiosk_ui.app.domain.reading import Decision, ReadingStep, ReadResult
from kiosk_ui.app.domain.travel_document import DocumentField, TravelDocument
from kiosk_ui.app.domain.visitor import NumberKind
from kiosk_ui.app.flows import effects as fx
from kiosk_ui.app.flows import events as ev
from kiosk_ui.app.flows import screens as s
from kiosk_ui.app.flows.check_in import CheckInFlow
from kiosk_ui.app.flows.typed_input import expiry_from, number_from
from reader import errors
from reader.lds.mrz import parse_scanned_mrz
from reader.verification.identity import Assurance
from scripts.flow_map import CODE, MRZ, NAME, NOW, NUMBER, PASSPORT
from scripts.flow_map import person as somebody
from tests.unit.kiosk_visitor import Visitor

BORN, LAST = ev.BirthGiven(12, 8, 1974), ev.ExpiryGiven(15, 4, 2012)
TYPED = TravelDocument(PASSPORT, dt.date(1974, 8, 12), 1974, dt.date(2012, 4, 15))


@pytest.fixture
def visitor() -> Visitor:
    return Visitor()


def types_all(visitor: Visitor) -> s.Screen:
    return visitor(ev.TextGiven(PASSPORT), BORN, LAST)


def opened_with(visitor: Visitor) -> object:
    return [effect.key for effect in visitor.effects if isinstance(effect, fx.StartReading)][-1]


# -------------------------------------------------------------------------------------- what opens it
def test_the_three_fields_are_the_very_key_of_the_scanned_lines():
    """Doc 9303-11 §9.7.3: what is typed and what is printed lead to the same octets."""
    assert TYPED.mrz_information == parse_scanned_mrz(MRZ.splitlines()).mrz_information
    # Doc 9303-11 appendix D.2, with a number of eight characters
    published = TravelDocument("L898902C", dt.date(1969, 8, 6), 1969, dt.date(1994, 6, 23))
    assert published.mrz_information == "L898902C<369080619406236"


def test_a_year_of_birth_alone_and_a_hyphen_are_written_as_zones_write_them():
    document = TravelDocument("AB-12345", None, 1948, dt.date(2030, 1, 2))
    assert document.mrz_information.startswith("AB<12345<")
    assert document.mrz_information[10:16] == "48<<<<"


@pytest.mark.parametrize(
    ("typed", "zone"),
    [((0, 12, 1991), "9112<<"), ((0, 0, 1991), "91<<<<"), ((None, None, 1991), "91<<<<"), ((5, 12, 1991), "911205")],
)
def test_days_and_months_that_a_document_does_not_know_are_typed_as_zeros(
    visitor: Visitor, typed: tuple[int | None, int | None, int], zone: str
):
    visitor.chooses(Way.PASSPORT)
    visitor(ev.TextGiven(PASSPORT), ev.BirthGiven(*typed))
    visitor(LAST)
    key = opened_with(visitor)
    assert isinstance(key, TravelDocument)
    assert key.mrz_information[10:16] == zone


@pytest.mark.parametrize("typed", [(0, 13, 1991), (5, 0, 1991), (31, 2, 1991), (0, 12, 3000), (0, 0, 0)])
def test_zeros_are_no_excuse_for_days_that_are_none(visitor: Visitor, typed: tuple[int, int, int]):
    visitor.chooses(Way.PASSPORT)
    visitor(ev.TextGiven(PASSPORT))
    screen = visitor(ev.BirthGiven(*typed))
    assert isinstance(screen, s.TypeBirth)
    assert screen.problem is not None


@pytest.mark.parametrize("field", ["number", "birth_year", "date_of_expiry"])
def test_what_is_not_whole_opens_nothing(field: str):
    missing = {"number": "", "birth_year": None, "date_of_expiry": None}[field]
    part = dataclasses.replace(TYPED, **{field: missing, **({"date_of_birth": None} if field == "birth_year" else {})})
    assert part.first_missing is not None
    with pytest.raises(errors.DocumentError):
        _ = part.mrz_information


@pytest.mark.parametrize(
    ("typed", "on_chip", "same"),
    [
        ("L898902C3", "L898902C3", True),
        ("L898902C3", "L898902C4", False),
        ("AB-12345", "AB<12345", True),
        ("085000017", "040085000017", True),  # a Vietnamese card by its zone, as DG13 names it
        ("085000017", "X40085000017", False),
        ("17", "040085000017", False),
    ],
)
def test_the_chip_is_held_against_the_number_that_was_typed(typed: str, on_chip: str, same: bool):
    assert TravelDocument(typed).is_number(on_chip) is same


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (" l898 902c3 ", "L898902C3"),
        ("ab‐12345", "AB-12345"),
        ("040085000017", "040085000017"),
        ("1", "1"),
        ("", s.InputProblem.EMPTY),
        ("   ", s.InputProblem.EMPTY),
        ("PASSPORT", s.InputProblem.NOT_A_DOCUMENTS),
        ("-12", s.InputProblem.NOT_A_DOCUMENTS),
        ("12<", s.InputProblem.NOT_A_DOCUMENTS),
        ("Đ123", s.InputProblem.NOT_A_DOCUMENTS),
        ("١٢٣", s.InputProblem.NOT_A_DOCUMENTS),
        ("1" * 23, s.InputProblem.NOT_A_DOCUMENTS),
    ],
)
def test_numbers_of_passports(text: str, expected: object):
    is_taken = not isinstance(expected, s.InputProblem)
    assert number_from(text, NumberKind.DOCUMENT) == ((expected, NumberKind.DOCUMENT) if is_taken else expected)


@given(st.text(max_size=40))
def test_whatever_counts_as_a_number_can_be_a_key(text: str):
    found = number_from(text, NumberKind.DOCUMENT)
    if not isinstance(found, s.InputProblem):
        assert dataclasses.replace(TYPED, number=found[0]).mrz_information


def test_last_days():
    assert expiry_from(29, 2, 2028) == dt.date(2028, 2, 29)
    assert expiry_from(31, 12, 2001) == dt.date(2001, 12, 31), "long over, and still what opens the chip"
    assert expiry_from(30, 2, 2028) is s.InputProblem.NO_SUCH_DAY
    assert expiry_from(1, 1, 0) is s.InputProblem.NO_SUCH_DAY
    assert expiry_from(12, 8, 1974) is s.InputProblem.NOT_AN_EXPIRY, "the date of birth, typed twice"


# ------------------------------------------------------------------------------------------- the flow
def test_three_questions_and_the_passport_is_read(visitor: Visitor):
    assert visitor.chooses(Way.PASSPORT) == s.TypeNumber(NumberKind.DOCUMENT)
    assert visitor(ev.TextGiven("l898902c3")) == s.TypeBirth(s.Whose.HOLDER)
    assert visitor(BORN) == s.TypeExpiry()
    assert isinstance(visitor(LAST), s.PlaceCard)
    assert opened_with(visitor) == TYPED
    assert isinstance(visitor.card_reads(PASSPORT), s.Confirm)
    assert isinstance(visitor(ev.Confirmed()), s.LookingUp)
    assert visitor.state.visit is not None
    assert visitor.state.visit.visitor is not None
    assert visitor.state.visit.visitor.full_name == NAME, "names are the chip's"


def test_the_twelve_digits_of_a_foreigners_document_are_no_citizen_number(visitor: Visitor):
    visitor.chooses(Way.PASSPORT)
    visitor(ev.TextGiven(NUMBER), BORN, LAST)
    visitor(ev.ReadingProgressed(visitor.state.request, ReadingStep.OPENING, 0, 6))
    foreign = dataclasses.replace(somebody(NUMBER), nationality="UTO")
    visitor(ev.ReadingFinished(visitor.state.request, ReadResult(foreign, Decision.ACCEPT)), ev.Confirmed())
    assert not [effect for effect in visitor.effects if isinstance(effect, fx.LookUpInsurance)]


def test_a_slip_of_the_finger_keeps_what_was_typed(visitor: Visitor):
    visitor.chooses(Way.PASSPORT)
    assert visitor(ev.TextGiven("PASSPORT")) == s.TypeNumber(
        NumberKind.DOCUMENT, s.InputProblem.NOT_A_DOCUMENTS, "PASSPORT"
    )
    visitor(ev.TextGiven(PASSPORT))
    assert visitor(ev.BirthGiven(31, 2, 1974)) == s.TypeBirth(
        s.Whose.HOLDER, s.InputProblem.NO_SUCH_DAY, NOW.date(), TravelDocument(PASSPORT)
    )
    visitor(BORN)
    screen = visitor(ev.ExpiryGiven(15, 4, 1999))
    assert isinstance(screen, s.TypeExpiry)
    assert screen.problem is s.InputProblem.NOT_AN_EXPIRY
    assert isinstance(visitor(LAST), s.PlaceCard)


def test_a_chip_that_refuses_leads_back_to_the_three_fields_and_nothing_is_lost(visitor: Visitor):
    visitor.chooses(Way.PASSPORT)
    visitor(ev.TextGiven("L898902O3"), BORN, LAST)
    refused = visitor.card_fails("access.wrong_key", Hint.REENTER_KEY)
    assert isinstance(refused, s.WrongNumber)
    wrong = dataclasses.replace(TYPED, number="L898902O3")
    assert visitor(ev.TryAgain()) == s.CheckDocument(wrong)
    assert visitor(ev.FieldChosen(DocumentField.NUMBER)) == s.TypeNumber(NumberKind.DOCUMENT, given="L898902O3")
    assert visitor(ev.TextGiven(PASSPORT)) == s.CheckDocument(TYPED), (
        "whoever came to mend one thing sees all three again"
    )
    assert visitor(ev.FieldChosen(DocumentField.BIRTH)) == s.TypeBirth(s.Whose.HOLDER, given=TYPED)
    assert visitor(BORN) == s.CheckDocument(TYPED)
    assert visitor(ev.FieldChosen(DocumentField.EXPIRY)) == s.TypeExpiry(given=TYPED)
    assert visitor(LAST) == s.CheckDocument(TYPED)
    assert isinstance(visitor(ev.GoOn()), s.PlaceCard)
    assert opened_with(visitor) == TYPED
    assert isinstance(visitor.card_reads(PASSPORT), s.Confirm)


def test_tries_are_bounded_and_the_slip_is_the_way_out(visitor: Visitor):
    visitor.chooses(Way.PASSPORT)
    types_all(visitor)
    screens = []
    for _ in range(10):
        screens.append(visitor.card_fails("access.wrong_key", Hint.REENTER_KEY))
        if isinstance(screens[-1], s.Problem):
            break
        while isinstance(visitor.state.screen, s.WrongNumber) and visitor.state.screen.wait_seconds:
            visitor(ev.TimerFired(visitor.state.timer))
        visitor(ev.TryAgain(), ev.GoOn())
    assert isinstance(screens[-1], s.Problem)
    assert len(screens) == 5
    assert [screen.without_chip for screen in screens] == [False, True, True, True, True]
    assert visitor(ev.WithoutChip()) == s.TypeName(), "number and dates are known already"
    visitor(ev.TextGiven("Anna Maria Eriksson"))
    _is_the_typed_passport(visitor.slip())


@pytest.mark.parametrize("where", ["at the last day", "at the reader", "at an unreadable chip", "at the three fields"])
def test_a_passport_without_a_chip_gets_a_slip_from_what_was_typed(visitor: Visitor, where: str):
    visitor.chooses(Way.PASSPORT)
    visitor(ev.TextGiven(PASSPORT), BORN)
    if where != "at the last day":
        visitor(LAST)
    if where == "at an unreadable chip":
        visitor.card_fails("card.not_supported", Hint.NOT_SUPPORTED)
    if where == "at the three fields":
        visitor.card_fails("access.wrong_key", Hint.REENTER_KEY)
        visitor(ev.TryAgain())
    assert visitor(ev.WithoutChip()) == s.TypeName()
    assert isinstance(visitor(ev.TextGiven("Anna Maria Eriksson")), s.ConfirmDeclared)
    _is_the_typed_passport(visitor.slip())


def test_a_card_that_turns_up_after_all_needs_none_of_it(visitor: Visitor):
    visitor.chooses(Way.PASSPORT)
    visitor(ev.TextGiven(PASSPORT))
    assert isinstance(visitor(ev.MrzGiven(MRZ)), s.PlaceCard), "the page under the scanner, in the middle of typing"
    visitor(ev.StartAgain())
    visitor.chooses(Way.PASSPORT)
    assert isinstance(visitor(ev.NumberKnown(NUMBER, CODE)), s.PlaceCard)
    assert visitor.state.visit is not None
    assert visitor.state.visit.document is None
    assert visitor.state.visit.way is None


def test_a_scan_that_could_not_be_read_is_told_of_wherever_one_would_do(visitor: Visitor):
    visitor.chooses(Way.PASSPORT)
    for answer in (ev.TextGiven(PASSPORT), BORN, LAST):
        screen = visitor(ev.ScanUnreadable())
        assert isinstance(screen, s.TypeNumber | s.TypeBirth | s.TypeExpiry)
        assert screen.problem is s.InputProblem.SCAN_UNREADABLE
        visitor(answer)
    visitor.card_fails("access.wrong_key", Hint.REENTER_KEY)
    visitor(ev.TryAgain())
    assert visitor(ev.ScanUnreadable()) == s.CheckDocument(TYPED, s.InputProblem.SCAN_UNREADABLE)
    assert isinstance(visitor(ev.GoOn()), s.PlaceCard)


def test_not_me_asks_for_another_passport(visitor: Visitor):
    visitor.chooses(Way.PASSPORT)
    types_all(visitor)
    visitor.card_reads(PASSPORT)
    assert visitor(ev.NotMe()) == s.TypeNumber(NumberKind.DOCUMENT), "nothing of the other one is shown"
    assert visitor.state.visit == s.Visit(way=Way.PASSPORT, document=TravelDocument())


def test_nothing_typed_stands_in_any_repr(visitor: Visitor):
    visitor.chooses(Way.PASSPORT)
    types_all(visitor)
    visitor.card_fails("access.wrong_key", Hint.REENTER_KEY)
    visitor(ev.TryAgain())
    shown = [visitor.state, TYPED, *visitor.effects, LAST, BORN]
    visitor(ev.FieldChosen(DocumentField.NUMBER))
    text = repr([*shown, visitor.state])
    assert PASSPORT not in text
    assert "1974" not in text


# ------------------------------------------------------------------------------- who brings a child
def asks_for_guardian(visitor: Visitor) -> s.Screen:
    visitor.chooses(Way.CHILD)
    return visitor(ev.TextGiven("123/2023"), ev.TextGiven("Nguyễn Thị Thử"), ev.BirthGiven(1, 5, 2023))


@pytest.mark.parametrize("how", ["typed", "scanned at once", "scanned at the number", "scanned at the list"])
def test_a_guardian_with_a_foreign_passport_is_read_as_with_a_card(visitor: Visitor, how: str):
    assert isinstance(asks_for_guardian(visitor), s.GuardianCard)
    if how == "scanned at once":
        visitor(ev.MrzGiven(MRZ))
    elif how == "scanned at the number":
        visitor(ev.GoOn(), ev.MrzGiven(MRZ))
    else:
        assert visitor(ev.OtherWaysAsked()) == s.OtherWays(for_guardian=True)
        if how == "typed":
            assert visitor(ev.WayChosen(Way.PASSPORT)) == s.TypeNumber(NumberKind.DOCUMENT)
            types_all(visitor)
        else:
            visitor(ev.MrzGiven(MRZ))
    assert isinstance(visitor.state.screen, s.PlaceCard)
    screen = visitor.card_reads(PASSPORT)
    assert isinstance(screen, s.Confirm)
    assert screen.for_guardian
    visitor(ev.Confirmed())
    draft = visitor.slip()
    assert draft.visitor.full_name == "Nguyễn Thị Thử", "the child is checked in, not the guardian"
    assert draft.visitor.guardian is not None
    assert (draft.visitor.guardian.number, draft.visitor.guardian.portrait) == (PASSPORT, None)
    assert draft.visitor.identification is Identification.GUARDIAN
    assert "guardian" not in draft.missing


@pytest.mark.parametrize(
    ("source", "assurance"), [("phone", Assurance.DECLARED_APP), ("unreadable card", Assurance.DECLARED_QR)]
)
def test_a_guardian_who_only_declares_stands_beside_the_child_and_the_counter_looks(
    visitor: Visitor, source: str, assurance: Assurance
):
    asks_for_guardian(visitor)
    if source == "phone":
        assert visitor(ev.OtherWaysAsked(), ev.WayChosen(Way.PHONE)) == s.ScanPhone(for_guardian=True)
        visitor(ev.NumberKnown(NUMBER, CODE))
    else:
        visitor(ev.NumberKnown(NUMBER, CODE))
        visitor.card_fails("access.blocked", Hint.CALL_STAFF)
        visitor(ev.WithoutChip())
    draft = visitor.slip()
    guardian = draft.visitor.guardian
    assert guardian is not None
    assert (guardian.number, guardian.full_name, guardian.assurance) == (NUMBER, NAME, assurance)
    assert draft.visitor.identification is Identification.TYPED, "no chip has named anybody"
    assert "guardian" in draft.missing


@pytest.mark.parametrize(
    "events",
    [
        [ev.WayChosen(Way.NO_CARD)],
        [ev.WayChosen(Way.PHONE), ev.WithoutChip()],
        [ev.WayChosen(Way.PHONE), ev.NumberKnown(NUMBER)],
        [ev.WayChosen(Way.PASSPORT), ev.Skipped()],
        [ev.WayChosen(Way.PASSPORT), ev.TextGiven(PASSPORT), BORN, ev.WithoutChip()],
    ],
    ids=["nothing", "no code", "a bare number", "no passport", "no chip"],
)
def test_a_guardian_with_nothing_that_can_be_read_keeps_nobody_waiting(visitor: Visitor, events: list[ev.Event]):
    asks_for_guardian(visitor)
    visitor(ev.OtherWaysAsked(), *events)
    draft = visitor.slip()
    assert draft.visitor.full_name == "Nguyễn Thị Thử"
    assert draft.visitor.guardian is None
    assert "guardian" in draft.missing


def test_a_guardians_code_on_the_phone_is_not_the_childs_own(visitor: Visitor):
    visitor.chooses(Way.CHILD)
    visitor(ev.TextGiven("040323000017"), ev.TextGiven("Nguyễn Thị Thử"), ev.BirthGiven(1, 5, 2023))
    visitor(ev.OtherWaysAsked(), ev.WayChosen(Way.PHONE))
    number = dataclasses.replace(CODE.number, digits="040323000017")
    own = dataclasses.replace(CODE, number=number, date_of_birth=dt.date(2023, 5, 1))
    visitor(ev.NumberKnown("040323000017", own))
    assert visitor.slip().visitor.guardian is None


def test_other_ways_of_a_guardian_are_only_those_that_name_a_person(visitor: Visitor):
    asks_for_guardian(visitor)
    asked = visitor(ev.OtherWaysAsked())
    for way in (Way.CHILD, Way.OLD_CARD, Way.EMERGENCY):
        assert visitor(ev.WayChosen(way)) == asked


def test_the_other_papers_of_a_guardian_cost_the_child_nothing(visitor: Visitor):
    asks_for_guardian(visitor)
    visitor(ev.NumberKnown(NUMBER))
    visitor.card_fails("access.wrong_key", Hint.REENTER_KEY)
    visitor(ev.OtherWaysAsked(), ev.WayChosen(Way.PASSPORT))
    types_all(visitor)
    visitor.card_reads(PASSPORT)
    assert visitor(ev.NotMe()) == s.TypeNumber(NumberKind.DOCUMENT), "another guardian's passport"
    visitor(ev.NumberKnown(NUMBER, CODE))
    visitor.card_reads()
    visitor(ev.Confirmed())
    draft = visitor.slip()
    assert draft.visitor.full_name == "Nguyễn Thị Thử"
    assert draft.visitor.guardian is not None
    assert draft.visitor.guardian.number == NUMBER


# ------------------------------------------------------------------------------------------ the clock
def at(year: int) -> Visitor:
    there = Visitor()
    numbers = itertools.count(1)
    there.flow = CheckInFlow(
        new_id=lambda: uuid.UUID(int=next(numbers)), now=lambda: dt.datetime(year, 6, 1, 7, tzinfo=NOW.tzinfo)
    )
    return there


@pytest.mark.parametrize("year", [1, 1970, 2025, 2046, 2099, 9999])
@pytest.mark.parametrize(
    "born", [ev.BirthGiven(3, 2, 1921), ev.BirthGiven(1, 11, 2026), ev.BirthGiven(None, None, 2026)]
)
def test_a_clock_that_cannot_be_right_blames_nobody(year: int, born: ev.BirthGiven):
    kiosk = at(year)
    kiosk.chooses(Way.NO_CARD)
    kiosk(ev.TextGiven(NAME))
    assert isinstance(kiosk(born), s.ConfirmDeclared)
    draft = kiosk.slip()
    assert draft.priority.value == "none", "nobody is 75 by such a clock, either"


@pytest.mark.parametrize("year", [1970, 2099])
def test_without_a_calendar_what_is_no_day_is_still_none(year: int):
    kiosk = at(year)
    kiosk.chooses(Way.NO_CARD)
    kiosk(ev.TextGiven(NAME))
    for born in (ev.BirthGiven(31, 2, 1990), ev.BirthGiven(1, 1, 1800), ev.BirthGiven(None, None, 3000)):
        assert kiosk(born) == s.TypeBirth(s.Whose.SELF, s.InputProblem.NO_SUCH_DAY)


def test_a_day_to_come_is_told_with_the_calendar_that_says_so(visitor: Visitor):
    visitor.chooses(Way.NO_CARD)
    visitor(ev.TextGiven(NAME))
    tomorrow = NOW.date() + dt.timedelta(1)
    screen = visitor(ev.BirthGiven(tomorrow.day, tomorrow.month, tomorrow.year))
    assert screen == s.TypeBirth(s.Whose.SELF, s.InputProblem.IN_THE_FUTURE, NOW.date())


def _is_the_typed_passport(draft: CheckInDraft) -> None:
    visited = draft.visitor
    assert (visited.number, visited.number_kind) == (PASSPORT, NumberKind.DOCUMENT)
    assert (visited.full_name, visited.date_of_birth) == ("Anna Maria Eriksson", dt.date(1974, 8, 12))
    assert visited.assurance is Assurance.TYPED
    assert draft.missing[0] == "identity"
