"""The card's half of a disturbed channel: whatever is wrong with a protected command ends the session and its rights.

The whole emulated card is meant, opened by BAC or PACE: after a changed, repeated, stripped or plain command it answers
without protection, with the status word of Doc 9303-11 §9.8.5, and the file that was open a moment ago is closed.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.pace.parameters import pace_protocol
from crypto.primitives.secret import Secret
from crypto.wire.apdu import CommandApdu
from crypto.wire.tlv import encode_tlv, iter_tlvs
from emulator.chip.access_rules import AccessCondition
from emulator.chip.card import VirtualCard
from emulator.chip.content import ChipContent, ElementaryFile, PaceOffer
from tests.interop.foreign_messaging import SUITES, Session

VECTORS = Path(__file__).parents[1] / "vectors"
EF_COM = bytes.fromhex("60165F0104303130385F36063034303030305C0461756E6F")
FILES = (ElementaryFile(0x011E, EF_COM, 0x1E, AccessCondition.CHIP_ACCESS),)
SELECT_APPLICATION = bytes.fromhex("00A4040C07A0000002471001")
READ, SELECT = bytes.fromhex("00B09E00"), bytes.fromhex("00A4020C")
CIPHERS = ["3des", "aes-128", "aes-192", "aes-256"]
each_cipher = pytest.mark.parametrize("cipher", CIPHERS)


def _load(name: str) -> Any:
    return json.loads((VECTORS / name).read_text(encoding="utf-8"))["cases"]


BAC = _load("bac_mutual_authentication.json")[0]
PACE = {
    cipher: next(case for case in _load("ours/pace.json") if case["name"] == name)
    for cipher, name in {
        "aes-128": "PACE ecdh im aes-128 secp256r1",
        "aes-192": "PACE ecdh gm aes-192 secp521r1",
        "aes-256": "PACE dh gm aes-256 RFC 5114 group 0",
    }.items()
}


def drawn(values: list[str]) -> Callable[[int], bytes]:
    queue = [bytes.fromhex(value) for value in values]
    return lambda count: queue.pop(0) if queue else bytes(count)


def opened(cipher: str) -> tuple[VirtualCard, Session]:
    """A card in the middle of a session, and the other end of its channel. The keys are those of a vector."""
    if cipher == "3des":
        content = ChipContent(application_files=FILES, mrz_information=Secret(b"L898902C<369080619406236"))
        card = VirtualCard(content, random_bytes=drawn([BAC["rnd_ic"], BAC["k_ic"]]))
        card.transmit(SELECT_APPLICATION)
        card.transmit(bytes.fromhex(BAC["get_challenge_command"]))
        answer = card.transmit(bytes.fromhex(BAC["external_authenticate_command"]))
        assert answer.endswith(b"\x90\x00")
        return card, Session(SUITES[1], bytes.fromhex(BAC["session_key_seed"]), int(BAC["initial_ssc"], 16))
    case = PACE[cipher]
    protocol = pace_protocol(case["oid"])
    assert protocol is not None
    offer = PaceOffer(protocol, case["domain_parameters"]["standardized_id"])
    content = ChipContent(
        application_files=FILES, can=Secret(case["password"].encode()), basic_access_control=False, pace=(offer,)
    )
    values = [case[name] for name in ("nonce", "chip_mapping_private_key", "chip_private_key") if name in case]
    card = VirtualCard(content, random_bytes=drawn(values))
    for apdu in case["apdus"]:
        assert card.transmit(bytes.fromhex(apdu["command"])).hex() == apdu["response"]
    session = Session(SUITES[CIPHERS.index(cipher) + 1], bytes.fromhex(case["shared_secret"]))
    assert say(card, session, SELECT_APPLICATION[:4], SELECT_APPLICATION[5:])[1] == "9000"
    return card, session


def say(
    card: VirtualCard, session: Session, head: bytes, data: bytes = b"", le: bytes | None = None
) -> tuple[bytes, str]:
    """A command through the session and its checked answer."""
    answer = card.transmit(session.protect(head, data, le, extended=False))
    return session.unprotect(answer, odd=bool(head[1] & 1))


def read(session: Session) -> bytes:
    return session.protect(READ, b"", b"\x04", extended=False)


def assert_session_over(card: VirtualCard, session: Session) -> None:
    """No protected command is understood any more, and what needed the session is refused in plain."""
    for _ in range(2):
        assert card.transmit(read(session)).hex() in ("6988", "6987")
    assert card.transmit(READ + b"\x04").hex() == "6982"
    assert card.transmit(SELECT + b"\x02\x01\x1e").hex() == "6982"


def with_body(command: bytes, body: bytes) -> bytes:
    """The protected command with another data field."""
    return command[:4] + bytes([len(body)]) + body + b"\0"


def body_of(command: bytes) -> bytes:
    return CommandApdu.parse(command).data


@each_cipher
def test_an_undisturbed_session_goes_on_and_on(cipher: str) -> None:
    """What is shown below to end a session is not ended by anything else."""
    card, session = opened(cipher)
    for _ in range(3):
        assert say(card, session, READ, le=b"\x04") == (EF_COM[:4], "9000")
        assert say(card, session, SELECT, b"\x01\xff")[1] == "6A82"  # a refusal inside the channel ends nothing
        assert say(card, session, SELECT, b"\x01\x1e")[1] == "9000"


@each_cipher
def test_one_flipped_bit_anywhere_in_a_protected_command_ends_the_session(cipher: str) -> None:
    for head, data, le in ((READ, b"", b"\x04"), (SELECT, b"\x01\x1e", None)):
        size = len(opened(cipher)[1].protect(head, data, le, extended=False))
        # every bit with BAC, which is quick to open; a third of them where PACE must be run each time
        for bit in range(0, 8 * (size - 1), 1 if cipher == "3des" else 3):
            card, session = opened(cipher)
            command = bytearray(session.protect(head, data, le, extended=False))
            command[bit // 8] ^= 0x80 >> bit % 8
            answer = card.transmit(bytes(command))
            assert len(answer) == 2, f"bit {bit}: the answer is bare"
            assert answer.hex() in ("6988", "6987", "6700", "6881", "6882", "6e00"), bit
            assert_session_over(card, session)


@each_cipher
def test_the_outer_le_is_nobodys_business(cipher: str) -> None:
    """It is the one octet that no checksum covers; what is expected stands in DO'97'."""
    card, session = opened(cipher)
    command = bytearray(read(session))
    command[-1] = 0xFF
    assert session.unprotect(card.transmit(bytes(command)), odd=False) == (EF_COM[:4], "9000")


@each_cipher
def test_a_repeated_command_ends_the_session(cipher: str) -> None:
    card, session = opened(cipher)
    command = read(session)
    assert session.unprotect(card.transmit(command), odd=False)[1] == "9000"
    assert card.transmit(command).hex() == "6988"
    assert_session_over(card, session)


@each_cipher
def test_a_command_that_comes_too_early_ends_the_session(cipher: str) -> None:
    card, session = opened(cipher)
    session.counter += 2  # as if an exchange had been lost
    assert card.transmit(read(session)).hex() == "6988"
    assert_session_over(card, session)


@each_cipher
def test_a_command_without_its_checksum_ends_the_session(cipher: str) -> None:
    card, session = opened(cipher)
    stripped = with_body(read(session), encode_tlv(0x97, b"\x04"))
    assert card.transmit(stripped).hex() == "6987"
    assert_session_over(card, session)
    card, session = opened(cipher)
    assert card.transmit(bytes.fromhex("0CB09E0000")).hex() == "6987"
    assert_session_over(card, session)


@each_cipher
@pytest.mark.parametrize(
    "change",
    [
        lambda body: body[:-8],
        lambda body: body[:-1],
        lambda body: body[:-10] + encode_tlv(0x8E, body[-8:-4]),
        lambda body: body[:-10] + encode_tlv(0x8E, b""),
        lambda body: body[-10:] + body[:-10],
        lambda body: body + body[-10:],
        lambda body: body[:-10] + body,
        lambda body: encode_tlv(0x81, b"plain") + body,
        lambda body: body + encode_tlv(0x80, b""),
        lambda body: b"\x8e\x08" + bytes(8),
        lambda body: b"\x97\x84\xff\xff\xff\xff",
    ],
    ids=[
        "checksum cut off inside",
        "one octet short",
        "half a checksum",
        "an empty checksum",
        "checksum first",
        "checksum twice",
        "objects twice",
        "a plain object in front",
        "an object behind",
        "a checksum of zeros alone",
        "a length of four gigabytes",
    ],
)
def test_a_broken_body_ends_the_session(cipher: str, change: Callable[[bytes], bytes]) -> None:
    card, session = opened(cipher)
    command = read(session)
    assert card.transmit(with_body(command, change(body_of(command)))).hex() == "6988"
    assert_session_over(card, session)


@each_cipher
@pytest.mark.parametrize(
    "plain", ["00B09E0004", "00A4020C02011E", "00A4040C07A0000002471001", "0084000008", "00FF0000"]
)
def test_a_plain_command_ends_the_session(cipher: str, plain: str) -> None:
    """Doc 9303-11 §9.8.3. It is then judged as a plain command: nothing protected comes back."""
    card, session = opened(cipher)
    answer = card.transmit(bytes.fromhex(plain))
    assert len(answer) <= 10
    assert EF_COM[:4] not in answer
    assert_session_over(card, session)


@each_cipher
@settings(max_examples=12)
@given(garbage=st.binary(max_size=60))
def test_garbage_ends_the_session(cipher: str, garbage: bytes) -> None:
    for octets in (garbage, b"\x0c\xb0\x9e\x00" + garbage):
        card, session = opened(cipher)
        assert len(card.transmit(octets)) == 2
        assert_session_over(card, session)


@each_cipher
def test_the_wrong_kind_of_cryptogram_ends_the_session(cipher: str) -> None:
    """DO'85' belongs to odd instructions, DO'87' to even ones (Doc 9303-11 §9.8.4); the checksum over it is right."""
    for head, tag in ((SELECT, 0x85), (bytes.fromhex("00B10000"), 0x87)):
        card, session = opened(cipher)
        right = session.protect(bytes([head[0], head[1] ^ 1]) + head[2:], b"\x54\x01\x00", None, extended=False)
        cryptogram = next(iter_tlvs(body_of(right)))
        assert cryptogram.tag == tag
        session.counter -= 1
        forged = _sealed(session, bytes([0x0C, *head[1:]]), cryptogram.encoded)
        assert card.transmit(forged).hex() == "6988"
        assert_session_over(card, session)


def _sealed(session: Session, head: bytes, objects: bytes) -> bytes:
    """These objects under a right checksum."""
    session.counter += 1
    suite = session.suite
    counter = session.counter.to_bytes(suite.block, "big")
    checksum = suite.mac(session.mac_key, suite.pad(counter + suite.pad(head) + objects))
    body = objects + encode_tlv(0x8E, checksum)
    return head + bytes([len(body)]) + body + b"\0"


@each_cipher
def test_a_cryptogram_under_a_right_checksum_that_decrypts_to_no_padding_ends_the_session(cipher: str) -> None:
    for octets in (b"\x01" + bytes(16), b"\x01" + bytes(15), b"\x02" + bytes(16), b"\x01", b""):
        card, session = opened(cipher)
        forged = _sealed(session, bytes.fromhex("0CA4020C"), encode_tlv(0x87, octets))
        assert card.transmit(forged).hex() == "6988"
        assert_session_over(card, session)


@each_cipher
def test_a_header_alone_is_understood_with_and_without_a_second_padding(cipher: str) -> None:
    """ISO/IEC 7816-4 §10.2.3.1 pads once, the figure of Doc 9303-11 twice; terminals of both schools exist."""
    for twice in (True, False):
        card, session = opened(cipher)
        session.counter += 1
        suite, head = session.suite, bytes.fromhex("0CA4000C")
        covered = session.counter.to_bytes(suite.block, "big") + suite.pad(head)
        checksum = suite.mac(session.mac_key, suite.pad(covered) if twice else covered)
        answer = card.transmit(head + b"\x0a" + encode_tlv(0x8E, checksum) + b"\0")
        assert session.unprotect(answer, odd=False)[1] == "9000"


def test_after_a_broken_session_the_card_can_be_opened_anew() -> None:
    content = ChipContent(application_files=FILES, mrz_information=Secret(b"L898902C<369080619406236"))
    card = VirtualCard(content, random_bytes=drawn([BAC["rnd_ic"], BAC["k_ic"]] * 2))
    for _ in range(2):
        card.transmit(SELECT_APPLICATION)
        card.transmit(bytes.fromhex(BAC["get_challenge_command"]))
        card.transmit(bytes.fromhex(BAC["external_authenticate_command"]))
        session = Session(SUITES[1], bytes.fromhex(BAC["session_key_seed"]), int(BAC["initial_ssc"], 16))
        assert say(card, session, READ, le=b"\x04") == (EF_COM[:4], "9000")
        assert card.transmit(b"\x0c\xb0\x9e\x00").hex() in ("6987", "6988")
        assert_session_over(card, session)
