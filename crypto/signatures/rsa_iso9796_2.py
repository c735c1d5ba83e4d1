"""RSA signatures that give back part of the message: ISO/IEC 9796-2 digital signature scheme 1.

Chips with an RSA key answer active authentication so (Doc 9303-11 §6.1.2.2 and appendix F): the message is
M = M1 ‖ M2 with a nonce M1 of the chip, recovered from the signature, and the terminal's challenge M2.
The representative inside the signature reads ``header ‖ M1 ‖ H(M) ‖ trailer``.
"""

from __future__ import annotations

import dataclasses
import hmac
from typing import Final

from crypto.errors import CryptoError, ErrorCode, Hint
from crypto.signatures.hash_algorithms import HASH_UNSUPPORTED, HashAlgorithm
from crypto.signatures.public_key import PUBLIC_KEY_UNSUPPORTED, RsaPublicKey

__all__ = ["MessageRepresentative", "parse_representative", "recover", "verify"]

REPRESENTATIVE_INVALID = ErrorCode(
    "signature.representative_invalid",
    Hint.CALL_STAFF,
    "A signature of the chip does not contain what a signature of its kind contains.",
)

TRAILER_IMPLICIT: Final = 0xBC
TRAILER_EXPLICIT: Final = 0xCC
TRAILER_HASHES: Final = {
    # hash-function identifiers of ISO/IEC 10118-3
    0x33: HashAlgorithm.SHA1,
    0x34: HashAlgorithm.SHA256,
    0x35: HashAlgorithm.SHA512,
    0x36: HashAlgorithm.SHA384,
    0x38: HashAlgorithm.SHA224,
}
TRAILER_HASHES_UNSUPPORTED: Final = frozenset({0x31, 0x32, 0x37, 0x39, 0x3A})
"""RIPEMD-160, RIPEMD-128, Whirlpool, SHA-512/224, SHA-512/256: real identifiers, not allowed by Doc 9303-11 §6.1."""


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class MessageRepresentative:
    """What a signature contains.

    Attributes:
        recovered: M1, the recoverable part of the message; all of it if ``is_partial`` is false.
        digest: the hash over the whole message that the signer computed.
        hash_algorithm: the function the trailer names.
        is_partial: whether a non-recoverable part M2 belongs to the message.
    """

    recovered: bytes
    digest: bytes
    hash_algorithm: HashAlgorithm
    is_partial: bool

    def covers(self, message_part: bytes) -> bool:
        """Whether this signs a message that ends in ``message_part``, bytes known to the verifier.

        With partial recovery that part is M2, outside the signature. With total recovery the whole message came out
        of the signature and must end in it; otherwise the signature would say nothing about it.
        """
        message = self.recovered + message_part if self.is_partial else self.recovered
        same_hash = hmac.compare_digest(self.hash_algorithm.digest(message), self.digest)
        return same_hash and message.endswith(message_part)


def recover(key: RsaPublicKey, signature: bytes) -> MessageRepresentative:
    """Opens a signature with the public key.

    Args:
        key: the signer's key, its modulus a whole number of bytes long.
        signature: exactly as long as the modulus; a shorter or longer one is refused.

    Raises:
        CryptoError: ``signature.representative_invalid`` if it is no signature of this key and scheme;
            ``hash.unsupported`` or ``public_key.unsupported`` if that cannot be told.
    """
    if key.size_bits % 8:
        raise CryptoError(PUBLIC_KEY_UNSUPPORTED, bits=key.size_bits)
    number = int.from_bytes(signature, "big")
    if len(signature) != key.modulus_bytes or number >= key.modulus:
        raise CryptoError(REPRESENTATIVE_INVALID, length=len(signature))
    opened = pow(number, key.exponent, key.modulus)  # public values only
    # The signer may have sent min(s, n - s). The representative ends in the nibble C (ISO/IEC 9796-2 §B.6).
    if opened & 0x0F != 0x0C:
        opened = key.modulus - opened
    return parse_representative(opened.to_bytes(key.modulus_bytes, "big"))


def parse_representative(octets: bytes) -> MessageRepresentative:
    """Takes a message representative F apart (ISO/IEC 9796-2 §8.2; Doc 9303-11 appendix F).

    Args:
        octets: as long as the modulus, beginning with the header.

    Raises:
        CryptoError: as :func:`recover`.
    """
    if len(octets) < 2 or octets[0] & 0xC0 != 0x40:  # the header begins with the bits 01
        raise CryptoError(REPRESENTATIVE_INVALID)
    is_partial = bool(octets[0] & 0x20)
    start = _end_of_padding(octets)
    algorithm, trailer_bytes = _trailer(octets)
    digest_start = len(octets) - trailer_bytes - algorithm.digest_bytes
    if digest_start < start:
        raise CryptoError(REPRESENTATIVE_INVALID)
    digest = octets[digest_start : len(octets) - trailer_bytes]
    return MessageRepresentative(octets[start:digest_start], digest, algorithm, is_partial)


def _end_of_padding(octets: bytes) -> int:
    """Where M1 begins: after nibbles B, if any, and the border nibble A: ``6A``, or ``6B BB … BA``."""
    if octets[0] & 0x1F == 0x0A:
        return 1
    if octets[0] & 0x1F != 0x0B:
        raise CryptoError(REPRESENTATIVE_INVALID)
    for index, octet in enumerate(octets[1:], start=1):
        if octet == 0xBA:
            return index + 1
        if octet != 0xBB:
            break
    raise CryptoError(REPRESENTATIVE_INVALID)


def _trailer(octets: bytes) -> tuple[HashAlgorithm, int]:
    """Hash function and length of the trailer: ``BC`` for SHA-1, else an identifier and ``CC``."""
    if octets[-1] == TRAILER_IMPLICIT:
        return HashAlgorithm.SHA1, 1  # Doc 9303-11 §6.1.2.2: trailer option 1 goes with SHA-1
    identifier = octets[-2]
    if octets[-1] != TRAILER_EXPLICIT:
        raise CryptoError(REPRESENTATIVE_INVALID)
    if identifier in TRAILER_HASHES:
        return TRAILER_HASHES[identifier], 2
    raise CryptoError(HASH_UNSUPPORTED if identifier in TRAILER_HASHES_UNSUPPORTED else REPRESENTATIVE_INVALID)


def verify(key: RsaPublicKey, signature: bytes, challenge: bytes) -> bool:
    """Whether the signature was made with the key's private half over a message that ends in ``challenge``.

    Args:
        key: the key of EF.DG15.
        signature: the chip's answer.
        challenge: the terminal's random bytes, at least one.

    Raises:
        CryptoError: ``hash.unsupported``, ``public_key.unsupported`` or ``signature.representative_invalid`` with
            an empty challenge; then the result is undetermined.
    """
    if not challenge:
        raise CryptoError(REPRESENTATIVE_INVALID)
    try:
        return recover(key, signature).covers(challenge)
    except CryptoError as error:
        if error.code is REPRESENTATIVE_INVALID:
            return False
        raise
