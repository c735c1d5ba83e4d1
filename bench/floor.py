"""The least that a reading needs: computed from the sizes of files and keys alone, by arithmetic, without any reader.

EF.CardAccess 1 command, PACE 5, SELECT of the application 1, chip authentication 2, active authentication 1, and for each
file ⌈size / block⌉ READ BINARY. Nothing is added: no EF.COM, no EF.ATR/INFO, no SELECT of a file. A block is as long as
one answer carries under secure messaging, and each command has the fewest bytes that the standard lets it have.

Why 223: the data field of a short answer has 256 bytes. DO'99' takes 4 and DO'8E' 10 of them (Doc 9303-11 §9.8.4), so
that 242 are left for DO'87': a tag, two bytes of length, the padding indicator, and 238 for the cryptogram, of which
224 are whole AES blocks. One byte of them at least is padding: 223 are the file's.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Final

__all__ = ["Step", "Suite", "floor", "longest_block", "protected_answer_bytes", "protected_command_bytes"]

SHORT_FIELD: Final = 256
"""Data bytes of the longest short answer (ISO/IEC 7816-4 §5.2)."""

_STATUS: Final = 2
_DO99: Final = 1 + 1 + 2
_DO8E: Final = 1 + 1 + 8
_OID: Final = 10  # id-PACE-… and id-CA-… : 0.4.0.127.0.7.2.2 and two arcs more (Doc 9303-11 §9.2.3, §9.2.7)
_APPLICATION_ID: Final = 7
_CHALLENGE: Final = 8
_TOKEN: Final = 8
_HEADER: Final = 4


@dataclasses.dataclass(frozen=True, slots=True)
class Suite:
    """Sizes of keys, by which the protocols' commands are as long as they are.

    Attributes:
        block_bytes: of the cipher; AES has 16.
        field_bytes: coordinate of a point, for PACE and chip authentication.
        nonce_bytes: PACE's encrypted nonce.
        signature_bytes: active authentication's answer.
    """

    block_bytes: int = 16
    field_bytes: int = 32
    nonce_bytes: int = 16
    signature_bytes: int = 64


@dataclasses.dataclass(frozen=True, slots=True)
class Step:
    """One command of the floor.

    Attributes:
        what: its purpose.
        command: its octets, those that are encrypted or random as zeros; as many as it has.
        answer_bytes: length of the answer, status word included.
    """

    what: str
    command: bytes
    answer_bytes: int


def floor(card_access_bytes: int, file_bytes: Iterable[int], field_bytes: int, suite: Suite) -> tuple[Step, ...]:
    """All commands of a reading.

    Args:
        card_access_bytes: size of EF.CardAccess.
        file_bytes: sizes of the files to be read.
        field_bytes: data field of the longest answer that the chip gives: 256, or what EF.ATR/INFO says less the status.
        suite: of the protocols.
    """
    reads = [step for size in file_bytes for step in _reads(size, field_bytes, suite)]
    return (
        Step("card access", bytes.fromhex("00B09C0000"), card_access_bytes + _STATUS),
        *_pace(suite),
        _select_application(suite),
        *_chip_authentication(suite),
        _active_authentication(suite),
        *reads,
    )


# --------------------------------------------------------------------------------------------- secure messaging
def protected_answer_bytes(plain: int, suite: Suite) -> int:
    """Length of a protected answer, status word included (Doc 9303-11 §9.8.4)."""
    return _cryptogram_bytes(plain, suite) + _DO99 + _DO8E + _STATUS


def protected_command_bytes(plain: int, le_bytes: int, suite: Suite) -> int:
    """Length of a protected command with so many plain data bytes and an Le field of 0, 1 or 2 bytes."""
    data = _cryptogram_bytes(plain, suite) + (2 + le_bytes if le_bytes else 0) + _DO8E
    return _HEADER + (3 + data + 2 if le_bytes == 2 else 1 + data + 1)


def longest_block(field_bytes: int, suite: Suite) -> int:
    """Plain bytes that one answer carries whose data field has so many bytes."""
    return max(
        plain for plain in range(field_bytes) if protected_answer_bytes(plain, suite) - _STATUS <= field_bytes
    )  # a few thousand sums at most: simpler than the formula


def _cryptogram_bytes(plain: int, suite: Suite) -> int:
    """DO'87': padding indicator 01 and whole blocks, at least one byte of padding (Doc 9303-11 §9.8.4)."""
    if not plain:
        return 0
    return _object_bytes(1 + (plain // suite.block_bytes + 1) * suite.block_bytes)


def _object_bytes(value: int) -> int:
    """A data object with a tag of one byte (ISO/IEC 7816-4 §5.2.2.2)."""
    return 1 + (1 if value < 0x80 else 2 if value < 0x100 else 3) + value


def _protected(what: str, header: str, plain: int, le_bytes: int, answer_plain: int, suite: Suite) -> Step:
    octets = protected_command_bytes(plain, le_bytes, suite)
    before_data = _HEADER + (3 if le_bytes == 2 else 1)
    after_data = max(1, le_bytes)
    length = octets - before_data - after_data
    lc = length.to_bytes(before_data - _HEADER, "big")
    command = bytes.fromhex(header) + lc + bytes(length + after_data)
    return Step(what, command, protected_answer_bytes(answer_plain, suite))


# ------------------------------------------------------------------------------------------------- the steps
def _reads(size: int, field_bytes: int, suite: Suite) -> list[Step]:
    """READ BINARY until the file is there; the last asks for what is left, in short length if that is enough."""
    most, most_short = longest_block(field_bytes, suite), longest_block(SHORT_FIELD, suite)
    whole, rest = divmod(size, most)
    blocks = [most] * whole + ([rest] if rest else [])
    return [_protected("read", "0CB00000", 0, 1 if block <= most_short else 2, block, suite) for block in blocks]


def _pace(suite: Suite) -> Sequence[Step]:
    """MSE:Set AT and four GENERAL AUTHENTICATE (Doc 9303-11 §4.4.4)."""
    reference = _object(0x80, _OID) + _object(0x83, 1)
    point = _object_bytes(1 + 2 * suite.field_bytes)
    token = _object_bytes(_TOKEN)
    return (
        Step("PACE", bytes.fromhex("0022C1A4") + bytes([len(reference)]) + reference, _STATUS),
        _step_of_pace("10860000", b"", _object_bytes(suite.nonce_bytes)),
        _step_of_pace("10860000", _object(0x81, 1 + 2 * suite.field_bytes, first=4), point),
        _step_of_pace("10860000", _object(0x83, 1 + 2 * suite.field_bytes, first=4), point),
        _step_of_pace("00860000", _object(0x85, _TOKEN), token),
    )


def _step_of_pace(header: str, inside: bytes, answer: int) -> Step:
    """Data in DO'7C', Le 00; the answer in DO'7C' as well."""
    data = b"\x7c" + _length(len(inside)) + inside
    return Step("PACE", bytes.fromhex(header) + bytes([len(data)]) + data + b"\0", _object_bytes(answer) + _STATUS)


def _select_application(suite: Suite) -> Step:
    """By name, nothing asked back: P2 0C (Doc 9303-10 §3.6.2)."""
    return _protected("application", "0CA4040C", _APPLICATION_ID, 0, 0, suite)


def _chip_authentication(suite: Suite) -> Sequence[Step]:
    """MSE:Set AT with the protocol, no key reference; GENERAL AUTHENTICATE with the terminal's key, answered by DO'7C' with
    nothing in it (Doc 9303-11 §6.2.4.2).
    """
    key = _object_bytes(_object_bytes(1 + 2 * suite.field_bytes))
    return (
        _protected("chip authentication", "0C2241A4", _object_bytes(_OID), 0, 0, suite),
        _protected("chip authentication", "0C860000", key, 1, _object_bytes(0), suite),
    )


def _active_authentication(suite: Suite) -> Step:
    """INTERNAL AUTHENTICATE (Doc 9303-11 §6.1.1)."""
    return _protected("active authentication", "0C880000", _CHALLENGE, 1, suite.signature_bytes, suite)


def _object(tag: int, value_bytes: int, first: int = 0) -> bytes:
    return bytes([tag]) + _length(value_bytes) + bytes([first]) + bytes(value_bytes - 1)


def _length(value: int) -> bytes:
    return bytes([value]) if value < 0x80 else bytes([0x81, value])
