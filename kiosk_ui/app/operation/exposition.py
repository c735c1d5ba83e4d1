"""The figures as text, as Prometheus reads it: text format 0.0.4 ("Exposition formats", Prometheus documentation)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kiosk_ui.app.operation.families import FAMILIES, Family, FamilyKind
from kiosk_ui.app.operation.measures import Measures, Row

__all__ = ["CONTENT_TYPE", "as_text"]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def as_text(measures: Measures, more: Iterable[tuple[Family, float]] = ()) -> str:
    """All figures that have a value.

    Args:
        measures: the figures.
        more: figures without labels that are known elsewhere, such as those of the process.
    """
    lines: list[str] = []
    for family in FAMILIES:
        rows = measures.rows(family)
        if rows:
            lines += _head(family)
            lines += [line for row in rows for line in _lines(family, row)]
    for family, value in more:
        lines += [*_head(family), f"{family.name} {_number(value)}"]
    return "".join(f"{line}\n" for line in lines)


def _head(family: Family) -> list[str]:
    return [f"# HELP {family.name} {family.help}", f"# TYPE {family.name} {family.kind.value}"]


def _lines(family: Family, row: Row) -> Iterator[str]:
    labels = [f'{name}="{value}"' for name, value in zip(family.labels, row.labels, strict=True)]
    if family.kind is not FamilyKind.HISTOGRAM:
        yield f"{family.name}{_braced(labels)} {_number(row.value)}"
        return
    bounds = [*map(_number, family.bounds), "+Inf"]
    for bound, count in zip(bounds, row.buckets, strict=True):
        with_bound = _braced([*labels, f'le="{bound}"'])
        yield f"{family.name}_bucket{with_bound} {count}"
    yield f"{family.name}_sum{_braced(labels)} {_number(row.value)}"
    yield f"{family.name}_count{_braced(labels)} {row.buckets[-1]}"


def _braced(labels: list[str]) -> str:
    # Label values are words without quotes, backslashes or line ends (measures.py), so nothing is escaped.
    return f"{{{','.join(labels)}}}" if labels else ""


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)
