"""Asking a chip for its proof: each key and protocol in turn, chips that refuse, break off, or cannot be asked."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from crypto.primitives.block_cipher import SymmetricCipher
from crypto.primitives.curves import curve
from crypto.primitives.dh_groups import DH_GROUPS
from crypto.signatures.public_key import EcPublicKey, RsaPublicKey
from crypto.wire.apdu import CommandApdu, ResponseApdu
from crypto.wire.oid import encode_oid
from reader import errors
from reader.chip_proofs import ChipAnswer, agree_with_chip, authenticate_actively
from reader.lds.security_infos import SecurityInfos, parse_card_access
from reader.protocols.chip_authentication import (
    ChipAuthenticationSuite,
    EphemeralKey,
    chip_authentication_v2_terminal,
)
from reader.protocols.chip_authentication_offers import chip_authentication_offers, chip_authentication_suites
from reader.protocols.exchange import run
from reader.protocols.pace_domain import DhDomain, EcdhDomain
from tests.unit.terminal_tree import tlv

CA, PK = "0.4.0.127.0.7.2.2.3", "0.4.0.127.0.7.2.2.1"
P256 = curve("secp256r1")
BRAINPOOL = curve("brainpoolP256r1")
GROUP = DH_GROUPS[0]


# -------------------------------------------------------------------------- what a chip declares
def integer(number: int) -> bytes:
    return tlv(0x02, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def info(oid: str, *parts: bytes) -> bytes:
    return tlv(0x30, tlv(0x06, encode_oid(oid)) + b"".join(parts))


def ca_info(arcs: str, version: int = 1, key_id: int | None = None) -> bytes:
    return info(f"{CA}.{arcs}", integer(version), b"" if key_id is None else integer(key_id))


def ec_key(scalar: int = 5, domain: str = "brainpoolP256r1", standard_id: int = 13) -> bytes:
    point = curve(domain).encode_point(curve(domain).private_key(scalar).public_point)
    algorithm = tlv(0x30, tlv(0x06, encode_oid("0.4.0.127.0.7.1.2")) + integer(standard_id))
    return tlv(0x30, algorithm + tlv(0x03, b"\0" + point))


def dh_key(p: int, g: int, value: int, q: int | None = None) -> bytes:
    """PKCS #3, or X9.42 with q."""
    oid = "1.2.840.113549.1.3.1" if q is None else "1.2.840.10046.2.1"
    numbers = integer(p) + integer(g) + (b"" if q is None else integer(q))
    algorithm = tlv(0x30, tlv(0x06, encode_oid(oid)) + tlv(0x30, numbers))
    return tlv(0x30, algorithm + tlv(0x03, b"\0" + integer(value)))


def pk_info(spki: bytes, family: int = 2, key_id: int | None = None) -> bytes:
    return info(f"{PK}.{family}", spki, b"" if key_id is None else integer(key_id))


def declared(*infos: bytes) -> SecurityInfos:
    return parse_card_access(tlv(0x31, b"".join(infos)))


def names(infos: SecurityInfos, version: int = 1) -> list[str]:
    return [suite.name for suite in chip_authentication_suites(infos, version)]


def test_the_strongest_cipher_comes_first_and_curves_before_finite_fields() -> None:
    value = pow(GROUP.g, 7, GROUP.p)
    infos = declared(
        ca_info("1.4", key_id=2),
        ca_info("2.1", key_id=1),
        ca_info("2.2", key_id=1),
        ca_info("2.4", key_id=1),
        ca_info("1.2", key_id=2),
        pk_info(dh_key(GROUP.p, GROUP.g, value), 1, 2),
        pk_info(ec_key(), 2, 1),
    )
    assert names(infos) == [
        "CA-ECDH-AES-CBC-CMAC-256 brainpoolP256r1",
        "CA-DH-AES-CBC-CMAC-256 modp-1024-160",
        "CA-ECDH-AES-CBC-CMAC-128 brainpoolP256r1",
        "CA-DH-AES-CBC-CMAC-128 modp-1024-160",
        "CA-ECDH-3DES-CBC-CBC brainpoolP256r1",
        "CA-ECDH-3DES-CBC-CBC brainpoolP256r1",
    ]
    # TR-03110-3 §B.2: 3DES by MSE:Set KAT, or by the commands of AES
    assert [suite.key_agreement_template for suite in chip_authentication_suites(infos)][-2:] == [True, False]


@pytest.mark.parametrize(("family", "spki"), [(2, ec_key()), (1, dh_key(GROUP.p, GROUP.g, pow(GROUP.g, 7, GROUP.p)))])
def test_a_key_alone_stands_for_3des(family: int, spki: bytes) -> None:
    """TR-03110-3 §A.1.1 note: chips of version 1.0 give the key and nothing else."""
    (suite,) = chip_authentication_suites(declared(pk_info(spki, family)))
    assert (suite.oid, suite.cipher, suite.key_agreement_template) == (f"{CA}.{family}.1", SymmetricCipher.TDES, True)


def test_a_group_of_the_issuers_own_is_taken_in_version_1_and_not_in_version_2() -> None:
    """DG14 is signed; version 2 runs before EF.CardSecurity is verified (TR-03110-3 §A.2.1.3)."""
    p = 2**1024 - 1093337  # a safe prime is not needed: Fermat's test passes for the base 3
    while pow(3, p - 1, p) != 1:
        p -= 2
    own = dh_key(p, 3, pow(3, 12345, p))
    assert names(declared(ca_info("1.2"), pk_info(own, 1))) == ["CA-DH-AES-CBC-CMAC-128 own-1024"]
    assert names(declared(ca_info("1.2", 2), pk_info(own, 1)), 2) == []


@pytest.mark.parametrize(
    ("spki", "family"),
    [
        (dh_key(GROUP.p, GROUP.g, 1), 1),
        (dh_key(GROUP.p, GROUP.g, GROUP.p - 1), 1),
        (dh_key(GROUP.p, GROUP.g, 0), 1),
        (dh_key(GROUP.p, GROUP.g, GROUP.p), 1),
        (dh_key(GROUP.p, GROUP.p - 1, 4), 1),
        (dh_key(65537, 3, 9), 1),
        (ec_key()[:-1] + bytes([ec_key()[-1] ^ 1]), 2),
    ],
    ids=["one", "minus one", "zero", "p", "other generator", "tiny", "off the curve"],
)
def test_a_bad_key_is_passed_over_while_there_is_a_good_one(spki: bytes, family: int) -> None:
    good = (ca_info("2.2", key_id=1), pk_info(ec_key(), 2, 1))
    bad = (ca_info(f"{family}.4", key_id=2), pk_info(spki, family, 2))
    assert names(declared(*good, *bad)) == ["CA-ECDH-AES-CBC-CMAC-128 brainpoolP256r1"]


def test_versions_are_not_mixed() -> None:
    infos = declared(ca_info("2.2", 1, 1), ca_info("2.4", 2, 2), pk_info(ec_key(), 2, 1), pk_info(ec_key(6), 2, 2))
    assert names(infos) == ["CA-ECDH-AES-CBC-CMAC-128 brainpoolP256r1"]
    assert names(infos, 2) == ["CA-ECDH-AES-CBC-CMAC-256 brainpoolP256r1"]
    assert names(declared(ca_info("2.4", 2), pk_info(ec_key()))) == [], "version 2 alone is no 3DES of version 1"


def domain_info(family: int, algorithm: bytes, key_id: int | None = None) -> bytes:
    return info(f"{CA}.{family}", algorithm, b"" if key_id is None else integer(key_id))


def standard(number: int) -> bytes:
    return tlv(0x30, tlv(0x06, encode_oid("0.4.0.127.0.7.1.2")) + integer(number))


def test_version_2_is_announced_with_its_parameters_before_the_key_is_shown() -> None:
    infos = declared(
        ca_info("2.2", 2, 1), ca_info("2.4", 2, 2), domain_info(2, standard(12), 1), domain_info(2, standard(13), 2)
    )
    offers = chip_authentication_offers(infos)
    assert [(offer.domain.name, offer.key_id, offer.cipher) for offer in offers] == [
        ("brainpoolP256r1", 2, SymmetricCipher.AES256),
        ("secp256r1", 1, SymmetricCipher.AES128),
    ]
    own_group = tlv(0x30, tlv(0x06, encode_oid("1.2.840.113549.1.3.1")) + tlv(0x30, integer(GROUP.p + 2) + integer(3)))
    for useless in (own_group, standard(99), tlv(0x30, b""), b"", tlv(0x04, b"x")):
        assert chip_authentication_offers(declared(ca_info("1.2", 2), domain_info(1, useless))) == []


# --------------------------------------------------------------------------- version 1, in turn
class Script:
    """A chip by instruction and parameters; counts how often it had to be opened."""

    def __init__(self, answer: Callable[[CommandApdu], ResponseApdu]) -> None:
        self.answer, self.commands, self.openings = answer, [], 0

    def transmit(self, command: CommandApdu) -> ResponseApdu:
        self.commands.append(command)
        return self.answer(command)

    def reopen(self) -> None:
        self.openings += 1


def two_keys() -> list[ChipAuthenticationSuite]:
    infos = declared(ca_info("2.4", 1, 1), ca_info("2.2", 1, 2), pk_info(ec_key(), 2, 1), pk_info(ec_key(6), 2, 2))
    return chip_authentication_suites(infos)


def test_a_refused_key_is_followed_by_the_next_and_the_refusal_is_remembered() -> None:
    chip = Script(
        lambda command: ResponseApdu(b"", 0x6A80 if command.data.endswith(bytes.fromhex("840101")) else 0x9000)
    )
    agreement = agree_with_chip(two_keys(), chip.transmit, chip.reopen)
    assert agreement.record.answer is ChipAnswer.GIVEN
    assert agreement.record.suite == "CA-ECDH-AES-CBC-CMAC-128 brainpoolP256r1"
    assert agreement.record.refused == ("CA-ECDH-AES-CBC-CMAC-256 brainpoolP256r1",)
    assert chip.openings == 0
    # the terminal's key went out in DO'80'; K is the x-coordinate with the second chip key
    sent = chip.commands[-1].data
    assert sent[:4].hex() == "7c438041"
    x, y = int.from_bytes(sent[5:37], "big"), int.from_bytes(sent[37:], "big")
    secret = ec.derive_private_key(6, ec.BrainpoolP256R1()).exchange(
        ec.ECDH(), ec.EllipticCurvePublicNumbers(x, y, ec.BrainpoolP256R1()).public_key()
    )
    assert agreement.keys is not None
    assert agreement.keys.k_enc.reveal() == hashlib.sha1(secret + b"\0\0\0\1").digest()[:16]  # noqa: S324
    assert agreement.keys.k_mac.reveal() == hashlib.sha1(secret + b"\0\0\0\2").digest()[:16]  # noqa: S324
    assert agreement.terminal_key == sent[5:37]


def test_a_chip_that_refuses_every_key_refuses() -> None:
    chip = Script(lambda command: ResponseApdu(b"", 0x6985))
    agreement = agree_with_chip(two_keys(), chip.transmit, chip.reopen)
    assert (agreement.record.answer, agreement.keys) == (ChipAnswer.REFUSED, None)
    assert len(agreement.record.refused) == 2


def broken(status: int) -> errors.ProtocolError:
    return errors.ProtocolError(errors.CHANNEL_BROKEN, status_word=f"{status:04X}")


def test_a_chip_that_breaks_off_is_opened_again_a_few_times_only() -> None:
    def answer(command: CommandApdu) -> ResponseApdu:
        raise broken(0x6A80)

    chip = Script(answer)
    agreement = agree_with_chip(two_keys() * 4, chip.transmit, chip.reopen)
    assert (agreement.record.answer, chip.openings) == (ChipAnswer.BROKE_OFF, 2)


def test_what_is_no_word_of_the_chip_is_not_taken_for_one() -> None:
    def gone(command: CommandApdu) -> ResponseApdu:
        raise errors.TransportError(errors.CARD_REMOVED)

    chip = Script(gone)
    with pytest.raises(errors.TransportError):
        agree_with_chip(two_keys(), chip.transmit, chip.reopen)
    assert chip.openings == 0


def long_key() -> list[ChipAuthenticationSuite]:
    group = DH_GROUPS[2]
    return [ChipAuthenticationSuite(f"{CA}.1.2", SymmetricCipher.AES128, DhDomain(group), pow(group.g, 5, group.p))]


@pytest.mark.parametrize("bare", [True, False])
def test_a_chip_that_cannot_take_a_long_key_is_no_copy(bare: bool) -> None:
    def answer(command: CommandApdu) -> ResponseApdu:
        if command.ins != 0x86:
            return ResponseApdu(b"", 0x9000)
        if bare:
            raise broken(0x6700)
        return ResponseApdu(b"", 0x6700)

    chip = Script(answer)
    assert agree_with_chip(long_key(), chip.transmit, chip.reopen).record.answer is ChipAnswer.NOT_SPOKEN


def test_wrong_length_is_no_excuse_for_a_short_key() -> None:
    chip = Script(lambda command: ResponseApdu(b"", 0x6700))
    assert agree_with_chip(two_keys(), chip.transmit, chip.reopen).record.answer is ChipAnswer.REFUSED


def test_a_long_key_is_tried_again_once_the_way_of_sending_may_have_changed() -> None:
    refused: list[CommandApdu] = []

    def answer(command: CommandApdu) -> ResponseApdu:
        if command.ins == 0x86 and not refused:
            refused.append(command)
            raise broken(0x6700)
        return ResponseApdu(bytes.fromhex("7c00") if command.ins == 0x86 else b"", 0x9000)

    chip = Script(answer)
    record = agree_with_chip(long_key(), chip.transmit, chip.reopen).record
    assert (record.answer, record.refused, chip.openings) == (ChipAnswer.GIVEN, (), 1)


# ------------------------------------------------------------------------------------- version 2
def v2_chip(token_of: Callable[[bytes, bytes], bytes], nonce: bytes = bytes(range(8))) -> Script:
    """A chip on secp256r1 with the private key 5; ``token_of`` gets K_MAC and the terminal's key object."""

    def answer(command: CommandApdu) -> ResponseApdu:
        if command.ins == 0x22:
            return ResponseApdu(b"", 0x9000)
        octets = command.data[4:]
        x, y = int.from_bytes(octets[1:33], "big"), int.from_bytes(octets[33:], "big")
        peer = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
        secret = ec.derive_private_key(5, ec.SECP256R1()).exchange(ec.ECDH(), peer)
        k_mac = hashlib.sha256(secret + nonce + b"\0\0\0\2").digest()
        template = tlv(0x7F49, tlv(0x06, encode_oid(f"{CA}.2.4")) + tlv(0x86, octets))
        return ResponseApdu(tlv(0x7C, tlv(0x81, nonce) + tlv(0x82, token_of(k_mac, template))), 0x9000)

    return Script(answer)


def cmac(k_mac: bytes, data: bytes) -> bytes:
    from cryptography.hazmat.primitives.ciphers.algorithms import AES
    from cryptography.hazmat.primitives.cmac import CMAC

    code = CMAC(AES(k_mac))
    code.update(data)
    return code.finalize()[:8]


def v2_suite() -> tuple[ChipAuthenticationSuite, EphemeralKey]:
    domain = EcdhDomain(P256)
    suite = ChipAuthenticationSuite(f"{CA}.2.4", SymmetricCipher.AES256, domain, P256.private_key(5).public_point, 0xC3)
    return suite, EphemeralKey(domain)


def test_version_2_accepts_the_right_token_and_derives_keys_with_the_nonce() -> None:
    suite, own_key = v2_suite()
    chip = v2_chip(cmac)
    keys = run(chip_authentication_v2_terminal(suite, own_key), chip.transmit)
    secret = own_key.shared_secret(P256.private_key(5).public_point)
    assert keys.k_enc.reveal() == hashlib.sha256(secret + bytes(range(8)) + b"\0\0\0\1").digest()
    assert chip.commands[0].encode().hex() == "002241a40f800a04007f000702020302048401c3"


@pytest.mark.parametrize(
    "token_of",
    [
        lambda k_mac, data: bytes(8),
        lambda k_mac, data: cmac(k_mac, data)[:7],
        lambda k_mac, data: cmac(k_mac, data) + b"\0",
        lambda k_mac, data: b"",
        lambda k_mac, data: cmac(bytes(32), data),
        lambda k_mac, data: cmac(k_mac, data[:-1] + bytes([data[-1] ^ 1])),
    ],
    ids=["zeros", "short", "long", "empty", "other key", "other data"],
)
def test_version_2_refuses_every_other_token(token_of: Callable[[bytes, bytes], bytes]) -> None:
    suite, own_key = v2_suite()
    with pytest.raises(errors.ProtocolError) as caught:
        run(chip_authentication_v2_terminal(suite, own_key), v2_chip(token_of).transmit)
    assert caught.value.code is errors.CHIP_AUTHENTICATION_WRONG


@pytest.mark.parametrize("data", ["", "7c00", "7c0a8108" + "00" * 8, "7c0a8208" + "00" * 8, "7d00", "7c0181"])
def test_version_2_needs_nonce_and_token(data: str) -> None:
    suite, own_key = v2_suite()
    with pytest.raises(errors.ProtocolError) as caught:
        run(chip_authentication_v2_terminal(suite, own_key), lambda command: ResponseApdu(bytes.fromhex(data), 0x9000))
    assert caught.value.code is errors.CHIP_DECEPTIVE


@pytest.mark.parametrize("length", [0, 7, 9, 16])
def test_version_2_needs_a_nonce_of_eight_bytes(length: int) -> None:
    suite, own_key = v2_suite()
    with pytest.raises(errors.ProtocolError) as caught:
        run(chip_authentication_v2_terminal(suite, own_key), v2_chip(cmac, bytes(length)).transmit)
    assert caught.value.code is errors.CHIP_DECEPTIVE


@given(st.binary(max_size=64))
def test_version_2_never_takes_arbitrary_octets_for_a_proof(data: bytes) -> None:
    suite, own_key = v2_suite()
    with pytest.raises(errors.ProtocolError):
        run(chip_authentication_v2_terminal(suite, own_key), lambda command: ResponseApdu(data, 0x9000))


def test_a_key_of_the_terminal_is_never_shown() -> None:
    assert repr(v2_suite()[1]) == "EphemeralKey(secp256r1)"


# -------------------------------------------------------------------------- active authentication
RSA_2048 = RsaPublicKey(2**2047 + 9, 65537)


@pytest.mark.parametrize(
    ("status", "expected"), [(0x6982, ChipAnswer.REFUSED), (0x6700, ChipAnswer.REFUSED), (0x9000, ChipAnswer.REFUSED)]
)
def test_a_chip_that_gives_no_signature_refuses(status: int, expected: ChipAnswer) -> None:
    chip = Script(lambda command: ResponseApdu(b"", status))
    key = EcPublicKey(P256, P256.g)
    assert authenticate_actively(key, chip.transmit, chip.reopen) == (expected, None)


def test_a_chip_that_breaks_off_over_a_signature_is_opened_again() -> None:
    def answer(command: CommandApdu) -> ResponseApdu:
        raise broken(0x6D00)

    chip = Script(answer)
    found = authenticate_actively(EcPublicKey(P256, P256.g), chip.transmit, chip.reopen)
    assert (found, chip.openings) == ((ChipAnswer.BROKE_OFF, None), 1)


def test_a_long_signature_is_asked_for_in_short_answers_before_the_chip_is_given_up() -> None:
    chip = Script(lambda command: ResponseApdu(b"", 0x6700))
    assert authenticate_actively(RSA_2048, chip.transmit, chip.reopen) == (ChipAnswer.NOT_SPOKEN, None)
    assert [command.ne for command in chip.commands] == [65536, 256]
