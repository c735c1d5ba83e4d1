"""ISO/IEC 9796-2 scheme 1: the published example, every trailer and key size, and answers that must not pass."""

import functools
import json
import secrets
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from crypto.errors import CryptoError
from crypto.signatures.hash_algorithms import HashAlgorithm
from crypto.signatures.public_key import RsaPublicKey
from crypto.signatures.rsa_iso9796_2 import parse_representative, recover, verify

VECTORS = Path(__file__).parents[1] / "vectors"
CASE: dict[str, Any] = json.loads((VECTORS / "active_authentication_rsa.json").read_text(encoding="utf-8"))["cases"][0]
CHALLENGE = bytes.fromhex("f173589974bf40c6")
TRAILERS = {
    # ISO/IEC 10118-3 identifiers, written here a second time
    HashAlgorithm.SHA1: b"\x33\xcc",
    HashAlgorithm.SHA224: b"\x38\xcc",
    HashAlgorithm.SHA256: b"\x34\xcc",
    HashAlgorithm.SHA384: b"\x36\xcc",
    HashAlgorithm.SHA512: b"\x35\xcc",
}


@functools.cache
def private_numbers(bits: int) -> tuple[int, int, int]:
    """n, e, d of a fresh key."""
    numbers = rsa.generate_private_key(65537, bits).private_numbers()
    return numbers.public_numbers.n, numbers.public_numbers.e, numbers.d


def public(bits: int) -> RsaPublicKey:
    n, e, _ = private_numbers(bits)
    return RsaPublicKey(n, e)


def raw_sign(representative: bytes, bits: int, smaller: bool = False) -> bytes:
    n, _, d = private_numbers(bits)
    number = pow(int.from_bytes(representative, "big"), d, n)
    return (min(number, n - number) if smaller else number).to_bytes(bits // 8, "big")


def representative(bits: int, algorithm: HashAlgorithm, trailer: bytes, challenge: bytes = CHALLENGE) -> bytes:
    """Header 6A, as much nonce as fits, hash over nonce and challenge, trailer: straight from Doc 9303-11 App. F."""
    nonce = secrets.token_bytes(bits // 8 - 1 - algorithm.digest_bytes - len(trailer))
    return b"\x6a" + nonce + algorithm.digest(nonce + challenge) + trailer


def test_the_published_example_opens_into_its_parts() -> None:
    parts = parse_representative(bytes.fromhex(CASE["message_representative"]))
    assert parts.is_partial
    assert parts.hash_algorithm is HashAlgorithm.SHA1
    assert parts.recovered.hex() == CASE["recoverable_message"]
    assert 8 * len(parts.recovered) == CASE["recoverable_message_bits"]
    assert parts.digest.hex() == CASE["message_hash"]
    assert parts.recovered + bytes.fromhex(CASE["challenge"]) == bytes.fromhex(CASE["message"])
    assert parts.covers(bytes.fromhex(CASE["challenge"]))
    assert not parts.covers(bytes(8))
    assert not parts.covers(b"")


def test_the_published_answer_is_as_long_as_its_modulus() -> None:
    assert 8 * len(bytes.fromhex(CASE["signature"])) == CASE["modulus_bits"]


@pytest.mark.parametrize("bits", [1024, 1280, 2048])
@pytest.mark.parametrize("algorithm", list(HashAlgorithm), ids=lambda each: each.label)
@pytest.mark.parametrize("smaller", [False, True], ids=["s", "min(s, n-s)"])
def test_a_right_answer_is_right_and_every_changed_one_wrong(
    bits: int, algorithm: HashAlgorithm, smaller: bool
) -> None:
    signature = raw_sign(representative(bits, algorithm, TRAILERS[algorithm]), bits, smaller)
    key = public(bits)
    assert recover(key, signature).hash_algorithm is algorithm
    assert verify(key, signature, CHALLENGE)
    assert not verify(key, signature, CHALLENGE[:-1] + b"\0")
    assert not verify(key, signature, CHALLENGE[1:])
    for position in (0, len(signature) // 2, len(signature) - 1):
        changed = bytearray(signature)
        changed[position] ^= 0x01
        assert not verify(key, bytes(changed), CHALLENGE)


@pytest.mark.slow
def test_a_long_key_is_no_different() -> None:
    assert verify(public(4096), raw_sign(representative(4096, HashAlgorithm.SHA256, b"\x34\xcc"), 4096), CHALLENGE)


def test_the_short_trailer_means_sha1_and_nothing_else() -> None:
    key = public(1024)
    assert verify(key, raw_sign(representative(1024, HashAlgorithm.SHA1, b"\xbc"), 1024), CHALLENGE)
    assert not verify(key, raw_sign(representative(1024, HashAlgorithm.SHA256, b"\xbc"), 1024), CHALLENGE)


@pytest.mark.parametrize("change", [-128, -127, -1, 1, 128])
def test_a_truncated_or_oversized_answer_is_refused(change: int) -> None:
    signature = raw_sign(representative(1024, HashAlgorithm.SHA1, b"\xbc"), 1024)
    resized = signature[:change] if change < 0 else bytes(change) + signature
    assert not verify(public(1024), resized, CHALLENGE)


def test_an_answer_not_below_the_modulus_is_refused() -> None:
    n, _, _ = private_numbers(1024)
    signature = int.from_bytes(raw_sign(representative(1024, HashAlgorithm.SHA1, b"\xbc"), 1024), "big")
    if signature + n < 2**1024:  # the same residue, written differently
        assert not verify(public(1024), (signature + n).to_bytes(128, "big"), CHALLENGE)
    assert not verify(public(1024), n.to_bytes(128, "big"), CHALLENGE)
    assert not verify(public(1024), bytes(128), CHALLENGE)
    assert not verify(public(1024), b"\xff" * 128, CHALLENGE)


def test_a_recorded_answer_does_not_pass_for_another_challenge() -> None:
    recorded = raw_sign(representative(2048, HashAlgorithm.SHA256, b"\x34\xcc", b"recorded"), 2048)
    assert verify(public(2048), recorded, b"recorded")
    assert not verify(public(2048), recorded, CHALLENGE)


def test_an_answer_of_another_key_does_not_pass() -> None:
    n, _, _ = private_numbers(1024)
    signature = raw_sign(representative(1024, HashAlgorithm.SHA1, b"\xbc"), 1024)
    assert not verify(RsaPublicKey(n + 2, 65537), signature, CHALLENGE)


def total(message: bytes, trailer: bytes = b"\xbc") -> bytes:
    """Total recovery: the whole message inside, padded with nibbles B up to the border nibble A."""
    tail = message + HashAlgorithm.SHA1.digest(message) + trailer
    room = 128 - len(tail)
    head = b"\x4a" if room == 1 else b"\x4b" + b"\xbb" * (room - 2) + b"\xba"
    return head + tail


def test_total_recovery_counts_only_if_the_challenge_is_inside() -> None:
    key = public(1024)
    parts = recover(key, raw_sign(total(b"nonce" + CHALLENGE), 1024))
    assert not parts.is_partial
    assert parts.recovered == b"nonce" + CHALLENGE
    assert verify(key, raw_sign(total(b"nonce" + CHALLENGE), 1024), CHALLENGE)
    assert verify(key, raw_sign(total(bytes(98) + CHALLENGE), 1024), CHALLENGE)
    assert not verify(key, raw_sign(total(b"nothing of the terminal"), 1024), CHALLENGE)
    assert not verify(key, raw_sign(total(CHALLENGE + b"nonce"), 1024), CHALLENGE)


def test_partial_recovery_may_be_padded() -> None:
    nonce = bytes(range(40))
    tail = nonce + HashAlgorithm.SHA1.digest(nonce + CHALLENGE) + b"\xbc"
    padded = b"\x6b" + b"\xbb" * (128 - len(tail) - 2) + b"\xba" + tail
    assert recover(public(1024), raw_sign(padded, 1024)).recovered == nonce
    assert verify(public(1024), raw_sign(padded, 1024), CHALLENGE)


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"\x6a",
        b"\x6a\xbc",
        b"\x6a" + bytes(20) + b"\xbd",
        b"\x6a" + bytes(18) + b"\xbc",  # too short for its hash
        b"\xea" + bytes(100) + b"\xbc",
        b"\x2a" + bytes(100) + b"\xbc",
        b"\x6c" + bytes(100) + b"\xbc",
        b"\x6b" + b"\xbb" * 120,
        b"\x6b\xbb\xab" + bytes(100) + b"\xbc",
        b"\x6a" + bytes(100) + b"\x39\xbb",
        b"\x6a" + bytes(100) + b"\x77\xcc",
    ],
)
def test_what_is_no_representative_is_refused(octets: bytes) -> None:
    with pytest.raises(CryptoError) as error:
        parse_representative(octets)
    assert error.value.code.name == "signature.representative_invalid"


@pytest.mark.parametrize("identifier", [0x31, 0x32, 0x37, 0x39, 0x3A])
def test_a_hash_that_exists_but_is_not_here_leaves_the_question_open(identifier: int) -> None:
    octets = b"\x6a" + bytes(125) + bytes([identifier, 0xCC])
    with pytest.raises(CryptoError) as error:
        verify(public(1024), raw_sign(octets, 1024), CHALLENGE)
    assert error.value.code.name == "hash.unsupported"


def test_a_modulus_of_odd_size_leaves_the_question_open() -> None:
    with pytest.raises(CryptoError) as error:
        verify(RsaPublicKey(2**1026 + 1, 3), bytes(129), CHALLENGE)
    assert error.value.code.name == "public_key.unsupported"


def test_an_empty_challenge_proves_nothing() -> None:
    with pytest.raises(CryptoError):
        verify(public(1024), raw_sign(total(b"nonce"), 1024), b"")


@given(st.binary(min_size=128, max_size=128))
def test_arbitrary_answers_never_pass(octets: bytes) -> None:
    try:
        assert not verify(public(1024), octets, CHALLENGE)
    except CryptoError as error:
        assert error.code.name == "hash.unsupported"  # noqa: PT017


@given(st.binary(max_size=140))
def test_arbitrary_representatives_are_taken_apart_or_refused(octets: bytes) -> None:
    try:
        parts = parse_representative(octets)
    except CryptoError:
        return
    assert len(parts.digest) == parts.hash_algorithm.digest_bytes
    assert octets.find(parts.recovered + parts.digest) > 0
