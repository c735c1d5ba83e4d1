"""The kiosk shown without a display: one patient after another, by touch, each screen kept as a picture."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QMetaObject, QObject, Slot
from PySide6.QtQuick import QQuickItem

from kiosk_ui.app.domain.reading import ReadingStep
from kiosk_ui.app.flows import screens as s
from kiosk_ui.qt.application import KioskApplication
from kiosk_ui.qt.touch import Finger, ItemNotFoundError
from kiosk_ui.qt.tray import TrayWorld

__all__ = ["Tour", "TourError", "TourWorld"]

_SCREEN_WITHIN_S = 40.0


class TourError(Exception):
    """The flow did not go where it should. The text says on which screen it stands."""


class TourWorld(TrayWorld, Protocol):
    """The test tray's world, and what only a tour needs of it."""

    def number_of(self, name: str) -> str:
        """The twelve digits printed on a person's card."""
        ...

    def lift_at(self, step: ReadingStep) -> None:
        """Take the card away once, when the next reading comes to this step."""
        ...

    def retry_insurance(self) -> int:
        """Let the outbox ask for what could not be looked up; how many answers came."""
        ...


@dataclasses.dataclass(frozen=True, slots=True)
class _Shot:
    """One picture taken: screen, what distinguishes it, language."""

    name: str
    language: str


class Tour(QObject):
    """Leads patients through the check-in.

    Args:
        kiosk: a running application whose driver has shown its first screen.
        world: cards, scanner, relay.
        folder: where the pictures go.
        say: told each step in one line.
        stop: set from anywhere to end the tour early.
    """

    def __init__(
        self,
        kiosk: KioskApplication,
        world: TourWorld,
        folder: Path,
        say: Callable[[str], None],
        stop: threading.Event | None = None,
    ) -> None:
        super().__init__()
        self._stop = stop or threading.Event()
        self._kiosk = kiosk
        self._world = world
        self._folder = folder
        self._say = say
        self._finger = Finger(kiosk.window)
        self._shots: list[_Shot] = []
        self._unwritten: Path | None = None
        self.tickets: list[str] = []
        folder.mkdir(parents=True, exist_ok=True)
        kiosk.view_model.stateShown.connect(self._keep_picture)

    @property
    def pictures(self) -> int:
        """How many pictures were taken."""
        return len(self._shots)

    def run(self) -> None:
        """The whole tour.

        Raises:
            TourError: a patient did not get where they should.
        """
        window = self._kiosk.window
        if not self._finger.wait_for(lambda: window.contentItem().width() == window.width(), _SCREEN_WITHIN_S):
            raise TourError("the window did not open")
        try:
            self._good_path_by_scanner()
            self._good_path_in_english()
            self._card_torn_away()
            self._wrong_number()
            self._copied_card()
            self._relay_down()
            self._unsuitable_card()
            self._nobody_there()
        except ItemNotFoundError as error:
            raise TourError(f"on the screen {self._where}: {error}") from None

    # ------------------------------------------------------------------------------------ patients
    def _good_path_by_scanner(self) -> None:
        self._say("1. In Vietnamese: the QR code through the serial scanner, then the card")
        self._speak("vi")
        self._touch("welcome.primary")
        self._reach("enter_number")
        self._world.scan("an")
        self._lay_and_confirm("an")
        self._take_number("noi")

    def _good_path_in_english(self) -> None:
        self._say("2. In English: twelve digits on the keypad, then the card")
        self._speak("en")
        self._type_number("quy")
        self._lay_and_confirm("quy")
        self._take_number("tai_mui_hong")

    def _card_torn_away(self) -> None:
        self._say("3. The card is torn away while its photo is read; the insurer has another name")
        self._speak("vi")
        self._type_number("uyen")
        self._world.lift_at(ReadingStep.PHOTO)
        self._world.lay("uyen")
        self._reach("card_lifted")
        self._say("   the card was lifted: the kiosk asks for it again")
        self._world.lay("uyen")
        self._reach("confirm")
        self._touch("confirm.primary")
        self._reach("insurance_notice")
        self._touch("insurance_notice.primary")
        self._take_number("da_lieu")

    def _wrong_number(self) -> None:
        self._say("4. A wrong number, then the right one; a patient who is somebody else")
        self._speak("vi")
        self._type_number("uyen")
        self._world.lay("an")
        self._reach("wrong_number")
        self._touch("wrong_number.primary")
        self._reach("enter_number")
        self._press_digits("an")
        self._reach("confirm")
        self._touch("confirm.secondary")
        self._reach("enter_number")
        self._world.lift()
        self._start_again()

    def _copied_card(self) -> None:
        self._say("5. A copied chip is refused")
        self._speak("vi")
        self._type_number("copied")
        self._world.lay("copied")
        self._reach("refused")
        self._world.lift()
        self._touch("refused.primary")
        self._reach("welcome")

    def _relay_down(self) -> None:
        self._say("6. The insurance relay is down: admitted, marked unverified, asked again later")
        self._speak("vi")
        self._world.set_relay(on=False)
        self._type_number("hbli")
        self._lay_and_confirm("hbli")
        self._take_number("mat")
        self._world.set_relay(on=True)
        answers = self._world.retry_insurance()
        self._say(f"   the relay is back: {answers} insurance answer(s) fetched afterwards")
        if answers < 1:
            raise TourError("the insurance of the unverified patient was not asked for again")

    def _unsuitable_card(self) -> None:
        self._say("7. In English: a card that cannot be opened with its number; staff are called")
        self._speak("en")
        self._type_number("bac-only")
        self._world.lay("bac-only")
        self._reach("problem")
        self._touch("common.call_staff")
        self._reach("problem", overlay="staff_called")
        self._touch("staff_called.primary")
        self._reach("problem")
        self._world.lift()
        self._start_again()

    def _nobody_there(self) -> None:
        self._say("8. Nobody touches the screen: it asks, and one touch goes on")
        self._speak("vi")
        self._touch("welcome.primary")
        self._reach("enter_number")
        self._reach("enter_number", overlay="timeout_warning")
        self._touch("timeout_warning.primary", s=str(self._seconds_left()))
        self._reach("enter_number")
        self._start_again()

    # --------------------------------------------------------------------------------- their hands
    def _speak(self, code: str) -> None:
        """Touch the language switch until the language is ``code``."""
        for _ in self._kiosk.texts.languages:
            spoken = self._kiosk.appearance.words.code
            if spoken == code:
                break
            self._touch_name(self._kiosk.texts.after(spoken).name)
        self._keep_picture(s.Welcome.name, "")

    def _type_number(self, name: str) -> None:
        self._touch("welcome.primary")
        self._reach("enter_number")
        self._press_digits(name)
        self._reach("place_card")

    def _press_digits(self, name: str) -> None:
        for digit in self._world.number_of(name):
            self._touch_name(digit)
        self._keep_typed_picture()
        self._touch("enter_number.primary")

    def _lay_and_confirm(self, name: str) -> None:
        self._reach("place_card")
        self._world.lay(name)
        self._reach("confirm")
        self._look_at_the_photo()
        self._touch("confirm.primary")

    def _look_at_the_photo(self) -> None:
        """It joins the screen when it is decoded, and the picture of that screen should have it."""
        model = self._kiosk.view_model
        self._finger.wait_for(lambda: not model.property("portraitComing"), _SCREEN_WITHIN_S)
        self._keep_picture(s.Confirm.name, "")

    def _take_number(self, department: str) -> None:
        self._reach("choose_department")
        tiles: list[Mapping[str, str]] = self._kiosk.view_model.property("departments")
        self._touch_name(next(tile["name"] for tile in tiles if tile["code"] == department))
        self._reach("take_card")
        self._world.lift()
        self._reach("ticket_ready")
        model = self._kiosk.view_model
        if not self._finger.wait_for(lambda: model.property("printing") == s.Printing.DONE.value, _SCREEN_WITHIN_S):
            raise TourError("the ticket was not printed")
        number = str(model.property("ticketNumber"))
        self.tickets.append(number)
        self._say(f"   queue number {number}")
        self._touch("ticket.primary")
        self._reach("welcome")

    def _start_again(self) -> None:
        self._touch("common.start_again")
        self._reach("welcome")

    # ---------------------------------------------------------------------------------- the finger
    @property
    def _where(self) -> str:
        model = self._kiosk.view_model
        return "/".join(filter(None, (str(model.property("screen")), str(model.property("overlay")))))

    def _seconds_left(self) -> int:
        return int(self._kiosk.view_model.property("secondsLeft"))

    def _reach(self, screen: str, *, overlay: str = "") -> None:
        model = self._kiosk.view_model

        def there() -> bool:
            if self._stop.is_set():
                raise TourError("it was told to stop")
            if self._unwritten is not None:
                raise TourError(f"the picture {self._unwritten} could not be written; is the disk full?")
            shown = str(model.property("overlay"))
            if shown == s.TimeoutWarning.name != overlay:  # a slow machine: say that somebody is there
                self._touch("timeout_warning.primary", s=str(self._seconds_left()))
            return (model.property("screen"), model.property("overlay")) == (screen, overlay)

        if not self._finger.wait_for(there, _SCREEN_WITHIN_S):
            raise TourError(f"waited for the screen {screen} and stands on {self._where}")

    def _touch(self, key: str, **values: str) -> None:
        self._touch_name(self._kiosk.appearance.words.strings[key].format(**values))

    def _touch_name(self, name: str) -> None:
        self._finger.wait_for(lambda: not self._kiosk.view_model.is_fresh, _SCREEN_WITHIN_S)
        self._finger.touch(name)

    # -------------------------------------------------------------------------------- the pictures
    @Slot(str, str)
    def _keep_picture(self, screen: str, overlay: str) -> None:
        model = self._kiosk.view_model
        if screen == s.Confirm.name and not overlay and bool(model.property("portraitComing")):
            return
        detail = {
            s.Reading.name: "readingStep",
            s.InsuranceNotice.name: "insuranceKind",
            s.ChooseDepartment.name: "insuranceOutcome",
            s.TicketReady.name: "printing",
        }.get(screen, "")
        parts = [overlay or screen, str(model.property(detail)) if detail and not overlay else ""]
        if screen == s.TicketReady.name and bool(model.property("ticketUnverified")):
            parts.append("unverified")
        self._keep("-".join(filter(None, parts)))

    def _keep_typed_picture(self) -> None:
        self._keep(f"{s.EnterNumber.name}-typed")

    def _keep(self, name: str) -> None:
        shot = _Shot(name, self._kiosk.appearance.words.code)
        if shot in self._shots:
            return
        self._shots.append(shot)
        self._kiosk.window.grabWindow()  # settles what is laid out anew; the next one is the picture
        self._draw_scenes(self._kiosk.window.contentItem())
        picture = self._kiosk.window.grabWindow()
        path = self._folder / f"{len(self._shots):02d}-{shot.language}-{shot.name.replace('_', '-')}.png"
        if not picture.save(str(path)):
            self._unwritten = path  # told at the next step: raised here, in a slot, it would reach nobody

    def _draw_scenes(self, item: QQuickItem) -> None:
        """Draw now what a screen draws in the loop's next turn (``Scene.qml``): by then it may be another screen."""
        if item.property("drawnWidth") is not None:
            QMetaObject.invokeMethod(item, "settle")
        for child in item.childItems():
            self._draw_scenes(child)
