"""The three fields of a passport or foreign ID card that open its chip, as somebody types them."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum

from reader.lds.mrz import mrz_information_from_fields

__all__ = ["DocumentField", "TravelDocument"]

_FILLER = "<"


class DocumentField(enum.StrEnum):
    """What can be typed of a document, in the order in which it is asked for."""

    NUMBER = "number"
    BIRTH = "birth"
    EXPIRY = "expiry"


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class TravelDocument:
    """What is known of a document so far. Its ``repr`` shows nothing.

    Nothing in it is checked: a chip that opens with it has checked all three fields, and without a chip they are no more
    than somebody's word.

    Attributes:
        number: capitals and digits as printed, a hyphen where one is printed; empty as long as it is not known.
        date_of_birth: ``None`` when only the year is known, or nothing yet.
        birth_year: the year alone, or that of the date; ``None`` as long as it is not known.
        birth_month: where the month is known and the day is not; else ``None``.
        date_of_expiry: ``None`` as long as it is not known.
    """

    number: str = ""
    date_of_birth: dt.date | None = None
    birth_year: int | None = None
    date_of_expiry: dt.date | None = None
    birth_month: int | None = None

    def __repr__(self) -> str:
        return "TravelDocument(…)"

    @property
    def first_missing(self) -> DocumentField | None:
        """What has to be asked for next; ``None`` if the chip can be opened."""
        if not self.number:
            return DocumentField.NUMBER
        if self.birth_year is None:
            return DocumentField.BIRTH
        return DocumentField.EXPIRY if self.date_of_expiry is None else None

    @property
    def mrz_information(self) -> str:
        """Number, birth and expiry with their check digits: what the key is made from (Doc 9303-11 §9.7.3).

        Raises:
            DocumentError: ``mrz.malformed`` if something is missing.
        """
        # Doc 9303-4 §4.2.2.2: a sign or blank within the number is a filler in the zone
        number = self.number.replace("-", _FILLER)
        return mrz_information_from_fields(number, self._birth_in_zone(), _six_digits(self.date_of_expiry))

    def is_number(self, on_chip: str) -> bool:
        """Whether the chip's own number can be the one that was typed.

        The zone of a Vietnamese card names the last nine of its twelve digits, the rest of its chip all twelve.
        """
        typed = self.number.replace("-", _FILLER)
        is_twelve = len(on_chip) == 12 and on_chip.isascii() and on_chip.isdigit()
        return on_chip == typed or (is_twelve and on_chip[-9:] == typed)

    def _birth_in_zone(self) -> str:
        if self.date_of_birth is not None or self.birth_year is None:
            return _six_digits(self.date_of_birth)
        # Doc 9303-3 §4.8: what is not known of a date is filled up
        month = "" if self.birth_month is None else f"{self.birth_month:02d}"
        return f"{self.birth_year % 100:02d}{month}".ljust(6, _FILLER)


def _six_digits(day: dt.date | None) -> str:
    """``YYMMDD``; not ``strftime``, which has its own idea of years before 1000."""
    return "" if day is None else f"{day.year % 100:02d}{day.month:02d}{day.day:02d}"
