"""Biometric information templates: the frame around faces, fingers and irises (Doc 9303-10 §4.5.6, §4.7.2–4).

``7F61 { 02 count, 7F60 { A1 header, 5F2E or 7F2E data } … }`` inside the template of EF.DG2, EF.DG3 or EF.DG4. Data under
5F2E are in the encoding of ISO/IEC 19794 (first edition), data under 7F2E in that of ISO/IEC 39794.
"""

from __future__ import annotations

import dataclasses
from typing import Final, TypeVar

from crypto.wire.tlv import Tlv, parse_tlv
from reader import errors
from reader.lds.files import FileId
from reader.lds.instance_count import instance_count

__all__ = ["BiometricGroup", "BiometricHeader", "BiometricTemplate", "parse_biometric_group"]

_GROUP, _TEMPLATE, _ISSUER_DEFINED, _ENCIPHERED = 0x7F61, 0x7F60, 0x53, 0x7D
# The tables give A1 for every template; some issuers count on with A2, A3
_HEADERS: Final = range(0xA1, 0xB0)
_DATA_19794: Final = 0x5F2E
_DATA_39794: Final = 0x7F2E
MAX_TEMPLATES: Final = 16


@dataclasses.dataclass(frozen=True, slots=True)
class BiometricHeader:
    """The CBEFF header (Doc 9303-10 tables 44, 47 and 54). ``None`` is absent.

    Attributes:
        version: patron header version (tag 80).
        biometric_type: 2 is facial features, 8 a fingerprint, 16 an iris (81).
        biometric_subtype: which finger or eye (82; Doc 9303-10 tables 49 and 56).
        created: date and time as BCD (83).
        validity: from and to (85; older documents 84).
        creator: (86).
        format_owner: 0x0101 is ISO/IEC JTC 1/SC 37 (87).
        format_type: 7, 8 and 9 are ISO/IEC 19794-4, -5 and -6 (88).
    """

    version: bytes | None
    biometric_type: bytes | None
    biometric_subtype: bytes | None
    created: bytes | None
    validity: bytes | None
    creator: bytes | None
    format_owner: bytes | None
    format_type: bytes | None


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class BiometricTemplate:
    """One biometric information template.

    Attributes:
        header: what CBEFF says about the data.
        data: the biometric data block as on the chip.
        is_iso_39794: whether it is in the newer encoding (tag 7F2E).
    """

    header: BiometricHeader
    data: bytes
    is_iso_39794: bool

    def __repr__(self) -> str:
        return f"BiometricTemplate({len(self.data)} bytes)"


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class BiometricGroup:
    """The templates of one file; each kind of group adds what its pictures are.

    Attributes:
        announced: number of templates that the group announces; ``None`` if it says nothing.
        templates: those that are there; none on a document of a person of whom no picture could be taken.
        issuer_defined: octets that make the hash of an empty group different on each chip (tag 53, Doc 9303-10
            §4.7.3.2.2); ``None`` if absent.
        encoded: the file as read.
    """

    announced: int | None
    templates: tuple[BiometricTemplate, ...]
    issuer_defined: bytes | None
    encoded: bytes

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self.templates)} templates)"


_Group = TypeVar("_Group", bound=BiometricGroup)


def parse_biometric_group(octets: bytes, file: FileId, kind: type[_Group]) -> _Group:
    """Read EF.DG2, EF.DG3 or EF.DG4 down to the biometric data blocks.

    Args:
        octets: the file as read.
        file: which of the three.
        kind: the class of its view.

    Raises:
        WireError: no well-formed template of this file with a group template 7F61 in it.
        DocumentError: ``document.malformed`` if a template has no data, or there are more than sixteen;
            ``document.format_unsupported`` if a template is enciphered.
    """
    outer = parse_tlv(octets, file.tag)
    group = outer.require(_GROUP)
    children = group.children()
    templates = tuple(_template(child, file) for child in children if child.tag == _TEMPLATE)
    if len(templates) > MAX_TEMPLATES:
        raise errors.DocumentError(errors.FILE_MALFORMED, file=file.name)
    # Doc 9303-10 table 50 puts the object beside the group template; some issuers put it inside
    defined = outer.find(_ISSUER_DEFINED) or group.find(_ISSUER_DEFINED)
    return kind(
        announced=instance_count(children, file.name, longest=1),
        templates=templates,
        issuer_defined=None if defined is None else defined.value,
        encoded=bytes(octets),
    )


def _template(tlv: Tlv, file: FileId) -> BiometricTemplate:
    children = tlv.children()
    data = next((child for child in children if child.tag in (_DATA_19794, _DATA_39794)), None)
    if data is None:
        enciphered = any(child.tag == _ENCIPHERED for child in children)  # ISO/IEC 7816-11: secure messaging template
        code = errors.FORMAT_UNSUPPORTED if enciphered else errors.FILE_MALFORMED
        raise errors.DocumentError(code, file=file.name)
    header = next((child.children() for child in children if child.tag in _HEADERS), ())
    fields = {child.tag: child.value for child in header}
    return BiometricTemplate(
        header=BiometricHeader(
            version=fields.get(0x80),
            biometric_type=fields.get(0x81),
            biometric_subtype=fields.get(0x82),
            created=fields.get(0x83),
            validity=fields.get(0x85, fields.get(0x84)),
            creator=fields.get(0x86),
            format_owner=fields.get(0x87),
            format_type=fields.get(0x88),
        ),
        data=data.value,
        is_iso_39794=data.tag == _DATA_39794,
    )
