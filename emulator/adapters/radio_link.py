"""How long a command takes over the air, computed from its length and the length of its answer.

ISO/IEC 14443-3 and -4, type A, at 106, 212, 424 or 848 kbit/s: frames with start, parity and end, the prologue and
checksum of blocks, chaining with R(ACK), frame delay times, waiting-time extensions. Everything on the air is counted in
whole cycles of the carrier. The chip's computing is told from outside; the reader's way to the computer is a number of
its own. ``docs/link-model.md`` says where each figure is from and what is left out.
"""

from __future__ import annotations

import dataclasses
import enum
import math
from typing import Final

__all__ = ["CARRIER_HZ", "FRAME_SIZES", "BitRate", "Exchange", "HostLink", "RadioLink"]

CARRIER_HZ: Final = 13_560_000
"""fc (ISO/IEC 14443-2 §6.2)."""

FRAME_SIZES: Final = (16, 24, 32, 40, 48, 64, 96, 128, 256, 512, 1024, 2048, 4096)
"""FSD and FSC by FSDI and FSCI: longest frame in bytes, prologue and checksum included (ISO/IEC 14443-4 §5.1, §5.2.3)."""
MOST_FWI: Final = 14
"""FWI 15 is reserved (ISO/IEC 14443-4 §5.2.5)."""
MOST_WTXM: Final = 59
"""Largest multiplier of a waiting-time extension (ISO/IEC 14443-4 §7.3)."""

_BITS_PER_BYTE: Final = 8 + 1  # odd parity after each byte (ISO/IEC 14443-3 §6.2)
_READER_START_BITS: Final = 1  # sequence Z
_READER_END_BITS: Final = 2  # logic 0, then sequence Y
_CHIP_START_BITS: Final = 1  # sequence D; at higher rates the first bit after the burst, a logic 0
_CHIP_END_BITS: Final = 1  # sequence F at 106 kbit/s; at higher rates the last parity bit, inverted, ends the frame
_CHIP_START_BURST: Final = 32 * 16  # 32 cycles of the subcarrier fc/16, at higher rates only (ISO/IEC 14443-2 §8.2)
_CHIP_DELAY: Final = 9 * 128 + 84  # least frame delay time from reader to chip, last bit 1 (ISO/IEC 14443-3 §6.2)
_READER_DELAY: Final = 1172  # least frame delay time from chip to reader

_PROLOGUE_BYTES: Final = 1  # PCB (ISO/IEC 14443-4 §7.1)
_CARD_IDENTIFIER_BYTES: Final = 1  # CID
_CHECKSUM_BYTES: Final = 2  # CRC_A
_WTXM_BYTES: Final = 1
_WAITING_UNIT: Final = 256 * 16  # FWT = 256 · 16 / fc · 2^FWI (ISO/IEC 14443-4 §7.2)


class BitRate(enum.IntEnum):
    """Bit rate of both directions; the value is how many times the first rate of fc/128 it is."""

    KBIT_106 = 1
    KBIT_212 = 2
    KBIT_424 = 4
    KBIT_848 = 8

    @property
    def kbit_s(self) -> int:
        """As it is called, in kbit/s."""
        return 106 * self.value

    @property
    def bit_cycles(self) -> int:
        """Length of a bit, the elementary time unit, in cycles of the carrier: 128 / D."""
        return 128 // self.value

    @classmethod
    def named(cls, kbit_s: int) -> BitRate:
        """The rate that is called so. Raises ``ValueError`` if there is none."""
        for rate in cls:
            if rate.kbit_s == kbit_s:
                return rate
        raise ValueError(f"there is no bit rate of {kbit_s} kbit/s; there are {', '.join(str(r.kbit_s) for r in cls)}")


@dataclasses.dataclass(frozen=True, slots=True)
class Exchange:
    """One command and its answer.

    Attributes:
        command_bytes, answer_bytes: lengths of the APDUs.
        frames: frames on the air, both ways.
        waiting_extensions: how often the chip asked for more time.
        air_s: frames, and the least delays between them.
        chip_s: the chip computes beyond the least delay.
        host_s: between reader and computer.
    """

    command_bytes: int
    answer_bytes: int
    frames: int
    waiting_extensions: int
    air_s: float
    chip_s: float
    host_s: float

    @property
    def total_s(self) -> float:
        """All three; nothing overlaps."""
        return self.air_s + self.chip_s + self.host_s


@dataclasses.dataclass(frozen=True, slots=True)
class HostLink:
    """The way between reader and computer: CCID over full-speed USB.

    Attributes:
        round_trip_s: for a message and its answer besides their bytes. Assumed: one USB frame, 1 ms, as the computer
            looks for an answer once in a frame.
        bytes_per_s: 19 packets of 64 bytes in each frame of 1 ms (USB 2.0 §5.8.4, table 5-9).
        message_bytes: ``dwMaxCCIDMessageLength``, header included; the most that CCID allows by default (CCID 1.1 §5.1).
    """

    round_trip_s: float = 0.001
    bytes_per_s: float = 1_216_000.0
    message_bytes: int = 65_544 + 10

    def __post_init__(self) -> None:
        if self.round_trip_s < 0 or self.bytes_per_s <= 0 or self.message_bytes <= _CCID_HEADER_BYTES:
            raise ValueError("times of a link are not negative, and a message holds more than its header")

    def seconds(self, command_bytes: int, answer_bytes: int) -> float:
        """For one command and its answer; each message more than one way costs a round trip more."""
        there = self._messages(command_bytes)
        back = self._messages(answer_bytes)
        trips = there + back - 1  # each part but the last is acknowledged by an empty message (CCID 1.1 §6.1.4)
        carried = command_bytes + answer_bytes + 2 * trips * _CCID_HEADER_BYTES
        return trips * self.round_trip_s + carried / self.bytes_per_s

    def _messages(self, octets: int) -> int:
        return max(1, math.ceil(octets / (self.message_bytes - _CCID_HEADER_BYTES)))


_CCID_HEADER_BYTES: Final = 10


@dataclasses.dataclass(frozen=True, slots=True)
class _Cycles:
    """Frames on the air and how many cycles of the carrier they and the delays between them take."""

    frames: int
    cycles: int


@dataclasses.dataclass(frozen=True, slots=True)
class RadioLink:
    """One activated card before one reader.

    Attributes:
        rate: of both directions.
        chip_frame_bytes: FSC, the longest frame that the chip takes.
        reader_frame_bytes: FSD, the longest frame that the reader takes.
        card_identifier: whether blocks carry a CID.
        fwi: the chip's frame waiting time integer. Assumed: 8, some 77 ms.
        wtxm: multiplier that the chip asks for. Assumed: 1.
        host: between reader and computer.

    Raises:
        ValueError: sizes that the standard does not have.
    """

    rate: BitRate = BitRate.KBIT_106
    chip_frame_bytes: int = 256
    reader_frame_bytes: int = 256
    card_identifier: bool = False
    fwi: int = 8
    wtxm: int = 1
    host: HostLink = dataclasses.field(default_factory=HostLink)

    def __post_init__(self) -> None:
        if self.chip_frame_bytes not in FRAME_SIZES or self.reader_frame_bytes not in FRAME_SIZES:
            raise ValueError(f"frame sizes are {', '.join(map(str, FRAME_SIZES))} bytes")
        if not 0 <= self.fwi <= MOST_FWI or not 1 <= self.wtxm <= MOST_WTXM:
            raise ValueError(f"FWI is 0 to {MOST_FWI}, WTXM 1 to {MOST_WTXM}")

    # ------------------------------------------------------------------------------------------- frames
    def reader_frame_cycles(self, octets: int) -> int:
        """A frame from the reader, in cycles of the carrier. ``octets`` counts prologue and checksum."""
        bits = _READER_START_BITS + _BITS_PER_BYTE * octets + _READER_END_BITS
        return bits * self.rate.bit_cycles

    def chip_frame_cycles(self, octets: int) -> int:
        """A frame from the chip, in cycles of the carrier."""
        bits = _CHIP_START_BITS + _BITS_PER_BYTE * octets
        if self.rate is BitRate.KBIT_106:
            return (bits + _CHIP_END_BITS) * self.rate.bit_cycles
        return _CHIP_START_BURST + bits * self.rate.bit_cycles

    def blocks(self, octets: int, frame_bytes: int) -> list[int]:
        """Lengths of the frames of the chained I-blocks that carry so many octets (ISO/IEC 14443-4 §7.1.1, §7.5.2)."""
        most = frame_bytes - self._around
        whole, rest = divmod(octets, most)
        inside = [most] * whole + ([rest] if rest or not whole else [])
        return [part + self._around for part in inside]

    @property
    def frame_waiting_time_s(self) -> float:
        """FWT in seconds."""
        return (_WAITING_UNIT << self.fwi) / CARRIER_HZ

    # ---------------------------------------------------------------------------------------- exchanges
    def exchange(self, command_bytes: int, answer_bytes: int, chip_s: float) -> Exchange:
        """One command, the chip's computing, and the answer.

        The chip computes the whole answer before its first frame, and stands still while it asks for more time.

        Args:
            command_bytes: length of the command APDU.
            answer_bytes: length of the answer, status word included.
            chip_s: how long the chip computes, in seconds.

        Raises:
            ValueError: a negative length or time, or an endless one.
        """
        if command_bytes < 0 or answer_bytes < 0 or not 0 <= chip_s < math.inf:
            raise ValueError("lengths and times are not negative")
        extensions = self._extensions(chip_s)
        parts = (self._command(command_bytes), self._asking(extensions), self._answer(answer_bytes))
        cycles = sum(part.cycles for part in parts) + _CHIP_DELAY
        return Exchange(
            command_bytes,
            answer_bytes,
            sum(part.frames for part in parts),
            extensions,
            cycles / CARRIER_HZ,
            max(0.0, chip_s - _CHIP_DELAY / CARRIER_HZ),
            self.host.seconds(command_bytes, answer_bytes),
        )

    @property
    def _around(self) -> int:
        return _PROLOGUE_BYTES + (_CARD_IDENTIFIER_BYTES if self.card_identifier else 0) + _CHECKSUM_BYTES

    def _command(self, octets: int) -> _Cycles:
        """I-blocks; the chip answers R(ACK) to each but the last."""
        frames = self.blocks(octets, self.chip_frame_bytes)
        acknowledged = len(frames) - 1
        acknowledgement = _CHIP_DELAY + self.chip_frame_cycles(self._around) + _READER_DELAY
        cycles = sum(map(self.reader_frame_cycles, frames)) + acknowledged * acknowledgement
        return _Cycles(len(frames) + acknowledged, cycles)

    def _answer(self, octets: int) -> _Cycles:
        """I-blocks; the reader answers R(ACK) to each but the last."""
        frames = self.blocks(octets, self.reader_frame_bytes)
        acknowledged = len(frames) - 1
        acknowledgement = _READER_DELAY + self.reader_frame_cycles(self._around) + _CHIP_DELAY
        cycles = sum(map(self.chip_frame_cycles, frames)) + acknowledged * acknowledgement
        return _Cycles(len(frames) + acknowledged, cycles)

    def _extensions(self, chip_s: float) -> int:
        """How often the chip must send S(WTX) so that it never answers later than it may (ISO/IEC 14443-4 §7.3)."""
        late = chip_s - self.frame_waiting_time_s
        if late <= 0:
            return 0
        longest = (_WAITING_UNIT << MOST_FWI) / CARRIER_HZ
        return math.ceil(late / min(self.wtxm * self.frame_waiting_time_s, longest))

    def _asking(self, extensions: int) -> _Cycles:
        """S(WTX) of the chip and of the reader, the multiplier inside."""
        octets = self._around + _WTXM_BYTES
        cycles = self.chip_frame_cycles(octets) + _READER_DELAY + self.reader_frame_cycles(octets)
        return _Cycles(2 * extensions, extensions * cycles)
