"""One card: opened by a key, read through a protected channel.

``CardSession.open`` follows Doc 9303-11 §4.2 (the chip's own offer first, PACE before BAC) and what is documented of
the Vietnamese CCCD: it refuses to select the master file, and sometimes does not show EF.CardAccess at all.
Nothing is downgraded silently: whatever is weaker than the chip's offer stands in
:attr:`reader.access_report.AccessReport.downgrades`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from crypto.primitives.block_cipher import SymmetricCipher
from crypto.wire import limits
from crypto.wire.apdu import CommandApdu, ResponseApdu
from crypto.wire.status_word import StatusWord
from reader import errors
from reader.access_report import AccessReport, Downgrade, weaker_than_offered
from reader.block_sizes import BlockSizes
from reader.card_access import CardAccessSource, find_card_access
from reader.card_capabilities import ApduSizes, CardCapabilities
from reader.command_chaining import CommandLengths
from reader.file_reading import PartialFile, begins_with, read_file, select_file
from reader.general_authentication import (
    NOT_ADMITTED,
    GeneralAuthentication,
    TerminalIdentity,
    authenticate_generally,
)
from reader.lds import files
from reader.lds.security_infos import SecurityInfos
from reader.link import Link
from reader.plan import ReadPlan
from reader.progress import OnProgress, ProgressEvent, ReadingPhase, ignore_progress
from reader.protocols.access_key import AccessKey, HolderKey, MrzKey
from reader.protocols.bac import bac_terminal
from reader.protocols.exchange import Steps, Transmit, run
from reader.protocols.offers import OfferProblem, PaceOffers, pace_offers
from reader.protocols.pace import MappingProof, PaceResult, PaceSuite, pace_terminal
from reader.protocols.password_status import RESUMABLE
from reader.protocols.secure_messaging import SecureChannel, SessionKeys, bare_status
from reader.terminal_access import offers_version

__all__ = ["AccessReport", "CardAccessSource", "CardSession", "Downgrade", "password_opens_nothing"]

_MUTE: Final = (errors.CARD_MUTE, errors.LINK_FAILED)
_MOST_SUITES: Final = 8
"""Offers that are tried one after the other while the chip refuses them: more than any document has."""


class CardSession:
    """A conversation with one chip.

    Args:
        link: counts, times and cancels.
        on_progress: told about every step.
    """

    def __init__(self, link: Link, on_progress: OnProgress = ignore_progress) -> None:
        self.link = link
        self._on_progress = on_progress
        self._channel: SecureChannel | None = None
        self._plain_is_over = False  # as soon as it is opened, unless the chip has no access control
        self._lengths = CommandLengths(link.transport.max_command)
        self._blocks = BlockSizes(link.transport.max_command, link.transport.max_response)
        self._answer_to_reset: bytes | None = None
        self.can_send_shorter = False
        """Whether a bare 6700 has closed a channel, so that long commands go out in parts from the next opening on."""
        self.can_ask_for_less = False
        """Whether a block longer than any before has broken the channel; once the chip is opened again, less is asked for."""
        self._card_security_is_guarded = False
        self.card_access: bytes | None = None
        """EF.CardAccess exactly as read, or ``None`` if the chip did not show it."""
        self.card_security: bytes | None = None
        """EF.CardSecurity exactly as read, after chip-authentication mapping or version 2 of chip authentication."""
        self.mapping_proofs: tuple[MappingProof, ...] = ()
        """What chip-authentication mapping left to be verified: one for each time that the chip was opened."""
        self.chip_identifier: bytes | None = None
        """ID_PICC, the chip's name in terminal authentication; ``None`` for a chip without access control."""
        self.mapped_terminal_key = b""
        """The terminal's compressed key of chip-authentication mapping, ``b""`` where that was not spoken."""
        self.general_authentication: GeneralAuthentication | None = None
        """What came of version 2 of terminal and chip authentication, where both sides have it."""
        self._terminal: TerminalIdentity | None = None

    @property
    def channel_has_answered(self) -> bool:
        """Whether the chip has answered correctly at least once under the current keys."""
        return self._channel is not None and self._channel.has_answered

    @property
    def link_carries_long(self) -> bool:
        """Whether commands and answers may have extended length fields, as far as it is the reader's to say."""
        return self._blocks.link_carries_long

    def transmit(self, command: CommandApdu) -> ResponseApdu:
        """Send a command, protected once a channel is there; in parts if it is longer than the card takes.

        Raises:
            ProtocolError: ``channel.broken`` or ``channel.closed``.
            TransportError: the card is gone.
        """
        answer = self._transmit_parts(command) if command.data else self._transmit_one(command)
        if answer.sw == StatusWord.WRONG_LENGTH and self._lengths.note_refusal(command, self._cipher):
            return self._transmit_parts(command)
        return answer

    def _transmit_parts(self, command: CommandApdu) -> ResponseApdu:
        *chained, last = self._lengths.parts(command, self._cipher)
        for part in chained:
            answer = self._transmit_one(part)
            if not answer.is_success:
                return answer
        return self._transmit_one(last)

    def _transmit_one(self, command: CommandApdu) -> ResponseApdu:
        channel = self._channel
        if channel is None:
            if self._plain_is_over:  # an opening has failed: there is nothing to go on with
                raise errors.ProtocolError(errors.CHANNEL_CLOSED)
            return self.link.exchange(command)
        try:
            return channel.unprotect(self.link.exchange(channel.protect(command)))
        except errors.ProtocolError as error:
            status = bare_status(error)
            if status == StatusWord.WRONG_LENGTH:
                self.can_send_shorter |= self._lengths.note_refusal(command, channel.cipher)
            if status is not None:
                self.can_ask_for_less = self._blocks.note_break(command, channel.cipher, status)
            raise
        except errors.TransportError as error:
            channel.close()  # an answer that never came leaves the counter unknown: closed for good
            if error.code in _MUTE:
                self.can_ask_for_less = self._blocks.note_break(command, channel.cipher, None)
            raise
        except BaseException:
            channel.close()
            raise

    @property
    def _cipher(self) -> SymmetricCipher | None:
        return self._channel.cipher if self._channel else None

    def replace_channel(self, keys: SessionKeys) -> None:
        """Go on under new keys (after chip authentication). The old ones are never used again."""
        if self._channel is not None:
            self._channel.close()
        self._channel = SecureChannel(keys)

    def _forget_channel(self) -> None:
        self.close()
        self._channel = None

    def close(self) -> None:
        """Forget the keys. The transport stays with its owner."""
        if self._channel is not None:
            self._channel.close()

    # ------------------------------------------------------------------------------------- opening
    def open(self, key: AccessKey, plan: ReadPlan, terminal: TerminalIdentity | None = None) -> AccessReport:
        """Run access control and select the eMRTD application.

        A terminal with certificates authenticates itself on the way, to a chip that has version 2 of it; what came of
        it stands in :attr:`general_authentication`. If it fails, the chip is opened again as by any other terminal.

        Raises:
            ProtocolError: ``access.wrong_key``, ``access.pin_suspended`` and their like,
                ``access.not_supported`` (with a ``reason`` if offers of PACE could not be taken) …
            CardStatusError: ``card.not_an_identity_card`` …
            DocumentError: ``document.malformed``: EF.CardAccess is not what it should be.
            TransportError: the card is gone.
        """
        self._on_progress(ProgressEvent(ReadingPhase.CONNECTING))
        with self.link.phase(ReadingPhase.CONNECTING):
            self._channel, self.chip_identifier, self.mapped_terminal_key = None, None, b""
            self._plain_is_over = True
            self._terminal = terminal
            self.link.reset()  # an earlier program may have left an application selected or a channel open
            self._learn_command_lengths()
            source, infos = self._find_card_access(key, plan)
        self._on_progress(ProgressEvent(ReadingPhase.ACCESS_CONTROL))
        with self.link.phase(ReadingPhase.ACCESS_CONTROL):
            guarded_before, could_send_shorter = self._card_security_is_guarded, self.can_send_shorter
            try:
                report = self._run_access_control(key, plan, source, infos)
            except (errors.ProtocolError, errors.TransportError):
                if not self.can_ask_for_less and (guarded_before or not self._card_security_is_guarded):
                    raise
                return self.open(key, plan, terminal)  # now without asking for that file, or for so much of it
        if self._terminal is not None and self.general_authentication and self.general_authentication.keys is None:
            # a long certificate or file may have shown only now that commands have to be shorter: once more with them
            learnt = self.can_ask_for_less or (self.can_send_shorter and not could_send_shorter)
            return self.open(key, plan, terminal if learnt else None)
        return report

    def give_up_card(self, *, was_open: bool) -> None:
        """The card was torn away: no keys of it are used any more.

        Args:
            was_open: whether it had opened before. What is known of a card that never did is forgotten.
        """
        self._forget_channel()
        self._blocks.card_was_lifted()
        self._card_security_is_guarded = False  # it may have been the tear that looked like a refusal
        if not was_open:
            self.card_access = self.card_security = self.general_authentication = None

    def open_master_file(self, key: AccessKey, plan: ReadPlan) -> AccessReport:
        """Run PACE and stay under the master file, where a PIN is managed. No application is selected.

        Raises:
            ProtocolError: as :meth:`open`; ``access.not_supported`` also for a chip without PACE.
            DocumentError, TransportError: as :meth:`open`.
        """
        self._on_progress(ProgressEvent(ReadingPhase.CONNECTING))
        with self.link.phase(ReadingPhase.CONNECTING):
            self._channel, self.chip_identifier, self.mapped_terminal_key = None, None, b""
            self._plain_is_over = True
            self.link.reset()
            self._learn_command_lengths()
            source, infos = self._find_card_access(key, plan)
        self._on_progress(ProgressEvent(ReadingPhase.ACCESS_CONTROL))
        offers = pace_offers(infos) if infos else PaceOffers((), ())
        if offers.are_manipulated or not offers.suites:
            code = errors.CHIP_DECEPTIVE if offers.are_manipulated else errors.ACCESS_NOT_SUPPORTED
            raise errors.ProtocolError(code)
        suite = offers.suites[0]
        with self.link.phase(ReadingPhase.ACCESS_CONTROL):
            result, resumed = self._run_pace(suite, key, None)
        self.replace_channel(result.keys)
        return AccessReport("PACE", suite.name, key.reference.name, source, (), result.tries_announced, resumed)

    def _learn_command_lengths(self) -> None:
        """From the answer to reset, and from EF.ATR/INFO if that says that the sizes stand there (TR-03110-3 §B.9.2).

        What is known stays for as long as the same card lies there, however often it is opened.
        """
        transport, self.can_ask_for_less = self.link.transport, False
        if self._answer_to_reset != transport.atr:
            self._answer_to_reset = transport.atr
            self._lengths = CommandLengths(transport.max_command)
            self._blocks = BlockSizes(transport.max_command, transport.max_response)
        capabilities = CardCapabilities.from_atr(transport.atr)
        self._lengths.say(capabilities)
        self._blocks.say(capabilities)
        if self._blocks.want_sizes:
            # its data objects stand one after the other, so that no header tells the length of the file
            answer = self.link.exchange(CommandApdu(0x00, 0xB0, 0x80 | files.ATR_INFO.sfi, 0x00, ne=limits.SHORT_NE))
            sizes = ApduSizes.from_atr_info(answer.data)
            self._blocks.say_sizes(sizes)
            if sizes is not None:
                self._lengths.say_longest(sizes.command_bytes)

    def _run_access_control(
        self, key: AccessKey, plan: ReadPlan, source: CardAccessSource, infos: SecurityInfos | None
    ) -> AccessReport:
        offers = pace_offers(infos) if infos else PaceOffers((), ())
        if offers.are_manipulated:
            raise errors.ProtocolError(errors.CHIP_DECEPTIVE, reason=OfferProblem.PARAMETERS_MANIPULATED.value)
        weaker: tuple[Downgrade, ...] = ()
        reason: dict[str, str | int] = {"reason": offers.problems[0].value} if offers.problems else {}
        for suite in offers.suites[:_MOST_SUITES]:
            try:
                return self._open_by_pace(suite, key, source, (*weaker, *weaker_than_offered(suite, infos)), infos)
            except errors.ProtocolError as error:
                if error.code is not errors.ACCESS_NOT_SUPPORTED:
                    raise
                self._forget_channel()  # the access number may have opened one before the secret was refused
                weaker, reason = (Downgrade.LESSER_PACE_AS_BETTER_WAS_REFUSED,), dict(error.facts)
        downgrades: tuple[Downgrade, ...] = ()
        if offers.suites and source is CardAccessSource.READ:
            downgrades = (Downgrade.BAC_AS_PACE_WAS_REFUSED,)
        elif offers.exist and source is CardAccessSource.READ:
            downgrades = (Downgrade.BAC_AS_PACE_IS_NOT_SUPPORTED,)
        if downgrades and not plan.allow_bac_fallback:
            raise errors.ProtocolError(errors.ACCESS_NOT_SUPPORTED, **reason)
        return self._open_without_pace(key, source, downgrades, reason)

    def _open_by_pace(
        self,
        suite: PaceSuite,
        key: AccessKey,
        source: CardAccessSource,
        downgrades: tuple[Downgrade, ...],
        infos: SecurityInfos | None,
    ) -> AccessReport:
        terminal = self._terminal if infos is not None and offers_version(infos, 2) else None
        try:
            result, resumed = self._run_pace(suite, key, terminal)
        except errors.ProtocolError as error:
            if terminal is None or error.code is not errors.ACCESS_NOT_SUPPORTED:
                raise
            # it may be this kind of terminal that the password is not for (6A80, TR-03110-3 §B.11.1)
            result, resumed = self._run_pace(suite, key, None)
            self.general_authentication, self._terminal, terminal = NOT_ADMITTED, None, None
        self.replace_channel(result.keys)
        self.chip_identifier, self.mapped_terminal_key = result.chip_identifier, result.terminal_key
        if result.proof is not None:  # the static key that it is held against lies outside the application
            self.mapping_proofs, self.card_security = (*self.mapping_proofs, result.proof), self._read_card_security()
        if terminal is None or infos is None or self._authenticate_generally(terminal, infos, result):
            self._select_application_by(key)
        return AccessReport("PACE", suite.name, key.reference.name, source, downgrades, result.tries_announced, resumed)

    def _authenticate_generally(self, terminal: TerminalIdentity, infos: SecurityInfos, pace: PaceResult) -> bool:
        """Whether the chip can be gone on with; else it has to be opened again."""

        def card_security() -> bytes | None:
            self.card_security = self.card_security or self._read_card_security()
            return self.card_security

        self._on_progress(ProgressEvent(ReadingPhase.TERMINAL_AUTHENTICATION))
        with self.link.phase(ReadingPhase.TERMINAL_AUTHENTICATION):
            outcome = authenticate_generally(
                terminal, infos, pace, self.transmit, card_security, self.link.randomness.new_scalar
            )
        self.general_authentication = outcome
        if outcome.keys is not None:
            self.replace_channel(outcome.keys)
        return outcome.keys is not None

    def _run_pace(self, suite: PaceSuite, key: AccessKey, terminal: TerminalIdentity | None) -> tuple[PaceResult, bool]:
        """PACE; with a suspended PIN or PUK first by the card access number and then, inside, by the secret.

        A terminal that authenticates itself afterwards is shown to the chip here already.
        TR-03110-2 §2.4.1 step 2; TR-03110-3 §B.1: the second run MUST be under the secure messaging of the first.
        Returns what came out, and whether the last try was used so.
        """
        if suite.needs_long_commands and not self.link_carries_long:
            # the values of a large field; they cannot be cut, since PACE is a chain of commands itself
            raise errors.ProtocolError(errors.ACCESS_NOT_SUPPORTED, reason="reader_takes_no_long_commands")
        shown = b"" if terminal is None else terminal.authorization
        try:
            return run(self._pace(suite, key, shown), self.link.exchange), False
        except errors.ProtocolError as error:
            if error.code not in RESUMABLE or not isinstance(key, HolderKey) or key.resume_with is None:
                raise
        self.replace_channel(run(self._pace(suite, key.resume_with), self.link.exchange).keys)
        return run(self._pace(suite, key, shown, resumed=True), self.transmit), True

    def _pace(
        self, suite: PaceSuite, key: AccessKey, authorization: bytes = b"", *, resumed: bool = False
    ) -> Steps[PaceResult]:
        lots = self.link.randomness
        return pace_terminal(suite, key, lots.new_scalar, lots.octets, authorization, resumed=resumed)

    def _open_without_pace(
        self,
        key: AccessKey,
        source: CardAccessSource,
        downgrades: tuple[Downgrade, ...],
        reason: Mapping[str, str | int],
    ) -> AccessReport:
        """By BAC, or in plain where the chip has no access control. ``reason``: why PACE was not possible, if known."""
        try:
            self._select_application(self.link.exchange)
        except errors.CardStatusError as error:
            if error.facts.get("status_word") != str(StatusWord(StatusWord.SECURITY_STATUS_NOT_SATISFIED)):
                raise
            # it is there, and opens by PACE alone
            raise errors.ProtocolError(errors.ACCESS_NOT_SUPPORTED, **reason) from error
        if isinstance(key, MrzKey):  # BAC knows no card access number
            try:
                self._channel = SecureChannel(run(bac_terminal(key, self.link.randomness.octets), self.link.exchange))
                self.chip_identifier = key.document_number
            except errors.ProtocolError as error:
                if error.code is not errors.ACCESS_NOT_SUPPORTED:
                    raise
            else:
                return AccessReport("BAC", "BAC 3DES", key.reference.name, source, downgrades)
        if not self._reads_in_plain():
            raise errors.ProtocolError(errors.ACCESS_NOT_SUPPORTED, **reason)
        self._plain_is_over = False
        return AccessReport("NONE", "no access control", "NONE", source, downgrades)

    def _reads_in_plain(self) -> bool:
        """Whether the chip has no access control at all, which early documents lack (Doc 9303-11 §4.1 note 1)."""
        try:
            read_file(self.link.exchange, files.COM, self._blocks)
        except (errors.CardStatusError, errors.DocumentError):
            return False
        return True

    def _select_application_by(self, key: AccessKey) -> None:
        """A PIN or PUK may open a chip for other things only (TR-03110-2 §2.3.2.1): that is no foreign card."""
        try:
            self._select_application(self.transmit)
        except errors.CardStatusError as error:
            if not isinstance(key, HolderKey) or error.facts.get("status_word") != "6982":
                raise
            raise password_opens_nothing(key) from error

    @staticmethod
    def _select_application(transmit: Transmit) -> None:
        """SELECT by application identifier (Doc 9303-10 §3.6.1)."""
        answer = transmit(CommandApdu(0x00, 0xA4, 0x04, 0x0C, files.EMRTD_AID))
        if not answer.is_success and not answer.sw.is_warning:
            raise errors.CardStatusError(errors.NOT_AN_EMRTD, status_word=str(answer.sw))

    # ------------------------------------------------------------------------------ EF.CardAccess
    def _find_card_access(self, key: AccessKey, plan: ReadPlan) -> tuple[CardAccessSource, SecurityInfos | None]:
        found = find_card_access(self.link.exchange, self._blocks, assume_cccd=plan.assume_cccd and key.may_be_cccd)
        self.card_access = found.octets
        return found.source, found.infos

    def _read_card_security(self) -> bytes | None:
        """``None`` if the chip does not show it; then the proof stays without the key that it needs, as the check says."""
        if self._card_security_is_guarded:
            return None
        try:
            return self.read_file(files.CARD_SECURITY)
        except (errors.CardStatusError, errors.DocumentError):
            return None
        except errors.ProtocolError as error:
            self._card_security_is_guarded = bare_status(error) is not None and not self.can_ask_for_less
            raise

    # ------------------------------------------------------------------------------------- reading
    def read_file(
        self, file: files.FileId, files_done: int = 0, files_total: int = 0, partial: PartialFile | None = None
    ) -> bytes:
        """One file of the application, exactly as on the chip; see :func:`reader.file_reading.read_file`."""

        def report(done: int, total: int) -> None:
            self._on_progress(ProgressEvent(ReadingPhase.READING_FILE, file.name, done, total, files_done, files_total))

        return read_file(self.transmit, file, self._blocks, report, partial, cipher=self._cipher)

    def begins_with(self, file: files.FileId, content: bytes) -> bool:
        """Whether it is still the same card: one block of the file is read and compared with what was read before."""
        return begins_with(self.transmit, file, content, self._blocks, self._cipher)

    def is_present(self, file: files.FileId) -> bool:
        """Whether SELECT finds the file."""
        answer = select_file(self.transmit, file)
        return answer.is_success or answer.sw.is_warning


def password_opens_nothing(key: AccessKey) -> errors.CardStatusError:
    """The error for a password that is right but gives no right to read the application."""
    return errors.CardStatusError(
        errors.ACCESS_NOT_SUPPORTED, reason="password_gives_no_right_to_read", password=key.reference.name
    )
