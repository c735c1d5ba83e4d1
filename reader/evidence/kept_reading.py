"""Opens an evidence file and takes it for the reading that it was, as far as its parts belong together."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, Final

from crypto.errors import ChipIdError
from reader import errors
from reader.chip_proofs import ChipAnswer
from reader.document_reader import Reading
from reader.evidence.canonical import NotCanonicalError, decode
from reader.evidence.challenge import decode_origin
from reader.evidence.container import MAX_EVIDENCE_BYTES, OpenedEvidence, open_evidence
from reader.evidence.statement import Statement, TrustDatum, decode_statement
from reader.lds import files
from reader.lds.document import IdDocument, RawDocument
from reader.lds.mrz import parse_mrz
from reader.protocols.active_authentication import ActiveAuthenticationAnswer, ChallengeOrigin
from reader.scanners.qr import parse_citizen_qr
from reader.verification.printed import PrintedData
from reader.vietnamese.number import parse_number

__all__ = ["KeptReading", "load", "parse"]

_CHALLENGE: Final = "active-authentication.challenge"
_SIGNATURE: Final = "active-authentication.signature"
_ORIGIN: Final = "active-authentication.origin"
_WITH_ORIGIN: Final = 2  # version of the format
_PART_OF_ROLE: Final = {
    "signer": "certificate",
    "anchor": "certificate",
    "link": "certificate",
    "revocation_list": "list",
}


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class KeptReading:
    """A reading as it was kept.

    Attributes:
        statement: what the device says.
        reading: as if it had just been made, but without what is only said.
        printed: what was taken from the card's surface, or ``None``.
        certificates: DER certificates and revocation lists that were used then, by name of their part.
        fingerprint: of the key that signed the file.
        sha256: of the file.
    """

    statement: Statement
    reading: Reading
    printed: PrintedData | None
    certificates: dict[str, bytes]
    fingerprint: str
    sha256: str

    @property
    def document(self) -> IdDocument:
        """The files as a typed view."""
        return self.reading.document.view


def load(path: Path) -> KeptReading:
    """Read and open an evidence file.

    Raises:
        DocumentError: ``evidence.unreadable``, and as :func:`parse`.
    """
    try:
        if not path.is_file():  # a pipe would wait
            raise errors.DocumentError(errors.EVIDENCE_UNREADABLE)
        with path.open("rb") as file:
            octets = file.read(MAX_EVIDENCE_BYTES + 1)
    except OSError as error:
        raise errors.DocumentError(errors.EVIDENCE_UNREADABLE, cause=type(error).__name__) from None
    return parse(octets)


def parse(octets: bytes) -> KeptReading:
    """Open the octets of an evidence file.

    Raises:
        DocumentError: as :func:`reader.evidence.container.open_evidence`; ``evidence.damaged`` also for parts that
            were signed but do not belong together.
    """
    opened = open_evidence(octets)
    parts = dict(opened.parts)
    statement = decode_statement(_take(parts, "statement"))
    certificates = {datum.part: _take_certificate(parts, datum) for datum in statement.trust}
    contents = {}
    for name in [name for name in parts if name.startswith("file.")]:
        file = files.file_by_name(name.removeprefix("file."))
        if file is None:
            raise _damaged(name)
        contents[file] = parts.pop(name)
    answer = _active_answer(statement, parts, may_tell_origin=opened.version >= _WITH_ORIGIN)
    printed = _printed(parts.pop("printed", None))
    for name in parts:  # whatever else was signed: this program would not look at it, so it does not let it pass
        raise _damaged(name)
    return _kept(opened, statement, certificates, contents, answer, printed)


def _kept(
    opened: OpenedEvidence,
    statement: Statement,
    certificates: dict[str, bytes],
    contents: dict[files.FileId, bytes],
    answer: ActiveAuthenticationAnswer | None,
    printed: PrintedData | None,
) -> KeptReading:
    reading = Reading(
        access=statement.access,
        document=RawDocument(contents),
        unread=dict(statement.unread),
        chip=statement.chip,
        active_authentication=statement.active_authentication,
        active_answer=answer,
        mapping_proofs=(),
        terminal=statement.terminal,
    )
    return KeptReading(statement, reading, printed, certificates, opened.fingerprint, opened.sha256)


def _active_answer(
    statement: Statement, parts: dict[str, bytes], *, may_tell_origin: bool
) -> ActiveAuthenticationAnswer | None:
    """Challenge and signature are there if and only if the device says that the chip answered."""
    if statement.active_authentication is not ChipAnswer.GIVEN:
        return None
    challenge, signature = _take(parts, _CHALLENGE), _take(parts, _SIGNATURE)
    return ActiveAuthenticationAnswer(challenge, signature, _origin(parts) if may_tell_origin else None)


def _origin(parts: dict[str, bytes]) -> ChallengeOrigin | None:
    octets = parts.pop(_ORIGIN, None)
    try:
        return None if octets is None else decode_origin(octets)
    except NotCanonicalError:
        raise _damaged(_ORIGIN) from None


def _printed(octets: bytes | None) -> PrintedData | None:
    if octets is None:
        return None
    try:
        said: Any = decode(octets)
        if said.keys() != {"number", "qr", "mrz"}:
            raise _damaged("printed")
        number, qr, mrz = said["number"], said["qr"], said["mrz"]
        return PrintedData(
            None if number is None else parse_number(number),
            None if qr is None else parse_citizen_qr(qr),
            None if mrz is None else parse_mrz(mrz),
        )
    except (NotCanonicalError, AttributeError, TypeError, ChipIdError):
        raise _damaged("printed") from None


def _take(parts: dict[str, bytes], name: str) -> bytes:
    try:
        return parts.pop(name)
    except KeyError:
        raise _damaged(name if name.isascii() and len(name) <= 40 else "statement") from None


def _take_certificate(parts: dict[str, bytes], datum: TrustDatum) -> bytes:
    """A statement must not take a file of the chip for a certificate, and so make it disappear."""
    kind = _PART_OF_ROLE.get(datum.role)
    if kind is None or not datum.part.startswith(f"{kind}."):
        raise _damaged("statement")
    return _take(parts, datum.part)


def _damaged(part: str) -> errors.DocumentError:
    return errors.DocumentError(errors.EVIDENCE_DAMAGED, part=part)
