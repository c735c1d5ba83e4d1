"""PACE protocols and standardised domain parameters (Doc 9303-11 §9.2.1 and table 5; TR-03110-3 §A.2.1)."""

from __future__ import annotations

import dataclasses
import enum
from typing import Final

from crypto.primitives.block_cipher import SymmetricCipher
from crypto.primitives.curves import Curve, curve

__all__ = [
    "ID_PACE",
    "STANDARDIZED_CURVES",
    "Agreement",
    "Mapping",
    "PaceProtocol",
    "PasswordReference",
    "pace_protocol",
    "pace_protocols",
    "standardized_curve",
]

ID_PACE: Final = "0.4.0.127.0.7.2.2.4"


class Mapping(enum.Enum):
    """How the nonce becomes new domain parameters (Doc 9303-11 §4.4.3.3)."""

    GENERIC = "GM"
    INTEGRATED = "IM"
    CHIP_AUTHENTICATION = "CAM"


class Agreement(enum.Enum):
    """Over which kind of group."""

    DH = "DH"
    ECDH = "ECDH"


class PasswordReference(enum.IntEnum):
    """DO'83' of MSE:Set AT for PACE (Doc 9303-11 §4.4.4.1; PIN and PUK: TR-03110-3 §B.14.1)."""

    MRZ = 1
    CAN = 2
    PIN = 3
    PUK = 4


@dataclasses.dataclass(frozen=True, slots=True)
class PaceProtocol:
    """One object identifier of id-PACE and what it stands for."""

    oid: str
    agreement: Agreement
    mapping: Mapping
    cipher: SymmetricCipher

    @property
    def name(self) -> str:
        """The standard's name, e.g. ``PACE-ECDH-GM-AES-CBC-CMAC-128``."""
        suffix = "3DES-CBC-CBC" if not self.cipher.is_aes else f"AES-CBC-CMAC-{8 * self.cipher.key_bytes}"
        return f"PACE-{self.agreement.value}-{self.mapping.value}-{suffix}"


_FAMILIES: Final = {
    1: (Agreement.DH, Mapping.GENERIC),
    2: (Agreement.ECDH, Mapping.GENERIC),
    3: (Agreement.DH, Mapping.INTEGRATED),
    4: (Agreement.ECDH, Mapping.INTEGRATED),
    6: (Agreement.ECDH, Mapping.CHIP_AUTHENTICATION),
}
_CIPHERS: Final = {
    1: SymmetricCipher.TDES,
    2: SymmetricCipher.AES128,
    3: SymmetricCipher.AES192,
    4: SymmetricCipher.AES256,
}
_PROTOCOLS: Final = {
    (oid := f"{ID_PACE}.{family}.{number}"): PaceProtocol(oid, agreement, mapping, cipher)
    for family, (agreement, mapping) in _FAMILIES.items()
    for number, cipher in _CIPHERS.items()
    # id-PACE-ECDH-CAM is defined for AES only (Doc 9303-11 §9.2.1)
    if not (mapping is Mapping.CHIP_AUTHENTICATION and not cipher.is_aes)
}

STANDARDIZED_CURVES: Final = {
    8: "secp192r1",
    9: "brainpoolP192r1",
    10: "secp224r1",
    11: "brainpoolP224r1",
    12: "secp256r1",
    13: "brainpoolP256r1",
    14: "brainpoolP320r1",
    15: "secp384r1",
    16: "brainpoolP384r1",
    17: "brainpoolP512r1",
    18: "secp521r1",
}
"""Curve by parameter id (Doc 9303-11 table 5). Ids 0 to 2 are the MODP groups of RFC 5114."""


def pace_protocol(oid: str) -> PaceProtocol | None:
    """The protocol of an object identifier, or ``None`` if it is none of id-PACE."""
    return _PROTOCOLS.get(oid)


def pace_protocols() -> tuple[PaceProtocol, ...]:
    """All protocols of Doc 9303-11 §9.2.1."""
    return tuple(_PROTOCOLS.values())


def standardized_curve(parameter_id: int) -> Curve | None:
    """The curve of a standardised parameter id, or ``None`` if the id names no curve."""
    name = STANDARDIZED_CURVES.get(parameter_id)
    return None if name is None else curve(name)
