"""Carries out a read plan on one card: files exactly as read, and what the chip did when asked to prove itself.

Order: EF.COM, EF.SOD and DG14 first, then chip authentication, so that everything after it already runs in the
channel that only the genuine chip can keep; DG15 and active authentication next; the photo last. Nothing is judged
here: that is :mod:`reader.verification`.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable

from crypto.errors import ChipIdError, ErrorCode
from crypto.pki.passive_authentication import read_security_object
from crypto.signatures.public_key import PublicKey, RsaPublicKey
from crypto.wire.status_word import StatusWord
from reader import errors
from reader.lds import files
from reader.lds.com import parse_com
from reader.lds.dg14 import parse_dg14
from reader.lds.dg15 import parse_dg15
from reader.lds.document import RawDocument
from reader.lds.security_infos import ChipAuthenticationPublicKeyInfo
from reader.plan import ReadPlan
from reader.progress import OnProgress, ProgressEvent, ReadingPhase, ignore_progress
from reader.protocols.access_key import AccessKey
from reader.protocols.active_authentication import (
    ActiveAuthenticationAnswer,
    active_authentication_terminal,
    needs_extended_answer,
)
from reader.protocols.chip_authentication import chip_authentication_terminal
from reader.protocols.chip_authentication_offers import chip_authentication_suites
from reader.protocols.exchange import run
from reader.protocols.pace import MappingProof
from reader.session import AccessReport, CardSession

__all__ = ["ChipAnswer", "DocumentReader", "Reading"]


class ChipAnswer(enum.Enum):
    """How the chip reacted when it was asked to prove itself by one protocol."""

    NOT_OFFERED = "not_offered"  # the chip has no key for it
    NOT_ASKED = "not_asked"  # the plan did not want it
    NOT_SPOKEN = "not_spoken"  # the chip has a key that this reader cannot use
    REFUSED = "refused"  # an error status where an answer was due
    LOST = "lost"  # it could not go on under the new keys: it does not hold the private key
    GIVEN = "given"  # it answered; whether rightly is judged later for AA, and settled for CA


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Reading:
    """All that one reading brought to light.

    Attributes:
        access: how the chip was opened.
        document: the files exactly as read.
        unread: files that exist but could not be read, with the reason.
        chip_authentication: ``GIVEN`` once an answer under the new keys was verified.
        active_authentication: ``GIVEN`` if ``active_answer`` holds a signature to be checked.
        mapping_proof: left by PACE with chip-authentication mapping, to be checked against EF.CardSecurity.
    """

    access: AccessReport
    document: RawDocument
    unread: dict[files.FileId, ErrorCode]
    chip_authentication: ChipAnswer
    active_authentication: ChipAnswer
    active_answer: ActiveAuthenticationAnswer | None
    mapping_proof: MappingProof | None = None


class DocumentReader:
    """Reads one card by a plan.

    Args:
        session: not yet opened.
        key: CAN or MRZ.
        plan: what to read, in which order.
    """

    def __init__(
        self, session: CardSession, key: AccessKey, plan: ReadPlan, on_progress: OnProgress = ignore_progress
    ) -> None:
        self._session = session
        self._key = key
        self._plan = plan
        self._on_progress = on_progress
        self._contents: dict[files.FileId, bytes] = {}
        self._unread: dict[files.FileId, ErrorCode] = {}
        self._to_read = 0
        self._access: AccessReport | None = None
        self._chip_authentication = ChipAnswer.NOT_ASKED
        self._awaiting_proof = False

    def run(self) -> Reading:
        """Open, read, ask for proofs.

        Raises:
            ProtocolError, CardStatusError, TransportError: the card could not be opened, or went away.
            Cancelled: somebody asked to stop.
        """
        access = self._access = self._session.open(self._key, self._plan)
        for file in (files.COM, files.SOD):
            self._read(file)
        available = self._available_groups()
        wanted = self._plan.groups(available)
        self._to_read = 2 + (14 in available) + len(wanted)
        if 14 in available:
            self._read(files.data_group(14))
        self._authenticate_chip()
        active, answer = ChipAnswer.NOT_ASKED if 15 in available else ChipAnswer.NOT_OFFERED, None
        for group in wanted:
            self._read(files.data_group(group))
            if group == 15:
                active, answer = self._authenticate_actively()
        self._settle_proof()
        if self._session.card_access is not None:
            self._contents[files.CARD_ACCESS] = self._session.card_access
        if self._session.card_security is not None:
            self._contents[files.CARD_SECURITY] = self._session.card_security
        return Reading(
            access,
            RawDocument(self._contents),
            self._unread,
            self._chip_authentication,
            active,
            answer,
            self._session.mapping_proof,
        )

    def _available_groups(self) -> frozenset[int]:
        """Groups that EF.COM or EF.SOD names; either may be wrong, so both are asked."""
        listed: set[int] = set()
        sources: tuple[tuple[files.FileId, Callable[[bytes], frozenset[int]]], ...] = (
            (files.COM, lambda octets: frozenset(parse_com(octets).data_groups)),
            (files.SOD, lambda octets: frozenset(read_security_object(octets).hashes)),
        )
        for file, groups_in in sources:
            if file in self._contents:
                try:
                    listed |= groups_in(self._contents[file])
                except ChipIdError as error:
                    self._unread[file] = error.code
        return frozenset(listed)

    def _read(self, file: files.FileId) -> None:
        """Read one file, or note why not. What ends the whole attempt is raised."""
        try:
            with self._session.link.phase(ReadingPhase.READING_FILE):
                self._contents[file] = self._read_through_unproven_channel(file)
        except (errors.CardStatusError, errors.DocumentError) as error:
            self._unread[file] = error.code

    def _read_through_unproven_channel(self, file: files.FileId) -> bytes:
        """Any answer that opens under the keys of chip authentication shows that the chip holds the key of DG14.

        If none does, the chip is a copy. The rest is still read, in a fresh channel without chip authentication, so
        that staff see whose data the copy carries.
        """
        done = len(self._contents)
        try:
            return self._session.read_file(file, done, self._to_read)
        except errors.ProtocolError:
            if not self._awaiting_proof or self._session.channel_has_answered:
                raise
            self._chip_authentication = ChipAnswer.LOST
            self._awaiting_proof = False
            self._reopen()
            return self._session.read_file(file, done, self._to_read)
        finally:
            self._note_proof()

    def _reopen(self) -> None:
        """Open the chip once more. If it does not open in the very same way, somebody plays with us.

        Raises:
            ProtocolError: ``access.protocol_violation``, and as :meth:`CardSession.open`.
        """
        if self._session.open(self._key, self._plan) != self._access:
            raise errors.ProtocolError(errors.CHIP_DECEPTIVE)

    def _note_proof(self) -> None:
        if self._awaiting_proof and self._session.channel_has_answered:
            self._chip_authentication = ChipAnswer.GIVEN
            self._awaiting_proof = False

    # ------------------------------------------------------------------------------------- proofs
    def _authenticate_chip(self) -> None:
        """Chip authentication as soon as DG14 is there (Doc 9303-11 §6.2)."""
        dg14 = self._contents.get(files.data_group(14))
        if dg14 is None or not self._plan.chip_authentication:
            self._chip_authentication = ChipAnswer.NOT_OFFERED if dg14 is None else ChipAnswer.NOT_ASKED
            return
        try:
            infos = parse_dg14(dg14).security_infos
            suites = chip_authentication_suites(infos)
        except ChipIdError as error:
            self._unread[files.data_group(14)] = error.code
            self._chip_authentication = ChipAnswer.NOT_SPOKEN
            return
        if not suites:
            any_key = bool(infos.of(ChipAuthenticationPublicKeyInfo))
            self._chip_authentication = ChipAnswer.NOT_SPOKEN if any_key else ChipAnswer.NOT_OFFERED
            return
        self._on_progress(ProgressEvent(ReadingPhase.CHIP_AUTHENTICATION))
        with self._session.link.phase(ReadingPhase.CHIP_AUTHENTICATION):
            try:
                keys = run(chip_authentication_terminal(suites[0]), self._session.transmit).keys
            except errors.ProtocolError as error:
                if error.code is not errors.CHIP_AUTHENTICATION_REFUSED:
                    raise
                self._chip_authentication = ChipAnswer.REFUSED
                return
        self._session.replace_channel(keys)
        self._awaiting_proof = True

    def _authenticate_actively(self) -> tuple[ChipAnswer, ActiveAuthenticationAnswer | None]:
        """Active authentication as soon as DG15 is there (Doc 9303-11 §6.1)."""
        dg15 = self._contents.get(files.data_group(15))
        if dg15 is None:
            return ChipAnswer.NOT_OFFERED, None
        if not self._plan.active_authentication:
            return ChipAnswer.NOT_ASKED, None
        try:
            length_bytes = _signature_bytes(parse_dg15(dg15).public_key.resolve())
        except ChipIdError as error:
            self._unread[files.data_group(15)] = error.code
            return ChipAnswer.NOT_SPOKEN, None
        self._on_progress(ProgressEvent(ReadingPhase.ACTIVE_AUTHENTICATION))
        with self._session.link.phase(ReadingPhase.ACTIVE_AUTHENTICATION):
            try:
                return ChipAnswer.GIVEN, run(active_authentication_terminal(length_bytes), self._session.transmit)
            except errors.ProtocolError as error:
                if _is_about_length(error) and needs_extended_answer(length_bytes):
                    return self._authenticate_in_short_answers(length_bytes, error)
                if error.code is not errors.ACTIVE_AUTHENTICATION_REFUSED:
                    raise
                return ChipAnswer.REFUSED, None

    def _authenticate_in_short_answers(
        self, length_bytes: int, refusal: errors.ProtocolError
    ) -> tuple[ChipAnswer, ActiveAuthenticationAnswer | None]:
        """The same for a chip without extended length, which refuses before it looks into secure messaging.

        If it cannot send its signature in pieces either, nobody can ask it: that is no proof of a copy.
        """
        if refusal.code is errors.CHANNEL_BROKEN:
            self._reopen()
        try:
            protocol = active_authentication_terminal(length_bytes, short_only=True)
            return ChipAnswer.GIVEN, run(protocol, self._session.transmit)
        except errors.ProtocolError as error:
            if error.code is not errors.ACTIVE_AUTHENTICATION_REFUSED:
                raise
            return ChipAnswer.NOT_SPOKEN if _is_about_length(error) else ChipAnswer.REFUSED, None

    def _settle_proof(self) -> None:
        """If nothing was left to read after chip authentication, one more command brings the proof."""
        if not self._awaiting_proof:
            return
        try:
            self._session.is_present(files.COM)
        except errors.ProtocolError:
            self._chip_authentication = ChipAnswer.LOST
        self._note_proof()


def _is_about_length(error: errors.ProtocolError) -> bool:
    return error.facts.get("status_word") == str(StatusWord(StatusWord.WRONG_LENGTH))


def _signature_bytes(key: PublicKey) -> int:
    """Length of a signature of this key: of the modulus for RSA, of r and s for an elliptic curve."""
    return key.modulus_bytes if isinstance(key, RsaPublicKey) else 2 * key.curve.order_bytes
