"""What stands on the one-page report, before anybody draws it: few words, worst first, nothing that was not proven."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
from collections.abc import Iterable, Iterator
from typing import Final

from crypto.pki.names import Name
from crypto.pki.trust_store import TrustStore
from reader.inspection import ReadOutcome
from reader.reports.finding_texts import finding_text
from reader.reports.page_texts import Language, group_title, text
from reader.verification.checks import CheckName, CheckResult, CheckStatus
from reader.verification.identity import Assurance, Identity
from reader.verification.policy import NO_CHIP_PROOF
from reader.verification.verdict import Decision

__all__ = ["Circumstances", "Mark", "Page", "PageLine", "TrustSummary", "page_of", "trust_summary"]

_MOST_LINES: Final = 8
_COMMON_NAME: Final = "2.5.4.3"
_COUNTRY: Final = "2.5.4.6"
_GROUP: Final = "data_group_hash."
_CHIP_PROOFS: Final = (
    CheckName.CHIP_AUTHENTICATION,
    CheckName.CHIP_AUTHENTICATION_MAPPING,
    CheckName.ACTIVE_AUTHENTICATION,
)
_IMPORTANCE: Final = (
    CheckName.PASSIVE_AUTHENTICATION,
    "data_group_hash",
    *_CHIP_PROOFS,
    "chip_genuine",
    CheckName.REVOCATION,
    CheckName.KNOWN_DEVIATION,
    CheckName.ONLINE_VERIFICATION,
    CheckName.PRINTED_DATA,
    CheckName.DATA_CONSISTENCY,
    CheckName.DOCUMENT_VALIDITY,
)
_WAYS: Final = {
    CheckName.CHIP_AUTHENTICATION: "Chip Authentication",
    CheckName.CHIP_AUTHENTICATION_MAPPING: "PACE-CAM",
    CheckName.ACTIVE_AUTHENTICATION: "Active Authentication",
}
_GROUP_NAMES: Final = {
    "DG1": ("MRZ", "MRZ"),
    "DG2": ("ảnh", "photo"),
    "DG3": ("vân tay", "fingerprints"),
    "DG4": ("mống mắt", "irises"),
    "DG13": ("thông tin cá nhân", "personal data"),
    "DG14": ("khóa của chip", "chip's keys"),
    "DG15": ("khóa của chip", "chip's key"),
}


class Mark(enum.IntEnum):
    """The pictogram of a line, worst last (TR-03135-1 v5.0.1 table 5.1)."""

    SUCCESSFUL = 0  # check mark
    NOT_DONE = 1  # empty circle: nobody asked, or the document has no such thing
    UNDETERMINED = 2  # exclamation mark
    ABORTED = 3  # stop
    FAILED = 4  # cross


_MARKS: Final = {
    CheckStatus.SUCCESSFUL: Mark.SUCCESSFUL,
    CheckStatus.NOT_SUPPORTED: Mark.NOT_DONE,
    CheckStatus.UNDETERMINED: Mark.UNDETERMINED,
    CheckStatus.ABORTED: Mark.ABORTED,
    CheckStatus.FAILED: Mark.FAILED,
}


@dataclasses.dataclass(frozen=True, slots=True)
class TrustSummary:
    """What stood behind the issuer's signature.

    Attributes:
        anchors: how many authorities are installed.
        issuer: name of the authority that vouched for the signer, or ``None``.
        issuer_until, signer_until: last days of the two certificates, in UTC.
        list_from, list_until: of the newest installed revocation list of that authority.
    """

    anchors: int
    issuer: str | None = None
    issuer_until: dt.date | None = None
    signer_until: dt.date | None = None
    list_from: dt.date | None = None
    list_until: dt.date | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Circumstances:
    """What a report says beside the result.

    Attributes:
        read_at: when, with a zone.
        policy: by which it was judged.
        software: name and version.
        trust: what stood behind the signature.
        place: where, as staff say; empty if nobody did.
        device: fingerprint of the device's key, or ``None``.
        evidence_sha256: of the evidence file, or ``None`` if none was kept.
        is_test: whether TEST authorities counted.
    """

    read_at: dt.datetime
    policy: str
    software: str
    trust: TrustSummary
    place: str = ""
    device: str | None = None
    evidence_sha256: str | None = None
    is_test: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class PageLine:
    """One finding: a pictogram, a title (empty for what was proven), a sentence, and the code for experts."""

    mark: Mark
    title: str
    sentence: str
    code: str = ""


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Page:
    """Everything on the page, in one language. Its ``repr`` shows nothing personal.

    Attributes:
        language: of the texts.
        decision: accept, refer or reject.
        headline, reason: the verdict in words, and the first thing that it hangs on.
        is_test: whether the page says that it is no real card.
        name: the holder's, or a sentence that there is none.
        person, circumstances: rows of label and value.
        portrait: encoded as on the chip, or ``None``.
        proven, not_proven: lines; the second is sorted worst first.
        evidence_sha256: by which the page is tied to its evidence, or ``None``.
        read_at: when the card was read.
    """

    language: Language
    decision: Decision
    headline: str
    reason: str
    is_test: bool
    name: str
    person: tuple[tuple[str, str], ...]
    circumstances: tuple[tuple[str, str], ...]
    portrait: bytes | None
    proven: tuple[PageLine, ...]
    not_proven: tuple[PageLine, ...]
    evidence_sha256: str | None
    read_at: dt.datetime


def trust_summary(outcome: ReadOutcome, trust: TrustStore) -> TrustSummary:
    """Who signed EF.SOD, and what is known of them."""
    result = outcome.assessment.passive
    if result is None or result.anchor is None:
        return TrustSummary(len(trust))
    issuer = result.anchor.certificate
    lists = sorted(trust.revocation_lists_of(issuer.subject), key=lambda each: each.this_update)
    until = lists[-1].next_update if lists else None
    return TrustSummary(
        anchors=len(trust),
        issuer=_short(_plain(issuer.subject), 90),
        issuer_until=issuer.not_after.date(),
        signer_until=None if result.signer is None else result.signer.not_after.date(),
        list_from=lists[-1].this_update.date() if lists else None,
        list_until=None if until is None else until.date(),
    )


def _plain(name: Name) -> str:
    """Common name and country, which is what people know an authority by; else the whole name."""
    parts = {kind: value for kind, value in name.attributes if kind in (_COMMON_NAME, _COUNTRY)}
    if _COMMON_NAME not in parts:
        return str(name)
    return ", ".join(value for kind in (_COMMON_NAME, _COUNTRY) if (value := parts.get(kind)))


def page_of(
    outcome: ReadOutcome, circumstances: Circumstances, language: Language, *, with_photo: bool = False
) -> Page:
    """The page for one reading.

    Args:
        outcome: of the reading.
        circumstances: when, where, by what.
        language: of the texts.
        with_photo: whether the photo is on it; somebody has to ask for that.
    """
    verdict, identity = outcome.verdict, outcome.identity
    headline, reason = _verdict_words(outcome, language)
    portrait = identity.portrait if identity is not None and with_photo else None
    return Page(
        language=language,
        decision=verdict.decision,
        headline=headline,
        reason=reason,
        is_test=circumstances.is_test,
        name=text("nobody", language) if identity is None else _short(identity.full_name),
        person=() if identity is None else tuple(_person_rows(identity, language)),
        circumstances=tuple(_circumstance_rows(outcome, circumstances, language)),
        portrait=portrait,
        proven=tuple(_proven(outcome.checks, circumstances.trust, language)),
        not_proven=_not_proven(outcome, language),
        evidence_sha256=circumstances.evidence_sha256,
        read_at=circumstances.read_at,
    )


# ------------------------------------------------------------------------------------------ verdict
def _verdict_words(outcome: ReadOutcome, language: Language) -> tuple[str, str]:
    verdict = outcome.verdict
    if verdict.decision is Decision.ACCEPT:
        kind = "verified" if verdict.assurance is Assurance.CHIP_VERIFIED else "accepted"
        return text(f"verdict.{kind}", language), text(f"why.{kind}", language)
    headline = text(f"verdict.{verdict.decision.lower()}", language)
    checks = {check.code: check for check in outcome.checks}

    def weight(reason: str) -> tuple[bool, int]:
        """Failures first; among equals what the rest hangs on."""
        check = checks.get(reason)
        kind = reason.partition(".")[0]
        has_failed = check is not None and check.status is CheckStatus.FAILED
        return not has_failed, _IMPORTANCE.index(kind) if kind in _IMPORTANCE else len(_IMPORTANCE)

    first = min(verdict.reasons, key=weight, default="")
    affected = [check.check for check in outcome.checks if check.code == first]
    return headline, _sentence(first, affected, language) or first


# ------------------------------------------------------------------------------------------ person
def _person_rows(identity: Identity, language: Language) -> Iterator[tuple[str, str]]:
    def row(key: str, value: str) -> tuple[str, str]:
        return text(key, language), value

    yield row("number", _short(identity.number, 30))
    yield row("born", _day(identity.date_of_birth, language))
    yield row("sex", text(f"sex.{identity.sex.value}", language))
    if identity.nationality:
        is_vietnam = identity.nationality == "VNM"
        yield row("nationality", text("nationality.VNM", language) if is_vietnam else identity.nationality)
    yield row("expires", text("never", language) if identity.no_expiry else _day(identity.expires_on, language))
    if identity.address:
        yield row("address", _short(identity.address, 200))


def _short(words: str, most: int = 120) -> str:
    """Longer than any real one, it would push the rest off the page."""
    return words if len(words) <= most else words[: most - 1] + "…"


def _day(day: dt.date | None, language: Language) -> str:
    return text("unknown", language) if day is None else f"{day:%d/%m/%Y}"


# ------------------------------------------------------------------------------------------ findings
def _proven(checks: Iterable[CheckResult], trust: TrustSummary, language: Language) -> Iterator[PageLine]:
    everything = tuple(checks)
    good = {check.check: check for check in everything if check.status is CheckStatus.SUCCESSFUL}

    def line(key: str, **values: object) -> PageLine:
        return PageLine(Mark.SUCCESSFUL, "", text(f"proven.{key}", language).format(**values))

    signed = CheckName.PASSIVE_AUTHENTICATION in good
    if signed:
        yield line("signature", issuer=trust.issuer or "–")
    groups = [name for name in good if name.startswith(_GROUP)]
    is_changed = any(check.check.startswith(_GROUP) and check.status is CheckStatus.FAILED for check in everything)
    if groups and signed and not is_changed:  # a hash in a list that nobody trusted has signed proves nothing
        yield line("unchanged", count=len(groups))
    if ways := [_WAYS[name] for name in _CHIP_PROOFS if name in good]:
        yield line("chip", ways=", ".join(ways))
    if (validity := good.get(CheckName.DOCUMENT_VALIDITY)) is not None and signed:
        yield line("no_expiry" if validity.code.endswith(".no_expiry") else "valid")
    for name, key in (
        (CheckName.PRINTED_DATA, "printed"),
        (CheckName.REVOCATION, "revocation"),
        (CheckName.ONLINE_VERIFICATION, "online"),
    ):
        if name in good and (signed or name != CheckName.REVOCATION):  # whose signature fails need not be revoked
            yield line(key)


def _not_proven(outcome: ReadOutcome, language: Language) -> tuple[PageLine, ...]:
    """Worst first; groups of one fate in one line; the holder last, since no chip can prove who holds the card."""
    merged: dict[tuple[Mark, str, str], list[str]] = {}
    for line in sorted(_bad_lines(outcome, language), key=lambda line: -line.mark):
        merged.setdefault((line.mark, line.title, line.sentence), []).append(line.code)
    lines = [PageLine(*said, ", ".join(codes)) for said, codes in merged.items()]
    left = len(lines) - _MOST_LINES
    if left > 0:
        more = text("more", language).format(count=left)
        lines = [*lines[:_MOST_LINES], PageLine(lines[_MOST_LINES].mark, "", more)]
    title, _, sentence = text("holder", language).partition(": ")
    return (*lines, PageLine(Mark.NOT_DONE, title, sentence[:1].upper() + sentence[1:]))


def _bad_lines(outcome: ReadOutcome, language: Language) -> Iterator[PageLine]:
    proven = {check.check for check in outcome.checks if check.status is CheckStatus.SUCCESSFUL}
    by_code: dict[str, list[CheckResult]] = {}
    for check in outcome.checks:
        if _is_worth_a_line(check, chip_is_proven=bool(proven & set(_CHIP_PROOFS))):
            by_code.setdefault(check.code, []).append(check)
    for code, checks in by_code.items():
        is_done = checks[0].is_performed
        mark = _MARKS[checks[0].status] if is_done else Mark.NOT_DONE
        sentence = _sentence(code, [check.check for check in checks], language)
        yield PageLine(mark, group_title(checks[0].check, language), sentence or checks[0].status.value, code)
    says_why = any(check.check in _CHIP_PROOFS for checks in by_code.values() for check in checks)
    if NO_CHIP_PROOF in outcome.verdict.reasons and not says_why:
        sentence = finding_text(NO_CHIP_PROOF, language) or ""
        yield PageLine(Mark.UNDETERMINED, group_title(NO_CHIP_PROOF, language), sentence, NO_CHIP_PROOF)


def _is_worth_a_line(check: CheckResult, *, chip_is_proven: bool) -> bool:
    """A group that nobody asked for, or a second protocol that a proven chip lacks, takes nobody's attention."""
    if check.status is CheckStatus.SUCCESSFUL or check.code == f"{_GROUP}not_read":
        return False
    if check.check == CheckName.TERMINAL_AUTHENTICATION:  # says nothing about the document
        return False
    if check.check in _CHIP_PROOFS and check.status is not CheckStatus.FAILED:
        return not chip_is_proven and check.status is not CheckStatus.NOT_SUPPORTED
    return check.status is not CheckStatus.NOT_SUPPORTED or check.code == "access_control.none"


def _sentence(code: str, affected: Iterable[str], language: Language) -> str | None:
    sentence = finding_text(code, language)
    if sentence is None:
        return None
    groups = [name.removeprefix(_GROUP) for name in affected if name.startswith(_GROUP)]
    return sentence.replace("{groups}", ", ".join(_group_name(group, language) for group in groups))


def _group_name(group: str, language: Language) -> str:
    names = _GROUP_NAMES.get(group)
    return group if names is None else f"{group} ({names[language is Language.ENGLISH]})"


# ------------------------------------------------------------------------------------------ circumstances
def _circumstance_rows(
    outcome: ReadOutcome, circumstances: Circumstances, language: Language
) -> Iterator[tuple[str, str]]:
    def row(key: str, value: str) -> tuple[str, str]:
        return text(key, language), value

    yield row("read_at", f"{circumstances.read_at:%d/%m/%Y %H:%M} ({_offset(circumstances.read_at)})")
    if circumstances.place:
        yield row("place", _short(circumstances.place))
    yield row("device", circumstances.device or text("no_device", language))
    yield row("policy", text(f"policy.{circumstances.policy}", language))
    yield row("opened", _opened(outcome, language))
    trust = circumstances.trust
    if trust.issuer is None:
        key = "no_issuer" if trust.anchors else "none_installed"
        yield row("issuer", text(key, language).format(count=trust.anchors))
    else:
        until = _day(trust.issuer_until, language)
        yield row("issuer", text("until", language).format(name=trust.issuer, date=until))
        yield row("signer", text("signer.until", language).format(date=_day(trust.signer_until, language)))
        yield row("lists", _lists(trust, language))
    yield row("software", circumstances.software)


def _lists(trust: TrustSummary, language: Language) -> str:
    if trust.list_from is None:
        return text("no_list", language)
    if trust.list_until is None:
        return text("list", language).format(date=_day(trust.list_from, language))
    return text("list.until", language).format(
        date=_day(trust.list_from, language), until=_day(trust.list_until, language)
    )


def _opened(outcome: ReadOutcome, language: Language) -> str:
    access = outcome.reading.access
    return text("opened.NONE", language) if access.protocol == "NONE" else f"{access.suite} ({access.password})"


def _offset(instant: dt.datetime) -> str:
    offset = f"{instant:%z}"
    return f"UTC{offset[:3]}:{offset[3:5]}"
