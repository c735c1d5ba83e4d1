"""EF.CardSecurity and the cards whose PACE is not the usual one: what is signed is what the chip proves."""

from __future__ import annotations

import dataclasses
import subprocess
from pathlib import Path

import pytest
from asn1crypto import cms
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from crypto.pace.mapping import map_generic_ecdh
from crypto.pace.parameters import PaceProtocol, pace_protocols
from crypto.primitives.block_cipher import decrypt_cbc, encrypt_block
from crypto.primitives.curves import curve, random_scalar
from crypto.primitives.kdf import KeyUse, derive_key
from crypto.primitives.mac import mac
from crypto.primitives.padding import unpad
from crypto.wire.oid import decode_oid, encode_oid
from crypto.wire.tlv import Tlv, encode_tlv, parse_tlv
from emulator.cards import card, chip_content, trust_anchors
from emulator.chip.card import VirtualCard
from emulator.chip.content import ChipContent
from emulator.faults import Fault, FaultKind, FaultScript
from emulator.personalise.document import card_access, card_security, data_groups, personalise
from emulator.personalise.issuer import SignerReference
from emulator.personalise.mrz import mrz_information
from emulator.personalise.profile import load_profile, profile_names
from tests.unit.emulator_terminal import CAN, SPECS, Channel, Terminal, generic_mapping, opened

ID_PK_ECDH = "0.4.0.127.0.7.2.2.1.2"
CAM = next(protocol for protocol in pace_protocols() if protocol.oid == "0.4.0.127.0.7.2.2.4.6.2")
DOMAIN = curve("brainpoolP256r1")


def file_of(content: ChipContent) -> bytes:
    return next(file.content for file in content.master_files if file.identifier == 0x011D)


def signed_infos(card_security_file: bytes) -> tuple[Tlv, ...]:
    content_info = cms.ContentInfo.load(card_security_file, strict=True)
    encapsulated = content_info["content"]["encap_content_info"]
    assert content_info["content_type"].native == "signed_data"
    assert encapsulated["content_type"].dotted == "0.4.0.127.0.7.3.2.1"
    return parse_tlv(bytes(encapsulated["content"]), 0x31).children()


def static_key(card_security_file: bytes) -> bytes:
    """The public point that EF.CardSecurity names for brainpoolP256r1 by its parameter id."""
    (info,) = [info for info in signed_infos(card_security_file) if decode_oid(info.children()[0].value) == ID_PK_ECDH]
    _, key_info, key_id = info.children()
    assert key_id.value == b"\x0d"
    algorithm, bits = key_info.children()
    assert [part.value.hex() for part in algorithm.children()] == ["04007f00070102", "0d"]
    return bits.value[1:]


def openssl(*arguments: str, given: bytes) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["openssl", *arguments], input=given, capture_output=True, check=False)


@pytest.mark.parametrize("changes", [{}, {"signer_reference": SignerReference.KEY_IDENTIFIER}])
def test_openssl_verifies_card_security_up_to_the_authority(
    changes: dict[str, SignerReference], tmp_path: Path
) -> None:
    profile = dataclasses.replace(load_profile("pace-cam"), **changes)  # type: ignore[arg-type]
    anchor = tmp_path / "csca.pem"
    anchor.write_bytes(x509.load_der_x509_certificate(trust_anchors()[0]).public_bytes(Encoding.PEM))
    verify = ("cms", "-verify", "-inform", "DER", "-CAfile", str(anchor), "-purpose", "any", "-binary")
    whole = card_security(profile)
    done = openssl(*verify, given=whole)
    assert done.returncode == 0, done.stderr.decode()
    assert parse_tlv(done.stdout, 0x31).children()
    key = static_key(whole)
    changed = whole.replace(key, DOMAIN.encode_point(DOMAIN.g))
    assert changed != whole
    assert openssl(*verify, given=changed).returncode != 0


def test_card_security_repeats_card_access_and_dg14_repeats_card_security() -> None:
    """Doc 9303-11 §9.2.11."""
    profile = load_profile("pace-cam")
    access = {info.encoded for info in parse_tlv(card_access(profile), 0x31).children()}
    security = {info.encoded for info in signed_infos(card_security(profile))}
    group = {info.encoded for info in parse_tlv(data_groups(profile)[14], 0x6E).require(0x31).children()}
    assert access < security < group


@pytest.mark.parametrize("name", profile_names())
def test_card_security_is_there_for_chip_authentication_mapping_and_for_version_2(name: str) -> None:
    content = chip_content(name)
    files = {file.identifier for file in content.master_files}
    with_mapping = name in ("pace-cam", "pace-gm-cam")
    assert bool(content.chip_authentication_mapping) is with_mapping
    assert (0x011D in files) is (with_mapping or name == "eac2")


def test_card_security_is_readable_after_pace_and_by_nothing_less() -> None:
    ways = ("00A4020C02011D", "00A4000C02011D", "00A4080C02011D", "00B09D0000", "00B1011D0354010000")
    terminal = Terminal(card("pace-cam"))
    for way in ways:
        assert terminal.plain(way) == (b"", "6982")
    terminal.select_application()
    terminal.bac(mrz_information(SPECS["pace-cam"].mrz).encode())
    assert terminal.send("00A4000C", b"\x3f\x00") == (b"", "9000")
    assert terminal.send("00A4020C", b"\x01\x1d") == (b"", "6982")
    assert terminal.send("00B09D00", le=b"\0") == (b"", "6982")
    terminal = Terminal(card("pace-cam"))
    terminal.pace(generic_mapping(2), 13, CAN, SPECS["pace-cam"].can.encode())
    assert terminal.send("00A4020C", b"\x01\x1d") == (b"", "9000")
    whole = file_of(chip_content("pace-cam"))
    assert terminal.read_selected(len(whole)) == whole


def test_card_security_stays_readable_after_chip_authentication() -> None:
    """New keys do not take away what PACE has proven."""
    terminal = opened("pace-cam")
    key = DOMAIN.private_key(random_scalar(DOMAIN))
    chosen = encode_tlv(0x80, encode_oid("0.4.0.127.0.7.2.2.3.2.2")) + b"\x84\x01\x0d"
    assert terminal.send("002241A4", chosen) == (b"", "9000")
    own = encode_tlv(0x7C, encode_tlv(0x80, key.public_octets))
    assert terminal.send("00860000", own, b"\0") == (b"\x7c\x00", "9000")
    point = DOMAIN.decode_point(static_key(file_of(chip_content("pace-cam"))))
    terminal.channel = Channel(CAM.cipher, key.shared_x(point))
    assert terminal.send("00A4000C", b"\x3f\x00") == (b"", "9000")
    assert terminal.send("00A4020C", b"\x01\x1d") == (b"", "9000")


# -- the proof ---------------------------------------------------------------------------------------------------------


def proof_of(chip: VirtualCard, can: bytes, protocol: PaceProtocol = CAM) -> tuple[bytes, bytes, bytes]:
    """PACE-CAM with the CAN: the chip's token as expected, CA_IC, and PK_Map,IC."""
    terminal = Terminal(chip)
    cipher = protocol.cipher
    assert terminal.raw("0022C1A412800A" + encode_oid(protocol.oid).hex() + "830102" + "84010D") == "9000"

    def step(tag: int, value: bytes, *, last: bool = False) -> tuple[Tlv, ...]:
        body = encode_tlv(0x7C, encode_tlv(tag, value) if tag else b"")
        return parse_tlv(terminal.exchange("00860000" if last else "10860000", body), 0x7C).children()

    z = step(0, b"")[0].value
    nonce = decrypt_cbc(cipher, derive_key(can, KeyUse.PASSWORD, cipher), bytes(16), z)
    key = DOMAIN.private_key(random_scalar(DOMAIN))
    mapping_key = step(0x81, key.public_octets)[0].value
    generator = map_generic_ecdh(DOMAIN, nonce, key, DOMAIN.decode_point(mapping_key))
    key = DOMAIN.private_key(random_scalar(DOMAIN))
    own = DOMAIN.encode_point(key.multiply(generator))
    peer = step(0x83, own)[0].value
    shared = key.shared_x(DOMAIN.decode_point(peer))
    ks_mac, ks_enc = (derive_key(shared, use, cipher) for use in (KeyUse.MAC, KeyUse.ENCRYPTION))
    oid = encode_tlv(0x06, encode_oid(protocol.oid))
    tokens = [mac(cipher, ks_mac, encode_tlv(0x7F49, oid + encode_tlv(0x86, point))) for point in (peer, own)]
    token, encrypted = step(0x85, tokens[0], last=True)
    iv = encrypt_block(cipher, ks_enc, b"\xff" * 16)
    data = unpad(decrypt_cbc(cipher, ks_enc, iv, encrypted.value), 16)
    return bytes(a ^ b for a, b in zip(token.value, tokens[1], strict=True)), data, mapping_key


def proves(data: bytes, public: bytes, mapping_key: bytes) -> bool:
    product = DOMAIN.private_key(int.from_bytes(data, "big")).multiply(DOMAIN.decode_point(public))
    return DOMAIN.encode_point(product) == mapping_key


def test_the_chip_proves_the_key_that_card_security_signs() -> None:
    difference, data, mapping_key = proof_of(card("pace-cam"), SPECS["pace-cam"].can.encode())
    assert difference == bytes(8)
    assert proves(data, static_key(file_of(chip_content("pace-cam"))), mapping_key)
    again = proof_of(card("pace-cam"), SPECS["pace-cam"].can.encode())
    assert again[1] != data  # fresh in every run


def test_a_copied_chip_has_the_signed_file_but_cannot_prove_its_key() -> None:
    content = personalise(dataclasses.replace(load_profile("pace-cam"), copied=True))
    assert file_of(content) == file_of(chip_content("pace-cam"))
    _, data, mapping_key = proof_of(VirtualCard(content), SPECS["pace-cam"].can.encode())
    assert not proves(data, static_key(file_of(content)), mapping_key)


def test_a_wrong_token_by_fault_leaves_the_proof_beside_it() -> None:
    content = chip_content("pace-cam")
    chip = VirtualCard(content, misbehaviour=FaultScript((Fault(FaultKind.PACE_TOKEN_WRONG),), content))
    difference, data, mapping_key = proof_of(chip, SPECS["pace-cam"].can.encode())
    assert difference == bytes(7) + b"\x01"
    assert proves(data, static_key(file_of(content)), mapping_key)


def test_a_profile_with_chip_authentication_mapping_needs_a_key_on_its_curve() -> None:
    without = dataclasses.replace(load_profile("pace-cam"), chip_authentication=())
    with pytest.raises(ValueError, match="PACE-CAM on brainpoolP256r1"):
        personalise(without)
