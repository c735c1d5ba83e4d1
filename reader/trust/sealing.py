"""The seal on a trust store: an HMAC over ``store.json`` by a key that does not lie in the store's folder.

The key file also remembers each store that was sealed with it: its place, its number and how often it was changed.
So it is found out, too, when somebody takes the seal away, puts another store in that place, or an older state of it.

A store has one place. A copy of it elsewhere can be read as long as it is the last state; it is changed only by who says
that it is to take the store's place (:meth:`SealKey.place_elsewhere`).
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NoReturn

from reader import errors
from reader.trust.file_reading import read_plain
from reader.trust.file_writing import Busy, flush_folder, locked, write_whole
from reader.trust.seal_state import SealState

__all__ = ["Seal", "SealKey", "SealState", "default_key_file", "is_sealed_place", "own_key_file"]

FORMAT: Final = "chipid trust seal key 1"
_KEY_BYTES: Final = 32
_MAX_FILE_BYTES: Final = 1 << 20
_PATIENCE_S: Final = 5.0


@dataclasses.dataclass(frozen=True, slots=True)
class Seal:
    """What stands in ``store.json``.

    Attributes:
        key_id: which key, without saying anything about it.
        value: HMAC-SHA-256, in hexadecimal.
    """

    key_id: str
    value: str


@dataclasses.dataclass(frozen=True, slots=True)
class KnownStore:
    """What the key file remembers of a store: where it lies, and its last state that was seen."""

    folder: str
    counter: int
    seal: str


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class SealKey:
    """A seal key and the stores that it knows. Made by :meth:`load` or :meth:`load_or_make`.

    Attributes:
        path: of the key file.
        key: the secret.
        stores: by their identifier.
    """

    path: Path
    key: bytes
    stores: Mapping[str, KnownStore]

    def __repr__(self) -> str:
        return f"SealKey({len(self.stores)} stores)"

    @property
    def key_id(self) -> str:
        """Which key this is."""
        return hashlib.sha256(b"chipid trust seal key id" + self.key).hexdigest()[:16]

    @classmethod
    def load(cls, path: Path) -> SealKey:
        """Read a key file.

        Raises:
            TrustError: ``trust.seal_key_unusable``.
        """
        try:
            return cls(path, *_parse(read_plain(path, _MAX_FILE_BYTES)))
        except OSError as error:
            _unusable(error.strerror or "it cannot be read", error)
        except (KeyError, TypeError, ValueError, RecursionError) as error:
            _unusable("it is no seal key", error)

    @classmethod
    def load_or_make(cls, path: Path) -> SealKey:
        """Read a key file, or make one, for its owner only.

        Raises:
            TrustError: ``trust.seal_key_unusable``.
        """
        if path.exists():
            return cls.load(path)
        made = cls(path, secrets.token_bytes(_KEY_BYTES), {})
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with locked(path.with_suffix(".lock"), wait_s=_PATIENCE_S):
                if path.exists():  # somebody was faster
                    return cls.load(path)
                made._write()
        except Busy as error:
            _unusable("another program is writing it", error)
        except OSError as error:
            _unusable(error.strerror or "it cannot be written", error)
        return made

    def check_writable(self) -> None:
        """Find out before anything is changed whether the key file can be changed.

        Raises:
            TrustError: ``trust.seal_key_unusable``.
        """
        try:
            with locked(self.path.with_suffix(".lock"), wait_s=_PATIENCE_S):
                writable = os.access(self.path, os.W_OK) and os.access(self.path.parent, os.W_OK)
        except Busy as error:
            _unusable("another program is writing it", error)
        except OSError as error:
            _unusable(error.strerror or "it cannot be written", error)
        if not writable:
            _unusable("it cannot be written", PermissionError())

    def knows(self, folder: Path) -> bool:
        """Whether a store in that place was sealed with this key."""
        return bool(self._sealed_in(folder))

    def last_seal(self, folder: Path) -> str | None:
        """The seal of the last state of the store in that place, or ``None`` if none was sealed there."""
        for store_id in self._sealed_in(folder):
            return self.stores[store_id].seal
        return None

    def place_elsewhere(self, folder: Path, store_id: str) -> str | None:
        """Where that store lies, if this is not the place; ``None`` if it is, or if the key does not know it."""
        known = self.stores.get(store_id)
        return None if known is None or known.folder in _places(folder) else known.folder

    def has_noted(self, store_id: str, seal: Seal) -> bool:
        """Whether the key file says that this is the store's last state; also if it cannot be read any more."""
        try:
            known = SealKey.load(self.path).stores.get(store_id)
        except errors.TrustError:
            return True
        return known is not None and known.seal == seal.value

    def _sealed_in(self, folder: Path) -> frozenset[str]:
        """The store that was sealed in that place, by its identifier. What lay there speaks before what a link that
        somebody put there leads to."""
        for place in _places(folder):
            found = frozenset(store_id for store_id, one in self.stores.items() if one.folder == place)
            if found:
                return found
        return frozenset()

    def seal(self, octets: bytes) -> Seal:
        """The seal over these octets."""
        return Seal(self.key_id, hmac.new(self.key, octets, hashlib.sha256).hexdigest())

    def check(self, folder: Path, store_id: str, counter: int, octets: bytes, seal: Seal | None) -> SealState:
        """What the seal over these octets says.

        Returns:
            ``SEALED``, or ``FOREIGN`` for a store that this key never had to do with.

        Raises:
            TrustError: ``trust.tampered``: a store of this key without its seal, with a wrong one, another store in
                its place, or an older state of it.
        """
        known, here = self.stores.get(store_id), self._sealed_in(folder)
        expected = self.seal(octets).value.encode("ascii")
        if seal is None or not hmac.compare_digest(expected, seal.value.encode("utf-8", "replace")):
            if known is None and not here and (seal is None or seal.key_id != self.key_id):
                return SealState.FOREIGN
            raise errors.TrustError(errors.TRUST_TAMPERED, what="seal missing" if seal is None else "seal wrong")
        if here and store_id not in here:  # also one that is right in a place of its own
            raise errors.TrustError(errors.TRUST_TAMPERED, what="another store in its place")
        if known is not None and (counter < known.counter or (counter == known.counter and seal.value != known.seal)):
            is_copy = known.folder not in _places(folder)
            raise errors.TrustError(errors.TRUST_TAMPERED, what="older copy" if is_copy else "older state")
        return SealState.SEALED

    def remember(self, folder: Path, store_id: str, counter: int, seal: Seal) -> None:
        """Note the newest state of a store, so that no older one counts any more.

        Raises:
            TrustError: ``trust.seal_key_unusable``.
        """
        known = self.stores.get(store_id)
        if known is not None and known.counter == counter and known.folder in _places(folder):
            return
        try:
            with locked(self.path.with_suffix(".lock"), wait_s=_PATIENCE_S):
                newest = SealKey.load(self.path)  # another store may have been sealed meanwhile
                before = newest.stores.get(store_id)
                if before is not None and before.counter > counter:
                    return
                # a link that somebody puts into a store's place does not make it lie elsewhere
                is_there = before is not None and before.folder in _places(folder)
                place = before.folder if before is not None and is_there else _place(folder)
                # one store in one place: what lay there before has been replaced
                others = {key: one for key, one in newest.stores.items() if one.folder != place}
                stores = {**others, store_id: KnownStore(place, counter, seal.value)}
                SealKey(self.path, newest.key, stores)._write()
        except Busy as error:
            _unusable("another program is writing it", error)
        except OSError as error:
            _unusable(error.strerror or "it cannot be written", error)

    def remember_if_possible(self, folder: Path, store_id: str, counter: int, seal: Seal) -> None:
        """The same for who only reads: a kiosk may have no right to write the key file.

        Who reads a copy does not take its place from the store: it would be watched no more.
        """
        known = self.stores.get(store_id)
        is_copy = known is not None and os.path.exists(known.folder)
        with contextlib.suppress(errors.TrustError):
            self.remember(Path(known.folder) if known is not None and is_copy else folder, store_id, counter, seal)

    def _write(self) -> None:
        stores = {key: dataclasses.asdict(one) for key, one in self.stores.items()}
        table = {"format": FORMAT, "key": self.key.hex(), "stores": stores}
        write_whole(self.path, json.dumps(table, indent=2).encode("ascii"), mode=0o600)
        with contextlib.suppress(OSError):  # it stands there; what follows must not overtake it on its way to the disk
            flush_folder(self.path.parent)


def default_key_file() -> Path:
    """``trust-seal.json`` in the user's configuration folder (``XDG_CONFIG_HOME``, or ``.config``)."""
    configured = os.environ.get("XDG_CONFIG_HOME", "")
    base = Path(configured) if configured else Path(os.path.expanduser("~")) / ".config"
    return base / "chipid-kiosk" / "trust-seal.json"


def own_key_file() -> Path | None:
    """:func:`default_key_file` if it is there."""
    path = default_key_file()
    try:
        return path if path.exists() else None
    except OSError:  # a configuration folder of somebody else's
        return None


def is_sealed_place(folder: Path) -> bool:
    """Whether the user's own key knows a store in that place, be it there or not.

    Raises:
        TrustError: ``trust.seal_key_unusable``.
    """
    own = own_key_file()
    return own is not None and SealKey.load(own).knows(folder)


def _place(folder: Path) -> str:
    return os.path.realpath(folder)


def _places(folder: Path) -> tuple[str, str]:
    """The folder itself, and where it leads if it is a link."""
    path = os.path.abspath(folder)
    return os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path)), _place(folder)


def _parse(octets: bytes) -> tuple[bytes, dict[str, KnownStore]]:
    table = json.loads(octets.decode("utf-8"))
    if table["format"] != FORMAT:
        raise ValueError("another format")
    key = bytes.fromhex(table["key"])
    if len(key) != _KEY_BYTES:
        raise ValueError("another length")
    stores = {}
    for store_id, one in table["stores"].items():
        folder, counter, seal = one["folder"], one["counter"], one["seal"]
        if not (isinstance(folder, str) and isinstance(counter, int) and isinstance(seal, str)):
            raise TypeError("another type")
        stores[store_id] = KnownStore(folder, counter, seal)
    return key, stores


def _unusable(reason: str, cause: Exception) -> NoReturn:
    del cause  # its text may show what is in the file
    raise errors.TrustError(errors.TRUST_SEAL_KEY_UNUSABLE, reason=reason) from None
