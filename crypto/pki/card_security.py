"""EF.CardSecurity (Doc 9303-11 §9.2.12): SecurityInfos that the issuer signed, readable outside the application.

Chip-authentication mapping needs it: the static key with which the chip proves itself during PACE stands here.
"""

from __future__ import annotations

import dataclasses
import datetime
from typing import Final

from crypto.errors import CryptoError, ErrorCode, Hint
from crypto.pki.cms import parse_signed_data
from crypto.pki.findings import Finding, FindingCode
from crypto.pki.path_rules import DocumentClaims
from crypto.pki.signed_object import SignedObjectResult, ValidAt, verify_signed_data
from crypto.pki.trust_store import TrustStore

__all__ = ["CardSecurityResult", "read_card_security", "verify_card_security"]

CARD_SECURITY_MALFORMED = ErrorCode(
    "card_security.malformed", Hint.CALL_STAFF, "The signed list of the chip's keys is not well formed."
)

ID_SECURITY_OBJECT: Final = "0.4.0.127.0.7.3.2.1"  # id-SecurityObject (Doc 9303-11 §9.2.12)


@dataclasses.dataclass(frozen=True, slots=True)
class CardSecurityResult(SignedObjectResult):
    """What EF.CardSecurity proves.

    Attributes:
        security_infos: the signed content, a SecurityInfos as DER; worth what ``signature`` and ``chain`` say.
    """

    security_infos: bytes | None = None


def read_card_security(ef_card_security: bytes) -> bytes:
    """The SecurityInfos inside, *without* any verification.

    Raises:
        CryptoError: ``card_security.malformed`` or ``cms.malformed``.
    """
    signed = parse_signed_data(ef_card_security)
    if signed.content_type != ID_SECURITY_OBJECT:
        raise CryptoError(CARD_SECURITY_MALFORMED, content_type=signed.content_type)
    return signed.content


def verify_card_security(
    ef_card_security: bytes,
    trust_store: TrustStore,
    at: datetime.datetime,
    *,
    valid_at: ValidAt = ValidAt.SIGNING_TIME,
    issuing_state: str | None = None,
) -> CardSecurityResult:
    """The signature over the SecurityInfos, and the way from the signer to a trust anchor.

    Args:
        ef_card_security: the file exactly as read: a CMS object without a template of its own.
        trust_store: who is trusted.
        at: now, with a time zone.
        valid_at: the instant for which the certificates must be valid, by the caller's policy.
        issuing_state: DG1's, to be held against the authority's country; ``None``: not known.

    Returns:
        The facts. A malformed file is a finding, too.
    """
    try:
        content = read_card_security(ef_card_security)
        signed = parse_signed_data(ef_card_security)
    except CryptoError as error:
        return CardSecurityResult(Finding(FindingCode.MALFORMED, error.code.name))
    claims = DocumentClaims(issuing_state=issuing_state)
    result = verify_signed_data(signed, trust_store, at, valid_at=valid_at, claims=claims)
    facts = {field.name: getattr(result, field.name) for field in dataclasses.fields(SignedObjectResult)}
    return CardSecurityResult(**facts, security_infos=content)
