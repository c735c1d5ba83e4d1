"""Each screen is said once, again at one touch, never a word of the person, and the next person begins afresh."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from PySide6.QtGui import QGuiApplication

from kiosk_ui.app.flows import screens as s
from kiosk_ui.app.settings_sound import SoundSettings
from kiosk_ui.app.speech import CHIME, PlayerSpeaker
from kiosk_ui.bootstrap.speaking import voice_of
from kiosk_ui.qt.appearance import AppearanceDefaults
from kiosk_ui.qt.application import KioskApplication, WindowShape
from kiosk_ui.qt.touch import Finger
from tests.ui.ui_measures import settle
from tests.ui.ui_sample_states import SAMPLES


class HeardVoice:
    """Notes what it is told to say."""

    def __init__(self) -> None:
        self.said: list[tuple[tuple[str, ...], str]] = []
        self.level = -1
        self.stopped = 0
        self.closed = False

    def say(self, key: str, language: str) -> None:
        self.say_all((key,), language)

    def say_all(self, keys: Sequence[str], language: str) -> None:
        self.said.append((tuple(keys), language))

    def stop(self) -> None:
        self.stopped += 1

    def set_volume(self, level: int) -> None:
        self.level = level

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def voice() -> HeardVoice:
    return HeardVoice()


@pytest.fixture
def kiosk(qapp: QGuiApplication, voice: HeardVoice) -> Iterator[KioskApplication]:
    shown = KioskApplication(AppearanceDefaults(motion=False), "3", WindowShape(), voice, 3)
    settle(shown)
    yield shown
    shown.close()


def sample(name: str) -> s.CheckInState:
    return next(state for state in SAMPLES.values() if state.screen.name == name and state.overlay is None)


def show(kiosk: KioskApplication, name: str) -> None:
    kiosk.view_model.show(sample(name))
    settle(kiosk)


def test_every_screen_has_words_to_be_said_in_every_language(kiosk: KioskApplication, voice: HeardVoice) -> None:
    for state in SAMPLES.values():
        kiosk.view_model.show(state)
    prompts = {key for keys, _ in voice.said for key in keys if not key.startswith("spelt.") and key != CHIME}
    assert len(prompts) >= 15
    for language in kiosk.texts.languages:
        for prompt in prompts:
            names = [prompt, prompt.partition(".")[0]]
            assert any(f"spoken.{name}" in language.strings for name in names), (language.code, prompt)


def test_a_passport_is_asked_for_by_its_name_on_the_screen_and_aloud(
    kiosk: KioskApplication, voice: HeardVoice
) -> None:
    for name in ("place_card", "wrong_number"):
        kiosk.view_model.show(SAMPLES[f"{name}_passport"])
        settle(kiosk)
        assert voice.said[-1] == ((f"{name}.passport",), "vi")
        strings = kiosk.texts["vi"].strings
        assert "hộ chiếu" in strings[f"spoken.{name}.passport"]
        assert "hộ chiếu" in strings[f"{name}.title_passport"]
        kiosk.view_model.show(SAMPLES[name])
        settle(kiosk)
        assert voice.said[-1] == ((name,), "vi")


@pytest.mark.parametrize(("name", "stage"), [("problem_retry_card", 1), ("problem_retry_later", 3)])
def test_a_problem_says_at_which_step_it_is_and_what_to_do_aloud(
    kiosk: KioskApplication, voice: HeardVoice, name: str, stage: int
) -> None:
    kiosk.view_model.show(SAMPLES[name])
    settle(kiosk)
    assert kiosk.view_model.property("stage") == stage
    ((prompt,), _) = voice.said[-1]
    for language in kiosk.texts.languages:
        assert language.strings[f"spoken.{prompt}"] != language.strings["spoken.problem"]


def test_a_screen_is_said_once_however_often_it_is_drawn(kiosk: KioskApplication, voice: HeardVoice) -> None:
    for _ in range(3):
        show(kiosk, "confirm")
    assert voice.said == [(("confirm",), "vi")]
    show(kiosk, "place_card")
    assert voice.said[1:] == [(("place_card",), "vi")]
    assert voice.stopped >= 2  # what was being said ends with its screen


def test_the_first_screen_is_silent_until_somebody_asks(kiosk: KioskApplication, voice: HeardVoice) -> None:
    show(kiosk, "welcome")
    assert voice.said == []
    kiosk.speech.repeat()
    assert voice.said == [(("welcome",), "vi")]


def test_a_warning_is_said_and_the_screen_below_not_again(kiosk: KioskApplication, voice: HeardVoice) -> None:
    show(kiosk, "confirm")
    kiosk.view_model.show(dataclasses.replace(sample("confirm"), overlay=s.TimeoutWarning(18, "confirm")))
    kiosk.view_model.show(dataclasses.replace(sample("confirm"), overlay=s.TimeoutWarning(17, "confirm")))
    show(kiosk, "confirm")
    assert [keys for keys, _ in voice.said] == [("confirm",), ("timeout_warning",)]
    kiosk.speech.repeat()
    assert voice.said[-1] == (("confirm",), "vi")


def test_the_queue_number_is_spelt_and_nothing_of_the_person(kiosk: KioskApplication, voice: HeardVoice) -> None:
    for state in SAMPLES.values():
        kiosk.view_model.show(state)
    ticket = next(state.screen.ticket for state in SAMPLES.values() if isinstance(state.screen, s.TicketReady))
    spelt = tuple(f"spelt.{sign}" for sign in ticket.number.lower())
    assert ("ticket_ready", *spelt) in [keys for keys, _ in voice.said]
    for keys, _ in voice.said:
        for key in keys:
            assert re.fullmatch(r"[a-z_]+(\.[a-z0-9_]+)?", key), key
        # twelve digits in a row would be somebody's number
        assert sum(key.startswith("spelt.") for key in keys) <= 6


def test_the_person_who_changes_the_language_hears_the_screen_in_it(kiosk: KioskApplication, voice: HeardVoice) -> None:
    show(kiosk, "confirm")
    kiosk.appearance.nextLanguage()
    language = kiosk.appearance.words.code
    assert language != "vi"
    assert voice.said[-1] == (("confirm",), language)
    said = len(voice.said)
    kiosk.appearance.toggleTextSize()
    kiosk.appearance.toggleContrast()
    assert len(voice.said) == said


def test_the_next_person_begins_with_the_usual_loudness_and_silence(kiosk: KioskApplication, voice: HeardVoice) -> None:
    show(kiosk, "ticket_ready")
    kiosk.appearance.nextLanguage()
    kiosk.speech.nextVolume()
    assert voice.level == 4
    said, stopped = len(voice.said), voice.stopped
    kiosk.view_model.clear()
    show(kiosk, "welcome")
    assert len(voice.said) == said
    assert voice.stopped > stopped
    assert (voice.level, kiosk.speech.property("volume"), kiosk.speech.property("muted")) == (3, 3, False)


def test_loudness_goes_round_within_its_limits_and_each_step_is_heard(
    kiosk: KioskApplication, voice: HeardVoice
) -> None:
    show(kiosk, "confirm")
    levels = []
    for _ in range(6):
        kiosk.speech.nextVolume()
        levels.append(voice.level)
    assert levels == [4, 0, 1, 2, 3, 4]
    assert len(voice.said) == 1 + 5  # silence says nothing


def test_repeat_makes_a_muted_kiosk_speak_up(kiosk: KioskApplication, voice: HeardVoice) -> None:
    show(kiosk, "confirm")
    kiosk.speech.nextVolume()
    kiosk.speech.nextVolume()
    assert kiosk.speech.property("muted")
    kiosk.speech.repeat()
    assert not kiosk.speech.property("muted")
    assert voice.said[-1] == (("confirm",), "vi")


def test_what_staff_choose_counts_from_now_on(kiosk: KioskApplication, voice: HeardVoice) -> None:
    kiosk.speech.begin_with(1)
    assert voice.level == 1
    kiosk.speech.nextVolume()
    kiosk.view_model.clear()
    assert voice.level == 1
    kiosk.speech.begin_with(99)
    assert voice.level == 4


def test_a_card_left_behind_chimes_until_it_is_taken(kiosk: KioskApplication, voice: HeardVoice) -> None:
    show(kiosk, "take_card")
    assert voice.said == [((CHIME, "take_card"), "vi")]
    kiosk.speech._chime.setInterval(20)
    assert Finger(kiosk.window).wait_for(lambda: len(voice.said) >= 3, 5)
    show(kiosk, "ticket_ready")
    said = len(voice.said)
    assert not Finger(kiosk.window).wait_for(lambda: len(voice.said) > said, 0.1)


def test_the_voice_ends_with_the_window(qapp: QGuiApplication, voice: HeardVoice) -> None:
    shown = KioskApplication(AppearanceDefaults(motion=False), "3", WindowShape(), voice)
    settle(shown)
    shown.close()
    shown.close()
    assert voice.closed


def test_without_a_voice_there_is_nothing_to_touch(open_kiosk: Callable[..., KioskApplication]) -> None:
    assert open_kiosk().speech is None


def test_settings_choose_the_voice(tmp_path: Path) -> None:
    assert voice_of(SoundSettings(enabled=False)) is None
    made = voice_of(SoundSettings(recordings=tmp_path, volume=2))
    assert isinstance(made, PlayerSpeaker)
    made.close()
