"""A machine-readable zone as typed or scanned: what opens a passport's chip, and what it is held against."""

from __future__ import annotations

import dataclasses

from reader import errors
from reader.lds.mrz import Mrz, parse_scanned_mrz

__all__ = ["MrzText"]


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class MrzText:
    """Its key's check digits fit. Its ``repr`` shows nothing.

    Attributes:
        mrz: the zone, taken apart.
    """

    mrz: Mrz

    def __repr__(self) -> str:
        return "MrzText(…)"

    @classmethod
    def from_text(cls, text: str) -> MrzText:
        """Take typed or scanned lines; spaces and small letters are accepted, also one run without line ends.

        Raises:
            DocumentError: ``mrz.malformed``, or ``mrz.check_digit`` if a key field cannot be as it stands.
        """
        mrz = parse_scanned_mrz(text.splitlines())
        if not mrz.document_number:  # nine fillers have a right check digit, too
            raise errors.DocumentError(errors.MRZ_MALFORMED)
        return cls(mrz)

    @property
    def lines(self) -> tuple[str, ...]:
        """Two or three lines."""
        return self.mrz.lines

    @property
    def document_number(self) -> str:
        """Without fillers."""
        return self.mrz.document_number

    @property
    def is_vietnamese(self) -> bool:
        """Whether Vietnam issued the document."""
        return self.mrz.issuing_state == "VNM"
