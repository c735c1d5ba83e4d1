"""What the issuing country itself says is wrong with a document, as a check (Doc 9303-3 §7, Doc 9303-12 §10).

A deviation list helps people to understand a failure, and excuses none: whatever failed stays failed. It can only take
trust away: from a document that its country calls defective, from a chip's key that may have leaked, and from
everything that a signer signed whose key or certificate the country calls bad.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Final

from crypto.errors import ChipIdError
from crypto.pki.deviation_list import DeviationDescription, DeviationKind
from crypto.pki.findings import Finding
from crypto.pki.passive_authentication import PassiveAuthenticationResult
from reader.lds.document import IdDocument
from reader.trust.deviations import (
    Criterion,
    DocumentInQuestion,
    KnownDeviation,
    PublishedDeviations,
    known_deviations,
)
from reader.verification.checks import KNOWN_DEVIATION_POSSIBLE, CheckName, CheckResult, CheckStatus

__all__ = ["check_known_deviations", "deviations_of", "without_leaked_key"]

_CHECK: Final = CheckName.KNOWN_DEVIATION
_OF_KEYS: Final = frozenset({DeviationKind.CERTIFICATE_OR_KEY, DeviationKind.ACTIVE_AUTHENTICATION_KEY})
_DATE_GROUPS: Final = (12, 13)
"""Where a date of issue may stand."""


def deviations_of(
    document: IdDocument,
    passive: PassiveAuthenticationResult | None,
    hashes: Mapping[int, Finding],
    lists: Iterable[PublishedDeviations],
) -> tuple[KnownDeviation, ...] | None:
    """What the country of the document's signer says about it.

    Args:
        document: the chip's files.
        passive: who signed; without a verified path to a trust anchor nobody has said of which country the signer is.
        hashes: of the data groups, by number.
        lists: the installed deviation lists.

    Returns:
        ``None`` if there was nothing to ask: no list, or no path.
    """
    installed = tuple(lists)
    if not installed or passive is None or passive.signer is None or passive.anchor is None:
        return None
    authorities = (*passive.links, passive.anchor.certificate)
    return known_deviations(installed, passive.signer, _question(document, hashes), authorities=authorities)


def _question(document: IdDocument, hashes: Mapping[int, Finding]) -> DocumentInQuestion:
    """What cannot be read is not known. A date from a group with a wrong hash may be that defect."""
    try:
        mrz = document.mrz
    except ChipIdError:
        mrz = None
    is_signed = all(
        hashes[number].is_successful for number in _DATE_GROUPS if number in hashes and _was_read(document, number)
    )
    try:
        issued = document.issued_on if is_signed else None
    except ChipIdError:
        issued = None
    return DocumentInQuestion(
        document_code=None if mrz is None else mrz.document_code,
        document_number=None if mrz is None else mrz.document_number,
        issued=issued,
    )


def _was_read(document: IdDocument, number: int) -> bool:
    return any(file.number == number for file in document.raw.data_groups)


def check_known_deviations(known: tuple[KnownDeviation, ...] | None) -> CheckResult | None:
    """The answer as a check; ``None`` if there was nothing to ask.

    *Failed* only where the country says that the signer's key or certificate itself is bad. A defect that is certain is
    for a person to look at. One that fits, but of which not all could be compared, is shown and counts for nothing.
    """
    if known is None:
        return None
    if not known:
        return _result(CheckStatus.SUCCESSFUL, "none", "The issuing country names no defect of this document.")
    said = _said(known)
    if any(_condemns_signer(one) for one in known):
        return _result(CheckStatus.FAILED, "signer_key", f"The issuing country says: {said}.")
    if any(one.is_certain or _is_about_key(one) for one in known):
        return _result(CheckStatus.UNDETERMINED, "known", f"The issuing country says: {said}.")
    detail = f"Not all could be compared by which the issuing country names documents with: {said}."
    return CheckResult(_CHECK, CheckStatus.UNDETERMINED, KNOWN_DEVIATION_POSSIBLE, detail)


def without_leaked_key(check: CheckResult, known: tuple[KnownDeviation, ...] | None) -> CheckResult:
    """Active authentication with a key that may have leaked proves nothing (Doc 9303-12 §10.2, AA private key)."""
    has_leaked = any(
        defect.kind is DeviationKind.ACTIVE_AUTHENTICATION_KEY
        for one in known or ()
        if one.identified_by
        for defect in one.defects
    )
    if not has_leaked or check.status is not CheckStatus.SUCCESSFUL:
        return check
    detail = "The chip holds its key, but the issuing country says that others may hold it, too."
    return dataclasses.replace(
        check, status=CheckStatus.UNDETERMINED, code=f"{check.check}.key_compromised", detail=detail
    )


def _condemns_signer(known: KnownDeviation) -> bool:
    """Doc 9303 has no type of its own for a bad key of a signer: it is "certificate or key", and names the signer."""
    names_signer = known.is_certain and Criterion.DOCUMENT_SIGNER in known.identified_by
    return names_signer and any(defect.kind is DeviationKind.CERTIFICATE_OR_KEY for defect in known.defects)


def _is_about_key(known: KnownDeviation) -> bool:
    return bool(known.identified_by) and any(defect.kind in _OF_KEYS for defect in known.defects)


def _said(known: tuple[KnownDeviation, ...]) -> str:
    """In our words: what the country wrote itself is its own language and length."""
    return ", ".join(sorted({_words(defect) for one in known for defect in one.defects}))


def _words(defect: DeviationDescription) -> str:
    if defect.kind is DeviationKind.UNKNOWN:
        return "a defect of a kind that is not known here"
    is_group = defect.data_group is not None and 1 <= defect.data_group <= 16
    return f"{defect.kind.words} (DG{defect.data_group})" if is_group else defect.kind.words


def _result(status: CheckStatus, reason: str, detail: str) -> CheckResult:
    return CheckResult(_CHECK, status, f"{_CHECK}.{reason}", detail)
