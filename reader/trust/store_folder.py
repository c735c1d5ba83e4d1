"""A trust store as it lies on the disk.

    store.json                    what belongs to it, from where, and the seal over that
    certificates/  *.cer          signing authorities (CSCA), DER
    document-signers/  *.cer      of a directory, for documents that carry none
    list-signers/  *.cer          who may sign master and deviation lists
    crls/  *.crl   deviation-lists/  *.dvl

Files are named after what is in them and are never changed. A change

1. puts new files beside the old ones, and a new ``store.json`` beside the old one, named after its seal;
2. notes that seal in the key file: from that moment on the new state counts, and the old one is an older state;
3. puts the new ``store.json`` in place of the old one.

Whoever is killed before 2 has changed nothing; whoever is killed after it has changed all, and what 3 would have done is
found under the name of the seal. There is no moment at which two states would do. What lies there and does not stand in
``store.json`` is no part of the store.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from reader import errors
from reader.trust.file_reading import FileTooLargeError, read_plain
from reader.trust.file_writing import PARTIAL_SUFFIX, Busy, flush_folder, locked, write_all, write_whole
from reader.trust.manifest import (
    MAX_MANIFEST_BYTES,
    Entry,
    EntryKind,
    Manifest,
    canonical,
    parse_manifest,
)
from reader.trust.sealing import Seal, SealKey, SealState
from reader.trust.sources import shown_name
from reader.trust.store_links import refuse_links

__all__ = ["MANIFEST_FILE", "StoreOnDisk", "commit", "default_store_folder", "is_store", "open_store", "writing"]

MANIFEST_FILE: Final = "store.json"
NEXT_SUFFIX: Final = ".next"
"""A ``store.json`` that was not yet put in its place. It counts if the seal key remembers its seal as the last one."""

LOCK_FILE: Final = ".lock"
MAX_ENTRY_BYTES: Final = 32 << 20
_SEAL: Final = "seal"
_TRIES: Final = 5
_LEFTOVERS: Final = (PARTIAL_SUFFIX, NEXT_SUFFIX)

FOLDERS: Final = {
    EntryKind.AUTHORITY: ("certificates", "cer"),
    EntryKind.DOCUMENT_SIGNER: ("document-signers", "cer"),
    EntryKind.LIST_SIGNER: ("list-signers", "cer"),
    EntryKind.REVOCATION_LIST: ("crls", "crl"),
    EntryKind.DEVIATION_LIST: ("deviation-lists", "dvl"),
}
_OURS: Final = tuple(name for name, _ in FOLDERS.values())


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class StoreOnDisk:
    """A store that was read whole.

    Attributes:
        folder: where it lies.
        manifest: what belongs to it.
        contents: octets of every entry, by fingerprint; they have that fingerprint.
        seal: what the seal says.
        strays: files in the folder that are no part of the store, by name.
    """

    folder: Path
    manifest: Manifest
    contents: Mapping[str, bytes]
    seal: SealState
    strays: tuple[str, ...]


def default_store_folder() -> Path:
    """Where a kiosk looks, too: ``trust`` in its data folder (``CHIPID_DATA_FOLDER``, or in the user's own)."""
    configured = os.environ.get("CHIPID_DATA_FOLDER", "")
    base = Path(configured) if configured else Path(os.path.expanduser("~")) / ".local" / "share" / "chipid-kiosk"
    return base / "trust"


def is_store(folder: Path) -> bool:
    """Whether a store was made here; a plain folder of certificates is none."""
    return (folder / MANIFEST_FILE).exists()


def open_store(folder: Path, key: SealKey | None = None, *, must_be_sealed: bool = False) -> StoreOnDisk | None:
    """Read a store, every entry of it, and look at its seal.

    Args:
        folder: where it lies.
        key: of the seal, or ``None`` to believe the folder as it is.
        must_be_sealed: whether only a store that was sealed with this key will do; else it is required of the stores
            that the key knows.

    Returns:
        ``None`` if there is no store in the folder, and none is missing there.

    Raises:
        TrustError: ``trust.unreadable``, ``trust.store_damaged``, ``trust.tampered``; ``trust.seal_foreign`` for a
            store of another key where only one of this key will do.
    """
    for attempt in range(_TRIES):
        octets = _manifest_octets(folder, MANIFEST_FILE)
        try:
            return _read_manifest(folder, octets, key, must_be_sealed=must_be_sealed)
        except errors.TrustError as problem:
            unfinished = _read_unfinished(folder, key, must_be_sealed=must_be_sealed)
            if unfinished is not None:
                return unfinished
            # an import may have come in between: only a folder that stays as it is can be judged
            if attempt == _TRIES - 1 or _manifest_octets(folder, MANIFEST_FILE) == octets:
                raise problem from None
    return None


def _read_manifest(
    folder: Path, octets: bytes | None, key: SealKey | None, *, must_be_sealed: bool
) -> StoreOnDisk | None:
    if octets is not None:
        return _read_store(folder, octets, key, must_be_sealed=must_be_sealed)
    if key is not None and (must_be_sealed or key.knows(folder)):
        raise errors.TrustError(errors.TRUST_TAMPERED, what="store.json missing")
    return None


def _read_unfinished(folder: Path, key: SealKey | None, *, must_be_sealed: bool) -> StoreOnDisk | None:
    """The state that the key remembers as the last one, if whoever wrote it was stopped before it was in its place."""
    seal = None if key is None else key.last_seal(folder)
    if seal is None:
        return None
    try:
        octets = _manifest_octets(folder, _next_name(seal))
        return None if octets is None else _read_store(folder, octets, key, must_be_sealed=must_be_sealed)
    except errors.TrustError:  # then what is wrong with the one that is in its place is what there is to say
        return None


def _next_name(seal: str) -> str:
    return f"{MANIFEST_FILE}.{seal[:16]}{NEXT_SUFFIX}"


def _read_store(folder: Path, octets: bytes, key: SealKey | None, *, must_be_sealed: bool) -> StoreOnDisk:
    is_known = key is not None and (must_be_sealed or key.knows(folder))
    try:
        body, seal = _unsealed(octets)
        manifest = parse_manifest(body)
    except errors.TrustError:
        if is_known:
            raise errors.TrustError(errors.TRUST_TAMPERED, what="store.json damaged") from None
        raise
    state = SealState.FOREIGN if seal is not None else SealState.NOT_SEALED
    if key is not None:
        checked = key.check(folder, manifest.store_id, manifest.counter, canonical(body), seal)
        state = checked if checked is SealState.SEALED else state
    if must_be_sealed and state is not SealState.SEALED:
        raise errors.TrustError(errors.TRUST_SEAL_FOREIGN)
    contents = {
        entry.sha256: _entry_octets(folder, entry, sealed=state is SealState.SEALED)
        for entry in manifest.entries.values()
    }
    if key is not None and seal is not None and state is SealState.SEALED:
        key.remember_if_possible(folder, manifest.store_id, manifest.counter, seal)
    own_next = "" if seal is None else _next_name(seal.value)
    return StoreOnDisk(folder, manifest, contents, state, strays(folder, manifest, own_next))


def _manifest_octets(folder: Path, name: str) -> bytes | None:
    try:
        return read_plain(folder / name, MAX_MANIFEST_BYTES)
    except FileNotFoundError:
        return None
    except FileTooLargeError:
        raise errors.TrustError(errors.TRUST_STORE_DAMAGED, file=MANIFEST_FILE) from None
    except OSError as error:
        raise errors.TrustError(errors.TRUST_FOLDER_UNREADABLE) from error


def _unsealed(octets: bytes) -> tuple[dict[str, object], Seal | None]:
    """The sealed part of ``store.json``, and the seal."""
    try:
        body = json.loads(octets.decode("utf-8"))
        if not isinstance(body, dict):
            raise TypeError("a table expected")
        seal = body.pop(_SEAL, None)
        return body, None if seal is None else Seal(str(seal["key"]), str(seal["value"]))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise errors.TrustError(errors.TRUST_STORE_DAMAGED, file=MANIFEST_FILE) from error


def _entry_octets(folder: Path, entry: Entry, *, sealed: bool) -> bytes:
    what = "entry changed"
    try:
        octets = read_plain(folder / entry.file, MAX_ENTRY_BYTES)
        if hashlib.sha256(octets).hexdigest() == entry.sha256:
            return octets
    except FileNotFoundError:
        what = "entry missing"
    except PermissionError as error:  # nobody swapped it; this user may not read it
        raise errors.TrustError(errors.TRUST_FOLDER_UNREADABLE) from error
    except OSError:  # a folder, a pipe, something huge in its place
        what = "entry replaced"
    code = errors.TRUST_TAMPERED if sealed else errors.TRUST_STORE_DAMAGED
    raise errors.TrustError(code, what=what, file=entry.file)


def strays(folder: Path, manifest: Manifest, own_next: str) -> tuple[str, ...]:
    """What lies in the folder and is no part of the store. Left by a killed import, or by somebody."""
    expected = {own_next, *(entry.file for entry in manifest.entries.values())}
    return tuple(sorted(_shown(name) for name in _names(folder) if name not in expected))


def _shown(name: str) -> str:
    """Whoever lays a file there chooses its name, and people read it on a terminal."""
    return "/".join(shown_name(Path(piece)) for piece in name.split("/"))


def _names(folder: Path) -> list[str]:
    found = []
    try:
        for name in os.listdir(folder):
            if name in _OURS and not (folder / name).is_symlink() and (folder / name).is_dir():
                found += [f"{name}/{inner}" for inner in os.listdir(folder / name)]
            elif name not in (MANIFEST_FILE, LOCK_FILE):
                found.append(name)
    except OSError as error:
        raise errors.TrustError(errors.TRUST_FOLDER_UNREADABLE) from error
    return found


def is_free(folder: Path) -> bool:
    """Whether a new store can be made here: nothing lies there but what an import that was killed may leave."""
    return all(name.partition("/")[0] in _OURS or name.endswith(_LEFTOVERS) for name in _names(folder))


@contextlib.contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Hold the store for one change; the folder is made if need be.

    Raises:
        TrustError: ``trust.store_busy``, ``trust.store_unwritable``, ``trust.store_linked``.
    """
    with contextlib.ExitStack() as held:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            refuse_links(folder, _OURS)  # before the lock's file, which could be one
            held.enter_context(locked(folder / LOCK_FILE))
        except Busy:
            raise errors.TrustError(errors.TRUST_STORE_BUSY) from None
        except OSError as error:
            raise _unwritable(error) from error
        refuse_links(folder, _OURS)
        yield


def commit(
    folder: Path,
    new: Manifest,
    contents: Mapping[str, bytes],
    key: SealKey,
    on_file: Callable[[int, int], None] | None = None,
) -> None:
    """Make ``new`` the state of the store. Call it within :func:`writing`.

    Args:
        folder: where the store lies.
        new: what belongs to it from now on.
        contents: octets of every entry of ``new`` that is not there yet, by fingerprint.
        key: to seal it with.
        on_file: told the number of files written so far, and of all.

    Raises:
        TrustError: the store is as it was: ``trust.store_unwritable``, ``trust.seal_key_unusable``, or
            ``trust.store_busy`` if the key file knows a later state already.
    """
    body = new.as_json()
    seal = key.seal(canonical(body))
    files = [
        (folder / entry.file, contents[entry.sha256]) for entry in new.entries.values() if entry.sha256 in contents
    ]
    fresh = [path for path, _ in files if not path.exists()]
    waiting = folder / _next_name(seal.value)
    try:
        _write_beside(folder, files, on_file)
        write_whole(waiting, _as_text(body, seal))
        flush_folder(folder)
        key.remember(folder, new.store_id, new.counter, seal)  # the one step that makes it so
        if not key.has_noted(new.store_id, seal):
            raise errors.TrustError(errors.TRUST_STORE_BUSY)
    except BaseException as error:
        if not key.has_noted(new.store_id, seal):
            for path in (*fresh, waiting):  # they are no part of the store that is there
                with contextlib.suppress(OSError):
                    path.unlink()
        if isinstance(error, OSError):
            raise _unwritable(error) from error
        raise
    _put_in_place(folder, waiting)


def _write_beside(
    folder: Path, files: Sequence[tuple[Path, bytes]], on_file: Callable[[int, int], None] | None
) -> None:
    for name in _OURS:
        (folder / name).mkdir(exist_ok=True)
    for done in write_all(files):
        if on_file is not None:
            on_file(done, len(files))
    for name in _OURS:
        flush_folder(folder / name)


def _put_in_place(folder: Path, waiting: Path) -> None:
    with contextlib.suppress(OSError):  # it counts already, wherever it lies, also after a power cut
        waiting.replace(folder / MANIFEST_FILE)
        flush_folder(folder)
        for left in folder.glob(f"{MANIFEST_FILE}.*{NEXT_SUFFIX}"):  # of changes that were stopped
            left.unlink()


def _as_text(body: Mapping[str, object], seal: Seal) -> bytes:
    """JSON with a line for each entry, so that people can read it and compare two of them."""
    sealed = {**body, _SEAL: {"algorithm": "HMAC-SHA256", "key": seal.key_id, "value": seal.value}}
    fields = (f'"{name}": {_lines_of(value)}' for name, value in sealed.items())
    return ("{\n" + ",\n".join(fields) + "\n}\n").encode("utf-8")


def _lines_of(value: object) -> str:
    if isinstance(value, list) and value:
        return "[\n " + ",\n ".join(json.dumps(one, ensure_ascii=False) for one in value) + "\n]"
    return json.dumps(value, ensure_ascii=False)


def remove_leftovers(folder: Path, gone: Iterable[str]) -> None:
    """Remove files that left the store, and what a killed writer left half-written. Nobody is hurt if that fails."""
    for name in (*gone, *(name for name in _names(folder) if name.endswith(PARTIAL_SUFFIX))):
        with contextlib.suppress(OSError):
            (folder / name).unlink()


def _unwritable(error: OSError) -> errors.TrustError:
    return errors.TrustError(errors.TRUST_STORE_UNWRITABLE, reason=error.strerror or "disk error")
