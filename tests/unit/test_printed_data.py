"""What is printed on a card against its chip: another card's number, QR code or MRZ is noticed, a moved tone is not."""

from __future__ import annotations

import dataclasses
import datetime as dt
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

import reader
from emulator.adapters.inprocess import EmulatedTransport
from emulator.cards import chip_content
from emulator.chip.card import VirtualCard
from emulator.personalise.document import data_groups
from emulator.personalise.profile import load_profile
from reader.cli import read_command
from reader.lds import files
from reader.lds.document import IdDocument, RawDocument
from reader.lds.mrz import Mrz, parse_mrz, parse_scanned_mrz
from reader.scanners.qr import CitizenQr, parse_citizen_qr
from reader.verification.checks import CheckStatus
from reader.verification.printed import (
    Agreement,
    PrintedData,
    PrintedField,
    check_printed_data,
    compare_printed_data,
    is_number_of,
)
from reader.verification.verdict import Decision, VerifiedIdentity
from reader.verification.wording import remark_of
from reader.vietnamese.number import CitizenNumber, parse_number
from tests.unit.reader_cards import NOON, PEOPLE, TRUST, can_of, status_of

TODAY = NOON.date()
QR_FIELDS = {
    "number": "040085000017",
    "old": "181234567",
    "name": "Nguyễn Văn An",
    "born": "03021985",
    "sex": "Nam",
    "address": "Số 5, ngõ 12, Hưng Dũng, Thành phố Vinh, Nghệ An",
    "issued": "10052023",
}


def document(name: str, *without: int) -> IdDocument:
    """The files of a card of the catalogue."""
    groups = {number: octets for number, octets in data_groups(load_profile(name)).items() if number not in without}
    return IdDocument(RawDocument({files.data_group(number): octets for number, octets in groups.items()}))


def qr(**changes: str) -> CitizenQr:
    return parse_citizen_qr("|".join({**QR_FIELDS, **changes}.values()))


def checked(printed: PrintedData, on_chip: IdDocument | None = None) -> tuple[CheckStatus, str]:
    check, _ = check_printed_data(on_chip or document("an"), printed, TODAY)
    return check.status, check.code.removeprefix("printed_data.")


def level(printed: PrintedData, on_chip: IdDocument) -> tuple[Agreement, str]:
    found = compare_printed_data(on_chip, printed, TODAY)
    return next((each.agreement, each.level) for each in found if each.field is PrintedField.NAME)


# ------------------------------------------------------------------------------------ typed number
def test_the_number_on_the_card_is_the_number_on_the_chip() -> None:
    assert checked(PrintedData(number=parse_number("040 085 000 017"))) == (CheckStatus.SUCCESSFUL, "agrees")


@given(st.from_regex(r"[0-9]{6}000017", fullmatch=True).filter(lambda digits: digits != "040085000017"))
def test_another_card_with_the_same_last_six_digits_is_another_card(digits: str) -> None:
    """The chip opens by these six alone."""
    assert checked(PrintedData(number=CitizenNumber(digits))) == (CheckStatus.FAILED, "number_differs")


def test_a_card_of_2024_names_its_number_in_the_mrz_alone() -> None:
    chip = document("can-cuoc-2024")
    assert is_number_of(chip, parse_number(load_profile("can-cuoc-2024").holder.number)) is True
    assert is_number_of(chip, parse_number("040085000017")) is False


def test_a_chip_that_names_no_number_is_compared_with_nothing() -> None:
    nameless = document("an", 1, 13)
    assert is_number_of(nameless, parse_number("040085000017")) is None
    assert checked(PrintedData(number=parse_number("040085000017")), nameless) == (
        CheckStatus.UNDETERMINED,
        "not_comparable",
    )


def test_a_passport_is_not_the_card_with_any_twelve_digits() -> None:
    assert checked(PrintedData(number=parse_number("040085000017")), document("passport-td3")) == (
        CheckStatus.FAILED,
        "number_differs",
    )


def test_a_chip_that_cannot_be_parsed_agrees_with_nothing() -> None:
    broken = IdDocument(RawDocument({files.data_group(1): b"\x61\x02\x5f\x1f"}))
    assert checked(PrintedData(number=parse_number("040085000017")), broken) == (
        CheckStatus.UNDETERMINED,
        "chip_unreadable",
    )


# ----------------------------------------------------------------------------------------- QR code
def test_the_right_code_agrees_in_every_field() -> None:
    found = compare_printed_data(document("an"), PrintedData(qr=qr()), TODAY)
    assert {each.field for each in found} >= {
        PrintedField.NUMBER,
        PrintedField.DATE_OF_BIRTH,
        PrintedField.SEX,
        PrintedField.NAME,
        PrintedField.ADDRESS,
        PrintedField.DATE_OF_ISSUE,
    }
    assert {each.agreement for each in found} == {Agreement.AGREES}


@pytest.mark.parametrize(
    ("changes", "status", "reason"),
    [
        ({"number": "040085000018"}, CheckStatus.FAILED, "number_differs"),
        ({"born": "04021985"}, CheckStatus.FAILED, "date_of_birth_differs"),
        ({"born": "02031985"}, CheckStatus.FAILED, "date_of_birth_differs"),  # day and month the other way round
        ({"sex": "Nữ"}, CheckStatus.FAILED, "sex_differs"),
        ({"issued": "11052023"}, CheckStatus.UNDETERMINED, "date_of_issue_differs"),
        ({"issued": ""}, CheckStatus.SUCCESSFUL, "agrees"),
        ({"name": "Trần Thị Bình"}, CheckStatus.UNDETERMINED, "name_differs"),
        ({"name": "Nguyen Van An"}, CheckStatus.UNDETERMINED, "name_without_marks"),
        ({"name": "Nguyễn Văn Ân"}, CheckStatus.UNDETERMINED, "name_without_marks"),
        ({"name": "NGUYỄN VĂN AN"}, CheckStatus.SUCCESSFUL, "agrees"),
        ({"address": "Phường Trường Vinh, Nghệ An"}, CheckStatus.SUCCESSFUL, "agrees"),  # people move
        ({"old": "999999999"}, CheckStatus.SUCCESSFUL, "agrees"),
    ],
)
def test_what_a_difference_in_the_code_means(changes: dict[str, str], status: CheckStatus, reason: str) -> None:
    assert checked(PrintedData(qr=qr(**changes))) == (status, reason)


def test_the_worst_difference_names_the_check() -> None:
    worse = qr(number="040085000018", name="Trần Thị Bình", born="04021985")
    assert checked(PrintedData(qr=worse)) == (CheckStatus.FAILED, "number_differs")
    assert checked(PrintedData(qr=qr(name="Trần Thị Bình", sex="Nữ"))) == (CheckStatus.FAILED, "sex_differs")


def test_a_scanner_that_loses_letters_slanders_nobody() -> None:
    """In keyboard mode Nữ arrives as N?: number and dates still count, names do not."""
    damaged = qr(sex="N?", name="Nguy?n V?n An", address="S? 5")
    assert not damaged.text_is_intact
    assert checked(PrintedData(qr=damaged)) == (CheckStatus.SUCCESSFUL, "agrees")
    assert level(PrintedData(qr=damaged), document("an"))[0] is Agreement.NOT_COMPARED


@pytest.mark.parametrize(
    ("printed", "agreement", "expected"),
    [
        ("Hoàng Nguyễn Thuý Uyên Phương", Agreement.AGREES, "identical"),
        ("Hoàng Nguyễn Thúy Uyên Phương", Agreement.AGREES, "tone_placement"),
        ("HOÀNG  NGUYỄN THUÝ UYÊN PHƯƠNG", Agreement.AGREES, "identical"),
        ("Hoang Nguyen Thuy Uyen Phuong", Agreement.SIMILAR, "without_marks"),
        ("Hoàng Nguyễn Thuý Uyên", Agreement.DIFFERS, "different"),
    ],
)
def test_names_agree_on_a_step_of_the_ladder(printed: str, agreement: Agreement, expected: str) -> None:
    chip = document("uyen")
    assert chip.full_name == "Hoàng Nguyễn Thuý Uyên Phương"
    assert level(PrintedData(qr=qr(name=printed)), chip) == (agreement, expected)


def test_i_and_y_are_a_step_of_their_own() -> None:
    chip = document("quy")
    assert chip.full_name == "Đặng Thị Quý"
    assert level(PrintedData(qr=qr(name="Đặng Thị Quí")), chip) == (Agreement.SIMILAR, "i_y_variant")


def test_a_chip_without_group_13_has_only_the_letters_of_the_mrz() -> None:
    chip = document("an", 13)
    assert chip.full_name == "NGUYEN VAN AN"
    assert level(PrintedData(qr=qr()), chip) == (Agreement.AGREES, "equal")
    assert level(PrintedData(qr=qr(name="Nguyễn Văn Anh")), chip) == (Agreement.DIFFERS, "different")
    assert checked(PrintedData(qr=qr()), chip) == (CheckStatus.SUCCESSFUL, "agrees")


# --------------------------------------------------------------------------------------------- MRZ
def an_mrz() -> Mrz:
    mrz = document("an").mrz
    assert mrz is not None
    return mrz


def with_mrz(line: int, start: int, text: str) -> Mrz:
    """An's MRZ with other characters somewhere; check digits as they come."""
    lines = list(an_mrz().lines)
    lines[line] = lines[line][:start] + text + lines[line][start + len(text) :]
    return parse_mrz(lines)


def test_the_right_lines_agree() -> None:
    assert checked(PrintedData(mrz=an_mrz())) == (CheckStatus.SUCCESSFUL, "agrees")


@pytest.mark.parametrize(
    ("line", "start", "text", "status", "reason"),
    [
        (0, 5, "085000018", CheckStatus.FAILED, "number_differs"),
        (0, 15, "041", CheckStatus.FAILED, "number_differs"),  # the twelve digits in the optional data
        (1, 0, "850204", CheckStatus.FAILED, "date_of_birth_differs"),
        (1, 8, "460203", CheckStatus.FAILED, "date_of_expiry_differs"),
        (1, 7, "F", CheckStatus.FAILED, "sex_differs"),
        (2, 0, "NGUYEM", CheckStatus.FAILED, "mrz_differs"),
        (0, 0, "I<", CheckStatus.FAILED, "mrz_differs"),
        (1, 15, "LAO", CheckStatus.FAILED, "mrz_differs"),
        (0, 15, "<" * 15, CheckStatus.UNDETERMINED, "optional_data_differs"),
        (1, 0, "85<<<<", CheckStatus.SUCCESSFUL, "agrees"),  # what is not printed differs from nothing
    ],
)
def test_every_element_of_the_mrz_counts(line: int, start: int, text: str, status: CheckStatus, reason: str) -> None:
    assert checked(PrintedData(mrz=with_mrz(line, start, text))) == (status, reason)


def test_an_mrz_without_a_chip_to_compare_with() -> None:
    assert checked(PrintedData(mrz=an_mrz()), document("an", 1)) == (CheckStatus.UNDETERMINED, "not_comparable")


def test_a_scanned_mrz_of_a_camera_is_the_mrz() -> None:
    lines = [line.lower() for line in an_mrz().lines]
    assert checked(PrintedData(mrz=parse_scanned_mrz(lines))) == (CheckStatus.SUCCESSFUL, "agrees")


# ------------------------------------------------------------------------------- nothing personal
def test_neither_repr_nor_remark_shows_what_was_compared() -> None:
    printed = PrintedData(number=parse_number("040085000018"), qr=qr(name="Trần Thị Bình"), mrz=an_mrz())
    check, comparisons = check_printed_data(document("an"), printed, TODAY)
    for shown in (repr(printed), repr(check), repr(comparisons), remark_of(check)):
        for secret in ("040085000018", "040085000017", "Bình", "Nguyễn", "NGUYEN", "1985"):
            assert secret not in shown
    assert repr(printed) == "PrintedData(number, qr, mrz)"


# -------------------------------------------------------------------------------------- a whole card
def read_an(printed: PrintedData | None) -> reader.ReadOutcome:
    with EmulatedTransport(VirtualCard(chip_content("an"))) as card:
        return reader.read(card, can_of("an"), trust=TRUST, now=lambda: NOON, printed=printed)


def test_a_genuine_chip_in_somebody_elses_card_is_refused() -> None:
    outcome = read_an(PrintedData(qr=qr(number="040085000018")))
    assert status_of(outcome, "passive_authentication")[0] is CheckStatus.SUCCESSFUL
    assert outcome.verdict.decision is Decision.REJECT
    assert outcome.verdict.reasons == ("printed_data.number_differs",)
    assert not isinstance(outcome.identity, VerifiedIdentity)


def test_what_agrees_is_kept_field_by_field() -> None:
    outcome = read_an(PrintedData(number=parse_number("040085000017"), qr=qr()))
    assert outcome.verdict.decision is Decision.ACCEPT
    kept = outcome.assessment.printed
    assert {each.source.value for each in kept} == {"number", "qr"}
    assert all(dataclasses.asdict(each).keys() == {"source", "field", "agreement", "level"} for each in kept)


def test_without_anything_printed_there_is_no_such_check() -> None:
    for nothing in (None, PrintedData()):
        outcome = read_an(nothing)
        assert "printed_data" not in {check.check for check in outcome.checks}
        assert outcome.assessment.printed == ()
        assert outcome.verdict.decision is Decision.ACCEPT


# ------------------------------------------------------------------------------------ command line
TEXT = "|".join(QR_FIELDS.values())


def test_the_code_alone_opens_the_card_and_is_compared(capsys: pytest.CaptureFixture[str]) -> None:
    assert read_command(["--emulated", "an", "--qr", TEXT]) == 0
    assert "printed_data" in capsys.readouterr().out


def test_scripts_get_every_field_with_its_step_and_what_was_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    assert read_command(["--emulated", "an", "--qr", TEXT, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert {"source": "qr", "field": "name", "agreement": "agrees", "level": "identical"} in result["printed"]
    assert "online_verification.not_asked" in result["recorded"]
    assert result["reasons"] == []


def test_the_code_can_come_by_standard_input(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(TEXT.replace("Nguyễn", "Nguyen") + "\r\n"))
    assert read_command(["--emulated", "an", "--qr", "-"]) == 1
    assert "printed_data.name_without_marks" in capsys.readouterr().out


def test_a_scanned_code_allows_no_last_try_of_a_pin(capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever scans a card has not agreed to risk the holder's PIN; only --can or --number says so."""
    assert read_command(["--emulated", "pin-suspended", "--pin", "481263", "--qr", TEXT]) == 2
    assert "access.pin_suspended" in capsys.readouterr().err


@pytest.mark.parametrize("number", ["040085000017", "040 085 000 017"])
def test_the_right_number_is_accepted(number: str) -> None:
    assert read_command(["--emulated", "an", "--number", number]) == 0


def test_the_wrong_card_with_the_right_last_digits_is_said_to_be_another(capsys: pytest.CaptureFixture[str]) -> None:
    assert read_command(["--emulated", "an", "--number", "999999000017"]) == 1
    told = capsys.readouterr()
    assert "it is another card" in told.out
    assert "999999000017" not in told.out + told.err


def test_a_code_of_another_card_is_refused_whatever_opened_the_chip(capsys: pytest.CaptureFixture[str]) -> None:
    another = TEXT.replace("040085000017", "040085000025")
    assert read_command(["--emulated", "an", "--can", PEOPLE["an"].can, "--qr", another]) == 1
    assert "printed_data.number_differs" in capsys.readouterr().out


def test_a_printed_mrz_of_another_person_is_noticed(capsys: pytest.CaptureFixture[str]) -> None:
    lines = list(PEOPLE["an"].mrz)
    lines[2] = "TRAN<<THI<BINH".ljust(30, "<")
    assert read_command(["--emulated", "an", "--mrz", "\n".join(lines)]) == 1
    assert "printed_data.mrz_differs" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--qr", "https://example.test/"], 2),
        (["--qr", ""], 2),
        (["--qr", "-", "--can", "-"], 64),
        ([], 64),
    ],
)
def test_what_is_no_code_reads_no_card(arguments: list[str], code: int, capsys: pytest.CaptureFixture[str]) -> None:
    if code == 64:
        with pytest.raises(SystemExit) as ended:
            read_command(["--emulated", "an", *arguments])
        assert ended.value.code == 64
        return
    assert read_command(["--emulated", "an", *arguments]) == code
    assert "qr.malformed" in capsys.readouterr().err


def test_the_composite_digit_of_a_printed_mrz_is_not_what_is_compared() -> None:
    """A camera's slip in a digit that protects no field is no forgery."""
    lines = list(an_mrz().lines)
    wrong = "0" if lines[1][-1] != "0" else "1"
    lines[1] = lines[1][:-1] + wrong
    assert checked(PrintedData(mrz=parse_mrz(lines))) == (CheckStatus.SUCCESSFUL, "agrees")


def test_the_day_of_birth_is_that_of_the_right_century() -> None:
    chip = document("child-2024")
    born = load_profile("child-2024").holder.born
    printed = qr(number=load_profile("child-2024").holder.number, born=f"{born:%d%m%Y}")
    found = compare_printed_data(chip, PrintedData(qr=printed), dt.date(2099, 1, 1))
    assert next(each.agreement for each in found if each.field is PrintedField.DATE_OF_BIRTH) is Agreement.AGREES
