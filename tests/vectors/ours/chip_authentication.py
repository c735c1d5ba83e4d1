"""Chip authentication version 1 (Doc 9303-11 §6.2) and its first message under the new keys, on a chip without access
control, so that the exchange stands alone."""

from __future__ import annotations

from tests.interop.foreign_tlv import oid, tlv
from tests.vectors.ours.groups import number, scalar_octets
from tests.vectors.ours.messaging import CIPHER_ARCS, JsonObject, Recorder, key
from tests.vectors.ours.pace import InField, OnCurve

EF_COM = bytes.fromhex("60165f0104303130385f36063034303030305c046175" + "6e6f")
SUITES: list[tuple[str | int, str, bool, int | None]] = [
    # curve or finite field, cipher, whether by MSE:Set KAT, key id
    ("brainpoolP256r1", "3des", True, None),
    ("brainpoolP256r1", "3des", False, None),
    ("secp256r1", "aes-128", False, 1),
    ("brainpoolP320r1", "aes-192", False, 0xC3),
    ("secp521r1", "aes-256", False, 300),
    ("secp224r1", "3des", True, 2),
    (0, "3des", True, None),
    (0, "aes-128", False, 7),
    (1, "aes-192", False, None),
    (2, "aes-256", False, 0),
]


def protocol(domain: OnCurve | InField, cipher: str) -> str:
    """id-CA-DH-… or id-CA-ECDH-… (§9.2.7)."""
    return f"0.4.0.127.0.7.2.2.3.{1 if domain.kind == 'dh' else 2}.{CIPHER_ARCS[cipher]}"


def reference(key_id: int | None) -> bytes:
    """DO'84' in as few octets as the number needs."""
    return b"" if key_id is None else tlv(0x84, key_id.to_bytes(max(1, (key_id.bit_length() + 7) // 8), "big"))


def command(head: str, data: bytes, le: str = "") -> str:
    """A plain command; extended if its data or its answer need it."""
    if len(data) > 255:
        return head + "00" + len(data).to_bytes(2, "big").hex() + data.hex() + ("0100" if le else "")
    return head + bytes([len(data)]).hex() + data.hex() + le


def derive(name: str, domain: OnCurve | InField, cipher: str, template: bool, key_id: int | None) -> JsonObject:
    """Keys, commands, session keys, and a read of four octets that only the right chip can answer."""
    oid_ = protocol(domain, cipher)
    chip, terminal = (number(f"{who} of {name}", domain.order) for who in ("chip", "terminal"))
    chip_public, terminal_public = (domain.octets(domain.power(domain.generator, each)) for each in (chip, terminal))
    shared = domain.secret(domain.power(domain.generator, chip * terminal % domain.order))
    ks_enc, ks_mac = key(cipher, shared, 1), key(cipher, shared, 2)
    if template:
        apdus = [(command("002241a6", tlv(0x91, terminal_public) + reference(key_id)), "9000")]
    else:
        apdus = [(command("002241a4", tlv(0x80, oid(oid_)) + reference(key_id)), "9000")]
        apdus += [(command("00860000", tlv(0x7C, tlv(0x80, terminal_public)), "00"), "7c009000")]
    read = Recorder(cipher, ks_enc, ks_mac).exchange("00b09e0004", EF_COM[:4].hex() + "9000")
    return {
        "name": name,
        "oid": oid_,
        "cipher": cipher,
        "domain_parameters": {"type": domain.kind, "standardized_id": domain.number, "name": domain.name},
        "key_id": key_id,
        "key_agreement_template": template,
        "chip_private_key": scalar_octets(chip, domain.order).hex(),
        "chip_public_key": chip_public.hex(),
        "terminal_private_key": scalar_octets(terminal, domain.order).hex(),
        "terminal_public_key": terminal_public.hex(),
        "shared_secret": shared.hex(),
        "ks_enc": ks_enc.hex(),
        "ks_mac": ks_mac.hex(),
        "apdus": [{"command": sent, "response": received} for sent, received in apdus],
        "first_message": read,
    }


def domain_of(which: str | int) -> OnCurve | InField:
    return OnCurve(which) if isinstance(which, str) else InField(which)


def cases() -> list[JsonObject]:
    """One exchange per row."""
    found = []
    for which, cipher, template, key_id in SUITES:
        domain = domain_of(which)
        how = "Set KAT" if template else "Set AT"
        name = f"chip authentication 1 {domain.kind} {cipher} {domain.name} {how}"
        found.append(derive(name, domain, cipher, template, key_id))
    return found
