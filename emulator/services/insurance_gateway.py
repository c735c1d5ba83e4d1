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
import enum
import json
import socketserver
import threading
import tomllib
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from types import TracebackType
from typing import Self

__all__ = ["CHECK_PATH", "InsuranceRelay", "InsuredPerson", "Misbehaviour", "built_in_people"]

CHECK_PATH = "/api/egw/KQNhanLichSuKCB2024"
_MAX_REQUEST_BYTES = 64 * 1024
_NO_MATCH = "051"
_MALFORMED = "205"
_NAME_DIFFERS = "060"
_BIRTH_DIFFERS = "070"


class Misbehaviour(enum.StrEnum):
    """What can be wrong with a relay that is running."""

    NONE = "none"
    SLOW = "slow"  # accepts the question and says nothing for ``delay_s``
    DRIP = "drip"  # sends its answer a byte at a time
    SERVER_ERROR = "server_error"  # HTTP 500
    RUBBISH = "rubbish"  # 200 with a page that is no JSON
    WRONG_JSON = "wrong_json"  # JSON of another shape
    HUGE = "huge"  # an answer without end
    CUT_OFF = "cut_off"  # fewer bytes than announced
    HANG_UP = "hang_up"  # closes the connection without a word
    REDIRECT = "redirect"  # sends the questioner elsewhere


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


class InsuranceRelay:
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
        self._people = dict(built_in_people() if people is None else people)
        self._others = others
        self._delay_s = delay_s
        self._port = port
        self._today = today
        self._misbehaviour = Misbehaviour.NONE
        self._lock = threading.Lock()
        self._asked = 0
        self._over = threading.Event()
        self._server: _Server | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where to POST a check. Stays the same over :meth:`stop` and :meth:`start`."""
        return f"http://127.0.0.1:{self._port}{CHECK_PATH}"

    @property
    def asked(self) -> int:
        """How many checks have arrived."""
        return self._asked

    def start(self) -> None:
        """Listen on 127.0.0.1."""
        if self._server is not None:
            return
        self._over.clear()
        self._server = _Server(("127.0.0.1", self._port), self)
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), name="insurance-relay", daemon=True).start()

    def stop(self) -> None:
        """Stop listening; connections are refused from now on. May be called twice."""
        if self._server is None:
            return
        self._over.set()  # wakes answers that are being slow
        self._server.shutdown()
        self._server.server_close()
        self._server = None

    def misbehave(self, how: Misbehaviour) -> None:
        """From now on; :attr:`Misbehaviour.NONE` heals."""
        self._misbehaviour = how

    def set_person(self, number: str, person: InsuredPerson) -> None:
        """Add or replace what is known of somebody."""
        self._people[number] = person

    # ---------------------------------------------------------------------- used by the request handler
    def count(self) -> Misbehaviour:
        """Note one check and tell how to treat it."""
        with self._lock:
            self._asked += 1
        return self._misbehaviour

    def pause(self, seconds: float | None = None) -> bool:
        """Wait; true if the relay was stopped meanwhile."""
        return self._over.wait(self._delay_s if seconds is None else seconds)

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


_WRONG_ANSWERS = {
    Misbehaviour.SERVER_ERROR: (b'{"maKetQua": "101"}', 500),
    Misbehaviour.RUBBISH: (b"<html><body>Service is under maintenance</body></html>", 200),
    Misbehaviour.WRONG_JSON: (b'[{"maKetQua": 0, "gtTheDen": {"year": "soon"}}]', 200),
}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = True  # stop() leaves no thread behind
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], relay: InsuranceRelay) -> None:
        self.relay = relay
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        # Not HTTPServer's: that one asks the name service for this machine's name.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]

    def handle_error(self, request: object, client_address: object) -> None:
        """Questioners that hang up are not worth a traceback."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    timeout = 10

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing: requests name people."""

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", "0"))
        if self.path != CHECK_PATH or not 0 <= length <= _MAX_REQUEST_BYTES:
            self.send_error(404 if self.path != CHECK_PATH else 413)
            return
        body = self.rfile.read(length)
        how = self.server.relay.count()
        try:
            question = json.loads(body)
        except ValueError:
            question = None
        answer = json.dumps(self.server.relay.answer(question), ensure_ascii=False).encode()
        self.close_connection = True
        self._reply(how, answer)

    def _reply(self, how: Misbehaviour, answer: bytes) -> None:
        match how:
            case Misbehaviour.NONE:
                self._send(answer)
            case Misbehaviour.SLOW:
                if not self.server.relay.pause():
                    self._send(answer)
            case Misbehaviour.DRIP:
                self._drip(answer)
            case Misbehaviour.HUGE:
                self._send_without_end()
            case Misbehaviour.CUT_OFF:
                self._send(answer[: len(answer) // 2], announced=len(answer))
            case Misbehaviour.REDIRECT:
                self._send(b"", status=307, location="http://127.0.0.1:9/elsewhere")
            case Misbehaviour.HANG_UP:
                pass
            case _:
                body, status = _WRONG_ANSWERS[how]
                self._send(body, status=status)

    def _send(
        self,
        body: bytes,
        *,
        status: int = 200,
        announced: int | None = None,
        location: str | None = None,
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body) if announced is None else announced))
        if location is not None:
            self.send_header("Location", location)
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def _drip(self, answer: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        for offset in range(len(answer)):
            self.wfile.write(answer[offset : offset + 1])
            if self.server.relay.pause(0.05):
                return

    def _send_without_end(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Connection", "close")
        self.end_headers()
        block = b'{"maKetQua": "000", "ghiChu": "' + b"x" * 65_536
        while not self.server.relay.pause(0):
            self.wfile.write(block)
