"""How a person was identified, and the ways in for those without a readable chip."""

from __future__ import annotations

import enum

__all__ = ["Identification", "Way"]


class Identification(enum.StrEnum):
    """What the person's data came from. How sure they are says :class:`~reader.verification.identity.Assurance`."""

    CHIP = "chip"
    QR = "qr"  # the code printed on the card; its chip was not read
    PHONE = "phone"  # a code that the VNeID app showed
    TYPED = "typed"
    GUARDIAN = "guardian"  # a child: typed, with the chip of the guardian's card beside it


class Way(enum.StrEnum):
    """What somebody without a readable chip card can choose."""

    OLD_CARD = "old_card"  # a card without a chip, of nine or twelve digits
    CHILD = "child"
    PHONE = "phone"
    PASSPORT = "passport"  # or a foreign ID card with a machine-readable zone
    NO_CARD = "no_card"
    EMERGENCY = "emergency"
