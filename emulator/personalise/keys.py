"""TEST keys that every machine derives alike. None of them is secret, and none may ever protect anything.

A private key follows from its label alone, so that the same cards, the same EF.SOD and the same TEST authority
appear in every process without a stored key. **Anybody can compute these keys.** RSA keys, which take long to find,
lie beside this module as files; they are as public as the others.
"""

from __future__ import annotations

import functools
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from crypto.primitives.curves import EcPrivateKey, curve
from crypto.primitives.dh_groups import DhGroup
from crypto.signatures.ecdsa_signing import EcdsaSigningKey

__all__ = [
    "derived_chip_signing_key",
    "derived_exponent",
    "derived_key_pair",
    "derived_octets",
    "derived_scalar",
    "derived_signing_key",
    "shipped_authority_rsa_key",
    "shipped_rsa_key",
]

_SEED: Final = b"chipid-kiosk TEST ONLY: everybody can derive these keys"
_OPENSSL_CURVES: Final[dict[str, ec.EllipticCurve]] = {
    "secp256r1": ec.SECP256R1(),
    "secp384r1": ec.SECP384R1(),
    "secp521r1": ec.SECP521R1(),
    "brainpoolP256r1": ec.BrainpoolP256R1(),
    "brainpoolP384r1": ec.BrainpoolP384R1(),
    "brainpoolP512r1": ec.BrainpoolP512R1(),
}


def derived_octets(label: str, count: int) -> bytes:
    """``count`` octets that follow from the label (HKDF with SHA-256, RFC 5869)."""
    return HKDF(algorithm=hashes.SHA256(), length=count, salt=None, info=label.encode()).derive(_SEED)


def derived_scalar(label: str, curve_name: str) -> int:
    """The private scalar of :func:`derived_key_pair`, 1 … n-1.

    Eight octets more than the order make the modular bias negligible (TR-03111 §4.1.1).
    """
    parameters = curve(curve_name)
    octets = derived_octets(f"{label}/{curve_name}", parameters.order_bytes + 8)
    return int.from_bytes(octets, "big") % (parameters.n - 1) + 1


def derived_exponent(label: str, group: DhGroup) -> int:
    """A private exponent in a finite field, 1 … q-1, as :func:`derived_scalar`."""
    octets = derived_octets(f"{label}/{group.name}", (group.q.bit_length() + 7) // 8 + 8)
    return int.from_bytes(octets, "big") % (group.q - 1) + 1


def derived_key_pair(label: str, curve_name: str) -> EcPrivateKey:
    """A key pair for key agreement."""
    return curve(curve_name).private_key(derived_scalar(label, curve_name))


def derived_signing_key(label: str, curve_name: str) -> ec.EllipticCurvePrivateKey:
    """A key pair for ECDSA as the crypto library has it, which X.509 certificates are signed with."""
    return ec.derive_private_key(derived_scalar(label, curve_name), _OPENSSL_CURVES[curve_name])


def derived_chip_signing_key(label: str, curve_name: str) -> EcdsaSigningKey:
    """The same key pair for a chip, on any known curve."""
    return EcdsaSigningKey(curve(curve_name), derived_scalar(label, curve_name))


@functools.cache
def shipped_rsa_key(bits: int) -> rsa.RSAPrivateKey:
    """The RSA key of that size among those shipped beside this module (1024, 1536, 2048, 3072 or 4096)."""
    return _rsa_key(f"test_only_{bits}.pem")


@functools.cache
def shipped_authority_rsa_key() -> rsa.RSAPrivateKey:
    """The RSA key of the authority whose certificates TEST terminals show, 2048 bits."""
    return _rsa_key("test_only_cvca_2048.pem")


def _rsa_key(name: str) -> rsa.RSAPrivateKey:
    from importlib import resources

    pem = resources.files(__package__).joinpath("rsa_keys", name).read_bytes()
    from cryptography.hazmat.primitives import serialization

    key = serialization.load_pem_private_key(pem, None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError(f"{name} holds no RSA key")
    return key
