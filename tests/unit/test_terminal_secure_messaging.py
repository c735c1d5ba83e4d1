"""The terminal's secure messaging against a chip's half written from the text (Doc 9303-11 §9.8, ISO/IEC 7816-4 §5.3.3)."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.primitives.block_cipher import SymmetricCipher
from crypto.primitives.secret import Secret
from crypto.wire.apdu import CommandApdu, ResponseApdu
from crypto.wire.status_word import StatusWord
from crypto.wire.tlv import encode_tlv, iter_tlvs
from reader import errors
from reader.card_capabilities import ApduSizes, CardCapabilities
from reader.lds import files
from reader.link import Link
from reader.plan import HOSPITAL
from reader.protocols.access_key import CanKey
from reader.protocols.secure_messaging import SecureChannel, SessionKeys, bare_status, block_capacity
from reader.session import CardSession
from tests.unit.textbook_chip import CAN, Messaging, TextbookChip, pace_info

CIPHERS = {True: SymmetricCipher.AES128, False: SymmetricCipher.TDES}
LONG = bytes(index % 251 for index in range(1000))


def pair(*, aes: bool, counter: int = 0) -> tuple[SecureChannel, Messaging]:
    """Both ends of a channel."""
    chip = Messaging(b"a shared secret", counter, aes=aes)
    keys = SessionKeys(CIPHERS[aes], Secret(chip.k_enc), Secret(chip.k_mac), counter)
    return SecureChannel(keys), chip


commands = st.builds(
    CommandApdu,
    cla=st.sampled_from([0x00, 0x10, 0x80]),
    ins=st.sampled_from([0xA4, 0xB0, 0xB1, 0x86, 0x22, 0x2C]),
    p1=st.integers(0, 255),
    p2=st.integers(0, 255),
    data=st.one_of(st.binary(max_size=64), st.integers(0, 3000).map(bytes)),
    ne=st.sampled_from([0, 1, 223, 256, 257, 65_536]),
    extended=st.booleans(),
)
answers = st.builds(
    ResponseApdu,
    st.one_of(st.binary(max_size=64), st.integers(0, 3000).map(bytes)),
    st.sampled_from([0x9000, 0x6282, 0x6300, 0x63C2, 0x6982, 0x6A82, 0x6700]),
)


@given(aes=st.booleans(), counter=st.integers(0, 2**63), turns=st.lists(st.tuples(commands, answers), max_size=4))
def test_what_one_end_protects_the_other_opens_in_every_case(aes: bool, counter: int, turns: list) -> None:
    """All four cases of command, short and extended, odd instructions with DO'85', errors with a MAC, any counter."""
    channel, chip = pair(aes=aes, counter=counter)
    for command, answer in turns:
        opened = chip.open(CommandApdu.parse(channel.protect(command).encode()))
        assert (opened.header, opened.data, opened.ne) == (command.header, command.data, command.ne)
        plain = channel.unprotect(ResponseApdu.parse(chip.seal(answer, command.ins).encode()))
        assert (plain.data, plain.sw) == (answer.data, answer.sw)
    assert channel.is_open


@pytest.mark.parametrize(("instruction", "tag"), [(0xB0, 0x87), (0xB1, 0x85), (0x2A, 0x87), (0xCB, 0x85)])
def test_odd_instructions_carry_their_data_without_an_indicator(instruction: int, tag: int) -> None:
    """ISO/IEC 7816-4 §10.4: the data of an odd instruction are BER-TLV, and go in DO'85'."""
    channel, _ = pair(aes=True)
    protected = channel.protect(CommandApdu(0x00, instruction, 0x00, 0x00, b"\x54\x01\x00", ne=4))
    assert [tlv.tag for tlv in iter_tlvs(protected.data)] == [tag, 0x97, 0x8E]


@pytest.mark.parametrize(
    ("ne", "extended", "value"), [(256, False, "00"), (1, False, "01"), (256, True, "0100"), (65_536, True, "0000")]
)
def test_the_expected_length_keeps_its_form(ne: int, extended: bool, value: str) -> None:
    channel, _ = pair(aes=False)
    protected = channel.protect(CommandApdu(0x00, 0xB0, 0x00, 0x00, ne=ne, extended=extended))
    assert next(tlv.value.hex() for tlv in iter_tlvs(protected.data) if tlv.tag == 0x97) == value


def test_the_case_without_data_and_without_answer_has_a_mac_alone() -> None:
    channel, chip = pair(aes=True)
    protected = channel.protect(CommandApdu(0x00, 0x44, 0x10, 0x03))
    assert [tlv.tag for tlv in iter_tlvs(protected.data)] == [0x8E]
    assert chip.open(protected) == CommandApdu(0x00, 0x44, 0x10, 0x03)


@pytest.mark.parametrize("aes", [True, False], ids=["AES", "3DES"])
def test_a_protected_error_keeps_the_channel_and_the_counter(aes: bool) -> None:
    channel, chip = pair(aes=aes)
    for status in (0x6982, 0x6A82, 0x6700, 0x6300, 0x6F00) * 3:
        chip.open(channel.protect(CommandApdu(0x00, 0xB0, 0x81, 0x00, ne=4)))
        answer = channel.unprotect(chip.seal(ResponseApdu(b"", status), 0xB0))
        assert int(answer.sw) == status
    chip.open(channel.protect(CommandApdu(0x00, 0xB0, 0x81, 0x00, ne=4)))
    assert channel.unprotect(chip.seal(ResponseApdu(b"end", 0x9000), 0xB0)).data == b"end"


@pytest.mark.parametrize("status", [0x9000, 0x6982, 0x6A82, 0x6282, 0x6988], ids=lambda sw: f"{sw:04X}")
def test_a_bare_status_word_closes_the_channel_for_good_and_is_told_apart(status: int) -> None:
    channel, chip = pair(aes=True)
    chip.open(channel.protect(CommandApdu(0x00, 0xB0, 0x81, 0x00, ne=4)))
    with pytest.raises(errors.ProtocolError) as caught:
        channel.unprotect(ResponseApdu(b"", status))
    assert bare_status(caught.value) == status
    assert not channel.is_open
    late = chip.seal(ResponseApdu(b"late", 0x9000), 0xB0)
    for attempt in (lambda: channel.unprotect(late), lambda: channel.protect(CommandApdu(0, 0xB0, 0, 0, ne=4))):
        with pytest.raises(errors.ProtocolError) as closed:
            attempt()
        assert closed.value.code is errors.CHANNEL_CLOSED
        assert bare_status(closed.value) is None


def test_an_answer_that_was_tampered_with_is_no_bare_status_word() -> None:
    channel, chip = pair(aes=True)
    chip.open(channel.protect(CommandApdu(0x00, 0xB0, 0x81, 0x00, ne=4)))
    sealed = chip.seal(ResponseApdu(b"", 0x6982), 0xB0)
    with pytest.raises(errors.ProtocolError) as caught:
        channel.unprotect(dataclasses.replace(sealed, data=sealed.data[:-1] + b"\0"))  # type: ignore[call-arg]
    assert bare_status(caught.value) is None


# ------------------------------------------------------------------------------------------ command chaining
COM = encode_tlv(0x60, bytes(20))
NO_EXTENDED = bytes.fromhex("3b85800180 73f40180 02".replace(" ", ""))  # capabilities: chaining, no extended length
EXTENDED = bytes.fromhex("3b85800180 73f401e0 62".replace(" ", ""))  # chaining, extended length, sizes in EF.ATR/INFO
NO_CHAINING = bytes.fromhex("3b85800180 73f40140 c2".replace(" ", ""))


def opened(**changes: object) -> tuple[CardSession, TextbookChip]:
    chip = TextbookChip({CAN: b"274190"}, {0x011E: COM}, encode_tlv(0x31, pace_info()))
    for name, value in changes.items():
        setattr(chip, name, value)
    session = CardSession(Link(chip))
    session.open(CanKey.from_digits("274190"), HOSPITAL)
    chip.log.clear()
    return session, chip


def verify_long(session: CardSession) -> ResponseApdu:
    """PSO with a kilobyte of data, which the chip answers by their hash."""
    return session.transmit(CommandApdu(0x00, 0x2A, 0x00, 0xBE, LONG, ne=256))


def expect_hash(answer: ResponseApdu) -> None:
    import hashlib

    assert (answer.data, answer.is_success) == (hashlib.sha256(LONG).digest(), True)


def test_a_chip_with_extended_length_gets_one_long_command() -> None:
    session, chip = opened(atr=EXTENDED)
    expect_hash(verify_long(session))
    assert [len(command.data) for command in chip.log] == [1000]


def test_a_chip_that_says_it_takes_short_commands_only_gets_a_chain() -> None:
    session, chip = opened(atr=NO_EXTENDED, extended=False)
    expect_hash(verify_long(session))
    assert [command.cla for command in chip.log] == [0x10, 0x10, 0x10, 0x10, 0x00]
    assert all(len(octets) <= 261 for octets in chip.received), "each part is short, protection included"
    assert session.read_file(files.COM) == COM, "the counter is right afterwards"


def test_a_chip_that_says_nothing_is_asked_and_its_protected_refusal_understood() -> None:
    session, chip = opened(extended=False, bare_length_errors=False)
    expect_hash(verify_long(session))
    expect_hash(verify_long(session))
    assert sum(len(command.data) == 1000 for command in chip.log) == 1, "it is not asked twice"
    assert session.read_file(files.COM) == COM


def test_a_bare_refusal_closes_the_channel_and_teaches_for_the_next_opening() -> None:
    session, _ = opened(extended=False)
    with pytest.raises(errors.ProtocolError) as caught:
        verify_long(session)
    assert bare_status(caught.value) == StatusWord.WRONG_LENGTH
    assert session.can_send_shorter
    session.open(CanKey.from_digits("274190"), HOSPITAL)
    expect_hash(verify_long(session))


def test_a_card_that_says_so_is_asked_how_long_a_command_may_be() -> None:
    """EF.ATR/INFO (ISO/IEC 7816-4 §12.7.1): between short commands and as long as can be there is room."""
    sizes = encode_tlv(0x7F66, encode_tlv(0x02, b"\x01\xf4") + encode_tlv(0x02, b"\x04\x00"))
    session, chip = opened(atr=EXTENDED, longest=500, atr_info=b"\x47\x03\xf4\x01\xe0" + sizes)
    chip.received.clear()
    expect_hash(verify_long(session))
    assert len(chip.log) == 3
    assert 400 < max(map(len, chip.received)) <= 500


def test_a_card_is_asked_for_its_sizes_once() -> None:
    session, chip = opened(atr=EXTENDED)
    session.open(CanKey.from_digits("274190"), HOSPITAL)
    assert sum(command.header == b"\x00\xb0\x81\x00" for command in chip.log) == 0
    _, other = opened(atr=NO_CHAINING)
    assert not [octets for octets in other.received if octets.startswith(b"\x00\xb0\x81\x00")], "it says nothing there"


def test_a_card_that_lies_about_its_commands_gets_short_ones_in_the_end() -> None:
    sizes = encode_tlv(0x7F66, encode_tlv(0x02, b"\x7f\xff") + encode_tlv(0x02, b"\x04\x00"))
    session, chip = opened(atr=EXTENDED, longest=300, atr_info=sizes)
    with pytest.raises(errors.ProtocolError):
        verify_long(session)
    session.open(CanKey.from_digits("274190"), HOSPITAL)
    expect_hash(verify_long(session))
    assert len(chip.received[-1]) <= 261


def test_a_refused_part_ends_the_chain_and_the_channel_goes_on() -> None:
    session, chip = opened(atr=NO_EXTENDED, extended=False)
    plain_answer = chip._answer
    chip._answer = lambda command: (  # type: ignore[method-assign]
        ResponseApdu(b"", 0x6884) if command.cla & 0x10 else plain_answer(command)
    )
    answer = verify_long(session)
    assert answer.sw == StatusWord.CHAINING_NOT_SUPPORTED
    assert len(chip.log) == 1
    assert session.read_file(files.COM) == COM


def test_a_chip_without_chaining_gets_the_long_command_it_is() -> None:
    session, chip = opened(atr=NO_CHAINING)
    expect_hash(verify_long(session))
    assert len(chip.log) == 1


def test_a_refusal_that_is_about_the_answer_does_not_chain() -> None:
    """6700 to a short command with a long Le: cutting the command would not help."""
    session, chip = opened(extended=False, bare_length_errors=False)
    answer = session.transmit(CommandApdu(0x00, 0xB0, 0x9E, 0x00, ne=1000))
    assert answer.sw == StatusWord.WRONG_LENGTH
    assert len(chip.log) == 1


def test_a_part_of_a_protocols_own_chain_is_never_cut() -> None:
    session, chip = opened(atr=NO_EXTENDED, extended=True)
    answer = session.transmit(CommandApdu(0x10, 0x22, 0xC1, 0xA4, bytes(600)))
    assert answer.is_success
    assert [len(command.data) for command in chip.log] == [600]


@given(
    st.sampled_from([None, SymmetricCipher.TDES, SymmetricCipher.AES128]), st.integers(1, 4000), st.integers(261, 3000)
)
def test_parts_join_to_the_whole_and_fit(cipher: SymmetricCipher | None, length: int, link_bytes: int) -> None:
    from reader.command_chaining import CommandLengths

    lengths = CommandLengths(link_bytes)
    parts = lengths.parts(CommandApdu(0x00, 0x2A, 0x00, 0xBE, bytes(length), ne=256), cipher)
    assert b"".join(part.data for part in parts) == bytes(length)
    assert [part.cla for part in parts] == [0x10] * (len(parts) - 1) + [0x00]
    for part in parts:
        channel = None if cipher is None else SecureChannel(SessionKeys.derive(cipher, b"secret"))
        sent = part if channel is None else channel.protect(part)
        assert len(sent.encode()) <= max(link_bytes, 261)


@pytest.mark.parametrize("cipher", list(CIPHERS.values()))
@pytest.mark.parametrize("field_bytes", [20, 100, 255, 256, 1000, 60_000])
def test_the_capacity_is_exact(cipher: SymmetricCipher, field_bytes: int) -> None:
    most = block_capacity(cipher, field_bytes)

    def protected(data_bytes: int) -> int:
        channel = SecureChannel(SessionKeys.derive(cipher, b"secret"))
        return len(channel.protect(CommandApdu(0x00, 0xD6, 0x00, 0x00, bytes(data_bytes), 256, extended=True)).data)

    if most > 0:
        assert protected(most) <= field_bytes
    assert protected(max(most, 0) + 1) > field_bytes


# ---------------------------------------------------------------------------------------------- what a card says
@pytest.mark.parametrize(
    ("atr", "expected"),
    [
        (NO_EXTENDED, CardCapabilities(chaining=True, extended_length=False)),
        (EXTENDED, CardCapabilities(chaining=True, extended_length=True, sizes_in_file=True)),
        (NO_CHAINING, CardCapabilities(chaining=False, extended_length=True)),
        # TA1 and TD1 … before the historical bytes; a life-cycle byte and a status behind the capabilities
        (bytes.fromhex("3bd896ff910031 80 3165 73f401c0 05 00".replace(" ", "")), CardCapabilities()),
        (bytes.fromhex("3b8a8001 00 31a0 73f40180 059000 00".replace(" ", "")), CardCapabilities(True, False)),
        (bytes.fromhex("3b8880010000000033817181"), CardCapabilities()),  # type B: protocol bytes, no capabilities
        (b"", CardCapabilities()),
        (b"\x3b", CardCapabilities()),
        (b"\x3b\xff", CardCapabilities()),
        (b"\x3b\xff\xff\xff\xff\xff", CardCapabilities()),
        (bytes.fromhex("3b8380018071f4"), CardCapabilities()),
    ],
    ids=lambda value: value.hex() if isinstance(value, bytes) else "",
)
def test_an_answer_to_reset_tells_or_does_not(atr: bytes, expected: CardCapabilities) -> None:
    assert CardCapabilities.from_atr(atr) == expected


@given(st.binary(max_size=40))
def test_no_answer_to_reset_is_an_error(atr: bytes) -> None:
    CardCapabilities.from_atr(atr)
    CardCapabilities.from_atr(b"\x3b" + atr)


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        ("430180 4703f401e0 7f6608 020203e8 02020400", ApduSizes(1000, 1024)),
        ("7f6608 020203e8 02020400", ApduSizes(1000, 1024)),
        ("7f6608 0202ffff 0202ffff", ApduSizes(65_535, 65_535)),  # without the octet that keeps an INTEGER positive
        ("7f6604 020203e8", None),
        ("7f6606 020203e8 0200", None),
        ("4703f401e0", None),
        ("7f6600", None),
        ("7f6608 0202", None),
        ("", None),
        ("ff", None),
    ],
)
def test_the_longest_command_and_answer_stand_in_ef_atr_info(octets: str, expected: ApduSizes | None) -> None:
    assert ApduSizes.from_atr_info(bytes.fromhex(octets.replace(" ", ""))) == expected
