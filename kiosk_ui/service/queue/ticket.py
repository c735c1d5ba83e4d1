"""A ticket as it arrives, the place where it stands then, and the desks that call it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid

from kiosk_ui.app.domain.check_in import TicketKind
from kiosk_ui.app.domain.priority import Priority
from kiosk_ui.service.queue.entry import Entry
from reader.verification.identity import HolderChecked

__all__ = ["Admitted", "Desk", "NewTicket"]


@dataclasses.dataclass(frozen=True, slots=True)
class Desk:
    """Where people are called to.

    Attributes:
        code: stable key.
        name: as staff call it.
        place_vi: where it is, as the call screen says it; ``place_en`` the same in the second language.
        queues: codes of the departments it calls for, or ``counter``.
    """

    code: str
    name: str
    place_vi: str
    place_en: str
    queues: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class NewTicket:
    """A ticket as a kiosk sends it.

    Attributes:
        check_in_id: sent again, it is the same ticket.
        day: the kiosk's calendar day on which the number was drawn.
        kind: a department's number, or a slip for the counter.
        department: the department's code; not looked at for a slip.
        label: as printed.
        priority: what needs staff counts once they confirm it.
        issued_at: aware moment of the check-in, by the kiosk's clock.
        sent_at: what that clock said when the ticket was sent; ``None`` from an earlier kiosk.
        holder_checked: whether anybody compared the person with the photo; ``None`` from an earlier kiosk.
    """

    check_in_id: uuid.UUID
    day: dt.date
    kind: TicketKind
    department: str
    label: str
    priority: Priority
    issued_at: dt.datetime
    sent_at: dt.datetime | None = None
    holder_checked: HolderChecked | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Admitted:
    """A ticket in its queue. ``is_new`` is false when it was there already; ``day`` is the queue's."""

    entry: Entry
    is_new: bool
    day: dt.date
