"""From "that is me" to the paper: what is asked together, what each answer means, and the card back in the hand."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
import uuid

import pytest

from crypto.errors import Hint
from kiosk_ui.app.domain.check_in import CheckInDraft, Slip, TicketKind
from kiosk_ui.app.domain.consent import ConsentPurpose
from kiosk_ui.app.domain.departments import DEFAULT_DEPARTMENTS
from kiosk_ui.app.domain.insurance import EXITS, Eligibility, EligibilityKind, InsuranceExit
from kiosk_ui.app.domain.patient import Appointment, PatientFinding, PatientKind
from kiosk_ui.app.domain.priority import ASKED_FOR, Priority
from kiosk_ui.app.domain.reading import Decision, ReadingStep, ReadResult
from kiosk_ui.app.flows import effects as fx
from kiosk_ui.app.flows import events as ev
from kiosk_ui.app.flows import screens as s
from kiosk_ui.app.flows.check_in import CheckInFlow, CheckInRules
from kiosk_ui.app.gateways.result_codes import kinds_by_code
from reader.verification.identity import Identity
from scripts.flow_map import EARLIER, NAME, NOW, NUMBER, ticket_of
from scripts.flow_map import person as somebody

VALID = Eligibility(EligibilityKind.OK, "000")
NOT_KNOWN = PatientFinding.unavailable("hospital.unreachable")
FIRST_VISIT = PatientFinding(PatientKind.NEW)


class Visit:
    """Somebody whose card has been read and who has said "that is me"."""

    def __init__(self, rules: CheckInRules | None = None, who: Identity | None = None) -> None:
        numbers = itertools.count(1)
        self.flow = CheckInFlow(rules, new_id=lambda: uuid.UUID(int=next(numbers)), now=lambda: NOW)
        self.state = self.flow.initial()
        self.effects: list[fx.Effect] = []
        self(ev.NumberKnown(NUMBER))
        self(ev.ReadingProgressed(self.state.request, ReadingStep.OPENING, 0, 6))
        self(ev.ReadingFinished(self.state.request, ReadResult(who or somebody(), Decision.ACCEPT, ("ok",))))
        self(ev.Confirmed())

    def __call__(self, *events: ev.Event) -> s.Screen:
        for event in events:
            step = self.flow.handle(self.state, event)
            self.state = step.state
            self.effects.extend(step.effects)
        return self.state.screen

    def answered(self, insurer: Eligibility = VALID, hospital: PatientFinding = NOT_KNOWN, earlier=None) -> s.Screen:
        request = self.state.request
        return self(
            ev.EligibilityKnown(request, insurer), ev.PatientKnown(request, hospital), ev.EarlierKnown(request, earlier)
        )

    def time_passes(self) -> s.Screen:
        return self(ev.TimerFired(self.state.timer))

    @property
    def draft(self) -> CheckInDraft:
        return next(effect.draft for effect in reversed(self.effects) if isinstance(effect, fx.SaveCheckIn))

    def stored(self) -> s.Screen:
        return self(ev.CheckInSaved(self.state.request, ticket_of(self.draft)))

    def of(self, kind: type) -> list:
        return [effect for effect in self.effects if isinstance(effect, kind)]


@pytest.fixture
def visit() -> Visit:
    return Visit()


# ------------------------------------------------------------------------------------------ look-ups
def test_insurer_hospital_and_store_are_asked_at_once(visit: Visit):
    assert isinstance(visit.state.screen, s.LookingUp)
    requests = {
        effect.request for kind in (fx.LookUpInsurance, fx.LookUpPatient, fx.FindEarlier) for effect in visit.of(kind)
    }
    assert requests == {visit.state.request}
    (earlier,) = visit.of(fx.FindEarlier)
    assert (earlier.number, earlier.day) == (NUMBER, NOW.date())


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_the_order_of_the_answers_does_not_matter(visit: Visit, order: tuple[int, ...]):
    request = visit.state.request
    answers = [ev.EligibilityKnown(request, VALID), ev.PatientKnown(request, NOT_KNOWN), ev.EarlierKnown(request, None)]
    for index in order[:2]:
        assert isinstance(visit(answers[index]), s.LookingUp)
    assert isinstance(visit(answers[order[2]]), s.ChooseDepartment)


@pytest.mark.parametrize("silent", range(8))
def test_who_does_not_answer_in_time_is_not_waited_for(visit: Visit, silent: int):
    request = visit.state.request
    answers = [
        ev.EligibilityKnown(request, VALID),
        ev.PatientKnown(request, FIRST_VISIT),
        ev.EarlierKnown(request, None),
    ]
    visit(*(answer for bit, answer in enumerate(answers) if not silent >> bit & 1))
    screen = visit.time_passes() if silent else visit.state.screen
    assert isinstance(screen, s.ChooseDepartment)
    assert visit.state.visit is not None
    assert visit.state.visit.eligibility is not None
    assert (visit.state.visit.eligibility.code == "relay.no_answer_in_time") == bool(silent & 1)
    before = visit.state
    visit(*answers)  # too late
    assert visit.state == before


def test_a_second_answer_does_not_replace_the_first(visit: Visit):
    request = visit.state.request
    visit(
        ev.EligibilityKnown(request, VALID), ev.EligibilityKnown(request, Eligibility(EligibilityKind.INVALID, "010"))
    )
    assert visit.state.visit is not None
    assert visit.state.visit.eligibility is VALID


# ----------------------------------------------------------------------------------------- insurance
def test_each_of_the_insurers_codes_has_its_exit():
    kinds = kinds_by_code()
    assert len(kinds) == len(EXITS) == 26
    assert {code: kind.exit for code, kind in kinds.items()} == EXITS


@pytest.mark.parametrize("code", sorted(EXITS))
@pytest.mark.parametrize("hospital", [NOT_KNOWN, FIRST_VISIT], ids=["returning", "first"])
def test_every_code_ends_with_a_ticket_or_a_slip(code: str, hospital: PatientFinding):
    visit = Visit()
    screen = visit.answered(Eligibility(kinds_by_code()[code], code), hospital)
    match EXITS[code]:
        case InsuranceExit.GO_ON | InsuranceExit.UNVERIFIED:
            assert isinstance(screen, s.ChooseDepartment)
        case InsuranceExit.CONFIRM_AT_COUNTER:
            assert isinstance(screen, s.InsuranceNotice)
            assert isinstance(visit(ev.GoOn()), s.ChooseDepartment)
        case InsuranceExit.CHOOSE:
            assert isinstance(screen, s.InsuranceChoice)
            assert isinstance(visit(ev.PayMyself()), s.ChooseDepartment)
    visit(ev.DepartmentChosen("noi"), ev.CardRemoved())
    assert isinstance(visit.stored(), s.TicketReady)
    assert visit.draft.exit is TicketKind.QUEUE
    assert ("insurance" in visit.draft.missing) == (EXITS[code] is InsuranceExit.CONFIRM_AT_COUNTER)


def test_without_insurance_the_counter_may_look_and_gets_all_that_was_read(visit: Visit):
    visit.answered(Eligibility(EligibilityKind.NOT_FOUND, "050"))
    visit(ev.GoToCounter(), ev.CardRemoved())
    screen = visit.stored()
    assert isinstance(screen, s.SlipReady)
    assert screen.ticket.number.startswith("Q")
    assert screen.ticket.slip is not None
    assert screen.ticket.slip.full_name == NAME
    assert screen.ticket.slip.reasons == ("insurance",)
    assert screen.ticket.slip.masked_number == "040 *** *** 017"
    assert screen.ticket.slip.date_of_birth_text == "03/02/1985"


# ---------------------------------------------------------------------------------------- first visit
def test_a_first_visit_may_leave_a_phone_number_and_its_consent_is_kept():
    visit = Visit(CheckInRules(ask_phone=True))
    assert visit.answered(hospital=FIRST_VISIT) == s.EnterPhone()
    assert visit(ev.PhoneGiven("12", reminders=True)) == s.EnterPhone(s.InputProblem.NOT_A_PHONE)
    assert isinstance(visit(ev.PhoneGiven("+84 912-345.678", reminders=False)), s.ChooseDepartment)
    visit(ev.DepartmentChosen("noi"))
    assert visit.draft.phone == "0912345678"
    (consent,) = visit.draft.consents
    assert (consent.purpose, consent.given, consent.at) == (ConsentPurpose.REMINDER_BY_PHONE, False, NOW)


def test_nobody_has_to_leave_a_phone_number():
    visit = Visit(CheckInRules(ask_phone=True))
    visit.answered(hospital=FIRST_VISIT)
    assert isinstance(visit(ev.Skipped()), s.ChooseDepartment)
    visit(ev.DepartmentChosen("noi"))
    assert (visit.draft.phone, visit.draft.consents) == (None, ())


@pytest.mark.parametrize("hospital", [NOT_KNOWN, PatientFinding(PatientKind.KNOWN, "P1")])
def test_only_first_visits_are_asked(hospital: PatientFinding):
    assert isinstance(Visit(CheckInRules(ask_phone=True)).answered(hospital=hospital), s.ChooseDepartment)


# --------------------------------------------------------------------------------------- appointments
def expected(code: str = "mat", at: dt.datetime = NOW) -> PatientFinding:
    return PatientFinding(PatientKind.KNOWN, "P1", Appointment("APT-7", code, at, "BS. Mẫu"))


def test_who_is_expected_touches_once_more_and_has_a_number(visit: Visit):
    screen = visit.answered(hospital=expected())
    assert isinstance(screen, s.AppointmentFound)
    assert screen.department.code == "mat"
    visit(ev.GoOn())
    assert (visit.draft.department.code, visit.draft.appointment_id) == ("mat", "APT-7")
    assert visit.draft.patient is not None
    assert visit.draft.patient.patient_id == "P1"


def test_who_is_expected_may_go_elsewhere_all_the_same(visit: Visit):
    visit.answered(hospital=expected())
    assert isinstance(visit(ev.AnotherDepartment()), s.ChooseDepartment)
    visit(ev.DepartmentChosen("noi"))
    assert visit.draft.appointment_id is None


@pytest.mark.parametrize(
    "finding",
    [
        expected("no_such_department"),
        expected(at=NOW + dt.timedelta(days=1)),
        expected(at=NOW - dt.timedelta(days=1)),
        expected(at=dt.datetime.max.replace(tzinfo=dt.timezone(-dt.timedelta(hours=23)))),
        expected(at=dt.datetime.min.replace(tzinfo=dt.timezone(dt.timedelta(hours=23)))),
        expected(at=NOW.replace(tzinfo=None)),  # nobody knows whose clock this is
    ],
)
def test_an_appointment_of_another_day_or_nowhere_is_not_offered(visit: Visit, finding: PatientFinding):
    assert isinstance(visit.answered(hospital=finding), s.ChooseDepartment)


def test_the_day_of_an_appointment_is_the_hospitals_own(visit: Visit):
    """Half past midnight in Vietnam is still yesterday in Greenwich."""
    early = dt.datetime(2026, 3, 1, 17, 30, tzinfo=dt.UTC)
    assert isinstance(visit.answered(hospital=expected(at=early)), s.AppointmentFound)


# ----------------------------------------------------------------------------------- the same day again
def test_who_taps_again_sees_the_number_and_may_print_it(visit: Visit):
    assert visit.answered(earlier=EARLIER) == s.AlreadyCheckedIn(EARLIER)
    visit(ev.CardRemoved())
    screen = visit(ev.PrintAgain())
    assert isinstance(screen, s.TicketReady)
    assert screen.ticket is EARLIER
    assert visit.of(fx.PrintTicket)[-1].ticket is EARLIER
    assert not visit.of(fx.SaveCheckIn), "no second number"
    assert visit.state.visit is None


def test_who_taps_again_may_visit_another_department(visit: Visit):
    visit.answered(Eligibility(EligibilityKind.MISMATCH_NAME, "060"), earlier=EARLIER)
    assert isinstance(visit(ev.AnotherDepartment()), s.InsuranceNotice)
    visit(ev.GoOn(), ev.DepartmentChosen("mat"))
    assert visit.draft.department.code == "mat"


@pytest.mark.parametrize("name", [NAME, "Nguyễn Thị Người Khác"])
def test_a_slip_under_another_name_is_shown_to_nobody(visit: Visit, name: str):
    """Anybody can type a number; its owner must not be sent to the counter with a stranger's slip."""
    slip = Slip(name, "040 *** *** 017", "1985", ("identity",), "1", "00000000")
    earlier = dataclasses.replace(EARLIER, kind=TicketKind.COUNTER, slip=slip)
    screen = visit.answered(earlier=earlier)
    assert screen == (s.AlreadyCheckedIn(earlier) if name == NAME else screen)
    assert isinstance(screen, s.AlreadyCheckedIn if name == NAME else s.ChooseDepartment)


def test_who_has_seen_the_number_is_reminded_of_the_card(visit: Visit):
    visit.answered(earlier=EARLIER)
    assert isinstance(visit(ev.GoOn()), s.TakeCard)
    assert visit.state.visit is None
    assert isinstance(visit(ev.CardRemoved()), s.Welcome)


# ------------------------------------------------------------------------------------------- priority
@pytest.mark.parametrize(
    ("born", "priority"),
    [
        (dt.date(1951, 3, 2), Priority.AGE),  # 75 today
        (dt.date(1951, 3, 3), Priority.NONE),  # tomorrow
        (dt.date(2020, 3, 2), Priority.NONE),  # six today
        (dt.date(2020, 3, 3), Priority.CHILD_UNDER_6),
        (None, Priority.NONE),
    ],
)
def test_age_is_settled_by_the_machine(born: dt.date | None, priority: Priority):
    visit = Visit(who=dataclasses.replace(somebody(), date_of_birth=born))
    screen = visit.answered()
    assert isinstance(screen, s.ChooseDepartment)
    assert screen.priority is priority
    visit(ev.DepartmentChosen("noi"))
    assert visit.draft.priority is priority
    assert "priority" not in visit.draft.missing


@pytest.mark.parametrize("reason", ASKED_FOR)
def test_other_reasons_are_asked_for_and_staff_confirm_them(visit: Visit, reason: Priority):
    visit.answered()
    assert visit(ev.PriorityAsked(None)) == s.AskPriority(ASKED_FOR)
    screen = visit(ev.PriorityAsked(reason))
    assert isinstance(screen, s.ChooseDepartment)
    assert screen.priority is reason
    visit(ev.DepartmentChosen("noi"))
    assert visit.draft.priority is reason
    assert "priority" in visit.draft.missing


@pytest.mark.parametrize("reason", [Priority.EMERGENCY, Priority.AGE, Priority.CHILD_UNDER_6, Priority.NONE])
def test_nobody_gives_themselves_what_staff_or_the_machine_give(visit: Visit, reason: Priority):
    visit.answered()
    visit(ev.PriorityAsked(None))
    assert isinstance(visit(ev.PriorityAsked(reason)), s.AskPriority)
    visit(ev.Skipped(), ev.DepartmentChosen("noi"))
    assert visit.draft.priority is Priority.NONE


def test_a_reason_cannot_be_slipped_in_without_the_question(visit: Visit):
    visit.answered()
    before = visit.state
    visit(ev.PriorityAsked(Priority.PREGNANT))
    assert visit.state == before


# ------------------------------------------------------------------------------------ card and paper
def test_the_card_is_asked_for_before_the_number(visit: Visit):
    visit.answered()
    visit(ev.DepartmentChosen("noi"))
    assert isinstance(visit.stored(), s.TakeCard)
    assert not visit.of(fx.PrintTicket)
    assert isinstance(visit(ev.CardRemoved()), s.TicketReady)
    assert len(visit.of(fx.PrintTicket)) == 1
    assert not visit.of(fx.CallStaff)


def test_a_forgotten_card_rings_once_and_the_number_comes_all_the_same(visit: Visit):
    visit.answered()
    visit(ev.DepartmentChosen("noi"))
    visit.stored()
    assert visit.effects[-1] == fx.StartTimer(visit.state.timer, 10)
    assert isinstance(visit.time_passes(), s.TicketReady)
    visit.time_passes()
    assert isinstance(visit.state.screen, s.Welcome)
    assert visit.of(fx.CallStaff) == [fx.CallStaff("take_card", "kiosk.card_left")]


def test_who_starts_again_while_the_card_is_asked_for_gets_the_paper(visit: Visit):
    visit.answered()
    visit(ev.DepartmentChosen("noi"))
    visit.stored()
    assert isinstance(visit(ev.StartAgain()), s.Welcome)
    assert len(visit.of(fx.PrintTicket)) == 1


def test_a_card_left_by_somebody_who_has_gone_is_told_of(visit: Visit):
    visit.answered()
    visit.time_passes()
    for _ in range(20):
        visit.time_passes()
    assert isinstance(visit.state.screen, s.Welcome)
    assert visit.of(fx.CallStaff) == [fx.CallStaff("choose_department", "kiosk.card_left")]


@pytest.mark.parametrize("to_counter", [False, True])
def test_the_paper_can_be_asked_for_again(visit: Visit, to_counter: bool):
    visit.answered(Eligibility(EligibilityKind.INVALID, "010"))
    visit(*([ev.GoToCounter()] if to_counter else [ev.PayMyself(), ev.DepartmentChosen("noi")]))
    visit(ev.CardRemoved())
    kind = s.SlipReady if to_counter else s.TicketReady
    assert isinstance(visit.stored(), kind)
    before = visit.state
    visit(ev.PrintAgain())
    assert visit.state == before, "it is still on its way"
    first = visit.state.request
    visit(ev.TicketNotPrinted(first, "printer.failed"))
    screen = visit(ev.PrintAgain())
    assert isinstance(screen, kind)
    assert screen.printing is s.Printing.PENDING
    visit(ev.TicketPrinted(first))
    assert visit.state.screen == screen, "the first try is stale"
    visit(ev.TicketPrinted(visit.state.request))
    assert visit.state.screen.printing is s.Printing.DONE


def test_a_printer_that_does_not_say_is_not_called_out_of_paper(visit: Visit):
    visit.answered()
    visit(ev.DepartmentChosen("noi"), ev.CardRemoved())
    visit.stored()
    screen = visit(ev.TicketNotPrinted(visit.state.request, "printer.outcome_unknown"))
    assert isinstance(screen, s.TicketReady)
    assert screen.printing is s.Printing.UNKNOWN
    visit(ev.PrintAgain())
    assert len(visit.of(fx.PrintTicket)) == 2


def test_the_counters_queue_has_a_prefix_of_its_own():
    letters = [
        dataclasses.replace(DEFAULT_DEPARTMENTS[0], code=f"d{n}", prefix=prefix) for n, prefix in enumerate("AQZ")
    ]
    rules = CheckInRules(
        departments=(*letters, dataclasses.replace(letters[0], code="counter", prefix="B")), counter="5"
    )
    queue = rules.counter_queue
    assert queue.prefix == "Y"
    assert queue.code == "counter_"
    assert queue.place_vi == "Quầy số 5"


# -------------------------------------------------------------------------------------------- notices
def test_what_happens_to_the_data_can_be_read_before_anything_is_given():
    flow = CheckInFlow()
    shown = flow.handle(flow.initial(), ev.PrivacyAsked()).state
    assert isinstance(shown.overlay, s.PrivacyNotice)
    assert flow.handle(shown, ev.OverlayDismissed()).state.overlay is None
    assert flow.handle(shown, ev.TimerFired(shown.timer)).state.overlay is None
    assert isinstance(flow.handle(shown, ev.Started()).state.screen, s.EnterNumber)


@pytest.mark.parametrize("touch", [(ev.Touched(),), (ev.PrivacyAsked(), ev.OverlayDismissed())])
def test_who_chooses_a_language_and_goes_leaves_it_to_nobody(touch: tuple[ev.Event, ...]):
    flow = CheckInFlow()
    state = flow.initial()
    for event in touch:
        step = flow.handle(state, event)
        state = step.state
    (timer,) = (effect for effect in step.effects if isinstance(effect, fx.StartTimer))
    assert timer == fx.StartTimer(state.timer, flow.rules.time_limits.question_s)
    over = flow.handle(state, ev.TimerFired(timer.timer))
    assert over.effects == (fx.Clear(),)
    assert over.state == state, "still the first screen"
    begun = flow.handle(state, ev.Started()).state
    assert fx.Clear() not in flow.handle(begun, ev.TimerFired(timer.timer)).effects, "somebody is there"


def test_another_persons_card_does_not_take_the_language_away():
    """Clear brings the hospital's own language back; in the middle of a visit nobody has asked for that."""
    visit = Visit()
    flow, effects = visit.flow, []
    state = flow.handle(flow.initial(), ev.NumberKnown(NUMBER)).state
    result = ReadResult(somebody(), Decision.ACCEPT, ("ok",))
    for event in (ev.ReadingFinished(state.request, result), ev.NotMe()):
        step = flow.handle(state, event)
        state, effects = step.state, [*effects, *step.effects]
    assert isinstance(state.screen, s.EnterNumber)
    assert state.visit is None
    assert fx.Clear() not in effects


def test_a_problem_warns_before_it_clears(visit: Visit):
    visit.answered()
    visit(ev.DepartmentChosen("noi"))
    visit(ev.SaveFailed(visit.state.request, "store.unavailable", Hint.RETRY_LATER))
    visit.time_passes()
    assert isinstance(visit.state.overlay, s.TimeoutWarning)
    assert isinstance(visit(ev.Touched()), s.Problem)
    assert visit.state.overlay is None
