"""For every test: properties are searched without a clock, since a busy machine must not make a right answer wrong.

What is run: `make quick` looks at few examples of each property and of each table; the suite at all of them, but for the
tables marked as wide and the sweeps of `tests/soak.py`, of which it takes a share; `make soak` at the whole of these.
"""

import itertools
import os

import pytest
from hypothesis import settings

from tests.soak import SHARE_PERCENT, soak_share

QUICK = bool(os.environ.get("CHIPID_QUICK"))
QUICK_CASES = 2
QUICK_EXAMPLES = 10
EXAMPLES = max(50, round(10 * SHARE_PERCENT))  # of each property that names no number of its own; a thousand for soak
WIDE_PERCENT = 34.0
WIDE_LEAST = 8
LONG = ("soak", "slow", "pcsc")

settings.register_profile("quick", deadline=None, max_examples=QUICK_EXAMPLES)
settings.register_profile("no deadline", deadline=None, max_examples=EXAMPLES)
settings.load_profile("quick" if QUICK else "no deadline")


def _file(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]


def _function(item: pytest.Item) -> tuple[str, str]:
    return _file(item), getattr(item, "originalname", item.name)


def _of_a_quick_run(items: list[pytest.Item]) -> list[pytest.Item]:
    """Of a test with many cases the first and the middle one."""
    kept: list[pytest.Item] = []
    for _, group in itertools.groupby(items, key=_function):
        cases = list(group)
        step = max(1, len(cases) / QUICK_CASES)
        kept += [cases[int(number * step)] for number in range(min(len(cases), QUICK_CASES))]
    return kept


def _with_shares_of_wide_tables(items: list[pytest.Item]) -> list[pytest.Item]:
    """Of each table whose rows resemble one another a seeded third."""
    kept: list[pytest.Item] = []
    for function, group in itertools.groupby(items, key=_function):
        cases = list(group)
        if cases[0].get_closest_marker("wide") is not None:
            percent = max(SHARE_PERCENT, WIDE_PERCENT)
            cases = soak_share("::".join(function), cases, percent=percent, at_least=WIDE_LEAST)
        kept += cases
    return kept


def _long_files_first(items: list[pytest.Item]) -> list[pytest.Item]:
    """Files go to the next free process in this order: a long one at the end would leave the others without work."""
    files = [list(group) for _, group in itertools.groupby(items, key=_file)]

    def weight(tests: list[pytest.Item]) -> tuple[bool, int]:
        return any(item.get_closest_marker(mark) for item in tests for mark in LONG), len(tests)

    return list(itertools.chain(*sorted(files, key=weight, reverse=True)))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Choose what is run, and in which order. A test that is named is run."""
    named = any("::" in argument for argument in config.args)
    chosen = _of_a_quick_run(items) if QUICK else items if named else _with_shares_of_wide_tables(items)
    if len(chosen) < len(items):
        kept = set(chosen)
        config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = chosen if named else _long_files_first(chosen)
