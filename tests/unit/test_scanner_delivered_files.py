"""What the HN212 tells and hands over: put together by card, checked as far as it can be, and never more than that."""

from __future__ import annotations

import base64
import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import reader
from crypto.errors import ChipIdError, ErrorCode
from crypto.pki.trust_store import TrustStore
from emulator.adapters.inprocess import EmulatedTransport
from emulator.cards import card, chip_content
from emulator.personalise.profile import load_profile
from reader import errors
from reader.inspection import ReadOutcome
from reader.lds.document import IdDocument
from reader.scanners import codes
from reader.scanners.vendor.declared import SNAKE_CASE_NAMES, DeviceReading, declared_person
from reader.scanners.vendor.delivered import DataStanding, DeliveredAssessment, assess_delivered
from reader.scanners.vendor.hn212 import Hn212Card
from reader.scanners.vendor.jtheid import jtheid_record
from reader.verification.checks import CheckName, CheckStatus
from reader.verification.identity import Assurance, Sex
from reader.verification.policy import DESK, HOSPITAL, LABORATORY
from reader.verification.verdict import Decision, VerifiedIdentity

TRUST = reader.trust_for(None, test_mode=True)
NOBODY = TrustStore()
NOON = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
GROUPS = {"sod": 0x1D, "dg1": 0x01, "dg2": 0x02, "dg13": 0x0D, "dg14": 0x0E, "dg15": 0x0F}
DELIVERED = ("dg2", "dg13", "dg14", "dg15", "sod")  # what the device hands over; DG1 is not among it


def files_of(name: str) -> dict[str, bytes]:
    """Files of an emulated card under the device's names."""
    contents = {file.identifier & 0xFF: file.content for file in chip_content(name).application_files}
    return {group: contents[number] for group, number in GROUPS.items() if number in contents}


def person_message(name: str, **changes: object) -> dict[str, object]:
    holder = load_profile(name).holder
    record: dict[str, object] = {
        "idCode": holder.number,
        "personName": holder.full_name,
        "dateOfBirth": f"{holder.born:%d/%m/%Y}",
        "gender": holder.sex,
        "nationality": holder.nationality,
        "residencePlace": holder.residence,
        "expiryDate": f"{holder.expires:%d/%m/%Y}" if holder.expires else "Không thời hạn",
    }
    return {"id": 2, "data": {**record, **changes}}


def files_message(files: Mapping[str, bytes], **changes: object) -> dict[str, object]:
    encoded: dict[str, object] = {name: base64.b64encode(octets).decode() for name, octets in files.items()}
    return {"id": 4, "data": {**encoded, **changes}}


def reading_of(
    name: str, *, without: tuple[str, ...] = (), changed: Mapping[str, bytes] | None = None
) -> DeviceReading:
    """Everything that the device tells about one emulated card."""
    together = Hn212Card()
    assert together.take({"id": 1}) is None
    together.take(person_message(name))
    files = {group: octets for group, octets in files_of(name).items() if group in DELIVERED and group not in without}
    reading = together.take(files_message({**files, **(changed or {})}))
    assert reading is not None
    return reading


def assess(reading: DeviceReading, trust: TrustStore = TRUST) -> DeliveredAssessment:
    return assess_delivered(reading, trust, HOSPITAL, NOON)


def status_of(assessment: DeliveredAssessment, check: str) -> CheckStatus:
    return next(result.status for result in assessment.checks if result.check == check)


# ------------------------------------------------------------------------------------------- messages
def test_a_card_is_put_together_from_its_messages() -> None:
    reading = reading_of("an")
    assert reading.person is not None
    assert (reading.person.number.digits, reading.person.full_name) == ("040085000017", "Nguyễn Văn An")
    assert (reading.person.date_of_birth, reading.person.sex) == (dt.date(1985, 2, 3), Sex.MALE)
    assert (reading.person.expires_on, reading.person.no_expiry) == (dt.date(2045, 2, 3), False)
    assert reading.person.father is None
    assert reading.document is not None
    assert len(reading.document) == len(DELIVERED)
    assert "Nguyễn" not in repr(reading)


def test_two_cards_never_mix() -> None:
    for forgetting in ({"id": 1}, person_message("quy")):
        together = Hn212Card()
        together.take(person_message("an"))
        together.take(forgetting)
        reading = together.take(files_message(files_of("an")))
        assert reading is not None
        assert reading.person is None or reading.person.full_name == "Đặng Thị Quý"
    together = Hn212Card()
    together.take(files_message(files_of("an")))
    later = together.take(person_message("quy"))
    assert later is not None
    assert later.document is None


def test_a_card_that_never_expires() -> None:
    reading = reading_of("quy")
    assert reading.person is not None
    assert (reading.person.expires_on, reading.person.no_expiry) == (None, True)
    identity = assess(reading).identity
    assert identity is not None
    assert (identity.no_expiry, identity.expires_on, identity.sex) == (True, None, Sex.FEMALE)


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (None, codes.DEVICE_MESSAGE_UNUSABLE),
        ([], codes.DEVICE_MESSAGE_UNUSABLE),
        ({}, codes.DEVICE_MESSAGE_UNUSABLE),
        ({"id": "2"}, codes.DEVICE_MESSAGE_UNUSABLE),
        ({"id": True}, codes.DEVICE_MESSAGE_UNUSABLE),
        ({"id": 7}, codes.DEVICE_MESSAGE_UNUSABLE),
        ({"id": 2}, codes.DEVICE_MESSAGE_UNUSABLE),
        ({"id": 3, "message": "Nguyễn Văn An 040085000017"}, codes.DEVICE_READ_FAILED),
        ({"id": 4}, codes.DEVICE_MESSAGE_UNUSABLE),
        (person_message("an", idCode="04008500001"), codes.DEVICE_MESSAGE_UNUSABLE),
        (person_message("an", idCode=40085000017), codes.DEVICE_MESSAGE_UNUSABLE),
        (person_message("an", personName="  "), codes.DEVICE_MESSAGE_UNUSABLE),
        (person_message("an", personName="x" * 501), codes.DEVICE_MESSAGE_UNUSABLE),
        (person_message("an", race="\ud800"), codes.DEVICE_MESSAGE_UNUSABLE),
        (files_message({}, sod="not base64 at all!"), codes.DEVICE_MESSAGE_UNUSABLE),
        (files_message({}, sod="QUJ"), codes.DEVICE_MESSAGE_UNUSABLE),
        (files_message({}, sod=5), codes.DEVICE_MESSAGE_UNUSABLE),
        (files_message({}, img_data="QUJD"), codes.DEVICE_MESSAGE_UNUSABLE),
        (files_message({}, dg2="A" * 400_000), codes.DEVICE_MESSAGE_TOO_LARGE),
    ],
)
def test_messages_that_are_none(message: Any, code: ErrorCode) -> None:
    with pytest.raises(ChipIdError) as caught:
        Hn212Card().take(message)
    assert caught.value.code is code
    assert "040085" not in str(caught.value)
    assert "Nguyễn" not in str(caught.value)


def test_a_message_of_a_newer_device_does_not_lose_the_card() -> None:
    together = Hn212Card()
    together.take(person_message("an"))
    with pytest.raises(errors.DocumentError):
        together.take({"id": 9})
    reading = together.take(files_message(files_of("an")))
    assert reading is not None
    assert reading.person is not None


def test_a_device_that_writes_utf8_twice_is_understood() -> None:
    message = person_message("an", personName="Nguyễn Văn An".encode().decode("latin-1"), fatherName="A\u202eB")
    reading = Hn212Card().take(message)
    assert reading is not None
    assert reading.person is not None
    assert (reading.person.full_name, reading.person.father) == ("Nguyễn Văn An", "A\ufffdB")


@settings(deadline=None, max_examples=100)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(0, 6) | st.text(max_size=12),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["id", "data", "idCode", "personName", "sod", "img_data"]), inner, max_size=4
            )
        ),
        max_leaves=12,
    )
)
def test_any_json_is_a_card_or_an_error_of_ours(message: object) -> None:
    code = None
    try:
        Hn212Card().take(message)
    except ChipIdError as error:
        code = error.code
    assert code in (None, codes.DEVICE_MESSAGE_UNUSABLE, codes.DEVICE_READ_FAILED)


# ------------------------------------------------------------------------------------------- evidence
def test_files_of_a_trusted_issuer_are_authentic_and_the_chip_stays_unproven() -> None:
    assessment = assess(reading_of("an"))
    assert assessment.standing is DataStanding.AUTHENTIC
    assert status_of(assessment, CheckName.PASSIVE_AUTHENTICATION) is CheckStatus.SUCCESSFUL
    assert status_of(assessment, "data_group_hash.DG13") is CheckStatus.SUCCESSFUL
    for proof in (CheckName.CHIP_AUTHENTICATION, CheckName.ACTIVE_AUTHENTICATION):
        assert status_of(assessment, proof) is CheckStatus.UNDETERMINED
    assert assessment.verdict.decision is Decision.REFER
    assert "chip_genuine.not_proven" in assessment.verdict.reasons
    identity = assessment.identity
    assert identity is not None
    assert identity.assurance is Assurance.CHIP_READ
    assert (identity.number, identity.full_name) == ("040085000017", "Nguyễn Văn An")
    assert identity.sex is Sex.MALE
    assert identity.portrait == IdDocument(reading_of("an").document or pytest.fail("no files")).portrait
    assert "An" not in repr(assessment)


def test_an_unknown_issuer_is_said_as_such() -> None:
    assessment = assess(reading_of("an"), NOBODY)
    assert assessment.standing is DataStanding.ISSUER_UNKNOWN
    assert assessment.verdict.decision is Decision.REFER
    assert assessment.verdict.assurance is Assurance.CHIP_READ
    assert status_of(assessment, CheckName.PASSIVE_AUTHENTICATION) is CheckStatus.UNDETERMINED


def one_bit_changed(octets: bytes) -> bytes:
    return octets[:-1] + bytes([octets[-1] ^ 1])


@pytest.mark.parametrize("group", DELIVERED)
def test_a_changed_file_is_noticed(group: str) -> None:
    assessment = assess(reading_of("an", changed={group: one_bit_changed(files_of("an")[group])}))
    assert assessment.standing is DataStanding.CONTRADICTED
    assert assessment.verdict.decision is Decision.REJECT
    assert assessment.verdict.assurance is Assurance.UNKNOWN
    assert assessment.identity is None


def test_files_of_two_cards_are_no_card() -> None:
    assessment = assess(reading_of("an", changed={"dg2": files_of("quy")["dg2"]}))
    assert assessment.standing is DataStanding.CONTRADICTED
    swapped = assess(reading_of("an", changed={name: files_of("quy")[name] for name in DELIVERED}))
    assert swapped.standing is DataStanding.CONTRADICTED  # all genuine, and another person than the device says
    assert status_of(swapped, CheckName.DATA_CONSISTENCY) is CheckStatus.FAILED


def test_a_device_that_says_something_else_than_its_files() -> None:
    for changes in ({"personName": "Trần Văn Bình"}, {"dateOfBirth": "04/02/1985"}, {"idCode": "040085000018"}):
        together = Hn212Card()
        together.take(person_message("an", **changes))
        reading = together.take(files_message(files_of("an")))
        assert reading is not None
        assert assess(reading).standing is DataStanding.CONTRADICTED


def test_without_the_signed_list_everything_is_the_devices_word() -> None:
    assessment = assess(reading_of("an", without=("sod",)))
    assert assessment.standing is DataStanding.DECLARED
    assert assessment.verdict.decision is Decision.REFER
    assert assessment.identity is not None
    assert assessment.identity.assurance is Assurance.UNKNOWN
    only_words = Hn212Card().take(person_message("an"))
    assert only_words is not None
    assert assess(only_words).standing is DataStanding.DECLARED


def test_a_signed_list_that_covers_no_name_proves_no_name() -> None:
    assessment = assess(reading_of("an", without=("dg13",)))
    assert assessment.standing is DataStanding.DECLARED
    assert assessment.verdict.assurance is Assurance.UNKNOWN


def test_another_countrys_signature_does_not_count_for_a_vietnamese_card() -> None:
    files = {name: octets for name, octets in files_of("passport-td3").items() if name in (*DELIVERED, "dg1")}
    reading = Hn212Card().take(files_message({name: octets for name, octets in files.items() if name != "dg1"}))
    assert reading is not None
    without_its_mrz = assess(reading)
    assert without_its_mrz.standing is not DataStanding.AUTHENTIC
    assert without_its_mrz.verdict.assurance is Assurance.UNKNOWN


@settings(deadline=None, max_examples=40)
@given(
    st.sampled_from(["an", "quy", "copied", "expired", "unknown-csca", "changed"]),
    st.sets(st.sampled_from(DELIVERED)),
    st.sampled_from([HOSPITAL, DESK, LABORATORY]),
    st.booleans(),
)
def test_no_delivery_ever_counts_as_a_proven_chip(name: str, without: set[str], policy: Any, trusted: bool) -> None:
    files = {group: octets for group, octets in files_of(name).items() if group not in without}
    together = Hn212Card()
    together.take(person_message(name))
    reading = together.take(files_message(files))
    assert reading is not None
    assessment = assess_delivered(reading, TRUST if trusted else NOBODY, policy, NOON)
    assert assessment.verdict.decision is not Decision.ACCEPT
    assert assessment.verdict.assurance in (Assurance.CHIP_READ, Assurance.UNKNOWN)
    assert not isinstance(assessment.identity, VerifiedIdentity)


# -------------------------------------------------------------------------------------------- JTHeID
def read(name: str) -> ReadOutcome:
    with EmulatedTransport(card(name)) as transport:
        key = reader.CanKey.from_citizen_number(load_profile(name).holder.number)
        return reader.read(transport, key, trust=TRUST, now=lambda: NOON)


def test_the_record_for_hospital_systems_has_every_field_of_the_tools_own() -> None:
    outcome = read("an")
    assert outcome.identity is not None
    record = jtheid_record(outcome.identity, outcome.document)
    assert set(record) == {*SNAKE_CASE_NAMES.values(), "id_img"}
    assert (record["id_card"], record["full_name"]) == ("040085000017", "Nguyễn Văn An")
    assert (record["date_of_birth"], record["date_of_expiry"]) == ("03/02/1985", "03/02/2045")
    assert (record["gender"], record["race"], record["old_id_card"]) == ("Nam", "Kinh", "181234567")
    assert (record["father_name"], record["mother_name"], record["wife_name"]) == (
        "Nguyễn Văn Bình",
        "Trần Thị Lan",
        "Lê Thị Hoà",
    )
    assert base64.b64decode(record["id_img"], validate=True) == outcome.identity.portrait
    again = declared_person(json.loads(json.dumps(record)), SNAKE_CASE_NAMES)
    assert (again.number.digits, again.full_name) == (outcome.identity.number, outcome.identity.full_name)


def test_what_a_card_does_not_say_is_an_empty_text() -> None:
    never_expires = read("quy")
    assert never_expires.identity is not None
    assert jtheid_record(never_expires.identity, never_expires.document)["date_of_expiry"] == "Không thời hạn"
    of_2024 = read("can-cuoc-2024")
    assert of_2024.identity is not None
    record = jtheid_record(of_2024.identity, of_2024.document)
    assert record["id_card"] == of_2024.identity.number
    assert (record["race"], record["father_name"]) == ("", "")
