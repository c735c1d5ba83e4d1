"""One check-in as the hospital system gets it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid

from kiosk_ui.app.domain.consent import Consent
from kiosk_ui.app.domain.departments import Department
from kiosk_ui.app.domain.insurance import Eligibility
from kiosk_ui.app.domain.priority import Priority
from kiosk_ui.app.domain.visitor import Visitor
from reader.verification.identity import HolderChecked

__all__ = ["HandOver", "Receipt"]


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class HandOver:
    """What is handed over. Its ``repr`` shows nothing personal.

    Attributes:
        key: the check-in's identifier; handing the same key over again changes nothing.
        visitor: the person, without portrait.
        eligibility: what the insurer said, with its raw answer.
        department: where the visit is; the counter's own queue for a slip.
        priority: reason to be seen before others.
        phone: digits, or ``None``.
        consents: what was agreed to.
        method: national ``phuong_thuc_dinh_danh``.
        holder_checked: whether anybody compared the person with the photo.
        at: aware moment of the check-in.
        xml0: the record of QĐ 3176 as far as it is known, UTF-8, or ``None``.
        queue_number: as called, e.g. ``A012``.
        patient_id: the hospital's identifier if it named one.
        appointment_id: the appointment that was taken, or ``None``.
        missing: stable words why a counter has to look.
    """

    key: uuid.UUID
    visitor: Visitor
    eligibility: Eligibility
    department: Department
    priority: Priority
    phone: str | None
    consents: tuple[Consent, ...]
    method: str
    holder_checked: HolderChecked
    at: dt.datetime
    xml0: bytes | None = None
    queue_number: str = ""
    patient_id: str | None = None
    appointment_id: str | None = None
    missing: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"HandOver({self.key})"


@dataclasses.dataclass(frozen=True, slots=True)
class Receipt:
    """The hospital system has taken it.

    Attributes:
        reference: how the hospital system calls the visit; empty if it does not say.
        patient_id: the patient's identifier there, if it says.
    """

    reference: str = ""
    patient_id: str | None = None
