"""The whole kiosk below its screen, with the relay on real HTTP: up, down, and back again."""

from __future__ import annotations

import datetime as dt
import io
import json
import logging
import time
from pathlib import Path

import pytest

from crypto.errors import Hint
from emulator.services.insurance_gateway import InsuranceRelay, InsuredPerson, Misbehaviour
from kiosk_ui.app.domain.number import CitizenNumber
from kiosk_ui.app.domain.reading import Decision, ReadingStep, ReadResult
from kiosk_ui.app.outbox import OutboxRun
from kiosk_ui.app.ports import ReadingListener
from kiosk_ui.app.services import KioskServices
from kiosk_ui.app.settings import RelaySettings, Settings
from kiosk_ui.headless import run
from reader.verification.identity import Assurance, Identity, Sex

NUMBER = "040085000017"
NAME = "Nguyễn Văn An"


class Chip:
    """A card that is read at once; ``refusals`` first answers are a torn-away card."""

    def __init__(self, decision: Decision = Decision.ACCEPT, torn: int = 0) -> None:
        self.decision = decision
        self.torn = torn

    def start(self, number: CitizenNumber, listener: ReadingListener, scanned: object = None) -> None:
        listener.progressed(ReadingStep.OPENING, 0, 6)
        if self.torn:
            self.torn -= 1
            listener.failed("card.removed", Hint.RETRY_CARD)
            return
        identity = Identity(
            number.digits, NAME, dt.date(1985, 2, 3), Sex.MALE, "VNM", "Số 5, ngõ 12", None, False, b"\xff\xd8",
            Assurance.CHIP_VERIFIED,
        )  # fmt: skip
        listener.finished(ReadResult(identity, self.decision, ("chip.copied",)))
        listener.card_removed()

    def cancel(self) -> None:
        """Nothing runs."""


VISIT = [
    {"event": "started"},
    {"event": "number_known", "text": NUMBER},
    {"wait_for": "confirm"},
    {"event": "confirmed"},
    {"wait_for": "choose_department"},
    {"event": "department_chosen", "code": "tai_mui_hong"},
    {"wait_for": "ticket_ready"},
]


@pytest.fixture
def relay():
    with InsuranceRelay() as running:
        yield running


@pytest.fixture
def kiosk(relay: InsuranceRelay, tmp_path: Path):
    # Not entered: these tests run the outbox themselves, at the moments they choose.
    services = KioskServices(Settings(data_folder=tmp_path, relay=RelaySettings(url=relay.url, total_timeout_s=1)))
    yield services
    services.close()


def visit(kiosk: KioskServices, commands: list[dict], chip: Chip | None = None) -> tuple[int, list[dict]]:
    out = io.StringIO()
    lines = [json.dumps(command) for command in commands]
    code = run(lambda screen: kiosk.driver(chip or Chip(), screen), lines, out, time.monotonic)
    return code, [json.loads(line) for line in out.getvalue().splitlines()]


def test_from_touch_to_ticket(kiosk: KioskServices):
    code, lines = visit(kiosk, VISIT)
    assert code == 0
    screens = [line["screen"] for line in lines]
    assert list(dict.fromkeys(screens)) == [
        "welcome", "enter_number", "place_card", "reading", "confirm", "looking_up", "choose_department", "saving",
        "ticket_ready",
    ]  # fmt: skip
    department = next(line for line in lines if line["screen"] == "choose_department")
    assert department["insurance"]["outcome"] == "valid"
    ticket = lines[-1]["ticket"]
    assert (ticket["number"], ticket["place_vi"], ticket["insurance_unverified"]) == (
        "G001",
        "Tầng 2, phòng 208",
        False,
    )


def test_with_the_relay_stopped_the_patient_is_admitted_and_asked_about_later(
    kiosk: KioskServices, relay: InsuranceRelay
):
    relay.stop()
    code, lines = visit(kiosk, VISIT)
    assert code == 0
    ticket = lines[-1]["ticket"]
    assert ticket["number"] == "G001"
    assert ticket["insurance_unverified"]

    now = dt.datetime.now(dt.UTC)
    assert kiosk.outbox.run_once(now) == OutboxRun(delivered=1, postponed=1)  # handed over; the relay is still down
    relay.start()
    again = kiosk.outbox.run_once(now + dt.timedelta(minutes=1))
    assert again == OutboxRun(delivered=2), "asked about, and handed over again with what the insurer says"
    (stored,) = kiosk.store.of_day(now.astimezone(kiosk.settings.zone).date())
    assert (stored.insurance_outcome, stored.insurance_code) == ("valid", "000")


@pytest.mark.parametrize("how", [how for how in Misbehaviour if how not in (Misbehaviour.NONE, Misbehaviour.SLOW)])
def test_whatever_the_relay_does_there_is_a_ticket(kiosk: KioskServices, relay: InsuranceRelay, how: Misbehaviour):
    relay.misbehave(how)
    code, lines = visit(kiosk, VISIT)
    assert code == 0
    assert lines[-1]["ticket"]["insurance_unverified"]


def test_a_name_that_differs_is_told_and_the_place_is_kept(kiosk: KioskServices, relay: InsuranceRelay):
    relay.set_person(NUMBER, InsuredPerson(name="Nguyễn Văn Ân"))
    notice = [{"wait_for": "insurance_notice"}, {"event": "go_on"}]
    code, lines = visit(kiosk, [*VISIT[:4], *notice, *VISIT[4:]])
    assert code == 0
    shown = next(line for line in lines if line["screen"] == "insurance_notice")
    assert shown["insurance"] == {
        "kind": "mismatch_name", "code": "060", "outcome": "counter",
        "valid_from": shown["insurance"]["valid_from"], "valid_until": shown["insurance"]["valid_until"],
    }  # fmt: skip
    assert lines[-1]["ticket"]["at_counter"]


def test_a_card_that_is_not_genuine_is_refused_and_leaves_no_check_in(kiosk: KioskServices, relay: InsuranceRelay):
    code, lines = visit(kiosk, [*VISIT[:2], {"wait_for": "refused"}], Chip(Decision.REJECT))
    assert code == 0
    assert lines[-1]["reasons"] == ["chip.copied"]
    assert relay.asked == 0
    assert kiosk.store.of_day(dt.datetime.now(dt.UTC).astimezone(kiosk.settings.zone).date()) == []


def test_a_card_torn_away_is_read_on(kiosk: KioskServices):
    code, lines = visit(kiosk, VISIT, Chip(torn=1))
    assert code == 0
    assert "card_lifted" in [line["screen"] for line in lines]


def test_the_background_outbox_catches_up_by_itself(relay: InsuranceRelay, tmp_path: Path):
    relay.stop()
    settings = Settings(data_folder=tmp_path, relay=RelaySettings(url=relay.url))
    services = KioskServices(settings)
    visit(services, VISIT)
    relay.start()
    with services:  # the background thread starts here
        today = dt.datetime.now(dt.UTC).astimezone(settings.zone).date()
        end = time.monotonic() + 30
        while services.store.of_day(today)[0].insurance_outcome == "unverified" and time.monotonic() < end:
            time.sleep(0.02)
        assert services.store.of_day(today)[0].insurance_outcome == "valid"


def test_nothing_personal_is_logged(kiosk: KioskServices, relay: InsuranceRelay, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    relay.stop()
    visit(kiosk, [*VISIT, {"event": "staff_asked"}])
    kiosk.outbox.run_once(dt.datetime.now(dt.UTC))
    assert caplog.text
    for personal in (NUMBER, NAME, "1985", "Số 5"):
        assert personal not in caplog.text


def test_commands_that_are_none_end_with_a_clear_word(kiosk: KioskServices):
    for line, word in [
        ({"event": "open_sesame"}, "unknown event"),
        ({"event": "started", "why": "x"}, "none"),
        ({"event": "number_known"}, "text"),
        ({"wait_for": "confirm", "timeout_s": "long"}, "timeout_s"),
    ]:
        code, lines = visit(kiosk, [line])
        assert code == 64
        assert word in lines[-1]["error"]


def test_waiting_in_vain_is_told(kiosk: KioskServices):
    code, lines = visit(kiosk, [{"wait_for": "ticket_ready", "timeout_s": 0.05}])
    assert code == 2
    assert lines[-1] == {"error": "the screen welcome did not become ticket_ready in time"}


@pytest.mark.parametrize("octets", [b'{"event": "started"}\n\xff\xfe\n', b"[" * 100_000 + b"\n", b"null\n", b'"x"'])
def test_input_that_is_rubbish_ends_the_program_and_never_hangs_it(kiosk: KioskServices, octets: bytes):
    out = io.StringIO()
    lines = io.TextIOWrapper(io.BytesIO(octets), encoding="utf-8")
    assert run(lambda screen: kiosk.driver(Chip(), screen), lines, out, time.monotonic) == 64
    assert "error" in out.getvalue().splitlines()[-1]
