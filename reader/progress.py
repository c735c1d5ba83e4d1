"""What is going on, as typed events with stable numbers. Texts belong to whoever shows them."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable
from typing import TypeAlias

__all__ = ["OnProgress", "ProgressEvent", "ReadingPhase", "ignore_progress"]


class ReadingPhase(enum.IntEnum):
    """Phases of one reading, in the order in which they usually come. Numbers are stable."""

    CONNECTING = 10
    CARD_AWAITED = 15  # it was torn away, and may be laid down again; comes at any time
    ACCESS_CONTROL = 20
    READING_FILE = 30
    CHIP_AUTHENTICATION = 40
    TERMINAL_AUTHENTICATION = 45
    ACTIVE_AUTHENTICATION = 50
    VERIFYING = 60
    DONE = 90

    @property
    def label(self) -> str:
        """Lower-case name, as used for keys of ``timing_ms``."""
        return self.name.lower()


@dataclasses.dataclass(frozen=True, slots=True)
class ProgressEvent:
    """One step forward.

    Attributes:
        phase: what is being done.
        file: name of the file being read (``"DG2"``), or ``None``.
        done_bytes, total_bytes: of that file; ``total_bytes`` is 0 until the chip has said how long it is.
        files_done, files_total: how many files are complete, and how many the plan asks for; 0 of 0 while unknown.
    """

    phase: ReadingPhase
    file: str | None = None
    done_bytes: int = 0
    total_bytes: int = 0
    files_done: int = 0
    files_total: int = 0


OnProgress: TypeAlias = Callable[[ProgressEvent], None]


def ignore_progress(event: ProgressEvent) -> None:
    """An observer that looks away."""
