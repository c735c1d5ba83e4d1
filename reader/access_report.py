"""How a chip was opened: which protocol, with what, and whatever was weaker than the chip's own offer."""

from __future__ import annotations

import dataclasses
import enum

from reader.card_access import CardAccessSource
from reader.lds.security_infos import PaceInfo, SecurityInfos
from reader.protocols.pace import PaceSuite

__all__ = ["AccessReport", "Downgrade", "weaker_than_offered"]


class Downgrade(enum.StrEnum):
    """Something weaker was used than the chip offered. Each is a finding that the verdict shows."""

    BAC_AS_PACE_IS_NOT_SUPPORTED = "bac_as_pace_is_not_supported"
    BAC_AS_PACE_WAS_REFUSED = "bac_as_pace_was_refused"
    LESSER_PACE_AS_BETTER_WAS_REFUSED = "lesser_pace_as_better_was_refused"
    TDES_AS_AES_IS_NOT_SUPPORTED = "3des_as_aes_is_not_supported"


@dataclasses.dataclass(frozen=True, slots=True)
class AccessReport:
    """How the chip was opened.

    Attributes:
        protocol: ``PACE`` or ``BAC``; ``NONE`` for a chip without access control.
        suite: the protocol's full name, e.g. ``PACE-ECDH-GM-AES-CBC-CMAC-128`` with its curve.
        password: ``CAN``, ``MRZ``, ``PIN`` or ``PUK``; ``NONE`` where none was needed.
        card_access: where EF.CardAccess came from.
        downgrades: findings, empty as a rule.
        tries_announced: tries of the password that the chip said were left before this one; ``None`` if it said none.
        resumed_with_can: whether the last try was used, after the card access number had been shown.
    """

    protocol: str
    suite: str
    password: str
    card_access: CardAccessSource
    downgrades: tuple[Downgrade, ...] = ()
    # the two differ when the same chip is opened again, since success gives all tries back: they are not compared
    tries_announced: int | None = dataclasses.field(default=None, compare=False)
    resumed_with_can: bool = dataclasses.field(default=False, compare=False)


def weaker_than_offered(suite: PaceSuite, infos: SecurityInfos | None) -> tuple[Downgrade, ...]:
    """3DES where the chip also has AES, in a way that this terminal cannot speak."""
    has_aes = infos is not None and any(info.protocol.cipher.is_aes for info in infos.of(PaceInfo))
    return (Downgrade.TDES_AS_AES_IS_NOT_SUPPORTED,) if has_aes and not suite.protocol.cipher.is_aes else ()
