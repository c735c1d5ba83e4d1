"""The rules that every path from a document signer to a trust anchor must keep (Doc 9303-12 §7.1, RFC 5280 §6.1)."""

from __future__ import annotations

import dataclasses
import datetime
import itertools
from collections.abc import Sequence

from crypto.pki import extensions as ext
from crypto.pki.certificate import Certificate
from crypto.pki.countries import country_of, states_of
from crypto.pki.extensions import KeyUsage
from crypto.pki.findings import Finding, FindingCode, Outcome

__all__ = ["DocumentClaims", "allows", "judge_path", "judge_validity"]


@dataclasses.dataclass(frozen=True, slots=True)
class DocumentClaims:
    """What the document says about itself in DG1, to be held against its signer; ``None`` where it is not known.

    Attributes:
        document_code: as in the machine-readable zone, e.g. ``P``, ``ID``; fillers do not matter.
        issuing_state: as in the machine-readable zone, e.g. ``VNM``, ``D``; fillers do not matter.
    """

    document_code: str | None = None
    issuing_state: str | None = None


def judge_path(path: Sequence[Certificate], claims: DocumentClaims) -> Finding:
    """Everything but time and revocation.

    Args:
        path: the signer, then the link certificates from it upwards if there are any, then the trust anchor.
        claims: the document's.
    """
    signer, anchor = path[0], path[-1]
    for subject, issuer in itertools.pairwise(path):
        code = _judge_step(subject, issuer, subject_is_signer=subject is signer)
        if code is not None:
            return Finding(code)
    return Finding(_judge_claims(signer, anchor, claims) or FindingCode.TRUSTED)


def _judge_step(subject: Certificate, issuer: Certificate, *, subject_is_signer: bool) -> FindingCode | None:
    if subject.issuer.canonical != issuer.subject.canonical:  # RFC 5280 §6.1.3 a 4
        return FindingCode.ISSUER_NAME_MISMATCH
    if issuer.is_authority is not True:  # RFC 5280 §6.1.4 k, Doc 9303-12 §7.1
        return FindingCode.ISSUER_NOT_CA
    if not allows(issuer, KeyUsage.KEY_CERT_SIGN):  # RFC 5280 §6.1.4 n
        return FindingCode.ISSUER_KEY_USAGE
    if subject_is_signer:
        if not allows(subject, KeyUsage.DIGITAL_SIGNATURE):  # Doc 9303-12 §7.1
            return FindingCode.SIGNER_KEY_USAGE
    elif country_of(subject.subject) != country_of(issuer.subject):
        # Doc 9303-12 §7.1, table 5: or a state in the store could make itself another state's authority.
        return FindingCode.LINK_COUNTRY_MISMATCH
    if subject.unknown_critical_extensions or issuer.unknown_critical_extensions:  # RFC 5280 §4.2
        return FindingCode.CRITICAL_EXTENSION
    # pathLenConstraint is not looked at: 0 in every CSCA, and a link makes a new anchor rather than a longer path
    # (Doc 9303-12 §6.1.1).
    return None


def allows(certificate: Certificate, usage: KeyUsage) -> bool:
    """Whether the key may be used so; without the extension it may be used for anything."""
    return certificate.key_usage is None or usage in certificate.key_usage


def judge_validity(path: Sequence[Certificate], at: datetime.datetime) -> FindingCode | None:
    """Whether every certificate is valid at that instant; ``None`` if so."""
    for certificate in path:
        is_signer = certificate is path[0]
        if at < certificate.not_before:
            return FindingCode.SIGNER_NOT_YET_VALID if is_signer else FindingCode.ISSUER_NOT_YET_VALID
        if at > certificate.not_after:
            return FindingCode.SIGNER_EXPIRED if is_signer else FindingCode.ISSUER_EXPIRED
    return None


def _judge_claims(signer: Certificate, anchor: Certificate, claims: DocumentClaims) -> FindingCode | None:
    """The worse of the two answers."""
    answers = (_judge_country(anchor, claims.issuing_state), _judge_document_type(signer, claims.document_code))
    found = [code for code in answers if code is not None]
    return next((code for code in found if code.outcome is Outcome.FAILED), found[0] if found else None)


def _judge_country(anchor: Certificate, issuing_state: str | None) -> FindingCode | None:
    """The state of the machine-readable zone against the country of the anchor (Doc 9303-12 §7.1.1.1, §7.1.1.2)."""
    state = _without_fillers(issuing_state)
    if not state:
        return None
    country = country_of(anchor.subject)
    # The alternative name only speaks for countries that the list does not have: a known country keeps to its own.
    states = states_of(country) or ext.read_issuing_states(anchor.extensions.get(ext.SUBJECT_ALTERNATIVE_NAME))
    if state in states or state == country:
        return None
    return FindingCode.COUNTRY_MISMATCH if states else FindingCode.COUNTRY_UNKNOWN


def _judge_document_type(signer: Certificate, document_code: str | None) -> FindingCode | None:
    """The document code against the signer's list, where one letter stands for all that start with it (§7.1.1.6)."""
    code = _without_fillers(document_code)
    types = ext.read_document_types(signer.extensions.get(ext.DOCUMENT_TYPE_LIST))
    if not code or types is None:
        return None
    if not types:
        return FindingCode.DOCUMENT_TYPE_UNREADABLE
    return None if code in types or code[0] in types else FindingCode.DOCUMENT_TYPE_NOT_ALLOWED


def _without_fillers(field: str | None) -> str:
    return "" if field is None else field.strip().rstrip("<").upper()
