"""Runs one combination: a chip made to order, opened and asked for its proofs by the ordinary reading engine."""

from __future__ import annotations

import dataclasses
import datetime as dt
import threading
from collections.abc import Callable, Iterator
from typing import Final

from crypto.errors import ChipIdError
from reader.document_reader import DocumentReader
from reader.inspection import local_now
from reader.link import Link
from reader.plan import ReadPlan
from reader.progress import ReadingPhase
from reader.protocols.access_key import AccessKey, CanKey, MrzKey, PinKey, PukKey
from reader.selftest.matrix import Combination, Section
from reader.session import CardSession
from reader.terminal_credentials import TerminalCredentials
from reader.transport.laboratory import Laboratory, OrderedChip
from reader.trust.folder import trust_of
from reader.verification.assessment import assess
from reader.verification.checks import CheckName, CheckStatus
from reader.verification.policy import LABORATORY

__all__ = ["CombinationResult", "run_all", "run_combination"]


@dataclasses.dataclass(frozen=True, slots=True)
class CombinationResult:
    """What came of one combination.

    Attributes:
        combination: which.
        passed: ``None`` if it is not supported, so that nothing was run.
        milliseconds: wall time of the protocol, chip and terminal together, in this process; 0 if nothing was run.
        problem: a stable code of what went wrong, else ``""``.
    """

    combination: Combination
    passed: bool | None
    milliseconds: float = 0.0
    problem: str = ""


def run_all(
    laboratory: Laboratory,
    wanted: Iterator[Combination],
    cancel: threading.Event,
    now: Callable[[], dt.datetime] = local_now,
) -> Iterator[CombinationResult]:
    """One result after the other; ends early when ``cancel`` is set."""
    for combination in wanted:
        if cancel.is_set():
            return
        yield run_combination(laboratory, combination, now())


def run_combination(laboratory: Laboratory, combination: Combination, at: dt.datetime) -> CombinationResult:
    """Run one combination on a fresh chip; an error of ours is a result, never an exception."""
    if combination.unsupported:
        return CombinationResult(combination, None)
    chip = laboratory.make(combination.order)
    try:
        with chip.transport:
            milliseconds, problem = _RUNS[combination.section](combination, chip, at)
    except ChipIdError as error:
        return CombinationResult(combination, False, problem=error.code.name)
    return CombinationResult(combination, not problem, milliseconds, problem)


def _key(combination: Combination, chip: OrderedChip) -> AccessKey:
    match combination.password:
        case "MRZ":
            return MrzKey.from_lines(chip.mrz)
        case "PIN":
            return PinKey.from_digits(chip.pin)
        case "PUK":
            return PukKey.from_digits(chip.puk)
        case _:
            return CanKey.from_digits(chip.can)


def _open(combination: Combination, chip: OrderedChip, at: dt.datetime) -> tuple[float, str]:
    """Access control alone: the application is selected through the new channel, so its keys are proven."""
    link = Link(chip.transport)
    session = CardSession(link)
    try:
        report = session.open(_key(combination, chip), _PLAIN)
    finally:
        session.close()
    expected = "BAC" if combination.section is Section.BAC else "PACE"
    if report.protocol != expected or report.downgrades:
        return 0.0, "selftest.other_protocol"
    return link.timing_ms[ReadingPhase.ACCESS_CONTROL.label], ""


def _read(
    combination: Combination, chip: OrderedChip, at: dt.datetime, plan: ReadPlan, check: CheckName, phase: ReadingPhase
) -> tuple[float, str]:
    """A whole reading; the check has to be successful, not merely not failed."""
    link = Link(chip.transport)
    session = CardSession(link)
    credentials = None
    if chip.terminal_certificates:
        credentials = TerminalCredentials.from_octets(chip.terminal_certificates, chip.terminal_key)
    try:
        reading = DocumentReader(session, _key(combination, chip), plan, credentials=credentials).run()
    finally:
        session.close()
    anchors = [(f"test authority {number}", anchor) for number, anchor in enumerate(chip.trust_anchors, start=1)]
    assessment = assess(reading, trust_of(anchors, test_mode=True).store, LABORATORY, at)
    result = next((found for found in assessment.checks if found.check == check), None)
    if result is None:
        return 0.0, "selftest.check_absent"
    if result.status is not CheckStatus.SUCCESSFUL:
        return 0.0, result.code
    return link.timing_ms[phase.label], ""


def _pace(combination: Combination, chip: OrderedChip, at: dt.datetime) -> tuple[float, str]:
    if " CAM " not in combination.row:
        return _open(combination, chip, at)
    proof = CheckName.CHIP_AUTHENTICATION_MAPPING
    return _read(combination, chip, at, _PLAIN, proof, ReadingPhase.ACCESS_CONTROL)


def _chip_authentication(combination: Combination, chip: OrderedChip, at: dt.datetime) -> tuple[float, str]:
    """Version 2 is part of opening the chip, so its time is that of access control as a whole."""
    first = combination.order.chip_authentication_version == 1
    proof = CheckName.CHIP_AUTHENTICATION
    phase = ReadingPhase.CHIP_AUTHENTICATION if first else ReadingPhase.ACCESS_CONTROL
    return _read(combination, chip, at, _CHIP_PROOF, proof, phase)


def _active_authentication(combination: Combination, chip: OrderedChip, at: dt.datetime) -> tuple[float, str]:
    proof, phase = CheckName.ACTIVE_AUTHENTICATION, ReadingPhase.ACTIVE_AUTHENTICATION
    return _read(combination, chip, at, _SIGNATURE, proof, phase)


def _terminal_authentication(combination: Combination, chip: OrderedChip, at: dt.datetime) -> tuple[float, str]:
    proof, phase = CheckName.TERMINAL_AUTHENTICATION, ReadingPhase.TERMINAL_AUTHENTICATION
    return _read(combination, chip, at, _FINGERPRINTS, proof, phase)


_PLAIN: Final = ReadPlan("selftest", first=(), chip_authentication=False, active_authentication=False)
_CHIP_PROOF: Final = ReadPlan("selftest", first=(1,), active_authentication=False)
_SIGNATURE: Final = ReadPlan("selftest", first=(15,), chip_authentication=False)
_FINGERPRINTS: Final = ReadPlan("selftest", first=(1, 3), active_authentication=False)

_RUNS: Final[dict[Section, Callable[[Combination, OrderedChip, dt.datetime], tuple[float, str]]]] = {
    Section.BAC: _open,
    Section.PACE: _pace,
    Section.PACE_EXPLICIT: _open,
    Section.CHIP_AUTHENTICATION: _chip_authentication,
    Section.CHIP_AUTHENTICATION_2: _chip_authentication,
    Section.ACTIVE_AUTHENTICATION: _active_authentication,
    Section.TERMINAL_AUTHENTICATION: _terminal_authentication,
}
