"""RSA signatures with keys that OpenSSL refuses: long exponents beside long moduli (RFC 8017 §8.1.2, §8.2.2).

Verifying works on public values alone, so Python's ``pow`` may do it. The encodings are checked as the standard says:
for PKCS #1 v1.5 the one right encoding is made and compared, so nothing in a signature is parsed; a PSS salt must
have exactly the length that the algorithm names.
"""

from __future__ import annotations

import hmac
from typing import Final

from crypto.signatures.hash_algorithms import HashAlgorithm
from crypto.signatures.public_key import RsaPublicKey
from crypto.wire.oid import encode_oid
from crypto.wire.tlv import encode_tlv

__all__ = ["verify_pkcs1_v15", "verify_pss"]

_PSS_TRAILER: Final = 0xBC
_SHORTEST_FILL: Final = 8
"""Octets ``FF`` that an encoding of PKCS #1 v1.5 has at least (RFC 8017 §9.2 step 3)."""


def verify_pkcs1_v15(key: RsaPublicKey, algorithm: HashAlgorithm, signature: bytes, data: bytes) -> bool:
    """Whether a signature of RSASSA-PKCS1-v1_5 over ``data`` is right (RFC 8017 §8.2.2).

    Args:
        key: the signer's.
        algorithm: the hash; its DigestInfo has the parameters NULL (RFC 8017 §A.2.4).
        signature: as long as the modulus, else it is wrong.
        data: what was signed.
    """
    opened = _open(key, signature)
    digest_info = encode_tlv(
        0x30,
        [
            encode_tlv(0x30, [encode_tlv(0x06, encode_oid(algorithm.oid)), encode_tlv(0x05)]),
            encode_tlv(0x04, algorithm.digest(data)),
        ],
    )
    fill = key.modulus_bytes - len(digest_info) - 3
    if opened is None or fill < _SHORTEST_FILL:
        return False
    # EMSA-PKCS1-v1_5-ENCODE, RFC 8017 §9.2 step 5
    expected = b"\x00\x01" + b"\xff" * fill + b"\x00" + digest_info
    return hmac.compare_digest(opened.to_bytes(key.modulus_bytes, "big"), expected)


def verify_pss(
    key: RsaPublicKey,
    algorithm: HashAlgorithm,
    signature: bytes,
    data: bytes,
    *,
    mask_hash: HashAlgorithm,
    salt_bytes: int,
) -> bool:
    """Whether a signature of RSASSA-PSS over ``data`` is right (RFC 8017 §8.1.2).

    Args:
        key: the signer's.
        algorithm: the hash over the data.
        signature: as long as the modulus, else it is wrong.
        data: what was signed.
        mask_hash: the hash inside MGF1.
        salt_bytes: exact length of the salt, 0 or more.
    """
    opened = _open(key, signature)
    encoded_bits = key.size_bits - 1
    if opened is None or opened.bit_length() > encoded_bits:
        return False
    return _pss_encoding_fits(
        opened.to_bytes((encoded_bits + 7) // 8, "big"), encoded_bits, algorithm, data, mask_hash, salt_bytes
    )


def _open(key: RsaPublicKey, signature: bytes) -> int | None:
    """RSAVP1 (RFC 8017 §5.2.2); ``None`` if the signature is no representative of this modulus."""
    number = int.from_bytes(signature, "big")
    if len(signature) != key.modulus_bytes or number >= key.modulus:
        return None
    return pow(number, key.exponent, key.modulus)  # public values only


def _pss_encoding_fits(
    encoded: bytes, encoded_bits: int, algorithm: HashAlgorithm, data: bytes, mask_hash: HashAlgorithm, salt_bytes: int
) -> bool:
    """EMSA-PSS-VERIFY (RFC 8017 §9.1.2)."""
    block_bytes = len(encoded) - algorithm.digest_bytes - 1
    padding_bytes = block_bytes - salt_bytes - 1
    if padding_bytes < 0 or encoded[-1] != _PSS_TRAILER:  # steps 3 and 4
        return False
    masked, digest = encoded[:block_bytes], encoded[block_bytes:-1]
    spare_bits = 8 * len(encoded) - encoded_bits
    if masked[0] >> (8 - spare_bits):  # step 6
        return False
    mask = _mgf1(digest, block_bytes, mask_hash)
    block = bytes(one ^ other for one, other in zip(masked, mask, strict=True))
    block = bytes([block[0] & (0xFF >> spare_bits)]) + block[1:]  # step 9
    if block[: padding_bytes + 1] != bytes(padding_bytes) + b"\x01":  # step 10
        return False
    salt = block[padding_bytes + 1 :]
    # steps 12 to 14
    expected = algorithm.digest(bytes(8) + algorithm.digest(data) + salt)
    return hmac.compare_digest(expected, digest)


def _mgf1(seed: bytes, length: int, algorithm: HashAlgorithm) -> bytes:
    """MGF1 (RFC 8017 §B.2.1)."""
    blocks = range(-(-length // algorithm.digest_bytes))
    return b"".join(algorithm.digest(seed + counter.to_bytes(4, "big")) for counter in blocks)[:length]
