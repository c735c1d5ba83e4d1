"""Card-verifiable certificates: the published chain, certificates written by hand, and whatever is none."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from crypto.errors import CryptoError
from crypto.pki.cvc import (
    ID_TA,
    CvRole,
    TerminalType,
    parse_cv_certificate,
    parse_cv_certificates,
    terminal_signature_algorithm,
    terminal_signature_algorithms,
)
from crypto.primitives.curves import curve
from crypto.signatures.public_key import RsaPublicKey
from crypto.wire.oid import encode_oid

PUBLISHED = {
    name: bytes.fromhex(text)
    for name, text in json.loads(
        (Path(__file__).parents[1] / "vectors" / "eac_worked_example_certificates.json").read_text()
    )["certificates"].items()
}


def tlv(tag: str, *parts: bytes) -> bytes:
    value = b"".join(parts)
    size = len(value)
    length = bytes([size]) if size < 128 else bytes([0x81, size]) if size < 256 else b"\x82" + size.to_bytes(2, "big")
    return bytes.fromhex(tag) + length + value


def digits(day: dt.date) -> bytes:
    return bytes(int(digit) for digit in day.strftime("%y%m%d"))


def body_of(
    public_key: bytes,
    *,
    car: bytes = b"UTTESTCVCA00001",
    chr_: bytes = b"UTTESTCVCA00001",
    role: str = "0.4.0.127.0.7.3.1.2.1",
    rights: bytes = b"\xc3",
    effective: bytes = digits(dt.date(2026, 1, 2)),
    expiration: bytes = digits(dt.date(2029, 1, 1)),
    extra: bytes = b"",
) -> bytes:
    template = tlv("7F4C", tlv("06", encode_oid(role)), tlv("53", rights))
    return tlv(
        "7F4E",
        tlv("5F29", b"\0"),
        tlv("42", car),
        public_key,
        tlv("5F20", chr_),
        template,
        tlv("5F25", effective),
        tlv("5F24", expiration),
        extra,
    )


def key_object(private: ec.EllipticCurvePrivateKey, name: str, oid: str, *, parameters: bool = True) -> bytes:
    domain, numbers = curve(name), private.public_key().public_numbers()
    size = domain.field_bytes

    def number(value: int) -> bytes:
        return value.to_bytes(size, "big")

    point = b"\x04" + number(numbers.x) + number(numbers.y)
    if not parameters:
        return tlv("7F49", tlv("06", encode_oid(oid)), tlv("86", point))
    return tlv(
        "7F49",
        tlv("06", encode_oid(oid)),
        tlv("81", number(domain.p)),
        tlv("82", number(domain.a)),
        tlv("83", number(domain.b)),
        tlv("84", b"\x04" + number(domain.g.x) + number(domain.g.y)),
        tlv("85", domain.n.to_bytes(domain.order_bytes, "big")),
        tlv("86", point),
        tlv("87", b"\x01"),
    )


KEY = ec.derive_private_key(0x1F2E3D4C5B6A79880123456789ABCDEF, ec.BrainpoolP256R1())
SHA256 = f"{ID_TA}.2.3"


def certificate(body: bytes, private: ec.EllipticCurvePrivateKey = KEY, size: int = 32) -> bytes:
    r, s = decode_dss_signature(private.sign(body, ec.ECDSA(hashes.SHA256())))
    return tlv("7F21", body, tlv("5F37", r.to_bytes(size, "big") + s.to_bytes(size, "big")))


def own_key_object() -> bytes:
    return key_object(KEY, "brainpoolP256r1", SHA256)


def test_the_published_elliptic_chain_reads_as_printed_and_verifies() -> None:
    authority, verifier, terminal = (
        parse_cv_certificate(PUBLISHED[name]) for name in ("ecdh_cvca", "ecdh_dv", "ecdh_terminal")
    )
    assert [c.holder_reference for c in (authority, verifier, terminal)] == [
        "DECVCAAT00001",
        "DETESTDVDE019",
        "DETESTATDE019",
    ]
    assert authority.is_self_signed
    assert (verifier.authority_reference, terminal.authority_reference) == ("DECVCAAT00001", "DETESTDVDE019")
    assert [c.role for c in (authority, verifier, terminal)] == [CvRole.CVCA, CvRole.DV_DOMESTIC, CvRole.TERMINAL]
    # the published example mixes terminal types along its chain: that alone is no reason to refuse it
    assert authority.terminal_type is TerminalType.INSPECTION_SYSTEM
    assert terminal.terminal_type is TerminalType.AUTHENTICATION_TERMINAL
    assert (terminal.effective, terminal.expiration) == (dt.date(2010, 9, 30), dt.date(2010, 10, 30))
    authority_key = authority.public_key.on(None)
    algorithm = authority.public_key.algorithm
    assert authority.is_signed_by(authority_key, algorithm)
    assert verifier.is_signed_by(authority_key, algorithm)
    assert authority.public_key.curve is not None
    assert terminal.is_signed_by(verifier.public_key.on(authority.public_key.curve), verifier.public_key.algorithm)
    assert not terminal.is_signed_by(authority_key, algorithm)


def test_the_published_rsa_certificates_read_as_printed() -> None:
    authority, terminal = parse_cv_certificate(PUBLISHED["rsa_cvca"]), parse_cv_certificate(PUBLISHED["rsa_terminal"])
    key = authority.public_key.on(None)
    assert isinstance(key, RsaPublicKey)
    assert (key.size_bits, key.exponent) == (1024, 65537)
    assert authority.is_signed_by(key, authority.public_key.algorithm)
    assert not terminal.is_signed_by(key, authority.public_key.algorithm)  # its issuer is another one
    assert [terminal.allows(right) for right in (0, 4, 8, 9)] == [False, True, True, False]


def test_a_file_may_hold_a_whole_chain() -> None:
    chain = b"".join(PUBLISHED[name] for name in ("ecdh_cvca", "ecdh_dv", "ecdh_terminal"))
    assert [c.encoded for c in parse_cv_certificates(chain)] == [
        PUBLISHED[name] for name in ("ecdh_cvca", "ecdh_dv", "ecdh_terminal")
    ]
    assert parse_cv_certificates(b"") == ()
    with pytest.raises(CryptoError):
        parse_cv_certificates(chain + b"\0")


def test_a_certificate_made_with_another_library_reads_and_verifies() -> None:
    made = parse_cv_certificate(certificate(body_of(own_key_object(), rights=b"\xc1")))
    assert made.is_signed_by(made.public_key.on(None), made.public_key.algorithm)
    assert made.allows(0)
    assert not made.allows(1)
    assert made.is_valid_on(dt.date(2026, 1, 2))
    assert made.is_valid_on(dt.date(2029, 1, 1))
    assert not made.is_valid_on(dt.date(2026, 1, 1))
    assert not made.is_valid_on(dt.date(2029, 1, 2))


def test_a_key_without_domain_parameters_takes_its_issuers_curve_and_no_other() -> None:
    bare = key_object(KEY, "brainpoolP256r1", SHA256, parameters=False)
    made = parse_cv_certificate(certificate(body_of(bare)))
    assert made.public_key.key is None
    assert made.is_signed_by(made.public_key.on(curve("brainpoolP256r1")), made.public_key.algorithm)
    for wrong in (None, curve("secp256r1"), curve("brainpoolP384r1")):
        with pytest.raises(CryptoError):
            made.public_key.on(wrong)


@pytest.mark.parametrize("oid", [f"{ID_TA}.1.{number}" for number in range(1, 7)])
def test_every_rsa_algorithm_of_terminal_authentication(oid: str) -> None:
    private = rsa.generate_private_key(65537, 2048)
    algorithm = terminal_signature_algorithm(oid)
    native = algorithm.hash_algorithm.native
    scheme = (
        padding.PKCS1v15()
        if algorithm.salt_bytes is None
        else padding.PSS(padding.MGF1(native), algorithm.hash_algorithm.digest_bytes)
    )
    modulus = private.public_key().public_numbers().n
    key = tlv("7F49", tlv("06", encode_oid(oid)), tlv("81", modulus.to_bytes(256, "big")), tlv("82", b"\x01\x00\x01"))
    body = body_of(key)
    made = parse_cv_certificate(tlv("7F21", body, tlv("5F37", private.sign(body, scheme, native))))
    assert made.is_signed_by(made.public_key.on(None), made.public_key.algorithm)
    tampered = parse_cv_certificate(made.encoded.replace(b"UTTESTCVCA00001", b"UTTESTCVCA00002"))
    assert not tampered.is_signed_by(tampered.public_key.on(None), tampered.public_key.algorithm)


def test_the_table_of_algorithms_is_that_of_the_guideline() -> None:
    names = {
        oid.removeprefix(f"{ID_TA}."): algorithm.name for oid, algorithm in terminal_signature_algorithms().items()
    }
    assert names == {
        "1.1": "RSASSA-PKCS1-v1_5 with sha1",
        "1.2": "RSASSA-PKCS1-v1_5 with sha256",
        "1.3": "RSASSA-PSS with sha1",
        "1.4": "RSASSA-PSS with sha256",
        "1.5": "RSASSA-PKCS1-v1_5 with sha512",
        "1.6": "RSASSA-PSS with sha512",
        "2.1": "ECDSA-plain with sha1",
        "2.2": "ECDSA-plain with sha224",
        "2.3": "ECDSA-plain with sha256",
        "2.4": "ECDSA-plain with sha384",
        "2.5": "ECDSA-plain with sha512",
    }


def test_a_key_off_its_curve_is_refused() -> None:
    good = own_key_object()
    point = KEY.public_key().public_numbers()
    off = point.x.to_bytes(32, "big") + (point.y ^ 1).to_bytes(32, "big")
    bad = good.replace(point.x.to_bytes(32, "big") + point.y.to_bytes(32, "big"), off)
    with pytest.raises(CryptoError) as caught:
        parse_cv_certificate(certificate(body_of(bad)))
    assert caught.value.code.name == "curve.point_invalid"


def test_the_cofactor_may_be_left_out_and_must_be_one() -> None:
    without = own_key_object()[:-3].replace(b"\x7f\x49\x82\x01\x1d", b"\x7f\x49\x82\x01\x1a")
    assert len(without) == len(own_key_object()) - 3
    assert parse_cv_certificate(certificate(body_of(without))).public_key.curve == curve("brainpoolP256r1")
    with pytest.raises(CryptoError):
        parse_cv_certificate(certificate(body_of(own_key_object()[:-1] + b"\x02")))


def test_a_known_curve_with_another_base_point_is_refused() -> None:
    domain = curve("brainpoolP256r1")
    bad = own_key_object().replace(domain.encode_point(domain.g), domain.encode_point(domain.negate(domain.g)))
    with pytest.raises(CryptoError) as caught:
        parse_cv_certificate(certificate(body_of(bad)))
    assert caught.value.code.name == "curve.parameters_manipulated"


@pytest.mark.parametrize(
    "body",
    [
        body_of(own_key_object(), effective=b"260102"),  # ASCII digits in place of unpacked ones
        body_of(own_key_object(), effective=bytes([2, 6, 1, 3, 0, 1])),
        body_of(own_key_object(), car=b""),
        body_of(own_key_object(), chr_=b"UTTESTCVCA0000123"),
        body_of(own_key_object(), rights=b""),
        body_of(own_key_object(), extra=tlv("5F29", b"\0")),
        body_of(own_key_object()).replace(tlv("5F29", b"\0"), tlv("5F29", b"\1")),
        body_of(key_object(KEY, "brainpoolP256r1", "0.4.0.127.0.7.2.2.2.3.1")),
        body_of(key_object(KEY, "brainpoolP256r1", f"{ID_TA}.1.2")),
    ],
    ids=["ascii-date", "month-13", "no-car", "long-chr", "no-rights", "trailing", "profile", "unknown-oid", "kind"],
)
def test_what_is_no_certificate_is_said_to_be_none(body: bytes) -> None:
    with pytest.raises(CryptoError):
        parse_cv_certificate(certificate(body))


@given(st.data())
def test_no_octets_at_all_break_the_parser(data: st.DataObject) -> None:
    good = bytearray(PUBLISHED[data.draw(st.sampled_from(sorted(PUBLISHED)))])
    for _ in range(data.draw(st.integers(1, 4))):
        good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    try:
        parsed = parse_cv_certificate(bytes(good[: data.draw(st.integers(0, len(good)))]) or b"")
    except CryptoError:
        return
    assert parsed.encoded
