"""What the emulator writes and what the reader understands of it, group by group: two readings of the same standard."""

from __future__ import annotations

import functools

import pytest

from emulator.cards import catalogue, chip_content
from emulator.personalise.details_template import DateCoding
from emulator.personalise.document import data_groups
from emulator.personalise.fingers.ridges import SIZE
from emulator.personalise.profile import CardProfile, load_profile
from reader.lds import files
from reader.lds.document import IdDocument, RawDocument
from reader.lds.field_text import FieldDate
from reader.lds.finger_image import decode_finger

FOREIGN = [spec.name for spec in catalogue(laboratory=True) if load_profile(spec.name).travel_document is not None]
WITH_FINGERS = [name for name in FOREIGN if load_profile(name).lds.fingers]


@functools.cache
def understood(name: str) -> tuple[CardProfile, IdDocument]:
    contents = {files.data_group(number): octets for number, octets in data_groups(load_profile(name)).items()}
    application = {file.identifier: file.content for file in chip_content(name).application_files}
    contents |= {files.COM: application[0x011E], files.SOD: application[0x011D]}
    return load_profile(name), IdDocument(RawDocument(contents))


@pytest.mark.parametrize("name", FOREIGN)
def test_zone_and_face_are_understood(name: str) -> None:
    profile, document = understood(name)
    assert document.mrz is not None
    assert document.mrz.document_number == profile.holder.number
    assert document.mrz.optional_data[0] == profile.travel_document.optional_data  # type: ignore[union-attr]
    assert document.faces is not None
    (face,) = document.faces
    assert (face.width, face.height) == (480, 640)
    assert face.encoding.value == ("jpeg2000" if profile.jpeg2000 else "jpeg")
    assert document.lds_version == {0: "0107", 1: "0108"}[profile.security_object_version]


@pytest.mark.parametrize("name", WITH_FINGERS)
def test_fingers_are_understood_and_decoded(name: str) -> None:
    profile, document = understood(name)
    assert document.fingers is not None
    assert [finger.position for finger in document.fingers] == [int(position) for position in profile.lds.fingers]
    pytest.importorskip("wsq", reason="NIST's coder has no wheel for this machine")
    for finger in document.fingers:
        picture = decode_finger(finger)
        assert (picture.width, picture.height) == SIZE


def test_irises_are_understood() -> None:
    profile, document = understood("id-td2")
    assert document.irises is not None
    assert [iris.eye for iris in document.irises] == [int(eye) for eye in profile.lds.irises]


def test_printed_images_are_understood() -> None:
    _, document = understood("passport-td3")
    assert document.displayed_portraits is not None
    assert document.signatures is not None
    assert [image.encoding.value for image in document.displayed_portraits.portraits] == ["jpeg"]
    assert [image.encoding.value for image in document.signatures.signatures] == ["jpeg", "jpeg"]


def test_details_are_understood() -> None:
    profile, document = understood("passport-td3")
    written, read = profile.lds.personal_details, document.personal_details
    assert written is not None
    assert read is not None
    for here, there in {
        "full_name": "full_name",
        "personal_number": "personal_number",
        "place_of_birth": "place_of_birth",
        "permanent_address": "address",
        "telephone": "telephone",
        "profession": "profession",
        "title": "title",
        "summary": "personal_summary",
        "other_documents": "other_document_numbers",
        "custody": "custody_information",
    }.items():
        assert getattr(read, there).octets.decode() == getattr(written, here), here
    assert read.other_names is not None
    assert tuple(name.octets.decode() for name in read.other_names) == written.other_names
    assert read.date_of_birth is not None
    assert read.date_of_birth.as_date() == profile.holder.born
    assert document.full_name == "LINDQVIST-ÖBERG ÅSA MÄRTA"


def test_document_details_are_understood() -> None:
    profile, document = understood("passport-td3")
    written, read = profile.lds.document_details, document.document_details
    assert written is not None
    assert read is not None
    assert read.issuing_authority is not None
    assert read.issuing_authority.text == written.authority
    assert read.date_of_issue is not None
    assert read.date_of_issue.as_date() == profile.holder.issued
    assert read.personalised_at is not None
    assert read.personalised_at.as_time() == written.personalised_at.time()  # type: ignore[union-attr]
    assert read.other_persons is not None
    assert [name.text for name in read.other_persons] == list(written.other_people)


def test_persons_to_notify_are_understood() -> None:
    profile, document = understood("passport-td3")
    assert document.persons_to_notify is not None
    assert len(document.persons_to_notify) == len(profile.lds.persons_to_notify) == 2
    for read, written in zip(document.persons_to_notify, profile.lds.persons_to_notify, strict=True):
        assert (read.name, read.telephone, read.address) != (None, None, None)
        assert read.name is not None
        assert read.name.octets.decode() == written.name
        assert read.recorded_on is not None
        assert read.recorded_on.as_date() == written.recorded


def test_dates_of_early_documents_are_understood() -> None:
    profile, document = understood("id-td2")
    assert profile.lds.personal_details is not None
    assert profile.lds.personal_details.date_coding is DateCoding.BCD
    born: FieldDate | None = document.personal_details.date_of_birth if document.personal_details else None
    assert born is not None
    assert (born.year, born.month, born.day) == (1991, 12, None)
