"""Background work of a check-in in lanes: what hangs in one lane holds up no other.

Questions (insurer, hospital system, today's check-ins) may be lost: the flow goes on without an answer, and the outbox asks
again. What is to be done (store, print, note) is never lost.
"""

from __future__ import annotations

import contextlib
import enum
import logging
import queue
import threading
import time
from collections.abc import Callable

__all__ = ["Lane", "WorkerThreads"]

_log = logging.getLogger(__name__)

_MOST_WAITING_QUESTIONS = 4
"""Questions that wait behind one that hangs; the next is not asked. Its patient goes on when the time limit is over."""
_END_WITHIN_S = 30.0
"""How long the end of the program waits for tickets and lines of the audit trail; a printer may hang for ever."""


class Lane(enum.StrEnum):
    """What work is about."""

    INSURANCE = "insurance"
    PATIENT = "patient"
    EARLIER = "earlier"
    SAVE = "save"
    PRINT = "print"
    NOTE = "note"

    @property
    def is_question(self) -> bool:
        """Whether the check-in goes on without it."""
        return self in (Lane.INSURANCE, Lane.PATIENT, Lane.EARLIER)


class WorkerThreads:
    """An :class:`~kiosk_ui.app.ports.Executor`: threads of its own for each lane, made when they are first needed.

    Args:
        threads: for each kind of question, and for the store: one that hangs does not hold up the next patient.
            Paper and audit trail have one each, so that they keep their order.
    """

    def __init__(self, threads: int = 2) -> None:
        self._lanes = {lane: _Lane(lane, 1 if lane in (Lane.PRINT, Lane.NOTE) else threads) for lane in Lane}

    def submit(self, work: Callable[[], None], lane: Lane = Lane.NOTE) -> None:
        """Run ``work`` soon. What it raises is a mistake of ours and is logged by name, never by text."""
        self._lanes[lane].submit(work)

    def close(self) -> None:
        """Wait for what is to be done, also for what has not begun: a ticket or a line of the audit trail may be in it.

        Questions are let go.
        """
        end = time.monotonic() + _END_WITHIN_S
        for lane in self._lanes.values():
            lane.stop()
        for lane in self._lanes.values():
            lane.join(end)


class _Lane:
    def __init__(self, lane: Lane, threads: int) -> None:
        self._lane = lane
        self._most_threads = threads
        self._threads: list[threading.Thread] = []
        self._waiting: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._idle = 0
        self._is_closed = False

    def submit(self, work: Callable[[], None]) -> None:
        with self._lock:
            if self._is_closed:
                _log.error("work for the lane %s came after its end and is not done", self._lane.value)
                return
            if self._lane.is_question and self._waiting.qsize() >= _MOST_WAITING_QUESTIONS:
                _log.warning("too much waits in the lane %s: a question is not asked", self._lane.value)
                return
            self._waiting.put(work)
            if self._waiting.qsize() > self._idle and len(self._threads) < self._most_threads:
                thread = threading.Thread(target=self._run, name=f"kiosk-{self._lane.value}", daemon=True)
                self._threads.append(thread)
                thread.start()

    def stop(self) -> None:
        """Take no more, and end each thread after what was handed in before; questions are dropped."""
        with self._lock:
            self._is_closed = True
            with contextlib.suppress(queue.Empty):
                while self._lane.is_question:
                    self._waiting.get_nowait()
            for _ in self._threads:
                self._waiting.put(None)

    def join(self, end: float) -> None:
        """Wait until ``end`` (monotonic seconds) for what is to be done."""
        if self._lane.is_question:
            return
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))
            if thread.is_alive():
                _log.error("work in the lane %s did not end in time", self._lane.value)

    def _run(self) -> None:
        while True:
            with self._lock:
                self._idle += 1
            work = self._waiting.get()
            with self._lock:
                self._idle -= 1
            if work is None:
                return
            try:
                work()
            except Exception as mistake:  # noqa: BLE001 - one patient's mishap must not stop the lane for the next
                # The text could quote anything; the flow's own time limit brings the patient on.
                _log.error("background work ended with %s", type(mistake).__name__)
            del work  # it holds the patient's data, and the next patient may be hours away
