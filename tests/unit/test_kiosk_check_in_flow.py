"""The check-in as a patient meets it, and laws that hold for every sequence of events."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
import uuid

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kiosk_ui.app.failures  # noqa: F401 - declares the kiosk's codes
import reader.errors  # noqa: F401 - declares the reader's codes
from crypto.errors import Hint, all_codes
from kiosk_ui.app.domain.check_in import Ticket, TicketKind
from kiosk_ui.app.domain.identification import Identification
from kiosk_ui.app.domain.insurance import Eligibility, EligibilityKind, InsuranceExit, InsuranceOutcome
from kiosk_ui.app.domain.patient import PatientFinding
from kiosk_ui.app.domain.priority import Priority
from kiosk_ui.app.domain.reading import Decision, ReadingStep, ReadResult
from kiosk_ui.app.flows import effects as fx
from kiosk_ui.app.flows import events as ev
from kiosk_ui.app.flows import screens as s
from kiosk_ui.app.flows.check_in import CheckInFlow, CheckInRules, Step
from reader.verification.identity import Assurance, Identity, Sex
from scripts.flow_map import EARLIER, EVERYWHERE, FINDINGS, PEOPLE, ticket_of

NUMBER = "040085000017"
NAME = "Nguyễn Văn An"
PORTRAIT = b"\xff\xd8portrait-of-nobody"


def person(number: str = NUMBER, assurance: Assurance = Assurance.CHIP_VERIFIED) -> Identity:
    return Identity(
        number=number,
        full_name=NAME,
        date_of_birth=dt.date(1985, 2, 3),
        sex=Sex.MALE,
        nationality="VNM",
        address="Số 5, ngõ 12, Hưng Dũng",
        expires_on=dt.date(2045, 2, 3),
        no_expiry=False,
        portrait=PORTRAIT,
        assurance=assurance,
    )


def read_result(
    decision: Decision = Decision.ACCEPT,
    number: str = NUMBER,
    assurance: Assurance = Assurance.CHIP_VERIFIED,
) -> ReadResult:
    return ReadResult(person(number, assurance), decision, ("passive_authentication.ok",))


def ticket(check_in_id: uuid.UUID) -> Ticket:
    at = dt.datetime(2026, 3, 2, 7, 15, tzinfo=dt.UTC)
    return Ticket(check_in_id, "A012", "Nội", "Internal medicine", "Tầng 1", "Floor 1", at, False, False)


VALID = Eligibility(EligibilityKind.OK, "000", valid_until=dt.date(2026, 12, 31))


NOBODY_KNOWS = PatientFinding.unavailable("hospital.not_set")


class Walk:
    """Drives the flow as the outside world would, and remembers every effect."""

    def __init__(self, rules: CheckInRules | None = None) -> None:
        numbers = itertools.count(1)
        self.flow = CheckInFlow(rules, new_id=lambda: uuid.UUID(int=next(numbers)))
        self.state = self.flow.initial()
        self.effects: list[fx.Effect] = []
        self.last: tuple[fx.Effect, ...] = ()

    def __call__(self, *events: ev.Event) -> s.Screen:
        for event in events:
            step = self.flow.handle(self.state, event)
            self.state, self.last = step.state, step.effects
            self.effects.extend(step.effects)
        return self.state.screen

    def of(self, kind: type) -> list:
        return [effect for effect in self.effects if isinstance(effect, kind)]

    def time_passes(self) -> s.Screen:
        return self(ev.TimerFired(self.state.timer))

    def to_reading(self) -> s.Screen:
        self(ev.Started(), ev.NumberKnown(NUMBER))
        return self(ev.ReadingProgressed(self.state.request, ReadingStep.OPENING, 0, 6))

    def to_confirm(self) -> s.Screen:
        self.to_reading()
        return self(ev.ReadingFinished(self.state.request, read_result()))

    def to_department(self, eligibility: Eligibility = VALID) -> s.Screen:
        self.to_confirm()
        self(ev.Confirmed())
        return self.answered(eligibility)

    def answered(
        self,
        eligibility: Eligibility = VALID,
        finding: PatientFinding = NOBODY_KNOWS,
        earlier: Ticket | None = None,
    ) -> s.Screen:
        """Insurer, hospital system and store answer."""
        request = self.state.request
        return self(
            ev.EligibilityKnown(request, eligibility),
            ev.PatientKnown(request, finding),
            ev.EarlierKnown(request, earlier),
        )

    def to_saving(self) -> s.Screen:
        self.to_department()
        return self(ev.DepartmentChosen("noi"))

    def to_ticket(self) -> s.Screen:
        self.to_saving()
        draft = self.of(fx.SaveCheckIn)[-1].draft
        return self(ev.CardRemoved(), ev.CheckInSaved(self.state.request, ticket(draft.check_in_id)))


@pytest.fixture
def walk() -> Walk:
    return Walk()


# --------------------------------------------------------------------------------- the patient's path
def test_a_returning_patient_needs_three_touches(walk: Walk):
    touches = [ev.NumberKnown(NUMBER), ev.Confirmed(), ev.DepartmentChosen("noi")]  # a scan begins at once
    assert isinstance(walk(touches[0]), s.PlaceCard)
    walk(ev.ReadingFinished(walk.state.request, read_result()))
    walk(touches[1])
    walk.answered()
    assert isinstance(walk(touches[2]), s.Saving)


def test_the_confirm_screen_masks_the_number_and_says_what_was_proven(walk: Walk):
    screen = walk.to_confirm()
    assert isinstance(screen, s.Confirm)
    assert screen.person.masked_number == "040 *** *** 017"
    assert screen.person.full_name == NAME
    assert screen.person.portrait == PORTRAIT
    assert screen.proof is s.Proof.GENUINE


def test_an_unverified_issuer_is_admitted_and_said(walk: Walk):
    walk.to_reading()
    screen = walk(ev.ReadingFinished(walk.state.request, read_result(Decision.REFER, assurance=Assurance.CHIP_READ)))
    assert isinstance(screen, s.Confirm)
    assert screen.proof is s.Proof.ISSUER_NOT_VERIFIED


def test_a_refused_card_goes_to_the_counter_and_nothing_is_kept(walk: Walk):
    walk.to_reading()
    screen = walk(ev.ReadingFinished(walk.state.request, read_result(Decision.REJECT)))
    assert screen == s.Refused("1", ("passive_authentication.ok",))
    assert walk.state.visit is None
    assert not walk.of(fx.LookUpInsurance)


@pytest.mark.parametrize("assurance", [Assurance.TYPED, Assurance.DECLARED_QR, Assurance.LOOKED_UP, Assurance.UNKNOWN])
def test_a_claim_without_a_chip_is_no_check_in(walk: Walk, assurance: Assurance):
    walk.to_reading()
    screen = walk(ev.ReadingFinished(walk.state.request, read_result(Decision.REFER, assurance=assurance)))
    assert isinstance(screen, s.Problem)
    assert screen.retry is s.Retry.NONE


def test_another_persons_card_that_opens_with_the_same_key_is_a_wrong_number(walk: Walk):
    walk.to_reading()
    other = read_result(number="001285000017")  # same last six digits: the access number is equal
    assert isinstance(walk(ev.ReadingFinished(walk.state.request, other)), s.WrongNumber)


def test_a_lifted_card_is_read_on_when_it_comes_back(walk: Walk):
    walk.to_reading()
    first = walk.state.request
    assert isinstance(walk(ev.ReadingFailed(first, "card.removed", Hint.RETRY_CARD)), s.CardLifted)
    assert walk.last[1] == fx.StartReading(walk.state.request, walk.of(fx.StartReading)[0].key)
    assert walk.state.request != first
    assert isinstance(walk(ev.ReadingProgressed(walk.state.request, ReadingStep.PHOTO, 4, 6)), s.Reading)


def test_a_card_that_the_reading_waits_for_is_asked_for_and_read_on(walk: Walk):
    walk.to_reading()
    request, starts = walk.state.request, len(walk.of(fx.StartReading))
    assert walk(ev.CardAwaited(request)) == s.CardLifted(is_awaited=True)
    assert isinstance(walk(ev.ReadingProgressed(request, ReadingStep.PHOTO, 4, 6)), s.Reading)
    assert isinstance(walk(ev.ReadingFinished(request, read_result())), s.Confirm)
    assert walk.state.request == request
    assert len(walk.of(fx.StartReading)) == starts, "no second reading"
    assert not walk.of(fx.CancelReading)


def test_a_card_that_was_waited_for_in_vain_may_still_be_laid_down_for_a_new_reading(walk: Walk):
    walk.to_reading()
    request = walk.state.request
    walk(ev.CardAwaited(request))
    assert walk(ev.ReadingFailed(request, "card.removed", Hint.RETRY_CARD)) == s.CardLifted()
    assert walk.state.request != request
    assert isinstance(walk(ev.ReadingFailed(walk.state.request, "card.absent", Hint.RETRY_CARD)), s.Problem)


def test_another_card_in_the_place_of_the_first_may_be_tried_again(walk: Walk):
    walk.to_reading()
    walk(ev.CardAwaited(walk.state.request))
    screen = walk(ev.ReadingFailed(walk.state.request, "card.another", Hint.RETRY_CARD))
    assert isinstance(screen, s.Problem)
    assert screen.retry is s.Retry.READ_AGAIN


def test_the_readers_late_failure_after_a_seen_removal_changes_nothing(walk: Walk):
    walk.to_reading()
    first = walk.state.request
    walk(ev.CardRemoved())
    starts = len(walk.of(fx.StartReading))
    assert isinstance(walk(ev.ReadingFailed(first, "card.removed", Hint.RETRY_CARD)), s.CardLifted)
    assert len(walk.of(fx.StartReading)) == starts


def test_a_reading_that_never_begins_does_not_spin(walk: Walk):
    walk(ev.Started(), ev.NumberKnown(NUMBER))
    for _ in range(10):
        walk(ev.ReadingFailed(walk.state.request, "card.absent", Hint.RETRY_CARD))
    assert isinstance(walk.state.screen, s.Problem)
    assert len(walk.of(fx.StartReading)) <= 2


def test_wrong_numbers_are_counted_paused_and_end_with_staff(walk: Walk):
    walk(ev.Started())
    seen = []
    for _ in range(5):
        walk(ev.NumberKnown(NUMBER))
        screen = walk(ev.ReadingFailed(walk.state.request, "access.wrong_key", Hint.REENTER_KEY))
        if not isinstance(screen, s.WrongNumber):
            break
        seen.append((screen.tries_left, screen.wait_seconds))
        for _ in range(screen.wait_seconds):
            assert walk(ev.TryAgain()) == walk.state.screen  # too early: nothing happens
            walk.time_passes()
        assert isinstance(walk(ev.TryAgain()), s.EnterNumber)
    assert seen == [(4, 0), (3, 0), (2, 10), (1, 30)]
    assert walk.state.screen == s.Problem("kiosk.too_many_tries", Hint.CALL_STAFF, s.Retry.NONE, "1", True)
    assert walk.state.visit is None


def test_a_number_that_is_not_twelve_digits_is_asked_again(walk: Walk):
    walk(ev.Started())
    for text in ["", "04008500001", "0400850000177", "04008500001x", "０４００８５００００１７"]:
        assert walk(ev.NumberKnown(text)) == s.EnterNumber(s.NumberProblem.NOT_12_DIGITS)
    assert walk(ev.ScanUnreadable()) == s.EnterNumber(s.NumberProblem.SCAN_UNREADABLE)
    assert isinstance(walk(ev.NumberKnown("040 085 000 017")), s.PlaceCard)


@pytest.mark.parametrize("kind", [k for k in EligibilityKind if k.exit is InsuranceExit.CONFIRM_AT_COUNTER])
def test_what_the_counter_settles_is_told_and_the_place_is_kept(walk: Walk, kind: EligibilityKind):
    screen = walk.to_department(Eligibility(kind, "060"))
    assert isinstance(screen, s.InsuranceNotice)
    assert isinstance(walk(ev.GoOn()), s.ChooseDepartment)
    assert isinstance(walk(ev.DepartmentChosen("mat")), s.Saving)


@pytest.mark.parametrize("kind", [k for k in EligibilityKind if k.outcome is InsuranceOutcome.UNVERIFIED])
def test_nobody_waits_for_an_insurer_that_is_down(walk: Walk, kind: EligibilityKind):
    screen = walk.to_department(Eligibility(kind, "100"))
    assert isinstance(screen, s.ChooseDepartment)
    assert screen.insurance.outcome is InsuranceOutcome.UNVERIFIED


def test_a_silent_insurer_is_given_up_and_its_late_answer_ignored(walk: Walk):
    walk.to_confirm()
    walk(ev.Confirmed())
    asked = walk.state.request
    screen = walk.time_passes()
    assert isinstance(screen, s.ChooseDepartment)
    assert screen.insurance.kind is EligibilityKind.UNAVAILABLE
    assert walk(ev.EligibilityKnown(asked, VALID)) is screen


def test_a_failed_save_is_repeated_with_the_same_identifier(walk: Walk):
    walk.to_saving()
    screen = walk(ev.SaveFailed(walk.state.request, "store.unavailable", Hint.RETRY_LATER))
    assert isinstance(screen, s.Problem)
    assert screen.retry is s.Retry.SAVE_AGAIN
    assert isinstance(walk(ev.TryAgain()), s.Saving)
    first, second = walk.of(fx.SaveCheckIn)
    assert first.draft == second.draft
    assert first.request != second.request


def test_a_slow_save_that_comes_after_all_shows_its_ticket(walk: Walk):
    walk.to_saving()
    request, draft = walk.state.request, walk.of(fx.SaveCheckIn)[0].draft
    walk(ev.CardRemoved())
    assert isinstance(walk.time_passes(), s.Problem)
    assert isinstance(walk(ev.CheckInSaved(request, ticket(draft.check_in_id))), s.TicketReady)


def test_what_is_being_written_down_cannot_be_cancelled(walk: Walk):
    walk.to_saving()
    assert isinstance(walk(ev.StartAgain()), s.Saving)


def test_the_ticket_says_when_there_is_no_paper(walk: Walk):
    screen = walk.to_ticket()
    assert isinstance(screen, s.TicketReady)
    assert screen.printing is s.Printing.PENDING
    screen = walk(ev.TicketNotPrinted(walk.state.request, "printer.failed"))
    assert isinstance(screen, s.TicketReady)
    assert screen.printing is s.Printing.FAILED
    assert screen.ticket.number == "A012"


def test_after_the_ticket_the_next_patient_finds_nothing(walk: Walk):
    walk.to_ticket()
    assert walk.state.visit is None
    assert isinstance(walk(ev.GoOn()), s.Welcome)
    assert fx.Clear() in walk.last


def test_results_of_the_last_visit_never_reach_the_next(walk: Walk):
    walk(ev.Started(), ev.NumberKnown(NUMBER))
    old = walk.state.request
    walk(ev.StartAgain())
    walk(ev.Started(), ev.NumberKnown("040155000029"))
    before = walk.state
    walk(ev.ReadingFinished(old, read_result()))
    assert walk.state == before


# ----------------------------------------------------------------------------------------- overlays
def test_staff_can_be_called_from_a_problem_with_its_code(walk: Walk):
    walk.to_reading()
    walk(ev.ReadingFailed(walk.state.request, "card.mute", Hint.RETRY_CARD))
    walk(ev.StaffAsked())
    assert fx.CallStaff("problem", "card.mute") in walk.last
    assert walk.state.overlay == s.StaffCalled("1")
    walk(ev.StaffAsked())
    assert len(walk.of(fx.CallStaff)) == 1
    assert isinstance(walk(ev.OverlayDismissed()), s.Problem)
    assert walk.state.overlay is None


def test_reading_goes_on_while_staff_are_coming(walk: Walk):
    walk.to_reading()
    walk(ev.StaffAsked())
    staff_timer = walk.state.timer
    walk(ev.ReadingFinished(walk.state.request, read_result()))
    assert isinstance(walk.state.screen, s.Confirm)
    assert isinstance(walk.state.overlay, s.StaffCalled)
    assert walk.state.timer == staff_timer


def test_the_warning_comes_twenty_seconds_before_and_one_touch_goes_on(walk: Walk):
    walk(ev.Started())
    assert walk.last[-1] == fx.StartTimer(walk.state.timer, 55)
    walk.time_passes()
    assert walk.state.overlay == s.TimeoutWarning(20, "enter_number")
    walk.time_passes()
    assert walk.state.overlay == s.TimeoutWarning(19, "enter_number")
    assert isinstance(walk(ev.Touched()), s.EnterNumber)
    assert walk.state.overlay is None
    assert walk.last[-1] == fx.StartTimer(walk.state.timer, 55)


def test_who_has_taken_the_card_is_waited_for_less(walk: Walk):
    walk.to_confirm()
    walk(ev.CardRemoved())
    assert isinstance(walk.state.screen, s.Confirm)
    assert walk.last[-1] == fx.StartTimer(walk.state.timer, 25)


# --------------------------------------------------------------------------------------------- laws
requests = st.integers(0, 12)
person_events = st.sampled_from(
    [
        ev.Started(),
        ev.NumberKnown(NUMBER),
        ev.NumberKnown("12"),
        ev.ScanUnreadable(),
        ev.Confirmed(),
        ev.NotMe(),
        ev.DepartmentChosen("noi"),
        ev.DepartmentChosen("no such place"),
        ev.GoOn(),
        ev.TryAgain(),
        ev.StartAgain(),
        ev.StaffAsked(),
        ev.OverlayDismissed(),
        ev.Touched(),
        ev.CardRemoved(),
        *PEOPLE.values(),
        *EVERYWHERE.values(),
        ev.PriorityAsked(Priority.EMERGENCY),
        ev.BirthGiven(None, None, -1),
        ev.TextGiven("x" * 1_000),
    ]
)
results = st.builds(
    read_result, st.sampled_from(Decision), st.sampled_from([NUMBER, "040155000029"]), st.sampled_from(Assurance)
)
eligibilities = st.sampled_from(EligibilityKind).map(lambda kind: Eligibility(kind, "000"))
codes = st.sampled_from(sorted(all_codes().values(), key=lambda code: code.name))
# A world event is made for the request and timer that run, or for an old one.
world_events = st.one_of(
    st.just(ev.CardAwaited),
    st.builds(
        lambda step, n: lambda r: ev.ReadingProgressed(r, step, n, 6), st.sampled_from(ReadingStep), st.integers(-2, 9)
    ),
    results.map(lambda result: lambda r: ev.ReadingFinished(r, result)),
    codes.map(lambda code: lambda r: ev.ReadingFailed(r, code.name, code.hint)),
    eligibilities.map(lambda e: lambda r: ev.EligibilityKnown(r, e)),
    st.sampled_from(FINDINGS).map(lambda finding: lambda r: ev.PatientKnown(r, finding)),
    st.sampled_from([None, EARLIER]).map(lambda earlier: lambda r: ev.EarlierKnown(r, earlier)),
    st.just(lambda r: ev.CheckInSaved(r, ticket(uuid.UUID(int=7)))),
    st.just(lambda r: ev.SaveFailed(r, "store.unavailable", Hint.RETRY_LATER)),
    st.just(ev.TicketPrinted),
    st.just(lambda r: ev.TicketNotPrinted(r, "printer.failed")),
)
happenings = st.lists(
    st.one_of(
        st.just("onward"),  # half of the time the patient does what is asked, so that late screens are met too
        st.just("onward"),
        person_events,
        st.tuples(world_events, st.integers(0, 3)),
        st.integers(0, 2).map(lambda age: ("timer", age)),
    ),
    max_size=40,
)


ONWARD: dict[type[s.Screen], ev.PersonEvent] = {
    s.Welcome: ev.NumberKnown(NUMBER),
    s.EnterNumber: ev.NumberKnown(NUMBER),
    s.Confirm: ev.Confirmed(),
    s.ConfirmDeclared: ev.Confirmed(),
    s.ChooseDepartment: ev.DepartmentChosen("noi"),
    s.InsuranceChoice: ev.GoToCounter(),
    s.AlreadyCheckedIn: ev.AnotherDepartment(),
    s.ScanPhone: ev.WithoutChip(),
    s.TypeExpiry: ev.ExpiryGiven(15, 4, 2032),
    s.CheckDocument: ev.GoOn(),
    s.TypeNumber: ev.TextGiven(NUMBER),
    s.TypeName: ev.TextGiven(NAME),
    s.TypeBirth: ev.BirthGiven(3, 2, 1985),
    s.WrongNumber: ev.TryAgain(),
}


def onward(state: s.CheckInState) -> ev.Event:
    """What brings the check-in forward from here."""
    match state.screen:
        case s.PlaceCard() | s.Reading() | s.CardLifted():
            return ev.ReadingFinished(state.request, read_result())
        case s.LookingUp():
            missing = state.visit and state.visit.eligibility is None
            return ev.EligibilityKnown(state.request, VALID) if missing else ev.TimerFired(state.timer)
        case s.Saving():
            return ev.CheckInSaved(state.request, ticket_of(state.visit.draft))
        case s.Problem(retry=retry):
            return ev.WithoutChip() if retry is s.Retry.NONE else ev.TryAgain()
        case screen:
            return ONWARD.get(type(screen), ev.GoOn())


def realise(state: s.CheckInState, happening: object) -> ev.Event:
    if happening == "onward":
        return onward(state)
    if not isinstance(happening, tuple):
        return happening  # type: ignore[return-value]
    first, age = happening
    return ev.TimerFired(state.timer - age) if first == "timer" else first(state.request - age)


def personal_values(value: object) -> bool:
    """Whether anything reachable from ``value`` belongs to the person."""
    if isinstance(value, str | bytes):
        return value in {NUMBER, NAME, PORTRAIT, "040155000029"}
    if isinstance(value, tuple):
        return any(personal_values(item) for item in value)
    if dataclasses.is_dataclass(value):
        return any(personal_values(getattr(value, field.name)) for field in dataclasses.fields(value))
    return False


@settings(max_examples=250, deadline=None)
@given(happenings)
def test_laws_that_hold_whatever_happens(sequence: list):
    flow = CheckInFlow()
    state = flow.initial()
    decision = None
    saves_by_draft: dict[uuid.UUID, int] = {}
    tickets = 0
    for happening in sequence:
        event = realise(state, happening)
        before = state
        step = flow.handle(state, event)
        state = step.state
        check_step(before, step)
        if isinstance(state.screen, s.Confirm) and not isinstance(before.screen, s.Confirm):
            decision = event.result.decision
        for effect in step.effects:
            if isinstance(effect, fx.SaveCheckIn):
                assert decision is not Decision.REJECT
                saves_by_draft[effect.draft.check_in_id] = effect.request
        papers = s.TicketReady | s.SlipReady
        is_new = isinstance(state.screen, papers) and not isinstance(before.screen, papers)
        if is_new and state.screen.ticket is not EARLIER:
            tickets += 1
            assert tickets <= len(saves_by_draft), "a ticket without a save of its own"
    assert_time_alone_ends_in_welcome(flow, state)
    assert_start_again_ends_in_welcome(flow, state)


def check_step(before: s.CheckInState, step: Step) -> None:
    state, effects = step.state, step.effects
    assert state.request >= before.request
    assert state.timer >= before.timer
    assert NUMBER not in repr(state) + repr(effects)
    assert NAME not in repr(state) + repr(effects)
    assert "portrait" not in repr(state) + repr(effects)
    if isinstance(state.screen, s.Welcome):
        assert not personal_values(state)
        if not isinstance(before.screen, s.Welcome):
            assert fx.Clear() in effects
            assert fx.StopTimer() in effects
    if state.screen.name != "welcome" or state.overlay is not None:
        assert state.timer > 0, "every screen but the first has a time-out"
    if isinstance(before.screen, s.PlaceCard | s.Reading | s.CardLifted) and isinstance(state.screen, s.Welcome):
        assert fx.CancelReading() in effects
    if isinstance(state.screen, s.Saving):
        assert state.visit is not None
        assert state.visit.draft is not None
        draft = state.visit.draft
        is_sure = draft.visitor.assurance in CheckInRules().admitted
        assert is_sure == (draft.visitor.identification is Identification.CHIP)
        assert is_sure or draft.exit is TicketKind.COUNTER
    timers = [effect for effect in effects if isinstance(effect, fx.StartTimer)]
    assert len(timers) <= 1
    assert all(effect.timer == state.timer and effect.seconds > 0 for effect in timers)


def assert_time_alone_ends_in_welcome(flow: CheckInFlow, state: s.CheckInState) -> None:
    for _ in range(200):
        if isinstance(state.screen, s.Welcome) and state.overlay is None:
            return
        state = flow.handle(state, ev.TimerFired(state.timer)).state
    pytest.fail(f"still on {state.screen.name}")


def assert_start_again_ends_in_welcome(flow: CheckInFlow, state: s.CheckInState) -> None:
    if isinstance(state.screen, s.Saving):
        state = flow.handle(state, ev.SaveFailed(state.request, "store.unavailable", Hint.RETRY_LATER)).state
    state = flow.handle(state, ev.StartAgain()).state
    assert isinstance(state.screen, s.Welcome)
    assert state.overlay is None
    assert state.visit is None


@pytest.mark.parametrize("name", sorted(all_codes()))
def test_every_error_has_a_screen_with_a_way_on(name: str):
    code = all_codes()[name]
    walk = Walk()
    walk.to_reading()
    screen = walk(ev.ReadingFailed(walk.state.request, code.name, code.hint))
    assert isinstance(screen, s.CardLifted | s.WrongNumber | s.Problem)
    if isinstance(screen, s.Problem):
        assert (screen.code, screen.hint) == (code.name, code.hint)
        assert screen.retry is not s.Retry.NONE or screen.counter


def test_only_a_chip_that_has_proven_it_is_called_genuine():
    for assurance in Assurance:
        walk = Walk(CheckInRules(admitted=frozenset(Assurance)))
        walk.to_reading()
        screen = walk(ev.ReadingFinished(walk.state.request, read_result(assurance=assurance)))
        assert isinstance(screen, s.Confirm)
        assert (screen.proof is s.Proof.GENUINE) == (assurance is Assurance.CHIP_VERIFIED)


def test_who_says_not_me_gets_the_whole_time_for_another_number(walk: Walk):
    walk.to_confirm()
    walk(ev.CardRemoved(), ev.NotMe())
    assert not walk.state.card_away
