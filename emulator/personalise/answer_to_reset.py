"""What a reader reports as answer to reset for a contactless card, and what the card says about long commands."""

from __future__ import annotations

import functools
import operator
from typing import Final

from crypto.wire.tlv import encode_tlv

__all__ = ["contactless_atr", "extended_length_information"]

_SELECTION_METHODS: Final = 0xF4  # DF by full and partial name, path, file identifier; short identifiers
_DATA_CODING: Final = 0x01
_CHAINING: Final = 0x80
_EXTENDED_LENGTH: Final = 0x40
_EXTENDED_INFORMATION: Final = 0x20
_MAX_COMMAND: Final = 65_535


def contactless_atr(*, extended_length: bool | None) -> bytes:
    """ATR that a PC/SC reader makes up from the historical bytes (PC/SC part 3 §3.1.3.2.3.1).

    The historical bytes hold the card capabilities (ISO/IEC 7816-4 §12.1.1.9).

    Args:
        extended_length: whether the card says that it takes extended length fields; ``None`` if it says nothing.
    """
    third = _CHAINING | (_EXTENDED_LENGTH | _EXTENDED_INFORMATION if extended_length else 0)
    historical = b"" if extended_length is None else bytes([0x80, 0x73, _SELECTION_METHODS, _DATA_CODING, third])
    body = bytes([0x80 | len(historical), 0x80, 0x01]) + historical
    return b"\x3b" + body + bytes([functools.reduce(operator.xor, body)])  # TCK, ISO/IEC 7816-3 §8.2.5


def extended_length_information(max_response_data: int) -> bytes:
    """EF.ATR/INFO: card capabilities and the longest command and answer (Doc 9303-10 §3.11.1; ISO/IEC 7816-4 §12.7.1).

    Args:
        max_response_data: longest data field of an answer in bytes; the status word is counted in besides.
    """
    capabilities = bytes([_SELECTION_METHODS, _DATA_CODING, _CHAINING | _EXTENDED_LENGTH | _EXTENDED_INFORMATION])
    sizes = [encode_tlv(0x02, size.to_bytes(3, "big")) for size in (_MAX_COMMAND, max_response_data + 2)]
    return encode_tlv(0x47, capabilities) + encode_tlv(0x7F66, sizes)
