"""An emulated hospital relay: answers insurance checks on loopback as the insurer's gateway would behind it.

The JSON is that of letter 1923/BHXH-CNTT, annex 03, without token and password, which a real relay adds. It knows
invented people only, can give every result code, and can misbehave in the ways that relays do.

    with InsuranceRelay() as relay:
        ... relay.url ...
        relay.misbehave(Misbehaviour.SLOW)
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import tomllib
from collections.abc import Mapping
from importlib import resources

from emulator.services.loopback import LoopbackService, Misbehaviour

__all__ = ["CHECK_PATH", "InsuranceRelay", "InsuredPerson", "Misbehaviour", "built_in_people"]

CHECK_PATH = "/api/egw/KQNhanLichSuKCB2024"
_NO_MATCH = "051"
_MALFORMED = "205"
_NAME_DIFFERS = "060"
_BIRTH_DIFFERS = "070"


@dataclasses.dataclass(frozen=True, slots=True)
class InsuredPerson:
    """What the insurer knows of an invented person.

    Attributes:
        result: three-digit result code to give; ``000`` also compares name and date of birth first.
        name: as the insurer writes it; empty takes whatever is asked.
        birth: ``dd/mm/yyyy``; empty takes whatever is asked.
        card: 15-character insurance card code.
        valid_from, valid_until: ``dd/mm/yyyy``; empty means this calendar year.
        facility, facility_name: registered first facility.
    """

    result: str = "000"
    name: str = ""
    birth: str = ""
    card: str = "GD4404000000000"
    valid_from: str = ""
    valid_until: str = ""
    facility: str = "40001"
    facility_name: str = "Bệnh viện thử nghiệm"


def built_in_people() -> dict[str, InsuredPerson]:
    """The invented people of ``insured_people.toml``, by citizen number."""
    text = resources.files("emulator.services").joinpath("insured_people.toml").read_text(encoding="utf-8")
    people = tomllib.loads(text)["person"]
    return {entry.pop("number"): InsuredPerson(**entry) for entry in people}


class InsuranceRelay(LoopbackService):
    """The relay. A context manager: it listens inside the block.

    Args:
        people: citizen number → what is known; the built-in people by default.
        others: what is known of everybody else, or ``None`` for "no such card" (code 050).
        delay_s: how slow :attr:`Misbehaviour.SLOW` and how long :attr:`Misbehaviour.DRIP` are.
        port: 0 takes a free one.
        today: day in whose year cards are valid; the machine's day by default.
    """

    def __init__(
        self,
        people: Mapping[str, InsuredPerson] | None = None,
        *,
        others: InsuredPerson | None = InsuredPerson(),
        delay_s: float = 30.0,
        port: int = 0,
        today: dt.date | None = None,
    ) -> None:
        super().__init__(CHECK_PATH, delay_s=delay_s, port=port)
        self._people = dict(built_in_people() if people is None else people)
        self._others = others
        self._today = today

    def set_person(self, number: str, person: InsuredPerson) -> None:
        """Add or replace what is known of somebody."""
        self._people[number] = person

    def answer(self, question: object) -> dict[str, object]:
        """The gateway's JSON for one question."""
        if not isinstance(question, dict):
            return {"maKetQua": _MALFORMED, "ghiChu": "Lỗi sai định dạng tham số"}
        number, name, birth = (question.get(key) for key in ("maThe", "hoTen", "ngaySinh"))
        if not (isinstance(number, str) and isinstance(name, str) and isinstance(birth, str)):
            return {"maKetQua": _MALFORMED, "ghiChu": "Lỗi sai định dạng tham số"}
        if len(number) not in (10, 12, 15):
            return {"maKetQua": _NO_MATCH, "ghiChu": "Mã thẻ BHYT không đúng"}
        person = self._people.get(number, self._others)
        if person is None:
            return {"maKetQua": "050", "ghiChu": "Không có thông tin thẻ BHYT"}
        return _record(person, name, birth, (self._today or dt.datetime.now(dt.UTC).date()).year)


def _record(person: InsuredPerson, name: str, birth: str, year: int) -> dict[str, object]:
    result = person.result
    if result == "000" and person.name and person.name.casefold() != name.casefold():
        result = _NAME_DIFFERS
    elif result == "000" and person.birth and person.birth != birth:
        result = _BIRTH_DIFFERS
    start = person.valid_from or f"01/01/{year}"
    end = person.valid_until or f"31/12/{year}"
    renewed = result in {"003", "004"}
    return {
        "maKetQua": result,
        "ghiChu": f"Kết quả thử nghiệm {result} (hạn thẻ: {start} - {end})",
        "maThe": person.card,
        "hoTen": person.name or name,
        "ngaySinh": person.birth or birth,
        "gioiTinh": "Nam",
        "diaChi": "Địa chỉ thử nghiệm",
        "maDKBD": person.facility,
        "cqBHXH": "Bảo hiểm xã hội thử nghiệm",
        "gtTheTu": f"01/01/{year - 1}" if renewed else start,
        "gtTheDen": f"31/12/{year - 1}" if renewed else end,
        "maKV": "",
        "ngayDu5Nam": f"01/06/{year}",
        "maSoBHXH": person.card[-10:],
        "maTheCu": "",
        "maTheMoi": person.card if renewed else "",
        "gtTheTuMoi": start if renewed else "",
        "gtTheDenMoi": end if renewed else "",
        "maDKBDMoi": person.facility,
        "tenDKBDMoi": person.facility_name,
        "dsLichSuKCB2018": [],
        "dsLichSuKT2018": [],
    }
