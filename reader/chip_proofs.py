"""Asking a chip to prove that it is the one that was issued: chip authentication and active authentication.

How each chip reacts is noted, never judged: that is :mod:`reader.verification`. A chip that breaks the protected
connection when it is asked is opened afresh, so that the rest of it can still be read.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable, Sequence
from typing import Any, Final

from crypto.signatures.public_key import PublicKey, RsaPublicKey
from crypto.wire.status_word import StatusWord
from reader import errors
from reader.protocols.active_authentication import (
    ActiveAuthenticationAnswer,
    DrawChallenge,
    active_authentication_terminal,
    needs_extended_answer,
    random_challenge,
)
from reader.protocols.chip_authentication import (
    ChipAuthenticationResult,
    ChipAuthenticationSuite,
    chip_authentication_terminal,
)
from reader.protocols.exchange import Transmit, run
from reader.protocols.pace_domain import DhDomain, NewScalar, PaceDomain
from reader.protocols.secure_messaging import SessionKeys

__all__ = ["ChipAgreement", "ChipAnswer", "ChipAuthenticationRecord", "agree_with_chip", "authenticate_actively"]

_MOST_SUITES: Final = 8
"""Keys and protocols that a chip may refuse one after the other: more than any document has."""

_MOST_BREAKS: Final = 2
"""So often a chip may break the connection over it, as opening it again takes a second each time."""

_LONGEST_IN_SHORT_COMMAND: Final = 200

_CHANNEL_CODES: Final = (errors.CHANNEL_BROKEN, errors.CHANNEL_CLOSED)


class ChipAnswer(enum.Enum):
    """How the chip reacted when it was asked to prove itself by one protocol."""

    NOT_OFFERED = "not_offered"  # the chip has no key for it
    NOT_ASKED = "not_asked"  # the plan did not want it
    NEEDS_TERMINAL = "needs_terminal"  # it is offered to terminals with certificates only, and there are none
    NOT_SPOKEN = "not_spoken"  # the chip has a key that this reader cannot use
    KEY_NOT_SHOWN = "key_not_shown"  # it agreed to prove itself, but did not show by which key
    REFUSED = "refused"  # an error status where an answer was due
    BROKE_OFF = "broke_off"  # it broke the protected connection instead of answering
    LOST = "lost"  # it could not go on under the new keys: it does not hold the private key
    GIVEN = "given"  # it answered; whether rightly is judged later for AA, and settled for CA


@dataclasses.dataclass(frozen=True, slots=True)
class ChipAuthenticationRecord:
    """How chip authentication went.

    Attributes:
        answer: ``GIVEN`` once the chip has shown that it holds the key.
        version: 1 for a key of DG14, 2 for one of EF.CardSecurity.
        suite: protocol and domain parameters that were used, ``""`` if none was.
        refused: those that the chip would not take before, although it offers them.
    """

    answer: ChipAnswer
    version: int = 1
    suite: str = ""
    refused: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class ChipAgreement:
    """What came of the exchange of chip authentication version 1.

    Attributes:
        record: ``GIVEN`` means here that keys were agreed on; the first answer under them is the proof.
        keys: of the next channel, or ``None``.
        terminal_key: the terminal's compressed ephemeral key, for terminal authentication.
    """

    record: ChipAuthenticationRecord
    keys: SessionKeys | None = None
    terminal_key: bytes = b""


def agree_with_chip(
    suites: Sequence[ChipAuthenticationSuite],
    transmit: Transmit,
    reopen: Callable[[], None],
    new_scalar: NewScalar | None = None,
) -> ChipAgreement:
    """Chip authentication version 1 with the first of these that the chip takes.

    Args:
        suites: at least one, best first.
        transmit: through the channel of access control.
        reopen: opens the chip afresh.
        new_scalar: gives the terminal's private scalars if they are to be known.

    Raises:
        TransportError, ProtocolError: the card is gone, or ``reopen`` failed.
    """
    refused: dict[str, None] = {}  # in order, each once: 3DES may be tried in two ways
    answers: list[ChipAnswer] = []
    for suite in suites[:_MOST_SUITES]:
        outcome = _agree_by(suite, transmit, reopen, new_scalar)
        if isinstance(outcome, ChipAuthenticationResult):
            record = ChipAuthenticationRecord(ChipAnswer.GIVEN, 1, suite.name, tuple(refused))
            return ChipAgreement(record, outcome.keys, outcome.terminal_key)
        refused[suite.name] = None
        answers.append(outcome)
        if answers.count(ChipAnswer.BROKE_OFF) == _MOST_BREAKS:
            break
    worst = next(each for each in (ChipAnswer.BROKE_OFF, ChipAnswer.REFUSED, ChipAnswer.NOT_SPOKEN) if each in answers)
    return ChipAgreement(ChipAuthenticationRecord(worst, 1, refused=tuple(refused)))


def _agree_by(
    suite: ChipAuthenticationSuite,
    transmit: Transmit,
    reopen: Callable[[], None],
    new_scalar: NewScalar | None,
    *,
    again: bool = True,
) -> ChipAuthenticationResult | ChipAnswer:
    """One key and protocol. A chip that takes no long commands, and none in parts either, cannot be asked by a long key."""
    try:
        return run(chip_authentication_terminal(suite, new_scalar), transmit)
    except errors.ProtocolError as error:
        about_length = _is_about_length(error) and _is_long(suite.domain)
        if error.code is errors.CHIP_AUTHENTICATION_REFUSED:
            return ChipAnswer.NOT_SPOKEN if about_length else ChipAnswer.REFUSED
        if error.code not in _CHANNEL_CODES:
            raise
    reopen()
    if about_length and again:  # whoever sends for us may know by now that the command has to go in parts
        return _agree_by(suite, transmit, reopen, new_scalar, again=False)
    return ChipAnswer.NOT_SPOKEN if about_length else ChipAnswer.BROKE_OFF


def authenticate_actively(
    key: PublicKey,
    transmit: Transmit,
    reopen: Callable[[], None],
    draw: DrawChallenge = random_challenge,
    *,
    short_link: bool = False,
) -> tuple[ChipAnswer, ActiveAuthenticationAnswer | None]:
    """Have the chip sign a challenge with the key of DG15 (Doc 9303-11 §6.1).

    A chip without extended length refuses a long answer before it looks into secure messaging. It is asked again in
    short ones. If it cannot send its signature in pieces either, nobody can ask it: that is no proof of a copy.

    Args:
        key: of DG15.
        transmit: through the channel of access control.
        reopen: opens the chip afresh.
        draw: source of challenges; asked anew for each question.
        short_link: whether the reader carries no extended lengths. Then a long signature comes in pieces or not at all.

    Raises:
        TransportError, ProtocolError: the card is gone, or ``reopen`` failed.
    """
    length_bytes = _signature_bytes(key)
    if short_link and needs_extended_answer(length_bytes):
        answer, signature, about_length = _ask(length_bytes, transmit, reopen, draw, short_only=True)
        is_cut = signature is not None and len(signature.signature) < length_bytes
        if about_length or is_cut or answer is ChipAnswer.BROKE_OFF:  # it is the reader that fails, not the chip
            return ChipAnswer.NOT_SPOKEN, None
        return answer, signature
    answer, signature, about_length = _ask(length_bytes, transmit, reopen, draw, short_only=False)
    if about_length and needs_extended_answer(length_bytes):
        answer, signature, about_length = _ask(length_bytes, transmit, reopen, draw, short_only=True)
        if about_length:
            return ChipAnswer.NOT_SPOKEN, None
    return answer, signature


def _ask(
    length_bytes: int, transmit: Transmit, reopen: Callable[[], None], draw: DrawChallenge, *, short_only: bool
) -> tuple[ChipAnswer, ActiveAuthenticationAnswer | None, bool]:
    """One challenge; the last of the three says whether the chip complained about the length."""
    challenge = draw()
    terminal = active_authentication_terminal(length_bytes, lambda _: challenge.octets, short_only=short_only)
    try:
        answer = run(terminal, transmit)
    except errors.ProtocolError as error:
        about_length = _is_about_length(error)
        if error.code is errors.ACTIVE_AUTHENTICATION_REFUSED:
            return ChipAnswer.REFUSED, None, about_length
        if error.code not in _CHANNEL_CODES:
            raise
        reopen()
        return ChipAnswer.BROKE_OFF, None, about_length
    return ChipAnswer.GIVEN, dataclasses.replace(answer, origin=challenge.origin), False


def _is_long(domain: PaceDomain[Any, Any]) -> bool:
    """Whether a public value does not fit into a short protected command: a large finite field, but no curve."""
    return isinstance(domain, DhDomain) and domain.group.field_bytes > _LONGEST_IN_SHORT_COMMAND


def _is_about_length(error: errors.ProtocolError) -> bool:
    """Whether the chip answered 6700, protected or not."""
    return error.facts.get("status_word") == str(StatusWord(StatusWord.WRONG_LENGTH))


def _signature_bytes(key: PublicKey) -> int:
    """Length of a signature of this key: of the modulus for RSA, of r and s for an elliptic curve."""
    return key.modulus_bytes if isinstance(key, RsaPublicKey) else 2 * key.curve.order_bytes
