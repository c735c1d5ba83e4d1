"""Who declares the same person twice on one day gets the same number again, and nobody is told anything.

A card that comes back is told "you have a number": its chip has named its holder. Whoever types a name has named nobody,
so nothing of an earlier visit is ever shown to them. They get the number that these words were given before, on a slip
that says what they themselves have just said: no mark of a name, no day of birth, no hour and no answer of the insurer
comes from the visit before. A number that a chip was given today stays unknown to them.

What is stored stays as it is: a word is no reason to change a record. So whoever says more than it holds (who brings the
child, the whole day of birth, an address) is stored anew, with a number of their own: staff lose nothing that was said.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import logging
import uuid
from collections.abc import Sequence
from typing import Protocol

from kiosk_ui.app.audit import AuditAction, AuditEntry
from kiosk_ui.app.domain.check_in import CheckInDraft, Missing, Ticket, TicketKind, reference_of, slip_of
from kiosk_ui.app.domain.hand_over import HandOver
from kiosk_ui.app.domain.identification import Identification
from kiosk_ui.app.domain.insurance import InsuranceOutcome
from kiosk_ui.app.domain.visitor import is_same_declaration
from kiosk_ui.app.failures import StoreError
from kiosk_ui.app.ports import CheckIns
from reader.verification.identity import Assurance, Identity

__all__ = ["DeclaredOnce", "StoredToday"]

_log = logging.getLogger(__name__)


class _Row(Protocol):
    """What the store says of a check-in without its personal data."""

    @property
    def id(self) -> uuid.UUID: ...
    @property
    def created_at(self) -> dt.datetime: ...
    @property
    def kind(self) -> str: ...
    @property
    def identification(self) -> str: ...


class StoredToday(Protocol):
    """The store as the search for an earlier slip sees it."""

    def of_day(self, day: dt.date) -> Sequence[_Row]:
        """All check-ins of one hospital day. Raises ``StoreError``."""
        ...

    def draft_of(self, check_in_id: uuid.UUID) -> HandOver | None:
        """A stored check-in whole, or ``None`` when its personal data is gone. Raises ``StoreError``."""
        ...

    def ticket_of(self, check_in_id: uuid.UUID) -> Ticket | None:
        """Its ticket, or ``None`` likewise. Raises ``StoreError``."""
        ...


class DeclaredOnce:
    """A :class:`~kiosk_ui.app.ports.CheckIns` that gives a declared person one slip a day.

    Args:
        inner: stores what is new.
        stored: knows what was stored today.
        zone: the hospital's own time; its midnight begins a new day.
    """

    def __init__(self, inner: CheckIns, stored: StoredToday, zone: dt.tzinfo) -> None:
        self._inner = inner
        self._stored = stored
        self._zone = zone

    def save(self, draft: CheckInDraft, at: dt.datetime) -> Ticket:
        """A slip with the number that the same person was given today, or with that which storing the draft gives.

        Raises:
            StoreError: as the store behind it.
        """
        if draft.visitor.is_declared and draft.exit is TicketKind.COUNTER:
            earlier = self._slip_of_today(draft, at.astimezone(self._zone).date())
            if earlier is not None:
                self._note_repeated(earlier, at)
                return _in_their_own_words(earlier, draft, at.astimezone(self._zone))
        return self._inner.save(draft, at)

    def note(self, entry: AuditEntry, at: dt.datetime) -> None:
        """Add one line to the audit trail. Raises ``StoreError``."""
        self._inner.note(entry, at)

    def _slip_of_today(self, draft: CheckInDraft, day: dt.date) -> Ticket | None:
        """The newest. A store that cannot be searched, or a record that cannot be read, keeps nobody from a number."""
        try:
            rows = [row for row in self._stored.of_day(day) if _is_declared_slip(row) and row.id != draft.check_in_id]
        except StoreError as error:
            _log.warning("today's slips could not be looked through: %s", error.code.name)
            return None
        for row in sorted(rows, key=lambda each: each.created_at, reverse=True):
            try:
                stored = self._stored.draft_of(row.id)
                if stored is not None and _is_all_there(stored, draft):
                    return self._stored.ticket_of(row.id)
            except StoreError as error:
                _log.warning("one of today's slips could not be read: %s", error.code.name)
        return None

    def _note_repeated(self, earlier: Ticket, at: dt.datetime) -> None:
        try:
            self._inner.note(AuditEntry(AuditAction.CHECK_IN_REPEATED, "declared", earlier.check_in_id), at)
        except StoreError as error:
            _log.warning("a repeated slip could not be noted: %s", error.code.name)


def _in_their_own_words(earlier: Ticket, draft: CheckInDraft, at: dt.datetime) -> Ticket:
    """The earlier number, and nothing else of the earlier visit but the name of its record, which a counter asks for."""
    slip = dataclasses.replace(slip_of(draft), reference=reference_of(earlier.check_in_id))
    return dataclasses.replace(
        earlier,
        issued_at=at,
        priority=draft.priority,
        insurance_unverified=draft.eligibility.outcome is InsuranceOutcome.UNVERIFIED,
        at_counter=Missing.INSURANCE.value in draft.missing,
        holder_checked=draft.visitor.holder_checked,
        slip=slip,
    )


def _is_all_there(stored: HandOver, draft: CheckInDraft) -> bool:
    """Whether the record is this person's and says all that the new declaration does."""
    before, now = stored.visitor, draft.visitor
    if not is_same_declaration(before, now):
        return False
    says_more = (
        (now.date_of_birth is not None and before.date_of_birth is None)
        or (now.birth_year is not None and before.birth_year is None)
        or (now.address is not None and before.address is None)
        or (now.nationality != "" and before.nationality == "")
    )
    return not says_more and _is_guardian_there(before.guardian, now.guardian)


def _is_guardian_there(before: Identity | None, now: Identity | None) -> bool:
    """Whether the same person brings the child, named by as much; or nobody was named now."""
    if now is None:
        return True
    return (
        before is not None
        and before.number == now.number
        and (before.assurance is now.assurance or not _is_by_chip(now))
    )


def _is_by_chip(guardian: Identity) -> bool:
    return guardian.assurance in (Assurance.CHIP_VERIFIED, Assurance.CHIP_READ, Assurance.ONLINE_VERIFIED)


def _is_declared_slip(row: _Row) -> bool:
    return row.kind == TicketKind.COUNTER.value and row.identification != Identification.CHIP.value
