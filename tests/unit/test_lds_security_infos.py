"""SecurityInfos and public keys, built here octet by octet from the ASN.1 of Doc 9303-11 §9.2."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from crypto.errors import CryptoError, WireError
from crypto.pace.parameters import STANDARDIZED_CURVES
from crypto.primitives.block_cipher import SymmetricCipher
from crypto.primitives.curves import curve
from crypto.wire.oid import encode_oid
from crypto.wire.tlv import encode_tlv
from reader import errors
from reader.lds.dg14 import parse_dg14
from reader.lds.dg15 import parse_dg15
from reader.lds.security_infos import (
    ActiveAuthenticationInfo,
    ChipAuthenticationInfo,
    ChipAuthenticationPublicKeyInfo,
    PaceDomainParameterInfo,
    PaceInfo,
    SecurityInfos,
    TerminalAuthenticationInfo,
    parse_card_access,
)

BSI = "0.4.0.127.0.7"


def oid(dotted: str) -> bytes:
    return encode_tlv(0x06, encode_oid(dotted))


def integer(value: int) -> bytes:
    return encode_tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def sequence(*parts: bytes) -> bytes:
    return encode_tlv(0x30, parts)


def infos(*parts: bytes) -> SecurityInfos:
    return parse_card_access(encode_tlv(0x31, parts))


def spki(key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def test_each_kind_is_recognised() -> None:
    key = ec.derive_private_key(0x1234, ec.BrainpoolP384R1()).public_key()
    standardized = sequence(
        sequence(oid(f"{BSI}.1.2"), integer(16)),
        encode_tlv(0x03, b"\x00" + key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)),
    )
    found = infos(
        sequence(oid(f"{BSI}.2.2.4.1.1"), integer(2), integer(0)),
        sequence(oid(f"{BSI}.2.2.4.6.4"), integer(2), integer(13)),
        sequence(oid(f"{BSI}.2.2.4.2"), sequence(oid("1.2.840.10045.2.1"), sequence()), integer(40)),
        sequence(oid(f"{BSI}.2.2.3.1.1"), integer(1)),
        sequence(oid(f"{BSI}.2.2.3.2.4"), integer(1), integer(0xC3)),
        sequence(oid(f"{BSI}.2.2.1.2"), spki(key), integer(0xC3)),
        sequence(oid(f"{BSI}.2.2.1.2"), standardized),
        sequence(oid(f"{BSI}.2.2.2"), integer(1), sequence(encode_tlv(0x04, b"\x01\x1c"), encode_tlv(0x04, b"\x1c"))),
        sequence(oid("2.23.136.1.1.5"), integer(1), oid(f"{BSI}.1.1.4.1.3")),
        sequence(oid("1.2.3.4.5"), sequence(), integer(7), integer(8)),
        sequence(oid("1.2.3.4.6")),
    )
    first, second = found.of(PaceInfo)
    assert (first.protocol.name, first.parameter_id) == ("PACE-DH-GM-3DES-CBC-CBC", 0)
    assert (second.protocol.name, second.parameter_id) == ("PACE-ECDH-CAM-AES-CBC-CMAC-256", 13)
    (own,) = found.of(PaceDomainParameterInfo)
    assert (own.parameter_id, own.domain_parameter.curve) == (40, None)
    dh, ecdh = found.of(ChipAuthenticationInfo)
    assert (dh.is_elliptic, dh.cipher, dh.key_id) == (False, SymmetricCipher.TDES, None)
    assert (ecdh.is_elliptic, ecdh.cipher, ecdh.key_id) == (True, SymmetricCipher.AES256, 0xC3)
    named, by_id = found.of(ChipAuthenticationPublicKeyInfo)
    assert named.key_id == 0xC3
    assert by_id.key_id is None
    numbers = key.public_numbers()
    for info in (named, by_id):
        point = info.public_key.point()
        assert info.public_key.curve is curve("brainpoolP384r1")
        assert point is not None
        assert (point.x, point.y) == (numbers.x, numbers.y)
        assert info.public_key.encoded in info.encoded
    (terminal,) = found.of(TerminalAuthenticationInfo)
    assert (terminal.ef_cvca, terminal.ef_cvca_sfi) == (0x011C, 0x1C)
    (active,) = found.of(ActiveAuthenticationInfo)
    assert active.signature_algorithm == f"{BSI}.1.1.4.1.3"
    assert [info.oid for info in found.unknown] == ["1.2.3.4.5", "1.2.3.4.6"]
    assert found.unknown[0].encoded == sequence(oid("1.2.3.4.5"), sequence(), integer(7), integer(8))


@pytest.mark.parametrize("parameter_id", sorted(STANDARDIZED_CURVES))
def test_standardised_parameters_name_their_curve(parameter_id: int) -> None:
    known = curve(STANDARDIZED_CURVES[parameter_id])
    octets = sequence(
        sequence(oid(f"{BSI}.1.2"), integer(parameter_id)), encode_tlv(0x03, b"\x00" + known.encode_point(known.g))
    )
    key = parse_dg15(encode_tlv(0x6F, octets)).public_key
    assert key.curve is known
    assert key.point() == known.g


def test_dg15_keeps_the_key_as_it_is() -> None:
    for key in (
        rsa.generate_private_key(65537, 2048).public_key(),
        ec.derive_private_key(7, ec.SECP256R1()).public_key(),
    ):
        group = parse_dg15(encode_tlv(0x6F, spki(key)))
        assert group.public_key.encoded == spki(key)
        assert group.public_key.encoded.hex() not in repr(group)
    assert group.public_key.curve is curve("secp256r1")


def test_the_order_of_the_chip_is_kept() -> None:
    one, two = sequence(oid("1.2.3"), integer(9)), sequence(oid("1.2.2"), integer(1))
    octets = encode_tlv(0x6E, encode_tlv(0x31, [one, two]))  # not DER: a SET sorted the other way round
    group = parse_dg14(octets)
    assert group.encoded == octets
    assert [info.encoded for info in group.security_infos.infos] == [one, two]


def test_a_point_off_the_curve_is_refused() -> None:
    p256 = curve("secp256r1")
    bad = b"\x04" + p256.g.x.to_bytes(32, "big") + (p256.g.y ^ 1).to_bytes(32, "big")
    algorithm = sequence(oid("1.2.840.10045.2.1"), oid("1.2.840.10045.3.1.7"))
    key = parse_dg15(encode_tlv(0x6F, sequence(algorithm, encode_tlv(0x03, b"\x00" + bad)))).public_key
    with pytest.raises(CryptoError):
        key.point()


NO_INFOS = {
    "no sequence": integer(1),
    "empty sequence": sequence(),
    "no identifier first": sequence(integer(1)),
    "identifier cut short": sequence(encode_tlv(0x06, b"\x2a\x86")),
}
MALFORMED_INFOS = {
    "PACE without version": sequence(oid(f"{BSI}.2.2.4.2.2")),
    "PACE with a text for a version": sequence(oid(f"{BSI}.2.2.4.2.2"), encode_tlv(0x0C, b"2")),
    "PACE with a negative version": sequence(oid(f"{BSI}.2.2.4.2.2"), encode_tlv(0x02, b"\xff")),
    "PACE with an empty version": sequence(oid(f"{BSI}.2.2.4.2.2"), encode_tlv(0x02)),
    "PACE with an endless parameter id": sequence(oid(f"{BSI}.2.2.4.2.2"), integer(2), encode_tlv(0x02, b"\x01" * 33)),
    "domain parameters that are no algorithm": sequence(oid(f"{BSI}.2.2.4.2"), integer(1)),
    "AA without algorithm": sequence(oid("2.23.136.1.1.5"), integer(1)),
    "CA key that is no key": sequence(oid(f"{BSI}.2.2.1.2"), integer(1)),
    "CA key with odd bits": sequence(
        oid(f"{BSI}.2.2.1.2"), sequence(sequence(oid("1.2.3")), encode_tlv(0x03, b"\x03\x08"))
    ),
    "CA key with more behind": sequence(
        oid(f"{BSI}.2.2.1.2"), sequence(sequence(oid("1.2.3")), encode_tlv(0x03, b"\x00\x08"), integer(1))
    ),
    "PACE cut short inside": encode_tlv(0x30, oid(f"{BSI}.2.2.4.2.2") + b"\x02\x05\x02"),
}


@pytest.mark.parametrize("bad", NO_INFOS.values(), ids=NO_INFOS.keys())
def test_a_set_of_something_else_is_an_error(bad: bytes) -> None:
    with pytest.raises((errors.DocumentError, WireError)):
        infos(bad)


@pytest.mark.parametrize("bad", MALFORMED_INFOS.values(), ids=MALFORMED_INFOS.keys())
def test_one_malformed_object_does_not_hide_the_others(bad: bytes) -> None:
    """It offers nothing, is none of the unknown ones, and is kept as it is for whoever wants to say so."""
    good = sequence(oid(f"{BSI}.2.2.4.2.4"), integer(2), integer(13))
    found = infos(bad, good)
    assert [info.encoded for info in found.malformed] == [bad]
    assert [info.encoded for info in found.of(PaceInfo)] == [good]
    assert found.unknown == ()
    assert len(found.infos) == 2


def test_something_else_than_a_set() -> None:
    with pytest.raises(WireError):
        parse_card_access(sequence())
    with pytest.raises(errors.DocumentError):
        parse_dg14(encode_tlv(0x6E, sequence()))
