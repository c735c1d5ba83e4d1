"""What a running session knows. A reset forgets all of it; what a card remembers for life stands elsewhere."""

from __future__ import annotations

from crypto.pace.parameters import PasswordReference
from crypto.wire.apdu import ResponseApdu
from emulator.chip.access_rules import AccessLevel, SecurityStatus
from emulator.chip.chip_authentication import ChipAuthenticated
from emulator.chip.command_chain import CommandChain
from emulator.chip.content import ChipAuthenticationKey, ChipContent
from emulator.chip.file_system import FileSystem
from emulator.chip.misbehaviour import Misbehaviour
from emulator.chip.pace import PaceOutcome, PaceRun
from emulator.chip.secure_messaging import ChipChannel
from emulator.chip.terminal_authentication import TerminalKeys, TerminalProof

__all__ = ["Session"]


class Session:
    """Everything volatile: selection, channel, and protocols that have been begun."""

    def __init__(self, content: ChipContent) -> None:
        self.files = FileSystem(content)
        self._forget()

    def _forget(self) -> None:
        self.channel: ChipChannel | None = None
        self.security = SecurityStatus()
        self.next_channel: ChipChannel | None = None  # takes over once the answer has gone out
        self.next_level = AccessLevel.NONE
        self.next_pace: PaceOutcome | None = None
        self.next_agreement: ChipAuthenticated | None = None
        self.pace_outcome: PaceOutcome | None = None
        """Of the latest PACE in this session: by which password, and what the terminal said about itself."""
        self.resumed: frozenset[PasswordReference] = frozenset()
        """Passwords that the CAN has resumed; for this session only (TR-03110-2 §2.2.3)."""
        self.challenge: bytes | None = None
        self.pace: PaceRun | None = None
        self.agreement_key: ChipAuthenticationKey | None = None
        self.agreed_key: bytes | None = None
        """Comp(PK_PCD) of the chip authentication that made the running channel, ``None`` if another protocol did."""
        self.mapped_key: bytes | None = None
        """The same if PACE with chip authentication mapping made it: as good for version 1 (TR-03110-1 §3.5)."""
        self.terminal_keys = TerminalKeys()
        self.terminal: TerminalProof | None = None
        self.chain = CommandChain()

    def end(self) -> None:
        """Keys deleted, rights reset (Doc 9303-11 §9.8.3). The selection stays; access rules guard it."""
        self._forget()

    def discard_agreed_keys(self) -> None:
        """The command just answered has agreed on no keys, whatever it had begun."""
        self.next_channel, self.next_level = None, AccessLevel.NONE
        self.next_pace, self.next_agreement = None, None

    def agree(self, agreement: ChipAuthenticated) -> None:
        """Chip authentication has come to new keys, for after the answer."""
        self.next_channel, self.next_agreement = agreement.channel, agreement

    def trust_terminal(self, proof: TerminalProof) -> None:
        """Terminal authentication has succeeded."""
        self.terminal = proof
        self._apply_rights()

    def signed_key(self, version: int) -> bytes | None:
        """Comp(PK_PCD) of the running channel, as far as a terminal's signature of that version can be about it."""
        return self.mapped_key if version == 1 and self.agreed_key is None else self.agreed_key

    def _apply_rights(self) -> None:
        """Rights hold only in the channel that was made with the ephemeral key that the terminal has signed.

        Version 1 has that channel already (TR-03110-1 §3.5.2), version 2 makes it next (TR-03110-2 §3.3.2). Any other
        change of keys takes the rights away.
        """
        proof = self.terminal
        bound = proof is not None and proof.compressed_key == self.signed_key(proof.version)
        self.security = self.security.with_rights(proof.authorization if proof is not None and bound else None)

    def take_over(self, response: ResponseApdu, misbehaviour: Misbehaviour) -> None:
        """Installs the keys that the command just answered has agreed on."""
        new, self.next_channel = self.next_channel, None
        proven, self.next_level = self.next_level, AccessLevel.NONE
        pace, self.next_pace = self.next_pace, None
        agreement, self.next_agreement = self.next_agreement, None
        if new is None or not response.is_success:
            return
        if self.channel is not None and misbehaviour.keeps_old_keys():
            return
        self.channel = new
        if pace is not None:
            self.pace_outcome = pace
            self.resumed = (self.resumed - {pace.password}) | pace.resumes
        self.agreed_key = None if agreement is None else agreement.compressed_key
        self.mapped_key = None if pace is None else pace.compressed_terminal_key
        self.security = self.security.reached(max(proven, AccessLevel.CHIP_ACCESS))
        self._apply_rights()
        self.challenge = None
        self.agreement_key = None
