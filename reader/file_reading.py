"""Reading elementary files: READ BINARY in blocks that fit the channel (Doc 9303-10 §3.6; ISO/IEC 7816-4 §11.3.3).

The first block is read by short file identifier, which selects the file as well; its TLV header says how long the
file is, and each further block asks for no more than is left. Chips end a file in different ways when they are asked for
more: 6282 with data, 6B00, 6CXX, 9000 with fewer bytes. Some refuse blocks that are too long for them with the same words.
What a refusal was about is kept in :class:`reader.block_sizes.BlockSizes`, so that a chip is asked once and not per file.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Final

from crypto.errors import WireError
from crypto.primitives.block_cipher import SymmetricCipher
from crypto.wire import limits
from crypto.wire.apdu import CommandApdu, ResponseApdu
from crypto.wire.status_word import StatusWord
from crypto.wire.tlv import encode_tlv, parse_tlv, parse_tlv_header
from reader import errors
from reader.block_sizes import SMALLEST_BLOCK, BlockSizes, is_about_length
from reader.lds import files
from reader.lds.files import FileId
from reader.protocols.exchange import Transmit

__all__ = ["OnBytes", "PartialFile", "begins_with", "read_file", "select_file"]

OnBytes = Callable[[int, int], None]
"""Told how many bytes of a file are read, and how many it has."""

_LAST_SHORT_OFFSET: Final = 0x7FFF  # READ BINARY with an even instruction has 15 bits for the offset
_LONGEST_OBJECT_HEADER: Final = 4  # bytes: tag and up to three of length around the data of an odd READ BINARY
_SHORT_BY_STANDARD: Final = (
    files.COM,
    files.data_group(1),
)  # some 30 and at most 95 bytes (Doc 9303-10 §4.6.1, §4.7.1)
_INSTRUCTION_UNKNOWN: Final = (
    StatusWord.INSTRUCTION_NOT_SUPPORTED,
    StatusWord.CLASS_NOT_SUPPORTED,
    StatusWord.FUNCTION_NOT_SUPPORTED,
)
_DEFINITE: Final = (
    StatusWord.FILE_NOT_FOUND,
    StatusWord.REFERENCED_DATA_NOT_FOUND,
    StatusWord.SECURITY_STATUS_NOT_SATISFIED,
)


@dataclasses.dataclass(slots=True)
class PartialFile:
    """A file on its way. Whoever holds it can go on reading where the card was taken away.

    Attributes:
        file: which file.
        data: its first octets, as far as they have come.
        total: how many it has; ``None`` until the first block is there.
    """

    file: FileId
    data: bytearray = dataclasses.field(default_factory=bytearray, repr=False)
    total: int | None = None

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left to be read."""
        return self.total is not None and len(self.data) >= self.total

    def take(self, block: bytes) -> None:
        """Append octets; what lies behind the announced end is not part of the file."""
        self.data += block
        if self.total is not None:
            del self.data[self.total :]


def read_file(
    transmit: Transmit,
    file: FileId,
    blocks: BlockSizes,
    on_bytes: OnBytes = lambda done, total: None,
    partial: PartialFile | None = None,
    *,
    cipher: SymmetricCipher | None = None,
) -> bytes:
    """The whole file, exactly as the chip gives it.

    Args:
        transmit: through the secure channel where there is one.
        file: which file.
        blocks: what is known about this chip's answers; learns from each.
        on_bytes: called with bytes read so far and in total.
        partial: what an earlier attempt has read; grows with each block, also if this attempt fails.
        cipher: of the channel, or ``None`` in plain.

    Raises:
        CardStatusError: ``card.file_not_found``, ``card.access_denied``, ``card.command_refused``,
            ``card.short_answer``, ``card.another`` (what was read before is of another card) or
            ``card.end_out_of_reach``.
        DocumentError: ``document.malformed`` or ``document.too_large``.
    """
    partial = PartialFile(file) if partial is None else partial
    reading = _Reading(transmit, blocks, cipher, partial)
    learnt = blocks.learnt()
    try:
        reading.start()
        total = partial.total or 0
        on_bytes(len(partial.data), total)
        blocks_left = _most_blocks(total - len(partial.data), blocks.ne_for(cipher, total))
        while not partial.is_complete:
            if not blocks_left:  # byte by byte to keep the reader busy
                raise errors.CardStatusError(errors.SHORT_ANSWER, file=file.name)
            reading.go_on()
            blocks_left -= 1
            on_bytes(len(partial.data), total)
    except errors.CardStatusError:
        blocks.unlearn(learnt)
        raise
    return bytes(partial.data)


def begins_with(
    transmit: Transmit, file: FileId, content: bytes, blocks: BlockSizes, cipher: SymmetricCipher | None = None
) -> bool:
    """Whether the first block of the file on the card is the start of ``content``: one READ BINARY.

    Raises:
        CardStatusError: ``card.access_denied``, ``card.command_refused``.
    """
    partial = PartialFile(file, bytearray(content), len(content))
    try:
        _Reading(transmit, blocks, cipher, partial).select_again()
    except errors.CardStatusError as error:
        if error.code in (errors.ANOTHER_CARD, errors.FILE_NOT_FOUND):
            return False
        raise
    return True


def select_file(transmit: Transmit, file: FileId) -> ResponseApdu:
    """SELECT by file identifier under the current application, no data asked for (Doc 9303-10 §3.6.2)."""
    return transmit(CommandApdu(0x00, 0xA4, 0x02, 0x0C, file.fid.to_bytes(2, "big")))


def _most_blocks(left: int, ne: int) -> int:
    """Answers that are waited for, with some to spare: a chip may give less than it is asked for to the last octet."""
    return left // max(1, min(SMALLEST_BLOCK, ne) - _LONGEST_OBJECT_HEADER) + 2 + SMALLEST_BLOCK


@dataclasses.dataclass(slots=True)
class _Reading:
    """One file, one channel."""

    transmit: Transmit
    blocks: BlockSizes
    cipher: SymmetricCipher | None
    partial: PartialFile

    @property
    def _file(self) -> FileId:
        return self.partial.file

    # ------------------------------------------------------------------------------------ first block
    def start(self) -> None:
        """The first block, or the same again of a file that was begun before."""
        if self.partial.data:
            self.select_again()
            return
        asked, first = self._first_block(self._first_ne())
        total = _announced_length(first)
        self.partial.total = total
        self.partial.take(first)
        self.blocks.note_answer(self.cipher, asked, len(first), more=len(first) < total)

    def select_again(self) -> None:
        """Read the first block of a file of which a part is there; raises ``card.another`` if it is not the same."""
        ne = self.blocks.ne_to_compare(self.cipher, len(self.partial.data))
        _, block = self._first_block(ne)
        block = block[: len(self.partial.data)]
        if not self.partial.data.startswith(block):
            raise errors.CardStatusError(errors.ANOTHER_CARD, file=self._file.name)

    def _first_ne(self) -> int:
        ne = self.blocks.ne_for(self.cipher, None)
        if self.blocks.asks_for_header_first(self.cipher):
            return min(ne, files.HEADER_BYTES)
        if self.blocks.refuses_past_end(self.cipher) and self._file in _SHORT_BY_STANDARD:
            return min(ne, files.HEADER_BYTES)
        return ne

    def _first_block(self, ne: int) -> tuple[int, bytes]:
        """How much was asked for, and what came.

        By short identifier, else after SELECT; in both ways only the header if the chip seems to mind the length.
        """
        if self.blocks.takes_short_identifiers:
            by_identifier = 0x80 | self._file.sfi
            asked, answer = self._from_start(by_identifier, ne, header_if=is_about_length)
            if _has_data(answer):
                return asked, answer.data
        selected = select_file(self.transmit, self._file)  # whatever it answered: SELECT gives the definite word
        if not selected.is_success and not selected.sw.is_warning:
            raise _refused(self._file, selected.sw)
        asked, answer = self._from_start(0x00, ne, header_if=lambda sw: sw not in _DEFINITE)
        if not _has_data(answer):
            raise _refused(self._file, answer.sw)
        self.blocks.takes_short_identifiers = False
        return asked, answer.data

    def _from_start(self, p1: int, ne: int, header_if: Callable[[StatusWord], bool]) -> tuple[int, ResponseApdu]:
        answer = self.transmit(self._read_binary(p1, 0, ne))
        if _has_data(answer) or ne <= files.HEADER_BYTES or not header_if(answer.sw):
            return ne, answer
        # 6CXX names the length that is right: of the whole file, or the most that the chip gives
        less = max(answer.sw.correct_ne or 0, files.HEADER_BYTES)
        for asked in dict.fromkeys((less if less < ne else files.HEADER_BYTES, files.HEADER_BYTES)):
            answer = self.transmit(self._read_binary(p1, 0, asked))
            if _has_data(answer):
                self._learn_from_first_refusal(ne, answer.data)
                break
        return asked, answer

    def _learn_from_first_refusal(self, asked: int, first: bytes) -> None:
        if not self.partial.data:
            self.blocks.note_first_refusal(self.cipher, asked, _announced_length(first))

    # ----------------------------------------------------------------------------------- later blocks
    def go_on(self) -> None:
        """One more block, in as many attempts as it takes to find out how long a block the chip gives."""
        offset = len(self.partial.data)
        left = (self.partial.total or 0) - offset
        read = self._read_odd if offset > _LAST_SHORT_OFFSET else self._read_even
        while not read(offset, left):  # each turn but the last asks for less, see BlockSizes.note_refusal
            pass

    def _read_even(self, offset: int, left: int) -> bool:
        """Whether a block came; if not, less is asked for the next time."""
        ne = self.blocks.ne_for(self.cipher, left)
        answer = self.transmit(self._read_binary(offset >> 8, offset & 0xFF, ne))
        right_ne = answer.sw.correct_ne
        if right_ne and right_ne < ne and not answer.data:  # protected 6CXX: ask again, as a new command
            answer = self.transmit(self._read_binary(offset >> 8, offset & 0xFF, right_ne))
        if not _has_data(answer):
            self._ask_for_less(ne, answer.sw, odd=False)
            return False
        block = answer.data[:left]
        self.blocks.note_answer(self.cipher, ne, len(block), more=len(block) < left)
        self.partial.take(block)
        return True

    def _read_odd(self, offset: int, left: int) -> bool:
        """READ BINARY with odd instruction: DO'54' carries the offset, DO'53' the data (ISO/IEC 7816-4 §11.3.3)."""
        if not self.blocks.reads_odd:
            raise errors.CardStatusError(errors.END_OUT_OF_REACH, file=self._file.name)
        longest = self.blocks.ne_for(self.cipher, left + _LONGEST_OBJECT_HEADER, odd=True)
        count = min(left, _data_in_object(longest))
        # Le counts the header of DO'53' too (Doc 9303-10 §3.6.3.2), and must not reach past the end; but there are chips
        # that always set aside the longest header
        ne = len(encode_tlv(0x53, bytes(count)))
        answer = self._odd(offset, count + _LONGEST_OBJECT_HEADER if self.blocks.sets_aside_header else ne)
        block = _object_data(answer)
        if not block and (answer.is_success or is_about_length(answer.sw)) and not self.blocks.sets_aside_header:
            answer = self._odd(offset, count + _LONGEST_OBJECT_HEADER)
            block = _object_data(answer)
            self.blocks.sets_aside_header = bool(block)
        if not block:
            self._ask_for_less(ne, answer.sw, odd=True)
            return False
        block = block[:left]
        self.blocks.note_answer(self.cipher, ne, len(answer.data), more=len(block) < count, odd=True)
        self.partial.take(block)
        return True

    def _odd(self, offset: int, ne: int) -> ResponseApdu:
        where = encode_tlv(0x54, offset.to_bytes((offset.bit_length() + 7) // 8, "big"))
        return self.transmit(CommandApdu(0x00, 0xB1, 0x00, 0x00, where, ne, self.blocks.is_extended(self.cipher, ne)))

    def _ask_for_less(self, asked: int, sw: StatusWord, *, odd: bool) -> None:
        """Raises what is to be said if that makes no sense."""
        if odd and sw in _INSTRUCTION_UNKNOWN:
            self.blocks.reads_odd = False
            raise errors.CardStatusError(errors.END_OUT_OF_REACH, file=self._file.name, status_word=str(sw))
        # there is no telling which error a chip has for a length that it does not know
        is_error = not sw.is_success and not sw.is_warning and sw not in _DEFINITE
        is_too_long = is_error and self.blocks.is_extended(self.cipher, asked)
        if not (is_about_length(sw) or is_too_long) or not self.blocks.note_refusal(self.cipher, asked, odd=odd):
            is_at_end = sw.is_success or sw in (StatusWord.OFFSET_OUTSIDE_FILE, StatusWord.END_OF_FILE)
            code = errors.SHORT_ANSWER if is_at_end else errors.COMMAND_REFUSED
            raise errors.CardStatusError(code, file=self._file.name, status_word=str(sw))

    def _read_binary(self, p1: int, p2: int, ne: int) -> CommandApdu:
        return CommandApdu(0x00, 0xB0, p1, p2, b"", ne, self.blocks.is_extended(self.cipher, ne))


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


def _has_data(answer: ResponseApdu) -> bool:
    return bool(answer.data) and (answer.is_success or answer.sw == StatusWord.END_OF_FILE)


def _announced_length(first_block: bytes) -> int:
    try:
        _, length, header = parse_tlv_header(first_block)
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
