"""Command and response APDUs, short and extended (ISO/IEC 7816-3 §12.1, ISO/IEC 7816-4 §5.1)."""

from __future__ import annotations

import dataclasses

from crypto.errors import ErrorCode, Hint, WireError
from crypto.wire import limits
from crypto.wire.status_word import StatusWord

__all__ = ["CommandApdu", "ResponseApdu"]

APDU_MALFORMED = ErrorCode("apdu.malformed", Hint.RETRY_CARD, "A command or an answer of the card is not well formed.")
APDU_TOO_LONG = ErrorCode("apdu.too_long", Hint.NOT_SUPPORTED, "A command is longer than the standard allows.")


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class CommandApdu:
    """A command.

    Attributes:
        cla, ins, p1, p2: header bytes, 0 to 255.
        data: command data field, 0 to 65,535 bytes.
        ne: most bytes expected in the answer, 0 to 65,536; 0 means that none is asked for.
        extended: force extended length fields even where short ones would do.
    """

    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes = b""
    ne: int = 0
    extended: bool = False

    def __post_init__(self) -> None:
        if not (0 <= self.cla <= 0xFF and 0 <= self.ins <= 0xFF and 0 <= self.p1 <= 0xFF and 0 <= self.p2 <= 0xFF):
            raise WireError(APDU_MALFORMED)
        if len(self.data) > limits.EXTENDED_NC or not 0 <= self.ne <= limits.EXTENDED_NE:
            raise WireError(APDU_TOO_LONG)

    def __repr__(self) -> str:
        head = f"{self.cla:02X} {self.ins:02X} {self.p1:02X} {self.p2:02X}"
        return f"CommandApdu({head}, {len(self.data)} bytes, ne={self.ne})"

    @property
    def header(self) -> bytes:
        """CLA INS P1 P2."""
        return bytes([self.cla, self.ins, self.p1, self.p2])

    @property
    def is_extended(self) -> bool:
        """Whether the length fields are extended."""
        return self.extended or len(self.data) > limits.SHORT_NC or self.ne > limits.SHORT_NE

    def encode(self) -> bytes:
        """The octets for the link (ISO/IEC 7816-3 §12.1.3, the seven cases)."""
        data, ne = self.data, self.ne
        if self.is_extended:
            return self.header + self._extended_body()
        lc = (len(data),) if data else ()
        le = bytes((ne & 0xFF,)) if ne else b""
        return bytes((self.cla, self.ins, self.p1, self.p2, *lc)) + data + le

    def _extended_body(self) -> bytes:
        le = (self.ne & 0xFFFF).to_bytes(2, "big")
        if self.data:
            return b"\0" + len(self.data).to_bytes(2, "big") + self.data + (le if self.ne else b"")
        return b"\0" + le if self.ne else b""

    @classmethod
    def parse(cls, octets: bytes) -> CommandApdu:
        """The command in these octets.

        Raises:
            WireError: no combination of header and length fields fits.
        """
        if len(octets) < 4:
            raise WireError(APDU_MALFORMED)
        cla, ins, p1, p2 = octets[:4]
        data, ne, extended = _parse_body(octets[4:])
        return cls(cla, ins, p1, p2, data, ne, extended)


def _parse_body(body: bytes) -> tuple[bytes, int, bool]:
    """Data, Ne and whether the length fields are extended (ISO/IEC 7816-3 §12.1.3 table 12)."""
    if not body:  # case 1
        return b"", 0, False
    if len(body) == 1:  # case 2S
        return b"", body[0] or 256, False
    if body[0]:  # case 3S or 4S
        nc = body[0]
        rest = body[1 + nc :]
        if len(body) < 1 + nc or len(rest) > 1:
            raise WireError(APDU_MALFORMED)
        return body[1 : 1 + nc], (rest[0] or 256) if rest else 0, False
    if len(body) == 3:  # case 2E
        return b"", int.from_bytes(body[1:3], "big") or 65_536, True
    nc = int.from_bytes(body[1:3], "big")
    rest = body[3 + nc :]
    if len(body) < 3 or nc == 0 or len(body) < 3 + nc or len(rest) not in (0, 2):
        raise WireError(APDU_MALFORMED)
    ne = (int.from_bytes(rest, "big") or 65_536) if rest else 0  # case 3E or 4E
    return body[3 : 3 + nc], ne, True


_set = object.__setattr__


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class ResponseApdu:
    """An answer: data field and status word."""

    data: bytes
    sw: StatusWord

    def __init__(self, data: bytes, sw: int) -> None:
        _set(self, "data", data)
        _set(self, "sw", sw if isinstance(sw, StatusWord) else StatusWord(sw))

    def __repr__(self) -> str:
        return f"ResponseApdu({len(self.data)} bytes, {self.sw})"

    @property
    def is_success(self) -> bool:
        """Whether the status word is exactly 9000."""
        return self.sw.is_success

    def encode(self) -> bytes:
        """Data field and status word as octets."""
        return self.data + int(self.sw).to_bytes(2, "big")

    @classmethod
    def parse(cls, octets: bytes) -> ResponseApdu:
        """The answer in these octets. Raises :class:`WireError` if there is no status word."""
        if len(octets) < 2:
            raise WireError(APDU_MALFORMED)
        return cls(octets[:-2], int.from_bytes(octets[-2:], "big"))
