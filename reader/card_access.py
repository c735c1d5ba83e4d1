"""EF.CardAccess: what a chip offers before anybody has opened it, read or, for the Vietnamese card, assumed.

Doc 9303-11 §4.2, Doc 9303-10 §3.11.3. Decision record 0002 says why each way is tried.
"""

from __future__ import annotations

import dataclasses
import enum
from typing import Final

from crypto.errors import WireError
from crypto.wire.apdu import CommandApdu
from reader import errors
from reader.block_sizes import BlockSizes
from reader.file_reading import read_file
from reader.lds import files
from reader.lds.security_infos import SecurityInfos, parse_card_access
from reader.protocols.exchange import Transmit

__all__ = ["CardAccess", "CardAccessSource", "find_card_access"]

ASSUMED_CCCD_CARD_ACCESS: Final = bytes.fromhex(
    "3134300d060804007f0007020202020101300f060a04007f000702020302020201013012060a04007f0007020204020202010202010d"
)
"""EF.CardAccess of the Vietnamese CCCD as several independent programs know it: PACE-ECDH-GM-AES-128 on
brainpoolP256r1. Used only where the chip does not show its own and the key comes from a Vietnamese number."""


class CardAccessSource(enum.StrEnum):
    """Where EF.CardAccess came from."""

    READ = "read"
    ASSUMED = "assumed"
    ABSENT = "absent"


@dataclasses.dataclass(frozen=True, slots=True)
class CardAccess:
    """What is known before access control.

    Attributes:
        source: where it came from.
        octets: exactly as read; ``None`` if the chip did not show it.
        infos: what it declares, read or assumed; ``None`` if nothing is known.
    """

    source: CardAccessSource
    octets: bytes | None
    infos: SecurityInfos | None


def find_card_access(transmit: Transmit, blocks: BlockSizes, *, assume_cccd: bool) -> CardAccess:
    """Directly, then after selecting the master file, then from what is known of the CCCD.

    Args:
        transmit: in plain.
        blocks: what is known about this chip's answers.
        assume_cccd: whether the last is allowed.

    Raises:
        DocumentError: ``document.malformed``: the chip's EF.CardAccess is not what it should be.
    """
    octets = _read(transmit, blocks)
    if octets is None:
        _select_master_file(transmit)
        octets = _read(transmit, blocks)
    if octets is not None:
        return CardAccess(CardAccessSource.READ, octets, _parse(octets))
    if assume_cccd:
        return CardAccess(CardAccessSource.ASSUMED, None, parse_card_access(ASSUMED_CCCD_CARD_ACCESS))
    return CardAccess(CardAccessSource.ABSENT, None, None)


def _read(transmit: Transmit, blocks: BlockSizes) -> bytes | None:
    try:
        return read_file(transmit, files.CARD_ACCESS, blocks)
    except errors.CardStatusError:
        return None  # absent or not shown; which of the two does not matter here


def _select_master_file(transmit: Transmit) -> None:
    """By identifier, then without one; what the chip says to it does not matter (CCCD: 6D00 or 6982)."""
    answer = transmit(CommandApdu(0x00, 0xA4, 0x00, 0x0C, b"\x3f\x00"))
    if not answer.is_success:
        transmit(CommandApdu(0x00, 0xA4, 0x00, 0x0C))


def _parse(octets: bytes) -> SecurityInfos:
    try:
        return parse_card_access(octets)
    except WireError as error:
        raise errors.DocumentError(errors.FILE_MALFORMED, file=files.CARD_ACCESS.name) from error
