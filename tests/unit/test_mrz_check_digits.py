"""Every check digit that Doc 9303 prints, value by value, and what a wrong one does."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reader import errors
from reader.lds.mrz import mrz_information, mrz_information_from_fields, parse_mrz, parse_scanned_mrz
from reader.lds.mrz_fields import check_digit

VECTORS = Path(__file__).parents[1] / "vectors"
CASES = json.loads((VECTORS / "mrz_check_digits.json").read_text(encoding="utf-8"))["cases"]
BAC = json.loads((VECTORS / "bac_kdf.json").read_text(encoding="utf-8"))["cases"]
PEOPLE = json.loads((VECTORS / "vietnam_samples.json").read_text(encoding="utf-8"))["persons"]
WIDTHS = {"TD1": (3, 30), "TD2": (2, 36), "TD3": (2, 44), "MRV-A": (2, 44), "MRV-B": (2, 36)}


def named(cases: list[dict[str, Any]]) -> list[Any]:
    return [pytest.param(case, id=case["name"]) for case in cases]


def whole_lines(case: dict[str, Any]) -> list[str]:
    """The lines of a case; where the standard leaves out one, a line that carries no check digit stands in."""
    lines = case.get("lines_repaired", case["lines"])
    filler = {"TD1": "X" * 30, "TD2": "I<UTO" + "X" * 31, "TD3": "P<UTO" + "X" * 39}
    return [filler[case["format"]] if line is None else line for line in lines]


@pytest.mark.parametrize("case", named([case for case in CASES if case["kind"] == "field"]))
def test_check_digit_of_a_field(case: dict[str, Any]) -> None:
    assert check_digit(case["data"]) == case["check_digit"]


@pytest.mark.parametrize("case", named([case for case in CASES if case["kind"] != "field"]))
def test_every_printed_check_digit_is_found_and_judged(case: dict[str, Any]) -> None:
    mrz = parse_mrz(whole_lines(case))
    assert mrz.format.value == case["format"]
    found = [(d.field.value, d.covers, d.printed, d.computed, d.is_right) for d in mrz.check_digits]
    assert found == [(d["field"], d["covers"], d["printed"], d["computed"], d["ok"]) for d in case["digits"]]


def test_a_line_that_the_standard_prints_too_long_is_refused() -> None:
    case = next(case for case in CASES if case["name"] == "p4_td3_second_specimen")
    with pytest.raises(errors.DocumentError) as caught:
        parse_mrz(case["lines"])
    assert caught.value.code is errors.MRZ_MALFORMED


@pytest.mark.parametrize("case", named([case for case in BAC if case["kind"] == "bac_keys_from_mrz"]))
def test_mrz_information_is_the_published_one(case: dict[str, Any]) -> None:
    # Two of these have a wrong composite digit in print; it is no part of the key and must not keep a card shut
    assert mrz_information(case["mrz_lines"]) == case["mrz_information"]
    number = case["document_number"].rstrip("<")
    from_fields = mrz_information_from_fields(number, case["date_of_birth"], case["date_of_expiry"])
    assert from_fields == case["mrz_information"]


@pytest.mark.parametrize("sample", PEOPLE, ids=[person["can"] for person in PEOPLE])
def test_vietnamese_layout(sample: dict[str, Any]) -> None:
    mrz = parse_mrz(sample["mrz"])
    assert mrz.wrong_check_digits == ()
    assert [digit.field.value for digit in mrz.check_digits][-1] == "citizen_number"
    assert mrz.citizen_number == sample["person"]["num"]
    assert mrz.document_number == sample["person"]["num"][-9:]
    assert (mrz.document_code, mrz.issuing_state, mrz.nationality) == ("ID", "VNM", "VNM")
    assert mrz_information(sample["mrz"]) == sample["bac_key_input"]


def test_long_document_numbers_are_joined_and_leave_no_trace_in_the_optional_data() -> None:
    for name in ("p11_d2_td1_long_document_number", "p11_d2_td2_long_document_number"):
        mrz = parse_mrz(next(case for case in CASES if case["name"] == name)["lines"])
        assert mrz.document_number == "D23145890734"
        assert not any(mrz.optional_data)


@pytest.mark.parametrize(("line", "position"), [(0, 5), (0, 13), (0, 14), (1, 3), (1, 6), (1, 9), (1, 14)])
def test_one_wrong_character_in_the_key_is_noticed_before_the_card_is_tried(line: int, position: int) -> None:
    lines = list(PEOPLE[0]["mrz"])
    wrong = "7" if lines[line][position] != "7" else "3"
    lines[line] = lines[line][:position] + wrong + lines[line][position + 1 :]
    with pytest.raises(errors.DocumentError) as caught:
        mrz_information(lines)
    assert caught.value.code is errors.MRZ_CHECK_DIGIT
    assert lines[0] not in str(caught.value)
    assert parse_mrz(lines).wrong_check_digits  # on a chip it is a fact, not an end


@pytest.mark.parametrize(
    "typed",
    [
        ["idvnm0850000179040085000017<<1", "8502038m4502030vnm<<<<<<<<<<<6", "nguyen<<van<an<<<<<<<<<<<<<<<<"],
        [
            " IDVNM0850000179 040085000017<<1\r",
            "8502038M4502030VNM<<<<<<<<<<<6\n",
            "NGUYEN<<VAN<AN<<<<<<<<<<<<<<<<",
            "",
        ],
        ["IDVNM0850000179040085000017<<18502038M4502030VNM<<<<<<<<<<<6NGUYEN<<VAN<AN<<<<<<<<<<<<<<<<"],
        ["IDVNM0850000179040085000017«1", "8502038M4502030VNM«««««<6", "NGUYEN«VAN<AN««««««««"],
        ["IDVNMO85OOOO179O4OO85OOOOI7<<L", "85O2O38M45O2O3OVNM<<<<<<<<<<<6", "NGUYEN<<VAN<AN<<<<<<<<<<<<<<<<"],
    ],
    ids=["small letters", "spaces and line ends", "one run", "guillemets", "letters that a camera took for digits"],
)
def test_lines_as_people_and_cameras_give_them(typed: list[str]) -> None:
    assert mrz_information(typed) == PEOPLE[0]["bac_key_input"]


def test_the_citizen_number_is_put_right_even_where_the_key_was() -> None:
    lines = [PEOPLE[0]["mrz"][0].replace("040085000017", "O40O850000I7"), *PEOPLE[0]["mrz"][1:]]
    mrz = parse_scanned_mrz(lines)
    assert mrz.citizen_number == "040085000017"
    assert parse_mrz(lines).citizen_number is None  # from a chip nothing is put right


def test_the_digit_behind_the_citizen_number_is_shown_but_not_judged() -> None:
    mrz = parse_mrz([PEOPLE[0]["mrz"][0][:-1] + "7", *PEOPLE[0]["mrz"][1:]])
    assert [digit.field.value for digit in mrz.check_digits if not digit.is_right] == ["composite", "citizen_number"]
    assert [digit.field.value for digit in mrz.wrong_check_digits] == ["composite"]


def test_letters_of_names_and_numbers_are_not_made_digits() -> None:
    # The document number of a foreign card may hold an O; only a Vietnamese one is known to be all digits
    lines = [
        "I<UTOD2O145890" + check_digit("D2O145890") + "<" * 15,
        "7408I22F1204159UTO<<<<<<<<<<<6",
        "SODI<<GILL" + "<" * 20,
    ]
    mrz = parse_scanned_mrz(lines)
    assert mrz.document_number == "D2O145890"
    assert mrz.name.full == "SODI GILL"
    assert mrz.date_of_birth.text == "740812"


@pytest.mark.parametrize(
    "lines",
    [
        [],
        [""],
        ["", "", ""],
        ["<" * 30] * 2,
        ["<" * 36] * 3,
        ["<" * 44],
        ["<" * 89],
        ["Ä" * 30] * 3,
        ["<" * 30, "<" * 30, "<" * 29],
    ],
)
def test_what_is_no_mrz_asks_for_the_lines_again(lines: list[str]) -> None:
    with pytest.raises(errors.DocumentError) as caught:
        parse_scanned_mrz(lines)
    assert caught.value.code is errors.MRZ_MALFORMED


@pytest.mark.parametrize(
    "fields", [("", "850203", "450203"), ("A", "85020", "450203"), ("A", "850203", "45X203"), ("é", "850203", "450203")]
)
def test_fields_that_cannot_be(fields: tuple[str, str, str]) -> None:
    with pytest.raises(errors.DocumentError) as caught:
        mrz_information_from_fields(*fields)
    assert caught.value.code is errors.MRZ_MALFORMED


MRZ_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789<"


@settings(deadline=None, max_examples=200)
@given(
    st.sampled_from(sorted(WIDTHS.values())).flatmap(
        lambda shape: st.lists(
            st.text(MRZ_CHARACTERS, min_size=shape[1], max_size=shape[1]), min_size=shape[0], max_size=shape[0]
        )
    )
)
def test_any_lines_of_the_alphabet_parse_and_show_nothing_in_their_repr(lines: list[str]) -> None:
    mrz = parse_mrz(lines)
    assert mrz.lines == tuple(lines)
    assert {digit.field.value for digit in mrz.check_digits} >= {"document_number", "date_of_birth", "date_of_expiry"}
    assert lines[0] not in repr(mrz) + repr(mrz.check_digits) + repr(mrz.name)
    assert mrz.mrz_information
    today = dt.date(2026, 7, 1)
    born = mrz.date_of_birth.birth_date(today)
    assert born is None or born <= today


@settings(deadline=None, max_examples=200)
@given(st.lists(st.text(max_size=95), max_size=4))
def test_any_typed_text_parses_or_asks_again(lines: list[str]) -> None:
    code = None
    try:
        parse_scanned_mrz(lines)
    except errors.DocumentError as error:
        code = error.code
    assert code in (None, errors.MRZ_MALFORMED, errors.MRZ_CHECK_DIGIT)
