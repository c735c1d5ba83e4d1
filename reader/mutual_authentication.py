"""Who proves what to whom in the course of one reading: the chip to the terminal, the terminal to the chip.

Version 1 of both runs as soon as DG14 is there, in this order (TR-03110-1 §2.4); version 2 ran when the chip was
opened. Opening the chip anew belongs here, since it undoes what was proven to the chip.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Final

from crypto.errors import ChipIdError
from crypto.signatures.public_key import PublicKey
from crypto.wire.status_word import StatusWord
from reader import errors
from reader.chip_proofs import ChipAnswer, ChipAuthenticationRecord, agree_with_chip, authenticate_actively
from reader.general_authentication import GeneralAuthentication, TerminalIdentity
from reader.lds import files
from reader.lds.security_infos import ID_PK, ChipAuthenticationInfo, SecurityInfos, parse_card_access
from reader.plan import ReadPlan
from reader.progress import OnProgress, ProgressEvent, ReadingPhase
from reader.protocols.access_key import AccessKey
from reader.protocols.active_authentication import ActiveAuthenticationAnswer, DrawChallenge
from reader.protocols.chip_authentication import ChipAuthenticationSuite
from reader.protocols.secure_messaging import bare_status
from reader.resumption import is_gone
from reader.session import AccessReport, CardSession
from reader.terminal_access import (
    TerminalAnswer,
    TerminalRecord,
    authenticate_terminal,
    authority_references,
    offers_version,
)

__all__ = ["Declaration", "MutualAuthentication"]

_LEAVES_ROOM_FOR_VERSION_1: Final = (ChipAnswer.NEEDS_TERMINAL, ChipAnswer.NOT_SPOKEN, ChipAnswer.KEY_NOT_SHOWN)
_SAID_BY_VERSION_2: Final = (ChipAnswer.NOT_SPOKEN, ChipAnswer.KEY_NOT_SHOWN)
_TRIES: Final = 2
"""A chip may show only at a long certificate that it takes no long commands; it has to be opened anew then."""

_KEY_OF_ANOTHER: Final = (errors.WRONG_KEY, errors.WRONG_MRZ, errors.NOT_AN_EMRTD, errors.ACCESS_NOT_SUPPORTED)
"""How a card answers a key that opened the one before it."""


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Declaration:
    """What DG14 says.

    Attributes:
        infos: its content; empty if it was not read.
        suites: chip authentication as it can be spoken here, best first.
        is_unusable: whether it was read and cannot be used.
    """

    infos: SecurityInfos = dataclasses.field(default_factory=lambda: SecurityInfos((), b""))
    suites: Sequence[ChipAuthenticationSuite] = ()
    is_unusable: bool = False


class MutualAuthentication:
    """Opens a chip and keeps the account of all proofs.

    Args:
        session: not yet opened.
        key: what opens it.
        plan: whether the chip is asked to prove itself.
        terminal: who the terminal is, or ``None`` if it has no certificates.
        on_progress: told about every step.
    """

    def __init__(
        self,
        session: CardSession,
        key: AccessKey,
        plan: ReadPlan,
        terminal: TerminalIdentity | None,
        on_progress: OnProgress,
    ) -> None:
        self._session = session
        self._key = key
        self._plan = plan
        self._terminal = terminal
        self._on_progress = on_progress
        self._access: AccessReport | None = None
        self._shown: tuple[bytes | None, bytes | None] = (None, None)
        self._has_version_2 = False
        self.chip = ChipAuthenticationRecord(ChipAnswer.NOT_ASKED)
        """How chip authentication went. ``GIVEN`` may still await its proof, see :attr:`awaits_proof`."""
        self.terminal = TerminalRecord(TerminalAnswer.NOT_ASKED)
        """How terminal authentication went."""
        self.awaits_proof = False
        """Whether keys were agreed on and no answer under them has come yet."""
        self.is_admitted = False
        """Whether the terminal is admitted in the present channel."""

    # ------------------------------------------------------------------------------------- opening
    def open(self) -> AccessReport:
        """The first opening, and that of a card which came back after it was torn away.

        Raises:
            ProtocolError: ``card.another`` if it does not open as before; and as :meth:`reader.session.CardSession.open`.
            CardStatusError, DocumentError, TransportError: as there.
        """
        if self._access is not None:
            self._open_after_return()
            return self._access
        self._access = self._session.open(self._key, self._plan, self._terminal)
        self._shown = self._session.card_access, self._session.card_security
        general = self._session.general_authentication
        self._has_version_2 = general is not None and general.keys is not None
        return self._access

    def begin_again(self) -> None:
        """The card was torn away: whichever comes back has proven nothing yet, and neither has the terminal."""
        self.chip = ChipAuthenticationRecord(ChipAnswer.NOT_ASKED)
        self.terminal = TerminalRecord(TerminalAnswer.NOT_ASKED)
        self.awaits_proof = self.is_admitted = False
        self._session.give_up_card(was_open=self._access is not None)

    def _open_after_return(self) -> None:
        try:
            is_same = self._opens_as_before(self._terminal if self._has_version_2 else None)
        except (errors.ProtocolError, errors.CardStatusError) as error:
            if error.code not in _KEY_OF_ANOTHER or is_gone(self._session.link):
                raise
            raise errors.ProtocolError(errors.ANOTHER_CARD) from error
        if not is_same:
            raise errors.ProtocolError(errors.ANOTHER_CARD)

    def reopen(self) -> None:
        """Open the chip once more. If it does not open in the very same way, somebody plays with us.

        A chip that has not answered under the keys of chip authentication by then does not hold the key of DG14.

        Raises:
            ProtocolError: ``access.protocol_violation``, and as :meth:`reader.session.CardSession.open`.
        """
        self.note_proof()
        if self.awaits_proof:
            self._note_loss()
        self.is_admitted = False
        general = self._session.general_authentication
        terminal = self._terminal if general is not None and general.keys is not None else None
        if not self._opens_as_before(terminal):
            raise errors.ProtocolError(errors.CHIP_DECEPTIVE)
        if terminal is not None:
            self._take_general_authentication()

    def _opens_as_before(self, terminal: TerminalIdentity | None) -> bool:
        """Both files are judged once for all that was read. The second may be closed to a later opening."""
        access = self._session.open(self._key, self._plan, terminal)
        card_access, card_security = self._shown
        again = self._session.card_security
        if self._session.card_access != card_access or (None not in (card_security, again) and again != card_security):
            return False
        self._shown = card_access, card_security or again
        self._session.card_security = self._shown[1]  # what was shown once is judged, also if it is closed by now
        return access == self._access

    def note_proof(self) -> None:
        """Any answer that opens under the keys of chip authentication shows that the chip holds the key of DG14."""
        if self.awaits_proof and self._session.channel_has_answered:
            self.awaits_proof = False

    def settle_proof(self) -> None:
        """If nothing was left to read after chip authentication, one more command brings the proof."""
        if not self.awaits_proof:
            return
        try:
            self._session.is_present(files.data_group(14))  # read before, so no chip has a reason to guard it now
        except errors.ProtocolError as error:
            if is_gone(self._session.link):  # half an answer shows nothing
                raise errors.TransportError(errors.CARD_REMOVED) from error
            self._note_loss()
        self.note_proof()

    def _note_loss(self) -> None:
        self.chip = dataclasses.replace(self.chip, answer=ChipAnswer.LOST)
        self.awaits_proof = False

    # --------------------------------------------------------------------------------- both proofs
    def run(self, declared: Declaration) -> None:
        """The chip's proof, then the terminal's if it has certificates.

        Raises:
            TransportError, ProtocolError: the card is gone, or does not open again.
        """
        general = self._take_general_authentication()
        if general is not None and general.chip.answer not in _LEAVES_ROOM_FOR_VERSION_1:
            return
        declared = self._without_guesses(declared)
        tries = _TRIES if general is None or general.terminal.answer is TerminalAnswer.NOT_POSSIBLE else 0
        while True:
            terminal_key = self._authenticate_chip(declared)
            if not declared.suites:  # then chip-authentication mapping is proof enough (Doc 9303-11 §7.1.2)
                terminal_key = self._session.mapped_terminal_key
            if self._terminal is None or not tries:
                return
            broken = self._authenticate_terminal(self._terminal, declared.infos, terminal_key)
            if broken is None:
                return
            # the chip was opened anew and proves itself anew; the terminal only if shorter commands may help
            tries = tries - 1 if self._may_go_in_parts(broken) else 0

    def _without_guesses(self, declared: Declaration) -> Declaration:
        """After chip-authentication mapping a key without a protocol serves that: nobody has to guess at 3DES."""
        is_guess = self._session.mapping_proofs and not declared.infos.of(ChipAuthenticationInfo)
        return dataclasses.replace(declared, suites=()) if is_guess else declared

    def _take_general_authentication(self) -> GeneralAuthentication | None:
        """Version 2 of both, as it went the last time that the chip was opened."""
        general = self._session.general_authentication
        if general is not None:
            self.chip, self.terminal = general.chip, general.terminal
            self.is_admitted = general.keys is not None
        return general

    def _authenticate_chip(self, declared: Declaration) -> bytes:
        """Version 1 (Doc 9303-11 §6.2). Returns the terminal's compressed key, ``b""`` for none."""
        if not self._plan.chip_authentication:
            self.chip = ChipAuthenticationRecord(ChipAnswer.NOT_ASKED)
            return b""
        if not declared.suites:
            if self.chip.answer not in _SAID_BY_VERSION_2:
                self.chip = self._without_suites(declared)
            return b""
        self._on_progress(ProgressEvent(ReadingPhase.CHIP_AUTHENTICATION))
        with self._session.link.phase(ReadingPhase.CHIP_AUTHENTICATION):
            agreement = agree_with_chip(
                declared.suites, self._session.transmit, self.reopen, self._session.link.randomness.new_scalar
            )
        self.chip = agreement.record
        if agreement.keys is not None:
            self._session.replace_channel(agreement.keys)
            self.awaits_proof = True
        return agreement.terminal_key

    def _without_suites(self, declared: Declaration) -> ChipAuthenticationRecord:
        """Why nothing could be asked."""
        shown = self._shown_before_access()
        announced = (*declared.infos.of(ChipAuthenticationInfo), *shown.of(ChipAuthenticationInfo))
        if any(info.version == 2 for info in announced) or offers_version(shown, 2):
            return ChipAuthenticationRecord(ChipAnswer.NEEDS_TERMINAL, 2)
        if self._session.mapping_proofs and not announced:
            return ChipAuthenticationRecord(ChipAnswer.NOT_OFFERED)
        has_key = declared.is_unusable or any(info.oid.startswith(f"{ID_PK}.") for info in declared.infos.infos)
        return ChipAuthenticationRecord(ChipAnswer.NOT_SPOKEN if has_key else ChipAnswer.NOT_OFFERED)

    def _shown_before_access(self) -> SecurityInfos:
        octets = self._session.card_access
        try:
            return SecurityInfos((), b"") if octets is None else parse_card_access(octets)
        except ChipIdError:
            return SecurityInfos((), b"")

    def _authenticate_terminal(
        self, terminal: TerminalIdentity, infos: SecurityInfos, terminal_key: bytes
    ) -> errors.ProtocolError | None:
        """Version 1, in the channel of chip authentication (TR-03110-1 §2.4, §3.5).

        Returns:
            What broke the channel, so that the chip was opened anew; ``None`` if nothing did.
        """
        # first of all a command that every chip knows: what fails from here on says nothing about the chip's own key
        self.settle_proof()
        identifier = self._session.chip_identifier
        is_proven = self.chip.answer is ChipAnswer.GIVEN or terminal_key == self._session.mapped_terminal_key
        if not terminal_key or identifier is None or not is_proven:
            if offers_version(infos, 1):
                self.terminal = TerminalRecord(TerminalAnswer.NOT_POSSIBLE, 1)
            elif self.terminal.answer is not TerminalAnswer.NOT_POSSIBLE:  # which version 2 may have said
                self.terminal = TerminalRecord(TerminalAnswer.NOT_OFFERED)
            if self.chip.answer is ChipAnswer.LOST:
                self.reopen()
            return None
        self._on_progress(ProgressEvent(ReadingPhase.TERMINAL_AUTHENTICATION))
        with self._session.link.phase(ReadingPhase.TERMINAL_AUTHENTICATION):
            try:
                self.terminal = self._admit(terminal, infos, identifier, terminal_key)
                self.is_admitted = self.terminal.answer is TerminalAnswer.ADMITTED
            except (errors.TerminalError, errors.DocumentError) as error:
                self.terminal = TerminalRecord(TerminalAnswer.FAILED, 1, error.code)
            except errors.ProtocolError as error:
                self.terminal = TerminalRecord(TerminalAnswer.FAILED, 1, error.code)
                self.reopen()
                return error
        return None

    def _may_go_in_parts(self, error: errors.ProtocolError) -> bool:
        """Whether it was a long command that closed the channel, and it may be sent in parts from now on."""
        return bare_status(error) == StatusWord.WRONG_LENGTH and self._session.can_send_shorter

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

    # ------------------------------------------------------------------------------ the chip alone
    def have_signed(self, key: PublicKey, draw: DrawChallenge) -> tuple[ChipAnswer, ActiveAuthenticationAnswer | None]:
        """Active authentication with the key of DG15 (Doc 9303-11 §6.1)."""
        self._on_progress(ProgressEvent(ReadingPhase.ACTIVE_AUTHENTICATION))
        with self._session.link.phase(ReadingPhase.ACTIVE_AUTHENTICATION):
            return authenticate_actively(
                key, self._session.transmit, self.reopen, draw, short_link=not self._session.link_carries_long
            )
