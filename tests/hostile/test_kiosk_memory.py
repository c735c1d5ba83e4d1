"""When a visit is over, nothing of the person is left in the memory of the kiosk: not in an object, not in a cache."""

from __future__ import annotations

import gc
import json
import os
import time
from pathlib import Path

import pytest

from emulator.personalise.profile import load_profile
from emulator.services.insurance_gateway import InsuranceRelay
from kiosk_ui.app.flows.time_limits import TimeLimits
from kiosk_ui.app.services import KioskServices
from kiosk_ui.app.settings import RelaySettings, Settings
from kiosk_ui.bootstrap.card_reading import ReaderCards
from kiosk_ui.bootstrap.emulated import InProcessTray
from kiosk_ui.headless import run
from reader.inspection import trust_for

PERSON = "quy"
EMULATION = ("ElementaryFile", "InsuredPerson")  # card and insurer are in this process too, and know the person
SOON = TimeLimits(take_card_s=1)  # the card stays where it lies


def canaries() -> list[str]:
    holder = load_profile(PERSON).holder
    return [holder.number, holder.full_name]


def holders(words: list[str]) -> list[str]:
    """Kinds of the objects that hold one of the words."""
    gc.collect()
    found = []
    for each in gc.get_objects():
        if type(each).__name__ in EMULATION:
            continue
        for held in gc.get_referents(each):
            text = held.decode("utf-8", "ignore") if isinstance(held, bytes | bytearray) else held
            if isinstance(text, str):
                found += [type(each).__name__ for word in words if word in text]
    return sorted(found)


def visit(kiosk: KioskServices, cards: ReaderCards) -> int:
    """One patient from the first touch to the last. Returns the exit code."""
    commands = [
        {"event": "number_known", "text": load_profile(PERSON).holder.number},
        {"wait_for": "confirm"},
        {"event": "confirmed"},
        {"wait_for": "choose_department"},
        {"event": "department_chosen", "code": "noi"},
        {"wait_for": "ticket_ready"},
        {"event": "go_on"},
        {"wait_for": "welcome"},
    ]
    lines = [json.dumps(each) for each in commands]
    with open(os.devnull, "w", encoding="utf-8") as nobody:
        code = run(lambda screen: kiosk.driver(cards, screen), lines, nobody, time.monotonic)
    cards.join()
    return code


@pytest.mark.slow
@pytest.mark.parametrize("relay_is_up", [True, False])
def test_nothing_of_a_person_is_left_after_the_ticket(tmp_path: Path, relay_is_up: bool) -> None:
    tray = InProcessTray()
    tray.lay(PERSON)
    cards = ReaderCards(tray, trust_for(None, test_mode=True))
    with InsuranceRelay() as relay:
        settings = Settings(data_folder=tmp_path, relay=RelaySettings(url=relay.url), time_limits=SOON)
        if not relay_is_up:
            relay.stop()
        before = holders(canaries())
        with KioskServices(settings) as kiosk:
            assert visit(kiosk, cards) == 0
            end = time.monotonic() + 10  # work in the background may still be letting go
            while (left := holders(canaries())) != before and time.monotonic() < end:
                time.sleep(0.05)
    assert left == before
