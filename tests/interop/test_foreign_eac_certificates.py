"""Certificates that a chip must not believe, and those that it must: by an issuer that shares no code with this project.

TR-03110-3 §2.5, §2.6, §A.6.2, §C; Doc 9303-11 §7.1.4.3.
"""

from __future__ import annotations

import datetime as dt
import itertools

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from emulator.cards import card
from tests.interop.foreign_curves import BRAINPOOL_P256
from tests.interop.foreign_eac import AUTHENTICATION_TERMINAL, authorization
from tests.interop.foreign_eac_certificates import (
    CVCA,
    DG4,
    DOMESTIC_VERIFIER,
    ECDSA_SHA384,
    FOREIGN_VERIFIER,
    TERMINAL,
    Party,
    body,
    certify,
    new_party,
    signed,
)
from tests.interop.foreign_eac_meetings import (
    GOOD,
    ROOT,
    SYSTEM,
    USUAL_PACE,
    VERIFIER,
    at,
    can,
    opened,
    prove,
    proven,
    status,
    trusting,
)
from tests.interop.foreign_terminal import CAN
from tests.interop.foreign_tlv import only, tlv

NAME = "eac1-ecdh"
OTHER = new_party("VNOTHER00001")
PERSONALISED, LATE = dt.date(2022, 9, 5), dt.date(2045, 1, 1)


# -- certificates ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("which", [0, 1], ids=["verifier", "terminal"])
def test_one_changed_bit_anywhere_is_noticed(which: int) -> None:
    """Nothing is imported, and afterwards the good certificate is."""
    terminal = proven(card(NAME).transmit, NAME)
    terminal.show(*GOOD[:which])
    issuer, subject = ((ROOT, VERIFIER), (VERIFIER, SYSTEM))[which]
    content = only(GOOD[which], 0x7F21)
    for position in range(which, len(content), 3):
        terminal.choose_issuer(issuer.name)
        changed = bytearray(content)
        changed[position] ^= 1 << position % 8
        assert terminal.send("002A00BE", bytes(changed))[1] != "9000", position
        assert terminal.send("002281B6", tlv(0x83, subject.name))[1] == "6A88"
    assert status(terminal.show, *GOOD[which:]) == "9000"
    prove(terminal)
    assert terminal.readable() == {3, 4}


def wrong_certificates() -> dict[str, tuple[bytes, ...]]:
    """The last of each is refused; those before it are good."""
    first, day = dt.date(2021, 1, 1), dt.timedelta(days=1)
    p384 = new_party("VNLARGER00001", ec.BrainpoolP384R1(), ECDSA_SHA384)
    nist = new_party("VNNIST00001", ec.SECP256R1())
    good, system = GOOD
    return {
        "expired verifier": (certify(ROOT, VERIFIER, DOMESTIC_VERIFIER, first=first, last=PERSONALISED - day),),
        "expired terminal": (good, certify(VERIFIER, SYSTEM, TERMINAL, first=first, last=dt.date(2026, 5, 31))),
        "verifier by itself in the name of the authority": (signed(VERIFIER, body(ROOT.name, VERIFIER, 0x80)),),
        "verifier that takes the authority's name": (certify(ROOT, Party(ROOT.name, VERIFIER.key), 0x80),),
        "authority by itself": (signed(VERIFIER, body(ROOT.name, Party(ROOT.name, VERIFIER.key), CVCA)),),
        "terminal by the authority": (certify(ROOT, SYSTEM, TERMINAL),),
        "verifier by a verifier": (good, certify(VERIFIER, OTHER, FOREIGN_VERIFIER)),
        "authority by a verifier": (good, certify(VERIFIER, OTHER, CVCA)),
        "terminal by a terminal": (good, system, certify(SYSTEM, OTHER, TERMINAL)),
        "verifier with domain parameters": (signed(ROOT, body(ROOT.name, VERIFIER, 0x80, domain=True)),),
        "verifier with a larger key": (certify(ROOT, p384, DOMESTIC_VERIFIER),),
        "verifier on another curve": (certify(ROOT, nist, DOMESTIC_VERIFIER),),
        "another authority's name inside": (signed(ROOT, body(b"VNTESTCVCAX0001", VERIFIER, 0x80)),),
    }


WRONG = wrong_certificates()


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_certificate_is_refused_and_forgotten(name: str) -> None:
    terminal = proven(card(NAME).transmit, NAME)
    *before, wrong = WRONG[name]
    terminal.show(*before)
    issuers = (ROOT, VERIFIER, SYSTEM)
    terminal.choose_issuer(issuers[len(before)].name)
    assert status(terminal.import_certificate, wrong) in ("6300", "6A80")
    if before:
        return
    assert terminal.names_in_file()[0] == ROOT.name
    assert status(terminal.show, *GOOD) == "9000"


def test_a_verifier_that_names_itself_as_issuer_is_not_even_looked_at() -> None:
    terminal = proven(card(NAME).transmit, NAME)
    assert status(terminal.show, certify(VERIFIER, VERIFIER, DOMESTIC_VERIFIER)) == "6A88"


def test_the_last_day_is_good_and_so_is_a_day_that_the_chip_does_not_know_yet() -> None:
    """A chip has no clock: not yet valid is only what it can know to be later than its own last sight (§2.5)."""
    terminal = proven(card(NAME).transmit, NAME)
    terminal.show(certify(ROOT, OTHER, FOREIGN_VERIFIER, first=dt.date(2021, 1, 1), last=PERSONALISED))
    terminal.show(certify(ROOT, VERIFIER, FOREIGN_VERIFIER, first=dt.date(2040, 1, 1), last=dt.date(2040, 2, 1)))
    assert status(terminal.show, certify(ROOT, OTHER, FOREIGN_VERIFIER)) == "6300", "now 2026 is over"


SIGNATURE = ROOT.sign(body(ROOT.name, VERIFIER, DOMESTIC_VERIFIER))
BODY = body(ROOT.name, VERIFIER, DOMESTIC_VERIFIER)
ORDER = BRAINPOOL_P256.n.to_bytes(32, "big")


NO_CERTIFICATES: dict[str, bytes] = {
    "nothing": b"",
    "no signature": BODY,
    "signature first": tlv(0x5F37, SIGNATURE) + BODY,
    "signature twice": BODY + tlv(0x5F37, SIGNATURE) * 2,
    "octets behind": BODY + tlv(0x5F37, SIGNATURE) + b"\0",
    "outer object": tlv(0x7F21, BODY, tlv(0x5F37, SIGNATURE)),
    "empty signature": BODY + tlv(0x5F37),
    "short signature": BODY + tlv(0x5F37, SIGNATURE[:-1]),
    "long signature": BODY + tlv(0x5F37, SIGNATURE + b"\0"),
    "zero": BODY + tlv(0x5F37, bytes(64)),
    "r is zero": BODY + tlv(0x5F37, bytes(32) + SIGNATURE[32:]),
    "s is the order": BODY + tlv(0x5F37, SIGNATURE[:32] + ORDER),
    "DER": BODY + tlv(0x5F37, ROOT.key.sign(BODY, ec.ECDSA(hashes.SHA256()))),  # type: ignore[union-attr,call-arg,arg-type]
}


def test_what_is_no_certificate() -> None:
    terminal = opened(card(NAME).transmit, NAME)
    for name, content in NO_CERTIFICATES.items():
        terminal.choose_issuer(ROOT.name)
        assert terminal.send("002A00BE", content)[1] in ("6300", "6A80"), name
        assert status(terminal.choose_issuer, VERIFIER.name) == "6A88", name


def test_unknown_extensions_harm_nobody() -> None:
    """TR-03110-3 §C.3: they must not be a reason to refuse."""
    extension = tlv(0x73, tlv(0x06, b"\x2a\x03\x04"), tlv(0x80, b"TEST"))
    terminal = proven(card(NAME).transmit, NAME)
    terminal.show(signed(ROOT, body(ROOT.name, VERIFIER, DOMESTIC_VERIFIER, extensions=extension)), GOOD[1])
    prove(terminal)
    assert terminal.readable() == {3, 4}


def test_only_the_right_that_both_have() -> None:
    terminal = proven(card(NAME).transmit, NAME)
    terminal.show(certify(ROOT, VERIFIER, DOMESTIC_VERIFIER, DG4), GOOD[1])
    prove(terminal)
    assert terminal.readable() == {4}


# -- dates ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("role", "moves"), [(FOREIGN_VERIFIER, False), (DOMESTIC_VERIFIER, True)])
def test_only_a_domestic_terminal_tells_the_day(role: int, moves: bool) -> None:
    """TR-03110-3 §2.6.2. What was learnt stays over a reset."""
    chip = card(NAME)
    terminal = proven(chip.transmit, NAME)
    later = dt.date(2026, 7, 15)
    terminal.show(certify(ROOT, VERIFIER, role), certify(VERIFIER, SYSTEM, TERMINAL, first=later))
    prove(terminal)
    chip.reset()
    terminal = opened(chip.transmit, NAME)
    before = certify(ROOT, OTHER, FOREIGN_VERIFIER, first=dt.date(2026, 5, 1), last=later - dt.timedelta(days=1))
    assert status(terminal.show, before) == ("6300" if moves else "9000")


def test_a_refused_certificate_tells_no_day() -> None:
    chip = card(NAME)
    terminal = opened(chip.transmit, NAME)
    forged = signed(OTHER, body(ROOT.name, VERIFIER, 0x80, first=dt.date(2040, 1, 1), last=dt.date(2040, 2, 1)))
    assert status(terminal.show, forged) == "6300"
    assert status(terminal.show, GOOD[0]) == "9000"


# -- trust points ---------------------------------------------------------------------------------------------------

NEW = new_party("VNTESTCVCANEW01")


def test_a_link_is_learnt_once_and_for_good() -> None:
    chip = card(NAME)
    link = certify(ROOT, NEW, CVCA)
    terminal = opened(chip.transmit, NAME)
    assert status(terminal.show, link) == "9000"
    assert terminal.names_in_file() == [NEW.name, ROOT.name]
    assert status(terminal.show, link) != "9000", "known already"
    chip.power_off()
    chip.power_on()
    terminal = proven(chip.transmit, NAME)
    assert terminal.names_in_file() == [NEW.name, ROOT.name]
    assert status(terminal.show, link) != "9000"
    terminal.show(certify(NEW, VERIFIER, DOMESTIC_VERIFIER), GOOD[1])
    prove(terminal)
    assert terminal.readable() == {3, 4}


def test_the_old_key_still_serves_until_it_expires() -> None:
    terminal = proven(card(NAME).transmit, NAME)
    terminal.show(certify(ROOT, NEW, CVCA), *GOOD)
    prove(terminal)
    assert terminal.readable() == {3, 4}


def test_a_link_by_somebody_else_changes_nothing() -> None:
    terminal = opened(card(NAME).transmit, NAME)
    before = terminal.names_in_file()
    assert status(terminal.show, signed(OTHER, body(ROOT.name, NEW, CVCA))) == "6300"
    assert terminal.names_in_file() == before


def test_a_link_to_a_larger_curve_takes_the_chain_there() -> None:
    def larger(name: str) -> Party:
        return new_party(name, ec.BrainpoolP384R1(), ECDSA_SHA384)

    new, verifier, system = larger("VNTESTCVCA38401"), larger("VNDV38400001"), larger("VNIS38400001")
    terminal = proven(card(NAME).transmit, NAME)
    terminal.show(certify(ROOT, new, CVCA), certify(new, verifier, 0x80), certify(verifier, system, TERMINAL))
    prove(terminal, system)
    assert terminal.readable() == {3, 4}


def test_keys_roll_over_for_as_long_as_the_schedule_is_kept() -> None:
    """TR-03110-3 §2.4: each generation lives three years and is followed after two. The chip sees all links in a row."""
    chip = card(NAME)
    terminal, issuer = proven(chip.transmit, NAME), ROOT
    for generation in range(8):
        new = new_party(f"VNTESTCVCAG{generation:04d}")
        first, last = dt.date(2026 + 2 * generation, 1, 1), dt.date(2029 + 2 * generation, 1, 1)
        assert status(terminal.show, certify(issuer, new, CVCA, first=first, last=last)) == "9000", generation
        assert terminal.names_in_file() == [new.name, issuer.name]
        issuer = new
    verifier = certify(issuer, VERIFIER, DOMESTIC_VERIFIER, first=dt.date(2040, 2, 1), last=dt.date(2041, 1, 1))
    terminal.show(verifier, certify(VERIFIER, SYSTEM, TERMINAL, first=dt.date(2040, 2, 1), last=dt.date(2041, 1, 1)))
    prove(terminal)
    assert terminal.readable() == {3, 4}


def test_a_link_of_another_type_of_terminal_hands_no_rights_over() -> None:
    """An authority for inspection systems makes no authority for terminals that manage PINs (TR-03110-3 §2.6.1, note)."""
    everything = bytes([0xFF]) + b"\xff" * 4
    terminal = at("eac2")
    terminal.pace(*USUAL_PACE, CAN, can("eac2"))
    terminal.show(certify(ROOT, NEW, CVCA, template=authorization(AUTHENTICATION_TERMINAL, everything)))
    announced = authorization(AUTHENTICATION_TERMINAL, bytes([0, 0, 0, 0, 0x30]))
    terminal.pace(*USUAL_PACE, CAN, can("eac2"), more=announced)
    terminal.show(
        certify(
            NEW, VERIFIER, DOMESTIC_VERIFIER, template=authorization(AUTHENTICATION_TERMINAL, b"\xbf" + b"\xff" * 4)
        ),
        certify(VERIFIER, SYSTEM, TERMINAL, template=announced),
    )
    terminal.announce_own(SYSTEM.name, SYSTEM.algorithm, BRAINPOOL_P256)
    assert status(terminal.answer, terminal.challenge(), SYSTEM.sign) == "6982"
    assert terminal.send("002C0203", b"135790")[1] == "6982"


def test_a_line_of_keys_that_has_expired_goes_on_with_its_link() -> None:
    """TR-03110-3 §2.5.1: for document verifiers no more, for its own successor still, whatever another line has done."""
    first, second = new_party("VNTESTCVCAA0001"), new_party("VNTESTCVCAB0001")
    chip = trusting(
        NAME, certify(first, first, CVCA, last=dt.date(2028, 1, 1)), certify(second, second, CVCA, last=LATE)
    )
    terminal = opened(chip.transmit, NAME)
    assert terminal.names_in_file() == [first.name, second.name]
    newer = new_party("VNTESTCVCAB0002")
    terminal.show(certify(second, newer, CVCA, first=dt.date(2030, 1, 1), last=LATE))
    assert terminal.names_in_file() == [newer.name, second.name]
    verifier = body(first.name, VERIFIER, DOMESTIC_VERIFIER, last=LATE)
    assert status(terminal.show, signed(first, verifier)) == "6300"
    successor = new_party("VNTESTCVCAA0002")
    terminal.show(certify(first, successor, CVCA, first=dt.date(2031, 1, 1), last=LATE))
    assert terminal.names_in_file() == [successor.name, newer.name]
    displaced = certify(second, VERIFIER, DOMESTIC_VERIFIER, last=LATE)
    assert status(terminal.show, displaced) in ("6300", "6A88"), "disabled, and its successor is there"
    assert status(terminal.show, certify(successor, VERIFIER, DOMESTIC_VERIFIER, last=LATE)) == "9000"


def test_a_name_that_was_given_up_may_be_taken_again() -> None:
    """Sequence numbers may start anew (TR-03110-3 §A.6.1); a key is not judged by what its name stood for before."""
    terminal = opened(card(NAME).transmit, NAME)
    line = [ROOT, *(new_party(f"VNTESTCVCAC000{number}") for number in (1, 2, 3, 1))]
    for number, (old, new) in enumerate(itertools.pairwise(line)):
        terminal.show(certify(old, new, CVCA, first=dt.date(2030 + number, 1, 1), last=LATE))
    assert terminal.names_in_file() == [line[4].name, line[3].name]
    assert status(terminal.show, certify(line[4], VERIFIER, DOMESTIC_VERIFIER, last=LATE)) == "9000"
