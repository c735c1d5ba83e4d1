"""EF.DG2: the face (Doc 9303-10 §4.7.2): CBEFF templates around face image records.

``75 { 7F61 { 02 count, 7F60 { A1 header, 5F2E data } … } }``. Data under 7F2E are in the newer encoding of ISO/IEC
39794-5; they are kept as octets.
"""

from __future__ import annotations

import dataclasses
from typing import Final

from crypto.wire.tlv import Tlv, parse_tlv
from reader import errors
from reader.lds import files
from reader.lds.face_record import FaceImage, FaceRecord, parse_face_record

__all__ = ["BiometricHeader", "BiometricTemplate", "DataGroup2", "parse_dg2"]

_GROUP, _TEMPLATE, _HEADER, _COUNT = 0x7F61, 0x7F60, 0xA1, 0x02
_DATA_19794: Final = 0x5F2E
_DATA_39794: Final = 0x7F2E
MAX_TEMPLATES: Final = 16


@dataclasses.dataclass(frozen=True, slots=True)
class BiometricHeader:
    """The CBEFF header (Doc 9303-10 table "Biometric header template"). ``None`` is absent.

    Attributes:
        version: patron header version (tag 80).
        biometric_type: 2 is facial features (81).
        biometric_subtype: (82).
        created: date and time as BCD (83).
        validity: from and to (85; older documents 84).
        creator: (86).
        format_owner: 0x0101 is ISO/IEC JTC 1/SC 37 (87).
        format_type: 8 is ISO/IEC 19794-5 (88).
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
        is_iso_39794: whether it is in the newer encoding (tag 7F2E), which this project keeps as octets.
    """

    header: BiometricHeader
    data: bytes
    is_iso_39794: bool

    def __repr__(self) -> str:
        return f"BiometricTemplate({len(self.data)} bytes)"

    def face_record(self) -> FaceRecord:
        """The data as a face image record.

        Raises:
            DocumentError: ``document.format_unsupported`` or ``document.malformed``.
        """
        if self.is_iso_39794:
            raise errors.DocumentError(errors.FORMAT_UNSUPPORTED, file="DG2")
        return parse_face_record(self.data)


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class DataGroup2:
    """The faces on the chip.

    Attributes:
        announced: number of templates that the group announces; ``None`` if it says nothing.
        templates: those that are there. A document without a photo may have none.
        encoded: the file as read.
    """

    announced: int | None
    templates: tuple[BiometricTemplate, ...]
    encoded: bytes

    def __repr__(self) -> str:
        return f"DataGroup2({len(self.templates)} templates)"

    def face_images(self) -> tuple[FaceImage, ...]:
        """Every picture in every template, in the order of the chip.

        Raises:
            DocumentError: ``document.format_unsupported`` or ``document.malformed``.
        """
        return tuple(image for template in self.templates for image in template.face_record().images)


def parse_dg2(octets: bytes) -> DataGroup2:
    """Read EF.DG2 down to the biometric data blocks; :meth:`DataGroup2.face_images` opens those.

    Raises:
        WireError: no well-formed template 75 with a group template 7F61 in it.
        DocumentError: ``document.malformed`` if a template has no data, or there are more than sixteen.
    """
    group = parse_tlv(octets, files.data_group(2).tag).require(_GROUP)
    children = group.children()
    count = next((child.value for child in children if child.tag == _COUNT), None)
    templates = tuple(_template(child) for child in children if child.tag == _TEMPLATE)
    if len(templates) > MAX_TEMPLATES or (count is not None and len(count) != 1):
        raise errors.DocumentError(errors.FILE_MALFORMED, file="DG2")
    return DataGroup2(None if count is None else count[0], templates, bytes(octets))


def _template(tlv: Tlv) -> BiometricTemplate:
    children = tlv.children()
    data = next((child for child in children if child.tag in (_DATA_19794, _DATA_39794)), None)
    if data is None:
        raise errors.DocumentError(errors.FILE_MALFORMED, file="DG2")
    header = next((child.children() for child in children if child.tag == _HEADER), ())
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
