"""A check-in before it is stored, and what the patient takes away."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid

from kiosk_ui.app.domain.departments import Department
from kiosk_ui.app.domain.insurance import Eligibility
from reader.verification.identity import Identity
from reader.verification.verdict import Decision

__all__ = ["CheckInDraft", "Ticket", "queue_label"]


@dataclasses.dataclass(frozen=True, slots=True)
class CheckInDraft:
    """All that one transaction stores. ``repr`` shows nothing personal.

    Attributes:
        check_in_id: made once when the draft is made; saving it twice gives the same ticket.
        identity: the person with assurance; never a bare document. The portrait is not stored.
        eligibility: what the insurer said, or that nothing usable came.
        department: where the visit is.
        decision: the verdict on the card; one that is referred is admitted, and staff look into it.
        reasons: codes of the checks behind the verdict.
    """

    check_in_id: uuid.UUID
    identity: Identity
    eligibility: Eligibility
    department: Department
    decision: Decision
    reasons: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Ticket:
    """What a queue ticket says, and nothing more: no name, no citizen number.

    Attributes:
        check_in_id: which check-in it belongs to (not printed).
        number: as called, e.g. ``A012``.
        department_vi: department's name; ``department_en`` the same in English.
        place_vi: where to go; ``place_en`` the same in English.
        issued_at: aware, in the hospital's own time.
        insurance_unverified: insurance could not be looked up; staff check later.
        at_counter: insurance is settled at the counter first.
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


def queue_label(prefix: str, number: int) -> str:
    """Queue number as it is shown and called: ``A`` and 12 give ``A012``."""
    return f"{prefix}{number:03d}"
