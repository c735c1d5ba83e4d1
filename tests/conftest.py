"""For every test: properties are searched without a clock, since a busy machine must not make a right answer wrong.

What is run: `make quick` looks at one case of each table and a few examples of each property, and leaves out what needs a
disk; the suite looks at all of them, but for the tables marked as wide and the sweeps of `tests/soak.py`, of which it takes
a share; `make soak` at the whole of these.
"""

import itertools
import os

import pytest
from hypothesis import settings

from tests.soak import SHARE_PERCENT, soak_share

QUICK = bool(os.environ.get("CHIPID_QUICK"))
QUICK_EXAMPLES = 5
ON_DISK = {"tmp_path", "tmp_path_factory"}
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
    """What needs no disk; of a test with many cases the one in the middle."""
    in_memory = (item for item in items if not ON_DISK.intersection(getattr(item, "fixturenames", ())))
    tables = [list(group) for _, group in itertools.groupby(in_memory, key=_function)]
    return [cases[len(cases) // 2] for cases in tables]


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
