"""From a device to the check-in: which number reaches it, from which device, with which settings."""

from __future__ import annotations

import json
import logging
import queue
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from emulator.adapters.serial_scanner import CodeScanner, Damage, DeskoReader, ElyctisReader, Est100PrReader
from emulator.services.card_tool_receiver import CardToolReceiver
from emulator.services.hn212 import Hn212Device
from kiosk_ui.app.domain.identification import Way
from kiosk_ui.app.domain.reading import Decision, ReadResult
from kiosk_ui.app.flows import events as ev
from kiosk_ui.app.flows import screens as s
from kiosk_ui.app.flows.check_in import CheckInFlow
from kiosk_ui.app.gateways.jtheid import JtheidHandover
from kiosk_ui.app.settings import HandoverSettings, ScannerSettings
from kiosk_ui.bootstrap.scanning import ConfirmedReadings, KioskScanner, event_of, hand_over_to, scan_to_event
from reader.scanners.recognition import recognise
from reader.scanners.vendor.declared import DeviceReading
from scripts.flow_map import person as somebody

SAMPLES = json.loads((Path(__file__).parents[1] / "vectors" / "vietnam_samples.json").read_text(encoding="utf-8"))
LINES: list[str] = SAMPLES["persons"][0]["mrz"]
QR: str = SAMPLES["persons"][0]["qr"]
NUMBER = "040085000017"
RECORD = {"idCode": NUMBER, "personName": "Nguyễn Văn An", "dateOfBirth": "03/02/1985"}
PATIENCE_S = 20.0  # only how long a failing test waits


class Posted:
    """What the check-in would get."""

    def __init__(self) -> None:
        self.events: queue.Queue[ev.NumberKnown | ev.ScanUnreadable] = queue.Queue()

    def next(self) -> ev.NumberKnown | ev.ScanUnreadable:
        """The next event."""
        return self.events.get(timeout=PATIENCE_S)

    def number(self) -> str:
        """The number in it."""
        event = self.next()
        assert isinstance(event, ev.NumberKnown)
        return event.text


@pytest.fixture
def posted() -> Iterator[Posted]:
    yield (kept := Posted())
    assert kept.events.empty()


def test_a_code_scanner_gives_the_whole_code_and_an_mrz_its_number(posted: Posted) -> None:
    with CodeScanner() as device, KioskScanner(ScannerSettings(port=device.port), posted.events.put):
        device.scan(QR)
        first = posted.next()
        assert isinstance(first, ev.NumberKnown)
        assert first.text == NUMBER
        assert first.scanned is not None
        assert first.scanned.full_name == "Nguyễn Văn An"
        for line in LINES:
            device.scan(line)
        second = posted.next()
        assert isinstance(second, ev.NumberKnown)
        assert (second.text, second.scanned) == (NUMBER, None)


def test_what_names_no_citizen_is_a_scan_that_could_not_be_used(
    posted: Posted, caplog: pytest.LogCaptureFixture
) -> None:
    settings = ScannerSettings(port="/nowhere")
    with CodeScanner() as device, KioskScanner(settings, posted.events.put, port=device.port):
        for text in (SAMPLES["bhyt_qr_new"], "https://vneid.gov.vn/x", "rubbish", "Nguyễn Văn An|040085000017"):
            device.scan(text)
            assert posted.next() == ev.ScanUnreadable()
        device.scan(QR, Damage.GARBAGE)
        device.send(b"\r")
        assert posted.next() == ev.ScanUnreadable()
    assert "scanner.garbage" in caplog.text
    assert "qr.malformed" in caplog.text
    assert "040085" not in caplog.text
    assert "Nguy" not in caplog.text


def test_a_desko_reader(posted: Posted) -> None:
    with DeskoReader() as device:
        settings = ScannerSettings(kind="desko", port=device.port)
        with KioskScanner(settings, posted.events.put):
            device.swipe(LINES)
            assert posted.number() == NUMBER


def test_an_elyctis_reader(posted: Posted) -> None:
    with ElyctisReader() as device:
        settings = ScannerSettings(kind="elyctis", port=device.port, baud_rate=115_200)
        with KioskScanner(settings, posted.events.put):
            while not device.reads_continuously:
                device.serve()
            device.lay(LINES)
            assert posted.number() == NUMBER


def test_an_est_reader_by_camera_and_by_chip(posted: Posted) -> None:
    with Est100PrReader() as device:
        settings = ScannerSettings(kind="est-100pr", port=device.port, parity="none")
        with KioskScanner(settings, posted.events.put):
            device.camera(QR)
            assert posted.number() == NUMBER
            device.card(RECORD)
            assert posted.number() == NUMBER


def test_an_hn212_tells_a_card_once(posted: Posted, caplog: pytest.LogCaptureFixture) -> None:
    with Hn212Device() as device:
        settings = ScannerSettings(kind="hn212", url=device.url)
        with caplog.at_level(logging.WARNING), KioskScanner(settings, posted.events.put):
            device.lay(RECORD, {"sod": b"\x77\x00"})
            assert posted.number() == NUMBER
            device.fail("Nguyễn Văn An")
            assert posted.next() == ev.ScanUnreadable()
            device.lay(RECORD, {})
            assert posted.number() == NUMBER
    assert "device.read_failed" in caplog.text
    assert "Nguy" not in caplog.text


def test_without_a_device_nothing_listens(posted: Posted) -> None:
    before = threading.active_count()
    with KioskScanner(ScannerSettings(), posted.events.put):
        assert threading.active_count() == before


def test_a_device_that_is_missing_keeps_no_kiosk_from_starting(posted: Posted, tmp_path: Path) -> None:
    with KioskScanner(ScannerSettings(port=str(tmp_path / "ttyACM0")), posted.events.put):
        pass


def test_single_lines_and_readings_without_a_person() -> None:
    assert scan_to_event(LINES[0].encode()) == ev.ScanUnreadable()
    assert event_of(DeviceReading()) is None
    assert event_of(recognise(NUMBER.encode())) == ev.NumberKnown(NUMBER)


def test_a_reading_is_handed_over_by_a_thread_that_nobody_waits_for() -> None:
    hand_over_to(None)(_Unused())  # type: ignore[arg-type]
    handed: queue.Queue[object] = queue.Queue()

    class Handover(JtheidHandover):
        def takes(self, outcome: object) -> bool:
            return outcome is wanted

        def send_or_note(self, outcome: object) -> None:
            handed.put((outcome, threading.current_thread() is threading.main_thread()))

    wanted = _Unused()
    with CardToolReceiver() as system:
        hand_over = hand_over_to(Handover(system.url))
        hand_over(_Unused())  # type: ignore[arg-type]
        hand_over(wanted)  # type: ignore[arg-type]
        assert handed.get(timeout=PATIENCE_S) == (wanted, False)
    assert handed.empty()


class _Outcome:
    """A reading as far as it matters here."""

    def __init__(self, number: str = NUMBER) -> None:
        self.identity = somebody(number)


class _Screen:
    def show(self, state: s.CheckInState) -> None: ...

    def clear(self) -> None: ...


def _walk(read: _Outcome, *events: ev.Event, way: tuple[ev.Event, ...] = ()) -> list[object]:
    handed: list[object] = []
    confirmed = ConfirmedReadings(_Screen(), handed.append)
    flow = CheckInFlow()
    state = flow.initial()
    for event in (*way, ev.NumberKnown(NUMBER), None, *events):
        if event is None:
            confirmed.note(read)  # type: ignore[arg-type]
            event = ev.ReadingFinished(state.request, ReadResult(read.identity, Decision.ACCEPT))
        state = flow.handle(state, event).state
        confirmed.show(state)
    return handed


CHILD = (
    ev.OtherWaysAsked(), ev.WayChosen(Way.CHILD), ev.Skipped(), ev.TextGiven("Nguyễn Thị Thử"),
    ev.BirthGiven(1, 5, 2023), ev.GoOn(),
)  # fmt: skip


def test_only_who_has_said_that_is_me_is_handed_over() -> None:
    mine = _Outcome()
    assert _walk(mine) == [], "read, and not yet asked"
    assert _walk(mine, ev.Confirmed(), ev.DepartmentChosen("noi")) == [mine]
    assert _walk(mine, ev.NotMe()) == []
    assert _walk(mine, ev.StartAgain()) == []
    assert _walk(_Outcome("040155000029"), ev.TryAgain(), ev.Confirmed()) == [], "another card than the number's"
    assert _walk(mine, ev.Confirmed(), ev.Confirmed(), way=CHILD) == [], "a guardian is no patient"


class _Unused:
    """Stands for a reading that is handed on as it is."""


# ------------------------------------------------------------------------------------------ settings
@pytest.mark.parametrize(
    "table",
    [
        {"kind": "unknown"},
        {"port": ""},
        {"baud_rate": 1},
        {"parity": "mark"},
        {"url": "ftp://192.168.5.1"},
        {"url": "http://example.test:8000"},
        {"url": "http://user:secret@192.168.5.1:8000"},
        {"url": "http://8.8.8.8:8000"},
        {"prot": "/dev/ttyACM0"},
    ],
)
def test_settings_of_a_scanner_that_cannot_be(table: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as caught:
        ScannerSettings(**table)  # type: ignore[arg-type]
    assert "secret" not in str(caught.value)


def test_settings_of_a_scanner() -> None:
    assert ScannerSettings().url == "http://192.168.5.1:8000"
    assert ScannerSettings(url="https://device.hospital.example").kind == "code"
    with pytest.raises(ValidationError):
        HandoverSettings(url="http://his.hospital.example:8050/")  # patients would cross the network in the open
    with pytest.raises(ValidationError):
        HandoverSettings(least_assurance="typed")  # type: ignore[arg-type]
