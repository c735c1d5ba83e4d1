"""One state for each screen and each of its variants, with invented people. Used by the tests and the contact sheets.

A screen of the flow that has no sample here fails a test: whoever adds one adds its samples.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import io
import uuid
from collections.abc import Mapping

from PIL import Image, ImageDraw

from crypto.errors import Hint
from kiosk_ui.app.domain.check_in import Missing, Slip, Ticket, TicketKind
from kiosk_ui.app.domain.departments import DEFAULT_DEPARTMENTS
from kiosk_ui.app.domain.identification import Identification
from kiosk_ui.app.domain.insurance import Eligibility, EligibilityKind, InsuranceExit
from kiosk_ui.app.domain.mrz_text import MrzText
from kiosk_ui.app.domain.patient import Appointment
from kiosk_ui.app.domain.priority import Priority
from kiosk_ui.app.domain.reading import ReadingStep
from kiosk_ui.app.domain.travel_document import TravelDocument
from kiosk_ui.app.domain.visitor import NumberKind
from kiosk_ui.app.flows import screens as s
from kiosk_ui.qt.application import QML_FOLDER
from reader.verification.identity import Assurance

LONG_NAME = "Tôn Nữ Hoàng Nguyễn Thuỵ Khuê Phương Uyển"
HERE = dt.timezone(dt.timedelta(hours=7))


def drawn_portrait() -> bytes:
    """A face of two shapes as JPEG: no photograph of anybody."""
    image = Image.new("RGB", (360, 480), "#cfdfe4")
    draw = ImageDraw.Draw(image)
    draw.ellipse((40, 330, 320, 640), fill="#2f8f9d")
    draw.ellipse((105, 110, 255, 330), fill="#e3b48e")
    draw.chord((95, 90, 265, 270), 180, 360, fill="#2a2524")
    out = io.BytesIO()
    image.save(out, "JPEG", quality=80)
    return out.getvalue()


PORTRAIT = drawn_portrait()


def confirm(
    name: str = "Nguyễn Văn An", *, proof: s.Proof = s.Proof.GENUINE, portrait: bytes | None = PORTRAIT
) -> s.Confirm:
    assurance = Assurance.CHIP_VERIFIED if proof is s.Proof.GENUINE else Assurance.CHIP_READ
    return s.Confirm(s.PersonShown(name, "040 *** *** 017", dt.date(1985, 2, 3), portrait), proof, assurance)


def declared(
    name: str = "Lê Thị Bình", *, number: str = "123 *** 789", how: Identification = Identification.TYPED
) -> s.ConfirmDeclared:
    return s.ConfirmDeclared(s.PersonShown(name, number, None, None, birth_year=1948), how)


def ticket(
    *,
    unverified: bool = False,
    at_counter: bool = False,
    priority: Priority = Priority.NONE,
    wait_minutes: int | None = 25,
    way: bool = True,
) -> Ticket:
    return Ticket(
        uuid.UUID(int=1), "G012", "Tai Mũi Họng", "Ear, nose and throat", "Tầng 2, phòng 208", "Floor 2, room 208",
        dt.datetime(2026, 3, 2, 8, 15, tzinfo=HERE), unverified, at_counter,
        priority=priority, wait_minutes=wait_minutes,
        way_vi="Lên thang máy B, rẽ trái" if way else "", way_en="Take lift B, turn left" if way else "",
    )  # fmt: skip


def slip(*reasons: Missing, name: str = "Lê Thị Bình", number: str = "123 *** 789") -> Ticket:
    held = Slip(name, number, "1948", tuple(each.value for each in reasons), "3", "7K3QX9TA")
    return Ticket(
        uuid.UUID(int=2), "Q007", "Quầy tiếp đón", "Reception counter", "Quầy số 3", "Counter 3",
        dt.datetime(2026, 3, 2, 8, 15, tzinfo=HERE), False, True,
        kind=TicketKind.COUNTER, wait_minutes=5, slip=held,
    )  # fmt: skip


def eligibility(kind: EligibilityKind, code: str = "000") -> Eligibility:
    valid = kind in (EligibilityKind.OK, EligibilityKind.OK_NEWCARD)
    return Eligibility(kind, code, valid_until=dt.date(2026, 12, 31) if valid else None)


def problem(code: str, hint: Hint, retry: s.Retry = s.Retry.READ_AGAIN, *, without_chip: bool = False) -> s.Problem:
    return s.Problem(code, hint, retry, "3", without_chip)


# One code of each class of answers, and what stands in its place when there was none.
CODES: Mapping[EligibilityKind, str] = {
    EligibilityKind.OK: "000",
    EligibilityKind.OK_MANUAL: "001",
    EligibilityKind.OK_NEWCARD: "003",
    EligibilityKind.INVALID: "010",
    EligibilityKind.NOT_FOUND: "050",
    EligibilityKind.BAD_INPUT: "051",
    EligibilityKind.CONFIG: "054",
    EligibilityKind.MISMATCH_NAME: "060",
    EligibilityKind.MISMATCH_DOB: "070",
    EligibilityKind.RETRY: "100",
    EligibilityKind.SPECIAL: "130",
    EligibilityKind.REAUTH: "401",
    EligibilityKind.UNAVAILABLE: "relay.unreachable",
    EligibilityKind.NOT_ASKED: "insurance.no_number",
}


def insurer(kind: EligibilityKind) -> tuple[str, s.Screen]:
    """The first screen after the insurer's answer of that class."""
    said = eligibility(kind, CODES[kind])
    match said.exit:
        case InsuranceExit.CONFIRM_AT_COUNTER:
            return f"insurance_notice_{kind.value}", s.InsuranceNotice(said, "3")
        case InsuranceExit.CHOOSE:
            return f"insurance_choice_{kind.value}", s.InsuranceChoice(said, "3")
        case _:
            return f"choose_department_{kind.value}", s.ChooseDepartment(DEFAULT_DEPARTMENTS, said)


INSURED = eligibility(EligibilityKind.OK)
APPOINTMENT = Appointment("a-1", "tai_mui_hong", dt.datetime(2026, 3, 2, 9, 30, tzinfo=HERE), "BS. Trần Mẫu")
_EAR = next(each for each in DEFAULT_DEPARTMENTS if each.code == "tai_mui_hong")

_CARD: dict[str, s.Screen] = {
    "welcome": s.Welcome(),
    "enter_number": s.EnterNumber(),
    "enter_number_scan_unreadable": s.EnterNumber(s.NumberProblem.SCAN_UNREADABLE),
    "enter_number_not_12_digits": s.EnterNumber(s.NumberProblem.NOT_12_DIGITS),
    "enter_number_guardian": s.EnterNumber(for_guardian=True),
    "place_card": s.PlaceCard(),
    **{f"reading_{each.value}": s.Reading(each, each.value - 1) for each in ReadingStep},
    "card_lifted": s.CardLifted(),
    "wrong_number": s.WrongNumber(4),
    "wrong_number_wait": s.WrongNumber(2, 10),
    "wrong_number_without_chip": s.WrongNumber(2, without_chip=True),
    "confirm": confirm(),
    "confirm_long_name": confirm(LONG_NAME),
    "confirm_issuer_not_verified": confirm(proof=s.Proof.ISSUER_NOT_VERIFIED),
    "confirm_no_photo": confirm("Y Blŏ Kbuôr", portrait=None),
    "confirm_photo_unreadable": confirm(portrait=b"\xff\xd8\xff\xe0 no picture"),
    "confirm_guardian": dataclasses.replace(confirm("Hoàng Thị Quý"), for_guardian=True),
    "refused": s.Refused("3", ("chip_authentication.failed", "data_group_hash.DG13.differs")),
}

TYPED_PASSPORT = TravelDocument("L898902C3", dt.date(1974, 8, 12), 1974, dt.date(2032, 4, 15))
"""As the specimen of Doc 9303-4, but for the last day."""
TODAY = dt.date(2026, 3, 2)

_OTHER_WAYS: dict[str, s.Screen] = {
    "other_ways": s.OtherWays(),
    "emergency": s.Emergency("Khoa Cấp cứu, cổng số 2", "Emergency department, gate 2"),
    **{
        f"type_number_{kind.value}": s.TypeNumber(kind)
        for kind in (NumberKind.OLD_CARD, NumberKind.CITIZEN, NumberKind.BIRTH_CERTIFICATE, NumberKind.DOCUMENT)
    },
    "type_number_problem": s.TypeNumber(NumberKind.OLD_CARD, s.InputProblem.NOT_9_OR_12_DIGITS),
    "type_number_not_a_childs": s.TypeNumber(NumberKind.BIRTH_CERTIFICATE, s.InputProblem.NOT_A_CHILDS),
    "type_number_not_a_number": s.TypeNumber(NumberKind.BIRTH_CERTIFICATE, s.InputProblem.NOT_A_NUMBER),
    "type_name": s.TypeName(),
    "type_name_child": s.TypeName(s.Whose.CHILD),
    "type_name_problem": s.TypeName(s.Whose.SELF, s.InputProblem.NOT_A_NAME),
    "type_birth": s.TypeBirth(),
    "type_birth_child": s.TypeBirth(s.Whose.CHILD),
    "type_birth_no_such_day": s.TypeBirth(s.Whose.SELF, s.InputProblem.NO_SUCH_DAY),
    "type_birth_in_the_future": s.TypeBirth(s.Whose.CHILD, s.InputProblem.IN_THE_FUTURE, TODAY),
    "scan_phone": s.ScanPhone(),
    "scan_phone_problem": s.ScanPhone(s.NumberProblem.SCAN_UNREADABLE),
    "scan_phone_guardian": s.ScanPhone(for_guardian=True),
    "guardian_card": s.GuardianCard(),
    "guardian_other_papers": s.OtherWays(for_guardian=True),
    "confirm_declared": declared(),
    "confirm_declared_qr": declared("Nguyễn Văn An", number="040 *** *** 017", how=Identification.QR),
    "confirm_declared_phone": declared("Nguyễn Văn An", number="040 *** *** 017", how=Identification.PHONE),
    "confirm_declared_guardian": declared("Lê Thị Bé", number="", how=Identification.GUARDIAN),
    "confirm_declared_long_name": declared(LONG_NAME, number=""),
}

_INSURANCE: dict[str, s.Screen] = {"looking_up": s.LookingUp(), **dict(insurer(kind) for kind in EligibilityKind)}

_VISIT: dict[str, s.Screen] = {
    "already_checked_in": s.AlreadyCheckedIn(ticket()),
    "appointment": s.AppointmentFound(APPOINTMENT, _EAR),
    "appointment_no_doctor": s.AppointmentFound(dataclasses.replace(APPOINTMENT, doctor=None), _EAR),
    "enter_phone": s.EnterPhone(),
    "enter_phone_problem": s.EnterPhone(s.InputProblem.NOT_A_PHONE),
    "choose_department_counter": s.ChooseDepartment(
        DEFAULT_DEPARTMENTS, eligibility(EligibilityKind.MISMATCH_NAME, "060")
    ),
    **{
        f"choose_department_{each.value}": s.ChooseDepartment(DEFAULT_DEPARTMENTS, INSURED, each)
        for each in Priority
        if each is not Priority.NONE
    },
    "ask_priority": s.AskPriority(),
}

_NUMBER: dict[str, s.Screen] = {
    "saving": s.Saving(),
    "take_card": s.TakeCard(),
    "ticket_printing": s.TicketReady(ticket()),
    "ticket": s.TicketReady(ticket(), s.Printing.DONE),
    "ticket_unverified": s.TicketReady(ticket(unverified=True), s.Printing.DONE),
    "ticket_at_counter": s.TicketReady(ticket(at_counter=True), s.Printing.DONE),
    "ticket_no_paper": s.TicketReady(ticket(unverified=True), s.Printing.FAILED),
    "ticket_paper_unknown": s.TicketReady(ticket(unverified=True), s.Printing.UNKNOWN),
    "ticket_bare": s.TicketReady(ticket(wait_minutes=None, way=False), s.Printing.DONE),
    **{
        f"ticket_{each.value}": s.TicketReady(ticket(priority=each), s.Printing.DONE)
        for each in (Priority.AGE, Priority.PREGNANT, Priority.EMERGENCY)
    },
    "ticket_everything": s.TicketReady(
        ticket(unverified=True, at_counter=True, priority=Priority.DISABLED), s.Printing.FAILED
    ),
    "slip_printing": s.SlipReady(slip(Missing.IDENTITY)),
    "slip": s.SlipReady(slip(Missing.IDENTITY, Missing.INSURANCE), s.Printing.DONE),
    "slip_no_paper": s.SlipReady(slip(Missing.IDENTITY, Missing.NAME), s.Printing.FAILED),
    "slip_paper_unknown": s.SlipReady(slip(Missing.IDENTITY, Missing.NAME), s.Printing.UNKNOWN),
    "slip_everything": s.SlipReady(slip(*Missing, name=LONG_NAME), s.Printing.FAILED),
}

_PROBLEMS: dict[str, s.Screen] = {
    "problem_retry_card": problem("card.link_failed", Hint.RETRY_CARD),
    "problem_without_chip": problem("card.link_failed", Hint.RETRY_CARD, without_chip=True),
    "problem_reenter_key": problem("can.malformed", Hint.REENTER_KEY),
    "problem_call_staff": problem("card.in_use", Hint.CALL_STAFF, s.Retry.NONE),
    "problem_retry_later": problem("store.unavailable", Hint.RETRY_LATER, s.Retry.SAVE_AGAIN),
    "problem_not_supported": problem("card.not_an_identity_card", Hint.NOT_SUPPORTED, without_chip=True),
    "problem_reader": problem("reader.not_found", Hint.CALL_STAFF, without_chip=True),
    "problem_too_many_tries": problem("kiosk.too_many_tries", Hint.CALL_STAFF, s.Retry.NONE, without_chip=True),
}

_ZONE = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10"
"""The specimen of Doc 9303-4, appendix B."""
_WITH_A_PASSPORT = s.Visit(key=MrzText.from_text(_ZONE))

_TYPED: dict[str, s.Screen] = {
    "type_document_problem": s.TypeNumber(NumberKind.DOCUMENT, s.InputProblem.NOT_A_DOCUMENTS, "PASSPORT"),
    "type_birth_holder_again": s.TypeBirth(s.Whose.HOLDER, given=TYPED_PASSPORT),
    "type_expiry": s.TypeExpiry(),
    "type_expiry_problem": s.TypeExpiry(s.InputProblem.NOT_AN_EXPIRY, TYPED_PASSPORT),
    "check_document": s.CheckDocument(TYPED_PASSPORT),
    "check_document_long": s.CheckDocument(TravelDocument("AB1234567890123456789", None, 1974, dt.date(2032, 9, 30))),
}

_PASSPORT: dict[str, s.CheckInState] = {
    **{name: s.CheckInState(screen=screen, visit=s.Visit(document=TYPED_PASSPORT)) for name, screen in _TYPED.items()},
    "place_card_passport": s.CheckInState(screen=s.PlaceCard(), visit=_WITH_A_PASSPORT),
    "wrong_number_passport": s.CheckInState(screen=s.WrongNumber(2, without_chip=True), visit=_WITH_A_PASSPORT),
}

_OVERLAYS: dict[str, s.CheckInState] = {
    "staff_called": s.CheckInState(screen=s.PlaceCard(), overlay=s.StaffCalled("3")),
    "timeout_warning": s.CheckInState(screen=confirm(), overlay=s.TimeoutWarning(18, s.Confirm.name)),
    "privacy_notice": s.CheckInState(screen=s.Welcome(), overlay=s.PrivacyNotice()),
}

_GROUPS: Mapping[str, Mapping[str, s.Screen]] = {
    "1-card": _CARD,
    "2-other-ways": _OTHER_WAYS,
    "3-insurance": _INSURANCE,
    "4-visit": _VISIT,
    "5-number": _NUMBER,
    "6-problems": _PROBLEMS,
}
GROUPS: Mapping[str, tuple[str, ...]] = {group: tuple(screens) for group, screens in _GROUPS.items()} | {
    "7-overlays": tuple(_OVERLAYS),
    "8-passport": tuple(_PASSPORT),
}
"""Names of the samples by sheet of the contact sheets."""

ALL: Mapping[str, s.CheckInState] = (
    {name: s.CheckInState(screen=screen) for screens in _GROUPS.values() for name, screen in screens.items()}
    | dict(_OVERLAYS)
    | _PASSPORT
)


def _is_drawn(state: s.CheckInState) -> bool:
    name = (state.overlay or state.screen).name
    return (QML_FOLDER / "checkin" / f"{name.title().replace('_', '')}Screen.qml").is_file()


SAMPLES: Mapping[str, s.CheckInState] = {name: state for name, state in ALL.items() if _is_drawn(state)}
