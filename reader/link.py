"""Between protocols and a transport: counts what goes over the link, times it, and stops on request.

Response chaining of the transport (61XX, ISO/IEC 7816-4 §5.3.4) and a wrong Le (6CXX) are settled here, so that no
protocol has to know about them.
"""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from crypto.errors import WireError
from crypto.wire import limits
from crypto.wire.apdu import CommandApdu, ResponseApdu
from reader import errors
from reader.progress import ReadingPhase
from reader.randomness import SYSTEM_RANDOMNESS, Randomness
from reader.transport.base import CardTransport

__all__ = ["Link", "LinkStatistics", "LinkWitness", "Passage"]


_EXTERNAL_AUTHENTICATE, _GENERAL_AUTHENTICATE = 0x82, 0x86
_CHAINED = 0x10  # CLA bit 5: in PACE, all but the last command, which carries the token
_MOST_COMMANDS = 65_536
"""In one conversation. A whole document takes a few hundred, in the smallest blocks that are waited for some ten thousand;
at a contactless chip's pace this is some minutes."""

_MOST_ROUNDS = 1024
"""GET RESPONSE in one chain: four times what 64 kB need in the largest short answers."""


@dataclasses.dataclass(frozen=True, slots=True)
class LinkStatistics:
    """What went over the link: command-response pairs, and bytes both ways with status words."""

    commands: int
    bytes_sent: int
    bytes_received: int


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Passage:
    """One command-response pair as it went over the link, or a power cycle. Personal, and as good as a key: never logged.

    Attributes:
        transport: to which card.
        phase: of the reading, or ``None`` outside of one.
        command: octets; ``None`` for a power cycle.
        answer: octets with the status word; ``None`` if none came.
        began_s, ended_s: by the link's clock, in seconds.
        error: what came in place of the answer, or ``None``.
    """

    transport: CardTransport
    phase: ReadingPhase | None
    command: bytes | None
    answer: bytes | None
    began_s: float
    ended_s: float
    error: errors.TransportError | None


class LinkWitness(Protocol):
    """Whoever looks on: a trace, or a survey."""

    def on_passage(self, passage: Passage) -> None:
        """Told about everything that went over the link, as soon as it did. Does not raise."""
        ...


class Link:
    """One conversation with one card.

    Args:
        transport: an open connection.
        cancel: when set, the next command raises :class:`reader.errors.Cancelled` instead of being sent.
        clock: monotonic seconds.
        randomness: source of all that the terminal draws by lot in this conversation.
        witness: told about everything that goes over the link; ``None`` for nobody.
    """

    def __init__(
        self,
        transport: CardTransport,
        cancel: threading.Event | None = None,
        clock: Callable[[], float] = time.perf_counter,
        *,
        randomness: Randomness = SYSTEM_RANDOMNESS,
        witness: LinkWitness | None = None,
    ) -> None:
        self.transport = transport
        self.randomness = randomness
        self._witness = witness
        self._cancel = cancel or threading.Event()
        self._clock = clock
        self._commands = self._sent = self._received = 0
        self._seconds: dict[str, float] = {}
        self._phase: ReadingPhase | None = None
        self._since = 0.0

    @property
    def statistics(self) -> LinkStatistics:
        """Totals so far."""
        return LinkStatistics(self._commands, self._sent, self._received)

    @property
    def timing_ms(self) -> dict[str, float]:
        """Milliseconds by phase, in order of first appearance; a phase entered twice is added up."""
        return {phase: round(1000 * seconds, 3) for phase, seconds in self._seconds.items()}

    @contextmanager
    def phase(self, phase: ReadingPhase) -> Iterator[None]:
        """Time spent inside is booked on this phase; a phase within a phase interrupts the outer one."""
        outer = self._phase
        self._book()
        self._phase = phase
        try:
            yield
        finally:
            self._book()
            self._phase = outer

    def _book(self) -> None:
        now = self._clock()
        if self._phase is not None:
            self._seconds[self._phase.label] = self._seconds.get(self._phase.label, 0.0) + now - self._since
        self._since = now

    def reset(self) -> None:
        """Power-cycle the card."""
        if self._cancel.is_set():
            raise errors.Cancelled
        self._pass(None)

    def exchange(self, command: CommandApdu) -> ResponseApdu:
        """Send a command and return the complete answer.

        Raises:
            Cancelled: somebody asked to stop.
            TransportError: the card or the reader is gone; ``card.endless``.
        """
        answer = self._exchange_once(command)
        if answer.is_success:  # nearly always
            return answer
        right_ne = answer.sw.correct_ne
        if right_ne and not answer.data and _may_be_sent_again(command):
            answer = self._exchange_once(dataclasses.replace(command, ne=right_ne, extended=False))
        return self._collect(command, answer) if answer.sw.more_available is not None else answer

    def _collect(self, command: CommandApdu, answer: ResponseApdu) -> ResponseApdu:
        """GET RESPONSE until the chip has no more to give."""
        data = bytearray(answer.data)
        rounds_left = _MOST_ROUNDS
        while (more := answer.sw.more_available) is not None:
            # the chaining bit of CLA does not apply; GET RESPONSE itself is never protected
            ask = CommandApdu(command.cla & 0x03, 0xC0, 0x00, 0x00, ne=more or 256)
            answer = self._exchange_once(ask)
            if (right_ne := answer.sw.correct_ne) and not answer.data:
                answer = self._exchange_once(dataclasses.replace(ask, ne=right_ne))
            data += answer.data
            rounds_left -= 1
            if not answer.data or len(data) > limits.EXTENDED_NE or not rounds_left:
                raise errors.TransportError(errors.LINK_FAILED)
        return ResponseApdu(bytes(data), answer.sw)

    def _exchange_once(self, command: CommandApdu) -> ResponseApdu:
        if self._cancel.is_set():
            raise errors.Cancelled
        if self._commands >= _MOST_COMMANDS:
            raise errors.TransportError(errors.CARD_ENDLESS)
        octets = command.encode()
        answer = self._pass(octets)
        self._commands += 1
        self._sent += len(octets)
        self._received += len(answer)
        try:
            return ResponseApdu.parse(answer)
        except WireError as error:
            raise errors.TransportError(errors.LINK_FAILED) from error

    def _pass(self, command: bytes | None) -> bytes:
        """To the card and back: a command, or a power cycle, which has no answer."""
        transport, witness = self.transport, self._witness
        if witness is None:  # nearly always
            return self._send(transport, command)
        began_s = self._clock()
        try:
            answer = self._send(transport, command)
        except errors.TransportError as error:
            witness.on_passage(Passage(transport, self._phase, command, None, began_s, self._clock(), error))
            raise
        witness.on_passage(Passage(transport, self._phase, command, answer, began_s, self._clock(), None))
        return answer

    @staticmethod
    def _send(transport: CardTransport, command: bytes | None) -> bytes:
        """Transports of other rooms know only the builtin errors; a broken connection means that the card is gone."""
        try:
            if command is not None:
                return transport.transmit(command)
            transport.reset()
        except TimeoutError as error:
            raise errors.TransportError(errors.CARD_MUTE) from error
        except OSError as error:
            raise errors.TransportError(errors.CARD_REMOVED) from error
        return b""


def _may_be_sent_again(command: CommandApdu) -> bool:
    """Never a protected command, which would use the same send sequence counter twice; nor one that proves a password
    or a key, as a chip may count it as another try.
    """
    is_proof = command.ins == _EXTERNAL_AUTHENTICATE or (
        command.ins == _GENERAL_AUTHENTICATE and not command.cla & _CHAINED
    )
    return not command.cla & 0x0C and not is_proof
