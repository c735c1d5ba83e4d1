"""In which order, on which channel and for how long a terminal is believed, by one that shares no code with this project.

TR-03110-1 §3.5, TR-03110-3 §A.6.2.2, §B.3, §B.11; Doc 9303-11 §7.1.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from emulator.cards import card
from tests.interop.foreign_curves import BRAINPOOL_P256
from tests.interop.foreign_eac import FINGERS, EacTerminal, Ephemeral
from tests.interop.foreign_eac_certificates import DG3, DOMESTIC_VERIFIER, TERMINAL, certify, new_party
from tests.interop.foreign_eac_meetings import (
    GOOD,
    ROOT,
    SYSTEM,
    USUAL_PACE,
    VERIFIER,
    agree_again,
    at,
    can,
    opened,
    prove,
    proven,
    status,
    typed_mrz,
)
from tests.interop.foreign_messaging import Refused
from tests.interop.foreign_terminal import CAN, MRZ
from tests.interop.foreign_tlv import only, tlv

NAME = "eac1-ecdh"
OTHER = new_party("VNOTHER00001")


def inside(transmit: Callable[[bytes], bytes]) -> EacTerminal:
    """Everything done, both groups open."""
    terminal = proven(transmit, NAME)
    terminal.show(*GOOD)
    prove(terminal)
    assert terminal.readable() == {3, 4}
    return terminal


# -- orders of commands ---------------------------------------------------------------------------------------------


def test_certificates_out_of_order() -> None:
    terminal = proven(card(NAME).transmit, NAME)
    assert status(terminal.import_certificate, GOOD[0]) == "6985", "no issuer chosen"
    assert status(terminal.show, GOOD[1]) == "6A88", "its issuer is not known yet"
    assert status(terminal.choose_own, SYSTEM.name) == "6A88"
    assert status(terminal.choose_own, ROOT.name) == "6A88", "an authority is no terminal"
    terminal.show(GOOD[0])
    assert status(terminal.choose_own, VERIFIER.name) == "6A88", "nor is a verifier"
    terminal.show(GOOD[1])
    prove(terminal)
    assert terminal.readable() == {3, 4}


def test_a_key_stays_until_it_has_served() -> None:
    """TR-03110-3 §A.6.2.2: after a refused certificate, and after a refused signature, the terminal may try again."""
    terminal = proven(card(NAME).transmit, NAME)
    terminal.show(GOOD[0])
    terminal.choose_issuer(VERIFIER.name)
    assert status(terminal.import_certificate, certify(OTHER, SYSTEM, TERMINAL)) == "6300"
    terminal.show(GOOD[1])
    terminal.choose_own(SYSTEM.name)
    challenge = terminal.challenge()
    assert status(terminal.answer, challenge, OTHER.sign) == "6300"
    assert status(terminal.answer, challenge, SYSTEM.sign) != "9000", "a challenge serves once"
    assert terminal.readable() == set()
    prove(terminal)
    assert terminal.readable() == {3, 4}


def test_terminal_authentication_needs_chip_authentication() -> None:
    terminal = opened(card(NAME).transmit, NAME)
    terminal.show(*GOOD)
    terminal.own_key = Ephemeral(BRAINPOOL_P256)
    assert status(prove, terminal) == "6982"
    assert terminal.readable() == set()


def test_nothing_of_it_goes_in_plain() -> None:
    terminal = at(NAME)
    terminal.select_application()
    for head, data in (
        ("002281B6", tlv(0x83, ROOT.name)),
        ("002A00BE", only(GOOD[0], 0x7F21)),
        ("002281A4", tlv(0x83, SYSTEM.name)),
        ("00820000", bytes(64)),
    ):
        assert terminal.send(head, data)[1] in ("6982", "6985"), head
    assert terminal.readable() == set()


def test_a_challenge_from_before_the_session_is_none() -> None:
    terminal = at(NAME)
    terminal.select_application()
    challenge = terminal.challenge()  # as for BAC
    transmit = terminal.transmit
    terminal = proven(transmit, NAME)
    terminal.show(*GOOD)
    terminal.choose_own(SYSTEM.name)
    assert status(terminal.answer, challenge, SYSTEM.sign) != "9000"
    assert terminal.readable() == set()


def test_a_recorded_signature_opens_no_other_session() -> None:
    chip = card(NAME)
    recorded: list[bytes] = []

    def recording(data: bytes) -> bytes:
        recorded.append(SYSTEM.sign(data))
        return recorded[0]

    for expected in ("9000", "6300"):
        terminal = proven(chip.transmit, NAME)
        terminal.show(*GOOD)
        terminal.choose_own(SYSTEM.name)
        assert status(terminal.answer, terminal.challenge(), recording) == expected


def test_the_signature_names_this_chip_and_this_key() -> None:
    terminal = at(NAME)
    terminal.select_application()
    terminal.bac(typed_mrz(NAME))
    number = terminal.identifier
    assert number == typed_mrz(NAME)[:10]
    agree_again(terminal)
    terminal.show(*GOOD)
    terminal.choose_own(SYSTEM.name)
    right = terminal.own_key
    for terminal.identifier, terminal.own_key in (
        (number[:-1], right),  # without its check digit
        (b"", right),
        (number + b"<", right),
        (number, Ephemeral(BRAINPOOL_P256)),
    ):
        assert status(terminal.answer, terminal.challenge(), SYSTEM.sign) == "6300"
    terminal.identifier, terminal.own_key = number, right
    assert status(terminal.answer, terminal.challenge(), SYSTEM.sign) == "9000"


# -- how rights end -------------------------------------------------------------------------------------------------


def test_rights_end_with_a_reset() -> None:
    chip = card(NAME)
    inside(chip.transmit)
    chip.reset()
    terminal = proven(chip.transmit, NAME)
    assert terminal.readable() == set()
    assert status(terminal.choose_own, SYSTEM.name) == "6A88", "the terminal's key is forgotten, too"


def test_rights_end_with_the_channel() -> None:
    chip = card(NAME)
    terminal = inside(chip.transmit)
    assert terminal.raw("00B0830008")[1] in ("6982", "6987", "6988")
    terminal = EacTerminal(chip.transmit)
    terminal.select_application()
    assert terminal.status_of(FINGERS) == "6982"
    assert proven(chip.transmit, NAME).readable() == set()


@pytest.mark.parametrize(("reference", "password"), [(CAN, can), (MRZ, typed_mrz)])
def test_rights_end_with_another_pace(reference: int, password: Callable[[str], bytes]) -> None:
    """It is the same session still, in which nobody proves himself twice (TR-03110-2 §3.3.2); in the next one he may."""
    chip = card(NAME)
    terminal = inside(chip.transmit)
    terminal.pace(*USUAL_PACE, reference, password(NAME))
    terminal.select_application()
    assert terminal.readable() == set()
    agree_again(terminal)
    terminal.show(*GOOD)
    assert status(prove, terminal) == "6982"
    assert terminal.readable() == set()
    inside(chip.transmit)


def test_a_failed_pace_inside_the_channel_changes_nothing() -> None:
    """TR-03110-2 §3.2.2: secure messaging goes on with the keys from before."""
    terminal = inside(card(NAME).transmit)
    with pytest.raises(Refused):
        terminal.pace(*USUAL_PACE, CAN, b"000000")
    assert terminal.status_of(0x0101) == "9000"
    assert terminal.readable() == {3, 4}


def test_rights_end_with_other_keys_of_chip_authentication() -> None:
    terminal = inside(card(NAME).transmit)
    agree_again(terminal)
    assert terminal.readable() == set()


def test_who_is_in_does_not_prove_itself_twice() -> None:
    """TR-03110-3 §B.11.7: 6982, and what was granted stays granted."""
    terminal = inside(card(NAME).transmit)
    assert status(terminal.show, certify(ROOT, OTHER, DOMESTIC_VERIFIER), certify(OTHER, SYSTEM, TERMINAL, DG3)) in (
        "9000",
        "6982",
    )
    assert status(prove, terminal) == "6982"
    assert terminal.readable() == {3, 4}
