"""Secure messaging as a whole: what one half protects the other opens, and whatever is disturbed on the way ends it.

Three implementations meet here that share no protocol code: the terminal's, the chip's, and the foreign terminal of
``tests/interop``. The third also counts: it knows the send sequence counter that both halves must have reached.
"""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.errors import WireError
from crypto.primitives.block_cipher import SymmetricCipher
from crypto.wire.apdu import CommandApdu, ResponseApdu
from crypto.wire.tlv import encode_tlv, iter_tlvs
from emulator.chip.refusal import CommandRefusedError
from emulator.chip.secure_messaging import ChipChannel
from reader import errors
from reader.protocols.secure_messaging import SecureChannel, SessionKeys
from tests.interop.foreign_messaging import SUITES, Session

CIPHERS = list(SymmetricCipher)
FOREIGN = dict(zip(CIPHERS, (SUITES[arc] for arc in (1, 2, 3, 4)), strict=True))
SEED = b"a shared secret for tests"
LONGEST = 65_000
READ = CommandApdu(0x00, 0xB0, 0x81, 0x00, ne=32)

each_cipher = pytest.mark.parametrize("cipher", CIPHERS, ids=lambda cipher: cipher.label)
lengths = st.one_of(
    st.integers(0, 40),
    st.sampled_from([207, 208, 209, 222, 223, 224, 231, 239, 240, 255, 256, 257]),
    st.integers(0, LONGEST),
)
contents = st.builds(
    lambda size, fill: bytes([fill, 0x80, 0x00] * (size // 3 + 1))[:size], lengths, st.integers(0, 255)
)
commands = st.builds(
    CommandApdu,
    cla=st.sampled_from([0x00, 0x10]),  # chained, or not
    ins=st.integers(0, 255),  # odd ones too
    p1=st.integers(0, 255),
    p2=st.integers(0, 255),
    data=contents,
    ne=st.one_of(st.just(0), st.integers(1, 256), st.integers(257, 65_536)),
    extended=st.booleans(),
)
status_words = st.one_of(
    st.just(0x9000),
    st.sampled_from([0x6A82, 0x6282, 0x6C05, 0x6300, 0x63C2, 0x6982, 0x6110, 0x6985]),
    st.integers(0, 0xFFFF),
)
answers = st.builds(ResponseApdu, contents, status_words)


class Line:
    """Both halves on the same keys, and the third that listens in."""

    def __init__(self, cipher: SymmetricCipher, counter: int = 0) -> None:
        self.cipher = cipher
        self.terminal = SecureChannel(SessionKeys.derive(cipher, SEED, counter))
        self.chip = ChipChannel.derive(cipher, SEED, counter)
        self.foreign = Session(FOREIGN[cipher], SEED, counter)

    def ask(self, command: CommandApdu) -> CommandApdu:
        """The command as the chip understands it, by way of the octets on the link."""
        return self.chip.open_command(CommandApdu.parse(self.terminal.protect(command).encode()))

    def seal(self, answer: ResponseApdu, *, odd: bool = False) -> ResponseApdu:
        return ResponseApdu.parse(self.chip.seal_response(answer, odd_ins=odd).encode())

    def exchange(self, command: CommandApdu, answer: ResponseApdu) -> None:
        """There and back, with all three of one mind."""
        octets = self.terminal.protect(command).encode()
        size = 2 if command.is_extended else 1
        le = (command.ne % (1 << 8 * size)).to_bytes(size, "big") if command.ne else None
        foreign = self.foreign.protect(command.header, command.data, le, extended=command.is_extended)
        if command.data or le:  # for a header alone the standards leave open whether it is padded twice
            assert octets == foreign
        opened = self.chip.open_command(CommandApdu.parse(octets))
        assert (opened.header, opened.data, opened.ne) == (command.header, command.data, command.ne)
        odd = bool(command.ins & 1)
        sealed = self.seal(answer, odd=odd)
        assert self.terminal.unprotect(sealed) == answer
        assert self.foreign.unprotect(sealed.encode(), odd=odd) == (answer.data, f"{int(answer.sw):04X}")


def assert_closed_for_good(channel: SecureChannel, answer: ResponseApdu) -> None:
    """This answer is refused, and nothing is sent or taken any more: not even what would have been right."""
    with pytest.raises(errors.ProtocolError) as caught:
        channel.unprotect(answer)
    assert caught.value.code is errors.CHANNEL_BROKEN
    assert not channel.is_open
    assert not channel.has_answered
    for use in (lambda: channel.protect(READ), lambda: channel.unprotect(answer), lambda: channel.protect(READ)):
        with pytest.raises(errors.ProtocolError) as caught:
            use()
        assert caught.value.code is errors.CHANNEL_CLOSED


# -- the identity -------------------------------------------------------------------------------------------------------


@each_cipher
@settings(max_examples=40)
@given(command=commands, answer=answers)
def test_what_one_half_protects_the_other_opens(
    cipher: SymmetricCipher, command: CommandApdu, answer: ResponseApdu
) -> None:
    Line(cipher).exchange(command, answer)


@each_cipher
def test_every_short_length_survives_there_and_back(cipher: SymmetricCipher) -> None:
    line = Line(cipher)
    for size in range(300):
        data = bytes(size)  # zeros: only the padding's marker tells where they end
        line.exchange(CommandApdu(0x00, 0xD6, 0x00, 0x00, data), ResponseApdu(data, 0x9000))
        line.exchange(CommandApdu(0x00, 0xD7, 0x00, 0x00, data, ne=size), ResponseApdu(b"\x80" * size, 0x9000))


@each_cipher
@settings(max_examples=10)
@given(
    exchanges=st.lists(st.tuples(commands, answers), min_size=2, max_size=8),
    counter=st.sampled_from([0, 0xFFFF_FFFE, 2**63 - 1, 2**64 - 3]),
)
def test_the_counter_is_exact_across_failures_and_warnings(
    cipher: SymmetricCipher, exchanges: list[tuple[CommandApdu, ResponseApdu]], counter: int
) -> None:
    """6A82, 6Cxx, 63Cx or an empty 9000 inside the channel cost two steps, no more and no less; the third party,
    which counts by itself, opens every message. With 3DES the counter wraps around.
    """
    line = Line(cipher, counter)
    for command, answer in exchanges:
        line.exchange(command, answer)
    assert line.foreign.counter == (counter + 2 * len(exchanges)) % (1 << 8 * cipher.block_bytes)
    assert line.terminal.is_open


@each_cipher
def test_the_longest_command_fits_and_a_longer_one_breaks_nothing_open(cipher: SymmetricCipher) -> None:
    line = Line(cipher)
    overhead = len(line.terminal.protect(CommandApdu(0x00, 0xD6, 0, 0, bytes(60_000), ne=65_536)).data) - 60_000
    longest = (65_535 - overhead) // cipher.block_bytes * cipher.block_bytes
    Line(cipher).exchange(CommandApdu(0x00, 0xD6, 0, 0, bytes(longest - 1), ne=65_536), ResponseApdu(b"", 0x9000))
    line = Line(cipher)
    with pytest.raises(WireError):
        line.terminal.protect(CommandApdu(0x00, 0xD6, 0, 0, bytes(65_535), ne=65_536))
    with pytest.raises(errors.ProtocolError):  # its number is spent: the channel cannot go on in step
        line.terminal.protect(READ)


@each_cipher
@given(data=contents, seed=st.binary(min_size=1, max_size=40))
@settings(max_examples=20)
def test_other_keys_open_nothing(cipher: SymmetricCipher, data: bytes, seed: bytes) -> None:
    if seed == SEED:
        return
    line = Line(cipher)
    line.ask(READ)
    stranger = ChipChannel.derive(cipher, seed)
    protected = SecureChannel(SessionKeys.derive(cipher, seed)).protect(READ)
    with pytest.raises(CommandRefusedError):
        ChipChannel.derive(cipher, SEED).open_command(protected)
    stranger.open_command(protected)
    assert_closed_for_good(line.terminal, stranger.seal_response(ResponseApdu(data, 0x9000), odd_ins=False))


def test_an_answer_to_an_odd_instruction_travels_without_padding_indicator() -> None:
    """Doc 9303-11 §9.8.4: DO'85' where INS is odd, DO'87' where it is even; both ways."""
    for ins, tag in ((0xB0, 0x87), (0xB1, 0x85)):
        line = Line(SymmetricCipher.AES128)
        command = line.terminal.protect(CommandApdu(0x00, ins, 0x00, 0x00, b"\x54\x01\x00", ne=4))
        assert next(iter_tlvs(command.data)).tag == tag
        line.chip.open_command(command)
        assert line.seal(ResponseApdu(b"\x53\x00", 0x9000), odd=bool(ins & 1)).data[0] == tag


# -- disturbed answers -------------------------------------------------------------------------------------------------


def waiting(cipher: SymmetricCipher, answer: ResponseApdu) -> tuple[SecureChannel, ResponseApdu]:
    """A channel that awaits its second answer, and that answer as the chip sent it."""
    line = Line(cipher)
    line.ask(READ)
    line.terminal.unprotect(line.seal(ResponseApdu(b"first", 0x9000)))
    line.ask(READ)
    return _unanswered(line.terminal), line.seal(answer)


def _unanswered(channel: SecureChannel) -> SecureChannel:
    channel._has_answered = False  # so that the check below sees what the disturbed answer does, not the one before
    return channel


@each_cipher
@pytest.mark.parametrize(
    "answer",
    [ResponseApdu(b"some octets of a file", 0x9000), ResponseApdu(b"", 0x9000), ResponseApdu(b"rest", 0x6282)],
    ids=["data", "status alone", "warning with data"],
)
def test_one_flipped_bit_anywhere_in_a_protected_answer_closes_the_channel(
    cipher: SymmetricCipher, answer: ResponseApdu
) -> None:
    _, sealed = waiting(cipher, answer)
    octets = sealed.encode()
    for bit in range(8 * len(octets)):
        channel, _ = waiting(cipher, answer)
        flipped = bytearray(octets)
        flipped[bit // 8] ^= 0x80 >> bit % 8
        assert_closed_for_good(channel, ResponseApdu.parse(bytes(flipped)))


@each_cipher
@settings(max_examples=25)
@given(data=contents, place=st.integers(0, 10**9), count=st.integers(1, 3))
def test_cut_or_lengthened_answers_close_the_channel(
    cipher: SymmetricCipher, data: bytes, place: int, count: int
) -> None:
    channel, sealed = waiting(cipher, ResponseApdu(data, 0x9000))
    cut_at = place % max(1, len(sealed.data))
    assert_closed_for_good(channel, ResponseApdu(sealed.data[:cut_at], sealed.sw))
    channel, sealed = waiting(cipher, ResponseApdu(data, 0x9000))
    assert_closed_for_good(channel, ResponseApdu(sealed.data + bytes(count), sealed.sw))


def without(octets: bytes, *tags: int) -> bytes:
    return b"".join(tlv.encoded for tlv in iter_tlvs(octets) if tlv.tag not in tags)


def reordered(octets: bytes, order: Iterable[int]) -> bytes:
    objects = [tlv.encoded for tlv in iter_tlvs(octets)]
    return b"".join(objects[place] for place in order)


@each_cipher
@pytest.mark.parametrize("data", [b"", b"some octets"], ids=["without data", "with data"])
def test_a_dropped_repeated_moved_or_added_object_closes_the_channel(cipher: SymmetricCipher, data: bytes) -> None:
    _, sealed = waiting(cipher, ResponseApdu(data, 0x9000))
    whole = sealed.data
    last = len(list(iter_tlvs(whole))) - 1
    changed = {
        "no checksum": without(whole, 0x8E),
        "no status": without(whole, 0x99),
        "neither": without(whole, 0x8E, 0x99),
        "checksum alone": without(whole, 0x87, 0x99),
        "checksum first": reordered(whole, [last, *range(last)]),
        "status after checksum": reordered(whole, [*range(last - 1), last, last - 1]),
        "checksum twice": whole + without(whole, 0x87, 0x99),
        "status twice": without(whole, 0x87, 0x8E) + whole,
        "a foreign object in front": encode_tlv(0x81, b"plain") + whole,
        "a foreign object behind": whole + encode_tlv(0x81, b"plain"),
        "an empty checksum": without(whole, 0x8E) + encode_tlv(0x8E, b""),
        "half a checksum": without(whole, 0x8E) + encode_tlv(0x8E, whole[-8:-4]),
        "a checksum of twelve octets": without(whole, 0x8E) + encode_tlv(0x8E, whole[-8:] + bytes(4)),
        "nothing": b"",
    }
    if data:
        changed["no data"] = without(whole, 0x87)
        changed["data behind the status"] = reordered(whole, [1, 0, 2])
        changed["data under the other tag"] = b"\x85" + whole[1:]
    for name, octets in changed.items():
        channel, _ = waiting(cipher, ResponseApdu(data, 0x9000))
        try:
            assert_closed_for_good(channel, ResponseApdu(octets, sealed.sw))
        except AssertionError as wrong:
            raise AssertionError(name) from wrong


@each_cipher
@pytest.mark.parametrize(
    "status", ["9000", "6982", "6987", "6988", "6A82", "6282", "63C2", "6C10", "6110", "6F00", "0000"]
)
def test_a_bare_status_word_closes_the_channel(cipher: SymmetricCipher, status: str) -> None:
    """Stripped of its protection an answer says nothing, and whatever it says is not believed."""
    channel, _ = waiting(cipher, ResponseApdu(b"", 0x9000))
    assert_closed_for_good(channel, ResponseApdu(b"", int(status, 16)))


@each_cipher
@given(inner=st.integers(0, 0xFFFF), outer=st.integers(0, 0xFFFF))
@settings(max_examples=20)
def test_status_words_that_differ_inside_and_outside_close_the_channel(
    cipher: SymmetricCipher, inner: int, outer: int
) -> None:
    if inner == outer:
        return
    channel, sealed = waiting(cipher, ResponseApdu(b"data", inner))
    assert_closed_for_good(channel, ResponseApdu(sealed.data, outer))


@each_cipher
def test_a_replayed_answer_closes_the_channel(cipher: SymmetricCipher) -> None:
    line = Line(cipher)
    line.ask(READ)
    first = line.seal(ResponseApdu(b"first", 0x9000))
    line.terminal.unprotect(first)
    line.ask(READ)
    assert_closed_for_good(_unanswered(line.terminal), first)


@each_cipher
def test_answers_in_another_order_close_the_channel(cipher: SymmetricCipher) -> None:
    """The answer to the next command comes first: a chip that has run ahead, or somebody who has."""
    line, ahead = Line(cipher), Line(cipher)
    for _ in range(2):
        ahead.ask(READ)
        later = ahead.seal(ResponseApdu(b"later", 0x9000))
        ahead.terminal.unprotect(later)
    line.ask(READ)
    assert_closed_for_good(line.terminal, later)


@each_cipher
def test_the_command_thrown_back_as_an_answer_closes_the_channel(cipher: SymmetricCipher) -> None:
    line = Line(cipher)
    protected = line.terminal.protect(CommandApdu(0x00, 0xA4, 0x02, 0x0C, b"\x01\x1e"))
    assert_closed_for_good(line.terminal, ResponseApdu(protected.data, 0x9000))


@each_cipher
def test_an_answer_that_nobody_asked_for_closes_the_channel(cipher: SymmetricCipher) -> None:
    line = Line(cipher)
    line.ask(READ)
    sealed = line.seal(ResponseApdu(b"", 0x9000))
    line.terminal.unprotect(sealed)
    with pytest.raises(errors.ProtocolError) as caught:
        line.terminal.unprotect(sealed)
    assert caught.value.code is errors.CHANNEL_CLOSED
    assert not line.terminal.is_open


class DeceivingChip:
    """Holds the right keys and computes right checksums over whatever it likes."""

    def __init__(self, cipher: SymmetricCipher) -> None:
        self.session = Session(FOREIGN[cipher], SEED)
        self.session.counter = 2  # the first answer's

    def sealed(self, *objects: bytes, status: int = 0x9000) -> ResponseApdu:
        suite, body = self.session.suite, b"".join(objects)
        counter = self.session.counter.to_bytes(suite.block, "big")
        checksum = suite.mac(self.session.mac_key, suite.pad(counter + body))
        return ResponseApdu(body + encode_tlv(0x8E, checksum), status)

    def cryptogram(self, padded: bytes) -> bytes:
        suite = self.session.suite
        counter = self.session.counter.to_bytes(suite.block, "big")
        iv = bytes(8) if suite.block == 8 else suite.encrypt(self.session.enc, bytes(16), counter)
        return suite.encrypt(self.session.enc, iv, padded)


@each_cipher
def test_a_right_checksum_over_a_wrong_message_closes_the_channel(cipher: SymmetricCipher) -> None:
    chip, block, status = DeceivingChip(cipher), cipher.block_bytes, encode_tlv(0x99, b"\x90\x00")
    whole = chip.cryptogram(b"\x80" + bytes(block - 1))
    wrong = {
        "no padding indicator": encode_tlv(0x87, whole),
        "another padding indicator": encode_tlv(0x87, b"\x02" + whole),
        "an indicator alone": encode_tlv(0x87, b"\x01"),
        "an empty cryptogram": encode_tlv(0x87, b""),
        "an empty cryptogram of objects": encode_tlv(0x85, b""),
        "half a block": encode_tlv(0x87, b"\x01" + whole[: block // 2]),
        "no marker of padding": encode_tlv(0x87, b"\x01" + chip.cryptogram(bytes(block))),
        "padding of more than a block": encode_tlv(0x87, b"\x01" + chip.cryptogram(b"\x80" + bytes(2 * block - 1))),
        "plain data": encode_tlv(0x81, b"plain"),
        "both kinds of cryptogram": encode_tlv(0x85, whole) + encode_tlv(0x87, b"\x01" + whole),
    }
    messages = {name: chip.sealed(object_, status) for name, object_ in wrong.items()}
    messages["a status of three octets"] = chip.sealed(encode_tlv(0x99, b"\x90\x00\x00"))
    messages["an empty status"] = chip.sealed(encode_tlv(0x99, b""))
    for name, message in messages.items():
        line = Line(cipher)
        line.ask(READ)
        try:
            assert_closed_for_good(line.terminal, message)
        except AssertionError as mistake:
            raise AssertionError(name) from mistake
    line = Line(cipher)
    line.ask(READ)
    good = chip.sealed(encode_tlv(0x87, b"\x01" + whole), status)
    assert line.terminal.unprotect(good).data == b"", "the same chip, honest for once, is understood"
