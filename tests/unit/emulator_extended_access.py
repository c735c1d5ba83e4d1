"""What a terminal needs for chip and terminal authentication, written from TR-03110 and independent of the reader.

Public keys of the chip are found in its files by a plain walk; certificates are made by the TEST issuer. Like the terminal
that it extends it does one step at a time, in whatever order a test wants.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets

from crypto.pki.cvc import parse_cv_certificate
from crypto.primitives.block_cipher import SymmetricCipher
from crypto.primitives.curves import Curve, curve, random_scalar
from crypto.primitives.dh_groups import DhGroup
from crypto.primitives.kdf import KeyUse, derive_key
from crypto.primitives.mac import mac
from crypto.wire.oid import encode_oid
from crypto.wire.tlv import encode_tlv, parse_tlv
from emulator.cards import card
from emulator.personalise.cv_issuer import CvHolder
from tests.unit.emulator_terminal import CAN, SPECS, Channel, Terminal, generic_mapping

ID_CA_DH = "0.4.0.127.0.7.2.2.3.1"
ID_CA_ECDH = "0.4.0.127.0.7.2.2.3.2"
ARCS = {
    SymmetricCipher.TDES: 1,
    SymmetricCipher.AES128: 2,
    SymmetricCipher.AES192: 3,
    SymmetricCipher.AES256: 4,
}
DAY = dt.timedelta(days=1)


def opened_extended(name: str) -> ExtendedTerminal:
    """At a built-in card, PACE done by CAN, application selected."""
    terminal = ExtendedTerminal(card(name))
    terminal.pace(generic_mapping(2), 13, CAN, SPECS[name].can.encode())
    terminal.select_application()
    return terminal


class ExtendedTerminal(Terminal):
    """A terminal that also makes the chip prove itself, and proves itself to the chip."""

    compressed_key = b""
    """Comp of the ephemeral key of the last chip authentication, or of the one that is to come."""

    def ephemeral(self, group: Curve | DhGroup) -> tuple[bytes, bytes]:
        """A fresh public key and the private number to it; remembers Comp (TR-03110-3 §A.2.2.3)."""
        if isinstance(group, Curve):
            scalar = random_scalar(group)
            public = group.private_key(scalar).public_octets
            self.compressed_key = public[1 : 1 + group.field_bytes]
            return public, scalar.to_bytes(group.order_bytes, "big")
        exponent = secrets.randbelow(group.q - 1) + 1
        value = pow(group.g, exponent, group.p)
        public = value.to_bytes((value.bit_length() + 7) // 8, "big")
        self.compressed_key = hashlib.sha1(public, usedforsecurity=False).digest()
        return public, exponent.to_bytes((group.p.bit_length() + 7) // 8, "big")

    def authenticate_chip(
        self,
        group: Curve | DhGroup,
        static_key: bytes,
        cipher: SymmetricCipher,
        *,
        key_id: int | None = None,
        template: bool = False,
    ) -> None:
        """Version 1; leaves the terminal with the new keys, right or wrong. ``template``: by MSE:Set KAT."""
        public, private = self.ephemeral(group)
        reference = b"" if key_id is None else encode_tlv(0x84, bytes([key_id]))
        if template:
            data = encode_tlv(0x91, public) + reference
            assert self.send("002241A6", data, extended=len(data) > 200) == (b"", "9000")
        else:
            assert self.choose_agreement(group, cipher, reference) == "9000"
            assert self.agree(public) == (b"\x7c\0", "9000")
        self.channel = Channel(cipher, shared_secret(group, private, static_key))

    def choose_agreement(self, group: Curve | DhGroup, cipher: SymmetricCipher, reference: bytes = b"") -> str:
        protocol = f"{ID_CA_ECDH if isinstance(group, Curve) else ID_CA_DH}.{ARCS[cipher]}"
        return self.send("002241A4", encode_tlv(0x80, encode_oid(protocol)) + reference)[1]

    def agree(self, public: bytes) -> tuple[bytes, str]:
        """GENERAL AUTHENTICATE with an ephemeral key."""
        data = encode_tlv(0x7C, encode_tlv(0x80, public))
        return self.send("00860000", data, b"\0", extended=len(data) > 200)

    def authenticate_chip_v2(
        self, group: Curve | DhGroup, static_key: bytes, cipher: SymmetricCipher, public: bytes, private: bytes
    ) -> None:
        """Version 2 with the ephemeral key that terminal authentication has announced; checks the chip's token."""
        assert self.choose_agreement(group, cipher) == "9000"
        answer, status = self.agree(public)
        assert status == "9000"
        nonce, token = (part.value for part in parse_tlv(answer, 0x7C).children())
        assert len(nonce) == 8
        seed = shared_secret(group, private, static_key) + nonce
        assert token == expected_token(group, cipher, seed, public)
        self.channel = Channel(cipher, seed)

    # -- certificates --------------------------------------------------------------------------------

    def choose_issuer(self, reference: str) -> str:
        """MSE:Set DST."""
        return self.send("002281B6", encode_tlv(0x83, reference.encode("latin-1")))[1]

    def show(self, certificate: bytes) -> str:
        """PSO:Verify Certificate with what is inside DO'7F21'."""
        return self.send("002A00BE", parse_tlv(certificate, 0x7F21).value, extended=True)[1]

    def show_chain(self, *certificates: bytes) -> list[str]:
        """Each certificate after its issuer has been chosen; the status words of PSO, or of MSE where that failed."""
        statuses = []
        for certificate in certificates:
            chosen = self.choose_issuer(parse_cv_certificate(certificate).authority_reference)
            statuses.append(self.show(certificate) if chosen == "9000" else chosen)
        return statuses

    # -- the terminal itself -------------------------------------------------------------------------

    def choose_terminal(self, reference: str, more: bytes = b"") -> str:
        """MSE:Set AT for external authentication."""
        return self.send("002281A4", encode_tlv(0x83, reference.encode("latin-1")) + more)[1]

    def challenge(self) -> bytes:
        data, status = self.send("00840000", le=b"\x08")
        assert (len(data), status) == (8, "9000")
        return data

    def answer_challenge(
        self,
        signer: CvHolder,
        identifier: bytes,
        challenge: bytes,
        *,
        compressed: bytes | None = None,
        more: bytes = b"",
    ) -> str:
        """EXTERNAL AUTHENTICATE with a signature over ID || r || Comp || auxiliary data."""
        signed = identifier + challenge + (self.compressed_key if compressed is None else compressed) + more
        return self.send("00820000", signer.key_pair.sign(signed), extended=True)[1]

    def can_read(self, number: int) -> str:
        """Status word of reading the first byte of a data group by its short identifier."""
        return self.send(f"00B0{0x80 | number:02X}00", le=b"\x01")[1]


def shared_secret(group: Curve | DhGroup, private: bytes, static_key: bytes) -> bytes:
    number = int.from_bytes(private, "big")
    if isinstance(group, Curve):
        return group.private_key(number).shared_x(group.decode_point(static_key))
    secret = pow(int.from_bytes(static_key, "big"), number, group.p)
    return secret.to_bytes((group.p.bit_length() + 7) // 8, "big")


def expected_token(group: Curve | DhGroup, cipher: SymmetricCipher, seed: bytes, public: bytes) -> bytes:
    """T_PICC over the terminal's key (TR-03110-3 §A.2.4)."""
    curve_like = isinstance(group, Curve)
    oid = encode_oid(f"{ID_CA_ECDH if curve_like else ID_CA_DH}.{ARCS[cipher]}")
    key = encode_tlv(0x06, oid) + encode_tlv(0x86 if curve_like else 0x84, public)
    return mac(cipher, derive_key(seed, KeyUse.MAC, cipher), encode_tlv(0x7F49, key))


BRAINPOOL_256 = curve("brainpoolP256r1")
