"""The last lines of the log, and what staff chose for the beginning of visits."""

from __future__ import annotations

import datetime as dt
import json
import logging
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk_ui.app.operation.recent_lines import LONGEST_LINE, MOST_LINES, RecentLines
from kiosk_ui.app.operation.visit_defaults import VisitDefaults, load_defaults, save_defaults

ZONE = dt.timezone(dt.timedelta(hours=7))


@pytest.fixture
def log() -> logging.Logger:
    logger = logging.Logger("kiosk_ui.app.outbox")  # noqa: LOG001 - its handler goes with it
    logger.addHandler(RecentLines(ZONE))
    return logger


def lines_of(log: logging.Logger) -> list[str]:
    (handler,) = log.handlers
    assert isinstance(handler, RecentLines)
    return handler.lines()


def test_the_newest_line_is_first_and_only_so_many_are_kept(log: logging.Logger) -> None:
    for number in range(MOST_LINES + 50):
        log.info("line %d", number)
    kept = lines_of(log)
    assert len(kept) == MOST_LINES
    assert kept[0].endswith(f"INFO outbox: line {MOST_LINES + 49}")


def test_debug_lines_and_the_texts_of_exceptions_are_not_kept(log: logging.Logger) -> None:
    log.debug("states")
    try:
        raise RuntimeError("about 040085000017")
    except RuntimeError:
        log.exception("it went wrong")
    assert len(lines_of(log)) == 1
    assert "040085000017" not in lines_of(log)[0]


def test_odd_lines_stay_one_line_of_bounded_length(log: logging.Logger) -> None:
    log.warning("a\nb\x1b[2J\u202e%s", "x" * 1000)
    log.warning("%d", "no number")
    second, first = lines_of(log)
    assert first.isprintable()
    assert len(first) == LONGEST_LINE
    assert "could not be written" in second


def test_what_staff_chose_is_there_after_a_restart(tmp_path: Path) -> None:
    chosen = VisitDefaults("en", "high_contrast", 0)
    save_defaults(tmp_path / "deep" / "visits.json", chosen)
    assert load_defaults(tmp_path / "deep" / "visits.json") == chosen
    assert load_defaults(tmp_path / "none.json") == VisitDefaults()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=50)
@given(
    st.binary(max_size=50)
    | st.fixed_dictionaries({"language": json_values, "palette": json_values, "volume": json_values}).map(
        lambda value: json.dumps(value).encode()
    )
)
def test_a_spoilt_file_never_stops_a_start(tmp_path_factory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("chosen") / "visits.json"
    path.write_bytes(content)
    found = load_defaults(path)
    assert found.volume is None or 0 <= found.volume <= 4
    assert found.language is None or found.language.isascii()
