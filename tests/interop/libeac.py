"""libeac (OpenPACE) as a terminal and as a chip: it computes, this module makes APDUs of it.

The APDUs are written straight from Doc 9303-11 §4.4 and §9.8, with nothing of the reader or the emulator. The library
runs in a process of its own (:mod:`tests.interop.libeac_process`).
"""

from __future__ import annotations

import contextlib
import itertools
import os
import pathlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import NoReturn, TypeVar

import pytest

from tests.interop.foreign_tlv import header as tlv_header
from tests.interop.foreign_tlv import objects, oid, only, tlv

PROCESS = pathlib.Path(__file__).with_name("libeac_process.py")
MRZ, CAN, PIN, PUK = 1, 2, 3, 4
BY_PACE, BY_CHIP_AUTHENTICATION = 0, 1
FIELD_BYTES = {0: 128, 1: 256, 2: 256}
"""Length of p of the finite-field groups by parameter id (RFC 5114 §2.1 to §2.3)."""


class Refused(Exception):  # noqa: N818
    """libeac or the other side said no. The text is what libeac printed, or the status word."""


class ShortenedError(Exception):
    """libeac left out leading zeros of a value that has a fixed length.

    libeac 1.1.2 does so with the shared secret over a finite field (PKCS #3 keeps them, and so Doc 9303-11 §9.6) and with
    the compressed form of a point ("of fixed length", TR-03110-3 §A.2.2.3). Such a run agrees with nobody but itself.
    """


T = TypeVar("T")


def whole(run: Callable[[], T]) -> T:
    """Runs again, with fresh keys, for as long as libeac comes upon a shared secret that it shortens: one in 180."""
    for _ in range(5):
        try:
            return run()
        except ShortenedError:
            continue
    raise AssertionError("libeac shortens every shared secret")


def missing(reason: str) -> NoReturn:
    """Skip with a reason; where CI is set, the peer belongs to the machine, so fail."""
    if os.environ.get("CI", "").lower() in {"1", "true", "yes"}:
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


class Libeac:
    """The process. :meth:`ask` is one question."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._numbers = itertools.count(1)

    def ask(self, operation: str, *arguments: bytes | int) -> bytes:
        """Raises :class:`Refused` with what libeac printed."""
        words = (f"x{value.hex()}" if isinstance(value, bytes) else str(value) for value in arguments)
        assert self._process.stdin is not None
        self._process.stdin.write(" ".join((operation, *words)) + "\n")
        self._process.stdin.flush()
        return self.answer()

    def answer(self) -> bytes:
        """What stands after the next ``ok``."""
        printed: list[str] = []
        assert self._process.stdout is not None
        for line in self._process.stdout:
            word, _, rest = line.strip().partition(" ")
            if word == "ok":
                return bytes.fromhex(rest[1:])
            if word == "no":
                raise Refused("; ".join(printed))
            printed.append(line.strip())
        raise EOFError("; ".join(printed) or "libeac's process ended")

    @contextlib.contextmanager
    def context(self) -> Iterator[Context]:
        """A context of libeac's, freed at the end."""
        number = next(self._numbers)
        self.ask("new", number)
        try:
            yield Context(self, number)
        finally:
            self.ask("free", number)


class Context:
    """One EAC_CTX. Operations are those of the process, called as methods of :meth:`ask`."""

    def __init__(self, libeac: Libeac, number: int) -> None:
        self._libeac, self._number = libeac, number

    def ask(self, operation: str, *arguments: bytes | int) -> bytes:
        """One operation on this context. Raises :class:`Refused`."""
        return self._libeac.ask(operation, self._number, *arguments)

    def require_whole_secret(self, protocol: int, parameter_id: int) -> None:
        """Raises :class:`ShortenedError` if the secret agreed on is shorter than the field (``parameter_id`` 0 to 2)."""
        size = FIELD_BYTES.get(parameter_id)
        if size is not None and int.from_bytes(self.ask("secret_length", protocol), "big") < size:
            raise ShortenedError

    def refusal(self, operation: str, *arguments: bytes | int) -> str | None:
        """What libeac says against it; ``None`` if it does it."""
        try:
            self.ask(operation, *arguments)
        except Refused as refused:
            return str(refused)
        return None


@contextlib.contextmanager
def running_libeac() -> Iterator[Libeac]:
    """The process, started; skips (or fails, in CI) where the machine has no libeac."""
    process = subprocess.Popen(
        [sys.executable, "-I", str(PROCESS)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,  # libeac's own words belong to the answer
        text=True,
        env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"},
    )
    with process:
        try:
            libeac = Libeac(process)
            try:
                libeac.answer()
            except EOFError as end:
                missing(f"libeac3 is not installed or cannot run: {end}")
            yield libeac
        finally:
            process.kill()  # it keeps nothing, and after a failure it may not be listening


def command(header: bytes, data: bytes, *, ends: bool = True) -> bytes:
    """An APDU with data and the largest Le, of short length where it fits (ISO/IEC 7816-4 §5.1)."""
    header = bytes([header[0] | (0 if ends else 0x10)]) + header[1:]
    if len(data) < 256:
        return header + bytes([len(data)]) + data + b"\0"
    return header + b"\0" + len(data).to_bytes(2, "big") + data + b"\0\0"


# -- secure messaging (Doc 9303-11 §9.8) ----------------------------------------------------------------------------


class Channel:
    """A session whose keys and counter only libeac has."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def _padded(self, data: bytes) -> bytes:
        return self._context.ask("pad", data)

    def _unpadded(self, data: bytes) -> bytes:
        body, mark, zeros = data.rpartition(b"\x80")
        assert mark
        assert not zeros.strip(b"\0")
        return body

    def _encrypted(self, data: bytes) -> bytes:
        return self._context.ask("encrypt", self._padded(data))

    def _decrypted(self, data: bytes) -> bytes:
        return self._unpadded(self._context.ask("decrypt", data))

    def protect(self, header: bytes, data: bytes = b"", le: int | None = None) -> bytes:
        """A command, of extended length where its data need it: the terminal's side."""
        self._context.ask("count")
        header = bytes([header[0] | 0x0C]) + header[1:]
        body = b""
        if data and header[1] & 1:
            body += tlv(0x85, self._encrypted(data))
        elif data:
            body += tlv(0x87, b"\x01", self._encrypted(data))
        if le is not None:
            body += tlv(0x97, bytes([le & 0xFF]))
        covered = self._padded(header) + (self._padded(body) if body else b"")
        body += tlv(0x8E, self._context.ask("mac", covered))
        return command(header, body)

    def answer(self, response: bytes) -> tuple[bytes, int]:
        """Data and status word of a protected answer: the terminal's side."""
        self._context.ask("count")
        found = list(objects(response[:-2]))
        tag, code = found.pop()
        assert tag == 0x8E
        covered = b"".join(tlv(tag, value) for tag, value in found)
        assert self._context.ask("mac", self._padded(covered)) == code, "libeac computes the same MAC"
        parts = dict(found)
        assert parts[0x99] == response[-2:]
        data = b""
        if 0x87 in parts:
            assert parts[0x87][0] == 1
            data = self._decrypted(parts[0x87][1:])
        elif 0x85 in parts:
            data = self._decrypted(parts[0x85])
        return data, int.from_bytes(parts[0x99], "big")

    def opened(self, command: bytes) -> tuple[bytes, bytes, bytes]:
        """Header, data and Le octets of a protected command of short or extended length: the chip's side."""
        self._context.ask("count")
        header, rest = command[:4], command[4:]
        assert header[0] & 0x0C == 0x0C
        count, start = (rest[0], 1) if rest[0] else (int.from_bytes(rest[1:3], "big"), 3)
        body, tail = rest[start : start + count], rest[start + count :]
        assert not tail.strip(b"\0"), "Ne as large as the length fields can say (Doc 9303-11 §9.8.4)"
        found = list(objects(body))
        tag, code = found.pop()
        assert tag == 0x8E
        covered = b"".join(tlv(tag, value) for tag, value in found)
        covered = self._padded(header) + (self._padded(covered) if covered else b"")
        assert self._context.ask("mac", covered) == code, "libeac computes the same MAC"
        parts = dict(found)
        data = b""
        if 0x87 in parts:
            assert parts[0x87][0] == 1
            data = self._decrypted(parts[0x87][1:])
        elif 0x85 in parts:
            data = self._decrypted(parts[0x85])
        return bytes([header[0] & 0xF3]) + header[1:], data, parts.get(0x97, b"")

    def sealed(self, data: bytes, status: int = 0x9000, *, odd: bool = False) -> bytes:
        """A protected answer: the chip's side."""
        self._context.ask("count")
        body = b""
        if data:
            body = tlv(0x85, self._encrypted(data)) if odd else tlv(0x87, b"\x01", self._encrypted(data))
        body += tlv(0x99, status.to_bytes(2, "big"))
        return body + tlv(0x8E, self._context.ask("mac", self._padded(body))) + status.to_bytes(2, "big")


# -- PACE (Doc 9303-11 §4.4.4, §4.4.5) ---------------------------------------------------------------------------------


class Terminal:
    """libeac as the terminal of a card that is nothing but ``transmit``."""

    def __init__(self, context: Context, transmit: Callable[[bytes], bytes]) -> None:
        self.context, self._transmit = context, transmit
        self.channel: Channel | None = None
        self.chip_key = b""
        self.tries_left: int | None = None

    def plain(self, apdu: bytes) -> bytes:
        """Data of a successful answer. Raises :class:`Refused` with the status word."""
        answer = self._transmit(apdu)
        if answer[-2:] != b"\x90\x00":
            raise Refused(answer[-2:].hex().upper())
        return answer[:-2]

    def _step(self, tag: int, value: bytes, *, ends: bool = False) -> dict[int, bytes]:
        body = tlv(0x7C, tlv(tag, value) if tag else b"")
        return dict(objects(only(self.plain(command(b"\0\x86\0\0", body, ends=ends)), 0x7C)))

    def pace(self, protocol: str, parameter_id: int, kind: int, password: bytes, template: bytes = b"") -> None:
        """Generic mapping; then a channel is open. ``template``: DO'7F4C' of a terminal that will authenticate itself."""
        ask = self.context.ask
        ask("pace", protocol.encode("ascii"), parameter_id)
        reference = tlv(0x80, oid(protocol)) + tlv(0x83, bytes([kind])) + tlv(0x84, bytes([parameter_id])) + template
        chosen = self._transmit(b"\0\x22\xc1\xa4" + bytes([len(reference)]) + reference)
        self.tries_left = chosen[1] & 0xF if chosen[:1] == b"\x63" else None  # a warning: go on (TR-03110-3 §B.14.1)
        if self.tries_left is None and chosen != b"\x90\x00":
            raise Refused(chosen.hex().upper())
        ask("nonce", kind, password, self._step(0, b"")[0x80])
        mapping_key = ask("mapping_key")
        ask("map", self._step(0x81, mapping_key)[0x82])
        own = ask("ephemeral_key")
        chip = self._step(0x83, own)[0x84]
        ask("agree", chip)
        self.context.require_whole_secret(BY_PACE, parameter_id)
        ask("derive")
        last = self._step(0x85, ask("token", chip), ends=True)
        ask("accepts_token", last[0x86])
        self.chip_key = chip
        ask("channel", BY_PACE)
        self.channel = Channel(self.context)

    def send(self, header: bytes, data: bytes = b"", le: int | None = None) -> tuple[bytes, int]:
        """A command through the channel."""
        assert self.channel is not None
        return self.channel.answer(self._transmit(self.channel.protect(header, data, le)))

    def file(self, identifier: int, step: int = 0xC0) -> bytes:
        """A whole file: SELECT, then READ BINARY until all is there that the first header announces."""
        assert self.send(b"\0\xa4\x02\x0c", identifier.to_bytes(2, "big")) == (b"", 0x9000)
        content, total = b"", 4
        while len(content) < total:
            offset = len(content)
            data, status = self.send(b"\0\xb0" + offset.to_bytes(2, "big"), le=min(step, total - offset))
            assert status == 0x9000
            assert data
            content += data
            if offset == 0:
                _, size, start = tlv_header(content)
                total = start + size
        return content


class Chip:
    """libeac as the chip: it answers the commands of a terminal, whole APDUs, in the order of the protocol."""

    def __init__(self, context: Context, protocol: str, parameter_id: int, kind: int, password: bytes) -> None:
        self.context, self._protocol, self._parameter_id = context, protocol, parameter_id
        self._kind, self._password = kind, password
        self.channel: Channel | None = None
        context.ask("pace", protocol.encode("ascii"), parameter_id)
        self._steps = iter((self._set_at, self._nonce, self._map, self._agree, self._token))

    def transmit(self, apdu: bytes) -> bytes:
        """One step of PACE. A wrong token is answered with 6300, as Doc 9303-11 §4.4.4.2 has it."""
        return next(self._steps)(apdu)

    def _body(self, apdu: bytes, *, ends: bool = False) -> dict[int, bytes]:
        assert apdu[:4] == (b"\0\x86\0\0" if ends else b"\x10\x86\0\0")
        size, start = (apdu[4], 5) if apdu[4] else (int.from_bytes(apdu[5:7], "big"), 7)
        assert not apdu[start + size :].strip(b"\0")
        return dict(objects(only(apdu[start : start + size], 0x7C)))

    def _set_at(self, apdu: bytes) -> bytes:
        assert apdu[:4] == b"\0\x22\xc1\xa4"
        assert apdu[4] == len(apdu) - 5
        parts = dict(objects(apdu[5:]))
        assert parts[0x80] == oid(self._protocol)
        assert parts[0x83] == bytes([self._kind])
        assert parts.get(0x84, bytes([self._parameter_id])) == bytes([self._parameter_id])
        return b"\x90\x00"

    def _nonce(self, apdu: bytes) -> bytes:
        assert self._body(apdu) == {}
        return self._answer(0x80, self.context.ask("nonce", self._kind, self._password))

    def _map(self, apdu: bytes) -> bytes:
        terminal = self._body(apdu)[0x81]
        own = self.context.ask("mapping_key")
        self.context.ask("map", terminal)
        return self._answer(0x82, own)

    def _agree(self, apdu: bytes) -> bytes:
        terminal = self._body(apdu)[0x83]
        own = self.context.ask("ephemeral_key")
        self.context.ask("agree", terminal)
        self.context.require_whole_secret(BY_PACE, self._parameter_id)
        self.context.ask("derive")
        self._own_token = self.context.ask("token", terminal)
        return self._answer(0x84, own)

    def _token(self, apdu: bytes) -> bytes:
        if self.context.refusal("accepts_token", self._body(apdu, ends=True)[0x85]) is not None:
            return b"\x63\x00"
        self.context.ask("channel", BY_PACE)
        self.channel = Channel(self.context)
        return self._answer(0x86, self._own_token)

    @staticmethod
    def _answer(tag: int, value: bytes) -> bytes:
        return tlv(0x7C, tlv(tag, value)) + b"\x90\x00"
