"""Chip and terminal authentication of our own vectors, value by value through both halves.

As in ``test_own_vectors_replay.py``: each half speaks the conversation octet by octet and meets every value of it, but
for those that only the other side can know.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from crypto.pace.parameters import pace_protocol, standardized_curve
from crypto.pki.cvc import parse_cv_certificate
from crypto.primitives.block_cipher import SymmetricCipher
from crypto.primitives.curves import EcPrivateKey
from crypto.primitives.dh_groups import DH_GROUPS, DhPrivateKey
from crypto.primitives.secret import Secret
from crypto.wire.apdu import CommandApdu, ResponseApdu
from emulator.chip.access_rules import AccessCondition
from emulator.chip.card import VirtualCard
from emulator.chip.content import ChipAuthenticationKey, ChipContent, ElementaryFile, PaceOffer
from emulator.chip.trust_points import TrustedKey
from reader.protocols.access_key import CanKey
from reader.protocols.chip_authentication import (
    ChipAuthenticationSuite,
    EphemeralKey,
    chip_authentication_terminal,
    chip_authentication_v2_terminal,
)
from reader.protocols.exchange import run
from reader.protocols.pace import PaceResult, PaceSuite, pace_terminal
from reader.protocols.pace_domain import DhDomain, EcdhDomain
from reader.protocols.secure_messaging import SecureChannel, SessionKeys
from reader.protocols.terminal_authentication import TerminalClaim, terminal_authentication_terminal
from tests.unit.value_trace import ValueTrace, hex_leaves

FOLDER = Path(__file__).parents[1] / "vectors" / "ours"
CIPHERS = {cipher.label: cipher for cipher in SymmetricCipher}
CVCA, DV, TERMINAL = "XXTESTCVCA00001", "XXTESTDV00001", "XXTESTIS00001"


def cases(name: str) -> list[dict[str, Any]]:
    return list(json.loads((FOLDER / name).read_text(encoding="utf-8"))["cases"])


def titles(case: dict[str, Any]) -> str:
    return str(case["name"])


def drawn(values: list[bytes]) -> Callable[[int], bytes]:
    queue = iter(values)

    def draw(count: int) -> bytes:
        value = next(queue)
        assert len(value) == count
        return value

    return draw


def domain_of(case: dict[str, Any]) -> EcdhDomain | DhDomain:
    number = case["domain_parameters"]["standardized_id"]
    found = standardized_curve(number)
    return DhDomain(DH_GROUPS[number]) if found is None else EcdhDomain(found)


def chips_key(case: dict[str, Any]) -> EcPrivateKey | DhPrivateKey:
    domain, scalar = domain_of(case), int(case["chip_private_key"], 16)
    return domain.curve.private_key(scalar) if isinstance(domain, EcdhDomain) else domain.group.private_key(scalar)


def suite_of(case: dict[str, Any]) -> ChipAuthenticationSuite:
    domain = domain_of(case)
    return ChipAuthenticationSuite(
        case["oid"],
        CIPHERS[case["cipher"]],
        domain,
        domain.decode(bytes.fromhex(case["chip_public_key"])),
        case.get("key_id"),
        bool(case.get("key_agreement_template")),
    )


class Exchanges:
    """The other side of a conversation: it says what the vector says, to exactly the commands of the vector."""

    def __init__(self, steps: list[dict[str, Any]]) -> None:
        self._steps: Iterator[dict[str, Any]] = iter(steps)
        self.channel: SecureChannel | None = None

    def __call__(self, command: CommandApdu) -> ResponseApdu:
        step = next(self._steps)
        if self.channel is None:
            assert command.encode().hex() == step["command"], step
            return ResponseApdu.parse(bytes.fromhex(step["response"]))
        assert command.encode().hex() == step["plain_command"], step["step"]
        assert self.channel.protect(command).encode().hex() == step["protected_command"], step["step"]
        answer = self.channel.unprotect(ResponseApdu.parse(bytes.fromhex(step["protected_response"])))
        assert answer.encode().hex() == step["plain_response"], step["step"]
        return answer

    def is_over(self) -> bool:
        return next(self._steps, None) is None


# -- chip authentication version 1 alone -----------------------------------------------------------------------------------


@pytest.mark.parametrize("case", cases("chip_authentication.json"), ids=titles)
def test_the_terminal_meets_every_value_of_chip_authentication(case: dict[str, Any]) -> None:
    chip = Exchanges(case["apdus"])
    with ValueTrace() as seen:
        scalar = int(case["terminal_private_key"], 16)
        result = run(chip_authentication_terminal(suite_of(case), lambda group: scalar), chip)
        channel, first = SecureChannel(result.keys), case["first_message"]
        protected = channel.protect(CommandApdu.parse(bytes.fromhex(first["plain_command"])))
        assert protected.encode().hex() == first["protected_command"]
        answer = channel.unprotect(ResponseApdu.parse(bytes.fromhex(first["protected_response"])))
        assert answer.encode().hex() == first["plain_response"]
    assert chip.is_over()
    assert channel.has_answered, "the proof that it is the right chip"
    assert seen.missing(hex_leaves(case)) == {"chip_private_key"}


@pytest.mark.parametrize("case", cases("chip_authentication.json"), ids=titles)
def test_the_chip_meets_every_value_of_chip_authentication(case: dict[str, Any]) -> None:
    ef_com = bytes.fromhex("60165f0104303130385f36063034303030305c0461756e6f")
    with ValueTrace() as seen:
        key = ChipAuthenticationKey(case["oid"], CIPHERS[case["cipher"]], chips_key(case), case["key_id"])
        assert key.private_key.public_octets.hex() == case["chip_public_key"]
        content = ChipContent(
            application_files=(ElementaryFile(0x011E, ef_com, 0x1E, AccessCondition.ALWAYS),),
            basic_access_control=False,
            chip_authentication=(key,),
        )
        card = VirtualCard(content, random_bytes=drawn([]))
        assert card.transmit(bytes.fromhex("00A4040C07A0000002471001")) == b"\x90\x00"
        for apdu in case["apdus"]:
            assert card.transmit(bytes.fromhex(apdu["command"])).hex() == apdu["response"]
        first = case["first_message"]
        assert card.transmit(bytes.fromhex(first["protected_command"])).hex() == first["protected_response"]
    assert seen.missing(hex_leaves(case)) == {"terminal_private_key"}


# -- whole conversations -----------------------------------------------------------------------------------------------------


def announced(case: dict[str, Any]) -> bytes:
    """DO'7F4C' in PACE before version 2, as the terminal's certificate has it."""
    return bytes.fromhex("7f4c0e060904007f0007030102015301" + "03") if case["version"] == 2 else b""


def terminals_pace(case: dict[str, Any], chip: Exchanges) -> PaceResult:
    pace = case["pace"]
    protocol = pace_protocol(pace["oid"])
    curve = standardized_curve(pace["domain_parameters"]["standardized_id"])
    assert protocol is not None
    assert curve is not None
    scalars = (int(pace[name], 16) for name in ("terminal_mapping_private_key", "terminal_private_key"))
    suite, key = PaceSuite(protocol, EcdhDomain(curve)), CanKey.from_digits(pace["password"])
    return run(pace_terminal(suite, key, lambda group: next(scalars), authorization=announced(case)), chip)


@pytest.mark.parametrize("case", cases("extended_access_control.json"), ids=titles)
def test_the_terminal_speaks_the_whole_of_extended_access_control(case: dict[str, Any]) -> None:
    with ValueTrace() as seen:
        pace = terminals_pace(case, Exchanges(case["pace"]["apdus"]))
        assert pace.authority_references == ((CVCA,) if case["version"] == 2 else ())
        chip = Exchanges(case["exchanges"])
        chip.channel = SecureChannel(pace.keys)
        chip(CommandApdu(0x00, 0xA4, 0x04, 0x0C, bytes.fromhex("A0000002471001")))
        scalar, suite = int(case["terminal_private_key"], 16), suite_of(case)
        if case["version"] == 1:
            result = run(chip_authentication_terminal(suite, lambda group: scalar), chip)
            chip.channel = SecureChannel(result.keys)
            run(terminal_authentication_terminal(claim(case, pace, result.terminal_key)), chip)
        else:
            own_key = EphemeralKey(suite.domain, lambda group: scalar)
            run(terminal_authentication_terminal(claim(case, pace, own_key.compressed)), chip)
            chip.channel = SecureChannel(run(chip_authentication_v2_terminal(suite, own_key), chip))
        answer = chip(CommandApdu(0x00, 0xB0, 0x83, 0x00, ne=7))
    assert answer.data.hex() == "6304546573740a"
    assert chip.is_over()
    others = {"chip_private_key", "pace.chip_private_key", "pace.chip_mapping_private_key"}
    outside = {place for place in hex_leaves(case) if place.startswith(("signing_keys.", "certificates."))}
    missing = seen.missing(hex_leaves(case, without=frozenset({"password"}))) - outside
    assert missing == others


def claim(case: dict[str, Any], pace: PaceResult, terminal_key: bytes) -> TerminalClaim:
    def sign(data: bytes) -> bytes:
        assert data.hex() == case["signed_data"]
        return bytes.fromhex(case["signature"])

    assert pace.chip_identifier.hex() == case["chip_identifier"]
    assert terminal_key.hex() == case["terminal_public_key_compressed"]
    chain = tuple(parse_cv_certificate(bytes.fromhex(case["certificates"][holder])) for holder in (DV, TERMINAL))
    return TerminalClaim(chain, sign, pace.chip_identifier, terminal_key, case["version"])


def chip_of(case: dict[str, Any], condition: AccessCondition = AccessCondition.FINGERPRINTS) -> VirtualCard:
    pace = case["pace"]
    protocol = pace_protocol(pace["oid"])
    assert protocol is not None
    trusted = parse_cv_certificate(bytes.fromhex(case["certificates"][CVCA]))
    versions = (case["version"],)
    content = ChipContent(
        application_files=(ElementaryFile(0x0103, bytes.fromhex("6304546573740a"), 0x03, condition),),
        can=Secret(pace["password"].encode()),
        basic_access_control=False,
        pace=(PaceOffer(protocol, pace["domain_parameters"]["standardized_id"]),),
        chip_authentication=(
            ChipAuthenticationKey(case["oid"], CIPHERS[case["cipher"]], chips_key(case), None, versions),
        ),
        terminal_trust_points=(TrustedKey.at_personalisation(trusted),),
        terminal_authentication_versions=versions,
        personalised_on=dt.date(2025, 6, 1),
    )
    names = ("nonce", "chip_mapping_private_key", "chip_private_key")
    drawn_values = [bytes.fromhex(pace[name]) for name in names] + [bytes.fromhex(case["challenge"])]
    drawn_values += [bytes.fromhex(case["chip_nonce"])] if case["version"] == 2 else []
    return VirtualCard(content, random_bytes=drawn(drawn_values))


@pytest.mark.parametrize("case", cases("extended_access_control.json"), ids=titles)
def test_the_chip_speaks_the_whole_of_extended_access_control(case: dict[str, Any]) -> None:
    with ValueTrace() as seen:
        assert chips_key(case).public_octets.hex() == case["chip_public_key"]
        card = chip_of(case)
        for apdu in case["pace"]["apdus"]:
            assert card.transmit(bytes.fromhex(apdu["command"])).hex() == apdu["response"], apdu["step"]
        for step in case["exchanges"]:
            answer = card.transmit(bytes.fromhex(step["protected_command"]))
            assert answer.hex() == step["protected_response"], step["step"]
    others = {"terminal_private_key", "pace.terminal_private_key", "pace.terminal_mapping_private_key"}
    outside = {place for place in hex_leaves(case) if place.startswith(("signing_keys.", "certificates."))}
    assert seen.missing(hex_leaves(case, without=frozenset({"password"}))) - outside == others


@pytest.mark.parametrize("case", cases("extended_access_control.json"), ids=titles)
def test_the_certificates_verify_along_the_chain(case: dict[str, Any]) -> None:
    chain = [parse_cv_certificate(bytes.fromhex(case["certificates"][holder])) for holder in (CVCA, DV, TERMINAL)]
    issuer, curve = chain[0], chain[0].public_key.curve
    for certificate in chain:
        assert certificate.is_signed_by(issuer.public_key.on(curve), issuer.public_key.algorithm)
        assert certificate.authority_reference == issuer.holder_reference
        issuer = certificate


@pytest.mark.parametrize("case", cases("extended_access_control.json"), ids=titles)
def test_without_the_right_signature_the_chip_keeps_its_fingerprints(case: dict[str, Any]) -> None:
    """The same conversation up to a signature with one bit wrong: the fingers stay closed, the session goes on."""
    card = chip_of(case)
    for apdu in case["pace"]["apdus"]:
        card.transmit(bytes.fromhex(apdu["command"]))
    ciphers = (CIPHERS[case["pace"]["cipher"]], CIPHERS[case["cipher"]])
    pace = case["pace"]
    channel = SecureChannel(
        SessionKeys(ciphers[0], Secret(bytes.fromhex(pace["ks_enc"])), Secret(bytes.fromhex(pace["ks_mac"])))
    )

    def send(plain: bytes) -> ResponseApdu:
        protected = channel.protect(CommandApdu.parse(plain))
        return channel.unprotect(ResponseApdu.parse(card.transmit(protected.encode())))

    for step in case["exchanges"]:
        plain = bytearray(bytes.fromhex(step["plain_command"]))
        if step["step"] == "EXTERNAL AUTHENTICATE":
            plain[-1] ^= 0x01
            assert str(send(bytes(plain)).sw) == "6300"
            break
        assert send(bytes(plain)).is_success, step["step"]
        if step["step"] == "GENERAL AUTHENTICATE":
            keys = (Secret(bytes.fromhex(case[name])) for name in ("ks_enc", "ks_mac"))
            channel = SecureChannel(SessionKeys(ciphers[1], *keys))
    answer = send(bytes.fromhex("00b0830007"))
    assert not answer.is_success
    assert not answer.data
    assert channel.is_open


@pytest.mark.parametrize("case", cases("extended_access_control.json"), ids=titles)
def test_rights_end_with_the_session(case: dict[str, Any]) -> None:
    """After the whole conversation the last command comes once more: fingerprints were readable, and are no longer."""
    card = chip_of(case)
    for apdu in case["pace"]["apdus"]:
        card.transmit(bytes.fromhex(apdu["command"]))
    for step in case["exchanges"]:
        answer = card.transmit(bytes.fromhex(step["protected_command"]))
    assert answer.hex() == case["exchanges"][-1]["protected_response"]
    repeated = bytes.fromhex(case["exchanges"][-1]["protected_command"])
    assert card.transmit(repeated).hex() == "6988"
    assert card.transmit(repeated).hex() == "6988"
    assert card.transmit(bytes.fromhex("00b0830007")).hex() == "6982"
