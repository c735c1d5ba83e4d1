"""Names as Doc 9303 abbreviates them, and dates with two-digit years."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from reader.lds.mrz import parse_mrz
from reader.lds.mrz_fields import MrzDate, parse_name
from reader.verification.identity import Sex
from reader.vietnamese.text import MrzNameMatch, compare_with_mrz

VECTORS = Path(__file__).parents[1] / "vectors"
CASES = json.loads((VECTORS / "mrz_names.json").read_text(encoding="utf-8"))["cases"]
PARAMETERS = [pytest.param(case, id=case["name"]) for case in CASES]
TODAY = dt.date(2026, 7, 15)


def name_field(case: dict[str, Any]) -> str:
    return str(case["line"]) if case["format"] == "TD1" else str(case["line"])[5:]


@pytest.mark.parametrize("case", PARAMETERS)
def test_published_names(case: dict[str, Any]) -> None:
    name = parse_name(name_field(case))
    assert name.primary == case["parsed_primary"]
    assert name.secondary == case["parsed_secondary"]
    assert name.may_be_truncated == case["may_be_truncated"]


@pytest.mark.parametrize("case", PARAMETERS)
def test_published_names_agree_with_the_names_that_they_stand_for(case: dict[str, Any]) -> None:
    name = parse_name(name_field(case))
    full_name = f"{case['primary_identifier']} {case['secondary_identifier']}"
    # Words left out in the middle (p5_td1 "BENNELONG … W W") still begin like the words of the name, in their order
    match = compare_with_mrz(full_name, name.words, may_be_truncated=name.may_be_truncated)
    assert match.agrees
    if not case["is_truncated"]:
        assert match is MrzNameMatch.EQUAL
    if case["is_truncated"]:
        assert match in (MrzNameMatch.PREFIX, MrzNameMatch.ABBREVIATED)


@pytest.mark.parametrize("case", [case for case in PARAMETERS if case.values[0]["line_length"] in (30, 36, 44)])  # type: ignore[index]
def test_published_names_inside_a_whole_mrz(case: dict[str, Any]) -> None:
    td1 = case["format"] == "TD1"
    lines = ["<" * 30, "<" * 30, case["line"]] if td1 else [case["line"], "<" * case["line_length"]]
    mrz = parse_mrz(lines)
    assert (mrz.name.primary, mrz.name.secondary) == (case["parsed_primary"], case["parsed_secondary"])
    if not td1:
        assert mrz.issuing_state == "UTO"


@pytest.mark.parametrize(
    ("text", "born"),
    [
        ("850203", dt.date(1985, 2, 3)),
        ("260715", dt.date(2026, 7, 15)),  # today
        ("260716", dt.date(1926, 7, 16)),  # not tomorrow
        ("000229", dt.date(2000, 2, 29)),
        ("010229", None),  # no day of the calendar
        ("85<<<<", None),
        ("850200", None),
        ("850003", None),
        ("<<0203", None),
        ("851301", None),
        ("AB0203", None),
    ],
)
def test_date_of_birth(text: str, born: dt.date | None) -> None:
    assert MrzDate(text).birth_date(TODAY) == born


def test_parts_of_a_partial_date_are_known_one_by_one() -> None:
    for text in ("85<<<<", "850000"):
        date = MrzDate(text)
        assert date.is_partial
        assert (date.birth_year(TODAY), date.month, date.day) == (1985, None, None)
    assert MrzDate("85<<<<").birth_year(TODAY, century=1800) == 1885
    assert MrzDate("8502<<").month == 2
    assert not MrzDate("850203").is_partial


def test_the_century_that_the_citizen_number_names_wins() -> None:
    assert MrzDate("200101").birth_date(TODAY, century=1900) == dt.date(1920, 1, 1)
    assert MrzDate("200101").birth_date(TODAY) == dt.date(2020, 1, 1)


@pytest.mark.parametrize(
    ("letter", "sex"), [("M", Sex.MALE), ("F", Sex.FEMALE), ("<", Sex.UNSPECIFIED), ("X", Sex.UNSPECIFIED)]
)
def test_sex(letter: str, sex: Sex) -> None:
    mrz = parse_mrz(["IDVNM0850000179040085000017<<1", f"8502038{letter}4502030VNM<<<<<<<<<<<6", "A" + "<" * 29])
    assert mrz.sex is sex


def test_a_citizen_number_without_its_check_digit_is_still_the_number() -> None:
    mrz = parse_mrz(["IDVNM0850000179040085000017<<<", "8502038M4502030VNM<<<<<<<<<<<6", "A" + "<" * 29])
    assert mrz.citizen_number == "040085000017"
    assert "citizen_number" not in {digit.field.value for digit in mrz.check_digits}
    foreign = parse_mrz(["IDUTO0850000179040085000017<<1", "8502038M4502030UTO<<<<<<<<<<<6", "A" + "<" * 29])
    assert foreign.citizen_number is None
