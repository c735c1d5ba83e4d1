"""Reading elementary files: READ BINARY in blocks that fit the channel (Doc 9303-10 §3.6; ISO/IEC 7816-4 §11.3.3).

The first block is read by short file identifier, which selects the file as well; its TLV header says how long the
file is. Chips end a file in different ways: 6282 with data, 6B00, 9000 with fewer bytes than asked. All are accepted
as "no more here", and whoever promised more than there is gets a clear error.
"""

from __future__ import annotations

from collections.abc import Callable

from crypto.errors import WireError
from crypto.wire import limits
from crypto.wire.apdu import CommandApdu, ResponseApdu
from crypto.wire.status_word import StatusWord
from crypto.wire.tlv import encode_tlv, parse_tlv, parse_tlv_header
from reader import errors
from reader.lds import files
from reader.lds.files import FileId
from reader.protocols.exchange import Transmit

__all__ = ["read_file", "select_file"]

_LAST_SHORT_OFFSET = 0x7FFF  # READ BINARY with an even instruction has 15 bits for the offset
_SMALLEST_BLOCK = 16  # bytes; chips that give less at a time, on the average of a file, are not waited for
_LONGEST_OBJECT_HEADER = 4  # bytes: tag and up to three of length around the data of an odd READ BINARY
_DEFINITE = (
    StatusWord.FILE_NOT_FOUND,
    StatusWord.REFERENCED_DATA_NOT_FOUND,
    StatusWord.SECURITY_STATUS_NOT_SATISFIED,
)


def read_file(
    transmit: Transmit,
    file: FileId,
    block_bytes: int,
    on_bytes: Callable[[int, int], None] = lambda done, total: None,
) -> bytes:
    """The whole file, exactly as the chip gives it.

    Args:
        transmit: through the secure channel where there is one.
        file: which file.
        block_bytes: most plain data bytes to ask for at once.
        on_bytes: called with bytes read so far and in total.

    Raises:
        CardStatusError: ``card.file_not_found``, ``card.access_denied``, ``card.command_refused`` or
            ``card.short_answer``.
        DocumentError: ``document.malformed`` or ``document.too_large``.
    """
    data = bytearray(_first_block(transmit, file, block_bytes))
    total = _announced_length(data)
    on_bytes(min(len(data), total), total)
    blocks_left = total // max(1, min(_SMALLEST_BLOCK, block_bytes) - _LONGEST_OBJECT_HEADER) + 2
    while len(data) < total:
        block = _read_block(transmit, len(data), total - len(data), block_bytes)
        blocks_left -= 1
        if not block or not blocks_left:  # nothing more, or byte by byte to keep the reader busy
            raise errors.CardStatusError(errors.SHORT_ANSWER, file=file.name)
        data += block
        on_bytes(min(len(data), total), total)
    return bytes(data[:total])  # a chip may send what lies behind the file's last octet


def select_file(transmit: Transmit, file: FileId) -> ResponseApdu:
    """SELECT by file identifier under the current application, no data asked for (Doc 9303-10 §3.6.2)."""
    return transmit(CommandApdu(0x00, 0xA4, 0x02, 0x0C, file.fid.to_bytes(2, "big")))


def _first_block(transmit: Transmit, file: FileId, block_bytes: int) -> bytes:
    """By short identifier, else after SELECT; else only the header, for chips that refuse to read past the end."""
    answer = transmit(CommandApdu(0x00, 0xB0, 0x80 | file.sfi, 0x00, ne=block_bytes))
    if not _has_data(answer):  # whatever it answered: chips differ, and SELECT gives the definite word
        selected = select_file(transmit, file)
        if not selected.is_success and not selected.sw.is_warning:
            raise _refused(file, selected.sw)
        answer = transmit(_read_binary(0, block_bytes))
        if not _has_data(answer) and answer.sw not in _DEFINITE:  # 6700, 6B00, 6CXX, 6282 without data …
            answer = transmit(_read_binary(0, files.HEADER_BYTES))
    if not _has_data(answer):
        raise _refused(file, answer.sw)
    return answer.data


def _read_block(transmit: Transmit, offset: int, left: int, block_bytes: int) -> bytes:
    if offset > _LAST_SHORT_OFFSET:
        return _read_at_long_offset(transmit, offset, left, block_bytes)
    return _read_at(transmit, offset, min(left, block_bytes))


def _read_at(transmit: Transmit, offset: int, count: int) -> bytes:
    answer = transmit(_read_binary(offset, count))
    if _has_data(answer):
        return answer.data
    right_ne = answer.sw.correct_ne
    if right_ne and right_ne < count:  # protected 6CXX: ask again, as a new command
        answer = transmit(_read_binary(offset, right_ne))
        return answer.data if _has_data(answer) else b""
    if answer.sw == StatusWord.WRONG_LENGTH and count > _SMALLEST_BLOCK:  # more than this chip sends at once
        return _read_at(transmit, offset, max(_SMALLEST_BLOCK, count // 2))
    if answer.sw == StatusWord.OFFSET_OUTSIDE_FILE:
        return b""
    raise errors.CardStatusError(errors.COMMAND_REFUSED, status_word=str(answer.sw))


def _read_at_long_offset(transmit: Transmit, offset: int, count: int, block_bytes: int) -> bytes:
    """READ BINARY with odd instruction: DO'54' carries the offset, DO'53' the data (ISO/IEC 7816-4 §11.3.3)."""
    where = encode_tlv(0x54, offset.to_bytes((offset.bit_length() + 7) // 8, "big"))
    count = min(count, _data_in_object(block_bytes))
    # Le counts the header of DO'53' too (Doc 9303-10 §3.6.3.2), and must not reach past the end; but there are chips
    # that always set aside the longest header
    for ne in (len(encode_tlv(0x53, bytes(count))), count + _LONGEST_OBJECT_HEADER):
        answer = transmit(CommandApdu(0x00, 0xB1, 0x00, 0x00, where, ne=ne))
        if data := _object_data(answer):
            return data[:count]
    raise errors.CardStatusError(errors.COMMAND_REFUSED, status_word=str(answer.sw))


def _object_data(answer: ResponseApdu) -> bytes:
    """What stands in DO'53'; nothing if the chip gave nothing."""
    if not _has_data(answer):
        return b""
    try:
        return parse_tlv(answer.data, 0x53).value
    except WireError as error:
        raise errors.CardStatusError(errors.SHORT_ANSWER) from error


def _data_in_object(object_bytes: int) -> int:
    """Most data bytes of a DO'53' that is no longer than that."""
    for header_bytes in (2, 3):
        data_bytes = object_bytes - header_bytes
        if len(encode_tlv(0x53, bytes(data_bytes))) <= object_bytes:
            return data_bytes
    return object_bytes - _LONGEST_OBJECT_HEADER


def _read_binary(offset: int, ne: int) -> CommandApdu:
    return CommandApdu(0x00, 0xB0, offset >> 8, offset & 0xFF, ne=ne)


def _has_data(answer: ResponseApdu) -> bool:
    return bool(answer.data) and (answer.is_success or answer.sw == StatusWord.END_OF_FILE)


def _announced_length(first_block: bytes | bytearray) -> int:
    try:
        _, length, header = parse_tlv_header(bytes(first_block))
    except WireError as error:
        code = errors.FILE_TOO_LARGE if error.code.name == "tlv.too_large" else errors.FILE_MALFORMED
        raise errors.DocumentError(code) from error
    if header + length > limits.MAX_FILE_BYTES:
        raise errors.DocumentError(errors.FILE_TOO_LARGE)
    return header + length


def _refused(file: FileId, sw: StatusWord) -> errors.CardStatusError:
    if sw in (StatusWord.FILE_NOT_FOUND, StatusWord.REFERENCED_DATA_NOT_FOUND):
        code = errors.FILE_NOT_FOUND
    elif sw == StatusWord.SECURITY_STATUS_NOT_SATISFIED:
        code = errors.FILE_ACCESS_DENIED
    elif sw.is_success:
        code = errors.SHORT_ANSWER
    else:
        code = errors.COMMAND_REFUSED
    return errors.CardStatusError(code, file=file.name, status_word=str(sw))
