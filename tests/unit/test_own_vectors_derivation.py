"""The vectors of our own are what an independent derivation gives, and others agree with that derivation.

The derivation (``tests/vectors/ours``) is integers and hashes, written from the standards apart from the project's
code. Here the openssl command and the ``ecdsa`` package look over its shoulder.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ecdsa import SigningKey
from ecdsa.ellipticcurve import Point as EcdsaPoint
from ecdsa.util import sigencode_string

from tests.interop.foreign_tlv import objects, oid, only, tlv
from tests.vectors.ours import active_authentication, groups, make

FOLDER = Path(make.__file__).parent


def cases(name: str) -> list[dict[str, Any]]:
    return list(json.loads((FOLDER / name).read_text(encoding="utf-8"))["cases"])


def titles(case: dict[str, Any]) -> str:
    return str(case["name"])


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(make.FILES))
def test_the_committed_vectors_are_what_the_derivation_gives(name: str) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == make.content(name), "python -m tests.vectors.ours.make"


def test_every_file_of_our_own_has_a_derivation_and_says_whose_it_is() -> None:
    assert {path.name for path in FOLDER.glob("*.json")} == set(make.FILES)
    for name in make.FILES:
        head = json.loads((FOLDER / name).read_text(encoding="utf-8"))
        assert head["ours"] is True
        assert head["source"].startswith("OURS")


@pytest.mark.parametrize("case", cases("active_authentication_ecdsa.json"), ids=titles)
def test_the_ecdsa_package_signs_the_same(case: dict[str, Any]) -> None:
    key = SigningKey.from_string(bytes.fromhex(case["private_key"]), curve=groups.ecdsa_curve(case["curve"]))
    function = getattr(hashlib, case["hash_algorithm"])
    signature = key.sign_deterministic(bytes.fromhex(case["challenge"]), function, sigencode_string)
    assert signature.hex() == case["signature_plain"]
    assert key.get_verifying_key().to_string("uncompressed").hex() == case["public_key"]


@pytest.mark.parametrize(
    "case",
    [each for each in cases("active_authentication_ecdsa.json") if "192" not in each["curve"]],
    ids=titles,
)
def test_the_openssl_command_verifies_the_signatures(case: dict[str, Any], tmp_path: Path) -> None:
    """Also on the brainpool curves that ``cryptography`` does not offer."""
    public = tmp_path / "public.der"
    public.write_bytes(_subject_public_key_info(case["curve"], bytes.fromhex(case["public_key"])))
    (tmp_path / "challenge").write_bytes(bytes.fromhex(case["challenge"]))
    (tmp_path / "signature").write_bytes(bytes.fromhex(case["signature_der"]))
    command = ["openssl", "dgst", f"-{case['hash_algorithm']}", "-keyform", "DER", "-verify", public]
    done = subprocess.run(
        [*command, "-signature", tmp_path / "signature", tmp_path / "challenge"], capture_output=True, check=False
    )
    assert done.stdout == b"Verified OK\n", done.stderr


@pytest.mark.parametrize("name", ["brainpoolP192r1", "brainpoolP224r1", "brainpoolP320r1"])
def test_another_library_multiplies_to_the_same_points_on_small_brainpool_curves(name: str) -> None:
    domain = groups.curve(name)
    outside = groups.ecdsa_curve(name).curve
    for case in cases("pace.json"):
        if case["domain_parameters"]["name"] != name:
            continue
        base = case["mapped_generator"]
        generator = EcdsaPoint(outside, *_coordinates(base), domain.n)
        for who in ("terminal", "chip"):
            product = generator * int(case[f"{who}_private_key"], 16)
            assert (product.x(), product.y()) == _coordinates(case[f"{who}_public_key"])


def test_the_openssl_command_agrees_on_the_shared_secret_of_a_small_brainpool_curve(tmp_path: Path) -> None:
    """On the mapping keys, which lie on the curve's own generator: x of the shared point."""
    seen = 0
    for case in cases("pace.json"):
        name = case["domain_parameters"]["name"]
        if name not in ("brainpoolP192r1", "brainpoolP224r1", "brainpoolP320r1") or case["mapping"] == "im":
            continue
        private, public = tmp_path / "private.der", tmp_path / "public.der"
        private.write_bytes(_private_key(name, case["terminal_mapping_private_key"]))
        public.write_bytes(_subject_public_key_info(name, bytes.fromhex(case["chip_mapping_public_key"])))
        command = ["openssl", "pkeyutl", "-derive", "-keyform", "DER", "-inkey", private, "-peerform", "DER"]
        done = subprocess.run([*command, "-peerkey", public], capture_output=True, check=True)
        shared = case["mapping_shared_secret"]
        assert done.stdout.hex() == shared[2 : 1 + len(shared) // 2]
        seen += 1
    assert seen == 6


@pytest.mark.parametrize("case", cases("secure_messaging.json"), ids=titles)
def test_the_openssl_command_encrypts_and_authenticates_the_same(case: dict[str, Any]) -> None:
    """One protected command with data: cryptogram by ``openssl enc``, checksum by ``openssl mac``."""
    exchange = case["exchanges"][3]
    aes = case["cipher"].startswith("aes")
    bits = case["cipher"].removeprefix("aes-")
    name = f"-aes-{bits}-cbc" if aes else "-des-ede-cbc"
    iv = exchange["command_iv"] if aes else "00" * 8
    command = ["openssl", "enc", "-e", name, "-nopad", "-K", case["ks_enc"], "-iv", iv]
    padded = bytes.fromhex(exchange["command_data_padded"])
    encrypted = subprocess.run(command, input=padded, capture_output=True, check=True).stdout
    assert encrypted.hex() == exchange["command_data_encrypted"]
    if aes:
        options = ["-macopt", f"cipher:aes-{bits}-cbc", "-macopt", f"hexkey:{case['ks_mac']}"]
        covered = bytes.fromhex(exchange["command_mac_input"])
        command = ["openssl", "mac", *options, "-in", "-", "CMAC"]
        done = subprocess.run(command, input=covered, capture_output=True, check=True)
        assert done.stdout.decode().strip().lower()[:16] == exchange["command_mac"], done.stderr


@pytest.mark.parametrize("case", cases("extended_access_control.json"), ids=titles)
def test_the_openssl_command_verifies_the_terminals_signature(case: dict[str, Any], tmp_path: Path) -> None:
    """The terminal's public key as its certificate shows it, over what the chip says is signed."""
    body = dict(objects(only(bytes.fromhex(case["certificates"]["XXTESTIS00001"]), 0x7F21)))[0x7F4E]
    key = dict(objects(dict(objects(body))[0x7F49]))
    note = case["signing_keys"]["XXTESTIS00001"]
    signature = bytes.fromhex(case["signature"])
    if "curve" in note:
        encoded = _subject_public_key_info(note["curve"], key[0x86])
        halves = [
            int.from_bytes(half, "big") for half in (signature[: len(signature) // 2], signature[len(signature) // 2 :])
        ]
        signature = active_authentication.der(*halves)
    else:
        numbers = tlv(0x30, *(tlv(0x02, b"\0" * (part[0] >> 7) + part) for part in (key[0x81], key[0x82])))
        algorithm = tlv(0x30, tlv(0x06, oid("1.2.840.113549.1.1.1")), b"\x05\x00")
        encoded = tlv(0x30, algorithm, tlv(0x03, b"\0" + numbers))
    for name, content in (
        ("public.der", encoded),
        ("signature", signature),
        ("data", bytes.fromhex(case["signed_data"])),
    ):
        (tmp_path / name).write_bytes(content)
    command = ["openssl", "dgst", "-sha256", "-keyform", "DER", "-verify", tmp_path / "public.der"]
    done = subprocess.run(
        [*command, "-signature", tmp_path / "signature", tmp_path / "data"], capture_output=True, check=False
    )
    assert done.stdout == b"Verified OK\n", done.stderr


@pytest.mark.parametrize("case", cases("chip_authentication.json"), ids=titles)
def test_the_openssl_command_agrees_on_the_secret_of_chip_authentication(case: dict[str, Any], tmp_path: Path) -> None:
    """ECDH by ``openssl pkeyutl``; in a finite field from the chip's side, which the derivation did not take."""
    parameters = case["domain_parameters"]
    if parameters["type"] == "dh":
        group = groups.group(parameters["standardized_id"])
        shared = pow(int(case["terminal_public_key"], 16), int(case["chip_private_key"], 16), group.p)
        assert group.octets(shared).hex() == case["shared_secret"]
        return
    private, public = tmp_path / "private.der", tmp_path / "public.der"
    private.write_bytes(_private_key(parameters["name"], case["chip_private_key"]))
    public.write_bytes(_subject_public_key_info(parameters["name"], bytes.fromhex(case["terminal_public_key"])))
    command = ["openssl", "pkeyutl", "-derive", "-keyform", "DER", "-inkey", private, "-peerform", "DER"]
    done = subprocess.run([*command, "-peerkey", public], capture_output=True, check=True)
    assert done.stdout.hex() == case["shared_secret"]


_OPENSSL_OIDS = {
    "secp224r1": "1.3.132.0.33",
    "secp256r1": "1.2.840.10045.3.1.7",
    "secp384r1": "1.3.132.0.34",
    "secp521r1": "1.3.132.0.35",
    "brainpoolP192r1": "1.3.36.3.3.2.8.1.1.3",
    "brainpoolP224r1": "1.3.36.3.3.2.8.1.1.5",
    "brainpoolP256r1": "1.3.36.3.3.2.8.1.1.7",
    "brainpoolP320r1": "1.3.36.3.3.2.8.1.1.9",
    "brainpoolP384r1": "1.3.36.3.3.2.8.1.1.11",
    "brainpoolP512r1": "1.3.36.3.3.2.8.1.1.13",
}


def _coordinates(point: str) -> tuple[int, int]:
    half = (len(point) - 2) // 2
    return int(point[2 : 2 + half], 16), int(point[2 + half :], 16)


def _subject_public_key_info(name: str, point: bytes) -> bytes:
    """RFC 5480 §2, with the curve by name."""
    algorithm = tlv(0x30, tlv(0x06, oid("1.2.840.10045.2.1")), tlv(0x06, oid(_OPENSSL_OIDS[name])))
    return tlv(0x30, algorithm, tlv(0x03, b"\0" + point))


def _private_key(name: str, scalar: str) -> bytes:
    """ECPrivateKey of RFC 5915 §3."""
    parameters = tlv(0xA0, tlv(0x06, oid(_OPENSSL_OIDS[name])))
    return tlv(0x30, b"\x02\x01\x01", tlv(0x04, bytes.fromhex(scalar)), parameters)
