"""Public keys: named curves, explicit parameters, Wycheproof's manipulated keys, RSA and its limits."""

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from crypto.errors import CryptoError
from crypto.primitives.curves import Curve, Point, curves
from crypto.signatures.der import encode_integer
from crypto.signatures.explicit_parameters import decode_any_point
from crypto.signatures.public_key import CURVE_OIDS, EcPublicKey, RsaPublicKey, parse_public_key
from crypto.wire.oid import encode_oid
from crypto.wire.tlv import encode_tlv

VECTORS = Path(__file__).parents[1] / "vectors"
CURVES = [pytest.param(each, id=each.name) for each in curves()]
EC_PUBLIC_KEY = encode_tlv(0x06, encode_oid("1.2.840.10045.2.1"))


def code_of(octets: bytes) -> str:
    with pytest.raises(CryptoError) as error:
        parse_public_key(octets)
    return error.value.code.name


def bit_string(octets: bytes) -> bytes:
    return encode_tlv(0x03, b"\0" + octets)


def explicit(domain: Curve, **changes: Any) -> bytes:
    """A SubjectPublicKeyInfo that spells the curve out, with fields changed at will."""
    field = domain.field_bytes
    parts: dict[str, Any] = {
        "version": 1,
        "field": "1.2.840.10045.1.1",
        "p": domain.p,
        "a": domain.a.to_bytes(field, "big"),
        "b": domain.b.to_bytes(field, "big"),
        "seed": b"",
        "g": domain.encode_point(domain.g),
        "n": domain.n,
        "h": encode_integer(1),
        "point": domain.encode_point(domain.add(domain.g, domain.g)),
    } | changes
    parameters = encode_tlv(
        0x30,
        [
            encode_integer(parts["version"]),
            encode_tlv(0x30, [encode_tlv(0x06, encode_oid(parts["field"])), encode_integer(parts["p"])]),
            encode_tlv(0x30, [encode_tlv(0x04, parts["a"]), encode_tlv(0x04, parts["b"]), parts["seed"]]),
            encode_tlv(0x04, parts["g"]),
            encode_integer(parts["n"]),
            parts["h"],
        ],
    )
    return encode_tlv(0x30, [encode_tlv(0x30, [EC_PUBLIC_KEY, parameters]), bit_string(parts["point"])])


def named(oid: str, point: bytes) -> bytes:
    algorithm = encode_tlv(0x30, [EC_PUBLIC_KEY, encode_tlv(0x06, encode_oid(oid))])
    return encode_tlv(0x30, [algorithm, bit_string(point)])


@pytest.mark.parametrize("domain", CURVES)
def test_a_curve_spelt_out_is_the_named_one(domain: Curve) -> None:
    key = parse_public_key(explicit(domain))
    assert isinstance(key, EcPublicKey)
    assert key.curve is domain
    assert key.point == domain.add(domain.g, domain.g)
    oid = next(oid for oid, name in CURVE_OIDS.items() if name == domain.name)
    assert parse_public_key(named(oid, domain.encode_point(key.point))) == key


@pytest.mark.parametrize("domain", CURVES)
def test_spellings_that_mean_the_same_are_accepted(domain: Curve) -> None:
    compressed = bytes([2 + (domain.g.y & 1)]) + domain.g.x.to_bytes(domain.field_bytes, "big")
    for change in (
        {"h": b""},  # the cofactor is optional (X9.62 SpecifiedECDomain)
        {"seed": bit_string(bytes(20))},
        {"g": compressed},
        {"version": 2},
        {"a": b"\0" + domain.a.to_bytes(domain.field_bytes, "big")},
    ):
        key = parse_public_key(explicit(domain, **change))
        assert isinstance(key, EcPublicKey)
        assert key.curve is domain


@pytest.mark.parametrize("domain", CURVES)
def test_another_base_point_or_cofactor_is_an_attack_and_has_its_own_code(domain: Curve) -> None:
    # Who chooses G may sign for anybody: with G' = Q, the private key is 1 (CVE-2020-0601).
    double = domain.add(domain.g, domain.g)
    for change in (
        {"g": domain.encode_point(double), "point": domain.encode_point(double)},
        {"g": domain.encode_point(domain.negate(domain.g))},
        {"g": b""},
        {"g": b"\x00"},
        {"h": encode_integer(2)},
        {"h": encode_integer(-1)},
        {"h": encode_integer(0)},
    ):
        assert code_of(explicit(domain, **change)) == "curve.parameters_manipulated"


@pytest.mark.parametrize("domain", CURVES)
def test_any_other_change_is_no_known_curve(domain: Curve) -> None:
    size = domain.field_bytes
    for change in (
        {"p": domain.p + 2},
        {"p": -domain.p},
        {"a": (domain.a ^ 1).to_bytes(size, "big")},
        {"b": (domain.b ^ 1).to_bytes(size, "big")},
        {"n": domain.n + 2},
        {"n": 1},
        {"field": "1.2.840.10045.1.2"},
    ):
        assert code_of(explicit(domain, **change)) == "curve.parameters_unknown"


@pytest.mark.parametrize("domain", CURVES)
def test_a_point_off_the_curve_is_refused_however_it_is_written(domain: Curve) -> None:
    encoded = bytearray(domain.encode_point(domain.g))
    encoded[-1] ^= 1
    assert code_of(explicit(domain, point=bytes(encoded))) == "curve.point_invalid"
    assert code_of(explicit(domain, point=b"")) == "curve.point_encoding"
    assert code_of(explicit(domain, point=b"\0")) == "curve.point_encoding"  # the point at infinity
    assert code_of(explicit(domain, point=b"\x06" + bytes(encoded[1:]))) == "curve.point_encoding"
    assert code_of(explicit(domain, point=b"\x02" + b"\xff" * domain.field_bytes)) in (
        "curve.point_encoding",
        "curve.point_invalid",
    )


@pytest.mark.parametrize("domain", CURVES)
def test_a_compressed_point_is_the_same_point(domain: Curve) -> None:
    double = domain.add(domain.g, domain.g)
    for candidate in (domain.g, double, domain.negate(double), domain.add(double, domain.g)):
        octets = bytes([2 + (candidate.y & 1)]) + candidate.x.to_bytes(domain.field_bytes, "big")
        assert decode_any_point(domain, octets) == candidate


def wycheproof() -> list[dict[str, Any]]:
    loaded = json.loads((VECTORS / "wycheproof/ecdh_brainpoolP256r1_test.json").read_text(encoding="utf-8"))
    return [test for group in loaded["testGroups"] for test in group["tests"]]


def test_every_right_key_of_wycheproof_is_read() -> None:
    right = [test for test in wycheproof() if test["result"] == "valid"]
    assert len(right) > 500
    for test in right:
        key = parse_public_key(bytes.fromhex(test["public"]))
        assert isinstance(key, EcPublicKey)
        assert key.curve.name == "brainpoolP256r1", test["tcId"]


def test_no_invalid_key_of_wycheproof_is_taken_for_one_on_the_right_curve() -> None:
    refused = 0
    for test in wycheproof():
        if test["result"] != "invalid" or test["comment"] == "no cofactor":
            continue  # a missing cofactor changes nothing: p and n fix it
        try:
            key = parse_public_key(bytes.fromhex(test["public"]))
        except CryptoError:
            refused += 1
            continue
        # The rest are sound keys on other curves, which a protocol refuses because it has agreed on one.
        assert isinstance(key, EcPublicKey)
        assert key.curve.name != "brainpoolP256r1", test["tcId"]
        assert {"WrongCurve", "ModifiedGroup"} & set(test["flags"])
    assert refused > 40


def test_every_manipulated_generator_and_cofactor_of_wycheproof_is_called_so() -> None:
    for test in wycheproof():
        if {"ModifiedGenerator", "ModifiedCofactor", "NegativeCofactor", "LargeCofactor"} & set(test["flags"]):
            assert code_of(bytes.fromhex(test["public"])) == "curve.parameters_manipulated", test["tcId"]


def test_malformed_keys_of_wycheproof_raise_nothing_but_a_crypto_error() -> None:
    for test in wycheproof():
        if "InvalidAsn" in test["flags"]:
            try:
                key = parse_public_key(bytes.fromhex(test["public"]))
            except CryptoError:
                continue
            assert isinstance(key, EcPublicKey)
            assert key.curve.contains(key.point)


@pytest.mark.parametrize(
    "native",
    [ec.SECP192R1(), ec.SECP224R1(), ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1(), ec.BrainpoolP512R1()],
    ids=lambda each: each.name,
)
def test_keys_of_the_crypto_library_are_read_and_given_back(native: ec.EllipticCurve) -> None:
    theirs = ec.generate_private_key(native).public_key()
    key = parse_public_key(theirs.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    assert isinstance(key, EcPublicKey)
    assert key.native() == theirs
    assert key.point == Point(theirs.public_numbers().x, theirs.public_numbers().y)


@pytest.mark.parametrize(("bits", "exponent"), [(1024, 3), (2048, 65537), (3072, 65537)])
def test_an_rsa_key_is_read_and_given_back(bits: int, exponent: int) -> None:
    theirs = rsa.generate_private_key(exponent, bits).public_key()
    key = parse_public_key(theirs.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    assert key == RsaPublicKey(theirs.public_numbers().n, exponent)
    assert key.native() == theirs
    assert repr(key) == f"RsaPublicKey({bits} bits)"


def rsa_key(modulus: int, exponent: int, oid: str = "1.2.840.113549.1.1.1", tail: bytes = b"") -> bytes:
    algorithm = encode_tlv(0x30, [encode_tlv(0x06, encode_oid(oid)), encode_tlv(0x05)])
    numbers = encode_tlv(0x30, [encode_integer(modulus), encode_integer(exponent)])
    return encode_tlv(0x30, [algorithm, bit_string(numbers + tail)])


def test_rsa_numbers_that_make_no_key_are_refused() -> None:
    n = 2**2047 + 9
    assert parse_public_key(rsa_key(n, 38129)) == RsaPublicKey(n, 38129)
    assert parse_public_key(rsa_key(n, 65537, "1.2.840.113549.1.1.10")) == RsaPublicKey(n, 65537)
    assert parse_public_key(rsa_key(n, 2**2000 + 1)) == RsaPublicKey(n, 2**2000 + 1)
    for modulus, exponent in ((0, 3), (-n, 3), (n + 1, 3), (n, 1), (n, 0), (n, -3), (n, 65536), (n, n), (5, 65537)):
        assert code_of(rsa_key(modulus, exponent)) == "public_key.malformed"
    assert code_of(rsa_key(n, 3, tail=b"\0")) == "public_key.malformed"
    assert code_of(rsa_key(2**20000 + 1, 65537)) == "public_key.unsupported"
    assert code_of(rsa_key(2**8191 + 1, 2**1024 + 1)) == "public_key.unsupported"  # seconds for one signature
    assert parse_public_key(rsa_key(2**8191 + 1, 2**1023 + 1)).size_bits == 8192


@pytest.mark.slow
def test_a_key_of_another_kind_is_unsupported_not_wrong() -> None:
    other = dsa.generate_private_key(2048).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert code_of(other) == "public_key.unsupported"
    assert code_of(named("1.3.132.0.10", bytes(65))) == "public_key.unsupported"  # secp256k1
    implicit = encode_tlv(0x30, [encode_tlv(0x30, [EC_PUBLIC_KEY, encode_tlv(0x05)]), bit_string(b"\x04")])
    assert code_of(implicit) == "public_key.unsupported"


@given(st.binary(max_size=120))
def test_arbitrary_octets_are_a_key_or_a_crypto_error(octets: bytes) -> None:
    with pytest.raises(CryptoError):
        parse_public_key(octets)
