"""EF.DG5: the displayed portrait (Doc 9303-10 §4.7.5)."""

from __future__ import annotations

import dataclasses
from typing import Final

from reader.lds import files
from reader.lds.displayed_image import DisplayedImage, parse_displayed_images

__all__ = ["DataGroup5", "parse_dg5"]

_PORTRAIT: Final = 0x5F40


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class DataGroup5:
    """The portrait as it is printed on the document; what machines compare is in DG2.

    Attributes:
        announced: number of portraits that the group announces; ``None`` if it says nothing.
        portraits: those that are there.
        encoded: the file as read.
    """

    announced: int | None
    portraits: tuple[DisplayedImage, ...]
    encoded: bytes

    def __repr__(self) -> str:
        return f"DataGroup5({len(self.portraits)} portraits)"


def parse_dg5(octets: bytes) -> DataGroup5:
    """Read EF.DG5.

    Raises:
        WireError: no well-formed template 65.
        DocumentError: ``document.malformed`` if it has too many pictures.
    """
    announced, portraits = parse_displayed_images(octets, files.data_group(5), _PORTRAIT)
    return DataGroup5(announced, portraits, bytes(octets))
