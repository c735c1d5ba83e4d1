"""The kiosk's card port on the real reader: steps, removal, stopping, and what a broken link is called."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable

import pytest

from crypto.errors import Hint
from emulator.adapters.inprocess import EmulatedTransport
from emulator.cards import card
from emulator.personalise.printed_qr import printed_qr
from emulator.personalise.profile import load_profile
from kiosk_ui.app.domain.number import CitizenNumber
from kiosk_ui.app.domain.reading import Decision, ReadingStep, ReadResult
from kiosk_ui.app.flows import events as ev
from kiosk_ui.bootstrap import card_reading
from kiosk_ui.bootstrap.card_reading import ReaderCards
from kiosk_ui.bootstrap.emulated import InProcessTray, number_of
from kiosk_ui.bootstrap.kiosk import scan_to_event
from reader import errors
from reader.inspection import trust_for
from reader.plan import HOSPITAL
from reader.transport.base import CardTransport
from reader.verification.online import OnlineAnswer, OnlineQuery, OnlineStatus

LONGEST_S = 20.0


class Listener:
    """Remembers what it is told, and can wait for it."""

    def __init__(self) -> None:
        self.steps: list[tuple[ReadingStep, int, int]] = []
        self.results: list[ReadResult] = []
        self.failures: list[tuple[str, Hint]] = []
        self.removals = 0
        self.awaited = 0
        self._news = threading.Condition()

    def progressed(self, step: ReadingStep, steps_done: int, steps_total: int) -> None:
        with self._news:
            self.steps.append((step, steps_done, steps_total))
            self._news.notify_all()

    def card_awaited(self) -> None:
        with self._news:
            self.awaited += 1
            self._news.notify_all()

    def finished(self, result: ReadResult) -> None:
        with self._news:
            self.results.append(result)
            self._news.notify_all()

    def failed(self, code: str, hint: Hint) -> None:
        with self._news:
            self.failures.append((code, hint))
            self._news.notify_all()

    def card_removed(self) -> None:
        with self._news:
            self.removals += 1
            self._news.notify_all()

    def wait_for(self, condition: Callable[[], bool]) -> bool:
        with self._news:
            return self._news.wait_for(condition, LONGEST_S)


@pytest.fixture
def tray() -> InProcessTray:
    return InProcessTray()


def reading(tray: object, **hooks: object) -> ReaderCards:
    return ReaderCards(tray, trust_for(None, test_mode=True), **hooks)  # type: ignore[arg-type]


def number(name: str) -> CitizenNumber:
    return CitizenNumber(number_of(name))


class SaysLost:
    """A service that knows every card as lost."""

    def query(self, question: OnlineQuery) -> OnlineAnswer:
        return OnlineAnswer(OnlineStatus.LOST)


def test_a_card_that_was_reported_lost_is_refused(tray: InProcessTray) -> None:
    cards, listener = reading(tray, service=SaysLost()), Listener()
    tray.lay("an")
    cards.start(number("an"), listener)
    assert listener.wait_for(lambda: bool(listener.results))
    cards.cancel()
    cards.join()
    (result,) = listener.results
    assert (result.decision, result.reasons) == (Decision.REJECT, ("online_verification.lost",))


def test_steps_only_go_forward_and_end_in_one_result(tray: InProcessTray) -> None:
    cards, listener = reading(tray), Listener()
    cards.start(number("an"), listener)
    assert listener.steps == []  # nothing happens before a card lies there
    tray.lay("an")
    assert listener.wait_for(lambda: bool(listener.results))
    order = [step.value for step, _, _ in listener.steps]
    assert order == sorted(order)
    assert {step for step, _, _ in listener.steps} == set(ReadingStep)
    assert all(0 <= done < total for _, done, total in listener.steps)
    assert listener.results[0].decision is Decision.ACCEPT
    assert listener.results[0].identity.number == number_of("an")
    assert listener.failures == []
    tray.lift()
    assert listener.wait_for(lambda: listener.removals == 1)
    cards.join()


AT_ONCE = dataclasses.replace(HOSPITAL, return_within_s=0.05)


def test_a_card_taken_away_at_any_step_is_told_as_taken_away(tray: InProcessTray) -> None:
    for step in list(ReadingStep)[1:-1]:
        listener = Listener()
        cards = reading(tray, on_step=lambda now, at=step: tray.lift() if now is at else None, plan=AT_ONCE)
        tray.lay("an")
        cards.start(number("an"), listener)
        assert listener.wait_for(lambda told=listener: bool(told.failures)), step
        assert listener.failures == [("card.removed", Hint.RETRY_CARD)], step
        assert listener.results == []
        cards.cancel()
        cards.join()


@pytest.mark.parametrize("step", list(ReadingStep)[1:-1])
def test_a_card_that_is_laid_back_is_read_on_and_nobody_has_to_begin_again(
    tray: InProcessTray, step: ReadingStep
) -> None:
    lifts = iter([step])

    def lift_once(now: ReadingStep) -> None:
        if now is step and next(lifts, None) is step:
            tray.lift()

    listener = Listener()
    cards = reading(tray, on_step=lift_once)
    tray.lay("an")
    cards.start(number("an"), listener)
    assert listener.wait_for(lambda: listener.awaited == 1)
    told = len(listener.steps)
    tray.lay("an")
    assert listener.wait_for(lambda: bool(listener.results))
    cards.cancel()
    cards.join()
    assert listener.failures == []
    assert listener.results[0].decision is Decision.ACCEPT
    assert listener.steps[told][0] is step, "that it goes on is told at once, and it does not begin anew"


class LooseReader(InProcessTray):
    """A reader whose cable comes off together with the card."""

    def __init__(self) -> None:
        super().__init__()
        self.looks_without_reader = 0

    def is_there(self) -> bool:
        if self.looks_without_reader:
            self.looks_without_reader -= 1
            raise errors.TransportError(errors.READER_NOT_FOUND)
        return super().is_there()


@pytest.mark.parametrize(("looks", "failure"), [(2, ""), (10_000, "reader.not_found")])
def test_a_reader_that_went_with_the_card_may_come_back_with_it(looks: int, failure: str) -> None:
    tray, listener = LooseReader(), Listener()

    def unplug(step: ReadingStep) -> None:
        if step is ReadingStep.PHOTO:
            tray.looks_without_reader = looks
            tray.lay("an")  # laid anew: the former connection is dead

    plan = HOSPITAL if not failure else dataclasses.replace(HOSPITAL, return_within_s=0.3)
    cards = reading(tray, on_step=unplug, plan=plan)
    tray.lay("an")
    cards.start(number("an"), listener)
    assert listener.wait_for(lambda: bool(listener.failures or listener.results))
    cards.cancel()
    cards.join()
    assert [code for code, _ in listener.failures] == ([failure] if failure else [])


def test_a_kiosk_without_photos_reads_none(tray: InProcessTray) -> None:
    cards, listener = reading(tray, plan=HOSPITAL.without_photo()), Listener()
    tray.lay("an")
    cards.start(number("an"), listener)
    assert listener.wait_for(lambda: bool(listener.results))
    cards.cancel()
    cards.join()
    assert listener.results[0].decision is Decision.ACCEPT
    assert listener.results[0].identity.portrait is None
    assert ReadingStep.PHOTO not in {step for step, _, _ in listener.steps}


def test_another_card_in_its_place_is_told(tray: InProcessTray) -> None:
    listener = Listener()
    cards = reading(tray, on_step=lambda now: tray.lay("quy") if now is ReadingStep.PHOTO else None)
    tray.lay("an")
    cards.start(number("an"), listener)
    assert listener.wait_for(lambda: bool(listener.failures))
    cards.cancel()
    cards.join()
    assert listener.failures == [("card.another", Hint.RETRY_CARD)]
    assert listener.results == []


def test_whoever_gives_up_while_the_card_is_awaited_is_heard_at_once(tray: InProcessTray) -> None:
    listener = Listener()
    cards = reading(tray, on_step=lambda now: tray.lift() if now is ReadingStep.PHOTO else None)
    tray.lay("an")
    cards.start(number("an"), listener)
    assert listener.wait_for(lambda: listener.awaited == 1)
    cards.cancel()
    cards.join()
    assert (listener.results, listener.failures) == ([], [])


class BreakingPlace(InProcessTray):
    """A reader on which a lifted card first shows as a broken link, as many do."""

    def open(self) -> CardTransport:
        def break_at(count: int, command: bytes) -> None:
            if count == 12:
                threading.Timer(0.2, self.lift).start()
                raise errors.TransportError(errors.LINK_FAILED)

        return EmulatedTransport(card("an"), on_transmit=break_at)


def test_a_link_that_breaks_because_the_card_went_is_told_as_that() -> None:
    place, listener = BreakingPlace(), Listener()
    cards = reading(place, plan=dataclasses.replace(HOSPITAL, most_returns=0))
    place.lay("an")
    cards.start(number("an"), listener)
    assert listener.wait_for(lambda: bool(listener.failures))
    assert listener.failures[0][0] == "card.removed"
    cards.cancel()
    cards.join()


def test_a_wrong_number_is_told_as_one(tray: InProcessTray) -> None:
    cards, listener = reading(tray), Listener()
    tray.lay("an")
    cards.start(number("quy"), listener)
    assert listener.wait_for(lambda: bool(listener.failures))
    assert listener.failures == [("access.wrong_key", Hint.REENTER_KEY)]
    cards.cancel()
    cards.join()


def test_a_cancelled_reading_is_never_heard_of_again(tray: InProcessTray) -> None:
    reached = threading.Event()
    go_on = threading.Event()

    def hold(step: ReadingStep) -> None:
        if step is ReadingStep.IDENTITY:
            reached.set()
            go_on.wait(LONGEST_S)

    cards, listener = reading(tray, on_step=hold), Listener()
    tray.lay("an")
    cards.start(number("an"), listener)
    assert reached.wait(LONGEST_S)
    begun = time.monotonic()
    cards.cancel()
    assert time.monotonic() - begun < 5  # it does not wait for the card
    go_on.set()
    cards.join()
    assert listener.results == []
    assert listener.failures == []
    assert listener.removals == 0


def test_a_new_reading_waits_until_the_former_one_has_let_go(tray: InProcessTray) -> None:
    cards, first, second = reading(tray), Listener(), Listener()
    tray.lay("an")
    cards.start(number("an"), first)
    cards.start(number("an"), second)
    assert second.wait_for(lambda: bool(second.results))
    assert first.results == []
    cards.cancel()
    cards.join()


class HangingPlace(InProcessTray):
    """A reader that hangs in a command until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.let_go = threading.Event()
        self.opened = 0

    def open(self) -> CardTransport:
        self.opened += 1
        self.let_go.wait(LONGEST_S)
        return super().open()


def test_who_comes_after_a_reader_hung_is_told_and_the_reader_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(card_reading, "_LETS_GO_WITHIN_S", 0.05)
    place = HangingPlace()
    place.lay("an")
    cards, hung = reading(place), Listener()
    cards.start(number("an"), hung)
    assert hung.wait_for(lambda: bool(hung.steps))
    for _ in range(3):
        told = Listener()
        cards.start(number("an"), told)
        assert told.wait_for(lambda told=told: bool(told.failures))
        assert told.failures == [("kiosk.reading_broken", Hint.CALL_STAFF)]
    assert place.opened == 1, "nobody takes the reader beside the reading that hangs in it"
    place.let_go.set()
    cards.join(LONGEST_S)
    again = Listener()
    cards.start(number("an"), again)
    assert again.wait_for(lambda: bool(again.results))
    assert hung.results == hung.failures == []
    cards.cancel()
    cards.join()


@pytest.mark.parametrize("patience_s", [0.05, 10.0], ids=["told at once", "given up while waiting"])
def test_a_reader_that_hangs_for_ever_costs_one_thread_not_one_for_each_visit(
    monkeypatch: pytest.MonkeyPatch, patience_s: float
) -> None:
    monkeypatch.setattr(card_reading, "_LETS_GO_WITHIN_S", patience_s)
    place = HangingPlace()
    place.lay("an")
    cards, hung = reading(place), Listener()
    before = set(threading.enumerate())
    cards.start(number("an"), hung)
    assert hung.wait_for(lambda: bool(hung.steps))
    for _ in range(50):
        told = Listener()
        cards.start(number("an"), told)
        if patience_s < 1:
            assert told.wait_for(lambda told=told: bool(told.failures))
    cards.cancel()
    assert hung.wait_for(lambda: len(set(threading.enumerate()) - before) <= 1)
    place.let_go.set()
    cards.join(LONGEST_S)
    assert hung.wait_for(lambda: not set(threading.enumerate()) - before)
    assert place.opened == 1, "no visit that has been given up takes the card after all"


class NoReader:
    """Nothing is plugged in."""

    def is_there(self) -> bool:
        raise errors.TransportError(errors.READER_NOT_FOUND)

    def open(self) -> CardTransport:
        raise errors.TransportError(errors.READER_NOT_FOUND)


def test_a_missing_reader_is_told_at_once() -> None:
    cards, listener = reading(NoReader()), Listener()
    cards.start(number("an"), listener)
    assert listener.wait_for(lambda: bool(listener.failures))
    assert listener.failures == [("reader.not_found", Hint.CALL_STAFF)]
    cards.cancel()
    cards.join()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_mistake_of_ours_brings_the_patient_on(tray: InProcessTray) -> None:
    def fail(step: ReadingStep) -> None:
        raise ZeroDivisionError

    cards, listener = reading(tray, on_step=fail), Listener()
    tray.lay("an")
    cards.start(number("an"), listener)
    assert listener.wait_for(lambda: bool(listener.failures))
    assert listener.failures == [("kiosk.reading_broken", Hint.CALL_STAFF)]
    cards.join()


# ------------------------------------------------------------------------------ the whole code on the card
def read_with_code(text: str) -> ReadResult:
    event = scan_to_event(text.encode())
    assert isinstance(event, ev.NumberKnown)
    assert event.scanned is not None
    tray = InProcessTray()
    listener, cards = Listener(), reading(tray)
    tray.lay("an")
    try:
        cards.start(CitizenNumber.from_text(event.text), listener, event.scanned)
        assert listener.wait_for(lambda: bool(listener.results or listener.failures))
    finally:
        cards.cancel()
        cards.join()
        tray.close()
    assert not listener.failures
    return listener.results[0]


def test_the_code_that_belongs_to_the_chip_changes_nothing() -> None:
    assert read_with_code(printed_qr(load_profile("an"))).decision is Decision.ACCEPT


@pytest.mark.parametrize(
    ("printed", "on_chip", "decision", "reason"),
    [
        ("03021999", "03021985", Decision.REJECT, "printed_data.date_of_birth_differs"),
        ("|Nữ|", "|Nam|", Decision.REJECT, "printed_data.sex_differs"),
        ("Nguyễn Văn Anh", "Nguyễn Văn An", Decision.REFER, "printed_data.name_differs"),
    ],
)
def test_a_code_with_the_right_number_and_a_wrong_field_is_noticed_at_the_kiosk(
    printed: str, on_chip: str, decision: Decision, reason: str
) -> None:
    """A genuine chip in another piece of plastic, or a printed code that somebody changed."""
    genuine = printed_qr(load_profile("an"))
    assert on_chip in genuine
    result = read_with_code(genuine.replace(on_chip, printed, 1))
    assert result.decision is decision
    assert reason in result.reasons


def test_a_reading_forgets_the_code_when_it_ends() -> None:
    tray = InProcessTray()
    listener, cards = Listener(), reading(tray)
    event = scan_to_event(printed_qr(load_profile("an")).encode())
    assert isinstance(event, ev.NumberKnown)
    tray.lay("an")
    try:
        cards.start(CitizenNumber.from_text(event.text), listener, event.scanned)
        attempt = cards._attempt
        assert attempt is not None
        assert listener.wait_for(lambda: bool(listener.results))
        cards.cancel()
        cards.join()
        assert attempt._printed is None
        assert attempt._key is None
    finally:
        cards.cancel()
        cards.join()
        tray.close()
