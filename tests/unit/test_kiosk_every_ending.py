"""Whatever insurer, hospital system, store, printer and people do: every visit ends, and nothing of it is left behind.

The driver runs with stand-in ports that answer, refuse, hang or talk rubbish, and with a clock of its own. Each case is one row
of a table, which ``pytest -s`` prints: what happened, how the visit ended, on which screen it had been decided.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import sys
import uuid
from collections.abc import Callable, Iterator

import pytest

from crypto.errors import ErrorCode, Hint
from kiosk_ui.app import failures
from kiosk_ui.app.audit import AuditEntry
from kiosk_ui.app.domain.check_in import CheckInDraft, Ticket, TicketKind
from kiosk_ui.app.domain.identification import Way
from kiosk_ui.app.domain.insurance import EXITS, Eligibility, EligibilityKind, EligibilityQuery, InsuranceExit
from kiosk_ui.app.domain.patient import Appointment, PatientFinding, PatientKind, PatientQuery
from kiosk_ui.app.domain.priority import Priority
from kiosk_ui.app.domain.reading import Decision, ReadingStep, ReadResult
from kiosk_ui.app.domain.visitor import NumberKind
from kiosk_ui.app.driver import CheckInDriver, Ports
from kiosk_ui.app.failures import GatewayError, PrinterError, StoreError
from kiosk_ui.app.flows import events as ev
from kiosk_ui.app.flows import screens as s
from kiosk_ui.app.flows.check_in import CheckInFlow, CheckInRules
from kiosk_ui.app.gateways.result_codes import kinds_by_code
from kiosk_ui.app.lanes import Lane
from kiosk_ui.app.ports import ReadingListener
from kiosk_ui.app.privacy import Pseudonyms
from scripts.flow_map import CODE, EARLIER, MRZ, NAME, NOW, NUMBER, PASSPORT, ticket_of
from scripts.flow_map import person as somebody

Misdeed = Callable[[], object]
KNOWN = PatientFinding(PatientKind.KNOWN, "P1")
NEW = PatientFinding(PatientKind.NEW)
VALID = Eligibility(EligibilityKind.OK, "000")


class Hangs(Exception):  # noqa: N818 - not an error: this thread never comes back
    """The stand-in does not return; its lane is lost."""


def raises(error: BaseException) -> Misdeed:
    def misdeed() -> object:
        raise error

    return misdeed


def gives(value: object) -> Misdeed:
    return lambda: value


class World:
    """Every port, front end and clock in one. ``misdeeds`` by port are done in turn; after the last one all is well."""

    def __init__(self) -> None:
        self.misdeeds: dict[str, list[Misdeed]] = {}
        self.eligibility, self.finding, self.earlier = VALID, KNOWN, None
        self.listener: ReadingListener | None = None
        self.saved: dict[uuid.UUID, CheckInDraft] = {}
        self.printed: list[Ticket] = []
        self.rings: list[str] = []
        self.seconds = 0.0
        self.papers: list[Ticket] = []
        self.cleared = 0
        self.has_begun = False

    def _do(self, port: str, well: Misdeed) -> object:
        waiting = self.misdeeds.get(port, [])
        return (waiting.pop(0) if waiting else well)()

    # cards
    def start(self, key: object, listener: ReadingListener, scanned: object = None) -> None:
        self.listener = listener

    def cancel(self) -> None:
        self.listener = None

    # services, store, paper
    def check(self, query: EligibilityQuery) -> Eligibility:
        return self._do("insurer", gives(self.eligibility))  # type: ignore[return-value]

    def find(self, query: PatientQuery) -> PatientFinding:
        return self._do("hospital", gives(self.finding))  # type: ignore[return-value]

    def find_today(self, number: str, day: dt.date, full_name: str) -> Ticket | None:
        return self._do("today", gives(self.earlier))  # type: ignore[return-value]

    def save(self, draft: CheckInDraft, at: dt.datetime) -> Ticket:
        def well() -> Ticket:
            self.saved[draft.check_in_id] = draft
            return ticket_of(draft)

        return self._do("store", well)  # type: ignore[return-value]

    def note(self, entry: AuditEntry, at: dt.datetime) -> None:
        self._do("trail", gives(None))

    def print(self, ticket: Ticket) -> None:
        self._do("printer", lambda: self.printed.append(ticket))

    def hand_over(self, record: object) -> None:
        raise AssertionError("the outbox hands over, not the check-in")

    def ring(self, screen: str, code: str | None) -> None:
        self.rings.append(code or screen)

    # clock, executor
    def now(self) -> dt.datetime:
        return NOW

    def monotonic(self) -> float:
        return self.seconds

    def submit(self, work: Callable[[], None], lane: Lane) -> None:
        with contextlib.suppress(Hangs, LookupError):  # a mistake is logged by the worker thread, and goes no further
            work()

    # front end
    def show(self, state: s.CheckInState) -> None:
        self.has_begun |= not isinstance(state.screen, s.Welcome)
        if isinstance(state.screen, s.TicketReady | s.SlipReady):
            self.papers.append(state.screen.ticket)

    def clear(self) -> None:
        self.cleared += 1


class Story:
    """One visit: a driver, its world, and a person who does what is asked."""

    def __init__(self, *, ask_phone: bool = False) -> None:
        self.world = World()
        world = self.world
        ports = Ports(
            world, world, world, world, world, world, world, Pseudonyms(b"k" * 32), hospital=world, earlier=world
        )  # fmt: skip
        flow = CheckInFlow(CheckInRules(ask_phone=ask_phone), now=lambda: NOW)
        self.driver = CheckInDriver(flow, ports, world)
        self.driver.start()

    @property
    def screen(self) -> s.Screen:
        return self.driver.state.screen

    def happens(self, *events: ev.Event) -> None:
        for event in events:
            self.driver.post(event)
            self.driver.run_pending()
        self.driver.run_pending()

    def card(self, how: str = "reads", number: str = NUMBER) -> None:
        listener = self.world.listener
        assert listener is not None
        listener.progressed(ReadingStep.OPENING, 0, 6)
        match how:
            case "reads":
                listener.finished(ReadResult(somebody(number), Decision.ACCEPT))
            case "lies":
                listener.finished(ReadResult(somebody(number), Decision.REJECT, ("chip.copied",)))
            case "is lifted":
                listener.card_awaited()
            case "is unreadable":
                listener.failed("access.blocked", Hint.CALL_STAFF)
            case "has another number":
                listener.failed("access.wrong_key", Hint.REENTER_KEY)
            case "lies there":
                pass
        self.happens()

    def time_passes(self) -> None:
        left = self.driver.seconds_to_timer()
        if left is not None:
            self.world.seconds += left
            self.driver.run_pending()

    def goes_on(self) -> None:
        """One sensible thing that a person (or time) does now."""
        screen, visit = self.screen, self.driver.state.visit
        if isinstance(screen, s.PlaceCard | s.Reading | s.CardLifted) and self.world.listener is not None:
            zone = visit is not None and not hasattr(visit.key, "digits")
            self.card(number=PASSPORT if zone else NUMBER)
        elif (event := _sensible(screen)) is not None:
            self.happens(event)
        else:
            self.time_passes()

    def ends(self, *, by_time: bool = False) -> str:
        """Go on (or only wait) until the first screen is back; how it ended."""
        for _ in range(300):
            state = self.driver.state
            if isinstance(state.screen, s.Welcome) and state.overlay is None:
                return self._ending()
            self.time_passes() if by_time or state.overlay is not None else self.goes_on()
        pytest.fail(f"still on {self.screen.name}")

    def _ending(self) -> str:
        state = self.driver.state
        assert state == s.CheckInState(request=state.request, timer=state.timer), "something was left behind"
        assert self.world.cleared or not self.world.has_begun
        left = self.driver.seconds_to_timer()  # on the first screen it only brings language and looks back
        assert left is None or isinstance(state.screen, s.Welcome)
        papers = [*self.world.papers, *self.world.printed]
        for ticket in papers:
            known = {*self.world.saved, EARLIER.check_in_id}
            assert ticket.check_in_id in known, "a number that is not stored"
        kinds = {ticket.kind for ticket in papers}
        assert len(kinds) <= 1
        if not kinds:
            return "given up"
        return "slip" if kinds == {TicketKind.COUNTER} else "ticket"


ANSWERS: dict[type[s.Screen], ev.PersonEvent] = {
    s.Confirm: ev.Confirmed(),
    s.ConfirmDeclared: ev.Confirmed(),
    s.EnterNumber: ev.NumberKnown(NUMBER),
    s.ChooseDepartment: ev.DepartmentChosen("noi"),
    s.InsuranceNotice: ev.GoOn(),
    s.InsuranceChoice: ev.GoToCounter(),
    s.AppointmentFound: ev.GoOn(),
    s.AlreadyCheckedIn: ev.PrintAgain(),
    s.EnterPhone: ev.Skipped(),
    s.AskPriority: ev.Skipped(),
    s.TypeName: ev.TextGiven(NAME),
    s.TypeBirth: ev.BirthGiven(None, None, 1948),
    s.ScanPhone: ev.WithoutChip(),
    s.TypeExpiry: ev.ExpiryGiven(15, 4, 2032),
    s.CheckDocument: ev.GoOn(),
    s.GuardianCard: ev.WithoutChip(),
    s.OtherWays: ev.WayChosen(Way.NO_CARD),
    s.TakeCard: ev.CardRemoved(),
    s.Refused: ev.GoOn(),
    s.Emergency: ev.GoOn(),
}


def _sensible(screen: s.Screen) -> ev.Event | None:
    match screen:
        case s.TypeNumber(kind=kind):
            return ev.TextGiven({NumberKind.CITIZEN: NUMBER, NumberKind.DOCUMENT: PASSPORT}.get(kind, "181234567"))
        case s.Problem(retry=retry):
            return ev.WithoutChip() if retry is s.Retry.NONE else ev.TryAgain()
        case s.WrongNumber(wait_seconds=wait):
            return None if wait else ev.TryAgain()
        case s.TicketReady(printing=printing) | s.SlipReady(printing=printing):
            return None if printing is s.Printing.PENDING else ev.GoOn()  # the person waits for the paper
        case _:
            return ANSWERS.get(type(screen))


@pytest.fixture(scope="module")
def table() -> Iterator[list[tuple[str, str, str]]]:
    rows: list[tuple[str, str, str]] = []
    yield rows
    for what, where, ending in [("", "", ""), ("what happened", "at", "ending"), *rows]:
        sys.stdout.write(f"{what:<58} {where:<20} {ending}\n")
    sys.stdout.write(f"{len(rows)} visits\n")


# --------------------------------------------------------------------------- every answer of the insurer
@pytest.mark.parametrize("finding", [KNOWN, NEW], ids=["returning", "first"])
@pytest.mark.parametrize("code", sorted(EXITS))
def test_every_answer_of_the_insurer(code: str, finding: PatientFinding, table):
    story = Story(ask_phone=True)
    story.world.eligibility, story.world.finding = Eligibility(kinds_by_code()[code], code), finding
    story.happens(ev.NumberKnown(NUMBER, CODE))
    ending = story.ends()
    assert ending == ("slip" if EXITS[code] is InsuranceExit.CHOOSE else "ticket")
    table.append((f"insurer {code}, {finding.kind.value} patient", EXITS[code].value, ending))


# ------------------------------------------------------------------------------------- misbehaviour
def refusals(kind: type, *codes: ErrorCode) -> list[tuple[str, Misdeed]]:
    return [(code.name, raises(kind(code))) for code in codes]


HANG: tuple[str, Misdeed] = ("hangs", raises(Hangs()))
MISTAKE: tuple[str, Misdeed] = ("fails by a mistake", raises(LookupError("nobody")))
NOTHING: tuple[str, Misdeed] = ("answers nothing", gives(None))
RELAY = [
    *refusals(
        GatewayError, failures.RELAY_UNREACHABLE, failures.RELAY_NOT_SET, failures.RELAY_REFUSED, failures.INSURANCE_SLOW,
        failures.RELAY_ANSWER_UNUSABLE, failures.RELAY_ANSWER_TOO_LARGE, failures.RELAY_ANSWER_CONTRADICTORY,
        failures.BIRTH_DATE_INCOMPLETE,
    ),
    HANG, MISTAKE, NOTHING,
]  # fmt: skip
HOSPITAL = [
    *refusals(
        GatewayError, failures.HOSPITAL_UNREACHABLE, failures.HOSPITAL_SLOW, failures.HOSPITAL_REFUSED,
        failures.HOSPITAL_ANSWER_UNUSABLE, failures.HOSPITAL_ANSWER_TOO_LARGE, failures.HOSPITAL_PATIENT_AMBIGUOUS,
    ),
    HANG, MISTAKE, NOTHING,
    ("names a department that is none", gives(PatientFinding(PatientKind.KNOWN, "P", Appointment("1", "nowhere", NOW)))),
    ("names a day in the past", gives(PatientFinding(PatientKind.KNOWN, "P", Appointment("1", "noi", NOW - dt.timedelta(9))))),
]  # fmt: skip
STORE = [
    *refusals(StoreError, failures.STORE_UNAVAILABLE, failures.STORE_BUSY, failures.CHECK_IN_CONFLICT),
    HANG,
    MISTAKE,
]
PRINTER = [*refusals(PrinterError, failures.PRINTER_FAILED), HANG, MISTAKE]
MISBEHAVIOUR = [
    (port, name, misdeed)
    for port, misdeeds in {
        "insurer": RELAY, "hospital": HOSPITAL, "today": STORE, "store": STORE, "trail": STORE, "printer": PRINTER
    }.items()
    for name, misdeed in misdeeds
]  # fmt: skip


@pytest.mark.parametrize("often", [1, 1_000], ids=["once", "for ever"])
@pytest.mark.parametrize(
    ("port", "name", "misdeed"), MISBEHAVIOUR, ids=[f"{port} {name}" for port, name, _ in MISBEHAVIOUR]
)
def test_every_misbehaviour(port: str, name: str, misdeed: Misdeed, often: int, table):
    story = Story()
    story.world.misdeeds[port] = [misdeed] * often
    story.happens(ev.NumberKnown(NUMBER, CODE))
    for _ in range(12):
        if isinstance(story.screen, s.TicketReady | s.Problem):
            break
        story.goes_on()
    decided = story.screen.name
    patience = port == "store" and often > 1  # nobody tries for ever
    ending = story.ends(by_time=patience)
    assert ending == ("given up" if patience else "ticket")
    if port == "insurer":
        (draft,) = story.world.saved.values()
        assert draft.eligibility.kind is EligibilityKind.UNAVAILABLE, "admitted, and marked as not verified"
    if patience:
        assert not story.world.saved
    table.append((f"{port} {name} {'once' if often == 1 else 'for ever'}", decided, ending))


def test_everything_is_down_at_once(table):
    story = Story()
    for port in ("insurer", "hospital", "today", "trail", "printer"):
        story.world.misdeeds[port] = [HANG[1]] * 1_000
    story.happens(ev.NumberKnown(NUMBER, CODE))
    ending = story.ends()
    assert ending == "ticket"
    table.append(("all but the store hang", "looking_up", ending))


# --------------------------------------------------------------------- at every screen, every disturbance
TYPED_PASSPORT: list[ev.Event] = [
    ev.WayChosen(Way.PASSPORT),
    ev.TextGiven(PASSPORT),
    ev.BirthGiven(12, 8, 1974),
    ev.ExpiryGiven(15, 4, 2032),
]
WAYS_TO: dict[type[s.Screen], list[ev.Event]] = {
    s.EnterNumber: [ev.Started()],
    s.OtherWays: [ev.OtherWaysAsked()],
    s.Emergency: [ev.OtherWaysAsked(), ev.WayChosen(Way.EMERGENCY)],
    s.TypeNumber: [ev.OtherWaysAsked(), ev.WayChosen(Way.OLD_CARD)],
    s.TypeName: [ev.OtherWaysAsked(), ev.WayChosen(Way.NO_CARD)],
    s.TypeBirth: [ev.OtherWaysAsked(), ev.WayChosen(Way.NO_CARD)],
    s.ScanPhone: [ev.OtherWaysAsked(), ev.WayChosen(Way.PHONE)],
    s.TypeExpiry: [ev.OtherWaysAsked(), ev.WayChosen(Way.PASSPORT), ev.TextGiven(PASSPORT), ev.BirthGiven(12, 8, 1974)],
    s.CheckDocument: [ev.OtherWaysAsked(), *TYPED_PASSPORT],
    s.GuardianCard: [ev.OtherWaysAsked(), ev.WayChosen(Way.CHILD)],
    s.ConfirmDeclared: [ev.NumberKnown(NUMBER, CODE), ev.WithoutChip()],
    s.Welcome: [ev.PrivacyAsked()],
}
CARDS_FOR: dict[type[s.Screen], str] = {
    s.Reading: "lies there",
    s.CardLifted: "is lifted",
    s.WrongNumber: "has another number",
    s.CheckDocument: "has another number",
    s.Refused: "lies",
}
MISDEEDS_FOR: dict[type[s.Screen], tuple[str, Misdeed]] = {
    s.LookingUp: ("insurer", HANG[1]),
    s.Saving: ("store", HANG[1]),
    s.Problem: ("store", raises(StoreError(failures.STORE_UNAVAILABLE))),
    s.AlreadyCheckedIn: ("today", gives(EARLIER)),
    s.InsuranceNotice: ("insurer", gives(Eligibility(EligibilityKind.MISMATCH_NAME, "060"))),
    s.InsuranceChoice: ("insurer", gives(Eligibility(EligibilityKind.NOT_FOUND, "050"))),
    s.SlipReady: ("insurer", gives(Eligibility(EligibilityKind.NOT_FOUND, "050"))),
    s.EnterPhone: ("hospital", gives(NEW)),
    s.AppointmentFound: ("hospital", gives(PatientFinding(PatientKind.KNOWN, "P1", Appointment("1", "noi", NOW)))),
}


def at(screen: type[s.Screen]) -> Story:
    """A visit that stands on ``screen``, by the way that people get there."""
    story = Story(ask_phone=True)
    if screen in MISDEEDS_FOR:
        port, answer = MISDEEDS_FOR[screen]
        story.world.misdeeds[port] = [answer]
    story.happens(*WAYS_TO.get(screen, [ev.NumberKnown(NUMBER, CODE)]))
    if screen in CARDS_FOR:
        story.card(CARDS_FOR[screen])
    for _ in range(12):
        if isinstance(story.screen, screen):
            return story
        if isinstance(story.screen, s.ChooseDepartment) and screen is s.AskPriority:
            story.happens(ev.PriorityAsked(None))
        else:
            story.goes_on()
    pytest.fail(f"on {story.screen.name}, wanted {screen.name}")


SCREENS = list(s.Screen.__args__)
GIVES_UP_ON = {s.Refused, s.Emergency, s.Welcome}


@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: screen.name)
def test_the_card_is_taken_at_every_screen(screen: type[s.Screen], table):
    story = at(screen)
    story.happens(ev.CardRemoved(), ev.CardRemoved())
    ending = story.ends()
    assert ending == "given up" if screen in GIVES_UP_ON else ending in {"ticket", "slip"}
    table.append(("the card is taken", screen.name, ending))


@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: screen.name)
def test_everybody_leaves_at_every_screen(screen: type[s.Screen], table):
    story = at(screen)
    stands = story.driver.state.card_lies
    ending = story.ends(by_time=True)
    was_stored = screen in {s.TicketReady, s.SlipReady, s.TakeCard}
    assert (ending != "given up") == was_stored
    assert ("kiosk.card_left" in story.world.rings) == stands, "a card that was left is told of"
    table.append(("everybody leaves", screen.name, ending))


@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: screen.name)
def test_somebody_starts_again_at_every_screen(screen: type[s.Screen], table):
    story = at(screen)
    story.happens(ev.StartAgain())
    if screen is s.Saving:
        assert story.screen == s.Saving(), "what is being written down cannot be called back"
        ending = story.ends()
        assert ending == "ticket"
    else:
        assert isinstance(story.screen, s.Welcome)
        ending = story.ends()
        if screen is s.TakeCard:
            assert len(story.world.printed) == 1, "stored is stored: the paper comes"
    table.append(("start again", screen.name, ending))


@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: screen.name)
def test_staff_are_called_at_every_screen(screen: type[s.Screen], table):
    story = at(screen)
    rings = len(story.world.rings)
    story.happens(ev.StaffAsked(), ev.StaffAsked())
    assert len(story.world.rings) == rings + 1
    assert isinstance(story.driver.state.overlay, s.StaffCalled)
    story.happens(ev.OverlayDismissed())
    assert story.driver.state.overlay is None
    assert isinstance(story.screen, screen)
    ending = story.ends()
    assert ending == "given up" if screen in GIVES_UP_ON else ending in {"ticket", "slip"}
    table.append(("staff are called", screen.name, ending))


# ---------------------------------------------------------------------------------- stories of people
@pytest.mark.parametrize(
    ("what", "events", "ending"),
    [
        ("old card", [ev.OtherWaysAsked(), ev.WayChosen(Way.OLD_CARD)], "slip"),
        ("child without a guardian's card", [ev.OtherWaysAsked(), ev.WayChosen(Way.CHILD)], "slip"),
        ("VNeID on the phone", [ev.OtherWaysAsked(), ev.WayChosen(Way.PHONE), ev.NumberKnown(NUMBER, CODE)], "slip"),
        ("no papers", [ev.OtherWaysAsked(), ev.WayChosen(Way.NO_CARD)], "slip"),
        ("passport by its lines", [ev.OtherWaysAsked(), ev.WayChosen(Way.PASSPORT), ev.MrzGiven(MRZ)], "ticket"),
        ("passport by what is typed of it", [ev.OtherWaysAsked(), ev.WayChosen(Way.PASSPORT)], "ticket"),
        ("passport without a chip", [ev.OtherWaysAsked(), *TYPED_PASSPORT[:3], ev.WithoutChip()], "slip"),
        ("passport left at home", [ev.OtherWaysAsked(), ev.WayChosen(Way.PASSPORT), ev.Skipped()], "slip"),
        ("emergency", [ev.OtherWaysAsked(), ev.WayChosen(Way.EMERGENCY)], "given up"),
    ],
)
def test_everybody_gets_a_paper_or_a_person(what: str, events: list[ev.Event], ending: str, table):
    story = Story()
    story.happens(*events)
    where = story.screen.name
    assert story.ends() == ending
    if ending == "given up":
        assert story.world.rings == ["kiosk.emergency"]
    table.append((what, where, ending))


@pytest.mark.parametrize("scanned", [CODE, None], ids=["scanned", "typed"])
def test_a_card_that_cannot_be_read_twice(scanned, table):
    story = Story()
    story.happens(ev.NumberKnown(NUMBER, scanned))
    story.card("is unreadable")
    assert isinstance(story.screen, s.Problem)
    ending = story.ends()
    assert ending == "slip"
    table.append((f"unreadable card, number {'scanned' if scanned else 'typed'}", "problem", ending))


def test_a_returning_patient_touches_three_times():
    story = Story()
    touches = [ev.NumberKnown(NUMBER, CODE), ev.Confirmed(), ev.DepartmentChosen("noi")]
    story.happens(touches[0])
    story.card()
    story.happens(touches[1], touches[2], ev.CardRemoved())
    assert isinstance(story.screen, s.TicketReady)
    assert story.screen.printing is s.Printing.DONE


def test_a_reason_to_be_sooner_reaches_the_store(table):
    story = at(s.AskPriority)
    story.happens(ev.PriorityAsked(Priority.PREGNANT))
    ending = story.ends()
    (draft,) = story.world.saved.values()
    assert (draft.priority, ending) == (Priority.PREGNANT, "ticket")
    table.append(("asked to be seen sooner", "ask_priority", ending))


def test_the_draft_of_a_whole_visit_shows_nothing_by_accident():
    story = Story()
    story.happens(ev.NumberKnown(NUMBER, CODE))
    story.ends()
    (draft,) = story.world.saved.values()
    assert NAME not in repr(draft)
    assert NUMBER not in repr(draft)
    assert dataclasses.replace(draft, phone="0912345678").phone not in repr(
        dataclasses.replace(draft, phone="0912345678")
    )
