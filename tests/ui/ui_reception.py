"""A whole kiosk for tests: real window, driver, store, outbox and relay; emulated cards inside this process."""

from __future__ import annotations

import contextlib
from pathlib import Path

from emulator.personalise.printed_qr import printed_qr
from emulator.personalise.profile import load_profile
from emulator.services.insurance_gateway import InsuranceRelay
from kiosk_ui.app.domain.reading import ReadingStep
from kiosk_ui.app.flows.time_limits import TimeLimits
from kiosk_ui.app.settings import RelaySettings, Settings
from kiosk_ui.app.tickets.files import FileTicketPrinter
from kiosk_ui.bootstrap.card_reading import ReaderCards
from kiosk_ui.bootstrap.emulated import InProcessTray, ScannerLine, number_of
from kiosk_ui.bootstrap.kiosk import Kiosk
from kiosk_ui.qt.application import KioskApplication
from kiosk_ui.qt.touch import Finger
from reader.inspection import trust_for
from tests.ui.ui_measures import settle, texts

LONGEST_S = 30.0
PATIENT_LIMITS = TimeLimits(
    question_s=300,
    card_away_s=300,
    ticket_s=300,
    ticket_card_away_s=300,
    reading_s=60,
    look_up_s=60,
    saving_s=60,
    take_card_s=60,
)
"""A screen that ends, or an insurer who is given up, would show how busy this machine is and nothing else."""


class Reception:
    """One patient's hands and eyes before the kiosk. Use it as a context manager."""

    def __init__(self, shown: KioskApplication, folder: Path) -> None:
        self.shown = shown
        self.folder = folder
        self.finger = Finger(shown.window)
        self.relay = InsuranceRelay()
        self.tray = InProcessTray()
        self.line = ScannerLine()
        self.lift_at: ReadingStep | None = None
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Reception:
        self._stack.enter_context(self.relay)
        self._stack.callback(self.line.close)
        relay = RelaySettings(url=self.relay.url, connect_timeout_s=LONGEST_S, total_timeout_s=LONGEST_S)
        settings = Settings(data_folder=self.folder, counter="3", relay=relay, time_limits=PATIENT_LIMITS)
        cards = ReaderCards(self.tray, trust_for(None, test_mode=True), on_step=self._step)
        self._stack.callback(cards.join)
        printer = FileTicketPrinter(self.folder / "tickets")
        self.kiosk = self._stack.enter_context(Kiosk(settings, cards, printer, self.line.port))
        self._stack.callback(self.shown.loop.stop)
        self.driver = self.kiosk.driver(self.shown.view_model)
        self.shown.run(self.driver)
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    def _step(self, step: ReadingStep) -> None:
        if step is self.lift_at:
            self.lift_at = None
            self.tray.lift()

    # ------------------------------------------------------------------------------------- hands
    def word(self, key: str, **values: object) -> str:
        return self.shown.appearance.words.strings[key].format(**values)

    def touch(self, key: str) -> None:
        self.finger.touch(self.word(key))

    def type_number(self, name: str) -> None:
        for digit in number_of(name):
            self.finger.touch(digit)
        self.touch("enter_number.primary")

    def scan(self, name: str) -> None:
        self.line.scan(printed_qr(load_profile(name)))

    # -------------------------------------------------------------------------------------- eyes
    @property
    def screen(self) -> str:
        return str(self.shown.view_model.property("screen"))

    def value(self, name: str) -> object:
        return self.shown.view_model.property(name)

    def reach(self, screen: str) -> None:
        """Wait for the screen; a kiosk that asks for the card to be taken on the way there is obeyed."""
        past = {screen, "take_card"}
        assert self.finger.wait_for(lambda: self.screen in past, LONGEST_S), f"on {self.screen}, wanted {screen}"
        if screen != "take_card" and self.screen == "take_card":
            self.tray.lift()
        assert self.finger.wait_for(lambda: self.screen == screen, LONGEST_S), f"on {self.screen}, wanted {screen}"
        if screen in {  # read before answered
            "confirm",
            "choose_department",
            "insurance_notice",
            "ticket_ready",
            "refused",
        }:
            assert self.finger.wait_for(lambda: not self.shown.view_model.is_fresh, LONGEST_S)
        settle(self.shown)

    def words_on_screen(self) -> str:
        return "\n".join(text.text for text in texts(self.shown)).replace("\u00a0", " ")
