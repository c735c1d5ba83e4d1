"""Groups that a chip spells out, and PIN and PUK: two halves that share no protocol code agree."""

from __future__ import annotations

import dataclasses

import pytest

from crypto.pace.parameters import Mapping, pace_protocols
from crypto.primitives.curves import Curve, curve
from crypto.primitives.dh_groups import DH_GROUPS, DhGroup
from crypto.primitives.secret import Secret
from emulator.adapters.inprocess import EmulatedTransport
from emulator.cards import chip_content
from emulator.chip.access_rules import AccessCondition
from emulator.chip.card import VirtualCard
from emulator.chip.content import ChipAuthenticationMappingKey, ElementaryFile, PaceOffer
from emulator.personalise.document import card_access
from emulator.personalise.own_group import OWN_GROUP
from emulator.personalise.profile import load_profile
from reader import errors
from reader.link import Link
from reader.plan import HOSPITAL
from reader.protocols.access_key import CanKey, PinKey, PukKey
from reader.session import CardSession

PROTOCOLS = {protocol.name: protocol for protocol in pace_protocols()}
KEYS = {"PIN": PinKey.from_digits("481263"), "PUK": PukKey.from_digits("9021745836")}
SPELT_OUT = [
    ("PACE-ECDH-GM-AES-CBC-CMAC-128", 32, curve("brainpoolP256r1")),
    ("PACE-ECDH-IM-AES-CBC-CMAC-256", 99, curve("brainpoolP320r1")),
    ("PACE-ECDH-CAM-AES-CBC-CMAC-128", 40, curve("secp384r1")),
    ("PACE-DH-GM-3DES-CBC-CBC", 127, DH_GROUPS[0]),
    ("PACE-DH-IM-AES-CBC-CMAC-192", 200, DH_GROUPS[0]),
]


def card_spelling_out(name: str, number: int, group: Curve | DhGroup) -> VirtualCard:
    offer = PaceOffer(PROTOCOLS[name], number, group)
    profile = dataclasses.replace(load_profile("pin-puk"), pace=(offer,), basic_access_control=False)
    content = chip_content("pin-puk")
    announced = ElementaryFile(0x011C, card_access(profile), 0x1C, AccessCondition.ALWAYS)
    keys = ()
    if offer.protocol.mapping is Mapping.CHIP_AUTHENTICATION and isinstance(group, Curve):
        keys = (ChipAuthenticationMappingKey(group, Secret(b"\x2a")),)
    files = (announced, *(file for file in content.master_files if file.identifier != 0x011C))
    return VirtualCard(
        dataclasses.replace(
            content, pace=(offer,), master_files=files, chip_authentication_mapping=keys, basic_access_control=False
        )
    )


@pytest.mark.parametrize("password", KEYS)
@pytest.mark.parametrize(("name", "number", "group"), SPELT_OUT, ids=lambda value: getattr(value, "name", value))
def test_known_groups_under_ids_of_the_issuers_open_the_chip(
    name: str, number: int, group: Curve | DhGroup, password: str
) -> None:
    session = CardSession(Link(EmulatedTransport(card_spelling_out(name, number, group))))
    assert session.open(KEYS[password], HOSPITAL).suite == f"{name} {group.name}"


def test_a_group_that_nobody_knows_is_not_used() -> None:
    """Doc 9303-11 §9.2.2: whoever chose it could find the password from one conversation."""
    card = card_spelling_out("PACE-DH-GM-AES-CBC-CMAC-128", 33, OWN_GROUP)
    with pytest.raises(errors.ProtocolError):
        CardSession(Link(EmulatedTransport(card))).open(CanKey.from_digits("004411"), HOSPITAL)
