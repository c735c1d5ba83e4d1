"""PACE with groups that a chip spells out itself, and the choice among several sets of parameters.

Doc 9303-11 §9.2.2, §9.5.1 and §9.5.2; TR-03110-3 §A.1.1.1 and §B.11.1.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess

import pytest
from ecdsa.curves import SECP256k1

from crypto.pace.parameters import PaceProtocol, pace_protocols
from crypto.primitives.curves import Curve, Point, curve, random_scalar
from crypto.primitives.dh_groups import DH_GROUPS, DhGroup
from crypto.primitives.secret import Secret
from crypto.wire.oid import encode_oid
from crypto.wire.tlv import Tlv, encode_tlv, parse_tlv
from emulator.cards import card
from emulator.chip.card import VirtualCard
from emulator.chip.content import ChipContent, PaceOffer
from emulator.personalise.own_group import OWN_GROUP
from emulator.personalise.security_infos import pace_domain_parameter_info, pace_info
from tests.unit.emulator_terminal import CAN, SPECS, RefusedError, Terminal

PROTOCOLS = {protocol.name: protocol for protocol in pace_protocols()}
ECDH, ECDH_256 = PROTOCOLS["PACE-ECDH-GM-AES-CBC-CMAC-128"], PROTOCOLS["PACE-ECDH-GM-AES-CBC-CMAC-256"]
DH = PROTOCOLS["PACE-DH-GM-AES-CBC-CMAC-128"]
_FIELD = SECP256k1.curve
OWN_CURVE = Curve(
    "an issuer's own",
    int(_FIELD.p()),
    int(_FIELD.a()),
    int(_FIELD.b()),
    Point(int(SECP256k1.generator.x()), int(SECP256k1.generator.y())),
    int(SECP256k1.order),
)
SPELT_OUT: list[tuple[PaceProtocol, int, Curve | DhGroup]] = [
    (ECDH, 32, curve("brainpoolP256r1")),
    (ECDH_256, 33, curve("secp521r1")),
    (ECDH, 127, curve("brainpoolP320r1")),
    (ECDH, 200, OWN_CURVE),
    (DH, 40, DH_GROUPS[0]),
    (DH, 41, OWN_GROUP),
]


def card_with(*offers: PaceOffer) -> VirtualCard:
    return VirtualCard(ChipContent(can=Secret(b"123456"), pace=offers))


@pytest.mark.parametrize(("protocol", "number", "group"), SPELT_OUT, ids=lambda value: getattr(value, "name", value))
def test_pace_runs_in_a_group_that_is_spelt_out(protocol: PaceProtocol, number: int, group: Curve | DhGroup) -> None:
    terminal = Terminal(card_with(PaceOffer(ECDH, 12), PaceOffer(protocol, number, group)))
    terminal.pace(protocol, number, CAN, b"123456", group=group)
    assert terminal.send("00A4020C", b"\x01\x01")[1] == "6A82"  # an answer under the new keys
    with pytest.raises(RefusedError, match="6300"):
        terminal.pace(protocol, number, CAN, b"123457", group=group)


def test_the_chips_key_is_compressed_as_terminal_authentication_wants_it() -> None:
    """TR-03110-3 §A.2.2.3: x for a curve, SHA-1 for a field."""
    protocol, number, group = SPELT_OUT[4]
    terminal = Terminal(card_with(PaceOffer(protocol, number, group), PaceOffer(ECDH, 12)))
    terminal.pace(protocol, number, CAN, b"123456", group=group)
    assert len(terminal.compressed_chip_key) == hashlib.sha1(usedforsecurity=False).digest_size
    terminal.pace(ECDH, 12, CAN, b"123456")
    assert len(terminal.compressed_chip_key) == 32


@pytest.mark.parametrize("number", [0, 13, 31])
def test_ids_below_32_are_never_the_issuers(number: int) -> None:
    with pytest.raises(ValueError, match="32"):
        PaceOffer(ECDH, number, curve("brainpoolP256r1"))


@pytest.mark.parametrize(("protocol", "group"), [(ECDH, OWN_GROUP), (DH, curve("secp256r1"))])
def test_a_protocol_and_its_group_are_of_one_kind(protocol: PaceProtocol, group: Curve | DhGroup) -> None:
    with pytest.raises(ValueError, match="kind"):
        PaceOffer(protocol, 32, group)


@pytest.mark.parametrize("protocol", [ECDH, DH])
def test_an_id_that_nothing_stands_behind_is_not_found(protocol: PaceProtocol) -> None:
    for number in (5, 20, 31, 32, 99):
        with pytest.raises(RefusedError, match="6A88"):
            Terminal(card_with(PaceOffer(protocol, number))).pace(protocol, number, CAN, b"123456")


# -- which set of parameters ------------------------------------------------------------------------------------------


def mse(protocol: PaceProtocol, parameter: str | None) -> str:
    data = encode_tlv(0x80, encode_oid(protocol.oid)) + b"\x83\x01\x02"
    if parameter is not None:
        data += encode_tlv(0x84, bytes.fromhex(parameter))
    return f"0022C1A4{len(data):02X}{data.hex()}"


SEVERAL = (
    PaceOffer(ECDH, 12),
    PaceOffer(ECDH, 13),
    PaceOffer(ECDH, 32, curve("secp384r1")),
    PaceOffer(ECDH, 1000, curve("secp384r1")),
    PaceOffer(ECDH_256, 13),
    PaceOffer(DH, 0),
)


@pytest.mark.parametrize(
    ("protocol", "parameter", "status"),
    [
        (ECDH, None, "6A80"),  # ambiguous: DO'84' is required then
        (ECDH, "0C", "9000"),
        (ECDH, "0D", "9000"),
        (ECDH, "20", "9000"),
        (ECDH, "0020", "9000"),
        (ECDH, "03E8", "9000"),
        (ECDH, "E8", "6A88"),
        (ECDH, "0E", "6A88"),
        (ECDH, "00", "6A88"),  # the id of another protocol
        (ECDH, "", "6A80"),
        (ECDH_256, None, "9000"),  # one set only
        (ECDH_256, "0D", "9000"),  # and it may be named all the same
        (ECDH_256, "0C", "6A88"),
        (DH, None, "9000"),
        (DH, "", "6A80"),  # an empty number is not the number zero
    ],
)
def test_do84_chooses_among_several_sets(protocol: PaceProtocol, parameter: str | None, status: str) -> None:
    assert Terminal(card_with(*SEVERAL)).raw(mse(protocol, parameter)) == status


def test_data_objects_come_in_any_order_and_unknown_ones_are_ignored() -> None:
    """Doc 9303-11 §4.4.4.1 note 2 and §9.3.3."""
    oid = encode_tlv(0x80, encode_oid(ECDH.oid))
    for data in (
        b"\x84\x01\x0c\x83\x01\x02" + oid,
        b"\x83\x01\x02" + oid + b"\x84\x01\x0c\x65\x03\x73\x01\x00",
        oid + b"\x83\x01\x02\x84\x01\x0c\x9f\x1f\x00",
    ):
        assert Terminal(card_with(*SEVERAL)).raw(f"0022C1A4{len(data):02X}{data.hex()}") == "9000"


@pytest.mark.parametrize(
    "data", ["", "80", "8000830102", "800A04007F00070202040202", "830102", "800A04007F0007020204020283", "8001FF830102"]
)
def test_a_request_that_says_too_little_is_refused(data: str) -> None:
    octets = bytes.fromhex(data)
    length = f"{len(octets):02X}" if octets else ""
    assert Terminal(card_with(*SEVERAL)).raw(f"0022C1A4{length}{data}") == "6A80"


@pytest.mark.parametrize("reference", ["", "00", "05", "FF", "0002", "0202"])
def test_a_password_that_no_standard_knows_is_not_found(reference: str) -> None:
    data = encode_tlv(0x80, encode_oid(ECDH_256.oid)) + encode_tlv(0x83, bytes.fromhex(reference))
    assert Terminal(card_with(*SEVERAL)).raw(f"0022C1A4{len(data):02X}{data.hex()}") == "6A88"


# -- values that are no elements of an own group ------------------------------------------------------------------------


def begun(protocol: PaceProtocol, number: int, group: Curve | DhGroup) -> Terminal:
    terminal = Terminal(card_with(PaceOffer(protocol, number, group)))
    assert terminal.raw(mse(protocol, None)) == "9000"
    assert terminal.raw("10860000027C0000") == "9000"
    return terminal


def asked(terminal: Terminal, tag: int, value: bytes) -> str:
    body = encode_tlv(0x7C, encode_tlv(tag, value))
    return terminal.raw("1086000000" + len(body).to_bytes(2, "big").hex() + body.hex() + "0000")


def test_small_orders_of_an_own_field_are_refused() -> None:
    p = OWN_GROUP.p
    no_square = next(value for value in range(2, 100) if pow(value, (p - 1) // 2, p) != 1)
    for value in (0, 1, p - 1, p, no_square):
        octets = value.to_bytes((max(1, value.bit_length()) + 7) // 8, "big")
        assert asked(begun(DH, 41, OWN_GROUP), 0x81, octets) == "6A80"


def test_points_off_an_own_curve_are_refused() -> None:
    key = OWN_CURVE.private_key(random_scalar(OWN_CURVE))
    off = key.public_octets[:-1] + bytes([key.public_octets[-1] ^ 1])
    other = curve("secp256r1")
    for octets in (off, other.encode_point(other.g), key.public_octets[:33], b"\0"):
        assert asked(begun(ECDH, 200, OWN_CURVE), 0x81, octets) == "6A80"
    assert asked(begun(ECDH, 200, OWN_CURVE), 0x81, key.public_octets) == "9000"


# -- how EF.CardAccess says it --------------------------------------------------------------------------------------------


def children(octets: bytes) -> tuple[Tlv, ...]:
    return parse_tlv(octets, 0x30).children()


@pytest.mark.parametrize("name", ["brainpoolP256r1", "brainpoolP384r1", "secp521r1"])
def test_a_curve_is_spelt_out_as_openssl_spells_it(name: str) -> None:
    """Octet by octet, but for the seed that OpenSSL adds to NIST curves and nobody needs."""
    openssl = shutil.which("openssl")
    assert openssl is not None
    command = [openssl, "ecparam", "-name", name, "-param_enc", "explicit", "-outform", "DER", "-noout"]
    expected = subprocess.run(command[:-1], check=True, capture_output=True).stdout
    protocol, algorithm, number = children(pace_domain_parameter_info(PaceOffer(ECDH_256, 200, curve(name))))
    assert protocol.value == encode_oid("0.4.0.127.0.7.2.2.4.2")
    kind, parameters = algorithm.children()
    assert kind.value == encode_oid("1.2.840.10045.2.1")
    assert [part.encoded for part in parameters.children()] == [without_seed(part) for part in children(expected)]
    assert number.encoded == b"\x02\x02\x00\xc8"


def without_seed(part: Tlv) -> bytes:
    inner = part.children() if part.tag == 0x30 else ()
    if [tlv.tag for tlv in inner] != [0x04, 0x04, 0x03]:
        return part.encoded
    return encode_tlv(0x30, [inner[0].encoded, inner[1].encoded])


@pytest.mark.parametrize("group", [DH_GROUPS[0], DH_GROUPS[2], OWN_GROUP])
def test_a_field_is_spelt_out_by_p_g_and_q(group: DhGroup) -> None:
    """RFC 3279 §2.3.3: dhpublicnumber, DomainParameters in this order."""
    protocol, algorithm, number = children(pace_domain_parameter_info(PaceOffer(DH, 32, group)))
    assert protocol.value == encode_oid("0.4.0.127.0.7.2.2.4.1")
    kind, parameters = algorithm.children()
    assert kind.value == encode_oid("1.2.840.10046.2.1")
    assert [int.from_bytes(part.value, "big") for part in parameters.children()] == [group.p, group.g, group.q]
    assert {part.tag for part in parameters.children()} == {0x02}
    assert all(part.value[0] < 0x80 for part in parameters.children())  # positive
    assert number.encoded == b"\x02\x01\x20"


def test_the_own_group_is_the_one_of_rfc_3526() -> None:
    p = OWN_GROUP.p
    assert p.bit_length() == 2048
    assert hex(p)[2:18] == hex(p)[-16:] == "f" * 16
    assert pow(2, (p - 1) // 2, p) == pow(3, p - 1, p) == 1
    assert OWN_GROUP.q * 2 + 1 == p


def test_standardised_parameters_are_not_spelt_out() -> None:
    with pytest.raises(ValueError, match="spelt out"):
        pace_domain_parameter_info(PaceOffer(ECDH, 13))


def test_a_personalised_card_says_in_card_access_and_dg14_what_it_can_do() -> None:
    terminal = Terminal(card("pace-explicit"))
    assert terminal.raw("00A4020C02011C") == "9000"
    infos = {info.encoded for info in parse_tlv(terminal.plain("00B00000000000")[0], 0x31).children()}
    named = [PaceOffer(ECDH, 13), PaceOffer(ECDH_256, 32, curve("brainpoolP384r1")), PaceOffer(DH, 33, DH_GROUPS[2])]
    assert {pace_info(offer) for offer in named} < infos
    assert {pace_domain_parameter_info(offer) for offer in named if offer.domain} < infos
    terminal.pace(DH, 34, CAN, SPECS["pace-explicit"].can.encode(), group=OWN_GROUP)
    terminal.select_application()
    assert terminal.send("00A4020C", b"\x01\x0e")[1] == "9000"
    group14 = parse_tlv(terminal.send("00B00000", le=b"\0\0", extended=True)[0], 0x6E)
    assert infos < {info.encoded for info in group14.children()[0].children()}
