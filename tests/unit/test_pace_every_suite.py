"""Every mapping, group, cipher and password of PACE: two halves that share no protocol code agree."""

from __future__ import annotations

import dataclasses
import functools

import pytest

from crypto.pace.parameters import STANDARDIZED_CURVES, Agreement, Mapping, PaceProtocol, pace_protocols
from crypto.primitives.curves import curve
from crypto.primitives.dh_groups import DH_GROUPS
from crypto.primitives.secret import Secret
from emulator.adapters.inprocess import EmulatedTransport
from emulator.cards import catalogue, chip_content
from emulator.chip.access_rules import AccessCondition
from emulator.chip.card import VirtualCard
from emulator.chip.content import ChipAuthenticationMappingKey, ChipContent, ElementaryFile, PaceOffer
from emulator.personalise.document import card_access
from emulator.personalise.profile import load_profile
from reader import errors
from reader.link import Link
from reader.plan import HOSPITAL
from reader.protocols.access_key import AccessKey, CanKey, MrzKey
from reader.session import CardSession

PERSON = next(person for person in catalogue() if person.name == "an")


def parameter_ids(protocol: PaceProtocol) -> list[int]:
    """Doc 9303-11 table 5. The point encoding of integrated mapping does not exist for secp224r1 (id 10)."""
    if protocol.agreement is Agreement.DH:
        return list(DH_GROUPS)
    return [number for number in STANDARDIZED_CURVES if protocol.mapping is not Mapping.INTEGRATED or number != 10]


SUITES = [(protocol, number) for protocol in pace_protocols() for number in parameter_ids(protocol)]
BIG_GROUPS = (1, 2)  # 2048 bits, by exponentiation in Python: 50 ms each


@functools.cache
def content() -> ChipContent:
    return chip_content("an")


def card_offering(*offers: PaceOffer) -> VirtualCard:
    """The ordinary card, but with these suites in EF.CardAccess, and static keys for the mapping that needs them."""
    profile = dataclasses.replace(load_profile("an"), pace=offers)
    announced = ElementaryFile(0x011C, card_access(profile), 0x1C, AccessCondition.ALWAYS)
    others = tuple(file for file in content().master_files if file.identifier != 0x011C)
    static_keys = tuple(
        ChipAuthenticationMappingKey(curve(STANDARDIZED_CURVES[offer.parameter_id]), Secret(b"\x2a"))
        for offer in offers
        if offer.protocol.mapping is Mapping.CHIP_AUTHENTICATION
    )
    return VirtualCard(
        dataclasses.replace(
            content(), pace=offers, master_files=(announced, *others), chip_authentication_mapping=static_keys
        )
    )


def open_card(card: VirtualCard, key: AccessKey) -> str:
    session = CardSession(Link(EmulatedTransport(card)))
    suite = session.open(key, HOSPITAL).suite
    if session.mapping_proof is not None:
        domain = session.mapping_proof.curve
        assert session.mapping_proof.holds_for(domain.private_key(0x2A).public_point)
        assert not session.mapping_proof.holds_for(domain.private_key(0x2B).public_point)
    return suite


@pytest.mark.parametrize(
    ("protocol", "parameter_id"),
    [pytest.param(*suite, marks=[pytest.mark.slow] if suite[1] in BIG_GROUPS else []) for suite in SUITES],
    ids=lambda value: getattr(value, "name", value),
)
def test_both_passwords_open_the_chip_in_every_suite(protocol, parameter_id: int) -> None:
    card = card_offering(PaceOffer(protocol, parameter_id))
    group = STANDARDIZED_CURVES[parameter_id] if parameter_id > 2 else DH_GROUPS[parameter_id].name
    expected = f"{protocol.name} {group}"
    assert open_card(card, CanKey.from_digits(PERSON.can)) == expected
    assert open_card(card, MrzKey.from_lines(PERSON.mrz)) == expected


@pytest.mark.parametrize("parameter_id", [9, 11, 14, 13])
def test_a_wrong_password_is_a_wrong_password_on_every_kind_of_curve(parameter_id: int) -> None:
    protocol = next(p for p, _ in SUITES if p.name == "PACE-ECDH-GM-AES-CBC-CMAC-128")
    with pytest.raises(errors.ProtocolError) as caught:
        open_card(card_offering(PaceOffer(protocol, parameter_id)), CanKey.from_digits("999999"))
    assert caught.value.code is errors.WRONG_KEY


def test_the_strongest_offer_is_taken_and_named_where_parameters_are_ambiguous() -> None:
    generic = [p for p, _ in SUITES if p.mapping is Mapping.GENERIC and p.agreement is Agreement.ECDH]
    by_cipher = {protocol.cipher.label: protocol for protocol in generic}
    card = card_offering(
        PaceOffer(by_cipher["3des"], 12), PaceOffer(by_cipher["aes-128"], 13), PaceOffer(by_cipher["aes-256"], 16)
    )
    assert open_card(card, CanKey.from_digits(PERSON.can)).endswith("AES-CBC-CMAC-256 brainpoolP384r1")
