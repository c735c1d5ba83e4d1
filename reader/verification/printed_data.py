"""What was taken from a card's surface; :mod:`reader.verification.printed` holds it against the chip."""

from __future__ import annotations

import dataclasses
import enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reader.lds.mrz import Mrz
    from reader.scanners.qr import CitizenQr
    from reader.vietnamese.number import CitizenNumber

__all__ = ["PrintedData", "PrintedSource"]


class PrintedSource(enum.StrEnum):
    """Where on the card's surface something was taken from."""

    NUMBER = "number"
    QR = "qr"
    MRZ = "mrz"


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class PrintedData:
    """What was taken from the card's surface. Its ``repr`` shows nothing personal.

    Attributes:
        number: the twelve digits as typed, or ``None``.
        qr: the printed QR code, or ``None``.
        mrz: the machine-readable zone as scanned or typed, or ``None``.
    """

    number: CitizenNumber | None = None
    qr: CitizenQr | None = None
    mrz: Mrz | None = None

    def __repr__(self) -> str:
        given = [source.value for source in PrintedSource if getattr(self, source.value) is not None]
        return f"PrintedData({', '.join(given)})"

    @property
    def is_given(self) -> bool:
        """Whether there is anything to compare."""
        return (self.number, self.qr, self.mrz) != (None, None, None)
