"""For every test: properties are searched without a clock, since a busy machine must not make a right answer wrong.

`make quick` looks at fewer examples of each property and of each table; the whole suite looks at all of them.
"""

import itertools
import os

import pytest
from hypothesis import settings

QUICK = bool(os.environ.get("CHIPID_QUICK"))
QUICK_CASES = 2

settings.register_profile("no deadline", deadline=None)
settings.register_profile("quick", deadline=None, max_examples=10)
settings.load_profile("quick" if QUICK else "no deadline")


def _function(item: pytest.Item) -> tuple[str, str]:
    return item.nodeid.partition("::")[0], getattr(item, "originalname", item.name)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """In a quick run a test with many cases keeps the first and the middle one."""
    if not QUICK:
        return
    kept: list[pytest.Item] = []
    for _, group in itertools.groupby(items, key=_function):
        cases = list(group)
        step = max(1, len(cases) / QUICK_CASES)
        kept += [cases[int(number * step)] for number in range(min(len(cases), QUICK_CASES))]
    left_out = set(items) - set(kept)
    config.hook.pytest_deselected(items=[item for item in items if item in left_out])
    items[:] = kept
