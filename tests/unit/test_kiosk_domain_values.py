"""Values of the check-in: what is typed, who somebody is, how old, and the eight characters on a slip."""

from __future__ import annotations

import datetime as dt
import string
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk_ui.app.domain.check_in import reference_of
from kiosk_ui.app.domain.mrz_text import MrzText
from kiosk_ui.app.domain.priority import ASKED_FOR, Priority
from kiosk_ui.app.domain.visitor import NumberKind, Visitor, age_on, kind_of_number
from kiosk_ui.app.flows.identify_screens import InputProblem
from kiosk_ui.app.flows.typed_input import birth_from, name_from, number_from, phone_from
from reader.errors import DocumentError
from scripts.flow_map import MRZ, NAME, NUMBER
from scripts.flow_map import person as somebody

TODAY = dt.date(2026, 3, 2)
days = st.dates(dt.date(1880, 1, 1), TODAY)


def test_a_visitor_from_a_chip_is_what_the_chip_says_and_shows_nothing():
    visitor = Visitor.from_identity(somebody())
    assert (visitor.number, visitor.number_kind, visitor.full_name) == (NUMBER, NumberKind.CITIZEN, NAME)
    assert (visitor.birth_year, visitor.guardian, visitor.is_declared) == (1985, None, False)
    assert repr(visitor) == "Visitor(chip, chip_verified)"


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (NUMBER, NumberKind.CITIZEN),
        ("", NumberKind.NONE),
        ("L898902C3", NumberKind.DOCUMENT),
        ("181234567", NumberKind.DOCUMENT),
        ("٠٤٠٠٨٥٠٠٠٠١٧", NumberKind.DOCUMENT),
    ],
)
def test_twelve_ascii_digits_and_nothing_else_are_a_citizen_number(number: str, kind: NumberKind):
    assert kind_of_number(number) is kind


@given(days, days)
def test_age_counts_birthdays(born: dt.date, day: dt.date):
    if born > day:
        born, day = day, born
    birthdays = sum(
        (year, born.month, born.day) <= (day.year, day.month, day.day) for year in range(born.year + 1, day.year + 1)
    )
    assert age_on(day, born) == birthdays


@given(st.one_of(st.none(), st.dates()))
def test_priority_by_birth_never_raises_and_never_needs_staff(born: dt.date | None):
    priority = Priority.by_birth(born, TODAY)
    assert priority in {Priority.NONE, Priority.AGE, Priority.CHILD_UNDER_6}
    assert not priority.needs_staff
    assert all(reason.needs_staff for reason in ASKED_FOR)
    assert not Priority.EMERGENCY.needs_staff, "it is given by staff, not asked for"


@given(st.text(max_size=200), st.sampled_from(NumberKind))
def test_any_text_is_a_number_or_a_reason(text: str, kind: NumberKind):
    taken = number_from(text, kind)
    if isinstance(taken, tuple):
        assert 0 < len(taken[0]) <= 30
        assert any(character.isdigit() for character in taken[0])
        assert taken[1] in {kind, NumberKind.CITIZEN}
    else:
        assert taken in InputProblem


@given(st.text(max_size=200))
def test_any_text_is_a_name_or_a_reason(text: str):
    taken = name_from(text)
    if taken not in set(InputProblem):
        assert 2 <= len(taken) <= 100
        assert taken.isprintable()
        assert name_from(taken) == taken
        assert not set(taken) & set(string.digits + "<>|&;")


def test_letters_with_their_marks_apart_become_one():
    assert name_from("Nguye\u0302\u0303n Va\u0306n A") == "Nguyễn Văn A"


@given(st.none() | st.integers(-(10**30), 10**30), st.none() | st.integers(-5, 40), st.integers(-(10**30), 10**30))
def test_any_numbers_are_a_birth_or_a_reason(day: int | None, month: int | None, year: int):
    taken = birth_from(day, month, year, TODAY)
    if isinstance(taken, tuple):
        born, known_year = taken
        assert TODAY.year - 125 <= known_year <= TODAY.year
        assert born is None or (born <= TODAY and born.year == known_year)


@given(days.filter(lambda day: day.year >= TODAY.year - 125))
def test_every_day_of_the_last_years_can_be_given(born: dt.date):
    assert birth_from(born.day, born.month, born.year, TODAY) == (born, born.year)


@pytest.mark.parametrize(
    ("typed", "phone"),
    [
        ("0912 345 678", "0912345678"),
        ("+84912345678", "0912345678"),
        ("(024) 3825.1234", "02438251234"),
        ("+33612345678", "+33612345678"),
    ],
)
def test_phone_numbers_as_people_type_them(typed: str, phone: str):
    assert phone_from(typed) == phone


@given(st.text(max_size=60))
def test_any_text_is_a_phone_number_or_a_reason(text: str):
    taken = phone_from(text)
    assert taken is InputProblem.NOT_A_PHONE or taken.removeprefix("+").isdigit()


@given(st.uuids(version=4), st.uuids(version=4))
def test_a_reference_can_be_read_aloud_and_tells_check_ins_apart(one: uuid.UUID, other: uuid.UUID):
    reference = reference_of(one)
    assert len(reference) == 8
    assert not set(reference) - set(string.digits + string.ascii_uppercase) | set(reference) & set("ILOU")
    assert (reference == reference_of(other)) == (one.int % 2**40 == other.int % 2**40)


def test_a_reference_is_crockfords_base_32():
    assert reference_of(uuid.UUID(int=0)) == "00000000"
    assert reference_of(uuid.UUID(int=31)) == "0000000Z"
    assert reference_of(uuid.UUID(int=2**40 - 1)) == "ZZZZZZZZ"
    assert reference_of(uuid.UUID(int=1234)) == "0000016J"


def test_lines_are_taken_in_one_run_or_in_small_letters():
    one = MrzText.from_text(MRZ)
    assert MrzText.from_text(MRZ.replace("\n", "").lower()) == one
    assert one.document_number == "L898902C3"
    assert not one.is_vietnamese
    assert "L898902C3" not in repr(one)


@given(st.text(max_size=120))
def test_no_text_opens_a_chip_unless_it_is_lines(text: str):
    with pytest.raises(DocumentError, match=r"mrz\.|machine"):
        MrzText.from_text(text)
