"""From the first touch to the ticket, with everything real but the card and the insurer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest

from emulator.cards import catalogue
from kiosk_ui.app.domain.reading import ReadingStep
from kiosk_ui.bootstrap.emulated import number_of
from kiosk_ui.qt.application import KioskApplication
from tests.ui.ui_reception import LONGEST_S, Reception

OpenKiosk = Callable[..., KioskApplication]


def stored(reception: Reception):
    today = dt.datetime.now(dt.UTC).astimezone(dt.timezone(dt.timedelta(hours=7))).date()
    return reception.kiosk.check_ins.of_day(today)


@pytest.mark.parametrize(
    ("language", "landscape"),
    [
        pytest.param("vi", False, id="vi-portrait"),
        pytest.param("en", True, id="en-landscape"),
        pytest.param("vi", True, id="vi-landscape", marks=pytest.mark.slow),
        pytest.param("en", False, id="en-portrait", marks=pytest.mark.slow),
    ],
)
def test_touch_to_ticket(open_kiosk: OpenKiosk, tmp_path: Path, language: str, landscape: bool) -> None:
    with Reception(open_kiosk(landscape=landscape), tmp_path) as patient:
        if language == "en":
            patient.finger.touch("English")
            assert "Check in with your ID card" in patient.words_on_screen()
        patient.touch("welcome.primary")
        patient.reach("enter_number")
        if language == "vi":
            patient.scan("an")
        else:
            patient.type_number("an")
        patient.reach("place_card")
        patient.tray.lay("an")
        patient.reach("confirm")
        shown = patient.words_on_screen()
        assert "Nguyễn Văn An" in shown
        assert "040 *** *** 017" in shown
        assert number_of("an") not in shown.replace(" ", "")
        assert patient.word("confirm.genuine").replace("\u00a0", " ") in shown
        has_photo = lambda: str(patient.value("portraitSource")).startswith("image://portrait/")  # noqa: E731
        assert patient.finger.wait_for(has_photo, LONGEST_S), "decoded beside the screen, which does not wait for it"
        patient.touch("confirm.primary")
        patient.reach("choose_department")
        patient.finger.touch("Tai Mũi Họng" if language == "vi" else "Ear, nose and throat")
        patient.reach("ticket_ready")
        assert patient.finger.wait_for(lambda: patient.value("printing") == "done", LONGEST_S)
        number = patient.value("ticketNumber")
        ticket_words = patient.words_on_screen()
        assert str(number) in ticket_words
        assert ("Xin giữ thẻ" if language == "vi" else "Keep your card") in ticket_words
        assert "Nguyễn" not in ticket_words
        patient.touch("ticket.primary")
        patient.reach("welcome")
        (row,) = stored(patient)
        assert (row.queue_label, row.department, row.assurance) == (number, "tai_mui_hong", "chip_verified")
        assert row.insurance_outcome == "valid"
        assert len(list((tmp_path / "tickets").glob("ticket-G001-*.pdf"))) == 1
        assert len(list((tmp_path / "tickets").glob("ticket-G001-*.png"))) == 1


def test_a_card_taken_too_early_is_asked_for_again_and_reading_goes_on(open_kiosk: OpenKiosk, tmp_path: Path) -> None:
    with Reception(open_kiosk(), tmp_path) as patient:
        patient.scan("quy")  # a scan on the welcome screen begins by itself
        patient.reach("place_card")
        patient.lift_at = ReadingStep.PHOTO
        patient.tray.lay("quy")
        patient.reach("card_lifted")
        assert "Thẻ đã bị nhấc ra" in patient.words_on_screen()
        patient.tray.lay("quy")
        patient.reach("confirm")
        assert "Đặng Thị Quý" in patient.words_on_screen()


def test_a_wrong_number_leads_back_to_typing(open_kiosk: OpenKiosk, tmp_path: Path) -> None:
    with Reception(open_kiosk(), tmp_path) as patient:
        patient.touch("welcome.primary")
        patient.reach("enter_number")
        patient.type_number("quy")
        patient.tray.lay("an")
        patient.reach("wrong_number")
        patient.touch("wrong_number.primary")
        patient.reach("enter_number")
        patient.type_number("an")
        patient.reach("confirm")


def test_a_passport_that_nobody_scans_is_typed_put_right_and_opened(open_kiosk: OpenKiosk, tmp_path: Path) -> None:
    lines = next(each.mrz for each in catalogue(laboratory=True) if each.name == "passport-td3")
    number, born, last = lines[1][:9].rstrip("<"), lines[1][13:19], lines[1][21:27]
    with Reception(open_kiosk(), tmp_path) as patient:

        def answers(*touched: str, then: str) -> None:
            assert patient.finger.wait_for(lambda: not patient.shown.view_model.is_fresh, 10)
            for key in touched:
                patient.finger.touch(key)
            patient.reach(then)

        go_on = patient.word("enter_number.primary")
        year = "20" if int(born[:2]) < 26 else "19"
        answers(patient.word("welcome.secondary"), then="other_ways")
        answers(patient.word("other_ways.passport"), then="type_number")
        answers(*number[:-1], "0" if number[-1] != "0" else "1", go_on, then="type_birth")
        answers(*born[4:], *born[2:4], *year, *born[:2], go_on, then="type_expiry")
        answers(*last[4:], *last[2:4], *"20", *last[:2], go_on, then="place_card")
        patient.tray.lay("passport-td3")
        patient.reach("wrong_number")
        answers(patient.word("wrong_number.primary_passport"), then="check_document")
        shown = number[:-1] + ("0" if number[-1] != "0" else "1")
        answers(f"{patient.word('check_document.number')}\n{shown}", then="type_number")
        answers(patient.word("enter_number.delete"), number[-1], go_on, then="check_document")
        answers(patient.word("check_document.primary"), then="confirm")
        assert number not in patient.words_on_screen(), "masked, as soon as the chip has said it"


def test_somebody_else_s_card_is_put_away_at_once(open_kiosk: OpenKiosk, tmp_path: Path) -> None:
    with Reception(open_kiosk(), tmp_path) as patient:
        patient.scan("an")
        patient.reach("place_card")
        patient.tray.lay("an")
        patient.reach("confirm")
        patient.touch("confirm.secondary")
        patient.reach("enter_number")
        assert "Nguyễn" not in patient.words_on_screen()
        assert stored(patient) == []


@pytest.mark.parametrize("name", ["copied", "changed"])
def test_a_card_that_is_not_genuine_is_refused_and_nothing_is_stored(
    open_kiosk: OpenKiosk, tmp_path: Path, name: str
) -> None:
    with Reception(open_kiosk(), tmp_path) as patient:
        patient.scan(name)
        patient.reach("place_card")
        patient.tray.lay(name)
        patient.reach("refused")
        words = patient.words_on_screen()
        assert "Không xác nhận được thẻ này" in words
        assert "quầy số 3" in words
        assert "Dừng lại" in words  # a word, not the colour alone
        patient.touch("refused.primary")
        patient.reach("welcome")
        assert stored(patient) == []


def test_an_unknown_issuer_is_admitted_and_said_so(open_kiosk: OpenKiosk, tmp_path: Path) -> None:
    with Reception(open_kiosk(), tmp_path) as patient:
        patient.scan("unknown-csca")
        patient.reach("place_card")
        patient.tray.lay("unknown-csca")
        patient.reach("confirm")
        assert "Đã đọc thẻ, chưa kiểm tra được nơi cấp" in patient.words_on_screen()


def test_with_the_relay_down_the_patient_is_admitted_and_the_insurer_asked_later(
    open_kiosk: OpenKiosk, tmp_path: Path
) -> None:
    with Reception(open_kiosk(), tmp_path) as patient:
        patient.relay.stop()
        patient.scan("hbli")
        patient.reach("place_card")
        patient.tray.lay("hbli")
        patient.reach("confirm")
        patient.touch("confirm.primary")
        patient.reach("choose_department")
        assert "Quý khách vẫn được khám" in patient.words_on_screen()
        patient.finger.touch("Mắt")
        patient.reach("ticket_ready")
        assert "Bảo hiểm sẽ kiểm tra sau" in patient.words_on_screen()
        (row,) = stored(patient)
        assert row.insurance_outcome == "unverified"
        patient.relay.start()
        patient.kiosk.outbox.run_once(dt.datetime.now(dt.UTC) + dt.timedelta(minutes=10))
        (row,) = stored(patient)
        assert row.insurance_outcome == "valid"


def test_a_child_without_a_photo_is_shown_without_one(open_kiosk: OpenKiosk, tmp_path: Path) -> None:
    with Reception(open_kiosk(), tmp_path) as patient:
        patient.scan("child-2024")
        patient.reach("place_card")
        patient.tray.lay("child-2024")
        patient.reach("confirm")
        assert patient.value("portraitSource") == ""
        assert "Thẻ không có ảnh" in patient.words_on_screen()


def test_slow_fingers_count_too(open_kiosk: OpenKiosk, tmp_path: Path) -> None:
    """The first touch of a while restarts the time-out, which must not take the tile away from under the finger."""
    with Reception(open_kiosk(), tmp_path) as patient:
        patient.scan("an")
        patient.reach("place_card")
        patient.tray.lay("an")
        patient.reach("confirm")
        patient.finger.wait_for(lambda: False, 1.2)
        patient.finger.touch(patient.word("confirm.primary"), hold_ms=600)
        patient.reach("choose_department")
        patient.finger.wait_for(lambda: False, 1.2)
        patient.finger.touch("Nhi", hold_ms=600)
        patient.reach("ticket_ready")


def test_staff_can_be_called_and_the_visit_goes_on_below(open_kiosk: OpenKiosk, tmp_path: Path) -> None:
    with Reception(open_kiosk(), tmp_path) as patient:
        patient.touch("welcome.primary")
        patient.reach("enter_number")
        patient.finger.touch("1")
        patient.touch("common.call_staff")
        assert patient.finger.wait_for(lambda: patient.value("overlay") == "staff_called", LONGEST_S)
        assert "Đã gọi nhân viên" in patient.words_on_screen()
        patient.touch("staff_called.primary")
        assert patient.finger.wait_for(lambda: patient.value("overlay") == "", LONGEST_S)
        assert "Đã nhập 1 trong 12 số" in {each.name for each in patient.finger.seen()}


def test_a_code_that_is_no_card_s_is_said_so_and_keys_still_work(open_kiosk: OpenKiosk, tmp_path: Path) -> None:
    with Reception(open_kiosk(), tmp_path) as patient:
        patient.touch("welcome.primary")
        patient.reach("enter_number")
        patient.line.scan("https://menu.example/table/7")
        assert patient.finger.wait_for(lambda: patient.value("numberProblem") == "scan_unreadable", LONGEST_S)
        patient.type_number("an")
        patient.reach("place_card")
