"""Public values that an honest side never sends: refused by both halves, in every step that takes one.

Points off the curve and on its twist, infinity, compressed and hybrid encodings, wrong lengths, the other side's own
key thrown back; in finite fields 0, 1, p-1, p, elements outside the subgroup. PACE with each mapping, steps 2 and 3, and
chip authentication. After each refusal the run is over, on either side.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from crypto.errors import CryptoError
from crypto.pace.integrated import map_integrated_dh, map_integrated_ecdh, pseudo_random_element
from crypto.pace.mapping import map_generic_dh, map_generic_ecdh
from crypto.pace.parameters import STANDARDIZED_CURVES, PaceProtocol, pace_protocols
from crypto.primitives.block_cipher import SymmetricCipher
from crypto.primitives.curves import Curve, Point, curve
from crypto.primitives.dh_groups import DH_GROUPS, DhGroup
from crypto.primitives.secret import Secret
from crypto.wire.apdu import CommandApdu, ResponseApdu
from crypto.wire.oid import encode_oid
from crypto.wire.tlv import encode_tlv, parse_tlv
from emulator.chip.access_rules import AccessCondition
from emulator.chip.card import VirtualCard
from emulator.chip.content import (
    ChipAuthenticationKey,
    ChipAuthenticationMappingKey,
    ChipContent,
    ElementaryFile,
    PaceOffer,
)
from reader import errors
from reader.lds.security_infos import SecurityInfos, parse_security_infos
from reader.protocols.access_key import CanKey
from reader.protocols.chip_authentication_offers import chip_authentication_suites
from reader.protocols.exchange import run
from reader.protocols.pace import PaceSuite, pace_terminal
from reader.protocols.pace_domain import DhDomain, EcdhDomain

CAN = "271828"
PROTOCOLS = {protocol.name: protocol for protocol in pace_protocols()}
EC_SUITES = [
    (PROTOCOLS[f"PACE-ECDH-{mapping}-AES-CBC-CMAC-128"], number)
    for mapping, number in [("GM", 13), ("GM", 12), ("GM", 9), ("GM", 10), ("IM", 13), ("IM", 9), ("CAM", 13)]
]
DH_SUITES = [(PROTOCOLS[f"PACE-DH-{mapping}-AES-CBC-CMAC-128"], 0) for mapping in ("GM", "IM")]
SUITES = EC_SUITES + DH_SUITES
CA_KEYS = ["brainpoolP256r1", "secp256r1", "secp224r1", "brainpoolP192r1", 0, 2]


def suite_name(value: object) -> str:
    if isinstance(value, PaceProtocol):
        return value.name
    return STANDARDIZED_CURVES.get(value, f"group {value}") if isinstance(value, int) else str(value)


# -- what an attacker may send ---------------------------------------------------------------------------------------------


def hostile_points(domain: Curve) -> dict[str, bytes]:
    """Encodings that are no point of the curve but infinity, or that no standard admits here (TR-03111 §3.2)."""
    size, good = domain.field_bytes, domain.encode_point(domain.g)
    x, y = good[1 : 1 + size], good[1 + size :]
    off = Point(domain.g.x, (domain.g.y + 1) % domain.p)
    found = {
        "nothing": b"",
        "infinity": b"\x00",
        "infinity at full length": b"\x04" + bytes(2 * size),
        "infinity in zeros": bytes(1 + 2 * size),
        "off the curve": domain.encode_point(off),
        "on the twist": domain.encode_point(twist_point(domain)),
        "on a weaker curve": domain.encode_point(invalid_curve_point(domain)),
        "compressed": bytes([2 | domain.g.y & 1]) + x,
        "compressed with the other sign": bytes([2 | (domain.g.y & 1) ^ 1]) + x,
        "hybrid": bytes([6 | domain.g.y & 1]) + x + y,
        "without its first octet": good[1:],
        "cut by one octet": good[:-1],
        "one octet longer": good + b"\0",
        "x alone": b"\x04" + x,
        "coordinates swapped": b"\x04" + y + x,
        "x not reduced": unreduced(domain, 0),
        "y not reduced": unreduced(domain, 1),
        "all ones": b"\x04" + b"\xff" * (2 * size),
    }
    return {name: octets for name, octets in found.items() if octets != good}


def twist_point(domain: Curve) -> Point:
    """x that belongs to no point of the curve, with the root of what would be a point of the quadratic twist."""
    p = domain.p
    x = next(x for x in range(1, 100) if pow(x**3 + domain.a * x + domain.b, (p - 1) // 2, p) == p - 1)
    return Point(x, 1)


def invalid_curve_point(domain: Curve) -> Point:
    """(x, 0): of order two on the curve with the same a and another b, which no addition formula looks at."""
    return Point(5, 0)


def unreduced(domain: Curve, which: int) -> bytes:
    """A good point with p added to one coordinate, where the octets have room for it; else that coordinate as p."""
    coordinates = [domain.g.x, domain.g.y]
    raised = coordinates[which] + domain.p
    coordinates[which] = raised if raised < 1 << 8 * domain.field_bytes else domain.p
    return b"\x04" + b"".join(value.to_bytes(domain.field_bytes, "big") for value in coordinates)


def hostile_values(group: DhGroup) -> dict[str, bytes]:
    """No elements of the subgroup of prime order but 1 (RFC 2631 §2.1.5)."""
    p, size = group.p, group.field_bytes
    small = next(value for h in range(2, 50) if (value := pow(h, group.q, p)) not in (1, p - 1))
    cofactor_element = next(h for h in range(2, 50) if pow(h, group.q, p) != 1)
    numbers = {
        "zero": 0,
        "one": 1,
        "minus one": p - 1,
        "p": p,
        "p and one": p + 1,
        "of the cofactor's order": small,
        "outside the subgroup": cofactor_element,
        "a member times minus one": p - group.g,
        "a member plus p": (group.g + p) if group.g + p < 1 << 8 * size else p,
        "all ones": (1 << 8 * size) - 1,
    }
    found = {name: number.to_bytes(size, "big") for name, number in numbers.items()}
    return found | {"nothing": b"", "one octet longer": b"\x01" + group.encode(group.g).rjust(size, b"\0")}


def hostile(domain: Curve | DhGroup) -> dict[str, bytes]:
    return hostile_points(domain) if isinstance(domain, Curve) else hostile_values(domain)


def group_of(parameter_id: int) -> Curve | DhGroup:
    name = STANDARDIZED_CURVES.get(parameter_id)
    return DH_GROUPS[parameter_id] if name is None else curve(name)


def test_what_is_called_hostile_here_is_so() -> None:
    """The samples must not be refused for a reason of their own making."""
    for name in STANDARDIZED_CURVES.values():
        domain = curve(name)
        assert domain.decode_point(domain.encode_point(domain.g)) == domain.g
        point = twist_point(domain)
        assert pow(point.x**3 + domain.a * point.x + domain.b, (domain.p - 1) // 2, domain.p) == domain.p - 1
        for octets in hostile_points(domain).values():
            with pytest.raises(CryptoError):
                domain.decode_point(octets)
    for group in DH_GROUPS.values():
        small = int.from_bytes(hostile_values(group)["of the cofactor's order"], "big")
        assert pow(small, (group.p - 1) // group.q, group.p) == 1, "it lies in a small subgroup"
        assert pow(int.from_bytes(hostile_values(group)["minus one"], "big"), 2, group.p) == 1


# -- the terminal meets a hostile chip -----------------------------------------------------------------------------------


class HonestChip:
    """The emulated chip with one PACE suite, and with a hand on the line: one answer may be exchanged."""

    def __init__(self, protocol: PaceProtocol, parameter_id: int) -> None:
        self.card = card_with_pace(protocol, parameter_id)
        self.steps = 0
        self.last_sent = b""

    def __call__(self, command: CommandApdu) -> ResponseApdu:
        self.last_sent = command.data
        self.steps += 1
        return ResponseApdu.parse(self.card.transmit(command.encode()))


def card_with_pace(
    protocol: PaceProtocol, parameter_id: int, random_bytes: Callable[[int], bytes] = os.urandom
) -> VirtualCard:
    domain = group_of(parameter_id)
    static = (ChipAuthenticationMappingKey(domain, Secret(b"\x2a")),) if isinstance(domain, Curve) else ()
    content = ChipContent(
        application_files=(ElementaryFile(0x011E, b"\x60\x00", 0x1E, AccessCondition.CHIP_ACCESS),),
        can=Secret(CAN.encode()),
        basic_access_control=False,
        pace=(PaceOffer(protocol, parameter_id),),
        chip_authentication_mapping=static,
    )
    return VirtualCard(content, random_bytes=random_bytes)


def with_answer(chip: HonestChip, step: int, tag: int, value: Callable[[bytes], bytes]) -> Callable[..., ResponseApdu]:
    """The chip, but its answer number ``step`` carries another value, made from what the terminal has just sent."""

    def hand_on_the_line(command: CommandApdu) -> ResponseApdu:
        answer = chip(command)
        if chip.steps != step:
            return answer
        sent = parse_tlv(chip.last_sent, 0x7C).value
        return ResponseApdu(encode_tlv(0x7C, encode_tlv(tag, value(sent))), 0x9000)

    return hand_on_the_line


def pace(
    protocol: PaceProtocol,
    parameter_id: int,
    transmit: Callable[[CommandApdu], ResponseApdu],
    scalar: int | None = None,
) -> None:
    domain = group_of(parameter_id)
    terminal_domain = EcdhDomain(domain) if isinstance(domain, Curve) else DhDomain(domain)
    scalars = None if scalar is None else lambda group: scalar
    run(pace_terminal(PaceSuite(protocol, terminal_domain), CanKey.from_digits(CAN), scalars), transmit)


MAPPING_STEP, AGREEMENT_STEP = 3, 4  # MSE, nonce, mapping, agreement, tokens


def steps_with_keys(protocol: PaceProtocol) -> list[tuple[int, int]]:
    """Step and tag of the chip's public values: the mapping of integrated mapping carries none."""
    steps = [(AGREEMENT_STEP, 0x84)]
    return steps if "-IM-" in protocol.name else [(MAPPING_STEP, 0x82), *steps]


@pytest.mark.parametrize(("protocol", "parameter_id"), SUITES, ids=suite_name)
def test_the_terminal_refuses_every_hostile_value_of_a_chip(protocol: PaceProtocol, parameter_id: int) -> None:
    for step, tag in steps_with_keys(protocol):
        for name, octets in hostile(group_of(parameter_id)).items():
            chip = HonestChip(protocol, parameter_id)
            with pytest.raises(errors.ProtocolError) as caught:
                pace(protocol, parameter_id, with_answer(chip, step, tag, lambda sent, octets=octets: octets))
            assert caught.value.code is errors.CHIP_DECEPTIVE, name
            assert chip.steps == step, f"{name}: nothing more is said to such a chip"


@pytest.mark.parametrize(("protocol", "parameter_id"), SUITES, ids=suite_name)
def test_the_terminal_refuses_its_own_key_thrown_back(protocol: PaceProtocol, parameter_id: int) -> None:
    for step, tag in steps_with_keys(protocol):
        chip = HonestChip(protocol, parameter_id)
        mirror = with_answer(chip, step, tag, lambda sent: next(iter(values_of(sent))))
        with pytest.raises(errors.ProtocolError) as caught:
            pace(protocol, parameter_id, mirror)
        assert caught.value.code is errors.CHIP_DECEPTIVE
        assert chip.steps == step


def values_of(octets: bytes) -> Iterator[bytes]:
    """The value of the one data object in dynamic authentication data."""
    tag = octets[0]
    yield parse_tlv(octets, tag).value


@pytest.mark.parametrize("step", [MAPPING_STEP, AGREEMENT_STEP])
def test_the_terminal_refuses_its_own_key_with_leading_zeros(step: int) -> None:
    """In a finite field the same number can be written twice: 127 octets, or 128 that begin with a zero."""
    protocol = PROTOCOLS["PACE-DH-GM-AES-CBC-CMAC-128"]
    group = DH_GROUPS[0]
    for scalar in range(2, 5000):
        if step == MAPPING_STEP and group.private_key(scalar).public_value.bit_length() > 1016:
            continue
        chip = HonestChip(protocol, 0)
        sent_value = b""

        def padded(sent: bytes) -> bytes:
            nonlocal sent_value
            sent_value = next(values_of(sent))
            return sent_value.rjust(128, b"\0")

        with pytest.raises(errors.ProtocolError) as caught:
            pace(protocol, 0, with_answer(chip, step, 0x80 + 2 * (step - 2), padded), scalar=scalar)
        assert caught.value.code is errors.CHIP_DECEPTIVE
        assert chip.steps == step
        if len(sent_value) < 128:
            return
    raise AssertionError("no short value was met")


# -- the chip meets a hostile terminal -----------------------------------------------------------------------------------------


def send(card: VirtualCard, head: str, data: bytes, *, le: bool = True) -> tuple[bytes, str]:
    if len(data) <= 255:
        body = bytes([len(data)]) + data + (b"\0" if le else b"")
    else:
        body = b"\0" + len(data).to_bytes(2, "big") + data + (b"\0\0" if le else b"")
    answer = card.transmit(bytes.fromhex(head) + body)
    return answer[:-2], answer[-2:].hex().upper()


def begun(protocol: PaceProtocol, parameter_id: int, upto: int) -> VirtualCard:
    """A card that awaits the terminal's value of that step."""
    card = card_with_pace(protocol, parameter_id)
    selected = send(card, "0022C1A4", encode_tlv(0x80, encode_oid(protocol.oid)) + b"\x83\x01\x02", le=False)
    assert selected[1] == "9000"
    assert send(card, "10860000", b"\x7c\x00")[1] == "9000"
    if upto == AGREEMENT_STEP:
        domain = group_of(parameter_id)
        good = bytes(16) if "-IM-" in protocol.name else honest_value(domain)
        assert send(card, "10860000", encode_tlv(0x7C, encode_tlv(0x81, good)))[1] == "9000"
    return card


def honest_value(domain: Curve | DhGroup) -> bytes:
    return domain.private_key(12345).public_octets


@pytest.mark.parametrize(("protocol", "parameter_id"), SUITES, ids=suite_name)
def test_the_chip_refuses_every_hostile_value_of_a_terminal(protocol: PaceProtocol, parameter_id: int) -> None:
    domain = group_of(parameter_id)
    for step, answer_tag in steps_with_keys(protocol):
        for name, octets in hostile(domain).items():
            card = begun(protocol, parameter_id, step)
            data, status = send(card, "10860000", encode_tlv(0x7C, encode_tlv(answer_tag - 1, octets)))
            assert (data, status) == (b"", "6A80"), name
            # the run is over: not even the right value is taken now
            late = encode_tlv(0x7C, encode_tlv(answer_tag - 1, honest_value(domain)))
            assert send(card, "10860000", late)[1] == "6985", name
            assert send(card, "00A4040C", bytes.fromhex("A0000002471001"), le=False)[1] in ("9000", "6982")
            assert send(card, "00A4020C", b"\x01\x1e", le=False)[1] == "6982", "nothing has been opened"


@pytest.mark.parametrize(("protocol", "parameter_id"), SUITES, ids=suite_name)
def test_the_chip_refuses_to_agree_with_its_own_key(protocol: PaceProtocol, parameter_id: int) -> None:
    """Doc 9303-11 §4.4.1 step 3d. A terminal would have to foresee that key; here all that the chip draws is 42."""
    domain = group_of(parameter_id)
    card = card_with_pace(protocol, parameter_id, lambda count: (42).to_bytes(count, "big"))
    send(card, "0022C1A4", encode_tlv(0x80, encode_oid(protocol.oid)) + b"\x83\x01\x02", le=False)
    send(card, "10860000", b"\x7c\x00")
    mapped = mapped_generator(protocol, domain, card)
    mirror = (
        domain.encode_point(domain.private_key(42).multiply(mapped))
        if isinstance(domain, Curve)
        else (domain.encode(pow(mapped, 42, domain.p)))
    )
    for status in ("6300", "6985"):  # refused, and the run is over
        assert send(card, "10860000", encode_tlv(0x7C, encode_tlv(0x83, mirror))) == (b"", status)


def mapped_generator(protocol: PaceProtocol, domain: Curve | DhGroup, card: VirtualCard) -> Any:
    """The mapping step from the terminal's side, with a nonce of 42."""
    nonce = (42).to_bytes(16, "big")
    if "-IM-" in protocol.name:
        assert send(card, "10860000", encode_tlv(0x7C, encode_tlv(0x81, bytes(16))))[1] == "9000"
        element = pseudo_random_element(protocol.cipher, nonce, bytes(16), domain.p)
        return map_integrated_ecdh(domain, element) if isinstance(domain, Curve) else map_integrated_dh(domain, element)
    own = domain.private_key(777)
    data, status = send(card, "10860000", encode_tlv(0x7C, encode_tlv(0x81, own.public_octets)))
    assert status == "9000"
    peer = parse_tlv(data, 0x7C).require(0x82).value
    if isinstance(domain, Curve):
        return map_generic_ecdh(domain, nonce, domain.private_key(777), domain.decode_point(peer))
    return map_generic_dh(domain, nonce, domain.private_key(777), domain.decode(peer))


# -- chip authentication ------------------------------------------------------------------------------------------------------


def card_with_key(which: str | int, cipher: SymmetricCipher) -> tuple[VirtualCard, Curve | DhGroup, str]:
    domain: Curve | DhGroup = curve(which) if isinstance(which, str) else DH_GROUPS[which]
    arc = {SymmetricCipher.TDES: 1, SymmetricCipher.AES128: 2}[cipher]
    oid = f"0.4.0.127.0.7.2.2.3.{2 if isinstance(domain, Curve) else 1}.{arc}"
    key = ChipAuthenticationKey(oid, cipher, domain.private_key(0x1234567))
    content = ChipContent(
        application_files=(ElementaryFile(0x011E, b"\x60\x00", 0x1E, AccessCondition.ALWAYS),),
        basic_access_control=False,
        chip_authentication=(key,),
    )
    return VirtualCard(content), domain, oid


@pytest.mark.parametrize("which", CA_KEYS, ids=str)
def test_chip_authentication_refuses_every_hostile_value_of_a_terminal(which: str | int) -> None:
    """A static key is what such values are after: each answer would tell something about it."""
    for cipher in (SymmetricCipher.AES128, SymmetricCipher.TDES):
        _, domain, _ = card_with_key(which, cipher)
        for name, octets in hostile(domain).items():
            card, _, oid = card_with_key(which, cipher)
            if cipher is SymmetricCipher.TDES:
                answer = send(card, "002241A6", encode_tlv(0x91, octets), le=False)
            else:
                assert send(card, "002241A4", encode_tlv(0x80, encode_oid(oid)), le=False)[1] == "9000"
                answer = send(card, "00860000", encode_tlv(0x7C, encode_tlv(0x80, octets)))
            assert answer == (b"", "6A80"), name
            protected = send(card, "0CB09E00", bytes.fromhex("9701018E080000000000000000"))
            assert protected[1] in ("6988", "6987"), "no session came of it"


@pytest.mark.parametrize("which", ["brainpoolP256r1", 0], ids=str)
def test_the_chips_own_static_key_as_the_terminals_leads_to_no_shared_knowledge(which: str | int) -> None:
    """Mirrored, the chip's static key is an element of the group like any other: the chip may agree on keys, but whoever
    sent it knows none of them, and the first message that is not protected by them ends it."""
    card, domain, oid = card_with_key(which, SymmetricCipher.AES128)
    own = domain.private_key(0x1234567).public_octets
    assert send(card, "002241A4", encode_tlv(0x80, encode_oid(oid)), le=False)[1] == "9000"
    status = send(card, "00860000", encode_tlv(0x7C, encode_tlv(0x80, own)))[1]
    assert status in ("9000", "6A80", "6300")
    assert send(card, "0CB09E00", bytes.fromhex("9701018E080000000000000000"))[1] in ("6988", "6987")


def declared_key(which: str | int, octets: bytes) -> SecurityInfos:
    """DG14's SecurityInfos with one key on standardised domain parameters (Doc 9303-11 §9.2.6, §9.5.1)."""
    elliptic = isinstance(which, str)
    number = next(n for n, name in STANDARDIZED_CURVES.items() if name == which) if elliptic else which
    bits = octets if elliptic else encode_tlv(0x02, b"\0" + octets if octets else b"")
    algorithm = encode_tlv(0x06, encode_oid("0.4.0.127.0.7.1.2")) + encode_tlv(0x02, bytes([int(number)]))
    key = encode_tlv(0x30, encode_tlv(0x30, algorithm) + encode_tlv(0x03, b"\0" + bits))
    oid = encode_tlv(0x06, encode_oid(f"0.4.0.127.0.7.2.2.1.{2 if elliptic else 1}"))
    return parse_security_infos(parse_tlv(encode_tlv(0x31, encode_tlv(0x30, oid + key))))


@pytest.mark.parametrize("which", CA_KEYS, ids=str)
def test_a_hostile_static_key_in_the_chips_files_leads_to_no_chip_authentication(which: str | int) -> None:
    domain: Curve | DhGroup = curve(which) if isinstance(which, str) else DH_GROUPS[which]
    honest = domain.private_key(0x1234567).public_octets
    assert chip_authentication_suites(declared_key(which, honest)), "an honest key does"
    taken = []
    for name, octets in hostile(domain).items():
        with contextlib.suppress(CryptoError):
            if chip_authentication_suites(declared_key(which, octets)):
                taken.append(name)
    assert taken == []


def test_replacing_nothing_changes_nothing() -> None:
    """The hand on the line is not what fails above: with the chip's own value passed on, PACE succeeds."""
    for protocol, parameter_id in (EC_SUITES[0], DH_SUITES[0]):
        chip = HonestChip(protocol, parameter_id)
        pace(protocol, parameter_id, chip)
        assert chip.steps == 5
