"""What an audit can find, each with a stable name, how much it matters, and what to do about it."""

from __future__ import annotations

import enum

__all__ = ["AuditCode", "Severity"]


class Severity(enum.StrEnum):
    """How much it matters."""

    PROBLEM = "problem"
    WARNING = "warning"
    NOTE = "note"


class AuditCode(enum.StrEnum):
    """A stable name, how much it matters, what it means, and what to do."""

    severity: Severity
    meaning: str
    advice: str

    def __new__(cls, value: str, severity: Severity, meaning: str, advice: str) -> AuditCode:
        member = str.__new__(cls, value)
        member._value_ = value
        member.severity, member.meaning, member.advice = severity, meaning, advice
        return member

    NOT_SEALED = (
        "not_sealed", Severity.WARNING, "The folder is not sealed by a key that is known here.",
        "Import the files into a store of its own with 'chipid trust import', or name the key with --seal-key.",
    )  # fmt: skip
    STRAY_FILE = (
        "stray_file", Severity.WARNING, "A file lies in the folder that is no part of the store; it counts for nothing.",
        "If you put it there, import it; an import that was stopped leaves some too. Then delete it.",
    )  # fmt: skip
    LIST_OLD = (
        "list_old", Severity.WARNING, "A list was signed more than half a year ago.",
        "Get its newest edition and run 'chipid trust update'.",
    )  # fmt: skip
    ACCEPTED_BY_HAND = (
        "accepted_by_hand", Severity.NOTE, "The signer of a list was accepted by hand and is not pinned.",
        "Once you have compared the fingerprint, give it again with --accept-signer and --pin.",
    )  # fmt: skip
    LIST_SIGNER_REVOKED = (
        "list_signer_revoked", Severity.PROBLEM,
        "The signer of a list was revoked by its own country since: what came by that list alone is nobody's word.",
        "Get an edition by another signer and run 'chipid trust update'; until then, remove what that list brought.",
    )  # fmt: skip
    NO_REVOCATION_LISTS = (
        "no_revocation_lists", Severity.NOTE, "There is no revocation list of any authority: revoked signers are not noticed.",
        "Import revocation lists, single or in the PKD's LDIF.",
    )  # fmt: skip
    KEY_UNUSABLE = (
        "key_unusable", Severity.PROBLEM, "The key cannot be used: documents of this authority stay undetermined.",
        "Ask the issuer for another certificate; remove this one.",
    )  # fmt: skip
    NOT_MARKED_AS_AUTHORITY = (
        "not_marked_as_ca", Severity.WARNING, "The certificate does not say that it is an authority's: it lets nobody sign.",
        "Nothing, if another certificate of the same key does; else tell the country that issued it.",
    )  # fmt: skip
    KEY_USAGE = (
        "key_usage_forbids_issuing", Severity.WARNING, "The certificate's key may not sign certificates: it lets nobody sign.",
        "Remove it; ask the issuer for the right certificate.",
    )  # fmt: skip
    CRITICAL_EXTENSION = (
        "unknown_critical_extension", Severity.WARNING, "A critical extension is not known here: it lets nobody sign.",
        "Tell the makers of this program which extension it is; 'chipid trust show' names it.",
    )  # fmt: skip
    EXPIRED = (
        "expired", Severity.NOTE, "Past its validity. It still counts for documents that were signed in its time.",
        "Nothing, as long as documents of that time are about.",
    )  # fmt: skip
    NOT_YET_VALID = (
        "not_yet_valid", Severity.NOTE, "Its validity has not begun.", "Check the clock of this machine; else nothing.",
    )  # fmt: skip
    EXPIRES_SOON = (
        "expires_soon", Severity.NOTE, "Its validity ends within 90 days.", "See that its successor is imported.",
    )  # fmt: skip
    KEY_SHORT = (
        "key_short", Severity.WARNING, "The key is too short for today: its signatures could be forged.",
        "Remove it when no document of that time is about any more; let staff look at such documents closely.",
    )  # fmt: skip
    HASH_WEAK = (
        "hash_weak", Severity.NOTE, "Its own signature is over SHA-1. It is trusted because it was imported, not for that.",
        "Nothing here; documents signed so are another matter.",
    )  # fmt: skip
    OWN_SIGNATURE_WRONG = (
        "own_signature_wrong", Severity.PROBLEM, "Its own signature is wrong although the issuer's certificate is here.",
        "Remove it, unless its country confirms the fingerprint.",
    )  # fmt: skip
    OWN_SIGNATURE_UNVERIFIED = (
        "own_signature_unverified", Severity.NOTE,
        "No key in the store made its own signature: an older one is missing. The list that brought it vouches for it.",
        "Nothing; or import the missing one.",
    )  # fmt: skip
    TEST_CERTIFICATE = (
        "test_certificate", Severity.WARNING, "A TEST certificate. It counts in test mode only.",
        "Remove it from a store that serves people.",
    )  # fmt: skip
    REVOCATION_LIST_EXPIRED = (
        "revocation_list_expired", Severity.WARNING, "The next edition of this revocation list was due before today.",
        "Get the newest one and run 'chipid trust update'.",
    )  # fmt: skip
    REVOCATION_LIST_UNUSABLE = (
        "revocation_list_unusable", Severity.WARNING,
        "Nobody in the store signed this revocation list, or it cannot be read in full.",
        "Import its authority; else get the list again.",
    )  # fmt: skip
    ISSUER_MISSING = (
        "issuer_missing", Severity.NOTE, "No authority in the store issued this document signer.",
        "Import its country's master list or certificates.",
    )  # fmt: skip
