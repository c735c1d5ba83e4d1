"""What a document's view and a result say of a passport with DG11, DG12 and DG16, and that a citizen card stays as it was."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from crypto.wire.tlv import encode_tlv
from reader import errors
from reader.lds import files
from reader.lds.details import details_of
from reader.lds.document import IdDocument, RawDocument
from reader.lds.mrz_fields import check_digit

VECTORS = Path(__file__).parents[1] / "vectors"
SPECIMEN = VECTORS / "specimen" / "bsi_mustermann"
PEOPLE = json.loads((VECTORS / "vietnam_samples.json").read_text(encoding="utf-8"))["persons"]
TODAY = dt.date(2026, 7, 15)
DG1, DG11, DG12, DG13, DG16 = (files.data_group(number) for number in (1, 11, 12, 13, 16))


def passport(born: str = "740812", **groups: bytes) -> IdDocument:
    lower = f"L898902C36UTO{born}{check_digit(born)}F3404159ZE184226B<<<<<1"
    line = lower + check_digit(lower[:10] + lower[13:20] + lower[21:43])
    octets = encode_tlv(0x61, encode_tlv(0x5F1F, b"P<UTOERIKSSON<<ANNA<MARIA" + b"<" * 19 + line.encode()))
    return IdDocument(
        RawDocument({DG1: octets} | {files.data_group(int(name[2:])): value for name, value in groups.items()})
    )


def dg11(**fields: str | bytes) -> bytes:
    tags = {"name": 0x5F0E, "born": 0x5F2B, "place": 0x5F11, "address": 0x5F42, "telephone": 0x5F12}
    return encode_tlv(
        0x6B,
        [encode_tlv(tags[key], value.encode() if isinstance(value, str) else value) for key, value in fields.items()],
    )


def test_a_passport_tells_what_its_details_say() -> None:
    twelve = encode_tlv(0x6C, [encode_tlv(0x5F19, b"UTOPIA<CITY"), encode_tlv(0x5F26, b"20240415")])
    view = passport(
        dg11=dg11(name="ΕΡΙΚΣΟΝ<<ΑΝΝΑ<ΜΑΡΙΑ", place="ZENITH<UTO", address="1 MAIN RD<ZENITH", born="19740812"),
        dg12=twelve,
    )
    assert view.full_name == "ΕΡΙΚΣΟΝ ΑΝΝΑ ΜΑΡΙΑ"
    assert view.mrz is not None
    assert view.mrz.name.full == "ERIKSSON ANNA MARIA"
    assert (view.place_of_birth, view.address) == ("ZENITH, UTO", "1 MAIN RD, ZENITH")
    assert (view.issued_on, view.issuing_authority) == (dt.date(2024, 4, 15), "UTOPIA, CITY")
    assert view.date_of_birth(TODAY) == dt.date(1974, 8, 12)
    assert view.number == "L898902C3"
    assert view.personal == {}


def test_without_details_nothing_is_known_and_the_mrz_speaks() -> None:
    for view in (passport(), passport(dg11=b"\x6b\x00", dg12=b"\x6c\x00", dg16=b"\x70\x00")):
        assert view.full_name == "ERIKSSON ANNA MARIA"
        assert (view.place_of_birth, view.address, view.issued_on, view.issuing_authority) == (None,) * 4
        assert view.other_names == ()
        assert details_of(view) == {}
    nothing = IdDocument(RawDocument({}))
    assert (nothing.fingers, nothing.irises, nothing.displayed_portraits, nothing.signatures) == (None,) * 4
    assert (nothing.personal_details, nothing.document_details, nothing.persons_to_notify) == (None,) * 3
    assert (nothing.open_group(6), nothing.open_group(13), nothing.full_name, nothing.address) == (None,) * 4


def test_fillers_alone_are_no_name_and_no_place() -> None:
    view = passport(dg11=dg11(name="<<<", place="<<", address=""))
    assert view.full_name == "ERIKSSON ANNA MARIA"
    assert (view.place_of_birth, view.address) == (None, None)


@pytest.mark.parametrize(
    ("in_mrz", "in_details", "date"),
    [
        ("240101", b"19240101", dt.date(1924, 1, 1)),  # a hundred and two years old, not two
        ("240101", b"20240101", dt.date(2024, 1, 1)),
        ("240101", bytes.fromhex("19240101"), dt.date(1924, 1, 1)),
        ("240101", b"19250101", dt.date(2024, 1, 1)),  # they differ: DG11 cannot be the same date
        ("240101", b"19240000", dt.date(2024, 1, 1)),
        ("240101", b"nonsense", dt.date(2024, 1, 1)),
        ("24<<<<", b"19240000", None),
    ],
)
def test_the_century_of_birth_comes_from_the_details(in_mrz: str, in_details: bytes, date: dt.date | None) -> None:
    assert passport(born=in_mrz, dg11=dg11(born=in_details)).date_of_birth(TODAY) == date


def test_a_part_of_a_date_is_no_date_but_is_told() -> None:
    view = passport(dg12=encode_tlv(0x6C, encode_tlv(0x5F26, b"20240400")))
    assert view.issued_on is None
    assert details_of(view) == {"issued_on": "2024-04"}


def test_details_as_plain_data() -> None:
    person = encode_tlv(0xA1, [encode_tlv(0x5F51, b"SMITH<<JO"), encode_tlv(0x5F52, b"1955")])
    names = encode_tlv(0xA0, [b"\x02\x01\x01", encode_tlv(0x5F0F, b"OLD<<NAME")])
    view = passport(
        dg11=encode_tlv(0x6B, [encode_tlv(0x5F10, b"4711"), names]), dg16=encode_tlv(0x70, [b"\x02\x01\x01", person])
    )
    assert details_of(view) == {
        "other_names": ["OLD NAME"],
        "personal_number": "4711",
        "persons_to_notify": [{"name": "SMITH JO", "telephone": "1955"}],
    }
    assert view.other_names == ("OLD NAME",)
    json.dumps(details_of(view))


def test_every_file_of_the_specimen_is_understood() -> None:
    paths = {file: SPECIMEN / f"EF_{file.name}.bin" for file in files.DATA_GROUPS}
    view = IdDocument(RawDocument({file: path.read_bytes() for file, path in paths.items() if path.exists()}))
    assert view.fingers is not None
    assert view.irises is not None
    assert view.displayed_portraits is not None
    assert view.signatures is not None
    sizes = (view.fingers, view.irises, view.displayed_portraits.portraits, view.signatures.signatures)
    assert [len(images) for images in sizes] == [2, 2, 1, 1]
    assert view.full_name == "Doe John"
    assert view.place_of_birth == "TEST, TEST"
    assert view.issued_on == dt.date(2024, 1, 1)
    assert view.date_of_birth(TODAY) == dt.date(1996, 8, 12)  # DG11 tells of another day: DG1 stays right
    details = details_of(view)
    assert details["other_names"] == details["other_persons"] == ["William"]
    assert details["date_of_birth"] == "1970-01-01"


@pytest.mark.parametrize("sample", PEOPLE, ids=[person["can"] for person in PEOPLE])
def test_a_citizen_card_stays_as_it_was(sample: dict[str, str]) -> None:
    contents = {DG1: bytes.fromhex(sample["dg1_hex"]), DG13: bytes.fromhex(sample["dg13_hex"])}
    card = IdDocument(RawDocument(contents))
    odd = IdDocument(RawDocument(contents | {DG11: dg11(name="SOMEBODY<<ELSE", born="19000101", address="ELSEWHERE")}))
    assert card.full_name == odd.full_name == card.personal["ho_ten"]
    assert card.address == odd.address == card.personal["noi_thuong_tru"]
    assert card.date_of_birth(TODAY) == odd.date_of_birth(TODAY)
    assert card.issued_on is not None
    assert card.issued_on == odd.issued_on
    assert details_of(card) == {}


def test_a_thirteenth_group_of_another_issuer_is_kept() -> None:
    view = passport(dg13=encode_tlv(0x6D, b"\x04\x02ok"))
    group = view.open_group(13)
    assert group is not None
    assert group.content == b"\x04\x02ok"
    assert view.personal == {}
    with pytest.raises(KeyError):
        view.open_group(11)


def test_one_malformed_group_is_an_error_each_time_and_for_itself() -> None:
    view = passport(dg12=b"\x6c\x01", dg16=encode_tlv(0x70, b"\x02\x00"), dg11=dg11(place="HERE"))
    for _ in range(2):
        with pytest.raises(Exception, match="ends before"):
            _ = view.document_details
        with pytest.raises(errors.DocumentError):
            _ = view.persons_to_notify
    assert view.place_of_birth == "HERE"
    assert details_of(view) == {"place_of_birth": "HERE"}


def security_object(version: int, lds_version: bytes | None) -> bytes:
    """EF.SOD as far as its content goes: LDSSecurityObject of Doc 9303-10 §4.6.2.3 in a SignedData without signers."""
    sha256 = encode_tlv(0x30, encode_tlv(0x06, bytes.fromhex("608648016503040201")))
    hashes = [encode_tlv(0x30, [encode_tlv(0x02, bytes([number])), encode_tlv(0x04, bytes(32))]) for number in (1, 2)]
    content = encode_tlv(0x02, bytes([version])) + sha256 + encode_tlv(0x30, hashes)
    if lds_version is not None:
        content += encode_tlv(0x30, [encode_tlv(0x13, lds_version), encode_tlv(0x13, b"040000")])
    contained = encode_tlv(0xA0, encode_tlv(0x04, encode_tlv(0x30, content)))
    encapsulated = encode_tlv(0x30, encode_tlv(0x06, bytes.fromhex("678108010101")) + contained)
    signed = encode_tlv(0x02, b"\x03") + encode_tlv(0x31, sha256) + encapsulated + encode_tlv(0x31, b"")
    cms = encode_tlv(0x06, bytes.fromhex("2a864886f70d010702")) + encode_tlv(0xA0, encode_tlv(0x30, signed))
    return encode_tlv(0x77, encode_tlv(0x30, cms))


@pytest.mark.parametrize(
    ("sod", "com", "version"),
    [
        (security_object(1, b"0108"), "0108", "0108"),
        (security_object(1, b"0108"), "0107", "0108"),  # what is signed counts
        (security_object(1, b"0108"), None, "0108"),
        (security_object(0, None), "0107", "0107"),
        (None, "0107", "0107"),
        (b"\x77\x00", "0107", "0107"),
        (None, None, None),
        (security_object(0, None), None, None),
    ],
)
def test_the_version_of_the_lds(sod: bytes | None, com: str | None, version: str | None) -> None:
    contents = {} if sod is None else {files.SOD: sod}
    if com is not None:
        # a tag of the future in the list is no reason not to read
        octets = encode_tlv(0x60, [encode_tlv(0x5F01, com.encode()), encode_tlv(0x5C, b"\x61\x75\x7f\x71\x7e")])
        contents[files.COM] = octets
    assert IdDocument(RawDocument(contents)).lds_version == version
