"""The check-in record XML0 of Decision 3176/QĐ-BYT (2024): the fields that a reception knows, and what each may hold.

Decision 130/QĐ-BYT introduced the record, 4750 and 3176 changed it. A kiosk never sends it to the insurer: the record
is sent by the hospital after the first cost of a visit (vietnam.md D.3). The kiosk hands over what it knows.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final
from xml.etree import ElementTree as ET

from kiosk_ui.app.domain.hand_over import HandOver
from kiosk_ui.app.domain.insurance import Eligibility, EligibilityKind, InsuranceOutcome
from kiosk_ui.app.domain.visitor import NumberKind, Visitor
from reader.verification.identity import Sex

__all__ = ["FIELDS", "Fault", "FieldRule", "FieldType", "Stage", "Xml0Problem", "Xml0Record", "validate", "xml0_of"]


class FieldType(enum.Enum):
    """The decision's two types."""

    TEXT = "Chuỗi"
    NUMBER = "Số"


class Stage(enum.Enum):
    """How far the visit is."""

    RECEPTION = "reception"  # nothing has been done or ordered yet
    COMPLETE = "complete"  # as the insurer takes it


class Fault(enum.StrEnum):
    """What is wrong with a field."""

    MISSING = "missing"
    TOO_LONG = "too_long"
    MALFORMED = "malformed"
    UNKNOWN_CODE = "unknown_code"
    OUT_OF_ORDER = "out_of_order"  # ends before it begins
    UNKNOWN_FIELD = "unknown_field"


@dataclasses.dataclass(frozen=True, slots=True)
class FieldRule:
    """One field.

    Attributes:
        name: tag of the element.
        type: text or number.
        max_length: characters at most; ``None``: as many as needed ("n").
        required: must be there in a complete record.
        at_reception: and the reception knows it.
    """

    name: str
    type: FieldType
    max_length: int | None
    required: bool = False
    at_reception: bool = False


_TEXT, _NUMBER = FieldType.TEXT, FieldType.NUMBER

FIELDS: Final = (
    FieldRule("MA_LK", _TEXT, 100, required=True, at_reception=True),
    FieldRule("STT", _NUMBER, 10, required=True, at_reception=True),
    FieldRule("MA_BN", _TEXT, 100, required=True),  # a new patient has none yet
    FieldRule("HO_TEN", _TEXT, 255, required=True, at_reception=True),
    FieldRule("SO_CCCD", _TEXT, None),
    FieldRule("NGAY_SINH", _TEXT, 12, required=True, at_reception=True),
    FieldRule("GIOI_TINH", _NUMBER, 1, required=True, at_reception=True),
    FieldRule("MA_THE_BHYT", _TEXT, 15),
    FieldRule("MA_DKBD", _TEXT, 5),
    FieldRule("GT_THE_TU", _TEXT, 8),
    FieldRule("GT_THE_DEN", _TEXT, 8),
    FieldRule("MA_DOITUONG_KCB", _TEXT, 4, required=True),  # needs a person's judgement, emergency above all
    FieldRule("NGAY_VAO", _TEXT, 12, required=True, at_reception=True),
    FieldRule("NGAY_VAO_NOI_TRU", _TEXT, 12),
    FieldRule("LY_DO_VNT", _TEXT, None),
    FieldRule("MA_LY_DO_VNT", _TEXT, 5),
    FieldRule("MA_LOAI_KCB", _TEXT, 2, required=True, at_reception=True),
    FieldRule("MA_CSKCB", _TEXT, 5, required=True, at_reception=True),
    FieldRule("MA_DICH_VU", _TEXT, 50),
    FieldRule("TEN_DICH_VU", _TEXT, 1024),
    FieldRule("MA_THUOC", _TEXT, 255),
    FieldRule("TEN_THUOC", _TEXT, 1024),
    FieldRule("MA_VAT_TU", _TEXT, 255),
    FieldRule("TEN_VAT_TU", _TEXT, 1024),
    FieldRule("NGAY_YL", _TEXT, 12, required=True),
    FieldRule("DU_PHONG", _TEXT, None),
)
"""The 26 fields in their order (Decision 3176, table "check-in")."""

_RULES: Final = MappingProxyType({rule.name: rule for rule in FIELDS})
_FIRST_COST: Final = (("MA_DICH_VU", "TEN_DICH_VU"), ("MA_THUOC", "TEN_THUOC"), ("MA_VAT_TU", "TEN_VAT_TU"))

_EXAMINATION: Final = "01"  # MA_LOAI_KCB of whoever comes to be examined; a reception desk gives no other
# Code lists: MA_DOITUONG_KCB of Decision 3276/QĐ-BYT (2025), MA_LOAI_KCB of Decision 1804/QĐ-BYT (2026).
_VISIT_KINDS: Final = frozenset(
    {f"1.{number}" for number in (*range(1, 8), *range(11, 19))}
    | {"2", "3.1", "3.2", "3.3", "3.6", "7", "7.2", "7.3", "7.4", "8", "9", "10"}
)
_TREATMENT_KINDS: Final = frozenset(f"{number:02d}" for number in range(1, 17))
# Nine or twelve digits; a passport has a letter, and foreign ones are of many shapes. What is made up for somebody
# without a number must not look like one (vietnam.md D.4).
_PERSON_NUMBER: Final = re.compile(r"[0-9]{9}|[0-9]{12}|(?=[0-9]*[A-Z])[A-Z0-9]{5,20}")
_CITIZEN_DIGITS: Final = 12
# The whole code, the ten digits that cards since 2021 bear, or the citizen number, which serves as a card's number
# (vietnam.md D.1, D.2).
_CARD_CODE: Final = re.compile(r"[A-Z]{2}[1-5][0-9]{12}|[0-9]{10}|[0-9]{12}")
_SEX_CODES: Final = {Sex.MALE: "1", Sex.FEMALE: "2", Sex.UNSPECIFIED: "3"}


@dataclasses.dataclass(frozen=True, slots=True)
class Xml0Problem:
    """One thing that is wrong, without the value.

    Attributes:
        field: its tag.
        fault: what is wrong.
    """

    field: str
    fault: Fault


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Xml0Record:
    """One record. ``repr`` shows nothing personal.

    Attributes:
        values: text by tag; what is not known is empty.
    """

    values: Mapping[str, str]

    def __repr__(self) -> str:
        return "Xml0Record(…)"

    def problems(self, stage: Stage) -> tuple[Xml0Problem, ...]:
        """What is wrong with it at this stage."""
        return validate(self.values, stage)

    def to_xml(self) -> bytes:
        """The record as a document of its own in UTF-8, all 26 fields in order, without the facility's signature."""
        root = ET.Element("CHI_TIEU_TRANG_THAI_KCB")
        record = ET.SubElement(ET.SubElement(root, "DSACH_TRANG_THAI_KCB"), "TRANG_THAI_KCB")
        for rule in FIELDS:
            ET.SubElement(record, rule.name).text = self.values.get(rule.name, "")
        ET.SubElement(root, "CHUKYDONVI")
        text = ET.tostring(root, encoding="unicode", short_empty_elements=False)
        return f'<?xml version="1.0" encoding="utf-8"?>\n{text}'.encode()


def xml0_of(record: HandOver, *, facility: str | None, zone: dt.tzinfo) -> Xml0Record:
    """What a reception knows of a visit.

    Args:
        record: the check-in.
        facility: ``MA_CSKCB``, five characters; ``None`` leaves it empty.
        zone: the hospital's own time.
    """
    visitor = record.visitor
    values = {rule.name: "" for rule in FIELDS} | {
        "MA_LK": str(record.key),
        "STT": "1",
        "MA_BN": "" if visitor.is_declared else _plain(record.patient_id or ""),  # a claim is nobody's record yet
        "HO_TEN": _plain(visitor.full_name),
        "SO_CCCD": _person_number(visitor),
        "NGAY_SINH": _birth(visitor.date_of_birth, visitor.birth_year),
        "GIOI_TINH": _SEX_CODES[visitor.sex],
        "NGAY_VAO": record.at.astimezone(zone).strftime("%Y%m%d%H%M"),
        "MA_LOAI_KCB": _EXAMINATION,
        "MA_CSKCB": facility or "",
    }
    return Xml0Record(MappingProxyType(values | _insurance(record.eligibility)))


def validate(values: Mapping[str, str], stage: Stage) -> tuple[Xml0Problem, ...]:
    """Hold values against the decision's table.

    Args:
        values: text by tag; an absent tag counts as empty.
        stage: what must be there.
    """
    problems = [Xml0Problem(name, Fault.UNKNOWN_FIELD) for name in values if name not in _RULES]
    for rule in FIELDS:
        fault = _fault(rule, values.get(rule.name, ""), stage)
        if fault is not None:
            problems.append(Xml0Problem(rule.name, fault))
    start, end = values.get("GT_THE_TU", ""), values.get("GT_THE_DEN", "")
    if start and end and _is_day(start) and _is_day(end) and end < start:
        problems.append(Xml0Problem("GT_THE_DEN", Fault.OUT_OF_ORDER))
    if stage is Stage.COMPLETE and not any(all(values.get(name) for name in pair) for pair in _FIRST_COST):
        problems.append(Xml0Problem("MA_DICH_VU", Fault.MISSING))  # the first cost: a service, a drug or a supply
    return tuple(problems)


def _fault(rule: FieldRule, value: str, stage: Stage) -> Fault | None:
    if not value:
        must = rule.required if stage is Stage.COMPLETE else rule.at_reception
        return Fault.MISSING if must else None
    if rule.max_length is not None and len(value) > rule.max_length:
        return Fault.TOO_LONG
    if rule.type is _NUMBER and not (value.isascii() and value.isdigit()):
        return Fault.MALFORMED
    if value != _plain(value):
        return Fault.MALFORMED
    check = _CHECKS.get(rule.name)
    return None if check is None or check(value) else _FAULT_OF_CODES.get(rule.name, Fault.MALFORMED)


def _plain(text: str) -> str:
    """Without characters that XML 1.0 cannot carry (§2.2), line ends and spaces at the ends."""
    return "".join(" " if letter in "\t\r\n" else letter for letter in text if _fits_xml(letter)).strip()


def _fits_xml(letter: str) -> bool:
    return letter in "\t\r\n" or " " <= letter <= "\ud7ff" or "\ue000" <= letter <= "\ufffd" or letter > "\uffff"


def _person_number(visitor: Visitor) -> str:
    """Personal number, old card or passport; a birth certificate counts by the personal number that it may carry."""
    is_certificate = visitor.number_kind is NumberKind.BIRTH_CERTIFICATE
    is_known = _PERSON_NUMBER.fullmatch(visitor.number) is not None
    return visitor.number if is_known and (not is_certificate or len(visitor.number) == _CITIZEN_DIGITS) else ""


def _birth(born: dt.date | None, year: int | None) -> str:
    """Twelve digits; unknown parts are zeros, and the hour is asked of the newly born only."""
    if born is not None:
        return f"{born.year:04d}{born.month:02d}{born.day:02d}0000"
    return "" if year is None else f"{year:04d}00000000"


def _insurance(eligibility: Eligibility) -> dict[str, str]:
    """Who is not treated on insurance leaves these empty, so a card that does not count is not named."""
    counts = eligibility.outcome is InsuranceOutcome.VALID or eligibility.kind is EligibilityKind.OK_MANUAL
    card = eligibility.card_number or ""
    if not counts or not _CARD_CODE.fullmatch(card):
        return {}
    facility = eligibility.facility or ""
    return {
        "MA_THE_BHYT": card,
        "MA_DKBD": facility if _is_facility(facility) else "",  # the insurer may give its name instead
        "GT_THE_TU": _day(eligibility.valid_from),
        "GT_THE_DEN": _day(eligibility.valid_until),
    }


def _day(day: dt.date | None) -> str:
    return "" if day is None else f"{day.year:04d}{day.month:02d}{day.day:02d}"


def _is_day(text: str) -> bool:
    return _is_moment(text + "0000")


def _is_moment(text: str) -> bool:
    """``yyyymmddHHMM``, a real one."""
    if re.fullmatch(r"[0-9]{12}", text) is None:
        return False
    parts = (int(text[:4]), int(text[4:6]), int(text[6:8]), int(text[8:10]), int(text[10:]))
    try:
        dt.datetime(*parts)  # noqa: DTZ001 - only whether there is such a day and hour
    except ValueError:
        return False
    return True


def _is_birth(text: str) -> bool:
    if re.fullmatch(r"[0-9]{4}00000000", text):
        return 1850 <= int(text[:4]) <= 9999
    return _is_moment(text)


def _is_facility(text: str) -> bool:
    return re.fullmatch(r"[0-9A-Z]{5}", text) is not None


_CHECKS: Final[Mapping[str, Callable[[str], bool]]] = MappingProxyType(
    {
        "SO_CCCD": lambda text: _PERSON_NUMBER.fullmatch(text) is not None,
        "NGAY_SINH": _is_birth,
        "GIOI_TINH": lambda text: text in _SEX_CODES.values(),
        "MA_THE_BHYT": lambda text: _CARD_CODE.fullmatch(text) is not None,
        "MA_DKBD": _is_facility,
        "GT_THE_TU": _is_day,
        "GT_THE_DEN": _is_day,
        "MA_DOITUONG_KCB": lambda text: text in _VISIT_KINDS,
        "NGAY_VAO": _is_moment,
        "NGAY_VAO_NOI_TRU": _is_moment,
        "MA_LOAI_KCB": lambda text: text in _TREATMENT_KINDS,
        "MA_CSKCB": _is_facility,
        "NGAY_YL": _is_moment,
    }
)
_FAULT_OF_CODES: Final = {
    "GIOI_TINH": Fault.UNKNOWN_CODE,
    "MA_DOITUONG_KCB": Fault.UNKNOWN_CODE,
    "MA_LOAI_KCB": Fault.UNKNOWN_CODE,
}
