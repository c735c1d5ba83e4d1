"""READ BINARY with even and odd instruction byte (ISO/IEC 7816-4 §7.2.3; Doc 9303-10 §3.6.3)."""

from __future__ import annotations

from crypto.errors import WireError
from crypto.wire.apdu import CommandApdu, ResponseApdu
from crypto.wire.status_word import StatusWord
from crypto.wire.tlv import encode_tlv, parse_tlv
from emulator.chip.access_rules import SecurityStatus
from emulator.chip.content import ChipBehaviour, EndOfFile, TooLongRead
from emulator.chip.file_system import FileSystem
from emulator.chip.refusal import CommandRefusedError

__all__ = ["read_binary", "read_binary_odd"]


def read_binary(
    command: CommandApdu, files: FileSystem, security: SecurityStatus, behaviour: ChipBehaviour, capacity: int
) -> ResponseApdu:
    """INS B0: offset in P1-P2, or short file identifier in P1 and offset in P2.

    Args:
        command: the plain command.
        files: the file tree.
        security: what the terminal has proven.
        behaviour: habits of the operating system.
        capacity: most data bytes that the running channel can carry back.
    """
    if command.data:
        raise CommandRefusedError(StatusWord.WRONG_LENGTH)
    if command.p1 & 0x80:
        if command.p1 & 0x60 or command.p1 & 0x1F == 0x1F:
            raise CommandRefusedError(StatusWord.WRONG_P1_P2)
        file = files.file_for_reading(command.p1 & 0x1F or None, None, security)
        offset = command.p2
    else:
        file = files.file_for_reading(None, None, security)
        offset = command.p1 << 8 | command.p2
    return _read(file.content, offset, command, behaviour, capacity)


def _read(content: bytes, offset: int, command: CommandApdu, behaviour: ChipBehaviour, capacity: int) -> ResponseApdu:
    left = len(content) - offset
    if left <= 0:
        raise CommandRefusedError(StatusWord.OFFSET_OUTSIDE_FILE)
    if _asks_for_all(command):
        if behaviour.zero_le_status != StatusWord.SUCCESS:
            raise CommandRefusedError(behaviour.zero_le_status)
        return ResponseApdu(content[offset : offset + min(left, command.ne, capacity)], StatusWord.SUCCESS)
    if command.ne > capacity and behaviour.too_long_read is TooLongRead.REFUSED:
        raise CommandRefusedError(StatusWord.WRONG_LENGTH)
    count = min(command.ne, capacity)
    if count <= left:
        return ResponseApdu(content[offset : offset + count], StatusWord.SUCCESS)
    return _last_block(content[offset:], behaviour.end_of_file)


def _asks_for_all(command: CommandApdu) -> bool:
    """Whether Le is all zeros, "up to the end, as far as it fits" (ISO/IEC 7816-4 §5.1, definition of Ne)."""
    return command.ne == 65_536 or (command.ne == 256 and not command.extended)


def _last_block(rest: bytes, habit: EndOfFile) -> ResponseApdu:
    if habit is EndOfFile.WARNING:
        return ResponseApdu(rest, StatusWord.END_OF_FILE)
    if habit is EndOfFile.SILENT:
        return ResponseApdu(rest, StatusWord.SUCCESS)
    if habit is EndOfFile.CORRECT_LENGTH and len(rest) <= 256:
        return ResponseApdu(b"", 0x6C00 | (len(rest) & 0xFF))
    return ResponseApdu(b"", StatusWord.OFFSET_OUTSIDE_FILE)


def read_binary_odd(
    command: CommandApdu, files: FileSystem, security: SecurityStatus, behaviour: ChipBehaviour, capacity: int
) -> ResponseApdu:
    """INS B1: file in P1-P2, offset in DO'54', data in DO'53'. Reaches beyond offset 32,767.

    Le counts the whole data field of the answer, the header of DO'53' included (Doc 9303-10 §3.6.3.2).
    """
    if not behaviour.odd_read:
        raise CommandRefusedError(StatusWord.INSTRUCTION_NOT_SUPPORTED)
    offset = _offset_object(command.data)
    reference = command.p1 << 8 | command.p2
    if reference == 0:
        file = files.file_for_reading(None, None, security)
    elif reference < 0x1F:  # the first eleven bits zero: a short file identifier
        file = files.file_for_reading(reference, None, security)
    else:
        file = files.file_for_reading(None, reference, security)
    room = min(command.ne, capacity)
    length = room
    while length > 0 and len(encode_tlv(0x53, bytes(length))) > room:
        length -= 1
    if length <= 0:
        raise CommandRefusedError(StatusWord.WRONG_LENGTH)
    left = len(file.content) - offset
    if left <= 0:
        raise CommandRefusedError(StatusWord.OFFSET_OUTSIDE_FILE)
    if left >= length or _asks_for_all(command):
        return ResponseApdu(encode_tlv(0x53, file.content[offset : offset + length]), StatusWord.SUCCESS)
    last = _last_block(file.content[offset:], behaviour.end_of_file)
    return ResponseApdu(encode_tlv(0x53, last.data) if last.data else b"", last.sw)


def _offset_object(data: bytes) -> int:
    try:
        value = parse_tlv(data, 0x54).value
    except WireError:
        raise CommandRefusedError(StatusWord.WRONG_DATA) from None
    if not 1 <= len(value) <= 4:
        raise CommandRefusedError(StatusWord.WRONG_DATA)
    return int.from_bytes(value, "big")
