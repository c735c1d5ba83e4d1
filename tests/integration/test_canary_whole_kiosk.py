"""A card whose every field is a word that occurs nowhere else, a whole kiosk, and everything that it leaves behind.

Success, failure, cancelling, a broken printer, a relay that is down, a slip: afterwards every file of the data folder byte
by byte (the store's pages, its write-ahead log and its backups among them), every log line at the most talkative level,
every figure for monitoring, every temporary file, standard output and error are searched for every field in each form
that it may take.
"""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import datetime as dt
import logging
import time
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from emulator.adapters.inprocess import EmulatedTransport
from emulator.chip.card import VirtualCard
from emulator.chip.content import ChipContent
from emulator.faults import Fault, FaultKind, FaultScript
from emulator.personalise.document import personalise
from emulator.personalise.printed_lines import printed_lines
from emulator.personalise.printed_qr import printed_qr
from emulator.personalise.profile import CardProfile, load_profile
from emulator.services.insurance_gateway import InsuranceRelay, InsuredPerson, Misbehaviour
from kiosk_ui.app.domain.check_in import Ticket
from kiosk_ui.app.domain.identification import Way
from kiosk_ui.app.driver import CheckInDriver
from kiosk_ui.app.failures import PRINTER_FAILED, PrinterError
from kiosk_ui.app.flows import events as ev
from kiosk_ui.app.flows import screens as s
from kiosk_ui.app.operation.desk import DeskAction
from kiosk_ui.app.operation.service_manager import ServiceManager
from kiosk_ui.app.services import KioskServices
from kiosk_ui.app.settings import RelaySettings, Settings
from kiosk_ui.app.tickets.files import FileTicketPrinter
from kiosk_ui.bootstrap.card_reading import ReaderCards
from kiosk_ui.bootstrap.operator_desk import KioskDesk, TrustAtStart
from kiosk_ui.bootstrap.scanning import scan_to_event
from reader import errors
from reader.inspection import trust_for
from reader.trust.folder import TrustFolder

LONGEST_S = 30.0
PHONE = "0987613542"


def marked_profile() -> CardProfile:
    """An invented person of words that no program, no country and no other test has."""
    profile = load_profile("quy")
    holder = dataclasses.replace(
        profile.holder,
        number="040157531864",
        full_name="Quắzvàn Plễxtơr Wỉnhkỹ",
        born=dt.date(1957, 9, 13),
        issued=dt.date(2021, 11, 23),
        ethnic="Zặcmơng",
        religion="Vữrtâx",
        origin="Xwãplơ, Qờnzích",
        residence="Ngõ Zqựv, Kỗrtwă",
        features="Sẹo Jỹfqẻ",
        father="Bũzgơ Rệxfân",
        mother="Gỗqwi Nậzdùv",
        spouse="Dặxvâ Tỡqjin",
        former_number="186497352",
        field_16="7F31C9A2E5B80D64",
    )
    return dataclasses.replace(profile, holder=holder)


MARKED = marked_profile()


@pytest.fixture(scope="module")
def content() -> ChipContent:
    return personalise(MARKED)


def words() -> list[str]:
    """Every field, and what is written of it elsewhere."""
    holder = MARKED.holder
    fields = [holder.number, holder.number[3:], holder.full_name, *holder.full_name.split(" ")]
    fields += [holder.ethnic, holder.religion, holder.origin, holder.residence, holder.features]
    fields += [holder.father, holder.mother, holder.spouse, holder.former_number, holder.field_16, PHONE]
    born = holder.born
    fields += [f"{born:%d/%m/%Y}", f"{born:%Y-%m-%d}", f"{born:%d%m%Y}", f"{born:%Y%m%d}"]
    return [*fields, *printed_lines(MARKED), printed_qr(MARKED)]


def forms(word: str) -> Iterator[bytes]:
    """As it may be written: composed or not, without its marks, in capitals, in UTF-16, as hexadecimal, as base64."""
    plain = "".join(each for each in unicodedata.normalize("NFD", word) if not unicodedata.combining(each))
    for text in {word, unicodedata.normalize("NFD", word), word.upper(), plain, plain.upper(), plain.lower()}:
        octets = text.encode()
        yield octets
        yield text.encode("utf-16-le")
        yield octets.hex().encode()
        yield octets.hex().upper().encode()
        for shift in range(3):  # base64 of a text that the word stands in; its ends depend on what stands beside it
            yield base64.b64encode(b"\0" * shift + octets)[4:-4]
        yield text.encode("unicode_escape")


NEEDLES = sorted({needle for word in words() for needle in forms(word) if len(needle) >= 6})


def found_in(octets: bytes) -> int:
    return sum(needle in octets for needle in NEEDLES)


def assert_silent(octets: bytes, where: str) -> None:
    found = found_in(octets)
    assert not found, f"{where} shows {found} forms of the card's fields"  # never the fields themselves


def test_the_canaries_would_be_seen() -> None:
    holder = MARKED.holder
    assert len(NEEDLES) > 300
    for text in (holder.full_name, holder.number, holder.residence, "GRZDUV QUAZVAN", f"{holder.born:%d/%m/%Y}"):
        assert found_in(f"… {text} …".encode())
    assert found_in(base64.b64encode(f'{{"name": "{holder.full_name}"}}'.encode()))
    assert found_in(holder.number.encode("utf-16-le"))
    assert not found_in(Path(__file__).name.encode())


class Place:
    """Where the marked card is laid, whole or misbehaving."""

    def __init__(self, content: ChipContent) -> None:
        self._content = content
        self.lies_there = False
        self.faults: tuple[Fault, ...] = ()

    def is_there(self) -> bool:
        return self.lies_there

    def open(self) -> EmulatedTransport:
        if not self.lies_there:
            raise errors.TransportError(errors.CARD_ABSENT)
        script = FaultScript(self.faults, self._content) if self.faults else None
        card = VirtualCard(self._content, misbehaviour=script) if script else VirtualCard(self._content)
        return EmulatedTransport(card, on_transmit=self._still_there)

    def _still_there(self, number: int, command: bytes) -> None:
        if not self.lies_there:
            raise ConnectionError("the card was taken away")


class Printer(FileTicketPrinter):
    """Writes files; breaks when it is told to."""

    broken = False

    def print(self, ticket: Ticket) -> None:
        if self.broken:
            raise PrinterError(PRINTER_FAILED)
        super().print(ticket)


class Screen:
    """A front end that remembers names of screens."""

    def __init__(self) -> None:
        self.state = s.CheckInState()
        self.portraits: list[bytes] = []

    def show(self, state: s.CheckInState) -> None:
        self.state = state
        if isinstance(state.screen, s.Confirm) and state.screen.person.portrait:
            self.portraits.append(state.screen.person.portrait)

    def clear(self) -> None:
        self.state = s.CheckInState()


@dataclasses.dataclass
class Visitors:
    """Everybody who comes to this kiosk in the test."""

    kiosk: KioskServices
    place: Place
    printer: Printer
    relay: InsuranceRelay
    cards: ReaderCards
    screen: Screen
    driver: CheckInDriver
    seen: list[str] = dataclasses.field(default_factory=list)

    def until(self, *names: str) -> str:
        end = time.monotonic() + LONGEST_S
        while self.screen.state.screen.name not in names:
            left = end - time.monotonic()
            assert left > 0, f"{self.screen.state.screen.name} did not become {names}"
            self.driver.wait(min(left, 0.2))
        self.seen.append(self.screen.state.screen.name)
        return self.screen.state.screen.name

    def does(self, event: ev.Event) -> None:
        self.driver.post(event)
        self.driver.run_pending()

    def begins(self, *faults: Fault) -> None:
        self.place.faults = faults
        self.place.lies_there = True
        self.does(ev.Started())
        scanned = scan_to_event(printed_qr(MARKED).encode())
        assert isinstance(scanned, ev.NumberKnown)
        self.does(scanned)

    def goes_on(self) -> None:
        """Whatever is asked is answered, until a paper is there."""
        for _ in range(12):
            screen = self.until(*ENDINGS, *ANSWERS)
            if screen in ENDINGS:
                break
            if screen == "take_card":
                self.place.lies_there = False
            else:
                self.does(ANSWERS[screen]())
            self.leaves(screen)
        assert self.seen[-1] in ENDINGS

    def leaves(self, screen: str) -> None:
        end = time.monotonic() + LONGEST_S
        while self.screen.state.screen.name == screen:
            assert time.monotonic() < end, f"stuck at {screen}"
            self.driver.wait(0.2)

    def goes(self) -> None:
        self.place.lies_there = False
        self.does(ev.StartAgain())
        self.until("welcome")


ENDINGS = ("ticket_ready", "slip_ready", "already_checked_in")
ANSWERS: dict[str, Callable[[], ev.Event]] = {
    "confirm": ev.Confirmed,
    "confirm_declared": ev.Confirmed,
    "insurance_notice": ev.GoOn,
    "insurance_choice": ev.PayMyself,
    "appointment": ev.GoOn,
    "choose_department": lambda: ev.DepartmentChosen("noi"),
    "enter_phone": lambda: ev.PhoneGiven(PHONE, True),
    "ask_priority": ev.Skipped,
    "take_card": ev.CardRemoved,
}


@pytest.fixture
def visitors(tmp_path: Path, content: ChipContent) -> Iterator[Visitors]:
    with contextlib.ExitStack() as stack:
        relay = stack.enter_context(InsuranceRelay({MARKED.holder.number: InsuredPerson()}))
        settings = Settings(data_folder=tmp_path / "data", relay=RelaySettings(url=relay.url, total_timeout_s=2.0))
        printer = Printer(settings.data_folder / "tickets")
        place = Place(content)
        cards = ReaderCards(place, trust_for(None, test_mode=True))
        kiosk = stack.enter_context(KioskServices(settings, printer=printer))
        stack.callback(cards.join)
        screen = Screen()
        driver = kiosk.driver(cards, screen)
        stack.callback(driver.close)
        driver.start()
        yield Visitors(kiosk, place, printer, relay, cards, screen, driver)


def succeeds(visitors: Visitors) -> None:
    visitors.begins()
    visitors.goes_on()
    visitors.goes()
    assert "confirm" in visitors.seen
    today = visitors.kiosk.clock.now().astimezone(visitors.kiosk.settings.zone).date()
    (stored, *_) = visitors.kiosk.store.of_day(today)
    query = visitors.kiosk.store.insurance_query(stored.id)  # it is all there, for who has the key
    assert query is not None
    assert query.full_name == MARKED.holder.full_name


def comes_again(visitors: Visitors) -> None:
    succeeds(visitors)
    visitors.begins()
    visitors.goes_on()
    visitors.goes()


def fails(visitors: Visitors) -> None:
    for kind in (FaultKind.SM_MAC_WRONG, FaultKind.CARD_REMOVED):
        visitors.begins(Fault(kind, at=12))
        visitors.until("problem", "wrong_number", "card_lifted", "refused", "confirm", "place_card")
        visitors.goes()
    visitors.does(ev.Started())
    visitors.place.lies_there = True
    visitors.does(ev.NumberKnown("040157531999"))
    visitors.until("wrong_number", "problem")
    visitors.goes()


def cancels(visitors: Visitors) -> None:
    visitors.begins()
    visitors.until("reading")
    visitors.goes()
    visitors.begins()
    visitors.until("confirm")
    visitors.does(ev.StaffAsked())
    visitors.does(ev.OverlayDismissed())
    visitors.goes()


def printer_breaks(visitors: Visitors) -> None:
    visitors.printer.broken = True
    visitors.begins()
    visitors.goes_on()
    visitors.driver.wait(0.3)
    visitors.goes()


def relay_is_down(visitors: Visitors) -> None:
    for how in (Misbehaviour.HANG_UP, Misbehaviour.RUBBISH, Misbehaviour.SERVER_ERROR):
        visitors.relay.misbehave(how)
        visitors.begins()
        visitors.goes_on()
        visitors.goes()
        visitors.kiosk.outbox.run_once(visitors.kiosk.clock.now() + dt.timedelta(minutes=10))
    visitors.relay.misbehave(Misbehaviour.NONE)
    visitors.kiosk.outbox.run_once(visitors.kiosk.clock.now() + dt.timedelta(minutes=30))


def gets_a_slip(visitors: Visitors) -> None:
    visitors.does(ev.OtherWaysAsked())
    visitors.until("other_ways")
    visitors.does(ev.WayChosen(Way.OLD_CARD))
    visitors.until("type_number")
    visitors.does(ev.TextGiven(MARKED.holder.former_number))
    visitors.until("type_name")
    visitors.does(ev.TextGiven(MARKED.holder.full_name))
    visitors.until("type_birth")
    visitors.does(ev.BirthGiven(MARKED.holder.born.day, MARKED.holder.born.month, MARKED.holder.born.year))
    visitors.goes_on()
    assert "confirm_declared" in visitors.seen
    visitors.goes()


WALKS: Sequence[Callable[[Visitors], None]] = (
    succeeds,
    comes_again,
    fails,
    cancels,
    printer_breaks,
    relay_is_down,
    gets_a_slip,
)


@pytest.mark.parametrize("walk", WALKS, ids=lambda walk: walk.__name__)
def test_nothing_of_the_card_is_left_anywhere_in_the_clear(
    walk: Callable[[Visitors], None],
    visitors: Visitors,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    monkeypatch.setenv("TMPDIR", str(temporary))
    caplog.set_level(logging.DEBUG)
    at_start = TrustAtStart(TrustFolder(trust_for(None, test_mode=True)))
    desk = KioskDesk(visitors.kiosk, visitors.place, at_start, ServiceManager({}))
    walk(visitors)
    visitors.cards.join()
    shown = repr(desk.sections()) + repr([desk.act(each) for each in DeskAction if each is not DeskAction.SELF_TEST])
    assert_silent(shown.encode(), "the operator's page")
    assert_silent(visitors.kiosk.operation.metrics_text().encode(), "the figures for monitoring")
    look_at_files(tmp_path, visitors.screen.portraits)  # while the store is open: its write-ahead log too
    visitors.driver.close()
    visitors.kiosk.close()
    look_at_files(tmp_path, visitors.screen.portraits)
    assert caplog.text
    assert_silent(caplog.text.encode(), "the log")
    assert_silent("".join(capfd.readouterr()).encode(), "standard output or error")


def look_at_files(folder: Path, portraits: Sequence[bytes]) -> None:
    looked = [path for path in folder.rglob("*") if path.is_file()]
    assert any(path.name.startswith("kiosk.sqlite") for path in looked)
    for path in looked:
        try:
            octets = path.read_bytes()
        except FileNotFoundError:  # it has its last name by now, under which it is looked at, too
            continue
        assert_silent(path.name.encode() + octets, f"{path.suffix or path.name} in {path.parent.name}")
        for portrait in portraits:
            middle = len(portrait) // 2
            assert portrait[middle : middle + 48] not in octets, "the photo was kept"
