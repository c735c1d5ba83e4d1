"""People without a readable chip, one story each: who they are, what they touch, and the slip in their hand at the end."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from crypto.errors import Hint
from kiosk_ui.app.domain.check_in import CheckInDraft
from kiosk_ui.app.domain.identification import Identification, Way
from kiosk_ui.app.domain.insurance import InsuranceOutcome
from kiosk_ui.app.domain.mrz_text import MrzText
from kiosk_ui.app.domain.priority import Priority
from kiosk_ui.app.domain.reading import Decision, ReadingStep, ReadResult
from kiosk_ui.app.domain.visitor import NumberKind
from kiosk_ui.app.flows import effects as fx
from kiosk_ui.app.flows import events as ev
from kiosk_ui.app.flows import screens as s
from kiosk_ui.app.flows.check_in import CheckInFlow
from reader.scanners.qr import parse_citizen_qr
from reader.verification.identity import Assurance
from scripts.flow_map import CODE, MRZ, NAME, NOW, NUMBER, PASSPORT, ticket_of
from scripts.flow_map import person as somebody
from tests.unit.kiosk_visitor import Visitor


@pytest.fixture
def visitor() -> Visitor:
    return Visitor()


# ---------------------------------------------------------------------------------- unreadable cards
def test_an_unreadable_card_is_gone_on_without_from_what_its_printed_code_said(visitor: Visitor):
    visitor(ev.NumberKnown(NUMBER, CODE))
    first = visitor.card_fails()
    assert isinstance(first, s.Problem)
    assert not first.without_chip, "once is a hand that moved"
    visitor(ev.TryAgain())
    second = visitor.card_fails()
    assert isinstance(second, s.Problem)
    assert second.without_chip
    screen = visitor(ev.WithoutChip())
    assert isinstance(screen, s.ConfirmDeclared)
    assert screen.identification is Identification.QR
    draft = visitor.slip()
    assert (draft.visitor.number, draft.visitor.full_name) == (NUMBER, NAME)
    assert draft.visitor.assurance is Assurance.DECLARED_QR
    assert draft.visitor.assurance.national_method == "QR_CCCD"
    assert draft.missing == ("identity",)
    assert draft.eligibility.outcome is InsuranceOutcome.UNVERIFIED, "asked later, for the counter"
    assert not [effect for effect in visitor.effects if isinstance(effect, fx.LookUpInsurance | fx.LookUpPatient)]


def test_a_card_whose_number_was_typed_needs_a_name_and_a_birth_year(visitor: Visitor):
    visitor(ev.NumberKnown(NUMBER))
    visitor.card_fails("access.blocked", Hint.CALL_STAFF)
    assert isinstance(visitor(ev.WithoutChip()), s.TypeName)
    assert isinstance(visitor(ev.TextGiven("  nguyễn   văn an ")), s.TypeBirth)
    visitor(ev.BirthGiven(None, None, 1948))
    draft = visitor.slip()
    assert draft.visitor.full_name == "nguyễn văn an"
    assert (draft.visitor.date_of_birth, draft.visitor.birth_year) == (None, 1948)
    assert draft.visitor.assurance.national_method == "NHAP_TAY"
    assert set(draft.missing) == {"identity", "date_of_birth", "insurance"}


def test_letters_that_a_scanner_has_lost_are_typed_and_the_date_is_kept(visitor: Visitor):
    lost = parse_citizen_qr(f"{NUMBER}||Nguy?n V?n M?u|03021985|Nam|S? 5|10052023")
    visitor(ev.NumberKnown(NUMBER, lost))
    visitor.card_fails("access.blocked", Hint.CALL_STAFF)
    assert isinstance(visitor(ev.WithoutChip()), s.TypeName)
    assert isinstance(visitor(ev.TextGiven(NAME)), s.ConfirmDeclared)
    draft = visitor.slip()
    assert (draft.visitor.full_name, draft.visitor.date_of_birth) == (NAME, dt.date(1985, 2, 3))
    assert draft.visitor.address is None
    assert draft.visitor.assurance.national_method == "NHAP_TAY", "a typed name is no more than typed"
    assert draft.visitor.identification is Identification.TYPED


def test_who_cannot_find_the_number_is_not_stranded(visitor: Visitor):
    for _ in range(5):
        visitor(ev.NumberKnown(NUMBER))
        visitor.card_fails("access.wrong_key", Hint.REENTER_KEY)
        screen = visitor.state.screen
        while isinstance(screen, s.WrongNumber) and screen.wait_seconds:
            screen = visitor(ev.TimerFired(visitor.state.timer))
        visitor(ev.TryAgain())
    assert isinstance(visitor.state.screen, s.Problem)
    assert isinstance(visitor(ev.WithoutChip()), s.TypeNumber)
    visitor(ev.TextGiven(NUMBER), ev.TextGiven(NAME), ev.BirthGiven(3, 2, 1985))
    assert visitor.slip().visitor.number == NUMBER


def test_a_copied_card_gets_no_slip_and_no_second_way(visitor: Visitor):
    visitor(ev.NumberKnown(NUMBER, CODE))
    assert isinstance(visitor.card_reads(decision=Decision.REJECT), s.Refused)
    assert visitor.state.visit is None
    for event in (ev.WithoutChip(), ev.OtherWaysAsked(), ev.TryAgain()):
        assert isinstance(visitor(event), s.Refused)


def test_a_card_forgotten_after_a_misread_is_asked_for_too(visitor: Visitor):
    visitor(ev.NumberKnown(NUMBER, CODE))
    visitor.card_fails("access.blocked", Hint.CALL_STAFF)
    visitor(ev.WithoutChip(), ev.Confirmed())
    draft = next(effect.draft for effect in visitor.effects if isinstance(effect, fx.SaveCheckIn))
    assert isinstance(visitor(ev.CheckInSaved(visitor.state.request, ticket_of(draft))), s.TakeCard)


# -------------------------------------------------------------------------------------- other papers
@pytest.mark.parametrize(
    ("typed", "number", "kind"),
    [("181 234 567", "181234567", NumberKind.OLD_CARD), ("040.085.000.017", NUMBER, NumberKind.CITIZEN)],
)
def test_an_old_card_without_a_chip(visitor: Visitor, typed: str, number: str, kind: NumberKind):
    assert visitor.chooses(Way.OLD_CARD) == s.TypeNumber(NumberKind.OLD_CARD)
    assert visitor(ev.TextGiven("18123456")) == s.TypeNumber(NumberKind.OLD_CARD, s.InputProblem.NOT_9_OR_12_DIGITS)
    visitor(ev.TextGiven(typed), ev.TextGiven(NAME), ev.BirthGiven(1, 1, 1950))
    draft = visitor.slip()
    assert (draft.visitor.number, draft.visitor.number_kind) == (number, kind)
    assert draft.priority is Priority.AGE
    assert "priority" in draft.missing, "the date was only said: staff confirm it"
    assert ("insurance" in draft.missing) == (kind is NumberKind.OLD_CARD), "there is nothing to ask the insurer with"


def test_whoever_finds_the_chip_card_after_all_just_scans_it(visitor: Visitor):
    visitor.chooses(Way.OLD_CARD)
    assert isinstance(visitor(ev.NumberKnown(NUMBER, CODE)), s.PlaceCard)
    assert isinstance(visitor.card_reads(), s.Confirm)
    assert isinstance(visitor(ev.Confirmed()), s.LookingUp)


def test_vneid_on_a_phone_is_believed_as_much_as_a_word(visitor: Visitor):
    assert isinstance(visitor.chooses(Way.PHONE), s.ScanPhone)
    assert visitor(ev.ScanUnreadable()) == s.ScanPhone(s.NumberProblem.SCAN_UNREADABLE)
    screen = visitor(ev.NumberKnown(NUMBER, CODE))
    assert isinstance(screen, s.ConfirmDeclared)
    draft = visitor.slip()
    assert draft.visitor.identification is Identification.PHONE
    assert draft.visitor.assurance.national_method == "VNEID_APP"
    assert draft.visitor.is_declared


def test_a_phone_that_cannot_be_scanned_is_typed_from(visitor: Visitor):
    visitor.chooses(Way.PHONE)
    assert visitor(ev.WithoutChip()) == s.TypeNumber(NumberKind.CITIZEN)
    assert visitor(ev.TextGiven("12")) == s.TypeNumber(NumberKind.CITIZEN, s.InputProblem.NOT_12_DIGITS)
    visitor(ev.TextGiven(NUMBER), ev.TextGiven(NAME), ev.BirthGiven(3, 2, 1985))
    draft = visitor.slip()
    assert draft.visitor.identification is Identification.TYPED, "nobody has seen the phone's code"


def test_no_papers_at_all(visitor: Visitor):
    assert isinstance(visitor.chooses(Way.NO_CARD), s.TypeName)
    visitor(ev.TextGiven(NAME), ev.BirthGiven(None, None, 1990))
    draft = visitor.slip()
    assert (draft.visitor.number, draft.visitor.number_kind) == ("", NumberKind.NONE)
    assert set(draft.missing) == {"identity", "number", "date_of_birth", "insurance"}


def test_an_emergency_rings_at_once_and_shows_where_to_go(visitor: Visitor):
    screen = visitor.chooses(Way.EMERGENCY)
    assert isinstance(screen, s.Emergency)
    assert screen.place_vi
    assert fx.CallStaff("emergency", "kiosk.emergency") in visitor.effects
    assert isinstance(visitor(ev.GoOn()), s.Welcome)


def test_a_kiosk_whose_clock_was_never_set_strands_nobody():
    lost = Visitor()
    lost.flow = CheckInFlow(now=lambda: dt.datetime(1970, 1, 1, 7, tzinfo=NOW.tzinfo))
    lost.chooses(Way.NO_CARD)
    lost(ev.TextGiven("Nguyễn Văn An"))
    assert isinstance(lost(ev.BirthGiven(3, 2, 1985)), s.ConfirmDeclared)


def test_every_screen_that_takes_a_scan_says_so_when_it_could_not_be_read(visitor: Visitor):
    visitor.chooses(Way.CHILD)
    assert visitor(ev.ScanUnreadable()) == s.TypeNumber(NumberKind.BIRTH_CERTIFICATE, s.InputProblem.SCAN_UNREADABLE)
    visitor(ev.Skipped(), ev.TextGiven("Nguyễn Thị Thử"))
    assert isinstance(visitor(ev.BirthGiven(1, 5, 2023)), s.GuardianCard)
    assert visitor(ev.ScanUnreadable()) == s.EnterNumber(s.NumberProblem.SCAN_UNREADABLE, for_guardian=True)
    visitor(ev.WithoutChip())
    assert visitor.slip().visitor.full_name == "Nguyễn Thị Thử"


# ------------------------------------------------------------------------------------------ children
def to_guardian(visitor: Visitor) -> s.Screen:
    assert visitor.chooses(Way.CHILD) == s.TypeNumber(NumberKind.BIRTH_CERTIFICATE)
    assert visitor(ev.TextGiven(" 123/2023 ")) == s.TypeName(s.Whose.CHILD)
    assert visitor(ev.TextGiven("Nguyễn Thị Thử")) == s.TypeBirth(s.Whose.CHILD)
    return visitor(ev.BirthGiven(1, 5, 2023))


def test_a_child_comes_with_the_card_of_its_guardian(visitor: Visitor):
    assert isinstance(to_guardian(visitor), s.GuardianCard)
    assert visitor(ev.GoOn()) == s.EnterNumber(for_guardian=True)
    visitor(ev.NumberKnown(NUMBER, CODE))
    screen = visitor.card_reads()
    assert isinstance(screen, s.Confirm)
    assert screen.for_guardian
    screen = visitor(ev.Confirmed())
    assert isinstance(screen, s.ConfirmDeclared)
    assert screen.person.full_name == "Nguyễn Thị Thử", "the child is shown, not the guardian"
    draft = visitor.slip()
    child = draft.visitor
    assert (child.number, child.number_kind) == ("123/2023", NumberKind.BIRTH_CERTIFICATE)
    assert child.identification is Identification.GUARDIAN
    assert child.assurance is Assurance.TYPED, "the guardian's chip says nothing of the child"
    assert child.guardian is not None
    assert (child.guardian.number, child.guardian.portrait) == (NUMBER, None)
    assert draft.priority is Priority.CHILD_UNDER_6
    assert "guardian" not in draft.missing


@pytest.mark.parametrize("where", ["before the card", "at the number", "an unreadable card", "too many numbers"])
def test_a_guardian_without_a_readable_card_gets_a_slip_for_the_child(visitor: Visitor, where: str):
    to_guardian(visitor)
    if where == "at the number":
        visitor(ev.GoOn())
    elif where == "an unreadable card":
        visitor(ev.NumberKnown(NUMBER))
        visitor.card_fails("access.blocked", Hint.CALL_STAFF)
    elif where == "too many numbers":
        for _ in range(5):
            visitor(ev.NumberKnown(NUMBER))
            screen = visitor.card_fails("access.wrong_key", Hint.REENTER_KEY)
            while isinstance(screen, s.WrongNumber) and screen.wait_seconds:
                screen = visitor(ev.TimerFired(visitor.state.timer))
            visitor(ev.TryAgain())
    assert isinstance(visitor(ev.WithoutChip()), s.ConfirmDeclared)
    draft = visitor.slip()
    assert draft.visitor.guardian is None
    assert "guardian" in draft.missing
    assert draft.visitor.full_name == "Nguyễn Thị Thử"


def grown_up(number: str, year: int) -> ReadResult:
    return ReadResult(dataclasses.replace(somebody(number), date_of_birth=dt.date(year, 2, 3)), Decision.ACCEPT)


def lays_as_guardian(visitor: Visitor, number: str, result: ReadResult) -> CheckInDraft:
    visitor(ev.NumberKnown(number))
    visitor(ev.ReadingProgressed(visitor.state.request, ReadingStep.OPENING, 0, 6))
    visitor(ev.ReadingFinished(visitor.state.request, result), ev.Confirmed())
    return visitor.slip()


def test_the_guardians_card_is_not_taken_for_the_childs(visitor: Visitor):
    """A mother who scans her own card, or types her own number, would be checked in instead of her child."""
    asked = visitor.chooses(Way.CHILD)
    for wrong in (ev.NumberKnown(NUMBER, CODE), ev.NumberKnown(NUMBER), ev.TextGiven(NUMBER)):
        assert visitor(wrong) == s.TypeNumber(NumberKind.BIRTH_CERTIFICATE, s.InputProblem.NOT_A_CHILDS)
    assert isinstance(asked, s.TypeNumber)
    assert visitor(ev.TextGiven("040323000017")) == s.TypeName(s.Whose.CHILD)


def test_a_child_with_a_chip_card_just_scans_it(visitor: Visitor):
    visitor.chooses(Way.CHILD)
    assert isinstance(visitor(ev.NumberKnown("040323000017")), s.PlaceCard)
    visitor.card_reads("040323000017")
    screen = visitor.state.screen
    assert isinstance(screen, s.Confirm)
    assert not screen.for_guardian


def test_the_childs_own_card_is_no_guardians(visitor: Visitor):
    visitor.chooses(Way.CHILD)
    visitor(ev.TextGiven("040323000017"), ev.TextGiven("Nguyễn Thị Thử"), ev.BirthGiven(1, 5, 2023))
    draft = lays_as_guardian(visitor, "040323000017", grown_up("040323000017", 2023))
    assert draft.visitor.guardian is None
    assert draft.visitor.identification is Identification.TYPED
    assert "guardian" in draft.missing


def test_a_number_that_the_guardians_chip_claims_is_not_stored_as_the_childs(visitor: Visitor):
    to_guardian(visitor)
    declared = visitor.state.visit
    assert declared is not None
    assert declared.declared is not None
    number = "040308000017"  # born in 2008: of age, or nearly so, whatever the year in the number lets through
    child = dataclasses.replace(declared.declared, number=number, number_kind=NumberKind.CITIZEN)
    visitor.state = dataclasses.replace(visitor.state, visit=dataclasses.replace(declared, declared=child))
    draft = lays_as_guardian(visitor, number, grown_up(number, 2008))
    assert (draft.visitor.number, draft.visitor.number_kind) == ("", NumberKind.NONE)
    assert draft.visitor.guardian is not None
    assert "number" in draft.missing


@pytest.mark.parametrize(("born", "missing"), [(1985, False), (2012, True)])
def test_a_child_is_brought_by_somebody_of_age(visitor: Visitor, born: int, missing: bool):
    to_guardian(visitor)
    draft = lays_as_guardian(visitor, NUMBER, grown_up(NUMBER, born))
    assert draft.visitor.guardian is not None, "the counter sees who came"
    assert ("guardian" in draft.missing) is missing


def test_another_grown_ups_card_may_be_laid_down_instead(visitor: Visitor):
    to_guardian(visitor)
    visitor(ev.NumberKnown(NUMBER))
    visitor.card_reads()
    assert visitor(ev.NotMe()) == s.EnterNumber(for_guardian=True)
    assert visitor.state.visit is not None
    assert visitor.state.visit.reading is None
    visitor(ev.NumberKnown("040155000029"))
    visitor.card_reads("040155000029")
    visitor(ev.Confirmed())
    draft = visitor.slip()
    assert draft.visitor.guardian is not None
    assert draft.visitor.guardian.number == "040155000029"


# ----------------------------------------------------------------------------------------- passports
def test_a_scanned_passport_is_opened_by_its_lines_and_held_against_them(visitor: Visitor):
    assert visitor.chooses(Way.PASSPORT) == s.TypeNumber(NumberKind.DOCUMENT)
    assert isinstance(visitor(ev.MrzGiven(MRZ)), s.PlaceCard)
    (start,) = [effect for effect in visitor.effects if isinstance(effect, fx.StartReading)]
    assert isinstance(start.key, MrzText)
    assert isinstance(visitor.card_reads("X00000000"), s.WrongNumber), "another passport"
    assert visitor(ev.TryAgain()) == s.TypeNumber(NumberKind.DOCUMENT, given=PASSPORT)
    visitor(ev.MrzGiven(MRZ))
    assert isinstance(visitor.card_reads(PASSPORT), s.Confirm)
    assert isinstance(visitor(ev.Confirmed()), s.LookingUp)
    assert not [effect for effect in visitor.effects if isinstance(effect, fx.LookUpInsurance)]
    (question,) = [effect.query for effect in visitor.effects if isinstance(effect, fx.LookUpPatient)]
    assert question.number == PASSPORT


def test_a_scanned_passport_begins_at_once(visitor: Visitor):
    assert isinstance(visitor(ev.MrzGiven(MRZ)), s.PlaceCard)


@pytest.mark.parametrize("at", ["the first screen", "the passport's number"])
def test_lines_that_cannot_be_those_of_a_passport_lead_to_typing(visitor: Visitor, at: str):
    if at == "the passport's number":
        visitor.chooses(Way.PASSPORT)
    slip = MRZ.replace("L898902C36", "L898902C35")
    no_number = MRZ.replace("L898902C36", "<<<<<<<<<0")
    for text in (slip, no_number, "", "P<", "x" * 10_000, "\n" * 50, "Đ" * 44 + "\n" + "Đ" * 44):
        assert visitor(ev.MrzGiven(text)) == s.TypeNumber(NumberKind.DOCUMENT, s.InputProblem.SCAN_UNREADABLE)
    assert visitor(ev.TextGiven("l898 902 c3")) == s.TypeBirth(s.Whose.HOLDER)


def test_a_passport_without_a_readable_chip(visitor: Visitor):
    visitor.chooses(Way.PASSPORT)
    visitor(ev.MrzGiven(MRZ))
    visitor.card_fails("card.not_supported", Hint.NOT_SUPPORTED)
    assert isinstance(visitor(ev.WithoutChip()), s.ConfirmDeclared)
    visited = visitor.slip().visitor
    assert (visited.number, visited.number_kind) == (PASSPORT, NumberKind.DOCUMENT)
    assert (visited.full_name, visited.nationality) == ("ERIKSSON ANNA MARIA", "UTO")
    assert visited.date_of_birth == dt.date(1974, 8, 12)


@pytest.mark.parametrize("begins", ["from the list", "with a bad scan"])
def test_a_foreigner_without_the_passport_types_the_name(visitor: Visitor, begins: str):
    if begins == "from the list":
        visitor.chooses(Way.PASSPORT)
    else:
        visitor(ev.MrzGiven("P<"))
    assert isinstance(visitor(ev.Skipped()), s.TypeName)
    visitor(ev.TextGiven("Anna Maria Eriksson"), ev.BirthGiven(12, 8, 1974))
    visited = visitor.slip().visitor
    assert (visited.number, visited.number_kind) == ("", NumberKind.NONE)


def test_a_citizens_card_in_a_document_reader_is_opened_by_its_number(visitor: Visitor):
    zone = "IDVNM0850000179040085000017<<1\n8502038M4502030VNM<<<<<<<<<<<6\nNGUYEN<<VAN<AN<<<<<<<<<<<<<<<<"
    visitor(ev.MrzGiven(zone))
    (start,) = [effect for effect in visitor.effects if isinstance(effect, fx.StartReading)]
    assert not isinstance(start.key, MrzText)
    assert start.key.digits == NUMBER


# ----------------------------------------------------------------------------------------- in general
def test_what_was_typed_is_put_right_with_nothing_lost(visitor: Visitor):
    visitor.chooses(Way.OLD_CARD)
    visitor(ev.TextGiven("181234567"), ev.TextGiven("Nguyễn Văn Am"), ev.BirthGiven(3, 2, 1985))
    assert visitor(ev.NotMe()) == s.TypeNumber(NumberKind.OLD_CARD, given="181234567")
    assert visitor(ev.TextGiven("181234567")) == s.TypeName(given="Nguyễn Văn Am")
    born = visitor(ev.TextGiven("Nguyễn Văn An"))
    assert isinstance(born, s.TypeBirth)
    assert born.given is not None
    assert (born.given.date_of_birth, born.given.birth_year) == (dt.date(1985, 2, 3), 1985)
    visitor(ev.BirthGiven(3, 2, 1985))
    draft = visitor.slip()
    assert (draft.visitor.number, draft.visitor.full_name) == ("181234567", "Nguyễn Văn An")


def test_a_number_that_is_not_mine_after_all_can_be_taken_away(visitor: Visitor):
    visitor.chooses(Way.OLD_CARD)
    visitor(ev.TextGiven("181234567"), ev.TextGiven(NAME), ev.BirthGiven(3, 2, 1985), ev.NotMe())
    visitor(ev.Skipped(), ev.TextGiven(NAME), ev.BirthGiven(None, None, 1985))
    draft = visitor.slip()
    assert (draft.visitor.number, draft.visitor.number_kind) == ("", NumberKind.NONE)
    assert draft.visitor.date_of_birth is None


def test_a_typed_passport_without_a_chip_is_put_right_too(visitor: Visitor):
    visitor.chooses(Way.PASSPORT)
    visitor(ev.TextGiven("C1234567"), ev.BirthGiven(12, 8, 1974), ev.WithoutChip(), ev.TextGiven("Anna Eriksson"))
    assert visitor(ev.NotMe()) == s.TypeNumber(NumberKind.DOCUMENT, given="C1234567")
    assert visitor(ev.TextGiven("C7654321")) == s.TypeName(given="Anna Eriksson")
    visitor(ev.TextGiven("Anna Eriksson"), ev.BirthGiven(12, 8, 1974))
    assert visitor.slip().visitor.number == "C7654321"


def test_a_childs_data_are_put_right_and_its_guardian_is_not_asked_for_again(visitor: Visitor):
    to_guardian(visitor)
    visitor(ev.NumberKnown(NUMBER, CODE))
    visitor.card_reads()
    visitor(ev.Confirmed(), ev.NotMe())
    visitor(ev.TextGiven("123/2023"), ev.TextGiven("Nguyễn Thị Thư"))
    assert isinstance(visitor(ev.BirthGiven(1, 5, 2023)), s.ConfirmDeclared)
    draft = visitor.slip()
    assert draft.visitor.full_name == "Nguyễn Thị Thư"
    assert draft.visitor.guardian is not None


def test_a_code_that_names_somebody_else_leaves_nothing_behind(visitor: Visitor):
    visitor.chooses(Way.PHONE)
    visitor(ev.NumberKnown(NUMBER, CODE))
    assert visitor(ev.NotMe()) == s.OtherWays()
    assert visitor.state.visit is None


def test_late_words_of_a_given_up_card_change_nothing(visitor: Visitor):
    visitor(ev.NumberKnown(NUMBER, CODE))
    request = visitor.state.request
    assert isinstance(visitor(ev.WithoutChip()), s.ConfirmDeclared)
    assert fx.CancelReading() in visitor.effects
    before = visitor.state
    visitor(ev.ReadingFinished(request, ReadResult(somebody(), Decision.ACCEPT)))
    assert visitor.state == before


def test_a_person_of_unlikely_words_is_asked_again_and_again(visitor: Visitor):
    visitor.chooses(Way.NO_CARD)
    for text in ("", " ", "1", "A", "Nguyễn 2", "a\u202eb c", "<b>An</b>", "x" * 101):
        screen = visitor(ev.TextGiven(text))
        assert isinstance(screen, s.TypeName)
        assert screen.problem is not None, text
    visitor(ev.TextGiven("O’Neill-Trần Thị"))
    for day, month, year in ((31, 2, 1990), (None, 2, 1990), (0, 0, 0), (1, 1, 3000), (1, 1, 1800), (None, None, -5)):
        screen = visitor(ev.BirthGiven(day, month, year))
        assert isinstance(screen, s.TypeBirth)
        assert screen.problem is not None
    assert isinstance(visitor(ev.BirthGiven(29, 2, 2000)), s.ConfirmDeclared)


def test_a_ticket_never_shows_what_a_slip_shows(visitor: Visitor):
    visitor.chooses(Way.NO_CARD)
    visitor(ev.TextGiven(NAME), ev.BirthGiven(3, 2, 1985))
    draft = visitor.slip()
    ticket = dataclasses.replace(ticket_of(draft))
    assert NAME not in repr(ticket)
    assert NAME not in repr(visitor.state)
