"""What a chip remembers of terminal authentication: its trust points, link certificates and the date (TR-03110-3 §2.5)."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools

import pytest

from crypto.pki.cvc import CvRole, parse_cv_certificate
from crypto.wire.tlv import encode_tlv, iter_tlvs
from emulator.chip.card import VirtualCard
from emulator.chip.trust_points import TrustedKey
from emulator.personalise.cv_issuer import (
    CvHolder,
    CvSuite,
    Validity,
    certificate,
    holder,
    verifying_authority,
)
from emulator.personalise.document import personalise
from emulator.personalise.profile import load_profile
from tests.unit.emulator_extended_access import DAY, ExtendedTerminal
from tests.unit.emulator_terminal import CAN, SPECS, generic_mapping
from tests.unit.inspection_systems import (
    DG3,
    DG4,
    LONGER,
    NEXT,
    OTHER_CURVE,
    PERSONALISED,
    ROOT,
    STRANGER,
    SUITE,
    TERMINAL,
    VALID,
    a_chip,
    ef_cvca,
    link_certificate,
    prove_terminal,
    proven,
    terminal_certificate,
    verifier_certificate,
)


def test_the_list_of_trust_points_may_lie_elsewhere() -> None:
    """TR-03110-3 §A.1.1.3: TerminalAuthenticationInfo then says where."""
    profile = load_profile("eac1-ecdh")
    assert profile.terminal_authentication is not None
    moved = dataclasses.replace(profile.terminal_authentication, ef_cvca=0x0156)
    content = personalise(dataclasses.replace(profile, terminal_authentication=moved))
    (access,) = (file.content for file in content.master_files if file.identifier == 0x011C)
    assert bytes.fromhex("3016" + "060804007F0007020202" + "020101" + "3007" + "04020156" + "040116") in access
    terminal = ExtendedTerminal(VirtualCard(content))
    terminal.pace(generic_mapping(2), 13, CAN, SPECS["eac1-ecdh"].can.encode())
    terminal.select_application()
    assert terminal.send("00B09C00", le=b"\x24")[1] == "6A82"
    before, status = terminal.send("00B09600", le=b"\x24")
    assert (status, len(before)) == ("9000", 36)
    today = Validity(dt.date(2024, 3, 1), dt.date(2040, 1, 1))
    assert terminal.show_chain(link_certificate(ROOT, NEXT, today)) == ["9000"]
    after, _ = terminal.send("00B09600", le=b"\x24")
    assert after.startswith(encode_tlv(0x42, NEXT.reference.encode()))
    assert after != before


# -- the date ------------------------------------------------------------------------------------------------------


def accepts(terminal: ExtendedTerminal, last: dt.date) -> bool:
    """Whether the chip takes a verifier whose last day is this one. (It began early, so the date does not move.)"""
    subject = holder(f"VNTESTDV{last:%y%m%d}"[:15], SUITE)
    validity = Validity(PERSONALISED - 300 * DAY, last)
    return terminal.show_chain(verifier_certificate(subject=subject, validity=validity)) == ["9000"]


def test_the_date_moves_with_verifiers_and_never_back_and_survives_a_reset() -> None:
    chip = a_chip(ROOT)
    terminal = proven(chip)
    assert accepts(terminal, PERSONALISED)
    assert not accepts(terminal, PERSONALISED - DAY)
    assert terminal.show_chain(verifier_certificate()) == ["9000"]
    assert accepts(terminal, VALID.first)
    assert not accepts(terminal, VALID.first - DAY)
    chip.power_off()
    chip.power_on()
    terminal = proven(chip)
    assert accepts(terminal, VALID.first)
    assert not accepts(terminal, VALID.first - DAY)
    terminal = proven(a_chip(ROOT))  # another card of the same kind knows nothing of it
    assert accepts(terminal, PERSONALISED)


@pytest.mark.parametrize(("role", "moves"), [(CvRole.DV_DOMESTIC, True), (CvRole.DV_FOREIGN, False)])
def test_a_terminal_tells_the_date_only_under_a_domestic_verifier(role: CvRole, moves: bool) -> None:
    terminal = proven(a_chip(ROOT))
    later = Validity(dt.date(2024, 6, 1), dt.date(2024, 8, 1))
    chain = verifier_certificate(role=role), terminal_certificate(validity=later)
    assert terminal.show_chain(*chain) == ["9000", "9000"]
    assert accepts(terminal, later.first - DAY) is not moves
    assert accepts(terminal, later.first)


def test_an_expired_terminal_is_refused() -> None:
    terminal = proven(a_chip(ROOT))
    stale = Validity(dt.date(2023, 12, 1), VALID.first - DAY)
    assert terminal.show_chain(verifier_certificate(), terminal_certificate(validity=stale)) == ["9000", "6300"]
    assert terminal.choose_terminal(TERMINAL.reference) == "6A88"


# -- link certificates ---------------------------------------------------------------------------------------------


THIRD = verifying_authority(SUITE, 3)


def references(terminal: ExtendedTerminal) -> list[str]:
    content = ef_cvca(terminal)
    assert len(content) == 36
    listed = content.rstrip(b"\0")
    return [tlv.value.decode() for tlv in iter_tlvs(listed)]


def test_a_link_certificate_makes_a_new_trust_point_for_good() -> None:
    chip = a_chip(ROOT)
    terminal = proven(chip)
    assert references(terminal) == [ROOT.reference]
    assert terminal.show_chain(link_certificate(ROOT, NEXT)) == ["9000"]
    assert references(terminal) == [NEXT.reference, ROOT.reference]
    assert not accepts(terminal, VALID.first - DAY)  # an authority is trusted to know the date
    chip.reset()
    terminal = proven(chip)
    assert references(terminal) == [NEXT.reference, ROOT.reference]
    assert terminal.show_chain(verifier_certificate(NEXT), terminal_certificate()) == ["9000", "9000"]
    assert prove_terminal(terminal) == "9000"
    assert terminal.can_read(3) == "9000"


def test_a_link_certificate_is_good_even_when_it_or_its_issuer_has_expired() -> None:
    """TR-03110-3 §2.5: a card may have lain in a drawer for years."""
    first = holder("VNTESTCVCA00001", SUITE)
    early = Validity(PERSONALISED - DAY, PERSONALISED + 30 * DAY)
    point = parse_cv_certificate(certificate(first, first, role=CvRole.CVCA, rights=DG3 | DG4, validity=early))
    chip = a_chip(suite_key=TrustedKey.at_personalisation(point))
    terminal = proven(chip)
    assert terminal.show_chain(verifier_certificate(first)) == ["9000"]  # brings the date past the authority's last day
    other = holder("VNTESTDV00004", SUITE)
    assert terminal.show_chain(verifier_certificate(first, other)) == ["6300"]
    expired = Validity(PERSONALISED - DAY, PERSONALISED + DAY)
    assert terminal.show_chain(link_certificate(first, NEXT, expired)) == ["9000"]
    assert terminal.show_chain(verifier_certificate(NEXT, other)) == ["6300"]  # it verifies its successor only
    assert terminal.show_chain(link_certificate(NEXT, THIRD)) == ["9000"]
    assert references(terminal) == [THIRD.reference]
    assert terminal.show_chain(verifier_certificate(THIRD, other)) == ["9000"]


def test_a_link_may_change_algorithm_curve_and_kind_of_key() -> None:
    suites = [LONGER, CvSuite("rsa-pss-sha256", rsa_bits=1280), OTHER_CURVE]
    line = [ROOT, *(holder(f"VNTESTCVCA0008{number}", suite) for number, suite in enumerate(suites))]
    terminal = proven(a_chip(ROOT))
    links = [link_certificate(old, new) for old, new in itertools.pairwise(line)]
    assert terminal.show_chain(*links) == ["9000"] * 3
    verifier, inspector = holder("VNTESTDV00005", OTHER_CURVE), holder("VNTESTIS00005", OTHER_CURVE)
    chain = verifier_certificate(line[-1], verifier), terminal_certificate(verifier, inspector)
    assert terminal.show_chain(*chain) == ["9000", "9000"]
    assert prove_terminal(terminal, signer=inspector) == "9000"


def test_a_link_without_domain_parameters_stays_on_the_curve() -> None:
    link = certificate(ROOT, NEXT, role=CvRole.CVCA, rights=DG3, validity=VALID, domain=False)
    terminal = proven(a_chip(ROOT))
    assert terminal.show_chain(link, verifier_certificate(NEXT)) == ["9000", "9000"]


def test_a_name_that_is_known_is_not_overwritten() -> None:
    terminal = proven(a_chip(ROOT))
    assert terminal.show_chain(link_certificate(ROOT, NEXT)) == ["9000"]
    impostor = CvHolder(NEXT.reference, STRANGER.key_pair)
    assert terminal.show_chain(link_certificate(ROOT, impostor)) == ["6300"]
    assert terminal.show_chain(verifier_certificate(NEXT)) == ["9000"]


def test_two_trust_points_are_enabled_and_the_oldest_gives_way() -> None:
    """Doc 9303-11 §7.1.4.3.4: a link is never refused for want of room, and verifiers need one of the latest two."""
    line = [holder(f"VNTESTCVCA1000{number}", SUITE) for number in range(6)]
    terminal = proven(a_chip(line[0]))
    assert terminal.show_chain(link_certificate(line[0], line[1])) == ["9000"]
    assert terminal.show_chain(verifier_certificate(line[0])) == ["9000"]  # the first is still trusted
    links = [link_certificate(old, new) for old, new in itertools.pairwise(line[1:])]
    assert terminal.show_chain(*links) == ["9000"] * 4
    assert references(terminal) == [line[5].reference, line[4].reference]
    assert terminal.show_chain(verifier_certificate(line[0])) == ["6A88"]
    assert terminal.show_chain(verifier_certificate(line[3])) == ["6A88"]
    assert terminal.show_chain(verifier_certificate(line[4], holder("VNTESTDV00009", SUITE))) == ["9000"]


# -- the file itself -----------------------------------------------------------------------------------------------


def test_the_files_name_themselves_as_the_standard_says() -> None:
    """EF.CVCA by identifier, 36 bytes, for whoever has passed access control (TR-03110-3 table 13)."""
    terminal = proven(a_chip(ROOT, NEXT))
    assert terminal.send("00A4020C", b"\x01\x1c")[1] == "9000"
    content, status = terminal.send("00B00000", le=b"\x24")
    expected = b"".join(encode_tlv(0x42, point.reference.encode()) for point in (ROOT, NEXT))
    assert (content, status) == (expected.ljust(36, b"\0"), "9000")
