"""What is inside a chip: files, keys and the habits of its operating system. Everything else is state.

A chip is made from one :class:`ChipContent`; the personalisation fills it, tests may fill it by hand.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
from typing import Final, Protocol

from crypto.pace.parameters import Agreement, PaceProtocol
from crypto.primitives.block_cipher import SymmetricCipher
from crypto.primitives.curves import Curve, EcPrivateKey
from crypto.primitives.dh_groups import DhGroup, DhPrivateKey
from crypto.primitives.secret import Secret
from crypto.wire.status_word import StatusWord
from emulator.chip.access_rules import AccessCondition
from emulator.chip.files_on_demand import FilesOnDemand
from emulator.chip.passwords import Pin, Puk
from emulator.chip.trust_points import TrustedKey

__all__ = [
    "APPLICATION_ID",
    "EF_CVCA",
    "ActiveAuthenticationSigner",
    "ChipAuthenticationKey",
    "ChipAuthenticationMappingKey",
    "ChipBehaviour",
    "ChipContent",
    "ElementaryFile",
    "EndOfFile",
    "ExtendedRefusal",
    "PaceOffer",
    "TooLongAnswer",
    "TooLongRead",
    "UnprotectedErrors",
]

APPLICATION_ID: Final = bytes.fromhex("A0000002471001")
"""The eMRTD application (Doc 9303-10 §3.2)."""
EF_CVCA: Final = 0x011C
"""Usual identifier of the file with the references of the trust points (TR-03110-3 table 13)."""
_FIRST_OWN_PARAMETER_ID: Final = 32


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class ElementaryFile:
    """A transparent elementary file.

    Attributes:
        identifier: file identifier, two bytes as a number, e.g. ``0x0101``.
        content: the whole file.
        short_identifier: 1 to 30, or ``None`` if the file has none.
        access: who may select and read it.
    """

    identifier: int
    content: bytes
    short_identifier: int | None
    access: AccessCondition

    def __repr__(self) -> str:
        return f"ElementaryFile({self.identifier:04X}, {len(self.content)} bytes, {self.access.name})"


class EndOfFile(enum.Enum):
    """How the operating system answers a READ BINARY that asks for more than is left. All four exist in the field."""

    WARNING = "6282"
    """What is left, with 6282 (ISO/IEC 7816-4 §7.2.3)."""
    SILENT = "9000"
    """What is left, with 9000."""
    OUTSIDE = "6B00"
    """Nothing, with 6B00."""
    CORRECT_LENGTH = "6CXX"
    """Nothing, with 6CXX that names the right length; 6B00 when that is over 256."""


class TooLongRead(enum.Enum):
    """How the operating system answers a READ BINARY whose Le is more than one answer can carry.

    Typical: Le E0 to FF through secure messaging with short length, where AES leaves room for 223 bytes only.
    """

    SHORTENED = "9000"
    """As much as fits: Ne is the most that the terminal expects (ISO/IEC 7816-4 §5.1). Terminals count what comes."""
    REFUSED = "6700"
    """Nothing; the terminal must ask for less."""


class TooLongAnswer(enum.Enum):
    """How the operating system answers a command whose result does not fit the answer that the terminal left room for.

    Typical: an RSA signature of 256 bytes through secure messaging with short length.
    """

    REFUSED = "6700"
    """Nothing."""
    CUT = "9000"
    """As much as fits, as if it were all."""


class ExtendedRefusal(enum.Enum):
    """What an operating system without extended length does with a command that has such fields."""

    SESSION_ENDS = "session ends"
    """6700, and the keys are gone: the command was no well-formed one (Doc 9303-11 §9.8.3)."""
    NOT_COUNTED = "not counted"
    """6700 from below secure messaging: keys and send sequence counter are what they were before the command."""
    MUTE = "mute"
    """No answer at all, until the chip is powered anew."""


class UnprotectedErrors(enum.Enum):
    """Whether an error status comes back without secure messaging although the command itself was well protected.

    The standard protects it (Doc 9303-11 §9.8.4). Chips of both other kinds exist.
    """

    NEVER = "never"
    """As the standard demands: DO'99' and DO'8E' around every answer, and the session goes on."""
    SESSION_GOES_ON = "session goes on"
    """A bare status word; the chip counts it as an answer and keeps its keys."""
    SESSION_ENDS = "session ends"
    """A bare status word, and the keys are gone."""


@dataclasses.dataclass(frozen=True, slots=True)
class ChipBehaviour:
    """Habits in which operating systems differ and the standards allow it, or real cards do it all the same.

    Attributes:
        master_file_status: answer to every SELECT of the master file; anything but 9000 leaves the state alone.
        card_access_status: answer to every SELECT of EF.CardAccess; anything but 9000 leaves the state alone. 6283, a
            deactivated file, was seen.
        plain_select_status: answer to a SELECT of a protected file before access control; 6982 or 9000
            (Doc 9303-11 §4.3.2 allows both).
        extended_length: whether extended length fields are understood.
        extended_refusal: what they earn otherwise; see :class:`ExtendedRefusal`.
        max_response_data: longest data field of an answer in bytes; by default what EF.ATR/INFO announces.
        end_of_file: see :class:`EndOfFile`.
        too_long_read: see :class:`TooLongRead`.
        too_long_answer: see :class:`TooLongAnswer`; of every command but READ BINARY.
        zero_le_status: answer to a READ BINARY whose Le is all zeros, "as much as there is"; 6B00 and 6282, without
            data, were seen.
        odd_read: whether READ BINARY with INS B1 is known.
        chip_authentication_status: answer to every agreement of chip authentication; anything but 9000 leaves the keys
            as they are. Some documents announce the protocol and cannot do it.
        chip_authentication_breaks_off: whether the session is over after such a refusal.
        wrong_password_status: answer to a wrong PACE token or BAC cryptogram.
        pace_in_application: whether PACE also runs while the application is selected.
        names_password_state: whether a blocked, deactivated or suspended password is refused with a status word of
            its own, or each with 6982 (TR-03110-3 §B.11.2, note).
        errors_unprotected: see :class:`UnprotectedErrors`.
        static_binding: whether terminal authentication after PACE signs the CAN or the document number, whichever was
            the password, instead of the chip's ephemeral key. Some states issued such documents (TR-03110-1 §3.5).
    """

    master_file_status: int = StatusWord.SUCCESS
    card_access_status: int = StatusWord.SUCCESS
    plain_select_status: int = StatusWord.SECURITY_STATUS_NOT_SATISFIED
    extended_length: bool = True
    extended_refusal: ExtendedRefusal = ExtendedRefusal.SESSION_ENDS
    max_response_data: int = 65_533
    end_of_file: EndOfFile = EndOfFile.WARNING
    too_long_read: TooLongRead = TooLongRead.SHORTENED
    too_long_answer: TooLongAnswer = TooLongAnswer.REFUSED
    zero_le_status: int = StatusWord.SUCCESS
    odd_read: bool = True
    chip_authentication_status: int = StatusWord.SUCCESS
    chip_authentication_breaks_off: bool = False
    wrong_password_status: int = StatusWord.AUTHENTICATION_FAILED
    pace_in_application: bool = True
    names_password_state: bool = True
    errors_unprotected: UnprotectedErrors = UnprotectedErrors.NEVER
    static_binding: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class PaceOffer:
    """One PACE protocol with one set of domain parameters.

    Attributes:
        protocol: mapping, kind of group and cipher.
        parameter_id: of Doc 9303-11 table 12, or the issuer's own from 32 on.
        domain: the group that EF.CardAccess spells out under an id of the issuer's (Doc 9303-11 §9.2.2); ``None`` for
            standardised parameters.
    """

    protocol: PaceProtocol
    parameter_id: int
    domain: Curve | DhGroup | None = None

    def __post_init__(self) -> None:
        # Doc 9303-11 §9.5.1: 0 to 31 are, or will be, standardised
        if self.domain is not None and self.parameter_id < _FIRST_OWN_PARAMETER_ID:
            raise ValueError("only ids from 32 on stand for parameters that are spelt out")
        kind = DhGroup if self.protocol.agreement is Agreement.DH else Curve
        if self.domain is not None and not isinstance(self.domain, kind):
            raise ValueError("a protocol and its group are of one kind")


@dataclasses.dataclass(frozen=True, slots=True)
class ChipAuthenticationKey:
    """A static key pair for chip authentication.

    Attributes:
        oid: id-CA-… protocol that the key serves.
        cipher: the cipher that this protocol starts.
        private_key: the static private key, on a curve or in a finite field.
        key_id: reference in DO'84', or ``None`` if the chip has one key only.
        versions: of the protocol for which the key may be used: 1, 2 or both. Version 2 follows upon terminal
            authentication version 2, version 1 comes before terminal authentication version 1.
    """

    oid: str
    cipher: SymmetricCipher
    private_key: EcPrivateKey | DhPrivateKey
    key_id: int | None = None
    versions: tuple[int, ...] = (1,)


@dataclasses.dataclass(frozen=True, slots=True)
class ChipAuthenticationMappingKey:
    """The static key of PACE with chip authentication mapping (Doc 9303-11 §4.4.3.5).

    Unlike every other key it is divided by, not multiplied with, so the chip needs the number itself.

    Attributes:
        curve: where the key lies; it serves the offers with these domain parameters.
        scalar: the private scalar, big-endian, 1 to n-1.
    """

    curve: Curve
    scalar: Secret


class ActiveAuthenticationSigner(Protocol):
    """Signs a terminal's challenge (Doc 9303-11 §6.1)."""

    def sign(self, challenge: bytes) -> bytes:
        """The signature over the eight bytes of RND.IFD, as INTERNAL AUTHENTICATE returns it."""
        ...


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class ChipContent:
    """Everything that personalisation puts into a chip.

    Attributes:
        master_files: files directly below the master file.
        application_files: files of the eMRTD application.
        mrz_information: document number, birth and expiry, each with its check digit: the input of BAC and of
            PACE with the MRZ (Doc 9303-11 §4.3.2); ``None`` if the chip takes neither.
        can: the card access number as ASCII digits, or ``None``.
        pin, puk: what only the holder knows, with their retry counters, or ``None``.
        basic_access_control: whether BAC is offered.
        pace: what EF.CardAccess announces.
        chip_authentication: static keys; empty if the protocol is not offered.
        chip_authentication_mapping: static keys of PACE-CAM, one for each curve on which it is offered.
        active_authentication: the signer, or ``None``.
        terminal_trust_points: public keys of the country's verifying authority, the most recent first; empty if the
            chip knows no terminal authentication.
        terminal_authentication_versions: versions of that protocol which the chip takes: 1, 2 or both.
        ef_cvca: identifier of the file of the application that lists the trust points; the chip itself keeps it.
        personalised_on: the chip's first idea of the current date (TR-03110-3 §2.5).
        behaviour: habits of the operating system.
        atr: answer to reset.
    """

    master_files: tuple[ElementaryFile, ...] = ()
    application_files: tuple[ElementaryFile, ...] | FilesOnDemand = ()
    mrz_information: Secret | None = None
    can: Secret | None = None
    pin: Pin | None = None
    puk: Puk | None = None
    basic_access_control: bool = True
    pace: tuple[PaceOffer, ...] = ()
    chip_authentication: tuple[ChipAuthenticationKey, ...] = ()
    chip_authentication_mapping: tuple[ChipAuthenticationMappingKey, ...] = ()
    active_authentication: ActiveAuthenticationSigner | None = None
    terminal_trust_points: tuple[TrustedKey, ...] = ()
    terminal_authentication_versions: tuple[int, ...] = (1,)
    ef_cvca: int = EF_CVCA
    personalised_on: dt.date = dt.date(2020, 1, 1)
    behaviour: ChipBehaviour = dataclasses.field(default_factory=ChipBehaviour)
    atr: bytes = b""

    @property
    def has_access_control(self) -> bool:
        """Whether BAC or PACE guards the application; early documents had neither (Doc 9303-11 §4.1)."""
        return self.basic_access_control or bool(self.pace)

    def __repr__(self) -> str:
        return f"ChipContent({len(self.master_files)} + {len(self.application_files)} files)"
