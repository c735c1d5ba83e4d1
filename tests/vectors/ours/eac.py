"""Whole conversations of extended access control (TR-03110-1 §3.4 and §3.5, TR-03110-2 §3.3 and §3.4): PACE, then version
1 (chip, then terminal authentication) or version 2 (terminal, then chip authentication), then the read of DG3."""

from __future__ import annotations

import hashlib

from tests.interop.foreign_tlv import oid, tlv
from tests.vectors.ours.chip_authentication import command, domain_of, protocol, reference
from tests.vectors.ours.groups import number, octets, scalar_octets
from tests.vectors.ours.messaging import JsonObject, Recorder, key, suite
from tests.vectors.ours.pace import InField, OnCurve, Run
from tests.vectors.ours.terminal_certificates import EcdsaKey, Key, RsaKey, certificate, template

CVCA, DV, TERMINAL = "XXTESTCVCA00001", "XXTESTDV00001", "XXTESTIS00001"
DG3 = bytes.fromhex("6304546573740a")
READ_DG3_AND_DG4 = 0x03
SUITES: list[tuple[int, str | int, str, str, str | None]] = [
    # version, group of chip authentication, its cipher, cipher of PACE, curve of the certificates (None: RSA)
    (1, "brainpoolP256r1", "aes-128", "aes-128", "brainpoolP256r1"),
    (1, 0, "aes-192", "3des", None),
    (1, "brainpoolP224r1", "3des", "aes-192", "brainpoolP320r1"),
    (2, "secp384r1", "aes-256", "aes-256", "secp384r1"),
    (2, 2, "aes-128", "aes-192", None),
    (2, "brainpoolP320r1", "3des", "aes-128", "brainpoolP224r1"),
]


class Conversation:
    """One row. Everything that is computed goes into ``out``; what is said goes into ``exchanges``."""

    def __init__(self, version: int, which: str | int, cipher: str, pace_cipher: str, curve_name: str | None) -> None:
        self.version, self.domain, self.cipher, self.pace_cipher = version, domain_of(which), cipher, pace_cipher
        signing = "RSA" if curve_name is None else f"ECDSA {curve_name}"
        self.name = f"EAC {version} {self.domain.kind} {cipher} {self.domain.name}, {signing}"
        self.keys: dict[str, Key] = {
            holder: RsaKey(f"RSA key of {holder}")
            if curve_name is None
            else EcdsaKey(f"{holder} {self.name}", curve_name)
            for holder in (CVCA, DV, TERMINAL)
        }
        self.exchanges: list[JsonObject] = []
        self.out: JsonObject = {"name": self.name, "version": version, "cipher": cipher}

    def derive(self) -> JsonObject:
        self._certificates()
        pace = self._pace()
        self._session(pace["ks_enc"], pace["ks_mac"], self.pace_cipher)
        identifier = bytes.fromhex(pace["chip_public_key"])[1:]
        identifier = identifier[: len(identifier) // 2]  # Comp: x (TR-03110-3 §A.2.2.3)
        self._key_pairs()
        self.say("select application", "00a4040c07a0000002471001", "9000")
        if self.version == 1:
            self._chip_authentication_1()
            self._terminal_authentication(identifier)
        else:
            self._terminal_authentication(identifier)
            self._chip_authentication_2()
        self.say("read DG3", f"00b08300{len(DG3):02x}", DG3.hex() + "9000")
        return self.out | {"pace": pace, "exchanges": self.exchanges}

    def say(self, step: str, sent: str, received: str) -> None:
        self.exchanges.append({"step": step} | self.session.exchange(sent, received))

    def _session(self, ks_enc: str, ks_mac: str, cipher: str) -> None:
        self.session = Recorder(cipher, bytes.fromhex(ks_enc), bytes.fromhex(ks_mac))

    def _certificates(self) -> None:
        parties = {holder: (holder, key_) for holder, key_ in self.keys.items()}
        rights = {CVCA: 0xC0, DV: 0x80, TERMINAL: 0x00}
        chain = [(CVCA, CVCA), (DV, CVCA), (TERMINAL, DV)]
        self.certificates = {
            holder: certificate(parties[holder], parties[issuer], rights[holder] | READ_DG3_AND_DG4, "250101", "301231")
            for holder, issuer in chain
        }
        self.out["certificates"] = {holder: octets_.hex() for holder, octets_ in self.certificates.items()}
        self.out["signing_keys"] = {holder: key_.note() for holder, key_ in self.keys.items()}
        self.out["terminal_authentication_oid"] = self.keys[TERMINAL].oid

    def _pace(self) -> JsonObject:
        announced = {"template": template(READ_DG3_AND_DG4), "authority": CVCA.encode()} if self.version == 2 else {}
        run = Run("gm", OnCurve("brainpoolP256r1"), self.pace_cipher, **announced)
        run.out["name"] = f"PACE of {self.name}"
        return run.derive()

    def _key_pairs(self) -> None:
        domain: OnCurve | InField = self.domain
        chip, terminal = (number(f"{who} of {self.name}", domain.order) for who in ("chip", "terminal"))
        pairs = [domain.octets(domain.power(domain.generator, each)) for each in (chip, terminal)]
        self.terminal_public = pairs[1]
        self.shared = domain.secret(domain.power(domain.generator, chip * terminal % domain.order))
        if domain.kind == "dh":  # Comp (TR-03110-3 §A.2.2.3)
            self.compressed = hashlib.sha1(self.terminal_public, usedforsecurity=False).digest()
        else:
            self.compressed = self.terminal_public[1 : 1 + (len(self.terminal_public) - 1) // 2]
        self.oid = protocol(domain, self.cipher)
        self.out |= {
            "oid": self.oid,
            "domain_parameters": {"type": domain.kind, "standardized_id": domain.number, "name": domain.name},
            "chip_private_key": scalar_octets(chip, domain.order).hex(),
            "chip_public_key": pairs[0].hex(),
            "terminal_private_key": scalar_octets(terminal, domain.order).hex(),
            "terminal_public_key": self.terminal_public.hex(),
            "terminal_public_key_compressed": self.compressed.hex(),
            "shared_secret": self.shared.hex(),
        }

    def _new_keys(self, seed: bytes) -> None:
        ks_enc, ks_mac = (key(self.cipher, seed, counter) for counter in (1, 2))
        self.out |= {"ks_enc": ks_enc.hex(), "ks_mac": ks_mac.hex()}
        self._session(ks_enc.hex(), ks_mac.hex(), self.cipher)

    def _chip_authentication_1(self) -> None:
        self.say("MSE:Set AT", command("002241a4", tlv(0x80, oid(self.oid)) + reference(None)), "9000")
        data = tlv(0x7C, tlv(0x80, self.terminal_public))
        self.say("GENERAL AUTHENTICATE", command("00860000", data, "00"), "7c009000")
        self._new_keys(self.shared)

    def _chip_authentication_2(self) -> None:
        nonce = octets(f"chip nonce of {self.name}", 8)
        seed = self.shared + nonce
        covered = tlv(0x7F49, tlv(0x06, oid(self.oid)), tlv(self.domain.tag, self.terminal_public))
        token = suite(self.cipher).token_mac(key(self.cipher, seed, 2), covered)
        self.out |= {"chip_nonce": nonce.hex(), "chip_token_input": covered.hex(), "chip_token": token.hex()}
        self.say("MSE:Set AT", command("002241a4", tlv(0x80, oid(self.oid))), "9000")
        data = tlv(0x7C, tlv(0x80, self.terminal_public))
        answer = tlv(0x7C, tlv(0x81, nonce), tlv(0x82, token)).hex() + "9000"
        self.say("GENERAL AUTHENTICATE", command("00860000", data, "00"), answer)
        self._new_keys(seed)

    def _terminal_authentication(self, identifier: bytes) -> None:
        for issuer, holder in ((CVCA, DV), (DV, TERMINAL)):
            self.say("MSE:Set DST", command("002281b6", tlv(0x83, issuer.encode())), "9000")
            encoded = self.certificates[holder]
            inner = encoded[4 if encoded[2] == 0x81 else 5 :] if encoded[2] & 0x80 else encoded[3:]
            self.say("PSO:Verify Certificate", command("002a00be", inner), "9000")
        data = tlv(0x83, TERMINAL.encode())
        if self.version == 2:
            data = tlv(0x80, oid(self.keys[TERMINAL].oid)) + data + tlv(0x91, self.compressed)
        self.say("MSE:Set AT", command("002281a4", data), "9000")
        challenge = octets(f"challenge of {self.name}", 8)
        self.say("GET CHALLENGE", "0084000008", challenge.hex() + "9000")
        signed = identifier + challenge + self.compressed
        signature = self.keys[TERMINAL].sign(signed)
        self.out |= {
            "chip_identifier": identifier.hex(),
            "challenge": challenge.hex(),
            "signed_data": signed.hex(),
            "signature": signature.hex(),
        }
        self.say("EXTERNAL AUTHENTICATE", command("00820000", signature), "9000")


def cases() -> list[JsonObject]:
    """One conversation per row."""
    return [Conversation(*row).derive() for row in SUITES]
