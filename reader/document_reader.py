"""Carries out a read plan on one card: files exactly as read, and what the chip did when asked to prove itself.

Order: EF.COM, EF.SOD and DG14 first, then chip authentication, so that everything after it already runs in the
channel that only the genuine chip can keep; then the terminal authenticates itself if it has certificates; DG15 and
active authentication next; the photo and what is longer last. Nothing is judged here: that is
:mod:`reader.verification`.

A card that is torn away and comes back is opened again, compared with what is there, and asked for all its proofs
again; then reading goes on at the octet where it stopped (docs/decisions/0014).
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from crypto.errors import ChipIdError, ErrorCode
from crypto.wire.status_word import StatusWord
from reader import errors
from reader.chip_proofs import ChipAnswer, ChipAuthenticationRecord
from reader.file_reading import PartialFile
from reader.general_authentication import TerminalIdentity
from reader.lds import files
from reader.mutual_authentication import Declaration, MutualAuthentication
from reader.plan import ReadPlan
from reader.progress import OnProgress, ReadingPhase, ignore_progress
from reader.protocols.access_key import AccessKey, HolderKey
from reader.protocols.active_authentication import ActiveAuthenticationAnswer, DrawChallenge, random_challenge
from reader.protocols.secure_messaging import bare_status
from reader.resumption import Returns, is_gone
from reader.session import AccessReport, CardSession, password_opens_nothing
from reader.terminal_access import (
    TerminalAnswer,
    TerminalRecord,
)

if TYPE_CHECKING:
    from crypto.pki.security_object import SecurityObject
    from reader.lds.document import RawDocument
    from reader.lds.security_infos import SecurityInfos
    from reader.protocols.pace import MappingProof
    from reader.terminal_credentials import TerminalCredentials

__all__ = ["ChipAnswer", "DocumentReader", "Reading"]

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
        mapping_proofs: left by PACE with chip-authentication mapping, to be checked against EF.CardSecurity: one for each
            channel that files were read through. Nothing else ties such a channel to the document, so all must hold.
        terminal: how terminal authentication went.
    """

    access: AccessReport
    document: RawDocument
    unread: dict[files.FileId, ErrorCode]
    chip: ChipAuthenticationRecord
    active_authentication: ChipAnswer
    active_answer: ActiveAuthenticationAnswer | None
    mapping_proofs: tuple[MappingProof, ...]
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
        draw_challenge: source of the challenges of active authentication.
        returns: waits for a card that was torn away; without it a torn card ends the reading.
        on_complete: told each file, exactly as read, as soon as its last octet is there.
        signed_list: what EF.SOD lists, without any verification; whoever has parsed it at ``on_complete`` spares a second
            time. Raises as :func:`crypto.pki.passive_authentication.read_security_object`, which is the default.
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
        draw_challenge: DrawChallenge = random_challenge,
        returns: Returns | None = None,
        on_complete: Callable[[files.FileId, bytes], None] = lambda file, content: None,
        signed_list: Callable[[bytes], SecurityObject] | None = None,
    ) -> None:
        self._session = session
        self._key = key
        self._plan = plan
        self._draw_challenge = draw_challenge
        self._contents: dict[files.FileId, bytes] = {}
        self._unread: dict[files.FileId, ErrorCode] = {}
        self._partial: PartialFile | None = None
        self._noted_last: files.FileId | None = None
        self._returns = returns or Returns(session.link, key, plan)
        self._on_complete = on_complete
        self._signed_list = signed_list
        self._to_read = 0
        terminal = None if credentials is None else TerminalIdentity(credentials, _day(now()))
        self._proofs = MutualAuthentication(session, key, plan, terminal, on_progress)
        self._reopenings = 0

    def run(self) -> Reading:
        """Open, read, ask for proofs.

        Raises:
            ProtocolError, CardStatusError, TransportError: the card could not be opened, went away, or was exchanged
                (``card.another``).
            Cancelled: somebody asked to stop.
        """
        while True:
            try:
                return self._attempt()
            except ChipIdError as error:
                self._returns.wait_after(error)
            self._begin_again()

    def _attempt(self) -> Reading:
        """From opening to the last proof. Files that are there are not read again, proofs are always asked for again:
        so it can break off, and begin again, at any command."""
        access = self._open()
        for file in (files.COM, files.SOD):
            self._read(file)
        self._require_right_to_read()
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
        self._proofs.settle_proof()
        if access.protocol == "NONE" and (self._unread or active is ChipAnswer.REFUSED):
            self._require_card()  # without a channel, half an answer looks like a refusal
        self._keep_files_of_access_control()
        from reader.lds.document import RawDocument

        return Reading(
            access,
            RawDocument(self._contents),
            self._unread,
            self._proofs.chip,
            active,
            answer,
            self._session.mapping_proofs,
            self._proofs.terminal,
        )

    def _open(self) -> AccessReport:
        proofs = self._session.mapping_proofs
        try:
            access = self._proofs.open()
            self._require_same_document()
        except BaseException:
            self._session.mapping_proofs = proofs  # nothing was read through that channel
            raise
        return access

    def _require_same_document(self) -> None:
        """Before anything is added: the card that came back begins its EF.SOD as the one before did; where that file is
        not there (yet), what was complete first."""
        known = next((file for file in (files.SOD, *self._contents) if file in self._contents), None)
        if known is not None and not self._session.begins_with(known, self._contents[known]):
            raise errors.ProtocolError(errors.ANOTHER_CARD)

    def _begin_again(self) -> None:
        """Keep the files, and the beginning of one; forget the proofs, and a last refusal that the tear may have been."""
        self._proofs.begin_again()
        if self._noted_last is not None:
            self._unread.pop(self._noted_last, None)
            self._noted_last = None

    def _require_card(self) -> None:
        """Raises ``card.removed`` if the card is gone and may come back."""
        if self._returns.are_possible and is_gone(self._session.link):
            raise errors.TransportError(errors.CARD_REMOVED)

    def _keep_files_of_access_control(self) -> None:
        for file, content in (
            (files.CARD_ACCESS, self._session.card_access),
            (files.CARD_SECURITY, self._session.card_security),
        ):
            if content is not None:
                self._contents[file] = content

    def _require_right_to_read(self) -> None:
        """Raises ``access.not_supported`` if a right PIN or PUK opens nothing: the holder is to use another number."""
        denied = [self._unread.get(file) is errors.FILE_ACCESS_DENIED for file in (files.COM, files.SOD)]
        if isinstance(self._key, HolderKey) and all(denied):
            raise password_opens_nothing(self._key)

    def _available_groups(self) -> frozenset[int]:
        """Groups that EF.COM or EF.SOD names; either may be wrong, so both are asked."""
        from crypto.pki.passive_authentication import read_security_object
        from reader.lds.com import parse_com

        signed_list = self._signed_list or read_security_object
        listed: set[int] = set()
        sources: tuple[tuple[files.FileId, Callable[[bytes], frozenset[int]]], ...] = (
            (files.COM, lambda octets: frozenset(parse_com(octets).data_groups)),
            (files.SOD, lambda octets: frozenset(signed_list(octets).hashes)),
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
        if file in self._contents or file in self._unread:
            return
        if self._partial is None or self._partial.file != file:
            self._partial = PartialFile(file)
        try:
            with self._session.link.phase(ReadingPhase.READING_FILE):
                content = self._read_through_unproven_channel(self._partial)
        except (errors.CardStatusError, errors.DocumentError) as error:
            if error.code is errors.ANOTHER_CARD:
                raise
            self._unread[file], self._noted_last, self._partial = error.code, file, None
        else:
            self._contents[file], self._partial = content, None
            self._on_complete(file, content)

    def _read_through_unproven_channel(self, partial: PartialFile) -> bytes:
        """Any answer that opens under the keys of chip authentication shows that the chip holds the key of DG14.

        If none does, the chip is a copy. The rest is still read, in a fresh channel without chip authentication, so
        that staff see whose data the copy carries.
        """
        done = len(self._contents)
        try:
            while True:  # each turn but the last opens the chip anew, which is bounded
                try:
                    return self._session.read_file(partial.file, done, self._to_read, partial)
                except (errors.ProtocolError, errors.TransportError) as error:
                    self._open_again(partial.file, error)
        finally:
            self._proofs.note_proof()

    def _open_again(self, file: files.FileId, error: errors.ProtocolError | errors.TransportError) -> None:
        """As :meth:`_open_for_another_try`; a chip that does not open again has refused more than a file.

        Whatever was noted of the file alone would let the reading go on without a channel.
        """
        try:
            self._open_for_another_try(file, error)
        except (errors.CardStatusError, errors.DocumentError) as failure:
            if failure.code is errors.FILE_REFUSED_UNPROTECTED:
                raise
            raise errors.ProtocolError(errors.CHIP_DECEPTIVE) from failure

    def _open_for_another_try(self, file: files.FileId, error: errors.ProtocolError | errors.TransportError) -> None:
        """Raises ``error`` if the channel broke for a reason that opening the chip again does not mend."""
        if self._session.can_ask_for_less:  # it was about the length of a block, once for a whole card
            self._reopen_with_proofs()
        elif isinstance(error, errors.TransportError):
            raise error
        elif bare_status(error) in _ABOUT_ONE_FILE and self._reopenings < _MOST_REOPENINGS:
            self._reopen_after_bare_refusal(file)
        elif not self._proofs.awaits_proof or self._session.channel_has_answered:
            raise error
        else:
            self._proofs.reopen()

    def _reopen_after_bare_refusal(self, file: files.FileId) -> None:
        """Some chips refuse one file by a status word without protection, which ends the channel for both sides.

        The chip is opened again and asked again for its proofs, so that whatever follows is protected as what went
        before. The first such file is asked for once more: it may have been an accident. So is the file at which a
        copy fell silent: if the chip cannot prove itself after agreeing to, the refusal said nothing about the file.

        Raises:
            CardStatusError: ``card.file_refused_unprotected``: the chip is open again, and this file is left out.
            ProtocolError: as :meth:`reader.mutual_authentication.MutualAuthentication.reopen`.
        """
        self._reopenings += 1
        if self._reopen_with_proofs() and self._reopenings > 1:
            raise errors.CardStatusError(errors.FILE_REFUSED_UNPROTECTED, file=file.name)

    def _reopen_with_proofs(self) -> bool:
        """Returns whether the chip has proven itself again as far as it had agreed to; if not, it is open without."""
        self._proofs.note_proof()
        had_keys = self._proofs.awaits_proof or self._proofs.chip.answer is ChipAnswer.GIVEN
        self._proofs.awaits_proof = False  # what was refused says nothing about the chip's key
        self._proofs.reopen()
        if had_keys and self._proofs.chip.version == 1:
            self._authenticate_both()
            self._proofs.settle_proof()
            if self._proofs.chip.answer is ChipAnswer.LOST:
                self._proofs.reopen()
                return False
        return True

    def _read_sensitive_groups(self, available: frozenset[int]) -> None:
        """Fingerprints and irises, if the terminal was admitted and its certificates give the right.

        They come last and only add to the rest: if the channel breaks at one of them, they alone are lost.
        """
        if self._proofs.terminal.answer is not TerminalAnswer.ADMITTED:
            return
        groups = self._plan.sensitive_groups(available)
        self._to_read += len(set(groups) & self._proofs.terminal.groups)
        for group in groups:
            file = files.data_group(group)
            if group not in self._proofs.terminal.groups:
                self._unread[file] = errors.TERMINAL_RIGHT_MISSING
            elif not self._proofs.is_admitted:  # the channel that the chip admitted the terminal in was lost since
                self._unread[file] = errors.CHANNEL_BROKEN
            else:
                try:
                    self._read(file)
                except errors.ProtocolError as error:
                    self._require_card()
                    self._unread[file] = error.code
                    self._proofs.is_admitted = False
                if self._unread.get(file) is errors.FILE_ACCESS_DENIED:  # the chip's own authority gives less
                    self._unread[file] = errors.TERMINAL_RIGHT_MISSING

    # ------------------------------------------------------------------------------------- proofs
    def _authenticate_both(self) -> None:
        """Chip and terminal, by what DG14 declares."""
        file = files.data_group(14)
        dg14 = self._contents.get(file)
        if dg14 is None:
            self._proofs.run(Declaration())
            return
        from reader.lds.dg14 import parse_dg14
        from reader.protocols.chip_authentication_offers import chip_authentication_suites

        infos: SecurityInfos | None = None
        try:
            infos = parse_dg14(dg14).security_infos
            declared = Declaration(infos, chip_authentication_suites(infos))
        except ChipIdError as error:
            self._unread[file] = error.code
            declared = Declaration(is_unusable=True) if infos is None else Declaration(infos, is_unusable=True)
        self._proofs.run(declared)

    def _authenticate_actively(self) -> tuple[ChipAnswer, ActiveAuthenticationAnswer | None]:
        """Active authentication as soon as DG15 is there (Doc 9303-11 §6.1)."""
        dg15 = self._contents.get(files.data_group(15))
        if dg15 is None:
            return ChipAnswer.NOT_OFFERED, None
        if not self._plan.active_authentication:
            return ChipAnswer.NOT_ASKED, None
        try:
            from reader.lds.dg15 import parse_dg15

            key = parse_dg15(dg15).public_key.resolve()
        except ChipIdError as error:
            self._unread[files.data_group(15)] = error.code
            return ChipAnswer.NOT_SPOKEN, None
        return self._proofs.have_signed(key, self._draw_challenge)


def _day(now: dt.datetime) -> dt.date | None:
    from reader.verification.clock import is_plausible

    return now.astimezone(dt.UTC).date() if is_plausible(now) else None
