"""What may be shown of a conversation with a card: an allow-list. Whatever is not named here is left out.

Of a command its header and its lengths may be shown, of an answer its length and its status word: they tell what was
done and how the chip took it, and nothing about whom the card belongs to. Contents, keys, challenges and signatures are
named nowhere in this module, so nothing can let them through by mistake.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

from crypto.errors import WireError
from crypto.wire.apdu import CommandApdu, ResponseApdu
from reader.card_capabilities import CardCapabilities
from reader.lds import files

__all__ = [
    "HIDDEN",
    "Shown",
    "is_never_recorded",
    "shown_answer",
    "shown_answer_to_reset",
    "shown_command",
    "shown_historical_bytes",
]

Shown: TypeAlias = Mapping[str, str | int | bool | None]
"""Facts about octets, ready to be written as JSON."""

HIDDEN: Final = "··"
"""In the place of an octet that may not be shown."""

_HEADERS: Final = frozenset({0x22, 0x2A, 0x2C, 0x20, 0x24, 0x82, 0x84, 0x86, 0x88, 0xA4, 0xB0, 0xB1, 0xC0, 0xCA, 0xCB})
"""Instructions whose P1-P2 are offsets, modes, tags and references of keys (ISO/IEC 7816-4 §11), never content."""

_PASSWORD_IN_DATA: Final = frozenset({0x20, 0x21, 0x24, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2C, 0x2D})
"""VERIFY, CHANGE REFERENCE DATA, DISABLE and ENABLE VERIFICATION REQUIREMENT, RESET RETRY COUNTER
(ISO/IEC 7816-4 §11.6): their data field is a password."""

_SECURE_MESSAGING: Final = 0x0C
_SELECT: Final = 0xA4
_NAMES: Final = {file.fid.to_bytes(2, "big"): file.name for file in (files.CARD_ACCESS, files.DIR, files.ATR_INFO)} | {
    files.EMRTD_AID: "eMRTD",
    b"\x3f\x00": "MF",
}
"""What a SELECT in plain may name; the two files with identifier 011D are told apart by the application alone."""

_OF_THE_KIND: Final = frozenset({1, 2, 3, 4, 7, 8, 15})
"""COMPACT-TLV tags that say the same for each card of a kind (ISO/IEC 7816-4 §12.1.1): country, issuer, service,
initial access, capabilities, status, application. 5 and 6, the issuer's and the maker's data, may be a serial number."""


def shown_command(command: bytes) -> Shown:
    """Header and lengths of a command APDU.

    Args:
        command: as it went over the link.
    """
    try:
        apdu = CommandApdu.parse(command)
    except WireError:
        return {"header": None, "command_bytes": len(command)}
    header = apdu.header.hex().upper() if apdu.ins in _HEADERS else f"{apdu.cla:02X}{apdu.ins:02X}{HIDDEN}{HIDDEN}"
    shown: dict[str, str | int | bool | None] = {
        "header": header,
        "data_bytes": len(apdu.data),
        "expected_bytes": apdu.ne,
        "is_extended": apdu.is_extended,
    }
    if apdu.ins == _SELECT and not apdu.cla & _SECURE_MESSAGING and apdu.data in _NAMES:
        shown["selects"] = _NAMES[apdu.data]
    return shown


def shown_answer(answer: bytes) -> Shown:
    """Length of the data field and status word of a response APDU.

    Args:
        answer: as it came over the link.
    """
    try:
        apdu = ResponseApdu.parse(answer)
    except WireError:
        return {"answer_bytes": len(answer), "status_word": None}
    return {"answer_bytes": len(apdu.data), "status_word": str(apdu.sw)}


def shown_answer_to_reset(atr: bytes) -> Shown:
    """Length of an answer to reset, and what it says of long commands."""
    says = CardCapabilities.from_atr(atr)
    return {
        "answer_to_reset_bytes": len(atr),
        "chaining": says.chaining,
        "extended_length": says.extended_length,
        "sizes_in_file": says.sizes_in_file,
    }


def shown_historical_bytes(historical: bytes) -> str:
    """Historical bytes in hexadecimal; those that may tell one card from another of its kind are :data:`HIDDEN`.

    Args:
        historical: of an answer to reset (ISO/IEC 7816-4 §12.1.1).
    """
    if historical[:1] not in (b"\x80", b"\x00"):  # not COMPACT-TLV: nobody but its maker knows what stands there
        return historical[:1].hex().upper() + HIDDEN * len(historical[1:])
    end = len(historical) - (3 if historical[:1] == b"\x00" else 0)
    shown, position = historical[:1].hex().upper(), 1
    while position < end:
        size = 1 + (historical[position] & 0x0F)
        piece = historical[position : min(position + size, end)]
        is_open = piece[0] >> 4 in _OF_THE_KIND and len(piece) == size
        shown += piece[:1].hex().upper() + (piece[1:].hex().upper() if is_open else HIDDEN * len(piece[1:]))
        position += size
    return shown + historical[max(end, 1) :].hex().upper()


def is_never_recorded(command: bytes) -> bool:
    """Whether the payload of a command is a password in plain, which no trace holds, not even a full one.

    Args:
        command: as it went over the link; what is no APDU is not recorded either.
    """
    if len(command) < 4:
        return True
    return command[1] in _PASSWORD_IN_DATA and not command[0] & _SECURE_MESSAGING
