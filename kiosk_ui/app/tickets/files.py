"""A printer without a printer: each ticket becomes a PDF and a picture in a folder."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
import tempfile
from pathlib import Path
from typing import Final

from kiosk_ui.app.domain.check_in import Ticket
from kiosk_ui.app.failures import PRINTER_DISK_FULL, PRINTER_FAILED, PrinterError
from kiosk_ui.app.full_disk import is_full
from kiosk_ui.app.ports import PrinterState
from kiosk_ui.app.tickets.layout import PaperWidth
from kiosk_ui.app.tickets.pdf import ticket_pdf
from kiosk_ui.app.tickets.raster import ticket_png

__all__ = ["MOST_KEPT", "FileTicketPrinter"]

_OURS: Final = re.compile(r"ticket-.+-[0-9a-f]{8}\.(pdf|png).*")  # with what a killed program left half-written
MOST_KEPT: Final = 200
"""Tickets in the folder; the oldest go. No paper runs out here, so nobody else would notice that it grows."""


class FileTicketPrinter:
    """A :class:`~kiosk_ui.app.ports.TicketPrinter` that leaves each ticket as PDF and PNG in a folder.

    Args:
        folder: made if it is not there.
        paper: width of the roll.
        most_kept: tickets; for one more than that the oldest is deleted.
        keeps_people: whether slips are written with name, number and birthday. A file stays where paper is carried away,
            so without it a slip names its reference alone, by which the counter finds the rest.
    """

    def __init__(
        self,
        folder: Path,
        paper: PaperWidth = PaperWidth.MM_80,
        *,
        most_kept: int = MOST_KEPT,
        keeps_people: bool = False,
    ) -> None:
        self._folder = folder
        self._most_kept = most_kept
        self._paper = paper
        self._keeps_people = keeps_people

    def print(self, ticket: Ticket) -> None:
        """Write both files; printing the same ticket again writes the same names.

        Raises:
            PrinterError: the folder cannot be written, or the disk is full.
        """
        pdf, png = self.paths(ticket)
        shown = ticket if self._keeps_people else _without_person(ticket)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._delete_oldest({pdf.name, png.name})  # first: it may be what fills the disk
            _write_whole(png, ticket_png(shown, self._paper))
            _write_whole(pdf, ticket_pdf(shown, self._paper))
        except OSError as error:
            code = PRINTER_DISK_FULL if is_full(error) else PRINTER_FAILED
            raise PrinterError(code, cause=type(error).__name__) from None

    def status(self) -> PrinterState:
        """Whether the folder can be written."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            return PrinterState.GONE
        return PrinterState.READY if os.access(self._folder, os.W_OK) else PrinterState.GONE

    def _delete_oldest(self, about_to_come: set[str]) -> None:
        """Make room for one more. What cannot be deleted now is met again at the next print."""
        others: list[tuple[float, str]] = []
        with contextlib.suppress(OSError), os.scandir(self._folder) as found:
            ours = (each for each in found if _OURS.fullmatch(each.name) and each.name not in about_to_come)
            others.extend((each.stat(follow_symlinks=False).st_mtime, each.name) for each in ours)
        for _, name in sorted(others, reverse=True)[2 * (self._most_kept - 1) :]:
            with contextlib.suppress(OSError):
                (self._folder / name).unlink()

    def paths(self, ticket: Ticket) -> tuple[Path, Path]:
        """Where the ticket's PDF and PNG are, or will be."""
        stem = f"ticket-{ticket.number}-{ticket.check_in_id.hex[:8]}"
        return self._folder / f"{stem}.pdf", self._folder / f"{stem}.png"


def _without_person(ticket: Ticket) -> Ticket:
    if ticket.slip is None:
        return ticket
    slip = dataclasses.replace(ticket.slip, full_name="", masked_number="", date_of_birth_text="")
    return dataclasses.replace(ticket, slip=slip)


def _write_whole(path: Path, content: bytes) -> None:
    """Nobody ever sees half a file."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as part:
            part.write(content)
        os.replace(name, path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
