"""Cards that lie, and terminals with certificates that meet them. All of it is made from TEST cards."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
from collections.abc import Callable, Mapping, Sequence

import reader
from crypto.errors import ChipIdError
from crypto.primitives.secret import Secret
from crypto.wire.apdu import CommandApdu, ResponseApdu
from emulator.adapters.inprocess import EmulatedTransport
from emulator.chip.card import VirtualCard
from emulator.chip.content import ChipAuthenticationKey, ChipContent
from emulator.chip.misbehaviour import Misbehaviour
from emulator.personalise.cv_issuer import RIGHTS, CvSuite, Validity
from emulator.personalise.terminal_folder import terminal_chain
from reader.protocols.access_key import AccessKey
from reader.reports import result as report
from reader.terminal_credentials import TerminalCredentials
from reader.transport.base import CardTransport
from reader.verification.verdict import Decision
from tests.unit.reader_cards import NOON, TRUST

MOST_COMMANDS = 3000
"""More than any honest reading of a TEST card needs, several times over."""

PlainAnswer = Callable[[CommandApdu, ResponseApdu], ResponseApdu]
SentAnswer = Callable[[bytes, bytes], bytes]


class EndlessReadingError(AssertionError):
    """The reader does not come to an end."""


class Liar(Misbehaviour):
    """Changes answers before protection, or what goes out over the link; counts what it is asked."""

    def __init__(self, plain: PlainAnswer | None = None, sent: SentAnswer | None = None) -> None:
        self._plain, self._sent = plain, sent
        self.commands: list[bytes] = []
        self.plain_commands: list[CommandApdu] = []

    def before(self, command: bytes) -> None:
        self.commands.append(command)
        if len(self.commands) > MOST_COMMANDS:
            raise EndlessReadingError

    def plain_answer(self, command: CommandApdu, answer: ResponseApdu) -> ResponseApdu:
        self.plain_commands.append(command)
        return answer if self._plain is None else self._plain(command, answer)

    def sent_answer(self, command: bytes, answer: bytes) -> bytes:
        return answer if self._sent is None else self._sent(command, answer)


@dataclasses.dataclass(frozen=True)
class Ending:
    """How a reading ended: with an outcome or with an error of ours."""

    outcome: reader.ReadOutcome | None
    error: ChipIdError | None

    @property
    def read(self) -> reader.ReadOutcome:
        """The outcome, which must be there."""
        assert self.outcome is not None, str(self.error)
        return self.outcome

    @property
    def refused(self) -> ChipIdError:
        """The error, which must be there."""
        assert self.error is not None, self.outcome
        return self.error

    @property
    def accepted(self) -> bool:
        return self.outcome is not None and self.outcome.verdict.decision is Decision.ACCEPT

    def check(self, name: str) -> tuple[str, str]:
        """Status and code of one check."""
        return next((found.status.value, found.code) for found in self.read.checks if found.check == name)

    @property
    def text(self) -> str:
        """Everything that a person or a log may come to see, but for the report itself."""
        if self.outcome is None:
            return f"{self.error} {self.error!r} {self.refused.facts}"
        return f"{self.outcome!r} {self.outcome.reading!r} {self.outcome.checks!r} {self.outcome.verdict!r}"


@functools.cache
def credentials(*rights: str) -> TerminalCredentials:
    """A TEST terminal of the authority that emulated cards trust."""
    chain = terminal_chain(
        CvSuite("ecdsa-sha256", curve_name="brainpoolP256r1"),
        rights=sum(RIGHTS[right] for right in rights or tuple(RIGHTS)),
        validity=Validity(NOON.date(), NOON.date() + dt.timedelta(days=90)),
        issued=NOON.date(),
        link=False,
    )
    octets = b"".join((chain.authority, *chain.links, chain.verifier, chain.terminal))
    return TerminalCredentials.from_octets(octets, chain.private_key_pem)


def meet(
    card: CardTransport,
    key: AccessKey,
    *,
    terminal: TerminalCredentials | None = None,
    policy: str = "desk",
) -> Ending:
    """Read a card and write both reports. Anything but an outcome or an error of ours fails the test."""
    try:
        with card:
            outcome = reader.read(card, key, trust=TRUST, policy=policy, now=lambda: NOON, terminal=terminal)
    except ChipIdError as error:
        return Ending(None, error)
    report.as_json(outcome)
    report.as_text(outcome)
    return Ending(outcome, None)


def chip(content: ChipContent, misbehaviour: Misbehaviour | None = None) -> EmulatedTransport:
    """A card in the reader."""
    return EmulatedTransport(VirtualCard(content, misbehaviour=misbehaviour))


def copy_of(content: ChipContent) -> ChipContent:
    """The same files with keys that somebody made up, as the chip gives nobody its own."""

    def made_up(key: ChipAuthenticationKey) -> ChipAuthenticationKey:
        group = getattr(key.private_key, "curve", None) or key.private_key.group
        return dataclasses.replace(key, private_key=group.private_key(42))

    return dataclasses.replace(
        content,
        chip_authentication=tuple(made_up(key) for key in content.chip_authentication),
        chip_authentication_mapping=tuple(
            dataclasses.replace(key, scalar=Secret(b"\x2a")) for key in content.chip_authentication_mapping
        ),
        active_authentication=None,
    )


class SwitchingCard:
    """A reader in which one card takes the other's place whenever the card is reset.

    Args:
        cards: by name.
        order: which one lies there at the first, second … opening; the last one stays.
    """

    is_emulated = True
    max_command = max_response = 65_544

    def __init__(self, cards: Mapping[str, VirtualCard], order: Sequence[str]) -> None:
        self._cards, self._order = cards, list(order)
        self._present = cards[order[0]]
        self.openings = 0
        self.atr = self._present.atr

    def reset(self) -> None:
        name = self._order[min(self.openings, len(self._order) - 1)]
        self.openings += 1
        self._present = self._cards[name]
        self._present.reset()

    def transmit(self, command: bytes) -> bytes:
        return self._present.transmit(command)

    def close(self) -> None:
        return

    def __enter__(self) -> SwitchingCard:
        return self

    def __exit__(self, *_: object) -> None:
        return
