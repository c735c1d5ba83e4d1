"""How readers in the field go through extended access control, by a terminal that shares no code with this project.

What is read at the end must have the digest that the issuer signed; what is not granted must be refused with 6982.
"""

from __future__ import annotations

import ast
import dataclasses
import datetime as dt
import functools
import pathlib
import sys

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from emulator.cards import card, chip_content
from emulator.personalise.cv_issuer import CvSuite, Validity
from emulator.personalise.terminal_folder import terminal_chain, write_terminal_folder
from tests.interop.foreign_eac import (
    AUTHENTICATION_TERMINAL,
    CARD_SECURITY,
    EF_CVCA,
    FINGERS,
    ID_CA_DH,
    ID_CA_ECDH,
    ID_PACE_DH_GM,
    ID_PACE_ECDH_CAM,
    INSPECTION_SYSTEM,
    IRISES,
    PIN,
    PUK,
    ChipOffer,
    EacTerminal,
    Ephemeral,
    authorization,
    body_of,
    chip_offer,
    signed_infos,
)
from tests.interop.foreign_eac_certificates import (
    CVCA,
    DG3,
    DG4,
    DOMESTIC_VERIFIER,
    ECDSA_SHA384,
    FOREIGN_VERIFIER,
    RSA_SHA256,
    TERMINAL,
    Party,
    certify,
    new_party,
)
from tests.interop.foreign_eac_meetings import (
    SPECS,
    USUAL_PACE,
    at,
    authority,
    can,
    genuine,
    opened,
    trusting,
    typed_mrz,
)
from tests.interop.foreign_terminal import (
    CAN,
    MRZ,
    NIST_P256,
    SUITES,
    Refused,
    Session,
    Transmit,
    objects,
    oid,
    only,
    tlv,
)

AES, TDES = b"\x02", b"\x01"
RSA_ROOT = "rsa-sha256/2048"
VERIFIER, SYSTEM = new_party("VNFOREIGN00001"), new_party("VNGATE00001")
#: A body and a signature in each command: parts of 223 octets, as one reader cuts them, or what one command carries.
CUTS = pytest.mark.parametrize("parts", [None, 223, 100], ids=["extended", "parts of 223", "parts of 100"])


def chain(root: Party, rights: int = DG3 | DG4) -> tuple[bytes, bytes]:
    return certify(root, VERIFIER, DOMESTIC_VERIFIER), certify(VERIFIER, SYSTEM, TERMINAL, rights)


@functools.cache
def rsa_system() -> Party:
    return Party(b"VNRSAGATE00001", rsa.generate_private_key(65537, 2048), RSA_SHA256)


@functools.cache
def rsa_chain() -> tuple[bytes, bytes]:
    verifier = Party(b"VNRSADV00001", rsa.generate_private_key(65537, 2048), RSA_SHA256)
    return (
        certify(authority(RSA_ROOT), verifier, DOMESTIC_VERIFIER),
        certify(verifier, rsa_system(), TERMINAL),
    )


def offer_of(terminal: EacTerminal) -> ChipOffer:
    return chip_offer(only(terminal.read_by_identifier(0x010E), 0x6E))


def chain_of(terminal: EacTerminal, rights: int = DG3 | DG4) -> tuple[bytes, bytes]:
    """For the most recent trust point of the chip's."""
    root = authority()
    assert root.name in terminal.names_in_file()
    return chain(root, rights)


# -- version 1 ------------------------------------------------------------------------------------------------------


@CUTS
def test_after_pace_with_the_only_key_unnamed(parts: int | None) -> None:
    """MSE:Set AT without DO'84' where there is one private key, whatever its number; ID_PICC from PACE."""
    terminal = opened(card("eac1-ecdh").transmit, "eac1-ecdh")
    terminal.agree(ID_CA_ECDH + AES, offer_of(terminal).key(ID_CA_ECDH + AES), named=False)
    terminal.show(*chain_of(terminal), parts=parts)
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
    terminal.show(*chain_of(terminal))
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
    root, system = authority(RSA_ROOT), rsa_system()
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
    terminal.show(*chain(authority()))
    terminal.choose_own(SYSTEM.name)
    terminal.answer(terminal.challenge(), SYSTEM.sign)
    assert terminal.readable() == {3}


@pytest.mark.parametrize("name", ["passport-td3", "id-td2"])
def test_documents_of_other_states(name: str) -> None:
    terminal = opened(card(name).transmit, name)
    offer = offer_of(terminal)
    protocol = next(protocol for protocol, version, _ in offer.protocols if version == 1)
    terminal.agree(protocol, offer.key(protocol))
    terminal.show(*chain_of(terminal))
    terminal.choose_own(SYSTEM.name)
    terminal.answer(terminal.challenge(), SYSTEM.sign)
    groups = [FINGERS, IRISES] if name == "id-td2" else [FINGERS]
    assert genuine(terminal, name, *groups)


def test_a_chip_without_extended_length_takes_everything_in_parts() -> None:
    habits = dataclasses.replace(chip_content("eac1-ecdh").behaviour, extended_length=False)
    terminal = opened(card("eac1-ecdh", behaviour=habits).transmit, "eac1-ecdh")
    terminal.agree(ID_CA_ECDH + AES, offer_of(terminal).key(ID_CA_ECDH + AES), parts=50)
    terminal.show(*chain_of(terminal), parts=223)
    terminal.choose_own(SYSTEM.name)
    terminal.answer(terminal.challenge(), SYSTEM.sign, parts=40)
    assert genuine(terminal, "eac1-ecdh", FINGERS)


def test_le_on_every_command() -> None:
    """Some readers always ask for an answer; there is none, and that is no error."""
    terminal = opened(card("eac1-ecdh").transmit, "eac1-ecdh")
    terminal.agree(ID_CA_ECDH + AES, offer_of(terminal).key(ID_CA_ECDH + AES))
    for certificate in chain_of(terminal):
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
    assert content == (tlv(0x42, authority().name) + tlv(0x42, authority(RSA_ROOT).name)).ljust(36, b"\0")
    assert terminal.status_of(EF_CVCA) == "9000"


def test_a_session_goes_on_with_reading_what_anybody_may() -> None:
    """The rights hold for the session, whatever else is selected and read in it."""
    terminal = opened(card("eac1-ecdh").transmit, "eac1-ecdh")
    terminal.agree(ID_CA_ECDH + AES, offer_of(terminal).key(ID_CA_ECDH + AES))
    terminal.show(*chain_of(terminal))
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
        certify(authority(), VERIFIER, FOREIGN_VERIFIER, verifier_rights), certify(VERIFIER, SYSTEM, TERMINAL, rights)
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
    authority_certificate = certify(authority(), authority(), CVCA)
    for again in (False, True):
        terminal = EacTerminal(trusting("pace-cam", authority_certificate).transmit)
        terminal.pace_with_chip_mapping(ID_PACE_ECDH_CAM + AES, 13, can("pace-cam"))
        terminal.select_application()
        pace_key = terminal.own_key
        if again:
            protocol, _, reference = offer_of(terminal).protocols[0]
            terminal.agree(protocol, offer_of(terminal).key(protocol, reference))
        terminal.show(*chain(authority()))
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
    terminal = opened(trusting("pace-cam", certify(authority(), authority(), CVCA)).transmit, "pace-cam")
    terminal.show(*chain(authority()))
    terminal.choose_own(SYSTEM.name)
    terminal.own_key = Ephemeral(NIST_P256)
    with pytest.raises(Refused, match="6982"):
        terminal.answer(terminal.challenge(), SYSTEM.sign)
    assert terminal.readable() == set()


# -- version 2 ------------------------------------------------------------------------------------------------------

EAC2 = "eac2"


def in_two(rights: bytes = b"\x03", kind: bytes = INSPECTION_SYSTEM, **how: int) -> EacTerminal:
    """PACE with an announcement; the passwords of an inspection system are CAN and zone."""
    terminal = at(EAC2)
    terminal.pace(*USUAL_PACE, how.get("reference", CAN), can(EAC2), more=authorization(kind, rights))
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
    assert terminal.trust_points[0x87] == authority().name
    prove_in_two(terminal, *chain(authority()))
    assert terminal.readable() == {3, 4}
    assert genuine(terminal, EAC2, FINGERS, IRISES)


@pytest.mark.parametrize(("asked", "granted"), [(b"\x00", set()), (b"\x01", {3}), (b"\x02", {4}), (b"\x23", {3, 4})])
def test_version_2_grants_no_more_than_was_asked_for(asked: bytes, granted: set[int]) -> None:
    terminal = in_two(asked)
    prove_in_two(terminal, *chain(authority()))
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
        certify(authority(), VERIFIER, DOMESTIC_VERIFIER, template=with_role(0x80, AT_ALL)),
        certify(VERIFIER, SYSTEM, TERMINAL, template=with_role(0, AT_ALL)),
    )
    assert terminal.readable() == set()
    assert terminal.status_of(0x0101) == "9000"


ANY_AT = b"\x3f" + b"\xff" * 4


@pytest.mark.parametrize("certified", [AT_ALL, PIN_MANAGEMENT], ids=["with the right to the CAN", "without"])
def test_an_office_manages_the_pin_by_its_right(certified: bytes) -> None:
    """PACE with the CAN, both proofs, then RESET RETRY COUNTER, DEACTIVATE and ACTIVATE (TR-03110-3 §B.6)."""
    authority_of_offices = certify(authority(), authority(), CVCA, template=with_role(CVCA, ANY_AT))
    chip = trusting(EAC2, authority_of_offices)
    terminal = EacTerminal(chip.transmit)
    terminal.pace(*USUAL_PACE, CAN, can(EAC2), more=authorization(AUTHENTICATION_TERMINAL, AT_ALL))
    assert terminal.trust_points == {0x87: authority().name}
    shown = (
        certify(authority(), VERIFIER, DOMESTIC_VERIFIER, template=with_role(DOMESTIC_VERIFIER, ANY_AT)),
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
    prove_in_two(terminal, *chain(authority()))
    assert terminal.readable() == {3, 4}


# -- whose code this is ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("module", ["foreign_eac", "foreign_eac_certificates"])
def test_the_terminal_shares_no_code_with_this_project(module: str) -> None:
    """Otherwise this file would prove less than it says."""
    tree = ast.parse(pathlib.Path(__file__).with_name(f"{module}.py").read_text(encoding="utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    ours = {"tests.interop.foreign_terminal", "tests.interop.foreign_eac"}
    foreign = {name.partition(".")[0] for name in names - ours} - {"cryptography"}
    assert foreign <= sys.stdlib_module_names
