"""Telling others later: each item of the outbox is delivered at least once, with growing pauses after failures.

A delivery may be repeated (the process can die between doing and ticking off), so a handler must be harmless the
second time and pass the item's idempotency key on where another system is told.
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
import datetime as dt
import logging
import random
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from crypto.errors import ChipIdError, Hint
from kiosk_ui.app.audit import AuditAction, AuditEntry
from kiosk_ui.app.domain.insurance import Eligibility, InsuranceOutcome
from kiosk_ui.app.failures import (
    BIRTH_DATE_INCOMPLETE,
    PERSONAL_DATA_GONE,
    STORE_DAMAGED,
    GatewayError,
    StoreError,
)
from kiosk_ui.app.ports import Clock, EligibilityGateway, HospitalSystem, QueueDesk
from kiosk_ui.app.store.check_ins import CheckInStore
from kiosk_ui.app.store.outbox_rows import OutboxItem, OutboxKind, OutboxStore

__all__ = [
    "BackOff",
    "Chore",
    "Failure",
    "GiveUp",
    "HandOverDelivery",
    "Handler",
    "InsuranceCheck",
    "Outbox",
    "OutboxRun",
    "OutboxThread",
    "QueueDelivery",
    "TryLater",
    "handled_kinds",
]

_log = logging.getLogger(__name__)


class TryLater(Exception):  # noqa: N818 - a decision of a handler, not an error
    """A handler's word that the item is not delivered yet. ``code`` is a stable name, kept with the item."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class GiveUp(Exception):  # noqa: N818 - a decision of a handler, not an error
    """A handler's word that trying again cannot help. ``code`` is a stable name, shown to staff."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Handler(Protocol):
    """Delivers items of one kind."""

    def __call__(self, item: OutboxItem, now: dt.datetime) -> None:
        """Deliver.

        Raises:
            TryLater: not yet.
            GiveUp: never.
            ChipIdError: it did not work; its hint says whether it can work by itself some time.
        """
        ...


@dataclasses.dataclass(frozen=True, slots=True)
class Failure:
    """Why an item was not delivered."""

    code: str
    needs_people: bool = False  # nothing changes until somebody does something about it
    is_final: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class BackOff:
    """Pauses between attempts: doubled each time up to a limit, shortened at random so that kiosks do not knock together.

    Attributes:
        first_s: pause after the first failure.
        longest_s: no pause is longer.
        give_up_after: age at which an item is given up and left to staff,
        fewest_attempts: but never before it was tried so often: a kiosk that was switched off over a holiday, or whose
            clock stood in 1970 when the item was written, has hardly tried yet.
        attempts_if_refused: an item is given up after so many refusals that people have to see to, such as a wrong token.
    """

    first_s: float = 15.0
    longest_s: float = 1_800.0
    give_up_after: dt.timedelta = dt.timedelta(days=3)
    fewest_attempts: int = 20
    attempts_if_refused: int = 5

    def pause(self, failures: int, chance: float) -> dt.timedelta:
        """Pause after ``failures`` (1 …) failures; ``chance`` in [0, 1) takes away up to half of it."""
        whole = min(self.longest_s, self.first_s * 2.0 ** min(failures - 1, 30))
        return dt.timedelta(seconds=whole * (1 - chance / 2))

    def is_over(self, failures: int, age: dt.timedelta) -> bool:
        """Whether an item of that ``age`` is given up after so many failures."""
        return age >= self.give_up_after and failures >= self.fewest_attempts


@dataclasses.dataclass(frozen=True, slots=True)
class OutboxRun:
    """Counts of one run."""

    delivered: int = 0
    postponed: int = 0
    given_up: int = 0


class Outbox:
    """Delivers what is due.

    Args:
        store: the rows.
        handlers: who delivers which kind; other kinds wait.
        back_off: pauses.
        chance: random numbers in [0, 1).
        lease: how long one delivery may take before another process may try the item.
    """

    def __init__(
        self,
        store: OutboxStore,
        handlers: Mapping[OutboxKind, Handler],
        back_off: BackOff | None = None,
        chance: Callable[[], float] = random.random,
        lease: dt.timedelta = dt.timedelta(minutes=2),
    ) -> None:
        self._store = store
        self._handlers = dict(handlers)
        self._back_off = back_off or BackOff()
        self._chance = chance
        self._lease = lease

    @property
    def kinds(self) -> tuple[OutboxKind, ...]:
        """What it delivers."""
        return tuple(self._handlers)

    def run_once(self, now: dt.datetime, limit: int = 50) -> OutboxRun:
        """Try everything that is due at ``now``, at most ``limit`` items, oldest first.

        Raises:
            StoreError: the store itself failed; nothing is lost, leased items come round again.
        """
        delivered = postponed = given_up = 0
        for _ in range(limit):
            item = self._next(now) if self._handlers else None
            if item is None:
                break
            failure = self._deliver(item, now)
            if failure is None:
                self._store.done(item, now)
                delivered += 1
            elif self._is_over(item, failure, now):
                self._store.done(item, now, failure.code)
                given_up += 1
            else:
                pause = self._back_off.pause(item.attempts + 1, self._chance())
                self._store.postpone(item, now + pause, failure.code)
                postponed += 1
        return OutboxRun(delivered, postponed, given_up)

    def _next(self, now: dt.datetime) -> OutboxItem | None:
        longest = dt.timedelta(seconds=self._back_off.longest_s)
        return self._store.lease_next(now, tuple(self._handlers), self._lease, longest)

    def _is_over(self, item: OutboxItem, failure: Failure, now: dt.datetime) -> bool:
        attempts = item.attempts + 1
        if failure.is_final or (failure.needs_people and attempts >= self._back_off.attempts_if_refused):
            return True
        return self._back_off.is_over(attempts, now - item.created_at)

    def _deliver(self, item: OutboxItem, now: dt.datetime) -> Failure | None:
        """``None`` if delivered."""
        try:
            self._handlers[item.kind](item, now)
        except TryLater as later:
            return Failure(later.code)
        except GiveUp as end:
            return Failure(end.code, is_final=True)
        except StoreError as error:
            if error.code is not STORE_DAMAGED:
                raise  # the store's failure, not the item's
            return Failure(error.code.name, needs_people=True)  # one damaged record must not hold up the others
        except ChipIdError as error:
            return Failure(error.code.name, needs_people=error.hint is not Hint.RETRY_LATER)
        return None


class InsuranceCheck:
    """Asks the insurer again about a check-in whose insurance could not be looked up."""

    def __init__(self, check_ins: CheckInStore, gateway: EligibilityGateway) -> None:
        self._check_ins = check_ins
        self._gateway = gateway

    def __call__(self, item: OutboxItem, now: dt.datetime) -> None:
        query = self._check_ins.insurance_query(item.check_in_id)
        if query is None:
            return  # its personal data was deleted: there is nobody left to ask about
        try:
            answer = self._gateway.check(query)
        except GatewayError as error:
            if error.code is BIRTH_DATE_INCOMPLETE:
                self._check_ins.record_insurance(item.check_in_id, Eligibility.unavailable(error.code.name), now)
                return  # asking again cannot help; staff see it as unverified
            raise
        self._check_ins.record_insurance(item.check_in_id, answer, now)
        if answer.outcome is InsuranceOutcome.UNVERIFIED:
            raise TryLater(answer.code)


def handled_kinds(*, queue_service: bool) -> tuple[OutboxKind, ...]:
    """What a kiosk delivers: a hospital without a system of its own has nothing handed over, at once."""
    always = (OutboxKind.HAND_OVER, OutboxKind.INSURANCE_CHECK)
    return (*always, OutboxKind.QUEUE) if queue_service else always


class HandOverDelivery:
    """Tells the hospital system about check-ins."""

    def __init__(self, check_ins: CheckInStore, system: HospitalSystem) -> None:
        self._check_ins = check_ins
        self._system = system

    def __call__(self, item: OutboxItem, now: dt.datetime) -> None:
        record = self._check_ins.draft_of(item.check_in_id)
        if record is None:
            raise GiveUp(PERSONAL_DATA_GONE.name)
        self._system.hand_over(record)
        self._check_ins.note(AuditEntry(AuditAction.HANDED_OVER, "taken", item.check_in_id), now)


class QueueDelivery:
    """Tells the queue service about tickets."""

    def __init__(self, check_ins: CheckInStore, desk: QueueDesk) -> None:
        self._check_ins = check_ins
        self._desk = desk

    def __call__(self, item: OutboxItem, now: dt.datetime) -> None:
        ticket = self._check_ins.ticket_of(item.check_in_id)
        if ticket is None:
            raise GiveUp(PERSONAL_DATA_GONE.name)
        self._desk.put(ticket)


Chore = Callable[[dt.datetime, float], object]
"""Something to be looked after now and then: called with the moment and with seconds that never jump."""


class OutboxThread:
    """Runs an outbox in the background until stopped, and the store's chores beside it.

    Args:
        outbox: what to run.
        clock: tells the time.
        interval_s: pause between runs.
        chores: called after each run; each decides by itself whether it is time for it.
    """

    def __init__(self, outbox: Outbox, clock: Clock, interval_s: float = 5.0, chores: Sequence[Chore] = ()) -> None:
        self._outbox = outbox
        self._clock = clock
        self._interval_s = interval_s
        self._chores = tuple(chores)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)

    def start(self) -> None:
        """Begin; may be called once."""
        self._thread.start()

    def stop(self, timeout_s: float = 10.0) -> None:
        """End after the delivery that is under way."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def _run(self) -> None:
        # Each run is a piece of work of its own: a mistake of ours in one of them must not end all that follow.
        with concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="outbox-run") as runs:
            while not self._stop.is_set():
                for work in (self._run_once, *map(self._done, self._chores)):
                    mistake = runs.submit(work).exception()
                    if mistake is not None:
                        # The text could quote anything. The item comes round again when its lease is over.
                        _log.error("outbox run ended with %s", type(mistake).__name__)
                self._stop.wait(self._interval_s)

    def _done(self, chore: Chore) -> Callable[[], None]:
        def work() -> None:
            try:
                chore(self._clock.now(), self._clock.monotonic())
            except StoreError as error:
                _log.warning("a chore of the store failed: %s", error.code.name)

        return work

    def _run_once(self) -> None:
        try:
            run = self._outbox.run_once(self._clock.now(), limit=10)
        except StoreError as error:
            _log.warning("outbox run failed: %s", error.code.name)
            return
        if run != OutboxRun():
            _log.info("outbox: %d delivered, %d postponed, %d given up", run.delivered, run.postponed, run.given_up)
