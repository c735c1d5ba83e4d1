"""Every spoken text becomes a sound that can be heard, in each language, and only what has changed is made again."""

from __future__ import annotations

import array
import importlib.util
import json
import math
import shutil
import wave
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
RATE = 22_050

needs_voice = pytest.mark.skipif(
    shutil.which("espeak-ng") is None, reason="espeak-ng is not installed (scripts/setup installs it where it can)"
)


@pytest.fixture(scope="module")
def renderer() -> ModuleType:
    specification = importlib.util.spec_from_file_location("render_prompts", ROOT / "scripts" / "render_prompts.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def texts(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("texts")
    for language, text in (
        ("vi", "Xin đặt thẻ lên ô có đèn và giữ yên."),
        ("en", "Lay the card on the lit field and leave it there."),
        ("fr", "Posez la carte sur la zone éclairée et ne la retirez pas."),
    ):
        table = {"place_card.title": "not spoken", "spoken.place_card": text, "spoken.problem.retry_card": f"-v {text}"}
        (folder / f"{language}.json").write_text(json.dumps(table), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def rendered(renderer: ModuleType, texts: Path, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("sounds")
    assert renderer.main(["--texts", str(texts), "--sounds", str(folder)]) == 0
    return folder


def samples_of(path: Path) -> array.array:
    with wave.open(str(path)) as sound:
        assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (RATE, 1, 2)
        return array.array("h", sound.readframes(sound.getnframes()))


def loudness(samples: array.array) -> float:
    voiced = [sample for sample in samples if abs(sample) > 0.008 * 32_767]
    return math.sqrt(sum(sample**2 for sample in voiced) / len(voiced)) / 32_767


@needs_voice
def test_each_language_speaks_evenly_without_clipping_and_without_long_silence(rendered: Path):
    levels = []
    for language in ("vi", "en", "fr"):
        assert len(list((rendered / language).glob("*.wav"))) == 2 + 36
        for name in ("place_card", "problem.retry_card"):
            samples = samples_of(rendered / language / f"{name}.wav")
            assert 1.5 < len(samples) / RATE < 8
            assert max(map(abs, samples)) < 0.9 * 32_767
            lead = next(at for at, sample in enumerate(samples) if abs(sample) > 262)
            assert lead <= 0.06 * RATE
            assert max(map(abs, samples[-round(0.14 * RATE) :])) == 0
            levels.append(loudness(samples))
    assert max(levels) / min(levels) < 1.6  # 4 dB: nobody reaches for the volume between two prompts


@needs_voice
def test_the_languages_and_the_digits_do_not_sound_the_same(rendered: Path):
    digits = [rendered / "vi" / f"spelt.{digit}.wav" for digit in "0123456789"]
    assert len({path.read_bytes() for path in digits}) == 10
    assert len({(rendered / each / "spelt.7.wav").read_bytes() for each in ("vi", "en", "fr")}) == 3
    for path in digits:
        assert 0.2 < len(samples_of(path)) / RATE < 2


@needs_voice
def test_only_what_has_changed_is_rendered_again(renderer, texts, rendered, tmp_path):
    texts = Path(shutil.copytree(texts, tmp_path / "texts"))
    sounds = Path(shutil.copytree(rendered, tmp_path / "sounds"))
    program = shutil.which("espeak-ng")
    assert renderer.render_all(texts, sounds, program) == {"vi": 0, "en": 0, "fr": 0}
    table = json.loads((texts / "vi.json").read_text(encoding="utf-8"))
    table["spoken.place_card"] = "Xin đặt thẻ lên máy."
    del table["spoken.problem.retry_card"]
    (texts / "vi.json").write_text(json.dumps(table), encoding="utf-8")
    (sounds / "en" / "place_card.wav").unlink()
    before = (sounds / "vi" / "place_card.wav").read_bytes()
    assert renderer.render_all(texts, sounds, program) == {"vi": 1, "en": 1, "fr": 0}
    assert (sounds / "vi" / "place_card.wav").read_bytes() != before
    assert not (sounds / "vi" / "problem.retry_card.wav").exists()
    assert not list(sounds.rglob("*.part"))


def test_without_the_voice_it_is_said_and_a_start_goes_on(renderer, texts, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PATH", str(tmp_path))
    command = ["--texts", str(texts), "--sounds", str(tmp_path / "sounds")]
    assert renderer.main(command) == 1
    assert "espeak-ng" in capsys.readouterr().err
    assert renderer.main([*command, "--if-possible"]) == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ('[ "$1" = --version ] || { echo "no such voice" >&2; exit 1; }', "no such voice"),
        ("exit 0", "no voice"),  # claims success and makes no file
    ],
)
def test_a_voice_that_fails_leaves_no_half_prompt(renderer, texts, tmp_path, monkeypatch, capsys, script, says):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "espeak-ng").write_text(f"#!/bin/sh\n{script}\n")
    (tmp_path / "bin" / "espeak-ng").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert renderer.main(["--texts", str(texts), "--sounds", str(tmp_path / "sounds")]) == 1
    assert says in capsys.readouterr().err
    assert not list((tmp_path / "sounds").rglob("*.wav"))


def test_a_key_that_would_leave_the_folder_is_refused(renderer, tmp_path):
    file = tmp_path / "vi.json"
    file.write_text(json.dumps({"spoken.../../x": "x"}), encoding="utf-8")
    with pytest.raises(renderer.CannotRenderError):
        renderer.texts_of(file)


def test_the_chime_is_short_soft_and_heard(renderer, tmp_path):
    (tmp_path / "chime.wav").write_bytes(renderer.chime())
    samples = samples_of(tmp_path / "chime.wav")
    assert 0.5 < len(samples) / RATE < 1.5
    assert 0.1 < max(map(abs, samples)) / 32_767 < 0.7
    assert abs(samples[0]) < 100  # no click at its beginning
    assert abs(samples[-1]) < 1_500  # nor at its end


def test_every_language_of_the_kiosk_has_the_same_prompts(renderer):
    prompts = {file.stem: set(renderer.texts_of(file)) for file in (ROOT / "kiosk_ui" / "qml" / "i18n").glob("*.json")}
    assert {"vi", "en"} <= set(prompts)
    for language, keys in prompts.items():
        assert keys == prompts["vi"], language
