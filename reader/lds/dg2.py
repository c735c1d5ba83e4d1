"""EF.DG2: the face (Doc 9303-10 §4.7.2), in the encoding of ISO/IEC 19794-5 or of ISO/IEC 39794-5."""

from __future__ import annotations

import dataclasses

from reader.lds import files
from reader.lds.biometric_template import BiometricGroup, BiometricHeader, BiometricTemplate, parse_biometric_group
from reader.lds.face_record import FaceImage, parse_face_record
from reader.lds.iso39794_face import ExtensibleFaceImage, parse_face_data_block

__all__ = ["BiometricHeader", "BiometricTemplate", "DataGroup2", "parse_dg2"]


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class DataGroup2(BiometricGroup):
    """The faces on the chip."""

    def face_images(self) -> tuple[FaceImage | ExtensibleFaceImage, ...]:
        """Every picture in every template, in the order of the chip.

        Raises:
            DocumentError: ``document.format_unsupported`` or ``document.malformed``.
            WireError: a data block of ISO/IEC 39794-5 is not well formed.
        """
        return tuple(image for template in self.templates for image in _images(template))


def parse_dg2(octets: bytes) -> DataGroup2:
    """Read EF.DG2 down to the biometric data blocks; :meth:`DataGroup2.face_images` opens those.

    Raises:
        WireError: no well-formed template 75 with a group template 7F61 in it.
        DocumentError: ``document.malformed`` if a template has no data, or there are more than sixteen.
    """
    return parse_biometric_group(octets, files.data_group(2), DataGroup2)


def _images(template: BiometricTemplate) -> tuple[FaceImage | ExtensibleFaceImage, ...]:
    if template.is_iso_39794:
        return parse_face_data_block(template.data).images
    return parse_face_record(template.data).images
