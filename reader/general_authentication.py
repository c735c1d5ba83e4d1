"""The general authentication procedure of TR-03110-2 §2.3: after PACE, terminal authentication version 2, then chip
authentication version 2 with the key of EF.CardSecurity. All of it happens outside the application.

A chip is asked so only by a terminal that has certificates; any other one has to do without.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from crypto.errors import ChipIdError, ErrorCode
from reader import errors
from reader.chip_proofs import ChipAnswer, ChipAuthenticationRecord
from reader.lds.security_infos import SecurityInfos, parse_card_access
from reader.protocols.chip_authentication import (
    ChipAuthenticationSuite,
    EphemeralKey,
    chip_authentication_v2_terminal,
)
from reader.protocols.chip_authentication_offers import (
    ChipAuthenticationOffer,
    chip_authentication_offers,
    chip_authentication_suites,
    same_domain,
)
from reader.protocols.exchange import Transmit, run
from reader.protocols.pace import PaceResult
from reader.protocols.secure_messaging import SessionKeys
from reader.terminal_access import TerminalAnswer, TerminalRecord, authenticate_terminal

if TYPE_CHECKING:
    from reader.protocols.pace_domain import NewScalar
    from reader.terminal_credentials import TerminalCredentials

__all__ = ["NOT_ADMITTED", "GeneralAuthentication", "TerminalIdentity", "authenticate_generally"]

_VERSION = 2


@dataclasses.dataclass(frozen=True, slots=True)
class TerminalIdentity:
    """Who the terminal is, today.

    Attributes:
        credentials: certificates and key.
        day: today in UTC, or ``None`` if nobody knows.
    """

    credentials: TerminalCredentials
    day: dt.date | None

    @property
    def authorization(self) -> bytes:
        """DO'7F4C' for PACE."""
        return self.credentials.authorization(self.day)


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class GeneralAuthentication:
    """What came of it.

    Attributes:
        terminal, chip: how the two halves went.
        keys: of the channel to go on with; ``None`` unless both succeeded.
        card_security: EF.CardSecurity exactly as read, or ``None``.
    """

    terminal: TerminalRecord
    chip: ChipAuthenticationRecord
    keys: SessionKeys | None = None
    card_security: bytes | None = None


def authenticate_generally(
    terminal: TerminalIdentity,
    infos: SecurityInfos,
    pace: PaceResult,
    transmit: Transmit,
    read_card_security_file: Callable[[], bytes | None],
    new_scalar: NewScalar | None = None,
) -> GeneralAuthentication:
    """Both authentications, in the channel that PACE opened.

    Args:
        terminal: who asks.
        infos: EF.CardAccess.
        pace: with the chip's identifier and the authorities that it named.
        transmit: through the protected channel.
        read_card_security_file: EF.CardSecurity, or ``None`` if the chip does not show it (yet).
        new_scalar: gives the terminal's private scalar if it is to be known.

    Raises:
        TransportError: the card is gone.
    """
    offer, card_security = _choose(infos, read_card_security_file)
    if offer is None:
        return _failed(TerminalRecord(TerminalAnswer.NOT_POSSIBLE, _VERSION), ChipAnswer.NOT_SPOKEN, card_security)
    own_key = EphemeralKey(offer.domain, new_scalar)
    try:
        groups = _admit(terminal, pace, transmit, own_key)
    except (errors.TerminalError, errors.ProtocolError) as error:
        return _failed(_refusal(error.code), ChipAnswer.NEEDS_TERMINAL, card_security)
    admitted = TerminalRecord(TerminalAnswer.ADMITTED, _VERSION, groups=groups)
    # rights take effect in the channel of chip authentication (TR-03110-2 §3.4): without it nothing is gained
    gained_nothing = TerminalRecord(TerminalAnswer.NOT_POSSIBLE, _VERSION)
    try:
        card_security = card_security or read_card_security_file()
        suite = _suite(offer, card_security)
        if suite is None:
            return _failed(gained_nothing, ChipAnswer.KEY_NOT_SHOWN, card_security)
        keys = run(chip_authentication_v2_terminal(suite, own_key), transmit)
    except errors.ProtocolError as error:
        answer = _ANSWERS.get(error.code.name, ChipAnswer.BROKE_OFF)
        return _failed(gained_nothing, answer, card_security)
    record = ChipAuthenticationRecord(ChipAnswer.GIVEN, _VERSION, suite.name)
    return GeneralAuthentication(admitted, record, keys, card_security)


_ANSWERS = {
    errors.CHIP_AUTHENTICATION_REFUSED.name: ChipAnswer.REFUSED,
    errors.CHIP_AUTHENTICATION_WRONG.name: ChipAnswer.LOST,
}


def _choose(
    infos: SecurityInfos, read_card_security_file: Callable[[], bytes | None]
) -> tuple[ChipAuthenticationOffer | None, bytes | None]:
    """On which parameters to make the terminal's key: terminal authentication already commits to it.

    EF.CardAccess names them if EF.CardSecurity is for admitted terminals only (TR-03110-3 §A.1.2.1).
    """
    offers = chip_authentication_offers(infos)
    if offers:
        return offers[0], None
    try:
        card_security = read_card_security_file()
    except errors.ProtocolError:
        return None, None
    suites = _signed_suites(card_security)
    if not suites:
        return None, card_security
    best = suites[0]
    return ChipAuthenticationOffer(best.oid, best.cipher, best.domain, best.key_id), card_security


def _admit(terminal: TerminalIdentity, pace: PaceResult, transmit: Transmit, own_key: EphemeralKey) -> frozenset[int]:
    """Terminal authentication; the sensitive groups that the certificates give."""
    credentials, day = terminal.credentials, terminal.day
    chain = credentials.chain_from(pace.authority_references, day, kind=credentials.kind(day))
    authenticate_terminal(
        credentials,
        chain,
        transmit,
        chip_identifier=pace.chip_identifier,
        terminal_key=own_key.compressed,
        version=_VERSION,
        day=day,
    )
    return chain.groups


def _suite(offer: ChipAuthenticationOffer, card_security: bytes | None) -> ChipAuthenticationSuite | None:
    """The key that goes with the chosen parameters."""
    for suite in _signed_suites(card_security):
        if suite.oid == offer.oid and same_domain(suite.domain, offer.domain) and offer.key_id in (None, suite.key_id):
            return suite
    return None


def _signed_suites(card_security: bytes | None) -> list[ChipAuthenticationSuite]:
    """Version 2 in EF.CardSecurity, whose signature is verified when the document is judged."""
    if card_security is None:
        return []
    from crypto.pki.card_security import read_card_security  # few chips have that file

    try:
        return chip_authentication_suites(parse_card_access(read_card_security(card_security)), _VERSION)
    except ChipIdError:
        return []


NOT_ADMITTED: Final = GeneralAuthentication(
    TerminalRecord(TerminalAnswer.FAILED, _VERSION, errors.TERMINAL_REFUSED),
    ChipAuthenticationRecord(ChipAnswer.NEEDS_TERMINAL, _VERSION),
)
"""The chip refused the kind of terminal already in PACE."""


def _refusal(code: ErrorCode) -> TerminalRecord:
    return TerminalRecord(TerminalAnswer.FAILED, _VERSION, code)


def _failed(terminal: TerminalRecord, chip: ChipAnswer, card_security: bytes | None) -> GeneralAuthentication:
    return GeneralAuthentication(terminal, ChipAuthenticationRecord(chip, _VERSION), card_security=card_security)
