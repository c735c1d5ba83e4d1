"""Published values that stand beside the results: lengths, headers, misprints and the steps between.

The tests of each protocol and file compare what comes out. An example says more than that, and where it prints a value
wrongly the vector files keep both; none of it may go unread.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from crypto.errors import WireError
from crypto.primitives.block_cipher import SymmetricCipher
from crypto.primitives.kdf import KeyUse, derive_key
from crypto.signatures.rsa_iso9796_2 import parse_representative
from crypto.wire.apdu import CommandApdu, ResponseApdu
from crypto.wire.tlv import parse_tlv
from emulator.chip.active_authentication import RsaSigner
from emulator.personalise.mrz import latin_capitals, name_field
from reader.lds import files
from reader.lds.dg1 import parse_dg1
from reader.lds.mrz import parse_mrz
from reader.lds.mrz_fields import check_digit, parse_name
from reader.protocols.active_authentication import active_authentication_terminal
from reader.protocols.exchange import run

ROOT = Path(__file__).parents[2]
VECTORS = ROOT / "tests" / "vectors"


def cases(name: str) -> list[dict[str, Any]]:
    return list(json.loads((VECTORS / name).read_text(encoding="utf-8"))["cases"])


def titles(case: dict[str, Any]) -> str:
    return str(case["name"])


# -- active authentication with RSA (appendix F) ----------------------------------------------------------------------

RSA = cases("active_authentication_rsa.json")[0]


def test_the_terminal_speaks_the_published_internal_authenticate() -> None:
    def chip(command: CommandApdu) -> ResponseApdu:
        assert command.encode().hex() == RSA["internal_authenticate_command"]
        return ResponseApdu.parse(bytes.fromhex(RSA["internal_authenticate_response"]))

    answer = run(active_authentication_terminal(128, lambda count: bytes.fromhex(RSA["challenge"])), chip)
    assert answer.challenge.hex() == RSA["challenge"]
    assert answer.signature.hex() == RSA["signature"]


def test_the_chip_signs_exactly_the_published_representative() -> None:
    """The standard prints no modulus, so a TEST key signs; opened again, its signature is the printed octets."""
    pem = (ROOT / "emulator" / "personalise" / "rsa_keys" / "test_only_1024.pem").read_bytes()
    key = load_pem_private_key(pem, None)

    def m1(count: int) -> bytes:
        assert 8 * count == RSA["recoverable_message_bits"]
        return bytes.fromhex(RSA["recoverable_message"])

    signature = RsaSigner(key, RSA["hash_algorithm"], m1).sign(bytes.fromhex(RSA["challenge"]))  # type: ignore[arg-type]
    assert 8 * len(signature) == RSA["modulus_bits"]
    numbers = key.public_key().public_numbers()  # type: ignore[union-attr]
    opened = pow(int.from_bytes(signature, "big"), numbers.e, numbers.n).to_bytes(128, "big")  # type: ignore[union-attr]
    assert opened.hex() == RSA["message_representative"]


def test_the_published_representative_is_made_of_its_published_parts() -> None:
    octets = bytes.fromhex(RSA["message_representative"])
    parts = parse_representative(octets)
    assert parts.hash_algorithm.label == RSA["hash_algorithm"]
    assert parts.hash_algorithm.digest(bytes.fromhex(RSA["message"])).hex() == RSA["message_hash"]
    assert RSA["non_recoverable_message"] == RSA["challenge"]
    assert RSA["recovered_message_printed_in_step_16"] == parts.recovered.hex() + RSA["challenge"] == RSA["message"]
    assert octets.hex() == "".join(RSA[part] for part in ("header", "recoverable_message", "message_hash", "trailer"))
    assert len(bytes.fromhex(RSA["trailer"])) == RSA["trailer_length"]
    # ISO/IEC 9796-2: c = k - Lh - 8t - 4, and M1 takes whole octets of it
    capacity = RSA["modulus_bits"] - 8 * len(parts.digest) - 8 * RSA["trailer_length"] - 4
    assert capacity == RSA["capacity_bits"]
    assert capacity // 8 * 8 == RSA["recoverable_message_bits"]


# -- key derivation ---------------------------------------------------------------------------------------------------

HASHES = {"sha1": 20, "sha256": 32}


@pytest.mark.parametrize("case", cases("kdf_aes.json"), ids=titles)
def test_the_named_hash_is_the_one_in_use(case: dict[str, Any]) -> None:
    cipher = next(each for each in SymmetricCipher if each.label == case["cipher"])
    seed = bytes.fromhex(case["key_seed"])
    whole = hashlib.new(case["hash_algorithm"], seed + case["counter"].to_bytes(4, "big")).digest()
    assert len(whole) == HASHES[case["hash_algorithm"]]
    assert derive_key(seed, KeyUse(case["counter"]), cipher) == whole[: cipher.key_bytes]


@pytest.mark.parametrize("case", [case for case in cases("bac_kdf.json") if case["kind"] == "kdf_3des"], ids=titles)
def test_the_hash_of_a_3des_key_is_over_seed_and_counter(case: dict[str, Any]) -> None:
    assert case["hash_input"] == case["key_seed"] + f"{case['counter']:08x}"
    assert hashlib.new(case["hash_algorithm"], bytes.fromhex(case["hash_input"])).hexdigest() == case["hash_output"]


@pytest.mark.parametrize(
    "case",
    [case for case in cases("bac_kdf.json") if case["kind"] == "bac_keys_from_mrz" and len(case["mrz_lines"]) > 1],
    ids=titles,
)
def test_the_fields_of_the_zones_of_appendix_d_are_the_published_ones(case: dict[str, Any]) -> None:
    mrz = parse_mrz(case["mrz_lines"])
    assert mrz.format.value == case["mrz_format"]
    for name in ("document_number", "date_of_birth", "date_of_expiry"):
        assert check_digit(case[name]) == case[f"{name}_check_digit"], name
    assert mrz.document_number == case["document_number"].rstrip("<")
    found = {digit.field.value: digit for digit in mrz.check_digits}
    if "composite_check_digit" in case:
        assert found["composite"].computed == case["composite_check_digit"]
        assert found["composite"].printed == case["composite_check_digit_printed"]


# -- names (parts 4 to 7) ---------------------------------------------------------------------------------------------

WIDTHS = {"TD1": (30, 30), "TD2": (36, 31), "TD3": (44, 39), "MRV-A": (44, 39), "MRV-B": (36, 31)}


PRINTED_WRONG = {"p7_mrva_01": 45, "p7_mrva_04": 36}
"""Lines of 44 characters that the standard prints with one too many and with eight too few."""


@pytest.mark.parametrize("case", cases("mrz_names.json"), ids=titles)
def test_the_widths_of_published_name_lines(case: dict[str, Any]) -> None:
    line_length, name_field_width = WIDTHS[case["format"]]
    assert case["name_field_width"] == name_field_width
    assert len(case["line"]) == case["line_length"] == PRINTED_WRONG.get(case["name"], line_length)


@pytest.mark.parametrize("case", cases("mrz_names.json"), ids=titles)
def test_the_whole_name_is_the_words_of_its_identifiers(case: dict[str, Any]) -> None:
    """The field without any cut, as the chip's side writes it and as the terminal's side reads it."""
    whole = case["untruncated_name_field"]
    written = name_field(case["primary_identifier"], case["secondary_identifier"], 200)
    assert written.rstrip("<") == whole
    read = parse_name(whole)
    assert read.primary == latin_capitals(case["primary_identifier"]).replace("<", " ")
    assert read.secondary == latin_capitals(case["secondary_identifier"]).replace("<", " ")
    assert (len(whole) > case["name_field_width"]) is case["is_truncated"]
    assert sorted(latin_capitals(case["full_name"]).split("<")) == sorted(whole.replace("<<", "<").split("<"))


# -- files (part 10) --------------------------------------------------------------------------------------------------

LDS = {case["name"]: case for case in cases("lds_mapping.json")}


def lengths_of(octets: bytes) -> dict[str, int]:
    """Length of each template and of each object in them, by tag."""
    found: dict[str, int] = {}

    def walk(part: bytes) -> None:
        tlv = parse_tlv(part)
        found[f"{tlv.tag:x}"] = len(tlv.value)
        if tlv.is_constructed:
            for child in tlv.children():
                walk(child.encoded)

    walk(octets)
    return found


@pytest.mark.parametrize("case", LDS.values(), ids=LDS)
def test_every_example_is_the_file_that_it_says(case: dict[str, Any]) -> None:
    octets = bytes.fromhex(case.get("hex") or case["prefix"])
    assert files.file_by_tag(octets[0]).ef_name == case["file"]  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ["a3_dg2_header", "a6_dg16"])
def test_the_lengths_of_an_example_are_the_recomputed_ones(name: str) -> None:
    case = LDS[name]
    octets = bytes.fromhex(case["hex"]) if "hex" in case else bytes.fromhex(case["prefix"]) + bytes(12642)
    found = lengths_of(octets)
    assert {tag: found[tag] for tag in case["recomputed_lengths"]} == case["recomputed_lengths"]
    wrong = {tag for tag, length in case["printed_lengths"].items() if length != case["recomputed_lengths"][tag]}
    assert wrong == ({"a1"} if name == "a3_dg2_header" else set()), "what the standard prints wrongly"
    if name == "a3_dg2_header":
        assert case["biometric_data_length"] == case["recomputed_lengths"]["5f2e"] == 12642


def test_the_biometric_header_is_the_printed_one_but_for_its_length() -> None:
    case = LDS["a3_dg2_header"]
    right, printed = (bytes.fromhex(case[name]) for name in ("biometric_header", "biometric_header_as_printed"))
    assert bytes.fromhex(case["prefix"]).count(right) == 1
    assert parse_tlv(right).tag == parse_tlv(right).encoded[0] == 0xA1
    assert (printed[0], printed[2:]) == (right[0], right[2:])
    assert (printed[1], right[1]) == (case["printed_lengths"]["a1"], case["recomputed_lengths"]["a1"])
    with pytest.raises(WireError):
        parse_tlv(printed)


def test_the_zone_that_is_longer_than_its_length_octet() -> None:
    case = LDS["a22_dg1_td2_as_printed"]
    octets, expected = bytes.fromhex(case["hex"]), case["expected"]
    assert octets[:2] == bytes([0x61, len(bytes([0x5F, 0x1F, 0x48])) + expected["declared_mrz_length"]])
    assert octets[4] == expected["declared_mrz_length"]
    assert octets[5:].decode("ascii") == case["text"]
    assert len(case["text"]) == expected["actual_mrz_length"]
    assert expected["well_formed"] is False
    with pytest.raises(WireError):
        parse_dg1(octets)


def test_the_details_as_printed_run_over_their_end() -> None:
    case = LDS["a5_dg11"]
    right, printed = bytes.fromhex(case["hex"]), bytes.fromhex(case["hex_with_printed_lengths"])
    assert len(right) == len(printed)
    # the template, and the telephone number in it: three octets too many in print
    differing = [
        (place, printed[place] - right[place]) for place in range(len(right)) if right[place] != printed[place]
    ]
    assert differing == [(1, 3), (right.index(bytes.fromhex("5f120b313631")) + 2, 3)]
    with pytest.raises(WireError):
        parse_tlv(printed)
