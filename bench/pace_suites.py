"""PACE, suite by suite: the time of each half beside the bare library calls that it makes.

A conversation is held once between both halves, with fixed private numbers. Then each half is run again and again on
what the other said, alone and without a link, in turns with a bare replay of its library calls
(:mod:`bench.openssl_calls`), so that a slow moment of the machine meets both.
"""

from __future__ import annotations

import dataclasses
import hashlib
import statistics
import time
from collections.abc import Callable

from bench.openssl_calls import BareCalls, caught
from crypto.pace.parameters import STANDARDIZED_CURVES, PaceProtocol, pace_protocols
from crypto.primitives.curves import Curve, curve
from crypto.primitives.dh_groups import DH_GROUPS, DhGroup
from crypto.primitives.secret import Secret
from crypto.wire.apdu import CommandApdu, ResponseApdu
from emulator.chip.card import VirtualCard
from emulator.chip.content import ChipAuthenticationMappingKey, ChipContent, PaceOffer
from reader.protocols.access_key import CanKey
from reader.protocols.exchange import run as run_protocol
from reader.protocols.pace import PaceSuite, pace_terminal
from reader.protocols.pace_domain import DhDomain, EcdhDomain

__all__ = ["run"]

CAN = "271828"
ROUNDS = 31
MOST_RATIO = 1.5
"""Target for brainpoolP256r1 and larger curves."""
MOST_OWN_MS = 1.0
"""Target for secp256r1."""
_PROTOCOLS = {protocol.name: protocol for protocol in pace_protocols()}
_AES128 = "AES-CBC-CMAC-128"
SUITES: list[tuple[str, int]] = [
    *((f"PACE-ECDH-GM-{_AES128}", number) for number in STANDARDIZED_CURVES),
    ("PACE-ECDH-GM-3DES-CBC-CBC", 13),
    ("PACE-ECDH-GM-AES-CBC-CMAC-256", 13),
    *((f"PACE-ECDH-IM-{_AES128}", number) for number in (12, 13, 16)),
    *((f"PACE-ECDH-CAM-{_AES128}", number) for number in (12, 13, 16)),
    *((f"PACE-DH-GM-{_AES128}", number) for number in DH_GROUPS),
    (f"PACE-DH-IM-{_AES128}", 0),
]


@dataclasses.dataclass(frozen=True, slots=True)
class Half:
    """One side of a suite: its whole work, the library calls in it, and what goes before unmeasured."""

    work: Callable[[], object]
    bare: BareCalls
    prepare: Callable[[], object]

    @classmethod
    def of(cls, work: Callable[[], object], prepare: Callable[[], object] = lambda: None) -> Half:
        prepare()
        return cls(work, caught(work), prepare)


@dataclasses.dataclass(frozen=True, slots=True)
class Times:
    """Medians in milliseconds. What is compared stood side by side in time: ``own`` and ``ratio`` are medians over the
    pairs, not differences of medians.
    """

    host: float
    bare: float
    own: float
    ratio: float

    @classmethod
    def of(cls, pairs: list[tuple[float, float]]) -> Times:
        """From pairs of host and bare milliseconds."""
        return cls(
            statistics.median(host for host, _ in pairs),
            statistics.median(bare for _, bare in pairs),
            statistics.median(host - bare for host, bare in pairs),
            statistics.median(host / bare for host, bare in pairs),
        )


@dataclasses.dataclass(frozen=True, slots=True)
class Conversation:
    """A suite with all that either half needs to hold its part of the same conversation again."""

    protocol: PaceProtocol
    parameter_id: int

    @property
    def group(self) -> Curve | DhGroup:
        name = STANDARDIZED_CURVES.get(self.parameter_id)
        return DH_GROUPS[self.parameter_id] if name is None else curve(name)

    @property
    def name(self) -> str:
        cipher = self.protocol.cipher.label
        return f"{self.protocol.agreement.value}-{self.protocol.mapping.value} {self.group.name} {cipher}"

    def terminal(self) -> Callable[[Callable[[CommandApdu], ResponseApdu]], None]:
        """The terminal's half, with private numbers that are always the same."""
        group = self.group
        domain = EcdhDomain(group) if isinstance(group, Curve) else DhDomain(group)
        suite, key = PaceSuite(self.protocol, domain), CanKey.from_digits(CAN)
        drawn = [_number(group, label) for label in ("mapping", "session")]

        def speak(transmit: Callable[[CommandApdu], ResponseApdu]) -> None:
            numbers = iter(drawn)
            run_protocol(pace_terminal(suite, key, lambda _: next(numbers), bytes), transmit)

        return speak

    def chip(self) -> tuple[VirtualCard, Callable[[], None]]:
        """A chip, and what makes it draw the same randomness once more."""
        group = self.group
        static = (ChipAuthenticationMappingKey(group, Secret(b"\x2a")),) if isinstance(group, Curve) else ()
        content = ChipContent(
            can=Secret(CAN.encode()),
            pace=(PaceOffer(self.protocol, self.parameter_id),),
            chip_authentication_mapping=static,
        )
        drawn = [_octets(f"chip {number}", 80) for number in range(20)]
        stream = list(drawn)
        card = VirtualCard(content, random_bytes=lambda count: stream.pop()[:count])

        def again() -> None:
            stream[:] = drawn
            card.reset()

        return card, again

    def halves(self) -> tuple[Half, Half]:
        """Terminal and chip, each on what the other has said."""
        terminal, (card, again) = self.terminal(), self.chip()
        said: list[tuple[bytes, bytes]] = []

        def transmit(command: CommandApdu) -> ResponseApdu:
            octets = command.encode()
            said.append((octets, card.transmit(octets)))
            return ResponseApdu.parse(said[-1][1])

        terminal(transmit)

        def terminal_again() -> None:
            answers = iter(said)
            terminal(lambda command: ResponseApdu.parse(next(answers)[1]))

        def chip_again() -> None:
            for command, answer in said:
                if card.transmit(command) != answer:
                    raise SystemExit(f"{self.name}: the chip does not repeat itself; there is nothing to measure.")

        return Half.of(terminal_again), Half.of(chip_again, again)


def _octets(label: str, count: int) -> bytes:
    return hashlib.shake_256(label.encode()).digest(count)


def _number(group: Curve | DhGroup, label: str) -> int:
    order = group.n if isinstance(group, Curve) else group.q
    return int.from_bytes(_octets(f"terminal {label}", 80), "big") % (order - 1) + 1


def measure(halves: list[Half]) -> list[Times]:
    """Medians over all rounds; in each round every half has one turn with and one without what is around the library."""
    taken: list[list[tuple[float, float]]] = [[] for _ in halves]
    for _ in range(ROUNDS):
        for half, pairs in zip(halves, taken, strict=True):
            half.prepare()
            host = _milliseconds(half.work)
            pairs.append((host, _milliseconds(half.bare)))
    return [Times.of(pairs) for pairs in taken]


def _milliseconds(work: Callable[[], object]) -> float:
    """Of processor time: what other programs do meanwhile is not counted."""
    start = time.process_time()
    work()
    return 1000 * (time.process_time() - start)


def run() -> None:
    """Print the table, and whether the targets are kept."""
    conversations = [Conversation(_PROTOCOLS[name], number) for name, number in SUITES]
    halves = [half for conversation in conversations for half in conversation.halves()]
    times = measure(halves)
    print(
        f"\nPACE in milliseconds, median of {ROUNDS}: each half as it is, the bare library calls in it, and the rest\n"
    )
    head = [f"{'host':>6}", f"{'bare':>6}", f"{'own':>5}", f"{'ratio':>5}"]
    print(
        f"| {'suite':<34} | terminal: " + " | ".join(head) + " | chip: " + " | ".join(head) + " | keys + agreements |"
    )
    rules = "".join(f"|{'-' * (width - 1)}:" for width in (18, 8, 7, 7, 14, 8, 7, 7, 19))
    print(f"|{'-' * 36}{rules}|")
    for place, conversation in enumerate(conversations):
        pair = range(2 * place, 2 * place + 2)
        cells = " | ".join(_cells(times[each], halves[each].bare, first=each % 2 == 0) for each in pair)
        counts = halves[2 * place].bare.counts
        calls = f"{counts['keys']} + {counts['agreements']}" if counts["keys"] else "–"
        print(f"| {conversation.name:<34} | {cells} | {calls:>17} |")
    print(_CAPTION)
    for line in verdict(conversations, times):
        print(line)


_CAPTION = """
A bare key is `derive_private_key` with its public point; a bare agreement is `exchange` with a point that the library has
just checked. Generic mapping needs whole points, of which the library gives x alone: so H and the terminal's own key cost two
agreements each; in a reading the latter is drawn afresh and costs one. On the three curves without a ratio, and in finite fields,
the arithmetic is Python's (decision records 0004 and 0006); for finite fields `pow` stands for the library."""


def _cells(times: Times, bare: BareCalls, *, first: bool) -> str:
    width = 16 if first else 12
    if bare.in_python:
        return f"{times.host:>{width}.2f} | {'–':>6} | {'–':>5} | {'–':>5}"
    return f"{times.host:>{width}.2f} | {times.bare:>6.2f} | {times.own:>5.2f} | {times.ratio:>5.2f}"


def verdict(conversations: list[Conversation], times: list[Times]) -> list[str]:
    """Both targets, with the worst value that was met, over both halves."""
    large = {number for number, name in STANDARDIZED_CURVES.items() if _is_large(curve(name))}
    ratios = [
        times[2 * place + half].ratio
        for place, conversation in enumerate(conversations)
        if conversation.parameter_id in large
        for half in (0, 1)
    ]
    own = [
        times[2 * place + half].own
        for place, conversation in enumerate(conversations)
        if conversation.parameter_id == 12
        for half in (0, 1)
    ]
    return [
        f"- brainpoolP256r1 and larger: ratio {max(ratios):.2f} at most (target {MOST_RATIO}): "
        + _kept(max(ratios) <= MOST_RATIO),
        f"- secp256r1: {max(own):.2f} ms of its own at most (target {MOST_OWN_MS}): {_kept(max(own) <= MOST_OWN_MS)}",
    ]


def _is_large(domain: Curve) -> bool:
    """brainpoolP256r1 and up: of no fewer bits, and slow enough for a ratio to say something; not its NIST namesake."""
    return domain.in_openssl and domain.p.bit_length() >= 256 and domain.name != "secp256r1"


def _kept(kept: bool) -> str:
    return "kept" if kept else "MISSED"
