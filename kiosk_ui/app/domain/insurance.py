"""Health insurance (BHYT) as the kiosk understands it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum

__all__ = ["Eligibility", "EligibilityKind", "EligibilityQuery", "InsuranceOutcome"]


class InsuranceOutcome(enum.StrEnum):
    """What follows for the patient. Nobody is turned away by any of them."""

    VALID = "valid"  # nothing to do
    COUNTER = "counter"  # the insurer said something that a counter settles; the place is kept
    UNVERIFIED = "unverified"  # no answer that says anything about the patient; asked again later


class EligibilityKind(enum.StrEnum):
    """Class of the gateway's result code (``bhyt_check_result_codes.csv``), and one for "no answer at all"."""

    OK = "ok"
    OK_MANUAL = "ok_manual"  # insured by the army's or the police's own fund: paper card is looked at
    OK_NEWCARD = "ok_newcard"
    INVALID = "invalid"
    NOT_FOUND = "not_found"
    BAD_INPUT = "bad_input"
    CONFIG = "config"
    MISMATCH_NAME = "mismatch_name"
    MISMATCH_DOB = "mismatch_dob"
    RETRY = "retry"
    SPECIAL = "special"  # child without a card
    REAUTH = "reauth"
    UNAVAILABLE = "unavailable"

    @property
    def outcome(self) -> InsuranceOutcome:
        """What follows for the patient."""
        return _OUTCOMES[self]


_OUTCOMES = {
    EligibilityKind.OK: InsuranceOutcome.VALID,
    EligibilityKind.OK_MANUAL: InsuranceOutcome.COUNTER,
    EligibilityKind.OK_NEWCARD: InsuranceOutcome.VALID,
    EligibilityKind.INVALID: InsuranceOutcome.COUNTER,
    EligibilityKind.NOT_FOUND: InsuranceOutcome.COUNTER,
    EligibilityKind.BAD_INPUT: InsuranceOutcome.COUNTER,
    EligibilityKind.CONFIG: InsuranceOutcome.UNVERIFIED,
    EligibilityKind.MISMATCH_NAME: InsuranceOutcome.COUNTER,
    EligibilityKind.MISMATCH_DOB: InsuranceOutcome.COUNTER,
    EligibilityKind.RETRY: InsuranceOutcome.UNVERIFIED,
    EligibilityKind.SPECIAL: InsuranceOutcome.COUNTER,
    EligibilityKind.REAUTH: InsuranceOutcome.UNVERIFIED,
    EligibilityKind.UNAVAILABLE: InsuranceOutcome.UNVERIFIED,
}


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class EligibilityQuery:
    """What the insurer is asked. Its ``repr`` shows nothing.

    Attributes:
        number: the 12-digit citizen number (used as the card number, vietnam.md D.2).
        full_name: NFC, single spaces.
        date_of_birth: complete date, or ``None`` when the card gives only a part of it.
    """

    number: str
    full_name: str
    date_of_birth: dt.date | None

    def __repr__(self) -> str:
        return "EligibilityQuery(…)"


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Eligibility:
    """What is known about somebody's insurance. Its ``repr`` shows class and code only.

    Attributes:
        kind: class of the answer; :attr:`EligibilityKind.UNAVAILABLE` when there was no usable one.
        code: the gateway's three digits, or the stable name of the error.
        valid_from: first day, if said.
        valid_until: last day, if said.
        card_number: insurance card code that is valid now, if said.
        facility: registered first facility: its name, or its five-digit code; if said.
        note: the insurer's own sentence; shown to staff only (it names the person).
        raw: the whole answer as received, or ``None``; kept as evidence (Decree 188/2025).
    """

    kind: EligibilityKind
    code: str
    valid_from: dt.date | None = None
    valid_until: dt.date | None = None
    card_number: str | None = None
    facility: str | None = None
    note: str | None = None
    raw: str | None = None

    def __repr__(self) -> str:
        return f"Eligibility({self.kind.value}, {self.code})"

    @property
    def outcome(self) -> InsuranceOutcome:
        """What follows for the patient."""
        return self.kind.outcome

    @classmethod
    def unavailable(cls, code: str) -> Eligibility:
        """There was no usable answer; ``code`` is the stable name of the error."""
        return cls(EligibilityKind.UNAVAILABLE, code)
