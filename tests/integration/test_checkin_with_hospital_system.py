"""The whole kiosk below its screen with a hospital system on real HTTP: the appointment, the hand-over, and silence."""

from __future__ import annotations

import datetime as dt
import io
import json
import logging
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator.services.fhir_server import FhirServer, Misbehaviour
from kiosk_ui.app.domain.number import CitizenNumber
from kiosk_ui.app.domain.reading import Decision, ReadingStep, ReadResult
from kiosk_ui.app.outbox import OutboxRun
from kiosk_ui.app.ports import ReadingListener
from kiosk_ui.app.services import KioskServices
from kiosk_ui.app.settings import Settings
from kiosk_ui.headless import run
from reader.verification.identity import Assurance, Identity, Sex

NUMBER, NAME = "040085000017", "Nguyễn Văn An"
UNTIL_CONFIRMED = [
    {"event": "started"},
    {"event": "number_known", "text": NUMBER},
    {"wait_for": "confirm"},
    {"event": "confirmed"},
]


class Chip:
    """A card that is read at once and taken away."""

    def start(self, number: CitizenNumber, listener: ReadingListener, scanned: object = None) -> None:
        listener.progressed(ReadingStep.OPENING, 0, 6)
        identity = Identity(
            number.digits, NAME, dt.date(1985, 2, 3), Sex.MALE, "VNM", "Số 5, ngõ 12", None, False, None,
            Assurance.CHIP_VERIFIED,
        )  # fmt: skip
        listener.finished(ReadResult(identity, Decision.ACCEPT, ()))
        listener.card_removed()

    def cancel(self) -> None:
        """Nothing runs."""


@pytest.fixture
def server() -> Iterator[FhirServer]:
    with FhirServer() as running:
        yield running


@pytest.fixture
def kiosk(server: FhirServer, tmp_path: Path) -> Iterator[KioskServices]:
    # Not entered: these tests run the outbox themselves, at the moments they choose.
    hospital = {"kind": "fhir", "url": server.base_url, "insurer": "hospital", "facility": "40001"}
    services = KioskServices(Settings(data_folder=tmp_path, hospital=hospital))
    yield services
    services.close()


def visit(kiosk: KioskServices, commands: list[dict]) -> list[dict]:
    out = io.StringIO()
    lines = [json.dumps(command) for command in commands]
    assert run(lambda screen: kiosk.driver(Chip(), screen), lines, out, time.monotonic) == 0
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_patient_with_an_appointment_touches_once_less_and_the_visit_names_it(
    kiosk: KioskServices, server: FhirServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    numbers = [{"system": "urn:chipid:citizen-number", "value": NUMBER}]
    patient = server.put("Patient", identifier=numbers, name=[{"text": NAME}], birthDate="1985-02-03")
    today = kiosk.clock.now().astimezone(kiosk.settings.zone).replace(hour=23, minute=30)
    booked = server.put(
        "Appointment",
        status="booked",
        start=today.isoformat(),
        serviceType=[{"coding": [{"code": "mat"}]}],
        participant=[{"actor": {"reference": f"Patient/{patient}"}, "status": "accepted"}],
    )
    server.eligibility[NUMBER] = {
        "outcome": "complete",
        "insurance": [{"coverage": {"identifier": {"value": "4012345678"}}, "inforce": True}],
    }
    lines = visit(
        kiosk, [*UNTIL_CONFIRMED, {"wait_for": "appointment"}, {"event": "go_on"}, {"wait_for": "ticket_ready"}]
    )
    assert lines[-1]["ticket"]["number"] == "E001"
    assert kiosk.outbox.run_once(dt.datetime.now(dt.UTC)) == OutboxRun(delivered=1)
    (encounter,) = server.of_kind("Encounter")
    assert encounter["subject"] == {"reference": f"Patient/{patient}"}
    assert encounter["appointment"] == [{"reference": f"Appointment/{booked}"}]
    assert len(server.of_kind("Patient")) == 1
    assert len(server.of_kind("Coverage")) == 1
    assert NUMBER not in caplog.text
    assert NAME not in caplog.text


@pytest.mark.parametrize("how", [Misbehaviour.HANG_UP, Misbehaviour.LOST_ANSWER, Misbehaviour.MAINTENANCE])
def test_a_hospital_system_that_is_down_keeps_nobody_and_gets_the_visit_once(
    kiosk: KioskServices, server: FhirServer, how: Misbehaviour
) -> None:
    server.misbehave(how)
    lines = visit(
        kiosk,
        [
            *UNTIL_CONFIRMED,
            {"wait_for": "choose_department"},
            {"event": "department_chosen", "code": "noi"},
            {"wait_for": "ticket_ready"},
        ],
    )
    assert lines[-1]["ticket"]["insurance_unverified"]
    now = dt.datetime.now(dt.UTC)
    assert kiosk.outbox.run_once(now).delivered == 0
    server.misbehave(Misbehaviour.NONE)
    for hours in (1, 2):
        kiosk.outbox.run_once(now + dt.timedelta(hours=hours))
    assert len(server.of_kind("Encounter")) == 1
    assert len(server.of_kind("Patient")) == 1
