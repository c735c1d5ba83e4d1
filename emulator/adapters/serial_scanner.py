"""Scanners and document readers on a pseudo-terminal: what a program opens as a serial port, and what a device does.

Each device sends what its maker's framing says, whole or damaged. POSIX only, like pseudo-terminals.
"""

from __future__ import annotations

import contextlib
import enum
import json
import os
import select
import threading
import tty
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

__all__ = ["CodeScanner", "Damage", "DeskoReader", "ElyctisReader", "Est100PrReader", "SerialDevice"]

_SLOW_S = 0.02
_TONES = "\u0300\u0301\u0303\u0309\u0323"


class Damage(enum.StrEnum):
    """What can happen to a message on its way."""

    NONE = "none"
    SPLIT = "split"  # octet by octet, with pauses
    HALF = "half"  # its end never comes
    GARBAGE = "garbage"  # noise in its place
    HUGE = "huge"  # more than any message has
    UNPLUGGED = "unplugged"  # in its middle the cable is pulled


class SerialDevice:
    """A device with a cable. A context manager: it is plugged in inside the block.

    Args:
        link: a path that names the port while the device is plugged in, as ``/dev/serial/by-id`` does; without one
            :attr:`port` changes each time.
    """

    def __init__(self, link: Path | None = None) -> None:
        self._link = link
        self._device_end = -1
        self.port = "" if link is None else str(link)

    def __enter__(self) -> Self:
        self.plug_in()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.unplug()

    def plug_in(self) -> None:
        """Make the port."""
        self._device_end, program_end = os.openpty()
        tty.setraw(program_end)
        name = os.ttyname(program_end)
        os.close(program_end)
        if self._link is None:
            self.port = name
        else:
            new = self._link.with_name(self._link.name + ".new")
            new.symlink_to(name)
            new.rename(self._link)

    def unplug(self) -> None:
        """Pull the cable. May be called twice."""
        if self._link is not None:
            self._link.unlink(missing_ok=True)
        if self._device_end >= 0:
            with contextlib.suppress(OSError):
                os.close(self._device_end)
            self._device_end = -1

    def send(self, octets: bytes, damage: Damage = Damage.NONE) -> None:
        """Put octets on the wire."""
        match damage:
            case Damage.NONE:
                self._write(octets)
            case Damage.SPLIT:
                for at in range(len(octets)):
                    self._write(octets[at : at + 1])
                    if at % 16 == 0:
                        threading.Event().wait(_SLOW_S / 4)
            case Damage.HALF:
                self._write(octets[: len(octets) // 2])
            case Damage.GARBAGE:
                self._write(bytes(0x80 | (7 * at) & 0x7F for at in range(len(octets))))
            case Damage.HUGE:
                self._write(self.made_huge(octets))
            case Damage.UNPLUGGED:
                self._write(octets[: len(octets) // 2])
                self.unplug()

    def made_huge(self, octets: bytes) -> bytes:
        """The same message with far too much in it, and its end."""
        return octets[:2] + b"x" * 70_000 + octets[2:]

    def received(self, timeout_s: float = 5.0) -> bytes:
        """What the program has sent, at least one octet; empty if nothing comes."""
        ready, _, _ = select.select([self._device_end], [], [], timeout_s)
        if not ready:
            return b""
        try:
            return os.read(self._device_end, 4096)
        except OSError:  # nobody has the port open
            threading.Event().wait(_SLOW_S)
            return b""

    def _write(self, octets: bytes) -> None:
        view = memoryview(octets)
        while view:
            written = os.write(self._device_end, view)
            view = view[written:]


class CodeScanner(SerialDevice):
    """A QR and bar-code scanner.

    Args:
        link: see :class:`SerialDevice`.
        encoding: of letters: ``utf-8``, ``cp1258``, ``latin-1``, or ``mojibake`` for UTF-8 taken for cp1252 and encoded
            again.
        suffix: what ends each code.
    """

    def __init__(self, link: Path | None = None, *, encoding: str = "utf-8", suffix: bytes = b"\r\n") -> None:
        super().__init__(link)
        self._encoding = encoding
        self._suffix = suffix

    def scan(self, text: str, damage: Damage = Damage.NONE) -> None:
        """Hold a code under it."""
        if self._encoding == "mojibake":
            octets = text.encode().decode("latin-1").encode()
        elif self._encoding == "cp1258":
            octets = b"".join(map(_in_windows_1258, unicodedata.normalize("NFC", text)))
        else:
            octets = text.encode(self._encoding, "replace")
        self.send(octets + self._suffix, damage)


def _in_windows_1258(letter: str) -> bytes:
    """A letter with its quality mark as one octet, its tone as the next."""
    parts = unicodedata.normalize("NFD", letter)
    tone = "".join(part for part in parts if part in _TONES)
    base = unicodedata.normalize("NFC", "".join(part for part in parts if part not in _TONES))
    return (base + tone).encode("cp1258", "replace")


class DeskoReader(SerialDevice):
    """A swipe reader with DESKO's framing."""

    def swipe(self, lines: Sequence[str], damage: Damage = Damage.NONE) -> None:
        """Draw a document through it."""
        self.send(b"\x01\x02" + b"".join(line.encode("ascii") + b"\r" for line in lines) + b"\x03\x04", damage)


class ElyctisReader(SerialDevice):
    """An ID BOX One: answers inquiries, and reads by itself while continuous reading is on.

    Args:
        link: see :class:`SerialDevice`.
    """

    def __init__(self, link: Path | None = None) -> None:
        super().__init__(link)
        self._lines: tuple[str, ...] = ()
        self._pending = b""
        self.reads_continuously = False

    def lay(self, lines: Sequence[str], damage: Damage = Damage.NONE) -> bool:
        """Lay a document down. Returns whether it was read: only while continuous reading is on, which ends with it."""
        self._lines = tuple(lines)
        if not self.reads_continuously:
            return False
        self.reads_continuously = False
        self.send(self._message(0x49), damage)
        return True

    def lift(self) -> None:
        """Take it away."""
        self._lines = ()

    def serve(self, timeout_s: float = 5.0) -> bytes:
        """Carry out the commands that have arrived; returns them. Waits for the first octet."""
        commands = self.received(timeout_s)
        self._pending += commands
        while len(self._pending) >= 3:
            length = int.from_bytes(self._pending[1:3], "big")
            if len(self._pending) < 3 + length:
                break
            command, content = self._pending[0], self._pending[3 : 3 + length]
            self._pending = self._pending[3 + length :]
            if command == 0x43 and length == 1:
                self.reads_continuously = content == b"\x01"
                self.send(b"\x43\x00\x00")
            elif command in (0x49, 0x4C):
                self.send(self._message(command))
        return commands

    def made_huge(self, octets: bytes) -> bytes:
        """A length that no document has."""
        return octets[:1] + b"\xff\xff" + octets[3:]

    def _message(self, command: int) -> bytes:
        separator = b"" if command == 0x4C else b"\r"
        content = b"".join(line.encode("ascii") + separator for line in self._lines)
        return bytes([command]) + len(content).to_bytes(2, "big") + content


class Est100PrReader(SerialDevice):
    """An EST-100PR-NZ: JSON between STX and ETX."""

    def camera(self, text: str, damage: Damage = Damage.NONE) -> None:
        """Hold a code under its camera."""
        self.tell({"CameraData": text}, damage)

    def signal(self, damage: Damage = Damage.NONE) -> None:
        """Let it signal."""
        self.tell({"PCSign": "1"}, damage)

    def card(self, record: Mapping[str, str], damage: Damage = Damage.NONE, *, as_text: bool = False) -> None:
        """Lay a card on it."""
        self.tell({"EidlinkResult": json.dumps(record) if as_text else dict(record)}, damage)

    def tell(self, message: object, damage: Damage = Damage.NONE) -> None:
        """Send any JSON."""
        self.send(b"\x02" + json.dumps(message, ensure_ascii=False).encode() + b"\x03\r\n", damage)

    def made_huge(self, octets: bytes) -> bytes:
        """More than three megabytes."""
        return octets[:2] + b" " * (3 << 20) + octets[2:]
