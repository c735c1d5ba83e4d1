"""Trust anchors from a folder: a store that ``chipid trust`` made, or CSCA certificates as DER or PEM files, as an
administrator lays them down.

TEST authorities (marked so in their subject) are left out unless test mode is on, whatever folder they lie in.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from crypto.errors import CryptoError
from crypto.pki.certificate import Certificate
from crypto.pki.trust_store import TrustStore
from reader import errors
from reader.trust.seal_state import SealState

if TYPE_CHECKING:
    from reader.trust.deviations import PublishedDeviations

__all__ = ["TrustFolder", "load_folder", "trust_of"]

_SUFFIXES: Final = frozenset({".cer", ".crt", ".der", ".pem"})
_MAX_FILE_BYTES: Final = 16 << 20
"""A bundle of all the world's CSCA certificates as PEM has about 2 MB."""

_BEGIN: Final = b"-----BEGIN CERTIFICATE-----"
_END: Final = b"-----END CERTIFICATE-----"


@dataclasses.dataclass(frozen=True, slots=True)
class TrustFolder:
    """What came out of a folder.

    Attributes:
        store: the usable anchors.
        unusable: names of files that hold something else than usable certificates; the good ones in them count.
        test_refused: names of files with TEST authorities that were left out, as test mode is off.
        seal: whether what is there is what was imported; loose files are never sealed.
        strays: names of files in a store's folder that are no part of it; they count for nothing.
        deviations: what countries say about defects of their documents, for
            :func:`reader.trust.deviations.known_deviations`.
    """

    store: TrustStore
    unusable: tuple[str, ...] = ()
    test_refused: tuple[str, ...] = ()
    seal: SealState = SealState.NOT_SEALED
    strays: tuple[str, ...] = ()
    deviations: tuple[PublishedDeviations, ...] = ()


def load_folder(folder: Path, *, test_mode: bool, seal_key: Path | None = None) -> TrustFolder:
    """Read a trust store, or every ``.cer``, ``.crt``, ``.der`` and ``.pem`` file of a plain folder; an empty folder
    trusts nobody.

    Args:
        folder: the store or the plain folder.
        test_mode: whether TEST authorities count.
        seal_key: key file with which the store must be sealed; without one, the user's own key counts for the stores
            that it knows.

    Raises:
        TrustError: ``trust.unreadable`` if the folder or a file in it cannot be read; for stores
            ``trust.tampered``, ``trust.store_damaged``, ``trust.seal_foreign``, ``trust.seal_key_unusable``.
    """
    from reader.trust.sealing import own_key_file  # a TEST card is judged without any folder
    from reader.trust.store_folder import is_store

    if seal_key is not None or is_store(folder) or own_key_file() is not None:
        from reader.trust.store_loading import load_store

        loaded = load_store(folder, test_mode=test_mode, key_file=seal_key)
        if loaded is not None:
            return loaded
    return trust_of(((path.name, octets) for path, octets in loose_files(folder)), test_mode=test_mode)


def loose_files(folder: Path) -> list[tuple[Path, bytes]]:
    """The files of a plain folder that can hold certificates.

    Raises:
        TrustError: ``trust.unreadable``.
    """
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in _SUFFIXES)
        return [(path, _read(path)) for path in paths]
    except OSError as error:
        raise errors.TrustError(errors.TRUST_FOLDER_UNREADABLE) from error


def trust_of(contents: Iterable[tuple[str, bytes]], *, test_mode: bool) -> TrustFolder:
    """Trust anchors from named octets, each one DER certificate or any number of PEM ones."""
    store = TrustStore()
    unusable: list[str] = []
    refused: list[str] = []
    for name, octets in contents:
        for encoded in unarmoured(octets):
            try:
                certificate = Certificate.parse(encoded)
            except CryptoError:
                unusable.append(name)
                continue
            if certificate.is_test and not test_mode:
                refused.append(name)
            else:
                store.add_certificate(certificate, name)
    return TrustFolder(store, tuple(dict.fromkeys(unusable)), tuple(dict.fromkeys(refused)))


def _read(path: Path) -> bytes:
    """The file; nothing, which is no certificate, for one that is too long or no plain file (a pipe would wait)."""
    if not path.is_file():
        return b""
    with path.open("rb") as file:
        octets = file.read(_MAX_FILE_BYTES + 1)
    return octets if len(octets) <= _MAX_FILE_BYTES else b""


def unarmoured(octets: bytes) -> list[bytes]:
    """DER as it is, or what stands between PEM's lines (RFC 7468 §5)."""
    return [_block(block) for block in octets.split(_BEGIN)[1:]] or [octets]


def _block(block: bytes) -> bytes:
    """The octets of one PEM block; nothing, which is no certificate, if it is damaged."""
    text, end, _ = block.partition(_END)
    try:
        return base64.b64decode(b"".join(text.split()), validate=True) if end else b""
    except binascii.Error:
        return b""
