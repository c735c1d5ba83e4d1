"""Password authenticated connection establishment, the terminal's half (Doc 9303-11 §4.4).

Generic and integrated mapping over curves and finite fields, chip-authentication mapping over curves. The order of
steps, the token input and every check are this side's own; only key derivation, MACs and the mappings' mathematics are
shared with the emulator.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from crypto.errors import CryptoError, WireError
from crypto.pace.parameters import Mapping, PaceProtocol
from crypto.primitives.block_cipher import decrypt_cbc, encrypt_block
from crypto.primitives.curves import Curve, Point
from crypto.primitives.kdf import KeyUse, derive_key
from crypto.primitives.mac import mac, macs_equal
from crypto.primitives.padding import unpad
from crypto.wire import limits
from crypto.wire.apdu import CommandApdu, ResponseApdu
from crypto.wire.oid import encode_oid
from crypto.wire.tlv import encode_tlv, parse_tlv
from reader import errors
from reader.protocols.access_key import AccessKey
from reader.protocols.exchange import Steps
from reader.protocols.pace_domain import DhDomain, EcdhDomain, NewScalar, PaceDomain
from reader.protocols.password_status import require_nonce_given, require_selected, wrong_password
from reader.protocols.secure_messaging import SessionKeys

__all__ = ["MappingProof", "PaceResult", "PaceSuite", "pace_terminal"]

_DYNAMIC_AUTHENTICATION_DATA = 0x7C
_PUBLIC_KEY_TEMPLATE = 0x7F49


@dataclasses.dataclass(frozen=True, slots=True)
class PaceSuite:
    """One protocol on one set of domain parameters, as the chip offers it.

    Attributes:
        protocol: mapping, agreement and cipher.
        domain: the standardised curve or finite-field group.
        parameter_id: to be sent when the chip offers more than one set of parameters, else ``None``.
    """

    protocol: PaceProtocol
    domain: PaceDomain[Any, Any]
    parameter_id: int | None = None

    @property
    def name(self) -> str:
        """Protocol and domain parameters, e.g. ``PACE-ECDH-GM-AES-CBC-CMAC-128 brainpoolP256r1``."""
        return f"{self.protocol.name} {self.domain.name}"

    @property
    def needs_long_commands(self) -> bool:
        """Whether a public value in its two data objects is longer than the data field of a short command."""
        value_bytes = self.domain.group.field_bytes if isinstance(self.domain, DhDomain) else 0  # no curve is so long
        return len(encode_tlv(_DYNAMIC_AUTHENTICATION_DATA, encode_tlv(0x81, bytes(value_bytes)))) > limits.SHORT_NC


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class MappingProof:
    """What chip-authentication mapping leaves behind (Doc 9303-11 §4.4.3.5). It holds if the mapping key is the
    static key of EF.CardSecurity multiplied by ``chip_authentication_data``.

    Attributes:
        curve: on which.
        chip_mapping_key: PK_Map,IC as sent.
        chip_authentication_data: CA_IC, decrypted: as many octets as the order.
    """

    curve: Curve
    chip_mapping_key: bytes
    chip_authentication_data: bytes

    def holds_for(self, static_key: Point) -> bool:
        """Whether the chip holds the private key of this static key (§4.4.3.5.2)."""
        factor = int.from_bytes(self.chip_authentication_data, "big")
        if not 1 <= factor < self.curve.n:
            return False
        return self.curve.encode_point(self.curve.private_key(factor).multiply(static_key)) == self.chip_mapping_key


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class PaceResult:
    """What a run leaves behind.

    Attributes:
        keys: of the channel.
        proof: with chip-authentication mapping the chip's proof, still to be verified.
        chip_identifier: ID_PICC, the chip's compressed ephemeral key, which terminal authentication signs.
        terminal_key: after chip-authentication mapping the terminal's own compressed ephemeral key, which it signs in
            terminal authentication if no chip authentication follows (TR-03110-1 §3.5, Doc 9303-11 §7.1.2).
        authority_references: DO'87' and DO'88': the authorities whose terminals the chip admits, the newest first.
            Only a chip that was shown a terminal's authorisation names them.
        tries_announced: how many tries of the password the chip announced before this one; ``None`` for none.
    """

    keys: SessionKeys
    proof: MappingProof | None = None
    chip_identifier: bytes = b""
    terminal_key: bytes = b""
    authority_references: tuple[str, ...] = ()
    tries_announced: int | None = None


def pace_terminal(
    suite: PaceSuite,
    key: AccessKey,
    new_scalar: NewScalar | None = None,
    random_bytes: Callable[[int], bytes] = os.urandom,
    authorization: bytes = b"",
    *,
    resumed: bool = False,
) -> Steps[PaceResult]:
    """Open a chip by a password.

    Args:
        suite: what the chip offers, see EF.CardAccess.
        key: CAN, MRZ, PIN or PUK.
        new_scalar: gives private scalars that are to be known: for the mapping key, if there is one, and then for the
            session key. Without it both are fresh.
        random_bytes: source of the terminal's nonce in integrated mapping.
        authorization: DO'7F4C', the terminal's certificate holder authorization template, if terminal
            authentication version 2 shall follow (TR-03110-3 §B.11.1).
        resumed: whether this runs in a channel that the card access number opened, so that the last try of a PIN or
            PUK may be used. Otherwise a chip that announces a last try is left alone.

    Raises:
        ProtocolError: ``access.wrong_key`` or what :mod:`reader.protocols.password_status` names, then
            ``access.not_supported`` or ``access.protocol_violation``.
        CardStatusError: ``card.command_refused`` in the middle of the protocol.
    """
    tries = yield from _select_protocol(suite, key, authorization, resumed=resumed)
    nonce = yield from _fetch_nonce(suite, key)
    chip_mapping_key = b""
    if suite.protocol.mapping is Mapping.INTEGRATED:
        generator = yield from _map_integrated(suite, nonce, random_bytes)
    else:
        generator, chip_mapping_key = yield from _map_generic(suite, nonce, new_scalar)
    shared_secret, own_public, chip_public = yield from _agree(suite, generator, new_scalar)
    keys = SessionKeys.derive(suite.protocol.cipher, shared_secret)
    answer = yield from _authenticate(suite, key, keys, own_public, chip_public)
    references = _authority_references(answer) if authorization else ()
    proof, terminal_key = None, b""
    if suite.protocol.mapping is Mapping.CHIP_AUTHENTICATION:
        proof = _mapping_proof(suite, keys, chip_mapping_key, answer)
        terminal_key = suite.domain.compress(own_public)
    return PaceResult(keys, proof, suite.domain.compress(chip_public), terminal_key, references, tries)


def _select_protocol(suite: PaceSuite, key: AccessKey, authorization: bytes, *, resumed: bool) -> Steps[int | None]:
    """MSE:Set AT (Doc 9303-11 §4.4.4.1). Returns the tries that the chip announces."""
    data = encode_tlv(0x80, encode_oid(suite.protocol.oid)) + encode_tlv(0x83, bytes([key.reference]))
    if suite.parameter_id is not None:
        data += encode_tlv(0x84, _unsigned_octets(suite.parameter_id))
    answer = yield CommandApdu(0x00, 0x22, 0xC1, 0xA4, data + authorization)
    return require_selected(key.reference, answer.sw, resumed=resumed)


def _fetch_nonce(suite: PaceSuite, key: AccessKey) -> Steps[bytes]:
    """The encrypted nonce, decrypted with Kπ (Doc 9303-11 §4.4.3.3)."""
    answer = yield _general_authenticate(b"")
    require_nonce_given(key.reference, answer.sw)
    encrypted = _take(answer, 0x80)
    cipher = suite.protocol.cipher
    if not encrypted or len(encrypted) % cipher.block_bytes or len(encrypted) > 64:
        raise errors.ProtocolError(errors.CHIP_DECEPTIVE)
    password_key = derive_key(key.pace_seed.reveal(), KeyUse.PASSWORD, cipher)
    return decrypt_cbc(cipher, password_key, bytes(cipher.block_bytes), encrypted)


def _map_generic(suite: PaceSuite, nonce: bytes, new_scalar: NewScalar | None) -> Steps[tuple[Any, bytes]]:
    """Generic mapping: mapping keys are exchanged (Doc 9303-11 §4.4.3.3.1). The new generator, the chip's key."""
    domain = suite.domain
    own_key = domain.new_key(new_scalar)
    own_public = domain.public_octets(own_key)
    answer = yield _general_authenticate(encode_tlv(0x81, own_public))
    chip_public = _take(answer, 0x82)
    _require_different(chip_public, own_public)
    with _deceptive_values():
        return domain.map_generic(nonce, own_key, domain.decode(chip_public)), chip_public


def _map_integrated(suite: PaceSuite, nonce: bytes, random_bytes: Callable[[int], bytes]) -> Steps[Any]:
    """Integrated mapping: the terminal adds a nonce as long as a key (Doc 9303-11 §4.4.3.3.2, §4.4.5.2.2)."""
    cipher = suite.protocol.cipher
    own_nonce = random_bytes(cipher.key_bytes)
    answer = yield _general_authenticate(encode_tlv(0x81, own_nonce))
    _take(answer, 0x82)  # "SHALL be empty": nothing in it could change the result
    with _deceptive_values():
        return suite.domain.map_integrated(cipher, nonce, own_nonce)


def _agree(suite: PaceSuite, generator: Any, new_scalar: NewScalar | None) -> Steps[tuple[bytes, bytes, bytes]]:  # noqa: ANN401
    """Key agreement on the mapped generator (Doc 9303-11 §4.4.1 step 3): shared secret, own and chip's public key."""
    domain = suite.domain
    own_key = domain.new_key(new_scalar)
    own_public = domain.public_octets_on(own_key, generator)
    answer = yield _general_authenticate(encode_tlv(0x83, own_public))
    chip_public = _take(answer, 0x84)
    _require_different(chip_public, own_public)
    with _deceptive_values():
        return domain.shared_secret(own_key, domain.decode(chip_public)), own_public, chip_public


def _authenticate(
    suite: PaceSuite, key: AccessKey, keys: SessionKeys, own_public: bytes, chip_public: bytes
) -> Steps[ResponseApdu]:
    """Exchange of authentication tokens, each a MAC over the *other* side's public key (Doc 9303-11 §4.4.3.5)."""
    own_token = _token(suite, keys, chip_public)
    answer = yield _general_authenticate(encode_tlv(0x85, own_token), last=True)
    if not answer.is_success:
        raise wrong_password(key.reference, answer.sw)
    if not macs_equal(_take(answer, 0x86), _token(suite, keys, own_public)):
        raise errors.ProtocolError(errors.CHIP_DECEPTIVE)
    return answer


def _mapping_proof(suite: PaceSuite, keys: SessionKeys, chip_mapping_key: bytes, answer: ResponseApdu) -> MappingProof:
    """Decrypt DO'8A' (Doc 9303-11 §4.4.3.5.3, §4.4.3.5.4): CBC with IV = E(KSEnc, -1), padding method 2."""
    domain, cipher = suite.domain, suite.protocol.cipher
    if not isinstance(domain, EcdhDomain):  # the standard defines it over curves only; offers are chosen so
        raise errors.ProtocolError(errors.ACCESS_NOT_SUPPORTED)
    encrypted = _take(answer, 0x8A)
    if not encrypted or len(encrypted) % cipher.block_bytes:
        raise errors.ProtocolError(errors.CHIP_DECEPTIVE)
    k_enc = keys.k_enc.reveal()
    iv = encrypt_block(cipher, k_enc, b"\xff" * cipher.block_bytes)
    with _deceptive_values():
        data = unpad(decrypt_cbc(cipher, k_enc, iv, encrypted), cipher.block_bytes)
    if len(data) != domain.curve.order_bytes:  # FE2OS (§4.4.5.6)
        raise errors.ProtocolError(errors.CHIP_DECEPTIVE)
    return MappingProof(domain.curve, chip_mapping_key, data)


def _authority_references(answer: ResponseApdu) -> tuple[str, ...]:
    """Beside the token (TR-03110-3 §B.1.4), ISO/IEC 8859-1."""
    try:
        template = parse_tlv(answer.data, _DYNAMIC_AUTHENTICATION_DATA)
        found = [template.find(tag) for tag in (0x87, 0x88)]
    except WireError as error:
        raise errors.ProtocolError(errors.CHIP_DECEPTIVE) from error
    return tuple(reference.value.decode("latin-1") for reference in found if reference is not None)


def _unsigned_octets(number: int) -> bytes:
    """A reference as an unsigned number in as few octets as it needs (TR-03110-3 §A.2.1: ids beyond 255 are allowed)."""
    return number.to_bytes(max(1, (number.bit_length() + 7) // 8), "big")


def _token(suite: PaceSuite, keys: SessionKeys, public_key: bytes) -> bytes:
    template = encode_tlv(0x06, encode_oid(suite.protocol.oid)) + encode_tlv(suite.domain.public_key_tag, public_key)
    return mac(suite.protocol.cipher, keys.k_mac.reveal(), encode_tlv(_PUBLIC_KEY_TEMPLATE, template))


def _general_authenticate(data_object: bytes, *, last: bool = False) -> CommandApdu:
    """GENERAL AUTHENTICATE; all but the last are chained by CLA bit 5 (Doc 9303-11 §4.4.4.2)."""
    data = encode_tlv(_DYNAMIC_AUTHENTICATION_DATA, data_object)
    # a 2048-bit value does not fit into short length fields, neither there nor back
    ne = limits.SHORT_NE if len(data) <= limits.SHORT_NC else limits.EXTENDED_NE
    return CommandApdu(0x00 if last else 0x10, 0x86, 0x00, 0x00, data, ne=ne)


def _take(answer: ResponseApdu, tag: int) -> bytes:
    """One data object out of the dynamic authentication data of a successful answer."""
    if not answer.is_success:
        raise errors.CardStatusError(errors.COMMAND_REFUSED, status_word=str(answer.sw))
    try:
        return parse_tlv(answer.data, _DYNAMIC_AUTHENTICATION_DATA).require(tag).value
    except WireError as error:
        raise errors.ProtocolError(errors.CHIP_DECEPTIVE) from error


def _require_different(chip_public: bytes, own_public: bytes) -> None:
    """The two public keys must differ (Doc 9303-11 §4.4.1), or the chip is a mirror. In a finite field a number may
    be written with or without leading zeros; a point begins with 04.
    """
    if chip_public.lstrip(b"\0") == own_public.lstrip(b"\0"):
        raise errors.ProtocolError(errors.CHIP_DECEPTIVE)


@contextmanager
def _deceptive_values() -> Iterator[None]:
    """A public value outside its group, or one that leads to no generator, comes from no honest chip."""
    try:
        yield
    except CryptoError as error:
        raise errors.ProtocolError(errors.CHIP_DECEPTIVE) from error
