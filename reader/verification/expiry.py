"""The last day of a document, where its MRZ gives the year with two digits (TR-03135-1 v5.0.1 §5.10.2)."""

from __future__ import annotations

import datetime as dt
from typing import Final

from reader.lds.document import IdDocument
from reader.lds.mrz_fields import MrzDate

__all__ = ["estimated_expiry", "expiry_of"]

_YEARS_AHEAD: Final = 15
"""Documents are not issued for longer: a year further ahead was meant in the last century."""

_YEARS_AHEAD_IN_VIETNAM: Final = 22
"""A card issued at 38 lasts until its holder is 60. The guideline allows another number for documents of that kind."""


def expiry_of(document: IdDocument, signer_valid_from: dt.date | None, today: dt.date) -> dt.date | None:
    """The last day that counts: with four digits from DG13, else estimated from the MRZ.

    Args:
        document: the chip's files.
        signer_valid_from: first day of the document signer's certificate; ``None`` if there is no certificate.
        today: the day of inspection.

    Returns:
        ``None`` if the document never expires or names no usable day.

    Raises:
        DocumentError, WireError: DG1 or DG13 is not well formed.
    """
    if document.no_expiry:
        return None
    personal = document.personal_data
    if personal is not None and (printed := personal.date("ngay_het_han")) is not None:
        return printed
    if document.mrz is None:
        return None
    years_ahead = _YEARS_AHEAD_IN_VIETNAM if document.is_vietnamese else _YEARS_AHEAD
    return estimated_expiry(document.mrz.date_of_expiry, signer_valid_from, today, years_ahead)


def estimated_expiry(
    date: MrzDate, signer_valid_from: dt.date | None, today: dt.date, years_ahead: int = _YEARS_AHEAD
) -> dt.date | None:
    """A date of expiry with its century.

    With a signer's certificate: the first century in which the date lies after the certificate's first day, since
    nothing expires before it was signed. Without: a year within the next ``years_ahead`` is meant ahead, any other behind.

    Returns:
        ``None`` if a part of the date is unknown, or no day of the calendar in any century that may be meant.
    """
    if date.year_of_century is None or date.month is None or date.day is None:
        return None
    if signer_valid_from is not None:
        first = signer_valid_from.year // 100 * 100
        candidates = (_day(century + date.year_of_century, date) for century in (first, first + 100))
        return next((day for day in candidates if day is not None and day > signer_valid_from), None)
    year = today.year // 100 * 100 + date.year_of_century
    if year < today.year:
        year += 100
    return _day(year if year - today.year <= years_ahead else year - 100, date)


def _day(year: int, date: MrzDate) -> dt.date | None:
    try:
        return dt.date(year, date.month or 0, date.day or 0)
    except ValueError:  # 30 February, or 29 February in a year that has none
        return None
