"""How many connections are open, and from where: a hall full of phones may not take the places of kiosks and desks."""

from __future__ import annotations

import threading

__all__ = ["MOST_CONNECTIONS", "MOST_FROM_ONE", "Crowd"]

MOST_CONNECTIONS = 500  # 20 kiosks, 50 desks and some screens have 100; the rest is whoever looks at the call screen
MOST_FROM_ONE = 60
_CROWDED_AT = 300  # from here on whoever only looks is let go after each answer
_CROWDED_FROM_ONE_AT = 40  # the same for one address, behind which a whole network may stand


class Crowd:
    """Counts the connections of one service.

    Kept connections are quick, so everybody has one while there is room. When it gets crowded, a look at the call screen
    ends its connection: the next one opens another, which takes longer, and nobody is turned away.
    """

    def __init__(self) -> None:
        self._from: dict[str, int] = {}
        self._all = 0
        self._lock = threading.Lock()

    def opened(self, address: str) -> int:
        """Count one; returns how many its address has now."""
        with self._lock:
            self._all += 1
            self._from[address] = self._from.get(address, 0) + 1
            return self._from[address]

    def closed(self, address: str) -> None:
        """One that was counted is over."""
        with self._lock:
            self._all -= 1
            left = self._from.get(address, 0) - 1
            if left > 0:
                self._from[address] = left
            else:
                self._from.pop(address, None)

    def is_crowded(self, address: str) -> bool:
        """Whether somebody at ``address`` who only looks should not keep a connection."""
        with self._lock:
            return self._all >= _CROWDED_AT or self._from.get(address, 0) >= _CROWDED_FROM_ONE_AT
