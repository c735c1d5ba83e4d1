"""Extended access control for the terminal that shares no code with this project.

Written from TR-03110-3 §A.2, §A.6 and §B (passwords, chip and terminal authentication in both versions) on top of
:mod:`tests.interop.foreign_terminal`. Like that one it is a peer for tests: nothing in it resists side channels.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import secrets
from collections.abc import Callable

from tests.interop.foreign_curves import STANDARDIZED, Curve, Point
from tests.interop.foreign_messaging import SUITES, Refused, Session, Suite
from tests.interop.foreign_security_infos import (
    ID_PK_DH,
    ID_PK_ECDH,
    FiniteField,
    _standardized_field,
    finite_field_key,
    public_key,
)
from tests.interop.foreign_terminal import Terminal, Transmit
from tests.interop.foreign_tlv import objects, oid, only, tlv

Group = Curve | FiniteField
Sign = Callable[[bytes], bytes]

PIN, PUK = 3, 4
ID_PACE_DH_GM, ID_PACE_ECDH_CAM = oid("0.4.0.127.0.7.2.2.4.1"), oid("0.4.0.127.0.7.2.2.4.6")
ID_CA_DH, ID_CA_ECDH = oid("0.4.0.127.0.7.2.2.3.1"), oid("0.4.0.127.0.7.2.2.3.2")
ID_ROLES = "0.4.0.127.0.7.3.1.2"
INSPECTION_SYSTEM, AUTHENTICATION_TERMINAL, SIGNATURE_TERMINAL = (oid(f"{ID_ROLES}.{n}") for n in (1, 2, 3))
EF_CVCA, CARD_SECURITY = 0x011C, 0x011D
FINGERS, IRISES = 0x0103, 0x0104


def size_of(group: Group) -> int:
    """Octets of a coordinate or of the prime."""
    return (group.p.bit_length() + 7) // 8


def compressed(group: Group, public: bytes) -> bytes:
    """Comp(PK), TR-03110-3 §A.2.2.3: the x-coordinate, or SHA-1 of the number."""
    if isinstance(group, Curve):
        return public[1 : 1 + size_of(group)]
    return hashlib.sha1(public, usedforsecurity=False).digest()


class Ephemeral:
    """A key pair of the terminal's, for one session."""

    def __init__(self, group: Group) -> None:
        self.group = group
        if isinstance(group, Curve):
            self.private = group.key()
            self.public = group.octets(group.times(self.private, group.g))
        else:
            self.private = secrets.randbelow(group.p - 3) + 2
            self.public = pow(group.g, self.private, group.p).to_bytes(size_of(group), "big")

    @property
    def compressed(self) -> bytes:
        return compressed(self.group, self.public)

    def shared(self, peer: Point | int) -> bytes:
        """The secret of the agreement with the owner of ``peer``."""
        if isinstance(self.group, Curve):
            assert isinstance(peer, tuple)
            return self.group.times(self.private, peer)[0].to_bytes(size_of(self.group), "big")
        assert isinstance(peer, int)
        return pow(peer, self.private, self.group.p).to_bytes(size_of(self.group), "big")


@dataclasses.dataclass(frozen=True)
class StaticKey:
    """A public key of the chip's for chip authentication, and how its reference goes into DO'84'."""

    group: Group
    public: Point | int
    reference: bytes | None


@dataclasses.dataclass(frozen=True)
class ChipOffer:
    """What DG14 or EF.CardSecurity says about chip authentication."""

    protocols: tuple[tuple[bytes, int, bytes | None], ...]  # object identifier, version, key reference
    keys: tuple[StaticKey, ...]

    def key(self, protocol: bytes, reference: bytes | None = None) -> StaticKey:
        """The key of that reference in a group of the protocol's kind."""
        kind: type = Curve if protocol[:-1] == ID_CA_ECDH else FiniteField
        found = [key for key in self.keys if isinstance(key.group, kind)]
        if reference is not None:
            found = [key for key in found if key.reference == reference]
        (key,) = found
        return key


def _reference(rest: list[tuple[int, bytes]]) -> bytes | None:
    return (rest[1][1].lstrip(b"\0") or b"\0") if len(rest) > 1 else None


def chip_offer(security_infos: bytes) -> ChipOffer:
    """Reads a SET OF SecurityInfo (TR-03110-3 §A.1.1.2, §A.1.1.3)."""
    protocols, keys = [], []
    for _, info in objects(only(security_infos, 0x31)):
        (_, protocol), *rest = objects(info)
        if protocol[:-1] in (ID_CA_DH, ID_CA_ECDH):
            protocols.append((protocol, rest[0][1][-1], _reference(rest)))
        elif protocol == ID_PK_ECDH:
            keys.append(StaticKey(*public_key(tlv(0x30, rest[0][1])), _reference(rest)))
        elif protocol == ID_PK_DH:
            keys.append(StaticKey(*finite_field_key(rest[0][1]), _reference(rest)))
    return ChipOffer(tuple(protocols), tuple(keys))


def signed_infos(card_security: bytes) -> bytes:
    """The SecurityInfos inside the CMS of EF.CardSecurity; nothing is verified here."""
    signed_data = list(objects(only(card_security, 0x30)))[1][1]
    _, _, (_, encapsulated), *_ = objects(only(signed_data, 0x30))
    return only(list(objects(encapsulated))[1][1], 0x04)


def authorization(kind: bytes, rights: bytes) -> bytes:
    """DO'7F4C' (TR-03110-3 §C.1.5)."""
    return tlv(0x7F4C, tlv(0x06, kind), tlv(0x53, rights))


@functools.cache
def standardized_field(number: int) -> FiniteField:
    """Asked from openssl once."""
    return _standardized_field(number)


class EacTerminal(Terminal):
    """Knows PIN and PUK, and proves itself to the chip."""

    def __init__(self, transmit: Transmit) -> None:
        super().__init__(transmit)
        self.identifier = b""  # ID_PICC
        self.announced = ""  # what the chip said when the last password was chosen
        self.trust_points: dict[int, bytes] = {}  # by tag, from PACE
        self.own_key: Ephemeral | None = None  # of chip authentication
        self._answer = b""
        self._chip_key = b""

    # -- the way commands go --

    def expect(self, head: str, data: bytes = b"", le: bytes | None = None) -> bytes:
        """As before, but the state of a password is a warning and no refusal (TR-03110-3 §B.11.1)."""
        answer, status = self.send(head, data, le)
        if head == "0022C1A4":
            self.announced = status
            if status == "6283" or status.startswith("63C"):
                return answer
        if status != "9000":
            raise Refused(status)
        self._answer = answer
        return answer

    def deliver(self, head: str, data: bytes, parts: int | None = None, le: bytes | None = None) -> bytes:
        """One command, or a chain of commands with so many octets each (ISO/IEC 7816-4 §5.1.1.1)."""
        while parts is not None and len(data) > parts:
            self.expect(f"1{head[1:]}", data[:parts], le)
            data = data[parts:]
        return self.expect(head, data, le)

    # -- opening --

    def bac(self, mrz_information: bytes, *, le: bytes = b"\x28") -> None:
        super().bac(mrz_information, le=le)
        self.identifier = mrz_information[:-14]  # TR-03110-1 §3.5: document number with its check digit

    def pace(
        self,
        protocol: bytes,
        parameter_id: int,
        reference: int,
        password: bytes,
        *,
        name_parameters: bool = True,
        more: bytes = b"",
        le: bytes = b"\0",
    ) -> None:
        super().pace(protocol, parameter_id, reference, password, name_parameters=name_parameters, more=more, le=le)
        self._opened(STANDARDIZED[parameter_id])

    def _step(self, tag: int, value: bytes, wanted: int, le: bytes) -> bytes:
        self._chip_key = super()._step(tag, value, wanted, le)
        return self._chip_key

    def _opened(self, group: Group) -> None:
        self.identifier = compressed(group, self._chip_key)
        self.trust_points = {tag: value for tag, value in objects(only(self._answer, 0x7C)) if tag in (0x87, 0x88)}

    def pace_in_field(self, protocol: bytes, parameter_id: int, reference: int, password: bytes) -> None:
        """PACE with generic mapping over integers (Doc 9303-11 §4.4.3.3.1); the password is the CAN or a PIN."""
        suite, field = SUITES[protocol[-1]], standardized_field(parameter_id)
        self.expect("0022C1A4", tlv(0x80, protocol) + tlv(0x83, bytes([reference])) + tlv(0x84, bytes([parameter_id])))
        encrypted = only(self.expect("10860000", tlv(0x7C), b"\0"), 0x7C, 0x80)
        nonce = int.from_bytes(suite.decrypt(suite.kdf(password, 3), bytes(suite.block), encrypted), "big")
        own = Ephemeral(field)
        secret = int.from_bytes(own.shared(int.from_bytes(self._step(0x81, own.public, 0x82, b"\0\0"), "big")), "big")
        mapped = FiniteField(field.p, pow(field.g, nonce, field.p) * secret % field.p)
        own = Ephemeral(mapped)
        peer = self._step(0x83, own.public, 0x84, b"\0\0")
        session = Session(suite, own.shared(int.from_bytes(peer, "big")))

        def token(public: bytes) -> bytes:
            return suite.token_mac(session.mac_key, tlv(0x7F49, tlv(0x06, protocol), tlv(0x84, public)))

        answer = self.expect("00860000", tlv(0x7C, tlv(0x85, token(peer))), b"\0")
        assert only(answer, 0x7C, 0x86) == token(own.public)
        self.session = session
        self._opened(field)

    def pace_with_chip_mapping(self, protocol: bytes, parameter_id: int, password: bytes, *, more: bytes = b"") -> None:
        """PACE with chip authentication mapping and the CAN (Doc 9303-11 §4.4.3.3.3). Its proof is not looked at here;
        the terminal's key is what terminal authentication signs (TR-03110-1 §3.5).
        """
        suite, curve = SUITES[protocol[-1]], STANDARDIZED[parameter_id]
        self.expect("0022C1A4", tlv(0x80, protocol) + tlv(0x83, b"\x02") + tlv(0x84, bytes([parameter_id])) + more)
        encrypted = only(self.expect("10860000", tlv(0x7C), b"\0"), 0x7C, 0x80)
        nonce = int.from_bytes(suite.decrypt(suite.kdf(password, 3), bytes(suite.block), encrypted), "big")
        own = Ephemeral(curve)
        peer = curve.point(self._step(0x81, own.public, 0x82, b"\0"))
        mapped = curve.add(curve.times(nonce, curve.g), curve.times(own.private, peer))
        self.own_key = Ephemeral(dataclasses.replace(curve, g=mapped))
        peer_octets = self._step(0x83, self.own_key.public, 0x84, b"\0")
        session = Session(suite, self.own_key.shared(curve.point(peer_octets)))

        def token(public: bytes) -> bytes:
            return suite.token_mac(session.mac_key, tlv(0x7F49, tlv(0x06, protocol), tlv(0x86, public)))

        answer = self.expect("00860000", tlv(0x7C, tlv(0x85, token(peer_octets))), b"\0")
        (tag, chip_token), *_, (proof_tag, _) = objects(only(answer, 0x7C))
        assert (tag, chip_token, proof_tag) == (0x86, token(self.own_key.public), 0x8A)
        self.session = session
        self._opened(curve)

    # -- chip authentication --

    def agree(
        self,
        protocol: bytes,
        key: StaticKey,
        *,
        named: bool = True,
        by_template: bool = False,
        parts: int | None = None,
        le: bytes = b"\0",
    ) -> None:
        """Version 1 (TR-03110-3 §B.2): MSE:Set KAT for 3DES, or MSE:Set AT and GENERAL AUTHENTICATE."""
        self.own_key = Ephemeral(key.group)
        reference = tlv(0x84, key.reference) if named and key.reference is not None else b""
        if by_template:
            self.deliver("002241A6", tlv(0x91, self.own_key.public) + reference, parts)
        else:
            self.expect("002241A4", tlv(0x80, protocol) + reference)
            answer = self.deliver("00860000", tlv(0x7C, tlv(0x80, self.own_key.public)), parts, le)
            assert answer == tlv(0x7C), "version 1 answers nothing"
        self.session = Session(SUITES[protocol[-1]], self.own_key.shared(key.public))

    def agree_2(self, protocol: bytes, key: StaticKey, *, le: bytes = b"\0") -> None:
        """Version 2, with the key that terminal authentication announced (TR-03110-2 §3.4)."""
        assert self.own_key is not None
        reference = b"" if key.reference is None else tlv(0x84, key.reference)
        self.expect("002241A4", tlv(0x80, protocol) + reference)
        answer = self.expect("00860000", tlv(0x7C, tlv(0x80, self.own_key.public)), le)
        (nonce_tag, nonce), (token_tag, token) = objects(only(answer, 0x7C))
        assert (nonce_tag, len(nonce), token_tag) == (0x81, 8, 0x82)
        suite, secret = SUITES[protocol[-1]], self.own_key.shared(key.public)
        session = Session(_with_nonce(suite, nonce), secret)
        inner = 0x86 if isinstance(key.group, Curve) else 0x84
        public = tlv(0x7F49, tlv(0x06, protocol), tlv(inner, self.own_key.public))
        assert token == suite.token_mac(session.mac_key, public), "the chip has the private key"
        self.session = session

    # -- terminal authentication --

    def names_in_file(self, identifier: int = EF_CVCA) -> list[bytes]:
        """EF.CVCA: one or two DO'42', then octets 00 up to 36 (TR-03110-3 §A.6.2.4)."""
        self.expect("00A4020C", identifier.to_bytes(2, "big"))
        content = self.expect("00B00000", le=b"\0")
        assert len(content) == 36
        size = 2 + content[1]
        names, content = [only(content[:size], 0x42)], content[size:]
        if content[:1] == b"\x42":
            size = 2 + content[1]
            names, content = [*names, only(content[:size], 0x42)], content[size:]
        assert not content.strip(b"\0")
        return names

    def choose_issuer(self, name: bytes) -> None:
        """MSE:Set DST."""
        self.expect("002281B6", tlv(0x83, name))

    def import_certificate(self, certificate: bytes, parts: int | None = None) -> None:
        """PSO:Verify Certificate; the outer DO'7F21' does not travel."""
        self.deliver("002A00BE", only(certificate, 0x7F21), parts)

    def show(self, *certificates: bytes, parts: int | None = None) -> None:
        """Each certificate after the name of its issuer."""
        for certificate in certificates:
            self.choose_issuer(dict(objects(body_of(certificate)))[0x42])
            self.import_certificate(certificate, parts)

    def choose_own(self, name: bytes) -> None:
        """MSE:Set AT of version 1: the reference alone."""
        self.expect("002281A4", tlv(0x83, name))

    def announce_own(self, name: bytes, algorithm: bytes, group: Group, auxiliary: bytes = b"") -> None:
        """MSE:Set AT of version 2, with the key for chip authentication that follows."""
        self.own_key = Ephemeral(group)
        self.expect("002281A4", tlv(0x80, algorithm) + tlv(0x83, name) + auxiliary + tlv(0x91, self.own_key.compressed))

    def challenge(self) -> bytes:
        answer = self.expect("00840000", le=b"\x08")
        assert len(answer) == 8
        return answer

    def answer(self, challenge: bytes, sign: Sign, *, auxiliary: bytes = b"", parts: int | None = None) -> None:
        """EXTERNAL AUTHENTICATE: a signature over ID_PICC, challenge, Comp(PK) and auxiliary data (TR-03110-3 §B.3)."""
        assert self.own_key is not None
        signed = self.identifier + challenge + self.own_key.compressed + auxiliary
        self.deliver("00820000", sign(signed), parts)

    # -- what it is for --

    def select_application(self) -> None:
        self.expect("00A4040C", bytes.fromhex("A0000002471001"))

    def status_of(self, identifier: int) -> str:
        """Of SELECT, and of READ BINARY if that was good."""
        status = self.send("00A4020C", identifier.to_bytes(2, "big"))[1]
        return status if status != "9000" else self.send("00B00000", le=b"\x04")[1]

    def readable(self) -> set[int]:
        """Which of DG3 and DG4 the chip gives away; what it has but keeps is refused with 6982 (TR-03110-3 §B.8)."""
        found = {identifier & 0xFF: self.status_of(identifier) for identifier in (FINGERS, IRISES)}
        assert set(found.values()) <= {"9000", "6982", "6A82"}, found
        return {number for number, status in found.items() if status == "9000"}


def body_of(certificate: bytes) -> bytes:
    """The content of DO'7F4E'."""
    (tag, body), (signature_tag, _) = objects(only(certificate, 0x7F21))
    assert (tag, signature_tag) == (0x7F4E, 0x5F37)
    return body


@dataclasses.dataclass(frozen=True)
class _NonceSuite(Suite):
    """Keys of chip authentication version 2: KDF(K ‖ r ‖ counter), TR-03110-3 §A.4."""

    nonce: bytes = b""

    def kdf(self, secret: bytes, counter: int) -> bytes:
        return Suite(self.key_size, self.block).kdf(secret + self.nonce, counter)


def _with_nonce(suite: Suite, nonce: bytes) -> Suite:
    return _NonceSuite(suite.key_size, suite.block, nonce)
