"""An emulated hospital system with the interface of the MediPay kiosks (HIS API 1.0.6), on loopback.

It checks merchant and signature of every request, knows invented patients only, and keeps each visit once under its
``MA_LK``, as long as it is asked in the interface's own words: ``/bhyt`` takes 1 and 0 for the sex, all else 1, 2, 3.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

from emulator.services.loopback import LoopbackSite, Misbehaviour, Reply, Request

__all__ = ["MediPayHis", "Misbehaviour"]

_MAX_AGE_MS = 10 * 60 * 1000
_PATIENT_FIELDS = ("SO_GTTT", "LOAI_GTTT", "DIEN_THOAI")
_INSURANCE_FIELDS = ("SO_GTTT", "LOAI_GTTT", "HO_TEN", "NGAY_SINH", "GIOI_TINH")
_REQUIRED = ("MA_LK", "HO_TEN", "GIOI_TINH")


class MediPayHis(LoopbackSite):
    """The system. A context manager: it listens inside the block.

    Args:
        merchant_id: whom it serves.
        secret: key of the signatures.
        now_ms: present moment in milliseconds; ``None`` takes every timestamp.
        delay_s: how slow :attr:`Misbehaviour.SLOW` is.

    Attributes:
        patients: documents' numbers → records of ``/benhnhan``; a list stands for several records.
        insurance: documents' numbers → records of ``/bhyt``.
        departments: ``ID_KHOA`` → ``TEN_KHOA``.
        kinds: ``ID_LOAI_KHAM`` → ``TEN_LOAI_KHAM``.
        services: ``ID_DICH_VU`` → ``TEN_DICH_VU``, ``ID_KHOA`` and ``ID_LOAI_KHAM`` that it belongs to.
        visits: ``MA_LK`` → what was registered.
        code_for_all: answers everything with this code.
        queries: queries of the GET requests that were let in.
    """

    def __init__(
        self,
        *,
        merchant_id: str = "TEST-merchant",
        secret: bytes = b"TEST-secret",
        now_ms: int | None = None,
        delay_s: float = 30.0,
    ) -> None:
        super().__init__(delay_s=delay_s)
        self._merchant_id = merchant_id
        self._secret = secret
        self._now_ms = now_ms
        self.patients: dict[str, object] = {}
        self.insurance: dict[str, object] = {}
        self.departments = {"K01": "Khoa Nội", "K02": "Mắt", "K03": "Tai Mũi Họng"}
        self.kinds = {"L1": "Khám thường", "L2": "Khám theo yêu cầu"}
        self.services = {
            "DV01": ("Khám Nội", "K01", "L1"),
            "DV02": ("Khám Nội theo yêu cầu", "K01", "L2"),
            "DV03": ("Đo điện tim", "K01", "L1"),
            "DV04": ("Khám Mắt", "K02", "L1"),
        }
        self.visits: dict[str, Mapping[str, object]] = {}
        self.code_for_all: str | None = None
        self.queries: list[tuple[tuple[str, str], ...]] = []

    def respond(self, request: Request) -> Reply:
        """One request."""
        values = _signed_values(request)
        if values is None or not self._is_ours(request, values):
            return Reply({"code": "999", "message": "Sai chữ ký", "data": None}, status=401)
        if self.code_for_all is not None:
            return Reply({"code": self.code_for_all, "message": "TEST", "data": None})
        match request.method, request.path:
            case "GET", "/benhnhan":
                return self._look_up(request, _PATIENT_FIELDS, self.patients)
            case "GET", "/bhyt":
                return self._look_up(request, _INSURANCE_FIELDS, self.insurance)
            case "GET", "/khoa":
                rows = [{"ID_KHOA": code, "TEN_KHOA": name} for code, name in self.departments.items()]
                return _done(rows)
            case "GET", "/loai-kham":
                return _done([{"ID_LOAI_KHAM": code, "TEN_LOAI_KHAM": name} for code, name in self.kinds.items()])
            case "GET", "/dichvu":
                return self._list_services(request)
            case "POST", "/dangky-kcb":
                return self._register(request.json())
        return Reply({"error": "not found"}, status=404)

    def _is_ours(self, request: Request, values: list[str]) -> bool:
        expected = hmac.new(self._secret, "|".join(values).encode(), hashlib.sha256).hexdigest()
        stamp = request.headers.get("x-timestamp", "")
        if not stamp.isdigit() or (self._now_ms is not None and abs(int(stamp) - self._now_ms) > _MAX_AGE_MS):
            return False
        return (
            hmac.compare_digest(request.headers.get("x-sign", ""), expected)
            and request.headers.get("x-merchant-id") == self._merchant_id
        )

    def _look_up(self, request: Request, fields: tuple[str, ...], table: Mapping[str, object]) -> Reply:
        query = dict(request.query)
        if tuple(name for name, _ in request.query) != fields or query.get("GIOI_TINH", "") not in ("", "0", "1"):
            return Reply({"code": "999", "message": "Sai tham số", "data": None})
        self.queries.append(request.query)
        found = table.get(query["SO_GTTT"])
        return Reply({"code": "404", "message": "Không tìm thấy", "data": None}) if found is None else _done(found)

    def _list_services(self, request: Request) -> Reply:
        query = dict(request.query)
        if tuple(name for name, _ in request.query) != ("ID_LOAI_KHAM", "ID_KHOA"):
            return Reply({"code": "999", "message": "Sai tham số", "data": None})
        rows = [
            {"ID_DICH_VU": code, "TEN_DICH_VU": name, "ID_KHOA": department, "ID_LOAI_KHAM": kind}
            for code, (name, department, kind) in self.services.items()
            if department == query["ID_KHOA"] and query["ID_LOAI_KHAM"] in ("", kind)
        ]
        return _done(rows) if rows else Reply({"code": "404", "message": "Không tìm thấy", "data": None})

    def _register(self, body: object) -> Reply:
        person = body.get("THONG_TIN_BN") if isinstance(body, dict) else None
        visit = body.get("THONG_TIN_DICH_VU") if isinstance(body, dict) else None
        if not isinstance(person, dict) or not isinstance(visit, dict) or not all(person.get(n) for n in _REQUIRED):
            return Reply({"code": "999", "message": "Thiếu thông tin", "data": None}, status=422)
        department = visit.get("ID_KHOA")
        if department is not None and department not in self.departments:
            return Reply({"code": "404", "message": "Không có khoa này", "data": None})
        service = visit.get("ID_DICH_VU")
        if service is not None and self.services.get(str(service), ("", None, ""))[1] != department:
            return Reply({"code": "404", "message": "Không có dịch vụ này ở khoa", "data": None})
        key = str(person["MA_LK"])
        with self._lock:
            # The same MA_LK is the same visit, and what came last is what is known of it; whose it is stays.
            known = self.visits.get(key, {}).get("MA_BN")
            self.visits[key] = {**person, **visit, "MA_BN": known or person.get("MA_BN")}
            number = list(self.visits).index(key) + 1
        return _done({"MA_LK": key, "MA_BN": self.visits[key]["MA_BN"] or f"BN{number:06d}"})


def _done(data: object) -> Reply:
    return Reply({"code": "000", "message": "Thành công", "data": data})


def _signed_values(request: Request) -> list[str] | None:
    """The values that the signature covers, in their order; ``None`` for a body that is no object of objects."""
    if request.method == "GET":
        return [value for _, value in request.query]
    body = request.json()
    if not isinstance(body, dict) or not all(isinstance(group, dict) for group in body.values()):
        return None
    return ["" if value is None else str(value) for group in body.values() for value in group.values()]
