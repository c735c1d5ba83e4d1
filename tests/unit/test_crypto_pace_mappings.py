"""Mappings of Doc 9303-11 §4.4.3.3 against the standard's worked examples, and what no mapping may accept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from crypto.errors import CryptoError
from crypto.pace.integrated import map_integrated_dh, map_integrated_ecdh, pseudo_random_element
from crypto.pace.mapping import map_generic_dh
from crypto.primitives.block_cipher import SymmetricCipher
from crypto.primitives.curves import curve, curves
from crypto.primitives.dh_groups import DH_GROUPS
from crypto.primitives.kdf import KeyUse, derive_key
from crypto.primitives.mac import mac

VECTORS = Path(__file__).parents[1] / "vectors"
AES128 = SymmetricCipher.AES128


def case(name: str) -> dict[str, Any]:
    return dict(json.loads((VECTORS / name).read_text(encoding="utf-8"))["cases"][0])


def octets(vector: dict[str, Any], field: str) -> bytes:
    return bytes.fromhex(vector[field])


def number(vector: dict[str, Any], field: str) -> int:
    return int(vector[field], 16)


def test_integrated_mapping_on_a_curve_gives_the_published_generator_and_keys() -> None:
    vector = case("pace_im_ecdh.json")
    domain = curve(vector["domain_parameters"]["name"])
    element = pseudo_random_element(AES128, octets(vector, "nonce"), octets(vector, "nonce_t"), domain.p)
    assert element == number(vector, "pseudo_random_mod_p")
    generator = map_integrated_ecdh(domain, element)
    assert domain.encode_point(generator) == octets(vector, "mapped_generator")
    for side, other in (("terminal", "chip"), ("chip", "terminal")):
        key = domain.private_key(number(vector, f"{side}_private_key"))
        assert domain.encode_point(key.multiply(generator)) == octets(vector, f"{side}_public_key")
        shared = key.shared_x(domain.decode_point(octets(vector, f"{other}_public_key")))
        assert shared == octets(vector, "shared_secret")


def test_integrated_mapping_in_a_field_gives_the_published_generator_and_keys() -> None:
    vector = case("pace_im_dh.json")
    group = DH_GROUPS[vector["domain_parameters"]["standardized_id"]]
    element = pseudo_random_element(AES128, octets(vector, "nonce"), octets(vector, "nonce_t"), group.p)
    assert element == number(vector, "pseudo_random_mod_p")
    generator = map_integrated_dh(group, element)
    assert group.encode(generator) == octets(vector, "mapped_generator")
    check_dh_agreement(vector, generator)


def test_generic_mapping_in_a_field_gives_the_published_generator_and_keys() -> None:
    vector = case("pace_gm_dh.json")
    group = DH_GROUPS[vector["domain_parameters"]["standardized_id"]]
    for side, other in (("terminal", "chip"), ("chip", "terminal")):
        key = group.private_key(number(vector, f"{side}_mapping_private_key"))
        assert key.public_octets == octets(vector, f"{side}_mapping_public_key")
        peer = group.decode(octets(vector, f"{other}_mapping_public_key"))
        assert key.shared_octets(peer) == octets(vector, "mapping_shared_secret")
        generator = map_generic_dh(group, octets(vector, "nonce"), key, peer)
        assert group.encode(generator) == octets(vector, "mapped_generator")
    check_dh_agreement(vector, generator)


def check_dh_agreement(vector: dict[str, Any], generator: int) -> None:
    group = DH_GROUPS[0]
    for side, other in (("terminal", "chip"), ("chip", "terminal")):
        key = group.private_key(number(vector, f"{side}_private_key"))
        assert group.encode(key.raise_to(generator)) == octets(vector, f"{side}_public_key")
        shared = key.shared_octets(group.decode(octets(vector, f"{other}_public_key")))
        assert shared == octets(vector, "shared_secret")
        k_mac = derive_key(shared, KeyUse.MAC, AES128)
        assert k_mac == octets(vector, "ks_mac")
        assert mac(AES128, k_mac, octets(vector, f"{side}_token_input")) == octets(vector, f"{side}_token")


def test_the_standardised_groups_are_those_of_the_published_example_and_are_groups() -> None:
    published = case("pace_gm_dh.json")["domain_parameters"]
    first = DH_GROUPS[0]
    assert (first.p, first.g, first.q) == tuple(int(published[name], 16) for name in ("p", "generator", "order"))
    for group in DH_GROUPS.values():
        assert (group.p - 1) % group.q == 0
        assert group.contains(group.g)
        assert pow(2, group.q - 1, group.q) == 1  # Fermat: q passes for a prime


@pytest.mark.parametrize("group", DH_GROUPS.values(), ids=lambda group: group.name)
def test_values_outside_the_subgroup_are_refused(group) -> None:
    """RFC 2631 §2.1.5: 0, 1, p-1 and whatever has another order than q."""
    for value in (0, 1, group.p - 1, 2):
        if pow(value, group.q, group.p) == 1 and 2 <= value <= group.p - 2:
            continue
        with pytest.raises(CryptoError):
            group.decode(group.encode(value))
    with pytest.raises(CryptoError):
        group.decode(group.encode(group.g)[1:])  # another number
    with pytest.raises(CryptoError):
        group.decode(b"\0" + group.encode(group.g))


def test_a_public_value_goes_out_without_leading_zeros_and_may_come_with_them() -> None:
    """Doc 9303-11 §9.4.1: leading octets of value 0x00 MUST NOT be used. A shared secret keeps the length of p."""
    group = DH_GROUPS[0]
    exponent, short = next(
        (k, value) for k, value in ((k, pow(group.g, k, group.p)) for k in range(2, 5000)) if value >> 1016 == 0
    )
    assert group.encode(short) == group.private_key(exponent).public_octets == short.to_bytes(127, "big")
    assert group.decode(short.to_bytes(127, "big")) == group.decode(short.to_bytes(128, "big")) == short
    assert group.private_key(exponent).shared_octets(group.g) == short.to_bytes(128, "big")


@pytest.mark.parametrize("name", [known.name for known in curves() if known.p % 4 == 3])
def test_the_point_encoding_always_lands_on_the_curve(name: str) -> None:
    domain = curve(name)
    for seed in range(1, 40):
        element = pow(7, seed * 31, domain.p)
        assert domain.contains(map_integrated_ecdh(domain, element))


def test_elements_without_a_point_are_said_to_have_none() -> None:
    domain = curve("brainpoolP256r1")
    for element in (0, 1, domain.p - 1):  # α is 0 or -1 there, so α + α² is 0
        with pytest.raises(CryptoError):
            map_integrated_ecdh(domain, element)
    with pytest.raises(CryptoError):
        map_integrated_ecdh(curve("secp224r1"), 5)


@pytest.mark.parametrize("cipher", SymmetricCipher, ids=lambda cipher: cipher.label)
def test_nonces_have_the_length_that_the_cipher_asks_for(cipher: SymmetricCipher) -> None:
    nonce_s = bytes(range(16 if cipher.key_bytes == 16 else 32))
    p = curve("brainpoolP384r1").p
    assert 0 < pseudo_random_element(cipher, nonce_s, bytes(cipher.key_bytes), p) < p
    for wrong_s, wrong_t in ((nonce_s[1:], bytes(cipher.key_bytes)), (nonce_s, bytes(cipher.key_bytes + 1))):
        with pytest.raises(CryptoError):
            pseudo_random_element(cipher, wrong_s, wrong_t, p)
