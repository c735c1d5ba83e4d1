"""Says each screen's prompt once, and again at one touch. Bound to by the buttons of the top bar as ``speech``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from PySide6.QtCore import Property, QObject, QTimer, Signal, Slot

from kiosk_ui.app.flows import screens as s
from kiosk_ui.app.speech import CHIME, LOUDEST, keys_of_number
from kiosk_ui.qt.appearance import Appearance
from kiosk_ui.qt.view_model import CheckInViewModel

__all__ = ["Speech", "Voice"]

_CHIME_EVERY_MS = 5_000
_TAKE_CARD = "take_card"
_NOBODY = (s.Welcome.name, "", (s.Welcome.name,))
_LEVEL_HEARD = 2  # what a muted kiosk goes to when somebody asks to hear the prompt


class Voice(Protocol):
    """A :class:`~kiosk_ui.app.ports.Speaker` that can say several prompts in a row. No method waits."""

    def say(self, key: str, language: str) -> None:
        """Begin to say one prompt."""
        ...

    def say_all(self, keys: Sequence[str], language: str) -> None:
        """Begin to say prompts one after the other."""
        ...

    def stop(self) -> None:
        """Be silent now."""
        ...

    def set_volume(self, level: int) -> None:
        """0 (silent) … 4 (loudest)."""
        ...

    def close(self) -> None:
        """End what runs. May be called twice."""
        ...


class Speech(QObject):
    """Listens to what is shown and has it said. Nothing personal: prompts of screens, and the number of a ticket.

    Args:
        voice: who says it.
        view_model: what is shown.
        appearance: in which language.
        volume: 0 … 4, with which every visit begins.
    """

    changed = Signal()

    def __init__(
        self,
        voice: Voice,
        view_model: CheckInViewModel,
        appearance: Appearance,
        volume: int,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._voice = voice
        self._view_model = view_model
        self._appearance = appearance
        self._usual = max(0, min(LOUDEST, volume))
        self._volume = self._usual
        self._language: str = appearance.words.code
        self._shown: tuple[str, str, tuple[str, ...]] = _NOBODY
        voice.set_volume(self._volume)
        self._chime = QTimer(self)
        self._chime.setInterval(_CHIME_EVERY_MS)
        self._chime.timeout.connect(self._remind)
        view_model.stateShown.connect(self._show)
        view_model.cleared.connect(self._clear)
        appearance.changed.connect(self._speak_other_language)

    def begin_with(self, volume: int) -> None:
        """Staff have chosen how loud visits begin, the present one too."""
        self._usual = max(0, min(LOUDEST, volume))
        self._set_volume(self._usual)

    # --------------------------------------------------------------------------------------- touches
    @Slot()
    def repeat(self) -> None:
        """Say the present prompt again. A silent kiosk speaks up: who touches this wants to hear."""
        if self._volume == 0:
            self._set_volume(self._usual or _LEVEL_HEARD)
        self._say()

    @Slot()
    def nextVolume(self) -> None:
        """One step louder; after the loudest comes silence. The prompt is said again, so that the step is heard."""
        self._set_volume((self._volume + 1) % (LOUDEST + 1))
        if self._volume:
            self._say()

    # ---------------------------------------------------------------------------------- what is shown
    @Slot(str, str)
    def _show(self, screen: str, overlay: str) -> None:
        shown = (screen, overlay, self._keys(screen, overlay))
        if shown == self._shown:
            return  # the same screen with other values: a bar that moves, a paper that came
        below_again = self._shown[0] == screen and self._shown[1] != "" and overlay == ""
        self._shown = shown
        self._voice.stop()
        if screen == _TAKE_CARD:
            self._chime.start()
        else:
            self._chime.stop()
        # Nobody is there yet at the first screen, and what lies below a warning has been said.
        if (screen != s.Welcome.name or overlay) and not below_again:
            self._say()

    def _say(self) -> None:
        self._voice.say_all(self._shown[2], self._language)

    def _keys(self, screen: str, overlay: str) -> tuple[str, ...]:
        """Prompts of what is shown; a prompt ``name.variant`` that has no file is said as ``name``."""
        if overlay:
            return (overlay,)
        view = self._view_model
        match screen:
            case "take_card":
                return (CHIME, screen)
            case "problem":
                return (f"{screen}.{view.hint}",)
            case "place_card" | "wrong_number" if bool(view.forPassport):
                return (f"{screen}.passport",)
            case "insurance_notice" | "insurance_choice":
                return (f"{screen}.{view.insuranceKind}",)
            case "ticket_ready" | "slip_ready" | "already_checked_in":
                return (screen, *keys_of_number(str(view.ticketNumber)))
            case _:
                problem = str(view.numberProblem)
                return (f"{screen}.{problem}" if problem else screen,)

    @Slot()
    def _remind(self) -> None:
        self._voice.say_all((CHIME, _TAKE_CARD), self._language)

    @Slot()
    def _clear(self) -> None:
        """The visit is over: silence, and the next person's hearing is their own."""
        self._chime.stop()
        self._voice.stop()
        self._shown = _NOBODY
        self._set_volume(self._usual)

    @Slot()
    def _speak_other_language(self) -> None:
        language = self._appearance.words.code
        if language != self._language:
            self._language = language
            # At the end of a visit the language goes back too, when the screen has gone already.
            if str(self._view_model.screen) == self._shown[0]:
                self._say()

    def _set_volume(self, level: int) -> None:
        if level != self._volume:
            self._volume = level
            self._voice.set_volume(level)
            self.changed.emit()

    volume = Property(int, lambda self: self._volume, notify=changed)
    muted = Property(bool, lambda self: self._volume == 0, notify=changed)
