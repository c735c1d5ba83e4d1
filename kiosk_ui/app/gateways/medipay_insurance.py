"""Insurance by way of a MediPay-style hospital system: ``GET /bhyt``, which asks the insurer itself (vietnam.md G.1)."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable

from kiosk_ui.app.domain.insurance import Eligibility, EligibilityQuery
from kiosk_ui.app.failures import BIRTH_DATE_INCOMPLETE, HOSPITAL_ANSWER_UNUSABLE, HOSPITAL_REFUSED, GatewayError
from kiosk_ui.app.gateways.hospital_peer import text_of
from kiosk_ui.app.gateways.insurer_words import NO_INFORMATION, InsurerWords
from kiosk_ui.app.gateways.medipay import document_type
from kiosk_ui.app.gateways.medipay_peer import MediPayPeer, Reply
from kiosk_ui.app.gateways.relay import name_for_insurer
from kiosk_ui.app.gateways.relay_answer import parse_date
from kiosk_ui.app.settings_hospital import HospitalSettings, MediPaySettings

__all__ = ["MediPayInsurance"]


class MediPayInsurance:
    """An :class:`~kiosk_ui.app.ports.EligibilityGateway` over this interface.

    Args:
        peer: the system.
        settings: how it is set up.
        access: how it calls documents.
        zone: the hospital's own time, for "today".
        now: aware present moment.
    """

    def __init__(
        self,
        peer: MediPayPeer,
        settings: HospitalSettings,
        access: MediPaySettings,
        zone: dt.tzinfo,
        now: Callable[[], dt.datetime],
    ) -> None:
        self._peer = peer
        self._settings = settings
        self._types = {str(kind): word for kind, word in access.document_types.items()}
        self._zone = zone
        self._now = now

    def check(self, query: EligibilityQuery) -> Eligibility:
        """Ask about one person.

        Raises:
            GatewayError: no usable answer came (``hospital.…``), or it makes no sense (``relay.…``).
        """
        if query.date_of_birth is None:
            raise GatewayError(BIRTH_DATE_INCOMPLETE)
        fields = [
            ("SO_GTTT", query.number),
            ("LOAI_GTTT", document_type(query.number, None, self._types)),
            ("HO_TEN", name_for_insurer(query.full_name)),
            ("NGAY_SINH", query.date_of_birth.isoformat()),
            # Here 1 is male and 0 female, elsewhere 1 and 2: nothing is said rather than something that can be misread.
            ("GIOI_TINH", None),
        ]
        reply = self._peer.get("/bhyt", fields, self._settings.find_timeout_s)
        words = InsurerWords(NO_INFORMATION) if reply.code == "404" else _words(reply)
        return words.judged(reply.raw, self._now().astimezone(self._zone).date(), query)


def _words(reply: Reply) -> InsurerWords:
    if reply.code != "000":
        raise GatewayError(HOSPITAL_REFUSED, cause="another code than 000")
    if not isinstance(reply.data, dict):
        raise GatewayError(HOSPITAL_ANSWER_UNUSABLE, cause="no record")
    return InsurerWords(
        code=text_of(reply.data, "MA_KQ"),
        note=text_of(reply.data, "TEN_KQ", longest=1_000),
        name=text_of(reply.data, "HO_TEN"),
        born=text_of(reply.data, "NGAY_SINH"),
        card=text_of(reply.data, "MA_THE_BHYT"),
        facility=text_of(reply.data, "MA_DKBD"),
        starts=_day(text_of(reply.data, "GT_THE_TU")),
        ends=_day(text_of(reply.data, "GT_THE_DEN")),
    )


def _day(text: str) -> dt.date | None:
    """A day as such systems write it: ``yyyy-mm-dd``, ``yyyymmdd``, or as the insurer does; an hour may stand behind."""
    text = re.split(r"[T ]", text, maxsplit=1)[0]
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return parse_date(text)
