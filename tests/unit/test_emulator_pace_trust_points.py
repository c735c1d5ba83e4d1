"""PACE as the first half of extended access control: the chip names whom it trusts (TR-03110-3 §B.1; Doc 9303-11 §4.4.5)."""

from __future__ import annotations

import datetime as dt

import pytest

from crypto.pki.cvc import CvRole, TerminalType, parse_cv_certificate
from crypto.primitives.secret import Secret
from crypto.wire.oid import encode_oid
from crypto.wire.tlv import encode_tlv
from emulator.chip.card import VirtualCard
from emulator.chip.content import ChipContent, PaceOffer
from emulator.chip.trust_points import TrustedKey
from emulator.personalise.cv_issuer import CvHolder, CvSuite, Validity, certificate, verifying_authority
from tests.unit.emulator_terminal import CAN, Terminal, generic_mapping

GM = generic_mapping(2)
SUITE = CvSuite("ecdsa-sha256", "secp256r1")
OLDEST, OLD, NEW = (verifying_authority(SUITE, generation) for generation in (1, 2, 3))
IS, AT, ST = TerminalType.INSPECTION_SYSTEM, TerminalType.AUTHENTICATION_TERMINAL, TerminalType.SIGNATURE_TERMINAL


def trusted(authority: CvHolder, kind: TerminalType = IS) -> TrustedKey:
    validity = Validity(dt.date(2024, 1, 1), dt.date(2044, 1, 1))
    own = certificate(authority, authority, role=CvRole.CVCA, rights=3, validity=validity, terminal_type=kind)
    return TrustedKey.at_personalisation(parse_cv_certificate(own))


def template(kind: TerminalType) -> bytes:
    """Doc 9303-11 §4.4.4.1: all access bits set."""
    rights = {IS: b"\x3f", AT: b"\x3f" + b"\xff" * 4, ST: b"\x3f"}[kind]
    return encode_tlv(0x7F4C, encode_tlv(0x06, encode_oid(kind.value)) + encode_tlv(0x53, rights))


def at(*points: TrustedKey) -> Terminal:
    content = ChipContent(
        can=Secret(b"123456"),
        pace=(PaceOffer(GM, 12),),
        terminal_trust_points=points,
    )
    return Terminal(VirtualCard(content))


@pytest.mark.parametrize(
    ("points", "named"),
    [
        ((), ()),
        ((NEW,), (NEW,)),
        ((NEW, OLD), (NEW, OLD)),
        ((NEW, OLD, OLDEST), (NEW, OLD)),  # at most two (TR-03110-3 §B.1.4)
    ],
)
def test_who_gives_a_template_learns_whom_the_chip_trusts(points: tuple[CvHolder, ...], named: tuple[CvHolder]) -> None:
    terminal = at(*map(trusted, points))
    terminal.pace(GM, 12, CAN, b"123456", template=template(IS))
    assert terminal.references == [authority.reference.encode() for authority in named]
    tags = [tlv.tag for tlv in terminal.answered.children()]
    assert tags == [0x86, 0x87, 0x88][: 1 + len(named)]  # the most recent in DO'87'


def test_who_gives_none_learns_nothing() -> None:
    terminal = at(trusted(NEW), trusted(OLD))
    terminal.pace(GM, 12, CAN, b"123456")
    assert terminal.references == []


def test_the_references_suit_the_type_of_terminal() -> None:
    """TR-03110-3 §B.1.4: chosen dynamically."""
    points = (trusted(NEW, AT), trusted(OLD))
    for kind, named in [(IS, [OLD]), (AT, [NEW]), (ST, [])]:
        terminal = at(*points)
        terminal.pace(GM, 12, CAN, b"123456", template=template(kind))
        assert terminal.references == [authority.reference.encode() for authority in named]


def test_the_template_may_be_given_again_inside_the_session() -> None:
    terminal = at(trusted(NEW))
    terminal.pace(GM, 12, CAN, b"123456")
    terminal.pace(GM, 12, CAN, b"123456", template=template(IS))
    assert terminal.references == [NEW.reference.encode()]
