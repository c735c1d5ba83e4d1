"""What a card says about long commands: in its answer to reset, and in EF.ATR/INFO.

ISO/IEC 7816-3 §8.2 (answer to reset), ISO/IEC 7816-4 §12.1.1 (historical bytes), §12.7.1 (extended length information);
for contactless cards the PC/SC reader makes up the answer to reset around the historical bytes (PC/SC part 3 §3.1.3.2.3).
Cards that say nothing, or nothing well formed, are no error: then it is unknown.
"""

from __future__ import annotations

import dataclasses
from typing import Final

from crypto.errors import WireError
from crypto.wire.tlv import iter_tlvs

__all__ = ["ApduSizes", "CardCapabilities", "historical_bytes"]

_COMPACT_TLV: Final = 0x80  # category indicator: the historical bytes are COMPACT-TLV objects to the end
_COMPACT_TLV_WITH_STATUS: Final = 0x00  # the same, and three bytes of status behind them
_CAPABILITIES: Final = 7  # tag of the card capabilities in COMPACT-TLV
_CHAINING, _EXTENDED_LENGTH, _SIZES_IN_FILE = 0x80, 0x40, 0x20  # third software function table
_EXTENDED_LENGTH_INFORMATION: Final = 0x7F66
_INTEGER: Final = 0x02
_SIZES: Final = 2


@dataclasses.dataclass(frozen=True, slots=True)
class CardCapabilities:
    """The third software function table (ISO/IEC 7816-4 §12.1.1.9). ``None`` means that the card does not say.

    Attributes:
        chaining: whether a command may come in several parts.
        extended_length: whether length fields may be extended.
        sizes_in_file: whether EF.ATR/INFO says how long a command may be.
    """

    chaining: bool | None = None
    extended_length: bool | None = None
    sizes_in_file: bool = False

    @classmethod
    def from_atr(cls, atr: bytes) -> CardCapabilities:
        """As an answer to reset tells them; all unknown if it does not."""
        table = _capability_bytes(historical_bytes(atr))
        if len(table) < 3:
            return cls()
        third = table[2]
        return cls(bool(third & _CHAINING), bool(third & _EXTENDED_LENGTH), bool(third & _SIZES_IN_FILE))


def historical_bytes(atr: bytes) -> bytes:
    """Behind TS, T0 and the interface bytes, whose presence each TDi announces (ISO/IEC 7816-3 §8.2.3)."""
    if len(atr) < 2:
        return b""
    count = atr[1] & 0x0F
    position, announced = 2, atr[1] >> 4
    while announced:
        position += announced.bit_count()
        if not announced & 0x08 or position > len(atr):  # no TDi, so nothing further
            break
        announced = atr[position - 1] >> 4
    return atr[position : position + count]


def _capability_bytes(historical: bytes) -> bytes:
    """The value of the card capabilities, or nothing."""
    if historical[:1] == bytes([_COMPACT_TLV]):
        objects = historical[1:]
    elif historical[:1] == bytes([_COMPACT_TLV_WITH_STATUS]) and len(historical) >= 4:
        objects = historical[1:-3]
    else:
        return b""
    while objects:
        tag, length = objects[0] >> 4, objects[0] & 0x0F
        if tag == _CAPABILITIES:
            return objects[1 : 1 + length]
        objects = objects[1 + length :]
    return b""


@dataclasses.dataclass(frozen=True, slots=True)
class ApduSizes:
    """Extended length information, DO'7F66' (ISO/IEC 7816-4 §12.7.1).

    Attributes:
        command_bytes, response_bytes: longest APDUs that the card takes and gives, status word included.
    """

    command_bytes: int
    response_bytes: int

    @classmethod
    def from_atr_info(cls, ef_atr_info: bytes) -> ApduSizes | None:
        """As the start of EF.ATR/INFO tells them; ``None`` if it does not, or nothing well formed.

        Args:
            ef_atr_info: data objects one after the other; the last may be cut off.
        """
        try:
            for tlv in iter_tlvs(ef_atr_info):
                if tlv.tag == _EXTENDED_LENGTH_INFORMATION:
                    sizes = [child.value for child in tlv.children() if child.tag == _INTEGER]
                    if len(sizes) != _SIZES or not all(sizes):
                        return None
                    return cls(*(int.from_bytes(size, "big") for size in sizes))
        except WireError:
            return None
        return None
