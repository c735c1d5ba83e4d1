"""The chip answers the worked examples of Doc 9303-11 byte by byte, from the chip's side.

The chip gets the published random values in the order in which it draws them; every answer must be the printed one.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crypto.pace.parameters import pace_protocol
from crypto.primitives.block_cipher import SymmetricCipher
from crypto.primitives.secret import Secret
from crypto.wire.apdu import CommandApdu, ResponseApdu
from emulator.chip.access_rules import AccessCondition
from emulator.chip.card import VirtualCard
from emulator.chip.content import ChipContent, ElementaryFile, PaceOffer
from emulator.chip.secure_messaging import ChipChannel

VECTORS = Path(__file__).parents[1] / "vectors"
SELECT_APPLICATION = bytes.fromhex("00A4040C07A0000002471001")
EF_COM = bytes.fromhex("60145F0104303130365F36063034303030305C026175")


def load(name: str) -> Any:
    return json.loads((VECTORS / name).read_text(encoding="utf-8"))


def drawn(*values: str) -> Callable[[int], bytes]:
    """A source of randomness that hands out the published values, each once and in this order."""
    queue = [bytes.fromhex(value) for value in values]

    def draw(count: int) -> bytes:
        value = queue.pop(0)
        assert len(value) == count
        return value

    return draw


def test_bac_and_secure_messaging_of_appendix_d_are_reproduced() -> None:
    bac = load("bac_mutual_authentication.json")["cases"][0]
    messaging = load("secure_messaging_3des.json")["cases"]
    content = ChipContent(
        application_files=(ElementaryFile(0x011E, EF_COM, 0x1E, AccessCondition.CHIP_ACCESS),),
        mrz_information=Secret(b"L898902C<369080619406236"),
    )
    card = VirtualCard(content, random_bytes=drawn(bac["rnd_ic"], bac["k_ic"]))
    assert card.transmit(SELECT_APPLICATION) == b"\x90\x00"
    assert card.transmit(bytes.fromhex(bac["get_challenge_command"])).hex() == bac["get_challenge_response"]
    answer = card.transmit(bytes.fromhex(bac["external_authenticate_command"]))
    assert answer.hex() == bac["external_authenticate_response"]
    for case in messaging:
        assert card.transmit(bytes.fromhex(case["protected_command"])).hex() == case["protected_response"], case["name"]


def test_pace_generic_mapping_of_appendix_g1_is_reproduced() -> None:
    case = load("pace_gm_ecdh.json")["cases"][0]
    fields = case["password_fields"]
    information = "".join(
        fields[name] + fields[f"{name}_check_digit"] for name in ("document_number", "date_of_birth", "date_of_expiry")
    )
    protocol = pace_protocol(case["oid"])
    assert protocol is not None
    content = ChipContent(mrz_information=Secret(information.encode()), pace=(PaceOffer(protocol, 13),))
    source = drawn(case["nonce"], case["chip_mapping_private_key"], case["chip_private_key"])
    card = VirtualCard(content, random_bytes=source)
    for apdu in case["apdus"]:
        assert card.transmit(bytes.fromhex(apdu["command"])).hex() == apdu["response"], apdu["step"]
    # The session runs now: a plain command is no longer welcome where a file needs protection
    assert card.transmit(bytes.fromhex("0CA4020C00")) == bytes.fromhex("6987")


def test_recorded_aes256_session_is_reproduced() -> None:
    case = load("secure_messaging_aes256.json")["cases"][0]
    before = case["before"]
    channel = ChipChannel(
        SymmetricCipher.AES256,
        bytes.fromhex(before["ks_enc"]),
        bytes.fromhex(before["ks_mac"]),
        int(before["ssc"], 16),
    )
    for exchange in case["exchanges"]:
        plain = channel.open_command(CommandApdu.parse(bytes.fromhex(exchange["command"])))
        assert plain.encode().hex() == exchange["plain_command"]
        answer = ResponseApdu.parse(bytes.fromhex(exchange["plain_response"]))
        assert channel.seal_response(answer, odd_ins=False).encode().hex() == exchange["response"]


@pytest.mark.parametrize("cipher", list(SymmetricCipher))
def test_capacity_is_the_largest_data_that_fits(cipher: SymmetricCipher) -> None:
    def sealed_length(count: int) -> int:
        channel = ChipChannel.derive(cipher, b"any shared secret")
        return len(channel.seal_response(ResponseApdu(bytes(count), 0x9000), odd_ins=False).data)

    lengths = [sealed_length(count) for count in range(300)]
    channel = ChipChannel.derive(cipher, b"any shared secret")
    for limit in range(40, 300):
        capacity = channel.capacity(limit)
        assert capacity == 0 or lengths[capacity] <= limit
        assert lengths[capacity + 1] > limit
