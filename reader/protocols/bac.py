"""Basic access control, the terminal's half (Doc 9303-11 §4.3)."""

from __future__ import annotations

import os
from collections.abc import Callable

from crypto.pace.parameters import PasswordReference
from crypto.primitives.block_cipher import SymmetricCipher, decrypt_cbc, encrypt_cbc
from crypto.primitives.kdf import KeyUse, derive_key
from crypto.primitives.mac import macs_equal, retail_mac
from crypto.primitives.padding import pad
from crypto.wire.apdu import CommandApdu
from crypto.wire.status_word import StatusWord
from reader import errors
from reader.protocols.access_key import MrzKey
from reader.protocols.exchange import Steps
from reader.protocols.password_status import wrong_password
from reader.protocols.secure_messaging import SessionKeys

__all__ = ["bac_terminal"]

_TDES = SymmetricCipher.TDES
_NO_IV = bytes(8)
_NONCE_BYTES = 8
_KEY_BYTES = 16
# 6A88: a chip with PACE alone has no basic access keys to refer to; Germany's answer so
_NO_BAC_HERE = (
    StatusWord.INSTRUCTION_NOT_SUPPORTED,
    StatusWord.CLASS_NOT_SUPPORTED,
    StatusWord.FUNCTION_NOT_SUPPORTED,
    StatusWord.REFERENCED_DATA_NOT_FOUND,
)


def bac_terminal(key: MrzKey, random_bytes: Callable[[int], bytes] = os.urandom) -> Steps[SessionKeys]:
    """Open a chip by its machine-readable zone; the eMRTD application must be selected.

    Returns:
        3DES session keys with their send sequence counter.

    Raises:
        ProtocolError: ``access.wrong_key.mrz``, ``access.key_blocked``, ``access.not_supported`` or
            ``access.protocol_violation``.
    """
    k_enc = derive_key(key.bac_seed.reveal(), KeyUse.ENCRYPTION, _TDES)
    k_mac = derive_key(key.bac_seed.reveal(), KeyUse.MAC, _TDES)

    answer = yield CommandApdu(0x00, 0x84, 0x00, 0x00, ne=_NONCE_BYTES)  # GET CHALLENGE
    if not answer.is_success:
        raise errors.ProtocolError(errors.ACCESS_NOT_SUPPORTED, status_word=str(answer.sw))
    rnd_ic = answer.data
    if len(rnd_ic) != _NONCE_BYTES:
        raise errors.ProtocolError(errors.CHIP_DECEPTIVE)

    rnd_ifd, k_ifd = random_bytes(_NONCE_BYTES), random_bytes(_KEY_BYTES)
    e_ifd = encrypt_cbc(_TDES, k_enc, _NO_IV, rnd_ifd + rnd_ic + k_ifd)  # §4.3.1 step 3
    m_ifd = retail_mac(k_mac, pad(e_ifd, _TDES.block_bytes))
    # EXTERNAL AUTHENTICATE asks for the chip's 40 bytes (§4.3.4.2)
    answer = yield CommandApdu(0x00, 0x82, 0x00, 0x00, e_ifd + m_ifd, ne=40)
    _check_authenticated(answer.sw)
    if len(answer.data) != 40:
        raise errors.ProtocolError(errors.CHIP_DECEPTIVE)

    e_ic, m_ic = answer.data[:32], answer.data[32:]
    if not macs_equal(m_ic, retail_mac(k_mac, pad(e_ic, _TDES.block_bytes))):
        raise errors.ProtocolError(errors.CHIP_DECEPTIVE)
    opened = decrypt_cbc(_TDES, k_enc, _NO_IV, e_ic)
    if not macs_equal(opened[:16], rnd_ic + rnd_ifd):  # a replayed or foreign answer
        raise errors.ProtocolError(errors.CHIP_DECEPTIVE)
    seed = bytes(mine ^ chips for mine, chips in zip(k_ifd, opened[16:], strict=True))
    counter = int.from_bytes(rnd_ic[4:] + rnd_ifd[4:], "big")  # §9.8.6.3
    return SessionKeys.derive(_TDES, seed, counter)


def _check_authenticated(sw: StatusWord) -> None:
    """The chip says by its status word whether our half was right; a wrong key is the usual reason."""
    if sw.is_success:
        return
    if sw in _NO_BAC_HERE:
        raise errors.ProtocolError(errors.ACCESS_NOT_SUPPORTED, status_word=str(sw))
    raise wrong_password(PasswordReference.MRZ, sw)
