"""The person who checks in, whether a chip said who that is or they themselves did."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum

from kiosk_ui.app.domain.identification import Identification
from reader.verification.identity import Assurance, HolderChecked, Identity, Sex
from reader.vietnamese.text import NameMatch, compare_names

__all__ = ["OF_AGE_YEARS", "NumberKind", "Visitor", "age_on", "is_same_declaration", "is_same_name", "kind_of_number"]

OF_AGE_YEARS = 18
"""Who is younger is nobody's guardian by right (Civil Code 91/2015/QH13, article 20)."""
_CITIZEN_DIGITS = 12


class NumberKind(enum.StrEnum):
    """What :attr:`Visitor.number` is the number of."""

    CITIZEN = "citizen"  # twelve digits
    OLD_CARD = "old_card"  # nine digits
    DOCUMENT = "document"  # a passport or foreign ID card
    BIRTH_CERTIFICATE = "birth_certificate"
    NONE = "none"  # there is no number


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Visitor:
    """A person at the reception. Its ``repr`` shows nothing personal.

    Attributes:
        number: as :attr:`number_kind` says; empty if there is none.
        number_kind: what kind of number it is.
        full_name: NFC, single spaces.
        date_of_birth: ``None`` when only a part of it is known.
        birth_year: the year alone, or that of the date; ``None`` if not even that is known.
        sex: unspecified where nobody asked.
        nationality: three letters as in an MRZ, or empty.
        address: as the document says it, or ``None``.
        assurance: how sure all this is.
        identification: what it came from.
        guardian: who brings a child, as the guardian's chip says; else ``None``.
        portrait: the encoded image of the chip; held in memory only.
        holder_checked: whether anybody compared the person with the photo.
    """

    number: str
    number_kind: NumberKind
    full_name: str
    date_of_birth: dt.date | None
    birth_year: int | None
    sex: Sex
    nationality: str
    address: str | None
    assurance: Assurance
    identification: Identification
    guardian: Identity | None = None
    portrait: bytes | None = None
    holder_checked: HolderChecked = HolderChecked.NONE

    def __repr__(self) -> str:
        return f"Visitor({self.identification.value}, {self.assurance.value})"

    @classmethod
    def from_identity(cls, identity: Identity) -> Visitor:
        """Who a chip says that it is."""
        born = identity.date_of_birth
        return cls(
            number=identity.number,
            number_kind=kind_of_number(identity.number),
            full_name=identity.full_name,
            date_of_birth=born,
            birth_year=None if born is None else born.year,
            sex=identity.sex,
            nationality=identity.nationality,
            address=identity.address,
            assurance=identity.assurance,
            identification=Identification.CHIP,
            portrait=identity.portrait,
            holder_checked=identity.holder_checked,
        )

    @property
    def is_declared(self) -> bool:
        """Whether nobody but the person said so: a counter has to look."""
        return self.identification is not Identification.CHIP


def kind_of_number(number: str) -> NumberKind:
    """What a chip's number is: twelve digits are a citizen's, anything else is a document's."""
    if not number:
        return NumberKind.NONE
    is_citizen = len(number) == _CITIZEN_DIGITS and number.isascii() and number.isdigit()
    return NumberKind.CITIZEN if is_citizen else NumberKind.DOCUMENT


def is_same_name(one: str, other: str) -> bool:
    """Whether two names can be one person's: marks may be missing, as in what is typed in a hurry."""
    return compare_names(one, other) is not NameMatch.DIFFERENT


def is_same_declaration(one: Visitor, other: Visitor) -> bool:
    """Whether two declarations name the same person beyond reasonable doubt.

    With a number: the same one under the same name, and no other birth. Numbers of birth certificates come again from
    commune to commune, so the name is never left out. Without one: the very same name and a whole date of birth; a year
    alone is shared by too many of one name, and two of them must not stand in the queue with one number.
    """
    if not (one.is_declared and other.is_declared):
        return False
    if one.number or other.number:
        same = (one.number, one.number_kind) == (other.number, other.number_kind)
        return same and is_same_name(one.full_name, other.full_name) and not _is_other_birth(one, other)
    whole = one.date_of_birth is not None and one.date_of_birth == other.date_of_birth
    return whole and compare_names(one.full_name, other.full_name).is_same_name


def _is_other_birth(one: Visitor, other: Visitor) -> bool:
    dates, years = (one.date_of_birth, other.date_of_birth), (one.birth_year, other.birth_year)
    return (None not in dates and dates[0] != dates[1]) or (None not in years and years[0] != years[1])


def age_on(day: dt.date, born: dt.date) -> int:
    """Whole years on ``day``. Who was born on 29 February has another year on 1 March of common years."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))
