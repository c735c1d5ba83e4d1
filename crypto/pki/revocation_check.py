"""Whether the certificates of a path were revoked (Doc 9303-12 §6.1.2, RFC 5280 §6.3.3).

No list, an old one or one that cannot be relied on is never the document's fault: it is recorded. A certificate that
stands on any list that its issuer signed is revoked, however old the list: revocation is for good.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Sequence

from crypto.errors import CryptoError
from crypto.pki.certificate import Certificate
from crypto.pki.extensions import KeyUsage
from crypto.pki.findings import Finding, FindingCode
from crypto.pki.path_rules import allows
from crypto.pki.revocation import RevocationList
from crypto.pki.trust_store import TrustStore

__all__ = ["NOT_CHECKED", "RevocationResult", "check_revocation"]

NOT_CHECKED = Finding(FindingCode.REVOCATION_NOT_CHECKED)


@dataclasses.dataclass(frozen=True, slots=True)
class RevocationResult:
    """What the lists say about a path.

    Attributes:
        finding: a certificate is revoked; none is, by a current list; or why that is not known.
        lists: the lists that were consulted about the signer: those that can be relied on.
    """

    finding: Finding = NOT_CHECKED
    lists: tuple[RevocationList, ...] = ()


def check_revocation(path: Sequence[Certificate], store: TrustStore, at: datetime.datetime) -> RevocationResult:
    """Looks for every certificate of a path on the lists of its issuer.

    Args:
        path: the signer, its issuers, the trust anchor; every signature in it has been verified.
        store: with the lists and further anchors.
        at: now, whatever instant the certificates are judged at: a list says what is known today.
    """
    signer, authorities = path[0], path[1:]
    if not store.revocation_lists:
        return RevocationResult(Finding(FindingCode.REVOCATION_NO_LIST))
    lists = store.revocation_lists_of(signer.issuer)
    usable, cause = _usable(lists, authorities, store)
    if any(signer.serial_number in each.revoked for each in usable):
        return RevocationResult(Finding(FindingCode.SIGNER_REVOKED), usable)
    known: dict[object, tuple[RevocationList, ...]] = {signer.issuer.canonical: usable}
    if any(_is_revoked(authority, authorities, store, known) for authority in authorities):
        return RevocationResult(Finding(FindingCode.ISSUER_REVOKED), usable)
    if not lists:
        return RevocationResult(Finding(FindingCode.REVOCATION_NO_LIST))
    if not usable:
        return RevocationResult(Finding(FindingCode.REVOCATION_LIST_UNUSABLE, cause))
    is_current = any(each.is_current(at) for each in usable)
    code = FindingCode.NOT_REVOKED if is_current else FindingCode.REVOCATION_LIST_OUTDATED
    return RevocationResult(Finding(code), usable)


def _is_revoked(
    authority: Certificate,
    authorities: Sequence[Certificate],
    store: TrustStore,
    known: dict[object, tuple[RevocationList, ...]],
) -> bool:
    """Whether this certificate or another of the same name and key is listed: a lost key is lost in all of them.

    Args:
        authority: the certificate.
        authorities: those of the path.
        store: with the lists and further anchors.
        known: usable lists by issuer as far as they have been looked at; more are added.
    """
    same_key = [
        anchor.certificate
        for anchor in store.by_subject(authority.subject)
        if anchor.certificate.public_key_info == authority.public_key_info
    ]
    for certificate in dict.fromkeys((authority, *same_key)):
        issuer = certificate.issuer
        if issuer.canonical not in known:
            known[issuer.canonical] = _usable(store.revocation_lists_of(issuer), authorities, store)[0]
        if any(certificate.serial_number in each.revoked for each in known[issuer.canonical]):
            return True
    return False


def _usable(
    lists: Sequence[RevocationList], authorities: Sequence[Certificate], store: TrustStore
) -> tuple[tuple[RevocationList, ...], str]:
    """The lists that can be relied on; and if there are none, the name of the error code behind it or nothing."""
    usable, causes = [], []
    for each in lists:
        try:
            if not each.unknown_critical_extensions and _is_signed(each, authorities, store):
                usable.append(each)
        except CryptoError as error:
            causes.append(error.code.name)
    return tuple(usable), "" if usable or not causes else causes[0]


def _is_signed(each: RevocationList, authorities: Sequence[Certificate], store: TrustStore) -> bool:
    """Whether a trusted authority of that name signed the list, with a key that may (RFC 5280 §6.3.3 f, g).

    Raises:
        CryptoError: no key fits, and one could not be used.
    """
    named = [anchor.certificate for anchor in store.by_subject(each.issuer)]
    named += [authority for authority in authorities if authority.subject.canonical == each.issuer.canonical]
    problem: CryptoError | None = None
    for certificate in dict.fromkeys(named):
        if certificate.is_authority is not True or not allows(certificate, KeyUsage.CRL_SIGN):
            continue
        if not certificate.not_before <= each.this_update <= certificate.not_after:
            continue
        try:
            if store.is_list_signed_by(each, certificate):
                return True
        except CryptoError as error:
            problem = error
    if problem is not None:
        raise problem
    return False
