"""Check-ins in the database: one transaction each, the same ticket however often it is repeated."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid

import sqlalchemy as sa

from kiosk_ui.app.audit import AuditAction, AuditEntry
from kiosk_ui.app.domain.check_in import CheckInDraft, Ticket, queue_label
from kiosk_ui.app.domain.departments import Department
from kiosk_ui.app.domain.insurance import Eligibility, EligibilityQuery, InsuranceOutcome
from kiosk_ui.app.failures import CHECK_IN_CONFLICT, STORE_BUSY, StoreError
from kiosk_ui.app.privacy import Pseudonyms
from kiosk_ui.app.store import audit_rows, outbox_rows
from kiosk_ui.app.store.database import ConstraintError, Database
from kiosk_ui.app.store.schema import check_in, insurance_answer, patient_snapshot, queue_counter

__all__ = ["CheckInStore", "StoredCheckIn"]

_TRIES = 5  # a race for a day's first number, or the same check-in twice at once, is settled by trying again


@dataclasses.dataclass(frozen=True, slots=True)
class StoredCheckIn:
    """One stored check-in without its personal data. Fields as in the table ``check_in``."""

    id: uuid.UUID
    created_at: dt.datetime
    day: dt.date
    department: str
    queue_number: int
    queue_label: str
    decision: str
    decision_reasons: str
    assurance: str
    national_method: str
    holder_checked: str
    insurance_outcome: str
    insurance_kind: str
    insurance_code: str
    insurance_valid_until: dt.date | None
    insurance_checked_at: dt.datetime | None


class CheckInStore:
    """Stores check-ins and draws queue numbers.

    Args:
        database: an open database.
        pseudonyms: for the audit trail.
        device: name of this kiosk, for the audit trail.
        zone: the hospital's own time; its midnight begins a new queue. Vietnam has had UTC+7 without summer time
            since 1975, so no time-zone database is needed.
    """

    def __init__(
        self,
        database: Database,
        pseudonyms: Pseudonyms,
        device: str = "kiosk",
        zone: dt.tzinfo = dt.timezone(dt.timedelta(hours=7)),
    ) -> None:
        self._database = database
        self._pseudonyms = pseudonyms
        self._device = device
        self._zone = zone

    def save(self, draft: CheckInDraft, at: dt.datetime) -> Ticket:
        """Store the check-in and give its ticket. Repeating it with the same draft gives the same ticket.

        Args:
            draft: what to store; its portrait and address are not.
            at: aware moment of the check-in.

        Raises:
            StoreError: ``store.unavailable``; ``store.busy`` after several lost races; ``store.check_in_conflict`` if
                the identifier belongs to another check-in.
        """
        for _ in range(_TRIES):
            try:
                with self._database.transaction("check_in") as connection:
                    return self._save(connection, draft, at)
            except ConstraintError:
                continue
        raise StoreError(STORE_BUSY)

    def get(self, check_in_id: uuid.UUID) -> StoredCheckIn | None:
        """One check-in, or ``None``."""
        with self._database.transaction("read") as connection:
            row = connection.execute(sa.select(check_in).where(check_in.c.id == check_in_id)).mappings().one_or_none()
        return None if row is None else StoredCheckIn(**row)

    def of_day(self, day: dt.date) -> list[StoredCheckIn]:
        """All check-ins of one hospital day, by department and number."""
        query = (
            sa.select(check_in).where(check_in.c.day == day).order_by(check_in.c.department, check_in.c.queue_number)
        )
        with self._database.transaction("read") as connection:
            return [StoredCheckIn(**row) for row in connection.execute(query).mappings()]

    def insurance_query(self, check_in_id: uuid.UUID) -> EligibilityQuery | None:
        """What to ask the insurer about a stored check-in; ``None`` when its personal data is gone."""
        query = sa.select(patient_snapshot).where(patient_snapshot.c.check_in_id == check_in_id)
        with self._database.transaction("read") as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else EligibilityQuery(row.number, row.full_name, row.date_of_birth)

    def record_insurance(self, check_in_id: uuid.UUID, eligibility: Eligibility, at: dt.datetime) -> None:
        """Add an answer that came later. One that says nothing about the patient is kept but changes nothing."""
        with self._database.transaction("insurance") as connection:
            _add_answer(connection, check_in_id, eligibility, at)
            if eligibility.outcome is not InsuranceOutcome.UNVERIFIED:
                values = _insurance_columns(eligibility, at)
                connection.execute(check_in.update().where(check_in.c.id == check_in_id).values(**values))
            entry = AuditEntry(AuditAction.INSURANCE_CHECKED, eligibility.code, check_in_id)
            audit_rows.add_entry(connection, entry, device=self._device, at=at)

    def note(self, entry: AuditEntry, at: dt.datetime) -> None:
        """Add one line to the audit trail."""
        with self._database.transaction("audit") as connection:
            audit_rows.add_entry(connection, entry, device=self._device, at=at)

    def audit_of(self, check_in_id: uuid.UUID) -> list[tuple[str, str]]:
        """Actions and outcomes noted about one check-in, oldest first."""
        with self._database.transaction("read") as connection:
            return audit_rows.entries(connection, check_in_id)

    # ------------------------------------------------------------------------------------------------
    def _save(self, connection: sa.Connection, draft: CheckInDraft, at: dt.datetime) -> Ticket:
        earlier = self._earlier(connection, draft)
        if earlier is not None:
            self._audit(connection, AuditAction.CHECK_IN_REPEATED, draft, at)
            return self._ticket(draft, *earlier)
        day = at.astimezone(self._zone).date()
        number = _draw_number(connection, draft.department, day)
        label = queue_label(draft.department.prefix, number)
        connection.execute(
            check_in.insert().values(
                id=draft.check_in_id,
                created_at=at,
                day=day,
                department=draft.department.code,
                queue_number=number,
                queue_label=label,
                decision=draft.decision.value,
                decision_reasons=" ".join(draft.reasons),
                assurance=draft.identity.assurance.value,
                national_method=draft.identity.assurance.national_method,
                holder_checked=draft.identity.holder_checked.value,
                **_insurance_columns(draft.eligibility, at),
            )
        )
        # Values beside the statement, not in it: SQLAlchemy keeps a compiled statement for the life of the process, and
        # the values that stood in it when it was compiled (the day's first patient).
        snapshot = {
            "check_in_id": draft.check_in_id,
            "number": draft.identity.number,
            "full_name": draft.identity.full_name,
            "date_of_birth": draft.identity.date_of_birth,
        }
        connection.execute(patient_snapshot.insert(), snapshot)
        _add_answer(connection, draft.check_in_id, draft.eligibility, at)
        outbox_rows.add(connection, outbox_rows.OutboxKind.HAND_OVER, draft.check_in_id, at)
        if draft.eligibility.outcome is InsuranceOutcome.UNVERIFIED:
            outbox_rows.add(connection, outbox_rows.OutboxKind.INSURANCE_CHECK, draft.check_in_id, at)
        self._audit(connection, AuditAction.CHECK_IN_STORED, draft, at)
        return self._ticket(draft, label, at)

    def _earlier(self, connection: sa.Connection, draft: CheckInDraft) -> tuple[str, dt.datetime] | None:
        query = (
            sa.select(check_in.c.queue_label, check_in.c.created_at, check_in.c.department, patient_snapshot.c.number)
            .join_from(check_in, patient_snapshot, isouter=True)
            .where(check_in.c.id == draft.check_in_id)
        )
        row = connection.execute(query).one_or_none()
        if row is None:
            return None
        if row.department != draft.department.code or row.number not in (None, draft.identity.number):
            raise StoreError(CHECK_IN_CONFLICT)
        return row.queue_label, row.created_at

    def _audit(self, connection: sa.Connection, action: AuditAction, draft: CheckInDraft, at: dt.datetime) -> None:
        outcome = f"{draft.identity.assurance.value} {draft.eligibility.outcome.value}"
        subject = self._pseudonyms.of(draft.identity.number, "audit")
        entry = AuditEntry(action, outcome, draft.check_in_id, subject)
        audit_rows.add_entry(connection, entry, device=self._device, at=at)

    def _ticket(self, draft: CheckInDraft, label: str, created_at: dt.datetime) -> Ticket:
        outcome = draft.eligibility.outcome
        department = draft.department
        return Ticket(
            check_in_id=draft.check_in_id,
            number=label,
            department_vi=department.name_vi,
            department_en=department.name_en,
            place_vi=department.place_vi,
            place_en=department.place_en,
            issued_at=created_at.astimezone(self._zone),
            insurance_unverified=outcome is InsuranceOutcome.UNVERIFIED,
            at_counter=outcome is InsuranceOutcome.COUNTER,
        )


def _draw_number(connection: sa.Connection, department: Department, day: dt.date) -> int:
    """The next number of a department's day. The row stays locked until the commit, so no number is drawn twice."""
    counter = queue_counter.c
    next_number = (
        queue_counter.update()
        .where(counter.department == department.code, counter.day == day)
        .values(last_number=counter.last_number + 1)
        .returning(counter.last_number)
    )
    number = connection.execute(next_number).scalar_one_or_none()
    if number is not None:
        return int(number)
    # The day's first. If another kiosk is faster, the primary key refuses this and the save is tried again.
    connection.execute(queue_counter.insert().values(department=department.code, day=day, last_number=1))
    return 1


def _insurance_columns(eligibility: Eligibility, at: dt.datetime) -> dict[str, object]:
    return {
        "insurance_outcome": eligibility.outcome.value,
        "insurance_kind": eligibility.kind.value,
        "insurance_code": eligibility.code,
        "insurance_valid_until": eligibility.valid_until,
        "insurance_checked_at": None if eligibility.outcome is InsuranceOutcome.UNVERIFIED else at,
    }


def _add_answer(connection: sa.Connection, check_in_id: uuid.UUID, eligibility: Eligibility, at: dt.datetime) -> None:
    """Keep each answer as received; that none came is evidence too (Decree 188/2025, article 38)."""
    answer = {
        "id": uuid.uuid4(),
        "check_in_id": check_in_id,
        "received_at": at,
        "code": eligibility.code,
        "card_number": eligibility.card_number,
        "raw": eligibility.raw,
    }
    connection.execute(insurance_answer.insert(), answer)  # values beside the statement, as for the person
