"""RSA with keys that OpenSSL refuses: any odd exponent below the modulus, and moduli of odd lengths.

The encodings inside the signatures are OpenSSL's: it signs with the exponent 65537, and what its public operation opens
is closed again with the private half of the odd exponent, in integers.
"""

from __future__ import annotations

import dataclasses
import functools
import math

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.errors import CryptoError
from crypto.signatures.algorithms import SignatureAlgorithm, SignatureScheme
from crypto.signatures.hash_algorithms import HashAlgorithm
from crypto.signatures.public_key import RsaPublicKey
from crypto.signatures.rsa_encodings import verify_pkcs1_v15, verify_pss

DATA = b"TEST data that somebody signed"
SHA256 = HashAlgorithm.SHA256


@dataclasses.dataclass(frozen=True)
class OddSigner:
    """A key with a long exponent, and OpenSSL's key of the same modulus with 65537."""

    native: rsa.RSAPrivateKey
    exponent: int

    @property
    def key(self) -> RsaPublicKey:
        return RsaPublicKey(self.native.public_key().public_numbers().n, self.exponent)

    def sign(self, encoding: padding.AsymmetricPadding, algorithm: HashAlgorithm, data: bytes = DATA) -> bytes:
        opened = pow(int.from_bytes(self.native.sign(data, encoding, algorithm.native)), 65537, self.key.modulus)
        return self.close(opened)

    def close(self, opened: int) -> bytes:
        numbers = self.native.private_numbers()
        private = pow(self.exponent, -1, math.lcm(numbers.p - 1, numbers.q - 1))
        # by the remainder theorem: four times as fast
        p, q = numbers.p, numbers.q
        at_p, at_q = pow(opened, private % (p - 1), p), pow(opened, private % (q - 1), q)
        value = at_q + q * ((at_p - at_q) * pow(q, -1, p) % p)
        return value.to_bytes(self.key.modulus_bytes)


@functools.cache
def signer(bits: int, exponent_bits: int) -> OddSigner:
    native = rsa.generate_private_key(65537, bits)
    numbers = native.private_numbers()
    order = math.lcm(numbers.p - 1, numbers.q - 1)
    exponent = (1 << exponent_bits - 1) + 1
    while math.gcd(exponent, order) != 1:
        exponent += 2
    return OddSigner(native, exponent)


KEYS = [(3088, 65), (3081, 257)]
"""Modulus and exponent in bits; at 3081 the encoding is one octet shorter than the modulus (RFC 8017 §8.1.2)."""


@pytest.mark.parametrize(("bits", "exponent_bits"), KEYS)
def test_openssl_itself_calls_such_a_signature_wrong_or_refuses_the_key(bits: int, exponent_bits: int) -> None:
    """The reason for computing it here; if this fails one day, OpenSSL can do it all."""
    odd = signer(bits, exponent_bits)
    assert not odd.key.is_for_openssl
    native = rsa.RSAPublicNumbers(odd.exponent, odd.key.modulus).public_key()
    with pytest.raises(InvalidSignature):
        native.verify(odd.sign(padding.PKCS1v15(), SHA256), DATA, padding.PKCS1v15(), hashes.SHA256())


@pytest.mark.parametrize(("bits", "exponent_bits"), KEYS)
@pytest.mark.parametrize("algorithm", list(HashAlgorithm))
def test_pkcs1_signatures_by_long_exponents(bits: int, exponent_bits: int, algorithm: HashAlgorithm) -> None:
    odd = signer(bits, exponent_bits)
    found = SignatureAlgorithm(SignatureScheme.RSA_PKCS1_V15, algorithm)
    judged_right_and_only_so(found, odd, odd.sign(padding.PKCS1v15(), algorithm))


@pytest.mark.parametrize(("bits", "exponent_bits"), KEYS)
@pytest.mark.parametrize(
    ("main", "mask", "salt"),
    [(SHA256, SHA256, 32), (SHA256, HashAlgorithm.SHA1, 0), (HashAlgorithm.SHA512, HashAlgorithm.SHA224, 20)],
)
def test_pss_signatures_by_long_exponents(
    bits: int, exponent_bits: int, main: HashAlgorithm, mask: HashAlgorithm, salt: int
) -> None:
    odd = signer(bits, exponent_bits)
    signature = odd.sign(padding.PSS(padding.MGF1(mask.native), salt), main)
    judged_right_and_only_so(SignatureAlgorithm(SignatureScheme.RSA_PSS, main, mask, salt), odd, signature)
    for wrong in (salt + 1, max(salt - 1, 1), 1024):
        other = SignatureAlgorithm(SignatureScheme.RSA_PSS, main, mask, wrong)
        assert not other.verify(odd.key, signature, DATA)


def judged_right_and_only_so(algorithm: SignatureAlgorithm, odd: OddSigner, signature: bytes) -> None:
    key = odd.key
    assert algorithm.verify(key, signature, DATA)
    assert not algorithm.verify(key, signature, DATA + b"!")
    assert not algorithm.verify(key, signature[:-1] + bytes([signature[-1] ^ 1]), DATA)
    for wrong in (b"", signature[1:], b"\0" + signature, signature + b"\0", bytes(len(signature))):
        assert not algorithm.verify(key, wrong, DATA)
    too_large = int.from_bytes(signature) + key.modulus  # the same number modulo n is not the same signature
    if too_large.bit_length() <= 8 * key.modulus_bytes:
        assert not algorithm.verify(key, too_large.to_bytes(key.modulus_bytes), DATA)


def test_a_modulus_of_4096_bits_may_have_any_exponent() -> None:
    """Which a key has whose owner takes the private exponent for the public one."""
    numbers = signer(3088, 65).native.private_numbers()
    largest = RsaPublicKey(2**4095 + 1, 2**4094 + 1)
    assert largest.is_bounded
    swapped = RsaPublicKey(numbers.public_numbers.n, numbers.d)
    opened = pow(
        int.from_bytes(signer(3088, 65).native.sign(DATA, padding.PKCS1v15(), SHA256.native)),
        65537,
        numbers.public_numbers.n,
    )
    closed = pow(opened, 65537, numbers.public_numbers.n).to_bytes(swapped.modulus_bytes)
    assert SignatureAlgorithm(SignatureScheme.RSA_PKCS1_V15, SHA256).verify(swapped, closed, DATA)


@pytest.mark.parametrize("scheme", [SignatureScheme.RSA_PKCS1_V15, SignatureScheme.RSA_PSS])
def test_a_key_that_would_take_seconds_leaves_the_question_open(scheme: SignatureScheme) -> None:
    pss = scheme is SignatureScheme.RSA_PSS
    algorithm = SignatureAlgorithm(scheme, SHA256, SHA256 if pss else None, 32 if pss else None)
    with pytest.raises(CryptoError) as error:
        algorithm.verify(RsaPublicKey(2**8191 + 1, 2**8190 + 1), bytes(1024), DATA)
    assert error.value.code.name == "public_key.unsupported"


# ---------------------------------------------------------------------------- hostile encodings, small key
SMALL = OddSigner(rsa.generate_private_key(65537, 1024), 65537)  # noqa: S505 - encodings are looked at, nothing is protected


def test_the_code_for_odd_keys_agrees_with_openssl_on_ordinary_ones() -> None:
    for algorithm in (HashAlgorithm.SHA1, SHA256):
        assert verify_pkcs1_v15(SMALL.key, algorithm, SMALL.sign(padding.PKCS1v15(), algorithm), DATA)
    longest = 128 - 32 - 2
    for salt in (0, 1, 32, longest):
        signature = SMALL.sign(padding.PSS(padding.MGF1(hashes.SHA256()), salt), SHA256)
        assert verify_pss(SMALL.key, SHA256, signature, DATA, mask_hash=SHA256, salt_bytes=salt)
        assert not verify_pss(SMALL.key, SHA256, signature, DATA, mask_hash=SHA256, salt_bytes=longest + 1)


def encoding(fill: bytes, digest_info: bytes, head: bytes = b"\x00\x01") -> int:
    return int.from_bytes(head + fill + b"\x00" + digest_info)


OF_SHA256 = bytes.fromhex("3031300d060960864801650304020105000420")
WITHOUT_NULL = bytes.fromhex("302f300b0609608648016503040201") + b"\x04\x20"


@pytest.mark.parametrize(
    "opened",
    [
        # Bleichenbacher's forgery of 2006: little fill, and rubbish behind the hash
        encoding(b"\xff" * 8, OF_SHA256 + SHA256.digest(DATA) + bytes(66)),
        encoding(b"\xff" * 74, OF_SHA256 + SHA256.digest(DATA) + b"\0\0\0"),
        encoding(b"\xff" * 73 + b"\xfe" + b"\xff" * 0, OF_SHA256 + SHA256.digest(DATA)),
        encoding(b"\xff" * 74, OF_SHA256 + SHA256.digest(DATA), b"\x00\x02"),
        encoding(b"\xff" * 76, WITHOUT_NULL + SHA256.digest(DATA)),
        encoding(b"\xff" * 74, OF_SHA256.replace(b"\x02\x01\x05", b"\x02\x02\x05") + SHA256.digest(DATA)),
    ],
)
def test_nothing_but_the_one_encoding_is_a_signature(opened: int) -> None:
    signature = SMALL.close(opened % SMALL.key.modulus)
    assert not verify_pkcs1_v15(SMALL.key, SHA256, signature, DATA)


def test_the_encoding_that_the_forgeries_differ_from_is_right() -> None:
    signature = SMALL.close(encoding(b"\xff" * 74, OF_SHA256 + SHA256.digest(DATA)))
    assert verify_pkcs1_v15(SMALL.key, SHA256, signature, DATA)


@settings(max_examples=60, deadline=None)
@given(opened=st.integers(min_value=0), salt=st.integers(0, 200), algorithm=st.sampled_from(list(HashAlgorithm)))
def test_no_other_number_is_a_signature(opened: int, salt: int, algorithm: HashAlgorithm) -> None:
    signature = SMALL.close(opened % SMALL.key.modulus)
    assert not verify_pkcs1_v15(SMALL.key, algorithm, signature, DATA)
    assert not verify_pss(SMALL.key, algorithm, signature, DATA, mask_hash=algorithm, salt_bytes=salt)


@settings(max_examples=60, deadline=None)
@given(bit=st.integers(0, 1021), salt=st.sampled_from([0, 32]))
def test_a_pss_encoding_with_one_bit_turned_is_wrong(bit: int, salt: int) -> None:
    right = SMALL.sign(padding.PSS(padding.MGF1(hashes.SHA256()), salt), SHA256)
    opened = pow(int.from_bytes(right), 65537, SMALL.key.modulus) ^ (1 << bit)
    signature = SMALL.close(opened % SMALL.key.modulus)
    assert not verify_pss(SMALL.key, SHA256, signature, DATA, mask_hash=SHA256, salt_bytes=salt)


def test_a_modulus_too_short_for_the_hash_signs_nothing() -> None:
    tiny = RsaPublicKey((1 << 255) + 95, 3)
    for signature in (bytes(32), bytes(31) + b"\1"):
        assert not verify_pkcs1_v15(tiny, SHA256, signature, DATA)
        assert not verify_pss(tiny, SHA256, signature, DATA, mask_hash=SHA256, salt_bytes=0)
