"""Words: the same in every language, for every error, whole and polite."""

from __future__ import annotations

import importlib
import pkgutil
import re
import unicodedata

import pytest

import kiosk_ui.app
import kiosk_ui.qt
import reader
from crypto.errors import Hint, all_codes
from kiosk_ui.app.domain.insurance import EligibilityKind, InsuranceOutcome
from kiosk_ui.app.domain.reading import ReadingStep
from kiosk_ui.app.flows import screens as s
from kiosk_ui.qt.application import QML_FOLDER
from kiosk_ui.qt.screen_view import view_of
from kiosk_ui.qt.texts import Texts, problem_key

TEXTS = Texts(QML_FOLDER / "i18n")
LANGUAGES = TEXTS.languages
VI = TEXTS["vi"].strings


@pytest.fixture(scope="module")
def codes() -> dict[str, Hint]:
    """Every error code that any room declares."""
    for package in (reader, kiosk_ui.app, kiosk_ui.qt):
        for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            if ".migrations" not in module.name and "pcsc" not in module.name and "monitor" not in module.name:
                importlib.import_module(module.name)
    return {name: code.hint for name, code in all_codes().items()}


def test_vietnamese_comes_first_and_english_follows_at_one_touch() -> None:
    assert [language.code for language in LANGUAGES][:2] == ["vi", "en"]
    assert TEXTS.after("vi").code == "en"
    assert TEXTS.after(LANGUAGES[-1].code).code == "vi"


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda each: each.code)
def test_every_language_has_every_text_with_the_same_places_to_fill_in(language) -> None:
    assert set(language.strings) == set(VI)
    for key, text in language.strings.items():
        assert text.strip(), key
        assert unicodedata.is_normalized("NFC", text), key
        assert set(re.findall(r"{\w+}", text)) == set(re.findall(r"{\w+}", VI[key])), key
    assert language.strings["language.code"] == language.code


def test_every_error_of_every_room_has_words_in_every_language_and_a_screen(codes: dict[str, Hint]) -> None:
    assert len(codes) > 50
    for language in LANGUAGES:
        for code, hint in codes.items():
            key = problem_key(language.strings, code, hint)
            assert f"{key}.title" in language.strings
            assert f"{key}.message" in language.strings
            state = s.CheckInState(screen=s.Problem(code, hint, s.Retry.READ_AGAIN, "3"))
            view = view_of(state, language.strings, "3")
            assert (view.screen, view.problem_key, view.staff_code) == ("problem", key, code)


def test_words_of_one_error_belong_to_an_error_that_exists(codes: dict[str, Hint]) -> None:
    own = {key.removeprefix("problem.code.").rsplit(".", 1)[0] for key in VI if key.startswith("problem.code.")}
    assert own <= set(codes)


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda each: each.code)
def test_every_step_problem_and_insurance_answer_has_words(language) -> None:
    wanted = {f"reading.step.{step.name.lower()}" for step in ReadingStep}
    wanted |= {f"enter_number.{problem.value}" for problem in s.NumberProblem}
    wanted |= {f"confirm.{proof.value}" for proof in s.Proof}
    for kind in EligibilityKind:
        if kind.outcome is InsuranceOutcome.COUNTER:
            wanted |= {f"insurance_notice.{kind.value}.title", f"insurance_notice.{kind.value}.message"}
    assert wanted <= set(language.strings)


def test_every_state_of_the_flow_has_a_screen() -> None:
    states = [*s.Screen.__args__, *s.Overlay.__args__]
    for state in states:
        name = "".join(word.capitalize() for word in state.name.split("_")) + "Screen.qml"
        assert (QML_FOLDER / "checkin" / name).is_file(), name


def test_every_text_that_a_screen_names_exists() -> None:
    named = set()
    for path in QML_FOLDER.rglob("*.qml"):
        named |= set(re.findall(r'Tr\.t\("([a-z_.]+)"[,)]', path.read_text(encoding="utf-8")))
    assert len(named) > 50
    assert named <= set(VI)


def test_the_tone_is_polite_and_calm() -> None:
    for key, text in VI.items():
        assert not re.search(r"\bbạn\b", text, re.IGNORECASE), key
    for language in LANGUAGES:
        for key, text in language.strings.items():
            assert not (len(text) > 4 and text.isupper()), key
            assert "!" not in text, key


@pytest.mark.parametrize("language", LANGUAGES, ids=lambda each: each.code)
def test_a_question_has_at_most_nine_words(language) -> None:
    for key, text in language.strings.items():
        if key.endswith(".title") and text.endswith("?"):
            assert len(text.split()) <= 9, key
