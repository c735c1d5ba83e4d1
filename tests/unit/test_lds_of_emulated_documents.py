"""Every data group of every emulated card, written by the chip's half from the standard, is understood by the terminal's half.

The two share no code for this: that they agree is evidence for both.
"""

from __future__ import annotations

import datetime as dt

import pytest

from emulator.cards import catalogue, chip_content
from reader.lds import files
from reader.lds.details import details_of
from reader.lds.document import IdDocument, RawDocument
from reader.lds.face_image import decode_image
from reader.lds.face_record import FaceImage
from reader.lds.finger_image import can_decode_wsq, decode_finger
from reader.lds.image_encoding import ImageEncoding
from reader.lds.iso39794_face import ExtensibleFaceImage
from reader.lds.iso39794_finger import ExtensibleFingerImage
from reader.lds.mrz import MrzFormat
from reader.lds.open_groups import OPEN_GROUPS

NAMES = [spec.name for spec in catalogue(laboratory=True)]
IN_APPLICATION = {file.fid: file for file in files.ALL_FILES if file.in_application}


def document(name: str) -> IdDocument:
    present = {IN_APPLICATION.get(file.identifier): file.content for file in chip_content(name).application_files}
    return IdDocument(RawDocument({file: octets for file, octets in present.items() if file is not None}))


@pytest.mark.parametrize("name", NAMES)
def test_every_file_of_a_card_is_understood(name: str) -> None:
    view = document(name)
    assert view.com is not None
    assert view.lds_version in {"0107", "0108"}
    assert view.mrz is not None
    assert view.mrz.wrong_check_digits == ()
    assert view.full_name
    parsed = {
        2: view.faces,
        3: view.fingers,
        4: view.irises,
        5: view.displayed_portraits,
        7: view.signatures,
        11: view.personal_details,
        12: view.document_details,
        14: view.security_infos,
        15: view.active_authentication_key,
        16: view.persons_to_notify,
    } | {number: view.open_group(number) for number in OPEN_GROUPS}
    read = {file.number for file in view.raw.data_groups} - {1}
    assert {number for number, content in parsed.items() if content is not None} == read
    for face in view.faces or ():
        assert decode_image(face.image).width > 100
        assert face.encoding is not ImageEncoding.UNKNOWN


@pytest.mark.parametrize("name", ["passport-td3", "id-td2", "face-39794", "wsq-39794", "eac1-ecdh"])
def test_every_finger_of_a_card_can_be_shown(name: str) -> None:
    fingers = document(name).fingers
    assert fingers
    for finger in fingers:
        assert finger.position in range(1, 11)
        if finger.encoding is ImageEncoding.WSQ and not can_decode_wsq():
            continue  # no wheel of the decoder for this machine
        decoded = decode_finger(finger)
        assert min(decoded.width, decoded.height) > 100
        assert len(set(decoded.rgb[0::3])) > 50  # not one grey


def test_both_generations_of_encodings_are_among_the_cards() -> None:
    assert isinstance((document("passport-td3").faces or ())[0], FaceImage)
    for name, face_encoding, finger_encoding in (
        ("face-39794", ImageEncoding.JPEG2000, ImageEncoding.JPEG2000),
        ("wsq-39794", ImageEncoding.JPEG, ImageEncoding.WSQ),
    ):
        view = document(name)
        face, finger = (view.faces or ())[0], (view.fingers or ())[0]
        assert isinstance(face, ExtensibleFaceImage)
        assert isinstance(finger, ExtensibleFingerImage)
        assert (face.encoding, finger.encoding) == (face_encoding, finger_encoding)
        assert (face.kind, face.others) == (0, {})
        shown = decode_image(face.image)
        assert (face.width, face.height) == (shown.width, shown.height)


def test_the_details_of_a_passport() -> None:
    view = document("passport-td3")
    assert view.full_name == "LINDQVIST-ÖBERG ÅSA MÄRTA"
    assert view.other_names == ("LINDQVIST ÅSA", "ÖBERG ÅSA MÄRTA")
    assert view.place_of_birth == "NORRHAMN, UTOPIA"
    assert view.issued_on == dt.date(2023, 4, 18)
    assert view.date_of_birth() == dt.date(1988, 3, 9)
    persons = details_of(view)["persons_to_notify"]
    assert [person["name"] for person in persons] == ["LINDQVIST PER OLOF", "ÖBERG KARIN"]
    assert view.signatures is not None
    assert view.signatures.announced == len(view.signatures.signatures)


def test_formats_and_long_numbers() -> None:
    for name, mrz_format, length in (
        ("passport-td3", MrzFormat.TD3, 9),
        ("id-td2", MrzFormat.TD2, 9),
        ("long-number", MrzFormat.TD1, 12),
        ("long-number-td2", MrzFormat.TD2, 11),
    ):
        mrz = document(name).mrz
        assert mrz is not None
        assert (mrz.format, len(mrz.document_number)) == (mrz_format, length)
        secret = chip_content(name).mrz_information
        assert secret is not None
        assert mrz.mrz_information.encode() == secret.reveal()


def test_unknown_parts_of_a_date_of_birth() -> None:
    view = document("id-td2")
    assert view.date_of_birth(dt.date(2026, 7, 1)) is None
    assert details_of(view)["date_of_birth"] == "1991-12"
