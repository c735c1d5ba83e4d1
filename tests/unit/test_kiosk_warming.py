"""What a first visit needs is loaded before it, by a thread that can be told to end."""

from __future__ import annotations

import importlib
import sys
import threading

import pytest

from kiosk_ui.bootstrap.warming import FOR_A_VISIT, PAGES, WarmUp


@pytest.mark.parametrize("name", [*FOR_A_VISIT, *PAGES])
def test_every_name_is_a_module(name: str) -> None:
    assert importlib.import_module(name).__name__ == name


def test_modules_are_there_when_it_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    with WarmUp(["colorsys"]) as warm:
        warm.wait()
        assert "colorsys" in sys.modules


def test_told_to_end_it_begins_no_other_and_leaves_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    with WarmUp(["json"] * 200 + ["colorsys"]):
        pass
    assert "colorsys" not in sys.modules
    assert not any(thread.name == "warm-up" for thread in threading.enumerate())
