"""Ciphers and MACs against the published exchanges of BAC and secure messaging, and against Wycheproof's AES-CMAC."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.primitives.block_cipher import (
    SymmetricCipher,
    decrypt_block,
    decrypt_cbc,
    encrypt_block,
    encrypt_cbc,
)
from crypto.primitives.mac import aes_cmac, mac, macs_equal, retail_mac
from crypto.primitives.padding import pad, unpad

VECTORS = Path(__file__).parents[1] / "vectors"
TDES = SymmetricCipher.TDES


def load(file: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((VECTORS / file).read_text(encoding="utf-8"))
    return loaded


def octets(case: dict[str, Any], *names: str) -> list[bytes]:
    return [bytes.fromhex(case[name]) for name in names]


BAC = load("bac_mutual_authentication.json")["cases"][0]
SM = load("secure_messaging_3des.json")
SM_AES = load("secure_messaging_aes256.json")["cases"][0]


@pytest.mark.parametrize("side", ["terminal", "chip"])
def test_mutual_authentication_is_encrypted_and_macked_as_published(side: str) -> None:
    # Doc 9303-11 appendix D.3: zero IV, no padding inside, MAC with method 2
    k_enc, k_mac = octets(BAC, "k_enc", "k_mac")
    plaintext, ciphertext, tag = octets(BAC, f"{side}_plaintext", f"{side}_ciphertext", f"{side}_mac")
    assert encrypt_cbc(TDES, k_enc, bytes(8), plaintext) == ciphertext
    assert decrypt_cbc(TDES, k_enc, bytes(8), ciphertext) == plaintext
    assert mac(TDES, k_mac, ciphertext) == tag
    assert retail_mac(k_mac, pad(ciphertext, 8)) == tag


@pytest.mark.parametrize("case", SM["cases"], ids=lambda case: case["name"])
def test_3des_messages_are_macked_as_published(case: dict[str, Any]) -> None:
    # Doc 9303-11 appendix D.4; the inputs are given with their padding
    ks_mac = bytes.fromhex(SM["ks_mac"])
    for direction in ("command", "response"):
        mac_input, tag = octets(case, f"{direction}_mac_input", f"{direction}_mac")
        assert retail_mac(ks_mac, mac_input) == tag
        assert mac(TDES, ks_mac, unpad(mac_input, 8)) == tag


def test_3des_data_is_encrypted_as_published() -> None:
    ks_enc = bytes.fromhex(SM["ks_enc"])
    select = SM["cases"][0]
    padded, encrypted = octets(select, "command_data_padded", "command_data_encrypted")
    assert pad(bytes.fromhex(select["command_data"]), 8) == padded
    assert encrypt_cbc(TDES, ks_enc, bytes(8), padded) == encrypted
    read = b""
    for case in SM["cases"][1:]:
        response = bytes.fromhex(case["protected_response"])
        cryptogram = response[3 : 2 + response[1]]  # inside 87 L 01
        read += unpad(decrypt_cbc(TDES, ks_enc, bytes(8), cryptogram), 8)
    assert read.hex() == SM["file_content_read"]


def test_aes_messages_are_macked_and_encrypted_as_recorded() -> None:
    # AES: IV = E(KSenc, SSC); MAC over SSC ‖ padded header and data objects (Doc 9303-11 §9.8.6.1, §9.8.7.2)
    aes = SymmetricCipher.AES256
    ks_enc, ks_mac = octets(SM_AES["before"], "ks_enc", "ks_mac")
    read = b""
    for exchange in SM_AES["exchanges"]:
        response = bytes.fromhex(exchange["response"])[:-2]
        ssc = bytes.fromhex(exchange["ssc_response"])
        body, tag = response[:-10], response[-8:]
        assert aes_cmac(ks_mac, pad(ssc + body, 16)) == tag
        if body.startswith(b"\x87"):
            iv = encrypt_block(aes, ks_enc, ssc)
            read += unpad(decrypt_cbc(aes, ks_enc, iv, body[3 : 2 + body[1]]), 16)
        command = bytes.fromhex(exchange["command"])
        objects = command[5:-1]
        mac_input = bytes.fromhex(exchange["ssc_command"]) + pad(command[:4], 16) + objects[:-10]
        assert aes_cmac(ks_mac, pad(mac_input, 16)) == objects[-8:]
    assert read.hex() == SM_AES["file"]


def wycheproof_macs(result: str) -> list[dict[str, Any]]:
    groups = load("wycheproof/aes_cmac_test.json")["testGroups"]
    usable = [group for group in groups if group["keySize"] in (128, 192, 256) and group["tagSize"] == 128]
    return [test for group in usable for test in group["tests"] if test["result"] == result]


def test_aes_cmac_gives_the_first_eight_bytes_of_every_right_tag_of_wycheproof() -> None:
    right = wycheproof_macs("valid")
    assert len(right) > 50
    for test in right:
        key, message, tag = octets(test, "key", "msg", "tag")
        assert aes_cmac(key, message) == tag[:8], test["tcId"]


def test_every_wrong_tag_of_wycheproof_that_is_changed_in_its_first_eight_bytes_is_noticed() -> None:
    wrong = wycheproof_macs("invalid")
    noticed = [t for t in wrong if not macs_equal(aes_cmac(*octets(t, "key", "msg")), bytes.fromhex(t["tag"])[:8])]
    for test in wrong:
        if test not in noticed:  # documents carry eight bytes; what is changed behind them cannot be seen
            flipped = re.fullmatch(r"Flipped bit (\d+) in tag", test["comment"])
            assert flipped is not None, test["comment"]
            assert int(flipped[1]) >= 64
    assert len(noticed) > len(wrong) // 2


@pytest.mark.parametrize(
    ("key", "data", "expected"),
    [
        # FIPS 197 appendix C
        ("000102030405060708090a0b0c0d0e0f", "00112233445566778899aabbccddeeff", "69c4e0d86a7b0430d8cdb78070b4c55a"),
        (
            "000102030405060708090a0b0c0d0e0f1011121314151617",
            "00112233445566778899aabbccddeeff",
            "dda97ca4864cdfe06eaf70a0ec0d7191",
        ),
        (
            "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
            "00112233445566778899aabbccddeeff",
            "8ea2b7ca516745bfeafc49904b496089",
        ),
    ],
)
def test_one_aes_block_is_as_published(key: str, data: str, expected: str) -> None:
    cipher = next(c for c in SymmetricCipher if c.is_aes and c.key_bytes == len(key) // 2)
    block = bytes.fromhex(data)
    assert encrypt_block(cipher, bytes.fromhex(key), block).hex() == expected
    assert decrypt_block(cipher, bytes.fromhex(key), bytes.fromhex(expected)) == block


@given(st.sampled_from(SymmetricCipher), st.data())
def test_what_is_encrypted_is_decrypted_again(cipher: SymmetricCipher, data: st.DataObject) -> None:
    size = cipher.block_bytes
    key = data.draw(st.binary(min_size=cipher.key_bytes, max_size=cipher.key_bytes))
    iv = data.draw(st.binary(min_size=size, max_size=size))
    text = data.draw(st.integers(0, 8).flatmap(lambda n: st.binary(min_size=n * size, max_size=n * size)))
    assert decrypt_cbc(cipher, key, iv, encrypt_cbc(cipher, key, iv, text)) == text


@given(st.sampled_from(SymmetricCipher), st.binary(max_size=80), st.data())
def test_one_flipped_bit_changes_the_mac(cipher: SymmetricCipher, data: bytes, draw: st.DataObject) -> None:
    key = bytes(range(1, 1 + cipher.key_bytes))
    tag = mac(cipher, key, data)
    assert len(tag) == 8
    if data:
        position = draw.draw(st.integers(0, 8 * len(data) - 1))
        changed = (int.from_bytes(data, "big") ^ 1 << position).to_bytes(len(data), "big")
        assert not macs_equal(mac(cipher, key, changed), tag)
    assert not macs_equal(mac(cipher, key, data + b"\0"), tag)
    assert not macs_equal(tag[:7], tag)
