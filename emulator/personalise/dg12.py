"""Data group 12: additional document details (Doc 9303-10 §4.7.12)."""

from __future__ import annotations

import dataclasses
import datetime

from crypto.wire.tlv import encode_tlv
from emulator.personalise.details_template import DateCoding, counted_names, encode_date, template_with_tag_list

__all__ = ["DocumentDetails", "encode_dg12"]


@dataclasses.dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class DocumentDetails:
    """The fields in the order of the standard; empty ones are absent.

    Attributes:
        authority: who issued the document.
        date_of_issue: a date, or eight digits.
        other_people: names of others whom the document covers.
        observations: endorsements, observations.
        tax_or_exit: requirements.
        front, rear: images of the document.
        personalised_at: date and time.
        personalisation_system: its serial number.
        date_coding: how the date of issue is written.
        tag_list: whether the file says in front what follows.
    """

    authority: str = ""
    date_of_issue: datetime.date | str = ""
    other_people: tuple[str, ...] = ()
    observations: str = ""
    tax_or_exit: str = ""
    front: bytes = b""
    rear: bytes = b""
    personalised_at: datetime.datetime | None = None
    personalisation_system: str = ""
    date_coding: DateCoding = DateCoding.ASCII
    tag_list: bool = True

    def __repr__(self) -> str:
        return "DocumentDetails(…)"


def encode_dg12(details: DocumentDetails) -> bytes:
    """The whole file, tag 6C."""
    moment = f"{details.personalised_at:%Y%m%d%H%M%S}" if details.personalised_at else ""
    time = encode_date(moment, details.date_coding) if moment else b""  # the same two codings as for a date
    issue = encode_date(details.date_of_issue, details.date_coding) if details.date_of_issue else b""
    values = [
        (0x5F19, details.authority.encode()),
        (0x5F26, issue),
        (0x5F1A, b""),  # its place in the order; the names lie in DO'A0'
        (0x5F1B, details.observations.encode()),
        (0x5F1C, details.tax_or_exit.encode()),
        (0x5F1D, details.front),
        (0x5F1E, details.rear),
        (0x5F55, time),
        (0x5F56, details.personalisation_system.encode()),
    ]
    elements = []
    for tag, value in values:
        if tag == 0x5F1A and details.other_people:
            elements.append((tag, counted_names(tag, details.other_people)))
        elif value:
            elements.append((tag, encode_tlv(tag, value)))
    return template_with_tag_list(0x6C, elements, tag_list=details.tag_list)
