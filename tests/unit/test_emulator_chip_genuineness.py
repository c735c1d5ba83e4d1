"""Chip and active authentication: the original proves itself, the copy cannot."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from crypto.primitives.block_cipher import SymmetricCipher
from crypto.primitives.curves import Curve, Point, curve, random_scalar
from crypto.primitives.dh_groups import DhPrivateKey
from crypto.signatures.dh_public_key import DhPublicKey, parse_dh_public_key
from crypto.wire.oid import decode_oid, encode_oid
from crypto.wire.tlv import encode_tlv, parse_tlv
from emulator.cards import card, chip_content
from emulator.personalise.keys import derived_key_pair, derived_octets
from tests.unit.emulator_extended_access import opened_extended
from tests.unit.emulator_terminal import Channel, Terminal, opened

CHALLENGE = b"8 bytes!"
CA = "0.4.0.127.0.7.2.2.3.2"


def group(name: str, number: int) -> bytes:
    return next(file.content for file in chip_content(name).application_files if file.identifier == 0x0100 | number)


def agreement_keys(name: str) -> list[tuple[Curve, Point, int | None]]:
    """Public keys in DG14, found by the length and place of their point; any encoding of the parameters."""
    found: list[tuple[Curve, Point, int | None]] = []
    for info in parse_tlv(group(name, 14), 0x6E).require(0x31).children():
        parts = info.children()
        if decode_oid(parts[0].value) != "0.4.0.127.0.7.2.2.1.2":
            continue
        point = parts[1].children()[1].value[1:]
        key_id = int.from_bytes(parts[2].value, "big") if len(parts) > 2 else None
        for candidate in (curve(n) for n in ("brainpoolP256r1", "brainpoolP384r1", "secp256r1")):
            if len(point) == 1 + 2 * candidate.field_bytes:
                x, y = (
                    int.from_bytes(point[i : i + candidate.field_bytes], "big") for i in (1, 1 + candidate.field_bytes)
                )
                if candidate.contains(Point(x, y)):
                    found.append((candidate, Point(x, y), key_id))
    return found


def authenticate_chip(terminal: Terminal, name: str, oid: str, cipher: SymmetricCipher, index: int = 0) -> None:
    """Chip authentication; leaves the terminal with the new keys, right or wrong."""
    domain, point, key_id = agreement_keys(name)[index]
    own = domain.private_key(random_scalar(domain))
    if cipher is SymmetricCipher.TDES:
        assert terminal.send("002241A6", encode_tlv(0x91, own.public_octets)) == (b"", "9000")
    else:
        reference = b"" if key_id is None else encode_tlv(0x84, bytes([key_id]))
        assert terminal.send("002241A4", encode_tlv(0x80, encode_oid(oid)) + reference) == (b"", "9000")
        data = encode_tlv(0x7C, encode_tlv(0x80, own.public_octets))
        assert terminal.send("00860000", data, b"\0", extended=len(data) > 200) == (b"\x7c\0", "9000")
    terminal.channel = Channel(cipher, own.shared_x(point))


def test_the_original_proves_itself_and_the_session_goes_on_with_new_keys() -> None:
    terminal = opened()
    authenticate_chip(terminal, "an", f"{CA}.2", SymmetricCipher.AES128)
    assert terminal.send("00B08100", le=b"\x02") == (b"\x61\x5d", "9000")


def test_3des_by_key_agreement_template() -> None:
    terminal = opened("tdes-pace", arc=1, parameter_id=12)
    authenticate_chip(terminal, "tdes-pace", f"{CA}.1", SymmetricCipher.TDES)
    assert terminal.send("00B08100", le=b"\x02") == (b"\x61\x5d", "9000")


@pytest.mark.parametrize(
    ("key_id", "arc", "cipher"), [(1, 4, SymmetricCipher.AES256), (195, 2, SymmetricCipher.AES128)]
)
def test_two_keys_told_apart_by_their_id(key_id: int, arc: int, cipher: SymmetricCipher) -> None:
    index = [found for _, _, found in agreement_keys("aes256")].index(key_id)
    terminal = opened("aes256")
    authenticate_chip(terminal, "aes256", f"{CA}.{arc}", cipher, index)
    assert terminal.send("00B08100", le=b"\x02") == (b"\x61\x5d", "9000")


def test_the_copy_agrees_on_other_keys() -> None:
    terminal = opened("copied")
    authenticate_chip(terminal, "copied", f"{CA}.2", SymmetricCipher.AES128)
    assert terminal.channel is not None
    answer = terminal.card.transmit(terminal.channel.wrap(bytes.fromhex("00B08100"), le=b"\x02"))
    assert answer.hex() == "6988"


# -- in finite fields -----------------------------------------------------------------------------------------


DH_KEYS = {
    1: ("rfc3526-2048", SymmetricCipher.AES128),
    2: ("modp-2048-224", SymmetricCipher.AES256),
    3: ("modp-1024-160", SymmetricCipher.TDES),
}


def finite_field_key(key_id: int) -> DhPublicKey:
    """As DG14 tells it, whichever of three ways it is written."""
    for info in parse_tlv(group("chip-auth-dh", 14), 0x6E).require(0x31).children():
        parts = info.children()
        if decode_oid(parts[0].value) == "0.4.0.127.0.7.2.2.1.1" and parts[2].value == bytes([key_id]):
            return parse_dh_public_key(parts[1].encoded)
    raise AssertionError("no such key")


@pytest.mark.parametrize(("key_id", "template"), [(1, False), (2, False), (3, False), (3, True)])
def test_finite_fields_and_both_ways_for_3des(key_id: int, template: bool) -> None:
    name, cipher = DH_KEYS[key_id]
    key = finite_field_key(key_id)
    assert key.group.name.startswith(name) or key.group.name == "own-2048"
    terminal = opened_extended("chip-auth-dh")
    static = key.value.to_bytes((key.value.bit_length() + 7) // 8, "big")
    terminal.authenticate_chip(key.group, static, cipher, key_id=key_id, template=template)
    assert terminal.send("00B08100", le=b"\x02") == (b"\x61\x5d", "9000")


def subgroup_order(key_id: int) -> int:
    (key,) = (key for key in chip_content("chip-auth-dh").chip_authentication if key.key_id == key_id)
    assert isinstance(key.private_key, DhPrivateKey)
    return key.private_key.group.q


def test_values_outside_the_group_are_refused_and_the_session_lives() -> None:
    """RFC 2631 §2.1.5: out of range, or of small order."""
    terminal = opened_extended("chip-auth-dh")
    for key_id, (_, cipher) in DH_KEYS.items():
        field = finite_field_key(key_id).group
        good = field.encode(pow(field.g, 0x123456789, field.p))
        reference = encode_tlv(0x84, bytes([key_id]))
        wrong = [
            b"",
            b"\0",
            b"\x01",
            field.encode(field.p - 1),
            field.encode(field.p),
            good + b"\0",
            b"\0" + good + b"\0",
        ]
        # DG14 need not tell the order, which the chip knows: this value is not in the subgroup
        non_member = next(x for x in range(2, 100) if pow(x, subgroup_order(key_id), field.p) != 1)
        for value in (*wrong, bytes([non_member])):
            assert terminal.choose_agreement(field, cipher, reference) == "9000"
            assert terminal.agree(value) == (b"", "6A80")
            if cipher is SymmetricCipher.TDES:
                data = encode_tlv(0x91, value) + reference
                assert terminal.send("002241A6", data, extended=True)[1] == "6A80"
    assert terminal.send("00B08100", le=b"\x02") == (b"\x61\x5d", "9000")


def test_a_reference_is_needed_where_there_are_several_keys_and_set_kat_is_for_3des_only() -> None:
    terminal = opened_extended("chip-auth-dh")
    field = finite_field_key(3).group
    value = encode_tlv(0x91, field.encode(pow(field.g, 5, field.p)))
    assert terminal.send("002241A6", value + b"\x84\x01\x01", extended=True)[1] == "6A88"  # that key is for AES
    assert terminal.send("002241A6", b"\x84\x01\x03")[1] == "6A80"
    assert terminal.choose_agreement(field, SymmetricCipher.AES192) == "6A80"
    assert terminal.choose_agreement(field, SymmetricCipher.AES256, b"\x84\x01\x01") == "6A88"


def test_one_key_may_serve_two_ciphers() -> None:
    ((domain, point, key_id),) = agreement_keys("eac1-ecdh")
    public = domain.encode_point(point)
    for cipher, template in (
        (SymmetricCipher.AES128, False),
        (SymmetricCipher.TDES, True),
        (SymmetricCipher.TDES, False),
    ):
        terminal = opened_extended("eac1-ecdh")
        terminal.authenticate_chip(domain, public, cipher, key_id=key_id, template=template)
        assert terminal.send("00B08100", le=b"\x02") == (b"\x61\x5d", "9000")


def test_chip_authentication_can_be_repeated_in_one_session() -> None:
    terminal = opened_extended("eac1-ecdh")
    ((domain, point, key_id),) = agreement_keys("eac1-ecdh")
    for cipher in (SymmetricCipher.AES128, SymmetricCipher.TDES, SymmetricCipher.AES128):
        terminal.authenticate_chip(domain, domain.encode_point(point), cipher, key_id=key_id)
        assert terminal.send("00B08100", le=b"\x02") == (b"\x61\x5d", "9000")


def test_bad_public_keys_and_references_are_refused_and_the_session_lives() -> None:
    terminal = opened()
    select = encode_tlv(0x80, encode_oid(f"{CA}.2"))
    good = derived_key_pair("some terminal", "brainpoolP256r1").public_octets
    assert terminal.send("00860000", b"\x7c\0", b"\0")[1] == "6985"  # no key chosen
    assert terminal.send("002241A4", encode_tlv(0x80, encode_oid(f"{CA}.4")))[1] == "6A80"
    assert terminal.send("002241A4", select + b"\x84\x01\x07")[1] == "6A88"
    assert terminal.send("002241A6", encode_tlv(0x91, good))[1] == "6A80"  # no 3DES on this chip
    assert terminal.send("002241B6", b"")[1] == "6A86"
    for bad in (good[:-1] + bytes([good[-1] ^ 1]), good[:-1], b"\x04" + bytes(64), b""):
        assert terminal.send("002241A4", select)[1] == "9000"
        assert terminal.send("00860000", encode_tlv(0x7C, encode_tlv(0x80, bad)), b"\0")[1] == "6A80"
    assert terminal.send("00B08100", le=b"\x02") == (b"\x61\x5d", "9000")


def test_nothing_is_agreed_or_signed_outside_a_session() -> None:
    terminal = Terminal(card("an"))
    terminal.select_application()
    assert terminal.raw("002241A40C800A04007F00070202030202") == "6982"
    assert terminal.raw("0088000008" + CHALLENGE.hex() + "00") == "6982"


def plain_signature(terminal: Terminal, *, extended: bool = False) -> bytes:
    signature, status = terminal.send("00880000", CHALLENGE, b"\0\0" if extended else b"\0", extended=extended)
    assert status == "9000"
    return signature


@pytest.mark.parametrize(
    ("name", "curve_name", "hash_algorithm", "genuine"),
    [
        ("an", "brainpoolP256r1", hashes.SHA256(), True),
        ("aes256", "brainpoolP384r1", hashes.SHA384(), True),
        ("copied", "brainpoolP256r1", hashes.SHA256(), False),
    ],
)
def test_ecdsa_signature_is_plain_and_verifies_only_for_the_original(
    name: str, curve_name: str, hash_algorithm: Any, genuine: bool
) -> None:
    signature = plain_signature(opened(name))
    domain = curve(curve_name)
    assert len(signature) == 2 * domain.order_bytes
    point = domain.decode_point(parse_tlv(group(name, 15), 0x6F).require(0x30).require(0x03).value[1:])
    half = domain.order_bytes
    der = encode_dss_signature(int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big"))
    public_key = domain.public_key(point)
    if genuine:
        public_key.verify(der, CHALLENGE, ec.ECDSA(hash_algorithm))
    else:
        with pytest.raises(InvalidSignature):
            public_key.verify(der, CHALLENGE, ec.ECDSA(hash_algorithm))


@pytest.mark.parametrize(
    ("name", "hash_name", "trailer"), [("rsa-active", "sha1", b"\xbc"), ("rsa-active-2048", "sha256", b"\x34\xcc")]
)
def test_rsa_signature_recovers_to_nonce_and_hash(name: str, hash_name: str, trailer: bytes) -> None:
    """Doc 9303-11 §6.1.2.2, opened with the public key alone."""
    terminal = opened(name)
    signature = plain_signature(terminal, extended=name == "rsa-active-2048")
    public_key = serialization.load_der_public_key(parse_tlv(group(name, 15), 0x6F).value)
    assert isinstance(public_key, rsa.RSAPublicKey)
    numbers = public_key.public_numbers()
    size = public_key.key_size // 8
    assert len(signature) == size
    recovered = pow(int.from_bytes(signature, "big"), numbers.e, numbers.n).to_bytes(size, "big")
    digest_bytes = hashlib.new(hash_name).digest_size
    assert recovered[0] == 0x6A
    assert recovered.endswith(trailer)
    m1 = recovered[1 : -digest_bytes - len(trailer)]
    assert recovered[-digest_bytes - len(trailer) : -len(trailer)] == hashlib.new(hash_name, m1 + CHALLENGE).digest()
    assert plain_signature(terminal, extended=True) != signature  # a fresh nonce each time


def test_a_signature_that_does_not_fit_a_short_answer_is_refused() -> None:
    terminal = opened("rsa-active-2048")
    assert terminal.send("00880000", CHALLENGE, b"\0") == (b"", "6700")


@pytest.mark.parametrize("challenge", [b"", b"7 bytes", b"9 bytes!!"])
def test_the_challenge_has_eight_bytes(challenge: bytes) -> None:
    assert opened().send("00880000", challenge, b"\0")[1] == "6700"


def test_without_a_key_active_authentication_is_unknown() -> None:
    terminal = opened("tdes-pace", arc=1, parameter_id=12)
    assert terminal.send("00880000", CHALLENGE, b"\0")[1] == "6D00"


def test_test_keys_are_the_same_for_everybody() -> None:
    """These values never change: cards, trust anchors and recordings depend on them."""
    assert derived_octets("an/dg3", 8).hex() == "0f11bff6794ca3de"
