"""A whole visit with every logger at its most talkative: no log, ticket, temporary file or audit line names the person.

Nor does any octet of the store's files: the hospital's record is sealed.
"""

from __future__ import annotations

import json
import logging
import os
import time
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from emulator.cards import catalogue
from emulator.personalise.printed_qr import printed_qr
from emulator.personalise.profile import load_profile
from emulator.services.insurance_gateway import InsuranceRelay, Misbehaviour
from kiosk_ui.app.flows import events as ev
from kiosk_ui.app.flows.time_limits import TimeLimits
from kiosk_ui.app.privacy import Pseudonyms
from kiosk_ui.app.services import KioskServices
from kiosk_ui.app.settings import RelaySettings, Settings
from kiosk_ui.app.store.check_ins import CheckInStore
from kiosk_ui.app.store.database import Database, sqlite_url
from kiosk_ui.app.store.schema import patient_snapshot
from kiosk_ui.bootstrap.card_reading import ReaderCards
from kiosk_ui.bootstrap.emulated import InProcessTray
from kiosk_ui.bootstrap.kiosk import scan_to_event
from kiosk_ui.headless import run
from reader.inspection import trust_for

PERSON = "quy"
SOON = TimeLimits(take_card_s=1)  # the card stays where it lies


def canaries() -> list[str]:
    holder = load_profile(PERSON).holder
    words = [holder.number, holder.number[3:], holder.full_name, holder.residence, f"{holder.born:%d/%m/%Y}"]
    return [*words, *next(each.mrz for each in catalogue() if each.name == PERSON)]


def assert_silent(text: str, where: str) -> None:
    found = [position for position, word in enumerate(canaries()) if word in text]
    assert not found, f"{where} shows {len(found)} of the person's fields"


@pytest.mark.parametrize("how", [Misbehaviour.NONE, Misbehaviour.RUBBISH, Misbehaviour.HANG_UP])
def test_a_visit_names_nobody_outside_the_record(
    tmp_path: Path,
    how: Misbehaviour,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    temporary, data = tmp_path / "tmp", tmp_path / "data"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    tray = InProcessTray()
    tray.lay(PERSON)
    scanned = scan_to_event(printed_qr(load_profile(PERSON)).encode())
    assert isinstance(scanned, ev.NumberKnown)
    commands = [
        {"event": "number_known", "text": scanned.text},
        {"wait_for": "confirm"},
        {"event": "staff_asked"},
        {"event": "overlay_dismissed"},
        {"event": "confirmed"},
        {"wait_for": "choose_department"},
        {"event": "department_chosen", "code": "noi"},
        {"wait_for": "ticket_ready"},
    ]
    with InsuranceRelay() as relay:
        relay.misbehave(how)
        settings = Settings(data_folder=data, relay=RelaySettings(url=relay.url), time_limits=SOON)
        cards = ReaderCards(tray, trust_for(None, test_mode=True))
        with KioskServices(settings) as kiosk, open(os.devnull, "w", encoding="utf-8") as nobody:
            lines = [json.dumps(each) for each in commands]
            assert run(lambda screen: kiosk.driver(cards, screen), lines, nobody, time.monotonic) == 0
            cards.join()
    assert caplog.text
    assert_silent(caplog.text, "the log")
    assert_silent("".join(capfd.readouterr()), "standard output or error")
    assert list(temporary.iterdir()) == []
    written = [path for path in data.rglob("*") if path.is_file() and "sqlite" not in path.name]
    assert len(written) == 4  # two keys, and the ticket twice
    for path in written:
        assert_silent(path.name + path.read_bytes().decode("utf-8", errors="replace"), path.suffix)
    for path in data.glob("*sqlite*"):
        assert_silent(path.read_bytes().decode("utf-8", errors="replace"), path.name)
    assert_record_is_there(data)


def assert_record_is_there(data: Path) -> None:
    """Sealed, for who has the key."""
    database = Database(sqlite_url(data / "kiosk.sqlite"))
    with database.transaction("read") as connection:
        (check_in_id,) = connection.execute(sa.select(patient_snapshot.c.check_in_id)).scalars()
    whole = CheckInStore(database, Pseudonyms(b"k" * 32)).draft_of(check_in_id)
    database.close()
    assert whole is not None
    assert whole.visitor.full_name == canaries()[2]


@given(st.binary(max_size=3_000) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_whatever_the_scanner_sends_is_a_number_or_no_card(octets: bytes) -> None:
    event = scan_to_event(octets)
    assert isinstance(event, ev.NumberKnown | ev.ScanUnreadable)
    assert repr(event) in {"NumberKnown(…)", "ScanUnreadable()"}


@given(st.text(alphabet="0123456789|\u202e\u200f\x00\x1b ٠١٢aN/", max_size=300))
def test_a_line_that_looks_like_a_code_never_gives_anything_but_twelve_digits(text: str) -> None:
    event = scan_to_event(text.encode())
    if isinstance(event, ev.NumberKnown):
        assert len(event.text) == 12
        assert event.text.isascii()
        assert event.text.isdigit()
