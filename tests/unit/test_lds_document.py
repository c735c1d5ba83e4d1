"""One view of a document, whatever the card has and has not."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from pathlib import Path

import pytest

from crypto.errors import ChipIdError, WireError
from crypto.wire.tlv import encode_tlv
from reader import errors
from reader.lds import files
from reader.lds.document import IdDocument, RawDocument
from reader.verification.expiry import expiry_of
from reader.verification.identity import Sex

VECTORS = Path(__file__).parents[1] / "vectors"
PEOPLE = json.loads((VECTORS / "vietnam_samples.json").read_text(encoding="utf-8"))["persons"]
DG1, DG2, DG13, DG14, DG15 = (files.data_group(number) for number in (1, 2, 13, 14, 15))
TODAY = dt.date(2026, 7, 15)


def card(index: int = 0) -> dict[files.FileId, bytes]:
    person = PEOPLE[index]
    return {DG1: bytes.fromhex(person["dg1_hex"]), DG13: bytes.fromhex(person["dg13_hex"])}


def document(contents: dict[files.FileId, bytes]) -> IdDocument:
    return IdDocument(RawDocument(contents))


def dg13(**fields: str) -> bytes:
    numbers = {"name": 2, "born": 3, "issued": 11, "expires": 12}
    encoded = [
        encode_tlv(0x30, [encode_tlv(0x02, bytes([numbers[key]])), encode_tlv(0x0C, text.encode())])
        for key, text in fields.items()
    ]
    return encode_tlv(0x6D, encode_tlv(0x31, encoded))


def dg1(expiry: str, state: str = "VNM") -> bytes:
    lines = (
        f"ID{state}0850000179040085000017<<1",
        f"8502038M{expiry}0{state}<<<<<<<<<<<6",
        "NGUYEN<<VAN<AN<<<<<<<<<<<<<<<<",
    )
    return encode_tlv(0x61, encode_tlv(0x5F1F, "".join(lines).encode()))


def test_files_are_kept_exactly_as_read() -> None:
    contents = card()
    raw = RawDocument(contents)
    assert raw.get(DG1) == contents[DG1]
    assert raw.sha256(DG13) == hashlib.sha256(contents[DG13]).hexdigest()
    assert DG1 in raw
    assert DG2 not in raw
    assert raw.get(DG2) is None
    assert list(raw) == [DG1, DG13]
    assert len(raw) == 2
    with pytest.raises(errors.DocumentError) as caught:
        raw.require(DG2)
    assert caught.value.code is errors.FILE_ABSENT
    contents[DG1] = b"changed"
    assert raw.get(DG1) != b"changed"
    with pytest.raises(TypeError):
        raw.contents[DG1] = b""  # type: ignore[index]
    assert repr(raw) == "RawDocument(DG1 95 bytes, DG13 448 bytes)"


def test_a_citizen_card() -> None:
    view = document(card())
    assert view.full_name == "Nguyễn Văn An"
    assert view.number == "040085000017"
    assert view.sex is Sex.MALE
    assert view.date_of_birth(TODAY) == dt.date(1985, 2, 3)
    assert expiry_of(view, None, TODAY) == dt.date(2045, 2, 3)
    assert not view.no_expiry
    assert view.citizen_number is not None
    assert view.citizen_number.can == PEOPLE[0]["can"]
    assert view.personal["ho_ten"] == "Nguyễn Văn An"
    assert "Nguyễn" not in repr(view)


def test_a_card_that_never_expires() -> None:
    view = document(card(1))
    assert view.no_expiry
    assert expiry_of(view, None, TODAY) is None
    assert view.sex is Sex.FEMALE


def test_the_2024_card_without_dg13_is_fully_readable() -> None:
    contents = card()
    del contents[DG13]
    view = document(contents)
    assert view.personal == {}
    assert view.personal_data is None
    assert view.full_name == "NGUYEN VAN AN"
    assert view.number == "040085000017"
    assert view.date_of_birth(TODAY) == dt.date(1985, 2, 3)
    assert expiry_of(view, None, TODAY) == dt.date(2045, 2, 3)


def test_the_century_comes_from_the_number_not_from_the_clock() -> None:
    contents = card(2)
    del contents[DG13]
    view = document(contents)
    assert view.date_of_birth(dt.date(2003, 1, 1)) == dt.date(2004, 2, 29)


def test_nothing_read_is_nothing_known() -> None:
    view = document({})
    assert (view.com, view.signed_data, view.mrz, view.faces, view.personal_data) == (None,) * 5
    assert (view.card_access, view.security_infos, view.active_authentication_key) == (None,) * 3
    assert (view.number, view.full_name, view.portrait, expiry_of(view, None, TODAY), view.citizen_number) == (
        None,
    ) * 5
    assert view.date_of_birth() is None
    assert view.sex is Sex.UNSPECIFIED
    assert view.personal == {}


@pytest.mark.parametrize(
    ("fields", "expiry", "no_expiry", "expires_on"),
    [
        ({"expires": "03/02/2045"}, "991231", False, dt.date(2045, 2, 3)),
        ({"expires": "Không thời hạn"}, "450203", True, None),
        ({"name": "An"}, "991231", True, None),
        ({"name": "An"}, "450203", False, dt.date(2045, 2, 3)),
        ({"expires": ""}, "450203", False, dt.date(2045, 2, 3)),
        ({"born": "01/01/1964", "issued": "01/01/2022"}, "450203", True, None),  # 58 on the day
        ({"born": "02/01/1964", "issued": "01/01/2022"}, "450203", False, dt.date(2045, 2, 3)),
        ({"born": "01/01/1950", "issued": "01/01/2022", "expires": "03/02/2045"}, "450203", False, dt.date(2045, 2, 3)),
    ],
)
def test_when_a_card_expires(fields: dict[str, str], expiry: str, no_expiry: bool, expires_on: dt.date | None) -> None:
    view = document({DG1: dg1(expiry), DG13: dg13(**fields)})
    assert view.no_expiry is no_expiry
    assert expiry_of(view, None, TODAY) == expires_on


def test_another_state_means_something_else_with_dg13() -> None:
    view = document({DG1: dg1("991231", state="UTO"), DG13: b"\x6d\x03abc"})
    assert view.personal == {}
    assert not view.no_expiry
    assert expiry_of(view, dt.date(2020, 1, 1), TODAY) == dt.date(2099, 12, 31)
    assert view.number == "085000017"


def test_one_bad_file_does_not_hide_the_others() -> None:
    contents = card() | {DG2: b"\x75\x00", DG14: b"\x6e\x02\x31\x05", DG15: b"", files.COM: b"\x60\x00"}
    view = document(contents)
    assert view.full_name == "Nguyễn Văn An"
    for name in ("faces", "security_infos", "active_authentication_key", "com"):
        for _ in range(2):  # also the second time it is asked for
            with pytest.raises((errors.DocumentError, WireError)):
                getattr(view, name)
    bad_mrz = document(card() | {DG1: b"\x61\x03\x5f\x1f\x00"})
    assert bad_mrz.personal["ho_ten"] == "Nguyễn Văn An"
    with pytest.raises(ChipIdError) as caught:
        _ = bad_mrz.mrz
    assert caught.value.code is errors.FILE_MALFORMED


def test_a_group_without_a_picture_is_no_portrait() -> None:
    empty = document({DG2: bytes.fromhex("75067f6103020100")})
    assert empty.faces == ()
    assert empty.portrait is None
