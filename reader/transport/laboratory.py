"""Chips made to order, for the self-test: the seam between it and whoever can emulate a chip.

A provider of the entry-point group ``chipid.transports`` may also be a :class:`Laboratory`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from reader.transport.base import CardTransport

__all__ = ["ChipOrder", "Laboratory", "OrderedChip"]


@dataclasses.dataclass(frozen=True, slots=True)
class ChipOrder:
    """What the chip shall speak. Everything else about it is that of an ordinary card.

    Attributes:
        pace_oid: the one protocol in EF.CardAccess, dotted; ``""`` for a chip with BAC alone.
        parameter_id: standardised domain parameters of PACE.
        spelt_out: whether these parameters are written out in a PACEDomainParameterInfo.
        chip_authentication: id-CA-…, dotted; ``""`` for none.
        chip_authentication_version: 1 or 2.
        chip_authentication_group: name of a curve, or of a finite-field group.
        active_authentication: ``""``, ``rsa-BITS-HASH`` or ``ecdsa-CURVE-HASH``, e.g. ``ecdsa-secp256r1-sha256``.
        terminal_authentication: id-TA-…, dotted: the algorithm of the certificates that open DG3; ``""`` for none.
    """

    pace_oid: str = ""
    parameter_id: int = 0
    spelt_out: bool = False
    chip_authentication: str = ""
    chip_authentication_version: int = 1
    chip_authentication_group: str = ""
    active_authentication: str = ""
    terminal_authentication: str = ""


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class OrderedChip:
    """A chip as ordered, with what its invented holder and a TEST terminal know.

    Attributes:
        transport: an open connection to the emulated chip.
        mrz: the lines of the machine-readable zone.
        can, pin, puk: digits of the other passwords; ``""`` where the chip has none.
        trust_anchors: DER certificates of the TEST authority that signed its files.
        terminal_certificates: card-verifiable certificates, one after the other; ``b""`` for none.
        terminal_key: PKCS#8 PEM of the terminal's private key; ``b""`` for none.
    """

    transport: CardTransport
    mrz: tuple[str, ...]
    can: str
    pin: str = ""
    puk: str = ""
    trust_anchors: Sequence[bytes] = ()
    terminal_certificates: bytes = b""
    terminal_key: bytes = b""


@runtime_checkable
class Laboratory(Protocol):
    """Makes chips to order."""

    def make(self, order: ChipOrder) -> OrderedChip:
        """A fresh chip, powered on. Raises ``ValueError`` for an order that contradicts itself."""
        ...
