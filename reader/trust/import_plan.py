"""What the store will be after an import. Nothing is written here: it all happens in memory, or not at all.

A newer edition of a list takes the place of the older one of the same country: what came by that list alone and is no
longer in it leaves the store. Files add to the store and take nothing away.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from crypto.errors import CryptoError
from crypto.pki.certificate import Certificate
from crypto.pki.cms import SignedData
from crypto.pki.deviation_list import DEVIATION_LIST_SIGNING, parse_deviation_list
from crypto.pki.master_list import MASTER_LIST_SIGNING, parse_master_list
from crypto.pki.names import COUNTRY, Name
from crypto.pki.revocation import RevocationList
from crypto.pki.signed_list import (
    LIST_SIGNATURE_WRONG,
    LIST_SIGNER_ABSENT,
    LIST_SIGNER_EXPIRED,
    LIST_SIGNER_UNFIT,
    ListSigner,
    verify_list_signer,
)
from reader import errors
from reader.trust.certificate_condition import (
    CertificateIndex,
    country_of,
    kind_of,
    restrictions_of,
    why_key_is_unusable,
)
from reader.trust.import_report import ImportReport, ListSummary, Rejected, Remark
from reader.trust.list_signers import accept_signer, is_vouched_for_by_test
from reader.trust.manifest import Acceptance, Entry, EntryKind, Manifest, OwnSignature, Provenance
from reader.trust.signer_revocation import is_revoked, revocation_lists_in
from reader.trust.sources import ItemKind, SourceFile, SourceItem, SourceKind
from reader.trust.store_draft import StoreDraft

__all__ = ["ImportOptions", "ImportPlan", "OnStep", "plan_import"]

OnStep = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and how much there is."""

_STEP: Final = 50
_NOT_GENUINE: Final = frozenset({LIST_SIGNATURE_WRONG, LIST_SIGNER_ABSENT, LIST_SIGNER_EXPIRED, LIST_SIGNER_UNFIT})

TEST_AUTHORITY: Final = "test_certificate"
ONLY_TEST_VOUCHES: Final = "only_a_test_certificate_vouches"
NOT_AN_AUTHORITY: Final = "no_authority_in_a_list_of_authorities"
AUTHORITY_IN_DIRECTORY: Final = "authority_that_nobody_signed_for"
ISSUER_UNKNOWN: Final = "issuer_unknown"
SIGNATURE_WRONG: Final = "signature_wrong"
OLDER: Final = "older_than_installed"
UNKNOWN: Final = "nothing_known"


@dataclasses.dataclass(frozen=True, slots=True)
class ImportOptions:
    """How to import.

    Attributes:
        accept_signers: fingerprints of signers of lists, or of their CSCA, that are accepted this time.
        pin: remember those signers, and take the certificates in files as signers of lists, too.
        test_mode: take test certificates.
        accept_authorities: take authorities in LDIF, too, which nobody has signed for.
        allow_older: let an older edition of a list take the place of a newer one.
        forgiving: pass over files that cannot be used and lists that are older, instead of giving up.
    """

    accept_signers: frozenset[str] = frozenset()
    pin: bool = False
    test_mode: bool = False
    accept_authorities: bool = False
    allow_older: bool = False
    forgiving: bool = False


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class ImportPlan:
    """What is to be.

    Attributes:
        entries, provenances: of the new manifest.
        contents: octets of the new entries, by fingerprint.
        gone: files of entries that leave.
        report: what was found.
    """

    entries: Mapping[str, Entry]
    provenances: Mapping[str, Provenance]
    contents: Mapping[str, bytes]
    gone: tuple[str, ...]
    report: ImportReport


def plan_import(
    current: Manifest | None,
    contents: Mapping[str, bytes],
    sources: Iterable[SourceFile],
    options: ImportOptions,
    at: dt.datetime,
    on_step: OnStep,
) -> ImportPlan:
    """What the store will be.

    Args:
        current: what it is, or ``None`` for a new one.
        contents: octets of every entry that is there.
        sources: the files.
        options: how to import.
        at: now, with a time zone.
        on_step: told what is being done.

    Raises:
        TrustError: a file cannot be used as a whole: ``trust.signer_not_accepted``, ``trust.list_not_genuine``,
            ``trust.signer_revoked``, ``trust.list_older``, ``trust.source_malformed``, ``trust.source_too_large``.
    """
    files = tuple(sources)
    planner = _Planner(current, contents, options, at, on_step)
    planner.known_revocations.extend(revocation_lists_in(files))
    for source in files:
        planner.take_file(source)
    return planner.finish()


class _Planner:
    """Goes through the files once, then through the certificates, then through the revocation lists."""

    def __init__(
        self,
        current: Manifest | None,
        contents: Mapping[str, bytes],
        options: ImportOptions,
        at: dt.datetime,
        on_step: OnStep,
    ) -> None:
        self._options, self._at, self._on_step = options, at, on_step
        self._draft = StoreDraft(current, contents, at)
        self._revocation_lists: list[tuple[RevocationList, str, SourceFile, SourceItem]] = []
        self._unsigned: list[tuple[Certificate, str, SourceFile, SourceItem]] = []
        self._test_lists: set[str] = set()
        self._report = ImportReport()
        self.known_revocations = [
            RevocationList.parse(contents[one.sha256])
            for one in self._draft.entries.values()
            if one.kind is EntryKind.REVOCATION_LIST
        ]

    # ---------------------------------------------------------------------------------------- files
    def take_file(self, source: SourceFile) -> None:
        """Everything in one file. In LDIF, one useless thing spoils no other; a list that stands alone must be right."""
        self._report.files.append((source.name, source.kind.value))
        alone = source.kind in (SourceKind.MASTER_LIST, SourceKind.DEVIATION_LIST) and not self._options.forgiving
        refusals: list[errors.TrustError] = []
        taken = 0
        for number, item in enumerate(source.items):
            if number % _STEP == 0:
                self._on_step(f"Reading {source.name}", number, len(source.items))
            try:
                taken += self._take_item(source, item)
            except errors.TrustError as error:
                if alone:
                    raise errors.TrustError(error.code, file=source.name, **dict(error.facts)) from error
                refusals.append(error)
                self._refuse(source, item, error)
        if refusals and not taken and not self._options.forgiving:
            raise errors.TrustError(refusals[0].code, file=source.name, **dict(refusals[0].facts)) from refusals[0]

    def _refuse(self, source: SourceFile, item: SourceItem, error: errors.TrustError) -> None:
        fingerprint = str(error.facts.get("signer", ""))
        name = str(error.facts.get("signer_name", ""))
        rejected = Rejected(source.name, item.place, error.code.name, fingerprint, name)
        (self._report.older if error.code is errors.TRUST_LIST_OLDER else self._report.rejected).append(rejected)

    def _take_item(self, source: SourceFile, item: SourceItem) -> int:
        """Returns how many things were taken."""
        match item.kind:
            case ItemKind.MASTER_LIST:
                return self._take_master_list(source, item)
            case ItemKind.DEVIATION_LIST:
                return self._take_deviation_list(source, item)
            case ItemKind.REVOCATION_LIST:
                return self._take_revocation_list(source, item)
            case ItemKind.CERTIFICATE:
                return self._take_certificate(source, item)
            case ItemKind.UNKNOWN:
                self._reject(source, item, UNKNOWN)
                return 0

    def _reject(
        self, source: SourceFile, item: SourceItem, reason: str, certificate: Certificate | None = None
    ) -> None:
        fingerprint = hashlib.sha256(item.octets).hexdigest()
        name = "" if certificate is None else str(certificate.subject)
        self._report.rejected.append(Rejected(source.name, item.place, reason, fingerprint, name))

    # ------------------------------------------------------------------------------ single certificates
    def _take_certificate(self, source: SourceFile, item: SourceItem) -> int:
        try:
            certificate = Certificate.parse(item.octets)
            kind = kind_of(certificate)
        except CryptoError as error:
            self._reject(source, item, error.code.name)
            return 0
        if certificate.is_test and not self._options.test_mode:
            self._reject(source, item, TEST_AUTHORITY, certificate)
            return 0
        key = self._draft.file_provenance(source)
        unsigned = source.kind is SourceKind.LDIF and kind is not EntryKind.DOCUMENT_SIGNER
        if unsigned and not self._options.accept_authorities:
            self._unsigned.append((certificate, key, source, item))  # judged when all authorities are known
            return 1
        pin = self._options.pin and source.kind is not SourceKind.LDIF  # nobody names a whole directory one by one
        self._draft.add_certificate(certificate, kind, key, pin=pin)
        return 1

    # --------------------------------------------------------------------------------------- signed lists
    def _take_master_list(self, source: SourceFile, item: SourceItem) -> int:
        try:
            parsed = parse_master_list(item.octets)
        except CryptoError as error:
            raise errors.TrustError(errors.TRUST_SOURCE_MALFORMED, reason=error.code.name) from error
        members: dict[str, Certificate] = {}
        unreadable: list[tuple[bytes, str]] = []
        for number, encoded in enumerate(parsed.certificates):
            if number % _STEP == 0:
                self._on_step(f"Reading {source.name}", number, len(parsed.certificates))
            fingerprint = hashlib.sha256(encoded).hexdigest()
            try:
                members[fingerprint] = self._draft.certificates.get(fingerprint) or Certificate.parse(encoded)
            except CryptoError as error:
                unreadable.append((encoded, error.code.name))
        signer = self._signer(parsed.signed, MASTER_LIST_SIGNING, members.values())
        key, acceptance = self._list_provenance(source, item, signer, "master_list", members.values())
        for encoded, reason in unreadable:
            self._report.rejected.append(Rejected(source.name, item.place, reason, hashlib.sha256(encoded).hexdigest()))
        usable = sum(self._take_member(source, item, one, key) for one in members.values())
        self._report.lists.append(
            self._summary(source, "master_list", signer, acceptance, len(parsed.certificates), len(members), usable)
        )
        return 1

    def _take_member(self, source: SourceFile, item: SourceItem, certificate: Certificate, key: str) -> bool:
        """Returns whether its key can be used."""
        try:
            kind = kind_of(certificate)
        except CryptoError:
            kind = EntryKind.DOCUMENT_SIGNER
        reason = NOT_AN_AUTHORITY if kind is not EntryKind.AUTHORITY else None
        if certificate.is_test and not self._options.test_mode:
            reason = TEST_AUTHORITY
        elif key in self._test_lists and not certificate.is_test:  # it would count outside test mode as well
            reason = ONLY_TEST_VOUCHES
        if reason is not None:
            fingerprint, name = certificate.sha256.hex(), str(certificate.subject)
            self._report.rejected.append(Rejected(source.name, item.place, reason, fingerprint, name))
            return False
        self._draft.editions[key].add(self._draft.add_certificate(certificate, EntryKind.AUTHORITY, key))
        return why_key_is_unusable(certificate) is None

    def _take_deviation_list(self, source: SourceFile, item: SourceItem) -> int:
        try:
            parsed = parse_deviation_list(item.octets)
        except CryptoError as error:
            raise errors.TrustError(errors.TRUST_SOURCE_MALFORMED, reason=error.code.name) from error
        signer = self._signer(parsed.signed, DEVIATION_LIST_SIGNING, ())
        key, acceptance = self._list_provenance(source, item, signer, "deviation_list", ())
        fingerprint = hashlib.sha256(item.octets).hexdigest()
        if fingerprint in self._draft.entries:
            self._draft.add_source(fingerprint, key)
        else:
            self._draft.add_entry(
                fingerprint, EntryKind.DEVIATION_LIST, item.octets, str(signer.certificate.issuer),
                _country_of_list(signer), key, expires_at=None, is_test=key in self._test_lists,
            )  # fmt: skip
        self._draft.editions[key].add(fingerprint)
        count = len(parsed.deviations)
        self._report.lists.append(self._summary(source, "deviation_list", signer, acceptance, count, count, 0))
        return 1

    def _signer(self, signed: SignedData, purpose: str, members: Iterable[Certificate]) -> ListSigner:
        known = tuple(self._draft.certificates.values())
        try:
            signer = verify_list_signer(signed, purpose, (*members, *known), self._at)
        except CryptoError as error:
            code = errors.TRUST_LIST_FORGED if error.code in _NOT_GENUINE else errors.TRUST_SOURCE_MALFORMED
            raise errors.TrustError(code, reason=error.code.name) from error
        authorities = (one for one in known if one.is_authority)
        if is_revoked(signer.certificate, signer.authorities, authorities, self.known_revocations, self._at):
            facts = {"signer": signer.certificate.sha256.hex(), "signer_name": str(signer.certificate.subject)}
            raise errors.TrustError(errors.TRUST_SIGNER_REVOKED, **facts)
        return signer

    def _list_provenance(
        self, source: SourceFile, item: SourceItem, signer: ListSigner, kind: str, members: Iterable[Certificate]
    ) -> tuple[str, Acceptance]:
        """Accepts the signer, or raises; and makes room for this edition of its country's list."""
        known, by_hand = CertificateIndex((*members, *self._draft.certificates.values())), self._options.accept_signers
        acceptance = accept_signer(signer, self._draft.pinned(), by_hand, known)
        is_test = is_vouched_for_by_test(signer, self._draft.pinned(), by_hand, known)
        if is_test and not self._options.test_mode:
            raise errors.TrustError(errors.TRUST_LIST_FORGED, reason=TEST_AUTHORITY)
        issuer = _country_of_list(signer)
        key = f"{kind} {issuer or signer.certificate.issuer}{' TEST' if is_test else ''}"
        if is_test:
            self._test_lists.add(key)
        before = self._draft.provenances.get(key)
        is_older = before is not None and _is_older(signer.signing_time, before.signed_at)
        if is_older and not self._options.allow_older:
            raise errors.TrustError(errors.TRUST_LIST_OLDER)
        self._draft.provenances[key] = Provenance(
            kind, source.name, source.sha256, self._at, acceptance, issuer,
            signer.certificate.sha256.hex(), str(signer.certificate.subject), signer.signing_time,
            base64.b64encode(signer.certificate.encoded).decode("ascii"),
        )  # fmt: skip
        self._draft.editions[key] = set()
        if self._options.pin and acceptance is Acceptance.SIGNER_BY_HAND:
            self._pin_signer(source, signer)
        return key, acceptance

    def _pin_signer(self, source: SourceFile, signer: ListSigner) -> None:
        """Remember exactly the certificate whose fingerprint was given."""
        key = self._draft.file_provenance(source)
        for certificate in (signer.certificate, *signer.authorities):
            if certificate.sha256.hex() in self._options.accept_signers:
                self._draft.add_certificate(certificate, kind_of(certificate), key, pin=True)

    def _summary(
        self,
        source: SourceFile,
        kind: str,
        signer: ListSigner,
        acceptance: Acceptance,
        members: int,
        parsed: int,
        usable: int,
    ) -> ListSummary:
        certificate = signer.certificate
        return ListSummary(
            source.name, kind, _country_of_list(signer), certificate.sha256.hex(), str(certificate.subject),
            acceptance, signer.signing_time, members, parsed, usable,
        )  # fmt: skip

    # ---------------------------------------------------------------------------------- revocation lists
    def _take_revocation_list(self, source: SourceFile, item: SourceItem) -> int:
        try:
            parsed = RevocationList.parse(item.octets)
        except CryptoError as error:
            self._reject(source, item, error.code.name)
            return 0
        self._revocation_lists.append((parsed, self._draft.file_provenance(source), source, item))
        return 1

    def _settle_revocation_lists(self) -> None:
        """Whose they are can be told when all authorities are known."""
        for parsed, key, source, item in self._revocation_lists:
            reason = self._why_no_revocation_list(parsed)
            if reason is not None:
                rejected = Rejected(source.name, item.place, reason, parsed.sha256.hex(), str(parsed.issuer))
                self._report.rejected.append(rejected)
                continue
            self._replace_revocation_list(parsed, key, source, item)

    def _why_no_revocation_list(self, parsed: RevocationList) -> str | None:
        if self._draft.index.has_signer_of(parsed):
            return None
        return SIGNATURE_WRONG if self._draft.index.named(parsed.issuer.canonical) else ISSUER_UNKNOWN

    def _replace_revocation_list(self, parsed: RevocationList, key: str, source: SourceFile, item: SourceItem) -> None:
        """One list for each issuer and key: the newest."""
        fingerprint = parsed.sha256.hex()
        if fingerprint in self._draft.entries:
            self._draft.add_source(fingerprint, key)
            return
        for entry in [one for one in self._draft.entries.values() if one.kind is EntryKind.REVOCATION_LIST]:
            octets = self._draft.octets_of(entry.sha256)
            other = RevocationList.parse(octets)
            same = other.issuer.canonical == parsed.issuer.canonical
            if not same or other.authority_key_identifier != parsed.authority_key_identifier:
                continue
            if other.this_update >= parsed.this_update and not self._options.allow_older:
                rejected = Rejected(source.name, item.place, OLDER, fingerprint, str(parsed.issuer))
                self._report.older.append(rejected)
                return
            self._draft.drop(entry.sha256)
        self._draft.add_entry(
            fingerprint, EntryKind.REVOCATION_LIST, parsed.encoded, str(parsed.issuer), _country(parsed.issuer), key,
            expires_at=parsed.next_update,
        )  # fmt: skip

    # --------------------------------------------------------------------------------------------- at the end
    def finish(self) -> ImportPlan:
        """What all that comes to."""
        self._settle_unsigned()
        self._settle_revocation_lists()
        self._draft.drop_what_lists_no_longer_have()
        self._look_at_signatures()
        self._tell()
        draft = self._draft
        self._report.gone.extend(draft.gone)
        gone = tuple(one.file for one in draft.gone)
        return ImportPlan(draft.entries, draft.used_provenances(), draft.contents, gone, self._report)

    def _settle_unsigned(self) -> None:
        """Authorities in a directory count if an authority that counts has signed for them: link certificates."""
        waiting = self._unsigned
        genuine = CertificateIndex(one for one in self._draft.certificates.values() if not one.is_test)
        progress = True
        while waiting and progress:
            left = []
            for certificate, key, source, item in waiting:
                fingerprint = certificate.sha256.hex()
                among = self._draft.index if certificate.is_test else genuine  # a TEST authority vouches for tests
                if fingerprint in self._draft.entries or among.has_issuer_of(certificate, of_same_state=True):
                    self._draft.add_certificate(certificate, kind_of(certificate), key)
                    if not certificate.is_test:
                        genuine.add(certificate)
                else:
                    left.append((certificate, key, source, item))
            progress = len(left) < len(waiting)
            waiting = left
        for certificate, _, source, item in waiting:
            self._reject(source, item, AUTHORITY_IN_DIRECTORY, certificate)

    def _look_at_signatures(self) -> None:
        waiting = self._draft.unverified()
        for number, entry in enumerate(waiting):
            if number % _STEP == 0:
                self._on_step("Verifying signatures", number, len(waiting))
            self._draft.look_at_own_signature(entry)
        if waiting:
            self._on_step("Verifying signatures", len(waiting), len(waiting))

    def _tell(self) -> None:
        for fingerprint in self._draft.seen:
            entry = self._draft.entries[fingerprint]
            (self._report.known if fingerprint in self._draft.before else self._report.new).append(entry)
            if entry.kind is not EntryKind.AUTHORITY:
                continue
            certificate = self._draft.certificates[fingerprint]
            if certificate.not_after < self._at:
                self._report.expired.append(entry)
            if (problem := why_key_is_unusable(certificate)) is not None:
                self._report.unusable.append(Remark(entry, problem))
            for restriction in restrictions_of(certificate):
                self._report.restricted.append(
                    Remark(entry, restriction, self._draft.same_key_without_restriction(certificate))
                )
            if entry.own_signature is not OwnSignature.VERIFIED:
                self._report.unverified.append(Remark(entry, entry.own_signature))


def _country_of_list(signer: ListSigner) -> str:
    """The country of the authority, if it is known: what a signer calls itself must not push out another's list."""
    return country_of(signer.authorities[0] if signer.authorities else signer.certificate)


def _is_older(new: dt.datetime | None, installed: dt.datetime | None) -> bool:
    """A list that does not say when it was signed is older than any that does (Doc 9303-12 §9.1 requires it)."""
    return installed is not None and (new is None or new < installed)


def _country(name: Name) -> str:
    country = next(iter(name.values(COUNTRY)), "").upper()
    return country if country.isascii() and country.isalpha() and len(country) <= 3 else ""
