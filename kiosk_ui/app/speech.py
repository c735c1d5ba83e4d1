"""The kiosk's voice: prompts that were rendered or recorded before, played by a program of the system.

Nothing is ever synthesised here, so nothing personal can be said: there are files for screens, letters and digits only.
The program runs beside the kiosk; one that is missing, fails or hangs is noticed, and the kiosk goes on in silence.
"""

from __future__ import annotations

import array
import contextlib
import enum
import io
import logging
import re
import shutil
import subprocess
import sys
import threading
import time
import wave
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

__all__ = ["CHIME", "LOUDEST", "PlayerSpeaker", "Prompts", "SilentSpeaker", "SpeakerState", "keys_of_number"]

_log = logging.getLogger(__name__)

CHIME: Final = "chime"
"""Key of the soft chime for a card left behind; it has no words and is the same in every language."""

LOUDEST: Final = 4
_GAINS: Final = (0.0, 0.18, 0.35, 0.6, 1.0)  # each step sounds about as much louder as the one before
_PLAYERS: Final = ("pw-play", "paplay", "aplay")
_KEY = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)*")
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_ALL_LANGUAGES = "common"
_MOST_BYTES = 8 * 2**20  # a prompt of three minutes
_OVERTIME_S = 2.0  # longer than the prompt itself: the player hangs
_POLL_S = 0.02


class SpeakerState(enum.StrEnum):
    """Whether prompts can be heard, as far as the kiosk can know."""

    READY = "ready"
    NO_PLAYER = "no_player"  # none of the programs is installed
    FAILING = "failing"  # the last prompt was not played


class Prompts:
    """Where prompts are: ``<folder>/<language>/<key>.wav``; a recording goes before a rendered one.

    Args:
        folders: in the order in which they are looked at.
    """

    def __init__(self, *folders: Path) -> None:
        self._folders = folders

    def find(self, key: str, language: str) -> Path | None:
        """File of a prompt. Without one for ``name.variant`` that of ``name``; ``None`` if there is none either."""
        if _KEY.fullmatch(key) is None or _LANGUAGE.fullmatch(language) is None:
            return None
        place = _ALL_LANGUAGES if key == CHIME else language
        while True:
            for folder in self._folders:
                path = folder / place / f"{key}.wav"
                if path.is_file():
                    return path
            key, dot, _ = key.rpartition(".")
            if not dot:
                return None


def keys_of_number(label: str) -> tuple[str, ...]:
    """Prompts that spell a queue number: ``A012`` is said letter by letter and digit by digit."""
    return tuple(f"spelt.{sign}" for sign in label.lower() if sign.isascii() and sign.isalnum())


class SilentSpeaker:
    """A :class:`~kiosk_ui.app.ports.Speaker` that says nothing."""

    state = SpeakerState.READY

    def say(self, key: str, language: str) -> None:
        """Say nothing."""

    def say_all(self, keys: Sequence[str], language: str) -> None:
        """Say nothing."""

    def stop(self) -> None:
        """Be as silent as before."""

    def set_volume(self, level: int) -> None:
        """Nothing is louder than nothing."""

    def close(self) -> None:
        """Nothing runs."""


class PlayerSpeaker:
    """A :class:`~kiosk_ui.app.ports.Speaker` that has prompts played by ``pw-play``, ``paplay`` or ``aplay``.

    No method waits for anything: a thread of its own starts and ends the player.

    Args:
        prompts: where they are.
        volume: 0 … 4.
        player: name of the program; ``auto``: the first that is found and works.
        which: finds a program on PATH.
    """

    def __init__(
        self,
        prompts: Prompts,
        volume: int = 3,
        player: str = "auto",
        which: Callable[[str], str | None] = shutil.which,
    ) -> None:
        self._prompts = prompts
        self._candidates = list(_PLAYERS) if player == "auto" else [player]
        self._which = which
        self._level = _within(volume)
        self._changed = threading.Condition()
        self._wanted: tuple[tuple[str, ...], str] = ((), "")
        self._turn = 0  # grows with every say and stop; what belongs to an older one ends
        self._closed = False
        self.state = SpeakerState.READY
        self._thread = threading.Thread(target=self._run, name="speaker", daemon=True)
        self._thread.start()

    def say(self, key: str, language: str) -> None:
        """Begin to say one prompt and return; ends what is being said."""
        self.say_all((key,), language)

    def say_all(self, keys: Sequence[str], language: str) -> None:
        """Begin to say prompts one after the other and return; those that have no file are left out."""
        self._want(tuple(keys), language)

    def stop(self) -> None:
        """Be silent now."""
        self._want((), "")

    def set_volume(self, level: int) -> None:
        """0 (silent) … 4 (loudest), from the next prompt on; 0 also ends the present one."""
        self._level = _within(level)
        if self._level == 0:
            self.stop()

    def close(self) -> None:
        """End the player and the thread. May be called twice."""
        with self._changed:
            self._closed = True
            self._turn += 1
            self._changed.notify()
        self._thread.join(_OVERTIME_S)

    # -------------------------------------------------------------------------------- in its own thread
    def _want(self, keys: tuple[str, ...], language: str) -> None:
        with self._changed:
            self._wanted = keys, language
            self._turn += 1
            self._changed.notify()

    def _run(self) -> None:
        done = 0
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or self._turn != done)  # noqa: B023 - asked at once
                if self._closed:
                    return
                turn, (keys, language) = self._turn, self._wanted
            done = turn
            for key in keys:
                path = self._prompts.find(key, language)
                if self._turn != turn or self._level == 0 or (path is not None and not self._play(path, turn)):
                    break

    def _play(self, path: Path, turn: int) -> bool:
        """Play one file with the first program that works. False: it was not played to its end."""
        gain = _GAINS[self._level]
        try:
            sound = path.read_bytes() if path.stat().st_size <= _MOST_BYTES else b""
            seconds, quieter = _at_gain(sound, gain)
        except (OSError, EOFError, wave.Error) as error:
            self._note(SpeakerState.FAILING, type(error).__name__)
            return False
        state = SpeakerState.NO_PLAYER
        for name in list(self._candidates):
            program = self._which(name)
            if program is None:
                continue
            state = SpeakerState.FAILING
            command, fed = _command(name, program, path, gain)
            played = self._run_player(command, quieter if fed else b"", seconds, turn)
            if played is None:
                return False  # something else is wanted now
            if played:
                self._note(SpeakerState.READY, name)
                return True
            # The next prompt begins with a program that may work: trying a broken one first costs time each time.
            self._candidates.append(self._candidates.pop(self._candidates.index(name)))
        self._note(state, "no program played it")
        return False

    def _run_player(self, command: list[str], sound: bytes, seconds: float, turn: int) -> bool | None:
        """True: it played; false: it failed or hung; ``None``: it was ended because something else is wanted."""
        try:
            player = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
        except OSError:
            return False
        feeder = threading.Thread(target=_feed, args=(player, sound), name="speaker-feed", daemon=True)
        feeder.start()
        try:
            until = time.monotonic() + seconds + _OVERTIME_S
            while (status := player.poll()) is None:
                if self._turn != turn:
                    return None
                if time.monotonic() > until:
                    return False
                time.sleep(_POLL_S)
            return status == 0
        finally:
            if player.poll() is None:
                player.kill()
            player.wait()
            feeder.join()

    def _note(self, state: SpeakerState, why: str) -> None:
        if state is not self.state:
            self.state = state
            level = logging.INFO if state is SpeakerState.READY else logging.WARNING
            _log.log(level, "spoken prompts: %s (%s)", state.value, why)


def _command(name: str, program: str, path: Path, gain: float) -> tuple[list[str], bool]:
    """How a program is told to play a file at a gain; and whether it gets the made-quieter WAV on its standard input."""
    match name:
        case "pw-play":
            return [program, f"--volume={gain:.3f}", str(path)], False
        case "paplay":
            # PulseAudio's volumes are cubic: 65536 is 100 %.
            return [program, f"--volume={round(65_536 * gain ** (1 / 3))}", str(path)], False
        case _:
            return [program, "-q", "-"], True  # aplay knows no volume


def _feed(player: subprocess.Popen[bytes], sound: bytes) -> None:
    if player.stdin is None:
        return
    with contextlib.suppress(OSError):  # who was ended does not listen any more
        player.stdin.write(sound)
    with contextlib.suppress(OSError):
        player.stdin.close()


def _within(level: int) -> int:
    return max(0, min(LOUDEST, level))


def _at_gain(sound: bytes, gain: float) -> tuple[float, bytes]:
    """Length in seconds, and the WAV with its samples made quieter.

    Raises:
        wave.Error, EOFError: it is no WAV of 16-bit samples.
    """
    with wave.open(io.BytesIO(sound)) as source:
        if source.getsampwidth() != 2 or source.getframerate() == 0:
            raise wave.Error
        form, frames = source.getparams(), source.readframes(source.getnframes())
    samples = array.array("h", frames[: len(frames) // 2 * 2])
    if sys.byteorder == "big":
        samples.byteswap()
    quieter = array.array("h", [round(sample * gain) for sample in samples]) if gain < 1 else samples
    if sys.byteorder == "big":
        quieter.byteswap()
    written = io.BytesIO()
    with wave.open(written, "wb") as target:
        target.setparams(form)
        target.writeframes(quieter.tobytes())
    return len(samples) / form.nchannels / form.framerate, written.getvalue()
