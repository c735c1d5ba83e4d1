"""Extended access control of version 2, by a terminal that shares no code with us: announcement, terminal, then chip.

TR-03110-2 §2.3, §3.3, §3.4; TR-03110-3 §2.6.1, §B.
"""

from __future__ import annotations

import pytest

from tests.interop.foreign_curves import BRAINPOOL_P256
from tests.interop.foreign_eac import (
    AUTHENTICATION_TERMINAL,
    CARD_SECURITY,
    FINGERS,
    ID_PACE_ECDH_CAM,
    INSPECTION_SYSTEM,
    IRISES,
    PIN,
    PUK,
    SIGNATURE_TERMINAL,
    ChipOffer,
    EacTerminal,
    Ephemeral,
    authorization,
    chip_offer,
    signed_infos,
)
from tests.interop.foreign_eac_certificates import CVCA, DOMESTIC_VERIFIER, ECDSA_SHA384, TERMINAL, Party, certify
from tests.interop.foreign_eac_meetings import (
    GOOD,
    ROOT,
    SPECS,
    SYSTEM,
    USUAL_PACE,
    VERIFIER,
    at,
    can,
    genuine,
    rsa_chain,
    rsa_system,
    status,
    trusting,
    typed_mrz,
)
from tests.interop.foreign_messaging import Refused
from tests.interop.foreign_terminal import CAN, MRZ, Transmit
from tests.interop.foreign_tlv import oid, tlv

EAC2 = "eac2"


def in_two(rights: bytes = b"\x03") -> EacTerminal:
    """PACE with the CAN and the announcement of an inspection system."""
    terminal = at(EAC2)
    terminal.pace(*USUAL_PACE, CAN, can(EAC2), more=authorization(INSPECTION_SYSTEM, rights))
    return terminal


def second_offer(terminal: EacTerminal) -> ChipOffer:
    """EF.CardSecurity, below the master file, is open after PACE. In the application its name is that of EF.SOD."""
    terminal.expect("00A4000C", b"\x3f\x00")
    return chip_offer(signed_infos(terminal.read_by_identifier(CARD_SECURITY)))


def prove_in_two(terminal: EacTerminal, *shown: bytes, system: Party = SYSTEM, auxiliary: bytes = b"") -> None:
    """The challenge before the certificates, as one client asks for it, and EF.CardSecurity read again in between."""
    protocol, version, reference = second_offer(terminal).protocols[0]
    assert version == 2
    key = second_offer(terminal).key(protocol, reference)
    challenge = terminal.challenge()
    terminal.show(*shown)
    terminal.announce_own(system.name, system.algorithm, key.group, auxiliary)
    terminal.answer(challenge, system.sign, auxiliary=auxiliary)
    assert second_offer(terminal).key(protocol, reference) == key
    terminal.agree_2(protocol, key)
    terminal.select_application()


def test_version_2_as_an_inspection_system() -> None:
    terminal = in_two()
    assert list(terminal.trust_points) == [0x87, 0x88]
    assert terminal.trust_points[0x87] == ROOT.name
    prove_in_two(terminal, *GOOD)
    assert terminal.readable() == {3, 4}
    assert genuine(terminal, EAC2, FINGERS, IRISES)


@pytest.mark.parametrize(("asked", "granted"), [(b"\x00", set()), (b"\x01", {3}), (b"\x02", {4}), (b"\x23", {3, 4})])
def test_version_2_grants_no_more_than_was_asked_for(asked: bytes, granted: set[int]) -> None:
    terminal = in_two(asked)
    prove_in_two(terminal, *GOOD)
    assert terminal.readable() == granted


def test_version_2_with_rsa_and_auxiliary_data() -> None:
    day = tlv(0x73, tlv(0x06, oid("0.4.0.127.0.7.3.1.4.2")), tlv(0x53, b"20260615"))
    terminal = in_two()
    prove_in_two(terminal, *rsa_chain(), system=rsa_system(), auxiliary=tlv(0x67, day))
    assert terminal.readable() == {3, 4}


AT_ALL = bytes([0, 0, 0, 0, 0b0011_0000])  # the rights to use the CAN and to manage the PIN
PIN_MANAGEMENT = bytes([0, 0, 0, 0, 0b0010_0000])


def with_role(role: int, rights: bytes) -> bytes:
    return authorization(AUTHENTICATION_TERMINAL, bytes([role | rights[0]]) + rights[1:])


def test_version_2_as_an_authentication_terminal_with_the_pin() -> None:
    """As an identity-card client does: PIN, its own type of terminal, no auxiliary data. It may read no fingers."""
    terminal = at(EAC2)
    template = authorization(AUTHENTICATION_TERMINAL, bytes(5))
    terminal.pace(*USUAL_PACE, PIN, SPECS[EAC2].pin.encode("ascii"), more=template, name_parameters=False)
    assert terminal.trust_points == {}, "this chip trusts no authority for terminals of that type"
    prove_in_two(
        terminal,
        certify(ROOT, VERIFIER, DOMESTIC_VERIFIER, template=with_role(0x80, AT_ALL)),
        certify(VERIFIER, SYSTEM, TERMINAL, template=with_role(0, AT_ALL)),
    )
    assert terminal.readable() == set()
    assert terminal.status_of(0x0101) == "9000"


ANY_AT = b"\x3f" + b"\xff" * 4


@pytest.mark.parametrize("certified", [AT_ALL, PIN_MANAGEMENT], ids=["with the right to the CAN", "without"])
def test_an_office_manages_the_pin_by_its_right(certified: bytes) -> None:
    """PACE with the CAN, both proofs, then RESET RETRY COUNTER, DEACTIVATE and ACTIVATE (TR-03110-3 §B.6)."""
    authority_of_offices = certify(ROOT, ROOT, CVCA, template=with_role(CVCA, ANY_AT))
    chip = trusting(EAC2, authority_of_offices)
    terminal = EacTerminal(chip.transmit)
    terminal.pace(*USUAL_PACE, CAN, can(EAC2), more=authorization(AUTHENTICATION_TERMINAL, AT_ALL))
    assert terminal.trust_points == {0x87: ROOT.name}
    shown = (
        certify(ROOT, VERIFIER, DOMESTIC_VERIFIER, template=with_role(DOMESTIC_VERIFIER, ANY_AT)),
        certify(VERIFIER, SYSTEM, TERMINAL, template=with_role(TERMINAL, certified)),
    )
    if certified == PIN_MANAGEMENT:
        with pytest.raises(Refused, match="6982"):
            prove_in_two(terminal, *shown)
        return
    prove_in_two(terminal, *shown)
    terminal.expect("002C0203", b"135790")
    terminal.expect("00041003")
    assert password_state(chip.transmit) == "6283"
    terminal = EacTerminal(chip.transmit)
    terminal.pace(*USUAL_PACE, CAN, can(EAC2), more=authorization(AUTHENTICATION_TERMINAL, AT_ALL))
    prove_in_two(terminal, *shown)
    terminal.expect("00441003")
    terminal = EacTerminal(chip.transmit)
    terminal.pace(*USUAL_PACE, PIN, b"135790")
    assert terminal.announced == "9000"


def password_state(transmit: Transmit) -> str:
    """What the chip says when the PIN is chosen."""
    chosen = tlv(0x80, USUAL_PACE[0]) + tlv(0x83, bytes([PIN]))
    return EacTerminal(transmit).send("0022C1A4", chosen)[1]


@pytest.mark.parametrize("reference", [PIN, PUK])
def test_an_inspection_system_has_no_use_for_pin_and_puk(reference: int) -> None:
    """TR-03110-2 §2.3.2.1; TR-03110-3 §B.11.1: 6A80."""
    terminal = at(EAC2)
    spec = SPECS[EAC2]
    password = (spec.pin if reference == PIN else spec.puk).encode("ascii")
    with pytest.raises(Refused, match="6A80"):
        terminal.pace(*USUAL_PACE, reference, password, more=authorization(INSPECTION_SYSTEM, b"\x03"))


def test_version_2_by_the_zone() -> None:
    terminal = at(EAC2)
    terminal.pace(*USUAL_PACE, MRZ, typed_mrz(EAC2), more=authorization(INSPECTION_SYSTEM, b"\x03"))
    prove_in_two(terminal, *GOOD)
    assert terminal.readable() == {3, 4}


# -- what must not open -----------------------------------------------------------------------------------------------


def status_of_answer(terminal: EacTerminal) -> str:
    return status(lambda: terminal.answer(terminal.challenge(), SYSTEM.sign))


def test_without_an_announcement_nobody_is_believed() -> None:
    """TR-03110-2 §2.3.2.1."""
    terminal = at(EAC2)
    terminal.pace(*USUAL_PACE, CAN, can(EAC2))
    assert terminal.trust_points == {}
    terminal.show(*GOOD)
    terminal.announce_own(SYSTEM.name, SYSTEM.algorithm, BRAINPOOL_P256)
    assert status_of_answer(terminal) == "6982"


def test_the_chip_proves_itself_to_the_announced_key_only() -> None:
    """The rights wait for that channel; a wrong key costs neither the session nor the right one its turn."""
    terminal = in_two()
    ((protocol, _, reference),) = second_offer(terminal).protocols
    key = second_offer(terminal).key(protocol, reference)
    terminal.own_key = Ephemeral(key.group)
    assert status(terminal.agree_2, protocol, key) == "6982", "the terminal has not proved itself"
    terminal.show(*GOOD)
    terminal.announce_own(SYSTEM.name, SYSTEM.algorithm, key.group)
    announced = terminal.own_key
    assert status_of_answer(terminal) == "9000"
    terminal.select_application()
    assert terminal.readable() == set()
    terminal.own_key = Ephemeral(key.group)
    assert status(terminal.agree_2, protocol, key) in ("6300", "6A80")
    assert terminal.readable() == set()
    terminal.own_key = announced
    terminal.agree_2(protocol, key)
    assert terminal.readable() == {3, 4}


def test_what_was_signed_is_what_was_announced() -> None:
    """Another key, other auxiliary data or none, another challenge: 6300, and a right signature still serves."""
    date = tlv(0x67, tlv(0x73, tlv(0x06, oid("0.4.0.127.0.7.3.1.4.2")), tlv(0x53, b"20260615")))
    terminal = in_two()
    terminal.show(*GOOD)
    terminal.announce_own(SYSTEM.name, SYSTEM.algorithm, BRAINPOOL_P256, date)
    announced = terminal.own_key
    assert status(terminal.answer, terminal.challenge(), SYSTEM.sign) == "6300"
    assert status(terminal.answer, terminal.challenge(), SYSTEM.sign, auxiliary=date[:-1] + b"6") == "6300"
    terminal.own_key = Ephemeral(BRAINPOOL_P256)
    assert status(terminal.answer, terminal.challenge(), SYSTEM.sign, auxiliary=date) == "6300"
    terminal.own_key = announced
    stale = terminal.challenge()
    terminal.challenge()
    assert status(terminal.answer, stale, SYSTEM.sign, auxiliary=date) == "6300"
    assert status(terminal.answer, terminal.challenge(), SYSTEM.sign, auxiliary=date) == "9000"


@pytest.mark.parametrize(
    "chosen",
    [
        tlv(0x83, SYSTEM.name),  # version 1
        tlv(0x83, SYSTEM.name) + tlv(0x91, bytes(32)),  # no algorithm
        tlv(0x80, ECDSA_SHA384) + tlv(0x83, SYSTEM.name) + tlv(0x91, bytes(32)),  # another one than the key's
        tlv(0x80, SYSTEM.algorithm) + tlv(0x91, bytes(32)),  # nobody
        tlv(0x80, SYSTEM.algorithm) + tlv(0x83, VERIFIER.name) + tlv(0x91, bytes(32)),  # no terminal
        tlv(0x80, SYSTEM.algorithm) + tlv(0x83, SYSTEM.name) + tlv(0x91),  # no key
    ],
)
def test_half_a_choice_is_none(chosen: bytes) -> None:
    terminal = in_two()
    terminal.show(*GOOD)
    assert terminal.send("002281A4", chosen)[1] in ("6A80", "6A88")
    terminal.own_key = Ephemeral(BRAINPOOL_P256)
    assert status_of_answer(terminal) == "6985"


def test_the_type_of_terminal_is_the_one_that_was_announced() -> None:
    """TR-03110-3 §2.6.1, note, and §B.11.7: 6985, and no right is left."""
    terminal = at(EAC2)
    announced = authorization(SIGNATURE_TERMINAL, b"\x03")
    terminal.pace(*USUAL_PACE, CAN, can(EAC2), more=announced)
    terminal.show(*GOOD)
    terminal.announce_own(SYSTEM.name, SYSTEM.algorithm, BRAINPOOL_P256)
    assert status_of_answer(terminal) == "6985"
    terminal.select_application()
    assert terminal.readable() == set()


def test_rights_of_version_2_end_with_another_pace() -> None:
    terminal = in_two()
    prove_in_two(terminal, *GOOD)
    assert terminal.readable() == {3, 4}
    terminal.pace(*USUAL_PACE, CAN, can(EAC2), more=authorization(INSPECTION_SYSTEM, b"\x03"))
    terminal.select_application()
    assert terminal.readable() == set()


def test_a_key_of_pace_is_no_key_of_chip_authentication_here() -> None:
    """Version 2 binds the rights to chip authentication version 2 alone, also after PACE with chip authentication mapping."""
    terminal = EacTerminal(trusting("pace-cam", certify(ROOT, ROOT, CVCA), versions=(1, 2)).transmit)
    template = authorization(INSPECTION_SYSTEM, b"\x03")
    terminal.pace_with_chip_mapping(ID_PACE_ECDH_CAM + b"\x02", 13, can("pace-cam"), more=template)
    pace_key = terminal.own_key
    assert pace_key is not None
    terminal.show(*GOOD)
    chosen = tlv(0x80, SYSTEM.algorithm) + tlv(0x83, SYSTEM.name) + tlv(0x91, pace_key.compressed)
    terminal.expect("002281A4", chosen)
    assert status_of_answer(terminal) == "9000"
    terminal.select_application()
    assert terminal.readable() == set()
