"""Small HTTP services on loopback that answer JSON, and misbehave in the ways that services do.

:class:`LoopbackSite` answers every method and path; :class:`LoopbackService` is the plain case of one address that
takes a question and gives an answer.
"""

from __future__ import annotations

import abc
import dataclasses
import enum
import json
import socketserver
import ssl
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, urlsplit

__all__ = ["LoopbackService", "LoopbackSite", "Misbehaviour", "Reply", "Request"]

_MAX_REQUEST_BYTES = 1024 * 1024


class Misbehaviour(enum.StrEnum):
    """What can be wrong with a service that is running."""

    NONE = "none"
    SLOW = "slow"  # accepts the question and says nothing for ``delay_s``
    DRIP = "drip"  # sends its answer a byte at a time
    SERVER_ERROR = "server_error"  # HTTP 500
    UNAUTHORISED = "unauthorised"  # HTTP 401
    NOT_FOUND = "not_found"  # HTTP 404
    TOO_MANY = "too_many"  # HTTP 429
    MAINTENANCE = "maintenance"  # HTTP 503 with a page
    RUBBISH = "rubbish"  # 200 with a page that is no JSON
    EMPTY = "empty"  # 200 with nothing
    WRONG_JSON = "wrong_json"  # JSON of another shape
    WRONG_TYPES = "wrong_types"  # the right names, with values of other types
    TRUNCATED_JSON = "truncated_json"  # half of the JSON, properly delivered
    WRONG_CHARSET = "wrong_charset"  # the right words in UTF-16
    DEEP = "deep"  # JSON nested without end
    HUGE = "huge"  # an answer without end
    CUT_OFF = "cut_off"  # fewer bytes than announced
    HANG_UP = "hang_up"  # closes the connection without a word
    LOST_ANSWER = "lost_answer"  # does what was asked, then closes the connection without a word
    REDIRECT = "redirect"  # sends the questioner elsewhere


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Request:
    """What arrived. Its ``repr`` shows method and path only.

    Attributes:
        path: without the query.
        query: names and values of the query, in order.
        headers: names in lower case.
        body: as received.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    body: bytes

    def __repr__(self) -> str:
        return f"Request({self.method} {self.path})"

    def json(self) -> object:
        """The body as JSON; ``None`` if it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


@dataclasses.dataclass(frozen=True, slots=True)
class Reply:
    """What to answer: JSON with an HTTP status and further headers."""

    content: object
    status: int = 200
    content_type: str = "application/json; charset=utf-8"
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def octets(self) -> bytes:
        """The body."""
        return json.dumps(self.content, ensure_ascii=False).encode()


class LoopbackSite(abc.ABC):
    """A service. A context manager: it listens inside the block.

    Args:
        delay_s: how slow :attr:`Misbehaviour.SLOW` and how long :attr:`Misbehaviour.DRIP` are.
        port: 0 takes a free one.

    Attributes:
        tls: for HTTPS; set it before the service starts. ``None``: plain HTTP.
    """

    def __init__(self, *, delay_s: float = 30.0, port: int = 0) -> None:
        self.tls: ssl.SSLContext | None = None
        self._delay_s = delay_s
        self._port = port
        self._misbehaviour = Misbehaviour.NONE
        self._times: int | None = None
        self._only_path: str | None = None
        self._lock = threading.Lock()
        self._asked = 0
        self._over = threading.Event()
        self._server: _Server | None = None

    @abc.abstractmethod
    def respond(self, request: Request) -> Reply:
        """The reply to one request, were the service well."""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def base_url(self) -> str:
        """The service's root, without a slash at its end. Stays the same over :meth:`stop` and :meth:`start`."""
        return f"{'http' if self.tls is None else 'https'}://127.0.0.1:{self._port}"

    @property
    def asked(self) -> int:
        """How many questions have arrived."""
        return self._asked

    def start(self) -> None:
        """Listen on 127.0.0.1."""
        if self._server is not None:
            return
        self._over.clear()
        self._server = _Server(("127.0.0.1", self._port), self)
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), name=type(self).__name__, daemon=True).start()

    def stop(self) -> None:
        """Stop listening; connections are refused from now on. May be called twice."""
        if self._server is None:
            return
        self._over.set()  # wakes answers that are being slow
        self._server.shutdown()
        self._server.server_close()
        self._server = None

    def misbehave(self, how: Misbehaviour, *, times: int | None = None, path: str | None = None) -> None:
        """From now on, or for so many questions, at one path or at all; :attr:`Misbehaviour.NONE` heals."""
        with self._lock:
            self._misbehaviour, self._times, self._only_path = how, times, path

    # ---------------------------------------------------------------------- used by the request handler
    def count(self, path: str) -> Misbehaviour:
        """Note one question and tell how to treat it."""
        with self._lock:
            self._asked += 1
            if self._only_path not in (None, path):
                return Misbehaviour.NONE
            how = self._misbehaviour
            if self._times is not None:
                self._times -= 1
                if self._times <= 0:
                    self._misbehaviour, self._times, self._only_path = Misbehaviour.NONE, None, None
            return how

    def pause(self, seconds: float | None = None) -> bool:
        """Wait; true if the service was stopped meanwhile."""
        return self._over.wait(self._delay_s if seconds is None else seconds)


class LoopbackService(LoopbackSite):
    """A service with one address that takes a question by POST.

    Args:
        path: of the address that answers; every other one is not found.
        delay_s: how slow :attr:`Misbehaviour.SLOW` and how long :attr:`Misbehaviour.DRIP` are.
        port: 0 takes a free one.
    """

    def __init__(self, path: str, *, delay_s: float = 30.0, port: int = 0) -> None:
        super().__init__(delay_s=delay_s, port=port)
        self.path = path

    @abc.abstractmethod
    def answer(self, question: object) -> dict[str, object]:
        """The answer to one question; ``None`` stands for a body that is no JSON."""

    @property
    def url(self) -> str:
        """Where to POST a question. Stays the same over :meth:`stop` and :meth:`start`."""
        return self.base_url + self.path

    def respond(self, request: Request) -> Reply:
        """The answer, at the one address."""
        if request.path != self.path or request.method != "POST":
            return Reply({"error": "not found"}, status=404)
        return Reply(self.answer(request.json()))


_PAGE = b"<html><body>Service is under maintenance</body></html>"
_WRONG_ANSWERS = {
    Misbehaviour.SERVER_ERROR: (b'{"error": "out of order"}', 500),
    Misbehaviour.UNAUTHORISED: (b'{"error": "who are you"}', 401),
    Misbehaviour.NOT_FOUND: (b'{"error": "no such thing"}', 404),
    Misbehaviour.TOO_MANY: (b'{"error": "not so fast"}', 429),
    Misbehaviour.MAINTENANCE: (_PAGE, 503),
    Misbehaviour.RUBBISH: (_PAGE, 200),
    Misbehaviour.EMPTY: (b"", 200),
    Misbehaviour.WRONG_JSON: (b'[{"result": 0, "until": {"year": "soon"}}]', 200),
    Misbehaviour.DEEP: (b"[" * 100_000, 200),
}


def _spoilt(how: Misbehaviour, reply: Reply) -> bytes:
    """An answer that is delivered properly and makes no sense."""
    octets = reply.octets()
    if how is Misbehaviour.TRUNCATED_JSON:
        return octets[: len(octets) // 2]
    if how is Misbehaviour.WRONG_CHARSET:
        return octets.decode().encode("utf-16")
    return json.dumps(_of_other_types(reply.content)).encode()


def _of_other_types(value: object) -> object:
    """The same names with other values: texts become lists, lists texts, numbers objects."""
    match value:
        case dict():
            return {name: _of_other_types(each) if isinstance(each, dict) else [each] for name, each in value.items()}
        case _:
            return {"value": [value]}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = True  # stop() leaves no thread behind
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], service: LoopbackSite) -> None:
        self.service = service
        super().__init__(address, _Handler)
        if service.tls is not None:
            # The handshake belongs to the thread of each connection: here it would hold up all others.
            self.socket = service.tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

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

    def do_GET(self) -> None:
        self._take()

    def do_POST(self) -> None:
        self._take()

    def do_PUT(self) -> None:
        self._take()

    def _take(self) -> None:
        length = int(self.headers.get("Content-Length", "0"))
        if not 0 <= length <= _MAX_REQUEST_BYTES:
            self.send_error(413)
            return
        parts = urlsplit(self.path)
        request = Request(
            self.command,
            parts.path,
            tuple(parse_qsl(parts.query, keep_blank_values=True)),
            {name.lower(): value for name, value in self.headers.items()},
            self.rfile.read(length),
        )
        how = self.server.service.count(parts.path)
        self.close_connection = True
        if how is Misbehaviour.HANG_UP:
            return
        self._reply(how, self.server.service.respond(request))

    def _reply(self, how: Misbehaviour, reply: Reply) -> None:
        answer = reply.octets()
        match how:
            case Misbehaviour.NONE:
                self._send(answer, reply)
            case Misbehaviour.SLOW:
                if not self.server.service.pause():
                    self._send(answer, reply)
            case Misbehaviour.DRIP:
                self._drip(answer)
            case Misbehaviour.HUGE:
                self._send_without_end()
            case Misbehaviour.CUT_OFF:
                self._send(answer[: len(answer) // 2], reply, announced=len(answer))
            case Misbehaviour.TRUNCATED_JSON | Misbehaviour.WRONG_CHARSET | Misbehaviour.WRONG_TYPES:
                self._send(_spoilt(how, reply), reply)
            case Misbehaviour.REDIRECT:
                self._send(b"", Reply(None, status=307, headers={"Location": "http://127.0.0.1:9/elsewhere"}))
            case _ if how in _WRONG_ANSWERS:
                body, status = _WRONG_ANSWERS[how]
                self._send(body, Reply(None, status=status))

    def _send(self, body: bytes, reply: Reply, *, announced: int | None = None) -> None:
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(body) if announced is None else announced))
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def _drip(self, answer: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        for offset in range(len(answer)):
            self.wfile.write(answer[offset : offset + 1])
            if self.server.service.pause(0.05):
                return

    def _send_without_end(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Connection", "close")
        self.end_headers()
        block = b'{"note": "' + b"x" * 65_536
        while not self.server.service.pause(0):
            self.wfile.write(block)
