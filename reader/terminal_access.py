"""Terminal authentication in the course of a reading: what the chip offers, what came of it, what it gives access to.

Whatever fails here is noted and leaves the rest of the reading alone.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
from typing import TYPE_CHECKING

from crypto.errors import ErrorCode
from reader import errors
from reader.lds.security_infos import SecurityInfos, TerminalAuthenticationInfo
from reader.protocols.exchange import Transmit, run
from reader.protocols.terminal_authentication import (
    EF_CVCA_FID,
    EF_CVCA_SFI,
    TerminalClaim,
    authority_references_terminal,
    terminal_authentication_terminal,
)

if TYPE_CHECKING:
    from reader.terminal_credentials import TerminalChain, TerminalCredentials

__all__ = ["TerminalAnswer", "TerminalRecord", "authenticate_terminal", "authority_references", "offers_version"]


class TerminalAnswer(enum.Enum):
    """What came of showing the terminal's certificates to the chip."""

    NOT_OFFERED = "not_offered"  # the chip guards nothing so
    NOT_ASKED = "not_asked"  # the terminal has no certificates
    NOT_POSSIBLE = "not_possible"  # what has to come before it did not succeed
    FAILED = "failed"  # by the code that goes with it
    ADMITTED = "admitted"


@dataclasses.dataclass(frozen=True, slots=True)
class TerminalRecord:
    """How terminal authentication went.

    Attributes:
        answer: what came of it.
        version: 1 or 2; 0 where neither was spoken.
        error: why it failed, else ``None``.
        groups: sensitive data groups (3, 4) that the certificates give.
    """

    answer: TerminalAnswer
    version: int = 0
    error: ErrorCode | None = None
    groups: frozenset[int] = frozenset()


def offers_version(infos: SecurityInfos, version: int) -> bool:
    """Whether a chip announces terminal authentication in this version (TR-03110-3 §A.1.1.3)."""
    return any(info.version == version for info in infos.of(TerminalAuthenticationInfo))


def authority_references(infos: SecurityInfos, transmit: Transmit) -> tuple[str, ...]:
    """The chip's trust points for version 1, the newest first; none if it names none.

    Raises:
        DocumentError: ``document.malformed``.
    """
    for info in infos.of(TerminalAuthenticationInfo):
        if info.version == 1 and info.ef_cvca is not None:  # then the usual identifiers do not count (§A.6.2.4)
            return run(authority_references_terminal(info.ef_cvca, info.ef_cvca_sfi), transmit)
    return run(authority_references_terminal(EF_CVCA_FID, EF_CVCA_SFI), transmit)


def authenticate_terminal(
    credentials: TerminalCredentials,
    chain: TerminalChain,
    transmit: Transmit,
    *,
    chip_identifier: bytes,
    terminal_key: bytes,
    version: int,
    day: dt.date | None,
) -> None:
    """Show the chain and sign the chip's challenge.

    Args:
        credentials: who the terminal is.
        chain: from :meth:`TerminalCredentials.chain_from`.
        transmit: through the protected channel.
        chip_identifier: ID_PICC.
        terminal_key: Comp(PK_PCD).
        version: 1 or 2.
        day: today in UTC, or ``None`` if nobody knows.

    Raises:
        TerminalError: ``terminal.refused``; ``terminal.certificate_expired`` where the dates explain the refusal;
            ``terminal.token_…``.
        ProtocolError: the channel broke.
    """
    algorithm = chain.terminal.public_key.algorithm

    def sign(data: bytes) -> bytes:
        return credentials.signer.sign(data, algorithm)

    claim = TerminalClaim(chain.certificates, sign, chip_identifier, terminal_key, version)
    try:
        run(terminal_authentication_terminal(claim), transmit)
    except errors.TerminalError as error:
        place = error.facts.get("certificate")
        if isinstance(place, int) and _explained_by_dates(chain, place, day):
            raise errors.TerminalError(errors.TERMINAL_CERTIFICATE_EXPIRED, **error.facts) from error
        raise


def _explained_by_dates(chain: TerminalChain, place: int, day: dt.date | None) -> bool:
    """Whether the refused certificate has expired for the chip, as far as a terminal can tell.

    A chip has no clock: it knows the newest effective date of what it accepted, so at least those of the certificates
    that it took just now (TR-03110-3 §2.5.1, current date).
    """
    from crypto.pki.cvc import CvRole

    refused = chain.certificates[place - 1]
    known = [one.effective for one in chain.certificates[: place - 1]] + ([] if day is None else [day])
    return refused.role is not CvRole.CVCA and bool(known) and refused.expiration < max(known)
