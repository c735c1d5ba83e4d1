"""Data group 11: additional personal details (Doc 9303-10 §4.7.11)."""

from __future__ import annotations

import dataclasses
import datetime

from crypto.wire.tlv import encode_tlv
from emulator.personalise.details_template import DateCoding, counted_names, encode_date, template_with_tag_list

__all__ = ["PersonalDetails", "encode_dg11"]


@dataclasses.dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class PersonalDetails:
    """The fields in the order of the standard; empty ones are absent. Parts of a field are separated by ``<``.

    Attributes:
        full_name: in national letters, ``SMITH<<JOHN<J``.
        other_names: earlier names, pen names.
        personal_number: text.
        date_of_birth: a date, or eight digits with zeros where a part is unknown.
        place_of_birth, permanent_address, telephone, profession, title, summary: texts.
        proof_of_citizenship: an image.
        other_documents: numbers, separated by ``<``.
        custody: text.
        date_coding: how the date is written.
        tag_list: whether the file says in front what follows.
    """

    full_name: str = ""
    other_names: tuple[str, ...] = ()
    personal_number: str = ""
    date_of_birth: datetime.date | str = ""
    place_of_birth: str = ""
    permanent_address: str = ""
    telephone: str = ""
    profession: str = ""
    title: str = ""
    summary: str = ""
    proof_of_citizenship: bytes = b""
    other_documents: str = ""
    custody: str = ""
    date_coding: DateCoding = DateCoding.ASCII
    tag_list: bool = True

    def __repr__(self) -> str:
        return "PersonalDetails(…)"


def encode_dg11(details: PersonalDetails) -> bytes:
    """The whole file, tag 6B."""
    born = encode_date(details.date_of_birth, details.date_coding) if details.date_of_birth else b""
    values = [
        (0x5F0E, details.full_name.encode()),
        (0x5F0F, b""),  # its place in the order; the names lie in DO'A0'
        (0x5F10, details.personal_number.encode()),
        (0x5F2B, born),
        (0x5F11, details.place_of_birth.encode()),
        (0x5F42, details.permanent_address.encode()),
        (0x5F12, details.telephone.encode()),
        (0x5F13, details.profession.encode()),
        (0x5F14, details.title.encode()),
        (0x5F15, details.summary.encode()),
        (0x5F16, details.proof_of_citizenship),
        (0x5F17, details.other_documents.encode()),
        (0x5F18, details.custody.encode()),
    ]
    elements = []
    for tag, value in values:
        if tag == 0x5F0F and details.other_names:
            elements.append((tag, counted_names(tag, details.other_names)))
        elif value:
            elements.append((tag, encode_tlv(tag, value)))
    return template_with_tag_list(0x6B, elements, tag_list=details.tag_list)
