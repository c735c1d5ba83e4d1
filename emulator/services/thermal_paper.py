"""What a thermal printer does with ESC/POS: commands in, rows of dots on paper, sheets cut off.

Written from the command references of the printers' makers. The commands that a raster ticket needs are carried out
(ESC @, ESC d, ESC J, LF, GS v 0, GS ( L, GS V, GS r); what is not known is counted, since a real printer would print it
as rubbish. Commands of real time (DLE …) are looked for in everything that arrives, pictures included, as printers do.
"""

from __future__ import annotations

import dataclasses
import re
from collections import deque

from PIL import Image

__all__ = ["RealTime", "Sheet", "ThermalPaper", "find_real_time"]

_LINE_ROWS = 30  # dots of one line feed at the usual spacing
_GRAPHICS_STORE, _GRAPHICS_PRINT = 112, (2, 50)
_SET_ONE_BYTE = frozenset(b"a!-3EGMRt{")  # ESC settings with one parameter that do not matter for a picture
# DLE DC4 fn 8: "clear buffers" must be spelt out, so that no picture holds it by chance.
_CLEAR = bytes.fromhex("10140801031401060208")
_REAL_TIME = re.compile(rb"\x10\x04([\x01-\x04])|\x10\x05([\x01\x02])|" + re.escape(_CLEAR), re.DOTALL)


@dataclasses.dataclass(frozen=True, slots=True)
class RealTime:
    """One command of real time.

    Attributes:
        asks: n of DLE EOT n, or ``None``.
        recovers: n of DLE ENQ n, or ``None``.
        end: offset of the first byte after it.
    """

    asks: int | None
    recovers: int | None
    end: int

    @property
    def clears(self) -> bool:
        """Whether it empties the buffers: DLE ENQ 2 and DLE DC4 8."""
        return self.recovers == 2 or (self.asks is None and self.recovers is None)


def find_real_time(data: bytes) -> list[RealTime]:
    """The commands of real time in what has arrived, in order."""
    return [
        RealTime(found[1][0] if found[1] else None, found[2][0] if found[2] else None, found.end())
        for found in _REAL_TIME.finditer(data)
    ]


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Sheet:
    """A piece of paper that was cut off.

    Attributes:
        image: what is on it, black and white.
    """

    image: Image.Image

    def __repr__(self) -> str:
        return f"Sheet({self.image.width} × {self.image.height} dots)"


class ThermalPaper:
    """The mechanics: a buffer of commands, a roll, a cutter.

    Args:
        dots: width of the head: 576 (80 mm) or 384 (58 mm).
        rows_left: rows until the roll ends; ``None``: it is as good as endless.

    Attributes:
        sheets: what was cut off so far, oldest first.
        unknown: number of bytes that were no command it knows.
    """

    def __init__(self, dots: int = 576, rows_left: int | None = None) -> None:
        self._dots = dots
        self.rows_left = rows_left
        self.sheets: list[Sheet] = []
        self.unknown = 0
        self._buffer = b""
        self._waiting: deque[bytes] = deque()  # rows of the command being carried out
        self._rows: list[bytes] = []
        self._stored: tuple[bytes, ...] = ()

    @property
    def is_out(self) -> bool:
        """Whether the roll has ended."""
        return self.rows_left is not None and self.rows_left <= 0

    @property
    def hanging_rows(self) -> int:
        """Rows that are printed and hang out uncut."""
        return len(self._rows)

    def put(self, data: bytes) -> None:
        """More bytes for the buffer; :meth:`work` carries them out."""
        self._buffer += data

    def clear(self) -> None:
        """Forget what is in the buffers. What is on paper stays on paper."""
        self._buffer = b""
        self._waiting.clear()
        self._stored = ()

    def work(self) -> bytes:
        """Carry out what is whole, until the paper ends. Returns the answers to GS r, in order."""
        answers = b""
        while self._print_rows() and (command := self._next()) is not None:
            if command[:2] == b"\x1dr":
                answers += b"\x00"  # paper present: with none the printer is off line and does not come this far
            else:
                self._carry_out(command)
        return answers

    # ------------------------------------------------------------------------------------- the buffer
    def _next(self) -> bytes | None:
        """The first whole command, taken out of the buffer; ``None`` if there is none yet."""
        while self._buffer:
            length = self._length()
            if length is None or length > len(self._buffer):
                return None
            command, self._buffer = self._buffer[:length], self._buffer[length:]
            if length == 1 and command != b"\n":
                self.unknown += 1
                continue
            return command
        return None

    def _length(self) -> int | None:
        """Length of the command at the buffer's start; 1 for an unknown byte, ``None`` if more must arrive first."""
        start = self._buffer[:2]
        if start[0] == 0x0A:
            return 1
        if start[0] not in (0x10, 0x1B, 0x1D):
            return 1
        if len(start) < 2:
            return None
        if start[0] == 0x10:
            return {0x04: 3, 0x05: 3, 0x14: len(_CLEAR)}.get(start[1], 1)
        if start[0] == 0x1B:
            if start[1] in b"@2":
                return 2
            return 3 if start[1] in b"dJ" or start[1] in _SET_ONE_BYTE else 1
        return self._length_of_group(start[1])

    def _length_of_group(self, which: int) -> int | None:
        head = self._buffer
        match which:
            case 0x76:  # GS v 0 m xL xH yL yH d…
                if len(head) < 8:
                    return None
                return 8 + int.from_bytes(head[4:6], "little") * int.from_bytes(head[6:8], "little")
            case 0x28:  # GS ( L pL pH …
                return None if len(head) < 5 else 5 + int.from_bytes(head[3:5], "little")
            case 0x56:  # GS V m [n]
                if len(head) < 3:
                    return None
                return 4 if head[2] in (65, 66) else 3
            case 0x72 | 0x61:  # GS r n, GS a n
                return 3
            case _:
                return 1

    # ------------------------------------------------------------------------------------- the mechanics
    def _carry_out(self, command: bytes) -> None:
        if command[:1] == b"\n":
            self._feed(_LINE_ROWS)
        elif command[:2] == b"\x1b@":
            self._stored = ()
        elif command[:2] == b"\x1bd":
            self._feed(command[2] * _LINE_ROWS)
        elif command[:2] == b"\x1bJ":
            self._feed(command[2])
        elif command[:2] == b"\x1dv":
            self._lay(int.from_bytes(command[4:6], "little"), command[8:])
        elif command[:3] == b"\x1d(L":
            self._graphics(command[5:])
        elif command[:2] == b"\x1dV":
            if command[2] in (65, 66):
                self._feed(command[3])
                self._print_rows()
            self._cut()

    def _graphics(self, body: bytes) -> None:
        function = body[1] if len(body) > 1 else 0
        if function == _GRAPHICS_STORE and len(body) >= 10:
            width = (int.from_bytes(body[6:8], "little") + 7) // 8
            self._stored = tuple(_split(body[10:], width))
        elif function in _GRAPHICS_PRINT:
            self._waiting.extend(self._stored)
            self._stored = ()

    def _lay(self, width: int, dots: bytes) -> None:
        self._waiting.extend(_split(dots, width))

    def _feed(self, rows: int) -> None:
        self._waiting.extend([b""] * rows)

    def _print_rows(self) -> bool:
        """Print the rows that wait; false if the paper has ended before."""
        while self._waiting:
            if self.is_out:
                return False
            self._rows.append(self._waiting.popleft())
            if self.rows_left is not None:
                self.rows_left -= 1
        return not self.is_out

    def _cut(self) -> None:
        width = self._dots // 8
        # What is wider than the head is not printed: the dots are not there.
        whole = b"".join(row[:width].ljust(width, b"\x00") for row in self._rows)
        height = len(self._rows)
        self._rows = []
        ink = Image.frombytes("1", (self._dots, height), whole) if height else Image.new("1", (self._dots, 0))
        self.sheets.append(Sheet(ink.point(lambda dot: 0 if dot else 255)))


def _split(dots: bytes, width: int) -> list[bytes]:
    return [dots[at : at + width] for at in range(0, len(dots), width)] if width else []
