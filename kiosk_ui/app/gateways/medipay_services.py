"""Which service a visit is registered for (``ID_DICH_VU``), so that the hospital system sends it into the right room.

The interface lists kinds of examination (``GET /loai-kham``) and services (``GET /dichvu``). What the answers call their
fields is not published beyond ``ID_KHOA`` and ``ID_DICH_VU`` (vietnam.md G.1); the rest follows the pattern of ``/khoa``.
So a hospital names its services in the settings, and has them looked up only where it says so.
"""

from __future__ import annotations

import unicodedata
from typing import Final

from kiosk_ui.app.domain.departments import Department
from kiosk_ui.app.failures import HOSPITAL_SLOW, GatewayError
from kiosk_ui.app.gateways.deadline import Deadline
from kiosk_ui.app.gateways.hospital_peer import text_of
from kiosk_ui.app.gateways.medipay_peer import NOT_FOUND, Fields, MediPayPeer, Reply, records_of
from kiosk_ui.app.settings_hospital import MediPaySettings
from reader.vietnamese.text import NameMatch, compare_names

__all__ = ["TO_CHOOSE", "MediPayServices", "bare_name"]

TO_CHOOSE: Final = "service_to_choose"
"""In ``CAN_XEM_LAI``: which service it is, somebody at the counter has to say."""

_MAX_ROWS: Final = 500
_PREFIXES: Final = (["khoa"], ["phòng", "khám"], ["khám"])


class MediPayServices:
    """Finds services.

    Args:
        peer: the system.
        access: what the hospital has set.
    """

    def __init__(self, peer: MediPayPeer, access: MediPaySettings) -> None:
        self._peer = peer
        self._access = access

    def service_of(self, department: Department, their_department: str | None, deadline: Deadline) -> str | None:
        """``ID_DICH_VU`` for a visit to a department, or ``None`` where nobody can tell.

        Raises:
            GatewayError: ``hospital.no_answer_in_time``: nothing was left of the time before. Failures of the look-up
                leave the service open, and a list takes a third of the time at most: no visit waits for one.
        """
        known = self._access.service_ids.get(department.code)
        if known is not None or not self._access.look_up_services or their_department is None:
            return known
        share = Deadline(deadline.left_s() / 3, HOSPITAL_SLOW)
        try:
            return self._looked_up(department, their_department, share)
        except GatewayError:
            return None

    def _looked_up(self, department: Department, their_department: str, deadline: Deadline) -> str | None:
        fields = [("ID_LOAI_KHAM", self._kind(deadline)), ("ID_KHOA", their_department)]
        rows = _named(self._peer.get("/dichvu", fields, deadline.left_s()), "DICH_VU")
        if len(rows) == 1:
            return next(iter(rows))
        same = [identifier for identifier, name in rows.items() if _is_called(name, department.name_vi)]
        return same[0] if len(same) == 1 else None

    def _kind(self, deadline: Deadline) -> str | None:
        """The kind of examination that the settings name, as the system calls it."""
        wanted = self._access.examination_kind
        if wanted is None:
            return None
        fields: Fields = []
        rows = _named(self._peer.get("/loai-kham", fields, deadline.left_s()), "LOAI_KHAM")
        if wanted in rows:
            return wanted
        return next((identifier for identifier, name in rows.items() if _is_called(name, wanted)), None)


def _named(reply: Reply, what: str) -> dict[str, str]:
    """Names by identifier: ``ID_…`` and ``TEN_…``."""
    rows = [] if reply.code == NOT_FOUND else records_of(reply, _MAX_ROWS)
    found = {text_of(row, f"ID_{what}"): text_of(row, f"TEN_{what}") for row in rows}
    return {identifier: name for identifier, name in found.items() if identifier}


def _is_called(name: str, wanted: str) -> bool:
    return bool(name) and compare_names(bare_name(name), bare_name(wanted)) <= NameMatch.TONE_PLACEMENT


def bare_name(name: str) -> str:
    """A name without the words for "department" and "examination": "Khoa Nội" and "Khám Nội" are "Nội"."""
    words = unicodedata.normalize("NFC", name).casefold().split()
    for prefix in _PREFIXES:
        if words[: len(prefix)] == prefix and len(words) > len(prefix):
            words = words[len(prefix) :]
    return " ".join(words)
