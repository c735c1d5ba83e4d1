"""A mistake of the program must neither vanish nor strand anybody nor tell secrets."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, QTimer, Slot
from shiboken6 import isValid

from kiosk_ui.qt.application import KioskApplication
from kiosk_ui.qt.loop import INTERFACE_BROKEN
from tests.ui.ui_measures import settle, texts
from tests.ui.ui_reception import Reception

OpenKiosk = Callable[..., KioskApplication]
SECRET = "040085000017"


class Faulty(QObject):
    @Slot()
    def slot(self) -> None:
        raise RuntimeError(f"something about {SECRET}")


@pytest.fixture
def guarded(open_kiosk: OpenKiosk) -> Iterator[KioskApplication]:
    kiosk = open_kiosk()
    kiosk.guard.install()
    yield kiosk
    kiosk.guard.remove()


@pytest.mark.qt_no_exception_capture
def test_a_mistake_in_a_slot_shows_the_problem_screen_and_is_logged_without_its_text(
    guarded: KioskApplication, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    faulty = Faulty()
    with Reception(guarded, tmp_path) as patient:
        patient.touch("welcome.primary")
        patient.reach("enter_number")
        with caplog.at_level(logging.ERROR):
            QTimer.singleShot(0, faulty.slot)
            patient.reach("problem")
        assert INTERFACE_BROKEN.name in caplog.text
        assert "RuntimeError" in caplog.text
        assert "test_ui_mistakes.py" in caplog.text
        assert SECRET not in caplog.text
        assert INTERFACE_BROKEN.name in patient.words_on_screen()
        patient.touch("common.start_again")
        patient.reach("welcome")
        patient.touch("welcome.primary")
        patient.reach("enter_number")


@pytest.mark.qt_no_exception_capture
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_mistake_in_a_thread_is_noticed_too(guarded: KioskApplication, caplog: pytest.LogCaptureFixture) -> None:
    thread = threading.Thread(target=Faulty().slot)
    thread.start()
    thread.join()
    settle(guarded)
    assert guarded.guard.count == 1
    assert guarded.view_model.property("screen") == "problem"
    assert SECRET not in caplog.text
    assert any("nhân" in text.text for text in texts(guarded))


def test_the_former_hooks_come_back(open_kiosk: OpenKiosk) -> None:
    before = (sys.excepthook, threading.excepthook)
    kiosk = open_kiosk()
    kiosk.guard.install()
    assert sys.excepthook is not before[0]
    kiosk.guard.remove()
    assert (sys.excepthook, threading.excepthook) == before


def test_a_closed_kiosk_leaves_no_object_of_qt_s_to_the_garbage_collector(open_kiosk: OpenKiosk) -> None:
    # collected in a thread that prints a ticket, a QTimer would end the process
    kiosk = open_kiosk()
    owned = [kiosk.engine, kiosk.view_model, kiosk.appearance, kiosk.typesetter, kiosk.loop, kiosk.guard]
    owned += kiosk.view_model.children()
    kiosk.close()
    assert not any(isValid(each) for each in owned)
