"""The 12-digit citizen number as a value that never shows itself by accident."""

from __future__ import annotations

import dataclasses
import re

from kiosk_ui.app.failures import NUMBER_NOT_12_DIGITS, KioskError
from reader.errors import DocumentError
from reader.vietnamese import number as reader_number

__all__ = ["CitizenNumber"]

_BETWEEN_DIGITS = re.compile(r"[.\-]")  # people type them; blanks of every kind the reader's parser drops itself


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class CitizenNumber(reader_number.CitizenNumber):
    """The reader's citizen number, well formed from the start. Its ``repr`` and ``str`` show nothing of it.

    Attributes:
        digits: exactly twelve ASCII digits.

    Raises:
        KioskError: ``kiosk.number_malformed`` if they are not.
    """

    def __post_init__(self) -> None:
        if _parsed(self.digits) != self.digits:
            raise KioskError(NUMBER_NOT_12_DIGITS)

    @classmethod
    def from_text(cls, text: str) -> CitizenNumber:
        """Take typed or scanned text; blanks, dots and hyphens between the digits are dropped.

        Raises:
            KioskError: ``kiosk.number_malformed`` if what remains is not twelve digits.
        """
        return cls(_parsed(_BETWEEN_DIGITS.sub("", text)))


def _parsed(text: str) -> str:
    try:
        return reader_number.parse_number(text).digits
    except DocumentError:
        raise KioskError(NUMBER_NOT_12_DIGITS) from None
