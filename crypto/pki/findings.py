"""What passive authentication can find out: each finding has one stable code, and each code one outcome."""

from __future__ import annotations

import dataclasses
import enum

__all__ = ["Finding", "FindingCode", "Outcome"]


class Outcome(enum.StrEnum):
    """Three of the results of TR-03135-1 v5: whoever reports adds "not supported" and "aborted"."""

    SUCCESSFUL = "successful"
    FAILED = "failed"
    UNDETERMINED = "undetermined"


class FindingCode(enum.StrEnum):
    """A stable name for one thing found, and what it means for the check.

    *Failed* means that something is wrong with the document. *Undetermined* means that the terminal lacks what it
    would need to tell (a certificate, an algorithm): that is never the document's fault and never good news.
    """

    outcome: Outcome

    def __new__(cls, value: str, outcome: Outcome) -> FindingCode:
        member = str.__new__(cls, value)
        member._value_ = value
        member.outcome = outcome
        return member

    # the whole of passive authentication
    TRUSTED = "passive_authentication.trusted", Outcome.SUCCESSFUL
    # the security object and its signature (Doc 9303-11 §5.1 steps 1 and 3)
    SIGNATURE_VALID = "passive_authentication.signature_valid", Outcome.SUCCESSFUL
    MALFORMED = "passive_authentication.malformed", Outcome.FAILED
    VERSION_UNSUPPORTED = "passive_authentication.version_unsupported", Outcome.UNDETERMINED
    SIGNER_CERTIFICATE_ABSENT = "passive_authentication.signer_certificate_absent", Outcome.UNDETERMINED
    ATTRIBUTE_MISSING = "passive_authentication.attribute_missing", Outcome.FAILED
    CONTENT_TYPE_MISMATCH = "passive_authentication.content_type_mismatch", Outcome.FAILED
    CONTENT_DIGEST_MISMATCH = "passive_authentication.content_digest_mismatch", Outcome.FAILED
    SIGNATURE_WRONG = "passive_authentication.signature_wrong", Outcome.FAILED
    ALGORITHM_UNSUPPORTED = "passive_authentication.algorithm_unsupported", Outcome.UNDETERMINED
    CURVE_MANIPULATED = "passive_authentication.curve_manipulated", Outcome.FAILED
    # the path from the document signer to a trust anchor (Doc 9303-11 §5.1 step 2, Doc 9303-12 §6)
    CHAIN_NOT_CHECKED = "passive_authentication.chain_not_checked", Outcome.UNDETERMINED
    ISSUER_UNKNOWN = "passive_authentication.issuer_unknown", Outcome.UNDETERMINED
    ISSUER_KEY_UNKNOWN = "passive_authentication.issuer_key_unknown", Outcome.UNDETERMINED
    ISSUER_NAME_MISMATCH = "passive_authentication.issuer_name_mismatch", Outcome.FAILED
    ISSUER_NOT_CA = "passive_authentication.issuer_not_ca", Outcome.FAILED
    ISSUER_KEY_USAGE = "passive_authentication.issuer_key_usage", Outcome.FAILED
    ISSUER_EXPIRED = "passive_authentication.issuer_expired", Outcome.FAILED
    ISSUER_NOT_YET_VALID = "passive_authentication.issuer_not_yet_valid", Outcome.FAILED
    SIGNER_MALFORMED = "passive_authentication.signer_malformed", Outcome.FAILED
    SIGNER_SIGNATURE_WRONG = "passive_authentication.signer_signature_wrong", Outcome.FAILED
    SIGNER_KEY_USAGE = "passive_authentication.signer_key_usage", Outcome.FAILED
    SIGNER_EXPIRED = "passive_authentication.signer_expired", Outcome.FAILED
    SIGNER_NOT_YET_VALID = "passive_authentication.signer_not_yet_valid", Outcome.FAILED
    CRITICAL_EXTENSION = "passive_authentication.critical_extension", Outcome.FAILED
    SIGNER_REVOKED = "passive_authentication.signer_revoked", Outcome.FAILED
    ISSUER_REVOKED = "passive_authentication.issuer_revoked", Outcome.FAILED
    LINK_COUNTRY_MISMATCH = "passive_authentication.link_country_mismatch", Outcome.FAILED
    # the document against its signer (Doc 9303-12 §7.1.1.1, §7.1.1.2, §7.1.1.6)
    COUNTRY_MISMATCH = "passive_authentication.country_mismatch", Outcome.FAILED
    COUNTRY_UNKNOWN = "passive_authentication.country_unknown", Outcome.UNDETERMINED
    DOCUMENT_TYPE_NOT_ALLOWED = "passive_authentication.document_type_not_allowed", Outcome.FAILED
    DOCUMENT_TYPE_UNREADABLE = "passive_authentication.document_type_unreadable", Outcome.UNDETERMINED
    # what revocation lists say (Doc 9303-12 §6.1.2); beside these, the two "revoked" above
    NOT_REVOKED = "signer_revocation.not_revoked", Outcome.SUCCESSFUL
    REVOCATION_NOT_CHECKED = "signer_revocation.not_checked", Outcome.UNDETERMINED
    REVOCATION_NO_LIST = "signer_revocation.no_list", Outcome.UNDETERMINED
    REVOCATION_LIST_OUTDATED = "signer_revocation.list_outdated", Outcome.UNDETERMINED
    REVOCATION_LIST_UNUSABLE = "signer_revocation.list_unusable", Outcome.UNDETERMINED
    # one data group against the security object (Doc 9303-11 §5.1 step 4)
    HASH_MATCH = "data_group_hash.match", Outcome.SUCCESSFUL
    HASH_MISMATCH = "data_group_hash.mismatch", Outcome.FAILED
    HASH_NOT_LISTED = "data_group_hash.not_listed", Outcome.FAILED
    HASH_NOT_READ = "data_group_hash.not_read", Outcome.UNDETERMINED


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """One thing found.

    Attributes:
        code: which.
        cause: name of the error code behind it (``curve.unsupported``), or empty.
    """

    code: FindingCode
    cause: str = ""

    @property
    def outcome(self) -> Outcome:
        """What the code means for the check."""
        return self.code.outcome

    @property
    def is_successful(self) -> bool:
        """Whether this proves what it was to prove."""
        return self.code.outcome is Outcome.SUCCESSFUL
