"""Which values the program itself met while it ran: so that a vector can be compared value by value, on either side.

A worked example is more than its messages: it has keys, counters, MAC inputs, mapped generators. Instead of reaching
into each class for them, the trace watches every function of the four rooms return and keeps what its arguments, local
variables and results were. Python's profiler hook is what makes that possible without a word in the code itself.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import FrameType, TracebackType
from typing import Any, Self

from crypto.primitives.curves import Point
from crypto.primitives.secret import Secret
from crypto.wire.apdu import CommandApdu, ResponseApdu
from crypto.wire.tlv import Tlv

__all__ = ["ValueTrace", "hex_leaves"]

ROOMS = ("crypto", "reader", "emulator")


class ValueTrace:
    """Watches while it is open. Nested use is not needed."""

    def __init__(self) -> None:
        self._octets: set[bytes] = set()
        self._numbers: set[int] = set()
        self._points: set[tuple[int, int]] = set()

    def __enter__(self) -> Self:
        self._before = sys.getprofile()
        sys.setprofile(self._look)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        sys.setprofile(self._before)

    def _look(self, frame: FrameType, event: str, result: object) -> None:
        if event == "return" and str(frame.f_globals.get("__name__", "")).partition(".")[0] in ROOMS:
            for value in frame.f_locals.values():
                self._keep(value)
            self._keep(result)

    def _keep(self, value: object) -> None:
        if isinstance(value, bytes | bytearray):
            self._octets.add(bytes(value))
        elif isinstance(value, int):
            self._numbers.add(int(value))
        elif isinstance(value, Point):
            self._points.add((value.x, value.y))
        elif isinstance(value, Secret):
            self._octets.add(value.reveal())
        elif isinstance(value, CommandApdu | ResponseApdu):
            self._octets |= {value.data, value.encode()}
        elif isinstance(value, Tlv):
            self._octets |= {value.value, value.encoded}
        elif isinstance(value, tuple | list):
            for part in value:
                self._keep(part)

    def met(self, octets: bytes) -> bool:
        """Whether these octets were seen: as octets, as a number of that size, or as a point."""
        if octets in self._octets:
            return True
        half = len(octets) // 2
        if octets[:1] == b"\x04" and len(octets) % 2:
            point = int.from_bytes(octets[1 : 1 + half], "big"), int.from_bytes(octets[1 + half :], "big")
            if point in self._points:
                return True
        # a short number could be met by chance
        return len(octets) >= 4 and int.from_bytes(octets, "big") in self._numbers

    def missing(self, leaves: Mapping[str, str]) -> set[str]:
        """The names of those values that were not met."""
        return {name for name, text in leaves.items() if not self.met(bytes.fromhex(text))}


def hex_leaves(value: Any, *, without: frozenset[str] = frozenset()) -> dict[str, str]:
    """Every text in a JSON value that is hexadecimal and no shorter than two octets, by its dotted place.

    Args:
        value: any part of a vector file.
        without: names of fields that are no octets though they look so.
    """
    found: dict[str, str] = {}

    def walk(part: object, place: str) -> None:
        if isinstance(part, dict):
            for name, child in part.items():
                if name not in without:
                    walk(child, f"{place}.{name}" if place else name)
        elif isinstance(part, list):
            for number, child in enumerate(part):
                walk(child, f"{place}.{number}")
        elif isinstance(part, str) and len(part) >= 4 and len(part) % 2 == 0:
            try:
                bytes.fromhex(part)
            except ValueError:
                return
            if part == part.lower() and " " not in part:
                found[place] = part

    walk(value, "")
    return found
