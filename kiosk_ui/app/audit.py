"""The audit trail: who was checked in, refused, looked up; when, on which device, with which result.

It never holds a name or a number; a person stands in it as a keyed pseudonym.
"""

from __future__ import annotations

import dataclasses
import enum
import uuid

__all__ = ["AuditAction", "AuditEntry"]


class AuditAction(enum.StrEnum):
    """What was done. Names are stable."""

    CARD_READ = "card.read"
    CARD_NOT_READ = "card.not_read"
    CHECK_IN_STORED = "check_in.stored"
    CHECK_IN_REPEATED = "check_in.repeated"
    INSURANCE_CHECKED = "insurance.checked"
    NOT_COLLECTED = "check_in.not_collected"  # stored after its owner had left; they get it by checking in again
    STAFF_CALLED = "staff.called"
    HANDED_OVER = "check_in.handed_over"
    HOLDER_CHECKED = "holder.checked"
    CONSENT_GIVEN = "consent.given"
    CONSENT_REFUSED = "consent.refused"
    STORE_PURGED = "store.purged"
    STORE_RESTORED = "store.restored"
    STORE_REKEYED = "store.rekeyed"
    AUDIT_PRUNED = "audit.pruned"
    OPERATOR_OPENED = "operator.opened"
    OPERATOR_REFUSED = "operator.refused"
    OPERATOR_ACTED = "operator.acted"


@dataclasses.dataclass(frozen=True, slots=True)
class AuditEntry:
    """One line of the trail.

    Attributes:
        action: what was done.
        outcome: stable words of ours (a verdict, a code); no card content.
        check_in_id: which check-in, if one exists already.
        subject: pseudonym of the person (:class:`kiosk_ui.app.privacy.Pseudonyms`), or ``None``.
    """

    action: AuditAction
    outcome: str
    check_in_id: uuid.UUID | None = None
    subject: str | None = None
