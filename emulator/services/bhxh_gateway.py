"""An emulated gateway of the social insurance (cổng giám định) on loopback, as letter 1923/BHXH-CNTT, appendix 03, has it.

Token and check, the hospital's account, officers who are registered with it, tokens that end, and every result code.
It knows invented people only (``insured_people.toml``), and never lets anybody in without a good token.

    with BhxhGateway(password="…") as gateway:
        ... gateway.base_url ...
        gateway.end_all_tokens()
"""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Mapping

from emulator.services.insurance_gateway import CHECK_PATH, InsuranceRelay, InsuredPerson
from emulator.services.loopback import LoopbackSite, Misbehaviour, Reply, Request

__all__ = ["CHECK_PATH", "TOKEN_PATH", "BhxhGateway", "Misbehaviour"]

TOKEN_PATH = "/api/token/take"  # noqa: S105 - an address
_CHECK_FIELDS = frozenset({"maThe", "hoTen", "ngaySinh", "hoTenCb", "cccdCb"})
_ANYBODY = InsuredPerson()
_REFUSED = {"maKetQua": "401", "ghiChu": "Lỗi xác thực tài khoản"}


class BhxhGateway(LoopbackSite):
    """The gateway. A context manager: it listens inside the block.

    Args:
        username: of the one account.
        password: of the account.
        officers: citizen number → name of those who may ask.
        people: citizen number → what is known; the built-in people by default.
        others: what is known of everybody else; ``None`` for "no such card" (code 050).
        token_life_s: how long a token is good; told as ``expires_in`` in the way that :attr:`expiry_style` says.
        delay_s: how slow :attr:`Misbehaviour.SLOW` is.
        today: day in whose year cards are valid.

    Attributes:
        expiry_style: ``moment``, ``seconds``, ``past`` (a clock that is wrong), ``nonsense`` or ``absent``.
        code_for_all: a result code that everybody gets, whoever it is.
        refuses_by_status: an unknown token is answered with HTTP 401 instead of the code.
        tokens_taken: how many tokens were given out.
        checks: bodies of the checks that came with a good token.
    """

    def __init__(
        self,
        *,
        username: str = "40001_BV",
        password: str = "TEST-password",  # noqa: S107 - of an emulator
        officers: Mapping[str, str] | None = None,
        people: Mapping[str, InsuredPerson] | None = None,
        others: InsuredPerson | None = _ANYBODY,
        token_life_s: float = 3_600.0,
        delay_s: float = 30.0,
        today: dt.date | None = None,
    ) -> None:
        super().__init__(delay_s=delay_s)
        self._username = username
        self._password_md5 = hashlib.md5(password.encode(), usedforsecurity=False).hexdigest().upper()
        self._officers = dict(officers or {"040185000099": "Cán Bộ Thử"})
        self._insurer = InsuranceRelay(people, others=others, today=today)
        self._token_life_s = token_life_s
        self._good: set[tuple[str, str]] = set()
        self.expiry_style = "moment"
        self.code_for_all: str | None = None
        self.refuses_by_status = False
        self.tokens_taken = 0
        self.checks: list[dict[str, object]] = []

    def set_person(self, number: str, person: InsuredPerson) -> None:
        """Add or replace what is known of somebody."""
        self._insurer.set_person(number, person)

    def end_all_tokens(self) -> None:
        """No token that was given out is good any more."""
        with self._lock:
            self._good.clear()

    def respond(self, request: Request) -> Reply:
        """Token or check."""
        if request.method != "POST" or request.path not in (TOKEN_PATH, CHECK_PATH):
            return Reply({"error": "not found"}, status=404)
        body = request.json()
        if request.path == TOKEN_PATH:
            return self._give_token(body)
        return self._check(dict(request.query), body)

    def _give_token(self, body: object) -> Reply:
        if body != {"username": self._username, "password": self._password_md5}:
            return Reply(_REFUSED)
        pair = (f"access+/={secrets.token_hex(16)}", f"id+/={secrets.token_hex(16)}")  # to be escaped in a query
        with self._lock:
            self.tokens_taken += 1
            self._good.add(pair)
        key = {"access_token": pair[0], "id_token": pair[1], "token_type": "Bearer", "username": self._username}
        return Reply({"maKetQua": "200", "APIKey": {**key, **self._expiry()}})

    def _expiry(self) -> dict[str, object]:
        now = dt.datetime.now(dt.UTC)
        styles: dict[str, dict[str, object]] = {
            "moment": {"expires_in": (now + dt.timedelta(seconds=self._token_life_s)).isoformat()},
            "seconds": {"expires_in": int(self._token_life_s)},
            "past": {"expires_in": (now - dt.timedelta(days=1)).isoformat()},
            "nonsense": {"expires_in": "soon"},
            "absent": {},
        }
        return styles[self.expiry_style]

    def _check(self, query: Mapping[str, str], body: object) -> Reply:
        pair = (query.get("token", ""), query.get("id_token", ""))
        account = (query.get("username"), query.get("password"))
        with self._lock:
            is_good = pair in self._good and account == (self._username, self._password_md5)
        if not is_good:
            return Reply(_REFUSED, status=401 if self.refuses_by_status else 200)
        if not isinstance(body, dict) or set(body) != _CHECK_FIELDS:
            return Reply({"maKetQua": "205", "ghiChu": "Lỗi sai định dạng tham số"})
        with self._lock:
            self.checks.append(dict(body))
        name = self._officers.get(str(body["cccdCb"]))
        if name is None:
            return Reply({"maKetQua": "054", "ghiChu": "Số CCCD của cán bộ tra cứu không có trong danh sách"})
        if name != body["hoTenCb"]:
            return Reply({"maKetQua": "055", "ghiChu": "Họ và tên cán bộ tra cứu không khớp với số CCCD"})
        answer = self._insurer.answer(body)
        return Reply(answer if self.code_for_all is None else {**answer, "maKetQua": self.code_for_all})
