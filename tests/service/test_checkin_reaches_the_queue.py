"""From the card to the call: a whole kiosk below its screen and the hospital's service, over real HTTP."""

from __future__ import annotations

import datetime as dt
import io
import json
import logging
import time
from pathlib import Path

import pytest

from kiosk_ui.app.domain.number import CitizenNumber
from kiosk_ui.app.domain.reading import Decision, ReadingStep, ReadResult
from kiosk_ui.app.ports import ReadingListener, SystemClock
from kiosk_ui.app.services import KioskServices
from kiosk_ui.app.settings import Settings
from kiosk_ui.headless import run
from kiosk_ui.service.app import HospitalService
from reader.verification.identity import Assurance, Identity, Sex
from tests.service.service_scene import RunningService, Staff, service_settings

NAME = "Nguyễn Văn An"
NUMBERS = ("040045000017", "040045000025", "040045000033")


class Chip:
    """A card that is read at once and taken away."""

    def start(self, number: CitizenNumber, listener: ReadingListener, scanned: object = None) -> None:
        listener.progressed(ReadingStep.OPENING, 0, 6)
        identity = Identity(
            number.digits, NAME, dt.date(1945, 2, 3), Sex.MALE, "VNM", None, None, False, None, Assurance.CHIP_VERIFIED
        )
        listener.finished(ReadResult(identity, Decision.ACCEPT, ()))
        listener.card_removed()

    def cancel(self) -> None:
        """Nothing runs."""


def _kiosk(folder: Path, url: str, token: Path, index: int) -> KioskServices:
    queue = {"url": url, "token": str(token), "kiosk": index, "kiosks": 2}
    # Not entered: the test runs the outbox itself, at the moments it chooses.
    return KioskServices(Settings(data_folder=folder / f"kiosk-{index}", device=f"kiosk-{index}", queue=queue))


def _visit(kiosk: KioskServices, number: str) -> str:
    commands = [
        {"event": "started"},
        {"event": "number_known", "text": number},
        {"wait_for": "confirm"},
        {"event": "confirmed"},
        {"wait_for": "choose_department"},
        {"event": "department_chosen", "code": "noi"},
        {"wait_for": "ticket_ready"},
    ]
    out = io.StringIO()
    lines = [json.dumps(command) for command in commands]
    assert run(lambda screen: kiosk.driver(Chip(), screen), lines, out, time.monotonic) == 0
    return str(json.loads(out.getvalue().splitlines()[-1])["ticket"]["number"])


def test_numbers_of_two_kiosks_wait_in_one_queue_also_after_the_service_was_away(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    settings = service_settings(tmp_path)
    with RunningService(settings, SystemClock()) as running:  # type: ignore[arg-type] - the machine's clock serves too
        port, url = running.port, running.url
        kiosks = [_kiosk(tmp_path, url, tmp_path / f"kiosk-{index}.token", index) for index in (1, 2)]
        drawn = [_visit(kiosk, number) for kiosk, number in zip(kiosks, NUMBERS, strict=False)]
        for kiosk in kiosks:
            kiosk.outbox.run_once(dt.datetime.now(dt.UTC))
    assert drawn == ["A001", "A002"], "kiosk i of n draws i, i + n, …"
    drawn.append(_visit(kiosks[0], NUMBERS[2]))  # nobody is there to be told
    now = dt.datetime.now(dt.UTC)
    kiosks[0].outbox.run_once(now)
    with RunningService(settings, SystemClock(), port) as running, running.client() as client:  # type: ignore[arg-type]
        for later in (1, 2):
            kiosks[0].outbox.run_once(now + dt.timedelta(hours=later))
        staff = Staff(client, "noi1")
        called = [staff.call_next() for _ in range(3)]
        assert [each["label"] for each in called if each] == drawn
        assert {each["priority"] for each in called if each} == {"age"}, "born in 1945"
    for kiosk in kiosks:
        kiosk.close()
    assert drawn[2] == "A003", "the first kiosk's next"
    octets = b"".join(path.read_bytes() for path in (tmp_path / "service").iterdir())
    for personal in (*NUMBERS, NAME):
        assert personal.encode() not in octets
        assert personal not in caplog.text


def test_the_service_opens_and_closes_twice_without_harm(tmp_path: Path) -> None:
    service = HospitalService(service_settings(tmp_path))
    service.close()
    service.close()
