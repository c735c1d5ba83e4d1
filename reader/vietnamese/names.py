"""Vietnamese personal names: their parts, and the order in which lists are sorted.

A name is family, middle, given; people are called, and lists are sorted, by the *given* name, the last word.
"""

from __future__ import annotations

import dataclasses
import unicodedata
from typing import Final

from reader.vietnamese.text import TONES, split_tone

__all__ = ["NameKey", "NameParts", "sort_key", "split_name"]

_WordKey = tuple[tuple[tuple[int, int, int], ...], tuple[int, ...]]
NameKey = tuple[_WordKey, tuple[_WordKey, ...], _WordKey]

# a ă â b c d đ e ê … o ô ơ … u ư …: the rank of a letter among those of the same base letter
_RANK: Final = {"ă": 1, "â": 2, "đ": 1, "ê": 1, "ô": 1, "ơ": 2, "ư": 1}
_FOREIGN_RANK: Final = 9  # č after c, ñ after n, ŏ after ơ


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class NameParts:
    """A name in its parts. A name of one word is a given name; of two, there is no middle."""

    family: str
    middle: str
    given: str

    def __repr__(self) -> str:
        return "NameParts(…)"


def split_name(full_name: str) -> NameParts:
    """First word, the words between, last word."""
    words = full_name.split()
    if not words:
        return NameParts("", "", "")
    family = words[0] if len(words) > 1 else ""
    return NameParts(family, " ".join(words[1:-1]), words[-1])


def sort_key(full_name: str) -> NameKey:
    """A key for ``sorted``: by given name, then middle names, then family name.

    In each word the letters decide first, then the tone: ngang < huyền < hỏi < ngã < sắc < nặng. Works without ICU
    and without the system's locale.
    """
    parts = split_name(unicodedata.normalize("NFC", full_name).casefold())
    middle = tuple(_word_key(word) for word in parts.middle.split())
    return _word_key(parts.given), middle, _word_key(parts.family)


def _word_key(word: str) -> _WordKey:
    letters, tones = split_tone(word)
    return tuple(_letter_key(letter) for letter in letters), tuple(1 + TONES.index(tone) for tone in tones)


def _letter_key(letter: str) -> tuple[int, int, int]:
    if letter == "đ":
        return ord("d"), _RANK[letter], 0
    if letter == "ƀ":
        return ord("b"), _FOREIGN_RANK, 0
    base = unicodedata.normalize("NFD", letter)[0]
    if base == letter:
        return ord(base), 0, 0
    rank = _RANK.get(letter, _FOREIGN_RANK)
    return ord(base), rank, 0 if rank < _FOREIGN_RANK else ord(letter)
