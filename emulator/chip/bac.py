"""The chip's half of Basic Access Control (Doc 9303-11 §4.3)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from crypto.primitives.block_cipher import SymmetricCipher, decrypt_cbc, encrypt_cbc
from crypto.primitives.kdf import KeyUse, derive_key
from crypto.primitives.mac import MAC_BYTES, mac, macs_equal
from crypto.primitives.secret import Secret
from crypto.wire.status_word import StatusWord
from emulator.chip.refusal import CommandRefusedError
from emulator.chip.secure_messaging import ChipChannel

__all__ = ["mutual_authenticate"]

_CIPHER = SymmetricCipher.TDES
_NONCE = 8
_KEYING = 16
_CRYPTOGRAM = 2 * _NONCE + _KEYING


def mutual_authenticate(
    mrz_information: Secret,
    challenge: bytes,
    data: bytes,
    random_bytes: Callable[[int], bytes],
    wrong_password_status: int,
) -> tuple[bytes, ChipChannel]:
    """Steps 3a to 3h and 5 of Doc 9303-11 §4.3.1.

    Args:
        mrz_information: document number, birth, expiry, each with its check digit.
        challenge: RND.IC, eight bytes, given out once and used up by this call.
        data: E_IFD || M_IFD, 40 bytes.
        random_bytes: source of K.IC.
        wrong_password_status: what to answer if the terminal does not know the MRZ.

    Returns:
        E_IC || M_IC and the channel.

    Raises:
        CommandRefusedError: 6700 for a wrong length, else ``wrong_password_status``.
    """
    if len(data) != _CRYPTOGRAM + MAC_BYTES:
        raise CommandRefusedError(StatusWord.WRONG_LENGTH)
    # SHA-1 is the standard's (§4.3.2 step 1); only its first 16 bytes seed the keys
    seed = hashlib.sha1(mrz_information.reveal(), usedforsecurity=False).digest()[:16]
    k_enc = derive_key(seed, KeyUse.ENCRYPTION, _CIPHER)
    k_mac = derive_key(seed, KeyUse.MAC, _CIPHER)
    cryptogram, checksum = data[:_CRYPTOGRAM], data[_CRYPTOGRAM:]
    if not macs_equal(mac(_CIPHER, k_mac, cryptogram), checksum):
        raise CommandRefusedError(wrong_password_status)
    plain = decrypt_cbc(_CIPHER, k_enc, bytes(8), cryptogram)
    rnd_ifd, rnd_ic, k_ifd = plain[:_NONCE], plain[_NONCE : 2 * _NONCE], plain[2 * _NONCE :]
    if not macs_equal(rnd_ic, challenge):
        raise CommandRefusedError(wrong_password_status)
    k_ic = random_bytes(_KEYING)
    answer = encrypt_cbc(_CIPHER, k_enc, bytes(8), rnd_ic + rnd_ifd + k_ic)
    shared = bytes(a ^ b for a, b in zip(k_ic, k_ifd, strict=True))
    counter = int.from_bytes(rnd_ic[-4:] + rnd_ifd[-4:], "big")  # Doc 9303-11 §9.8.6.3
    return answer + mac(_CIPHER, k_mac, answer), ChipChannel.derive(_CIPHER, shared, counter)
