"""The terminal's protocols against the worked examples of Doc 9303-11, byte for byte in both directions."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from crypto.pace.parameters import PasswordReference, pace_protocol, standardized_curve
from crypto.primitives.block_cipher import SymmetricCipher
from crypto.primitives.dh_groups import DH_GROUPS
from crypto.primitives.secret import Secret
from crypto.wire.apdu import CommandApdu, ResponseApdu
from crypto.wire.tlv import encode_tlv, parse_tlv
from reader import errors
from reader.protocols.access_key import AccessKey, CanKey, MrzKey
from reader.protocols.bac import bac_terminal
from reader.protocols.exchange import run
from reader.protocols.pace import PaceSuite, pace_terminal
from reader.protocols.pace_domain import DhDomain, EcdhDomain, PaceDomain
from reader.protocols.secure_messaging import SecureChannel, SessionKeys, block_capacity

VECTORS = Path(__file__).parents[1] / "vectors"


def cases(name: str) -> list[dict[str, Any]]:
    return list(json.loads((VECTORS / name).read_text(encoding="utf-8"))["cases"])


class PublishedChip:
    """Answers with the published answers, and only to exactly the published commands."""

    def __init__(self, exchanges: list[tuple[str, str]]) -> None:
        self._exchanges = iter(exchanges)

    def __call__(self, command: CommandApdu) -> ResponseApdu:
        expected, answer = next(self._exchanges)
        assert command.encode().hex() == expected
        return ResponseApdu.parse(bytes.fromhex(answer))


def numbers(*octets: str) -> Iterator[int]:
    return iter([int(text, 16) for text in octets])


# ------------------------------------------------------------------------------------------- PACE
@pytest.fixture
def pace_case() -> dict[str, Any]:
    return cases("pace_gm_ecdh.json")[0]


def pace_key(case: dict[str, Any]) -> MrzKey:
    fields = case["password_fields"]
    information = "".join(
        fields[name] + fields[f"{name}_check_digit"] for name in ("document_number", "date_of_birth", "date_of_expiry")
    )
    return MrzKey(Secret(information.encode("ascii")))


def pace_suite(case: dict[str, Any]) -> PaceSuite:
    protocol, curve = pace_protocol(case["oid"]), standardized_curve(case["domain_parameters"]["standardized_id"])
    assert protocol is not None
    assert curve is not None
    return PaceSuite(protocol, EcdhDomain(curve))


def test_pace_generic_mapping_speaks_the_published_conversation(pace_case: dict[str, Any]) -> None:
    scalars = numbers(pace_case["terminal_mapping_private_key"], pace_case["terminal_private_key"])
    chip = PublishedChip([(step["command"], step["response"]) for step in pace_case["apdus"]])
    keys = run(pace_terminal(pace_suite(pace_case), pace_key(pace_case), lambda curve: next(scalars)), chip).keys
    assert keys.k_enc.reveal().hex() == pace_case["ks_enc"]
    assert keys.k_mac.reveal().hex() == pace_case["ks_mac"]
    assert keys.initial_counter == 0


def test_the_password_seeds_are_the_published_ones(pace_case: dict[str, Any]) -> None:
    assert pace_key(pace_case).pace_seed.reveal().hex() == pace_case["password_key_seed"]
    assert CanKey.from_digits("123456").pace_seed.reveal() == b"123456"  # Doc 9303-11 §9.7.3: the CAN as characters


def domain_of(case: dict[str, Any]) -> PaceDomain[Any, Any]:
    number = case["domain_parameters"]["standardized_id"]
    curve = standardized_curve(number)
    return EcdhDomain(curve) if curve is not None else DhDomain(DH_GROUPS[number])


def test_pace_over_a_finite_field_speaks_the_published_conversation() -> None:
    case = cases("pace_gm_dh.json")[0]
    protocol = pace_protocol(case["oid"])
    assert protocol is not None
    scalars = numbers(case["terminal_mapping_private_key"], case["terminal_private_key"])
    exchanges = [(step["command"], step["response"]) for step in case["apdus"]]
    exchanges[-1] = (exchanges[-1][0], exchanges[-1][1] + "9000")  # a published defect: the status is left out there
    chip = PublishedChip(exchanges)
    suite = PaceSuite(protocol, domain_of(case))
    keys = run(pace_terminal(suite, pace_key(case), lambda group: next(scalars)), chip).keys
    assert (keys.k_enc.reveal().hex(), keys.k_mac.reveal().hex()) == (case["ks_enc"], case["ks_mac"])


@pytest.mark.parametrize("name", ["pace_im_ecdh.json", "pace_im_dh.json"])
def test_integrated_mapping_sends_and_accepts_the_published_values(name: str) -> None:
    """The standard prints no APDUs for these examples, but every value that goes into them."""
    case = cases(name)[0]
    protocol = pace_protocol(case["oid"])
    assert protocol is not None

    def dynamic(tag: int, value: str) -> ResponseApdu:
        return ResponseApdu(encode_tlv(0x7C, encode_tlv(tag, bytes.fromhex(value))), 0x9000)

    answers = iter(
        [
            ResponseApdu(b"", 0x9000),
            dynamic(0x80, case["encrypted_nonce"]),
            dynamic(0x82, ""),
            dynamic(0x84, case["chip_public_key"]),
            dynamic(0x86, case["chip_token"]),
        ]
    )
    sent: list[bytes] = []

    def chip(command: CommandApdu) -> ResponseApdu:
        sent.append(command.data)
        return next(answers)

    steps = pace_terminal(
        PaceSuite(protocol, domain_of(case)),
        PublishedPassword(case),
        lambda group: int(case["terminal_private_key"], 16),
        lambda count: bytes.fromhex(case["nonce_t"]),
    )
    keys = run(steps, chip).keys
    assert [parse_tlv(data, 0x7C).value.hex() for data in sent[2:]] == [
        encode_tlv(tag, bytes.fromhex(case[field])).hex()
        for tag, field in ((0x81, "nonce_t"), (0x83, "terminal_public_key"), (0x85, "terminal_token"))
    ]
    assert (keys.k_enc.reveal().hex(), keys.k_mac.reveal().hex()) == (case["ks_enc"], case["ks_mac"])


def test_chip_authentication_mapping_speaks_the_published_conversation_and_verifies_its_proof() -> None:
    case = cases("pace_cam_ecdh.json")[0]
    protocol = pace_protocol(case["oid"])
    assert protocol is not None
    scalars = numbers(case["terminal_mapping_private_key"], case["terminal_private_key"])
    chip = PublishedChip([(step["command"], step["response"]) for step in case["apdus"]])
    steps = pace_terminal(PaceSuite(protocol, domain_of(case)), pace_key(case), lambda group: next(scalars))
    result = run(steps, chip)
    proof = result.proof
    assert proof is not None
    assert (result.keys.k_enc.reveal().hex(), result.keys.k_mac.reveal().hex()) == (case["ks_enc"], case["ks_mac"])
    assert proof.chip_authentication_data.hex() == case["chip_authentication_data"]
    static_key = proof.curve.decode_point(bytes.fromhex(case["chip_static_public_key"]))
    assert proof.holds_for(static_key)
    assert not proof.holds_for(proof.curve.g), "another chip's key does not fit"
    assert not dataclasses.replace(proof, chip_authentication_data=bytes(32)).holds_for(static_key)


class PublishedPassword(AccessKey):
    """Kπ of these examples is KDF("123456", 3): the password is that text, whatever the standard calls it."""

    def __init__(self, case: dict[str, Any]) -> None:
        super().__init__(Secret(case["password"].encode("ascii")))

    @property
    def reference(self) -> PasswordReference:
        return PasswordReference.MRZ

    @property
    def pace_seed(self) -> Secret:
        return self._password


@pytest.mark.parametrize("position", range(5))
def test_a_flipped_bit_in_any_published_answer_ends_pace(pace_case: dict[str, Any], position: int) -> None:
    """Whatever the chip says wrongly, no keys come out of it."""
    answers = [bytearray(bytes.fromhex(step["response"])) for step in pace_case["apdus"]]
    answers[position][-3 if position else -1] ^= 0x01  # the last data byte, or the status word of MSE:Set AT
    scalars = numbers(pace_case["terminal_mapping_private_key"], pace_case["terminal_private_key"])
    replies = iter(answers)

    def refuses_our_token(command: CommandApdu) -> ResponseApdu:
        """A chip that noticed the disturbance: it refuses the token; up to there it plays along."""
        reply = next(replies)
        if command.cla == 0x00 and command.ins == 0x86 and position in (1, 2, 3):
            return ResponseApdu(b"", 0x6300)
        return ResponseApdu.parse(bytes(reply))

    with pytest.raises((errors.ProtocolError, errors.CardStatusError)):
        run(pace_terminal(pace_suite(pace_case), pace_key(pace_case), lambda curve: next(scalars)), refuses_our_token)


def test_a_chip_that_mirrors_our_own_public_keys_is_refused(pace_case: dict[str, Any]) -> None:
    def mirror(command: CommandApdu) -> ResponseApdu:
        if command.ins == 0x22:
            return ResponseApdu(b"", 0x9000)
        if command.data == b"\x7c\x00":
            return ResponseApdu(bytes.fromhex("7c128010") + bytes(16), 0x9000)
        body = bytearray(command.data)
        body[2] += 1  # 81 → 82: our mapping key comes back as the chip's
        return ResponseApdu(bytes(body), 0x9000)

    with pytest.raises(errors.ProtocolError) as caught:
        run(pace_terminal(pace_suite(pace_case), pace_key(pace_case)), mirror)
    assert caught.value.code is errors.CHIP_DECEPTIVE


@pytest.mark.parametrize(
    ("status_word", "code"),
    [
        (0x6300, errors.WRONG_MRZ),
        (0x63C2, errors.WRONG_MRZ),
        (0x6982, errors.WRONG_MRZ),
        (0x63C0, errors.KEY_BLOCKED),
        (0x6983, errors.KEY_BLOCKED),
    ],
)
def test_a_refused_token_says_why(pace_case: dict[str, Any], status_word: int, code: object) -> None:
    steps = [ResponseApdu.parse(bytes.fromhex(step["response"])) for step in pace_case["apdus"]]
    steps[-1] = ResponseApdu(b"", status_word)
    replies = iter(steps)
    with pytest.raises(errors.ProtocolError) as caught:
        run(pace_terminal(pace_suite(pace_case), pace_key(pace_case)), lambda command: next(replies))
    assert caught.value.code is code


# -------------------------------------------------------------------------------------------- BAC
@pytest.fixture
def bac_case() -> dict[str, Any]:
    return cases("bac_mutual_authentication.json")[0]


def bac_key() -> MrzKey:
    case = next(case for case in cases("bac_kdf.json") if case.get("k_enc") == "ab94fdecf2674fdfb9b391f85d7f76f2")
    return MrzKey(Secret(case["mrz_information"].encode("ascii")))


def bac(case: dict[str, Any]) -> Generator[CommandApdu, ResponseApdu, SessionKeys]:
    randoms = iter([bytes.fromhex(case["rnd_ifd"]), bytes.fromhex(case["k_ifd"])])
    return bac_terminal(bac_key(), lambda count: next(randoms))


def bac_exchanges(case: dict[str, Any]) -> list[tuple[str, str]]:
    names = ("get_challenge", "external_authenticate")
    return [(case[f"{name}_command"], case[f"{name}_response"]) for name in names]


def test_bac_speaks_the_published_conversation(bac_case: dict[str, Any]) -> None:
    keys = run(bac(bac_case), PublishedChip(bac_exchanges(bac_case)))
    assert keys.k_enc.reveal().hex() == bac_case["ks_enc"]
    assert keys.k_mac.reveal().hex() == bac_case["ks_mac"]
    assert keys.initial_counter == int(bac_case["initial_ssc"], 16)


@pytest.mark.parametrize("position", range(40))
def test_a_flipped_bit_anywhere_in_the_chips_bac_answer_is_noticed(bac_case: dict[str, Any], position: int) -> None:
    replies = [bytearray(bytes.fromhex(answer)) for _, answer in bac_exchanges(bac_case)]
    replies[1][position] ^= 0x10
    stream = iter(replies)
    with pytest.raises(errors.ProtocolError) as caught:
        run(bac(bac_case), lambda command: ResponseApdu.parse(bytes(next(stream))))
    assert caught.value.code is errors.CHIP_DECEPTIVE


def test_a_card_access_number_cannot_be_mistaken_for_an_mrz() -> None:
    with pytest.raises(errors.DocumentError):
        CanKey.from_digits("12345")
    with pytest.raises(errors.DocumentError):
        CanKey.from_digits("１２３４５６")  # digits, but not ASCII ones


# ------------------------------------------------------------------------------ secure messaging
def channel_3des() -> SecureChannel:
    published = json.loads((VECTORS / "secure_messaging_3des.json").read_text(encoding="utf-8"))
    return SecureChannel(
        SessionKeys(
            SymmetricCipher.TDES,
            Secret(bytes.fromhex(published["ks_enc"])),
            Secret(bytes.fromhex(published["ks_mac"])),
            int(published["initial_ssc"], 16),
        )
    )


def channel_aes256() -> SecureChannel:
    before = cases("secure_messaging_aes256.json")[0]["before"]
    keys = [Secret(bytes.fromhex(before[name])) for name in ("ks_enc", "ks_mac")]
    return SecureChannel(SessionKeys(SymmetricCipher.AES256, keys[0], keys[1], int(before["ssc"], 16)))


def published_exchanges() -> list[tuple[str, list[dict[str, str]]]]:
    tdes = [
        {
            "command": case["protected_command"],
            "response": case["protected_response"],
            "plain_command": case["plain_command"],
            "plain_response": case["plain_response"],
        }
        for case in cases("secure_messaging_3des.json")
    ]
    return [("3des", tdes), ("aes256", cases("secure_messaging_aes256.json")[0]["exchanges"])]


@pytest.mark.parametrize(
    ("name", "exchanges"), published_exchanges(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_secure_messaging_produces_and_opens_the_published_octets(name: str, exchanges: list[dict[str, str]]) -> None:
    channel = channel_3des() if name == "3des" else channel_aes256()
    for exchange in exchanges:
        protected = channel.protect(CommandApdu.parse(bytes.fromhex(exchange["plain_command"])))
        assert protected.encode().hex() == exchange["command"]
        answer = channel.unprotect(ResponseApdu.parse(bytes.fromhex(exchange["response"])))
        assert answer.encode().hex() == exchange["plain_response"]


def first_read(bit: int | None = None, status: bytes | None = None) -> tuple[SecureChannel, ResponseApdu]:
    """A channel that awaits the answer to the second published 3DES exchange, and that answer, perhaps disturbed."""
    channel = channel_3des()
    select, read = published_exchanges()[0][1][:2]
    channel.protect(CommandApdu.parse(bytes.fromhex(select["plain_command"])))
    channel.unprotect(ResponseApdu.parse(bytes.fromhex(select["response"])))
    channel.protect(CommandApdu.parse(bytes.fromhex(read["plain_command"])))
    octets = bytearray(bytes.fromhex(read["response"]))
    if bit is not None:
        octets[bit // 8] ^= 0x80 >> bit % 8
    if status is not None:
        octets[-2:] = status
    return channel, ResponseApdu.parse(bytes(octets))


READ_BITS = 8 * len(bytes.fromhex(published_exchanges()[0][1][1]["response"]))


def test_one_flipped_bit_anywhere_in_an_answer_closes_the_channel_for_good() -> None:
    for bit in range(READ_BITS):
        channel, answer = first_read(bit)
        with pytest.raises(errors.ProtocolError) as caught:
            channel.unprotect(answer)
        assert caught.value.code is errors.CHANNEL_BROKEN
        assert not channel.is_open
        with pytest.raises(errors.ProtocolError):
            channel.protect(CommandApdu(0x00, 0xB0, 0x00, 0x00, ne=4))


@pytest.mark.parametrize(
    "octets",
    [
        "9000",
        "6982",
        "6300",
        "990290009000",
        "8e08ad55cc17140b2ded9000",
        "8709019ff0ec34f99226519902900090 00".replace(" ", ""),
    ],
    ids=[
        "bare success",
        "bare refusal",
        "bare warning",
        "status without MAC",
        "MAC without status",
        "data without MAC",
    ],
)
def test_an_answer_without_its_protection_closes_the_channel(octets: str) -> None:
    channel, _ = first_read()
    with pytest.raises(errors.ProtocolError):
        channel.unprotect(ResponseApdu.parse(bytes.fromhex(octets)))
    assert not channel.is_open


def test_the_status_word_outside_must_equal_the_protected_one() -> None:
    channel, answer = first_read(status=b"\x62\x82")
    with pytest.raises(errors.ProtocolError):
        channel.unprotect(answer)


def test_a_replayed_answer_is_refused() -> None:
    channel, answer = first_read()
    channel.unprotect(answer)
    channel.protect(CommandApdu(0x00, 0xB0, 0x00, 0x00, ne=4))
    with pytest.raises(errors.ProtocolError):
        channel.unprotect(answer)


def test_two_commands_in_a_row_are_refused() -> None:
    channel = channel_3des()
    channel.protect(CommandApdu(0x00, 0xB0, 0x00, 0x00, ne=4))
    with pytest.raises(errors.ProtocolError):
        channel.protect(CommandApdu(0x00, 0xB0, 0x00, 0x00, ne=4))


@pytest.mark.parametrize(
    ("cipher", "response_bytes", "expected"),
    [
        (SymmetricCipher.TDES, 256, 231),  # 2 + 1 + 1 header, 232 cryptogram, 14 for status and MAC
        (SymmetricCipher.AES128, 256, 223),
        (SymmetricCipher.AES256, 256, 223),
        (None, 256, 256),
    ],
)
def test_the_largest_block_fits_and_one_byte_more_does_not(
    cipher: SymmetricCipher | None, response_bytes: int, expected: int
) -> None:
    assert block_capacity(cipher, response_bytes) == expected
