"""An outbox is watched delivery by delivery: many slow ones are a bad day of the network, one that never ends is stuck."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kiosk_ui.app.domain.check_in import CheckInDraft
from kiosk_ui.app.domain.departments import DEFAULT_DEPARTMENTS
from kiosk_ui.app.domain.insurance import Eligibility
from kiosk_ui.app.domain.visitor import Visitor
from kiosk_ui.app.operation.signs_of_life import Pulse
from kiosk_ui.app.operation.watched_outbox import WatchedOutbox
from kiosk_ui.app.outbox import OutboxRun, TryLater
from kiosk_ui.app.privacy import Pseudonyms
from kiosk_ui.app.store.check_ins import CheckInStore
from kiosk_ui.app.store.database import Database, sqlite_url
from kiosk_ui.app.store.outbox_rows import OutboxItem, OutboxKind, OutboxStore
from reader.verification.identity import Assurance, Identity, Sex
from reader.verification.verdict import Decision

NOW = dt.datetime(2026, 3, 2, 0, 15, tzinfo=dt.UTC)
LIMIT_S = 180.0
WAITING = 12


@dataclasses.dataclass
class Clock:
    now_s: float = 1_000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def rows(tmp_path: Path) -> Iterator[OutboxStore]:
    database = Database(sqlite_url(tmp_path / "kiosk.sqlite"))
    check_ins = CheckInStore(database, Pseudonyms(b"k" * 32))
    for number in range(WAITING):
        identity = Identity(
            f"0400850{number:05d}", "NGUYEN VAN AN", dt.date(1985, 2, 3), Sex.MALE, "VNM", None, None, False, None,
            Assurance.CHIP_VERIFIED,
        )  # fmt: skip
        unknown = Eligibility.unavailable("relay.unreachable")
        visitor = Visitor.from_identity(identity)
        draft = CheckInDraft(uuid.UUID(int=number), visitor, unknown, DEFAULT_DEPARTMENTS[0], Decision.ACCEPT)
        check_ins.save(draft, NOW)
    yield OutboxStore(database)
    database.close()


def outbox_of(rows: OutboxStore, clock: Clock, during: Callable[[], None]) -> tuple[WatchedOutbox, Pulse]:
    def handler(item: OutboxItem, now: dt.datetime) -> None:
        during()
        raise TryLater("relay.unreachable")

    outbox = WatchedOutbox(rows, {OutboxKind.INSURANCE_CHECK: handler})
    outbox.pulse = Pulse("outbox", LIMIT_S, monotonic=clock)
    return outbox, outbox.pulse


def test_many_deliveries_that_wait_for_a_dead_network_are_no_reason_to_end_the_kiosk(rows: OutboxStore) -> None:
    clock = Clock()
    lived: list[bool] = []

    def slow() -> None:
        clock.now_s += 20  # the relay takes the connection and never answers
        lived.append(pulse.lives)

    outbox, pulse = outbox_of(rows, clock, slow)
    assert outbox.run_once(NOW) == OutboxRun(postponed=WAITING)
    assert lived == [True] * WAITING
    assert pulse.lives


def test_one_delivery_that_never_ends_is_noticed(rows: OutboxStore) -> None:
    clock = Clock()
    lived: list[bool] = []

    def stuck() -> None:
        clock.now_s += LIMIT_S + 1
        lived.append(pulse.lives)

    outbox, pulse = outbox_of(rows, clock, stuck)
    outbox.run_once(NOW, limit=1)
    assert lived == [False]


def test_an_outbox_that_nobody_runs_any_more_is_noticed(rows: OutboxStore) -> None:
    clock = Clock()
    outbox, pulse = outbox_of(rows, clock, lambda: None)
    outbox.run_once(NOW)
    clock.now_s += LIMIT_S + 1
    assert not pulse.lives
    outbox.run_once(NOW)  # nothing is due: that it looked is a sign all the same
    assert pulse.lives
