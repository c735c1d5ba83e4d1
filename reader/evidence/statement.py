"""What a device states about a reading: what cannot be proven again from the files alone.

A terminal could compute the whole of PACE and of chip authentication by itself, so these stand here as its word.
Nothing personal is in a statement: the files are parts of their own.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from crypto.errors import ErrorCode, all_codes
from reader import errors
from reader.chip_proofs import ChipAnswer, ChipAuthenticationRecord
from reader.evidence.canonical import NotCanonicalError, decode, encode
from reader.lds import files
from reader.session import AccessReport, CardAccessSource, Downgrade
from reader.terminal_access import TerminalAnswer, TerminalRecord
from reader.verification.checks import CheckResult, CheckStatus
from reader.verification.identity import Assurance
from reader.verification.policy import policy_named
from reader.verification.verdict import Decision, Verdict

__all__ = ["Statement", "TrustDatum", "decode_statement", "encode_statement"]

_VERSION: Final = 1
_MAX_BYTES: Final = 256 << 10
_YEARS: Final = range(1970, 2200)
"""An empty battery says 1970. Whatever lies outside no clock of a device says."""
_T = TypeVar("_T")
_E = TypeVar("_E", bound=enum.Enum)


@dataclasses.dataclass(frozen=True, slots=True)
class TrustDatum:
    """One certificate or revocation list that the reading used.

    Attributes:
        part: name of the part that holds it.
        role: ``signer``, ``link``, ``anchor`` or ``revocation_list``.
        provenance: where the device had it from, in its own words.
    """

    part: str
    role: str
    provenance: str


@dataclasses.dataclass(frozen=True, slots=True)
class Statement:
    """Everything that a device says about one reading.

    Attributes:
        read_at: when, by the device's clock, with a zone.
        policy: ``hospital``, ``desk`` or ``laboratory``.
        software: name and version.
        place: where, as staff entered it; empty if nobody did.
        is_test: whether TEST authorities counted.
        access: how the chip was opened.
        unread: files that could not be read, and why.
        chip: how chip authentication went.
        active_authentication: how the chip reacted to active authentication.
        mapping_proofs: how many channels ended in a proof by chip-authentication mapping.
        terminal: how terminal authentication went.
        checks: what was checked, and what came out then.
        verdict: what the policy made of it then.
        trust: certificates and lists that were used.
    """

    read_at: dt.datetime
    policy: str
    software: str
    place: str
    is_test: bool
    access: AccessReport
    unread: Mapping[files.FileId, ErrorCode]
    chip: ChipAuthenticationRecord
    active_authentication: ChipAnswer
    mapping_proofs: int
    terminal: TerminalRecord
    checks: tuple[CheckResult, ...]
    verdict: Verdict
    trust: tuple[TrustDatum, ...]


def encode_statement(statement: Statement) -> bytes:
    """Canonical JSON."""
    access, chip, terminal = statement.access, statement.chip, statement.terminal
    return encode(
        {
            "version": _VERSION,
            "read_at": statement.read_at.isoformat(),
            "policy": statement.policy,
            "software": statement.software,
            "place": statement.place,
            "is_test": statement.is_test,
            "access": {
                "protocol": access.protocol,
                "suite": access.suite,
                "password": access.password,
                "card_access": access.card_access.value,
                "downgrades": [downgrade.value for downgrade in access.downgrades],
                "tries_announced": access.tries_announced,
                "resumed_with_can": access.resumed_with_can,
            },
            "unread": {file.name: code.name for file, code in statement.unread.items()},
            "chip_authentication": {
                "answer": chip.answer.value,
                "version": chip.version,
                "suite": chip.suite,
                "refused": list(chip.refused),
            },
            "active_authentication": statement.active_authentication.value,
            "mapping_proofs": statement.mapping_proofs,
            "terminal_authentication": {
                "answer": terminal.answer.value,
                "version": terminal.version,
                "error": None if terminal.error is None else terminal.error.name,
                "groups": sorted(terminal.groups),
            },
            "checks": [[check.check, check.status.value, check.code, check.detail] for check in statement.checks],
            "verdict": statement.verdict.decision.value,
            "reasons": list(statement.verdict.reasons),
            "assurance": statement.verdict.assurance.value,
            "trust": [[datum.part, datum.role, datum.provenance] for datum in statement.trust],
        }
    )


def decode_statement(octets: bytes) -> Statement:
    """Read a statement strictly: exactly the keys above, each of its type.

    Raises:
        DocumentError: ``evidence.damaged`` with part ``statement``: whoever signed it did not write it as we do.
    """
    try:
        if len(octets) > _MAX_BYTES:
            raise NotCanonicalError
        fields = _Fields(decode(octets))
        statement = _statement(fields)
        if encode_statement(statement) == octets:  # no key too many, at any depth
            return statement
    except (NotCanonicalError, KeyError, ValueError):
        pass
    raise errors.DocumentError(errors.EVIDENCE_DAMAGED, part="statement")


def _statement(fields: _Fields) -> Statement:
    if fields.number("version") != _VERSION:
        raise NotCanonicalError
    read_at = dt.datetime.fromisoformat(fields.text("read_at"))
    if read_at.tzinfo is None or read_at.year not in _YEARS:
        raise NotCanonicalError
    policy = policy_named(fields.text("policy")).name
    checks = tuple(_check(*row) for row in fields.rows("checks", 4))
    if len({check.check for check in checks}) != len(checks):  # which of the two did the device mean?
        raise NotCanonicalError
    verdict = Verdict(
        Decision(fields.text("verdict")), tuple(fields.texts("reasons")), Assurance(fields.text("assurance"))
    )
    return Statement(
        read_at=read_at,
        policy=policy,
        software=fields.text("software"),
        place=fields.text("place"),
        is_test=fields.flag("is_test"),
        access=_access(fields.within("access")),
        unread=_unread(fields.within("unread")),
        chip=_chip(fields.within("chip_authentication")),
        active_authentication=ChipAnswer(fields.text("active_authentication")),
        mapping_proofs=fields.number("mapping_proofs"),
        terminal=_terminal(fields.within("terminal_authentication")),
        checks=checks,
        verdict=verdict,
        trust=tuple(TrustDatum(*row) for row in fields.rows("trust", 3)),
    )


def _access(fields: _Fields) -> AccessReport:
    return AccessReport(
        fields.text("protocol"),
        fields.text("suite"),
        fields.text("password"),
        CardAccessSource(fields.text("card_access")),
        tuple(Downgrade(value) for value in fields.texts("downgrades")),
        fields.optional("tries_announced", fields.number),
        fields.flag("resumed_with_can"),
    )


def _unread(fields: _Fields) -> dict[files.FileId, ErrorCode]:
    unread = {}
    for name in fields.names():
        file, code = files.file_by_name(name), all_codes().get(fields.text(name))
        if file is None or code is None:
            raise NotCanonicalError
        unread[file] = code
    return unread


def _chip(fields: _Fields) -> ChipAuthenticationRecord:
    answer = ChipAnswer(fields.text("answer"))
    return ChipAuthenticationRecord(
        answer, fields.number("version"), fields.text("suite"), tuple(fields.texts("refused"))
    )


def _terminal(fields: _Fields) -> TerminalRecord:
    name = fields.optional("error", fields.text)
    return TerminalRecord(
        TerminalAnswer(fields.text("answer")),
        fields.number("version"),
        None if name is None else all_codes()[name],
        frozenset(fields.numbers("groups")),
    )


def _check(check: str, status: str, code: str, detail: str) -> CheckResult:
    return CheckResult(check, CheckStatus(status), code, detail)


class _Fields:
    """An object of JSON whose values are asked for by type. Raises ``NotCanonicalError`` for another one."""

    def __init__(self, value: object) -> None:
        if not isinstance(value, dict):
            raise NotCanonicalError
        self._values: dict[str, Any] = value

    def names(self) -> tuple[str, ...]:
        return tuple(self._values)

    def text(self, name: str) -> str:
        return self._of(name, str)

    def number(self, name: str) -> int:
        value = self._of(name, int)
        if isinstance(value, bool) or not 0 <= value < 1 << 31:
            raise NotCanonicalError
        return value

    def flag(self, name: str) -> bool:
        return self._of(name, bool)

    def within(self, name: str) -> _Fields:
        return _Fields(self._values.get(name))

    def texts(self, name: str) -> list[str]:
        values = self._of(name, list)
        if not all(isinstance(value, str) for value in values):
            raise NotCanonicalError
        return values

    def numbers(self, name: str) -> list[int]:
        values = self._of(name, list)
        if not all(isinstance(value, int) and not isinstance(value, bool) for value in values):
            raise NotCanonicalError
        return values

    def rows(self, name: str, width: int) -> list[list[str]]:
        """A list of lists of so many texts."""
        rows = self._of(name, list)
        for row in rows:
            if not isinstance(row, list) or len(row) != width or not all(isinstance(cell, str) for cell in row):
                raise NotCanonicalError
        return rows

    def optional(self, name: str, read: Callable[[str], _T]) -> _T | None:
        return None if name in self._values and self._values[name] is None else read(name)

    def _of(self, name: str, kind: type[_T]) -> _T:
        value = self._values.get(name)
        if not isinstance(value, kind):
            raise NotCanonicalError
        return value
