"""Which of several offers of PACE is taken, and what a wrong number is called on every kind of curve."""

from __future__ import annotations

import dataclasses

import pytest

from crypto.pace.parameters import Agreement, Mapping, pace_protocols
from emulator.adapters.inprocess import EmulatedTransport
from emulator.chip.card import VirtualCard
from emulator.chip.content import PaceOffer
from emulator.personalise.document import personalise
from emulator.personalise.profile import load_profile
from reader import errors
from reader.link import Link
from reader.plan import HOSPITAL
from reader.protocols.access_key import CanKey
from reader.session import CardSession

PROFILE = load_profile("an")
GENERIC = {
    protocol.cipher.label: protocol
    for protocol in pace_protocols()
    if protocol.mapping is Mapping.GENERIC and protocol.agreement is Agreement.ECDH
}


def suite_taken(*offers: PaceOffer, can: str = PROFILE.holder.can) -> str:
    card = VirtualCard(personalise(dataclasses.replace(PROFILE, pace=offers)))
    return CardSession(Link(EmulatedTransport(card))).open(CanKey.from_digits(can), HOSPITAL).suite


@pytest.mark.parametrize("parameter_id", [9, 11, 14, 13])
def test_a_wrong_password_is_a_wrong_password_on_every_kind_of_curve(parameter_id: int) -> None:
    with pytest.raises(errors.ProtocolError) as caught:
        suite_taken(PaceOffer(GENERIC["aes-128"], parameter_id), can="999999")
    assert caught.value.code is errors.WRONG_KEY


def test_the_strongest_offer_is_taken_and_named_where_parameters_are_ambiguous() -> None:
    taken = suite_taken(
        PaceOffer(GENERIC["3des"], 12), PaceOffer(GENERIC["aes-128"], 13), PaceOffer(GENERIC["aes-256"], 16)
    )
    assert taken == "PACE-ECDH-GM-AES-CBC-CMAC-256 brainpoolP384r1"
