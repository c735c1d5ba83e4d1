"""How readers in the field go through extended access control of version 1, by a terminal that shares no code with us.

What is read at the end must have the digest that the issuer signed; what is not granted must be refused with 6982.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import pathlib

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from emulator.cards import card, chip_content
from emulator.personalise.cv_issuer import CvSuite, Validity
from emulator.personalise.terminal_folder import terminal_chain, write_terminal_folder
from tests.interop.foreign_curves import NIST_P256
from tests.interop.foreign_eac import (
    EF_CVCA,
    FINGERS,
    ID_PACE_DH_GM,
    ID_PACE_ECDH_CAM,
    IRISES,
    EacTerminal,
    Ephemeral,
    body_of,
)
from tests.interop.foreign_eac_certificates import (
    CVCA,
    DG3,
    ECDSA_SHA384,
    FOREIGN_VERIFIER,
    TERMINAL,
    Party,
    certify,
)
from tests.interop.foreign_eac_meetings import (
    GOOD,
    ROOT,
    RSA_ROOT,
    SYSTEM,
    VERIFIER,
    at,
    can,
    genuine,
    offer_of,
    opened,
    rsa_chain,
    rsa_system,
    trusting,
    typed_mrz,
)
from tests.interop.foreign_messaging import SUITES, Refused, Session
from tests.interop.foreign_security_infos import ID_CA_DH, ID_CA_ECDH
from tests.interop.foreign_terminal import CAN
from tests.interop.foreign_tlv import objects, only, tlv

AES, TDES = b"\x02", b"\x01"
#: A body and a signature in each command: parts of 223 octets, as one reader cuts them, or what one command carries.
CUTS = pytest.mark.parametrize("parts", [None, 223, 100], ids=["extended", "parts of 223", "parts of 100"])


@CUTS
def test_after_pace_with_the_only_key_unnamed(parts: int | None) -> None:
    """MSE:Set AT without DO'84' where there is one private key, whatever its number; ID_PICC from PACE."""
    terminal = opened(card("eac1-ecdh").transmit, "eac1-ecdh")
    terminal.agree(ID_CA_ECDH + AES, offer_of(terminal).key(ID_CA_ECDH + AES), named=False)
    terminal.show(*GOOD, parts=parts)
    terminal.choose_own(SYSTEM.name)
    terminal.answer(terminal.challenge(), SYSTEM.sign, parts=parts)
    assert terminal.readable() == {3, 4}
    assert genuine(terminal, "eac1-ecdh", FINGERS, IRISES)


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("by_template", [True, False], ids=["Set KAT", "Set AT"])
def test_after_bac_with_triple_des(by_template: bool, named: bool) -> None:
    """DO'91' before DO'84'; ID_PICC is the document number with its check digit."""
    terminal = at("eac1-ecdh")
    terminal.select_application()
    terminal.bac(typed_mrz("eac1-ecdh"))
    key = offer_of(terminal).key(ID_CA_ECDH + TDES)
    terminal.agree(ID_CA_ECDH + TDES, key, named=named, by_template=by_template)
    terminal.show(*GOOD)
    terminal.choose_own(SYSTEM.name)
    terminal.answer(terminal.challenge(), SYSTEM.sign)
    assert genuine(terminal, "eac1-ecdh", FINGERS)


def test_the_key_is_known_by_its_number_first_too() -> None:
    """The order of data objects inside a template is free (ISO/IEC 7816-4 §5.2): DO'84' before DO'91'."""
    terminal = opened(card("eac1-ecdh").transmit, "eac1-ecdh")
    key = offer_of(terminal).key(ID_CA_ECDH + TDES)
    own = Ephemeral(key.group)
    terminal.expect("002241A6", tlv(0x84, key.reference or b"") + tlv(0x91, own.public))
    terminal.session = Session(SUITES[1], own.shared(key.public))
    assert terminal.status_of(0x0101) == "9000"


@pytest.mark.parametrize("parts", [None, 224, 128])
def test_in_finite_fields_with_long_keys_in_parts(parts: int | None) -> None:
    """2048 bits: extended, or parts of 224 octets with Le in each, as one reader sends them; ID_PICC is SHA-1."""
    terminal = at("eac1-dh-rsa")
    terminal.pace_in_field(ID_PACE_DH_GM + AES, 2, CAN, can("eac1-dh-rsa"))
    terminal.select_application()
    key = next(key for key in offer_of(terminal).keys if key.reference == b"\x01")
    terminal.agree(ID_CA_DH + AES, key, parts=parts)
    root, system = RSA_ROOT, rsa_system()
    assert terminal.names_in_file(0x0156)[0] == root.name
    terminal.show(*rsa_chain(), parts=parts)
    terminal.choose_own(system.name)
    terminal.answer(terminal.challenge(), system.sign, parts=parts)
    assert terminal.readable() == {3}
    assert genuine(terminal, "eac1-dh-rsa", FINGERS)


@pytest.mark.parametrize("parts", [None, 100])
def test_in_finite_fields_by_template(parts: int | None) -> None:
    """MSE:Set KAT with the second key, after BAC; the certificates are those of a curve."""
    terminal = at("eac1-dh-rsa")
    terminal.select_application()
    terminal.bac(typed_mrz("eac1-dh-rsa"))
    key = next(key for key in offer_of(terminal).keys if key.reference == b"\x02")
    terminal.agree(ID_CA_DH + TDES, key, by_template=True, parts=parts)
    terminal.show(*GOOD)
    terminal.choose_own(SYSTEM.name)
    terminal.answer(terminal.challenge(), SYSTEM.sign)
    assert terminal.readable() == {3}


@pytest.mark.parametrize("name", ["passport-td3", "id-td2"])
def test_documents_of_other_states(name: str) -> None:
    terminal = opened(card(name).transmit, name)
    offer = offer_of(terminal)
    protocol = next(protocol for protocol, version, _ in offer.protocols if version == 1)
    terminal.agree(protocol, offer.key(protocol))
    terminal.show(*GOOD)
    terminal.choose_own(SYSTEM.name)
    terminal.answer(terminal.challenge(), SYSTEM.sign)
    groups = [FINGERS, IRISES] if name == "id-td2" else [FINGERS]
    assert genuine(terminal, name, *groups)


def test_a_chip_without_extended_length_takes_everything_in_parts() -> None:
    habits = dataclasses.replace(chip_content("eac1-ecdh").behaviour, extended_length=False)
    terminal = opened(card("eac1-ecdh", behaviour=habits).transmit, "eac1-ecdh")
    terminal.agree(ID_CA_ECDH + AES, offer_of(terminal).key(ID_CA_ECDH + AES), parts=50)
    terminal.show(*GOOD, parts=223)
    terminal.choose_own(SYSTEM.name)
    terminal.answer(terminal.challenge(), SYSTEM.sign, parts=40)
    assert genuine(terminal, "eac1-ecdh", FINGERS)


def test_le_on_every_command() -> None:
    """Some readers always ask for an answer; there is none, and that is no error."""
    terminal = opened(card("eac1-ecdh").transmit, "eac1-ecdh")
    terminal.agree(ID_CA_ECDH + AES, offer_of(terminal).key(ID_CA_ECDH + AES))
    for certificate in GOOD:
        terminal.expect("002281B6", tlv(0x83, dict(objects(body_of(certificate)))[0x42]), b"\0")
        terminal.expect("002A00BE", only(certificate, 0x7F21), b"\0\0")
    terminal.expect("002281A4", tlv(0x83, SYSTEM.name), b"\0")
    challenge = terminal.expect("00840000", le=b"\x08")
    assert terminal.own_key is not None
    signature = SYSTEM.sign(terminal.identifier + challenge + terminal.own_key.compressed)
    terminal.expect("00820000", signature, b"\0")
    assert terminal.readable() == {3, 4}


def test_the_list_of_names_by_short_identifier() -> None:
    terminal = opened(card("eac1-ecdh").transmit, "eac1-ecdh")
    content = terminal.expect("00B09C00", le=b"\x24")
    assert content == (tlv(0x42, ROOT.name) + tlv(0x42, RSA_ROOT.name)).ljust(36, b"\0")
    assert terminal.status_of(EF_CVCA) == "9000"


def test_a_session_goes_on_with_reading_what_anybody_may() -> None:
    """The rights hold for the session, whatever else is selected and read in it."""
    terminal = opened(card("eac1-ecdh").transmit, "eac1-ecdh")
    terminal.agree(ID_CA_ECDH + AES, offer_of(terminal).key(ID_CA_ECDH + AES))
    terminal.show(*GOOD)
    terminal.choose_own(SYSTEM.name)
    terminal.answer(terminal.challenge(), SYSTEM.sign)
    assert terminal.status_of(0x0101) == "9000"
    terminal.send("00A4000C", b"\x3f\x00")
    terminal.select_application()
    assert terminal.readable() == {3, 4}
    assert terminal.expect("00B08300", le=b"\x02")[:1] == b"\x63"
    assert terminal.read_odd(FINGERS)[:1] == b"\x63"


@pytest.mark.parametrize(
    ("verifier_rights", "rights", "granted"),
    [(3, 1, {3}), (3, 2, {4}), (1, 3, {3}), (2, 3, {4}), (1, 2, set()), (3, 0, set()), (0x3F, 0x3F, {3, 4})],
)
def test_rights_are_what_both_certificates_grant(verifier_rights: int, rights: int, granted: set[int]) -> None:
    """TR-03110-3 §2.6; bits reserved for future use mean nothing (§C.4)."""
    terminal = opened(card("eac1-ecdh").transmit, "eac1-ecdh")
    terminal.agree(ID_CA_ECDH + AES, offer_of(terminal).key(ID_CA_ECDH + AES))
    terminal.show(
        certify(ROOT, VERIFIER, FOREIGN_VERIFIER, verifier_rights), certify(VERIFIER, SYSTEM, TERMINAL, rights)
    )
    terminal.choose_own(SYSTEM.name)
    terminal.answer(terminal.challenge(), SYSTEM.sign)
    assert terminal.readable() == granted


def test_with_the_folder_that_chipid_writes(tmp_path: pathlib.Path) -> None:
    """Certificates and key as a terminal's keeper gets them, the authority's latest key linked in between."""
    day = dt.date(2026, 6, 1)
    made = terminal_chain(
        CvSuite.parse("ecdsa-sha384/brainpoolP384r1"),
        rights=DG3,
        validity=Validity(day, day + dt.timedelta(30)),
        issued=day,
        link=True,
    )
    write_terminal_folder(tmp_path / "terminal", made)
    files = {path.name: path.read_bytes() for path in (tmp_path / "terminal").iterdir()}
    links = sorted(name for name in files if name.startswith("link-"))
    shown = [files[name] for name in (*links, "dv.cvcert", "terminal.cvcert")]
    key = load_pem_private_key(files["terminal.key"], None)
    system = Party(dict(objects(body_of(shown[-1])))[0x5F20], key, ECDSA_SHA384)  # type: ignore[arg-type]
    terminal = opened(card("eac1-ecdh").transmit, "eac1-ecdh")
    terminal.agree(ID_CA_ECDH + AES, offer_of(terminal).key(ID_CA_ECDH + AES))
    terminal.show(*shown)
    terminal.choose_own(system.name)
    terminal.answer(terminal.challenge(), system.sign)
    assert terminal.readable() == {3}


def test_after_pace_that_proved_the_chip_already() -> None:
    """With chip authentication mapping the terminal signs its key of PACE; the newest key counts (TR-03110-1 §3.5)."""
    authority_certificate = certify(ROOT, ROOT, CVCA)
    for again in (False, True):
        terminal = EacTerminal(trusting("pace-cam", authority_certificate).transmit)
        terminal.pace_with_chip_mapping(ID_PACE_ECDH_CAM + AES, 13, can("pace-cam"))
        terminal.select_application()
        pace_key = terminal.own_key
        if again:
            protocol, _, reference = offer_of(terminal).protocols[0]
            terminal.agree(protocol, offer_of(terminal).key(protocol, reference))
        terminal.show(*GOOD)
        terminal.choose_own(SYSTEM.name)
        if again:
            newest, terminal.own_key = terminal.own_key, pace_key
            with pytest.raises(Refused, match="6300"):
                terminal.answer(terminal.challenge(), SYSTEM.sign)
            terminal.own_key = newest
        assert terminal.readable() == set()
        terminal.answer(terminal.challenge(), SYSTEM.sign)
        assert terminal.readable() == {3}


def test_other_pace_proves_no_chip() -> None:
    """Generic mapping on the same card is not enough."""
    terminal = opened(trusting("pace-cam", certify(ROOT, ROOT, CVCA)).transmit, "pace-cam")
    terminal.show(*GOOD)
    terminal.choose_own(SYSTEM.name)
    terminal.own_key = Ephemeral(NIST_P256)
    with pytest.raises(Refused, match="6982"):
        terminal.answer(terminal.challenge(), SYSTEM.sign)
    assert terminal.readable() == set()
