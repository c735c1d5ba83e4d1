"""What passes between check-in and world is counted, and passes as it was."""

from __future__ import annotations

import contextlib
import datetime as dt
import threading
import time
import uuid
from pathlib import Path

import pytest

from emulator.adapters.inprocess import EmulatedTransport
from emulator.cards import card
from kiosk_ui.app.audit import AuditAction, AuditEntry
from kiosk_ui.app.domain.check_in import CheckInDraft, Ticket
from kiosk_ui.app.domain.insurance import Eligibility, EligibilityQuery
from kiosk_ui.app.domain.patient import PatientFinding, PatientKind, PatientQuery
from kiosk_ui.app.failures import HOSPITAL_NOT_SET, PRINTER_FAILED, RELAY_UNREACHABLE, GatewayError, PrinterError
from kiosk_ui.app.flows import events as ev
from kiosk_ui.app.flows import screens as s
from kiosk_ui.app.gateways.no_hospital import NoHospital
from kiosk_ui.app.operation import families as f
from kiosk_ui.app.operation.measures import Measures
from kiosk_ui.app.operation.observed import (
    ObservedCheckIns,
    ObservedHospital,
    ObservedInsurer,
    ObservedPrinter,
    ObservedScreens,
    PeerBook,
)
from kiosk_ui.app.operation.scan_switch import ScanSwitch
from kiosk_ui.app.operation.signs_of_life import Pulse
from kiosk_ui.app.services import KioskServices
from kiosk_ui.app.settings import Settings
from kiosk_ui.app.settings_hospital import HospitalSettings
from kiosk_ui.bootstrap.watched_place import WatchedPlace
from reader.scanners.qr import CitizenQr

NOW = dt.datetime(2026, 11, 22, 3, 0, tzinfo=dt.UTC)
QUERY = EligibilityQuery("040157531864", "Trần Thị Thử", dt.date(1957, 9, 13))


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> dt.datetime:
        return NOW + dt.timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds


def counted(measures: Measures, family: f.Family) -> dict[tuple[str, ...], float]:
    return {row.labels: row.value for row in measures.rows(family)}


def test_a_relay_s_answers_errors_and_times_are_kept_and_passed_on() -> None:
    clock, measures = Clock(), Measures()
    peers = PeerBook(measures, clock)
    answer = Eligibility.unavailable("whatever")

    class Insurer:
        works = True

        def check(self, query: EligibilityQuery) -> Eligibility:
            assert query is QUERY
            clock.seconds += 0.25
            if not self.works:
                raise GatewayError(RELAY_UNREACHABLE)
            return answer

    inner = Insurer()
    watched = ObservedInsurer(inner, peers)
    assert peers.last("relay") is None
    assert watched.check(QUERY) is answer
    inner.works = False
    with pytest.raises(GatewayError):
        watched.check(QUERY)
    last = peers.last("relay")
    assert last is not None
    assert (last.outcome, last.seconds, last.at) == ("relay.unreachable", 0.25, clock.now())
    assert counted(measures, f.PEER_REQUESTS) == {("relay", "answered"): 1, ("relay", "relay.unreachable"): 1}


def test_a_hospital_system_that_is_asked_about_insurance_is_not_called_the_relay(tmp_path: Path) -> None:
    """Who looks for what is slow must not be sent to a machine that nobody has asked."""
    system = HospitalSettings(kind="fhir", url="http://127.0.0.1:9", insurer="hospital", connect_timeout_s=1.0)
    services = KioskServices(Settings(data_folder=tmp_path, hospital=system))
    try:
        with pytest.raises(GatewayError):
            services.insurer.check(QUERY)
        assert services.operation.peers.last("relay") is None
        assert services.operation.peers.last("hospital") is not None
    finally:
        services.close()


def test_a_hospital_system_that_is_not_there_counts_as_that() -> None:
    peers = PeerBook(Measures(), Clock())
    finding = ObservedHospital(NoHospital(), peers).find(PatientQuery("1", "A", None, "M"))
    assert finding == PatientFinding(PatientKind.UNAVAILABLE, code=HOSPITAL_NOT_SET.name)
    last = peers.last("hospital")
    assert last is not None
    assert last.outcome == "hospital.not_set"


def test_a_mistake_of_ours_is_not_counted_as_an_answer() -> None:
    measures = Measures()

    def question() -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        PeerBook(measures, Clock()).ask("relay", question)
    assert counted(measures, f.PEER_REQUESTS) == {("relay", "mistake"): 1}


def ticket() -> Ticket:
    return Ticket(uuid.UUID(int=1), "A001", "Nội", "Internal", "Tầng 1", "Floor 1", NOW, False, False)


def test_papers_are_counted_by_what_became_of_them() -> None:
    measures = Measures()

    class Printer:
        works = True

        def print(self, ticket: Ticket) -> None:
            if not self.works:
                raise PrinterError(PRINTER_FAILED)

    inner = Printer()
    watched = ObservedPrinter(inner, measures)
    watched.print(ticket())
    inner.works = False
    with pytest.raises(PrinterError):
        watched.print(ticket())
    assert counted(measures, f.TICKETS) == {("printed",): 1, ("printer.failed",): 1}


def test_screens_are_timed_and_the_last_one_of_a_visit_is_known() -> None:
    clock, measures = Clock(), Measures()
    shown: list[str] = []

    class FrontEnd:
        def show(self, state: s.CheckInState) -> None:
            shown.append(state.screen.name)

        def clear(self) -> None:
            shown.append("cleared")

    watched = ObservedScreens(FrontEnd(), measures, clock)
    for screen, seconds in ((s.Welcome(), 3600), (s.EnterNumber(), 4), (s.PlaceCard(), 2), (s.Welcome(), 50)):
        watched.show(s.CheckInState(screen=screen))
        clock.seconds += seconds
    watched.clear()
    assert shown == ["welcome", "enter_number", "place_card", "welcome", "cleared"]
    assert {row.labels[0]: row.value for row in measures.rows(f.STEP_SECONDS)} == {"enter_number": 4, "place_card": 2}
    assert counted(measures, f.VISITS_LEFT) == {("place_card",): 1}


def test_the_audit_trail_gives_the_outcomes_of_readings_and_no_words_of_people() -> None:
    measures = Measures()
    noted: list[AuditEntry] = []

    class Store:
        def save(self, draft: CheckInDraft, at: dt.datetime) -> Ticket:
            raise AssertionError

        def note(self, entry: AuditEntry, at: dt.datetime) -> None:
            noted.append(entry)

    watched = ObservedCheckIns(Store(), measures)
    for entry in (
        AuditEntry(AuditAction.CARD_READ, "REFER chip_read", subject="f" * 16),
        AuditEntry(AuditAction.CARD_NOT_READ, "card.removed"),
        AuditEntry(AuditAction.CARD_NOT_READ, "040157531864"),
        AuditEntry(AuditAction.STAFF_CALLED, "confirm"),
        AuditEntry(AuditAction.INSURANCE_CHECKED, "000"),
    ):
        watched.note(entry, NOW)
    assert len(noted) == 5
    assert counted(measures, f.READINGS) == {("refer.chip_read",): 1, ("card.removed",): 1, ("other",): 1}
    assert counted(measures, f.STAFF_CALLS) == {("confirm",): 1}


def test_scans_go_to_one_place_only_and_to_the_test_by_kind_alone() -> None:
    switch = ScanSwitch()
    posted: list[ev.Event] = []
    tested: list[str] = []
    take = switch.between(posted.append)
    code = CitizenQr.__new__(CitizenQr)
    take(ev.NumberKnown("040157531864"))
    switch.lend(tested.append)
    for event in (ev.NumberKnown("040157531864"), ev.NumberKnown("040157531864", code), ev.ScanUnreadable()):
        take(event)
    take(ev.MrzGiven("P<UTO…"))
    switch.lend(None)
    take(ev.ScanUnreadable())
    assert len(posted) == 2
    assert tested == ["number", "card_code", "unreadable", "machine_readable_zone"]


def test_a_reader_that_never_answers_is_noticed_and_the_card_passes_through_unchanged() -> None:
    release = threading.Event()

    class Place:
        stuck = False

        def is_there(self) -> bool:
            if self.stuck:
                release.wait(20)
            return True

        def open(self) -> EmulatedTransport:
            return EmulatedTransport(card("quy"))

    inner, pulse = Place(), Pulse("reader", 0.05, always=False)
    place = WatchedPlace(inner, pulse)
    with place.open() as opened, EmulatedTransport(card("quy")) as bare:
        assert (opened.atr, opened.is_emulated) == (bare.atr, True)
        assert (opened.max_command, opened.max_response) == (bare.max_command, bare.max_response)
        command = bytes.fromhex("00A4040C07A0000002471001")
        assert opened.transmit(command) == bare.transmit(command)
        opened.reset()
    assert pulse.lives
    inner.stuck = True
    stuck = threading.Thread(target=place.is_there)
    stuck.start()
    with contextlib.ExitStack() as after:
        after.callback(stuck.join)
        after.callback(release.set)
        end = time.monotonic() + 10
        while pulse.lives:
            assert time.monotonic() < end
            time.sleep(0.01)
    assert pulse.lives
