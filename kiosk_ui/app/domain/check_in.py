"""A check-in before it is stored, and what the patient takes away."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import uuid

from kiosk_ui.app.domain.consent import Consent
from kiosk_ui.app.domain.departments import Department
from kiosk_ui.app.domain.insurance import Eligibility
from kiosk_ui.app.domain.masking import mask_number
from kiosk_ui.app.domain.patient import PatientFinding
from kiosk_ui.app.domain.priority import Priority
from kiosk_ui.app.domain.visitor import Visitor
from reader.verification.identity import HolderChecked
from reader.verification.verdict import Decision

__all__ = ["CheckInDraft", "Missing", "Slip", "Ticket", "TicketKind", "queue_label", "reference_of", "slip_of"]

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_REFERENCE_CHARACTERS = 8


class TicketKind(enum.StrEnum):
    """What the paper is."""

    QUEUE = "queue"  # a number in the department's queue
    COUNTER = "counter"  # a slip: a number in the counter's queue, and what was read, so that nobody asks it again


class Missing(enum.StrEnum):
    """Why a counter has to look. The words are stable: they are stored and printed."""

    IDENTITY = "identity"  # nobody has checked who this is
    NUMBER = "number"
    NAME = "name"
    DATE_OF_BIRTH = "date_of_birth"
    GUARDIAN = "guardian"  # a child whose guardian's card was not read
    INSURANCE = "insurance"
    PRIORITY = "priority"  # asked for; staff confirm it


@dataclasses.dataclass(frozen=True, slots=True)
class CheckInDraft:
    """All that one transaction stores. ``repr`` shows nothing personal.

    Attributes:
        check_in_id: made once when the draft is made; saving it twice gives the same ticket.
        visitor: the person with assurance; never a bare document. The portrait is not stored.
        eligibility: what the insurer said, or that nothing usable came.
        department: whose queue the number is drawn from; the counter's own for a slip.
        decision: the verdict on the card; one that is referred is admitted, and staff look into it.
        reasons: codes of the checks behind the verdict.
        patient: what the hospital system knows, or ``None`` if it was not asked.
        priority: reason to be seen before others.
        appointment_id: the appointment that was taken, or ``None``.
        phone: digits, or ``None``.
        consents: what was agreed to or refused.
        exit: ticket of the department, or slip for the counter.
        missing: why a counter has to look, as stable words (:class:`Missing`).
        counter: number or name of the counter where people help.
    """

    check_in_id: uuid.UUID
    visitor: Visitor
    eligibility: Eligibility
    department: Department
    decision: Decision
    reasons: tuple[str, ...] = ()
    patient: PatientFinding | None = None
    priority: Priority = Priority.NONE
    appointment_id: str | None = dataclasses.field(default=None, repr=False)
    phone: str | None = dataclasses.field(default=None, repr=False)
    consents: tuple[Consent, ...] = ()
    exit: TicketKind = TicketKind.QUEUE
    missing: tuple[str, ...] = ()
    counter: str = ""

    @property
    def identity(self) -> Visitor:
        """The same as :attr:`visitor`."""
        return self.visitor


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Slip:
    """What the counter gets on paper. Its ``repr`` shows nothing.

    Attributes:
        full_name: as read or typed.
        masked_number: first and last three digits.
        date_of_birth_text: ``03/02/1985``, the year alone, or empty.
        reasons: stable words why a counter has to look.
        counter: where to go.
        reference: eight characters that name the check-in; also as QR code.
    """

    full_name: str
    masked_number: str
    date_of_birth_text: str
    reasons: tuple[str, ...]
    counter: str
    reference: str

    def __repr__(self) -> str:
        return "Slip(…)"


@dataclasses.dataclass(frozen=True, slots=True)
class Ticket:
    """What a queue ticket says, and nothing more: no name, no citizen number. A slip holds those in :attr:`slip`.

    Attributes:
        check_in_id: which check-in it belongs to (not printed).
        number: as called, e.g. ``A012``.
        department_vi: department's name; ``department_en`` the same in English.
        place_vi: where to go; ``place_en`` the same in English.
        issued_at: aware, in the hospital's own time.
        insurance_unverified: insurance could not be looked up; staff check later.
        at_counter: insurance is settled at the counter first; not for those who chose to pay.
        kind: queue ticket or slip.
        priority: reason to be seen before others.
        wait_minutes: estimate, or ``None`` if nobody can say.
        way_vi: how to get there, ``way_en`` the same in English; empty if nobody has written it down.
        slip: what the counter needs, for a slip.
        holder_checked: whether anybody compared the person with the photo (not printed).
    """

    check_in_id: uuid.UUID
    number: str
    department_vi: str
    department_en: str
    place_vi: str
    place_en: str
    issued_at: dt.datetime
    insurance_unverified: bool
    at_counter: bool
    kind: TicketKind = TicketKind.QUEUE
    priority: Priority = Priority.NONE
    wait_minutes: int | None = None
    way_vi: str = ""
    way_en: str = ""
    slip: Slip | None = None
    holder_checked: HolderChecked = HolderChecked.NONE


@dataclasses.dataclass(frozen=True, slots=True)
class HolderMark:
    """What a desk said about the person with one number.

    Attributes:
        number: as printed.
        checked: ``staff``, or ``none`` if it was taken back.
    """

    number: str
    checked: HolderChecked


def queue_label(prefix: str, number: int) -> str:
    """Queue number as it is shown and called: ``A`` and 12 give ``A012``."""
    return f"{prefix}{number:03d}"


def reference_of(check_in_id: uuid.UUID) -> str:
    """Eight characters of Crockford's base 32 (no I, L, O, U): the last 40 bits, which are random in a UUID of version 4."""
    bits = check_in_id.int
    return "".join(_CROCKFORD[bits >> 5 * place & 31] for place in reversed(range(_REFERENCE_CHARACTERS)))


def slip_of(draft: CheckInDraft) -> Slip:
    """The slip for a draft whose exit is the counter."""
    visitor = draft.visitor
    born = visitor.date_of_birth
    year = "" if visitor.birth_year is None else str(visitor.birth_year)
    return Slip(
        full_name=visitor.full_name,
        masked_number=mask_number(visitor.number) if visitor.number else "",
        date_of_birth_text=born.strftime("%d/%m/%Y") if born else year,
        reasons=draft.missing,
        counter=draft.counter,
        reference=reference_of(draft.check_in_id),
    )
