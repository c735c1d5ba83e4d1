"""Changes of a trust store: imports, updates, removals. Each happens whole or not at all."""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path

from reader import errors
from reader.trust.import_plan import ImportOptions, ImportPlan, OnStep, plan_import
from reader.trust.import_report import ImportReport, Rejected
from reader.trust.manifest import Entry, Manifest, Provenance
from reader.trust.sealing import SealKey, SealState, default_key_file
from reader.trust.sources import SourceFile, read_source, shown_name, shown_path
from reader.trust.store_folder import StoreOnDisk, commit, is_free, open_store, remove_leftovers, writing

__all__ = ["find_entry", "import_files", "remove_entry", "update_from"]

_LEAST_DIGITS = 8
_MOST_FILES = 10_000


def import_files(
    paths: Iterable[Path],
    folder: Path,
    options: ImportOptions,
    *,
    key_file: Path | None = None,
    replace: bool = False,
    take_over: bool = False,
    at: dt.datetime | None = None,
    on_step: OnStep = lambda what, done, total: None,
) -> ImportReport:
    """Bring files into a store; the store and its seal key are made if they are not there.

    Args:
        paths: the files, each of which must be usable.
        folder: where the store lies.
        options: how to import.
        key_file: of the seal; the user's own if none is named.
        replace: begin anew, whatever the seal key remembers of a store in this place.
        take_over: if this is a copy of a store that lies elsewhere, let this one be the store from now on.
        at: now, if not now.
        on_step: told what is being done.

    Raises:
        TrustError: nothing was imported. As :func:`reader.trust.sources.read_source`,
            :func:`reader.trust.import_plan.plan_import`, :func:`reader.trust.store_folder.open_store`; besides
            ``trust.store_loose``, ``trust.store_copy``, ``trust.store_linked``, ``trust.store_busy``,
            ``trust.store_unwritable``, ``trust.seal_key_unusable``.
    """
    now = dt.datetime.now(dt.UTC) if at is None else at
    rejected: list[Rejected] = []
    sources: list[SourceFile] = []
    for path in paths:
        on_step(f"Reading {shown_name(path)}", 0, 0)
        try:
            sources.append(read_source(path))
        except errors.TrustError as error:
            if not options.forgiving:
                raise
            rejected.append(Rejected(shown_name(path), "", error.code.name))
    key = SealKey.load_or_make(default_key_file() if key_file is None else key_file)
    key.check_writable()
    with writing(folder):
        current = None if replace else _current(folder, key, take_over=take_over)
        contents = {} if current is None else current.contents
        before = None if current is None else current.manifest
        plan = plan_import(before, contents, sources, options, now, on_step)
        plan.report.rejected.extend(rejected)
        moved_from = "" if before is None else key.place_elsewhere(folder, before.store_id) or ""
        if before is not None and not moved_from and _is_nothing(before, plan):
            plan.report.counter = before.counter  # nothing is written, and the copies of this store stay good
            return plan.report
        new = _next(before, plan.entries, plan.provenances, now)
        commit(folder, new, plan.contents, key, lambda done, total: on_step("Writing", done, total))
        remove_leftovers(folder, plan.gone)
        plan.report.counter, plan.report.moved_from = new.counter, moved_from
        return plan.report


def update_from(
    place: Path,
    folder: Path,
    options: ImportOptions,
    *,
    key_file: Path | None = None,
    at: dt.datetime | None = None,
    on_step: OnStep = lambda what, done, total: None,
) -> ImportReport:
    """Bring a store up to date from a file, or from all files of a folder (not of folders in it).

    Lists of which a newer edition is installed, and files of another kind, are passed over and named in the report.

    Raises:
        TrustError: as :func:`import_files`; ``trust.source_unreadable`` if the place cannot be read.
    """
    try:
        paths = sorted(one for one in place.iterdir() if one.is_file()) if place.is_dir() else [place]
    except OSError as error:
        reason = error.strerror or "it cannot be opened"
        raise errors.TrustError(errors.TRUST_SOURCE_UNREADABLE, file=shown_name(place), reason=reason) from None
    if len(paths) > _MOST_FILES:
        raise errors.TrustError(errors.TRUST_SOURCE_TOO_LARGE, file=shown_name(place))
    forgiving = dataclasses.replace(options, forgiving=place.is_dir())
    return import_files(paths, folder, forgiving, key_file=key_file, at=at, on_step=on_step)


def remove_entry(
    fingerprint: str, folder: Path, *, key_file: Path | None = None, at: dt.datetime | None = None
) -> Entry:
    """Take one entry out of a store.

    Args:
        fingerprint: of the entry, or how it begins.
        folder: where the store lies.
        key_file: of the seal; the user's own if none is named.
        at: now, if not now.

    Raises:
        TrustError: ``trust.store_absent``, ``trust.fingerprint_unknown``, and as :func:`import_files`.
    """
    now = dt.datetime.now(dt.UTC) if at is None else at
    if not folder.is_dir():
        raise errors.TrustError(errors.TRUST_STORE_ABSENT)
    key = SealKey.load(default_key_file() if key_file is None else key_file)
    key.check_writable()
    with writing(folder):
        current = _current(folder, key)
        if current is None:
            raise errors.TrustError(errors.TRUST_STORE_ABSENT)
        entry = find_entry(current.manifest, fingerprint)
        entries = {name: one for name, one in current.manifest.entries.items() if name != entry.sha256}
        commit(folder, _next(current.manifest, entries, current.manifest.provenances, now), {}, key)
        remove_leftovers(folder, [entry.file])
    return entry


def find_entry(manifest: Manifest, beginning: str) -> Entry:
    """The entry whose fingerprint begins so.

    Raises:
        TrustError: ``trust.fingerprint_malformed``, ``trust.fingerprint_unknown``.
    """
    plain = "".join(beginning.replace(":", "").split()).lower()
    if not _LEAST_DIGITS <= len(plain) <= 64 or not set(plain) <= set("0123456789abcdef"):
        raise errors.TrustError(errors.TRUST_FINGERPRINT_MALFORMED)
    found = [entry for fingerprint, entry in manifest.entries.items() if fingerprint.startswith(plain)]
    if len(found) != 1:
        raise errors.TrustError(errors.TRUST_FINGERPRINT_UNKNOWN, found=len(found))
    return found[0]


def _current(folder: Path, key: SealKey, *, take_over: bool = False) -> StoreOnDisk | None:
    """The store as it is; only one that this key has sealed is changed, or a change would bless somebody else's.

    A copy is not changed while the store is in its place: there, the key would count the state that it knows as an older
    one, and watch the place no more.
    """
    current = open_store(folder, key)
    if current is None:
        if not is_free(folder):
            raise errors.TrustError(errors.TRUST_STORE_LOOSE)
        return None
    if current.seal is not SealState.SEALED:
        raise errors.TrustError(errors.TRUST_SEAL_FOREIGN)
    elsewhere = key.place_elsewhere(folder, current.manifest.store_id)
    if elsewhere is not None and not take_over and os.path.lexists(elsewhere):
        raise errors.TrustError(errors.TRUST_STORE_COPY, store=shown_path(elsewhere))
    return current


def _is_nothing(before: Manifest, plan: ImportPlan) -> bool:
    """Whether the files held nothing that was taken: an empty folder, older editions, something else."""
    same = dict(before.entries) == dict(plan.entries) and dict(before.provenances) == dict(plan.provenances)
    return same and not plan.report.new and not plan.report.known


def _next(
    before: Manifest | None, entries: Mapping[str, Entry], provenances: Mapping[str, Provenance], now: dt.datetime
) -> Manifest:
    if before is None:
        return Manifest(secrets.token_hex(16), 1, now, provenances, entries)
    return Manifest(before.store_id, before.counter + 1, now, provenances, entries)
