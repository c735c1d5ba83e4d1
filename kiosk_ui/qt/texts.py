"""The kiosk's words, by key, in every language that has a file. Adding a language is adding a file."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from crypto.errors import Hint

__all__ = ["Language", "Texts", "insurance_key", "problem_key"]

_FIRST = "vi"
_FALLBACK = "en"


@dataclasses.dataclass(frozen=True, slots=True)
class Language:
    """One language of the kiosk.

    Attributes:
        code: two letters, e.g. ``vi``; the file's name.
        name: as its speakers call it.
        short: what the switch shows.
        strings: texts by key; ``{name}`` marks what is filled in.
    """

    code: str
    name: str
    short: str
    strings: Mapping[str, str]


class Texts:
    """All languages found in a folder; Vietnamese comes first, the others by code.

    A text that a language lacks is shown in English: the pages for staff are written in Vietnamese and English only.

    Raises:
        OSError, ValueError: a file cannot be read or is no JSON object of texts.
    """

    def __init__(self, folder: Path) -> None:
        files = {path.stem: _strings(path) for path in sorted(folder.glob("*.json"))}
        languages = [_language(code, {**files.get(_FALLBACK, {}), **strings}) for code, strings in files.items()]
        languages.sort(key=lambda each: (each.code != _FIRST, each.code))
        if not languages:
            raise ValueError("there is no file of texts")
        self.languages: Sequence[Language] = tuple(languages)

    def __getitem__(self, code: str) -> Language:
        """The language of that code; ``KeyError`` if there is no file for it."""
        for language in self.languages:
            if language.code == code:
                return language
        raise KeyError(code)

    def after(self, code: str) -> Language:
        """The next language, and after the last one the first: what one touch of the switch gives."""
        codes = [language.code for language in self.languages]
        return self.languages[(codes.index(code) + 1) % len(codes)]


def _strings(path: Path) -> Mapping[str, str]:
    strings = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(strings, dict) or not all(isinstance(text, str) for text in strings.values()):
        raise ValueError(f"{path.name} is no JSON object of texts")
    return strings


def _language(code: str, strings: Mapping[str, str]) -> Language:
    return Language(code, strings["language.name"], strings["language.short"], strings)


def problem_key(strings: Mapping[str, str], code: str, hint: Hint) -> str:
    """Key of the words for an error: its own if there are some, else those of what a person can do about it."""
    own = f"problem.code.{code}"
    return own if f"{own}.title" in strings else f"problem.hint.{hint.value}"


def insurance_key(strings: Mapping[str, str], kind: str, code: str) -> str:
    """Key of the words for an insurer's answer: those of its code if there are some, else those of its class."""
    own = f"insurance_notice.code.{code}"
    return own if f"{own}.title" in strings else f"insurance_notice.{kind}"
