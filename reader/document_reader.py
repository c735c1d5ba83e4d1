"""Carries out a read plan on one card: files exactly as read, and what the chip did when asked to prove itself.

Order: EF.COM, EF.SOD and DG14 first, then chip authentication, so that everything after it already runs in the
channel that only the genuine chip can keep; then the terminal authenticates itself if it has certificates; DG15 and
active authentication next; the photo and what is longer last. Nothing is judged here: that is
:mod:`reader.verification`.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable
from typing import Final

from crypto.errors import ChipIdError, ErrorCode
from crypto.pki.passive_authentication import read_security_object
from crypto.wire.status_word import StatusWord
from reader import errors
from reader.chip_proofs import ChipAnswer, ChipAuthenticationRecord, agree_with_chip, authenticate_actively
from reader.general_authentication import GeneralAuthentication, TerminalIdentity
from reader.lds import files
from reader.lds.com import parse_com
from reader.lds.dg14 import parse_dg14
from reader.lds.dg15 import parse_dg15
from reader.lds.document import RawDocument
from reader.lds.security_infos import (
    ID_PK,
    ChipAuthenticationInfo,
    SecurityInfos,
    parse_card_access,
)
from reader.plan import ReadPlan
from reader.progress import OnProgress, ProgressEvent, ReadingPhase, ignore_progress
from reader.protocols.access_key import AccessKey
from reader.protocols.active_authentication import ActiveAuthenticationAnswer
from reader.protocols.chip_authentication_offers import chip_authentication_suites
from reader.protocols.pace import MappingProof
from reader.protocols.secure_messaging import bare_status
from reader.session import AccessReport, CardSession
from reader.terminal_access import (
    TerminalAnswer,
    TerminalRecord,
    authenticate_terminal,
    authority_references,
    offers_version,
)
from reader.terminal_credentials import TerminalCredentials
from reader.verification.document_checks import is_plausible

__all__ = ["ChipAnswer", "DocumentReader", "Reading"]

_LEAVES_ROOM_FOR_VERSION_1: Final = (ChipAnswer.NEEDS_TERMINAL, ChipAnswer.NOT_SPOKEN, ChipAnswer.KEY_NOT_SHOWN)
_TRIES_OF_BOTH: Final = 2
"""A chip may show only at a long certificate that it takes no long commands; it has to be opened anew then."""

_NOTHING_DECLARED: Final = SecurityInfos((), b"")
_MOST_REOPENINGS: Final = 5  # after bare refusals; each opening takes a second on a real chip
_ABOUT_ONE_FILE: Final = (
    StatusWord.FILE_DEACTIVATED,
    StatusWord.SECURITY_STATUS_NOT_SATISFIED,
    StatusWord.CONDITIONS_NOT_SATISFIED,
    StatusWord.NO_CURRENT_EF,
    StatusWord.FUNCTION_NOT_SUPPORTED,
    StatusWord.FILE_NOT_FOUND,
    StatusWord.WRONG_P1_P2,
    StatusWord.REFERENCED_DATA_NOT_FOUND,
)
"""Bare status words that can be meant for the file that was asked for, not for the channel as 6987 or 6988 are."""


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Reading:
    """All that one reading brought to light.

    Attributes:
        access: how the chip was opened.
        document: the files exactly as read.
        unread: files that exist but could not be read, with the reason.
        chip: how chip authentication went.
        active_authentication: ``GIVEN`` if ``active_answer`` holds a signature to be checked.
        mapping_proof: left by PACE with chip-authentication mapping, to be checked against EF.CardSecurity.
        terminal: how terminal authentication went.
    """

    access: AccessReport
    document: RawDocument
    unread: dict[files.FileId, ErrorCode]
    chip: ChipAuthenticationRecord
    active_authentication: ChipAnswer
    active_answer: ActiveAuthenticationAnswer | None
    mapping_proof: MappingProof | None
    terminal: TerminalRecord

    @property
    def chip_authentication(self) -> ChipAnswer:
        """How the chip reacted to chip authentication: ``GIVEN`` once it has shown that it holds its key."""
        return self.chip.answer


def utc_now() -> dt.datetime:
    """The clock: certificates of terminals count their days in UTC (TR-03110-3 §D.2.1.3)."""
    return dt.datetime.now(dt.UTC)


class DocumentReader:
    """Reads one card by a plan.

    Args:
        session: not yet opened.
        key: what opens it.
        plan: what to read, in which order.
        on_progress: told about every step.
        credentials: the terminal's certificates and key, for fingerprints and irises; ``None`` for none.
        now: tells whether a certificate of the terminal has expired; a clock that cannot be right tells nothing.
    """

    def __init__(
        self,
        session: CardSession,
        key: AccessKey,
        plan: ReadPlan,
        on_progress: OnProgress = ignore_progress,
        *,
        credentials: TerminalCredentials | None = None,
        now: Callable[[], dt.datetime] = utc_now,
    ) -> None:
        self._session = session
        self._key = key
        self._plan = plan
        self._on_progress = on_progress
        self._contents: dict[files.FileId, bytes] = {}
        self._unread: dict[files.FileId, ErrorCode] = {}
        self._to_read = 0
        self._access: AccessReport | None = None
        self._terminal = None if credentials is None else TerminalIdentity(credentials, _day(now()))
        self._admission = TerminalRecord(TerminalAnswer.NOT_ASKED)
        self._chip = ChipAuthenticationRecord(ChipAnswer.NOT_ASKED)
        self._awaiting_proof = False
        self._is_admitted = False
        self._reopenings = 0

    def run(self) -> Reading:
        """Open, read, ask for proofs.

        Raises:
            ProtocolError, CardStatusError, TransportError: the card could not be opened, or went away.
            Cancelled: somebody asked to stop.
        """
        access = self._access = self._session.open(self._key, self._plan, self._terminal)
        for file in (files.COM, files.SOD):
            self._read(file)
        available = self._available_groups()
        wanted = self._plan.groups(available)
        self._to_read = 2 + (14 in available) + len(wanted)
        if 14 in available:
            self._read(files.data_group(14))
        self._authenticate_both()
        active, answer = ChipAnswer.NOT_ASKED if 15 in available else ChipAnswer.NOT_OFFERED, None
        for group in wanted:
            self._read(files.data_group(group))
            if group == 15:
                active, answer = self._authenticate_actively()
        self._read_sensitive_groups(available)
        self._settle_proof()
        self._keep_files_of_access_control()
        return Reading(
            access,
            RawDocument(self._contents),
            self._unread,
            self._chip,
            active,
            answer,
            self._session.mapping_proof,
            self._admission,
        )

    def _keep_files_of_access_control(self) -> None:
        for file, content in (
            (files.CARD_ACCESS, self._session.card_access),
            (files.CARD_SECURITY, self._session.card_security),
        ):
            if content is not None:
                self._contents[file] = content

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
            while True:  # each turn but the last opens the chip anew, which is bounded
                try:
                    return self._session.read_file(file, done, self._to_read)
                except errors.ProtocolError as error:
                    self._open_for_another_try(file, error)
        finally:
            self._note_proof()

    def _open_for_another_try(self, file: files.FileId, error: errors.ProtocolError) -> None:
        """Raises ``error`` if the channel broke for a reason that opening the chip again does not mend."""
        if bare_status(error) in _ABOUT_ONE_FILE and self._reopenings < _MOST_REOPENINGS:
            self._reopen_after_bare_refusal(file)
        elif not self._awaiting_proof or self._session.channel_has_answered:
            raise error
        else:
            self._reopen()

    def _reopen_after_bare_refusal(self, file: files.FileId) -> None:
        """Some chips refuse one file by a status word without protection, which ends the channel for both sides.

        The chip is opened again and asked again for its proofs, so that whatever follows is protected as what went
        before. The first such file is asked for once more: it may have been an accident. So is the file at which a
        copy fell silent: if the chip cannot prove itself after agreeing to, the refusal said nothing about the file.

        Raises:
            CardStatusError: ``card.file_refused_unprotected``: the chip is open again, and this file is left out.
            ProtocolError: as :meth:`_reopen`.
        """
        self._reopenings += 1
        self._note_proof()
        had_keys = self._awaiting_proof or self._chip.answer is ChipAnswer.GIVEN
        self._awaiting_proof = False  # a guarded file says nothing about the chip's key
        self._reopen()
        if had_keys and self._chip.version == 1:
            self._authenticate_both()
            self._settle_proof()
            if self._chip.answer is ChipAnswer.LOST:
                self._reopen()
                return
        if self._reopenings > 1:
            raise errors.CardStatusError(errors.FILE_REFUSED_UNPROTECTED, file=file.name)

    def _read_sensitive_groups(self, available: frozenset[int]) -> None:
        """Fingerprints and irises, if the terminal was admitted and its certificates give the right."""
        if self._admission.answer is not TerminalAnswer.ADMITTED:
            return
        for group in self._plan.sensitive_groups(available):
            file = files.data_group(group)
            if group not in self._admission.groups:
                self._unread[file] = errors.TERMINAL_RIGHT_MISSING
            elif not self._is_admitted:  # the channel that the chip admitted the terminal in was lost since
                self._unread[file] = errors.CHANNEL_BROKEN
            else:
                self._read(file)
                if self._unread.get(file) is errors.FILE_ACCESS_DENIED:  # the chip's own authority gives less
                    self._unread[file] = errors.TERMINAL_RIGHT_MISSING

    def _reopen(self) -> None:
        """Open the chip once more. If it does not open in the very same way, somebody plays with us.

        A chip that has not answered under the keys of chip authentication by then does not hold the key of DG14.

        Raises:
            ProtocolError: ``access.protocol_violation``, and as :meth:`CardSession.open`.
        """
        self._note_proof()
        if self._awaiting_proof:
            self._chip = dataclasses.replace(self._chip, answer=ChipAnswer.LOST)
            self._awaiting_proof = False
        self._is_admitted = False
        general = self._session.general_authentication
        terminal = self._terminal if general is not None and general.keys is not None else None
        if self._session.open(self._key, self._plan, terminal) != self._access:
            raise errors.ProtocolError(errors.CHIP_DECEPTIVE)
        if terminal is not None:
            self._take_general_authentication()

    def _note_proof(self) -> None:
        if self._awaiting_proof and self._session.channel_has_answered:
            self._chip = dataclasses.replace(self._chip, answer=ChipAnswer.GIVEN)
            self._awaiting_proof = False

    # ------------------------------------------------------------------------------------- proofs
    def _authenticate_both(self) -> None:
        """The chip, and the terminal if it has certificates: in version 2 that happened when the chip was opened."""
        general = self._take_general_authentication()
        if general is not None and general.chip.answer not in _LEAVES_ROOM_FOR_VERSION_1:
            return
        may_try_terminal = general is None or general.terminal.answer is TerminalAnswer.NOT_POSSIBLE
        infos = self._declared()
        for _ in range(_TRIES_OF_BOTH):
            terminal_key = self._authenticate_chip(infos)
            if self._terminal is None or not may_try_terminal:
                return
            if self._authenticate_terminal(self._terminal, infos, terminal_key):
                return

    def _take_general_authentication(self) -> GeneralAuthentication | None:
        """Version 2 of both, as it went the last time that the chip was opened."""
        general = self._session.general_authentication
        if general is not None:
            self._chip, self._admission = general.chip, general.terminal
            self._is_admitted = general.keys is not None
        return general

    def _declared(self) -> SecurityInfos:
        """What DG14 declares; nothing if it is not there or cannot be read."""
        dg14 = self._contents.get(files.data_group(14))
        if dg14 is None:
            return _NOTHING_DECLARED
        try:
            return parse_dg14(dg14).security_infos
        except ChipIdError as error:
            self._unread[files.data_group(14)] = error.code
            return _NOTHING_DECLARED

    def _authenticate_chip(self, infos: SecurityInfos) -> bytes:
        """Version 1, as soon as DG14 is there (Doc 9303-11 §6.2). The terminal's compressed key, ``b""`` for none."""
        if not self._plan.chip_authentication:
            self._chip = ChipAuthenticationRecord(ChipAnswer.NOT_ASKED)
            return b""
        try:
            suites = chip_authentication_suites(infos)
        except ChipIdError as error:
            self._unread[files.data_group(14)] = error.code
            suites = []
        if not suites:
            self._chip = self._without_suites(infos)
            return b""
        self._on_progress(ProgressEvent(ReadingPhase.CHIP_AUTHENTICATION))
        with self._session.link.phase(ReadingPhase.CHIP_AUTHENTICATION):
            agreement = agree_with_chip(suites, self._session.transmit, self._reopen)
        self._chip = agreement.record
        if agreement.keys is not None:
            self._session.replace_channel(agreement.keys)
            self._awaiting_proof = True
        return agreement.terminal_key

    def _without_suites(self, infos: SecurityInfos) -> ChipAuthenticationRecord:
        """Why nothing could be asked."""
        shown = self._shown_before_access()
        announced = (*infos.of(ChipAuthenticationInfo), *shown.of(ChipAuthenticationInfo))
        if any(info.version == 2 for info in announced) or offers_version(shown, 2):
            return ChipAuthenticationRecord(ChipAnswer.NEEDS_TERMINAL, 2)
        has_key = any(info.oid.startswith(f"{ID_PK}.") for info in infos.infos) or (
            files.data_group(14) in self._contents and files.data_group(14) in self._unread
        )
        return ChipAuthenticationRecord(ChipAnswer.NOT_SPOKEN if has_key else ChipAnswer.NOT_OFFERED)

    def _shown_before_access(self) -> SecurityInfos:
        octets = self._session.card_access
        try:
            return _NOTHING_DECLARED if octets is None else parse_card_access(octets)
        except ChipIdError:
            return _NOTHING_DECLARED

    def _authenticate_terminal(self, terminal: TerminalIdentity, infos: SecurityInfos, terminal_key: bytes) -> bool:
        """Version 1, in the channel of chip authentication (TR-03110-1 §2.4, §3.5).

        Returns:
            Whether that was all; false if the same is worth another try with shorter commands.
        """
        identifier = self._session.chip_identifier
        if not terminal_key or identifier is None:
            offered = offers_version(infos, 1)
            self._admission = TerminalRecord(
                TerminalAnswer.NOT_POSSIBLE if offered else TerminalAnswer.NOT_OFFERED, 1 if offered else 0
            )
            return True
        self._on_progress(ProgressEvent(ReadingPhase.TERMINAL_AUTHENTICATION))
        with self._session.link.phase(ReadingPhase.TERMINAL_AUTHENTICATION):
            try:
                self._admission = self._admit(terminal, infos, identifier, terminal_key)
                self._is_admitted = self._admission.answer is TerminalAnswer.ADMITTED
            except (errors.TerminalError, errors.DocumentError) as error:
                self._admission = TerminalRecord(TerminalAnswer.FAILED, 1, error.code)
            except errors.ProtocolError as error:
                self._admission = TerminalRecord(TerminalAnswer.FAILED, 1, error.code)
                self._reopen()
                return not self._may_try_shorter(error)
        self._note_proof()
        return True

    def _may_try_shorter(self, error: errors.ProtocolError) -> bool:
        """Whether a long command closed the channel of a chip that has proven itself, and may go in parts now."""
        is_length = bare_status(error) == StatusWord.WRONG_LENGTH
        return is_length and self._session.can_send_shorter and self._chip.answer is ChipAnswer.GIVEN

    def _admit(
        self, terminal: TerminalIdentity, infos: SecurityInfos, identifier: bytes, terminal_key: bytes
    ) -> TerminalRecord:
        references = authority_references(infos, self._session.transmit)
        if not references and not offers_version(infos, 1):
            return TerminalRecord(TerminalAnswer.NOT_OFFERED)
        chain = terminal.credentials.chain_from(references, terminal.day)
        authenticate_terminal(
            terminal.credentials,
            chain,
            self._session.transmit,
            chip_identifier=identifier,
            terminal_key=terminal_key,
            version=1,
            day=terminal.day,
        )
        return TerminalRecord(TerminalAnswer.ADMITTED, 1, groups=chain.groups)

    def _authenticate_actively(self) -> tuple[ChipAnswer, ActiveAuthenticationAnswer | None]:
        """Active authentication as soon as DG15 is there (Doc 9303-11 §6.1)."""
        dg15 = self._contents.get(files.data_group(15))
        if dg15 is None:
            return ChipAnswer.NOT_OFFERED, None
        if not self._plan.active_authentication:
            return ChipAnswer.NOT_ASKED, None
        try:
            key = parse_dg15(dg15).public_key.resolve()
        except ChipIdError as error:
            self._unread[files.data_group(15)] = error.code
            return ChipAnswer.NOT_SPOKEN, None
        self._on_progress(ProgressEvent(ReadingPhase.ACTIVE_AUTHENTICATION))
        with self._session.link.phase(ReadingPhase.ACTIVE_AUTHENTICATION):
            return authenticate_actively(key, self._session.transmit, self._reopen)

    def _settle_proof(self) -> None:
        """If nothing was left to read after chip authentication, one more command brings the proof."""
        if not self._awaiting_proof:
            return
        try:
            self._session.is_present(files.COM)
        except errors.ProtocolError:
            self._chip = dataclasses.replace(self._chip, answer=ChipAnswer.LOST)
            self._awaiting_proof = False
        self._note_proof()


def _day(now: dt.datetime) -> dt.date | None:
    return now.astimezone(dt.UTC).date() if is_plausible(now) else None
