"""Key derivation against the published keys (Doc 9303-11 §9.7, appendices D.1, D.2, G, H, I)."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.primitives.block_cipher import SymmetricCipher
from crypto.primitives.kdf import KeyUse, adjust_parity, derive_key

VECTORS = Path(__file__).parents[1] / "vectors"
CIPHERS = {cipher.label: cipher for cipher in SymmetricCipher}


def cases(file: str, kind: str | None = None) -> list[Any]:
    found = json.loads((VECTORS / file).read_text(encoding="utf-8"))["cases"]
    return [pytest.param(case, id=case["name"]) for case in found if kind is None or case["kind"] == kind]


@pytest.mark.parametrize("case", cases("bac_kdf.json", "kdf_3des"))
def test_a_3des_key_is_the_published_one_with_its_parity(case: dict[str, Any]) -> None:
    key = derive_key(bytes.fromhex(case["key_seed"]), KeyUse(case["counter"]), SymmetricCipher.TDES)
    assert key.hex() == case["key"]
    before = case["key_first_half_before_parity"] + case["key_second_half_before_parity"]
    assert adjust_parity(bytes.fromhex(before)) == key


@pytest.mark.parametrize("case", cases("bac_kdf.json", "bac_keys_from_mrz"))
def test_basic_access_keys_are_the_published_ones(case: dict[str, Any]) -> None:
    seed = bytes.fromhex(case["key_seed"])
    assert derive_key(seed, KeyUse.ENCRYPTION, SymmetricCipher.TDES).hex() == case["k_enc"]
    assert derive_key(seed, KeyUse.MAC, SymmetricCipher.TDES).hex() == case["k_mac"]


@pytest.mark.parametrize("case", cases("kdf_aes.json"))
def test_an_aes_key_is_the_published_one(case: dict[str, Any]) -> None:
    cipher = CIPHERS[case["cipher"]]
    key = derive_key(bytes.fromhex(case["key_seed"]), KeyUse(case["counter"]), cipher)
    assert key.hex() == case["key"]
    assert len(key) == cipher.key_bytes


@given(st.binary(min_size=1, max_size=66), st.sampled_from(SymmetricCipher))
def test_the_three_uses_of_one_seed_give_three_keys(seed: bytes, cipher: SymmetricCipher) -> None:
    keys = {derive_key(seed, use, cipher) for use in KeyUse}
    assert len(keys) == len(KeyUse)
    assert {len(key) for key in keys} == {cipher.key_bytes}


@given(st.binary(max_size=24))
def test_parity_makes_every_byte_odd_and_touches_only_its_last_bit(key: bytes) -> None:
    adjusted = adjust_parity(key)
    assert all(byte.bit_count() % 2 == 1 for byte in adjusted)
    assert all(old >> 1 == new >> 1 for old, new in zip(key, adjusted, strict=True))
    assert adjust_parity(adjusted) == adjusted
