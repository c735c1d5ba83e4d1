"""What was scanned is recognised as what it is: a card's code, an insurance card's, an app's, an MRZ, a number."""

from __future__ import annotations

import datetime as dt
import json
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.errors import ChipIdError, ErrorCode
from reader import errors
from reader.scanners import codes
from reader.scanners.insurance_qr import InsuranceForm, InsuranceQr, parse_insurance_qr
from reader.scanners.keyboard import parse_keyed_code
from reader.scanners.qr import CitizenQr, TextDamage, parse_citizen_qr, parse_citizen_qr_octets
from reader.scanners.recognition import LineInterpreter, ScanKind, recognise
from reader.verification.identity import Assurance, Sex
from reader.vietnamese.syllables import reads_as_vietnamese
from reader.vietnamese.text import TextEncoding, decode_text

SAMPLES = json.loads(
    (Path(__file__).parents[1] / "vectors" / "vietnam_samples.json").read_text(encoding="utf-8"),
)
PEOPLE = SAMPLES["persons"]
QR: str = PEOPLE[0]["qr"]
NEW: str = SAMPLES["bhyt_qr_new"]
OLD: str = SAMPLES["bhyt_qr_old"]


def code_of(octets: bytes) -> ErrorCode:
    with pytest.raises(ChipIdError) as caught:
        recognise(octets)
    return caught.value.code


# -------------------------------------------------------------------------------------- which of them
@pytest.mark.parametrize(
    ("text", "kind", "assurance", "number"),
    [
        (QR, ScanKind.CITIZEN_QR, Assurance.DECLARED_QR, "040085000017"),
        (QR + "|040085999999||", ScanKind.CITIZEN_QR, Assurance.DECLARED_QR, "040085000017"),
        (QR + " \r", ScanKind.CITIZEN_QR, Assurance.DECLARED_QR, "040085000017"),
        (NEW, ScanKind.INSURANCE_QR, Assurance.UNKNOWN, None),
        (OLD, ScanKind.INSURANCE_QR, Assurance.UNKNOWN, None),
        ("https://vneid.gov.vn/qr/abc", ScanKind.APP_CODE, Assurance.DECLARED_APP, None),
        ("https://xac-thuc.vneid.gov.vn/?t=abc", ScanKind.APP_CODE, Assurance.DECLARED_APP, None),
        ("VNEID|opaque", ScanKind.APP_CODE, Assurance.DECLARED_APP, None),
        ("040085000017", ScanKind.NUMBER, Assurance.TYPED, "040085000017"),
    ],
)
def test_each_code_is_what_it_is(text: str, kind: ScanKind, assurance: Assurance, number: str | None) -> None:
    scan = recognise(text.encode())
    assert (scan.kind, scan.assurance) == (kind, assurance)
    assert scan.encoding is TextEncoding.UTF8
    assert (None if scan.number is None else scan.number.digits) == number
    assert "040" not in repr(scan)
    assert "abc" not in repr(scan.content)


@pytest.mark.parametrize(
    "text",
    [
        "https://vneid.gov.vn.example.test/qr",
        "https://example.test/vneid.gov.vn",
        "https://notvneid.gov.vn/",
        "http://[vneid.gov.vn/",
        "vneids and others",
        "WIFI:S:hospital;T:WPA;P:secret;;",
        "",
    ],
)
def test_what_only_looks_like_the_app_is_nothing(text: str) -> None:
    assert code_of(text.encode()) in (errors.QR_MALFORMED, errors.NUMBER_MALFORMED)


def test_an_mrz_line_by_line_and_in_one_run() -> None:
    lines = [line.encode() for line in PEOPLE[0]["mrz"]]
    interpreter = LineInterpreter()
    assert interpreter.take(lines[0]) is None
    assert interpreter.take(lines[1]) is None
    scan = interpreter.take(lines[2])
    assert scan is not None
    assert (scan.kind, scan.length_bytes) == (ScanKind.MRZ, 90)
    assert scan.number is not None
    assert scan.number.digits == "040085000017"
    run = interpreter.take(b"".join(lines))
    assert run is not None
    assert run.kind is ScanKind.MRZ
    code = interpreter.take(QR.encode())
    assert code is not None
    assert code.kind is ScanKind.CITIZEN_QR


def test_a_line_of_an_mrz_that_lost_letters_is_told_as_that() -> None:
    with pytest.raises(errors.DocumentError) as caught:
        LineInterpreter().take(PEOPLE[0]["mrz"][2].encode()[:-3])
    assert caught.value.code is errors.MRZ_MALFORMED


def test_a_foreign_mrz_names_no_citizen_number() -> None:
    interpreter = LineInterpreter()
    interpreter.take(b"P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<")
    scan = interpreter.take(b"L898902C36UTO7408122F1204159ZE184226B<<<<<10")
    assert scan is not None
    assert scan.number is None


@settings(deadline=None, max_examples=300)
@given(
    st.one_of(
        st.binary(max_size=200),
        st.text(max_size=100).map(str.encode),
        st.lists(st.text(max_size=12), max_size=18).map(lambda fields: "|".join(fields).encode()),
        st.integers(0, len(NEW)).map(lambda at: NEW[:at].encode()),
        st.integers(0, len(QR)).map(lambda at: QR[:at].encode()),
    )
)
def test_whatever_arrives_is_recognised_or_an_error_of_ours(octets: bytes) -> None:
    interpreter = LineInterpreter()
    kind = None
    try:
        scan = interpreter.take(octets)
        kind = None if scan is None else scan.kind
    except ChipIdError as error:
        assert error.facts == {}  # noqa: PT017 - only if it was raised
    assert kind is None or kind in ScanKind


# ---------------------------------------------------------------------------------------- insurance
def test_the_insurance_card_of_today() -> None:
    card = parse_insurance_qr(NEW)
    assert (card.form, card.code, card.full_name) == (InsuranceForm.TEN_DIGITS, "4012345678", "Nguyễn Văn An")
    assert (card.date_of_birth, card.birth_year, card.sex) == (dt.date(1985, 2, 3), 1985, Sex.MALE)
    assert (card.address, card.facility) == (None, "40001")
    assert (card.valid_from, card.valid_until, card.issued_on) == (dt.date(2025, 1, 1), None, dt.date(2024, 12, 15))
    assert card.benefit_level == 4
    assert card.raw == NEW


def test_the_insurance_card_of_before() -> None:
    card = parse_insurance_qr(OLD)
    assert (card.form, card.code) == (InsuranceForm.FIFTEEN_CHARACTERS, "DN4404012345678")
    assert card.full_name == "Nguyễn Văn An"
    assert card.address == "Số 5, ngõ 12, Hưng Dũng, Thành phố Vinh, Nghệ An"
    assert card.benefit_level == 4


def test_of_some_people_only_the_year_of_birth_is_known() -> None:
    card = parse_insurance_qr(OLD.replace("03/02/1985", "1945"))
    assert (card.date_of_birth, card.birth_year) == (None, 1945)


@pytest.mark.parametrize(
    "name",
    [
        "4e677579e1bb856e2056c4836e2041",  # right, and shorter
        "4e677579e1bb856e2056c4836e20416",  # an odd digit
        "4e677579e1bb",  # a letter cut in the middle
        "Nguyễn",
        "4e67 7579",
        "",
        "-",
        "1b5b324a",  # controls
        "e280ae41",  # reverses the line
        "2020",
    ],
)
def test_a_name_is_decoded_strictly_or_left_blank(name: str) -> None:
    card = parse_insurance_qr(OLD.replace("4e677579e1bb856e2056c4836e20416e", name))
    assert card.full_name == ("Nguyễn Văn A" if name.endswith("2041") else None)
    assert card.code == "DN4404012345678"


@pytest.mark.parametrize(
    "text",
    [
        NEW.removesuffix("$"),
        NEW.removesuffix("|$"),
        NEW[:60],
        NEW.replace("|$", "|x|$"),
        OLD.replace("03/02/1985", "31/02/1985"),
        OLD.replace("03/02/1985", ""),
        OLD.replace("01/01/2020", "2020-01-01"),
        OLD.replace("40 - 001", "Vinh"),
        OLD.replace("|1|", "|3|"),
        OLD.replace("DN4", "DN9"),
        "DN4404012345678|$",
        NEW + "x" * 3000,
    ],
)
def test_an_insurance_code_that_was_cut_off_or_changed_is_not_used(text: str) -> None:
    with pytest.raises(errors.DocumentError) as caught:
        parse_insurance_qr(text)
    assert caught.value.code is codes.INSURANCE_QR_MALFORMED


def test_an_insurance_code_is_never_taken_for_a_card() -> None:
    assert code_of(NEW[:80].encode()) is codes.INSURANCE_QR_MALFORMED
    assert isinstance(recognise(NEW.encode()).content, InsuranceQr)


# ----------------------------------------------------------------------------------------- encodings
def qr_named(name: str, address: str = "Số 5") -> str:
    return f"040085000017|181234567|{name}|03021985|Nam|{address}|10052023"


def test_latin_1_where_the_words_say_so() -> None:
    scan = recognise(qr_named("Lê Hoà Quý", "Hà Nam").encode("latin-1"))
    assert scan.encoding is TextEncoding.LATIN1
    assert isinstance(scan.content, CitizenQr)
    assert (scan.content.full_name, scan.content.damage) == ("Lê Hoà Quý", TextDamage.NONE)


@pytest.mark.parametrize("octets", [b"Nguy\xd4n V\xa8n An", b"Nguye\xe3n Va\xean An"], ids=["TCVN3", "VNI"])
def test_fonts_of_old_are_noticed_and_never_guessed(octets: bytes) -> None:
    assert not decode_text(octets).is_certain
    code = parse_citizen_qr_octets(b"040085000017||" + octets + b"|03021985|Nam|Vinh|10052023")
    assert code.damage is TextDamage.NOT_VIETNAMESE
    assert (code.number.digits, code.date_of_birth) == ("040085000017", dt.date(1985, 2, 3))


def test_a_text_that_reads_in_two_encodings_is_not_relied_on() -> None:
    octets = qr_named("Bùi M\xf5", "Vinh").encode("latin-1")  # Mõ in one, Mơ in the other
    code = parse_citizen_qr_octets(octets)
    assert code.damage is TextDamage.ENCODING_UNCERTAIN
    assert not code.text_is_intact


@pytest.mark.parametrize("person", PEOPLE, ids=[person["can"] for person in PEOPLE])
def test_names_and_places_of_the_samples_read_as_vietnamese(person: dict[str, dict[str, str]]) -> None:
    for text in person["person"].values():
        assert reads_as_vietnamese(text)
        garbled = text.encode().decode("latin-1")
        assert garbled == text or not reads_as_vietnamese(garbled)


@pytest.mark.parametrize("name", ["Y Ê Niê Kđăm", "H'Hen Niê", "Rơ Chăm Blĭk Ưng", "Đinh Y Lực", "Ksor Phước"])
def test_names_of_minorities_are_not_taken_for_damage(name: str) -> None:
    assert parse_citizen_qr(qr_named(name, "Buôn Ma Thuột, Đắk Lắk")).damage is TextDamage.NONE


# ------------------------------------------------------------------------------------------ keyboards
def without_marks(text: str) -> str:
    return unicodedata.normalize("NFD", text).encode("ascii", "ignore").decode()


def test_a_keyboard_gives_number_and_dates_and_no_name() -> None:
    keyed = parse_keyed_code(without_marks(QR) + "\n")
    assert keyed.number.digits == "040085000017"
    assert (keyed.date_of_birth, keyed.issued_on) == (dt.date(1985, 2, 3), dt.date(2023, 5, 10))
    assert keyed.damage is TextDamage.MARKS_LOST
    assert not hasattr(keyed, "full_name")
    assert repr(keyed) == "KeyedCode(marks_lost)"
    assert parse_citizen_qr(without_marks(QR)).damage is TextDamage.MARKS_LOST


def test_an_input_method_at_work_is_noticed() -> None:
    typed = "040085000017||Nguyên Vănn Ăn ÂÂn|03021985|Nam|Tđp1, Vĩinh Ngghệẹ|10052023"
    assert parse_keyed_code(typed).damage is TextDamage.NOT_VIETNAMESE
    for damaged in ("04008500001ơ" + QR[12:], QR[:-1] + "ý"):
        with pytest.raises(errors.DocumentError) as caught:
            parse_keyed_code(damaged)
        assert caught.value.code is codes.SCAN_KEYBOARD_DAMAGE


def test_an_mrz_and_a_bare_number_through_a_keyboard() -> None:
    run = "".join(PEOPLE[0]["mrz"])
    assert parse_keyed_code(run.lower()).number.digits == "040085000017"
    assert parse_keyed_code(" 040085000017 ").number.digits == "040085000017"
    for text, code in (
        (run.replace("NGUYEN", "NGUYÊN"), codes.SCAN_KEYBOARD_DAMAGE),
        (run[:-1], errors.MRZ_MALFORMED),
        (run.replace("8502038", "8502048"), errors.MRZ_CHECK_DIGIT),
        (NEW, errors.QR_MALFORMED),
        ("0400850000170", codes.SCAN_KEYBOARD_DAMAGE),
    ):
        with pytest.raises(errors.DocumentError) as caught:
            parse_keyed_code(text)
        assert caught.value.code is code


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=120))
def test_whatever_is_typed_gives_a_number_or_an_error_of_ours(text: str) -> None:
    digits = None
    try:
        digits = parse_keyed_code(text).number.digits
    except ChipIdError as error:
        digits = error.code.name
    assert digits
