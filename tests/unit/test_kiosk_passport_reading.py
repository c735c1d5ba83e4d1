"""A foreign passport or ID card at the kiosk: opened by its lines, held against them, and read by the real reader."""

from __future__ import annotations

import dataclasses
import datetime as dt
import threading

import pytest

from crypto.errors import Hint
from emulator.cards import catalogue
from kiosk_ui.app.domain.mrz_text import MrzText
from kiosk_ui.app.domain.reading import Decision, ReadingStep, ReadResult
from kiosk_ui.app.domain.travel_document import TravelDocument
from kiosk_ui.bootstrap.card_reading import ReaderCards
from kiosk_ui.bootstrap.emulated import InProcessTray
from kiosk_ui.bootstrap.scanning import scan_to_event
from reader.inspection import trust_for

LONGEST_S = 60


class Listener:
    """Keeps what it is told last."""

    def __init__(self) -> None:
        self.over = threading.Event()
        self.result: ReadResult | None = None
        self.failure: tuple[str, Hint] | None = None

    def progressed(self, step: ReadingStep, steps_done: int, steps_total: int) -> None:
        """It goes on."""

    def card_awaited(self) -> None:
        """Nobody lifts it here."""

    def card_removed(self) -> None:
        """Nor now."""

    def finished(self, result: ReadResult) -> None:
        self.result = result
        self.over.set()

    def failed(self, code: str, hint: Hint) -> None:
        self.failure = (code, hint)
        self.over.set()


def lines_of(name: str) -> MrzText:
    return MrzText.from_text("\n".join(next(each.mrz for each in catalogue(laboratory=True) if each.name == name)))


def read(laid: str, key: MrzText | TravelDocument) -> Listener:
    tray, listener = InProcessTray(), Listener()
    tray.lay(laid)
    cards = ReaderCards(tray, trust_for(None, test_mode=True))
    cards.start(key, listener)
    assert listener.over.wait(LONGEST_S)
    cards.cancel()
    cards.join()
    return listener


@pytest.mark.parametrize("name", ["passport-td3", "id-td2", "long-number-td2"])
def test_its_lines_open_it_and_agree_with_it(name: str):
    key = lines_of(name)
    listener = read(name, key)
    assert listener.failure is None
    assert listener.result is not None
    assert listener.result.decision is Decision.ACCEPT
    assert listener.result.identity.number == key.document_number


def typed_of(name: str) -> TravelDocument:
    """What somebody reads off the photo page and types; of some dates of birth that is not the day."""
    mrz = lines_of(name).mrz
    born, last = mrz.date_of_birth, mrz.date_of_expiry
    assert (last.year_of_century, last.month, last.day) != (None, None, None)
    day = dt.date(2000 + (last.year_of_century or 0), last.month or 1, last.day or 1)
    today = dt.date(2026, 3, 2)
    return TravelDocument(mrz.document_number, born.birth_date(today), born.birth_year(today), day, born.month)


@pytest.mark.parametrize("name", ["passport-td3", "id-td2", "long-number-td2"])
def test_the_three_typed_fields_open_it_as_its_lines_do(name: str):
    typed = typed_of(name)
    listener = read(name, typed)
    assert listener.failure is None
    assert listener.result is not None
    assert listener.result.decision is Decision.ACCEPT
    assert typed.is_number(listener.result.identity.number)


@pytest.mark.parametrize("wrong", ["number", "date_of_birth", "date_of_expiry"])
def test_one_wrong_field_is_a_key_to_be_typed_again_and_no_broken_passport(wrong: str):
    typed = typed_of("passport-td3")
    other = "X" + typed.number[1:] if wrong == "number" else getattr(typed, wrong) + dt.timedelta(1)
    listener = read("passport-td3", dataclasses.replace(typed, **{wrong: other}))
    assert listener.result is None
    assert listener.failure is not None
    assert listener.failure[1] is Hint.REENTER_KEY


def test_the_lines_of_another_passport_do_not_open_it():
    listener = read("passport-td3", lines_of("id-td2"))
    assert listener.result is None
    assert listener.failure is not None
    assert listener.failure[1] is Hint.REENTER_KEY


def test_a_citizens_card_is_opened_by_its_lines_too():
    listener = read("an", lines_of("an"))
    assert listener.result is not None
    assert listener.result.decision is Decision.ACCEPT


def test_the_scanners_of_documents_tell_a_passport_from_a_citizens_card():
    passport = next(each.mrz for each in catalogue(laboratory=True) if each.name == "passport-td3")
    event = scan_to_event("".join(passport).encode())
    assert type(event).__name__ == "MrzGiven"
    citizen = next(each.mrz for each in catalogue(laboratory=True) if each.name == "an")
    assert type(scan_to_event("".join(citizen).encode())).__name__ == "NumberKnown"
