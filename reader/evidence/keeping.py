"""Gathers what can prove a reading again."""

from __future__ import annotations

import datetime as dt
from importlib.metadata import PackageNotFoundError, version

from crypto.pki.card_security import verify_card_security
from crypto.pki.certificate import Certificate
from crypto.pki.signed_object import SignedObjectResult
from crypto.pki.trust_store import TrustStore
from reader.evidence.canonical import encode
from reader.evidence.challenge import encode_origin
from reader.evidence.container import Signer, seal
from reader.evidence.statement import Statement, TrustDatum, encode_statement
from reader.inspection import ReadOutcome
from reader.lds import files
from reader.verification.printed import PrintedData

__all__ = ["evidence_of", "one_line", "software_name"]


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
        outcome: of the reading. If the chip signed, it is to have signed a challenge of
            :func:`reader.evidence.challenge.bound_challenges`: another one proves nothing to whoever judges later.
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
        place=one_line(place),
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
        if reading.active_answer.origin is not None:
            parts["active-authentication.origin"] = encode_origin(reading.active_answer.origin)
    if printed is not None:
        parts["printed"] = _printed(printed)
    return seal(parts | certificates, signer)


def _trust_used(
    outcome: ReadOutcome, trust: TrustStore, at: dt.datetime
) -> tuple[dict[str, bytes], tuple[TrustDatum, ...]]:
    """Signers, anchors and revocation lists of EF.SOD and EF.CardSecurity, each once."""
    document = outcome.reading.document
    results: list[SignedObjectResult] = []
    if outcome.assessment.passive is not None:
        results.append(outcome.assessment.passive)
    if (card_security := document.get(files.CARD_SECURITY)) is not None:
        results.append(verify_card_security(card_security, trust, at))
    found: dict[bytes, tuple[str, str]] = {}
    for result in results:
        if result.signer is not None:
            found.setdefault(result.signer.encoded, ("signer", _home_of(result.signer, trust)))
        if result.anchor is not None:
            found.setdefault(result.anchor.certificate.encoded, ("anchor", result.anchor.provenance))
        for link in result.links:
            found.setdefault(link.encoded, ("link", _home_of(link, trust)))
        for known in trust.revocation_lists:
            if known.revocation_list in result.revocation_lists:
                found.setdefault(known.revocation_list.encoded, ("revocation_list", known.provenance))
    parts, data = {}, []
    for number, (encoded, (role, provenance)) in enumerate(found.items(), start=1):
        part = f"{'list' if role == 'revocation_list' else 'certificate'}.{number}"
        parts[part] = encoded
        data.append(TrustDatum(part, role, one_line(provenance)))
    return parts, tuple(data)


def _home_of(certificate: Certificate, trust: TrustStore) -> str:
    known = (*trust.document_signers, *trust)
    return next((each.provenance for each in known if each.certificate == certificate), "the chip")


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


def one_line(text: str) -> str:
    """Without control characters, and no longer than a line."""
    return "".join(letter for letter in text if letter.isprintable())[:200]
