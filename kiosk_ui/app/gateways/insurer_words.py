"""An insurance answer of another interface, said in the words of the insurer's gateway and judged by the same rules."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json

from kiosk_ui.app.domain.insurance import Eligibility, EligibilityQuery
from kiosk_ui.app.gateways.relay_answer import parse_answer

__all__ = ["NO_INFORMATION", "NO_LONGER_VALID", "VALID", "InsurerWords"]

VALID = "000"
NO_LONGER_VALID = "010"
NO_INFORMATION = "050"


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class InsurerWords:
    """What another interface said. ``repr`` shows the code only.

    Attributes:
        code: the insurer's three digits.
        note: sentence for staff.
        name: whom the answer is about, if it says.
        born: the same, date of birth or what is known of it, as the interface writes it.
        card: insurance card code.
        facility: registered first facility.
        starts, ends: first and last day.
    """

    code: str
    note: str = ""
    name: str = ""
    born: str = ""
    card: str = ""
    facility: str = ""
    starts: dt.date | None = None
    ends: dt.date | None = None

    def __repr__(self) -> str:
        return f"InsurerWords({self.code})"

    def judged(self, raw: bytes, today: dt.date, query: EligibilityQuery) -> Eligibility:
        """The eligibility that follows, with the answer as it was received.

        Raises:
            GatewayError: as :func:`~kiosk_ui.app.gateways.relay_answer.parse_answer` does.
        """
        words = {
            "maKetQua": self.code,
            "ghiChu": self.note,
            "maThe": self.card,
            "hoTen": self.name,
            "ngaySinh": self.born[:10],  # an hour may stand behind
            "maDKBD": self.facility,
            "gtTheTu": _written(self.starts),
            "gtTheDen": _written(self.ends),
            # a renewed card (003, 004) is the one that such an interface names
            "maTheMoi": self.card,
            "gtTheTuMoi": _written(self.starts),
            "gtTheDenMoi": _written(self.ends),
            "maDKBDMoi": self.facility,
        }
        found = parse_answer(json.dumps(words).encode(), today, query)
        return dataclasses.replace(found, raw=raw.decode("utf-8-sig"))


def _written(day: dt.date | None) -> str:
    return "" if day is None else f"{day.day:02d}/{day.month:02d}/{day.year:04d}"
