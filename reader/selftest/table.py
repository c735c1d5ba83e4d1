"""The results of the self-test as a table for people and as JSON for programs."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Iterable, Sequence

from reader.selftest.runner import CombinationResult

__all__ = ["as_json", "as_text", "summary"]


def as_json(results: Sequence[CombinationResult]) -> str:
    """One object: totals, and a row per combination. ``passed`` is null where ``unsupported`` gives the reason."""
    rows = [
        {
            "section": result.combination.section.value,
            "row": result.combination.row,
            "column": result.combination.column,
            "password": result.combination.password,
            "passed": result.passed,
            "milliseconds": round(result.milliseconds, 2),
            "problem": result.problem or None,
            "unsupported": result.combination.unsupported or None,
        }
        for result in results
    ]
    counts = {"passed": _count(results, True), "failed": _count(results, False), "unsupported": _count(results, None)}
    return json.dumps({**counts, "machine": platform.machine(), "combinations": rows}, indent=1, ensure_ascii=False)


def as_text(results: Sequence[CombinationResult]) -> str:
    """A table per section: a cell holds the milliseconds of its slowest password, or the number of a note."""
    notes: dict[str, int] = {}
    parts = [_section(section, notes) for section in _grouped(results, lambda result: result.combination.section)]
    if notes:
        parts.append("\n".join(f"[{number}] not supported: {reason}." for reason, number in notes.items()))
    parts.append(summary(results))
    return "\n\n".join(parts)


def summary(results: Sequence[CombinationResult]) -> str:
    """The last line."""
    passed, failed, unsupported = (_count(results, wanted) for wanted in (True, False, None))
    return f"{passed} combinations passed, {failed} failed, {unsupported} are not supported for the reasons given."


def _count(results: Iterable[CombinationResult], wanted: bool | None) -> int:
    return sum(result.passed is wanted for result in results)


def _section(results: Sequence[CombinationResult], notes: dict[str, int]) -> str:
    columns = list(dict.fromkeys(result.combination.column for result in results))
    passwords = list(dict.fromkeys(result.combination.password for result in results))
    rows = _grouped(results, lambda result: result.combination.row)
    width = max(len(row[0].combination.row) for row in rows)
    lines = [
        f"{results[0].combination.section.value} ({', '.join(passwords)}; milliseconds, chip and terminal together)",
        f"  {'':<{width}}" + "".join(f"{column:>10}" for column in columns),
    ]
    for row in rows:
        cells = (_cell([result for result in row if result.combination.column == column], notes) for column in columns)
        lines.append(f"  {row[0].combination.row:<{width}}" + "".join(f"{cell:>10}" for cell in cells))
    failures = [result for result in results if result.passed is False]
    lines += [f"  FAILED {result.combination.name}: {result.problem}" for result in failures]
    return "\n".join(lines)


def _cell(results: Sequence[CombinationResult], notes: dict[str, int]) -> str:
    if not results:
        return ""
    if any(result.passed is False for result in results):
        return "FAILED"
    run = [result.milliseconds for result in results if result.passed]
    marks = {
        f"[{notes.setdefault(result.combination.unsupported, len(notes) + 1)}]"
        for result in results
        if result.passed is None
    }
    return " ".join(([f"{max(run):.1f}"] if run else []) + sorted(marks))


def _grouped(
    results: Iterable[CombinationResult], key: Callable[[CombinationResult], str]
) -> list[list[CombinationResult]]:
    groups: dict[str, list[CombinationResult]] = {}
    for result in results:
        groups.setdefault(key(result), []).append(result)
    return list(groups.values())
