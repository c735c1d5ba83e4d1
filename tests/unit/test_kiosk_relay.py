"""The relay's adapter: every result code has its class, every kind of rubbish its clear failure, in bounded time."""

from __future__ import annotations

import csv
import datetime as dt
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.services.insurance_gateway import InsuranceRelay, InsuredPerson, Misbehaviour
from kiosk_ui.app.domain.insurance import Eligibility, EligibilityKind, EligibilityQuery, InsuranceOutcome
from kiosk_ui.app.failures import GatewayError
from kiosk_ui.app.gateways import relay as relay_module
from kiosk_ui.app.gateways.relay import HospitalRelay, name_for_insurer
from kiosk_ui.app.gateways.relay_answer import parse_answer, parse_date
from kiosk_ui.app.gateways.result_codes import kinds_by_code

TODAY = dt.date(2026, 3, 2)
AN = EligibilityQuery("040085000017", "Nguyễn Văn An", dt.date(1985, 2, 3))
# The gateway's answer as published in the letter's annex, for an invented person.
SAMPLE = {
    "maKetQua": "000",
    "ghiChu": "Thẻ còn giá trị sử dụng!",
    "maThe": "DN4404012345678",
    "hoTen": "Nguyễn Văn An",
    "ngaySinh": "03/02/1985",
    "maDKBD": "40001",
    "gtTheTu": "01/01/2026",
    "gtTheDen": "31/12/2026",
    "maTheMoi": "DN4404012345699",
    "gtTheTuMoi": "01/06/2026",
    "gtTheDenMoi": "31/05/2027",
    "maDKBDMoi": "40002",
    "tenDKBDMoi": "Bệnh viện thử nghiệm",
    "dsLichSuKCB2018": [{"maHoSo": "2405580001"}],
}


def at_noon() -> dt.datetime:
    return dt.datetime(TODAY.year, TODAY.month, TODAY.day, 5, tzinfo=dt.UTC)


def ask(relay: InsuranceRelay, query: EligibilityQuery = AN, **options: float) -> Eligibility:
    return HospitalRelay(relay.url, now=at_noon, **options).check(query)


def answer(**changes: object) -> bytes:
    return json.dumps({**SAMPLE, **changes}, ensure_ascii=False).encode()


@pytest.fixture
def relay():
    with InsuranceRelay(today=TODAY) as running:
        yield running


# ------------------------------------------------------------------------------------- over the wire
def test_an_insured_person_is_found(relay: InsuranceRelay):
    found = ask(relay)
    assert (found.kind, found.code) == (EligibilityKind.OK, "000")
    assert found.valid_until == dt.date(2026, 12, 31)
    assert found.card_number == "DN4404012345678"
    assert found.raw is not None
    assert json.loads(found.raw)["hoTen"] == "Nguyễn Văn An"


def test_decomposed_names_with_double_spaces_are_sent_as_the_insurer_writes_them(relay: InsuranceRelay):
    untidy = EligibilityQuery(AN.number, "Nguyê\u0303n  Văn An ", AN.date_of_birth)
    assert ask(relay, untidy).kind is EligibilityKind.OK


@pytest.mark.parametrize("code", sorted(kinds_by_code()))
def test_every_result_code_arrives_as_its_class(relay: InsuranceRelay, code: str):
    relay.set_person(AN.number, InsuredPerson(result=code))
    assert ask(relay).kind is kinds_by_code()[code]


def test_other_name_other_birthday_nobody(relay: InsuranceRelay):
    assert (
        ask(relay, EligibilityQuery(AN.number, "Nguyễn Văn Ăn", AN.date_of_birth)).kind is EligibilityKind.MISMATCH_NAME
    )
    assert (
        ask(relay, EligibilityQuery(AN.number, AN.full_name, dt.date(1985, 2, 4))).kind is EligibilityKind.MISMATCH_DOB
    )
    with InsuranceRelay(others=None) as strict:
        assert ask(strict, EligibilityQuery("040000000000", "X", TODAY)).kind is EligibilityKind.NOT_FOUND


FAILURES = {
    Misbehaviour.SLOW: "relay.no_answer_in_time",
    Misbehaviour.DRIP: "relay.no_answer_in_time",
    Misbehaviour.SERVER_ERROR: "relay.refused",
    Misbehaviour.REDIRECT: "relay.refused",
    Misbehaviour.RUBBISH: "relay.answer_unusable",
    Misbehaviour.WRONG_JSON: "relay.answer_unusable",
    Misbehaviour.HUGE: "relay.answer_too_large",
    Misbehaviour.CUT_OFF: "relay.unreachable",
    Misbehaviour.HANG_UP: "relay.unreachable",
    Misbehaviour.LOST_ANSWER: "relay.unreachable",
    Misbehaviour.UNAUTHORISED: "relay.refused",
    Misbehaviour.NOT_FOUND: "relay.refused",
    Misbehaviour.TOO_MANY: "relay.refused",
    Misbehaviour.MAINTENANCE: "relay.refused",
    Misbehaviour.EMPTY: "relay.answer_unusable",
    Misbehaviour.WRONG_TYPES: "relay.answer_unusable",
    Misbehaviour.TRUNCATED_JSON: "relay.answer_unusable",
    Misbehaviour.WRONG_CHARSET: "relay.answer_unusable",
    Misbehaviour.DEEP: "relay.answer_unusable",
}


@pytest.mark.parametrize("how", [how for how in Misbehaviour if how is not Misbehaviour.NONE])
def test_every_misbehaviour_is_a_clear_failure_and_heals(relay: InsuranceRelay, how: Misbehaviour):
    relay.misbehave(how)
    with pytest.raises(GatewayError) as caught:
        ask(relay, total_timeout_s=0.4)
    assert caught.value.code.name == FAILURES[how]
    assert "Nguyễn" not in str(caught.value) + repr(caught.value.__context__)
    relay.misbehave(Misbehaviour.NONE)
    assert ask(relay).kind is EligibilityKind.OK


def test_a_stopped_relay_is_unreachable_and_found_again_at_the_same_address(relay: InsuranceRelay):
    relay.stop()
    with pytest.raises(GatewayError) as caught:
        ask(relay)
    assert caught.value.code.name == "relay.unreachable"
    relay.start()
    assert ask(relay).kind is EligibilityKind.OK


def test_a_dripping_relay_is_given_up_at_the_deadline_not_at_its_end(relay: InsuranceRelay):
    # A byte each 50 ms never exceeds a time-out of its own; without one deadline for all this would succeed in the end.
    relay.misbehave(Misbehaviour.DRIP)
    with pytest.raises(GatewayError) as caught:
        ask(relay, total_timeout_s=0.3)
    assert caught.value.code.name == "relay.no_answer_in_time"


def test_no_proxy_of_the_environment_sees_a_patient(relay: InsuranceRelay, monkeypatch: pytest.MonkeyPatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert ask(relay).kind is EligibilityKind.OK


def test_without_a_full_date_of_birth_nothing_is_sent(relay: InsuranceRelay):
    with pytest.raises(GatewayError) as caught:
        ask(relay, EligibilityQuery(AN.number, AN.full_name, None))
    assert caught.value.code.name == "relay.birth_date_incomplete"
    assert relay.asked == 0


# -------------------------------------------------------------------------------- making sense of it
@pytest.mark.parametrize("code", ["003", "004"])
def test_a_renewed_card_counts_with_its_new_fields(code: str):
    found = parse_answer(answer(maKetQua=code, gtTheTuMoi="01/03/2026"), TODAY, AN)
    assert found.kind is EligibilityKind.OK_NEWCARD
    assert found.card_number == "DN4404012345699"
    assert (found.valid_from, found.valid_until) == (dt.date(2026, 3, 1), dt.date(2027, 5, 31))
    assert found.facility == "40002"  # its code: what XML0 has room for


def test_a_new_card_that_has_not_begun_leaves_the_old_one_in_force():
    found = parse_answer(answer(maKetQua="004"), TODAY, AN)
    assert (found.card_number, found.valid_until) == ("DN4404012345678", dt.date(2026, 12, 31))
    with pytest.raises(GatewayError) as caught:  # the old one is over, the new one begins in June: today there is none
        parse_answer(answer(maKetQua="003", gtTheDen="28/02/2026"), TODAY, AN)
    assert caught.value.facts["cause"] == "valid, but not yet"


@pytest.mark.parametrize(
    "changes",
    [
        {"hoTen": "Trần Thị Bình"},
        {"ngaySinh": "04/02/1985"},
        {"hoTen": "NGUYỄN VĂN ANH"},
    ],
)
def test_an_answer_about_somebody_else_insures_nobody_and_is_not_kept(changes: dict):
    with pytest.raises(GatewayError) as caught:
        parse_answer(answer(**changes), TODAY, AN)
    assert caught.value.facts["cause"] == "about somebody else"
    assert str(changes) not in str(caught.value)


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("Nguyễn Văn An", "NGUYỄN VĂN AN"),
        ("Nguyễn Văn An", "NGUYEN VAN AN"),
        ("Trần Thuý Hoà", "Trần Thúy Hòa"),
        ("NGUYEN THI HOANG PHUONG UY", "Nguyễn Thị Hoàng Phương Uyên"),  # cut in the MRZ of a card without DG13
        ("H'Yă Ƀuôn Krông", "H'YĂ ɃUÔN KRÔNG"),
        ("Nguyễn Văn An", ""),
    ],
)
def test_another_way_of_writing_is_no_other_person(asked: str, answered: str):
    query = EligibilityQuery(AN.number, asked, AN.date_of_birth)
    for born in ("03/02/1985", "1985", ""):
        assert parse_answer(answer(hoTen=answered, ngaySinh=born), TODAY, query).kind is EligibilityKind.OK


@pytest.mark.parametrize("character", ["\0", "\n", "\u202e", "\u200b", "\x1b"])
@pytest.mark.parametrize("field", ["maThe", "gtTheDen", "maDKBD"])
def test_invisible_characters_in_a_code_are_refused(field: str, character: str):
    with pytest.raises(GatewayError) as caught:
        parse_answer(answer(**{field: f"DN44{character}01"}), TODAY, AN)
    assert caught.value.code.name == "relay.answer_unusable"


def test_valid_until_a_day_that_has_passed_is_believed_by_nobody():
    with pytest.raises(GatewayError) as caught:
        parse_answer(answer(gtTheDen="01/03/2026"), TODAY, AN)
    assert caught.value.code.name == "relay.answer_contradictory"
    assert parse_answer(answer(gtTheDen="02/03/2026"), TODAY, AN).outcome is InsuranceOutcome.VALID
    assert parse_answer(answer(maKetQua="010", gtTheDen="01/03/2020"), TODAY, AN).kind is EligibilityKind.INVALID


@pytest.mark.parametrize(
    "changes",
    [
        {"maKetQua": "999"},
        {"maKetQua": 0},
        {"maKetQua": None},
        {"maKetQua": "0000"},
        {"maKetQua": "٠٠٠"},
        {"gtTheDen": 20261231},
        {"maThe": "X" * 5_000},
        {"ghiChu": {"text": "x"}},
        {"maThe": None},
    ],
)
def test_answers_of_the_wrong_shape_are_refused(changes: dict):
    with pytest.raises(GatewayError) as caught:
        parse_answer(answer(**changes), TODAY, AN)
    assert caught.value.code.name == "relay.answer_unusable"


def test_missing_and_null_fields_are_absent_not_wrong():
    bare = parse_answer(b'{"maKetQua": "050", "maThe": null}', TODAY, AN)
    assert (bare.kind, bare.card_number, bare.valid_until, bare.note) == (EligibilityKind.NOT_FOUND, None, None, None)


@given(st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_rubbish_never_makes_anybody_insured(raw: bytes):
    try:
        found = parse_answer(raw, TODAY, AN)
    except GatewayError:
        return
    assert found.outcome is not InsuranceOutcome.VALID


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda x: st.lists(x, max_size=3)))
def test_any_json_value_in_any_field_is_an_answer_or_a_gateway_failure(value: object):
    for field in SAMPLE:
        try:
            parse_answer(answer(**{field: value}), TODAY, AN)
        except GatewayError as error:
            assert error.code.name.startswith("relay.")  # noqa: PT017 - either way out is right


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("03/02/1985", dt.date(1985, 2, 3)),
        ("3/2/1985", dt.date(1985, 2, 3)),
        ("03-02-1985", dt.date(1985, 2, 3)),
        (" 03021985 ", dt.date(1985, 2, 3)),
        ("29/02/2004", dt.date(2004, 2, 29)),
        ("31/02/2004", None),
        ("1985", None),
        ("-", None),
        ("", None),
        ("03/02/1985 00:00", None),
        ("0３/02/1985", None),
    ],
)
def test_dates(text: str, day: dt.date | None):
    assert parse_date(text) == day


def test_names_are_sent_composed():
    assert name_for_insurer(" Nguye\u0302\u0303n   Va\u0306n\tAn") == "Nguyễn Văn An"


def test_the_table_of_codes_is_complete():
    table = Path(relay_module.__file__).with_name("bhyt_check_result_codes.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(table.splitlines()))
    assert len(rows) == len(kinds_by_code()) == 26
    ours = {"unavailable", "not_asked"}  # nobody answered, nobody was asked: no code of the insurer's
    assert {kind.value for kind in EligibilityKind} - ours == {kind.value for kind in kinds_by_code().values()}
