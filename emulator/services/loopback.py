"""A small HTTP service on loopback that answers JSON, and misbehaves in the ways that services do."""

from __future__ import annotations

import abc
import enum
import json
import socketserver
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

__all__ = ["LoopbackService", "Misbehaviour"]

_MAX_REQUEST_BYTES = 64 * 1024


class Misbehaviour(enum.StrEnum):
    """What can be wrong with a service that is running."""

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


class LoopbackService(abc.ABC):
    """A service. A context manager: it listens inside the block.

    Args:
        path: of the address that answers; every other one is not found.
        delay_s: how slow :attr:`Misbehaviour.SLOW` and how long :attr:`Misbehaviour.DRIP` are.
        port: 0 takes a free one.
    """

    def __init__(self, path: str, *, delay_s: float = 30.0, port: int = 0) -> None:
        self.path = path
        self._delay_s = delay_s
        self._port = port
        self._misbehaviour = Misbehaviour.NONE
        self._times: int | None = None
        self._lock = threading.Lock()
        self._asked = 0
        self._over = threading.Event()
        self._server: _Server | None = None

    @abc.abstractmethod
    def answer(self, question: object) -> dict[str, object]:
        """The answer to one question; ``None`` stands for a body that is no JSON."""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where to POST a question. Stays the same over :meth:`stop` and :meth:`start`."""
        return f"http://127.0.0.1:{self._port}{self.path}"

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

    def misbehave(self, how: Misbehaviour, *, times: int | None = None) -> None:
        """From now on, or for so many questions; :attr:`Misbehaviour.NONE` heals."""
        with self._lock:
            self._misbehaviour, self._times = how, times

    # ---------------------------------------------------------------------- used by the request handler
    def count(self) -> Misbehaviour:
        """Note one question and tell how to treat it."""
        with self._lock:
            self._asked += 1
            how = self._misbehaviour
            if self._times is not None:
                self._times -= 1
                if self._times <= 0:
                    self._misbehaviour, self._times = Misbehaviour.NONE, None
            return how

    def pause(self, seconds: float | None = None) -> bool:
        """Wait; true if the service was stopped meanwhile."""
        return self._over.wait(self._delay_s if seconds is None else seconds)


_WRONG_ANSWERS = {
    Misbehaviour.SERVER_ERROR: (b'{"error": "out of order"}', 500),
    Misbehaviour.RUBBISH: (b"<html><body>Service is under maintenance</body></html>", 200),
    Misbehaviour.WRONG_JSON: (b'[{"result": 0, "until": {"year": "soon"}}]', 200),
}


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = True  # stop() leaves no thread behind
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], service: LoopbackService) -> None:
        self.service = service
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
        if self.path != self.server.service.path or not 0 <= length <= _MAX_REQUEST_BYTES:
            self.send_error(404 if self.path != self.server.service.path else 413)
            return
        body = self.rfile.read(length)
        how = self.server.service.count()
        try:
            question = json.loads(body)
        except ValueError:
            question = None
        answer = json.dumps(self.server.service.answer(question), ensure_ascii=False).encode()
        self.close_connection = True
        self._reply(how, answer)

    def _reply(self, how: Misbehaviour, answer: bytes) -> None:
        match how:
            case Misbehaviour.NONE:
                self._send(answer)
            case Misbehaviour.SLOW:
                if not self.server.service.pause():
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
