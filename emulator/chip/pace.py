"""The chip's half of PACE with each of its three mappings, over curves and in finite fields (Doc 9303-11 §4.4)."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Final

from crypto.errors import CryptoError, WireError
from crypto.pace.parameters import Mapping, PasswordReference
from crypto.pki.cvc import TerminalType
from crypto.primitives.block_cipher import encrypt_block, encrypt_cbc
from crypto.primitives.kdf import KeyUse, derive_key
from crypto.primitives.mac import mac, macs_equal
from crypto.primitives.padding import pad
from crypto.primitives.secret import Secret
from crypto.wire.apdu import CommandApdu
from crypto.wire.oid import encode_oid
from crypto.wire.status_word import StatusWord
from crypto.wire.tlv import encode_tlv, parse_tlv
from emulator.chip.content import ChipContent, PaceOffer
from emulator.chip.key_agreement import EcdhAgreement, KeyAgreement, agreement_for
from emulator.chip.pace_request import AuthorizationTemplate, PaceRequest, parse_pace_request
from emulator.chip.passwords import Password, PasswordStore
from emulator.chip.refusal import CommandRefusedError
from emulator.chip.secure_messaging import ChipChannel

__all__ = ["PaceOutcome", "PaceRun", "start_pace"]

_GENERIC_NONCE_BYTES: Final = 16
"""Doc 9303-11 §4.4.3.3 leaves the number of blocks to the chip; 128 bits are what most documents send."""


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class PaceOutcome:
    """What a finished run leaves behind.

    Attributes:
        channel: the session that begins after the last answer.
        password: by which the terminal opened the chip.
        resumes: passwords that the CAN, if it was the password, has resumed for this session (TR-03110-2 §2.2.3).
        template: what the terminal said about itself, or ``None``. Without it there is no terminal authentication
            version 2 (TR-03110-2 §2.3.2.1).
        compressed_chip_key: Comp of the chip's ephemeral public key: the ID_PICC that a terminal signs
            (TR-03110-3 §A.2.2.3).
        compressed_terminal_key: with chip authentication mapping Comp of the terminal's ephemeral public key, which it
            signs if no chip authentication follows (TR-03110-1 §3.5, Doc 9303-11 §7.1.2); else ``None``.
    """

    channel: ChipChannel
    password: PasswordReference
    resumes: frozenset[PasswordReference]
    template: AuthorizationTemplate | None
    compressed_chip_key: bytes
    compressed_terminal_key: bytes | None = None


def start_pace(
    content: ChipContent,
    data: bytes,
    random_bytes: Callable[[int], bytes],
    passwords: PasswordStore,
    *,
    resumed: frozenset[PasswordReference] = frozenset(),
    authorities: Callable[[TerminalType], Sequence[bytes]] = lambda _: (),
) -> PaceRun:
    """MSE:Set AT for PACE (Doc 9303-11 §4.4.4.1; TR-03110-3 §B.11.1).

    Args:
        content: offers, keys and habits.
        data: the data field.
        random_bytes: source of nonces and ephemeral keys.
        passwords: what opens this card.
        resumed: passwords that the CAN has resumed in the running session.
        authorities: references of the trust points for a type of terminal, the most recent first.

    Raises:
        CommandRefusedError: 6A80 protocol unknown or ambiguous, or not this password for this type of terminal;
            6A88 password or domain parameters unknown.
    """
    request = parse_pace_request(data)
    offer = _offer(content.pace, request)
    password = passwords.select(request.password)
    template = request.template
    if template is not None and not template.may_use(password.reference):
        raise CommandRefusedError(StatusWord.WRONG_DATA)
    return PaceRun(
        offer,
        password,
        random_bytes,
        content,
        resumed=password.reference in resumed,
        # only the CAN resumes, and only what was suspended before it was shown
        resumes=passwords.suspended() if password.reference is PasswordReference.CAN else frozenset(),
        template=template,
        authorities=authorities(template.terminal_type) if template is not None else (),
    )


def _offer(offers: Sequence[PaceOffer], request: PaceRequest) -> PaceOffer:
    """The one offer that DO'80' and DO'84' mean; DO'84' may also be there when it need not be."""
    fitting = [offer for offer in offers if offer.protocol.oid == request.protocol_oid]
    if not fitting:
        raise CommandRefusedError(StatusWord.WRONG_DATA)
    if request.parameter_id is not None:
        fitting = [offer for offer in fitting if offer.parameter_id == request.parameter_id]
        if not fitting:
            raise CommandRefusedError(StatusWord.REFERENCED_DATA_NOT_FOUND)
    if len(fitting) > 1:
        raise CommandRefusedError(StatusWord.WRONG_DATA)
    return fitting[0]


def _static_scalar(content: ChipContent, offer: PaceOffer, agreement: KeyAgreement) -> Secret | None:
    """The static key with which this run proves that the chip is genuine; ``None`` without CAM.

    Raises:
        CommandRefusedError: 6A80, there is no such key on the curve of the run (Doc 9303-11 §4.4.3.5).
    """
    if offer.protocol.mapping is not Mapping.CHIP_AUTHENTICATION:
        return None
    if isinstance(agreement, EcdhAgreement):
        for key in content.chip_authentication_mapping:
            if key.curve == agreement.curve:
                return key.scalar
    raise CommandRefusedError(StatusWord.WRONG_DATA)


class PaceRun:
    """One run of the protocol: four steps in this order, each once, none after a failure."""

    def __init__(
        self,
        offer: PaceOffer,
        password: Password,
        random_bytes: Callable[[int], bytes],
        content: ChipContent,
        *,
        resumed: bool = False,
        resumes: frozenset[PasswordReference] = frozenset(),
        template: AuthorizationTemplate | None = None,
        authorities: Sequence[bytes] = (),
    ) -> None:
        self._agreement: Final = agreement_for(offer, random_bytes)
        self._static_scalar: Final = _static_scalar(content, offer, self._agreement)
        self._protocol: Final = offer.protocol
        self._cipher: Final = offer.protocol.cipher
        self._password: Final = password
        self._resumed: Final = resumed
        self._resumes: Final = resumes
        self._template: Final = template
        self._authorities: Final = tuple(authorities)[:2]  # TR-03110-3 §B.1.4: at most two
        self._random: Final = random_bytes
        self._behaviour: Final = content.behaviour
        integrated = offer.protocol.mapping is Mapping.INTEGRATED
        # Doc 9303-11 §4.4.5.2.3: chip authentication mapping exchanges what generic mapping does
        mapping_step = self._integrated_mapping_step if integrated else self._generic_mapping_step
        self._nonce_bytes: Final = self._integrated_nonce_bytes() if integrated else _GENERIC_NONCE_BYTES
        self._steps = iter((self._nonce_step, mapping_step, self._agreement_step, self._token_step))
        self._steps_left = 4
        self._nonce = b""
        self._tokens = (b"", b"")
        self._shared = b""
        self._own_key = b""
        self._peer_key = b""
        self.announcement: Final = password.announcement
        """Status word of MSE:Set AT: 9000, or a warning about the password; the protocol goes on all the same."""
        self.outcome: PaceOutcome | None = None
        """Set by the last step."""

    @property
    def has_begun(self) -> bool:
        """Whether the chain of GENERAL AUTHENTICATE is open."""
        return self._steps_left < 4

    def general_authenticate(self, command: CommandApdu) -> bytes:
        """The next step (Doc 9303-11 §4.4.5, table 4); returns dynamic authentication data DO'7C'.

        Raises:
            CommandRefusedError: the run is over then.
        """
        chained = bool(command.cla & 0x10)
        last = self._steps_left == 1
        if chained and last:
            raise CommandRefusedError(StatusWord.LAST_COMMAND_EXPECTED)
        if not chained and not last:  # Doc 9303-11 §4.4.4.3: chaining MUST be used
            raise CommandRefusedError(StatusWord.CONDITIONS_NOT_SATISFIED)
        self._steps_left -= 1
        step = next(self._steps)
        try:
            dynamic = parse_tlv(command.data, 0x7C)
            return encode_tlv(0x7C, step(dynamic.value))
        except (WireError, CryptoError):
            raise CommandRefusedError(StatusWord.WRONG_DATA) from None

    def _integrated_nonce_bytes(self) -> int:
        """Doc 9303-11 §4.4.3.3: the smallest number of blocks that is no shorter than a key."""
        block = self._cipher.block_bytes
        return -(-self._cipher.key_bytes // block) * block

    def _nonce_step(self, body: bytes) -> bytes:
        # The password's state and value are those of now: a command since MSE:Set AT may have changed either.
        refusal = self._password.refusal(resumed=self._resumed)
        if refusal is not None:
            named = self._behaviour.names_password_state  # else TR-03110-3 §B.11.2, note
            raise CommandRefusedError(refusal if named else StatusWord.SECURITY_STATUS_NOT_SATISFIED)
        if body:
            raise CommandRefusedError(StatusWord.WRONG_DATA)
        self._nonce = self._random(self._nonce_bytes)
        zero_iv = bytes(self._cipher.block_bytes)
        password_key = derive_key(self._password.seed, KeyUse.PASSWORD, self._cipher)
        return encode_tlv(0x80, encrypt_cbc(self._cipher, password_key, zero_iv, self._nonce))

    def _generic_mapping_step(self, body: bytes) -> bytes:
        return encode_tlv(0x82, self._agreement.map_generic(self._nonce, parse_tlv(body, 0x81).value))

    def _integrated_mapping_step(self, body: bytes) -> bytes:
        self._agreement.map_integrated(self._cipher, self._nonce, parse_tlv(body, 0x81).value)
        return encode_tlv(0x82, b"")  # Doc 9303-11 §4.4.5.2.2: there, and empty

    def _agreement_step(self, body: bytes) -> bytes:
        peer = parse_tlv(body, 0x83).value
        own, self._shared = self._agreement.agree(peer)
        self._own_key, self._peer_key = own, peer
        ks_mac = derive_key(self._shared, KeyUse.MAC, self._cipher)
        # §4.4.3.4: each side's token covers the other side's key; the terminal's covers ours
        self._tokens = (self._token(ks_mac, own), self._token(ks_mac, peer))
        return encode_tlv(0x84, own)

    def _token(self, ks_mac: bytes, public_key: bytes) -> bytes:
        """Over OID and public key in DO'7F49' (Doc 9303-11 §4.4.3.4 and §9.4)."""
        oid = encode_tlv(0x06, encode_oid(self._protocol.oid))
        value = encode_tlv(self._agreement.public_key_tag, public_key)
        return mac(self._cipher, ks_mac, encode_tlv(0x7F49, oid + value))

    def _token_step(self, body: bytes) -> bytes:
        expected, own = self._tokens
        received = parse_tlv(body, 0x85).value
        password = self._password
        password.spend_try()  # before the comparison: a card that is torn away now has lost the try all the same
        if not macs_equal(received, expected):
            raise CommandRefusedError(password.failure_status(self._behaviour.wrong_password_status))
        password.accept()
        self.outcome = PaceOutcome(
            ChipChannel.derive(self._cipher, self._shared),
            password.reference,
            self._resumes,
            self._template,
            self._agreement.compress(self._own_key),
            None if self._static_scalar is None else self._agreement.compress(self._peer_key),
        )
        # TR-03110-3 §B.1: DO'87' the most recent authority, DO'88' the one before
        references = b"".join(encode_tlv(tag, name) for tag, name in zip((0x87, 0x88), self._authorities, strict=False))
        return encode_tlv(0x86, own) + references + self._encrypted_chip_authentication_data()

    def _encrypted_chip_authentication_data(self) -> bytes:
        """DO'8A' with A_IC for CAM, nothing for the other mappings (Doc 9303-11 §4.4.5 and §4.4.3.5)."""
        if self._static_scalar is None or not isinstance(self._agreement, EcdhAgreement):
            return b""
        data = self._agreement.chip_authentication_data(self._static_scalar)
        ks_enc = derive_key(self._shared, KeyUse.ENCRYPTION, self._cipher)
        block = self._cipher.block_bytes
        iv = encrypt_block(self._cipher, ks_enc, b"\xff" * block)  # §4.4.3.5.4: E(KSenc, -1)
        return encode_tlv(0x8A, encrypt_cbc(self._cipher, ks_enc, iv, pad(data, block)))  # §4.4.3.5.3: method 2
