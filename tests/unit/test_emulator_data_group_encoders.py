"""The encoders of DG2 to DG16: published examples, and every field of the biometric records read back by hand."""

from __future__ import annotations

import datetime
import io
import json
import struct
import subprocess
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from emulator.cards import chip_content
from emulator.chip.access_rules import AccessCondition
from emulator.personalise.biometric_template import BiometricEncoding
from emulator.personalise.details_template import DateCoding
from emulator.personalise.dg3 import FingerCoding, FingerImage, FingerPosition, encode_dg3
from emulator.personalise.dg4 import Eye, encode_dg4
from emulator.personalise.dg11 import PersonalDetails, encode_dg11
from emulator.personalise.dg12 import DocumentDetails, encode_dg12
from emulator.personalise.dg16 import PersonToNotify, encode_dg16
from emulator.personalise.displayed_images import encode_dg5, encode_dg7
from emulator.personalise.document import data_groups
from emulator.personalise.fingers.ridges import SIZE, draw_ridges, ridges_as_jpeg2000, ridges_as_wsq
from emulator.personalise.irises import drawn_iris
from emulator.personalise.profile import load_profile
from tests.interop.foreign_tlv import objects, only

CASES = {
    case["name"]: case
    for case in json.loads((Path(__file__).parents[1] / "vectors" / "lds_mapping.json").read_text())["cases"]
}
DAY = datetime.date(2024, 2, 29)
RIGHT_INDEX, LEFT_INDEX = FingerPosition.RIGHT_INDEX, FingerPosition.LEFT_INDEX


def asn1parse(der: bytes) -> str:
    """The openssl command's view of the same octets; it refuses what is no BER."""
    done = subprocess.run(["openssl", "asn1parse", "-inform", "DER"], input=der, capture_output=True, check=True)
    return done.stdout.decode()


# -- published ------------------------------------------------------------------------------------------------


def test_published_example_of_dg5() -> None:
    case = CASES["a4_dg5_header"]
    assert encode_dg5([bytes(case["image_length"])]).hex() == case["prefix"] + "00" * case["image_length"]


def test_published_example_of_dg11() -> None:
    expected = {name: value for name, value in CASES["a5_dg11"]["expected"].items() if name != "tag_list"}
    assert encode_dg11(PersonalDetails(**expected)).hex() == CASES["a5_dg11"]["hex"]


def test_published_example_of_dg16() -> None:
    persons = [
        PersonToNotify(
            datetime.date.fromisoformat(person["date_recorded"]), person["name"], person["telephone"], person["address"]
        )
        for person in CASES["a6_dg16"]["expected"]["persons"]
    ]
    assert encode_dg16(persons).hex() == CASES["a6_dg16"]["hex"]


# -- details ----------------------------------------------------------------------------------------------------


def details_of(octets: bytes, tag: int) -> tuple[bytes, list[tuple[int, bytes]]]:
    """The tag list and what follows."""
    (first, listed), *rest = objects(only(octets, tag))
    assert first == 0x5C
    return listed, rest


def test_every_field_of_dg11_has_its_tag_and_its_place() -> None:
    details = PersonalDetails(
        full_name="ÖBERG<<ÅSA",
        other_names=("ÖBERG<<Å", "LIND<<ÅSA"),
        personal_number="1",
        date_of_birth=DAY,
        place_of_birth="2",
        permanent_address="3",
        telephone="4",
        profession="5",
        title="6",
        summary="7",
        proof_of_citizenship=b"\xff\xd8\xff",
        other_documents="8<9",
        custody="10",
    )
    listed, found = details_of(encode_dg11(details), 0x6B)
    assert listed.hex() == "5f0e5f0f5f105f2b5f115f425f125f135f145f155f165f175f18"
    assert found[0] == (0x5F0E, "ÖBERG<<ÅSA".encode())
    tag, names = found[1]
    assert tag == 0xA0
    assert list(objects(names)) == [(2, b"\x02"), (0x5F0F, "ÖBERG<<Å".encode()), (0x5F0F, "LIND<<ÅSA".encode())]
    assert found[2:] == [
        (0x5F10, b"1"),
        (0x5F2B, b"20240229"),
        (0x5F11, b"2"),
        (0x5F42, b"3"),
        (0x5F12, b"4"),
        (0x5F13, b"5"),
        (0x5F14, b"6"),
        (0x5F15, b"7"),
        (0x5F16, b"\xff\xd8\xff"),
        (0x5F17, b"8<9"),
        (0x5F18, b"10"),
    ]


def test_every_field_of_dg12_has_its_tag_and_its_place() -> None:
    details = DocumentDetails(
        authority="TEST",
        date_of_issue=DAY,
        other_people=("KIM<<LEE",),
        observations="1",
        tax_or_exit="2",
        front=b"f",
        rear=b"r",
        personalised_at=datetime.datetime.fromisoformat("2024-02-28T23:59:58"),
        personalisation_system="3",
    )
    listed, found = details_of(encode_dg12(details), 0x6C)
    assert listed.hex() == "5f195f265f1a5f1b5f1c5f1d5f1e5f555f56"
    assert found == [
        (0x5F19, b"TEST"),
        (0x5F26, b"20240229"),
        (0xA0, b"\x02\x01\x01\x5f\x1a\x08KIM<<LEE"),
        (0x5F1B, b"1"),
        (0x5F1C, b"2"),
        (0x5F1D, b"f"),
        (0x5F1E, b"r"),
        (0x5F55, b"20240228235958"),
        (0x5F56, b"3"),
    ]


def test_what_is_not_known_is_absent_and_not_empty() -> None:
    assert encode_dg11(PersonalDetails()).hex() == "6b025c00"
    assert encode_dg12(DocumentDetails(authority="T")).hex() == "6c085c025f195f190154"


def test_dates_also_come_as_four_octets_and_with_unknown_parts() -> None:
    early = PersonalDetails(date_of_birth="19420000", date_coding=DateCoding.BCD, tag_list=False)
    assert encode_dg11(early).hex() == "6b07" + "5f2b0419420000"
    when = DocumentDetails(
        personalised_at=datetime.datetime.fromisoformat("2024-02-28T23:59:58"),
        date_coding=DateCoding.BCD,
        tag_list=False,
    )
    assert encode_dg12(when).hex() == "6c0a" + "5f550720240228235958"


def test_sixteen_persons_to_notify_are_too_many() -> None:
    person = PersonToNotify(DAY, "KIM<<LEE", "1", "2")
    assert [tag for tag, _ in objects(only(encode_dg16([person] * 15), 0x70))][-1] == 0xAF
    with pytest.raises(ValueError, match="fifteen"):
        encode_dg16([person] * 16)


def test_nothing_personal_is_in_a_representation() -> None:
    person = PersonToNotify(DAY, "KIM<<LEE", "0815", "SEOUL")
    values: list[Any] = [PersonalDetails(full_name="KIM<<LEE"), DocumentDetails(other_people=("KIM<<LEE",)), person]
    profile = load_profile("passport-td3")
    values += [profile.travel_document, profile.holder, profile.lds]
    assert not any(word in repr(value) for value in values for word in ("KIM", "0815", "SEOUL", "LINDQVIST", "U00184"))


# -- fingers ------------------------------------------------------------------------------------------------------


def templates_of(octets: bytes, tag: int) -> list[tuple[dict[int, bytes], int, bytes]]:
    """Header elements, tag and content of the data block of each instance (Doc 9303-10 §4.7.2 to §4.7.4)."""
    (count_tag, count), *templates = objects(only(octets, tag, 0x7F61))
    assert count_tag == 0x02
    assert [tag for tag, _ in templates] == [0x7F60] * count[0]
    found = []
    for _, template in templates:
        (header_tag, header), (block_tag, block) = objects(template)
        assert header_tag == 0xA1
        elements = dict(objects(header))
        assert [*elements] == [0x80, 0x81, 0x82, 0x83, 0x87, 0x88]
        assert elements[0x80] == elements[0x87] == b"\x01\x01"
        found.append((elements, block_tag, block))
    return found


@pytest.mark.parametrize(("coding", "code", "magic"), [("wsq", 2, b"\xff\xa0"), ("jpeg2000", 4, b"\0\0\0\x0cjP  ")])
def test_finger_records_are_exact(coding: str, code: int, magic: bytes) -> None:
    """ISO/IEC 19794-4:2005 §7.1 and §7.2, field by field."""
    make = ridges_as_wsq if coding == "wsq" else ridges_as_jpeg2000
    fingers = [
        FingerImage(position, FingerCoding(coding), make(position), SIZE) for position in (RIGHT_INDEX, LEFT_INDEX)
    ]
    found = templates_of(encode_dg3(fingers, BiometricEncoding.ISO_19794, created=DAY), 0x63)
    assert [elements[0x82] for elements, _, _ in found] == [b"\x09", b"\x0a"]  # right and left pointer
    for (elements, tag, record), finger in zip(found, fingers, strict=True):
        assert tag == 0x5F2E
        assert (elements[0x81], elements[0x88]) == (b"\x08", b"\x00\x07")
        assert elements[0x83].hex() == "20240229000000"
        assert record[:8] == b"FIR\x00010\x00"
        assert int.from_bytes(record[8:14], "big") == len(record)
        device, level, count, units, *resolutions = struct.unpack_from(">HHBBHHHH", record, 14)
        assert (device, level, count, units, resolutions) == (0, 31, 1, 1, [500] * 4)
        assert struct.unpack_from(">BBH", record, 28) == (8, code, 0)
        length, position, views, view, quality, kind, width, height, reserved = struct.unpack_from(
            ">IBBBBBHHB", record, 32
        )
        assert (length, position) == (len(record) - 32, finger.position)
        assert (views, view, quality, kind, reserved) == (1, 1, 254, 0, 0)
        assert (width, height) == SIZE
        assert record[46:] == finger.image
        assert finger.image.startswith(magic)


def test_subtypes_name_side_and_finger() -> None:
    """ISO/IEC 7816-11 table C.3: side in the lowest two bits."""
    subtypes = [position.subtype for position in FingerPosition]
    assert bytes(subtypes).hex() == "05090d1115060a0e1216"


@pytest.mark.parametrize("coding", [FingerCoding.WSQ, FingerCoding.JPEG2000])
def test_finger_blocks_of_the_extensible_standard_are_exact(coding: FingerCoding) -> None:
    """ISO/IEC 39794-4:2019 in DER: version, position, impression, format, image, date."""
    image = ridges_as_wsq(LEFT_INDEX) if coding is FingerCoding.WSQ else ridges_as_jpeg2000(LEFT_INDEX)
    dg3 = encode_dg3([FingerImage(LEFT_INDEX, coding, image, SIZE)], BiometricEncoding.ISO_39794, created=DAY)
    ((elements, tag, block),) = templates_of(dg3, 0x63)
    assert tag == 0x7F2E
    assert (elements[0x81], elements[0x82], elements[0x88]) == (b"\x08", b"\x0a", b"\x00\x28")
    (version_tag, version), (representations_tag, representations) = objects(only(block, 0xA1, 0x64))
    assert (version_tag, version.hex()) == (0xA0, "800103" + "810207e3")
    assert representations_tag == 0xA1
    fields = list(objects(only(representations, 0x30)))
    assert fields == [
        (0xA0, b"\x80\x01\x07"),
        (0xA1, b"\x80\x01\x00"),
        (0xA2, b"\x80\x01" + (b"\x01" if coding is FingerCoding.WSQ else b"\x02")),
        (0x83, image),
        (0xA4, bytes.fromhex("800207e8" + "810102" + "82011d")),
    ]
    assert "appl [ 4 ]" in asn1parse(block)


@pytest.mark.parametrize("position", list(FingerPosition))
def test_shipped_wsq_files_show_the_drawn_pattern(position: FingerPosition) -> None:
    """Frame header (FF A2): black, white, height, width. Decoded by NIST's coder where there is one for this machine."""
    image = ridges_as_wsq(position)
    frame = image.index(b"\xff\xa2")
    assert struct.unpack_from(">HH", image, frame + 6) == (SIZE[1], SIZE[0])
    assert image.endswith(b"\xff\xa1")
    pytest.importorskip("wsq", reason="NIST's coder has no wheel for this machine")
    decoded = Image.open(io.BytesIO(image)).convert("L").tobytes()
    drawn = draw_ridges(position).tobytes()
    assert len(decoded) == len(drawn) == SIZE[0] * SIZE[1]
    assert sum(abs(a - b) for a, b in zip(decoded, drawn, strict=True)) / len(drawn) < 6


@pytest.mark.slow
def test_fingers_differ() -> None:
    assert len({draw_ridges(position).tobytes() for position in FingerPosition}) == 10


def test_no_fingers_are_no_instances_and_filler() -> None:
    empty = encode_dg3([], BiometricEncoding.ISO_19794, created=DAY, filler=b"12345678")
    assert empty.hex() == "63" + "10" + "7f61" + "0d" + "020100" + "5308" + b"12345678".hex()


# -- irises and faces -----------------------------------------------------------------------------------------------


def test_iris_records_are_exact() -> None:
    """ISO/IEC 19794-6:2005 §6.5, field by field."""
    irises = [drawn_iris(Eye.RIGHT), drawn_iris(Eye.LEFT)]
    found = templates_of(encode_dg4(irises, created=DAY), 0x76)
    for (elements, tag, record), iris in zip(found, irises, strict=True):
        assert tag == 0x5F2E
        assert (elements[0x81], elements[0x82], elements[0x88]) == (b"\x10", bytes([iris.eye]), b"\x00\x09")
        assert record[:8] == b"IIR\x00010\x00"
        total, device, eyes, header, properties, diameter, coding, width, height, depth, transformation = (
            struct.unpack_from(">IHBHHHHHHBB", record, 8)
        )
        assert (total, device, eyes, header, properties) == (len(record), 0, 1, 45, 5)
        assert (diameter, coding, width, height, depth, transformation) == (160, 6, 320, 240, 8, 0)
        assert struct.unpack_from(">BH", record, 45) == (iris.eye, 1)
        number, quality, angle, uncertainty, length = struct.unpack_from(">HBHHI", record, 48)
        assert (number, quality, angle, uncertainty, length) == (1, 254, 0xFFFF, 0xFFFF, len(record) - 59)
        with Image.open(io.BytesIO(record[59:])) as picture:
            picture.load()
            assert (picture.size, picture.mode, picture.format) == ((320, 240), "L", "JPEG")
    assert irises[0].image != irises[1].image


@pytest.mark.parametrize(("name", "code", "coding"), [("face-39794", 3, "JPEG2000"), ("wsq-39794", 2, "JPEG")])
def test_face_blocks_of_the_extensible_standard_are_exact(name: str, code: int, coding: str) -> None:
    """ISO/IEC 39794-5:2019 in DER, in the frame of Doc 9303-10 §4.7.2."""
    ((elements, tag, block),) = templates_of(data_groups(load_profile(name))[2], 0x75)
    assert tag == 0x7F2E
    assert (elements[0x81], elements[0x82], elements[0x88]) == (b"\x02", b"\x00", b"\x00\x2a")
    (_, version), (_, representations) = objects(only(block, 0xA1, 0x65))
    assert version.hex() == "800103" + "810207e3"
    (identifier, number), (base_tag, base), (date_tag, date) = objects(only(representations, 0x30))
    assert (identifier, number, base_tag, date_tag) == (0x80, b"\0", 0xA1, 0xA2)
    issued = load_profile(name).holder.issued
    assert date.hex() == f"8002{issued.year:04x}8101{issued.month:02x}8201{issued.day:02x}"
    (image_tag, image), (information_tag, information) = objects(only(base, 0xA0, 0xA0))
    assert (image_tag, information_tag) == (0x80, 0xA1)
    assert information.hex() == f"a003 8001{code:02x} a103 800100 a708 800201e0 81020280 a903 800102".replace(" ", "")
    with Image.open(io.BytesIO(image)) as picture:
        picture.load()
        assert (picture.format, picture.size) == (coding, (480, 640))
    assert "appl [ 5 ]" in asn1parse(block)


@pytest.mark.parametrize(
    ("name", "record_error", "block_error"),
    [("select-mf-6982", 8, 0), ("face-length-1", 1, 1), ("face-length-8", 0, -8), ("passport-td3", 0, 0)],
)
def test_issuers_that_were_wrong_about_lengths_stay_wrong(name: str, record_error: int, block_error: int) -> None:
    ((_, _, record),) = templates_of(data_groups(load_profile(name))[2], 0x75)
    record_length, block_length = struct.unpack(">I2xI", record[8:18])
    assert record_length == len(record) + record_error
    assert block_length == len(record) - 14 + block_error


def test_signatures_and_printed_portrait_are_images() -> None:
    groups = data_groups(load_profile("passport-td3"))
    (count_tag, count), *signatures = objects(only(groups[7], 0x67))
    assert (count_tag, count, [tag for tag, _ in signatures]) == (0x02, b"\x02", [0x5F43] * 2)
    assert len({image for _, image in signatures}) == 2
    (_, one), (portrait_tag, portrait) = objects(only(groups[5], 0x65))
    assert (one, portrait_tag) == (b"\x01", 0x5F40)
    for image in (portrait, *(image for _, image in signatures)):
        with Image.open(io.BytesIO(image)) as picture:
            picture.load()
            assert picture.format == "JPEG"
    assert encode_dg7([b"x"]).hex() == "6707" + "020101" + "5f430178"[:8]


# -- whole documents ----------------------------------------------------------------------------------------------


def test_fingers_and_irises_stay_closed_and_all_else_opens_with_access_control() -> None:
    access = {file.identifier & 0xFF: file.access for file in chip_content("id-td2").application_files}
    open_by_access_control = {number for number, rule in access.items() if rule is AccessCondition.CHIP_ACCESS}
    assert set(access) - open_by_access_control == {3, 4}
    assert AccessCondition.ALWAYS not in access.values()


def test_every_data_group_but_the_reserved_ones_is_met_on_some_document() -> None:
    names = ("passport-td3", "id-td2")
    met = {number for name in names for number in data_groups(load_profile(name))}
    assert met == set(range(1, 17)) - {6, 8, 9, 10}
