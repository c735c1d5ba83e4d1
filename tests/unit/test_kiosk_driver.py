"""The driver: events from any thread, one timer, work in the background, nothing lost and nothing shown too late."""

from __future__ import annotations

import datetime as dt
import threading
import uuid
from collections.abc import Callable

import pytest

from kiosk_ui.app.audit import AuditAction, AuditEntry
from kiosk_ui.app.domain.check_in import CheckInDraft, Ticket
from kiosk_ui.app.domain.hand_over import HandOver, Receipt
from kiosk_ui.app.domain.insurance import Eligibility, EligibilityKind, EligibilityQuery
from kiosk_ui.app.domain.number import CitizenNumber
from kiosk_ui.app.domain.patient import PatientFinding, PatientKind, PatientQuery
from kiosk_ui.app.domain.reading import Decision, ReadingStep, ReadResult
from kiosk_ui.app.driver import CheckInDriver, Ports, WorkerThreads
from kiosk_ui.app.failures import (
    HOSPITAL_UNREACHABLE,
    PRINTER_FAILED,
    RELAY_UNREACHABLE,
    STORE_UNAVAILABLE,
    GatewayError,
    PrinterError,
    StoreError,
)
from kiosk_ui.app.flows import events as ev
from kiosk_ui.app.flows import screens as s
from kiosk_ui.app.flows.check_in import CheckInFlow
from kiosk_ui.app.lanes import Lane
from kiosk_ui.app.ports import ReadingListener
from kiosk_ui.app.privacy import Pseudonyms
from reader.verification.identity import Assurance, Identity, Sex

NOW = dt.datetime(2026, 3, 2, 0, 15, tzinfo=dt.UTC)


class World:
    """Every port in one, with switches for what fails; also the front end and its clock."""

    def __init__(self) -> None:
        self.listener: ReadingListener | None = None
        self.cancelled = 0
        self.failing: set[str] = set()
        self.saved: list[CheckInDraft] = []
        self.printed: list[Ticket] = []
        self.notes: list[AuditEntry] = []
        self.rings: list[tuple[str, str | None]] = []
        self.shown: list[s.CheckInState] = []
        self.cleared = 0
        self.seconds = 0.0
        self.waiting: list[Callable[[], None]] = []
        self.hold = False
        self.lanes: list[Lane] = []

    # CardReading
    def start(self, key: CitizenNumber, listener: ReadingListener, scanned: object = None) -> None:
        self.listener = listener

    def cancel(self) -> None:
        self.cancelled += 1

    # EligibilityGateway
    def check(self, query: EligibilityQuery) -> Eligibility:
        if "insurer" in self.failing:
            raise GatewayError(RELAY_UNREACHABLE)
        return Eligibility(EligibilityKind.OK, "000")

    # CheckIns
    def save(self, draft: CheckInDraft, at: dt.datetime) -> Ticket:
        if "store" in self.failing:
            raise StoreError(STORE_UNAVAILABLE)
        self.saved.append(draft)
        return Ticket(draft.check_in_id, "A001", "Nội", "x", "x", "x", at, False, False)

    def note(self, entry: AuditEntry, at: dt.datetime) -> None:
        if "store" in self.failing:
            raise StoreError(STORE_UNAVAILABLE)
        self.notes.append(entry)

    # TicketPrinter, StaffBell, Clock, Executor
    def print(self, ticket: Ticket) -> None:
        if "printer" in self.failing:
            raise PrinterError(PRINTER_FAILED)
        self.printed.append(ticket)

    def ring(self, screen: str, code: str | None) -> None:
        self.rings.append((screen, code))

    def now(self) -> dt.datetime:
        return NOW

    def monotonic(self) -> float:
        return self.seconds

    def submit(self, work: Callable[[], None], lane: Lane) -> None:
        self.lanes.append(lane)
        if self.hold:
            self.waiting.append(work)
        else:
            work()

    # FrontEnd
    def show(self, state: s.CheckInState) -> None:
        self.shown.append(state)

    def clear(self) -> None:
        self.cleared += 1


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def driver(world: World) -> CheckInDriver:
    ports = Ports(world, world, world, world, world, world, world, Pseudonyms(b"k" * 32))
    flow = CheckInFlow(new_id=lambda: uuid.UUID(int=7))
    made = CheckInDriver(flow, ports, world)
    made.start()
    return made


def happen(driver: CheckInDriver, *events: ev.Event) -> s.Screen:
    for event in events:
        driver.post(event)
        driver.run_pending()
    driver.run_pending()
    return driver.state.screen


def read(driver: CheckInDriver, world: World, decision: Decision = Decision.ACCEPT) -> s.Screen:
    happen(driver, ev.NumberKnown("040085000017"))
    assert world.listener is not None
    world.listener.progressed(ReadingStep.OPENING, 0, 6)
    identity = Identity(
        "040085000017", "Nguyễn Văn An", dt.date(1985, 2, 3), Sex.MALE, "VNM", None, None, False, None,
        Assurance.CHIP_VERIFIED,
    )  # fmt: skip
    world.listener.finished(ReadResult(identity, decision))
    world.listener.card_removed()
    return happen(driver)


def test_a_whole_visit(driver: CheckInDriver, world: World):
    read(driver, world)
    screen = happen(driver, ev.Confirmed(), ev.DepartmentChosen("noi"))
    assert isinstance(screen, s.TicketReady)
    assert screen.printing is s.Printing.DONE
    assert len(world.saved) == len(world.printed) == 1
    assert isinstance(happen(driver, ev.GoOn()), s.Welcome)
    assert world.cleared == 1


def test_work_begins_when_its_screen_is_shown(driver: CheckInDriver, world: World, monkeypatch: pytest.MonkeyPatch):
    read(driver, world)
    happen(driver, ev.Confirmed())
    world.hold = True
    waiting_when_shown: list[tuple[str, int]] = []
    monkeypatch.setattr(
        world, "show", lambda state: waiting_when_shown.append((state.screen.name, world.lanes.count(Lane.SAVE)))
    )
    happen(driver, ev.DepartmentChosen("noi"))
    assert waiting_when_shown == [("saving", 0)]
    assert world.lanes.count(Lane.SAVE) == 1


def test_a_screen_that_cannot_be_shown_loses_no_check_in(
    driver: CheckInDriver, world: World, monkeypatch: pytest.MonkeyPatch
):
    read(driver, world)
    happen(driver, ev.Confirmed())

    def broken(state: s.CheckInState) -> None:
        raise RuntimeError("the screen is broken")

    monkeypatch.setattr(world, "show", broken)
    driver.post(ev.DepartmentChosen("noi"))
    with pytest.raises(RuntimeError):
        driver.run_pending()
    assert len(world.saved) == 1


def test_failures_of_the_world_become_screens(driver: CheckInDriver, world: World):
    world.failing = {"insurer", "store", "printer"}
    read(driver, world)
    screen = happen(driver, ev.Confirmed(), ev.DepartmentChosen("noi"))
    assert isinstance(screen, s.Problem)
    assert screen.code == "store.unavailable"
    world.failing = {"printer"}
    screen = happen(driver, ev.TryAgain())
    assert isinstance(screen, s.TicketReady)
    assert screen.printing is s.Printing.FAILED
    assert world.saved[0].eligibility.code == "relay.unreachable"


def test_the_trail_says_what_was_read_without_saying_of_whom(driver: CheckInDriver, world: World):
    read(driver, world, Decision.REJECT)
    happen(driver, ev.StaffAsked())
    read_entry, staff_entry = world.notes
    assert (read_entry.action.value, read_entry.outcome) == ("card.read", "REJECT chip_verified")
    assert read_entry.subject == Pseudonyms(b"k" * 32).of("040085000017", "audit")
    assert (staff_entry.action.value, staff_entry.outcome) == ("staff.called", "refused")
    assert world.rings == [("refused", None)]
    assert "Nguyễn" not in repr(world.notes)
    assert "040085000017" not in repr(world.notes)


def test_the_timer_fires_when_its_time_has_come_and_only_then(driver: CheckInDriver, world: World):
    assert driver.seconds_to_timer() is None
    happen(driver, ev.Started())
    assert driver.seconds_to_timer() == 55
    world.seconds = 54.9
    driver.run_pending()
    assert driver.state.overlay is None
    world.seconds = 55.0
    driver.run_pending()
    assert driver.state.overlay == s.TimeoutWarning(20, "enter_number")
    for _ in range(20):
        world.seconds += 1
        driver.run_pending()
    assert isinstance(driver.state.screen, s.Welcome)
    assert driver.seconds_to_timer() is None


class Hospital:
    """Knows everybody, or nobody can be reached."""

    def __init__(self, finding: PatientFinding | None) -> None:
        self.finding = finding
        self.asked: list[PatientQuery] = []

    def find(self, query: PatientQuery) -> PatientFinding:
        self.asked.append(query)
        if self.finding is None:
            raise GatewayError(HOSPITAL_UNREACHABLE)
        return self.finding

    def hand_over(self, record: HandOver) -> Receipt:
        raise AssertionError("the outbox hands over")


class Today:
    """The check-ins of this day."""

    def __init__(self, ticket: Ticket | None) -> None:
        self.ticket = ticket
        self.asked: list[tuple[str, str, dt.date]] = []

    def find_today(self, number: str, day: dt.date, full_name: str) -> Ticket | None:
        self.asked.append((number, full_name, day))
        return self.ticket


def driver_with(world: World, **ports: object) -> CheckInDriver:
    all_ports = Ports(world, world, world, world, world, world, world, Pseudonyms(b"k" * 32), **ports)
    return CheckInDriver(CheckInFlow(now=lambda: NOW), all_ports, world)


def test_hospital_system_and_store_are_asked_with_what_the_chip_said(world: World):
    hospital, today = Hospital(PatientFinding(PatientKind.KNOWN, "P1")), Today(None)
    driver = driver_with(world, hospital=hospital, earlier=today)
    read(driver, world)
    happen(driver, ev.Confirmed(), ev.DepartmentChosen("noi"))
    assert [query.number for query in hospital.asked] == ["040085000017"]
    assert today.asked == [("040085000017", hospital.asked[0].full_name, NOW.date())]
    assert world.saved[0].patient == PatientFinding(PatientKind.KNOWN, "P1")


def test_a_hospital_system_that_is_down_is_noted_and_nobody_waits(world: World):
    driver = driver_with(world, hospital=Hospital(None))
    read(driver, world)
    assert isinstance(happen(driver, ev.Confirmed()), s.ChooseDepartment)
    happen(driver, ev.DepartmentChosen("noi"))
    assert world.saved[0].patient == PatientFinding.unavailable("hospital.unreachable")


def test_the_same_number_again_shows_the_ticket_of_this_morning(world: World):
    ticket = Ticket(uuid.UUID(int=3), "A003", "Nội", "x", "x", "x", NOW, False, False)
    driver = driver_with(world, earlier=Today(ticket))
    read(driver, world)
    assert happen(driver, ev.Confirmed()) == s.AlreadyCheckedIn(ticket)
    happen(driver, ev.PrintAgain())
    assert world.printed == [ticket]
    assert world.saved == []


def test_each_kind_of_work_goes_into_a_lane_of_its_own(driver: CheckInDriver, world: World):
    read(driver, world)
    happen(driver, ev.Confirmed(), ev.DepartmentChosen("noi"))
    assert {lane.value for lane in world.lanes} == {"insurance", "patient", "earlier", "save", "print", "note"}


def test_work_of_a_visit_that_is_over_is_heard_by_nobody(driver: CheckInDriver, world: World):
    read(driver, world)
    world.hold = True
    happen(driver, ev.Confirmed(), ev.StartAgain())
    shown = len(world.shown)
    for work in world.waiting:
        work()
    assert isinstance(happen(driver), s.Welcome)
    assert len(world.shown) == shown


def to_saving(driver: CheckInDriver, world: World) -> None:
    """Up to the department; the store's answer waits in ``world.waiting``."""
    read(driver, world)
    happen(driver, ev.Confirmed())
    world.hold = True
    assert isinstance(happen(driver, ev.DepartmentChosen("noi")), s.Saving)


def test_a_number_stored_after_its_owner_has_left_is_told_to_staff_once(driver: CheckInDriver, world: World):
    to_saving(driver, world)
    (slow,) = world.waiting
    world.hold = False
    world.seconds += 1_000
    driver.run_pending()
    assert isinstance(driver.state.screen, s.Problem)
    happen(driver, ev.StartAgain())
    slow()
    assert isinstance(happen(driver), s.Welcome), "nobody stands there: nothing is shown, and nothing is printed"
    assert world.printed == []
    assert world.rings == [("saving", "kiosk.not_collected")]
    (said,) = [entry for entry in world.notes if entry.action is AuditAction.NOT_COLLECTED]
    assert said.check_in_id == uuid.UUID(int=7)
    slow()
    happen(driver)
    assert len(world.rings) == 1


def test_an_answer_of_the_try_before_the_last_is_this_visits_number(driver: CheckInDriver, world: World):
    to_saving(driver, world)
    world.seconds += 1_000
    driver.run_pending()
    assert isinstance(happen(driver, ev.TryAgain()), s.Saving)
    first, again = world.waiting
    world.hold = False
    first()
    assert isinstance(happen(driver), s.TicketReady)
    again()
    assert isinstance(happen(driver), s.TicketReady)
    assert len(world.printed) == 1
    happen(driver, ev.GoOn())
    again()
    happen(driver)
    assert world.rings == [], "the number is in its owner's hand"


def test_a_reading_is_cancelled_when_the_patient_leaves(driver: CheckInDriver, world: World):
    happen(driver, ev.NumberKnown("040085000017"), ev.StartAgain())
    assert world.cancelled == 1


def test_a_front_end_is_told_only_of_changes(driver: CheckInDriver, world: World):
    assert [state.screen.name for state in world.shown] == ["welcome"]
    happen(driver, ev.Confirmed(), ev.GoOn(), ev.TryAgain())
    assert len(world.shown) == 1


def test_events_may_come_from_many_threads(driver: CheckInDriver, world: World):
    woken = []
    driver.wake = lambda: woken.append(threading.get_ident())
    threads = [threading.Thread(target=driver.post, args=(ev.Started(),)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(woken) == 8
    driver.run_pending()
    assert isinstance(driver.state.screen, s.EnterNumber)


def test_wait_wakes_for_an_event_of_another_thread(driver: CheckInDriver):
    threading.Timer(0.02, driver.post, [ev.Started()]).start()
    driver.wait(30)
    assert isinstance(driver.state.screen, s.EnterNumber)


def test_a_mistake_in_background_work_is_logged_by_its_kind_alone(caplog: pytest.LogCaptureFixture):
    def mistake() -> None:
        raise RuntimeError("Nguyễn Văn An")

    workers = WorkerThreads(1)
    workers.submit(mistake)
    workers.close()
    assert "RuntimeError" in caplog.text
    assert "Nguyễn" not in caplog.text


def test_what_was_handed_in_before_the_end_is_done():
    workers = WorkerThreads(1)
    begun, go_on, done = threading.Event(), threading.Event(), threading.Event()

    def slow() -> None:
        begun.set()
        go_on.wait(10)

    workers.submit(slow)
    workers.submit(done.set)  # a ticket, behind something that takes its time
    assert begun.wait(10)
    threading.Timer(0.05, go_on.set).start()
    workers.close()
    assert done.is_set()
