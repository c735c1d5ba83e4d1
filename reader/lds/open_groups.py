"""Data groups whose content the standard leaves open: DG6, DG8, DG9, DG10 and DG13 (Doc 9303-10 §4.7.6, §4.7.8–10, §4.7.13).

DG6 is reserved. DG8 to DG10 are "to be defined": a count and a header template, until then for issuers' own use.
DG13 is the issuer's; that of the Vietnamese citizen card is read by :mod:`reader.lds.vietnam`.
"""

from __future__ import annotations

import dataclasses
from typing import Final

from crypto.errors import WireError
from crypto.wire.tlv import Tlv, iter_tlvs, parse_tlv
from reader.lds import files

__all__ = [
    "OPEN_GROUPS",
    "DataGroup6",
    "DataGroup8",
    "DataGroup9",
    "DataGroup10",
    "DataGroup13",
    "OpenGroup",
    "parse_open_group",
]

_COUNT = 0x02


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class OpenGroup:
    """A data group of which only the frame is known.

    Attributes:
        content: what stands in the group's template.
        objects: the content as data objects; ``None`` if it is no sequence of them.
        encoded: the file as read.
    """

    content: bytes
    objects: tuple[Tlv, ...] | None
    encoded: bytes

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self.content)} bytes)"

    @property
    def announced(self) -> int | None:
        """The number of instances (tag 02) as DG8 to DG10 give it; ``None`` if there is none."""
        first = next((tlv for tlv in self.objects or () if tlv.tag == _COUNT and len(tlv.value) == 1), None)
        return None if first is None else first.value[0]


class DataGroup6(OpenGroup):
    """Reserved for future use (Doc 9303-10 §4.7.6)."""

    __slots__ = ()


class DataGroup8(OpenGroup):
    """Data features (Doc 9303-10 §4.7.8)."""

    __slots__ = ()


class DataGroup9(OpenGroup):
    """Structure features (Doc 9303-10 §4.7.9)."""

    __slots__ = ()


class DataGroup10(OpenGroup):
    """Substance features (Doc 9303-10 §4.7.10)."""

    __slots__ = ()


class DataGroup13(OpenGroup):
    """Optional details at the issuer's discretion (Doc 9303-10 §4.7.13)."""

    __slots__ = ()


_CLASSES: Final = {6: DataGroup6, 8: DataGroup8, 9: DataGroup9, 10: DataGroup10, 13: DataGroup13}
OPEN_GROUPS: Final = frozenset(_CLASSES)
"""Numbers of these groups."""


def parse_open_group(number: int, octets: bytes) -> OpenGroup:
    """Read one of these groups as far as the standard goes; the result is of the group's own class.

    Args:
        number: one of :data:`OPEN_GROUPS`.
        octets: the whole file.

    Raises:
        WireError: no well-formed template of this group.
        KeyError: another number.
    """
    kind = _CLASSES[number]
    content = parse_tlv(octets, files.data_group(number).tag).value
    try:
        objects: tuple[Tlv, ...] | None = tuple(iter_tlvs(content))
    except WireError:  # an issuer may put there what it likes
        objects = None
    return kind(content, objects, bytes(octets))
