"""Data group 13 of the Vietnamese card: sixteen numbered fields, seen on real cards and written here anew."""

from __future__ import annotations

import datetime
import unicodedata
from typing import Final

from crypto.wire.oid import encode_oid
from crypto.wire.tlv import encode_tlv
from emulator.personalise.holder import Holder

__all__ = ["encode_dg13"]

_PRINTABLE: Final = 0x13
_UTF8: Final = 0x0C
_SEQUENCE: Final = 0x30
_SET: Final = 0x31
_INTEGER: Final = 0x02
_OID_UTF8: Final = "1.0.10646.1.0.8"
NO_EXPIRY_TEXT: Final = "Không thời hạn"


def encode_dg13(holder: Holder, *, nested_parents: bool = False, bare: bool = False) -> bytes:
    """The whole file, tag 6D.

    Args:
        holder: the person.
        nested_parents: field 13 as one SEQUENCE of both names instead of one SEQUENCE each; both forms exist.
        bare: without version and object identifier, numbers and dates in UTF8String, and a field 17 that nobody knows:
            no card is known to be so, but nobody has seen all of them, and sources disagree in such things.
    """
    if bare:
        return _bare_dg13(holder)
    expiry = _date(holder.expires) if holder.expires else NO_EXPIRY_TEXT
    fields = [
        _text(1, _PRINTABLE, holder.number),
        _text(2, _UTF8, holder.full_name),
        _text(3, _PRINTABLE, _date(holder.born)),
        _text(4, _UTF8, holder.sex),
        _text(5, _UTF8, holder.nationality),
        _text(6, _UTF8, holder.ethnic),
        _text(7, _UTF8, holder.religion),
        _text(8, _UTF8, holder.origin),
        _text(9, _UTF8, holder.residence),
        _text(10, _UTF8, holder.features),
        _text(11, _PRINTABLE, _date(holder.issued)),
        _text(12, _UTF8, expiry),  # UTF8String, unlike the other dates, because it may be a word
        _parents(holder, nested_parents),
        _spouse(holder),
    ]
    if holder.former_number:  # the field is absent, not empty, when there was no older card
        fields.append(_text(15, _PRINTABLE, holder.former_number))
    if holder.field_16:
        fields.append(_text(16, _PRINTABLE, holder.field_16))
    version = encode_tlv(_INTEGER, b"\x01")
    # In the order of the numbers, as real cards have it, although DER would sort a SET
    body = version + encode_tlv(0x06, encode_oid(_OID_UTF8)) + encode_tlv(_SET, fields)
    return encode_tlv(0x6D, encode_tlv(_SEQUENCE, body))


def _bare_dg13(holder: Holder) -> bytes:
    expiry = _date(holder.expires) if holder.expires else NO_EXPIRY_TEXT
    texts = {
        1: holder.number,
        2: unicodedata.normalize("NFD", holder.full_name),  # letters and their marks apart, as some systems store them
        3: _date(holder.born),
        4: holder.sex,
        5: holder.nationality,
        6: holder.ethnic,
        7: holder.religion,
        8: holder.origin,
        9: holder.residence,
        10: holder.features,
        11: _date(holder.issued),
        12: expiry,
        17: "MẪU THỬ",
    }
    fields = [_text(number, _UTF8, text) for number, text in texts.items()]
    fields.insert(-1, _parents(holder, nested=False))
    return encode_tlv(0x6D, encode_tlv(_SEQUENCE, encode_tlv(_SET, fields)))


def _date(day: datetime.date) -> str:
    return f"{day:%d/%m/%Y}"


def _field(number: int, content: bytes) -> bytes:
    return encode_tlv(_SEQUENCE, encode_tlv(_INTEGER, bytes([number])) + content)


def _text(number: int, tag: int, text: str) -> bytes:
    return _field(number, encode_tlv(tag, text.encode()))


def _name(text: str) -> bytes:
    return encode_tlv(_UTF8, text.encode())


def _parents(holder: Holder, nested: bool) -> bytes:
    names = [_name(text) for text in (holder.father, holder.mother) if text]
    if nested:
        return _field(13, encode_tlv(_SEQUENCE, names))
    return _field(13, b"".join(encode_tlv(_SEQUENCE, name) for name in names))


def _spouse(holder: Holder) -> bytes:
    if not holder.spouse:
        return _field(14, b"")  # only the number: 30 03 02 01 0E
    return _field(14, encode_tlv(_SEQUENCE, _name(holder.spouse)))
