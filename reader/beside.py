"""What is verified while a card is still being read: the signature in a thread of its own, each group as it comes.

EF.SOD and DG1 are among the first files of every plan, and the photo is the last: so the signature, its chain and the
revocation lists are looked at while the link is busy. The final assessment takes over what was found here.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeAlias

from crypto.errors import ChipIdError
from reader.lds import files
from reader.verification.passive import NOTHING_EARLY, Basis, EarlyFindings, hash_of_group, verify_passively

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

    from crypto.pki.findings import Finding
    from crypto.pki.passive_authentication import PassiveAuthenticationResult
    from crypto.pki.security_object import SecurityObject

__all__ = ["Beside", "FileReady", "OnFile", "ignore_file"]

_DG1 = files.data_group(1)


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class FileReady:
    """One file is complete. Nothing is judged yet: that is the verdict's, when all is there.

    Attributes:
        file: which.
        content: exactly as read; personal.
        is_as_signed: whether its hash is the one in EF.SOD; ``None`` for files that have none there, or if EF.SOD
            cannot be read. A data group that EF.SOD does not list is not as signed.
        signer_is_trusted: whether EF.SOD's signature holds and a trust anchor vouches for its signer; ``None`` as long
            as that is not known.
    """

    file: files.FileId
    content: bytes
    is_as_signed: bool | None
    signer_is_trusted: bool | None


OnFile: TypeAlias = Callable[[FileReady], None]


def ignore_file(ready: FileReady) -> None:
    """An observer that looks away."""


class Beside:
    """Verifies beside one reading. Use it as a context manager: leaving it ends its thread.

    Args:
        basis: gives trust anchors, policy and instant, the same ones each time; nobody may change the trust store
            meanwhile. It is not asked before there is something to verify.
        on_file: told about each file, in the reading's thread.
    """

    def __init__(self, basis: Callable[[], Basis], on_file: OnFile = ignore_file) -> None:
        self._basis = basis
        self._on_file = on_file
        self._security_object: SecurityObject | None = None
        self._contents: dict[files.FileId, bytes] = {}
        self._hashes: dict[int, tuple[bytes, Finding]] = {}
        self._worker: ThreadPoolExecutor | None = None
        self._signature: Future[PassiveAuthenticationResult | None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Wait for the thread's end: one signature and the certificates above it, milliseconds."""
        if self._worker is not None:
            self._worker.shutdown(wait=True)
            self._worker = None

    def on_complete(self, file: files.FileId, content: bytes) -> None:
        """A file is there. Called in the reading's thread, once for each."""
        if file == files.SOD:
            try:
                self._security_object = self.signed_list(content)
            except ChipIdError:  # the assessment says what is wrong with it
                self._security_object = None
        if file in (files.SOD, _DG1):
            self._contents[file] = content
            self._begin_signature()
        is_as_signed: bool | None = None
        if file.number is not None and self._security_object is not None:
            found = hash_of_group(self._security_object, file.number, content)
            self._hashes[file.number] = content, found
            is_as_signed = found.is_successful
        self._on_file(FileReady(file, content, is_as_signed, self._is_trusted_so_far()))

    def signed_list(self, ef_sod: bytes) -> SecurityObject:
        """As :func:`crypto.pki.passive_authentication.read_security_object`, once for the same octets."""
        from crypto.pki.passive_authentication import read_security_object

        if self._security_object is None or self._contents.get(files.SOD) != ef_sod:
            return read_security_object(ef_sod)
        return self._security_object

    def findings(self) -> EarlyFindings:
        """All that was found; waits for the signature."""
        if self._signature is None:
            return NOTHING_EARLY
        result = self._signature.result()
        if result is None:
            return NOTHING_EARLY
        return EarlyFindings((self._contents[files.SOD], self._contents[_DG1], self._basis(), result), self._hashes)

    def _begin_signature(self) -> None:
        """Once both are there: who may sign what depends on the state and kind of document that DG1 names."""
        if self._signature is not None or len(self._contents) < 2:
            return
        from concurrent.futures import ThreadPoolExecutor  # not before the first command has gone out

        from reader.lds.document import RawDocument

        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="beside-reading")
        self._signature = self._worker.submit(verify_passively, RawDocument(dict(self._contents)), self._basis())

    def _is_trusted_so_far(self) -> bool | None:
        if self._signature is None or not self._signature.done():
            return None
        result = self._signature.result()
        return None if result is None else result.is_trusted
