"""Check-ins in the database: one transaction each, the same ticket however often it is repeated."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from kiosk_ui.app.audit import AuditAction, AuditEntry
from kiosk_ui.app.domain.check_in import CheckInDraft, Missing, Ticket, TicketKind, queue_label, slip_of
from kiosk_ui.app.domain.departments import Department
from kiosk_ui.app.domain.hand_over import HandOver
from kiosk_ui.app.domain.insurance import Eligibility, EligibilityQuery, InsuranceOutcome
from kiosk_ui.app.domain.priority import Priority
from kiosk_ui.app.domain.visitor import is_same_name
from kiosk_ui.app.failures import CHECK_IN_CONFLICT, STORE_BUSY, StoreError
from kiosk_ui.app.keys import StoreKey
from kiosk_ui.app.privacy import Pseudonyms
from kiosk_ui.app.store import amendments, audit_rows, outbox_rows, records
from kiosk_ui.app.store.database import ConstraintError, Database
from kiosk_ui.app.store.numbers import Stride, draw_number
from kiosk_ui.app.store.outbox_rows import OutboxKind
from kiosk_ui.app.store.schema import check_in, insurance_answer, patient_snapshot
from reader.verification.identity import HolderChecked

__all__ = ["CheckInStore", "StoredCheckIn"]

_TRIES = 5  # a race for a day's first number, or the same check-in twice at once, is settled by trying again
_NOT_ASKED = "not_asked"
_Row = sa.Row[*tuple[Any, ...]]


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
    kind: str
    priority: str
    identification: str
    patient_kind: str
    missing: str


class CheckInStore:
    """Stores check-ins and draws queue numbers.

    Args:
        database: an open database.
        pseudonyms: for the audit trail.
        device: name of this kiosk, for the audit trail.
        zone: the hospital's own time; its midnight begins a new queue. Vietnam has had UTC+7 without summer time
            since 1975, so no time-zone database is needed.
        stride: which numbers this kiosk draws.
        tell: who is told of each check-in, in this order.
    """

    def __init__(
        self,
        database: Database,
        pseudonyms: Pseudonyms,
        device: str = "kiosk",
        zone: dt.tzinfo = dt.timezone(dt.timedelta(hours=7)),
        stride: Stride | None = None,
        tell: Collection[OutboxKind] = (OutboxKind.HAND_OVER,),
    ) -> None:
        self._database = database
        self._pseudonyms = pseudonyms
        self._device = device
        self._zone = zone
        self._stride = stride or Stride()
        self._tell = tuple(tell)

    def save(self, draft: CheckInDraft, at: dt.datetime) -> Ticket:
        """Store the check-in and give its ticket. Repeating it with the same draft gives the same ticket.

        Args:
            draft: what to store; its portrait is not.
            at: aware moment of the check-in.

        Raises:
            StoreError: ``store.unavailable``, ``store.disk_full``, ``store.read_only``, ``store.damaged``;
                ``store.busy`` after several lost races; ``store.check_in_conflict`` if the identifier belongs to another
                check-in.
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

    def find_today(self, number: str, day: dt.date, full_name: str = "") -> Ticket | None:
        """The ticket of the newest check-in of this number on ``day``; ``None`` if there is none, or no number.

        With a name, others that were made with the number under another name are passed over.
        """
        if not number:
            return None
        query = (
            sa.select(check_in, patient_snapshot.c.key_id, patient_snapshot.c.content)
            .join_from(check_in, patient_snapshot)
            .order_by(check_in.c.created_at.desc(), check_in.c.queue_number.desc())
        )
        with self._database.transaction("read") as connection:
            self._database.key_to_seal_with(connection)  # also if it has changed since this program began
            words = self._database.keys.search_words(number)
            query = query.where(check_in.c.day == day, patient_snapshot.c.number_word.in_(words))
            rows = connection.execute(query).all()
        for row in rows:
            person = self._person(row)
            if person.visitor.number != number:  # the word that it was found by stands in the clear: it was changed
                continue
            if not full_name or is_same_name(person.visitor.full_name, full_name):
                return self._ticket(row, person)
        return None

    def ticket_of(self, check_in_id: uuid.UUID) -> Ticket | None:
        """The ticket of a stored check-in; ``None`` when its personal data is gone."""
        with self._database.transaction("read") as connection:
            row = connection.execute(_whole(check_in_id)).one_or_none()
        return None if row is None else self._ticket(row, self._person(row))

    def draft_of(self, check_in_id: uuid.UUID) -> HandOver | None:
        """A stored check-in whole, as the hospital system gets it; ``None`` when its personal data is gone."""
        with self._database.transaction("read") as connection:
            row = connection.execute(_whole(check_in_id)).one_or_none()
            if row is None:
                return None
            eligibility = self._eligibility(connection, row)
        person = self._person(row)
        return HandOver(
            key=check_in_id,
            visitor=person.visitor,
            eligibility=eligibility,
            department=person.department or _unnamed(row),
            priority=Priority(row.priority),
            phone=person.phone,
            consents=person.consents,
            method=row.national_method,
            holder_checked=HolderChecked(row.holder_checked),
            at=row.created_at.astimezone(self._zone),
            queue_number=row.queue_label,
            patient_id=None if person.patient is None else person.patient.patient_id,
            appointment_id=person.appointment_id,
            missing=tuple(row.missing.split()),
        )

    def insurance_query(self, check_in_id: uuid.UUID) -> EligibilityQuery | None:
        """What to ask the insurer about a stored check-in; ``None`` when its personal data is gone."""
        with self._database.transaction("read") as connection:
            row = connection.execute(_whole(check_in_id)).one_or_none()
        if row is None:
            return None
        visitor = self._person(row).visitor
        return EligibilityQuery(visitor.number, visitor.full_name, visitor.date_of_birth)

    def record_insurance(self, check_in_id: uuid.UUID, eligibility: Eligibility, at: dt.datetime) -> None:
        """Add an answer that came later. One that says nothing about the patient is kept but changes nothing.

        One that does is handed over to the hospital system, too; one that a counter has to settle puts "insurance"
        among what is missing.
        """
        with self._database.transaction("insurance") as connection:
            _add_answer(connection, self._database.key_to_seal_with(connection), check_in_id, eligibility, at)
            if eligibility.outcome is not InsuranceOutcome.UNVERIFIED:
                values = _insurance_columns(eligibility, at)
                if eligibility.outcome is InsuranceOutcome.COUNTER:
                    values["missing"] = _with_insurance(connection, check_in_id)
                connection.execute(check_in.update().where(check_in.c.id == check_in_id).values(**values))
                self._tell_again(connection, check_in_id, at)
            entry = AuditEntry(AuditAction.INSURANCE_CHECKED, eligibility.code, check_in_id)
            audit_rows.add_entry(connection, entry, device=self._device, at=at)

    def record_holder(self, day: dt.date, number: str, checked: HolderChecked, at: dt.datetime) -> bool:
        """Write down that a desk compared the person with a number of ``day`` with the photo, or took that back.

        Returns:
            Whether it was news; then the check-in is handed over again.
        """
        with self._database.transaction("holder") as connection:
            check_in_id = amendments.mark_holder(connection, day, number, checked)
            if check_in_id is None:
                return False
            self._tell_again(connection, check_in_id, at)
            entry = AuditEntry(AuditAction.HOLDER_CHECKED, checked.value, check_in_id)
            audit_rows.add_entry(connection, entry, device=self._device, at=at)
        return True

    def note(self, entry: AuditEntry, at: dt.datetime) -> None:
        """Add one line to the audit trail."""
        with self._database.transaction("audit") as connection:
            audit_rows.add_entry(connection, entry, device=self._device, at=at)

    def audit_of(self, check_in_id: uuid.UUID) -> list[tuple[str, str]]:
        """Actions and outcomes noted about one check-in, oldest first."""
        with self._database.transaction("read") as connection:
            return audit_rows.entries(connection, check_in_id)

    # ------------------------------------------------------------------------------------------------
    def _tell_again(self, connection: sa.Connection, check_in_id: uuid.UUID, at: dt.datetime) -> None:
        if OutboxKind.HAND_OVER in self._tell:
            amendments.tell_again(connection, check_in_id, at)

    def _save(self, connection: sa.Connection, draft: CheckInDraft, at: dt.datetime) -> Ticket:
        if self._is_stored(connection, draft):
            self._audit(connection, AuditAction.CHECK_IN_REPEATED, draft, at)
        else:
            self._add(connection, draft, at)
        row = connection.execute(sa.select(check_in).where(check_in.c.id == draft.check_in_id)).one()
        slip = slip_of(draft) if draft.exit is TicketKind.COUNTER else None
        return self._ticket(row, records.PersonRecord(draft.visitor, draft.department, slip=slip))

    def _add(self, connection: sa.Connection, draft: CheckInDraft, at: dt.datetime) -> None:
        key = self._database.key_to_seal_with(connection)
        day = at.astimezone(self._zone).date()
        number = draw_number(connection, draft.department.code, day, self._stride)
        columns = {
            "id": draft.check_in_id,
            "created_at": at,
            "day": day,
            "queue_number": number,
            "queue_label": queue_label(draft.department.prefix, number),
            **_draft_columns(draft),
            **_insurance_columns(draft.eligibility, at),
        }
        connection.execute(check_in.insert(), columns)
        _add_person(connection, key, draft, at)
        _add_answer(connection, key, draft.check_in_id, draft.eligibility, at)
        for kind in self._tell:
            outbox_rows.add(connection, kind, draft.check_in_id, at)
        if draft.eligibility.outcome is InsuranceOutcome.UNVERIFIED:
            outbox_rows.add(connection, OutboxKind.INSURANCE_CHECK, draft.check_in_id, at)
        self._audit(connection, AuditAction.CHECK_IN_STORED, draft, at)
        for consent in draft.consents:  # provable for as long as the trail is kept (Law 91/2025/QH15)
            said = AuditAction.CONSENT_GIVEN if consent.given else AuditAction.CONSENT_REFUSED
            self._audit(connection, said, draft, at, f"{consent.purpose.value} {consent.text_version}")

    def _is_stored(self, connection: sa.Connection, draft: CheckInDraft) -> bool:
        """Whether this very check-in is there already. Raises ``store.check_in_conflict`` if another one is."""
        query = (
            sa.select(check_in.c.department, patient_snapshot.c.key_id, patient_snapshot.c.content, check_in.c.id)
            .join_from(check_in, patient_snapshot, isouter=True)
            .where(check_in.c.id == draft.check_in_id)
        )
        row = connection.execute(query).one_or_none()
        if row is None:
            return False
        is_same = row.content is None or self._person(row).visitor.number == draft.visitor.number
        if row.department != draft.department.code or not is_same:
            raise StoreError(CHECK_IN_CONFLICT)
        return True

    def _person(self, row: _Row) -> records.PersonRecord:
        place = records.place_of(records.SNAPSHOTS, row.id)
        return records.person_of(self._database.keys.open(row.key_id, row.content, place))

    def _eligibility(self, connection: sa.Connection, row: _Row) -> Eligibility:
        """The answer that counts: the one that the check-in's own columns are from."""
        query = (
            sa.select(insurance_answer)
            .where(insurance_answer.c.check_in_id == row.id, insurance_answer.c.code == row.insurance_code)
            .order_by(insurance_answer.c.received_at.desc())
            .limit(1)
        )
        answer = connection.execute(query).one_or_none()
        about = (row.insurance_kind, row.insurance_code, row.insurance_valid_until)
        if answer is None:
            return records.answer_of(b"{}", *about)
        place = records.place_of(records.ANSWERS, answer.id)
        content = self._database.keys.open(answer.key_id, answer.content, place)
        records.require_about(content, row.id)
        return records.answer_of(content, *about)

    def _audit(
        self, connection: sa.Connection, action: AuditAction, draft: CheckInDraft, at: dt.datetime, outcome: str = ""
    ) -> None:
        outcome = outcome or f"{draft.visitor.assurance.value} {draft.eligibility.outcome.value}"
        subject = self._pseudonyms.of(draft.visitor.number, "audit") if draft.visitor.number else None
        entry = AuditEntry(action, outcome, draft.check_in_id, subject)
        audit_rows.add_entry(connection, entry, device=self._device, at=at)

    def _ticket(self, row: _Row, person: records.PersonRecord) -> Ticket:
        department = person.department or _unnamed(row)
        return Ticket(
            check_in_id=row.id,
            number=row.queue_label,
            department_vi=department.name_vi,
            department_en=department.name_en,
            place_vi=department.place_vi,
            place_en=department.place_en,
            issued_at=row.created_at.astimezone(self._zone),
            insurance_unverified=row.insurance_outcome == InsuranceOutcome.UNVERIFIED.value,
            at_counter=Missing.INSURANCE.value in row.missing.split(),
            kind=TicketKind(row.kind),
            priority=Priority(row.priority),
            slip=person.slip,
            holder_checked=HolderChecked(row.holder_checked),
        )


def _whole(check_in_id: uuid.UUID) -> sa.Select[Any]:
    return (
        sa.select(check_in, patient_snapshot.c.key_id, patient_snapshot.c.content)
        .join_from(check_in, patient_snapshot)
        .where(check_in.c.id == check_in_id)
    )


def _unnamed(row: _Row) -> Department:
    """The department of a row of the first version, which kept its code only."""
    return Department(row.department, row.department, row.department, row.queue_label[:1], "", "")


def _with_insurance(connection: sa.Connection, check_in_id: uuid.UUID) -> str:
    """What a check-in lacks, with the insurance, in the order of the list of words."""
    said = connection.execute(sa.select(check_in.c.missing).where(check_in.c.id == check_in_id)).scalar_one_or_none()
    words = {*(said or "").split(), Missing.INSURANCE.value}
    return " ".join(word.value for word in Missing if word.value in words)


def _draft_columns(draft: CheckInDraft) -> dict[str, object]:
    return {
        "department": draft.department.code,
        "decision": draft.decision.value,
        "decision_reasons": " ".join(draft.reasons),
        "assurance": draft.visitor.assurance.value,
        "national_method": draft.visitor.assurance.national_method,
        "holder_checked": draft.visitor.holder_checked.value,
        "kind": draft.exit.value,
        "priority": draft.priority.value,
        "identification": draft.visitor.identification.value,
        "patient_kind": _NOT_ASKED if draft.patient is None else draft.patient.kind.value,
        "missing": " ".join(draft.missing),
    }


def _insurance_columns(eligibility: Eligibility, at: dt.datetime) -> dict[str, object]:
    return {
        "insurance_outcome": eligibility.outcome.value,
        "insurance_kind": eligibility.kind.value,
        "insurance_code": eligibility.code,
        "insurance_valid_until": eligibility.valid_until,
        "insurance_checked_at": None if eligibility.outcome is InsuranceOutcome.UNVERIFIED else at,
    }


def _add_person(connection: sa.Connection, key: StoreKey, draft: CheckInDraft, at: dt.datetime) -> None:
    slip = slip_of(draft) if draft.exit is TicketKind.COUNTER else None
    number = draft.visitor.number
    # Values beside the statement, not in it: SQLAlchemy keeps a compiled statement for the life of the process, and
    # the values that stood in it when it was compiled (the day's first patient).
    snapshot = {
        "check_in_id": draft.check_in_id,
        "kept_from": at,
        "key_id": key.id,
        "number_word": key.search_word(number) if number else None,
        "content": key.seal(
            records.person_content(draft, slip), records.place_of(records.SNAPSHOTS, draft.check_in_id)
        ),
    }
    connection.execute(patient_snapshot.insert(), snapshot)


def _add_answer(
    connection: sa.Connection, key: StoreKey, check_in_id: uuid.UUID, eligibility: Eligibility, at: dt.datetime
) -> None:
    """Keep each answer as received; that none came is evidence too (Decree 188/2025, article 38)."""
    row = uuid.uuid4()
    answer = {
        "id": row,
        "check_in_id": check_in_id,
        "received_at": at,
        "code": eligibility.code,
        "key_id": key.id,
        "content": key.seal(records.answer_content(eligibility, check_in_id), records.place_of(records.ANSWERS, row)),
    }
    connection.execute(insurance_answer.insert(), answer)  # values beside the statement, as for the person
