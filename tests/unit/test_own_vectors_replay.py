"""The vectors of our own, value by value through the terminal's half and through the chip's half.

Each half gets the private keys and nonces of a vector and must speak its conversation octet by octet. On the way it
must meet every single value that the vector lists, except those that only the other side can know; which ones these
are is written down below and checked as well.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from crypto.pace.parameters import pace_protocol, standardized_curve
from crypto.primitives.block_cipher import SymmetricCipher
from crypto.primitives.curves import curve
from crypto.primitives.dh_groups import DH_GROUPS
from crypto.primitives.secret import Secret
from crypto.signatures import ecdsa_plain
from crypto.signatures.ecdsa_signing import EcdsaSigningKey
from crypto.signatures.hash_algorithms import HashAlgorithm
from crypto.signatures.public_key import EcPublicKey
from crypto.wire.apdu import CommandApdu, ResponseApdu
from emulator.chip.active_authentication import EcdsaSigner
from emulator.chip.card import VirtualCard
from emulator.chip.content import ChipAuthenticationMappingKey, ChipContent, PaceOffer
from emulator.chip.secure_messaging import ChipChannel
from reader.protocols.access_key import CanKey
from reader.protocols.active_authentication import active_authentication_terminal
from reader.protocols.exchange import run
from reader.protocols.pace import PaceSuite, pace_terminal
from reader.protocols.pace_domain import DhDomain, EcdhDomain
from reader.protocols.secure_messaging import SecureChannel, SessionKeys
from tests.unit.value_trace import ValueTrace, hex_leaves

FOLDER = Path(__file__).parents[1] / "vectors" / "ours"
CIPHERS = {cipher.label: cipher for cipher in SymmetricCipher}


def cases(name: str) -> list[dict[str, Any]]:
    return list(json.loads((FOLDER / name).read_text(encoding="utf-8"))["cases"])


def titles(case: dict[str, Any]) -> str:
    return str(case["name"])


def spoken_chip(case: dict[str, Any]) -> Callable[[CommandApdu], ResponseApdu]:
    """A chip that knows the answers of the vector, and only to its commands."""
    exchanges = iter(case["apdus"])

    def chip(command: CommandApdu) -> ResponseApdu:
        apdu = next(exchanges)
        assert command.encode().hex() == apdu["command"], apdu["step"]
        return ResponseApdu.parse(bytes.fromhex(apdu["response"]))

    return chip


def drawn(values: list[bytes]) -> Callable[[int], bytes]:
    """Randomness out of a vector: each value once, in this order, in the length that is asked for."""
    queue = iter(values)

    def draw(count: int) -> bytes:
        value = next(queue)
        assert len(value) == count
        return value

    return draw


def octets(case: dict[str, Any], *names: str) -> list[bytes]:
    return [bytes.fromhex(case[name]) for name in names if name in case]


def leaves(case: dict[str, Any]) -> dict[str, str]:
    """All octets of a vector. The password is text that looks like hexadecimal."""
    return hex_leaves(case, without=frozenset({"password"}))


# -- PACE ---------------------------------------------------------------------------------------------------------------

# What a side cannot meet, since only the other knows it
CHIPS_OWN = {"chip_mapping_private_key", "chip_private_key", "chip_static_private_key", "chip_static_public_key"}
TERMINALS_OWN = {"terminal_mapping_private_key", "terminal_private_key"}


@pytest.mark.parametrize("case", cases("pace.json"), ids=titles)
def test_the_terminal_meets_every_value_of_pace(case: dict[str, Any]) -> None:
    protocol, parameter_id = pace_protocol(case["oid"]), case["domain_parameters"]["standardized_id"]
    assert protocol is not None
    named = standardized_curve(parameter_id)
    domain = DhDomain(DH_GROUPS[parameter_id]) if named is None else EcdhDomain(named)
    scalars: Iterator[int] = (
        int.from_bytes(value, "big") for value in octets(case, "terminal_mapping_private_key", "terminal_private_key")
    )
    with ValueTrace() as seen:
        result = run(
            pace_terminal(
                PaceSuite(protocol, domain),
                CanKey.from_digits(case["password"]),
                lambda group: next(scalars),
                drawn(octets(case, "nonce_t")),
            ),
            spoken_chip(case),
        )
    assert seen.missing(leaves(case)) == CHIPS_OWN & case.keys()
    if case["mapping"] == "cam":
        assert result.proof is not None
        assert result.proof.holds_for(result.proof.curve.decode_point(bytes.fromhex(case["chip_static_public_key"])))


@pytest.mark.parametrize("case", cases("pace.json"), ids=titles)
def test_the_chip_meets_every_value_of_pace(case: dict[str, Any]) -> None:
    protocol = pace_protocol(case["oid"])
    assert protocol is not None
    parameters = case["domain_parameters"]
    static = (
        (
            ChipAuthenticationMappingKey(
                curve(parameters["name"]), Secret(bytes.fromhex(case["chip_static_private_key"]))
            ),
        )
        if case["mapping"] == "cam"
        else ()
    )
    content = ChipContent(
        can=Secret(case["password"].encode()),
        pace=(PaceOffer(protocol, parameters["standardized_id"]),),
        chip_authentication_mapping=static,
    )
    source = drawn(octets(case, "nonce", "chip_mapping_private_key", "chip_private_key"))
    card = VirtualCard(content, random_bytes=source)
    with ValueTrace() as seen:
        for apdu in case["apdus"]:
            assert card.transmit(bytes.fromhex(apdu["command"])).hex() == apdu["response"], apdu["step"]
    never_public = {"chip_static_public_key"}  # it lies in EF.CardSecurity; the chip computes with the private key
    assert seen.missing(leaves(case)) == (TERMINALS_OWN | never_public) & case.keys()


@pytest.mark.parametrize("name", ["brainpoolP192r1", "brainpoolP224r1", "brainpoolP320r1"])
def test_key_pairs_and_key_agreement_on_small_brainpool_curves(name: str) -> None:
    """Both directions, with the mapped generator as base point."""
    seen = 0
    domain = curve(name)
    for case in cases("pace.json"):
        if case["domain_parameters"]["name"] != name:
            continue
        generator = domain.decode_point(bytes.fromhex(case["mapped_generator"]))
        for mine, peer in (("terminal", "chip"), ("chip", "terminal")):
            key = domain.private_key(int(case[f"{mine}_private_key"], 16))
            assert domain.encode_point(key.multiply(generator)).hex() == case[f"{mine}_public_key"]
            peer_point = domain.decode_point(bytes.fromhex(case[f"{peer}_public_key"]))
            assert key.shared_x(peer_point).hex() == case["shared_secret"]
            if f"{mine}_mapping_private_key" in case:
                pair = domain.private_key(int(case[f"{mine}_mapping_private_key"], 16))
                assert pair.public_octets.hex() == case[f"{mine}_mapping_public_key"]
                other = domain.decode_point(bytes.fromhex(case[f"{peer}_mapping_public_key"]))
                assert domain.encode_point(pair.multiply(other)).hex() == case["mapping_shared_secret"]
        seen += 1
    assert seen == 3, "each mapping is there"


# -- secure messaging ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", cases("secure_messaging.json"), ids=titles)
def test_the_terminal_meets_every_value_of_secure_messaging(case: dict[str, Any]) -> None:
    with ValueTrace() as seen:
        seed, counter = bytes.fromhex(case["shared_secret"]), int(case["initial_ssc"], 16)
        channel = SecureChannel(SessionKeys.derive(CIPHERS[case["cipher"]], seed, counter))
        for step in case["exchanges"]:
            protected = channel.protect(CommandApdu.parse(bytes.fromhex(step["plain_command"])))
            assert protected.encode().hex() == step["protected_command"], step["name"]
            answer = channel.unprotect(ResponseApdu.parse(bytes.fromhex(step["protected_response"])))
            assert answer.encode().hex() == step["plain_response"], step["name"]
    assert seen.missing(leaves(case)) == set()


@pytest.mark.parametrize("case", cases("secure_messaging.json"), ids=titles)
def test_the_chip_meets_every_value_of_secure_messaging(case: dict[str, Any]) -> None:
    with ValueTrace() as seen:
        seed, counter = bytes.fromhex(case["shared_secret"]), int(case["initial_ssc"], 16)
        channel = ChipChannel.derive(CIPHERS[case["cipher"]], seed, counter)
        for step in case["exchanges"]:
            command = CommandApdu.parse(bytes.fromhex(step["protected_command"]))
            plain = channel.open_command(command)
            assert plain.encode().hex() == step["plain_command"], step["name"]
            answer = ResponseApdu.parse(bytes.fromhex(step["plain_response"]))
            sealed = channel.seal_response(answer, odd_ins=bool(command.ins & 1))
            assert sealed.encode().hex() == step["protected_response"], step["name"]
    assert seen.missing(leaves(case)) == set()


# -- active authentication -----------------------------------------------------------------------------------------------

OFFERED: dict[str, ec.EllipticCurve] = {
    "secp192r1": ec.SECP192R1(),
    "secp224r1": ec.SECP224R1(),
    "secp256r1": ec.SECP256R1(),
    "secp384r1": ec.SECP384R1(),
    "secp521r1": ec.SECP521R1(),
    "brainpoolP256r1": ec.BrainpoolP256R1(),
    "brainpoolP384r1": ec.BrainpoolP384R1(),
    "brainpoolP512r1": ec.BrainpoolP512R1(),
}
SIGNATURES = cases("active_authentication_ecdsa.json")


@pytest.mark.parametrize("case", SIGNATURES, ids=titles)
@pytest.mark.parametrize("form", ["plain", "der"])
def test_the_terminal_takes_the_signature_in_both_forms(case: dict[str, Any], form: str) -> None:
    domain = curve(case["curve"])
    key = EcPublicKey(domain, domain.decode_point(bytes.fromhex(case["public_key"])))
    signature = bytes.fromhex(case[f"signature_{form}"])

    def chip(command: CommandApdu) -> ResponseApdu:
        assert command.encode().hex() == case["internal_authenticate_command"]
        return ResponseApdu(signature, 0x9000)

    answer = run(active_authentication_terminal(len(signature), drawn(octets(case, "challenge"))), chip)
    verify = ecdsa_plain.verify_plain if form == "plain" else ecdsa_plain.verify_der
    algorithm = next(each for each in HashAlgorithm if each.label.replace("-", "").lower() == case["hash_algorithm"])
    assert verify(key, algorithm, answer.signature, answer.challenge)
    for place in (*range(0, len(signature), 9), len(signature) - 1):
        changed = bytearray(signature)
        changed[place] ^= 0x01
        assert not verify(key, algorithm, bytes(changed), answer.challenge), place
    assert not verify(key, algorithm, signature, bytes(8))


@pytest.mark.parametrize("case", SIGNATURES, ids=titles)
@pytest.mark.parametrize("form", ["plain", "der"])
def test_the_chip_signs_as_the_vector_says(case: dict[str, Any], form: str) -> None:
    """Its nonces are those of RFC 6979, so that there is one right answer."""
    key = EcdsaSigningKey(curve(case["curve"]), int(case["private_key"], 16))
    signer = EcdsaSigner(key, case["hash_algorithm"], der=form == "der")
    card = VirtualCard(ChipContent(basic_access_control=False, active_authentication=signer))
    assert card.transmit(bytes.fromhex("00A4040C07A0000002471001")) == b"\x90\x00"
    answer = card.transmit(bytes.fromhex(case["internal_authenticate_command"]))
    assert answer.hex() == case[f"signature_{form}"] + "9000"
    assert curve(case["curve"]).encode_point(key.public_point).hex() == case["public_key"]
