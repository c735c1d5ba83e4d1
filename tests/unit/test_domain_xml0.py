"""The check-in record of Decision 3176: the table, the sample, what a reception knows, and hostile text."""

from __future__ import annotations

import csv
import datetime as dt
import json
import uuid
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk_ui.app.domain.departments import DEFAULT_DEPARTMENTS
from kiosk_ui.app.domain.hand_over import HandOver
from kiosk_ui.app.domain.identification import Identification
from kiosk_ui.app.domain.insurance import Eligibility, EligibilityKind
from kiosk_ui.app.domain.priority import Priority
from kiosk_ui.app.domain.visitor import NumberKind, Visitor
from kiosk_ui.app.domain.xml0 import FIELDS, Fault, FieldType, Stage, Xml0Problem, validate, xml0_of
from reader.verification.identity import Assurance, HolderChecked, Sex

VECTORS = Path(__file__).parents[1] / "vectors"
SAMPLE = json.loads((VECTORS / "vietnam_samples.json").read_text(encoding="utf-8"))["xml0"]
HANOI = dt.timezone(dt.timedelta(hours=7))
VALID = Eligibility(
    EligibilityKind.OK, "000", dt.date(2025, 1, 1), dt.date(2025, 12, 31), "DN4404012345678", "40001", raw="{}"
)


def tree(document: str | bytes) -> ET.Element:
    return ET.fromstring(document)  # noqa: S314 - our own, and a sample beside these tests


def rows(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader((VECTORS / name).read_text(encoding="utf-8-sig").splitlines()))


def visitor(**changes: object) -> Visitor:
    given_: dict = {
        "number": "040085000017",
        "number_kind": NumberKind.CITIZEN,
        "full_name": "Nguyễn Văn An",
        "date_of_birth": dt.date(1985, 2, 3),
        "birth_year": 1985,
        "sex": Sex.MALE,
        "nationality": "VNM",
        "address": None,
        "assurance": Assurance.CHIP_VERIFIED,
        "identification": Identification.CHIP,
    }
    return Visitor(**{**given_, **changes})


def record(who: Visitor | None = None, eligibility: Eligibility = VALID, patient_id: str | None = "BN0001") -> HandOver:
    return HandOver(
        key=uuid.UUID(int=7),
        visitor=who or visitor(),
        eligibility=eligibility,
        department=DEFAULT_DEPARTMENTS[0],
        priority=Priority.NONE,
        phone=None,
        consents=(),
        method="CHIP_CCCD",
        holder_checked=HolderChecked.NONE,
        at=dt.datetime(2025, 3, 10, 0, 15, tzinfo=dt.UTC),
        patient_id=patient_id,
    )


def values(who: Visitor | None = None, **options: object) -> dict[str, str]:
    return dict(xml0_of(record(who, **options), facility="40001", zone=HANOI).values)


def sample() -> dict[str, str]:
    (found,) = tree(SAMPLE).iter("TRANG_THAI_KCB")
    return {field.tag: field.text or "" for field in found}


# ----------------------------------------------------------------------------------------- the table
def test_our_table_is_the_decisions() -> None:
    published = rows("vietnam_xml0_fields.csv")
    assert [row["field"] for row in published] == [rule.name for rule in FIELDS]
    for row, rule in zip(published, FIELDS, strict=True):
        assert row["type"] == rule.type.value
        assert row["max_len"] == ("n" if rule.max_length is None else str(rule.max_length))
        assert (row["required(validate4750)"] == "x") is rule.required, rule.name
        assert rule.required or not rule.at_reception


@pytest.mark.parametrize(
    ("field", "name"), [("MA_DOITUONG_KCB", "vietnam_visit_kinds.csv"), ("MA_LOAI_KCB", "vietnam_treatment_kinds.csv")]
)
def test_codes_are_those_of_the_published_lists(field: str, name: str) -> None:
    published = {row["code"] for row in rows(name)}
    for code in [*published, "0", "99", "1.8", "00"]:
        known = validate({**sample(), field: code}, Stage.COMPLETE) == ()
        assert known is (code in published), code


def test_the_sample_is_complete_and_ours_looks_like_it() -> None:
    assert validate(sample(), Stage.COMPLETE) == ()
    ours = tree(xml0_of(record(), facility="40001", zone=HANOI).to_xml())
    assert [each.tag for each in ours.iter()] == [each.tag for each in tree(SAMPLE).iter()]


# ----------------------------------------------------------------------------- what a reception knows
def test_what_a_reception_knows_is_what_the_sample_says() -> None:
    unknown = {"MA_LK", "MA_DOITUONG_KCB", "MA_DICH_VU", "TEN_DICH_VU", "NGAY_YL"}
    expected = {name: value for name, value in sample().items() if name not in unknown}
    found = values()
    assert {name: found[name] for name in expected} == expected
    assert found["MA_LK"] == str(uuid.UUID(int=7))
    assert validate(found, Stage.RECEPTION) == ()
    missing = {problem.field for problem in validate(found, Stage.COMPLETE)}
    assert missing == {"MA_DOITUONG_KCB", "NGAY_YL", "MA_DICH_VU"}  # what comes later, and nothing else


def test_a_year_alone_and_nothing_at_all() -> None:
    assert values(visitor(date_of_birth=None, birth_year=1950))["NGAY_SINH"] == "195000000000"
    assert validate(values(visitor(date_of_birth=None, birth_year=1950)), Stage.RECEPTION) == ()
    unknown = values(visitor(date_of_birth=None, birth_year=None, full_name=""))
    assert {problem.field for problem in validate(unknown, Stage.RECEPTION)} == {"HO_TEN", "NGAY_SINH"}


@pytest.mark.parametrize(("sex", "code"), [(Sex.MALE, "1"), (Sex.FEMALE, "2"), (Sex.UNSPECIFIED, "3")])
def test_sex(sex: Sex, code: str) -> None:
    assert values(visitor(sex=sex))["GIOI_TINH"] == code


@pytest.mark.parametrize(
    ("number", "kind", "written"),
    [
        ("040085000017", NumberKind.CITIZEN, "040085000017"),
        ("181234567", NumberKind.OLD_CARD, "181234567"),
        ("B1234567", NumberKind.DOCUMENT, "B1234567"),
        ("C01X00T47", NumberKind.DOCUMENT, "C01X00T47"),
        ("040220000017", NumberKind.BIRTH_CERTIFICATE, "040220000017"),
        ("123/2024", NumberKind.BIRTH_CERTIFICATE, ""),
        ("KS12345", NumberKind.BIRTH_CERTIFICATE, ""),
        ("", NumberKind.NONE, ""),
        ("12345678901", NumberKind.CITIZEN, ""),
    ],
)
def test_a_number_is_written_if_it_is_one(number: str, kind: NumberKind, written: str) -> None:
    found = values(visitor(number=number, number_kind=kind))
    assert found["SO_CCCD"] == written
    assert validate(found, Stage.RECEPTION) == ()


@pytest.mark.parametrize("kind", list(EligibilityKind))
def test_a_card_that_does_not_count_is_not_named(kind: EligibilityKind) -> None:
    eligibility = Eligibility(kind, "x", dt.date(2025, 1, 1), dt.date(2025, 2, 1), "DN4404012345678", "40001")
    counts = kind in (EligibilityKind.OK, EligibilityKind.OK_NEWCARD, EligibilityKind.OK_MANUAL)
    assert (values(eligibility=eligibility)["MA_THE_BHYT"] != "") is counts


@pytest.mark.parametrize("card", ["DN4404012345678", "4012345678", "040085000017"])
def test_each_way_to_number_a_card_fills_the_insurance_fields(card: str) -> None:
    eligibility = Eligibility(
        EligibilityKind.OK, "000", dt.date(2025, 1, 1), dt.date(2025, 12, 31), card, "40001", raw="{}"
    )
    found = values(eligibility=eligibility)
    names = ("MA_THE_BHYT", "MA_DKBD", "GT_THE_TU", "GT_THE_DEN")
    assert tuple(found[name] for name in names) == (card, "40001", "20250101", "20251231")
    assert not validate(found, Stage.RECEPTION)


def test_a_facility_by_name_is_left_out() -> None:
    eligibility = Eligibility(
        EligibilityKind.OK_NEWCARD, "003", card_number="4012345678", facility="Bệnh viện thử nghiệm"
    )
    found = values(eligibility=eligibility, patient_id=None)
    assert (found["MA_THE_BHYT"], found["MA_DKBD"], found["GT_THE_DEN"], found["MA_BN"]) == ("4012345678", "", "", "")
    assert validate(found, Stage.RECEPTION) == ()


def test_without_a_facility_the_record_says_so() -> None:
    found = xml0_of(record(), facility=None, zone=HANOI).problems(Stage.RECEPTION)
    assert found == (Xml0Problem("MA_CSKCB", Fault.MISSING),)


# -------------------------------------------------------------------------------------- the validator
@pytest.mark.parametrize(
    ("field", "value", "fault"),
    [
        ("MA_LK", "x" * 101, Fault.TOO_LONG),
        ("STT", "1a", Fault.MALFORMED),
        ("STT", "١", Fault.MALFORMED),
        ("HO_TEN", "x" * 256, Fault.TOO_LONG),
        ("HO_TEN", "An\x00", Fault.MALFORMED),
        ("HO_TEN", "An\ufffe", Fault.MALFORMED),
        ("SO_CCCD", "04008500001", Fault.MALFORMED),
        ("SO_CCCD", "TAM-123", Fault.MALFORMED),
        ("NGAY_SINH", "19850203", Fault.MALFORMED),
        ("NGAY_SINH", "198502310000", Fault.MALFORMED),
        ("NGAY_SINH", "198500030000", Fault.MALFORMED),
        ("NGAY_SINH", "000000000000", Fault.MALFORMED),
        ("GIOI_TINH", "0", Fault.UNKNOWN_CODE),  # another system's "female"
        ("MA_THE_BHYT", "DN6404012345678", Fault.MALFORMED),
        ("MA_DKBD", "4001", Fault.MALFORMED),
        ("GT_THE_TU", "20250229", Fault.MALFORMED),
        ("GT_THE_DEN", "20241231", Fault.OUT_OF_ORDER),
        ("NGAY_VAO", "202503102460", Fault.MALFORMED),
        ("MA_CSKCB", "", Fault.MISSING),
        ("MA_BN", "", Fault.MISSING),
        ("HO_TEN_2", "An", Fault.UNKNOWN_FIELD),
    ],
)
def test_each_fault_is_named_and_nothing_is_shown(field: str, value: str, fault: Fault) -> None:
    problems = validate({**sample(), field: value}, Stage.COMPLETE)
    assert problems == (Xml0Problem(field, fault),)


def test_a_complete_record_has_a_first_cost_of_any_kind() -> None:
    bare = {**sample(), "MA_DICH_VU": "", "TEN_DICH_VU": ""}
    assert validate(bare, Stage.COMPLETE) == (Xml0Problem("MA_DICH_VU", Fault.MISSING),)
    assert validate({**bare, "MA_THUOC": "40.1", "TEN_THUOC": "Thuốc"}, Stage.COMPLETE) == ()
    assert validate({**bare, "MA_VAT_TU": "N01", "TEN_VAT_TU": "Bông"}, Stage.COMPLETE) == ()


@given(st.text(max_size=300), st.text(max_size=120), st.dates())
def test_whatever_a_document_says_the_record_is_xml_that_says_the_same(name: str, number: str, born: dt.date) -> None:
    who = visitor(full_name=name, number=number, date_of_birth=born)
    made = xml0_of(record(who), facility="40001", zone=HANOI)
    (found,) = tree(made.to_xml()).iter("TRANG_THAI_KCB")
    assert {field.tag: field.text or "" for field in found} == dict(made.values)
    faults = {problem.field for problem in made.problems(Stage.RECEPTION)}
    assert faults <= {"HO_TEN", "NGAY_SINH"}
    assert repr(made) == "Xml0Record(…)"


def test_types_are_the_decisions_two() -> None:
    assert {rule.type for rule in FIELDS} == set(FieldType)
