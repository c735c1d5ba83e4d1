"""Keys of the store at rest: where they lie, how they are made, and what is done with them.

A key file holds one key a line as 64 hexadecimal digits; blank lines and lines that begin with ``#`` do not count. It is
the systemd credential ``chipid-store.key`` if the service is given one, otherwise a file of the program's own user. Which
of several keys is written with is noted in the store, so that all kiosks that share it agree.

Each key is 32 random octets. From it come three by HKDF-SHA-256 (RFC 5869): one for AES-256-GCM (NIST SP 800-38D), one for
searching by number (HMAC-SHA-256, RFC 2104), one for anchors of the audit trail. Nonces are random: one key is good for
2**32 fields (SP 800-38D §8.3), that is for centuries of check-ins.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
import secrets
import stat
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from crypto.primitives.secret import Secret
from kiosk_ui.app.failures import (
    STORE_DAMAGED,
    STORE_KEY_MISSING,
    STORE_KEY_UNUSABLE,
    STORE_KEY_WRONG,
    StoreError,
)
from kiosk_ui.app.full_disk import store_failure
from kiosk_ui.app.secret_files import without_waiting
from reader.trust.file_writing import flush_folder

__all__ = ["CREDENTIAL", "CellPlace", "KeyPlace", "StoreKey", "StoreKeys", "make_once", "new_key"]

CREDENTIAL: Final = "chipid-store.key"
"""Name of the systemd credential (systemd.exec(5), ``LoadCredential=``), and of the file where there is none."""

KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12  # NIST SP 800-38D §8.2.2, random construction
_TAG_BYTES: Final = 16
_FORM: Final = b"\x01"  # version of a sealed cell: form, nonce, ciphertext with tag
_LONGEST_FILE: Final = 64 * 1024
_HEADING: Final = "# Keys of the store of check-ins. Whoever has this file and the store can read both.\n"


@dataclasses.dataclass(frozen=True, slots=True)
class CellPlace:
    """Where a sealed cell stands; a cell that was moved elsewhere does not open.

    Attributes:
        table: name of its table; ``column`` of its column.
        row: its primary key as text.
    """

    table: str
    column: str
    row: str

    def associated_data(self, key_id: str) -> bytes:
        """What AES-GCM authenticates beside the content."""
        return "\x1f".join(("chipid store", self.table, self.column, self.row, key_id)).encode()


class StoreKey:
    """One key with what comes from it. Its ``repr`` shows its name only, which tells nothing about it."""

    __slots__ = ("_anchors", "_cells", "_master", "_searching", "id")

    def __init__(self, master: Secret) -> None:
        self._master = master
        self.id: str = _derived(master, "name", 8).hex()
        self._cells = AESGCM(_derived(master, "cells"))
        self._searching = _derived(master, "searching")
        self._anchors = _derived(master, "anchors")

    def __repr__(self) -> str:
        return f"StoreKey({self.id})"

    @property
    def master(self) -> Secret:
        """The key itself, for writing it into a key file."""
        return self._master

    def seal(self, content: bytes, place: CellPlace, random: Callable[[int], bytes] = secrets.token_bytes) -> bytes:
        """Encrypt the content of one cell with a fresh nonce; 29 octets longer than ``content``."""
        nonce = random(_NONCE_BYTES)
        return _FORM + nonce + self._cells.encrypt(nonce, content, place.associated_data(self.id))

    def open(self, cell: bytes, place: CellPlace) -> bytes:
        """Decrypt one cell.

        Raises:
            StoreError: ``store.damaged`` if it was changed, cut, or stood elsewhere.
        """
        nonce, sealed = cell[1 : 1 + _NONCE_BYTES], cell[1 + _NONCE_BYTES :]
        if cell[:1] != _FORM or len(sealed) < _TAG_BYTES:
            raise StoreError(STORE_DAMAGED, cause="a sealed field is none")
        try:
            return self._cells.decrypt(nonce, sealed, place.associated_data(self.id))
        except InvalidTag:
            raise StoreError(STORE_DAMAGED, cause="a sealed field was changed") from None

    def search_word(self, text: str) -> str:
        """32 hexadecimal digits by which rows with this text are found without the text itself."""
        return _mac(self._searching, text.encode(errors="surrogatepass"))[:16].hex()

    def anchor_word(self, line: bytes) -> str:
        """64 hexadecimal digits that nobody without the key can make for an anchor's ``line``."""
        return _mac(self._anchors, line).hex()


class StoreKeys:
    """The keys at hand.

    Args:
        masters: at least one key of 32 octets; the first is used where a store names none yet.
        again: reads the key file once more, for a key that another process has added since.

    Raises:
        StoreError: ``store.key_unusable`` if there is none, or one has another length.
    """

    def __init__(self, masters: Sequence[Secret], again: Callable[[], Sequence[Secret]] | None = None) -> None:
        if not masters or any(len(master.reveal()) != KEY_BYTES for master in masters):
            raise StoreError(STORE_KEY_UNUSABLE, cause=f"a key has {KEY_BYTES} octets")
        self._keys = _by_id(masters)
        self._again = again

    def __repr__(self) -> str:
        return f"StoreKeys({', '.join(self._keys)})"

    @property
    def first(self) -> StoreKey:
        """The first of the file."""
        return next(iter(self._keys.values()))

    @property
    def all(self) -> tuple[StoreKey, ...]:
        """All of them, in the file's order."""
        return tuple(self._keys.values())

    def get(self, key_id: str) -> StoreKey:
        """The key of that name.

        Raises:
            StoreError: ``store.key_wrong`` if it is not in the key file.
        """
        if key_id not in self._keys and self._again is not None:
            # What is known stays known: a key may have left the file while rows of this moment still need it.
            self._keys = {**_by_id(self._again()), **self._keys}
        if key_id not in self._keys:
            raise StoreError(STORE_KEY_WRONG, wanted=key_id)
        return self._keys[key_id]

    def open(self, key_id: str, cell: bytes, place: CellPlace) -> bytes:
        """Decrypt a cell that was sealed with the key of that name. Raises as :meth:`get` and :meth:`StoreKey.open`."""
        return self.get(key_id).open(cell, place)

    def search_words(self, text: str) -> list[str]:
        """What rows with this text may be found by: one word for each key."""
        return [key.search_word(text) for key in self.all]


@dataclasses.dataclass(frozen=True, slots=True)
class KeyPlace:
    """Where the keys lie.

    Attributes:
        path: the key file.
        may_make: whether a key is made if there is no file; a credential is the administrator's to make.
    """

    path: Path
    may_make: bool = True

    @classmethod
    def chosen(
        cls, data_folder: Path, named: Path | None = None, environment: Mapping[str, str] = os.environ
    ) -> KeyPlace:
        """The file that the settings name, else the systemd credential, else a file in the data folder."""
        if named is not None:
            return cls(named)
        folder = environment.get("CREDENTIALS_DIRECTORY")
        if folder and (credential := Path(folder) / CREDENTIAL).exists():
            return cls(credential, may_make=False)
        return cls(data_folder / CREDENTIAL)

    def load(self, *, needed: bool) -> StoreKeys:
        """Read the keys; a first one is made where there is no file yet.

        Args:
            needed: the store holds something sealed already, so a new key would be of no use: none is made.

        Raises:
            StoreError: ``store.key_missing`` if a needed file is not there; ``store.key_unusable`` if it cannot be read or
                made, is open to other users, or holds no keys.
        """
        try:
            if not self.path.exists():
                if needed or not self.may_make:
                    raise StoreError(STORE_KEY_MISSING)
                self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                make_once(self.path, key_file([new_key()]))
            return StoreKeys(self._read(), self._read)
        except OSError as error:
            raise store_failure(error, STORE_KEY_UNUSABLE) from None

    def _read(self) -> list[Secret]:
        try:
            with open(self.path, "rb", opener=without_waiting) as file:
                found = os.fstat(file.fileno())
                if not stat.S_ISREG(found.st_mode):
                    raise StoreError(STORE_KEY_UNUSABLE, cause="it is no file")
                if os.name == "posix" and found.st_mode & (stat.S_IRWXG | stat.S_IRWXO) & ~self._lent():
                    raise StoreError(STORE_KEY_UNUSABLE, cause="other users can read it; chmod 600 closes it")
                octets = file.read(_LONGEST_FILE + 1)
        except OSError as error:
            raise store_failure(error, STORE_KEY_UNUSABLE) from None
        return list(_keys_in(octets))

    def _lent(self) -> int:
        """Mode bits that do not matter: systemd gives credentials mode 0440 in a folder that is the service's alone."""
        return 0 if self.may_make else stat.S_IRGRP


def new_key(random: Callable[[int], bytes] = secrets.token_bytes) -> Secret:
    """A fresh key."""
    return Secret(random(KEY_BYTES))


def key_file(masters: Iterable[Secret]) -> bytes:
    """Content of a key file."""
    return (_HEADING + "".join(f"{master.reveal().hex()}\n" for master in masters)).encode()


def make_once(path: Path, octets: bytes) -> None:
    """Make a private file whole or not at all, and leave one that is there already as it is.

    Raises:
        OSError: it cannot be made.
    """
    if path.exists():
        return
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)  # mode 0600
    try:
        with os.fdopen(handle, "wb") as part:
            part.write(octets)
            part.flush()
            os.fsync(part.fileno())  # after a power cut the name must not stand there without its bytes
        with contextlib.suppress(FileExistsError):
            os.link(name, path)  # refuses to replace a key that another process has made meanwhile
        flush_folder(path.parent)  # nor must what is sealed with the key be there without its name
    finally:
        os.unlink(name)


def _keys_in(octets: bytes) -> Iterable[Secret]:
    # As made by `head -c 32 /dev/urandom`. Text of that length is no random key: our own heading, cut off, say.
    if len(octets) == KEY_BYTES and re.fullmatch(rb"[\x20-\x7e\s]*", octets) is None:
        yield Secret(octets)
        return
    lines = [line.strip() for line in octets.splitlines()]
    for line in lines:
        if not line or line.startswith(b"#"):
            continue
        if re.fullmatch(rb"[0-9a-fA-F]{64}", line) is None or len(octets) > _LONGEST_FILE:
            raise StoreError(STORE_KEY_UNUSABLE, cause="a key has 64 hexadecimal digits on a line of its own")
        yield Secret(bytes.fromhex(line.decode()))


def _by_id(masters: Iterable[Secret]) -> dict[str, StoreKey]:
    return {key.id: key for key in map(StoreKey, masters)}


def _derived(master: Secret, purpose: str, length_bytes: int = KEY_BYTES) -> bytes:
    return HKDF(hashes.SHA256(), length_bytes, salt=None, info=f"chipid store {purpose}".encode()).derive(
        master.reveal()
    )


def _mac(key: bytes, message: bytes) -> bytes:
    made = hmac.HMAC(key, hashes.SHA256())
    made.update(message)
    return made.finalize()
