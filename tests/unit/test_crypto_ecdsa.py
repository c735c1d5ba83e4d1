"""ECDSA: Wycheproof's edge cases, the two encodings, and signatures that the openssl command made on every curve."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.errors import CryptoError
from crypto.primitives.curves import Curve, curve, curves
from crypto.signatures.ecdsa_plain import (
    EcdsaValue,
    der_to_plain,
    parse_der,
    parse_plain,
    plain_to_der,
    verify_der,
    verify_plain,
)
from crypto.signatures.hash_algorithms import HashAlgorithm, hash_algorithm
from crypto.signatures.public_key import EcPublicKey, parse_public_key

VECTORS = Path(__file__).parents[1] / "vectors"
CURVE_NAMES = [each.name for each in curves()]
OPENSSL_NAMES = {"secp192r1": "prime192v1", "secp256r1": "prime256v1"}
DATA = b"a challenge"


def test_every_case_of_wycheproof_is_judged_as_wycheproof_judges_it() -> None:
    file = VECTORS / "wycheproof/ecdsa_brainpoolP256r1_sha256_p1363_test.json"
    judged = 0
    for group in json.loads(file.read_text(encoding="utf-8"))["testGroups"]:
        key = parse_public_key(bytes.fromhex(group["publicKeyDer"]))
        assert isinstance(key, EcPublicKey)
        assert key.curve is curve("brainpoolP256r1")
        for test in group["tests"]:
            signature, message = bytes.fromhex(test["sig"]), bytes.fromhex(test["msg"])
            found = verify_plain(key, HashAlgorithm.SHA256, signature, message)
            assert found is (test["result"] == "valid"), (test["tcId"], test["comment"])
            judged += 1
    assert judged == 261


def openssl(*arguments: str, stdin: bytes = b"") -> bytes:
    return subprocess.run(["openssl", *arguments], input=stdin, capture_output=True, check=True).stdout


@pytest.fixture(scope="module", params=CURVE_NAMES)
def signer(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Curve, Path]:
    """A key of the openssl command on each curve, its parameters spelt out in full."""
    name: str = request.param
    file = tmp_path_factory.mktemp("keys") / f"{name}.pem"
    openssl(
        *("ecparam", "-name", OPENSSL_NAMES.get(name, name)),
        *("-genkey", "-noout", "-param_enc", "explicit", "-out", str(file)),
    )
    return curve(name), file


@pytest.mark.parametrize("algorithm", list(HashAlgorithm), ids=lambda each: each.label)
def test_a_signature_of_openssl_verifies_in_both_encodings_and_nothing_else_does(
    signer: tuple[Curve, Path], algorithm: HashAlgorithm
) -> None:
    domain, file = signer
    key = parse_public_key(openssl("ec", "-in", str(file), "-pubout", "-outform", "DER", "-param_enc", "explicit"))
    assert isinstance(key, EcPublicKey)
    assert key.curve is domain
    der = openssl("dgst", f"-{algorithm.label}", "-sign", str(file), stdin=DATA)
    plain = der_to_plain(der, domain)
    assert len(plain) == 2 * domain.order_bytes
    assert verify_der(key, algorithm, der, DATA)
    assert verify_plain(key, algorithm, plain, DATA)
    assert not verify_der(key, algorithm, der, DATA + b"!")
    assert not verify_plain(key, algorithm, plain[:-1] + bytes([plain[-1] ^ 1]), DATA)
    assert not verify_plain(key, algorithm, der, DATA)
    assert not verify_der(key, algorithm, plain, DATA)
    other = HashAlgorithm.SHA256 if algorithm is not HashAlgorithm.SHA256 else HashAlgorithm.SHA1
    assert not verify_der(key, other, der, DATA)


@pytest.mark.parametrize("name", CURVE_NAMES)
@settings(max_examples=25)
@given(data=st.data())
def test_both_encodings_carry_the_same_numbers_whatever_their_lengths(name: str, data: st.DataObject) -> None:
    domain = curve(name)
    numbers = st.one_of(st.integers(1, domain.n - 1), st.integers(1, 300), st.integers(domain.n - 300, domain.n - 1))
    value = EcdsaValue(data.draw(numbers), data.draw(numbers))
    plain, der = value.to_plain(domain), value.to_der()
    assert len(plain) == 2 * domain.order_bytes
    assert parse_plain(plain, domain) == parse_der(der, domain) == value
    assert plain_to_der(plain, domain) == der
    assert der_to_plain(der, domain) == plain


def test_numbers_of_unequal_length_are_padded_to_the_order() -> None:
    p256 = curve("secp256r1")
    der = bytes.fromhex("3026020101022100" + "80" + "00" * 30 + "01")
    plain = der_to_plain(der, p256)
    assert plain.hex() == "00" * 31 + "01" + "80" + "00" * 30 + "01"
    assert plain_to_der(plain, p256) == der


@pytest.mark.parametrize("name", CURVE_NAMES)
def test_numbers_out_of_range_are_refused(name: str) -> None:
    domain = curve(name)
    size = domain.order_bytes
    for number in (0, domain.n, domain.n + 1, 256**size - 1):
        for r, s in ((number, 1), (1, number)):
            plain = r.to_bytes(size, "big") + s.to_bytes(size, "big")
            with pytest.raises(CryptoError) as error:
                parse_plain(plain, domain)
            assert error.value.code.name == "signature.malformed"
            with pytest.raises(CryptoError):
                parse_der(EcdsaValue(r, s).to_der(), domain)


@pytest.mark.parametrize(
    "octets",
    [
        "",
        "30",
        "3000",
        "3003020101",
        "30060201010201",
        "300602010102010100",  # an octet after it
        "30070201010202" + "0001",  # a zero too many
        "3081060201010201" + "01",  # a longer length than needed
        "3006020101020181",  # negative
        "300602010103010" + "1",
        "3009020101020101020101",
        "3105020101020101",
        "308002010102010100" + "00",
        "3006020100020101",
    ],
)
def test_only_the_one_der_encoding_of_a_signature_is_one(octets: str) -> None:
    with pytest.raises(CryptoError) as error:
        parse_der(bytes.fromhex(octets), curve("secp256r1"))
    assert error.value.code.name == "signature.malformed"


@given(st.binary(max_size=80))
def test_arbitrary_octets_are_a_wrong_signature_and_no_exception(octets: bytes) -> None:
    key = EcPublicKey(curve("secp256r1"), curve("secp256r1").g)
    assert not verify_der(key, HashAlgorithm.SHA256, octets, DATA)
    assert not verify_plain(key, HashAlgorithm.SHA256, octets, DATA)


@pytest.mark.parametrize("length", [0, 1, 63, 65, 128])
def test_a_truncated_or_oversized_plain_signature_is_wrong(length: int) -> None:
    key = EcPublicKey(curve("brainpoolP256r1"), curve("brainpoolP256r1").g)
    assert not verify_plain(key, HashAlgorithm.SHA256, b"\x01" * length, DATA)


def test_hash_functions_are_found_by_their_identifiers() -> None:
    for algorithm in HashAlgorithm:
        assert hash_algorithm(algorithm.oid) is algorithm
        assert len(algorithm.digest(b"")) == algorithm.digest_bytes == algorithm.native.digest_size
        assert openssl("dgst", f"-{algorithm.label}", "-binary", stdin=DATA) == algorithm.digest(DATA)
    with pytest.raises(CryptoError) as error:
        hash_algorithm("1.2.840.113549.2.5")  # MD5
    assert error.value.code.name == "hash.unsupported"


def test_keys_show_only_their_kind() -> None:
    shown: Any = EcPublicKey(curve("secp256r1"), curve("secp256r1").g)
    assert repr(shown) == "EcPublicKey(secp256r1)"
    assert shown.size_bits == 256
