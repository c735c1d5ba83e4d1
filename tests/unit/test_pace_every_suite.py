"""Every curve, cipher and password of PACE with generic mapping: two halves that share no protocol code agree."""

from __future__ import annotations

import dataclasses
import functools

import pytest

from crypto.pace.parameters import STANDARDIZED_CURVES, Agreement, Mapping, pace_protocols
from emulator.adapters.inprocess import EmulatedTransport
from emulator.cards import catalogue, chip_content
from emulator.chip.access_rules import AccessCondition
from emulator.chip.card import VirtualCard
from emulator.chip.content import ChipContent, ElementaryFile, PaceOffer
from emulator.personalise.document import card_access
from emulator.personalise.profile import load_profile
from reader import errors
from reader.link import Link
from reader.plan import HOSPITAL
from reader.protocols.access_key import AccessKey, CanKey, MrzKey
from reader.session import CardSession

PERSON = next(person for person in catalogue() if person.name == "an")
SUITES = [
    (protocol, parameter_id)
    for protocol in pace_protocols()
    if protocol.agreement is Agreement.ECDH and protocol.mapping is Mapping.GENERIC
    for parameter_id in STANDARDIZED_CURVES
]


@functools.cache
def content() -> ChipContent:
    return chip_content("an")


def card_offering(*offers: PaceOffer) -> VirtualCard:
    """The ordinary card, but with these suites in EF.CardAccess."""
    profile = dataclasses.replace(load_profile("an"), pace=offers)
    announced = ElementaryFile(0x011C, card_access(profile), 0x1C, AccessCondition.ALWAYS)
    others = tuple(file for file in content().master_files if file.identifier != 0x011C)
    return VirtualCard(dataclasses.replace(content(), pace=offers, master_files=(announced, *others)))


def open_card(card: VirtualCard, key: AccessKey) -> str:
    session = CardSession(Link(EmulatedTransport(card)))
    return session.open(key, HOSPITAL).suite


@pytest.mark.parametrize(("protocol", "parameter_id"), SUITES, ids=lambda value: getattr(value, "name", value))
def test_both_passwords_open_the_chip_in_every_suite(protocol, parameter_id: int) -> None:
    card = card_offering(PaceOffer(protocol, parameter_id))
    expected = f"{protocol.name} {STANDARDIZED_CURVES[parameter_id]}"
    assert open_card(card, CanKey.from_digits(PERSON.can)) == expected
    assert open_card(card, MrzKey.from_lines(PERSON.mrz)) == expected


@pytest.mark.parametrize("parameter_id", [9, 11, 14, 13])
def test_a_wrong_password_is_a_wrong_password_on_every_kind_of_curve(parameter_id: int) -> None:
    protocol = next(protocol for protocol, _ in SUITES if protocol.cipher.label == "aes-128")
    with pytest.raises(errors.ProtocolError) as caught:
        open_card(card_offering(PaceOffer(protocol, parameter_id)), CanKey.from_digits("999999"))
    assert caught.value.code is errors.WRONG_KEY


def test_the_strongest_offer_is_taken_and_named_where_parameters_are_ambiguous() -> None:
    by_cipher = {protocol.cipher.label: protocol for protocol, _ in SUITES}
    card = card_offering(
        PaceOffer(by_cipher["3des"], 12), PaceOffer(by_cipher["aes-128"], 13), PaceOffer(by_cipher["aes-256"], 16)
    )
    assert open_card(card, CanKey.from_digits(PERSON.can)).endswith("AES-CBC-CMAC-256 brainpoolP384r1")
