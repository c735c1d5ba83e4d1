"""DG13 of the Vietnamese card: every field, every variant that was seen, and the mistakes of other readers."""

from __future__ import annotations

import csv
import datetime as dt
import json
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.errors import WireError
from crypto.wire.tlv import encode_tlv
from reader import errors
from reader.lds.vietnam import FIELD_KEYS, parse_date, parse_dg13

VECTORS = Path(__file__).parents[1] / "vectors"
PEOPLE = json.loads((VECTORS / "vietnam_samples.json").read_text(encoding="utf-8"))["persons"]


def integer(value: int) -> bytes:
    return encode_tlv(0x02, value.to_bytes(max(1, (value.bit_length() + 8) // 8), "big"))


def utf8(text: str) -> bytes:
    return encode_tlv(0x0C, text.encode())


def printable(text: str) -> bytes:
    return encode_tlv(0x13, text.encode())


def field(number: int, *content: bytes) -> bytes:
    return encode_tlv(0x30, [integer(number), *content])


def dg13(*fields: bytes, header: bytes = bytes.fromhex("020101060628d316010008")) -> bytes:
    return encode_tlv(0x6D, encode_tlv(0x30, header + encode_tlv(0x31, fields)))


def test_keys_are_the_published_ones() -> None:
    with (VECTORS / "vietnam_dg13_fields.csv").open(encoding="utf-8") as lines:
        assert {int(row["field_no"]): row["key"] for row in csv.DictReader(lines)} == dict(FIELD_KEYS)


@pytest.mark.parametrize("sample", PEOPLE, ids=[person["can"] for person in PEOPLE])
def test_samples(sample: dict[str, Any]) -> None:
    person = sample["person"]
    octets = bytes.fromhex(sample["dg13_hex"])
    assert len(octets) == sample["dg13_len"]
    data = parse_dg13(octets)
    expected: dict[str, object] = {
        "so_cccd": person["num"],
        "ho_ten": person["name"],
        "ngay_sinh": person["dob"],
        "gioi_tinh": person["sex"],
        "quoc_tich": "Việt Nam",
        "dan_toc": person["ethnic"],
        "ton_giao": person["religion"],
        "que_quan": person["origin"],
        "noi_thuong_tru": person["addr"],
        "dac_diem": person["mark"],
        "ngay_cap": person["issue"],
        "ngay_het_han": person["exp"],
        "cha_me": (person["father"], person["mother"]),
        "vo_chong": person["spouse"] or None,
        "ma_the_hex16": person["tag16"],
    }
    if person["old"]:
        expected["so_cmnd_cu"] = person["old"]
    assert data.as_dict() == expected
    assert data.encoded == octets
    assert data.unknown == ()
    assert data.has_no_expiry == (person["exp"] == "Không thời hạn")
    assert data.date("ngay_sinh") == dt.datetime.strptime(person["dob"], "%d/%m/%Y").replace(tzinfo=dt.UTC).date()
    assert person["name"] not in repr(data) + repr(data.fields)


def test_an_absent_field_is_not_an_empty_one() -> None:
    data = parse_dg13(dg13(field(2, utf8("Đặng Thị Quý")), field(14)))
    assert data.as_dict() == {"ho_ten": "Đặng Thị Quý", "vo_chong": None}
    assert 15 not in data.fields
    assert data.fields[14].strings == ()
    assert data.get("so_cmnd_cu") is None
    empty = parse_dg13(dg13(field(14, utf8(""))))
    assert empty.as_dict() == {"vo_chong": ""}


def test_parents_as_siblings_nested_flat_or_alone() -> None:
    father, mother = utf8("Nguyễn Văn Bình"), utf8("Trần Thị Lan")
    names = ("Nguyễn Văn Bình", "Trần Thị Lan")
    siblings = field(13, encode_tlv(0x30, father), encode_tlv(0x30, mother))
    nested = field(13, encode_tlv(0x30, father + mother))
    flat = field(13, father, mother)
    for form in (siblings, nested, flat):
        assert parse_dg13(dg13(form)).parents == names
    alone = parse_dg13(dg13(field(13, encode_tlv(0x30, mother))))
    assert alone.parents == ("Trần Thị Lan",)  # nobody says that this is the father
    assert parse_dg13(dg13(field(13))).as_dict() == {"cha_me": ()}
    assert parse_dg13(dg13(field(1, printable("040085000017")))).parents == ()
    twice = parse_dg13(dg13(field(13, father), field(13, mother)))
    assert twice.parents == names


def test_order_and_gaps_do_not_matter() -> None:
    # A reader that counted positions lost everything after the first absent field
    forward = [field(1, printable("040085000017")), field(3, printable("03/02/1985")), field(16, printable("00FF"))]
    data = parse_dg13(dg13(*reversed(forward)))
    assert data.as_dict() == {"so_cccd": "040085000017", "ngay_sinh": "03/02/1985", "ma_the_hex16": "00FF"}
    assert list(data.as_dict()) == ["so_cccd", "ngay_sinh", "ma_the_hex16"]


def test_a_value_that_looks_like_a_field_is_a_value() -> None:
    # A reader that searched for "30 ?? 02 01 n" in the text broke here
    trap = "0\x0f\x02\x01\x0c\x0c\x0a03/02/2045"
    data = parse_dg13(dg13(field(9, utf8("Số 5 " + trap)), field(12, utf8("Không thời hạn"))))
    assert data.has_no_expiry
    assert set(data.fields) == {9, 12}
    assert data.get("noi_thuong_tru") == "Số 5 " + trap
    assert data.text("noi_thuong_tru") == "Số 5 0\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd03/02/2045"


def test_more_than_two_thousand_characters() -> None:
    address = "Thôn Đông, xã Nghi Lâm, " * 150
    data = parse_dg13(dg13(field(9, utf8(address)), field(10, utf8("Nốt ruồi"))))
    assert data.text("noi_thuong_tru") == address
    assert data.text("dac_diem") == "Nốt ruồi"


def test_tolerated_wrappings() -> None:
    one = field(2, utf8("Hoàng Ưng"))
    expected = {"ho_ten": "Hoàng Ưng"}
    assert parse_dg13(dg13(one, header=b"")).as_dict() == expected
    assert parse_dg13(encode_tlv(0x6D, encode_tlv(0x31, one))).as_dict() == expected
    assert parse_dg13(encode_tlv(0x6D, encode_tlv(0x30, encode_tlv(0x30, encode_tlv(0x31, one))))).as_dict() == expected
    # lengths in the long form although they are short: 0x81, 0x82
    text = b"\x0c\x82\x00\x0b" + "Hoàng Ưng".encode()
    long = b"\x30\x81" + bytes([3 + len(text)]) + b"\x02\x01\x02" + text
    assert parse_dg13(dg13(long)).as_dict() == expected
    other_types = dg13(
        field(2, printable("Hoàng Ưng")),
        field(3, utf8("03/02/1985")),
        field(5, encode_tlv(0x1E, "Việt".encode("utf-16-be"))),
    )
    assert parse_dg13(other_types).as_dict() == expected | {"ngay_sinh": "03/02/1985", "quoc_tich": "Việt"}


def test_text_becomes_nfc_and_the_octets_stay() -> None:
    decomposed = unicodedata.normalize("NFD", "Hoà Ưng Ệ")
    octets = dg13(field(2, utf8(decomposed)))
    data = parse_dg13(octets)
    assert data.text("ho_ten") == "Hoà Ưng Ệ"
    assert decomposed.encode() in data.fields[2].encoded
    assert data.encoded == octets


def test_unknown_numbers_are_kept() -> None:
    data = parse_dg13(dg13(field(2, utf8("An")), field(17, utf8("mới")), field(300, utf8("xa"))))
    assert data.as_dict() == {"ho_ten": "An"}
    assert [(unknown.number, unknown.strings) for unknown in data.unknown] == [(17, ("mới",)), (300, ("xa",))]


def test_no_expiry_in_any_case_and_spacing() -> None:
    assert parse_dg13(dg13(field(12, utf8("KHÔNG  THỜI HẠN ")))).has_no_expiry
    assert not parse_dg13(dg13(field(12, utf8("03/02/2045")))).has_no_expiry
    assert not parse_dg13(dg13(field(12))).has_no_expiry


@pytest.mark.parametrize(
    "text", ["31/02/2001", "00/01/2001", "1/1/2001", "2001-01-01", "01/01/0000", "", "01/01/20011", "٠١/٠١/٢٠٠١"]
)
def test_what_is_no_date(text: str) -> None:
    assert parse_date(text) is None


MALFORMED = {
    "no set": encode_tlv(0x6D, encode_tlv(0x30, b"\x02\x01\x01")),
    "empty": encode_tlv(0x6D, b""),
    "empty set": dg13(),
    "a set of other things": dg13(utf8("An")),
    "text that is no UTF-8": dg13(field(2, encode_tlv(0x0C, b"\xff\xfe\xc3"))),
    "half a UTF-16 letter": dg13(field(2, encode_tlv(0x1E, b"\x00A\x00"))),
    "a lone surrogate": dg13(field(2, encode_tlv(0x1E, b"\xd8\x00"))),
    "two names": dg13(field(2, utf8("An")), field(2, utf8("Bình"))),
    "an endless number": dg13(encode_tlv(0x30, [encode_tlv(0x02, b"\x01" * 40), utf8("An")])),
    "another group": encode_tlv(0x6E, encode_tlv(0x31, field(2, utf8("An")))),
    "something after it": dg13(field(2, utf8("An"))) + b"\x00",
    "a length beyond the end": bytes.fromhex("6d10300e310c300a020102 0c7f".replace(" ", "")) + b"An",
    "four gigabytes": bytes.fromhex("6d84ffffffff"),
}


@pytest.mark.parametrize("octets", MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed(octets: bytes) -> None:
    with pytest.raises((errors.DocumentError, WireError)) as caught:
        parse_dg13(octets)
    assert "An" not in {str(fact) for fact in caught.value.facts.values()}


@settings(deadline=None, max_examples=150)
@given(
    st.dictionaries(
        st.integers(1, 20),
        st.text(st.characters(blacklist_categories=["Cs"]), max_size=30),
        min_size=1,
    ),
    st.randoms(use_true_random=False),
)
def test_what_is_written_is_read_in_any_order(values: dict[int, str], order: Any) -> None:
    numbers = list(values)
    order.shuffle(numbers)
    data = parse_dg13(dg13(*(field(number, utf8(values[number])) for number in numbers)))
    assert set(data.fields) == set(values)
    for number, text in values.items():
        assert data.fields[number].strings == (unicodedata.normalize("NFC", text),)
