"""What an import found and did, as values; how they are shown is :mod:`reader.trust.presentation`'s."""

from __future__ import annotations

import dataclasses
import datetime as dt

from reader.trust.certificate_condition import Restriction
from reader.trust.manifest import Acceptance, Entry, OwnSignature

__all__ = ["ImportReport", "ListSummary", "Rejected", "Remark"]


@dataclasses.dataclass(frozen=True, slots=True)
class Rejected:
    """Something in a file that was not taken.

    Attributes:
        file: the file's name.
        place: where in it, or empty.
        reason: an error code's name, or a word of ours with the same meaning.
        fingerprint, name: of what it is, as far as known.
    """

    file: str
    place: str
    reason: str
    fingerprint: str = ""
    name: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Remark:
    """Something about an authority that was taken.

    Attributes:
        entry: which.
        reason: why its key cannot be used, what keeps it from issuing, or what is known about its own signature.
        key_elsewhere: fingerprint of another certificate of the same key and name to which that does not apply,
            or empty.
    """

    entry: Entry
    reason: str | Restriction | OwnSignature
    key_elsewhere: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class ListSummary:
    """A master or deviation list that was taken.

    Attributes:
        file: where it was.
        kind: ``master_list`` or ``deviation_list``.
        issuer: the country whose list it is.
        signer, signer_name: who signed.
        acceptance: why that counts.
        signed_at: when, as the signer says.
        members: certificates or deviations in it.
        parsed: those of them that are well formed.
        usable: certificates with whose key signatures can be verified.
    """

    file: str
    kind: str
    issuer: str
    signer: str
    signer_name: str
    acceptance: Acceptance
    signed_at: dt.datetime | None
    members: int
    parsed: int
    usable: int


@dataclasses.dataclass(slots=True)
class ImportReport:
    """What came out. Filled while the import goes on.

    Attributes:
        files: names of the files read, with what they are.
        lists: lists in them that were taken.
        new: entries that were not there before.
        known: entries that were there already.
        gone: entries that left the store: a newer edition of the list that they came from does not have them.
        expired: authorities in these files that are past their validity. They stay good for documents of their time.
        rejected: what was not taken, and why.
        unusable: authorities whose key cannot be used, and why.
        restricted: authorities whose key is fine, but which path rules let issue nothing, and why.
        unverified: authorities whose own signature was made by no key in the store, and why that may be.
        older: lists and revocation lists that were passed over, as newer ones are installed.
        counter: of the store afterwards; 0 if nothing was written.
        moved_from: where the seal key knew the store before, if not here; else empty.
    """

    files: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    lists: list[ListSummary] = dataclasses.field(default_factory=list)
    new: list[Entry] = dataclasses.field(default_factory=list)
    known: list[Entry] = dataclasses.field(default_factory=list)
    gone: list[Entry] = dataclasses.field(default_factory=list)
    expired: list[Entry] = dataclasses.field(default_factory=list)
    rejected: list[Rejected] = dataclasses.field(default_factory=list)
    unusable: list[Remark] = dataclasses.field(default_factory=list)
    restricted: list[Remark] = dataclasses.field(default_factory=list)
    unverified: list[Remark] = dataclasses.field(default_factory=list)
    older: list[Rejected] = dataclasses.field(default_factory=list)
    counter: int = 0
    moved_from: str = ""
