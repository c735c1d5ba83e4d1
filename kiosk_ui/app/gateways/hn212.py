"""The HN212 of JTH over its network cable: listens to its events and comes back when it was unplugged.

The device is a Socket.IO server at ``http://192.168.5.1:8000``. Long polling over HTTP is the one transport that every such
server offers (docs/decisions/0015); what the events say is :mod:`reader.scanners.vendor.hn212`'s work.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import ssl
import threading
from collections.abc import AsyncGenerator, Callable, Mapping
from types import TracebackType
from typing import Final, Self

import httpx

from kiosk_ui.app.gateways.socket_io import (
    EngineVersion,
    Handshake,
    PacketError,
    event_in,
    handshake_in,
    split_payload,
)
from reader import errors
from reader.scanners import codes
from reader.scanners.vendor.hn212 import EVENT_NAME

__all__ = ["DEFAULT_URL", "Hn212Listener", "serial_number"]

DEFAULT_URL: Final = "http://192.168.5.1:8000"
_PATH: Final = "/socket.io/"
_MAX_BODY_BYTES: Final = 4 << 20
_GRACE_S: Final = 2.0
_MOST_LOST_IN_A_ROW: Final = 3
_POLLS_UNTIL_CONNECTED: Final = 5
_GOODBYE_S: Final = 0.5
_SERIAL_NAMES: Final = ("serial", "serialNumber", "serial_number", "sn", "data")
_SERIAL: Final = re.compile(r"[A-Za-z0-9._:/ -]{1,64}")

_DeviceError = errors.TransportError | errors.DocumentError
_Packet = str | errors.DocumentError
"""A packet, or what was lost in its place."""


class Hn212Listener:
    """Listens in a thread of its own and reports by callbacks from there. A context manager.

    Args:
        on_message: gets the argument of each event, decoded JSON.
        on_error: gets ``device.unreachable``, ``device.refused`` or ``device.silent`` once per loss, and
            ``device.message_unusable`` or ``device.message_too_large`` for each message that was lost.
        on_ready: called each time the device is connected.
        url: of the device.
        connect_timeout_s: for each of the steps until it is connected.
        retry_s: pause before a lost device is tried again.
    """

    def __init__(
        self,
        on_message: Callable[[object], None],
        on_error: Callable[[_DeviceError], None],
        *,
        on_ready: Callable[[], None] = lambda: None,
        url: str = DEFAULT_URL,
        connect_timeout_s: float = 3.0,
        retry_s: float = 2.0,
    ) -> None:
        self._on_message = on_message
        self._on_error = on_error
        self._on_ready = on_ready
        self._url = url.rstrip("/") + _PATH
        self._connect_timeout_s = connect_timeout_s
        self._retry_s = retry_s
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._cancel: Callable[[], object] | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Begin to listen. Called again, it does nothing."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="hn212", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Hang up; no callback comes after this. May be called twice, and from a callback."""
        self._stopping.set()
        with self._lock:
            if self._cancel is not None:
                self._cancel()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()

    def _run(self) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            asyncio.run(self._listen_until_stopped())

    async def _listen_until_stopped(self) -> None:
        task, loop = asyncio.current_task(), asyncio.get_running_loop()
        with self._lock:
            if task is None or self._stopping.is_set():  # stop() came before it could be heard
                return
            self._cancel = lambda: loop.call_soon_threadsafe(task.cancel)
        try:
            await self._listen()
        finally:
            with self._lock:
                self._cancel = None

    async def _listen(self) -> None:
        reported = False
        while not self._stopping.is_set():
            session = _Session(self._url, self._connect_timeout_s)
            try:
                async with contextlib.aclosing(session.events()) as events:
                    async for what in events:
                        reported = False
                        self._tell(what)
            except errors.TransportError as error:
                if not reported:
                    self._on_error(error)
                reported = True
            await asyncio.sleep(self._retry_s)

    def _tell(self, what: object) -> None:
        if self._stopping.is_set():
            return
        match what:
            case _Connected():
                self._on_ready()
            case errors.DocumentError():
                self._on_error(what)
            case _Message(argument):
                self._on_message(argument)


class _Connected:
    """The device is connected."""


class _Message:
    """An event of the device's came."""

    __match_args__ = ("argument",)

    def __init__(self, argument: object) -> None:
        self.argument = argument


class _Session:
    """One connection, from the handshake until it is lost."""

    def __init__(self, url: str, connect_timeout_s: float) -> None:
        self._url = url
        self._connect_timeout_s = connect_timeout_s
        self._version = EngineVersion.FOUR
        self._handshake: Handshake | None = None
        self._lost_in_a_row = 0

    async def events(self) -> AsyncGenerator[object, None]:
        """What happens: connected first, then messages and lost messages. Raises ``TransportError`` at its end."""
        async with _client(self._url) as client:
            pinging: asyncio.Task[None] | None = None
            try:
                packets = await self._connect(client)
                yield _Connected()
                if self._version is EngineVersion.THREE:
                    pinging = asyncio.create_task(self._ping(client))
                while True:
                    for packet in packets:
                        if packet == "2":
                            await self._post(client, "3")
                        for what in self._meaning(packet):
                            yield what
                    packets = await self._poll(client)
            finally:
                if pinging is not None:
                    pinging.cancel()
                await self._say_goodbye(client)

    async def _connect(self, client: httpx.AsyncClient) -> list[_Packet]:
        """Shake hands, in the older form if the device answers in it. Returns packets that came along."""
        try:
            packets = await self._open(client)
        except _OlderGenerationError:
            self._version = EngineVersion.THREE
            try:
                packets = await self._open(client)
            except _OlderGenerationError:
                raise errors.TransportError(codes.DEVICE_REFUSED) from None
        if self._version is EngineVersion.THREE:
            return packets  # the server connects the default namespace by itself
        await self._post(client, "40")
        for _ in range(_POLLS_UNTIL_CONNECTED):
            if _any_begins(packets, "40"):
                return packets
            if _any_begins(packets, "44"):
                break
            packets = await self._poll(client, self._connect_timeout_s)
        raise errors.TransportError(codes.DEVICE_REFUSED)

    async def _open(self, client: httpx.AsyncClient) -> list[_Packet]:
        try:
            body = await self._request(client, "GET", None, self._connect_timeout_s)
        except _StatusError as error:
            if error.status == httpx.codes.BAD_REQUEST and self._version is EngineVersion.FOUR:
                raise _OlderGenerationError from None
            raise errors.TransportError(codes.DEVICE_REFUSED, http_status=error.status) from None
        except _TooLargeError:
            raise errors.TransportError(codes.DEVICE_REFUSED) from None
        if self._version is EngineVersion.FOUR and not body.startswith(b"0{"):
            raise _OlderGenerationError
        try:
            first, *others = split_payload(body.decode("utf-8"), self._version)
            self._handshake = handshake_in(first)
        except (PacketError, UnicodeDecodeError):
            raise errors.TransportError(codes.DEVICE_REFUSED) from None
        return list(others)

    async def _poll(self, client: httpx.AsyncClient, within_s: float | None = None) -> list[str | errors.DocumentError]:
        """The next packets. What came but cannot be used is an error in their place."""
        if within_s is None and self._handshake is not None:
            within_s = self._handshake.ping_interval_s + self._handshake.ping_timeout_s + _GRACE_S
        try:
            body = await self._request(client, "GET", None, within_s or self._connect_timeout_s)
            packets = split_payload(body.decode("utf-8"), self._version)
            self._lost_in_a_row = 0
            return list(packets)
        except _StatusError as error:  # it has forgotten the session: restarted, or it took us for gone
            raise errors.TransportError(codes.DEVICE_UNREACHABLE, http_status=error.status) from None
        except (PacketError, UnicodeDecodeError):
            lost = codes.DEVICE_MESSAGE_UNUSABLE
        except _TooLargeError:
            lost = codes.DEVICE_MESSAGE_TOO_LARGE
        self._lost_in_a_row += 1
        if (
            self._lost_in_a_row > _MOST_LOST_IN_A_ROW
        ):  # a device that sends nothing else must keep neither a core nor a log busy
            raise errors.TransportError(codes.DEVICE_REFUSED)
        return [errors.DocumentError(lost)]

    async def _post(self, client: httpx.AsyncClient, packet: str) -> None:
        body = packet if self._version is EngineVersion.FOUR else f"{len(packet)}:{packet}"
        try:
            await self._request(client, "POST", body.encode(), self._connect_timeout_s)
        except (_StatusError, _TooLargeError):
            raise errors.TransportError(codes.DEVICE_UNREACHABLE) from None

    async def _ping(self, client: httpx.AsyncClient) -> None:
        """In the older generation the client pings. If that fails, the waiting question fails as well and tells it."""
        while self._handshake is not None:
            await asyncio.sleep(self._handshake.ping_interval_s)
            with contextlib.suppress(errors.TransportError):
                await self._post(client, "2")

    def _meaning(self, packet: _Packet) -> list[object]:
        if isinstance(packet, errors.DocumentError):
            return [packet]
        if packet.startswith(("1", "41")):
            raise errors.TransportError(codes.DEVICE_UNREACHABLE)  # it hangs up
        try:
            event = event_in(packet)
        except PacketError:
            return [errors.DocumentError(codes.DEVICE_MESSAGE_UNUSABLE)]
        if event is None or event.name != EVENT_NAME:
            return []
        return [_Message(event.arguments[0] if event.arguments else None)]

    async def _say_goodbye(self, client: httpx.AsyncClient) -> None:
        """So that a small device need not keep the session until it times out. It may be gone already."""
        if self._handshake is None:
            return
        with contextlib.suppress(errors.TransportError, TimeoutError, asyncio.CancelledError):
            async with asyncio.timeout(_GOODBYE_S):
                await self._post(client, "1")

    async def _request(self, client: httpx.AsyncClient, method: str, body: bytes | None, within_s: float) -> bytes:
        query: dict[str, str] = {"EIO": str(int(self._version)), "transport": "polling"}
        if self._version is EngineVersion.THREE:
            query["b64"] = "1"  # or lengths would come in the binary form
        if self._handshake is not None:
            query["sid"] = self._handshake.session
        headers = {"Content-Type": "text/plain; charset=utf-8", "Accept-Encoding": "identity"}
        try:
            async with (
                asyncio.timeout(within_s),
                client.stream(method, self._url, params=query, content=body, headers=headers) as response,
            ):
                if response.status_code != httpx.codes.OK:
                    raise _StatusError(response.status_code)
                return await _bounded(response)
        except TimeoutError:
            raise errors.TransportError(codes.DEVICE_SILENT) from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise errors.TransportError(codes.DEVICE_UNREACHABLE, cause=type(error).__name__) from None


def _any_begins(packets: list[_Packet], with_what: str) -> bool:
    return any(isinstance(packet, str) and packet.startswith(with_what) for packet in packets)


class _StatusError(Exception):
    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class _TooLargeError(Exception):
    pass


class _OlderGenerationError(Exception):
    pass


def _client(url: str) -> httpx.AsyncClient:
    """A client without proxies, which must never see patients. Time is watched for each request as a whole."""
    # A context for HTTPS takes longer to build than the device to answer, so it is built where it is needed only
    verify = ssl.create_default_context() if url.startswith("https:") else False
    return httpx.AsyncClient(timeout=None, trust_env=False, verify=verify)  # noqa: S113


async def _bounded(response: httpx.Response) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > _MAX_BODY_BYTES:
            raise _TooLargeError
    return bytes(body)


def serial_number(url: str = DEFAULT_URL, *, timeout_s: float = 3.0) -> str:
    """The device's serial number, from its page ``/info``. What that page looks like is not published: text or JSON.

    Raises:
        TransportError: ``device.unreachable``, ``device.silent``, or ``device.refused`` if there is no such page.
    """
    return asyncio.run(_serial_number(url.rstrip("/") + "/info", timeout_s))


async def _serial_number(url: str, timeout_s: float) -> str:
    try:
        async with (
            asyncio.timeout(timeout_s),
            _client(url) as client,
            client.stream("GET", url) as response,
        ):
            body = await _bounded(response) if response.status_code == httpx.codes.OK else b""
    except TimeoutError:
        raise errors.TransportError(codes.DEVICE_SILENT) from None
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        raise errors.TransportError(codes.DEVICE_UNREACHABLE, cause=type(error).__name__) from None
    except _TooLargeError:
        body = b""
    text = _serial_in(body)
    if text is None:
        raise errors.TransportError(codes.DEVICE_REFUSED)
    return text


def _serial_in(body: bytes) -> str | None:
    try:
        value: object = json.loads(body)
    except (ValueError, RecursionError):
        value = body.decode("latin-1").strip()
    if isinstance(value, Mapping):
        value = next((value[name] for name in _SERIAL_NAMES if name in value), None)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    return value if isinstance(value, str) and _SERIAL.fullmatch(value) else None
