"""Each mistake of ``docs/quirks.md`` is made, and the test that the page names fails because of it."""

from __future__ import annotations

import importlib
import inspect
import sys
from types import ModuleType

import pytest

from crypto.errors import ChipIdError
from tests.unit import mistakes_in_conversations, mistakes_in_documents
from tests.unit.mistake_register import MISTAKES, Mistake

MADE_IN = (mistakes_in_conversations, mistakes_in_documents)
"""Whose import enters them into the register."""
NAMED = {mistake.test.partition("::")[0].removesuffix(".py").replace("/", ".") for mistake in MISTAKES}
"""Modules of the tests that are named. What the modules of others drew once, others hold on to."""
NOTICED = (AssertionError, ChipIdError, pytest.fail.Exception, RecursionError)
"""How a test says so: by what it asserts, by an error that came or did not come, or by a stack without end."""


def forget() -> None:
    """What is remembered from before, or from within, the mistake: certificates, readings of the attack cards …"""
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] not in ("crypto", "reader") and name not in NAMED:
            continue
        for value in vars(module).values():
            clear = getattr(value, "cache_clear", None)
            if callable(clear) and value.__module__ == name:  # the emulator's cards stay made
                clear()


def call(mistake: Mistake, request: pytest.FixtureRequest) -> None:
    path, function = mistake.test.split("::")
    module: ModuleType = importlib.import_module(path.removesuffix(".py").replace("/", "."))
    test = getattr(module, function)
    arguments = dict(mistake.arguments(module))
    wanted = inspect.signature(inspect.unwrap(test)).parameters.values()
    for parameter in wanted:
        if parameter.name == "caplog":
            arguments["caplog"] = request.getfixturevalue("caplog")
            arguments["caplog"].clear()
    test(**arguments)


@pytest.mark.slow
@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_the_mistake_is_noticed(
    mistake: Mistake, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    forget()
    call(mistake, request)
    forget()
    try:
        with monkeypatch.context() as patch:
            mistake.make(patch)
            with pytest.raises((*NOTICED, *mistake.says)):
                call(mistake, request)
    finally:
        forget()


def test_no_two_mistakes_have_one_name() -> None:
    names = [mistake.name for mistake in MISTAKES]
    assert len(names) == len(set(names))
    assert all(mistake.make.__doc__ for mistake in MISTAKES)
