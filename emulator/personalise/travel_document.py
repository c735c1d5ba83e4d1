"""What a document of another state says where the Vietnamese card has its own particulars."""

from __future__ import annotations

import dataclasses
import enum

__all__ = ["MrzFormat", "TravelDocument"]


class MrzFormat(enum.Enum):
    """Size of the document and with it of its machine readable zone: number and length of the lines."""

    TD1 = (3, 30)
    """Identity card (Doc 9303-5)."""
    TD2 = (2, 36)
    """Larger card (Doc 9303-6)."""
    TD3 = (2, 44)
    """Passport booklet (Doc 9303-4)."""

    @property
    def line_length(self) -> int:
        """Characters in each line."""
        return self.value[1]


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class TravelDocument:
    """The fields of the machine readable zone that do not describe the holder.

    Attributes:
        number: document number, capital letters and digits; up to nine of them, more only on TD1 and TD2.
        issuing_state: one to three letters, ``UTO`` or ``D``.
        family_name: primary identifier with diacritics; the rest of the full name is the secondary one.
        code: document code, one or two letters.
        nationality: one to three letters; the issuing state if empty.
        optional_data: what follows the document number on TD1, the expiry on TD2 and TD3.
        further_optional_data: of the second line of TD1.
        partial_birth: date of birth as printed if parts of it are unknown, ``9112<<`` (Doc 9303-3 §4.8).
    """

    number: str
    issuing_state: str
    family_name: str
    code: str
    nationality: str = ""
    optional_data: str = ""
    further_optional_data: str = ""
    partial_birth: str = ""

    def __repr__(self) -> str:
        return "TravelDocument(…)"
