"""Imports, lists, entries and audits as text and as JSON. The keys of the JSON are a promise to scripts."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from crypto.errors import CryptoError
from crypto.pki.certificate import Certificate
from crypto.pki.deviation_list import parse_deviation_list
from crypto.pki.extensions import KeyUsage
from crypto.pki.revocation import RevocationList
from crypto.signatures.algorithms import signature_algorithm
from reader.trust.audit import AuditFinding, describe_key
from reader.trust.audit_codes import Severity
from reader.trust.import_report import ImportReport, ListSummary, Rejected, Remark
from reader.trust.manifest import Entry, EntryKind, Manifest, Provenance
from reader.trust.sealing import SealState
from reader.trust.signer_revocation import revoked_signers
from reader.trust.sources import shown_path
from reader.trust.store_folder import StoreOnDisk

__all__ = [
    "audit_as_json", "audit_as_text", "entry_as_json", "entry_as_text", "listing_as_json", "listing_as_text",
    "report_as_json", "report_as_text",
]  # fmt: skip

_MOST_LINES: Final = 25
_SEAL_TEXTS: Final = {
    SealState.SEALED: "sealed: it is as it was imported",
    SealState.NOT_SEALED: "NOT SEALED: nobody would notice a change",
    SealState.FOREIGN: "NOT SEALED by a key that is known here: nobody would notice a change",
}
_REASONS: Final = {
    "issuer_absent": "no certificate of its issuer is there",
    "issuer_key_absent": "its issuer is there, but with another key: the older one of a link, or a replaced key, is missing",
    "wrong": "its own signature is wrong",
    "unusable": "its own signature is of a kind that cannot be verified here",
    "not_marked_as_ca": "it does not say that it is an authority's, so it lets nobody sign",
    "key_usage_forbids_issuing": "its key may not sign certificates, so it lets nobody sign",
    "unknown_critical_extension": "it has a critical extension that is not known here, so it lets nobody sign",
    "test_certificate": "it is a TEST certificate; only --test-mode takes it",
    "only_a_test_certificate_vouches": "only a TEST certificate vouches for it, and it does not say TEST itself",
    "no_authority_in_a_list_of_authorities": "it is no authority's certificate",
    "authority_that_nobody_signed_for": "no authority that is known here signed for it, and LDIF is not signed; "
    "import it as a file of its own, or give --accept-authorities",
    "issuer_unknown": "no authority of that name is there",
    "signature_wrong": "no authority of that name signed it",
    "older_than_installed": "a newer one is installed",
    "nothing_known": "it is nothing that belongs into a trust store",
}


# --------------------------------------------------------------------------------------------- imports
def report_as_json(report: ImportReport, folder: Path) -> dict[str, object]:
    """What an import did."""
    return {
        "store": str(folder),
        "counter": report.counter,
        "sealed": True,
        "moved_from": report.moved_from or None,
        "files": [{"file": name, "kind": kind} for name, kind in report.files],
        "lists": [_list_as_json(one) for one in report.lists],
        "totals": {name: len(getattr(report, name)) for name in _PARTS},
        "new": [_brief(one) for one in report.new],
        "known": [_brief(one) for one in report.known],
        "gone": [_brief(one) for one in report.gone],
        "expired": [_brief(one) for one in report.expired],
        "rejected": [_rejected_as_json(one) for one in report.rejected],
        "older": [_rejected_as_json(one) for one in report.older],
        "unusable": [_remark_as_json(one) for one in report.unusable],
        "restricted": [_remark_as_json(one) for one in report.restricted],
        "unverified": [_remark_as_json(one) for one in report.unverified],
    }


_PARTS: Final = ("new", "known", "gone", "expired", "rejected", "older", "unusable", "restricted", "unverified")


def report_as_text(report: ImportReport, folder: Path) -> str:
    """What an import did, for people."""
    lines = [f"Trust store {folder}, change {report.counter}, sealed."]
    if report.moved_from:
        lines.append(f"It counts here from now on, and no more in {shown_path(report.moved_from)}")
    if not report.files and not report.rejected:
        lines.append("No file was found, so nothing was brought in.")
    for one in report.lists:
        signed = f", signed {one.signed_at:%Y-%m-%d}" if one.signed_at else ""
        lines.append(f"{one.file}: {one.kind.replace('_', ' ')} of {one.issuer or 'an unnamed country'}{signed}")
        lines.append(f"  signed by {one.signer_name} ({one.acceptance.value.replace('_', ' ')})")
        if one.kind == "master_list":
            lines.append(
                f"  {one.members} certificates, {one.parsed} well formed, {one.usable} usable for verification"
            )
        else:
            lines.append(f"  {one.members} deviations")
    lines.append(f"New: {len(report.new)}{_countries(report.new)}")
    lines.append(f"Already there: {len(report.known)}")
    lines += _section("Gone, as a newer edition of their list does not have them", map(_entry_line, report.gone))
    lines += _section("Expired; they count for documents of their time", map(_entry_line, report.expired))
    lines += _section("Rejected", map(_rejected_line, report.rejected))
    lines += _section("Passed over, as newer ones are installed", map(_rejected_line, report.older))
    lines += _section("Key not usable", map(_remark_line, report.unusable))
    lines += _section("Key usable, but not to be an issuer", map(_remark_line, report.restricted))
    lines += _section("Own signature not verified", map(_remark_line, report.unverified))
    return "\n".join(lines)


def _section(title: str, rows: Iterable[str]) -> list[str]:
    shown = list(rows)
    return [f"{title}: {len(shown)}", *(f"  {row}" for row in shown)] if shown else []


def _countries(entries: Sequence[Entry]) -> str:
    counts = Counter(one.country or "?" for one in entries)
    return f" ({', '.join(f'{name} {count}' for name, count in sorted(counts.items()))})" if counts else ""


def _entry_line(entry: Entry) -> str:
    until = f"  until {entry.expires_at:%Y-%m-%d}" if entry.expires_at else ""
    return f"{entry.sha256[:16]}  {entry.name}{until}"


def _rejected_line(one: Rejected) -> str:
    what = ", ".join(part for part in (one.file, one.place, one.fingerprint[:16], one.name) if part)
    return f"{what}: {_REASONS.get(one.reason, one.reason)}"


def _remark_line(one: Remark) -> str:
    elsewhere = f"; {one.key_elsewhere[:16]} has the same key and does" if one.key_elsewhere else ""
    return f"{one.entry.sha256[:16]}  {one.entry.name}: {_REASONS.get(one.reason, one.reason)}{elsewhere}"


def _list_as_json(one: ListSummary) -> dict[str, object]:
    return {
        "file": one.file,
        "kind": one.kind,
        "issuer": one.issuer,
        "signer": one.signer,
        "signer_name": one.signer_name,
        "acceptance": one.acceptance.value,
        "signed_at": _time(one.signed_at),
        "members": one.members,
        "parsed": one.parsed,
        "usable": one.usable,
    }


def _rejected_as_json(one: Rejected) -> dict[str, object]:
    return {
        "file": one.file,
        "place": one.place,
        "fingerprint": one.fingerprint,
        "name": one.name,
        "reason": one.reason,
        "text": _REASONS.get(one.reason, one.reason),
    }


def _remark_as_json(one: Remark) -> dict[str, object]:
    text = _REASONS.get(one.reason, str(one.reason))
    return {**_brief(one.entry), "reason": str(one.reason), "text": text, "key_elsewhere": one.key_elsewhere}


def _brief(entry: Entry) -> dict[str, object]:
    return {
        "fingerprint": entry.sha256,
        "kind": entry.kind.value,
        "country": entry.country,
        "name": entry.name,
        "expires_at": _time(entry.expires_at),
        "test": entry.is_test,
    }


# --------------------------------------------------------------------------------------------- listings
def listing_as_json(store: StoreOnDisk, at: dt.datetime, country: str | None = None) -> dict[str, object]:
    """Everything in a store, with provenance and age."""
    manifest = store.manifest
    revoked = revoked_signers(store, at)
    return {
        "store": str(store.folder),
        "seal": store.seal.value,
        "counter": manifest.counter,
        "written_at": _time(manifest.written_at),
        "strays": list(store.strays),
        "provenances": {key: _provenance_as_json(one, at, revoked) for key, one in manifest.provenances.items()},
        "entries": [_listed(one, manifest, at) for one in _chosen(manifest, country)],
    }


def listing_as_text(store: StoreOnDisk, at: dt.datetime, country: str | None = None) -> str:
    """The same for people: a line for each entry."""
    chosen = _chosen(store.manifest, country)
    lines = [f"Trust store {store.folder}, {_SEAL_TEXTS[store.seal]}."]
    lines += [f"From {one}, {_days(one.imported_at, at)} days ago" for one in store.manifest.provenances.values()]
    for entry in chosen:
        until = f"{entry.expires_at:%Y-%m-%d}" if entry.expires_at else "no end    "
        marks = "".join(f" {mark}" for mark in _marks(entry, at))
        lines.append(f"{entry.sha256[:16]}  {entry.kind.value:<15}  {entry.country:<3}  {until}  {entry.name}{marks}")
    counts = Counter(one.kind.value for one in chosen)
    lines.append(", ".join(f"{count} {kind}" for kind, count in sorted(counts.items())) or "Nothing in it.")
    lines += [f"No part of the store, and without effect: {name}" for name in store.strays]
    return "\n".join(lines)


def _chosen(manifest: Manifest, country: str | None) -> list[Entry]:
    wanted = None if country is None else country.upper()
    chosen = [one for one in manifest.entries.values() if wanted is None or one.country == wanted]
    return sorted(chosen, key=lambda one: (one.kind, one.country, one.name, one.sha256))


def _marks(entry: Entry, at: dt.datetime) -> list[str]:
    marks = []
    if entry.is_test:
        marks.append("[TEST]")
    if entry.expires_at is not None and entry.expires_at < at:
        marks.append("[expired]")
    if entry.may_sign_lists:
        marks.append("[may sign lists]")
    return marks


def _listed(entry: Entry, manifest: Manifest, at: dt.datetime) -> dict[str, object]:
    return {
        **_brief(entry),
        "file": entry.file,
        "added_at": _time(entry.added_at),
        "age_days": _days(entry.added_at, at),
        "expired": entry.expires_at is not None and entry.expires_at < at,
        "may_sign_lists": entry.may_sign_lists,
        "own_signature": entry.own_signature.value,
        "provenance": manifest.provenance_of(entry),
        "sources": list(entry.sources),
    }


def _provenance_as_json(one: Provenance, at: dt.datetime, revoked: frozenset[str]) -> dict[str, object]:
    return {
        "kind": one.kind,
        "file": one.file,
        "sha256": one.sha256,
        "imported_at": _time(one.imported_at),
        "age_days": _days(one.imported_at, at),
        "acceptance": one.acceptance.value,
        "issuer": one.issuer,
        "signer": one.signer,
        "signer_name": one.signer_name,
        "signer_revoked": one.signer in revoked,
        "signed_at": _time(one.signed_at),
    }


# --------------------------------------------------------------------------------------------- one entry
def entry_as_json(store: StoreOnDisk, entry: Entry, at: dt.datetime) -> dict[str, object]:
    """All that is known about one entry."""
    revoked = revoked_signers(store, at)
    sources = {key: _provenance_as_json(store.manifest.provenances[key], at, revoked) for key in entry.sources}
    signers = {store.manifest.provenances[key].signer for key in entry.sources}
    content = _content(entry, store.contents[entry.sha256])
    return {
        **_listed(entry, store.manifest, at),
        "revoked_as_signer_of_lists": entry.sha256 in revoked,
        "came_by_a_revoked_signer": bool(signers) and signers <= revoked,
        "provenances": sources,
        "content": content,
    }


def entry_as_text(store: StoreOnDisk, entry: Entry, at: dt.datetime) -> str:
    """The same for people."""
    table = entry_as_json(store, entry, at)
    table.pop("provenances")
    table.pop("sources")
    content = table.pop("content")
    rows = {**table, **(content if isinstance(content, dict) else {})}
    width = max(map(len, rows))
    return "\n".join(f"{name.replace('_', ' '):<{width}}  {_shown(value)}" for name, value in rows.items())


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return "none" if value is None or value == "" else str(value)


def _content(entry: Entry, octets: bytes) -> dict[str, object]:
    if entry.kind is EntryKind.REVOCATION_LIST:
        return _revocation_list_content(RevocationList.parse(octets))
    if entry.kind is EntryKind.DEVIATION_LIST:
        parsed = parse_deviation_list(octets)
        kinds = Counter(kind for one in parsed.deviations for kind in one.kind_texts)
        return {"deviations": [f"{kind} ({count})" for kind, count in sorted(kinds.items())]}
    return _certificate_content(Certificate.parse(octets))


def _revocation_list_content(parsed: RevocationList) -> dict[str, object]:
    return {
        "issuer": str(parsed.issuer),
        "this_update": _time(parsed.this_update),
        "next_update": _time(parsed.next_update),
        "number": parsed.number,
        "revoked": [f"{serial_number:X}" for serial_number in parsed.revoked],
    }


def _certificate_content(certificate: Certificate) -> dict[str, object]:
    try:
        key = describe_key(certificate.public_key())
    except CryptoError as error:
        key = f"not usable: {error.code.name}"
    try:
        algorithm = signature_algorithm(certificate.signature_algorithm).name
    except CryptoError:
        algorithm = certificate.signature_algorithm.oid
    usage = certificate.key_usage
    return {
        "issuer": str(certificate.issuer),
        "serial_number": f"{certificate.serial_number:X}",
        "not_before": _time(certificate.not_before),
        "not_after": _time(certificate.not_after),
        "key": key,
        "signature_algorithm": algorithm,
        "is_authority": certificate.is_authority is True,
        "key_usage": [] if usage is None else [str(one.name).lower() for one in KeyUsage if one in usage],
        "subject_key_identifier": _hex(certificate.subject_key_identifier),
        "authority_key_identifier": _hex(certificate.authority_key_identifier),
        "unknown_critical_extensions": list(certificate.unknown_critical_extensions),
    }


def _hex(octets: bytes | None) -> str | None:
    return None if octets is None else octets.hex()


# ------------------------------------------------------------------------------------------------ audits
def audit_as_json(store: StoreOnDisk, findings: Sequence[AuditFinding]) -> dict[str, object]:
    """What an audit found."""
    counts = Counter(one.code.severity for one in findings)
    return {
        "store": str(store.folder),
        "seal": store.seal.value,
        "entries": len(store.manifest.entries),
        "totals": {severity.value: counts[severity] for severity in Severity},
        "findings": [
            {
                "code": one.code.value,
                "severity": one.code.severity.value,
                "meaning": one.code.meaning,
                "advice": one.code.advice,
                "detail": one.detail,
                "entry": None if one.entry is None else _brief(one.entry),
            }
            for one in findings
        ],
    }


def audit_as_text(store: StoreOnDisk, findings: Sequence[AuditFinding]) -> str:
    """The same for people: what it means and what to do, then where."""
    lines = [f"Trust store {store.folder}, {_SEAL_TEXTS[store.seal]}. {len(store.manifest.entries)} entries."]
    for code in dict.fromkeys(one.code for one in findings):
        where = [one for one in findings if one.code is code]
        lines.append(f"{code.severity.value.upper()} {code.value}: {len(where)}")
        lines.append(f"  {code.meaning}")
        lines.append(f"  What to do: {code.advice}")
        for one in where[:_MOST_LINES]:
            parts = [_entry_line(one.entry)] if one.entry is not None else []
            if one.detail:
                parts.append(one.detail)
            if parts:
                lines.append(f"    {'; '.join(parts)}")
        if len(where) > _MOST_LINES:
            lines.append(f"    and {len(where) - _MOST_LINES} more; --json names all")
    if not findings:
        lines.append("Nothing to report.")
    return "\n".join(lines)


def _time(moment: dt.datetime | None) -> str | None:
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _days(moment: dt.datetime, at: dt.datetime) -> int:
    return max(0, (at - moment).days)
