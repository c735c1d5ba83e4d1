"""Chip authentication, the terminal's half (Doc 9303-11 §6.2; TR-03110-1 §3.4, TR-03110-2 §3.4, TR-03110-3 §B.2).

Version 1: the chip proves that it holds the static key of DG14, since only then can it answer the next command under
the new session keys. So the exchange yields keys, and the proof is the first answer that opens with them.
Version 2 follows terminal authentication; the chip proves the same for a key of EF.CardSecurity, by a token at once.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from crypto.errors import WireError
from crypto.primitives.block_cipher import SymmetricCipher
from crypto.primitives.mac import mac, macs_equal
from crypto.wire.apdu import CommandApdu, ResponseApdu
from crypto.wire.oid import encode_oid
from crypto.wire.tlv import encode_tlv, parse_tlv
from reader import errors
from reader.protocols.exchange import Steps
from reader.protocols.pace_domain import NewScalar, PaceDomain
from reader.protocols.secure_messaging import SessionKeys

__all__ = [
    "ChipAuthenticationResult",
    "ChipAuthenticationSuite",
    "EphemeralKey",
    "chip_authentication_terminal",
    "chip_authentication_v2_terminal",
]

_NONCE_BYTES = 8  # TR-03110-3 §B.2.2
_DYNAMIC_AUTHENTICATION_DATA = 0x7C


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class ChipAuthenticationSuite:
    """One chip-authentication key and protocol, as the chip offers it.

    Attributes:
        oid: id-CA-ECDH-… or id-CA-DH-…, dotted.
        cipher: of the new channel.
        domain: the curve or finite-field group of the key.
        chip_key: the chip's static public value, an element of ``domain``.
        key_id: the reference to send, if the chip gives one.
        key_agreement_template: agree by MSE:Set KAT; else by MSE:Set AT and GENERAL AUTHENTICATE. For 3DES both are
            allowed, and the first is the usual one (TR-03110-3 §B.2); AES knows the second only.
    """

    oid: str
    cipher: SymmetricCipher
    domain: PaceDomain[Any, Any]
    chip_key: Any
    key_id: int | None = None
    key_agreement_template: bool = False

    @property
    def name(self) -> str:
        """Protocol and domain parameters, e.g. ``CA-ECDH-AES-CBC-CMAC-128 brainpoolP256r1``."""
        agreement = "ECDH" if self.domain.public_key_tag == 0x86 else "DH"
        suffix = f"AES-CBC-CMAC-{8 * self.cipher.key_bytes}" if self.cipher.is_aes else "3DES-CBC-CBC"
        return f"CA-{agreement}-{suffix} {self.domain.name}"


class EphemeralKey:
    """The terminal's fresh key pair on the chip's domain parameters. It is never printed."""

    __slots__ = ("_key", "domain")

    def __init__(self, domain: PaceDomain[Any, Any], new_scalar: NewScalar | None = None) -> None:
        self.domain = domain
        self._key = domain.new_key(new_scalar)

    def __repr__(self) -> str:
        return f"EphemeralKey({self.domain.name})"

    @property
    def public_octets(self) -> bytes:
        """The public value as it is sent."""
        return self.domain.public_octets(self._key)

    @property
    def compressed(self) -> bytes:
        """Comp(PK_PCD), which terminal authentication signs (TR-03110-3 §A.2.2.3)."""
        return self.domain.compress(self.public_octets)

    def shared_secret(self, chip_key: Any) -> bytes:  # noqa: ANN401 - an element of the domain, whatever it is
        """The secret shared with the holder of ``chip_key``."""
        return self.domain.shared_secret(self._key, chip_key)


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class ChipAuthenticationResult:
    """What version 1 leaves behind.

    Attributes:
        keys: of the next channel; the answer to the last command of the exchange still came under the old ones.
        terminal_key: Comp(PK_PCD), for terminal authentication version 1.
    """

    keys: SessionKeys
    terminal_key: bytes


def chip_authentication_terminal(
    suite: ChipAuthenticationSuite, new_scalar: NewScalar | None = None
) -> Steps[ChipAuthenticationResult]:
    """Version 1: agree with the chip's static key. Runs inside the channel that access control opened.

    Args:
        suite: key and protocol of DG14.
        new_scalar: gives the terminal's private scalar if it is to be known; without it, it is fresh.

    Raises:
        ProtocolError: ``chip_authentication.refused``.
    """
    own_key = EphemeralKey(suite.domain, new_scalar)
    if suite.key_agreement_template:
        yield from _set_kat(suite, own_key)
    else:
        yield from _set_at(suite)
        _require_success((yield _general_authenticate(own_key)))  # its data carry nothing in version 1
    keys = SessionKeys.derive(suite.cipher, own_key.shared_secret(suite.chip_key))
    return ChipAuthenticationResult(keys, own_key.compressed)


def chip_authentication_v2_terminal(suite: ChipAuthenticationSuite, own_key: EphemeralKey) -> Steps[SessionKeys]:
    """Version 2: the same agreement, a nonce of the chip in the keys, and the chip's token over the terminal's key.

    Args:
        suite: key of EF.CardSecurity, and protocol.
        own_key: the key to which terminal authentication committed.

    Returns:
        Keys of the next channel. The chip has proven then that it holds the private half of ``suite.chip_key``.

    Raises:
        ProtocolError: ``chip_authentication.refused``; ``chip_authentication.wrong`` for a wrong token;
            ``access.protocol_violation`` for an answer that is none.
    """
    yield from _set_at(suite)
    answer = yield _general_authenticate(own_key)
    _require_success(answer)
    try:
        data = parse_tlv(answer.data, _DYNAMIC_AUTHENTICATION_DATA)
        nonce, token = data.require(0x81).value, data.require(0x82).value
    except WireError as error:
        raise errors.ProtocolError(errors.CHIP_DECEPTIVE) from error
    if len(nonce) != _NONCE_BYTES:
        raise errors.ProtocolError(errors.CHIP_DECEPTIVE)
    # KDF(K, r, c) hashes K ‖ r ‖ c (TR-03110-3 §A.2.3)
    keys = SessionKeys.derive(suite.cipher, own_key.shared_secret(suite.chip_key) + nonce)
    if not macs_equal(token, _token(suite, keys, own_key.public_octets)):
        raise errors.ProtocolError(errors.CHIP_AUTHENTICATION_WRONG)
    return keys


def _set_at(suite: ChipAuthenticationSuite) -> Steps[None]:
    """MSE:Set AT (Doc 9303-11 §6.2.4.2; TR-03110-3 §B.11.1)."""
    data = encode_tlv(0x80, encode_oid(suite.oid)) + _key_reference(suite)
    _require_success((yield CommandApdu(0x00, 0x22, 0x41, 0xA4, data)))


def _set_kat(suite: ChipAuthenticationSuite, own_key: EphemeralKey) -> Steps[None]:
    """MSE:Set KAT, for 3DES only (Doc 9303-11 §6.2.4.1; TR-03110-3 §B.11.3)."""
    data = encode_tlv(0x91, own_key.public_octets) + _key_reference(suite)
    _require_success((yield CommandApdu(0x00, 0x22, 0x41, 0xA6, data)))


def _general_authenticate(own_key: EphemeralKey) -> CommandApdu:
    """GENERAL AUTHENTICATE with the terminal's ephemeral key in DO'80' (TR-03110-3 §B.2)."""
    data = encode_tlv(_DYNAMIC_AUTHENTICATION_DATA, encode_tlv(0x80, own_key.public_octets))
    return CommandApdu(0x00, 0x86, 0x00, 0x00, data, ne=256)


def _key_reference(suite: ChipAuthenticationSuite) -> bytes:
    """DO'84', an unsigned number in as few bytes as it needs: INTEGER 00C3 goes out as 84 01 C3."""
    if suite.key_id is None:
        return b""
    size = max(1, (suite.key_id.bit_length() + 7) // 8)
    return encode_tlv(0x84, suite.key_id.to_bytes(size, "big"))


def _token(suite: ChipAuthenticationSuite, keys: SessionKeys, public_octets: bytes) -> bytes:
    """T_PICC: a MAC over the terminal's key as a public key data object (TR-03110-3 §A.2.4)."""
    template = encode_tlv(0x06, encode_oid(suite.oid)) + encode_tlv(suite.domain.public_key_tag, public_octets)
    return mac(suite.cipher, keys.k_mac.reveal(), encode_tlv(0x7F49, template))


def _require_success(answer: ResponseApdu) -> None:
    if not answer.is_success:
        raise errors.ProtocolError(errors.CHIP_AUTHENTICATION_REFUSED, status_word=str(answer.sw))
