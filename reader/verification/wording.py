"""English sentences for what a check found, for the text that people read. Programs read the codes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from crypto.errors import all_codes
from crypto.pki.findings import FindingCode
from reader.verification.checks import CheckName, CheckResult, CheckStatus
from reader.verification.policy import NO_CHIP_PROOF

__all__ = ["further_reasons", "remark_of"]

_SENTENCES: Final = {
    FindingCode.MALFORMED: "The chip's signed list is not well formed.",
    FindingCode.VERSION_UNSUPPORTED: "The chip's signed list has a version that this program does not know.",
    FindingCode.SIGNER_CERTIFICATE_ABSENT: "The signer's certificate is not in the chip's signed list.",
    FindingCode.ATTRIBUTE_MISSING: "The signature lacks a part that it must have.",
    FindingCode.CONTENT_TYPE_MISMATCH: "What was signed is not the list of this chip's data groups.",
    FindingCode.CONTENT_DIGEST_MISMATCH: "The list on the chip is not the one that was signed.",
    FindingCode.SIGNATURE_WRONG: "The issuer's signature is wrong.",
    FindingCode.ALGORITHM_UNSUPPORTED: "The signature uses a method that this program cannot check.",
    FindingCode.CURVE_MANIPULATED: "The signer's key spells out a known curve with a number changed.",
    FindingCode.CHAIN_NOT_CHECKED: "Whether the issuer is trusted could not be checked.",
    FindingCode.ISSUER_UNKNOWN: "No trusted authority of this issuer is installed.",
    FindingCode.ISSUER_KEY_UNKNOWN: "The issuer's authority is installed, but not with the key that signed here.",
    FindingCode.ISSUER_NAME_MISMATCH: "The certificates name different issuers.",
    FindingCode.ISSUER_NOT_CA: "The issuer's certificate is not one of an authority.",
    FindingCode.ISSUER_KEY_USAGE: "The issuer's key is not meant for signing certificates.",
    FindingCode.ISSUER_EXPIRED: "The authority's certificate had expired.",
    FindingCode.ISSUER_NOT_YET_VALID: "The authority's certificate was not yet valid.",
    FindingCode.SIGNER_MALFORMED: "The signer's certificate is not well formed.",
    FindingCode.SIGNER_SIGNATURE_WRONG: "The authority did not sign this signer's certificate.",
    FindingCode.SIGNER_KEY_USAGE: "The signer's key is not meant for signing documents.",
    FindingCode.SIGNER_EXPIRED: "The signer's certificate has expired.",
    FindingCode.SIGNER_NOT_YET_VALID: "The signer's certificate is not yet valid.",
    FindingCode.CRITICAL_EXTENSION: "A certificate demands something that this program does not know.",
    FindingCode.SIGNER_REVOKED: "The issuer has revoked the signer's certificate.",
    FindingCode.ISSUER_REVOKED: "The authority's certificate has been revoked.",
    FindingCode.LINK_COUNTRY_MISMATCH: "An authority vouches for an authority of another country.",
    FindingCode.COUNTRY_MISMATCH: "The document names another country than its signer's.",
    FindingCode.COUNTRY_UNKNOWN: "Which country the signer's authority belongs to could not be told.",
    FindingCode.DOCUMENT_TYPE_NOT_ALLOWED: "The signer may not sign documents of this type.",
    FindingCode.DOCUMENT_TYPE_UNREADABLE: "Which documents the signer may sign could not be read.",
    FindingCode.REVOCATION_NOT_CHECKED: "Whether the signer was revoked was not checked.",
    FindingCode.REVOCATION_NO_LIST: "Whether the signer was revoked is not known: no list of its issuer is installed.",
    FindingCode.REVOCATION_LIST_OUTDATED: "The signer is on no list of revoked ones, but the newest list is too old.",
    FindingCode.REVOCATION_LIST_UNUSABLE: "The installed list of revoked signers cannot be relied on.",
    FindingCode.HASH_MISMATCH: "This data group was changed after it was signed.",
    FindingCode.HASH_NOT_LISTED: "The issuer did not sign this data group.",
}
_OF_OTHER_CODES: Final = {
    "data_group_hash.unreadable": "The chip did not give this data group.",
    "com_consistency.group_missing": "The chip's table of contents hides what its issuer signed.",
    "com_consistency.group_extra": "The chip's table of contents names what its issuer did not sign.",
    "printed_data.number_differs": "The number that was given is not that of this chip: it is another card.",
    "printed_data.date_of_birth_differs": "The printed date of birth is not that of the chip.",
    "printed_data.date_of_expiry_differs": "The printed date of expiry is not that of the chip.",
    "printed_data.sex_differs": "The printed sex is not that of the chip.",
    "printed_data.mrz_differs": "The printed machine-readable zone is not that of the chip.",
    "printed_data.name_differs": "The printed name is another one than the chip's.",
    "printed_data.name_without_marks": "The printed name is the chip's only if tones and marks are left out.",
    "printed_data.name_i_y_variant": "The printed name is the chip's only if i and y are taken for the same.",
}
_NOT_DONE: Final = "A check without which nobody is accepted here was not done."
_REASONS: Final = {
    NO_CHIP_PROOF: "Nothing has proven that this chip is the one that was issued.",
    "passive_authentication.not_done": "The issuer's signature was not checked.",
}
_SHOWN_THOUGH_SUCCESSFUL: Final = frozenset({CheckName.ACCESS_CONTROL, CheckName.PRINTED_DATA})


def remark_of(check: CheckResult) -> str:
    """A sentence about a check that is not simply successful, with its code in brackets; else an empty text."""
    if check.status is CheckStatus.SUCCESSFUL:
        return check.detail if check.check in _SHOWN_THOUGH_SUCCESSFUL else ""
    sentences = [_sentence_of(check.code), _explained(check.detail)]
    said = " ".join(sentence for sentence in sentences if sentence)
    return f"{said} [{check.code}]" if said else check.code


def further_reasons(reasons: Iterable[str], checks: Iterable[CheckResult]) -> list[str]:
    """Reasons of a verdict that are no check's own code, each with a sentence."""
    codes = {check.code for check in checks}
    return [f"{_reason(reason)} [{reason}]".strip() for reason in reasons if reason not in codes]


def _reason(reason: str) -> str:
    return _REASONS.get(reason, _NOT_DONE if reason.endswith(".not_done") else "")


def _sentence_of(code: str) -> str:
    if code in _OF_OTHER_CODES:
        return _OF_OTHER_CODES[code]
    return next((sentence for finding, sentence in _SENTENCES.items() if finding.value == code), "")


def _explained(detail: str) -> str:
    """A detail is a sentence already, or the name of an error code, which has one."""
    known = all_codes().get(detail)
    return detail if known is None else known.text
