"""Unblocking and changing the PIN without terminal certificates (TR-03110-2 §2.4.1, TR-03110-3 §B.6.1, §B.11.9).

PACE with the PUK gives the right to unblock, PACE with the PIN the right to change it; some chips let the PUK set a new
PIN as well. The command goes through the channel that PACE opened, under the master file.

Example::

    with reader.open_pcsc("ACS ACR1252") as card:
        unblock_pin(card, reader.PukKey.from_digits(puk))
"""

from __future__ import annotations

import dataclasses
import threading
from typing import Final

from crypto.errors import ErrorCode
from crypto.wire.apdu import CommandApdu, ResponseApdu
from reader import errors
from reader.link import Link
from reader.plan import HOSPITAL, ReadPlan
from reader.progress import OnProgress, ignore_progress
from reader.protocols.access_key import HolderKey, PinKey, PukKey
from reader.session import AccessReport, CardSession
from reader.transport.base import CardTransport

__all__ = ["change_pin", "unblock_pin"]

_RESET_RETRY_COUNTER: Final = 0x2C
_NEW_SECRET, _COUNTER_ONLY = 0x02, 0x03  # P1
_PIN: Final = 0x03  # P2
_PLAN: Final[ReadPlan] = dataclasses.replace(
    HOSPITAL, name="pin", first=(), assume_cccd=False, allow_bac_fallback=False
)


def unblock_pin(
    card: CardTransport,
    puk: PukKey,
    *,
    new_pin: PinKey | None = None,
    on_progress: OnProgress = ignore_progress,
    cancel: threading.Event | None = None,
) -> AccessReport:
    """Give the PIN all its tries back, and set a new one if the chip lets the PUK do that.

    Args:
        card: an open connection; it stays open.
        puk: with a card access number in ``resume_with`` its last try may be used.
        new_pin: what the PIN shall be from now on; ``None`` leaves it as it is.
        on_progress: told about every step.
        cancel: set it from anywhere; nothing is sent from then on.

    Raises:
        ProtocolError: ``access.wrong_key.puk``, ``access.puk_blocked``, ``access.puk_suspended`` …
            ``pin.outcome_unknown``: the connection broke before the chip confirmed.
        CardStatusError: ``pin.unblock_refused``; with a new PIN ``pin.change_refused``.
        Cancelled: somebody asked to stop.
    """
    if new_pin is None:
        command = CommandApdu(0x00, _RESET_RETRY_COUNTER, _COUNTER_ONLY, _PIN)
        return _manage(card, puk, command, errors.PIN_UNBLOCK_REFUSED, on_progress, cancel)
    return _manage(card, puk, _set(new_pin), errors.PIN_CHANGE_REFUSED, on_progress, cancel)


def change_pin(
    card: CardTransport,
    pin: PinKey,
    new_pin: PinKey,
    *,
    on_progress: OnProgress = ignore_progress,
    cancel: threading.Event | None = None,
) -> AccessReport:
    """Set a new PIN in place of the old one.

    Args:
        card: an open connection; it stays open.
        pin: the PIN so far; with a card access number in ``resume_with`` its last try may be used.
        new_pin: what the PIN shall be from now on.
        on_progress: told about every step.
        cancel: set it from anywhere; nothing is sent from then on.

    Raises:
        ProtocolError: ``access.wrong_key.pin``, ``access.pin_suspended``, ``access.pin_blocked`` …;
            ``pin.outcome_unknown``: the connection broke before the chip confirmed.
        CardStatusError: ``pin.change_refused``.
        Cancelled: somebody asked to stop.
    """
    return _manage(card, pin, _set(new_pin), errors.PIN_CHANGE_REFUSED, on_progress, cancel)


def _set(new_pin: PinKey) -> CommandApdu:
    return CommandApdu(0x00, _RESET_RETRY_COUNTER, _NEW_SECRET, _PIN, new_pin.digits.reveal())


def _manage(
    card: CardTransport,
    key: HolderKey,
    command: CommandApdu,
    refusal: ErrorCode,
    on_progress: OnProgress,
    cancel: threading.Event | None,
) -> AccessReport:
    session = CardSession(Link(card, cancel), on_progress)
    try:
        report = session.open_master_file(key, _PLAN)
        answer = _tell(session, command)
    finally:
        session.close()
    if not answer.is_success:
        raise errors.CardStatusError(refusal, status_word=str(answer.sw))
    return report


def _tell(session: CardSession, command: CommandApdu) -> ResponseApdu:
    """Without an answer that can be believed nobody knows which PIN holds: no case for just trying again."""
    try:
        return session.transmit(command)
    except (errors.ProtocolError, errors.TransportError) as error:
        raise errors.ProtocolError(errors.PIN_OUTCOME_UNKNOWN, reason=error.code.name) from error
