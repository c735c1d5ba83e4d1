"""Distinguished names: shown to people, and compared as RFC 5280 §7.1 says."""

from __future__ import annotations

import dataclasses
import functools
import unicodedata
from typing import Final

from crypto.signatures.der import OBJECT_IDENTIFIER, SET, inside, read_oid
from crypto.wire.tlv import Tlv, TlvReader, iter_tlvs

__all__ = ["COMMON_NAME", "COUNTRY", "LOCALITY", "ORGANIZATION", "Name", "parse_name"]

COMMON_NAME: Final = "2.5.4.3"
COUNTRY: Final = "2.5.4.6"
LOCALITY: Final = "2.5.4.7"
ORGANIZATION: Final = "2.5.4.10"

_SHORT_NAMES: Final = {
    COMMON_NAME: "CN",
    "2.5.4.5": "serialNumber",
    COUNTRY: "C",
    LOCALITY: "L",
    "2.5.4.8": "ST",
    ORGANIZATION: "O",
    "2.5.4.11": "OU",
    "1.2.840.113549.1.9.1": "emailAddress",
}
_REMEMBERED_OCTETS: Final = 512
"""Longer names are parsed anew each time, so that nobody can fill the memory with them."""
_ENCODINGS: Final = {
    0x0C: "utf-8",  # UTF8String
    0x12: "ascii",  # NumericString
    0x13: "ascii",  # PrintableString
    0x14: "latin-1",  # TeletexString, as it is used in practice
    0x16: "ascii",  # IA5String
    0x1A: "ascii",  # VisibleString
    0x1C: "utf-32-be",  # UniversalString
    0x1E: "utf-16-be",  # BMPString
}


@dataclasses.dataclass(frozen=True, slots=True)
class Name:
    """A distinguished name.

    Attributes:
        attributes: type (dotted) and value of every attribute, in their order.
        canonical: what is equal exactly for names that are the same (RFC 5280 §7.1): letters without case, runs of
            spaces as one, attributes of one set without order, whatever string type they were written in.
    """

    attributes: tuple[tuple[str, str], ...]
    canonical: tuple[tuple[tuple[str, str], ...], ...]

    def values(self, oid: str) -> tuple[str, ...]:
        """The values of one attribute type, e.g. :data:`COUNTRY`."""
        return tuple(value for kind, value in self.attributes if kind == oid)

    def __str__(self) -> str:
        return ", ".join(f"{_SHORT_NAMES.get(kind, kind)}={_escape(value)}" for kind, value in self.attributes)


def parse_name(tlv: Tlv) -> Name:
    """The name in an ``RDNSequence``. Raises :class:`crypto.errors.WireError` if it is malformed."""
    return _remembered(tlv.value) if len(tlv.value) <= _REMEMBERED_OCTETS else _parse(tlv.value)


@functools.lru_cache(maxsize=256)  # the same few authorities issue every document that a terminal sees in a day
def _remembered(octets: bytes) -> Name:
    return _parse(octets)


def _parse(octets: bytes) -> Name:
    attributes: list[tuple[str, str]] = []
    canonical: list[tuple[tuple[str, str], ...]] = []
    reader = TlvReader(octets)
    while not reader.at_end:
        relative = [_attribute(pair) for pair in iter_tlvs(reader.take(SET).value)]
        attributes.extend(relative)
        canonical.append(tuple(sorted((kind, _fold(value)) for kind, value in relative)))
    return Name(tuple(attributes), tuple(canonical))


def _attribute(pair: Tlv) -> tuple[str, str]:
    fields = inside(pair)
    kind = read_oid(fields.take(OBJECT_IDENTIFIER))
    value = fields.take_any()
    fields.finish()
    encoding = _ENCODINGS.get(value.tag)
    if encoding is None:
        return kind, "#" + value.encoded.hex()  # RFC 4514 §2.4: a value without a text form
    return kind, _decode(value.value, encoding)


def _decode(octets: bytes, encoding: str) -> str:
    try:
        return octets.decode(encoding)
    except UnicodeDecodeError:  # certificates in the public lists mislabel their strings; any fixed reading will do
        return octets.decode("latin-1")


def _fold(value: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", value).casefold().split())


def _escape(value: str) -> str:
    """One line, and no comma that looks like the next attribute's (RFC 4514 §2.4)."""
    plain = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in value)
    return plain.replace("\\", "\\\\").replace(",", "\\,")
