"""Background work in lanes: what hangs holds up nobody else, and what has to be done is done before the end."""

from __future__ import annotations

import threading
import time
import weakref

import pytest

from kiosk_ui.app.lanes import Lane, WorkerThreads

QUESTIONS = [lane for lane in Lane if lane.is_question]


@pytest.fixture
def hang():
    """Work that ends when the test does."""
    over = threading.Event()
    yield lambda: over.wait(60)
    over.set()


@pytest.mark.parametrize("stuck", Lane)
def test_what_hangs_in_one_lane_holds_up_no_other(stuck: Lane, hang):
    workers = WorkerThreads(1)
    for _ in range(10):
        workers.submit(hang, stuck)
    for lane in Lane:
        if lane is not stuck:
            done = threading.Event()
            workers.submit(done.set, lane)
            assert done.wait(10), f"{lane} waits for {stuck}"


@pytest.mark.parametrize("lane", QUESTIONS)
def test_one_question_that_hangs_does_not_hold_up_the_next_patients(lane: Lane, hang):
    workers = WorkerThreads()
    workers.submit(hang, lane)
    for _ in range(3):
        done = threading.Event()
        workers.submit(done.set, lane)
        assert done.wait(10)


def test_questions_do_not_pile_up_behind_one_that_hangs(hang, caplog: pytest.LogCaptureFixture):
    workers = WorkerThreads(1)
    begun = threading.Event()
    workers.submit(lambda: (begun.set(), hang()), Lane.INSURANCE)
    assert begun.wait(10)
    asked = []
    for number in range(100):
        workers.submit(lambda number=number: asked.append(number), Lane.INSURANCE)
    assert caplog.text.count("a question is not asked") == 96
    assert asked == []


def test_the_end_waits_for_paper_and_store_but_not_for_questions(hang):
    workers = WorkerThreads(1)
    workers.submit(hang, Lane.INSURANCE)
    done = []
    for number in range(50):
        for lane in (Lane.SAVE, Lane.PRINT, Lane.NOTE):
            workers.submit(lambda lane=lane, number=number: done.append((lane, number)), lane)
    workers.close()
    assert len(done) == 150
    for lane in (Lane.PRINT, Lane.NOTE):
        assert [number for each, number in done if each is lane] == list(range(50)), "in order"


class Draft:
    """Somebody's data."""


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("lane", Lane)
def test_what_is_done_is_forgotten_and_not_kept_until_the_next_patient(lane: Lane, fails: bool):
    workers, draft = WorkerThreads(1), Draft()
    remembered = weakref.ref(draft)

    def work(held: Draft = draft) -> None:
        if fails:
            raise LookupError(held)

    workers.submit(work, lane)
    del work, draft
    end = time.monotonic() + 10
    while remembered() is not None and time.monotonic() < end:
        time.sleep(0.01)
    assert remembered() is None
    workers.close()


def test_closing_twice_and_closing_unused_are_harmless():
    workers = WorkerThreads()
    workers.close()
    workers.close()


def test_what_comes_after_the_end_is_not_done_in_silence(caplog: pytest.LogCaptureFixture):
    workers, done = WorkerThreads(), []
    workers.close()
    workers.submit(lambda: done.append(1), Lane.PRINT)
    assert done == []
    assert "after its end" in caplog.text


def test_a_mistake_does_not_end_its_lane(caplog: pytest.LogCaptureFixture):
    workers = WorkerThreads(1)

    def mistake() -> None:
        raise LookupError("040085000017")

    done = threading.Event()
    workers.submit(mistake, Lane.PRINT)
    workers.submit(done.set, Lane.PRINT)
    assert done.wait(10)
    assert "LookupError" in caplog.text
    assert "040085000017" not in caplog.text
    workers.close()
