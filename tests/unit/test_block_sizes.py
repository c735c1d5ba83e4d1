"""Whatever mix of habits a chip has in answering READ BINARY: the exact file or a clear error, and few commands."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.primitives.block_cipher import SymmetricCipher
from crypto.wire.apdu import CommandApdu, ResponseApdu
from crypto.wire.status_word import StatusWord
from crypto.wire.tlv import encode_tlv, parse_tlv
from emulator.adapters.inprocess import EmulatedTransport
from emulator.chip.card import VirtualCard
from emulator.chip.content import ChipBehaviour, EndOfFile, TooLongRead
from emulator.personalise.answer_to_reset import contactless_atr
from reader import errors
from reader.block_sizes import BlockSizes
from reader.card_capabilities import ApduSizes, CardCapabilities
from reader.file_reading import PartialFile, begins_with, read_file
from reader.lds import files
from reader.link import Link
from reader.plan import HOSPITAL
from reader.session import CardSession
from tests.unit.reader_cards import can_of, signed_card

AES, TDES = SymmetricCipher.AES128, SymmetricCipher.TDES
LONG = CardCapabilities(chaining=True, extended_length=True, sizes_in_file=True)
DG2, DG13, SOD = files.data_group(2), files.data_group(13), files.SOD
SHORT_AES = 223  # 256 - DO'99' 4 - DO'8E' 10 - DO'87' header and indicator 4, whole blocks, one byte of padding


def blocks(capabilities: CardCapabilities = LONG, *, link: int = 65_544, sizes: ApduSizes | None = None) -> BlockSizes:
    known = BlockSizes(link, link)
    known.say(capabilities)
    known.say_sizes(sizes)
    return known


# ------------------------------------------------------------------------------------ what is known beforehand
@pytest.mark.parametrize(
    ("known", "cipher", "expected"),
    [
        (blocks(CardCapabilities()), AES, SHORT_AES),  # it says nothing
        (blocks(CardCapabilities(True, False)), TDES, 231),
        (blocks(link=261), AES, SHORT_AES),  # the link carries no more
        (blocks(link=1_002), AES, 975),  # 976 = 61 AES blocks, one byte of it padding
        (blocks(sizes=ApduSizes(65_535, 2_048)), AES, 2_046 - 14 - 5 - 12),
        (blocks(sizes=ApduSizes(65_535, 2_048)), None, 256),  # before access control everything is short
        (blocks(sizes=ApduSizes(65_535, 100)), AES, SHORT_AES),  # no less than short, whatever it says
        (blocks(), AES, 65_536 - 14 - 5 - 14),
    ],
)
def test_the_first_block_is_as_long_as_link_and_chip_carry(
    known: BlockSizes, cipher: SymmetricCipher | None, expected: int
) -> None:
    ne = known.ne_for(cipher, None)
    assert ne == expected
    assert known.is_extended(cipher, ne) is (ne > 256)


@given(st.integers(3, 65_544), st.integers(1, 70_000), st.sampled_from([None, AES, TDES]))
def test_never_more_than_is_left_nor_than_the_link_carries(
    link: int, left: int, cipher: SymmetricCipher | None
) -> None:
    ne = blocks(link=link).ne_for(cipher, left)
    assert 1 <= ne <= left


def test_sizes_are_wanted_once_and_only_where_they_help() -> None:
    fresh = BlockSizes(65_544, 65_546)
    assert not fresh.want_sizes
    fresh.say(LONG)
    assert fresh.want_sizes
    fresh.say_sizes(None)
    assert not fresh.want_sizes
    narrow = BlockSizes(261, 258)
    narrow.say(LONG)
    assert not narrow.want_sizes


# ------------------------------------------------------------------------------------------- what is learnt
def test_a_refused_first_long_block_ends_long_blocks_for_this_card() -> None:
    known = blocks()
    assert known.note_refusal(AES, 3_000)
    assert known.ne_for(AES, 3_000) == SHORT_AES


def test_between_given_and_refused_the_longest_is_looked_for_while_it_saves_commands() -> None:
    known = blocks(CardCapabilities())
    limit, wasted, left = 159, 0, 15_000
    while left:
        ne = known.ne_for(AES, left)
        if ne > limit:
            assert known.note_refusal(AES, ne)
            wasted += 1
        else:
            known.note_answer(AES, ne, ne, more=False)
            left -= ne
    assert wasted <= 4
    assert known.ne_for(AES, 15_000) == limit


def test_a_refusal_of_less_than_was_given_before_is_not_about_the_length() -> None:
    known = blocks(CardCapabilities())
    known.note_answer(AES, 223, 223, more=False)
    assert not known.note_refusal(AES, 100)
    assert known.ne_for(AES, 1_000) == SHORT_AES


REFUSED, MUTE = StatusWord(StatusWord.WRONG_LENGTH), None


def test_a_channel_that_broke_at_a_long_read_teaches_how_long_is_too_long() -> None:
    known = blocks()
    assert not known.note_break(CommandApdu(0x00, 0x88, 0x00, 0x00, bytes(8), ne=65_536), AES, REFUSED)
    assert known.ne_for(AES, None) > 256
    known.note_answer(AES, 1_500, 1_500, more=False)
    assert known.note_break(CommandApdu(0x00, 0xB0, 0x82, 0x00, ne=60_000), AES, MUTE)
    assert known.ne_for(AES, 60_000) == 1_500, "as much as it gave before"
    again = CommandApdu(0x00, 0xB0, 0x82, 0x00, ne=1_500)
    assert not known.note_break(again, AES, MUTE), "that was no matter of length"
    assert known.note_break(again, AES, REFUSED), "it says that it is"
    assert known.ne_for(AES, 60_000) == SHORT_AES


def test_a_short_read_that_ends_the_channel_is_asked_for_otherwise_after_the_next_opening() -> None:
    known = blocks(CardCapabilities())
    first, later = CommandApdu(0x00, 0xB0, 0x82, 0x00, ne=223), CommandApdu(0x00, 0xB0, 0x00, 0x06, ne=223)
    assert not known.note_break(first, AES, MUTE), "silence says nothing about so little"
    assert not known.note_break(first, AES, StatusWord(0x6982)), "nor does a refusal of the file"
    assert known.note_break(first, AES, REFUSED)
    assert known.asks_for_header_first(AES), "the file may be shorter than what was asked for"
    assert known.note_break(later, AES, REFUSED)
    assert known.ne_for(AES, 1_000) == 111, "half, since every try costs an opening"
    known.note_answer(AES, 111, 111, more=False)
    assert known.ne_for(AES, 1_000) == 111, "and nothing between is tried"
    assert not known.note_break(dataclasses.replace(later, ne=111), AES, REFUSED), "that was no matter of length"


def test_what_was_learnt_under_one_cipher_says_nothing_about_another() -> None:
    known = blocks(CardCapabilities())
    known.note_answer(SymmetricCipher.TDES, 111, 111, more=True)
    assert known.note_refusal(AES, 111), "the same answer carries less under AES"
    assert known.ne_for(AES, 1_000) < 111


# ------------------------------------------------------------------------------- any mix, behind a plain reader
@dataclasses.dataclass
class Chip:
    """One file behind READ BINARY with habits; counts what it is asked."""

    content: bytes = dataclasses.field(repr=False)
    most: int
    too_long: int
    past_end: int
    short_identifiers: bool
    odd: bool
    sets_aside: bool
    shortens_every: int
    commands: int = 0
    selected: bool = False

    def __call__(self, command: CommandApdu) -> ResponseApdu:
        self.commands += 1
        if command.ins == 0xA4:
            self.selected = True
            return ResponseApdu(b"", 0x9000)
        if command.ins == 0xB1:
            return self.read_odd(command) if self.odd else ResponseApdu(b"", 0x6D00)
        offset = command.p1 << 8 | command.p2
        if command.p1 & 0x80:
            if not self.short_identifiers:
                return ResponseApdu(b"", 0x6A82)
            self.selected, offset = True, command.p2
        assert self.selected
        return self.read(offset, command.ne)

    def read_odd(self, command: CommandApdu) -> ResponseApdu:
        offset = int.from_bytes(parse_tlv(command.data, 0x54).value, "big")
        header = 4 if self.sets_aside else 2 if command.ne < 130 else 3 if command.ne < 259 else 4
        if command.ne <= header:
            return ResponseApdu(b"", 0x6700)
        answer = self.read(offset, command.ne - header)
        return ResponseApdu(encode_tlv(0x53, answer.data) if answer.data else b"", answer.sw)

    def read(self, offset: int, ne: int) -> ResponseApdu:
        left = len(self.content) - offset
        if ne > self.most and self.too_long != 0x9000:
            return ResponseApdu(b"", self.too_long | (self.most if self.too_long == 0x6C00 else 0))
        ne = min(ne, self.most)
        if self.shortens_every and self.commands % self.shortens_every == 0 and ne > 16:
            ne //= 2
        if left >= ne:
            return ResponseApdu(self.content[offset : offset + ne], 0x9000)
        if self.past_end in (0x6282, 0x9000) and left > 0:
            return ResponseApdu(self.content[offset:], self.past_end)
        if self.past_end == 0x6C00 and 0 < left < 256:
            return ResponseApdu(b"", 0x6C00 | left)
        return ResponseApdu(b"", 0x6B00 if self.past_end in (0x9000, 0x6C00) else self.past_end)


chips = st.builds(
    Chip,
    content=st.one_of(st.integers(8, 900), st.sampled_from([3_000, 33_500])).map(
        lambda size: encode_tlv(0x75, bytes(index % 251 for index in range(size)))
    ),
    most=st.one_of(st.integers(16, 256), st.sampled_from([255, 256])),
    too_long=st.sampled_from([0x9000, 0x6700, 0x6B00, 0x6282, 0x6C00]),
    past_end=st.sampled_from([0x6282, 0x9000, 0x6B00, 0x6C00, 0x6700]),
    short_identifiers=st.booleans(),
    odd=st.booleans(),
    sets_aside=st.booleans(),
    shortens_every=st.sampled_from([0, 0, 3, 7]),
)


def outcome_of(read: Callable[[], bytes]) -> bytes | errors.CardStatusError:
    try:
        return read()
    except errors.CardStatusError as error:
        return error


@settings(max_examples=100, deadline=None)
@given(chips, st.sampled_from([40, 223, 256]))
def test_any_mix_of_habits_gives_the_exact_file_or_a_clear_error(chip: Chip, carried: int) -> None:
    known = BlockSizes(261, carried + 2)
    for _ in range(2):
        chip.commands, chip.selected = 0, False
        read = outcome_of(lambda: read_file(chip, DG2, known))
        if isinstance(read, errors.CardStatusError):
            assert len(chip.content) > 0x8000, read
            assert read.code is (errors.COMMAND_REFUSED if chip.odd else errors.END_OUT_OF_REACH)
        else:
            assert read == chip.content
        assert chip.commands <= len(chip.content) // 8 + 16


# ----------------------------------------------------------------------- any mix, behind a real protected channel
behaviours = st.builds(
    ChipBehaviour,
    master_file_status=st.just(0x6D00),
    extended_length=st.booleans(),
    max_response_data=st.sampled_from([110, 128, 184, 256, 400, 1_000, 2_046, 65_533]),
    end_of_file=st.sampled_from(EndOfFile),
    too_long_read=st.sampled_from(TooLongRead),
    zero_le_status=st.sampled_from([0x9000, 0x6B00, 0x6282]),
    odd_read=st.booleans(),
)


@settings(max_examples=12, deadline=None)
@given(behaviours, st.sampled_from([None, False, True]), st.sampled_from([2_000, 33_000]))
def test_the_counter_stays_in_step_whatever_is_refused(
    behaviour: ChipBehaviour, announced: bool | None, size: int
) -> None:
    """After any fall-back in one file the chip still understands what it is asked for the next."""
    content = signed_card("an", {2: encode_tlv(0x75, bytes(index % 251 for index in range(size)))})
    content = dataclasses.replace(content, behaviour=behaviour, atr=contactless_atr(extended_length=announced))
    expected = {file.identifier: file.content for file in content.application_files}
    lies = announced and not behaviour.extended_length
    with EmulatedTransport(VirtualCard(content)) as card:
        session = CardSession(Link(card))
        session.open(can_of("an"), HOSPITAL)
        if lies:
            with pytest.raises(errors.ProtocolError):
                session.read_file(files.COM)
            assert session.can_ask_for_less
            session.open(can_of("an"), HOSPITAL)
        for file in (files.COM, SOD, DG2, DG13):
            read = outcome_of(lambda file=file: session.read_file(file))  # type: ignore[misc]
            if isinstance(read, errors.CardStatusError):
                assert read.code is errors.END_OUT_OF_REACH
                assert (behaviour.odd_read, file) == (False, DG2)
            else:
                assert read == expected[file.fid]
    assert session.link.statistics.commands < 700


# ------------------------------------------------------------------------------------------ files begun before
def server(content: bytes) -> tuple[Callable[[CommandApdu], ResponseApdu], list[CommandApdu]]:
    log: list[CommandApdu] = []

    def transmit(command: CommandApdu) -> ResponseApdu:
        log.append(command)
        offset = command.p2 if command.p1 & 0x80 else command.p1 << 8 | command.p2
        return ResponseApdu(content[offset : offset + command.ne], 0x9000)

    return transmit, log


CONTENT = encode_tlv(0x75, bytes(index % 251 for index in range(2_000)))


@pytest.mark.parametrize("done", [1, 6, 100, 256, 257, 1_500, len(CONTENT)])
def test_a_file_that_was_begun_is_gone_on_with_where_it_stopped(done: int) -> None:
    transmit, log = server(CONTENT)
    partial = PartialFile(DG2, bytearray(CONTENT[:done]), len(CONTENT))
    assert read_file(transmit, DG2, BlockSizes(261, 258), partial=partial) == CONTENT
    assert log[0].header == bytes([0x00, 0xB0, 0x82, 0x00]), "the first block again, which selects the file"
    assert log[0].ne == min(done, 256)
    assert len(log) == 1 + -(-(len(CONTENT) - done) // 256)


@pytest.mark.parametrize("changed", [0, 5, 99])
def test_the_beginning_of_one_card_is_never_gone_on_with_from_another(changed: int) -> None:
    begun = bytearray(CONTENT[:100])
    begun[changed] ^= 1
    transmit, log = server(CONTENT)
    partial = PartialFile(DG2, begun, len(CONTENT))
    with pytest.raises(errors.CardStatusError) as caught:
        read_file(transmit, DG2, BlockSizes(261, 258), partial=partial)
    assert caught.value.code is errors.ANOTHER_CARD
    assert len(partial.data) == 100
    assert len(log) == 1


def test_a_partial_file_grows_also_if_the_card_goes() -> None:
    transmit, log = server(CONTENT)

    def torn(command: CommandApdu) -> ResponseApdu:
        if len(log) == 3:
            raise errors.TransportError(errors.CARD_REMOVED)
        return transmit(command)

    partial = PartialFile(DG2)
    with pytest.raises(errors.TransportError):
        read_file(torn, DG2, BlockSizes(261, 258), partial=partial)
    assert bytes(partial.data) == CONTENT[: 3 * 256]
    assert (partial.total, partial.is_complete) == (len(CONTENT), False)
    assert "data" not in repr(partial), "what was read is nobody's business"


def test_the_first_block_tells_whether_it_is_the_same_card() -> None:
    transmit, log = server(CONTENT)
    assert begins_with(transmit, DG2, CONTENT, BlockSizes(261, 258))
    assert len(log) == 1
    assert not begins_with(transmit, DG2, CONTENT[:50] + b"\0" + CONTENT[51:], BlockSizes(261, 258))
    assert not begins_with(lambda command: ResponseApdu(b"", 0x6A82), DG2, CONTENT, BlockSizes(261, 258))
    with pytest.raises(errors.CardStatusError):
        begins_with(lambda command: ResponseApdu(b"", 0x6982), DG2, CONTENT, BlockSizes(261, 258))


# ------------------------------------------------------------------------------------------------ long files
def test_a_chip_without_the_odd_instruction_says_what_is_missing_and_is_asked_once() -> None:
    transmit, log = server(encode_tlv(0x75, bytes(40_000)))

    def even_only(command: CommandApdu) -> ResponseApdu:
        answer = transmit(command)
        return ResponseApdu(b"", 0x6D00) if command.ins == 0xB1 else answer

    known = BlockSizes(261, 258)
    for _ in range(2):
        with pytest.raises(errors.CardStatusError) as caught:
            read_file(even_only, DG2, known)
        assert caught.value.code is errors.END_OUT_OF_REACH
    assert sum(command.ins == 0xB1 for command in log) == 1


def test_long_blocks_reach_beyond_the_last_short_offset() -> None:
    content = signed_card("an", {2: encode_tlv(0x75, bytes(index % 251 for index in range(70_000)))})
    content = dataclasses.replace(content, atr=contactless_atr(extended_length=True))
    with EmulatedTransport(VirtualCard(content)) as card:
        session = CardSession(Link(card))
        session.open(can_of("an"), HOSPITAL)
        before = session.link.statistics.commands
        assert session.read_file(DG2) == next(f.content for f in content.application_files if f.identifier == 0x0102)
        assert session.link.statistics.commands - before == 2
