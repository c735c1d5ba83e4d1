"""One conversation with a receipt printer: questions of status, and the end of a job."""

from __future__ import annotations

import contextlib
from typing import Final

from kiosk_ui.app.ports import PrinterState
from kiosk_ui.app.tickets.channels import Channel
from kiosk_ui.app.tickets.printer_state import PrinterReport, is_end_of_job, is_status, report_of

__all__ = ["Conversation"]

_DLE_EOT: Final = b"\x10\x04"
_GS_R_PAPER: Final = b"\x1dr\x01"
# DLE DC4, function 8: clear the receive and the print buffer. Its seven parameters are fixed.
_CLEAR_BUFFERS: Final = bytes.fromhex("10140801031401060208")
_DRAIN_S = 0.01
_MOST_DRAINED = 16  # pieces; a line that never falls silent is noise


class Conversation:
    """Asks and listens over one open line. Any method may raise ``OSError``: the line is of no use any more.

    Args:
        channel: the line.
        answers: whether the printer can be heard; if not, no question is asked.
        timeout_s: how long an answer may take.
    """

    def __init__(self, channel: Channel, *, answers: bool, timeout_s: float) -> None:
        self._channel = channel
        self._answers = answers
        self._timeout_s = timeout_s
        self._end_heard = False

    def report(self) -> PrinterReport:
        """How the printer is: ``DLE EOT`` 1 (printer), 2 (why off line) and 4 (paper)."""
        if not self._answers:
            return PrinterReport(PrinterState.UNKNOWN)
        self._drain()
        answers: dict[int, int] = {}
        for which in (1, 2, 4):
            self._channel.send(_DLE_EOT + bytes([which]), self._timeout_s)
            said = self._hear(self._timeout_s)
            if not said:
                break  # who does not answer one does not answer the next
            answers[which] = said[-1]
        return report_of(answers)

    def tells_end(self) -> bool:
        """Whether the printer answers ``GS r`` at all; some do not have it. To be asked while it has nothing to do."""
        self.ask_for_end()
        return self.end_within(self._timeout_s)

    def ask_for_end(self) -> None:
        """Put a question behind all that was sent: ``GS r 1`` is answered when everything before it is done."""
        self._drain()
        self._end_heard = False
        self._channel.send(_GS_R_PAPER, self._timeout_s)

    def end_within(self, seconds: float) -> bool:
        """Whether the answer to :meth:`ask_for_end` has come, also while something else was asked."""
        if not self._end_heard:
            self._hear(seconds)
        return self._end_heard

    def forget(self) -> None:
        """Have the printer forget what it has not printed. Never raises."""
        with contextlib.suppress(OSError):
            self._channel.send(_CLEAR_BUFFERS, self._timeout_s)

    def _hear(self, seconds: float) -> list[int]:
        said = self._channel.receive(seconds)
        self._end_heard = self._end_heard or any(map(is_end_of_job, said))
        return [byte for byte in said if is_status(byte)]

    def _drain(self) -> None:
        """What was said before is no answer to what is asked now."""
        for _ in range(_MOST_DRAINED):
            said = self._channel.receive(_DRAIN_S)
            self._end_heard = self._end_heard or any(map(is_end_of_job, said))
            if not said:
                return
