"""The last lines of the log, for the operator's page. They are free of personal data already, as every line is."""

from __future__ import annotations

import collections
import datetime as dt
import logging
import threading

__all__ = ["RecentLines"]

MOST_LINES = 200
"""How many lines are kept."""

LONGEST_LINE = 300
"""Characters of one line; the rest is cut off."""


class RecentLines(logging.Handler):
    """Keeps what was logged last.

    Args:
        zone: the hospital's own time.
        level: what is less important is not kept.
    """

    def __init__(self, zone: dt.tzinfo, level: int = logging.INFO) -> None:
        super().__init__(level)
        self._zone = zone
        self._kept: collections.deque[str] = collections.deque(maxlen=MOST_LINES)
        self._own = threading.Lock()

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one line. What an exception says is left out: it could quote anything."""
        try:
            message = record.getMessage()
        except (TypeError, ValueError, KeyError):  # arguments that do not fit the text
            message = "(a line that could not be written)"
        at = dt.datetime.fromtimestamp(record.created, self._zone)
        text = "".join(letter if letter.isprintable() else " " for letter in message)
        line = f"{at:%H:%M:%S} {record.levelname} {record.name.rpartition('.')[2]}: {text}"
        with self._own:
            self._kept.append(line[:LONGEST_LINE])

    def lines(self) -> list[str]:
        """What is kept, the newest first."""
        with self._own:
            return list(reversed(self._kept))
