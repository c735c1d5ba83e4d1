"""The result of a reading for people and for programs. The JSON keys are a promise; new ones may be added."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any, Final

from crypto.errors import ChipIdError
from reader.inspection import ReadOutcome
from reader.lds.details import details_of
from reader.lds.document import IdDocument
from reader.session import AccessReport
from reader.verification.aggregation import aggregate
from reader.verification.checks import CheckResult, CheckStatus
from reader.verification.identity import Identity
from reader.verification.wording import further_reasons, remark_of

__all__ = ["as_dict", "as_json", "as_text", "check_as_dict", "check_line", "person_lines", "write_files"]


def as_dict(outcome: ReadOutcome) -> dict[str, Any]:
    """The whole result as plain data."""
    access, raw = outcome.reading.access, outcome.reading.document
    return {
        "access": {
            "protocol": access.protocol,
            "suite": access.suite,
            "password": access.password,
            "card_access": access.card_access.value,
            "downgrades": [downgrade.value for downgrade in access.downgrades],
            "tries_announced": access.tries_announced,
            "resumed_with_can": access.resumed_with_can,
        },
        "document": {
            "lds_version": _lds_version(outcome.document),
            "mrz": _mrz(outcome.document),
            "personal": _personal(outcome.document),
            "details": details_of(outcome.document),
            "files": {file.name: {"bytes": len(raw.require(file)), "sha256": raw.sha256(file)} for file in raw},
            "unread": {file.name: code.name for file, code in outcome.reading.unread.items()},
        },
        "checks": [check_as_dict(check) for check in outcome.checks],
        "groups": [
            {
                "group": group.group.value,
                "status": group.status.value,
                "checks": list(group.checks),
                "left_out": list(group.left_out),
            }
            for group in aggregate(outcome.checks)
        ],
        "printed": [
            {name: str(value) for name, value in dataclasses.asdict(each).items()}
            for each in outcome.assessment.printed
        ],
        "verdict": outcome.verdict.decision.value,
        "reasons": list(outcome.verdict.reasons),
        "recorded": list(outcome.verdict.recorded),
        "assurance": outcome.verdict.assurance.value,
        "link": {
            "commands": outcome.link.commands,
            "bytes_sent": outcome.link.bytes_sent,
            "bytes_received": outcome.link.bytes_received,
        },
        "timing_ms": outcome.timing_ms,
    }


def check_as_dict(check: CheckResult) -> dict[str, str]:
    """One check as plain data."""
    return {"check": str(check.check), "status": check.status.value, "code": check.code, "detail": check.detail}


def as_json(outcome: ReadOutcome) -> str:
    """:func:`as_dict` as indented JSON in UTF-8 letters."""
    return json.dumps(as_dict(outcome), ensure_ascii=False, indent=2)


def _lds_version(document: IdDocument) -> str | None:
    try:
        return document.lds_version
    except ChipIdError:
        return None


def _mrz(document: IdDocument) -> str | None:
    """The lines joined by newlines, as ``--mrz`` takes them."""
    try:
        return None if document.mrz is None else "\n".join(document.mrz.lines)
    except ChipIdError:
        return None


def _personal(document: IdDocument) -> dict[str, Any]:
    """Keys of DG13; ``{}`` for a card without it."""
    try:
        return {key: list(value) if isinstance(value, tuple) else value for key, value in document.personal.items()}
    except ChipIdError:
        return {}


_MARKS: Final = {
    CheckStatus.SUCCESSFUL: "✓",
    CheckStatus.FAILED: "✗",
    CheckStatus.UNDETERMINED: "?",
    CheckStatus.NOT_SUPPORTED: "–",
    CheckStatus.ABORTED: "!",
}
# What DG11 and DG12 add; a Vietnamese card has neither
_DETAIL_LINES: Final = (
    ("born in", "place_of_birth"),
    ("lives", "address"),
    ("issued", "issued_on"),
    ("by", "issuing_authority"),
)
_VERDICT_TEXTS: Final = {
    "ACCEPT": "genuine: signed by a trusted issuer, on the chip that was issued",
    "REFER": "read, but not everything could be proven: let a person decide",
    "REJECT": "do not accept this card",
}


def as_text(outcome: ReadOutcome) -> str:
    """The result for a person at a terminal: verdict, person, then each check on a line."""
    verdict = outcome.verdict.decision.value
    lines = [f"{verdict} – {_VERDICT_TEXTS[verdict]}", ""]
    lines += person_lines(outcome.identity, outcome.document)
    lines += ["", _access_line(outcome.reading.access)]
    lines += [check_line(check) for check in outcome.checks]
    lines += [f"? {sentence}" for sentence in further_reasons(outcome.verdict.reasons, outcome.checks)]
    link, total_ms = outcome.link, sum(outcome.timing_ms.values())
    lines += [
        "",
        f"{link.commands} commands, {link.bytes_sent + link.bytes_received:,} bytes, {total_ms:.0f} ms",
    ]
    return "\n".join(lines)


def person_lines(identity: Identity | None, document: IdDocument) -> list[str]:
    """Who it is, a line for each datum."""
    if identity is None:
        return ["The chip names nobody readable."]
    details = details_of(document)
    born = identity.date_of_birth.strftime("%d/%m/%Y") if identity.date_of_birth else "not fully known"
    last_day = identity.expires_on.strftime("%d/%m/%Y") if identity.expires_on else "not known"
    expires = "never" if identity.no_expiry else last_day
    rows = [("name", identity.full_name), ("number", identity.number), ("born", born), ("expires", expires)]
    rows += [(label, line) for label, key in _DETAIL_LINES if isinstance(line := details.get(key), str)]
    return [f"{label:<8}{value}" for label, value in rows]


def _access_line(access: AccessReport) -> str:
    if access.protocol == "NONE":
        return "opened without access control: the chip has none"
    tries = "" if access.tries_announced is None else f", tries left before: {access.tries_announced}"
    resumed = ", allowed by the card access number" if access.resumed_with_can else ""
    return f"opened by {access.suite} with {access.password}{tries}{resumed}"


def check_line(check: CheckResult) -> str:
    """One check on a line for a person at a terminal."""
    if check.code == "data_group_hash.not_read":  # nobody asked for the group, and nothing is said about it
        return f"– {check.check!s:<28}not read"
    line = f"{_MARKS[check.status]} {check.check!s:<28}{check.status.value.replace('_', ' ')}"
    remark = remark_of(check)
    return f"{line}  {remark}" if remark else line


def write_files(outcome: ReadOutcome, folder: Path) -> None:
    """Keep every file exactly as read, as ``EF_DG1.bin`` and so on, readable by their owner only.

    What an earlier reading left under such names goes first: files of two cards never lie side by side.

    Raises:
        OSError: the folder cannot be written.
    """
    for earlier in folder.glob("EF_*.bin"):
        earlier.unlink()
    raw = outcome.reading.document
    for file in raw:
        path = folder / f"EF_{file.name}.bin"
        path.touch(mode=0o600)
        path.write_bytes(raw.require(file))
