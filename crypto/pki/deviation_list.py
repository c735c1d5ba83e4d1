"""Deviation lists: documents of a country that are not as they should be, told by that country (Doc 9303-12 §10)."""

from __future__ import annotations

import dataclasses
import datetime
from typing import Final

from crypto.errors import CryptoError, ErrorCode, Hint
from crypto.pki.certificate import CERTIFICATE_MALFORMED, Certificate, read_time
from crypto.pki.cms import SignedData
from crypto.pki.names import Name, parse_name
from crypto.pki.signed_list import list_members, long_sequence, parse_signed_list
from crypto.signatures.der import (
    INTEGER,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    SEQUENCE,
    SET,
    malformed_as,
    read_integer,
    read_oid,
    sequence,
)
from crypto.signatures.hash_algorithms import HashAlgorithm
from crypto.wire.tlv import Tlv, TlvReader, iter_tlvs, parse_tlv

__all__ = ["DEVIATION_LIST", "DEVIATION_LIST_SIGNING", "Deviation", "DeviationList", "parse_deviation_list"]

DEVIATION_LIST_MALFORMED = ErrorCode(
    "deviation_list.malformed", Hint.CALL_STAFF, "A deviation list is not well formed."
)

DEVIATION_LIST: Final = "2.23.136.1.1.7"
DEVIATION_LIST_SIGNING: Final = "2.23.136.1.1.8"
"""Extended key usage of those who may sign one (Doc 9303-12 §10.2)."""

_PRINTABLE_STRING: Final = 0x13
_MAX_DOCUMENT_NUMBERS: Final = 10_000

KINDS: Final = {
    # Doc 9303-12 §10.2, below id-icao-DeviationList
    "1": "certificate or key",
    "1.1": "wrong signature of a document signer's certificate",
    "1.2": "wrong encoding of a document signer's certificate",
    "1.3": "wrong encoding of a CSCA certificate",
    "1.4": "key for active authentication compromised",
    "2": "logical data structure",
    "2.1": "malformed data group",
    "2.2": "wrong hash of a data group",
    "2.3": "wrong signature of the security object",
    "2.4": "EF.COM and the security object differ",
    "3": "machine-readable zone",
    "3.1": "wrong data in the machine-readable zone",
    "3.2": "wrong check digit in the machine-readable zone",
    "4": "chip",
    "5": "national use",
}


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Deviation:
    """One defect of some documents. What is ``None`` or empty does not narrow them down.

    Attributes:
        kinds: object identifiers of the defects, dotted.
        descriptions: what the country says about them.
        document_type: document code of the machine-readable zone.
        signer_issuer, signer_serial_number: of the document signer.
        signer_key_identifier: of the document signer.
        signer_digest: hash of the document signer's certificate.
        first_issued, last_issued: when the documents were issued, both ends included.
        document_numbers: of single documents.
    """

    kinds: tuple[str, ...]
    descriptions: tuple[str, ...]
    document_type: str | None = None
    signer_issuer: Name | None = None
    signer_serial_number: int | None = None
    signer_key_identifier: bytes | None = None
    signer_digest: bytes | None = None
    first_issued: datetime.datetime | None = None
    last_issued: datetime.datetime | None = None
    document_numbers: frozenset[str] = frozenset()

    def __repr__(self) -> str:  # no document numbers: they are personal
        return f"Deviation({', '.join(self.kind_texts)})"

    @property
    def kind_texts(self) -> tuple[str, ...]:
        """The kinds in words; an unknown one by its identifier."""
        return tuple(KINDS.get(kind.removeprefix(DEVIATION_LIST + "."), kind) for kind in self.kinds)

    def names_signer(self, certificate: Certificate) -> bool:
        """Whether it is about documents of that document signer; also if it does not say of which."""
        if self.signer_issuer is not None:
            same_issuer = self.signer_issuer.canonical == certificate.issuer.canonical
            return same_issuer and self.signer_serial_number == certificate.serial_number
        if self.signer_key_identifier is not None:
            return self.signer_key_identifier == certificate.subject_key_identifier
        if self.signer_digest is not None:  # the list names one algorithm for all; the length tells which
            return any(
                algorithm.digest(certificate.encoded) == self.signer_digest
                for algorithm in HashAlgorithm
                if algorithm.digest_bytes == len(self.signer_digest)
            )
        return True


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class DeviationList:
    """A deviation list; parsing proves nothing about who made it.

    Attributes:
        signed: the message around it; see :func:`crypto.pki.signed_list.verify_list_signer`.
        deviations: in their order.
    """

    signed: SignedData
    deviations: tuple[Deviation, ...]

    def __repr__(self) -> str:
        return f"DeviationList({len(self.deviations)} deviations)"


def parse_deviation_list(octets: bytes) -> DeviationList:
    """The deviation list in a CMS message.

    Raises:
        CryptoError: ``cms.malformed``, ``signed_list.type_unknown``, ``deviation_list.malformed``.
    """
    signed = parse_signed_list(octets, DEVIATION_LIST)
    with malformed_as(DEVIATION_LIST_MALFORMED):
        version, rest = long_sequence(signed.content)
        if version.tag != INTEGER or read_integer(version) != 0:
            raise CryptoError(DEVIATION_LIST_MALFORMED)
        if rest[:1] == bytes([SEQUENCE]):  # digestAlgorithm; the length of a digest says the same
            reader = TlvReader(rest)
            reader.take(SEQUENCE)
            rest = reader.take(SET).encoded
            reader.finish()
        deviations = tuple(_deviation(member) for member in list_members(rest))
    return DeviationList(signed, deviations)


def _deviation(encoded: bytes) -> Deviation:
    reader = sequence(encoded)
    documents = TlvReader(reader.take(SEQUENCE).value)
    kinds, descriptions = [], []
    for item in iter_tlvs(reader.take(SET).value):
        fields = sequence(item.encoded)
        text = fields.take_optional(_PRINTABLE_STRING)
        kinds.append(read_oid(fields.take(OBJECT_IDENTIFIER)))  # parameters and national use may follow
        if text is not None:
            descriptions.append(_text(text))
    reader.finish()
    document_type = _tagged(documents, 0)
    issuer, serial_number = _issuer_and_serial(documents)
    key_identifier, digest = _tagged(documents, 2), _tagged(documents, 3)
    first, last = _period(documents)
    numbers = _document_numbers(documents)
    documents.finish()
    return Deviation(
        tuple(kinds),
        tuple(descriptions),
        None if document_type is None else _text(document_type),
        issuer,
        serial_number,
        None if key_identifier is None else key_identifier.value,
        None if digest is None else digest.value,
        first,
        last,
        numbers,
    )


def _tagged(reader: TlvReader, number: int) -> Tlv | None:
    """A primitive field under an implicit tag; explicit ones are met, too."""
    implicit = reader.take_optional(0x80 | number)
    if implicit is not None:
        return implicit
    explicit = reader.take_optional(0xA0 | number)
    return None if explicit is None else parse_tlv(explicit.value)


def _issuer_and_serial(reader: TlvReader) -> tuple[Name | None, int | None]:
    field = reader.take_optional(0xA1)
    if field is None:
        return None, None
    fields = list(iter_tlvs(field.value))
    if len(fields) == 1:  # explicit
        fields = list(iter_tlvs(fields[0].value))
    if [one.tag for one in fields] != [SEQUENCE, INTEGER]:
        raise CryptoError(DEVIATION_LIST_MALFORMED)
    return parse_name(fields[0]), read_integer(fields[1])


def _period(reader: TlvReader) -> tuple[datetime.datetime | None, datetime.datetime | None]:
    field = reader.take_optional(0xA4)
    if field is None:
        return None, None
    times = list(iter_tlvs(field.value))
    if len(times) == 1:  # explicit
        times = list(iter_tlvs(times[0].value))
    if len(times) != 2:
        raise CryptoError(DEVIATION_LIST_MALFORMED)
    try:
        return read_time(times[0]), read_time(times[1])
    except CryptoError as error:
        if error.code is not CERTIFICATE_MALFORMED:
            raise
        raise CryptoError(DEVIATION_LIST_MALFORMED) from error


def _document_numbers(reader: TlvReader) -> frozenset[str]:
    field = reader.take_optional(0xA5)
    if field is None:
        return frozenset()
    items = list(iter_tlvs(field.value))
    if [one.tag for one in items] == [SET]:  # explicit
        items = list(iter_tlvs(items[0].value))
    if len(items) > _MAX_DOCUMENT_NUMBERS:
        raise CryptoError(DEVIATION_LIST_MALFORMED)
    return frozenset(_text(item) for item in items)


def _text(tlv: Tlv) -> str:
    if tlv.tag in (SEQUENCE, SET, OCTET_STRING):
        raise CryptoError(DEVIATION_LIST_MALFORMED)
    return tlv.value.decode("latin-1")
