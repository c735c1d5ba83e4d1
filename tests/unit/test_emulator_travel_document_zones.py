"""Machine readable zones of documents of any state, against the examples of the standard and against its rules."""

from __future__ import annotations

import datetime
import json
import string
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.cards import catalogue
from emulator.personalise.mrz import latin_capitals, mrz_information, name_field, travel_document_lines
from emulator.personalise.profile import load_profile
from emulator.personalise.travel_document import MrzFormat, TravelDocument

VECTORS = Path(__file__).parents[1] / "vectors"
ZONES = {
    case["name"]: case["lines"]
    for case in json.loads((VECTORS / "mrz_check_digits.json").read_text(encoding="utf-8"))["cases"]
    if "lines" in case
}
NAMES = json.loads((VECTORS / "mrz_names.json").read_text(encoding="utf-8"))["cases"]
TD1, TD2, TD3 = MrzFormat.TD1, MrzFormat.TD2, MrzFormat.TD3


def utopian(number: str, family_name: str, *, code: str = "I", **more: str) -> TravelDocument:
    return TravelDocument(number, "UTO", family_name, code, **more)


def day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


ERIKSSON = ("Eriksson", "Anna Maria", "1974-08-12", "F")
STEVENSON = ("Stevenson", "Peter John", "1934-07-12", "M")
PUBLISHED: list[tuple[str, MrzFormat, dict[str, str], tuple[str, str, str, str], str]] = [
    (
        "p3_td3_specimen",
        TD3,
        {"number": "L898902C3", "code": "PP", "optional_data": "ZE184226B"},
        ERIKSSON,
        "2012-04-15",
    ),
    (
        "p4_td3_specimen",
        TD3,
        {"number": "L898902C3", "code": "PP", "optional_data": "ZE184226B"},
        ERIKSSON,
        "2034-04-15",
    ),
    (
        "td3_specimen_of_earlier_editions",
        TD3,
        {"number": "L898902C", "code": "P", "optional_data": "ZE184226B"},
        ("Eriksson", "Anna Maria", "1969-08-06", "F"),
        "1994-06-23",
    ),
    ("p5_td1_specimen", TD1, {"number": "D23145890"}, ERIKSSON, "2012-04-15"),
    ("p6_td2_specimen", TD2, {"number": "D23145890"}, ERIKSSON, "2012-04-15"),
    ("p11_d2_td1_long_document_number", TD1, {"number": "D23145890734"}, STEVENSON, "1995-07-12"),
    ("p11_d2_td2_long_document_number", TD2, {"number": "D23145890734"}, STEVENSON, "1995-07-12"),
]


@pytest.mark.parametrize(
    ("name", "layout", "fields", "person", "expires"), PUBLISHED, ids=lambda value: str(value)[:32]
)
def test_published_zones_are_reproduced(
    name: str, layout: MrzFormat, fields: dict[str, str], person: tuple[str, str, str, str], expires: str
) -> None:
    family, others, born, sex = person
    document = utopian(family_name=family, **fields)
    assert list(travel_document_lines(layout, document, others, day(born), sex, day(expires))) == ZONES[name]


def test_a_long_document_number_is_whole_in_what_opens_the_chip() -> None:
    """Doc 9303-11 App. D.2: the number goes on in the optional data, and the filler between is left out."""
    for name in ("p11_d2_td1_long_document_number", "p11_d2_td2_long_document_number"):
        assert mrz_information(tuple(ZONES[name])) == "D23145890734" + "9" + "340712" + "7" + "950712" + "2"
    assert mrz_information(tuple(ZONES["p11_d2_td1"])) == "L898902C<369080619406236"
    assert mrz_information(tuple(ZONES["p11_d2_td2"])) == "L898902C<369080619406236"
    assert mrz_information(tuple(ZONES["td3_specimen_of_earlier_editions"])) == "L898902C<369080619406236"


def may_choose(case: dict[str, Any]) -> bool:
    """Visas are not issued here; of a truncated name the standard shows several equally good forms."""
    return case["format"].startswith("MRV") or case["is_truncated"]


@pytest.mark.parametrize("case", [case for case in NAMES if not may_choose(case)], ids=lambda case: case["name"])
def test_published_names_are_reproduced(case: dict[str, Any]) -> None:
    width = case["name_field_width"]
    field = name_field(case["primary_identifier"], case["secondary_identifier"] or "", width)
    assert field == case["line"][-width:]


def test_a_long_primary_identifier_leaves_room_for_the_other_names() -> None:
    """Doc 9303-4 and -5, name examples: the last words become initials."""
    names = {case["name"]: case for case in NAMES}
    for name in ("p4_td3_12", "p5_td1_03"):
        case = names[name]
        width = case["name_field_width"]
        assert name_field(case["primary_identifier"], case["secondary_identifier"], width) == case["line"][-width:]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Lindqvist-Öberg", "LINDQVIST<OEBERG"),
        ("Åsa Märta", "AASA<MAERTA"),
        ("O'Connor", "OCONNOR"),
        ("D’Artagnan, Jr.", "DARTAGNAN<JR"),
        ("Groß", "GROSS"),
        ("Þórður Æsir", "THORDUR<AESIR"),
        ("Łódź", "LODZ"),
        ("Œuvre", "OEUVRE"),
        ("", ""),
    ],
)
def test_national_letters_become_those_of_the_zone(text: str, expected: str) -> None:
    assert latin_capitals(text) == expected


@pytest.mark.parametrize("text", ["Иванова", "李", "A/B", "A_B"])
def test_letters_outside_the_latin_table_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="Doc 9303-3"):
        latin_capitals(text)


LETTERS = string.ascii_uppercase + string.digits
DAYS = st.dates(datetime.date(1920, 1, 1), datetime.date(2049, 12, 31))


def digit(field: str) -> str:
    """Doc 9303-3 §4.9, written once more."""
    values = {"<": 0} | {letter: number for number, letter in enumerate(string.digits + string.ascii_uppercase)}
    return str(sum(values[letter] * (7, 3, 1)[place % 3] for place, letter in enumerate(field)) % 10)


@given(
    layout=st.sampled_from(list(MrzFormat)),
    number=st.text(LETTERS, min_size=1, max_size=9),
    optional=st.text(LETTERS, max_size=7),
    names=st.lists(st.text(string.ascii_letters + "äößéç'- ", max_size=30), min_size=2, max_size=2),
    state=st.text(string.ascii_uppercase, min_size=1, max_size=3),
    born=DAYS,
    expires=DAYS,
    sex=st.sampled_from("MF<"),
)
def test_every_zone_has_its_size_and_right_check_digits(
    layout: MrzFormat, number: str, optional: str, names: list[str], state: str, born: datetime.date,
    expires: datetime.date, sex: str,
) -> None:  # fmt: skip
    document = TravelDocument(number, state, names[0] + "x", "I", optional_data=optional)
    lines = travel_document_lines(layout, document, names[1], born, sex, expires)
    assert [len(line) for line in lines] == [layout.line_length] * layout.value[0]
    assert set("".join(lines)) <= set(LETTERS + "<")
    assert lines[0][2:5] == state.ljust(3, "<")
    birth, expiry = f"{born:%y%m%d}", f"{expires:%y%m%d}"
    padded = number.ljust(9, "<")
    key = padded + digit(padded) + birth + digit(birth) + expiry + digit(expiry)
    assert mrz_information(lines) == key
    assert optional in "".join(lines)
    first, second = lines[:2]
    covered = (
        first[5:30] + second[:7] + second[8:15] + second[18:29]
        if layout is TD1
        else second[:10] + second[13:20] + second[21:-1]
    )
    assert second[-1] == digit(covered)


@given(number=st.text(LETTERS, min_size=10, max_size=22), layout=st.sampled_from([TD1, TD2]))
def test_a_long_number_comes_back_whole_or_is_refused(number: str, layout: MrzFormat) -> None:
    room = {TD1: 9 + 13, TD2: 9 + 5}[layout]
    make = (layout, utopian(number, "Kim"), "", day("1990-01-01"), "F", day("2030-01-01"))
    if len(number) > room:
        with pytest.raises(ValueError, match="machine readable zone"):
            travel_document_lines(*make)
        return
    information = mrz_information(travel_document_lines(*make))
    assert information == number + digit(number) + "9001011" + "300101" + digit("300101")


@pytest.mark.parametrize(
    ("layout", "fields"),
    [
        (TD3, {"number": "U123456789"}),
        (TD3, {"number": "U12345678", "optional_data": "123456789012345"}),
        (TD2, {"number": "U12345678", "optional_data": "12345678"}),
        (TD1, {"number": "U12345678", "optional_data": "1234567890123456"}),
        (TD1, {"number": "U12345678", "further_optional_data": "123456789012"}),
        (TD1, {"number": "U 345678"}),
        (TD1, {"number": "Ü2345678"}),
        (TD2, {"number": "U12345678", "nationality": "UTOP"}),
        (TD2, {"number": "U12345678", "partial_birth": "1990<<<"}),
    ],
)
def test_what_does_not_fit_is_refused(layout: MrzFormat, fields: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"machine readable zone|no room"):
        travel_document_lines(
            layout, utopian(family_name="Kim", **fields), "", day("1990-01-01"), "F", day("2030-01-01")
        )


def test_an_unknown_day_of_birth_is_filled_and_counts_as_zero() -> None:
    """Doc 9303-3 §4.8: unknown parts are fillers, in the zone and in the key made of it."""
    document = utopian("U12345678", "Kim", partial_birth="9112<<")
    lines = travel_document_lines(TD2, document, "", day("1991-12-31"), "<", day("2030-01-01"))
    assert lines[1][13:20] == "9112<<" + digit("9112<<")
    assert mrz_information(lines)[10:17] == "9112<<" + digit("9112<<")


def test_documents_of_other_states_are_consistent() -> None:
    """The name begins with the family name, the document outlives its issue, and the state is that of the authority."""
    foreign = [spec for spec in catalogue(laboratory=True) if load_profile(spec.name).travel_document is not None]
    assert len(foreign) > 20
    assert {len(spec.mrz[0]) for spec in foreign} == {30, 36, 44}
    for spec in foreign:
        profile = load_profile(spec.name)
        assert profile.laboratory
        assert profile.authority.value == "utopia"
        assert "UTO" in spec.mrz[0]
        assert profile.holder.expires is not None
        assert profile.holder.born < profile.holder.issued < profile.holder.expires
        assert profile.holder.can.isdecimal()
        assert len(profile.holder.can) == 6
