"""Judges a kept reading again: elsewhere, later, with the trust anchors of whoever asks.

What the files prove is proven again. What only the device says comes back as *undetermined, not transferable*: chip
authentication and its mapping in PACE end in keys that terminal and chip share, so the terminal could have computed
the whole conversation alone (Doc 9303-11 §6.2, TR-03110-1 §3.4: transcripts are non-transferable).
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from crypto.errors import ChipIdError, CryptoError
from crypto.pki.card_security import verify_card_security
from crypto.pki.findings import Outcome
from crypto.pki.trust_store import TrustStore
from reader import errors
from reader.chip_proofs import ChipAnswer
from reader.document_reader import Reading
from reader.evidence.canonical import NotCanonicalError, decode
from reader.evidence.container import MAX_EVIDENCE_BYTES, OpenedEvidence, open_evidence
from reader.evidence.statement import Statement, TrustDatum, decode_statement
from reader.lds import files
from reader.lds.document import IdDocument, RawDocument
from reader.lds.mrz import parse_mrz
from reader.protocols.active_authentication import ActiveAuthenticationAnswer
from reader.scanners.qr import parse_citizen_qr
from reader.verification.assessment import assess
from reader.verification.checks import CheckName, CheckResult, CheckStatus
from reader.verification.clock import without_wrong_clock
from reader.verification.identity import Assurance, Identity
from reader.verification.policy import VerificationPolicy, evaluate, policy_named
from reader.verification.printed import PrintedData
from reader.verification.verdict import Decision, Verdict
from reader.vietnamese.number import parse_number

__all__ = ["Difference", "Judgement", "KeptReading", "differences", "judge_again", "load", "parse"]

NOT_TRANSFERABLE: Final = "not_transferable"
_CHALLENGE: Final = "active-authentication.challenge"
_SIGNATURE: Final = "active-authentication.signature"
_PART_OF_ROLE: Final = {
    "signer": "certificate",
    "anchor": "certificate",
    "link": "certificate",
    "revocation_list": "list",
}
_ONLY_STATED: Final = frozenset(
    {
        CheckName.ACCESS_CONTROL,
        CheckName.TERMINAL_AUTHENTICATION,
        CheckName.ONLINE_VERIFICATION,
        CheckName.PRINTED_DATA,  # the comparison is made again; that this was printed on the card, the device says
    }
)
_CHIP_PROOFS: Final = (
    CheckName.CHIP_AUTHENTICATION,
    CheckName.CHIP_AUTHENTICATION_MAPPING,
    CheckName.ACTIVE_AUTHENTICATION,
)
_TRANSFERABLE_PROOF: Final = CheckName.ACTIVE_AUTHENTICATION
"""The chip's signature over a challenge: anybody can verify it. *When* it was made is still the device's word."""


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
        return IdDocument(self.reading.document)


@dataclasses.dataclass(frozen=True, slots=True)
class Judgement:
    """What comes out today.

    Attributes:
        at: the instant at which certificates and dates were judged.
        checks: every check with its result.
        stated: names of the checks that rest on the device's word alone.
        verdict: of the policy.
        identity: who the chip says it is, with the assurance of this judgement; ``None`` if it names nobody readable.
    """

    at: dt.datetime
    checks: tuple[CheckResult, ...]
    stated: frozenset[str]
    verdict: Verdict
    identity: Identity | None = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True, slots=True)
class Difference:
    """Something that came out differently then.

    Attributes:
        what: name of a check, ``verdict`` or ``assurance``.
        then, now: status and code, or the value; ``None`` where there was no such check.
    """

    what: str
    then: str | None
    now: str | None


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
    answer = _active_answer(statement, parts)
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


def _active_answer(statement: Statement, parts: dict[str, bytes]) -> ActiveAuthenticationAnswer | None:
    """Challenge and signature are there if and only if the device says that the chip answered."""
    if statement.active_authentication is ChipAnswer.GIVEN:
        return ActiveAuthenticationAnswer(_take(parts, _CHALLENGE), _take(parts, _SIGNATURE))
    return None


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


# ------------------------------------------------------------------------------------------ judging
def judge_again(
    kept: KeptReading, trust: TrustStore, at: dt.datetime, policy: VerificationPolicy | None = None
) -> Judgement:
    """Check and judge a kept reading.

    Args:
        kept: what was opened.
        trust: trust anchors of whoever judges now. The anchor in the file is never trusted. Its signers, link
            certificates and revocation lists are put into this store, where they count only if an anchor signed them.
        at: the instant that counts, with a zone: that of the reading, or now.
        policy: the one of the reading if none is given.
    """
    _offer(kept, trust)
    policy = policy or policy_named(kept.statement.policy)
    assessment = assess(kept.reading, trust, policy, at, printed=kept.printed)
    then = {check.check: check for check in kept.statement.checks}
    checks = tuple(_transferred(kept, assessment.checks, then, _wrong_mapping_keys(kept, trust, at)))
    stated = frozenset(check.check for check in checks if check.check in _ONLY_STATED or _is_withheld(check))
    verdict = _not_against_the_device(evaluate(checks, policy), checks, then)
    return Judgement(at, checks, stated, verdict, _under(assessment.identity, verdict))


def _not_against_the_device(verdict: Verdict, checks: tuple[CheckResult, ...], then: dict[str, CheckResult]) -> Verdict:
    """A proof that failed before the device's eyes cannot be shown again, nor does another proof undo it."""
    failed = tuple(
        check.code
        for check in checks
        if check.check in _CHIP_PROOFS and _is_withheld(check) and _has_failed(then.get(check.check))
    )
    if not failed:
        return verdict
    decision = Decision.REFER if verdict.decision is Decision.ACCEPT else verdict.decision
    assurance = Assurance.CHIP_READ if verdict.assurance is Assurance.CHIP_VERIFIED else verdict.assurance
    reasons = tuple(dict.fromkeys((*verdict.reasons, *failed)))
    recorded = tuple(code for code in verdict.recorded if code not in reasons)
    return Verdict(decision, reasons, assurance, recorded)


def _under(identity: Identity | None, verdict: Verdict) -> Identity | None:
    """The same person with what this verdict says of them, which is never more than was proven here."""
    if identity is None:
        return None
    fields = {field.name: getattr(identity, field.name) for field in dataclasses.fields(Identity)}
    return Identity(**fields | {"assurance": verdict.assurance})


def _offer(kept: KeptReading, trust: TrustStore) -> None:
    """What the device found in directories that may not be here. None of it counts unless an own anchor signed it."""
    take = {
        "signer": trust.add_document_signer,
        "link": trust.add_link,
        "revocation_list": trust.add_revocation_list,
    }
    for datum in kept.statement.trust:
        if datum.role in take:
            try:
                take[datum.role](kept.certificates[datum.part], "the evidence file")
            except CryptoError:
                continue  # then it helps nobody; what is missing without it is a finding of its own


def _transferred(
    kept: KeptReading, checks: tuple[CheckResult, ...], then: dict[str, CheckResult], wrong_keys: CheckResult | None
) -> Iterator[CheckResult]:
    """Each check with what it is worth to somebody who was not there.

    Args:
        kept: the reading.
        checks: what came out now.
        then: what the device states, by name.
        wrong_keys: what chip-authentication mapping comes to if its keys are signed wrongly, which anybody can see.
    """
    seen = set()
    for check in checks:
        seen.add(check.check)
        if check.check == CheckName.ONLINE_VERIFICATION and _was_bad_news(said := then.get(check.check)):
            yield _withheld(check.check, said)
        elif check.check not in _CHIP_PROOFS or _stands_alone(kept, check):
            yield check
        else:
            yield _withheld(check.check, then.get(check.check))
    mapping = CheckName.CHIP_AUTHENTICATION_MAPPING
    if mapping not in seen and (kept.statement.mapping_proofs or mapping in then):
        yield wrong_keys or _withheld(mapping, then.get(mapping))


def _has_failed(said: CheckResult | None) -> bool:
    return said is not None and said.status is CheckStatus.FAILED


def _was_bad_news(said: CheckResult | None) -> bool:
    """Whether a service was asked and did not confirm the card: to whoever judges later, that is not "not asked"."""
    return said is not None and said.is_performed and said.status is not CheckStatus.SUCCESSFUL


def _wrong_mapping_keys(kept: KeptReading, trust: TrustStore, at: dt.datetime) -> CheckResult | None:
    """A finding if EF.CardSecurity is signed wrongly: for that nobody's word is needed."""
    octets = kept.reading.document.get(files.CARD_SECURITY)
    if octets is None:
        return None
    signed = without_wrong_clock(verify_card_security(octets, trust, at), at)
    if signed.security_infos is not None and signed.finding.outcome is not Outcome.FAILED:
        return None
    check = CheckName.CHIP_AUTHENTICATION_MAPPING
    detail = f"The signed list of the chip's keys is wrong ({signed.finding.code.value})."
    return CheckResult(check, CheckStatus.FAILED, f"{check}.card_security_wrong", detail)


def _stands_alone(kept: KeptReading, check: CheckResult) -> bool:
    """A signature of the chip's, keys signed wrongly or not there, a question that nobody asked: no word is needed."""
    if check.check == _TRANSFERABLE_PROOF and kept.reading.active_answer is not None:
        return True
    return check.status is CheckStatus.NOT_SUPPORTED or check.code.endswith((".not_asked", ".card_security_wrong"))


def _withheld(name: str, then: CheckResult | None) -> CheckResult:
    said = "nothing" if then is None else f"'{then.status.value.replace('_', ' ')}'"
    why = (
        "the service was not asked again"
        if name == CheckName.ONLINE_VERIFICATION
        else "it could state so without the chip"
    )
    detail = f"The device that read the card states {said}; {why}."
    return CheckResult(name, CheckStatus.UNDETERMINED, f"{name}.{NOT_TRANSFERABLE}", detail)


def _is_withheld(check: CheckResult) -> bool:
    return check.code.endswith(f".{NOT_TRANSFERABLE}")


def differences(statement: Statement, judgement: Judgement) -> tuple[Difference, ...]:
    """What is not as it was, in the order of the checks; the verdict first."""
    found = []
    then, now = statement.verdict, judgement.verdict
    for what, before, after in (
        ("verdict", then.decision.value, now.decision.value),
        ("assurance", then.assurance.value, now.assurance.value),
    ):
        if before != after:
            found.append(Difference(what, before, after))
    earlier = {check.check: _outcome(check) for check in statement.checks}
    today = {check.check: _outcome(check) for check in judgement.checks}
    found += [
        Difference(name, earlier.get(name), today.get(name))
        for name in dict.fromkeys([*earlier, *today])
        if earlier.get(name) != today.get(name)
    ]
    return tuple(found)


def _outcome(check: CheckResult) -> str:
    return f"{check.status.value} ({check.code})"
