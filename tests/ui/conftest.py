"""The interface under test is the real one, drawn into memory. Every Qt warning fails the test that caused it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("QT_QUICK_BACKEND", "software")

from PySide6.QtGui import QGuiApplication

from kiosk_ui.qt.appearance import AppearanceDefaults
from kiosk_ui.qt.application import KioskApplication, WindowShape, make_application
from tests.ui.ui_measures import settle

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.qt_log_level_fail("WARNING"))


@pytest.fixture(scope="session")
def qapp() -> QGuiApplication:
    return make_application()


@pytest.fixture
def open_kiosk(qapp: QGuiApplication) -> Iterator[Callable[..., KioskApplication]]:
    """Opens the kiosk's window; it is closed at the end of the test."""
    with contextlib.ExitStack() as stack:

        def open_(*, landscape: bool = False, language: str = "vi", scale: float = 1.0, palette: str = "light"):
            shape = WindowShape().landscape() if landscape else WindowShape()
            defaults = AppearanceDefaults(language=language, palette=palette, text_scale=scale, motion=False)
            kiosk = KioskApplication(defaults, "3", shape)
            stack.callback(kiosk.close)
            settle(kiosk)
            return kiosk

        yield open_
