"""The kinds of devices on serial ports: how each speaks, and what its messages mean."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable
from typing import Final, Protocol

from reader.scanners.recognition import LineInterpreter, Scan
from reader.scanners.serial import Parity, SerialLine
from reader.scanners.vendor.declared import DeviceReading
from reader.scanners.vendor.desko import DeskoInterpreter, desko_line
from reader.scanners.vendor.elyctis import ElyctisInterpreter, elyctis_line
from reader.scanners.vendor.est100pr import Est100PrInterpreter, est100pr_line

__all__ = ["Interpreter", "SerialKind", "interpreter_of", "line_of"]


class SerialKind(enum.StrEnum):
    """What hangs on the port."""

    CODE = "code"  # a code scanner, or a reader that sends the lines of an MRZ
    ELYCTIS = "elyctis"
    DESKO = "desko"
    EST_100PR = "est-100pr"


class Interpreter(Protocol):
    """Makes sense of messages."""

    def take(self, message: bytes, /) -> Scan | DeviceReading | None:
        """Take one message; ``None`` if it says nothing yet. Raises ``DocumentError``."""
        ...


_INTERPRETERS: Final[dict[SerialKind, Callable[[], Interpreter]]] = {
    SerialKind.CODE: LineInterpreter,
    SerialKind.ELYCTIS: ElyctisInterpreter,
    SerialKind.DESKO: DeskoInterpreter,
    SerialKind.EST_100PR: Est100PrInterpreter,
}
_LINES: Final[dict[SerialKind, Callable[[], SerialLine]]] = {
    SerialKind.CODE: SerialLine,
    SerialKind.ELYCTIS: elyctis_line,
    SerialKind.DESKO: desko_line,
    SerialKind.EST_100PR: est100pr_line,
}


def interpreter_of(kind: SerialKind) -> Interpreter:
    """A new interpreter, which remembers what has come so far."""
    return _INTERPRETERS[kind]()


def line_of(kind: SerialKind, *, baud_rate: int | None = None, parity: Parity | None = None) -> SerialLine:
    """How such a device speaks as it leaves its maker; ``baud_rate`` and ``parity`` if it was set otherwise."""
    line = _LINES[kind]()
    return dataclasses.replace(
        line,
        baud_rate=line.baud_rate if baud_rate is None else baud_rate,
        parity=line.parity if parity is None else parity,
    )
