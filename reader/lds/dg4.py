"""EF.DG4: irises (Doc 9303-10 §4.7.4), in the encoding of ISO/IEC 19794-6 or of ISO/IEC 39794-6.

Most states let only terminals with a certified right read it (terminal authentication).
"""

from __future__ import annotations

import dataclasses

from reader.lds import files
from reader.lds.biometric_template import BiometricGroup, BiometricTemplate, parse_biometric_group
from reader.lds.iris_record import IrisImage, parse_iris_record
from reader.lds.iso39794_iris import ExtensibleIrisImage, parse_iris_data_block

__all__ = ["DataGroup4", "parse_dg4"]


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class DataGroup4(BiometricGroup):
    """The irises on the chip."""

    def iris_images(self) -> tuple[IrisImage | ExtensibleIrisImage, ...]:
        """Every picture in every template, in the order of the chip.

        Raises:
            DocumentError: ``document.format_unsupported`` or ``document.malformed``.
            WireError: a data block of ISO/IEC 39794-6 is not well formed.
        """
        return tuple(image for template in self.templates for image in _images(template))


def parse_dg4(octets: bytes) -> DataGroup4:
    """Read EF.DG4 down to the biometric data blocks; :meth:`DataGroup4.iris_images` opens those.

    Raises:
        WireError: no well-formed template 76 with a group template 7F61 in it.
        DocumentError: ``document.malformed`` if a template has no data, or there are more than sixteen.
    """
    return parse_biometric_group(octets, files.data_group(4), DataGroup4)


def _images(template: BiometricTemplate) -> tuple[IrisImage | ExtensibleIrisImage, ...]:
    if template.is_iso_39794:
        return parse_iris_data_block(template.data).images
    return parse_iris_record(template.data).images
