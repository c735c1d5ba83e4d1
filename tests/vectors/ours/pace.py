"""PACE on the groups and with the keys that no standard prints an example of (Doc 9303-11 §4.4), step by step."""

from __future__ import annotations

import itertools
from typing import Final

from tests.interop.foreign_curves import Curve
from tests.interop.foreign_tlv import oid, tlv
from tests.vectors.ours.groups import PARAMETER_IDS, Group, curve, group, number, octets, scalar_octets
from tests.vectors.ours.messaging import CIPHER_ARCS, JsonObject, key, suite

CAN: Final = "271828"
ARCS: Final = {("dh", "gm"): 1, ("ecdh", "gm"): 2, ("dh", "im"): 3, ("ecdh", "im"): 4, ("ecdh", "cam"): 6}
SHORT_VALUES: Final = "aes-256"
"""In the one case with this cipher on group 0 every public value begins with a zero octet, which is not sent."""
SUITES: Final = [
    ("gm", "brainpoolP192r1", "3des"),
    ("gm", "brainpoolP224r1", "aes-128"),
    ("gm", "brainpoolP320r1", "aes-256"),
    ("gm", "secp521r1", "aes-192"),
    ("im", "brainpoolP192r1", "aes-192"),
    ("im", "brainpoolP224r1", "3des"),
    ("im", "brainpoolP320r1", "aes-256"),
    ("im", "secp256r1", "aes-128"),
    ("cam", "brainpoolP192r1", "aes-128"),
    ("cam", "brainpoolP224r1", "aes-192"),
    ("cam", "brainpoolP320r1", "aes-256"),
    ("gm", 0, "3des"),
    ("gm", 2, "aes-256"),
    ("im", 1, "aes-192"),
    ("gm", 0, SHORT_VALUES),
]
"""Mapping, curve or parameter id of a finite field, cipher. Integrated mapping meets both branches of Appendix B.2."""
C0_C1: Final = {
    16: ("a668892a7c41e3ca739f40b057d85904", "a4e136ac725f738b01c1f60217c188ad"),
    32: (
        "d463d65234124ef7897054986dca0a174e28df758cbaa03f240616414d5a1676",
        "54bd7255f0aaf831bec3423fcf39d69b6cbf066677d0faae5aadd99df8e53517",
    ),
}
"""Constants of the integrated mapping (Doc 9303-11 §4.4.3.3.2)."""


class OnCurve:
    """An elliptic curve, with the verbs that a run needs."""

    kind, tag = "ecdh", 0x86

    def __init__(self, name: str) -> None:
        self.domain: Curve = curve(name)
        self.name, self.number, self.order, self.generator = name, PARAMETER_IDS[name], self.domain.n, self.domain.g
        self.field = self.domain.p

    def power(self, base: tuple[int, int], scalar: int) -> tuple[int, int]:
        return self.domain.times(scalar, base)

    def combine(self, left: tuple[int, int], right: tuple[int, int]) -> tuple[int, int]:
        return self.domain.add(left, right)

    def octets(self, element: tuple[int, int]) -> bytes:
        return self.domain.octets(element)

    def secret(self, element: tuple[int, int]) -> bytes:
        return element[0].to_bytes(self.domain.size, "big")

    def encode(self, t: int, out: JsonObject) -> tuple[int, int]:
        """Appendix B.2, in its own order of steps."""
        p, a, b = self.domain.p, self.domain.a, self.domain.b
        alpha = -t * t % p
        x2 = -b * pow(a, -1, p) * (1 + pow(alpha + alpha * alpha, -1, p)) % p
        x3 = alpha * x2 % p
        h2 = (x2**3 + a * x2 + b) % p
        u = t**3 * h2 % p
        root = pow(h2, p - 1 - (p + 1) // 4, p)
        square = root * root * h2 % p == 1
        out["point_encoding_branch"] = "x2" if square else "x3"
        return (x2, root * h2 % p) if square else (x3, root * u % p)


class InField:
    """A subgroup of the numbers modulo p."""

    kind, tag = "dh", 0x84

    def __init__(self, parameter_id: int) -> None:
        self.domain: Group = group(parameter_id)
        self.name, self.number = f"RFC 5114 group {parameter_id}", parameter_id
        self.order, self.generator, self.field = self.domain.q, self.domain.g, self.domain.p

    def power(self, base: int, exponent: int) -> int:
        return pow(base, exponent, self.domain.p)

    def combine(self, left: int, right: int) -> int:
        return left * right % self.domain.p

    def octets(self, element: int) -> bytes:
        """An unsigned integer: no leading zero octets (Doc 9303-11 §9.4.1, §9.4.3)."""
        return element.to_bytes((element.bit_length() + 7) // 8, "big")

    def secret(self, element: int) -> bytes:
        """As long as p (PKCS #3 §8.3)."""
        return self.domain.octets(element)

    def encode(self, t: int, out: JsonObject) -> int:
        return pow(t, (self.domain.p - 1) // self.domain.q, self.domain.p)


def command(value: bytes, *, last: bool = False) -> str:
    """GENERAL AUTHENTICATE with this data in DO'7C', chained but for the last (§4.4.4)."""
    data = tlv(0x7C, value)
    head = bytes.fromhex("00860000" if last else "10860000")
    if len(data) > 255:
        return (head + b"\0" + len(data).to_bytes(2, "big") + data + b"\0\0").hex()
    return (head + bytes([len(data)]) + data + b"\0").hex()


def answer(*values: bytes) -> str:
    return tlv(0x7C, *values).hex() + "9000"


class Run:
    """One conversation. Private numbers are made from the name of the case."""

    def __init__(
        self, mapping: str, domain: OnCurve | InField, cipher: str, *, template: bytes = b"", authority: bytes = b""
    ) -> None:
        """``template``: DO'7F4C' of a terminal of version 2; the chip then names its trust point ``authority``."""
        self.mapping, self.domain, self.cipher, self.suite = mapping, domain, cipher, suite(cipher)
        self.oid = f"0.4.0.127.0.7.2.2.4.{ARCS[domain.kind, mapping]}.{CIPHER_ARCS[cipher]}"
        self.out: JsonObject = {
            "name": f"PACE {domain.kind} {mapping} {cipher} {domain.name}",
            "oid": self.oid,
            "mapping": mapping,
            "cipher": cipher,
            "domain_parameters": {"type": domain.kind, "standardized_id": domain.number, "name": domain.name},
            "password_type": "can",
            "password": CAN,
        }
        self.apdus: list[JsonObject] = []
        self.template, self.authority = template, authority

    def say(self, step: str, sent: str, received: str) -> None:
        self.apdus.append({"step": step, "command": sent, "response": received})

    def pair(self, who: str, generator: object) -> tuple[int, bytes]:
        """A key pair on this generator; noted."""
        short = self.domain.number == 0 and self.cipher == SHORT_VALUES
        for attempt in itertools.count():
            private = number(f"{who} {attempt} of {self.out['name']}", self.domain.order)
            public = self.domain.octets(self.domain.power(generator, private))
            if not short or len(public) < (self.domain.field.bit_length() + 7) // 8:
                break
        self.out[f"{who}_private_key"] = scalar_octets(private, self.domain.order).hex()
        self.out[f"{who}_public_key"] = public.hex()
        return private, public

    def derive(self) -> JsonObject:
        """The whole conversation."""
        data = tlv(0x80, oid(self.oid)) + b"\x83\x01\x02" + self.template
        self.say("mse_set_at", (bytes.fromhex("0022c1a4") + bytes([len(data)]) + data).hex(), "9000")
        nonce = self.nonce()
        generator = self.integrated(nonce) if self.mapping == "im" else self.generic(nonce)
        self.out["mapped_generator"] = self.domain.octets(generator).hex()
        mine, my_public = self.pair("terminal", generator)
        theirs, their_public = self.pair("chip", generator)
        shared = self.domain.secret(self.domain.power(generator, mine * theirs % self.domain.order))
        self.out["shared_secret"] = shared.hex()
        self.say("key_agreement", command(tlv(0x83, my_public)), answer(tlv(0x84, their_public)))
        self.tokens(shared, my_public, their_public)
        return self.out | {"apdus": self.apdus}

    def nonce(self) -> bytes:
        """§4.4.3.3: for integrated mapping no shorter than a key."""
        length = 16 if self.mapping != "im" or self.suite.key_size == 16 else 32
        nonce = octets(f"nonce of {self.out['name']}", length)
        k_pi = key(self.cipher, CAN.encode(), 3)
        encrypted = self.suite.encrypt(k_pi, bytes(self.suite.block), nonce)
        self.out |= {"password_key": k_pi.hex(), "nonce": nonce.hex(), "encrypted_nonce": encrypted.hex()}
        self.say("nonce", command(b""), answer(tlv(0x80, encrypted)))
        return nonce

    def generic(self, nonce: bytes) -> object:
        """§4.4.3.3.1."""
        domain = self.domain
        mine, my_public = self.pair("terminal_mapping", domain.generator)
        theirs, their_public = self.pair("chip_mapping", domain.generator)
        h = domain.power(domain.generator, mine * theirs % domain.order)
        self.out["mapping_shared_secret"] = domain.octets(h).hex()
        self.say("mapping", command(tlv(0x81, my_public)), answer(tlv(0x82, their_public)))
        self.mapping_scalar = theirs
        return domain.combine(domain.power(domain.generator, int.from_bytes(nonce, "big") % domain.order), h)

    def integrated(self, nonce: bytes) -> object:
        """§4.4.3.3.2, figure 2."""
        nonce_t = octets(f"terminal nonce of {self.out['name']}", self.suite.key_size)
        c0, c1 = (bytes.fromhex(constant) for constant in C0_C1[16 if self.suite.key_size == 16 else 32])
        zero, blocks = bytes(self.suite.block), b""
        state = self.suite.encrypt(nonce_t, zero, nonce)[: self.suite.key_size]
        while len(blocks) * 8 < self.domain.field.bit_length() + 64:
            blocks += self.suite.encrypt(state, zero, c1)
            state = self.suite.encrypt(state, zero, c0)[: self.suite.key_size]
        element = int.from_bytes(blocks, "big") % self.domain.field
        size = (self.domain.field.bit_length() + 7) // 8
        self.out |= {
            "nonce_t": nonce_t.hex(),
            "pseudo_random": blocks.hex(),
            "pseudo_random_mod_p": element.to_bytes(size, "big").hex(),
        }
        self.say("mapping", command(tlv(0x81, nonce_t)), answer(tlv(0x82, b"")))
        return self.domain.encode(element, self.out)

    def tokens(self, shared: bytes, my_public: bytes, their_public: bytes) -> None:
        """§4.4.3.4, and for chip-authentication mapping §4.4.3.5."""
        ks_enc, ks_mac = key(self.cipher, shared, 1), key(self.cipher, shared, 2)
        self.out |= {"ks_enc": ks_enc.hex(), "ks_mac": ks_mac.hex()}
        tokens = {}
        for who, public in (("terminal", their_public), ("chip", my_public)):
            covered = tlv(0x7F49, tlv(0x06, oid(self.oid)), tlv(self.domain.tag, public))
            tokens[who] = self.suite.token_mac(ks_mac, covered)
            self.out |= {f"{who}_token_input": covered.hex(), f"{who}_token": tokens[who].hex()}
        more = [] if self.mapping != "cam" else [tlv(0x8A, self.proof(ks_enc))]
        if self.authority:
            more = [tlv(0x87, self.authority)]
        sent = command(tlv(0x85, tokens["terminal"]), last=True)
        self.say("tokens", sent, answer(tlv(0x86, tokens["chip"]), *more))

    def proof(self, ks_enc: bytes) -> bytes:
        """CA_IC = SK_Map / SK_IC, encrypted under IV = E(KSenc, -1)."""
        static, _ = self.pair("chip_static", self.domain.generator)
        factor = self.mapping_scalar * pow(static, -1, self.domain.order) % self.domain.order
        data = scalar_octets(factor, self.domain.order)
        iv = self.suite.encrypt(ks_enc, bytes(16), b"\xff" * 16)
        encrypted = self.suite.encrypt(ks_enc, iv, self.suite.pad(data))
        self.out |= {
            "chip_authentication_data": data.hex(),
            "chip_authentication_data_iv": iv.hex(),
            "encrypted_chip_authentication_data": encrypted.hex(),
        }
        return encrypted


def cases() -> list[JsonObject]:
    """One conversation per row."""
    return [
        Run(mapping, OnCurve(domain) if isinstance(domain, str) else InField(domain), cipher).derive()
        for mapping, domain, cipher in SUITES
    ]
