"""Health insurance (BHYT) as the kiosk understands it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["EXITS", "Eligibility", "EligibilityKind", "EligibilityQuery", "InsuranceExit", "InsuranceOutcome"]


class InsuranceOutcome(enum.StrEnum):
    """What follows for the patient. Nobody is turned away by any of them."""

    VALID = "valid"  # nothing to do
    COUNTER = "counter"  # the insurer said something that a counter settles; the place is kept
    UNVERIFIED = "unverified"  # no answer that says anything about the patient; asked again later


class InsuranceExit(enum.StrEnum):
    """Where the patient goes from here."""

    GO_ON = "go_on"
    CONFIRM_AT_COUNTER = "confirm_at_counter"  # goes on, and a counter settles it; the place is kept
    CHOOSE = "choose"  # there is no insurance that counts: pay oneself, or go to the counter
    UNVERIFIED = "unverified"  # goes on; asked again later


class EligibilityKind(enum.StrEnum):
    """Class of the gateway's result code (``bhyt_check_result_codes.csv``), and two for "no answer" and "no question"."""

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
    NOT_ASKED = "not_asked"  # there is nothing to ask with: no citizen number

    @property
    def exit(self) -> InsuranceExit:
        """Where the patient goes."""
        return _EXITS_BY_KIND[self]

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
    EligibilityKind.NOT_ASKED: InsuranceOutcome.COUNTER,
}

_EXITS_BY_KIND = {
    EligibilityKind.OK: InsuranceExit.GO_ON,
    EligibilityKind.OK_MANUAL: InsuranceExit.CONFIRM_AT_COUNTER,
    EligibilityKind.OK_NEWCARD: InsuranceExit.GO_ON,
    EligibilityKind.INVALID: InsuranceExit.CHOOSE,
    EligibilityKind.NOT_FOUND: InsuranceExit.CHOOSE,
    EligibilityKind.BAD_INPUT: InsuranceExit.CONFIRM_AT_COUNTER,
    EligibilityKind.CONFIG: InsuranceExit.UNVERIFIED,
    EligibilityKind.MISMATCH_NAME: InsuranceExit.CONFIRM_AT_COUNTER,
    EligibilityKind.MISMATCH_DOB: InsuranceExit.CONFIRM_AT_COUNTER,
    EligibilityKind.RETRY: InsuranceExit.UNVERIFIED,
    EligibilityKind.SPECIAL: InsuranceExit.CONFIRM_AT_COUNTER,
    EligibilityKind.REAUTH: InsuranceExit.UNVERIFIED,
    EligibilityKind.UNAVAILABLE: InsuranceExit.UNVERIFIED,
    EligibilityKind.NOT_ASKED: InsuranceExit.CONFIRM_AT_COUNTER,
}

_GO_ON = InsuranceExit.GO_ON
_CONFIRM = InsuranceExit.CONFIRM_AT_COUNTER
_CHOOSE = InsuranceExit.CHOOSE
_UNVERIFIED = InsuranceExit.UNVERIFIED

EXITS: Mapping[str, InsuranceExit] = MappingProxyType(
    dict.fromkeys(("000", "003", "004"), _GO_ON)
    | dict.fromkeys(("001", "002", "051", "052", "053", "060", "061", "070", "130", "205"), _CONFIRM)
    | dict.fromkeys(("010", "050", "110", "120", "121", "122", "123", "124"), _CHOOSE)
    | dict.fromkeys(("054", "055", "100", "101", "401"), _UNVERIFIED)
)
"""Exit by the gateway's code (CV 1923/BHXH-CNTT, appendix 03): all 26. Other answers are judged by their kind."""


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
        facility: registered first facility: its five-digit code, or else its name; if said.
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

    @property
    def exit(self) -> InsuranceExit:
        """Where the patient goes from here: by the kind, which is the code's class unless the answer was unusable."""
        return self.kind.exit

    @classmethod
    def not_asked(cls, code: str) -> Eligibility:
        """The insurer could not be asked about this person; ``code`` says why."""
        return cls(EligibilityKind.NOT_ASKED, code)

    @classmethod
    def unavailable(cls, code: str) -> Eligibility:
        """There was no usable answer; ``code`` is the stable name of the error."""
        return cls(EligibilityKind.UNAVAILABLE, code)
