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
from collections.abc import Callable, Mapping
from typing import Protocol

from crypto.errors import ChipIdError
from kiosk_ui.app.domain.insurance import Eligibility, InsuranceOutcome
from kiosk_ui.app.failures import BIRTH_DATE_INCOMPLETE, GatewayError, StoreError
from kiosk_ui.app.ports import Clock, EligibilityGateway
from kiosk_ui.app.store.check_ins import CheckInStore
from kiosk_ui.app.store.outbox_rows import OutboxItem, OutboxKind, OutboxStore

__all__ = ["BackOff", "Handler", "InsuranceCheck", "Outbox", "OutboxRun", "OutboxThread", "TryLater"]

_log = logging.getLogger(__name__)


class TryLater(Exception):  # noqa: N818 - a decision of a handler, not an error
    """A handler's word that the item is not delivered yet. ``code`` is a stable name, kept with the item."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Handler(Protocol):
    """Delivers items of one kind."""

    def __call__(self, item: OutboxItem, now: dt.datetime) -> None:
        """Deliver. Raises :class:`TryLater` or a :class:`ChipIdError` if it did not work."""
        ...


@dataclasses.dataclass(frozen=True, slots=True)
class BackOff:
    """Pauses between attempts: doubled each time up to a limit, shortened at random so that kiosks do not knock together.

    Attributes:
        first_s: pause after the first failure.
        longest_s: no pause is longer.
        give_up_after: age at which an item is given up and left to staff,
        fewest_attempts: but never before it was tried so often: a kiosk that was switched off over a holiday, or whose
            clock stood in 1970 when the item was written, has hardly tried yet.
    """

    first_s: float = 15.0
    longest_s: float = 1_800.0
    give_up_after: dt.timedelta = dt.timedelta(days=3)
    fewest_attempts: int = 20

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
            error = self._deliver(item, now)
            if error is None:
                self._store.done(item, now)
                delivered += 1
            elif self._back_off.is_over(item.attempts + 1, now - item.created_at):
                self._store.done(item, now, error)
                given_up += 1
            else:
                pause = self._back_off.pause(item.attempts + 1, self._chance())
                self._store.postpone(item, now + pause, error)
                postponed += 1
        return OutboxRun(delivered, postponed, given_up)

    def _next(self, now: dt.datetime) -> OutboxItem | None:
        longest = dt.timedelta(seconds=self._back_off.longest_s)
        return self._store.lease_next(now, tuple(self._handlers), self._lease, longest)

    def _deliver(self, item: OutboxItem, now: dt.datetime) -> str | None:
        """``None`` if delivered, otherwise the stable name of what went wrong."""
        try:
            self._handlers[item.kind](item, now)
        except TryLater as later:
            return later.code
        except StoreError:
            raise
        except ChipIdError as error:
            return error.code.name
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


class OutboxThread:
    """Runs an outbox in the background until stopped.

    Args:
        outbox: what to run.
        clock: tells the time.
        interval_s: pause between runs.
    """

    def __init__(self, outbox: Outbox, clock: Clock, interval_s: float = 5.0) -> None:
        self._outbox = outbox
        self._clock = clock
        self._interval_s = interval_s
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
                mistake = runs.submit(self._run_once).exception()
                if mistake is not None:
                    # The text could quote anything. The item comes round again when its lease is over.
                    _log.error("outbox run ended with %s", type(mistake).__name__)
                self._stop.wait(self._interval_s)

    def _run_once(self) -> None:
        try:
            run = self._outbox.run_once(self._clock.now(), limit=10)
        except StoreError as error:
            _log.warning("outbox run failed: %s", error.code.name)
            return
        if run != OutboxRun():
            _log.info("outbox: %d delivered, %d postponed, %d given up", run.delivered, run.postponed, run.given_up)
