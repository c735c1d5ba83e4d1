"""EF.DG3: fingers (Doc 9303-10 §4.7.3), in the encoding of ISO/IEC 19794-4 or of ISO/IEC 39794-4.

Most states let only terminals with a certified right read it (terminal authentication).
"""

from __future__ import annotations

import dataclasses

from reader.lds import files
from reader.lds.biometric_template import BiometricGroup, BiometricTemplate, parse_biometric_group
from reader.lds.finger_record import FingerImage, parse_finger_record
from reader.lds.iso39794_finger import ExtensibleFingerImage, parse_finger_data_block

__all__ = ["DataGroup3", "parse_dg3"]


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class DataGroup3(BiometricGroup):
    """The fingers on the chip."""

    def finger_images(self) -> tuple[FingerImage | ExtensibleFingerImage, ...]:
        """Every picture in every template, in the order of the chip.

        Raises:
            DocumentError: ``document.format_unsupported`` or ``document.malformed``.
            WireError: a data block of ISO/IEC 39794-4 is not well formed.
        """
        return tuple(image for template in self.templates for image in _images(template))


def parse_dg3(octets: bytes) -> DataGroup3:
    """Read EF.DG3 down to the biometric data blocks; :meth:`DataGroup3.finger_images` opens those.

    Raises:
        WireError: no well-formed template 63 with a group template 7F61 in it.
        DocumentError: ``document.malformed`` if a template has no data, or there are more than sixteen.
    """
    return parse_biometric_group(octets, files.data_group(3), DataGroup3)


def _images(template: BiometricTemplate) -> tuple[FingerImage | ExtensibleFingerImage, ...]:
    if template.is_iso_39794:
        return parse_finger_data_block(template.data).images
    return parse_finger_record(template.data).images
