"""Is the card lost or cancelled? The adapter and a service in memory keep the same contract; silence proves nothing."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

import reader
from crypto.errors import ChipIdError, all_codes
from emulator.adapters.inprocess import EmulatedTransport
from emulator.cards import chip_content
from emulator.chip.card import VirtualCard
from emulator.services.authentication_service import AuthenticationServiceEmulator, CardState, Misbehaviour
from kiosk_ui.app.gateways.authentication import HttpAuthenticationService, service_of
from kiosk_ui.app.settings import AuthenticationSettings
from reader import errors
from reader.lds import files
from reader.verification.checks import CheckStatus
from reader.verification.identity import Assurance
from reader.verification.online import (
    NOT_ASKED,
    AuthenticationService,
    OnlineAnswer,
    OnlineQuery,
    OnlineStatus,
    check_online,
    query_about,
)
from reader.verification.printed import PrintedData
from reader.verification.verdict import Decision
from reader.verification.wording import remark_of
from reader.vietnamese.number import parse_number
from tests.unit.reader_cards import NOON, TRUST, can_of, read_content, status_of

AN = OnlineQuery("0" * 31 + "1", "040085000017", "Nguyễn Văn An", dt.date(1985, 2, 3), "ab" * 32)
REGISTER = {
    AN.number: CardState("Nguyễn Văn An", "1985-02-03", AN.evidence_sha256),
    "040155000029": CardState(is_lost=True),
    "001204000031": CardState(is_cancelled=True),
}


class ServiceInMemory:
    """The same register without a network: the fake of other tests."""

    def __init__(self, register: dict[str, CardState]) -> None:
        self._register = AuthenticationServiceEmulator(register)

    def query(self, question: OnlineQuery) -> OnlineAnswer:
        born = question.date_of_birth
        answer = self._register.answer(
            {
                "requestId": question.request_id,
                "number": question.number,
                "fullName": question.full_name,
                "dateOfBirth": None if born is None else born.isoformat(),
                "evidenceSha256": question.evidence_sha256,
            }
        )
        if answer["result"] == "refused":
            return OnlineAnswer(OnlineStatus.NO_ANSWER, "online.answer_unusable")
        return OnlineAnswer(OnlineStatus(str(answer["result"])), reference=str(answer["reference"]))


@pytest.fixture
def peer():
    with AuthenticationServiceEmulator(REGISTER) as running:
        yield running


@pytest.fixture(params=["in memory", "over HTTP"])
def service(request: pytest.FixtureRequest, peer: AuthenticationServiceEmulator) -> AuthenticationService:
    return ServiceInMemory(REGISTER) if request.param == "in memory" else HttpAuthenticationService(peer.url)


def other(**changes: object) -> OnlineQuery:
    """Another question, under an identifier of its own."""
    key = hashlib.sha256(repr(sorted(changes.items())).encode()).hexdigest()[:32]
    return dataclasses.replace(AN, **{"request_id": key, **changes})


# ----------------------------------------------------------------------- contract of every service
@pytest.mark.parametrize(
    ("question", "expected"),
    [
        (AN, OnlineStatus.MATCHES),
        (other(full_name="Nguyễn  VĂN An"), OnlineStatus.MATCHES),
        (other(full_name="Nguyễn Văn Ân"), OnlineStatus.DIFFERS),
        (other(date_of_birth=dt.date(1985, 2, 4)), OnlineStatus.DIFFERS),
        (other(date_of_birth=None), OnlineStatus.DIFFERS),
        (other(evidence_sha256="cd" * 32), OnlineStatus.DIFFERS),
        (other(number="040155000029"), OnlineStatus.LOST),
        (other(number="001204000031"), OnlineStatus.CANCELLED),
        (other(number="040000000000"), OnlineStatus.UNKNOWN),
    ],
)
def test_a_service_says_what_it_knows(
    service: AuthenticationService, question: OnlineQuery, expected: OnlineStatus
) -> None:
    answer = service.query(question)
    assert answer.status is expected
    assert answer.reference.startswith("TEST-")
    assert answer.error == ""


def test_the_same_question_again_is_the_same_question(service: AuthenticationService) -> None:
    assert service.query(AN) == service.query(AN)
    assert service.query(other(full_name="Nguyễn Văn An")).reference != service.query(AN).reference


def test_another_question_under_an_old_identifier_is_no_question(service: AuthenticationService) -> None:
    service.query(AN)
    answer = service.query(dataclasses.replace(AN, number="040155000029"))
    assert (answer.status, answer.error) == (OnlineStatus.NO_ANSWER, "online.answer_unusable")


def test_neither_question_nor_answer_shows_anybody(service: AuthenticationService) -> None:
    for shown in (repr(AN), str([AN]), repr(service.query(AN))):
        assert "Nguyễn" not in shown
        assert AN.number not in shown


# ------------------------------------------------------------------------------- over the network
FAILURES = {
    Misbehaviour.SLOW: "online.no_answer_in_time",
    Misbehaviour.DRIP: "online.no_answer_in_time",
    Misbehaviour.SERVER_ERROR: "online.refused",
    Misbehaviour.REDIRECT: "online.refused",
    Misbehaviour.RUBBISH: "online.answer_unusable",
    Misbehaviour.WRONG_JSON: "online.answer_unusable",
    Misbehaviour.HUGE: "online.answer_too_large",
    Misbehaviour.CUT_OFF: "online.unreachable",
    Misbehaviour.HANG_UP: "online.unreachable",
    Misbehaviour.LOST_ANSWER: "online.unreachable",
    Misbehaviour.UNAUTHORISED: "online.refused",
    Misbehaviour.NOT_FOUND: "online.refused",
    Misbehaviour.TOO_MANY: "online.refused",
    Misbehaviour.MAINTENANCE: "online.refused",
    Misbehaviour.EMPTY: "online.answer_unusable",
    Misbehaviour.WRONG_TYPES: "online.answer_unusable",
    Misbehaviour.TRUNCATED_JSON: "online.answer_unusable",
    Misbehaviour.WRONG_CHARSET: "online.answer_unusable",
    Misbehaviour.DEEP: "online.answer_unusable",
}


@pytest.mark.parametrize("how", [how for how in Misbehaviour if how is not Misbehaviour.NONE])
def test_every_misbehaviour_is_no_answer_and_heals(peer: AuthenticationServiceEmulator, how: Misbehaviour) -> None:
    service = HttpAuthenticationService(peer.url, total_timeout_s=0.4)
    peer.misbehave(how)
    assert service.query(AN) == OnlineAnswer(OnlineStatus.NO_ANSWER, FAILURES[how])
    peer.misbehave(Misbehaviour.NONE)
    assert HttpAuthenticationService(peer.url).query(AN).status is OnlineStatus.MATCHES


def test_every_failure_has_a_text(peer: AuthenticationServiceEmulator) -> None:
    for code in FAILURES.values():
        check = check_online(OnlineAnswer(OnlineStatus.NO_ANSWER, code))
        assert all_codes()[code].text in remark_of(check)


@pytest.mark.parametrize("how", [Misbehaviour.HANG_UP, Misbehaviour.CUT_OFF])
def test_an_answer_lost_on_the_way_is_fetched_by_the_same_question(
    peer: AuthenticationServiceEmulator, how: Misbehaviour
) -> None:
    peer.misbehave(how, times=1)
    assert HttpAuthenticationService(peer.url).query(AN).status is OnlineStatus.MATCHES
    assert (peer.asked, peer.questions) == (2, 1)


def test_a_refusal_is_not_tried_again(peer: AuthenticationServiceEmulator) -> None:
    peer.misbehave(Misbehaviour.SERVER_ERROR)
    HttpAuthenticationService(peer.url).query(AN)
    assert peer.asked == 1


def test_nobody_listens(peer: AuthenticationServiceEmulator) -> None:
    peer.stop()
    assert HttpAuthenticationService(peer.url).query(AN).error == "online.unreachable"


def test_no_proxy_of_the_environment_sees_the_question(
    peer: AuthenticationServiceEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert HttpAuthenticationService(peer.url).query(AN).status is OnlineStatus.MATCHES


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=6,
)
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "requestId": st.sampled_from([AN.request_id, "0" * 32, 1]),
        "result": st.sampled_from(["matches", "MATCHES", "ok", "", True, None, ["matches"]]),
        "reference": st.sampled_from(["TEST-1", "x" * 65, "<b>", "\u202e", 5]),
    },
)


class _Says:
    """A transport that answers with these octets, whatever is asked."""

    def __init__(self, octets: bytes) -> None:
        self._octets = octets

    def send(self, body: bytes, *, tries: int = 1) -> bytes:
        return self._octets


@given(JSON | FIELDS)
def test_rubbish_never_confirms_a_card(said: object) -> None:
    import json

    service = HttpAuthenticationService("http://127.0.0.1:9/")
    service._post = _Says(json.dumps(said).encode())  # type: ignore[assignment]
    answer = service.query(AN)
    is_right = isinstance(said, dict) and said.get("requestId") == AN.request_id and said.get("result") == "matches"
    assert answer.status in (OnlineStatus.MATCHES, OnlineStatus.NO_ANSWER)
    assert is_right or answer.status is OnlineStatus.NO_ANSWER


@given(st.binary(max_size=40))
def test_octets_that_are_no_text_are_no_answer(octets: bytes) -> None:
    service = HttpAuthenticationService("http://127.0.0.1:9/")
    service._post = _Says(octets)  # type: ignore[assignment]
    assert service.query(AN).status is OnlineStatus.NO_ANSWER


def test_the_settings_name_the_service(peer: AuthenticationServiceEmulator) -> None:
    assert service_of(AuthenticationSettings()) is None
    service = service_of(AuthenticationSettings(url=peer.url))
    assert service is not None
    assert service.query(AN).status is OnlineStatus.MATCHES
    with pytest.raises(ValueError, match="https://"):  # a question that leaves the machine is encrypted
        AuthenticationSettings(url="http://service.example/verify")


# ------------------------------------------------------------------------- what becomes of a card
def read_an(service: AuthenticationService | None, **options: object) -> reader.ReadOutcome:
    with EmulatedTransport(VirtualCard(chip_content("an"))) as card:
        return reader.read(card, can_of("an"), trust=TRUST, now=lambda: NOON, service=service, **options)


class Answers:
    """A service that gives one answer and remembers what it was asked."""

    def __init__(self, answer: OnlineAnswer) -> None:
        self.answer = answer
        self.asked: list[OnlineQuery] = []

    def query(self, question: OnlineQuery) -> OnlineAnswer:
        self.asked.append(question)
        return self.answer


@pytest.mark.parametrize(
    ("said", "decision", "status", "assurance"),
    [
        (OnlineStatus.MATCHES, Decision.ACCEPT, CheckStatus.SUCCESSFUL, Assurance.CHIP_VERIFIED),
        (OnlineStatus.LOST, Decision.REJECT, CheckStatus.FAILED, Assurance.CHIP_VERIFIED),
        (OnlineStatus.CANCELLED, Decision.REJECT, CheckStatus.FAILED, Assurance.CHIP_VERIFIED),
        (OnlineStatus.DIFFERS, Decision.REJECT, CheckStatus.FAILED, Assurance.UNKNOWN),
        (OnlineStatus.UNKNOWN, Decision.REFER, CheckStatus.UNDETERMINED, Assurance.CHIP_VERIFIED),
        (OnlineStatus.NO_ANSWER, Decision.ACCEPT, CheckStatus.ABORTED, Assurance.CHIP_VERIFIED),
    ],
)
def test_what_a_service_says_decides(
    said: OnlineStatus, decision: Decision, status: CheckStatus, assurance: Assurance
) -> None:
    outcome = read_an(Answers(OnlineAnswer(said)))
    assert status_of(outcome, "online_verification") == (status, f"online_verification.{said}")
    assert (outcome.verdict.decision, outcome.verdict.assurance) == (decision, assurance)


def test_without_a_service_the_verdict_says_that_nobody_looked() -> None:
    outcome = read_an(None)
    assert outcome.verdict.decision is Decision.ACCEPT
    assert "online_verification.not_asked" in outcome.verdict.recorded
    check = next(check for check in outcome.checks if check.check == "online_verification")
    assert "Lost or cancelled: not checked" in remark_of(check)


def test_the_service_learns_number_name_birth_and_which_card_and_no_more() -> None:
    service = Answers(OnlineAnswer(OnlineStatus.MATCHES))
    outcome = read_an(service)
    (asked,) = service.asked
    assert (asked.number, asked.full_name, asked.date_of_birth) == (AN.number, AN.full_name, AN.date_of_birth)
    assert asked.evidence_sha256 == outcome.reading.document.sha256(files.SOD)
    assert {field.name for field in dataclasses.fields(asked)} == {
        "request_id",
        "number",
        "full_name",
        "date_of_birth",
        "evidence_sha256",
    }


def test_nobody_is_told_about_a_card_that_was_laid_down_by_mistake() -> None:
    """Another card with the same last six digits opens as well; its holder has asked for nothing."""
    service = Answers(OnlineAnswer(OnlineStatus.MATCHES))
    outcome = read_an(service, printed=PrintedData(number=parse_number("999999000017")))
    assert service.asked == []
    assert status_of(outcome, "online_verification")[1] == "online_verification.not_asked"
    assert outcome.verdict.decision is Decision.REJECT
    read_an(service, printed=PrintedData(number=parse_number(AN.number)))
    assert len(service.asked) == 1


def test_two_readings_are_two_questions() -> None:
    service = Answers(OnlineAnswer(OnlineStatus.MATCHES))
    read_an(service)
    read_an(service)
    assert service.asked[0].request_id != service.asked[1].request_id


def test_a_service_that_stumbles_ends_no_reading() -> None:
    class Stumbles:
        def query(self, question: OnlineQuery) -> OnlineAnswer:
            raise ChipIdError(errors.TEXT_UNDECODABLE)

    outcome = read_an(Stumbles())
    assert status_of(outcome, "online_verification") == (CheckStatus.ABORTED, "online_verification.no_answer")


def test_a_chip_that_names_nobody_is_asked_about_by_nobody() -> None:
    content = chip_content("an")
    nameless = tuple(file for file in content.application_files if file.identifier not in (0x0101, 0x010D))
    service = Answers(OnlineAnswer(OnlineStatus.MATCHES))
    with EmulatedTransport(VirtualCard(dataclasses.replace(content, application_files=nameless))) as card:
        outcome = reader.read(card, can_of("an"), trust=TRUST, now=lambda: NOON, service=service)
    assert service.asked == []
    assert status_of(outcome, "online_verification")[1] == "online_verification.not_asked"
    assert query_about(outcome.document, NOON.date()) is None
    assert check_online(NOT_ASKED).status is CheckStatus.UNDETERMINED


def test_a_confirmed_card_without_a_known_issuer_is_called_confirmed_online_and_not_accepted() -> None:
    with EmulatedTransport(VirtualCard(chip_content("unknown-csca"))) as card:
        outcome = reader.read(
            card,
            can_of("unknown-csca"),
            trust=TRUST,
            now=lambda: NOON,
            service=Answers(OnlineAnswer(OnlineStatus.MATCHES)),
        )
    assert (outcome.verdict.decision, outcome.verdict.assurance) == (Decision.REFER, Assurance.ONLINE_VERIFIED)
    assert read_content(chip_content("unknown-csca"), can_of("unknown-csca")).verdict.assurance is Assurance.CHIP_READ
