"""Sorting by given name, and what the twelve digits say."""

from __future__ import annotations

import csv
import datetime as dt
import importlib.resources
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reader import errors
from reader.verification.identity import Sex
from reader.vietnamese.names import sort_key, split_name
from reader.vietnamese.number import NumberFinding, can_of, document_number_of, parse_number, provinces

VECTORS = Path(__file__).parents[1] / "vectors"


def test_lists_are_sorted_by_given_name_then_middle_then_family() -> None:
    expected = [
        "Trần Văn An",
        "Nguyễn Thị Ẩn",  # â after a, before b
        "Lê Thị Bình",
        "Lê Văn Bình",  # middle name decides
        "Trần Văn Bình",  # then the family name
        "Lê Cường",
        "Lê Dũng",
        "Lê Đạt",  # đ after d
        "Phạm Lan",
        "Lê Ma",
        "Lê Mà",
        "Lê Mả",
        "Lê Mã",
        "Lê Má",
        "Lê Mạ",
        "Lê Oanh",
        "Lê Ổn",
        "Lê Ơn",
        "Lê Uyên",
        "Lê Ưng",
    ]
    shuffled = expected[:]
    random.Random(9303).shuffle(shuffled)
    assert sorted(shuffled, key=sort_key) == expected


def test_letters_decide_before_tones() -> None:
    assert sorted(["Lê Hoạ", "Lê Hoan", "Lê Hoa"], key=sort_key) == ["Lê Hoa", "Lê Hoạ", "Lê Hoan"]


def test_form_and_case_do_not_change_the_order() -> None:
    assert sort_key("LÊ HOÀ") == sort_key("lê hòa") == sort_key("Lê Hoa\u0300")


@settings(deadline=None, max_examples=150)
@given(st.lists(st.text(max_size=20), min_size=2, max_size=6))
def test_any_texts_can_be_sorted(texts: list[str]) -> None:
    once = sorted(texts, key=sort_key)
    assert sorted(once, key=sort_key) == once


def test_parts_of_a_name() -> None:
    parts = split_name(" Hoàng  Nguyễn Thuý Uyên Phương ")
    assert (parts.family, parts.middle, parts.given) == ("Hoàng", "Nguyễn Thuý Uyên", "Phương")
    assert (split_name("Y Moan").family, split_name("Y Moan").middle) == ("Y", "")
    assert (split_name("Phương").family, split_name("Phương").given) == ("", "Phương")
    assert split_name("").given == ""


# -------------------------------------------------------------------------------------- numbers
def century_rows() -> list[dict[str, str]]:
    with (VECTORS / "vietnam_sex_century_digit.csv").open(encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


@pytest.mark.parametrize("row", century_rows(), ids=[row["digit"] for row in century_rows()])
def test_fourth_digit_tells_century_and_sex(row: dict[str, str]) -> None:
    number = parse_number(f"040{row['digit']}85000017")
    assert number.century == int(row["century_from"])
    assert number.birth_year == int(row["century_from"]) + 85
    assert number.sex == Sex(row["sex_mrz"])


def test_parts_of_the_number() -> None:
    number = parse_number(" 0400 8500 0017\r\n")
    assert number.digits == "040085000017"
    assert (number.can, number.document_number) == ("000017", "085000017")
    assert can_of("040085000017") == "000017"
    assert document_number_of("040085000017") == "085000017"
    assert "040" not in repr(number)


def test_prefix_keeps_its_old_meaning() -> None:
    # Code 24 is Bắc Ninh in the list of 2025, but a number that starts with 024 was registered in Bắc Giang
    assert provinces()["024"].name == "Bắc Giang"
    assert provinces()["024"].name_since_2025 == "Bắc Ninh"
    assert len(provinces()) == 63
    table = importlib.resources.files("reader.vietnamese") / "tables" / "provinces_34_2025.csv"
    new_names = {row["name"] for row in csv.DictReader(table.read_text(encoding="utf-8").splitlines())}
    assert {province.name_since_2025 for province in provinces().values()} == new_names
    assert parse_number("040085000017").province == provinces()["040"]


def test_findings_are_facts() -> None:
    number = parse_number("040085000017")
    assert number.findings(date_of_birth=dt.date(1985, 2, 3), sex=Sex.MALE) == ()
    assert number.findings() == ()
    assert number.findings(sex=Sex.UNSPECIFIED) == ()
    assert number.findings(date_of_birth=dt.date(2085, 2, 3)) == (NumberFinding.BIRTH_YEAR_DIFFERS,)
    assert number.findings(sex=Sex.FEMALE) == (NumberFinding.SEX_DIFFERS,)
    assert parse_number("003085000017").findings() == (NumberFinding.PROVINCE_UNKNOWN,)
    abroad = parse_number("123085000017")
    assert abroad.born_abroad
    assert abroad.findings() == ()


@pytest.mark.parametrize(
    "text", ["", "04008500001", "0400850000170", "04008500001A", "٠٤٠٠٨٥٠٠٠٠١٧", "０４００８５００００１７", "²" * 12]
)
def test_what_is_no_number(text: str) -> None:
    for function in (parse_number, can_of, document_number_of):
        with pytest.raises(errors.DocumentError) as caught:
            function(text)
        assert caught.value.code is errors.NUMBER_MALFORMED
        assert not text or text not in str(caught.value)
