"""The 12-digit citizen number as a value that never shows itself by accident."""

from __future__ import annotations

import dataclasses
import re

from kiosk_ui.app.failures import NUMBER_NOT_12_DIGITS, KioskError

__all__ = ["CitizenNumber"]

# Circular TT 59/2021, article 4: twelve digits, no check digit among them. ASCII digits only: \d would take others.
_TWELVE_DIGITS = re.compile(r"[0-9]{12}")


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class CitizenNumber:
    """A well-formed citizen number. Its ``repr`` and ``str`` show nothing of it.

    Attributes:
        digits: exactly twelve ASCII digits.
    """

    digits: str

    def __post_init__(self) -> None:
        if _TWELVE_DIGITS.fullmatch(self.digits) is None:
            raise KioskError(NUMBER_NOT_12_DIGITS)

    def __repr__(self) -> str:
        return "CitizenNumber(…)"

    @classmethod
    def from_text(cls, text: str) -> CitizenNumber:
        """Take typed or scanned text; blanks, dots and hyphens between the digits are dropped.

        Raises:
            KioskError: ``kiosk.number_malformed`` if what remains is not twelve digits.
        """
        return cls(re.sub(r"[ .\-\u00a0]", "", text))
