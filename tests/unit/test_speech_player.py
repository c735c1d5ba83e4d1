"""The kiosk's voice plays files and nothing else, at the loudness asked for, and whatever the player does, nobody waits."""

from __future__ import annotations

import array
import io
import os
import shutil
import time
import wave
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk_ui.app.speech import CHIME, PlayerSpeaker, Prompts, SilentSpeaker, SpeakerState, keys_of_number

SAMPLES = (0, 12_000, -12_000, 32_767, -32_768) * 40


def wav_of(samples=SAMPLES, *, rate: int = 22_050, width: int = 2) -> bytes:
    written = io.BytesIO()
    with wave.open(written, "wb") as target:
        target.setparams((1, width, rate, 0, "NONE", ""))
        target.writeframes(array.array("h", samples).tobytes())
    return written.getvalue()


def within(seconds: float, happened: Callable[[], bool]) -> bool:
    until = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > until:
            return False
        time.sleep(0.005)
    return True


class Players:
    """Programs of ours on PATH, and what they were told to play."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.count = 0
        (folder / "bin").mkdir()
        for name in ("cat", "sleep"):
            source = next(Path(part) / name for part in os.get_exec_path() if (Path(part) / name).exists())
            (folder / "bin" / name).symlink_to(source)

    def has(self, name: str, script: str = "") -> None:
        path = self.folder / "bin" / name
        path.write_text(
            f'#!/bin/sh\ncat >{self.folder}/{name}.heard\necho "{name} $*" >>{self.folder}/told\n{script}\n'
        )
        path.chmod(0o755)

    @property
    def told(self) -> list[str]:
        told = self.folder / "told"
        return told.read_text().splitlines() if told.exists() else []

    def heard(self, name: str) -> bytes:
        return (self.folder / f"{name}.heard").read_bytes()


@pytest.fixture
def players(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Players:
    made = Players(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return made


@pytest.fixture
def sounds(tmp_path: Path) -> Path:
    for key in ("vi/welcome", "vi/confirm", "vi/problem", "en/welcome", "vi/spelt.a", "vi/spelt.0", "common/chime"):
        path = tmp_path / "sounds" / f"{key}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(wav_of())
    return tmp_path / "sounds"


@pytest.fixture
def speaker(sounds: Path) -> Iterator[PlayerSpeaker]:
    made = PlayerSpeaker(Prompts(sounds), volume=4)
    yield made
    made.close()
    made.close()


# --------------------------------------------------------------------------------------------- prompts
def test_a_recording_goes_before_the_rendered_voice_and_a_variant_falls_back(sounds: Path, tmp_path: Path):
    own = tmp_path / "recordings" / "vi" / "welcome.wav"
    own.parent.mkdir(parents=True)
    own.write_bytes(wav_of())
    prompts = Prompts(tmp_path / "recordings", sounds)
    assert prompts.find("welcome", "vi") == own
    assert prompts.find("welcome", "en") == sounds / "en" / "welcome.wav"
    assert prompts.find("problem.retry_card", "vi") == sounds / "vi" / "problem.wav"
    assert prompts.find("confirm", "en") is None  # never in another language
    assert prompts.find(CHIME, "en") == prompts.find(CHIME, "vi") == sounds / "common" / "chime.wav"


@given(st.text(max_size=30), st.text(max_size=10))
def test_no_key_leads_out_of_the_folder(tmp_path_factory, key, language):
    folder = tmp_path_factory.getbasetemp()
    found = Prompts(folder / "sounds").find(key, language)
    assert found is None


@pytest.mark.parametrize("key", ["../vi/welcome", "/etc/passwd", "welcome\0", "", ".", "vi/welcome"])
def test_known_ways_out_are_closed(sounds: Path, key: str):
    assert Prompts(sounds / "en").find(key, "vi") is None
    assert Prompts(sounds).find("welcome", "../sounds/vi") is None


@pytest.mark.parametrize(
    ("label", "keys"),
    [
        ("A012", ("spelt.a", "spelt.0", "spelt.1", "spelt.2")),
        ("", ()),
        ("A-01", ("spelt.a", "spelt.0", "spelt.1")),
        ("Đ٣", ()),
    ],
)
def test_queue_numbers_are_spelt(label, keys):
    assert keys_of_number(label) == keys


# ------------------------------------------------------------------------------------------------ playing
def test_what_is_said_is_played(players: Players, speaker: PlayerSpeaker):
    players.has("aplay")
    speaker.say("welcome", "vi")
    assert within(5, lambda: len(players.told) == 1)
    assert players.told == ["aplay -q -"]
    assert players.heard("aplay") == wav_of()
    assert within(5, lambda: speaker.state is SpeakerState.READY)


def test_prompts_in_a_row_are_played_in_order_and_missing_ones_left_out(players: Players, sounds: Path, speaker):
    players.has("pw-play")
    speaker.say_all(("welcome", "not_there", "spelt.a", "spelt.0"), "vi")
    assert within(5, lambda: len(players.told) == 3)
    assert [line.rsplit("/", 1)[-1] for line in players.told] == ["welcome.wav", "spelt.a.wav", "spelt.0.wav"]


@pytest.mark.parametrize("player", ["pw-play", "paplay", "aplay"])
def test_each_step_of_loudness_is_louder_and_nothing_is_clipped(players: Players, sounds: Path, player: str):
    players.has(player)
    peaks: list[float] = []
    for level in (1, 2, 3, 4):
        speaker = PlayerSpeaker(Prompts(sounds), volume=level)
        before = len(players.told)
        speaker.say("welcome", "vi")
        assert within(5, lambda before=before: len(players.told) > before)
        speaker.close()
        if player == "aplay":
            with wave.open(io.BytesIO(players.heard("aplay"))) as heard:
                peaks.append(max(map(abs, array.array("h", heard.readframes(heard.getnframes())))))
        else:
            peaks.append(float(players.told[-1].split("--volume=")[1].split()[0]))
    assert peaks == sorted(set(peaks))
    assert peaks[-1] == {"aplay": 32_768, "pw-play": 1.0, "paplay": 65_536}[player]


@given(st.integers(-100, 100))
def test_loudness_stays_within_its_limits(level):
    speaker = PlayerSpeaker(Prompts(), volume=level)
    speaker.set_volume(level)
    assert 0 <= speaker._level <= 4
    speaker.close()


def test_silence_is_silence(players: Players, sounds: Path):
    players.has("aplay")
    speaker = PlayerSpeaker(Prompts(sounds), volume=0)
    speaker.say("welcome", "vi")
    time.sleep(0.15)
    speaker.close()
    assert players.told == []


def test_the_next_prompt_ends_the_one_before_and_stop_ends_all(players: Players, speaker: PlayerSpeaker):
    players.has("aplay", "exec sleep 30")
    speaker.say("welcome", "vi")
    assert within(5, lambda: len(players.told) == 1)
    speaker.say("confirm", "vi")
    assert within(5, lambda: len(players.told) == 2)
    speaker.stop()
    players.has("aplay")
    speaker.say("welcome", "en")
    assert within(5, lambda: len(players.told) == 3)


# ----------------------------------------------------------------------------------------- what goes wrong
def test_without_a_player_the_kiosk_is_silent_and_knows_it(players: Players, speaker: PlayerSpeaker, caplog):
    for _ in range(3):
        speaker.say("welcome", "vi")
        assert within(5, lambda: speaker.state is SpeakerState.NO_PLAYER)
    assert sum("no_player" in record.getMessage() for record in caplog.records) == 1  # said once, not at each prompt
    players.has("aplay")
    speaker.say("welcome", "vi")
    assert within(5, lambda: speaker.state is SpeakerState.READY)


def test_a_player_that_fails_gives_way_to_one_that_works(players: Players, speaker: PlayerSpeaker):
    players.has("pw-play", "exit 1")
    players.has("aplay")
    speaker.say("welcome", "vi")
    assert within(5, lambda: speaker.state is SpeakerState.READY and len(players.told) == 2)
    speaker.say("confirm", "vi")
    assert within(5, lambda: len(players.told) == 3)
    assert [line.split()[0] for line in players.told] == ["pw-play", "aplay", "aplay"]


def test_a_player_that_hangs_is_ended(players: Players, sounds: Path, monkeypatch):
    monkeypatch.setattr("kiosk_ui.app.speech._OVERTIME_S", 0.1)
    players.has("aplay", "exec sleep 30")
    speaker = PlayerSpeaker(Prompts(sounds), volume=4)
    speaker.say("welcome", "vi")
    assert within(5, lambda: speaker.state is SpeakerState.FAILING)
    speaker.close()


def test_a_player_that_does_not_listen_holds_nobody_up(players: Players, sounds: Path, monkeypatch):
    monkeypatch.setattr("kiosk_ui.app.speech._OVERTIME_S", 0.1)
    (sounds / "vi" / "welcome.wav").write_bytes(wav_of(SAMPLES * 800))  # more than a pipe takes
    path = players.folder / "bin" / "aplay"
    path.write_text("#!/bin/sh\nexec sleep 30\n")
    path.chmod(0o755)
    speaker = PlayerSpeaker(Prompts(sounds), volume=4)
    speaker.say("welcome", "vi")
    speaker.say("confirm", "vi")
    assert within(8, lambda: speaker.state is SpeakerState.FAILING)
    speaker.close()


@pytest.mark.parametrize(
    "content",
    [b"", b"RIFF", b"no sound at all" * 99, wav_of()[:30], wav_of(width=1)],
    ids=["empty", "begun", "rubbish", "cut", "8 bits"],
)
def test_a_file_that_is_no_sound_is_left_out(players: Players, sounds: Path, speaker: PlayerSpeaker, content: bytes):
    players.has("aplay")
    (sounds / "vi" / "welcome.wav").write_bytes(content)
    speaker.say("welcome", "vi")
    assert within(5, lambda: speaker.state is SpeakerState.FAILING)
    assert players.told == []
    speaker.say("confirm", "vi")
    assert within(5, lambda: speaker.state is SpeakerState.READY)


def test_a_program_that_cannot_be_run_is_a_player_that_fails(players: Players, speaker: PlayerSpeaker):
    (players.folder / "bin" / "aplay").write_bytes(b"\x7fELF no program")
    (players.folder / "bin" / "aplay").chmod(0o755)
    speaker.say("welcome", "vi")
    assert within(5, lambda: speaker.state is SpeakerState.FAILING)


def test_who_wants_no_sound_gets_none(players: Players):
    players.has("aplay")
    silent = SilentSpeaker()
    silent.set_volume(4)
    silent.say("welcome", "vi")
    silent.say_all(("welcome",), "vi")
    silent.stop()
    silent.close()
    assert players.told == []


@pytest.mark.skipif(shutil.which("aplay") is None, reason="alsa-utils is not installed (scripts/setup installs it)")
def test_the_real_player_takes_what_it_is_given(sounds: Path, tmp_path: Path, monkeypatch):
    nowhere = tmp_path / "asound.conf"
    nowhere.write_text("pcm.!default { type null }\n")
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(nowhere))
    speaker = PlayerSpeaker(Prompts(sounds), volume=2, player="aplay")
    assert speaker._play(sounds / "vi" / "welcome.wav", speaker._turn)
    speaker.close()
