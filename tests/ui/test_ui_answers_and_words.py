"""What the new screens say in every language, and what a finger on them tells the flow."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable

import pytest
from pydantic import ValidationError

from kiosk_ui.app.domain.check_in import Missing
from kiosk_ui.app.domain.consent import ConsentPurpose
from kiosk_ui.app.domain.departments import DEFAULT_DEPARTMENTS
from kiosk_ui.app.domain.identification import Identification, Way
from kiosk_ui.app.domain.insurance import EXITS, Eligibility, EligibilityKind, InsuranceExit
from kiosk_ui.app.domain.patient import Appointment
from kiosk_ui.app.domain.priority import ASKED_FOR, Priority
from kiosk_ui.app.domain.travel_document import DocumentField, TravelDocument
from kiosk_ui.app.domain.visitor import NumberKind
from kiosk_ui.app.flows import events as ev
from kiosk_ui.app.flows import screens as s
from kiosk_ui.app.gateways.result_codes import kinds_by_code
from kiosk_ui.app.settings_looks import LooksSettings
from kiosk_ui.qt.application import QML_FOLDER, KioskApplication
from kiosk_ui.qt.screen_view import view_of
from kiosk_ui.qt.texts import Texts, insurance_key
from kiosk_ui.qt.touch import Finger
from tests.ui.ui_measures import settle
from tests.ui.ui_sample_states import SAMPLES, TYPED_PASSPORT

OpenKiosk = Callable[..., KioskApplication]
TEXTS = Texts(QML_FOLDER / "i18n")
VI = TEXTS["vi"].strings
each_language = pytest.mark.parametrize("language", TEXTS.languages, ids=lambda each: each.code)


# --------------------------------------------------------------------------------------------- words
def test_a_language_is_one_file_and_holds_all_that_a_patient_reads() -> None:
    files = sorted((QML_FOLDER / "i18n").glob("*.json"))
    assert [path.stem for path in files] == sorted(language.code for language in TEXTS.languages)
    for path in files:
        own = json.loads(path.read_text(encoding="utf-8"))
        missing = {key for key in VI if key not in own and not key.startswith("operator.")}
        assert not missing, f"{path.name}: {sorted(missing)}"


@each_language
def test_every_answer_that_can_be_given_has_words(language) -> None:
    wanted = {f"other_ways.{way.value}" for way in Way}
    wanted |= {f"input.{problem.value}" for problem in s.InputProblem}
    wanted |= {f"scan_phone.{problem.value}" for problem in s.NumberProblem}
    wanted |= {f"type_number.{kind.value}.{part}" for kind in NumberKind for part in ("title", "hint", "secondary")}
    wanted |= {f"confirm_declared.{each.value}" for each in Identification}
    wanted |= {f"priority.{each.value}" for each in ASKED_FOR}
    wanted |= {
        f"priority.{each.value}.{part}" for each in Priority if each.value != "none" for part in ("banner", "short")
    }
    wanted |= {f"slip.reason.{each.value}" for each in Missing}
    wanted |= {f"consent.{each.value}" for each in ConsentPurpose}
    assert wanted <= set(language.strings)


@each_language
def test_every_code_of_the_insurer_has_a_plain_sentence(language) -> None:
    for code, way in EXITS.items():
        if way in (InsuranceExit.CONFIRM_AT_COUNTER, InsuranceExit.CHOOSE):
            key = insurance_key(language.strings, kinds_by_code()[code].value, code)
            title = language.strings[f"{key}.title"]
            assert code not in title
            assert f"{key}.message" in language.strings


@each_language
def test_every_screen_is_spoken_in_one_or_two_sentences_without_anything_personal(language) -> None:
    for screen in (*s.Screen.__args__, *s.Overlay.__args__):
        spoken = language.strings[f"spoken.{screen.name}"]
        assert "{" not in spoken, screen.name
        assert 1 <= len(re.findall(r"[.?](?: |$)", spoken)) <= 4, screen.name
        assert len(spoken) <= 130, screen.name


# ---------------------------------------------------------------------------------------------- views
def test_a_slip_shows_neither_name_nor_number_of_the_person_to_the_hall() -> None:
    state = SAMPLES["slip_no_paper"]
    assert isinstance(state.screen, s.SlipReady)
    slip = state.screen.ticket.slip
    assert slip is not None
    view = view_of(state, VI, "1")
    shown = " ".join(str(getattr(view, field)) for field in view.__dataclass_fields__)
    assert slip.reference in shown
    assert slip.full_name not in shown
    assert slip.masked_number not in shown


def test_an_appointment_is_shown_in_the_hospital_s_time() -> None:
    at = dt.datetime(2026, 3, 2, 2, 30, tzinfo=dt.UTC)
    screen = s.AppointmentFound(Appointment("1", "noi", at), DEFAULT_DEPARTMENTS[0])
    assert view_of(s.CheckInState(screen=screen), VI, "1").appointment_time == "09:30"


def test_the_words_of_an_insurer_s_code_come_before_those_of_its_class() -> None:
    army = s.InsuranceNotice(Eligibility(EligibilityKind.OK_MANUAL, "001"), "3")
    odd = s.InsuranceNotice(Eligibility(EligibilityKind.OK_MANUAL, "999"), "3")
    assert view_of(s.CheckInState(screen=army), VI, "1").insurance_key == "insurance_notice.code.001"
    assert view_of(s.CheckInState(screen=odd), VI, "1").insurance_key == "insurance_notice.ok_manual"


# ---------------------------------------------------------------------------------------- the finger
class Patient:
    """Touches one screen and keeps what the flow is told."""

    def __init__(self, kiosk: KioskApplication, screen: s.Screen) -> None:
        self.kiosk = kiosk
        self.finger = Finger(kiosk.window)
        self.told: list[ev.Event] = []
        kiosk.view_model.connect_flow(self.told.append, lambda: None)
        kiosk.view_model.show(s.CheckInState(screen=screen))
        settle(kiosk)
        assert self.finger.wait_for(lambda: not kiosk.view_model.is_fresh, 10)

    def touch(self, *names: str) -> None:
        for name in names:
            self.finger.touch(name)
            settle(self.kiosk)

    @property
    def answers(self) -> list[ev.Event]:
        return [each for each in self.told if not isinstance(each, ev.Touched)]


def test_a_name_is_typed_by_telex_and_by_keys_of_its_own(open_kiosk: OpenKiosk) -> None:
    patient = Patient(open_kiosk(), s.TypeName())
    patient.touch(*"ddawngj", "Dấu cách", *"th", "i", "ạ", "Dấu cách", *"quys", "s", "Xoá", "Xoá", "y", "á")
    patient.touch("Tiếp tục")
    assert patient.answers == [ev.TextGiven("Đặng Thị Quý")]


@pytest.mark.parametrize(
    ("touched", "told"),
    [
        (("0", "3", "0", "2", "1", "9", "8", "5", "Tiếp tục"), ev.BirthGiven(3, 2, 1985)),
        (("Chỉ nhớ năm sinh", "1", "9", "4", "4", "Tiếp tục"), ev.BirthGiven(None, None, 1944)),
    ],
    ids=["whole", "year"],
)
def test_a_birth_day_may_be_a_year_alone(open_kiosk: OpenKiosk, touched: tuple[str, ...], told: ev.Event) -> None:
    patient = Patient(open_kiosk(), s.TypeBirth())
    patient.touch(*touched)
    assert patient.answers == [told]


def test_a_passport_is_typed_on_three_screens_and_put_right_where_it_was_wrong(open_kiosk: OpenKiosk) -> None:
    kiosk = open_kiosk()
    patient = Patient(kiosk, s.TypeNumber(NumberKind.DOCUMENT))
    patient.touch(*"L89-C3", VI["enter_number.primary"])
    assert patient.answers == [ev.TextGiven("L89-C3")]
    patient = Patient(kiosk, s.TypeExpiry())
    patient.touch(*"15042032", VI["enter_number.primary"])
    assert patient.answers == [ev.ExpiryGiven(15, 4, 2032)]
    patient = Patient(kiosk, s.CheckDocument(TYPED_PASSPORT))
    patient.touch(f"{VI['check_document.number']}\nL898902C3")
    assert patient.answers == [ev.FieldChosen(DocumentField.NUMBER)]
    patient = Patient(kiosk, s.TypeNumber(NumberKind.DOCUMENT, given="L898902C3"))
    patient.touch(VI["enter_number.delete"], "4", VI["enter_number.primary"])
    assert patient.answers == [ev.TextGiven("L898902C4")], "what was typed before is there, to be put right"
    patient = Patient(kiosk, s.TypeBirth(s.Whose.HOLDER, given=TYPED_PASSPORT))
    patient.touch(VI["enter_number.primary"])
    assert patient.answers == [ev.BirthGiven(12, 8, 1974)]
    patient = Patient(kiosk, s.TypeBirth(s.Whose.HOLDER, given=TravelDocument("X1", None, 1974)))
    patient.touch(VI["enter_number.primary"])
    assert patient.answers == [ev.BirthGiven(None, None, 1974)]


@pytest.mark.parametrize("agreed", [False, True])
def test_reminders_are_agreed_to_by_a_touch_and_never_beforehand(open_kiosk: OpenKiosk, agreed: bool) -> None:
    patient = Patient(open_kiosk(), s.EnterPhone())
    if agreed:
        tick = next(each for each in patient.finger.seen() if each.role.name == "CheckBox")
        assert not tick.item.property("checked")
        tick.item.toggle()
        tick.item.toggled.emit()
    patient.touch(*"0912345678", "Tiếp tục")
    assert patient.answers == [ev.PhoneGiven("0912345678", agreed)]


@pytest.mark.parametrize(
    ("screen", "name", "told"),
    [
        ("other_ways", "other_ways.child", ev.WayChosen(Way.CHILD)),
        ("other_ways", "other_ways.emergency", ev.WayChosen(Way.EMERGENCY)),
        ("welcome", "welcome.secondary", ev.OtherWaysAsked()),
        ("guardian_card", "guardian_card.secondary", ev.OtherWaysAsked()),
        ("enter_number_guardian", "enter_number.no_guardian", ev.OtherWaysAsked()),
        ("guardian_other_papers", "other_ways.passport", ev.WayChosen(Way.PASSPORT)),
        ("check_document", "check_document.primary", ev.GoOn()),
        ("type_expiry", "type_expiry.secondary", ev.WithoutChip()),
        ("type_number_document", "type_number.document.secondary", ev.Skipped()),
        ("welcome", "welcome.privacy", ev.PrivacyAsked()),
        ("ask_priority", "priority.pregnant", ev.PriorityAsked(Priority.PREGNANT)),
        ("ask_priority", "ask_priority.primary", ev.Skipped()),
        ("choose_department_ok", "choose_department.secondary", ev.PriorityAsked(None)),
        ("slip_no_paper", "ticket.print_again", ev.PrintAgain()),
        ("ticket_paper_unknown", "ticket.print_again", ev.PrintAgain()),
    ],
)
def test_each_answer_reaches_the_flow(open_kiosk: OpenKiosk, screen: str, name: str, told: ev.Event) -> None:
    patient = Patient(open_kiosk(), SAMPLES[screen].screen)
    patient.touch(VI[name])
    assert patient.answers == [told]


def test_one_touch_brings_every_control_into_the_lower_half_and_the_visit_s_end_takes_it_back(
    open_kiosk: OpenKiosk,
) -> None:
    kiosk = open_kiosk()
    patient = Patient(kiosk, s.Welcome())
    patient.touch(VI["common.reach_low"])
    assert kiosk.appearance.property("lowReach")
    half = kiosk.window.height() / 2
    assert all(each.center.y() > half for each in patient.finger.seen() if each.role.name == "Button")
    kiosk.view_model.clear()
    assert not kiosk.appearance.property("lowReach")


def test_a_hospital_chooses_how_visits_begin_to_look() -> None:
    chosen = LooksSettings(low_reach=True, large_text=True, motion=False)
    assert (chosen.low_reach, chosen.text_scale, chosen.motion) == (True, 1.3, False)
    assert (LooksSettings().low_reach, LooksSettings().text_scale, LooksSettings().motion) == (False, 1.0, True)
    with pytest.raises(ValidationError):
        LooksSettings.model_validate({"low_reech": True})


def test_a_language_chosen_on_the_first_screen_is_a_touch_that_the_flow_hears_of(open_kiosk: OpenKiosk) -> None:
    """Only so can it bring the hospital's own language back when nobody follows."""
    patient = Patient(open_kiosk(), s.Welcome())
    patient.touch("English")
    assert patient.kiosk.appearance.words.code == "en"
    assert ev.Touched() in patient.told
    patient.kiosk.view_model.clear()
    assert patient.kiosk.appearance.words.code == "vi"
