"""Basic access control by the zone of every format, long document numbers included (Doc 9303-11 §4.3.2, Appendix D.2).

The chip's half is written from the text; what it derives its keys from is put together here by hand, field by field.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.wire.apdu import ResponseApdu
from crypto.wire.tlv import encode_tlv
from reader import errors
from reader.lds import files
from reader.link import Link
from reader.plan import HOSPITAL
from reader.protocols.access_key import MrzKey
from reader.session import CardAccessSource, CardSession
from tests.unit.textbook_chip import TextbookChip, sha1

VECTORS = Path(__file__).parents[1] / "vectors"
PUBLISHED = [
    case
    for case in json.loads((VECTORS / "bac_kdf.json").read_text(encoding="utf-8"))["cases"]
    if case.get("kind") == "bac_keys_from_mrz"
]
COM = encode_tlv(0x60, bytes(range(40)))


def chip(information: str) -> TextbookChip:
    made = TextbookChip({}, {0x011E: COM}, None)
    made.bac_seed = sha1(information.encode("ascii"))[:16]  # Doc 9303-11 §9.7.2: the first 16 bytes
    return made


def opens(information: str, lines: list[str]) -> bool:
    session = CardSession(Link(chip(information)))
    report = session.open(MrzKey.from_lines(lines), HOSPITAL)
    assert (report.protocol, report.password, report.downgrades) == ("BAC", "MRZ", ())
    assert report.card_access is CardAccessSource.ABSENT
    return session.read_file(files.COM) == COM


def with_right_composite(case: dict[str, Any]) -> list[str]:
    """Two of the published zones are misprinted in the composite digit, which does not enter the key."""
    lines = list(case["mrz_lines"])
    line = 1
    lines[line] = lines[line][:-1] + case["composite_check_digit"]
    return lines


@pytest.mark.parametrize("case", PUBLISHED, ids=lambda case: case["name"])
def test_each_published_zone_opens_its_chip(case: dict[str, Any]) -> None:
    assert {"TD1", "TD2", "TD3"} >= {case["mrz_format"]}
    assert opens(case["mrz_information"], with_right_composite(case))


def digit(text: str) -> str:
    """Doc 9303-3 §4.9."""
    values = [0 if letter == "<" else int(letter, 36) for letter in text]
    return str(sum(value * (7, 3, 1)[place % 3] for place, value in enumerate(values)) % 10)


def number_fields(number: str, optional: int) -> tuple[str, str]:
    """Nine places and their digit, and the optional data. A longer number leaves ``<`` for the digit and goes on there,
    followed by its digit and a filler (Doc 9303-5 §4.2.2 note j)."""
    if len(number) <= 9:
        return number.ljust(9, "<") + digit(number.ljust(9, "<")), "<" * optional
    return number[:9] + "<", (number[9:] + digit(number) + "<").ljust(optional, "<")


def td1(number: str, born: str, expires: str) -> list[str]:
    field, optional = number_fields(number, 15)
    first = f"I<UTO{field}{optional}"
    dates = born + digit(born), expires + digit(expires)
    second = f"{dates[0]}F{dates[1]}UTO" + "<" * 11
    composite = digit(first[5:] + dates[0] + dates[1] + "<" * 11)
    return [first, second + composite, "TESTPERSON<<ANNA".ljust(30, "<")]


def td2(number: str, born: str, expires: str) -> list[str]:
    field, optional = number_fields(number, 7)
    dates = born + digit(born), expires + digit(expires)
    second = f"{field}UTO{dates[0]}M{dates[1]}{optional}"
    return ["I<UTOTESTPERSON<<ANNA".ljust(36, "<"), second + digit(field + dates[0] + dates[1] + optional)]


def td3(number: str, born: str, expires: str) -> list[str]:
    field = number.ljust(9, "<") + digit(number.ljust(9, "<"))
    dates = born + digit(born), expires + digit(expires)
    optional = "<" * 14 + "<"
    second = f"{field}UTO{dates[0]}M{dates[1]}{optional}"
    return ["P<UTOTESTPERSON<<ANNA".ljust(44, "<"), second + digit(field + dates[0] + dates[1] + optional)]


def information(number: str, born: str, expires: str) -> str:
    """Doc 9303-11 §4.3.2: number (filled to nine places, or all of a longer one), dates, each with its digit."""
    number = number.ljust(9, "<")
    return number + digit(number) + born + digit(born) + expires + digit(expires)


letters = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=1)
BORN, EXPIRES = "740812", "320415"


LENGTHS = [
    pytest.param(zone, length, id=f"{zone.__name__}-{length}")
    for zone, longest in ((td1, 22), (td2, 14), (td3, 9))
    for length in range(1, longest + 1)
]


@pytest.mark.parametrize(("zone", "length"), LENGTHS)
def test_every_length_of_a_document_number_opens_its_chip(zone: Any, length: int) -> None:
    """TD1 has fifteen optional places, TD2 seven; two of them are for the number's digit and the filler behind it."""
    number = "D23145890734ABCDEFGHIJ"[:length]
    assert opens(information(number, BORN, EXPIRES), zone(number, BORN, EXPIRES))


@given(number=letters.filter(lambda text: len(text) <= 22))
def test_any_number_gives_the_key_of_the_standard(number: str) -> None:
    key = MrzKey.from_lines(td1(number, BORN, EXPIRES))
    assert key.bac_seed.reveal() == sha1(information(number, BORN, EXPIRES).encode("ascii"))[:16]
    assert key.pace_seed.reveal() == sha1(information(number, BORN, EXPIRES).encode("ascii"))


def test_a_number_that_is_cut_to_nine_places_does_not_open_the_chip_of_the_long_one() -> None:
    """The mistake to make: leaving out what stands in the optional data."""
    with pytest.raises(errors.ProtocolError) as caught:
        opens(information("D23145890734", BORN, EXPIRES), td1("D23145890", BORN, EXPIRES))
    assert caught.value.code is errors.WRONG_MRZ


@pytest.mark.parametrize("status", [0x6300, 0x63C2, 0x6982, 0x6988], ids=lambda sw: f"{sw:04X}")
def test_a_refused_zone_is_a_wrong_zone(status: int) -> None:
    refusing = chip("whatever")
    refusing._external_authenticate = lambda command, data: ResponseApdu(b"", status)  # type: ignore[method-assign]
    with pytest.raises(errors.ProtocolError) as caught:
        CardSession(Link(refusing)).open(MrzKey.from_lines(td3("X1", BORN, EXPIRES)), HOSPITAL)
    assert (caught.value.code, caught.value.facts["password"]) == (errors.WRONG_MRZ, "MRZ")
    assert caught.value.facts.get("tries_left") == (2 if status == 0x63C2 else None)
