"""The QR code on the card: the variants that exist, and codes that must not be believed."""

from __future__ import annotations

import datetime as dt
import json
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.errors import ChipIdError, ErrorCode
from reader import errors
from reader.scanners.mrz import MrzCollector
from reader.scanners.qr import ExtraField, parse_citizen_qr, parse_citizen_qr_octets
from reader.verification.identity import Sex
from reader.vietnamese.number import NumberFinding

VECTORS = Path(__file__).parents[1] / "vectors"
PEOPLE = json.loads((VECTORS / "vietnam_samples.json").read_text(encoding="utf-8"))["persons"]
QR = PEOPLE[0]["qr"]


def date(text: str) -> dt.date:
    return dt.datetime.strptime(text, "%d/%m/%Y").replace(tzinfo=dt.UTC).date()


@pytest.mark.parametrize("sample", PEOPLE, ids=[person["can"] for person in PEOPLE])
def test_samples(sample: dict[str, Any]) -> None:
    person = sample["person"]
    octets = bytes.fromhex(sample["qr_utf8_hex"])
    for qr in (parse_citizen_qr(sample["qr"]), parse_citizen_qr_octets(octets)):
        assert qr.number.digits == person["num"]
        assert qr.number.can == sample["can"]
        assert qr.old_number == (person["old"] or None)
        assert qr.full_name == person["name"]
        assert qr.date_of_birth == date(person["dob"])
        assert qr.sex is (Sex.MALE if person["sex"] == "Nam" else Sex.FEMALE)
        assert qr.address == person["addr"]
        assert qr.issued_on == date(person["issue"])
        assert qr.extra == ()
        assert qr.findings == ()
        assert qr.text_is_intact
        assert qr.raw == sample["qr"]
        assert person["name"] not in repr(qr)


def test_whatever_the_scanner_did_to_the_encoding() -> None:
    mojibake = QR.encode("utf-8").decode("latin-1").encode("utf-8")
    decomposed = unicodedata.normalize("NFD", QR).encode("utf-8")
    windows = "040085000017|181234567|Nguyê\u0303n Văn An|03021985|Nam|Sô\u0301 5|10052023".encode("cp1258")
    for octets in (mojibake, decomposed, windows, b"\xef\xbb\xbf" + QR.encode(), QR.encode() + b"\r\n"):
        qr = parse_citizen_qr_octets(octets)
        assert qr.full_name == "Nguyễn Văn An"
        assert qr.text_is_intact


def test_an_empty_old_number_does_not_shift_the_fields() -> None:
    qr = parse_citizen_qr("040155000029||Đặng Thị Quý|01011955|Nữ|Thôn 3|22072021")
    assert (qr.old_number, qr.full_name) == (None, "Đặng Thị Quý")


def test_six_fields_without_an_old_number() -> None:
    qr = parse_citizen_qr("040155000029|Đặng Thị Quý|01011955|Nữ|Thôn 3|22072021")
    assert (qr.old_number, qr.full_name, qr.issued_on) == (None, "Đặng Thị Quý", dt.date(2021, 7, 22))


def test_an_old_number_of_another_form_is_not_taken_for_the_name() -> None:
    qr = parse_citizen_qr(QR.replace("181234567", "040085111111"))
    assert (qr.old_number, qr.full_name) == ("040085111111", "Nguyễn Văn An")


def test_spaces_and_slashes() -> None:
    qr = parse_citizen_qr(" 040085000017 |181234567| Nguyễn  Văn An |03/02/1985|nam|Số 5 |10/05/2023 \r\n")
    assert (qr.full_name, qr.date_of_birth, qr.issued_on) == (
        "Nguyễn Văn An",
        dt.date(1985, 2, 3),
        dt.date(2023, 5, 10),
    )


def test_the_2024_card_adds_fields_that_are_kept() -> None:
    qr = parse_citizen_qr(QR + "|040085999999|Nguyễn Văn Bình||mới")
    assert qr.extra == ("040085999999", "Nguyễn Văn Bình", "", "mới")
    assert qr.extra_field(ExtraField.CANCELLED_NUMBER) == "040085999999"
    assert qr.extra_field(ExtraField.FATHER) == "Nguyễn Văn Bình"
    assert qr.extra_field(ExtraField.MOTHER) is None
    assert parse_citizen_qr(QR).extra_field(ExtraField.FATHER) is None
    assert parse_citizen_qr(QR.rsplit("|", 1)[0] + "|").issued_on is None


def test_a_code_that_contradicts_itself_is_read_and_reported() -> None:
    qr = parse_citizen_qr(QR.replace("03021985|Nam", "03021986|Nữ"))
    assert qr.findings == (NumberFinding.BIRTH_YEAR_DIFFERS, NumberFinding.SEX_DIFFERS)


@pytest.mark.parametrize("name", ["Nguy?n V?n An", "Nguy\ufffdn Văn An"])
def test_a_keyboard_scanner_loses_letters_and_the_name_is_not_used(name: str) -> None:
    qr = parse_citizen_qr(QR.replace("Nguyễn Văn An", name))
    assert not qr.text_is_intact
    assert (qr.number.digits, qr.date_of_birth) == ("040085000017", dt.date(1985, 2, 3))
    lost_sex = parse_citizen_qr("040155000029||Dang Thi Quy|01011955|N|Thon 3|22072021")
    assert lost_sex.sex is Sex.UNSPECIFIED
    assert not lost_sex.text_is_intact
    assert lost_sex.findings == ()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", errors.QR_MALFORMED),
        ("040085000017", errors.QR_MALFORMED),
        ("https://example.test/?q=1|2|3|4|5|6|7", errors.NUMBER_MALFORMED),
        (QR.replace("03021985", "31021985"), errors.QR_MALFORMED),
        (QR.replace("03021985", ""), errors.QR_MALFORMED),
        (QR.replace("03021985", "1985"), errors.QR_MALFORMED),
        (QR.replace("10052023", "30022023"), errors.QR_MALFORMED),
        (QR.replace("Nguyễn Văn An", ""), errors.QR_MALFORMED),
        (QR.replace("040085000017", "04008500001"), errors.NUMBER_MALFORMED),
        (QR.replace("||", "|").replace("|181234567", "").rsplit("|", 1)[0], errors.QR_MALFORMED),
        (QR + "x" * 2048, errors.QR_MALFORMED),
    ],
)
def test_what_is_no_card_code(text: str, code: ErrorCode) -> None:
    with pytest.raises(errors.DocumentError) as caught:
        parse_citizen_qr(text)
    assert caught.value.code is code
    assert "Nguyễn" not in str(caught.value)


def test_controls_do_not_reach_a_screen() -> None:
    qr = parse_citizen_qr(QR.replace("Văn", "V\u202en\x1b"))
    assert qr.full_name == "Nguyễn V\ufffdn\ufffd An"
    assert not qr.text_is_intact


@settings(deadline=None, max_examples=200)
@given(
    st.one_of(st.binary(max_size=300), st.lists(st.text(max_size=20), max_size=9).map(lambda f: "|".join(f).encode()))
)
def test_any_octets_are_a_code_or_an_error_of_ours(octets: bytes) -> None:
    known = {errors.QR_MALFORMED, errors.NUMBER_MALFORMED, errors.TEXT_UNDECODABLE}
    code = None
    try:
        parse_citizen_qr_octets(octets)
    except ChipIdError as error:
        code = error.code
    assert code is None or code in known


# ------------------------------------------------------------------------- MRZ from swipe readers
def test_an_mrz_comes_line_by_line() -> None:
    lines = [line.encode() for line in PEOPLE[0]["mrz"]]
    collector = MrzCollector()
    assert collector.add(b"\x02" + lines[0]) is None
    assert collector.add(lines[1]) is None
    mrz = collector.add(lines[2] + b"\x03")
    assert mrz is not None
    assert mrz.citizen_number == "040085000017"
    whole = collector.add(b"".join(lines))
    assert whole is not None
    assert whole.citizen_number == "040085000017"


def test_other_scans_in_between_start_the_mrz_anew() -> None:
    lines = [line.encode() for line in PEOPLE[0]["mrz"]]
    collector = MrzCollector()
    collector.add(lines[0])
    assert collector.add(QR.encode()) is None
    assert collector.add(lines[0]) is None
    assert collector.add(b"P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<") is None
    second = collector.add(b"L898902C36UTO7408122F1204159ZE184226B<<<<<10")
    assert second is not None
    assert second.document_number == "L898902C3"


def test_a_misread_mrz_can_be_scanned_again() -> None:
    lines = [line.encode() for line in PEOPLE[0]["mrz"]]
    collector = MrzCollector()
    collector.add(lines[0].replace(b"085000017904", b"085000018904"))
    collector.add(lines[1])
    with pytest.raises(errors.DocumentError) as caught:
        collector.add(lines[2])
    assert caught.value.code is errors.MRZ_CHECK_DIGIT
    assert [collector.add(line) is not None for line in lines] == [False, False, True]
