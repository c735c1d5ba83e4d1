"""Deviation lists: documents of a country that are not as they should be, told by that country (Doc 9303-12 §10)."""

from __future__ import annotations

import dataclasses
import datetime
import enum
from collections.abc import Iterator
from typing import Final

from crypto.errors import CryptoError, ErrorCode, Hint
from crypto.pki.certificate import CERTIFICATE_MALFORMED, Certificate, read_time
from crypto.pki.cms import SignedData
from crypto.pki.names import Name, parse_name
from crypto.pki.signed_list import long_objects, long_value, parse_signed_list
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

__all__ = [
    "DEVIATION_LIST",
    "DEVIATION_LIST_SIGNING",
    "EF_COM",
    "EF_SOD",
    "Deviation",
    "DeviationDescription",
    "DeviationKind",
    "DeviationList",
    "MrzField",
    "parse_deviation_list",
]

DEVIATION_LIST_MALFORMED = ErrorCode(
    "deviation_list.malformed", Hint.CALL_STAFF, "A deviation list is not well formed."
)

DEVIATION_LIST: Final = "2.23.136.1.1.7"
DEVIATION_LIST_SIGNING: Final = "2.23.136.1.1.8"
"""Extended key usage of those who may sign one (Doc 9303-12 §10.2)."""

EF_SOD: Final = 20
EF_COM: Final = 21
"""Numbers beside those of the data groups, 1 to 16 (§10.2, ``Datagroup``)."""

_PRINTABLE_STRING: Final = 0x13
_MAX_DEVIATIONS: Final = 10_000
_MAX_DOCUMENT_NUMBERS: Final = 1_000_000
"""Of one entry. A list of 2018 has one with 299,400 and one with 46,875."""


class DeviationKind(enum.StrEnum):
    """What is wrong (Doc 9303-3 §7.3.5; the arcs below id-icao-DeviationList of Doc 9303-12 §10.2), with its words."""

    words: str

    def __new__(cls, value: str, words: str) -> DeviationKind:
        member = str.__new__(cls, value)
        member._value_ = value
        member.words = words
        return member

    CERTIFICATE_OR_KEY = "1", "certificate or key"
    DOCUMENT_SIGNER_SIGNATURE = "1.1", "wrong signature of a document signer's certificate"
    DOCUMENT_SIGNER_ENCODING = "1.2", "wrong encoding of a document signer's certificate"
    CSCA_ENCODING = "1.3", "wrong encoding of a CSCA certificate"
    ACTIVE_AUTHENTICATION_KEY = "1.4", "key for active authentication compromised"
    LDS = "2", "logical data structure"
    DATA_GROUP_MALFORMED = "2.1", "malformed data group"
    DATA_GROUP_HASH = "2.2", "wrong hash of a data group"
    SECURITY_OBJECT_SIGNATURE = "2.3", "wrong signature of the security object"
    COM_INCONSISTENT = "2.4", "EF.COM and the security object differ"
    MRZ = "3", "machine-readable zone"
    MRZ_DATA = "3.1", "wrong data in the machine-readable zone"
    MRZ_CHECK_DIGIT = "3.2", "wrong check digit in the machine-readable zone"
    CHIP = "4", "chip"
    NATIONAL_USE = "5", "national use"
    UNKNOWN = "", "unknown"


_KINDS: Final = {kind.value: kind for kind in DeviationKind}


class MrzField(enum.IntEnum):
    """A field of the machine-readable zone (Doc 9303-12 §10.2, ``MRZField``)."""

    GENERIC = 0
    DOCUMENT_CODE = 1
    ISSUING_STATE = 2
    PERSON_NAME = 3
    DOCUMENT_NUMBER = 4
    NATIONALITY = 5
    DATE_OF_BIRTH = 6
    SEX = 7
    DATE_OF_EXPIRY = 8
    OPTIONAL_DATA = 9


_CERTIFICATE_FIELDS: Final = (
    "generic", "version", "serialNumber", "signature", "issuer", "validity", "subject", "subjectPublicKeyInfo",
    "issuerUniqueID", "subjectUniqueID",
)  # fmt: skip
"""By their numbers (§10.2, ``CertificateBodyField``)."""

_OF_DATA_GROUPS: Final = frozenset({DeviationKind.DATA_GROUP_MALFORMED, DeviationKind.DATA_GROUP_HASH})
_OF_MRZ_FIELDS: Final = frozenset({DeviationKind.MRZ_DATA, DeviationKind.MRZ_CHECK_DIGIT})
_OF_CERTIFICATE_FIELDS: Final = frozenset({DeviationKind.DOCUMENT_SIGNER_ENCODING, DeviationKind.CSCA_ENCODING})


@dataclasses.dataclass(frozen=True, slots=True)
class DeviationDescription:
    """One thing that is wrong with the documents. What is ``None`` is not said, which is not the same as "all".

    Attributes:
        oid: the deviation's type, dotted.
        kind: the same; ``UNKNOWN`` for a type that Doc 9303 does not define.
        text: what the country says about it.
        data_group: 1 to 16, :data:`EF_SOD` or :data:`EF_COM`, where the type is about one.
        mrz_field: where the type is about one.
        certificate_field: name of a field, or dotted type of an extension, where the type is about one.
    """

    oid: str
    kind: DeviationKind
    text: str | None = None
    data_group: int | None = None
    mrz_field: MrzField | None = None
    certificate_field: str | None = None


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Deviation:
    """One defect of some documents. What is ``None`` or empty does not narrow them down.

    Attributes:
        defects: what is wrong with them.
        document_type: document code of the machine-readable zone.
        signer_issuer, signer_serial_number: of the document signer.
        signer_key_identifier: of the document signer.
        signer_digest: hash of the document signer's certificate.
        first_issued, last_issued: when the documents were issued, both ends included.
        document_numbers: of single documents.
    """

    defects: tuple[DeviationDescription, ...]
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
    def descriptions(self) -> tuple[str, ...]:
        """What the country says about them, where it says something."""
        return tuple(one.text for one in self.defects if one.text is not None)

    @property
    def kind_texts(self) -> tuple[str, ...]:
        """The kinds in words; an unknown one by its identifier."""
        return tuple(one.oid if one.kind is DeviationKind.UNKNOWN else one.kind.words for one in self.defects)

    @property
    def says_which_signer(self) -> bool:
        """Whether it is about documents of one document signer only."""
        stated = (self.signer_issuer, self.signer_key_identifier, self.signer_digest)
        return any(one is not None for one in stated)

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
        deviations = tuple(_deviations(signed.content))
    return DeviationList(signed, deviations)


def _deviations(content: bytes) -> Iterator[Deviation]:
    """An entry may be longer than any file of a chip: it can name all documents of a year."""
    fields = [encoded for encoded, _ in long_objects(long_value(content, SEQUENCE), 3)]
    if not 2 <= len(fields) <= 3 or read_integer(parse_tlv(fields[0], INTEGER)) != 0:
        raise CryptoError(DEVIATION_LIST_MALFORMED)
    if len(fields) == 3:  # digestAlgorithm; the length of a digest says the same
        parse_tlv(fields[1], SEQUENCE)
    for encoded, _ in long_objects(long_value(fields[-1], SET), _MAX_DEVIATIONS):
        parts = [part for part, _ in long_objects(long_value(encoded, SEQUENCE), 2)]
        if len(parts) != 2:
            raise CryptoError(DEVIATION_LIST_MALFORMED)
        defects = tuple(_description(item) for item in iter_tlvs(parse_tlv(parts[1], SET).value))
        yield _documents(long_value(parts[0], SEQUENCE), defects)


def _description(item: Tlv) -> DeviationDescription:
    fields = sequence(item.encoded)
    text = fields.take_optional(_PRINTABLE_STRING)
    oid = read_oid(fields.take(OBJECT_IDENTIFIER))
    parameter = _parameter(fields)
    fields.take_optional(0xA1)  # national use
    fields.finish()
    arc = oid.removeprefix(DEVIATION_LIST + ".")
    kind = DeviationKind.UNKNOWN if arc == oid else _KINDS.get(arc, DeviationKind.UNKNOWN)
    return DeviationDescription(
        oid,
        kind,
        None if text is None else _text(text),
        _number(parameter) if kind in _OF_DATA_GROUPS else None,
        _mrz_field(parameter) if kind in _OF_MRZ_FIELDS else None,
        _certificate_field(parameter) if kind in _OF_CERTIFICATE_FIELDS else None,
    )


def _parameter(fields: TlvReader) -> Tlv | None:
    """What stands under [0]: always explicit, since it may be anything; an INTEGER under the bare tag is met, too."""
    explicit = fields.take_optional(0xA0)
    if explicit is not None:
        return parse_tlv(explicit.value)
    bare = fields.take_optional(0x80)
    return None if bare is None else Tlv(INTEGER, bare.value, bare.encoded)


def _number(parameter: Tlv | None) -> int | None:
    if parameter is None:
        return None
    if parameter.tag != INTEGER:
        raise CryptoError(DEVIATION_LIST_MALFORMED)
    return read_integer(parameter)


def _mrz_field(parameter: Tlv | None) -> MrzField | None:
    number = _number(parameter)
    try:
        return None if number is None else MrzField(number)
    except ValueError:
        raise CryptoError(DEVIATION_LIST_MALFORMED) from None


def _certificate_field(parameter: Tlv | None) -> str | None:
    if parameter is not None and parameter.tag == OBJECT_IDENTIFIER:
        return read_oid(parameter)
    number = _number(parameter)
    if number is not None and not 0 <= number < len(_CERTIFICATE_FIELDS):
        raise CryptoError(DEVIATION_LIST_MALFORMED)
    return None if number is None else _CERTIFICATE_FIELDS[number]


def _documents(octets: bytes, defects: tuple[DeviationDescription, ...]) -> Deviation:
    """Which documents (§10.2, ``DeviationDocuments``); the numbers stand last and may be many."""
    fields = [encoded for encoded, _ in long_objects(octets, 4)]
    numbers: frozenset[str] = frozenset()
    if fields and fields[-1][:1] == b"\xa5":
        numbers = frozenset(_document_numbers(long_value(fields.pop(), 0xA5)))
    documents = TlvReader(b"".join(fields))
    document_type = _tagged(documents, 0)
    issuer, serial_number = _issuer_and_serial(documents)
    key_identifier, digest = _tagged(documents, 2), _tagged(documents, 3)
    first, last = _period(documents)
    documents.finish()
    return Deviation(
        defects,
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


def _document_numbers(octets: bytes) -> Iterator[str]:
    if octets[:1] == bytes([SET]):  # explicit
        octets = long_value(octets, SET)
    count = position = 0
    while position < len(octets):  # the general parser would take seconds for the longest lists
        if octets[position] in (SEQUENCE, SET, OCTET_STRING) or position + 1 >= len(octets):
            raise CryptoError(DEVIATION_LIST_MALFORMED)
        end = position + 2 + octets[position + 1]
        count += 1
        if octets[position + 1] >= 0x80 or end > len(octets) or count > _MAX_DOCUMENT_NUMBERS:
            raise CryptoError(DEVIATION_LIST_MALFORMED)
        yield octets[position + 2 : end].decode("latin-1")
        position = end


def _text(tlv: Tlv) -> str:
    if tlv.tag in (SEQUENCE, SET, OCTET_STRING):
        raise CryptoError(DEVIATION_LIST_MALFORMED)
    return tlv.value.decode("latin-1")
