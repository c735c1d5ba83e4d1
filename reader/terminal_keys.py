"""The terminal's private key: what can be asked of it, wherever it lies, and the one in a file.

A key in hardware is :mod:`reader.terminal_token`. Both pass the same tests.
"""

from __future__ import annotations

from typing import Protocol

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from crypto.errors import CryptoError
from crypto.primitives.curves import Curve, curve
from crypto.signatures.algorithms import SignatureAlgorithm, SignatureScheme
from crypto.signatures.ecdsa_plain import der_to_plain
from reader import errors

__all__ = ["FileSigner", "TerminalSigner"]


class TerminalSigner(Protocol):
    """Signs with the terminal's private key, and never gives it away."""

    @property
    def curve(self) -> Curve | None:
        """The curve of an elliptic key; ``None`` for RSA."""
        ...

    def sign(self, data: bytes, algorithm: SignatureAlgorithm) -> bytes:
        """A signature over ``data``: as long as the modulus for RSA, plain r ‖ s for ECDSA.

        Raises:
            TerminalError: ``terminal.key_wrong`` if the key is of another kind than the algorithm, and codes of the
                place where the key lies.
        """
        ...


class FileSigner:
    """A key from a PKCS#8 PEM file without a password. It is never printed."""

    __slots__ = ("_key", "curve")

    def __init__(self, pem: bytes) -> None:
        """
        Args:
            pem: the file's content.

        Raises:
            TerminalError: ``terminal.key_unreadable``.
        """
        try:
            key = load_pem_private_key(pem, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):  # TypeError: it is encrypted
            raise errors.TerminalError(errors.TERMINAL_KEY_UNREADABLE) from None
        if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
            raise errors.TerminalError(errors.TERMINAL_KEY_UNREADABLE)
        self._key = key
        self.curve = _curve_of(key) if isinstance(key, ec.EllipticCurvePrivateKey) else None

    def __repr__(self) -> str:
        return "FileSigner(…)"

    def sign(self, data: bytes, algorithm: SignatureAlgorithm) -> bytes:
        """As :meth:`TerminalSigner.sign`."""
        key, native_hash = self._key, algorithm.hash_algorithm.native
        is_ecdsa = algorithm.scheme is SignatureScheme.ECDSA_PLAIN
        if isinstance(key, ec.EllipticCurvePrivateKey) and is_ecdsa and self.curve is not None:
            return der_to_plain(key.sign(data, ec.ECDSA(native_hash)), self.curve)
        if isinstance(key, ec.EllipticCurvePrivateKey) or is_ecdsa:
            raise errors.TerminalError(errors.TERMINAL_KEY_WRONG)
        try:
            return key.sign(data, _rsa_padding(algorithm), native_hash)
        except ValueError:  # a modulus too short for hash and salt
            raise errors.TerminalError(errors.TERMINAL_KEY_WRONG) from None


def _rsa_padding(algorithm: SignatureAlgorithm) -> padding.AsymmetricPadding:
    """TR-03110-3 §A.6.3.1."""
    if algorithm.mask_hash is None or algorithm.salt_bytes is None:
        return padding.PKCS1v15()
    return padding.PSS(padding.MGF1(algorithm.mask_hash.native), algorithm.salt_bytes)


def _curve_of(key: ec.EllipticCurvePrivateKey) -> Curve:
    try:
        return curve(key.curve.name)
    except CryptoError:
        raise errors.TerminalError(errors.TERMINAL_KEY_UNREADABLE) from None
