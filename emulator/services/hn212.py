"""An emulated HN212: a Socket.IO server on loopback that tells of cards, and misbehaves in the ways that devices do.

Written from the Engine.IO protocol, revisions 3 and 4 (HTTP long polling only), and from the device's messages as the
shared notes have them.
"""

from __future__ import annotations

import base64
import enum
import json
import queue
import socketserver
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlsplit

__all__ = ["Hn212Device", "Hn212Fault"]

_MAX_REQUEST_BYTES = 64 * 1024
_OK = b"ok"


class Hn212Fault(enum.StrEnum):
    """What can be wrong with the next answer to a waiting question."""

    GARBAGE = "garbage"  # octets that are no text
    HALF = "half"  # fewer octets than announced
    BROKEN_JSON = "broken_json"  # an event whose JSON ends too early
    BINARY = "binary"  # an event with attachments
    HUGE = "huge"  # without end
    FORGETFUL = "forgetful"  # it no longer knows the session
    CLOSES = "closes"  # it hangs up, politely
    HANGS_UP = "hangs_up"  # it hangs up without a word
    SILENT = "silent"  # no answer within the time that it announced itself


_WRONG_PACKETS = {
    Hn212Fault.BROKEN_JSON: ['42["/event",{"id":2,"data":{"idCode":"0400'],
    Hn212Fault.BINARY: ['451-["/event",{"_placeholder":true,"num":0}]'],
    Hn212Fault.CLOSES: ["41", "1"],
}


class Hn212Device:
    """The device. A context manager: it is switched on inside the block.

    Args:
        generation: of Engine.IO, 3 or 4.
        ping_interval_s: how often it pings (4) or wants to be pinged (3).
        ping_timeout_s: how long a ping may stay without an answer.
        serial: what ``/info`` says.
        refuses: whether it lets nobody connect to its namespace.
    """

    def __init__(
        self,
        *,
        generation: int = 4,
        ping_interval_s: float = 25.0,
        ping_timeout_s: float = 20.0,
        serial: str = "TEST-HN212-0001",
        refuses: bool = False,
    ) -> None:
        self.generation = generation
        self.ping_interval_s = ping_interval_s
        self.ping_timeout_s = ping_timeout_s
        self.serial = serial
        self.refuses = refuses
        self.pongs = 0
        self.goodbyes = 0
        self.connections = 0
        self.over = threading.Event()
        self._session: str | None = None
        self._packets: queue.Queue[str] = queue.Queue()
        self._faults: queue.Queue[Hn212Fault] = queue.Queue()
        self._port = 0
        self._server: _Server | None = None

    def __enter__(self) -> Self:
        self.switch_on()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.switch_off()

    @property
    def url(self) -> str:
        """Its address. Stays the same when it is switched off and on."""
        return f"http://127.0.0.1:{self._port}"

    def switch_on(self) -> None:
        """Listen. What was not fetched before is lost."""
        self.over.clear()
        self._packets, self._session = queue.Queue(), None
        self._server = _Server(("127.0.0.1", self._port), self)
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), name="hn212-device", daemon=True).start()

    def switch_off(self) -> None:
        """Stop listening. May be called twice."""
        if self._server is None:
            return
        self.over.set()
        self._packets.put("6")  # wakes the question that waits, so that its connection breaks now
        self._server.shutdown()
        self._server.server_close()
        self._server = None

    # ------------------------------------------------------------------------------------- what it tells
    def lay(self, person: Mapping[str, str], files: Mapping[str, bytes], portrait: bytes | None = None) -> None:
        """Lay a card on it: the whole row of messages."""
        self.emit({"id": 1})
        self.emit({"id": 2, "data": dict(person)})
        record = {name: base64.b64encode(octets).decode() for name, octets in files.items()}
        if portrait is not None:
            record["img_data"] = base64.b64encode(portrait).decode()
        self.emit({"id": 4, "data": record})

    def fail(self, message: str = "Read error") -> None:
        """Let reading fail."""
        self.emit({"id": 3, "message": message})

    def emit(self, message: object, name: str = "/event") -> None:
        """Emit any event."""
        self.send("42" + json.dumps([name, message], ensure_ascii=False, separators=(",", ":")))

    def send(self, packet: str) -> None:
        """Send any packet."""
        self._packets.put(packet)

    def misbehave(self, fault: Hn212Fault) -> None:
        """In the next answer to a waiting question."""
        self._faults.put(fault)
        self._packets.put("6")  # wakes the question that waits

    # ------------------------------------------------------------------------- used by the request handler
    def open_session(self) -> str:
        """A new session; the packets of its first answer."""
        self.connections += 1
        self._packets = queue.Queue()  # a question of an earlier session may still wait at the old one
        self._session = f"TEST{self.connections:04d}_-x"
        details = {
            "sid": self._session,
            "upgrades": ["websocket"],
            "pingInterval": round(self.ping_interval_s * 1000),
            "pingTimeout": round(self.ping_timeout_s * 1000),
        }
        packets = ["0" + json.dumps(details, separators=(",", ":"))]
        return self.joined(packets if self.generation == 4 else [*packets, "40"])

    def knows(self, session: str | None) -> bool:
        """Whether a question belongs to the present session."""
        return session is not None and session == self._session

    def forget(self) -> None:
        """Know no session any more."""
        self._session = None

    def joined(self, packets: list[str]) -> str:
        """Packets as the body of one answer."""
        if self.generation == 4:
            return "\x1e".join(packets)
        return "".join(f"{len(packet.encode('utf-16-le')) // 2}:{packet}" for packet in packets)

    def wait_for_packets(self) -> tuple[list[str], Hn212Fault | None]:
        """What is to be told, after waiting for it; a ping if it takes long."""
        waiting = self._packets
        try:
            packets = [waiting.get(timeout=self.ping_interval_s)]
        except queue.Empty:
            packets = ["2" if self.generation == 4 else "6"]
        while not waiting.empty():
            packets.append(waiting.get_nowait())
        return packets, None if self._faults.empty() else self._faults.get_nowait()

    def hear(self, body: str) -> None:
        """A packet of the client's."""
        packet = body if self.generation == 4 else body.partition(":")[2]
        if packet == "40":
            self.send('44{"message":"refused"}' if self.refuses else '40{"sid":"namespace"}')
        elif packet == "3":
            self.pongs += 1
        elif packet == "2":
            self.pongs += 1
            self.send("3")
        elif packet == "1":
            self.goodbyes += 1
            self.forget()
            self.send("6")


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # a question may still wait for its ping
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], device: Hn212Device) -> None:
        self.device = device
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        socketserver.TCPServer.server_bind(self)  # HTTPServer's asks the name service for this machine's name
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that hang up are not worth a traceback."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    timeout = 60

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""

    def do_GET(self) -> None:
        device = self.server.device
        address = urlsplit(self.path)
        if address.path == "/info":
            self._send(json.dumps({"serial": device.serial}).encode())
            return
        if not self._is_for_us():
            return
        session = self._session()
        if session is None:
            self._send(device.open_session().encode())
            return
        if not device.knows(session):
            self._send(b'{"code":1,"message":"Session ID unknown"}', 400)
            return
        packets, fault = device.wait_for_packets()
        if device.over.is_set():
            self.close_connection = True
            return
        self._answer(packets, fault)

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", "0"))
        body = self.rfile.read(min(length, _MAX_REQUEST_BYTES)).decode("utf-8", "replace")
        if not self._is_for_us():
            return
        if not self.server.device.knows(self._session()):
            self._send(b'{"code":1,"message":"Session ID unknown"}', 400)
            return
        self.server.device.hear(body)
        self._send(_OK)

    def _session(self) -> str | None:
        return parse_qs(urlsplit(self.path).query).get("sid", [""])[0] or None

    def _is_for_us(self) -> bool:
        """Whether a request is one of Engine.IO, of this generation; answered if it is not."""
        address = urlsplit(self.path)
        query = parse_qs(address.query)
        if address.path != "/socket.io/" or query.get("transport") != ["polling"]:
            self._send(b'{"code":0,"message":"Transport unknown"}', 404)
            return False
        if query.get("EIO") != [str(self.server.device.generation)]:
            self._send(b'{"code":5,"message":"Unsupported protocol version"}', 400)
            return False
        return True

    def _answer(self, packets: list[str], fault: Hn212Fault | None) -> None:
        device = self.server.device
        body = device.joined(packets).encode()
        match fault:
            case None:
                self._send(body)
            case Hn212Fault.HALF:
                self._send(body, announced=len(body) + 100)
            case Hn212Fault.HUGE:
                self._send_without_end()
            case Hn212Fault.FORGETFUL:
                device.forget()
                self._send(b'{"code":1,"message":"Session ID unknown"}', 400)
            case Hn212Fault.HANGS_UP:
                self.close_connection = True
            case Hn212Fault.SILENT:
                device.over.wait(30.0)
                self.close_connection = True
            case Hn212Fault.GARBAGE:
                self._send(bytes(range(128, 256)))
            case _:
                self._send(device.joined(_WRONG_PACKETS[fault]).encode())

    def _send(self, body: bytes, status: int = 200, *, announced: int | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=UTF-8")
        self.send_header("Content-Length", str(len(body) if announced is None else announced))
        self.end_headers()
        self.wfile.write(body)
        if announced is not None:
            self.close_connection = True

    def _send_without_end(self) -> None:
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        block = b"4" + b"x" * 65_536
        while not self.server.device.over.is_set():
            self.wfile.write(block)
