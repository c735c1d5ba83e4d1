"""What a running session knows. A reset forgets all of it; what a card remembers for life stands elsewhere."""

from __future__ import annotations

from crypto.pace.parameters import PasswordReference
from crypto.wire.apdu import ResponseApdu
from emulator.chip.access_rules import AccessLevel, SecurityStatus
from emulator.chip.command_chain import CommandChain
from emulator.chip.content import ChipAuthenticationKey, ChipContent
from emulator.chip.file_system import FileSystem
from emulator.chip.misbehaviour import Misbehaviour
from emulator.chip.pace import PaceOutcome, PaceRun
from emulator.chip.secure_messaging import ChipChannel

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
        self.pace_outcome: PaceOutcome | None = None
        """Of the latest PACE in this session: by which password, and what the terminal said about itself."""
        self.resumed: frozenset[PasswordReference] = frozenset()
        """Passwords that the CAN has resumed; for this session only (TR-03110-2 §2.2.3)."""
        self.challenge: bytes | None = None
        self.pace: PaceRun | None = None
        self.agreement_key: ChipAuthenticationKey | None = None
        self.chain = CommandChain()

    def end(self) -> None:
        """Keys deleted, rights reset (Doc 9303-11 §9.8.3). The selection stays; access rules guard it."""
        self._forget()

    def discard_agreed_keys(self) -> None:
        """The command just answered has agreed on no keys, whatever it had begun."""
        self.next_channel, self.next_level, self.next_pace = None, AccessLevel.NONE, None

    def take_over(self, response: ResponseApdu, misbehaviour: Misbehaviour) -> None:
        """Installs the keys that the command just answered has agreed on."""
        new, self.next_channel = self.next_channel, None
        proven, self.next_level = self.next_level, AccessLevel.NONE
        pace, self.next_pace = self.next_pace, None
        if new is None or not response.is_success:
            return
        if self.channel is not None and misbehaviour.keeps_old_keys():
            return
        self.channel = new
        if pace is not None:
            self.pace_outcome = pace
            self.resumed = (self.resumed - {pace.password}) | pace.resumes
        self.security = self.security.reached(max(proven, AccessLevel.CHIP_ACCESS))
        self.challenge = None
        self.agreement_key = None
