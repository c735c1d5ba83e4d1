"""One state for each screen and each of its variants, with invented people. Used by the tests and the contact sheet."""

from __future__ import annotations

import datetime as dt
import io
import uuid

from PIL import Image, ImageDraw

from crypto.errors import Hint
from kiosk_ui.app.domain.check_in import Ticket
from kiosk_ui.app.domain.departments import DEFAULT_DEPARTMENTS
from kiosk_ui.app.domain.insurance import Eligibility, EligibilityKind
from kiosk_ui.app.domain.reading import ReadingStep
from kiosk_ui.app.flows import screens as s
from reader.verification.identity import Assurance

LONG_NAME = "Tôn Nữ Hoàng Nguyễn Thuỵ Khuê Phương Uyển"


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


def ticket(*, unverified: bool = False, at_counter: bool = False) -> Ticket:
    return Ticket(
        uuid.UUID(int=1), "G012", "Tai Mũi Họng", "Ear, nose and throat", "Tầng 2, phòng 208", "Floor 2, room 208",
        dt.datetime(2026, 3, 2, 8, 15, tzinfo=dt.timezone(dt.timedelta(hours=7))), unverified, at_counter,
    )  # fmt: skip


def eligibility(kind: EligibilityKind, code: str = "000") -> Eligibility:
    valid = kind in (EligibilityKind.OK, EligibilityKind.OK_NEWCARD)
    return Eligibility(kind, code, valid_until=dt.date(2026, 12, 31) if valid else None)


def problem(code: str, hint: Hint, retry: s.Retry = s.Retry.READ_AGAIN) -> s.Problem:
    return s.Problem(code, hint, retry, "3")


_SCREENS: dict[str, s.Screen] = {
    "welcome": s.Welcome(),
    "enter_number": s.EnterNumber(),
    "enter_number_scan_unreadable": s.EnterNumber(s.NumberProblem.SCAN_UNREADABLE),
    "enter_number_not_12_digits": s.EnterNumber(s.NumberProblem.NOT_12_DIGITS),
    "place_card": s.PlaceCard(),
    **{f"reading_{each.value}": s.Reading(each, each.value - 1) for each in ReadingStep},
    "card_lifted": s.CardLifted(),
    "wrong_number": s.WrongNumber(4),
    "wrong_number_wait": s.WrongNumber(2, 10),
    "confirm": confirm(),
    "confirm_long_name": confirm(LONG_NAME),
    "confirm_issuer_not_verified": confirm(proof=s.Proof.ISSUER_NOT_VERIFIED),
    "confirm_no_photo": confirm("Y Blŏ Kbuôr", portrait=None),
    "refused": s.Refused("3", ("chip_authentication.failed", "data_group_hash.DG13.differs")),
    "looking_up": s.LookingUp(),
    **{
        f"insurance_notice_{kind.value}": s.InsuranceNotice(eligibility(kind, code), "3")
        for kind, code in (
            (EligibilityKind.OK_MANUAL, "001"),
            (EligibilityKind.INVALID, "010"),
            (EligibilityKind.NOT_FOUND, "050"),
            (EligibilityKind.BAD_INPUT, "051"),
            (EligibilityKind.MISMATCH_NAME, "060"),
            (EligibilityKind.MISMATCH_DOB, "070"),
            (EligibilityKind.SPECIAL, "130"),
        )
    },
    **{
        f"choose_department_{kind.value}": s.ChooseDepartment(DEFAULT_DEPARTMENTS, eligibility(kind, code))
        for kind, code in (
            (EligibilityKind.OK, "000"),
            (EligibilityKind.OK_NEWCARD, "003"),
            (EligibilityKind.MISMATCH_NAME, "060"),
            (EligibilityKind.UNAVAILABLE, "relay.unreachable"),
        )
    },
    "saving": s.Saving(),
    "ticket_printing": s.TicketReady(ticket()),
    "ticket": s.TicketReady(ticket(), s.Printing.DONE),
    "ticket_unverified": s.TicketReady(ticket(unverified=True), s.Printing.DONE),
    "ticket_at_counter": s.TicketReady(ticket(at_counter=True), s.Printing.DONE),
    "ticket_no_paper": s.TicketReady(ticket(unverified=True), s.Printing.FAILED),
    "problem_retry_card": problem("card.link_failed", Hint.RETRY_CARD),
    "problem_reenter_key": problem("can.malformed", Hint.REENTER_KEY),
    "problem_call_staff": problem("card.in_use", Hint.CALL_STAFF, s.Retry.NONE),
    "problem_retry_later": problem("store.unavailable", Hint.RETRY_LATER, s.Retry.SAVE_AGAIN),
    "problem_not_supported": problem("card.not_an_identity_card", Hint.NOT_SUPPORTED),
    "problem_reader": problem("reader.not_found", Hint.CALL_STAFF),
    "problem_too_many_tries": problem("kiosk.too_many_tries", Hint.CALL_STAFF, s.Retry.NONE),
}

SAMPLES: dict[str, s.CheckInState] = {name: s.CheckInState(screen=screen) for name, screen in _SCREENS.items()}
SAMPLES["staff_called"] = s.CheckInState(screen=s.PlaceCard(), overlay=s.StaffCalled("3"))
SAMPLES["timeout_warning"] = s.CheckInState(screen=confirm(), overlay=s.TimeoutWarning(18, s.Confirm.name))
