"""Gathers what can prove a reading again, and writes it where nobody else can read it."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import secrets
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from crypto.pki.card_security import verify_card_security
from crypto.pki.certificate import Certificate
from crypto.pki.passive_authentication import verify_security_object
from crypto.pki.signed_object import SignedObjectResult
from crypto.pki.trust_store import TrustStore
from reader import errors
from reader.evidence.canonical import encode
from reader.evidence.container import Signer, seal
from reader.evidence.statement import Statement, TrustDatum, encode_statement
from reader.inspection import ReadOutcome
from reader.lds import files
from reader.verification.printed import PrintedData

__all__ = ["evidence_of", "require_free", "software_name", "write_evidence"]


def evidence_of(
    outcome: ReadOutcome,
    signer: Signer,
    *,
    trust: TrustStore,
    read_at: dt.datetime,
    policy: str,
    place: str = "",
    is_test: bool = False,
    printed: PrintedData | None = None,
) -> bytes:
    """The octets of an evidence file.

    Args:
        outcome: of the reading.
        signer: the device's key.
        trust: the trust store that was used.
        read_at: the instant that the reading was judged at, with a zone.
        policy: by which it was judged.
        place: where, as staff say; control characters are left out.
        is_test: whether TEST authorities counted.
        printed: what was taken from the card's surface and held against the chip.

    Raises:
        DocumentError: ``evidence.too_large``.
    """
    reading = outcome.reading
    certificates, used = _trust_used(outcome, trust, read_at)
    statement = Statement(
        read_at=read_at,
        policy=policy,
        software=software_name(),
        place=_line(place),
        is_test=is_test,
        access=reading.access,
        unread=reading.unread,
        chip=reading.chip,
        active_authentication=reading.active_authentication,
        mapping_proofs=len(reading.mapping_proofs),
        terminal=reading.terminal,
        checks=outcome.checks,
        verdict=outcome.verdict,
        trust=used,
    )
    parts = {"statement": encode_statement(statement)}
    parts |= {f"file.{file.name}": reading.document.require(file) for file in reading.document}
    if reading.active_answer is not None:
        parts["active-authentication.challenge"] = reading.active_answer.challenge
        parts["active-authentication.signature"] = reading.active_answer.signature
    if printed is not None:
        parts["printed"] = _printed(printed)
    return seal(parts | certificates, signer)


def _trust_used(
    outcome: ReadOutcome, trust: TrustStore, at: dt.datetime
) -> tuple[dict[str, bytes], tuple[TrustDatum, ...]]:
    """Signers, anchors and revocation lists of EF.SOD and EF.CardSecurity, each once."""
    document = outcome.reading.document
    results: list[SignedObjectResult] = []
    if (sod := document.get(files.SOD)) is not None:
        results.append(verify_security_object(sod, trust, at))
    if (card_security := document.get(files.CARD_SECURITY)) is not None:
        results.append(verify_card_security(card_security, trust, at))
    found: dict[bytes, tuple[str, str]] = {}
    for result in results:
        if result.signer is not None:
            found.setdefault(result.signer.encoded, ("signer", _home_of(result.signer, trust)))
        if result.anchor is not None:
            found.setdefault(result.anchor.certificate.encoded, ("anchor", result.anchor.provenance))
            for known in trust.revocation_lists:
                if known.revocation_list.issuer.canonical == result.anchor.certificate.subject.canonical:
                    found.setdefault(known.revocation_list.encoded, ("revocation_list", known.provenance))
    parts, data = {}, []
    for number, (encoded, (role, provenance)) in enumerate(found.items(), start=1):
        part = f"{'list' if role == 'revocation_list' else 'certificate'}.{number}"
        parts[part] = encoded
        data.append(TrustDatum(part, role, _line(provenance)))
    return parts, tuple(data)


def _home_of(signer: Certificate, trust: TrustStore) -> str:
    return next((known.provenance for known in trust.document_signers if known.certificate == signer), "the chip")


def _printed(printed: PrintedData) -> bytes:
    return encode(
        {
            "number": None if printed.number is None else printed.number.digits,
            "qr": None if printed.qr is None else printed.qr.raw,
            "mrz": None if printed.mrz is None else list(printed.mrz.lines),
        }
    )


def software_name() -> str:
    """Name and version of this program."""
    try:
        return f"chipid-kiosk {version('chipid-kiosk')}"
    except PackageNotFoundError:
        return "chipid-kiosk"


def _line(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable())[:200]


# ------------------------------------------------------------------------------------------ on disk
def require_free(path: Path, *, force: bool) -> None:
    """Look before the card is read, so that a wrong path costs nobody a reading.

    Raises:
        DocumentError: ``evidence.exists`` or ``evidence.unwritable``.
    """
    if path.is_dir() or not path.parent.is_dir():
        raise errors.DocumentError(errors.EVIDENCE_UNWRITABLE)
    if path.exists() and not force:
        raise errors.DocumentError(errors.EVIDENCE_EXISTS)


def write_evidence(path: Path, octets: bytes, *, force: bool = False) -> None:
    """Write the whole file or none, for its owner's eyes only.

    Raises:
        DocumentError: ``evidence.exists`` unless ``force``, ``evidence.unwritable``.
    """
    require_free(path, force=force)
    beside = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(octets)
                file.flush()
                os.fsync(file.fileno())
            if force:
                os.replace(beside, path)
            else:
                os.link(beside, path)  # unlike a rename it never takes another's place
        finally:
            with contextlib.suppress(OSError):
                beside.unlink(missing_ok=True)
    except FileExistsError:
        raise errors.DocumentError(errors.EVIDENCE_EXISTS) from None
    except OSError as error:
        raise errors.DocumentError(errors.EVIDENCE_UNWRITABLE, cause=type(error).__name__) from None
