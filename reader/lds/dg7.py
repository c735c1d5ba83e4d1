"""EF.DG7: the displayed signature or usual mark (Doc 9303-10 §4.7.7)."""

from __future__ import annotations

import dataclasses
from typing import Final

from reader.lds import files
from reader.lds.displayed_image import DisplayedImage, parse_displayed_images

__all__ = ["DataGroup7", "parse_dg7"]

_SIGNATURE: Final = 0x5F43


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class DataGroup7:
    """Pictures of the holder's signature or usual mark.

    Attributes:
        announced: number of signatures that the group announces; ``None`` if it says nothing.
        signatures: those that are there.
        encoded: the file as read.
    """

    announced: int | None
    signatures: tuple[DisplayedImage, ...]
    encoded: bytes

    def __repr__(self) -> str:
        return f"DataGroup7({len(self.signatures)} signatures)"


def parse_dg7(octets: bytes) -> DataGroup7:
    """Read EF.DG7.

    Raises:
        WireError: no well-formed template 67.
        DocumentError: ``document.malformed`` if it has too many pictures.
    """
    announced, signatures = parse_displayed_images(octets, files.data_group(7), _SIGNATURE)
    return DataGroup7(announced, signatures, bytes(octets))
