"""Chip authentication versions 1 and 2 against libeac, which stands once for the terminal, once for the chip.

Every standardised group, each with two of the four ciphers in turn; two groups with all four. (The other half adds
nothing but time: a group and a cipher meet in the key derivation only.)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from crypto.pace.parameters import standardized_curve
from crypto.primitives.block_cipher import SymmetricCipher
from crypto.primitives.curves import Curve
from crypto.primitives.dh_groups import DH_GROUPS, DhGroup
from crypto.primitives.secret import Secret
from crypto.wire.apdu import CommandApdu, ResponseApdu
from emulator.chip.access_rules import AccessCondition
from emulator.chip.card import VirtualCard
from emulator.chip.content import ChipAuthenticationKey, ChipContent, ElementaryFile, PaceOffer
from reader import errors
from reader.protocols.chip_authentication import (
    ChipAuthenticationSuite,
    EphemeralKey,
    chip_authentication_terminal,
    chip_authentication_v2_terminal,
)
from reader.protocols.exchange import run
from reader.protocols.pace_domain import DhDomain, EcdhDomain
from reader.protocols.secure_messaging import SecureChannel, SessionKeys
from tests.interop.libeac import CAN, Libeac, Refused, running_libeac, whole
from tests.interop.libeac_eac import EacChip, EacTerminal
from tests.interop.test_libeac_pace import FILE, SUITES

PACE = next(protocol for protocol, number in SUITES if number == 12 and protocol.cipher is SymmetricCipher.AES128)
CIPHERS = {1: SymmetricCipher.TDES, 2: SymmetricCipher.AES128, 3: SymmetricCipher.AES192, 4: SymmetricCipher.AES256}
GROUPS = [*range(3), *range(8, 19)]
EVERY_GROUP = [
    pytest.param(number, arc, id=f"{number}/{cipher.label}")
    for number in GROUPS
    for arc, cipher in CIPHERS.items()
    if number in (0, 13) or (number + arc) % 2
]


@pytest.fixture(scope="module")
def libeac() -> Iterator[Libeac]:
    with running_libeac() as process:
        yield process


def group_of(number: int) -> Curve | DhGroup:
    if number in DH_GROUPS:
        return DH_GROUPS[number]
    found = standardized_curve(number)
    assert found is not None
    return found


class StaticKey:
    """A chip's key pair for tests: the protocol's name, and the key in the forms that each side takes."""

    def __init__(self, number: int, arc: int) -> None:
        group = group_of(number)
        self.number, self.cipher = number, CIPHERS[arc]
        self.oid = f"0.4.0.127.0.7.2.2.3.{1 if isinstance(group, DhGroup) else 2}.{arc}"
        scalar = 0x1234567890ABCDEF1234567890ABCDEF12345678 + 1000 * number + arc
        self.key = group.private_key(scalar)
        self.octets = scalar.to_bytes(20, "big")

    def in_chip(self, *versions: int) -> ChipAuthenticationKey:
        return ChipAuthenticationKey(self.oid, self.cipher, self.key, 7, versions)

    def for_reader(self, *, by_kat: bool = False) -> ChipAuthenticationSuite:
        group = group_of(self.number)
        domain: Any = DhDomain(group) if isinstance(group, DhGroup) else EcdhDomain(group)
        chip_key = domain.decode(self.key.public_octets)
        return ChipAuthenticationSuite(self.oid, self.cipher, domain, chip_key, 7, key_agreement_template=by_kat)


# -- version 1 -------------------------------------------------------------------------------------------------


def card_with(static: StaticKey) -> VirtualCard:
    file = ElementaryFile(0x0101, FILE, 0x01, AccessCondition.CHIP_ACCESS)
    content = ChipContent(
        application_files=(file,),
        can=Secret(b"123456"),
        pace=(PaceOffer(PACE, 12),),
        chip_authentication=(static.in_chip(1),),
    )
    return VirtualCard(content)


@pytest.mark.parametrize(("number", "arc"), EVERY_GROUP)
def test_libeac_authenticates_our_chip(libeac: Libeac, number: int, arc: int) -> None:
    static = StaticKey(number, arc)

    def authenticate() -> None:
        with libeac.context() as context:
            terminal = EacTerminal(context, card_with(static).transmit)
            terminal.pace(PACE.oid, 12, CAN, b"123456")
            assert terminal.send(b"\0\xa4\x04\x0c", bytes.fromhex("A0000002471001")) == (b"", 0x9000)
            terminal.new_key(static.oid, number)
            terminal.chip_authentication_1(static.key.public_octets, 7, by_kat=arc == 1 and number % 4 == 0)
            assert terminal.file(0x0101) == FILE

    whole(authenticate)


def require_same_channel(keys: SessionKeys, chip: EacChip) -> None:
    """One command and its answer under the keys that both sides have come to."""
    assert chip.channel is not None
    channel = SecureChannel(keys)
    command = CommandApdu(0x00, 0xB0, 0x81, 0x00, ne=16)
    assert chip.channel.opened(channel.protect(command).encode()) == (b"\0\xb0\x81\0", b"", b"\x10")
    assert channel.unprotect(ResponseApdu.parse(chip.channel.sealed(FILE[:16]))).data == FILE[:16]


def in_plain(peer: EacChip) -> Any:
    def transmit(command: CommandApdu) -> ResponseApdu:
        header = bytes([command.cla, command.ins, command.p1, command.p2])
        return ResponseApdu(peer.transmit(header, command.data), 0x9000)

    return transmit


@pytest.mark.parametrize(("number", "arc"), EVERY_GROUP)
def test_our_reader_authenticates_libeac(libeac: Libeac, number: int, arc: int) -> None:
    static = StaticKey(number, arc)
    suite = static.for_reader(by_kat=arc == 1 and number % 4 == 0)

    def authenticate() -> None:
        with libeac.context() as context:
            chip = EacChip(context, static.oid, number, static.octets, static.key.public_octets)
            require_same_channel(run(chip_authentication_terminal(suite), in_plain(chip)).keys, chip)

    whole(authenticate)


def test_our_reader_finds_libeac_with_another_key_out(libeac: Libeac) -> None:
    static, other = StaticKey(13, 2), StaticKey(13, 3)
    with libeac.context() as context:
        chip = EacChip(context, static.oid, 13, other.octets, other.key.public_octets)
        keys = run(chip_authentication_terminal(static.for_reader()), in_plain(chip)).keys
        with pytest.raises(AssertionError, match="same MAC"):
            require_same_channel(keys, chip)


# -- version 2 -----------------------------------------------------------------------------------------------


def unshortened_key(suite: ChipAuthenticationSuite) -> EphemeralKey:
    """A key whose compressed form libeac does not shorten before it compares."""
    return next(key for key in iter(lambda: EphemeralKey(suite.domain), None) if key.compressed[0])


@pytest.mark.parametrize(("number", "arc"), EVERY_GROUP)
def test_our_reader_checks_libeacs_token(libeac: Libeac, number: int, arc: int) -> None:
    """With the key that terminal authentication announced, which libeac compares with the one that comes."""
    static = StaticKey(number, arc)
    suite = static.for_reader()

    def authenticate() -> None:
        with libeac.context() as context:
            chip = EacChip(context, static.oid, number, static.octets, static.key.public_octets)
            own_key = unshortened_key(suite)
            chip.announced = own_key.compressed
            require_same_channel(run(chip_authentication_v2_terminal(suite, own_key), in_plain(chip)), chip)

    whole(authenticate)


@pytest.mark.parametrize("number", [2, 13])
def test_a_key_that_was_not_announced_is_refused_by_libeac(libeac: Libeac, number: int) -> None:
    static = StaticKey(number, 2)
    suite = static.for_reader()

    def attempt() -> None:
        with libeac.context() as context:
            chip = EacChip(context, static.oid, number, static.octets, static.key.public_octets)
            chip.announced = EphemeralKey(suite.domain).compressed
            with pytest.raises(Refused, match="Wrong public key"):
                run(chip_authentication_v2_terminal(suite, EphemeralKey(suite.domain)), in_plain(chip))

    whole(attempt)


def test_our_reader_refuses_a_token_of_another_chip(libeac: Libeac) -> None:
    static, other = StaticKey(13, 2), StaticKey(13, 3)
    suite = static.for_reader()
    with libeac.context() as context:
        chip = EacChip(context, static.oid, 13, other.octets, other.key.public_octets)
        own_key = unshortened_key(suite)
        chip.announced = own_key.compressed
        with pytest.raises(errors.ProtocolError) as caught:
            run(chip_authentication_v2_terminal(suite, own_key), in_plain(chip))
    assert caught.value.code is errors.CHIP_AUTHENTICATION_WRONG
