"""Which parts of the program still live: each shows a sign now and then, and one that is silent too long is stuck."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence

__all__ = ["Pulse", "SignsOfLife"]


class Pulse:
    """One part's signs.

    Args:
        name: of the part, a word of ours.
        limit_s: longest silence of a part that lives.
        always: a sign is due at all times; otherwise only while the part is at work (:meth:`at_work`).
        monotonic: seconds that only grow.
    """

    def __init__(
        self, name: str, limit_s: float, *, always: bool = True, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.name = name
        self.limit_s = limit_s
        self._always = always
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._begun: list[float] = []  # of the work that runs: a late thread must not hide a stuck one
        self._last = monotonic()

    def beat(self) -> None:
        """The part lives. From any thread."""
        self._last = self._monotonic()

    @contextlib.contextmanager
    def at_work(self) -> Iterator[None]:
        """A piece of work that must end within the limit, counted on its own; its end is a sign of life."""
        begun = self._monotonic()
        with self._lock:
            self._begun.append(begun)
        try:
            yield
        finally:
            with self._lock:
                self._begun.remove(begun)
            self.beat()

    def silence_s(self) -> float:
        """Seconds since the last sign that was due; 0 for a part that has nothing to do."""
        now = self._monotonic()
        with self._lock:
            oldest = min(self._begun, default=now)
        silence = now - oldest
        return max(silence, now - self._last) if self._always else silence

    @property
    def lives(self) -> bool:
        """Whether it has not been silent too long."""
        return self.silence_s() <= self.limit_s


class SignsOfLife:
    """All parts together."""

    def __init__(self, pulses: Sequence[Pulse]) -> None:
        self.pulses = tuple(pulses)

    def silent(self) -> tuple[str, ...]:
        """Names of the parts that are stuck."""
        return tuple(pulse.name for pulse in self.pulses if not pulse.lives)
