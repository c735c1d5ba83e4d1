"""The chip's half of integrated mapping, of finite fields and of chip authentication mapping.

Published examples are answered value by value; beyond them the same group is computed here a second time, with numbers
instead of the chip's classes.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crypto.pace.integrated import map_integrated_dh, map_integrated_ecdh, pseudo_random_element
from crypto.pace.mapping import map_generic_ecdh
from crypto.pace.parameters import Agreement, Mapping, PaceProtocol, pace_protocol, pace_protocols, standardized_curve
from crypto.primitives.block_cipher import SymmetricCipher, decrypt_cbc, encrypt_block
from crypto.primitives.curves import Curve, curve, random_scalar
from crypto.primitives.dh_groups import DH_GROUPS, DhGroup, random_exponent
from crypto.primitives.kdf import KeyUse, derive_key
from crypto.primitives.mac import mac
from crypto.primitives.padding import unpad
from crypto.primitives.secret import Secret
from crypto.wire.oid import encode_oid
from crypto.wire.tlv import encode_tlv, parse_tlv
from emulator.chip.access_rules import AccessCondition
from emulator.chip.card import VirtualCard
from emulator.chip.content import ChipAuthenticationMappingKey, ChipContent, ElementaryFile, PaceOffer
from tests.unit.emulator_terminal import Channel

VECTORS = Path(__file__).parents[1] / "vectors"
CAN = b"123456"
STATIC_SCALAR = 0x1234567
PROTOCOLS = {protocol.name: protocol for protocol in pace_protocols()}


def case(name: str) -> dict[str, Any]:
    return dict(json.loads((VECTORS / name).read_text(encoding="utf-8"))["cases"][0])


def drawn(*values: bytes) -> Callable[[int], bytes]:
    """A source of randomness that hands out these values, each once and in this order."""
    queue = list(values)

    def draw(count: int) -> bytes:
        value = queue.pop(0)
        assert len(value) == count
        return value

    return draw


def octets(vector: dict[str, Any], *fields: str) -> tuple[bytes, ...]:
    return tuple(bytes.fromhex(vector[field]) for field in fields)


def offer(vector: dict[str, Any]) -> PaceOffer:
    protocol = pace_protocol(vector["oid"])
    assert protocol is not None
    return PaceOffer(protocol, vector["domain_parameters"]["standardized_id"])


def mrz_information(vector: dict[str, Any]) -> Secret:
    fields = vector["password_fields"]
    names = ("document_number", "date_of_birth", "date_of_expiry")
    return Secret("".join(fields[name] + fields[f"{name}_check_digit"] for name in names).encode())


def ask(card: VirtualCard, tag: int, value: bytes, *, last: bool = False) -> str:
    """One step of GENERAL AUTHENTICATE; tag 0 sends an empty template. The whole answer in hex."""
    body = encode_tlv(0x7C, encode_tlv(tag, value) if tag else b"")
    head = bytes.fromhex("00860000" if last else "10860000")
    if len(body) > 255:
        return card.transmit(head + b"\0" + len(body).to_bytes(2, "big") + body + b"\0\0").hex()
    return card.transmit(head + bytes([len(body)]) + body + b"\0").hex()


def answered(tag: int, value: bytes) -> str:
    return encode_tlv(0x7C, encode_tlv(tag, value)).hex() + "9000"


def choose(protocol: PaceProtocol, parameter_id: int, reference: int = 2) -> bytes:
    data = encode_tlv(0x80, encode_oid(protocol.oid)) + bytes([0x83, 1, reference, 0x84, 1, parameter_id])
    return bytes.fromhex("0022C1A4") + bytes([len(data)]) + data


# -- published examples -----------------------------------------------------------------------------------------------


def test_generic_mapping_in_a_finite_field_of_appendix_g2() -> None:
    vector = case("pace_gm_dh.json")
    content = ChipContent(mrz_information=mrz_information(vector), pace=(offer(vector),))
    source = drawn(*octets(vector, "nonce", "chip_mapping_private_key", "chip_private_key"))
    card = VirtualCard(content, random_bytes=source)
    *steps, token = vector["apdus"]
    for apdu in steps:
        assert card.transmit(bytes.fromhex(apdu["command"])).hex() == apdu["response"], apdu["step"]
    # the printed last answer has DO'87', which belongs to terminal authentication, and no status word
    expected = answered(0x86, bytes.fromhex(vector["chip_token"]))
    assert card.transmit(bytes.fromhex(token["command"])).hex() == expected


@pytest.mark.parametrize("name", ["pace_im_ecdh.json", "pace_im_dh.json"])
def test_integrated_mapping_of_appendix_h(name: str) -> None:
    """The example's password is six characters; its DH keys are as long as p, the chip draws them modulo the order."""
    vector = case(name)
    order = int(vector["domain_parameters"]["order"], 16)
    size = (order.bit_length() + 7) // 8
    private = (int(vector["chip_private_key"], 16) % order).to_bytes(size, "big")
    content = ChipContent(can=Secret(vector["password"].encode()), pace=(offer(vector),))
    card = VirtualCard(content, random_bytes=drawn(*octets(vector, "nonce"), private))
    assert card.transmit(choose(content.pace[0].protocol, content.pace[0].parameter_id)) == b"\x90\x00"
    assert ask(card, 0, b"") == answered(0x80, *octets(vector, "encrypted_nonce"))
    assert ask(card, 0x81, *octets(vector, "nonce_t")) == "7c0282009000"
    assert ask(card, 0x83, *octets(vector, "terminal_public_key")) == answered(0x84, *octets(vector, "chip_public_key"))
    token = ask(card, 0x85, *octets(vector, "terminal_token"), last=True)
    assert token == answered(0x86, *octets(vector, "chip_token"))
    assert_session_runs(card, SymmetricCipher.AES128, *octets(vector, "shared_secret"))


def test_chip_authentication_mapping_of_appendix_i1() -> None:
    vector = case("pace_cam_ecdh.json")
    domain = curve(vector["domain_parameters"]["name"])
    (static,) = octets(vector, "chip_static_private_key_derived")
    public = domain.private_key(int.from_bytes(static, "big")).public_octets
    assert public.hex() == vector["chip_static_public_key"]
    content = ChipContent(
        mrz_information=mrz_information(vector),
        pace=(offer(vector),),
        chip_authentication_mapping=(ChipAuthenticationMappingKey(domain, Secret(static)),),
    )
    # the printed ephemeral key is above the order of the curve; the chip draws it reduced
    private = (int(vector["chip_private_key"], 16) % domain.n).to_bytes(32, "big")
    source = drawn(*octets(vector, "nonce", "chip_mapping_private_key"), private)
    card = VirtualCard(content, random_bytes=source)
    for apdu in vector["apdus"]:
        assert card.transmit(bytes.fromhex(apdu["command"])).hex() == apdu["response"], apdu["step"]
    assert_session_runs(card, SymmetricCipher.AES128, *octets(vector, "shared_secret"))


def assert_session_runs(card: VirtualCard, cipher: SymmetricCipher, shared: bytes) -> None:
    """A command under the new keys gets a protected answer: the file is not there, but the keys are right."""
    channel = Channel(cipher, shared)
    assert channel.unwrap(card.transmit(channel.wrap(bytes.fromhex("00A4020C"), b"\x01\x1e"))) == (b"", "6A82")


# -- every suite, against numbers ---------------------------------------------------------------------------------------


class Side:
    """The terminal's numbers in one group; ``group`` is a curve or a field."""

    def __init__(self, group: Curve | DhGroup) -> None:
        self.group = group

    @property
    def tag(self) -> int:
        return 0x86 if isinstance(self.group, Curve) else 0x84

    def integrated(self, cipher: SymmetricCipher, nonce: bytes, nonce_t: bytes) -> Any:
        element = pseudo_random_element(cipher, nonce, nonce_t, self.group.p)
        if isinstance(self.group, Curve):
            return map_integrated_ecdh(self.group, element)
        return map_integrated_dh(self.group, element)

    def generic(self, card: VirtualCard, nonce: bytes) -> tuple[Any, bytes]:
        """The mapped generator and the chip's mapping key."""
        group = self.group
        if isinstance(group, Curve):
            key = group.private_key(random_scalar(group))
            peer = self.value(ask(card, 0x81, key.public_octets), 0x82)
            return map_generic_ecdh(group, nonce, key, group.decode_point(peer)), peer
        exponent = random_exponent(group)
        peer = self.value(ask(card, 0x81, group.encode(pow(group.g, exponent, group.p))), 0x82)
        shared = pow(int.from_bytes(peer, "big"), exponent, group.p)
        return pow(group.g, int.from_bytes(nonce, "big"), group.p) * shared % group.p, peer

    def agreement(self, card: VirtualCard, generator: Any) -> tuple[bytes, bytes, bytes]:
        """Own public key, the chip's, and the shared secret."""
        group = self.group
        if isinstance(group, Curve):
            key = group.private_key(random_scalar(group))
            own = group.encode_point(key.multiply(generator))
            peer = self.value(ask(card, 0x83, own), 0x84)
            return own, peer, key.shared_x(group.decode_point(peer))
        exponent = random_exponent(group)
        own = group.encode(pow(generator, exponent, group.p))
        peer = self.value(ask(card, 0x83, own), 0x84)
        assert not peer.startswith(b"\0")
        shared = pow(int.from_bytes(peer, "big"), exponent, group.p)
        return own, peer, shared.to_bytes(group.field_bytes, "big")

    @staticmethod
    def value(answer: str, tag: int) -> bytes:
        assert answer.endswith("9000"), answer
        return parse_tlv(bytes.fromhex(answer[:-4]), 0x7C).require(tag).value


def group_of(protocol: PaceProtocol, parameter_id: int) -> Curve | DhGroup:
    if protocol.agreement is Agreement.DH:
        return DH_GROUPS[parameter_id]
    found = standardized_curve(parameter_id)
    assert found is not None
    return found


def content_for(*offers: PaceOffer) -> ChipContent:
    curves = {found.name: found for found in map(standardized_curve, (one.parameter_id for one in offers)) if found}
    keys = tuple(
        ChipAuthenticationMappingKey(found, Secret(STATIC_SCALAR.to_bytes(4, "big"))) for found in curves.values()
    )
    secret = ElementaryFile(0x011D, b"guarded by PACE", 0x1D, AccessCondition.PACE)
    return ChipContent(master_files=(secret,), can=Secret(CAN), pace=offers, chip_authentication_mapping=keys)


def suites() -> list[tuple[str, int]]:
    """Every protocol that is no ECDH-GM, each cipher on some group of its kind and every group at least once."""
    fields, curves = (0, 1, 2), (8, 9, 11, 12, 13, 14, 15, 16, 17, 18)
    chosen = []
    for protocol in PROTOCOLS.values():
        if protocol.agreement is Agreement.DH:
            chosen += [(protocol.name, number) for number in fields]
        elif protocol.mapping is not Mapping.GENERIC:
            all_curves = protocol.cipher is SymmetricCipher.AES128
            chosen += [(protocol.name, number) for number in (curves if all_curves else (12, 16))]
    return [*chosen, ("PACE-ECDH-CAM-AES-CBC-CMAC-128", 10)]


@pytest.mark.wide
@pytest.mark.parametrize(("name", "parameter_id"), suites())
def test_every_suite_ends_in_a_session(name: str, parameter_id: int) -> None:
    protocol = PROTOCOLS[name]
    cipher, side = protocol.cipher, Side(group_of(protocol, parameter_id))
    card = VirtualCard(content_for(PaceOffer(protocol, parameter_id)))
    assert card.transmit(choose(protocol, parameter_id)) == b"\x90\x00"
    z = side.value(ask(card, 0, b""), 0x80)
    long_nonce = protocol.mapping is Mapping.INTEGRATED and cipher.key_bytes > 16
    assert len(z) == (32 if long_nonce else 16)
    nonce = decrypt_cbc(cipher, derive_key(CAN, KeyUse.PASSWORD, cipher), bytes(cipher.block_bytes), z)
    mapping_key = b""
    if protocol.mapping is Mapping.INTEGRATED:
        nonce_t = os.urandom(cipher.key_bytes)
        assert side.value(ask(card, 0x81, nonce_t), 0x82) == b""
        generator = side.integrated(cipher, nonce, nonce_t)
    else:
        generator, mapping_key = side.generic(card, nonce)
    own, peer, shared = side.agreement(card, generator)
    ks_mac = derive_key(shared, KeyUse.MAC, cipher)

    def token(key: bytes) -> bytes:
        oid = encode_tlv(0x06, encode_oid(protocol.oid))
        return mac(cipher, ks_mac, encode_tlv(0x7F49, oid + encode_tlv(side.tag, key)))

    answer = ask(card, 0x85, token(peer), last=True)
    objects = parse_tlv(bytes.fromhex(answer[:-4]), 0x7C).children()
    assert objects[0].encoded == encode_tlv(0x86, token(own))
    assert [found.tag for found in objects] == [0x86] + [0x8A] * (protocol.mapping is Mapping.CHIP_AUTHENTICATION)
    if isinstance(side.group, Curve) and len(objects) == 2:
        assert_chip_is_genuine(side.group, cipher, shared, objects[1].value, mapping_key)
    channel = Channel(cipher, shared)
    select = channel.wrap(bytes.fromhex("00A4020C"), b"\x01\x1d")
    assert channel.unwrap(card.transmit(select)) == (b"", "9000")
    assert channel.unwrap(card.transmit(channel.wrap(bytes.fromhex("00B00000"), le=b"\x0f")))[0] == b"guarded by PACE"


def assert_chip_is_genuine(
    group: Curve, cipher: SymmetricCipher, shared: bytes, cryptogram: bytes, mapping_key: bytes
) -> None:
    """PK_Map,IC = CA_IC · PK_IC (Doc 9303-11 §4.4.3.5.2)."""
    ks_enc = derive_key(shared, KeyUse.ENCRYPTION, cipher)
    iv = encrypt_block(cipher, ks_enc, b"\xff" * cipher.block_bytes)
    data = unpad(decrypt_cbc(cipher, ks_enc, iv, cryptogram), cipher.block_bytes)
    assert len(data) == group.order_bytes
    proof = group.private_key(int.from_bytes(data, "big"))
    assert group.encode_point(proof.multiply(group.private_key(STATIC_SCALAR).public_point)) == mapping_key


# -- refusals -------------------------------------------------------------------------------------------------------------


def begun(name: str, parameter_id: int) -> VirtualCard:
    card = VirtualCard(content_for(PaceOffer(PROTOCOLS[name], parameter_id)))
    assert card.transmit(choose(PROTOCOLS[name], parameter_id)) == b"\x90\x00"
    assert ask(card, 0, b"").endswith("9000")
    return card


GM_DH, IM_DH = "PACE-DH-GM-AES-CBC-CMAC-128", "PACE-DH-IM-AES-CBC-CMAC-128"
P = DH_GROUPS[0].p
NO_MEMBERS = {
    "zero": bytes(128),
    "one": (1).to_bytes(128, "big"),
    "p - 1, of order two": (P - 1).to_bytes(128, "big"),
    "p": P.to_bytes(128, "big"),
    "p + g, the generator not reduced": (P + DH_GROUPS[0].g).to_bytes(129, "big"),
    "outside the subgroup": (2).to_bytes(128, "big"),
    "a zero octet in front": b"\0" + DH_GROUPS[0].encode(DH_GROUPS[0].g),
    "cut": DH_GROUPS[0].encode(DH_GROUPS[0].g)[:-1],
    "nothing": b"",
}


@pytest.mark.parametrize("what", NO_MEMBERS)
@pytest.mark.parametrize("tag", [0x81, 0x83])
def test_what_is_no_member_of_the_group_ends_the_run(what: str, tag: int) -> None:
    """RFC 2631 §2.1.5, which Doc 9303-11 §4.4.3.3.1 demands against small subgroups."""
    card = begun(GM_DH, 0)
    if tag == 0x83:
        assert ask(card, 0x81, DH_GROUPS[0].encode(DH_GROUPS[0].g)).endswith("9000")
    assert ask(card, tag, NO_MEMBERS[what]) == "6a80"
    assert ask(card, 0x81, DH_GROUPS[0].encode(DH_GROUPS[0].g)) == "6985"


def test_a_public_value_may_come_without_its_leading_zero_octets() -> None:
    """Doc 9303-11 §9.4.3: unsigned integers may be shorter than the prime. The chip's own have no zeros in front."""
    group = DH_GROUPS[0]
    exponent = next(number for number in range(2, 5000) if pow(group.g, number, group.p).bit_length() <= 1016)
    full = pow(group.g, exponent, group.p).to_bytes(128, "big")
    for value in (full, full.lstrip(b"\0")):
        assert ask(begun(GM_DH, 0), 0x81, value).endswith("9000")
    source = drawn(bytes(16), exponent.to_bytes(20, "big"))
    card = VirtualCard(content_for(PaceOffer(PROTOCOLS[GM_DH], 0)), random_bytes=source)
    card.transmit(choose(PROTOCOLS[GM_DH], 0))
    ask(card, 0, b"")
    assert ask(card, 0x81, group.encode(group.g)) == answered(0x82, full.lstrip(b"\0"))


@pytest.mark.parametrize("length", [0, 1, 8, 15, 17, 24, 32])
@pytest.mark.parametrize(("name", "number"), [(IM_DH, 0), ("PACE-ECDH-IM-AES-CBC-CMAC-128", 13)])
def test_a_terminals_nonce_of_another_length_than_the_key_ends_the_run(name: str, number: int, length: int) -> None:
    card = begun(name, number)
    assert ask(card, 0x81, b"t" * length) == "6a80"
    assert ask(card, 0x81, b"t" * 16) == "6985"


@pytest.mark.parametrize(("arc", "right"), [("3DES-CBC-CBC", 16), ("AES-CBC-CMAC-192", 24), ("AES-CBC-CMAC-256", 32)])
def test_the_terminals_nonce_is_as_long_as_a_key(arc: str, right: int) -> None:
    name = f"PACE-ECDH-IM-{arc}"
    assert ask(begun(name, 13), 0x81, b"t" * right) == "7c0282009000"
    for wrong in {16, 24, 32} - {right}:
        assert ask(begun(name, 13), 0x81, b"t" * wrong) == "6a80"


def test_integrated_mapping_is_not_defined_on_a_curve_over_a_prime_of_the_other_kind() -> None:
    """Doc 9303-11 Appendix B.2 wants p = 3 modulo 4; secp224r1 has another one, and the run ends instead of guessing."""
    assert ask(begun("PACE-ECDH-IM-AES-CBC-CMAC-128", 10), 0x81, b"t" * 16) == "6a80"


def test_a_public_key_in_place_of_the_nonce_is_refused() -> None:
    domain = curve("brainpoolP256r1")
    assert ask(begun("PACE-ECDH-IM-AES-CBC-CMAC-128", 13), 0x81, domain.encode_point(domain.g)) == "6a80"


@pytest.mark.parametrize(("name", "number"), [(GM_DH, 0), (IM_DH, 0), ("PACE-ECDH-CAM-AES-CBC-CMAC-128", 13)])
def test_a_wrong_token_is_refused_and_nothing_of_the_static_key_comes_out(name: str, number: int) -> None:
    protocol = PROTOCOLS[name]
    side, card = Side(group_of(protocol, number)), begun(name, number)
    if protocol.mapping is Mapping.INTEGRATED:
        ask(card, 0x81, b"t" * 16)
        generator = DH_GROUPS[0].g
    else:
        generator, _ = side.generic(card, b"not the nonce---")
    side.agreement(card, generator)
    assert ask(card, 0x85, bytes(8), last=True) == "6300"


@pytest.mark.parametrize(
    ("name", "parameter_id"),
    [
        ("PACE-DH-GM-AES-CBC-CMAC-128", 13),  # a curve for DH
        ("PACE-ECDH-IM-AES-CBC-CMAC-128", 0),  # a field for ECDH
        ("PACE-DH-IM-AES-CBC-CMAC-128", 3),  # reserved
    ],
)
def test_parameters_of_the_wrong_kind_are_referenced_data_not_found(name: str, parameter_id: int) -> None:
    card = VirtualCard(content_for(PaceOffer(PROTOCOLS[name], parameter_id)))
    assert card.transmit(choose(PROTOCOLS[name], parameter_id)) == bytes.fromhex("6A88")


def test_chip_authentication_mapping_needs_a_static_key_on_the_same_curve() -> None:
    protocol = PROTOCOLS["PACE-ECDH-CAM-AES-CBC-CMAC-128"]
    for keys in ((), content_for(PaceOffer(protocol, 12)).chip_authentication_mapping):
        content = ChipContent(can=Secret(CAN), pace=(PaceOffer(protocol, 13),), chip_authentication_mapping=keys)
        assert VirtualCard(content).transmit(choose(protocol, 13)) == bytes.fromhex("6A80")


def test_domain_parameters_must_be_named_when_one_protocol_has_several() -> None:
    protocol = PROTOCOLS[GM_DH]
    card = VirtualCard(content_for(PaceOffer(protocol, 0), PaceOffer(protocol, 2)))
    unnamed = encode_tlv(0x80, encode_oid(protocol.oid)) + bytes.fromhex("830102")
    assert card.transmit(bytes.fromhex("0022C1A4") + bytes([len(unnamed)]) + unnamed) == bytes.fromhex("6A80")
    for number in (0, 2):
        assert card.transmit(choose(protocol, number)) == b"\x90\x00"


def test_a_group_of_2048_bits_does_not_fit_a_short_answer() -> None:
    """Doc 9303-11 §9.3.1: such sizes need extended length, and the chip says that the length was wrong."""
    card, group = begun(GM_DH, 2), DH_GROUPS[2]
    body = encode_tlv(0x7C, encode_tlv(0x81, group.encode(group.g)))
    command = bytes.fromhex("10860000") + b"\0" + len(body).to_bytes(2, "big") + body
    assert card.transmit(command + b"\x01\x00") == bytes.fromhex("6700")


def test_the_static_key_is_never_shown() -> None:
    key = content_for(PaceOffer(PROTOCOLS["PACE-ECDH-CAM-AES-CBC-CMAC-128"], 13)).chip_authentication_mapping[0]
    for shown in (repr(key), str(key), f"{key}"):
        assert str(STATIC_SCALAR) not in shown
        assert f"{STATIC_SCALAR:x}" not in shown.lower()
