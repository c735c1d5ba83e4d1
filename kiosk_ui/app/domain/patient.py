"""What the hospital system knows of a visitor."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum

from reader.verification.identity import Sex

__all__ = ["Appointment", "PatientFinding", "PatientKind", "PatientQuery"]


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class PatientQuery:
    """Who is looked for. Its ``repr`` shows nothing.

    Attributes:
        number: the twelve digits, or the number of a passport.
        full_name: NFC, single spaces.
        date_of_birth: complete date, or ``None`` when only a part is known.
        sex: as the document says.
    """

    number: str
    full_name: str
    date_of_birth: dt.date | None
    sex: Sex

    def __repr__(self) -> str:
        return "PatientQuery(…)"


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Appointment:
    """A visit that was agreed on before. Its ``repr`` shows nothing: a department says much about a person.

    Attributes:
        id: the hospital system's identifier.
        department_code: one of :attr:`~kiosk_ui.app.domain.departments.Department.code`.
        at: aware moment.
        doctor: who, if that is agreed on.
    """

    id: str
    department_code: str
    at: dt.datetime
    doctor: str | None = None

    def __repr__(self) -> str:
        return "Appointment(…)"


class PatientKind(enum.StrEnum):
    """Whether the hospital has a record of this person."""

    KNOWN = "known"
    NEW = "new"  # the record is made with the hand-over
    UNAVAILABLE = "unavailable"  # no usable answer: nothing follows from it


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class PatientFinding:
    """The hospital system's answer. Its ``repr`` shows kind and code only.

    Attributes:
        kind: what is known.
        patient_id: the hospital's own identifier, if known.
        appointment: of today, if there is one.
        code: stable name of the error, or empty.
    """

    kind: PatientKind
    patient_id: str | None = None
    appointment: Appointment | None = None
    code: str = ""

    def __repr__(self) -> str:
        return f"PatientFinding({self.kind.value}, {self.code})"

    @classmethod
    def unavailable(cls, code: str) -> PatientFinding:
        """There was no usable answer; ``code`` is the stable name of the error."""
        return cls(PatientKind.UNAVAILABLE, code=code)
