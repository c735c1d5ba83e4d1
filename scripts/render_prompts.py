"""Renders the kiosk's spoken prompts with espeak-ng: every text ``spoken.<key>`` of kiosk_ui/qml/i18n/*.json, and letters
and digits for queue numbers, into kiosk_ui/sounds/<language>/<key>.wav. The chime is computed here.

Only what has changed is rendered again. Without espeak-ng it says so and exits with 1, or with --if-possible with 0.
"""

from __future__ import annotations

import argparse
import array
import hashlib
import io
import json
import math
import os
import re
import shutil
import string
import subprocess
import sys
import tempfile
import wave
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TEXTS = ROOT / "kiosk_ui" / "qml" / "i18n"
SOUNDS = ROOT / "kiosk_ui" / "sounds"

RATE_HZ = 22_050
LOUDNESS = 0.11  # root mean square of what is spoken: about -19 dB of full scale
PEAK = 0.89  # no sample goes beyond -1 dB of full scale
SILENT = 0.008  # quieter than this is silence
LEAD_S, TAIL_S = 0.05, 0.15  # silence that is left before and after
FULL = 32_767
VERSION = "1"  # to be raised when this file changes what it makes

# Language of the texts: espeak-ng's voice and speed in words a minute. Slower than its usual 175: halls are noisy.
VOICES = {"vi": ("vi", 145), "en": ("en-gb", 150), "fr": ("fr-fr", 150)}
USUAL_SPEED = 150
PREFIX = "spoken."
KEY = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)*")


class CannotRenderError(Exception):
    """Why nothing can be rendered, in one sentence."""


def texts_of(file: Path) -> dict[str, str]:
    """What is to be said in one language, by key: its texts, and the letters and digits of queue numbers."""
    strings = json.loads(file.read_text(encoding="utf-8"))
    texts = {f"spelt.{sign}": sign.upper() for sign in string.ascii_lowercase + string.digits}
    for name, text in strings.items():
        key = name.removeprefix(PREFIX)
        if name == key or not text.strip():
            continue
        if KEY.fullmatch(key) is None:
            raise CannotRenderError(f"{file.name}: the key {name} cannot be the name of a file.")
        texts[key] = " ".join(text.split())
    return texts


def render_all(texts: Path, sounds: Path, program: str) -> dict[str, int]:
    """Render what is missing or has changed, and take away what nobody says any more.

    Returns:
        How many files were rendered now, by language.
    """
    version = _said_by(program, "--version").decode("utf-8", "replace")
    counts = {}
    for file in sorted(texts.glob("*.json")):
        counts[file.stem] = _render_language(file.stem, texts_of(file), sounds / file.stem, program, version)
    _write_whole(sounds / "common" / "chime.wav", chime())
    return counts


def _render_language(language: str, texts: Mapping[str, str], folder: Path, program: str, version: str) -> int:
    voice, speed = VOICES.get(language, (language, USUAL_SPEED))
    folder.mkdir(parents=True, exist_ok=True)
    record = folder / "rendered.json"
    before = json.loads(record.read_text(encoding="utf-8")) if record.exists() else {}
    now = {}
    rendered = 0
    for key, text in sorted(texts.items()):
        made_of = hashlib.sha256("\0".join((VERSION, version, voice, str(speed), text)).encode()).hexdigest()
        path = folder / f"{key}.wav"
        if before.get(key) != made_of or not path.exists():
            _write_whole(path, even(speak(program, voice, speed, text)))
            rendered += 1
        now[key] = made_of
    for stale in set(folder.glob("*.wav")) - {folder / f"{key}.wav" for key in now}:
        stale.unlink()
    _write_whole(record, json.dumps(now, indent=1, sort_keys=True).encode())
    return rendered


# ------------------------------------------------------------------------------------------------ sound
def speak(program: str, voice: str, speed: int, text: str) -> array.array[int]:
    """What espeak-ng says, as samples of 16 bits at :data:`RATE_HZ`."""
    # The text goes through standard input: one that begins with a dash is no option.
    with tempfile.TemporaryDirectory(prefix="prompts-") as folder:
        target = Path(folder) / "said.wav"
        _said_by(program, "-v", voice, "-s", str(speed), "-b", "1", "--stdin", "-w", str(target), given=text.encode())
        if not target.exists():
            raise CannotRenderError(f"espeak-ng has no voice {voice}.")
        with wave.open(str(target)) as said:
            if (said.getframerate(), said.getnchannels(), said.getsampwidth()) != (RATE_HZ, 1, 2):
                raise CannotRenderError("espeak-ng made a WAV of another form than 22,050 Hz, mono, 16 bits.")
            samples = array.array("h", said.readframes(said.getnframes()))
    if sys.byteorder == "big":
        samples.byteswap()
    return samples


def even(samples: array.array[int]) -> bytes:
    """A WAV with the silence around the words cut short, as loud as all the others and nowhere clipped."""
    threshold = round(SILENT * FULL)
    heard = [sample for sample in samples if not -threshold <= sample <= threshold]
    if not heard:
        raise CannotRenderError("A text was rendered to silence.")
    first = next(at for at, sample in enumerate(samples) if abs(sample) > threshold)
    last = next(at for at in range(len(samples) - 1, -1, -1) if abs(samples[at]) > threshold)
    words = samples[max(0, first - round(LEAD_S * RATE_HZ)) : last + 1]
    # Pauses do not count: a prompt of two sentences would otherwise be louder than one of one.
    rms = math.sqrt(sum(sample * sample for sample in heard) / len(heard)) / FULL
    peak = max(map(abs, words)) / FULL
    gain = min(LOUDNESS / rms, PEAK / peak)
    words = array.array("h", [round(sample * gain) for sample in words])
    return wav(words + array.array("h", bytes(2 * round(TAIL_S * RATE_HZ))))


def chime() -> bytes:
    """Two soft notes, falling: a card was left behind. Sines that fade, so that nobody is startled."""
    length = round(0.9 * RATE_HZ)
    samples = [0.0] * length
    for begin_s, pitch_hz in ((0.0, 880.0), (0.28, 659.26)):
        begin = round(begin_s * RATE_HZ)
        for at in range(begin, length):
            since = (at - begin) / RATE_HZ
            swell = min(1.0, since / 0.02) * math.exp(-5.0 * since)
            samples[at] += 0.32 * swell * math.sin(2 * math.pi * pitch_hz * since)
    return wav(array.array("h", [round(sample * FULL) for sample in samples]))


def wav(samples: array.array[int]) -> bytes:
    """A WAV file: 22,050 Hz, mono, 16 bits."""
    if sys.byteorder == "big":
        samples = array.array("h", samples)
        samples.byteswap()
    written = io.BytesIO()
    with wave.open(written, "wb") as target:
        target.setparams((1, 2, RATE_HZ, len(samples), "NONE", "not compressed"))
        target.writeframes(samples.tobytes())
    return written.getvalue()


def _said_by(program: str, *arguments: str, given: bytes = b"") -> bytes:
    try:
        done = subprocess.run([program, *arguments], input=given, capture_output=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CannotRenderError(f"espeak-ng cannot be run ({type(error).__name__}).") from None
    if done.returncode != 0:
        raise CannotRenderError(f"espeak-ng failed: {done.stderr.decode('utf-8', 'replace').strip()[:200]}")
    return done.stdout


def _write_whole(path: Path, content: bytes) -> None:
    """Nobody ever hears half a prompt. What is there already is left alone."""
    if path.exists() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    part.write_bytes(content)
    os.replace(part, path)


# ------------------------------------------------------------------------------------------ command line
def main(arguments: list[str] | None = None) -> int:
    """Render; returns the exit code."""
    parser = argparse.ArgumentParser(description="render the kiosk's spoken prompts with espeak-ng")
    parser.add_argument("--if-possible", action="store_true", help="without espeak-ng, say nothing and exit with 0")
    parser.add_argument("--texts", type=Path, default=TEXTS, help="folder of the texts (<language>.json)")
    parser.add_argument("--sounds", type=Path, default=SOUNDS, help="folder that is filled (<language>/<key>.wav)")
    chosen = parser.parse_args(arguments)
    program = shutil.which("espeak-ng")
    try:
        if program is None:
            raise CannotRenderError("espeak-ng is not installed (Debian: apt-get install espeak-ng).")
        if not (chosen.sounds / "common").exists():
            print("sounds: rendering the spoken prompts; the first time takes some seconds")  # noqa: T201 - an answer
        for line in _told(render_all(chosen.texts, chosen.sounds, program)):
            print(line)  # noqa: T201 - a command's answer
    except CannotRenderError as error:
        if chosen.if_possible:
            return 0
        print(f"no prompts were rendered: {error}", file=sys.stderr)  # noqa: T201 - a command's answer
        return 1
    return 0


def _told(counts: Mapping[str, int]) -> Iterator[str]:
    for language, count in counts.items():
        if count:
            yield f"sounds: {language}: {count} prompts rendered"


if __name__ == "__main__":
    sys.exit(main())
