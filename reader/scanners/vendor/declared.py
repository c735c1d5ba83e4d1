"""What a document reader of another maker says it has read: a person in named texts, a photo, files of the chip.

The makers' records hold the same sixteen facts of DG13 under names of their own, so one reader of records serves all.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import datetime as dt
import re
from collections.abc import Mapping
from typing import Final

from reader import errors
from reader.lds.document import RawDocument
from reader.lds.vietnam import NO_EXPIRY_TEXT, parse_date
from reader.scanners import codes
from reader.verification.identity import Sex
from reader.vietnamese.number import CitizenNumber, parse_number
from reader.vietnamese.text import decode_text, displayable

__all__ = [
    "CAMEL_CASE_NAMES",
    "SNAKE_CASE_NAMES",
    "DeclaredPerson",
    "DeviceReading",
    "declared_person",
    "decode_image",
    "decode_octets",
    "unusable",
]

MAX_TEXT_CHARACTERS: Final = 500
MAX_IMAGE_BYTES: Final = 1 << 20
_IMAGE_PREFIX: Final = re.compile(r"data:image/[a-z0-9.+-]{1,20};base64,")
_IMAGE_BEGINNINGS: Final = (
    b"\xff\xd8\xff",
    b"\x89PNG\r\n\x1a\n",
    b"\x00\x00\x00\x0cjP  \r\n\x87\n",
    b"\xff\x4f\xff\x51",
)
_SEXES: Final = {"nam": Sex.MALE, "nữ": Sex.FEMALE, "m": Sex.MALE, "f": Sex.FEMALE}

CAMEL_CASE_NAMES: Final[Mapping[str, str]] = {
    "number": "idCode",
    "old_number": "oldIdCode",
    "full_name": "personName",
    "date_of_birth": "dateOfBirth",
    "sex": "gender",
    "nationality": "nationality",
    "ethnicity": "race",
    "religion": "religion",
    "place_of_origin": "originPlace",
    "residence": "residencePlace",
    "marks": "personalIdentification",
    "issued_on": "issueDate",
    "expires_on": "expiryDate",
    "father": "fatherName",
    "mother": "motherName",
    "spouse": "wifeName",
}
"""Names in the messages of the HN212 (shared notes, B.4)."""

SNAKE_CASE_NAMES: Final[Mapping[str, str]] = {
    "number": "id_card",
    "old_number": "old_id_card",
    "full_name": "full_name",
    "date_of_birth": "date_of_birth",
    "sex": "gender",
    "nationality": "nationality",
    "ethnicity": "race",
    "religion": "religion",
    "place_of_origin": "place_of_origin",
    "residence": "place_of_residence",
    "marks": "personal_identification",
    "issued_on": "date_of_issue",
    "expires_on": "date_of_expiry",
    "father": "father_name",
    "mother": "mother_name",
    "spouse": "wife_name",
}
"""Names in the record that JTHeID posts (shared notes, B.4)."""


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class DeclaredPerson:
    """A person as a device tells it. Its ``repr`` shows nothing personal.

    Attributes:
        number: the citizen number.
        full_name: NFC, single spaces.
        sex: unspecified if the record's word is none of the known ones.
        date_of_birth, issued_on, expires_on: ``None`` if absent or no day of the calendar as ``dd/mm/yyyy``.
        no_expiry: the record says that the card never expires.
        old_number, nationality, ethnicity, religion, place_of_origin, residence, marks, father, mother, spouse: texts
            as told; ``None`` if absent or empty.
    """

    number: CitizenNumber
    full_name: str
    sex: Sex
    date_of_birth: dt.date | None
    issued_on: dt.date | None
    expires_on: dt.date | None
    no_expiry: bool
    old_number: str | None = None
    nationality: str | None = None
    ethnicity: str | None = None
    religion: str | None = None
    place_of_origin: str | None = None
    residence: str | None = None
    marks: str | None = None
    father: str | None = None
    mother: str | None = None
    spouse: str | None = None

    def __repr__(self) -> str:
        return "DeclaredPerson(…)"


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class DeviceReading:
    """Everything that a device has told about one card so far.

    Attributes:
        person: its own words; declared, whatever it read them from.
        portrait: a picture that it made or copied; ``None`` if it sent none.
        document: files of the chip as it handed them over; ``None`` if it sent none.
    """

    person: DeclaredPerson | None = None
    portrait: bytes | None = None
    document: RawDocument | None = None

    def __repr__(self) -> str:
        given = [field.name for field in dataclasses.fields(self) if getattr(self, field.name) is not None]
        return f"DeviceReading({', '.join(given)})"


def declared_person(record: object, names: Mapping[str, str]) -> DeclaredPerson:
    """A person from a maker's record.

    Args:
        record: decoded JSON.
        names: the maker's name of each attribute of :class:`DeclaredPerson`.

    Raises:
        DocumentError: ``device.message_unusable`` if the record is none, holds something else than texts, or lacks a
            citizen number or a name.
    """
    if not isinstance(record, Mapping):
        raise unusable("record")
    texts = {attribute: _text(record.get(name), name) for attribute, name in names.items()}
    number, name = texts.pop("number"), texts.pop("full_name")
    if number is None or name is None:
        raise unusable("number" if number is None else "name")
    try:
        citizen_number = parse_number(number)
    except errors.DocumentError:
        raise unusable("number") from None
    expiry = texts.pop("expires_on") or ""
    return DeclaredPerson(
        number=citizen_number,
        full_name=name,
        sex=_SEXES.get((texts.pop("sex") or "").casefold(), Sex.UNSPECIFIED),
        date_of_birth=parse_date(texts.pop("date_of_birth") or ""),
        issued_on=parse_date(texts.pop("issued_on") or ""),
        expires_on=parse_date(expiry),
        no_expiry=expiry.casefold() == NO_EXPIRY_TEXT.casefold(),
        **texts,
    )


def _text(value: object, name: str) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > MAX_TEXT_CHARACTERS:
        raise unusable(name)
    try:
        text = decode_text(value.encode()).text  # devices too write UTF-8 twice
    except UnicodeEncodeError:  # JSON can name half of a surrogate pair
        raise unusable(name) from None
    return displayable(" ".join(text.split())) or None


def decode_octets(text: object, name: str, limit_bytes: int) -> bytes | None:
    """Base64, strictly. Nothing and the empty text are ``None``.

    Raises:
        DocumentError: ``device.message_unusable``; ``device.message_too_large`` above ``limit_bytes``.
    """
    if text is None or text == "":
        return None
    if not isinstance(text, str):
        raise unusable(name)
    compact = "".join(text.split())
    if len(compact) > 4 * (limit_bytes // 3 + 1):
        raise errors.DocumentError(codes.DEVICE_MESSAGE_TOO_LARGE, field=name)
    try:
        return base64.b64decode(compact, validate=True)
    except (binascii.Error, ValueError):
        raise unusable(name) from None


def decode_image(text: object, name: str) -> bytes | None:
    """A picture in base64, as such or as a ``data:`` address. It is not opened here.

    Raises:
        DocumentError: as :func:`decode_octets`; and if it begins like no kind of picture that a card holds.
    """
    if isinstance(text, str) and (prefix := _IMAGE_PREFIX.match(text)):
        text = text[prefix.end() :]
    image = decode_octets(text, name, MAX_IMAGE_BYTES)
    if image is not None and not image.startswith(_IMAGE_BEGINNINGS):
        raise unusable(name)
    return image


def unusable(field: str) -> errors.DocumentError:
    """``device.message_unusable``, with the name of the field, which is ours or the maker's and never content."""
    return errors.DocumentError(codes.DEVICE_MESSAGE_UNUSABLE, field=field)
