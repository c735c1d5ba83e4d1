"""How long the commands and answers are that a PC/SC reader carries. Needs no PC/SC support.

A driver that follows PC/SC part 10 (from v2.02.09 on) says so itself: it lists its features, and the feature
GET_TLV_PROPERTIES holds the property ``dwMaxAPDUDataSize``, the largest data field that reader and driver carry, without the
header: 0 stands for short lengths alone, 65,536 for every extended length. Many drivers say nothing, and a reader that gets
more than it can carry mostly breaks the connection. So what is not said is taken as short.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Final

__all__ = ["EXTENDED", "SHORT", "ReaderLimits", "control_code_of_properties", "limits_of_reader", "max_data_size"]

_FEATURE_GET_TLV_PROPERTIES: Final = 0x12  # PC/SC part 10 §2.2
_PROPERTY_MAX_APDU_DATA_SIZE: Final = 0x0A  # PC/SC part 10 v2.02.09, GET_TLV_PROPERTIES
_SHORT_DATA: Final = 256
_EXTENDED_DATA: Final = 65_536


@dataclasses.dataclass(frozen=True, slots=True)
class ReaderLimits:
    """Longest command and longest response in bytes, header and status word included."""

    max_command: int
    max_response: int


#: Case 4 with one length octet each: header 4, Lc 1, data 255, Le 1 (ISO/IEC 7816-3 §12.1.3).
SHORT: Final = ReaderLimits(4 + 1 + 255 + 1, 256 + 2)
#: Case 4 with extended lengths: header 4, Lc 3, data 65,535, Le 2.
EXTENDED: Final = ReaderLimits(4 + 3 + 65_535 + 2, 65_536 + 2)

_KNOWN: Final[tuple[tuple[str, ReaderLimits], ...]] = (
    # The virtual reader of vsmartcard: its driver 3.3 says nothing, and carries every length.
    ("virtual pcd", EXTENDED),
    # Its chip carries about 260 octets with a frame around them, and its firmware counts them in one octet: answers of
    # exactly 256 octets are lost. A few octets less than that is sure to pass.
    ("acr122", ReaderLimits(250, 250)),
)
"""Readers, by a part of their name, whose driver does not tell the truth or tells nothing."""


def limits_of_reader(reader_name: str, announced: int | None) -> ReaderLimits:
    """What may be sent to a reader and be expected of it.

    Args:
        reader_name: its PC/SC name.
        announced: its ``dwMaxAPDUDataSize``, or ``None`` if it does not say.
    """
    for part, limits in _KNOWN:
        if part in reader_name.lower():
            return limits
    if announced is None or announced <= _SHORT_DATA:
        return SHORT
    data = min(announced, _EXTENDED_DATA)
    return ReaderLimits(4 + 3 + min(data, _EXTENDED_DATA - 1) + 2, data + 2)


def control_code_of_properties(features: bytes) -> int | None:
    """The control code for the driver's properties, if it lists that feature.

    Args:
        features: the answer to GET_FEATURE_REQUEST: tag, length 4, code (big-endian), one after the other
            (PC/SC part 10 §2.2).

    Returns:
        ``None`` if the feature is not listed, or the list is none.
    """
    for tag, value in _entries(features):
        if tag == _FEATURE_GET_TLV_PROPERTIES and len(value) == 4:
            return int.from_bytes(value, "big")
    return None


def max_data_size(properties: bytes) -> int | None:
    """``dwMaxAPDUDataSize`` in bytes, if the driver says it.

    Args:
        properties: the answer to GET_TLV_PROPERTIES: tag, length, value (little-endian), one after the other
            (PC/SC part 10 v2.02.09).
    """
    for tag, value in _entries(properties):
        if tag == _PROPERTY_MAX_APDU_DATA_SIZE and len(value) == 4:
            return int.from_bytes(value, "little")
    return None


def _entries(octets: bytes) -> Iterator[tuple[int, bytes]]:
    """Tag and value of each entry; the list ends where it is cut off, since a driver is no chip to be argued with."""
    position = 0
    while position + 2 <= len(octets):
        end = position + 2 + octets[position + 1]
        if end > len(octets):
            return
        yield octets[position], octets[position + 2 : end]
        position = end
