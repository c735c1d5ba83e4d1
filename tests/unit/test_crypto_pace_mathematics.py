"""PACE with generic mapping, value by value (Doc 9303-11 appendix G.1), and its identifiers and parameters."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.errors import CryptoError
from crypto.pace.mapping import map_generic_ecdh
from crypto.pace.parameters import (
    STANDARDIZED_CURVES,
    Agreement,
    Mapping,
    PasswordReference,
    pace_protocol,
    pace_protocols,
    standardized_curve,
)
from crypto.primitives.block_cipher import SymmetricCipher, decrypt_cbc
from crypto.primitives.curves import Curve, Point, curve
from crypto.primitives.kdf import KeyUse, derive_key
from crypto.primitives.mac import mac
from crypto.wire.oid import decode_oid, encode_oid
from crypto.wire.tlv import encode_tlv, parse_tlv

VECTORS = Path(__file__).parents[1] / "vectors"
CASE: dict[str, Any] = json.loads((VECTORS / "pace_gm_ecdh.json").read_text(encoding="utf-8"))["cases"][0]


def value(name: str) -> bytes:
    return bytes.fromhex(CASE[name])


def number(name: str) -> int:
    return int(CASE[name], 16)


def domain() -> Curve:
    found = standardized_curve(CASE["domain_parameters"]["standardized_id"])
    if found is None:
        pytest.fail("parameter id 13 is a curve")
    return found


def test_the_domain_parameters_are_the_published_ones() -> None:
    printed = CASE["domain_parameters"]
    ours = domain()
    assert ours.name == printed["name"]
    for name, ours_value in (("p", ours.p), ("a", ours.a), ("b", ours.b), ("order", ours.n)):
        assert ours_value == int(printed[name], 16)
    assert ours.encode_point(ours.g).hex() == printed["generator"]


def test_the_nonce_is_decrypted_as_published() -> None:
    key = derive_key(value("password_key_seed"), KeyUse.PASSWORD, SymmetricCipher.AES128)
    assert key == value("password_key")
    assert decrypt_cbc(SymmetricCipher.AES128, key, bytes(16), value("encrypted_nonce")) == value("nonce")


@pytest.mark.parametrize(("own", "peer"), [("terminal", "chip"), ("chip", "terminal")])
def test_the_mapping_is_the_published_one_from_both_sides(own: str, peer: str) -> None:
    ours = domain()
    key = ours.private_key(number(f"{own}_mapping_private_key"))
    assert key.public_octets == value(f"{own}_mapping_public_key")
    peer_point = ours.decode_point(value(f"{peer}_mapping_public_key"))
    assert ours.encode_point(key.multiply(peer_point)) == value("mapping_shared_secret")
    assert ours.encode_point(map_generic_ecdh(ours, value("nonce"), key, peer_point)) == value("mapped_generator")


@pytest.mark.parametrize(("own", "peer"), [("terminal", "chip"), ("chip", "terminal")])
def test_agreement_over_the_mapped_generator_is_the_published_one(own: str, peer: str) -> None:
    ours = domain()
    generator = ours.decode_point(value("mapped_generator"))
    key = ours.private_key(number(f"{own}_private_key"))
    assert ours.encode_point(key.multiply(generator)) == value(f"{own}_public_key")
    assert key.shared_x(ours.decode_point(value(f"{peer}_public_key"))) == value("shared_secret")


def test_session_keys_and_tokens_are_the_published_ones() -> None:
    aes = SymmetricCipher.AES128
    assert derive_key(value("shared_secret"), KeyUse.ENCRYPTION, aes) == value("ks_enc")
    ks_mac = derive_key(value("shared_secret"), KeyUse.MAC, aes)
    assert ks_mac == value("ks_mac")
    for own, peer in (("terminal", "chip"), ("chip", "terminal")):
        token_input = encode_tlv(
            0x7F49, [encode_tlv(0x06, encode_oid(CASE["oid"])), encode_tlv(0x86, value(f"{peer}_public_key"))]
        )
        assert token_input == value(f"{own}_token_input")
        assert mac(aes, ks_mac, token_input) == value(f"{own}_token")


def test_the_published_pace_info_names_the_protocol_and_the_parameters() -> None:
    fields = parse_tlv(value("pace_info"), 0x30).children()
    protocol = pace_protocol(decode_oid(fields[0].value))
    assert protocol is not None
    assert protocol.name == "PACE-ECDH-GM-AES-CBC-CMAC-128"
    assert (protocol.agreement, protocol.mapping) == (Agreement.ECDH, Mapping.GENERIC)
    assert protocol.cipher is SymmetricCipher.AES128
    assert standardized_curve(fields[2].value[0]) is curve("brainpoolP256r1")


def test_every_other_published_example_names_a_known_protocol() -> None:
    for file in ("pace_gm_dh", "pace_im_ecdh", "pace_im_dh", "pace_cam_ecdh"):
        for case in json.loads((VECTORS / f"{file}.json").read_text(encoding="utf-8"))["cases"]:
            protocol = pace_protocol(case["oid"])
            assert protocol is not None
            assert f"id-{protocol.name}" == case["protocol"]
            assert protocol.cipher.label == case["cipher"]
            assert protocol.mapping.value.lower() == case["mapping"]


def test_there_are_nineteen_protocols_and_mapping_for_chip_authentication_has_no_3des() -> None:
    protocols = pace_protocols()
    assert len(protocols) == len({protocol.oid for protocol in protocols}) == 4 * 4 + 3
    cam = [p for p in protocols if p.mapping is Mapping.CHIP_AUTHENTICATION]
    assert all(p.cipher.is_aes and p.agreement is Agreement.ECDH for p in cam)
    for unknown in ("0.4.0.127.0.7.2.2.4.6.1", "0.4.0.127.0.7.2.2.4.5.2", "0.4.0.127.0.7.2.2.4.2", "1.2.3"):
        assert pace_protocol(unknown) is None


def test_parameter_ids_are_those_of_the_table() -> None:
    # Doc 9303-11 §9.5.1 table: 0–2 are groups, 3–7 and 19 on are reserved
    assert sorted(STANDARDIZED_CURVES) == list(range(8, 19))
    assert all(standardized_curve(number) is None for number in (0, 1, 2, 3, 7, 19, 31, -1))
    sizes = [standardized_curve(number).p.bit_length() for number in range(8, 19)]  # type: ignore[union-attr]
    assert sizes == [192, 192, 224, 224, 256, 256, 320, 384, 384, 512, 521]


def test_passwords_have_their_published_numbers() -> None:
    assert {reference.name: int(reference) for reference in PasswordReference} == {
        "MRZ": 1,
        "CAN": 2,
        "PIN": 3,
        "PUK": 4,
    }


@pytest.mark.parametrize("name", list(STANDARDIZED_CURVES.values()))
@settings(max_examples=3, deadline=None)
@given(nonce=st.binary(min_size=16, max_size=16), first=st.integers(1, 2**150), second=st.integers(1, 2**150))
def test_both_sides_map_to_one_generator_on_every_curve(name: str, nonce: bytes, first: int, second: int) -> None:
    ours = curve(name)
    terminal, chip = ours.private_key(first), ours.private_key(second)
    if int.from_bytes(nonce, "big") == 0:
        with pytest.raises(CryptoError):
            map_generic_ecdh(ours, nonce, terminal, chip.public_point)
        return
    generator = map_generic_ecdh(ours, nonce, terminal, chip.public_point)
    assert generator == map_generic_ecdh(ours, nonce, chip, terminal.public_point)
    assert ours.contains(generator)
    assert generator != ours.g or nonce.startswith(bytes(15))


def test_a_nonce_that_maps_to_infinity_is_refused() -> None:
    ours = domain()
    terminal, chip = ours.private_key(5), ours.private_key(7)
    opposite = (ours.n - 35).to_bytes(32, "big")  # s·G = −35·G = −H
    with pytest.raises(CryptoError):
        map_generic_ecdh(ours, opposite, terminal, chip.public_point)
    with pytest.raises(CryptoError):
        map_generic_ecdh(ours, bytes(16), terminal, chip.public_point)
    with pytest.raises(CryptoError):
        map_generic_ecdh(ours, b"\x01", terminal, Point(1, 1))
