"""``chipid verify``: judge a kept reading again, without the card.

Exit codes as those of ``chipid read``: 0 accepted, 1 verified but not accepted, 2 the file is refused, 64 wrong usage.
The signer states when the card was read, so a file of nobody's that is known here is never accepted.
"""

from __future__ import annotations

import argparse
import enum
import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from crypto.errors import ChipIdError
from reader import console
from reader.cli import EXIT_ACCEPTED, EXIT_NOT_ACCEPTED, EXIT_NOT_READ, EXIT_USAGE, UsageParser, trusted

if TYPE_CHECKING:
    from reader.evidence.recheck import Difference, Judgement, KeptReading
    from reader.verification.verdict import Decision

__all__ = ["Whose", "verify_command"]

_FINGERPRINT: Final = re.compile(r"[0-9a-f]{64}")


class Whose(enum.StrEnum):
    """Whose signature an evidence file carries, as far as anybody here knows."""

    OURS = "ours"  # the key of this machine
    NAMED = "named"  # a device that whoever asks has named
    THEIRS = "theirs"  # none of the devices that were named
    UNKNOWN = "unknown"  # nobody has named any

    @property
    def is_known(self) -> bool:
        """Whether somebody here vouches for the device, and so for the time that it states."""
        return self in (Whose.OURS, Whose.NAMED)


_WHOSE_TEXTS: Final = {
    Whose.OURS: "this machine's own device key",
    Whose.NAMED: "a device that you named",
    Whose.THEIRS: "NONE of the devices that you named: what it states is somebody else's word",
    Whose.UNKNOWN: "a device that nobody has named here; --device tells whose word it is",
}


_NOBODY_VOUCHES: Final = (
    "NOT ACCEPTED – nobody here vouches for the device that signed, nor for the time that it states"
)


def verify_command(argv: Sequence[str]) -> int:
    """``chipid verify``. Returns the exit code."""
    parser = _parser()
    arguments = parser.parse_args(list(argv))
    try:
        devices = [_fingerprint(text) for text in arguments.device]
    except ValueError:
        console.say("chipid verify: a device's fingerprint has 64 hexadecimal digits\n")
        return EXIT_USAGE
    try:
        return _verify(arguments, devices)
    except ChipIdError as error:
        console.say(f"chipid: {error}\n")
        return EXIT_NOT_READ


def _parser() -> UsageParser:
    parser = UsageParser(
        prog="chipid verify",
        description="Judge a kept reading again: elsewhere, later, without the card.",
        epilog="The verdict is the one for the time of the reading; what would be different today is said beside it.",
    )
    parser.add_argument("file", metavar="FILE", type=Path, help="made by 'chipid read --evidence FILE'")
    parser.add_argument(
        "--trust", metavar="FOLDER", type=Path, help="your own CSCA certificates; the file's never count"
    )
    parser.add_argument("--policy", choices=("hospital", "desk", "laboratory"), help="that of the reading by default")
    parser.add_argument("--test-mode", action="store_true", help="allow TEST authorities")
    parser.add_argument(
        "--device",
        metavar="FINGERPRINT",
        action="append",
        default=[],
        help="a device whose word you know; may be given more than once",
    )
    parser.add_argument(
        "--device-key", metavar="FILE", type=Path, help="this machine's device key, if not at its usual place"
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    return parser


def _fingerprint(text: str) -> str:
    digits = text.replace(":", "").replace(" ", "").lower()
    if not _FINGERPRINT.fullmatch(digits):
        raise ValueError
    return digits


def _verify(arguments: argparse.Namespace, devices: list[str]) -> int:
    from reader import inspection
    from reader.evidence import recheck
    from reader.evidence.device_key import known_device, load
    from reader.verification.policy import policy_named

    named: Path | None = arguments.device_key
    own = known_device() if named is None else load(named).fingerprint
    kept = recheck.load(arguments.file)
    whose = _whose(kept.fingerprint, own, devices)
    trust = trusted(arguments.trust, test_mode=arguments.test_mode)
    policy = None if arguments.policy is None else policy_named(arguments.policy)
    now = inspection.local_now()
    then, today = (
        recheck.judge_again(kept, trust.store, at, policy, now=lambda: now, deviations=trust.deviations)
        for at in (kept.statement.read_at, now)
    )
    if arguments.json:
        text = _as_json(kept, whose, then, today)
    else:
        text = _as_text(kept, whose, then, today, is_test_mode=arguments.test_mode)
    try:
        console.write_result(text)
    except OSError as error:
        console.say(
            f"chipid: The result could not be written to standard output: {error.strerror or 'it is closed'}.\n"
        )
        return EXIT_NOT_READ
    return EXIT_ACCEPTED if _is_accepted(whose, then) else EXIT_NOT_ACCEPTED


def _is_accepted(whose: Whose, then: Judgement) -> bool:
    """The files prove it, and somebody here vouches for the device that says when."""
    return then.verdict.decision.name == "ACCEPT" and whose.is_known


def _whose(fingerprint: str, own: str | None, named: list[str]) -> Whose:
    if fingerprint in named:
        return Whose.NAMED
    if fingerprint == own:
        return Whose.OURS
    return Whose.THEIRS if named else Whose.UNKNOWN


# ------------------------------------------------------------------------------------------ as JSON
def _as_json(kept: KeptReading, whose: Whose, then: Judgement, today: Judgement) -> str:
    from reader.evidence.recheck import differences
    from reader.reports.result import check_as_dict

    statement = kept.statement
    document = kept.reading.document
    return json.dumps(
        {
            "evidence": {
                "sha256": kept.sha256,
                "device": kept.fingerprint,
                "signed_by": whose.value,
                "chip_asked_at": _asked_at(kept, then),
                "files": {file.name: document.sha256(file) for file in document},
            },
            "statement": {
                "read_at": statement.read_at.isoformat(),
                "policy": statement.policy,
                "software": statement.software,
                "place": statement.place,
                "is_test": statement.is_test,
                "verdict": statement.verdict.decision.value,
                "reasons": list(statement.verdict.reasons),
                "assurance": statement.verdict.assurance.value,
                "checks": [check_as_dict(check) for check in statement.checks],
                "trust": [{"part": each.part, "role": each.role, "from": each.provenance} for each in statement.trust],
            },
            "accepted": _is_accepted(whose, then),
            **_judgement(then),
            "today": _judgement(today),
            "differences": _rows(differences(statement, then)),
            "differences_today": _rows(_only_today(then, today)),
        },
        ensure_ascii=False,
        indent=2,
    )


def _asked_at(kept: KeptReading, then: Judgement) -> str | None:
    """When the chip was asked by that device, if what it signed shows so."""
    from reader.verification.checks import CheckName, CheckStatus

    answer = kept.reading.active_answer
    shown = {check.check for check in then.checks if check.status is CheckStatus.SUCCESSFUL}
    if answer is None or answer.origin is None or CheckName.ACTIVE_AUTHENTICATION not in shown:
        return None
    return answer.origin.asked_at.isoformat()


def _judgement(judgement: Judgement) -> dict[str, Any]:
    from reader.reports.result import check_as_dict

    return {
        "at": judgement.at.isoformat(),
        "verdict": judgement.verdict.decision.value,
        "reasons": list(judgement.verdict.reasons),
        "assurance": judgement.verdict.assurance.value,
        "checks": [
            check_as_dict(check) | {"basis": "stated" if check.check in judgement.stated else "proven_again"}
            for check in judgement.checks
        ],
    }


def _rows(found: Iterable[Difference]) -> list[dict[str, str | None]]:
    return [{"what": str(each.what), "then": each.then, "now": each.now} for each in found]


def _only_today(then: Judgement, today: Judgement) -> list[Difference]:
    """What time alone has changed: an expired card, a signer revoked since."""
    from reader.evidence.recheck import Difference

    before = {check.check: check.code for check in then.checks}
    found = [
        Difference(check.check, before.get(check.check), check.code)
        for check in today.checks
        if before.get(check.check) != check.code
    ]
    if then.verdict.decision is not today.verdict.decision:
        found.insert(0, Difference("verdict", then.verdict.decision.value, today.verdict.decision.value))
    return found


# ------------------------------------------------------------------------------------------ as text
def _headlines(whose: Whose, decision: Decision) -> list[str]:
    """What comes out, never an ACCEPT before the words that take it back."""
    judged = f"{decision.value} – judged again by what the file proves, as of the time of the reading"
    if whose.is_known:
        return [judged]
    if decision.value == "ACCEPT":
        return [_NOBODY_VOUCHES, "the files alone would be accepted, as of the time that is stated"]
    return [judged, _NOBODY_VOUCHES]


def _as_text(kept: KeptReading, whose: Whose, then: Judgement, today: Judgement, *, is_test_mode: bool) -> str:
    from reader.evidence.recheck import differences
    from reader.reports.result import check_line, person_lines
    from reader.verification.wording import further_reasons

    statement, verdict, asked = kept.statement, then.verdict, _asked_at(kept, then)
    place = f", {statement.place}" if statement.place else ""
    lines = [
        *_headlines(whose, verdict.decision),
        "",
        "the file is whole: every part is as it was signed",
        f"signed by  {kept.fingerprint}",
        f"           {_WHOSE_TEXTS[whose]}",
        f"read       {statement.read_at:%d/%m/%Y %H:%M %z}{place} (policy {statement.policy}, {statement.software})",
        *([f"asked      {asked}, by that device: so says what the chip signed"] if asked else []),
        f"then       {statement.verdict.decision.value}, {statement.verdict.assurance.value}",
        f"SHA-256    {kept.sha256}",
        "",
        *person_lines(then.identity, kept.document),
        "",
    ]
    for check in then.checks:
        stated = "  (the device's word)" if check.check in then.stated and check.status.value == "successful" else ""
        lines.append(check_line(check) + stated)
    lines += [f"? {sentence}" for sentence in further_reasons(verdict.reasons, then.checks)]
    if statement.is_test and not is_test_mode:
        lines += ["", "The device let TEST authorities count; here they do not, without --test-mode."]
    lines += _difference_lines("different from what the device said then:", differences(statement, then), "said", "now")
    lines += _difference_lines("different if it were judged as of today:", _only_today(then, today), "then", "today")
    return "\n".join(lines)


def _difference_lines(title: str, found: Sequence[Difference], earlier: str, later: str) -> list[str]:
    if not found:
        return []
    return ["", title] + [f"  {each.what}: {earlier} {each.then or '–'}, {later} {each.now or '–'}" for each in found]
