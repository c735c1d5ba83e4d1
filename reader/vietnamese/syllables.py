"""Whether words can be Vietnamese: onset, rime, at most one tone. A judge of encodings, never of people.

Names of minorities and of foreigners are not spelt like this, so a single word decides nothing; what counts is
whether most of the words that carry marks could be Vietnamese. Where they could not, the letters were damaged on
their way.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

__all__ = ["marked_words", "reads_as_vietnamese", "share_of_syllables"]

_TONES: Final = frozenset("\u0300\u0301\u0303\u0309\u0323")
_VOWELS: Final = frozenset("aeiouy")

_ONSET: Final = "ngh|ng|nh|gh|gi|kh|ph|th|tr|ch|qu|[bcdđghklmnprstvx]"
_NUCLEUS: Final = (
    "iêu|yêu|oai|oay|oao|oeo|uây|uao|uôi|uyê|uya|uyu|ươi|ươu|"
    "ai|ao|au|ay|âu|ây|eo|êu|ia|iê|iu|yê|oa|oă|oe|oi|oo|ôi|ơi|ua|uâ|uă|uê|ui|uô|uơ|uy|ưa|ươ|ưi|ưu|[aăâeêioôơuưy]"
)
_CODA: Final = "ng|nh|ch|[cmnptk]"  # k: place names such as Đắk Lắk
_SYLLABLE: Final = re.compile(rf"(?:{_ONSET})?(?:{_NUCLEUS})(?:{_CODA})?")
_WITHOUT_A_SOUND: Final = re.compile("qu[uưo]")  # qu has its u already
_WORD_BREAKS: Final = re.compile(r"[\s,.;:/()'’ʼ|\-0-9]+")


def marked_words(text: str) -> tuple[str, ...]:
    """The words of ``text`` that hold anything beyond ASCII: only these were at risk."""
    words = _WORD_BREAKS.split(unicodedata.normalize("NFC", text))
    return tuple(word for word in words if word and not word.isascii())


def share_of_syllables(text: str) -> float | None:
    """How many of the marked words can be Vietnamese syllables, from 0 to 1; ``None`` if no word carries a mark."""
    words = marked_words(text)
    if not words:
        return None
    return sum(map(_is_syllable, words)) / len(words)


def reads_as_vietnamese(text: str) -> bool:
    """Whether most of the marked words can be Vietnamese; so can a text without any mark."""
    share = share_of_syllables(text)
    return share is None or share > 0.5


def _is_syllable(word: str) -> bool:
    tones, letters = 0, []
    for character, base in _letters(word):
        if character not in _TONES:
            letters.append(character)
        elif base in _VOWELS:
            tones += 1
        else:
            return False  # a tone on a consonant
    plain = unicodedata.normalize("NFC", "".join(letters))
    return tones <= 1 and _SYLLABLE.fullmatch(plain) is not None and _WITHOUT_A_SOUND.match(plain) is None


def _letters(word: str) -> Iterator[tuple[str, str]]:
    """Each character of the decomposed word with the letter that it stands on."""
    base = ""
    for character in unicodedata.normalize("NFD", word.casefold()):
        if not unicodedata.combining(character):
            base = character
        yield character, base
