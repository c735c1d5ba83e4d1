"""How much to ask of one chip at a time, over one link: known, announced or learnt from its answers.

What a chip says of itself comes first: its answer to reset, EF.ATR/INFO (ISO/IEC 7816-4 §12.1.1.9, §12.7.1). The rest is
learnt from what it does, once per chip and not once per file, and is kept for as long as the card lies there. Nothing is
ever guessed from the country that issued it.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Final, TypeAlias

from crypto.primitives.block_cipher import SymmetricCipher
from crypto.wire import limits
from crypto.wire.apdu import CommandApdu
from crypto.wire.status_word import StatusWord
from reader.card_capabilities import ApduSizes, CardCapabilities
from reader.protocols.secure_messaging import block_capacity

__all__ = ["SMALLEST_BLOCK", "BlockSizes", "Learnt", "is_about_length"]

SMALLEST_BLOCK: Final = 16
"""Bytes. Chips that refuse more than this at a time, or give less on the average of a file, are not waited for."""

_STATUS_BYTES: Final = 2
_LONGEST_SHORT_COMMAND: Final = 4 + 1 + limits.SHORT_NC + 1
_LONGEST_SHORT_ANSWER: Final = limits.SHORT_NE + _STATUS_BYTES

_READS: Final = (0xB0, 0xB1)
_Way: TypeAlias = tuple[SymmetricCipher | None, bool]
"""Through a channel of which cipher, and whether by odd instruction: the same answer carries more under one than another."""


@dataclasses.dataclass(slots=True)
class _Bounds:
    """Plain bytes of blocks: what is known of one way of reading.

    Attributes:
        given: the longest that came.
        too_long: the shortest that is known to be too long; ``None`` if none is.
        past_end: the shortest that was refused because the file had less; 0 if none was.
        is_earlier: whether all this is from before the card was lifted.
        is_fragile: whether a refusal ends the channel: then nothing is asked for that may be refused.
    """

    given: int = 0
    too_long: int | None = None
    past_end: int = 0
    is_earlier: bool = False
    is_fragile: bool = False

    def known(self, longest: int) -> int:
        """The most that nothing speaks against."""
        if self.too_long is None or longest < self.too_long:
            return longest
        return self.too_long - 1 if self.is_fragile else min(longest, max(self.given, SMALLEST_BLOCK))

    def worth_trying(self, longest: int, left: int, step: int) -> int:
        """Between what the chip gave and what it refused lies what it can: tried if that saves more than one command.

        Args:
            longest: that fits.
            left: bytes to be read.
            step: block of the cipher: the same cryptogram carries up to one byte less than a multiple of it.
        """
        known = self.known(longest)
        if self.too_long is None or self.is_fragile or longest < self.too_long or known >= self.too_long - 1:
            return known
        # by ratio among extended lengths, which span two orders of magnitude, else by difference
        middle = math.isqrt(known * self.too_long) if known > limits.SHORT_NE else (known + self.too_long) // 2
        if step > 1:
            middle = (middle + 1) // step * step - 1
        saved = -(-left // known) - -(-left // max(known, middle))
        return middle if saved > 1 else known


@dataclasses.dataclass(frozen=True, slots=True)
class Learnt:
    """What answers have taught: a copy of it, to go back to."""

    bounds: Mapping[_Way, _Bounds]
    short_only: bool


class BlockSizes:
    """What is known about the answers of one chip over one link.

    Args:
        max_command: longest command APDU in bytes that the link carries.
        max_response: longest response APDU in bytes, status word included.

    Attributes:
        takes_short_identifiers: whether READ BINARY by short file identifier works; if not, files are selected.
        reads_odd: whether READ BINARY with odd instruction is known, which alone reaches beyond offset 32,767.
        sets_aside_header: whether the chip wants Le of such a command to count the longest header of DO'53'.
    """

    def __init__(self, max_command: int, max_response: int) -> None:
        self._link_command = max_command
        self._link_response = max_response
        self._capabilities = CardCapabilities()
        self._sizes: ApduSizes | None = None
        self._sizes_asked = False
        self._bounds: dict[_Way, _Bounds] = {}
        self._short_only = False
        self.takes_short_identifiers = True
        self.reads_odd = True
        self.sets_aside_header = False

    # ------------------------------------------------------------------------------ what the chip says
    def say(self, capabilities: CardCapabilities) -> None:
        """What the answer to reset tells."""
        self._capabilities = capabilities

    @property
    def want_sizes(self) -> bool:
        """Whether EF.ATR/INFO is worth a command: the chip says that its sizes stand there, and longer ones may help."""
        return self._capabilities.sizes_in_file and not self._sizes_asked and self._may_be_extended

    def say_sizes(self, sizes: ApduSizes | None) -> None:
        """What EF.ATR/INFO tells; ``None`` if it tells nothing. It is not asked again."""
        self._sizes, self._sizes_asked = sizes, True

    # ---------------------------------------------------------------------------------- what to ask for
    def ne_for(self, cipher: SymmetricCipher | None, left: int | None, *, odd: bool = False) -> int:
        """Plain bytes to ask for in one READ BINARY.

        Args:
            cipher: of the channel, or ``None`` in plain.
            left: bytes of the file that are still wanted; ``None`` in the first block, whose file's length is unknown.
            odd: whether the instruction is odd; then the bytes of DO'53' are meant, header included.

        Returns:
            At least 1 and at most ``left``; what is asked for fits into an answer with all its protection.
        """
        bounds = self._way(cipher, odd)
        if left is not None and bounds.too_long is None:  # nothing was ever refused: nearly always
            return min(left, self._longest(cipher))
        short = self._capacity(cipher, limits.SHORT_NE)
        if left is None and (cipher is None or bounds.past_end):
            # before access control every chip takes short commands; and a chip that refuses to read past the end is not
            # asked for more than most files have
            return bounds.known(short)
        longest = self._longest(cipher)
        if left is None:
            return bounds.known(longest)
        return min(left, bounds.worth_trying(longest, left, cipher.block_bytes if cipher else 1))

    def ne_to_compare(self, cipher: SymmetricCipher | None, known: int) -> int:
        """Plain bytes to ask for of a start that is known: no more than a short answer carries, which every chip gives.

        Args:
            cipher: of the channel, or ``None`` in plain.
            known: bytes, at least 1.
        """
        return min(known, self._way(cipher).known(self._capacity(cipher, limits.SHORT_NE)))

    def is_extended(self, cipher: SymmetricCipher | None, ne: int) -> bool:
        """Whether an answer with that many plain bytes needs extended length fields."""
        return ne > limits.SHORT_NE or ne > self._capacity(cipher, limits.SHORT_NE)

    def refuses_past_end(self, cipher: SymmetricCipher | None) -> bool:
        """Whether the chip gives nothing at all when asked for more than the file has."""
        return bool(self._way(cipher).past_end)

    def asks_for_header_first(self, cipher: SymmetricCipher | None) -> bool:
        """Whether asking for more than a file has would end the channel, so that its length is asked for before all."""
        bounds = self._way(cipher)
        return bounds.is_fragile and bool(bounds.past_end)

    def _way(self, cipher: SymmetricCipher | None, odd: bool = False) -> _Bounds:
        bounds = self._bounds.get((cipher, odd))
        if bounds is None:
            bounds = self._bounds[cipher, odd] = _Bounds()
        return bounds

    def _longest(self, cipher: SymmetricCipher | None) -> int:
        """Most plain bytes in an answer, as far as length fields, link and chip carry it."""
        return self._capacity(cipher, limits.EXTENDED_NE if self._may_be_extended else limits.SHORT_NE)

    def _capacity(self, cipher: SymmetricCipher | None, field_bytes: int) -> int:
        """Plain bytes in an answer whose data field may have that many, as far as link and chip carry it."""
        carried = self._link_response - _STATUS_BYTES
        if field_bytes > limits.SHORT_NE and self._sizes is not None:
            # short answers always fit (ISO/IEC 7816-4 §12.7.1 is about extended ones)
            carried = min(carried, max(self._sizes.response_bytes - _STATUS_BYTES, limits.SHORT_NE))
        return max(1, block_capacity(cipher, min(field_bytes, carried)))

    @property
    def link_carries_long(self) -> bool:
        """Whether the reader carries commands and answers with extended length fields at all."""
        return self._link_command > _LONGEST_SHORT_COMMAND and self._link_response > _LONGEST_SHORT_ANSWER

    @property
    def _may_be_extended(self) -> bool:
        return not self._short_only and self._capabilities.extended_length is True and self.link_carries_long

    # -------------------------------------------------------------------------------- what answers teach
    def note_answer(
        self, cipher: SymmetricCipher | None, asked: int, given: int, *, more: bool, odd: bool = False
    ) -> None:
        """A block came.

        Args:
            cipher: of the channel, or ``None``.
            asked: plain bytes that were wanted.
            given: plain bytes that came.
            more: whether bytes are missing although they were asked for and the file has them.
            odd: whether the instruction was odd.
        """
        bounds = self._way(cipher, odd)
        bounds.is_earlier &= given < bounds.given
        bounds.given = max(bounds.given, given)
        if more and given < asked:  # the chip gives no more at once than the most it ever gave
            bounds.too_long = min(bounds.too_long or bounds.given + 1, bounds.given + 1)
        elif bounds.too_long is not None and given >= bounds.too_long:
            bounds.too_long = None  # so the refusal was about something else

    def note_refusal(self, cipher: SymmetricCipher | None, asked: int, *, odd: bool = False) -> bool:
        """The chip gave nothing of a block that lies within the file.

        Returns:
            Whether :meth:`ne_for` now says less, so that asking again makes sense.
        """
        bounds = self._way(cipher, odd)
        if bounds.is_earlier and asked <= bounds.given:  # not the same chip, or not the same link
            bounds.given, bounds.is_earlier = 0, False
        if self.is_extended(cipher, asked) and not self.is_extended(cipher, self._longest_given(cipher)):
            self._short_only = True  # asked once; half a length that is announced nowhere is not looked for
            return True
        if asked <= max(bounds.given, min(SMALLEST_BLOCK, self._capacity(cipher, limits.SHORT_NE))):
            return False  # the chip has given as much before, so it is not about the length
        bounds.too_long = min(asked, bounds.too_long or asked)
        if bounds.past_end >= bounds.too_long:
            bounds.past_end = 0  # that one was too long as well
        return True

    def note_first_refusal(self, cipher: SymmetricCipher | None, asked: int, total: int) -> None:
        """The chip gave nothing of a first block, and then the start of a file.

        Args:
            cipher: of the channel, or ``None``.
            asked: plain bytes.
            total: bytes of the whole file, as it turned out.
        """
        bounds = self._way(cipher)
        if asked <= total:
            self.note_refusal(cipher, asked)
        elif bounds.too_long is None or asked < bounds.too_long:
            bounds.past_end = min(asked, bounds.past_end or asked)

    def note_break(self, command: CommandApdu, cipher: SymmetricCipher, status: StatusWord | None) -> bool:
        """A protected command broke the channel.

        Args:
            command: plain.
            cipher: of the channel.
            status: the bare status word that the chip answered; ``None`` if it said nothing at all.

        Returns:
            Whether the next opening asks for less, or in another way: it was a READ BINARY for more than the chip has
            ever given, and the answer can be about that.
        """
        if command.ins not in _READS or (status is not None and not is_about_length(status)):
            return False
        bounds = self._way(cipher, bool(command.ins & 1))
        if not command.is_extended:
            return status is not None and self._note_short_break(bounds, command)
        if command.ne <= bounds.given:
            self._short_only |= status is not None  # it gave as much before, and does not any more
            return status is not None
        if bounds.given > limits.SHORT_NE:
            bounds.too_long = min(bounds.given + 1, bounds.too_long or bounds.given + 1)
        else:
            self._short_only = True
        return True

    @staticmethod
    def _note_short_break(bounds: _Bounds, command: CommandApdu) -> bool:
        """The first block of a file may reach beyond its end; any other is too long. Each try costs an opening, so half
        of it is tried next, and nothing above what came through.
        """
        asked, is_first = command.ne, bool(command.p1 & 0x80) or not (command.p1 or command.p2)
        if is_first and not (bounds.is_fragile and bounds.past_end) and asked > SMALLEST_BLOCK:
            bounds.past_end, bounds.is_fragile = asked, True
            return True
        less = max(asked // 2, bounds.given)
        if not SMALLEST_BLOCK <= less < asked:
            return False
        bounds.too_long, bounds.is_fragile = less + 1, True
        return True

    def _longest_given(self, cipher: SymmetricCipher | None) -> int:
        return max(self._way(cipher, odd).given for odd in (False, True))

    # ---------------------------------------------------------------------------------- second thoughts
    def card_was_lifted(self) -> None:
        """What comes back mostly is the same card: what was learnt is gone on with, but no longer relied on."""
        for bounds in self._bounds.values():
            bounds.is_earlier = True

    def learnt(self) -> Learnt:
        """What answers have taught so far, for :meth:`unlearn`."""
        bounds = {way: dataclasses.replace(each) for way, each in self._bounds.items()}
        return Learnt(bounds, self._short_only)

    def unlearn(self, learnt: Learnt) -> None:
        """Go back: a file that could not be read teaches nothing about the others."""
        self._bounds = {way: dataclasses.replace(each) for way, each in learnt.bounds.items()}
        self._short_only = learnt.short_only


def is_about_length(sw: StatusWord) -> bool:
    """Whether a refusal can be about how much was asked for. All of these were seen at the end of files and in the midst."""
    return sw in (StatusWord.WRONG_LENGTH, StatusWord.OFFSET_OUTSIDE_FILE, StatusWord.END_OF_FILE) or bool(
        sw.correct_ne
    )
