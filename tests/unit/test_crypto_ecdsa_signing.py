"""Signatures made here verify elsewhere, and equal the published deterministic ones."""

from __future__ import annotations

import hashlib

import pytest
from ecdsa import curves as ecdsa_curves
from ecdsa import util
from ecdsa.keys import VerifyingKey

from crypto.errors import CryptoError
from crypto.primitives.curves import curve, curves
from crypto.signatures.ecdsa_plain import verify_der, verify_plain
from crypto.signatures.ecdsa_signing import EcdsaSigningKey
from crypto.signatures.hash_algorithms import HashAlgorithm
from crypto.signatures.public_key import EcPublicKey

SCALAR = 0x1234567890ABCDEF1234567890ABCDEF12345678


@pytest.mark.parametrize("name", [known.name for known in curves()])
@pytest.mark.parametrize("algorithm", list(HashAlgorithm))
def test_both_encodings_verify_on_every_curve(name: str, algorithm: HashAlgorithm) -> None:
    key = EcdsaSigningKey(curve(name), SCALAR)
    public = EcPublicKey(key.curve, key.public_point)
    plain, der = key.sign_plain(algorithm, b"challenge"), key.sign_der(algorithm, b"challenge")
    assert len(plain) == 2 * key.curve.order_bytes
    assert verify_plain(public, algorithm, plain, b"challenge")
    assert verify_der(public, algorithm, der, b"challenge")
    assert not verify_plain(public, algorithm, plain, b"challengf")
    assert key.sign_plain(algorithm, b"challenge") == plain  # deterministic


def test_a_published_deterministic_signature() -> None:
    """RFC 6979 §A.2.5: P-256, SHA-256, message "sample"."""
    key = EcdsaSigningKey(curve("secp256r1"), 0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721)
    assert key.sign_plain(HashAlgorithm.SHA256, b"sample").hex().upper() == (
        "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"
        "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8"
    )


@pytest.mark.parametrize("name", ["brainpoolP192r1", "brainpoolP224r1", "brainpoolP320r1"])
def test_another_library_verifies_what_python_signed(name: str) -> None:
    key = EcdsaSigningKey(curve(name), SCALAR)
    theirs = {found.name.replace("BRAINPOOLP", "brainpoolP"): found for found in ecdsa_curves.curves}[name]
    verifier = VerifyingKey.from_string(key.curve.encode_point(key.public_point)[1:], theirs, hashlib.sha256)
    assert verifier.verify(
        key.sign_plain(HashAlgorithm.SHA256, b"x"), b"x", hashlib.sha256, util.sigdecode_string, allow_truncate=True
    )


@pytest.mark.parametrize("scalar", [0, -1])
def test_a_key_out_of_range_is_none(scalar: int) -> None:
    with pytest.raises(CryptoError):
        EcdsaSigningKey(curve("secp256r1"), scalar)


def test_the_key_does_not_show_itself() -> None:
    assert repr(EcdsaSigningKey(curve("secp256r1"), SCALAR)) == "EcdsaSigningKey(secp256r1)"
