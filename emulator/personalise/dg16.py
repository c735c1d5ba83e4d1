"""Data group 16: persons to notify (Doc 9303-10 §4.7.16)."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Sequence

from crypto.wire.tlv import encode_tlv
from emulator.personalise.details_template import DateCoding, encode_date

__all__ = ["PersonToNotify", "encode_dg16"]


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class PersonToNotify:
    """One person; parts of a field are separated by ``<``.

    Attributes:
        recorded: when the entry was made.
        name: ``SMITH<<CHARLES<R``.
        telephone, address: texts.
    """

    recorded: datetime.date
    name: str
    telephone: str
    address: str

    def __repr__(self) -> str:
        return "PersonToNotify(…)"


def encode_dg16(persons: Sequence[PersonToNotify]) -> bytes:
    """The whole file, tag 70: how many, then one template each under A1, A2 and so on.

    Raises:
        ValueError: more than fifteen persons, whose tags would need a second octet.
    """
    if len(persons) > 15:
        raise ValueError("DG16 takes up to fifteen persons here")
    count = encode_tlv(0x02, bytes([len(persons)]))
    return encode_tlv(0x70, count + b"".join(_person(0xA0 + n, p) for n, p in enumerate(persons, start=1)))


def _person(tag: int, person: PersonToNotify) -> bytes:
    fields = [
        encode_tlv(0x5F50, encode_date(person.recorded, DateCoding.ASCII)),
        encode_tlv(0x5F51, person.name.encode()),
        encode_tlv(0x5F52, person.telephone.encode()),
        encode_tlv(0x5F53, person.address.encode()),
    ]
    return encode_tlv(tag, fields)
