"""DG11, DG12 and DG16: published values, a whole specimen chip, and the ways in which real documents differ."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.wire.tlv import encode_tlv
from reader import errors
from reader.lds.dg11 import parse_dg11
from reader.lds.dg12 import parse_dg12
from reader.lds.dg16 import parse_dg16
from reader.lds.field_text import DateForm, FieldDate, FieldName, FieldText

VECTORS = Path(__file__).parents[1] / "vectors"
CASES = {case["name"]: case for case in json.loads((VECTORS / "lds_mapping.json").read_text(encoding="utf-8"))["cases"]}
SPECIMEN = VECTORS / "specimen" / "bsi_mustermann"


def dg11(*objects: bytes) -> bytes:
    return encode_tlv(0x6B, objects)


def dg12(*objects: bytes) -> bytes:
    return encode_tlv(0x6C, objects)


def text(tag: int, value: str | bytes) -> bytes:
    return encode_tlv(tag, value if isinstance(value, bytes) else value.encode())


# ------------------------------------------------------------------------------- published and real
def test_dg11_of_the_standard() -> None:
    case = CASES["a5_dg11"]
    octets = bytes.fromhex(case["hex"])
    group = parse_dg11(octets)
    expected = case["expected"]
    assert group.full_name is not None
    assert group.full_name.text == expected["full_name"]
    assert (group.full_name.primary, group.full_name.secondary, group.full_name.full) == (
        "SMITH",
        "JOHN J",
        "SMITH JOHN J",
    )
    assert group.place_of_birth is not None
    assert group.place_of_birth.text == expected["place_of_birth"]
    assert group.place_of_birth.line == "ANYTOWN, MN"
    assert group.address is not None
    assert group.address.text == expected["permanent_address"]
    assert group.address.parts == ("123 MAPLE RD", "ANYTOWN", "MN")
    assert group.telephone is not None
    assert group.telephone.text == expected["telephone"]
    assert group.profession is not None
    assert group.profession.text == expected["profession"]
    assert [f"{tag:x}" for tag in group.tag_list or ()] == expected["tag_list"]
    assert group.encoded == octets
    # What is not there is None, in every field
    assert (group.other_names, group.announced_other_names, group.personal_number, group.date_of_birth) == (None,) * 4
    assert (group.title, group.personal_summary, group.proof_of_citizenship, group.custody_information) == (None,) * 4
    assert group.other_document_numbers is None
    assert group.others == ()


def test_dg16_of_the_standard() -> None:
    case = CASES["a6_dg16"]
    group = parse_dg16(bytes.fromhex(case["hex"]))
    assert group.announced == case["expected"]["number_of_persons"] == len(group.persons)
    for person, expected in zip(group.persons, case["expected"]["persons"], strict=True):
        assert person.recorded_on is not None
        assert person.recorded_on.digits == expected["date_recorded"]
        assert person.name is not None
        assert person.name.text == expected["name"]
        assert person.telephone is not None
        assert person.telephone.text == expected["telephone"]
        assert person.address is not None
        assert person.address.text == expected["address"]
        assert person.others == ()
    assert [person.name.full for person in group.persons if person.name] == ["SMITH CHARLES R", "BROWN MARY J"]


def test_dg11_of_the_specimen() -> None:
    group = parse_dg11((SPECIMEN / "EF_DG11.bin").read_bytes())
    assert group.full_name is not None
    assert (group.full_name.full, group.full_name.secondary) == ("Doe John", "")  # it writes no fillers
    assert [name.full for name in group.other_names or ()] == ["William"]
    assert group.announced_other_names == 1
    assert group.date_of_birth is not None
    assert (group.date_of_birth.form, group.date_of_birth.as_date()) == (DateForm.BCD, dt.date(1970, 1, 1))
    assert group.proof_of_citizenship == b"\x00"
    assert group.other_document_numbers is not None
    assert group.other_document_numbers.parts == ("123", "123")
    assert 0x5F17 not in (group.tag_list or ())  # it is there, although its own list does not name it
    assert 0xA0 in (group.tag_list or ())


def test_dg12_of_the_specimen() -> None:
    group = parse_dg12((SPECIMEN / "EF_DG12.bin").read_bytes())
    assert group.issuing_authority is not None
    assert group.issuing_authority.line == "TEST"
    assert group.date_of_issue is not None
    assert group.date_of_issue.as_date() == dt.date(2024, 1, 1)
    assert group.personalised_at is not None
    assert (group.personalised_at.as_date(), group.personalised_at.as_time()) == (
        dt.date(2024, 1, 1),
        dt.time(12, 30, 59),
    )
    assert [name.full for name in group.other_persons or ()] == ["William"]
    assert (group.announced_other_persons, group.front, group.rear) == (1, b"\x00", b"\x00")
    assert group.personalisation_system is not None
    assert group.personalisation_system.line == "123"
    assert group.tag_list is None  # it has none


# ------------------------------------------------------------------------------------------- dates
@pytest.mark.parametrize(
    ("octets", "form", "known", "date"),
    [
        (b"19700521", DateForm.DIGITS, "1970-05-21", dt.date(1970, 5, 21)),
        (bytes.fromhex("19700521"), DateForm.BCD, "1970-05-21", dt.date(1970, 5, 21)),
        (b"19700500", DateForm.DIGITS, "1970-05", None),
        (b"19700000", DateForm.DIGITS, "1970", None),
        (b"00000521", DateForm.DIGITS, None, None),
        (b"00000000", DateForm.DIGITS, None, None),
        (b"1970<<<<", DateForm.DIGITS, "1970", None),
        (b"197005<<", DateForm.DIGITS, "1970-05", None),
        (bytes.fromhex("19700000"), DateForm.BCD, "1970", None),
        (bytes.fromhex("1970FFFF"), DateForm.BCD, "1970", None),
        (b"20010229", DateForm.DIGITS, "2001-02-29", None),
        (b"20011301", DateForm.DIGITS, "2001", None),
        (b"20240101123059", DateForm.DIGITS, "2024-01-01", dt.date(2024, 1, 1)),
        (bytes.fromhex("20240101123059"), DateForm.BCD, "2024-01-01", dt.date(2024, 1, 1)),
        (b"700521", DateForm.OTHER, None, None),
        (b"1970-05-21", DateForm.OTHER, None, None),
        (bytes.fromhex("19A00521"), DateForm.OTHER, None, None),
        (b"\xb2\xb9\xb7\xb0\xb0\xb5\xb2\xb1", DateForm.OTHER, None, None),  # digits in Latin-1, but no ASCII digits
        (b"", DateForm.OTHER, None, None),
    ],
)
def test_dates_in_every_form(octets: bytes, form: DateForm, known: str | None, date: dt.date | None) -> None:
    for field in (parse_dg11(dg11(text(0x5F2B, octets))).date_of_birth, FieldDate(octets)):
        assert field is not None
        assert (field.form, field.as_text(), field.as_date()) == (form, known, date)
        assert field.octets == octets
    issued = parse_dg12(dg12(text(0x5F26, octets))).date_of_issue
    assert issued is not None
    assert issued.as_date() == date


@pytest.mark.parametrize(
    ("octets", "time"),
    [
        (b"20240101235959", dt.time(23, 59, 59)),
        (b"20240101246000", None),
        (b"20240101<<<<<<", None),
        (b"20240101", None),
        (b"", None),
    ],
)
def test_the_time_of_personalisation(octets: bytes, time: dt.time | None) -> None:
    assert FieldDate(octets).as_time() == time


@given(st.dates())
def test_both_forms_say_the_same(date: dt.date) -> None:
    digits = f"{date.year:04d}{date.month:02d}{date.day:02d}"
    assert FieldDate(digits.encode()).as_date() == FieldDate(bytes.fromhex(digits)).as_date() == date
    assert FieldDate(digits.encode()).as_text() == date.isoformat()


# -------------------------------------------------------------------------------------------- names
@pytest.mark.parametrize(
    ("written", "primary", "secondary"),
    [
        ("SMITH<<JOHN<J", "SMITH", "JOHN J"),
        ("VAN<DER<MUELLEN<<MARTIN", "VAN DER MUELLEN", "MARTIN"),
        ("ARKFREITH", "ARKFREITH", ""),
        ("SATRIYA<SUDARPA", "SATRIYA SUDARPA", ""),
        ("NGUYỄN<<VĂN<AN", "NGUYỄN", "VĂN AN"),
        ("ΠΑΠΑΔΟΠΟΥΛΟΣ<<ΑΝΝΑ", "ΠΑΠΑΔΟΠΟΥΛΟΣ", "ΑΝΝΑ"),
        ("毛<<试验", "毛", "试验"),
        ("ERIKSSON<<ANNA<MARIA<<<<<<<<<<<", "ERIKSSON", "ANNA MARIA"),  # filled to a fixed length
        ("ERIKSSON<<ANNA   ", "ERIKSSON", "ANNA"),
        ("ERIKSSON<<ANNA\0\0\0", "ERIKSSON", "ANNA"),
        ("Eriksson Anna", "Eriksson Anna", ""),
        ("ERIKSSON<<ANNA<<MARIA", "ERIKSSON", "ANNA MARIA"),
        ("<<ANNA", "ANNA", ""),
        ("<<<<", "", ""),
        ("", "", ""),
    ],
)
def test_names_as_they_are_written(written: str, primary: str, secondary: str) -> None:
    group = parse_dg11(dg11(text(0x5F0E, written)))
    assert group.full_name is not None
    assert (group.full_name.primary, group.full_name.secondary) == (primary, secondary)
    assert group.full_name.full == " ".join(part for part in (primary, secondary) if part)
    assert group.full_name.octets == written.encode()


def test_letters_that_are_no_utf_8_are_read_as_latin_1() -> None:
    name = parse_dg11(dg11(text(0x5F0E, "MÜLLER<<JÖRG".encode("latin-1")))).full_name
    assert name is not None
    assert (name.full, name.is_utf8) == ("MÜLLER JÖRG", False)
    assert FieldName("MÜLLER".encode()).is_utf8
    decomposed = FieldText("Nguye\u0302\u0303n".encode())
    assert decomposed.text == "Nguyễn"
    assert decomposed.octets == "Nguye\u0302\u0303n".encode()


def test_nothing_in_a_text_can_move_the_cursor_or_turn_the_line() -> None:
    hostile = FieldText("A\x1b[2J<B\u202eC<\n\rD".encode())
    assert not any(character in hostile.line for character in "\x1b\u202e\n\r")
    assert hostile.text == "A\x1b[2J<B\u202eC<\n\rD"
    assert "\x1b" not in FieldName(b"A\x1b<<B").full


@pytest.mark.parametrize(
    ("objects", "names", "announced"),
    [
        ([], None, None),
        ([encode_tlv(0xA0, b"")], [], None),
        ([encode_tlv(0xA0, b"\x02\x01\x00")], [], 0),
        ([encode_tlv(0xA0, [b"\x02\x01\x02", text(0x5F0F, "A<<B"), text(0x5F0F, "C")])], ["A B", "C"], 2),
        ([encode_tlv(0xA0, [text(0x5F0F, "A")])], ["A"], None),
        ([encode_tlv(0xA0, [b"\x02\x01\x05", text(0x5F0F, "A")])], ["A"], 5),
        ([text(0x5F0F, "A"), text(0x5F0F, "B")], ["A", "B"], None),
        (
            [
                encode_tlv(0xA0, [b"\x02\x01\x01", text(0x5F0F, "A")]),
                encode_tlv(0xA0, [b"\x02\x01\x01", text(0x5F0F, "B")]),
            ],
            ["A", "B"],
            2,
        ),
    ],
)
def test_other_names_in_and_beside_their_template(
    objects: list[bytes], names: list[str] | None, announced: int | None
) -> None:
    group = parse_dg11(dg11(*objects))
    found = None if group.other_names is None else [name.full for name in group.other_names]
    assert (found, group.announced_other_names) == (names, announced)
    twelve = [octets.replace(b"\x5f\x0f", b"\x5f\x1a") for octets in objects]
    others = parse_dg12(dg12(*twelve)).other_persons
    assert (None if others is None else [name.full for name in others]) == names


# ------------------------------------------------------------------------------- files as they come
@pytest.mark.parametrize("tag_list", [None, b"", b"\x5f\x0e\x5f\x10\x5f\x42", b"\x5f", b"\xff\xff\xff"])
def test_the_tag_list_decides_nothing(tag_list: bytes | None) -> None:
    objects = [] if tag_list is None else [encode_tlv(0x5C, tag_list)]
    group = parse_dg11(dg11(*objects, text(0x5F0E, "A<<B"), text(0x5F11, "HANOI")))
    assert group.full_name is not None
    assert group.full_name.full == "A B"
    assert group.place_of_birth is not None
    assert group.address is None
    assert (group.tag_list is None) is (tag_list is None)


def test_empty_is_not_absent() -> None:
    group = parse_dg11(dg11(text(0x5F11, ""), text(0x5F16, b"")))
    assert group.place_of_birth == FieldText(b"")
    assert group.proof_of_citizenship == b""
    assert group.address is None
    assert parse_dg11(b"\x6b\x00").full_name is None
    assert parse_dg12(b"\x6c\x00").date_of_issue is None
    assert parse_dg16(b"\x70\x00").persons == ()
    assert parse_dg16(b"\x70\x00").announced is None


def test_the_order_means_nothing_and_what_is_unknown_is_kept() -> None:
    unknown = encode_tlv(0xC1, b"own")
    group = parse_dg11(dg11(text(0x5F42, "HUẾ"), unknown, text(0x5F0E, "A"), encode_tlv(0x5C, b"\x5f\x0e")))
    assert group.full_name is not None
    assert group.address is not None
    assert [tlv.encoded for tlv in group.others] == [unknown]
    assert [tlv.encoded for tlv in parse_dg12(dg12(unknown)).others] == [unknown]


def test_two_values_for_one_field_are_refused_and_one_said_twice_is_not() -> None:
    for octets in (
        dg11(text(0x5F0E, "A"), text(0x5F0E, "B")),
        dg12(text(0x5F26, "20200101"), text(0x5F26, "20210101")),
        encode_tlv(0x70, encode_tlv(0xA1, [text(0x5F51, "A"), text(0x5F51, "B")])),
    ):
        parse = {0x6B: parse_dg11, 0x6C: parse_dg12, 0x70: parse_dg16}[octets[0]]
        with pytest.raises(errors.DocumentError) as caught:
            parse(octets)
        assert caught.value.code is errors.FILE_MALFORMED
    twice = parse_dg11(dg11(text(0x5F0E, "A"), text(0x5F0E, "A")))
    assert twice.full_name == FieldName(b"A")


def test_names_and_persons_without_end_are_refused() -> None:
    for parse, octets in (
        (parse_dg11, dg11(encode_tlv(0xA0, [text(0x5F0F, "A")] * 65))),
        (parse_dg16, encode_tlv(0x70, [encode_tlv(0xA1, text(0x5F51, "A"))] * 32)),
        (parse_dg11, dg11(encode_tlv(0xA0, encode_tlv(0x02, b"\x01\x02\x03")))),
        (parse_dg16, encode_tlv(0x70, encode_tlv(0x02, b""))),
    ):
        with pytest.raises(errors.DocumentError) as caught:
            parse(octets)
        assert caught.value.code is errors.FILE_MALFORMED


def test_many_persons_with_tags_that_count_on() -> None:
    templates = [encode_tlv(0xA1 + index, text(0x5F51, f"P{index}")) for index in range(15)]
    group = parse_dg16(encode_tlv(0x70, [b"\x02\x01\x0f", *templates]))
    assert [person.name.text for person in group.persons if person.name] == [f"P{index}" for index in range(15)]
    same_tag = [encode_tlv(0xA1, text(0x5F51, f"P{index}")) for index in range(3)]
    assert len(parse_dg16(encode_tlv(0x70, same_tag)).persons) == 3
    person = parse_dg16(encode_tlv(0x70, encode_tlv(0xA1, encode_tlv(0xC1, b"own")))).persons[0]
    assert (person.name, person.telephone, person.address, person.recorded_on) == (None,) * 4
    assert [tlv.value for tlv in person.others] == [b"own"]


def test_no_repr_shows_anybody() -> None:
    eleven = parse_dg11(dg11(text(0x5F0E, "CANARY"), text(0x5F2B, "19991231")))
    sixteen = parse_dg16(encode_tlv(0x70, encode_tlv(0xA1, text(0x5F51, "CANARY"))))
    twelve = parse_dg12(dg12(text(0x5F19, "CANARY")))
    shown = repr((eleven, twelve, sixteen, sixteen.persons, eleven.full_name, eleven.date_of_birth))
    assert "CANARY" not in shown
    assert "1999" not in shown
