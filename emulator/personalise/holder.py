"""The invented person on a test document."""

from __future__ import annotations

import dataclasses
import datetime

__all__ = ["Holder"]


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Holder:
    """What the issuer knows about a person; texts as they stand on the chip, NFC.

    Attributes:
        number: personal number, twelve digits; the document number of another state's document.
        full_name: family name first.
        born, issued: dates.
        expires: last day of validity, ``None`` for a card without end.
        sex: ``Nam`` or ``Nữ``; ``M``, ``F`` or ``X`` on documents of other states.
        ethnic, religion, origin, residence, features: texts.
        father, mother, spouse: names; empty if not on the card.
        former_number: nine digits, or empty.
        field_16: sixteen hexadecimal digits whose meaning is unconfirmed.
        nationality: always Việt Nam on a Vietnamese card.
        card_access_number: six digits; if empty, the last six of the number.
    """

    number: str
    full_name: str
    born: datetime.date
    issued: datetime.date
    sex: str
    ethnic: str = "Kinh"
    religion: str = "Không"
    origin: str = ""
    residence: str = ""
    features: str = "MẪU THỬ"
    father: str = ""
    mother: str = ""
    spouse: str = ""
    former_number: str = ""
    field_16: str = ""
    expires: datetime.date | None = None
    nationality: str = "Việt Nam"
    card_access_number: str = ""

    def __repr__(self) -> str:
        return "Holder(…)"

    @property
    def can(self) -> str:
        """Card access number, six digits."""
        return self.card_access_number or self.number[-6:]

    @property
    def mrz_sex(self) -> str:
        """``M``, ``F`` or, where it is not specified, ``<`` (Doc 9303-3 §4.1)."""
        return {"Nam": "M", "Nữ": "F", "X": "<"}.get(self.sex, self.sex)
