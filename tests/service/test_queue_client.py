"""The kiosk's side of the queue service: against the real one, and against one that does all that services do wrong."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import logging
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from crypto.errors import ErrorCode, Hint
from crypto.primitives.secret import Secret
from emulator.services.loopback import LoopbackSite, Misbehaviour, Reply, Request
from kiosk_ui.app.audit import AuditEntry
from kiosk_ui.app.domain.check_in import CheckInDraft, HolderMark, Slip, Ticket, TicketKind
from kiosk_ui.app.domain.departments import DEFAULT_DEPARTMENTS
from kiosk_ui.app.domain.priority import Priority
from kiosk_ui.app.failures import (
    QUEUE_ANSWER_UNUSABLE,
    QUEUE_REFUSED,
    QUEUE_SLOW,
    QUEUE_TICKET_REFUSED,
    QUEUE_TOKEN_REFUSED,
    QUEUE_UNREACHABLE,
    GatewayError,
    SettingsError,
)
from kiosk_ui.app.gateways.queue_service import CheckInsWithWait, QueueService, WaitBoard
from kiosk_ui.app.settings_queue import QueueSettings
from reader.verification.identity import HolderChecked
from tests.service.service_scene import (
    DAY,
    NOW,
    TOKENS,
    ManualClock,
    RunningService,
    Staff,
    service_settings,
)

VIETNAM = dt.timezone(dt.timedelta(hours=7))
TOKEN = TOKENS["kiosk-1"]


def a_ticket(number: str = "A012", **changes: object) -> Ticket:
    fields: dict[str, object] = {
        "check_in_id": uuid.uuid4(),
        "number": number,
        "department_vi": "Nội",
        "department_en": "Internal medicine",
        "place_vi": "Tầng 1, phòng 101",
        "place_en": "Floor 1, room 101",
        "issued_at": NOW.astimezone(VIETNAM),
        "insurance_unverified": False,
        "at_counter": False,
        **changes,
    }
    return Ticket(**fields)  # type: ignore[arg-type]


SLIP = a_ticket(
    "Q001",
    kind=TicketKind.COUNTER,
    slip=Slip("Nguyễn Văn Thử", "040 *** *** 017", "03/02/1985", ("insurance",), "3", "0123ABCD"),
)


def client_of(url: str, token: str = TOKEN, total_timeout_s: float = 4.0) -> QueueService:
    return QueueService(
        url,
        Secret(token.encode()),
        DEFAULT_DEPARTMENTS,
        total_timeout_s=total_timeout_s,
        now=lambda: NOW + dt.timedelta(minutes=1),
    )


@contextlib.contextmanager
def fails_with(code: ErrorCode) -> Iterator[None]:
    with pytest.raises(GatewayError) as caught:
        yield
    assert caught.value.code is code


# ----------------------------------------------------------------------------------- the real service
@pytest.fixture
def running(tmp_path: Path) -> Iterator[RunningService]:
    with RunningService(service_settings(tmp_path), ManualClock()) as service:
        yield service


def test_tickets_and_slips_arrive_where_they_belong(running: RunningService) -> None:
    service = client_of(running.url)
    ticket = a_ticket(priority=Priority.AGE)
    for _ in range(2):
        service.put(ticket)
        service.put(SLIP)
        service.put(a_ticket("E003", check_in_id=SLIP.check_in_id.__class__(int=5), priority=Priority.PREGNANT))
    with running.client() as client:
        noi = Staff(client, "noi1").state()
        assert [(each["label"], each["priority"]) for each in noi["following"]] == [("A012", "age")]
        counter = Staff(client, "quay").state()
        assert {each["label"] for each in counter["following"]} == {"A012", "Q001", "E003"}
        assert [each["label"] for each in counter["asked"]] == ["E003"]


def test_a_desks_word_about_the_holder_comes_back_to_the_kiosk_that_drew_the_number(running: RunningService) -> None:
    service = client_of(running.url)
    service.put(a_ticket())
    assert service.holder_marks(DAY) == []
    with running.client() as browser:
        staff = Staff(browser, "noi1")
        called = staff.call_next()
        assert called is not None
        body: dict[str, object] = {"key": called["key"], "revision": called["revision"], "checked": True}
        staff.post("holder", body).raise_for_status()
    assert service.holder_marks(DAY) == [HolderMark(a_ticket().number, HolderChecked.STAFF)]
    assert service.holder_marks(DAY - dt.timedelta(days=1)) == []
    assert client_of(running.url, TOKENS["kiosk-2"]).holder_marks(DAY) == []


@pytest.mark.parametrize(
    "holders",
    [
        None, {}, [None], [{}], [{"number": "A001"}], [{"number": "A001", "checked": "matcher"}],
        [{"number": 1, "checked": "staff"}], [{"number": "A001; x", "checked": "staff"}],
    ],
)  # fmt: skip
def test_marks_that_make_no_sense_are_no_answer(odd: OddService, holders: object) -> None:
    odd.holders = holders
    with fails_with(QUEUE_ANSWER_UNUSABLE):
        client_of(odd.base_url).holder_marks(DAY)


def test_a_token_that_the_service_does_not_know_is_for_people_to_put_right(running: RunningService) -> None:
    with fails_with(QUEUE_TOKEN_REFUSED):
        client_of(running.url, "wrong").put(a_ticket())
    for token in ("wröng", "two words", "two\r\nX-Lines: 1"):
        with pytest.raises(SettingsError, match=r"queue\.token"):
            client_of(running.url, token)


def test_a_ticket_that_cannot_be_taken_is_not_sent_for_ever(running: RunningService) -> None:
    service = client_of(running.url)
    for ticket in (
        a_ticket(issued_at=NOW.astimezone(VIETNAM) - dt.timedelta(days=10)),  # was under way too long
        a_ticket("Z001"),  # no department has this letter any more
    ):
        with fails_with(QUEUE_TICKET_REFUSED):
            service.put(ticket)
    ticket = a_ticket()
    service.put(ticket)
    with fails_with(QUEUE_TICKET_REFUSED):
        service.put(dataclasses.replace(ticket, number="A013"))
    assert QUEUE_TICKET_REFUSED.hint is QUEUE_TOKEN_REFUSED.hint is Hint.CALL_STAFF


def test_the_way_to_a_service_that_is_down_is_short(running: RunningService) -> None:
    url = running.url
    running.__exit__(None, None, None)
    began = time.monotonic()
    with fails_with(QUEUE_UNREACHABLE):
        client_of(url).put(a_ticket())
    assert time.monotonic() - began < 30


# -------------------------------------------------------------------------- a service that misbehaves
class OddService(LoopbackSite):
    """Answers as the real one, unless told to misbehave."""

    def __init__(self) -> None:
        super().__init__(delay_s=30.0)
        self.tickets: dict[str, object] = {}
        self.holders: object = []
        self.answer: dict[str, object] = {"state": "waiting", "twin": False, "wait_minutes": [10, 25]}

    def respond(self, request: Request) -> Reply:
        if request.method == "PUT":
            self.tickets[request.path] = request.json()
            return Reply(self.answer)
        if request.path.endswith("/holders"):
            return Reply({"day": DAY.isoformat(), "holders": self.holders})
        row = {"queue": "noi", "waiting": 3, "wait_minutes": [10, 25], "wait_minutes_prioritised": [0, 10]}
        return Reply({"day": DAY.isoformat(), "queues": [row]})


@pytest.fixture(scope="module")
def odd() -> Iterator[OddService]:
    with OddService() as service:
        yield service


WORTH_ANOTHER_TRY = {QUEUE_SLOW, QUEUE_REFUSED, QUEUE_UNREACHABLE, QUEUE_ANSWER_UNUSABLE}


@pytest.mark.parametrize("how", [each for each in Misbehaviour if each is not Misbehaviour.NONE])
def test_whatever_the_service_does_the_kiosk_has_a_word_for_it_in_bounded_time(
    odd: OddService, how: Misbehaviour, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    service = client_of(odd.base_url, total_timeout_s=0.6)
    odd.misbehave(how)
    try:
        for ask in (lambda: service.put(SLIP), service.waits, lambda: service.holder_marks(DAY)):
            with pytest.raises(GatewayError) as caught:
                ask()
            error = caught.value
            people = how in (Misbehaviour.UNAUTHORISED, Misbehaviour.NOT_FOUND)
            assert (error.hint is Hint.CALL_STAFF) == people
            assert people or error.code in WORTH_ANOTHER_TRY
            said = f"{error} {error!r} {error.facts}"
            for secret in ("Nguyễn", "040", TOKEN, SLIP.slip.reference if SLIP.slip else "?"):
                assert secret not in said
    finally:
        odd.misbehave(Misbehaviour.NONE)
    service.put(SLIP)
    for secret in ("Nguyễn", TOKEN):
        assert secret not in caplog.text


def test_nothing_of_a_person_is_sent(odd: OddService) -> None:
    odd.tickets.clear()
    client_of(odd.base_url).put(SLIP)
    ((path, body),) = odd.tickets.items()
    assert path == f"/queue/tickets/{SLIP.check_in_id}"
    assert body == {
        "day": "2026-03-02",
        "kind": "counter",
        "department": "counter",
        "number": "Q001",
        "priority": "none",
        "issued_at": "2026-03-02T08:30:00+07:00",
        "sent_at": "2026-03-02T01:31:00+00:00",
        "holder_checked": "none",
    }


@pytest.mark.parametrize("answer", [{}, {"state": None}, {"state": 1}])
def test_an_answer_without_a_state_is_no_answer(odd: OddService, answer: dict[str, object]) -> None:
    before, odd.answer = odd.answer, answer
    try:
        with fails_with(QUEUE_ANSWER_UNUSABLE):
            client_of(odd.base_url).put(a_ticket())
    finally:
        odd.answer = before


# --------------------------------------------------------------------------------------------- waiting
class Store:
    """A :class:`CheckIns` that gives one ticket."""

    def __init__(self, ticket: Ticket) -> None:
        self.ticket = ticket

    def save(self, draft: CheckInDraft, at: dt.datetime) -> Ticket:
        return self.ticket

    def note(self, entry: AuditEntry, at: dt.datetime) -> None:
        raise AssertionError("nothing is noted here")


class _Draft:
    department = DEFAULT_DEPARTMENTS[0]


def wait_on_paper(board: WaitBoard, clock: ManualClock, priority: Priority = Priority.NONE) -> int | None:
    store = CheckInsWithWait(Store(a_ticket(priority=priority)), board, clock)
    return store.save(_Draft(), NOW).wait_minutes  # type: ignore[arg-type] - only its department is looked at


def test_the_paper_says_the_longer_end_of_the_range_and_nothing_once_it_is_old(odd: OddService) -> None:
    clock = ManualClock()
    board = WaitBoard(client_of(odd.base_url))
    assert wait_on_paper(board, clock) is None, "nobody has asked yet"
    board(clock.now(), clock.monotonic())
    assert wait_on_paper(board, clock) == 25
    assert wait_on_paper(board, clock, Priority.AGE) == 10
    assert wait_on_paper(board, clock, Priority.PREGNANT) == 25, "what staff have not confirmed does not count"
    clock.advance(301)
    assert wait_on_paper(board, clock) is None


def test_the_service_is_asked_once_a_minute_and_a_failure_says_nothing(odd: OddService) -> None:
    clock = ManualClock()
    board = WaitBoard(client_of(odd.base_url, total_timeout_s=0.5))
    before = odd.asked
    for _ in range(5):
        board(clock.now(), clock.monotonic())
        clock.advance(20)
    assert odd.asked - before == 2
    odd.misbehave(Misbehaviour.RUBBISH)
    try:
        clock.advance(60)
        board(clock.now(), clock.monotonic())
        assert wait_on_paper(board, clock) == 25, "the last answer is still good"
    finally:
        odd.misbehave(Misbehaviour.NONE)


# -------------------------------------------------------------------------------------------- settings
@pytest.mark.parametrize(
    "table",
    [
        {"url": "https://queue.example"},
        {"url": "http://queue.example", "token": "/etc/token"},
        {"url": "https://user:secret@queue.example", "token": "/etc/token"},
        {"url": "queue.example", "token": "/etc/token"},
        {"kiosk": 3, "kiosks": 2},
        {"kiosk": 0},
        {"kiosk": 1, "kiosks": 100},
        {"token": "relative/path", "url": "https://queue.example"},
        {"colour": "blue"},
    ],
)
def test_settings_that_cannot_be_meant_are_refused(table: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"validation error"):
        QueueSettings.model_validate(table)


def test_a_kiosk_with_settings_finds_its_service(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("abc\n", encoding="ascii")
    token.chmod(0o600)
    table = {"url": "http://127.0.0.1:8088/", "token": str(token)}
    service = QueueService.of(QueueSettings.model_validate(table), DEFAULT_DEPARTMENTS)
    assert "abc" not in repr(service)
    no_authority = tmp_path / "authority.pem"
    no_authority.write_text("no certificate", encoding="ascii")
    with pytest.raises(SettingsError, match="authority"):
        QueueService.of(QueueSettings.model_validate({**table, "authority": str(no_authority)}), DEFAULT_DEPARTMENTS)
    token.chmod(0o644)
    with pytest.raises(SettingsError, match="read by others"):
        QueueService.of(QueueSettings.model_validate(table), DEFAULT_DEPARTMENTS)
    with pytest.raises(SettingsError):
        QueueService.of(QueueSettings(), DEFAULT_DEPARTMENTS)


@pytest.mark.parametrize("token", [b"", b"two words", "khóa".encode(), b"a\r\nX-Other: b"])
def test_what_cannot_be_a_token_is_told_at_the_start_and_never_shown(token: bytes) -> None:
    with pytest.raises(SettingsError, match="service token") as caught:
        QueueService("http://127.0.0.1:9", Secret(token), ())
    assert not token or token.decode() not in str(caught.value)
