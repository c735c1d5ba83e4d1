"""Curve parameters against other implementations; multiplication against its laws, at its edges and by Wycheproof."""

import json
import subprocess
from pathlib import Path
from typing import Any

import ecdsa.curves
import ecdsa.ellipticcurve
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.errors import CryptoError
from crypto.primitives.curve_parameters import CURVE_PARAMETERS
from crypto.primitives.curves import Curve, Point, curve, curves, random_scalar, square_root
from crypto.signatures.public_key import CURVE_OIDS
from crypto.wire.oid import encode_oid
from crypto.wire.tlv import encode_tlv

VECTORS = Path(__file__).parents[1] / "vectors"
SUPPORTED = [each.name for each in curves() if each.in_openssl]
IN_PYTHON = [each.name for each in curves() if not each.in_openssl]
NAMES_ELSEWHERE = {
    "secp192r1": "NIST192p",
    "secp224r1": "NIST224p",
    "secp256r1": "NIST256p",
    "secp384r1": "NIST384p",
    "secp521r1": "NIST521p",
}


def elsewhere(name: str) -> Any:
    """The same curve in a second, independent implementation."""
    return getattr(ecdsa.curves, NAMES_ELSEWHERE.get(name, name.replace("brainpoolP", "BRAINPOOLP")))


def slow_multiple(domain: Curve, scalar: int, point: Point) -> Point:
    """scalar · point by that second implementation."""
    there = elsewhere(domain.name)
    product = ecdsa.ellipticcurve.Point(there.curve, point.x, point.y) * scalar
    return Point(int(product.x()), int(product.y()))


@pytest.mark.parametrize("name", list(CURVE_PARAMETERS))
def test_parameters_are_those_of_a_second_implementation(name: str) -> None:
    ours, theirs = curve(name), elsewhere(name)
    assert ours.p == int(theirs.curve.p())
    assert ours.a == int(theirs.curve.a()) % ours.p
    assert ours.b == int(theirs.curve.b())
    assert ours.g == Point(int(theirs.generator.x()), int(theirs.generator.y()))
    assert ours.n == int(theirs.order)
    assert theirs.curve.cofactor() in (None, 1)
    assert ours.contains(ours.g)


@pytest.mark.parametrize("name", SUPPORTED)
def test_parameters_are_those_of_openssl(name: str) -> None:
    # 1·G and (n-1)·G come out right only if G and n are OpenSSL's
    ours = curve(name)
    assert ours.private_key(1).public_point == ours.g
    assert ours.private_key(ours.n - 1).public_point == ours.negate(ours.g)


def test_three_curves_are_computed_in_python() -> None:
    assert IN_PYTHON == ["brainpoolP192r1", "brainpoolP224r1", "brainpoolP320r1"]


def openssl_public_point(name: str, scalar: int) -> bytes:
    """The public point of a private key as the openssl command computes it."""
    domain = curve(name)
    oid = next(dotted for dotted, known in CURVE_OIDS.items() if known == name)
    key = encode_tlv(
        0x30,
        encode_tlv(0x02, b"\x01")
        + encode_tlv(0x04, scalar.to_bytes(domain.order_bytes, "big"))
        + encode_tlv(0xA0, encode_tlv(0x06, encode_oid(oid))),
    )
    command = ["openssl", "ec", "-inform", "DER", "-pubout", "-outform", "DER", "-conv_form", "uncompressed"]
    done = subprocess.run(command, input=key, capture_output=True, check=True, timeout=30)
    return done.stdout[-(1 + 2 * domain.field_bytes) :]


@pytest.mark.parametrize("name", IN_PYTHON)
def test_python_and_openssl_compute_the_same_public_points(name: str) -> None:
    domain = curve(name)
    for scalar in (1, 2, domain.n - 1, random_scalar(domain)):
        assert domain.private_key(scalar).public_octets == openssl_public_point(name, scalar)


@pytest.mark.parametrize("name", IN_PYTHON)
def test_a_split_scalar_is_never_the_scalar_and_never_the_same_twice(name: str) -> None:
    domain = curve(name)
    key: Any = domain.private_key(7)
    seen = set()
    for _ in range(5):
        assert key.multiply(domain.g) == key.public_point
        assert 7 not in key._shares
        assert sum(key._shares) % domain.n == 7
        seen.add(key._shares)
    assert len(seen) == 5


@pytest.mark.parametrize("name", IN_PYTHON)
def test_points_off_the_curve_are_refused_in_python_too(name: str) -> None:
    domain = curve(name)
    wrong = Point(domain.g.x, domain.g.y ^ 1)
    for operation in (domain.private_key(7).multiply, domain.private_key(7).shared_x):
        with pytest.raises(CryptoError) as error:
            operation(wrong)
        assert error.value.code.name == "curve.point_invalid"


def test_an_unknown_curve_has_its_own_code() -> None:
    with pytest.raises(CryptoError) as error:
        curve("secp256k1")
    assert error.value.code.name == "curve.unknown"


@pytest.mark.parametrize("name", SUPPORTED)
def test_a_scalar_out_of_range_is_refused(name: str) -> None:
    for scalar in (0, -1, curve(name).n, curve(name).n + 1):
        with pytest.raises(CryptoError) as error:
            curve(name).private_key(scalar)
        assert error.value.code.name == "curve.scalar_invalid"


@pytest.mark.parametrize("name", SUPPORTED)
@settings(max_examples=5, deadline=None)
@given(data=st.data())
def test_both_orders_of_two_secrets_meet_in_one_point(name: str, data: st.DataObject) -> None:
    domain = curve(name)
    scalars = st.integers(1, domain.n - 1)
    first, second = domain.private_key(data.draw(scalars)), domain.private_key(data.draw(scalars))
    product = first.multiply(second.public_point)
    assert product == second.multiply(first.public_point)
    assert domain.contains(product)
    assert first.shared_x(second.public_point) == product.x.to_bytes(domain.field_bytes, "big")


@pytest.mark.parametrize("name", SUPPORTED)
def test_the_whole_point_is_that_of_a_second_implementation(name: str) -> None:
    domain = curve(name)
    point = domain.private_key(domain.n // 3).public_point
    for scalar in (1, 2, domain.n - 1, domain.n // 5):
        assert domain.private_key(scalar).multiply(point) == slow_multiple(domain, scalar, point)


@pytest.mark.parametrize("name", SUPPORTED)
def test_multiplication_is_right_at_the_base_point_and_its_inverse(name: str) -> None:
    domain = curve(name)
    for scalar in (1, 2, domain.n - 1, domain.n - 2, 0xDEADBEEF):
        key = domain.private_key(scalar)
        assert key.multiply(domain.g) == key.public_point
        assert key.multiply(domain.negate(domain.g)) == domain.negate(key.public_point)


@pytest.mark.parametrize("name", SUPPORTED)
def test_multiplication_is_right_where_a_shortcut_would_meet_infinity(name: str) -> None:
    domain = curve(name)
    doubled = domain.private_key(2).public_point
    for scalar in ((domain.n + 1) // 2, domain.n - 2):
        for point in (doubled, domain.negate(doubled), domain.private_key(scalar).public_point):
            assert domain.private_key(scalar).multiply(point) == slow_multiple(domain, scalar, point)


@pytest.mark.parametrize("name", list(CURVE_PARAMETERS))
def test_addition_is_the_group_law(name: str) -> None:
    domain = curve(name)
    double = domain.add(domain.g, domain.g)
    assert double == slow_multiple(domain, 2, domain.g)
    triple = domain.add(double, domain.g)
    assert triple == domain.add(domain.g, double) == slow_multiple(domain, 3, domain.g)
    with pytest.raises(CryptoError):
        domain.add(domain.g, domain.negate(domain.g))


@pytest.mark.parametrize("name", list(CURVE_PARAMETERS))
def test_a_point_is_encoded_and_decoded_and_everything_else_is_refused(name: str) -> None:
    domain = curve(name)
    encoded = domain.encode_point(domain.g)
    assert len(encoded) == 1 + 2 * domain.field_bytes
    assert domain.decode_point(encoded) == domain.g
    wrong = [
        b"",
        b"\x00",
        encoded[:-1],
        encoded + b"\0",
        b"\x02" + encoded[1 : 1 + domain.field_bytes],  # compressed: not in chip protocols (TR-03111 §3.2.1)
        b"\x06" + encoded[1:],
        encoded[:-1] + bytes([encoded[-1] ^ 1]),
        b"\x04" + bytes(2 * domain.field_bytes),
        b"\x04" + (domain.g.x + domain.p).to_bytes(domain.field_bytes + 1, "big")[-domain.field_bytes :] + encoded[-1:],
    ]
    for octets in wrong:
        with pytest.raises(CryptoError) as error:
            domain.decode_point(octets)
        assert error.value.code.name == "curve.point_invalid"


@pytest.mark.parametrize("name", SUPPORTED)
def test_no_secret_meets_a_point_off_the_curve(name: str) -> None:
    domain = curve(name)
    key = domain.private_key(12345)
    for point in (Point(domain.g.x, domain.g.y ^ 1), Point(0, 0), Point(domain.g.x + domain.p, domain.g.y)):
        with pytest.raises(CryptoError):
            key.shared_x(point)
        with pytest.raises(CryptoError):
            key.multiply(point)


@settings(deadline=None)
@given(st.sampled_from([each.p for each in curves()]), st.integers(0, 2**521))
def test_square_roots_are_roots_or_there_are_none(p: int, value: int) -> None:
    assert pow(square_root(value * value, p), 2, p) == value * value % p
    if pow(value, (p - 1) // 2, p) == p - 1:
        with pytest.raises(CryptoError):
            square_root(value, p)


def test_a_random_scalar_is_in_range_and_another_every_time() -> None:
    domain = curve("secp256r1")
    scalars = {random_scalar(domain) for _ in range(50)}
    assert len(scalars) == 50
    assert all(1 <= scalar < domain.n for scalar in scalars)


@pytest.mark.parametrize("name", SUPPORTED)
def test_a_fresh_key_on_another_generator_is_a_key_pair_there_whichever_sign_it_was_given(name: str) -> None:
    domain = curve(name)
    generator = domain.private_key(0x1234567).public_point
    signs: set[bool] = set()
    while len(signs) < 2:  # k and n - k are drawn alike
        fresh, other = domain.fresh_key(), domain.private_key(0x7654321)
        public = fresh.public_point_on(generator)
        whole = fresh.multiply(generator)
        assert public in (whole, domain.negate(whole))
        assert fresh.shared_x(other.multiply(generator)) == other.shared_x(public), "both sides agree"
        signs.add(public == whole)


@pytest.mark.parametrize("name", SUPPORTED)
def test_a_known_key_has_one_public_point_on_another_generator(name: str) -> None:
    domain = curve(name)
    key, generator = domain.private_key(0x13579BDF), domain.private_key(0x2468).public_point
    assert key.public_point_on(generator) == key.multiply(generator)


@pytest.mark.parametrize("name", list(CURVE_PARAMETERS))
def test_a_fresh_key_agrees_with_any_other_and_is_another_every_time(name: str) -> None:
    domain = curve(name)
    first, second = domain.fresh_key(), domain.fresh_key()
    assert first.public_point != second.public_point
    assert domain.contains(first.public_point)
    assert first.shared_x(second.public_point) == second.shared_x(first.public_point)
    assert first.multiply(domain.g) == first.public_point
    assert str(first.public_point.x) not in repr(first)


def test_a_private_key_shows_nothing_of_itself() -> None:
    assert repr(curve("secp256r1").private_key(0xC0FFEE)) == "EcPrivateKey(secp256r1)"


def wycheproof_agreements() -> list[Any]:
    loaded = json.loads((VECTORS / "wycheproof/ecdh_brainpoolP256r1_test.json").read_text(encoding="utf-8"))
    return [test for group in loaded["testGroups"] for test in group["tests"]]


@pytest.mark.slow
def test_agreement_gives_wycheproofs_shared_secrets() -> None:
    domain = curve("brainpoolP256r1")
    header = "305a301406072a8648ce3d020106092b2403030208010107034200"
    checked = 0
    for test in wycheproof_agreements():
        if not test["public"].startswith(header + "04") or test["result"] != "valid":
            continue
        key = domain.private_key(int(test["private"], 16))
        point = domain.decode_point(bytes.fromhex(test["public"][len(header) :]))
        assert key.shared_x(point).hex() == test["shared"], test["tcId"]
        if checked % 5 == 0:  # three products each; every fifth case keeps the suite quick
            assert key.multiply(point).x.to_bytes(32, "big").hex() == test["shared"], test["tcId"]
        checked += 1
    assert checked > 400


def test_native_keys_agree_with_the_library_itself() -> None:
    domain = curve("brainpoolP384r1")
    native = ec.derive_private_key(99, ec.BrainpoolP384R1())
    assert domain.public_key(domain.private_key(99).public_point) == native.public_key()
