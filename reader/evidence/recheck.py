"""Judges a kept reading again: elsewhere, later, with the trust anchors of whoever asks.

What the files prove is proven again. What only the device says comes back as *undetermined, not transferable*: chip
authentication and its mapping in PACE end in keys that terminal and chip share, so the terminal could have computed
the whole conversation alone (Doc 9303-11 §6.2, TR-03110-1 §3.4: transcripts are non-transferable).
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from crypto.errors import CryptoError
from crypto.pki.findings import Outcome
from crypto.pki.trust_store import TrustStore
from reader.evidence.challenge import LONGEST_READING, is_bound_to
from reader.evidence.kept_reading import KeptReading, load, parse
from reader.evidence.statement import Statement
from reader.inspection import local_now
from reader.trust.deviations import PublishedDeviations
from reader.verification.assessment import assess
from reader.verification.card_security import verified_card_security
from reader.verification.checks import KNOWN_DEVIATION_POSSIBLE, CheckName, CheckResult, CheckStatus
from reader.verification.clock import is_plausible
from reader.verification.identity import Assurance, Identity
from reader.verification.online import OnlineAnswer, OnlineStatus, check_online
from reader.verification.passive import Basis
from reader.verification.policy import VerificationPolicy, evaluate, policy_named
from reader.verification.verdict import Decision, Verdict

__all__ = ["Difference", "Judgement", "KeptReading", "differences", "judge_again", "load", "parse"]

NOT_TRANSFERABLE: Final = "not_transferable"
CHALLENGE_UNBOUND: Final = "challenge_unbound"
"""The chip signed, and nothing shows by whom or when it was asked."""

READING_TIME: Final = "reading_time"
"""A check of this module's own: whether the stated time can have come. It appears only where something is wrong."""

_CLOCKS_DIFFER_BY: Final = dt.timedelta(minutes=5)
_NOT_CONFIRMED: Final = (OnlineStatus.DIFFERS, OnlineStatus.LOST, OnlineStatus.CANCELLED, OnlineStatus.UNKNOWN)
_ONLY_STATED: Final = frozenset(
    {
        CheckName.ACCESS_CONTROL,
        CheckName.TERMINAL_AUTHENTICATION,
        CheckName.ONLINE_VERIFICATION,
        CheckName.PRINTED_DATA,  # the comparison is made again; that this was printed on the card, the device says
    }
)
_SHOWN_AGAIN: Final = (CheckStatus.SUCCESSFUL, CheckStatus.FAILED)
_GRAVITY: Final = {CheckStatus.UNDETERMINED: 1, CheckStatus.FAILED: 2}
_DEFECT_CODES: Final = (
    KNOWN_DEVIATION_POSSIBLE,
    f"{CheckName.KNOWN_DEVIATION}.known",
    f"{CheckName.KNOWN_DEVIATION}.signer_key",
)
_CHIP_PROOFS: Final = (
    CheckName.CHIP_AUTHENTICATION,
    CheckName.CHIP_AUTHENTICATION_MAPPING,
    CheckName.ACTIVE_AUTHENTICATION,
)
_TRANSFERABLE_PROOF: Final = CheckName.ACTIVE_AUTHENTICATION
"""The chip's signature over a challenge: anybody can verify it, and whose challenge it was, and for which moment."""


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


# ------------------------------------------------------------------------------------------ judging
def judge_again(
    kept: KeptReading,
    trust: TrustStore,
    at: dt.datetime,
    policy: VerificationPolicy | None = None,
    *,
    now: Callable[[], dt.datetime] = local_now,
    deviations: Iterable[PublishedDeviations] = (),
) -> Judgement:
    """Check and judge a kept reading.

    Args:
        kept: what was opened.
        trust: trust anchors of whoever judges now; nothing is added to it. The anchor in the file is never trusted. Its
            signers, link certificates and revocation lists are looked at beside this store's, where they count only
            if an anchor signed them.
        at: the instant that counts, with a zone: that of the reading, or now.
        policy: the one of the reading if none is given.
        now: the clock of whoever judges, with a zone: it tells whether the stated time has come.
        deviations: what countries say about defects of their documents, as the trust store of whoever judges has it.
            Where the device knew of a defect and this store does not, the device's word stands.
    """
    everything = _with_offers(kept, trust)
    policy = policy or policy_named(kept.statement.policy)
    assessment = assess(kept.reading, everything, policy, at, printed=kept.printed, deviations=deviations)
    then = {check.check: check for check in kept.statement.checks}
    wrong_keys = _wrong_mapping_keys(kept, everything, at, policy)
    checks = (
        *_transferred(kept, assessment.checks, then, wrong_keys),
        *_reading_time(kept.statement.read_at, now()),
    )
    stated = frozenset(check.check for check in checks if check.check in _ONLY_STATED or _is_withheld(check))
    verdict = _not_against_the_device(evaluate(checks, policy), checks, then)
    return Judgement(at, checks, stated, verdict, _under(assessment.identity, verdict))


def _reading_time(read_at: dt.datetime, now: dt.datetime) -> Iterator[CheckResult]:
    """A finding if the stated time has not come, or if nobody can tell. As of such a time nobody is accepted."""
    if not is_plausible(now):
        code, detail = (
            "clock_implausible",
            "This machine's clock cannot be right, so nobody knows if that time has come.",
        )
    elif read_at > now + _CLOCKS_DIFFER_BY:
        code, detail = "in_future", "The file states a time of reading that has not come by this machine's clock."
    else:
        return
    yield CheckResult(READING_TIME, CheckStatus.UNDETERMINED, f"{READING_TIME}.{code}", detail)


def _not_against_the_device(verdict: Verdict, checks: tuple[CheckResult, ...], then: dict[str, CheckResult]) -> Verdict:
    """A proof that failed before the device's eyes cannot be shown again, nor does another proof undo it."""
    failed = tuple(
        check.code
        for check in checks
        if check.check in _CHIP_PROOFS and check.status not in _SHOWN_AGAIN and _has_failed(then.get(check.check))
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


def _with_offers(kept: KeptReading, trust: TrustStore) -> TrustStore:
    """A copy of the store, with what the device found in directories that may not be here. None of it counts unless an
    own anchor signed it, and whoever judges the next file has not heard of it."""
    together = trust.copy()
    take = {
        "signer": together.add_document_signer,
        "link": together.add_link,
        "revocation_list": together.add_revocation_list,
    }
    for datum in kept.statement.trust:
        if datum.role in take:
            try:
                take[datum.role](kept.certificates[datum.part], "the evidence file")
            except CryptoError:
                continue  # then it helps nobody; what is missing without it is a finding of its own
    return together


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
        if check.check == CheckName.ONLINE_VERIFICATION:
            yield _as_answered_then(check, then.get(check.check))
        elif check.check == _TRANSFERABLE_PROOF and kept.reading.active_answer is not None:
            yield _if_asked_then(kept, check)
        elif check.check == CheckName.KNOWN_DEVIATION:
            yield _as_known_then(check, then.get(check.check))
        elif check.check not in _CHIP_PROOFS or _stands_alone(check):
            yield check
        else:
            yield _withheld(check.check, then.get(check.check))
    mapping = CheckName.CHIP_AUTHENTICATION_MAPPING
    if mapping not in seen and (kept.statement.mapping_proofs or mapping in then):
        yield wrong_keys or _withheld(mapping, then.get(mapping))
    defects = then.get(CheckName.KNOWN_DEVIATION)
    if CheckName.KNOWN_DEVIATION not in seen and defects is not None and _is_worse(defects, None):
        yield _by_the_devices_word(defects)


def _has_failed(said: CheckResult | None) -> bool:
    return said is not None and said.status is CheckStatus.FAILED


def _as_answered_then(check: CheckResult, said: CheckResult | None) -> CheckResult:
    """A service that did not confirm the card then has not taken it back: its answer counts as it counted then.

    Good news and silence prove nothing later: the service is as good as not asked.
    """
    if said is None:
        return check
    for status in _NOT_CONFIRMED:
        answer = check_online(OnlineAnswer(status))
        if answer.code == said.code:
            whose = "So the service answered then, by the word of the device that read the card."
            return dataclasses.replace(answer, detail=f"{answer.detail} {whose}")
    is_bad_news = said.is_performed and said.status is not CheckStatus.SUCCESSFUL
    return _withheld(check.check, said) if is_bad_news else check


def _as_known_then(check: CheckResult, said: CheckResult | None) -> CheckResult:
    """A list that named the document's defects then may not be installed here: the worse of both answers counts."""
    return check if said is None or not _is_worse(said, check) else _by_the_devices_word(said)


def _is_worse(said: CheckResult, check: CheckResult | None) -> bool:
    return _GRAVITY.get(said.status, 0) > (0 if check is None else _GRAVITY.get(check.status, 0))


def _by_the_devices_word(said: CheckResult) -> CheckResult:
    """Never the device's own sentence, which may say anything; nor its code where nobody here knows it."""
    detail = "A list that the device had that read the card names defects of this document; so it states."
    is_known = said.code in _DEFECT_CODES
    code = said.code if is_known else f"{said.check}.{NOT_TRANSFERABLE}"
    return CheckResult(said.check, said.status if is_known else CheckStatus.UNDETERMINED, code, detail)


def _if_asked_then(kept: KeptReading, check: CheckResult) -> CheckResult:
    """The chip's signature, if it is over a challenge of this device and of this reading.

    A challenge of other circumstances, or of none, may have been signed for anybody at any time. A signature that is
    wrong is wrong whoever asked for it.
    """
    answer = kept.reading.active_answer
    if answer is None or check.status is CheckStatus.FAILED:
        return check
    if not is_bound_to(kept.fingerprint, answer.challenge, answer.origin):
        detail = "The chip signed, but nothing in what it signed shows when it was asked, or that this device asked."
    elif answer.origin is None or abs(answer.origin.asked_at - kept.statement.read_at) > LONGEST_READING:
        detail = "The chip signed, but it was asked at another time than that of the reading."
    else:
        return check
    return CheckResult(check.check, CheckStatus.UNDETERMINED, f"{check.check}.{CHALLENGE_UNBOUND}", detail)


def _wrong_mapping_keys(
    kept: KeptReading, trust: TrustStore, at: dt.datetime, policy: VerificationPolicy
) -> CheckResult | None:
    """A finding if EF.CardSecurity is signed wrongly: for that nobody's word is needed."""
    signed = verified_card_security(kept.reading.document, Basis(trust, policy, at))
    if signed is None:
        return None
    if signed.security_infos is not None and signed.finding.outcome is not Outcome.FAILED:
        return None
    check = CheckName.CHIP_AUTHENTICATION_MAPPING
    detail = f"The signed list of the chip's keys is wrong ({signed.finding.code.value})."
    return CheckResult(check, CheckStatus.FAILED, f"{check}.card_security_wrong", detail)


def _stands_alone(check: CheckResult) -> bool:
    """Keys signed wrongly or not there, a question that nobody asked: no word is needed."""
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
    return check.code.endswith((f".{NOT_TRANSFERABLE}", f".{CHALLENGE_UNBOUND}"))


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
