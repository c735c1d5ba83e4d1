"""Vietnamese by Telex: twenty-six letters of a Latin keyboard give every letter and tone, key by key.

Telex is a convention, not a standard. The rules are those that its keyboards publish alike:

=================  ===============================================================================================
aa ee oo           â ê ô; the second letter may follow later in the syllable (``cana`` gives *cân*)
aw ow uw           ă ơ ư; ``w`` after ``uo`` gives *ươ*; ``w`` in a syllable without a vowel is *ư*
dd                 đ
s f r x j          the tones sắc, huyền, hỏi, ngã, nặng; the last one typed counts
z                  takes the tone away
the same once more what the key did is undone and the letter itself is written (``ass`` gives *as*)
=================  ===============================================================================================

Every function takes the text as it stands and gives the text after the key: there is no hidden state to go wrong.
Texts are NFC. Sources of the rules: the published key tables of Telex keyboards; the place of the tone follows the
school rule (on the marked letter, else on the letter before the last of an open syllable).
"""

from __future__ import annotations

import enum
import unicodedata
from typing import Final

__all__ = ["TonePlace", "delete", "press", "press_name", "press_tone", "typed"]


class TonePlace(enum.Enum):
    """Where the tone of an open *oa*, *oe*, *uy* stands. Comparing names ignores the difference."""

    TRADITIONAL = "òa òe ùy"  # as identity cards and most keyboards have it
    REFORMED = "oà oè uỳ"


_TONES: Final = {"f": "\u0300", "s": "\u0301", "r": "\u0309", "x": "\u0303", "j": "\u0323"}
_TONE_MARKS: Final = frozenset(_TONES.values())
_CIRCUMFLEX: Final = {"a": "â", "e": "ê", "o": "ô"}
_HORN: Final = {"a": "ă", "o": "ơ", "u": "ư"}
_BASE: Final = {"â": "a", "ă": "a", "ê": "e", "ô": "o", "ơ": "o", "ư": "u"}
_VOWELS: Final = frozenset("aeiouy") | frozenset(_BASE)
_ENDS: Final = frozenset({"", "c", "ch", "k", "m", "n", "ng", "nh", "p", "t"})  # consonants that end a syllable
# Vowels of a syllable, without marks, of which one can bear a circumflex: â âu ây uâ uây, ê êu iê uê uyê …, ô ôi uô uôi
_WITH_CIRCUMFLEX: Final = frozenset(
    "a au ay ua uay e eu ie ieu ye yeu ue uye ueu o oi uo uoi".split()  # noqa: SIM905 - reads as the list it is
)
_SECOND_WHEN_REFORMED: Final = frozenset({"oa", "oe", "uy"})


def press(text: str, key: str, place: TonePlace = TonePlace.TRADITIONAL) -> str:
    """The text after one key.

    Args:
        text: what stands there; only its last word can change.
        key: one character, upper or lower case; one that is no Latin letter is simply added.
        place: where the tone of an open *oa*, *oe*, *uy* goes.

    Raises:
        ValueError: ``key`` is not one character.
    """
    if len(key) != 1:
        raise ValueError("a key gives one character")
    text = unicodedata.normalize("NFC", text)
    begin = _last_word(text)
    word, tone = _without_tone(text[begin:])
    if key.lower() in _BASE or key in "đĐ":  # a key of its own for a marked letter
        return text[:begin] + _with_tone(_straighten(word + key), tone, place)
    if not (key.isascii() and key.isalpha()):
        return unicodedata.normalize("NFC", text + key)
    low = key.lower()
    is_tone = low in _TONES or low == "z"
    changed = _tone_key(word, tone, key) if is_tone else (_letter_key(word, key), tone)
    return text[:begin] + _with_tone(*changed, place)


def press_name(text: str, key: str) -> str:
    """The same for a name: each of its words begins with a capital by itself."""
    begins_word = not text or not text[-1].isalpha()
    return press(text, key.upper() if begins_word else key)


def press_tone(text: str, key: str, place: TonePlace = TonePlace.TRADITIONAL) -> str:
    """The text after a key that can only be a tone: one of ``s f r x j``. Nothing happens where no vowel can bear it;
    the same tone again takes it away.

    Raises:
        ValueError: ``key`` is no tone.
    """
    if key not in _TONES:
        raise ValueError("a tone is one of s f r x j")
    text = unicodedata.normalize("NFC", text)
    begin = _last_word(text)
    word, tone = _without_tone(text[begin:])
    if _nucleus(word) is None:
        return text
    return text[:begin] + _with_tone(word, "" if _TONES[key] == tone else _TONES[key], place)


def delete(text: str) -> str:
    """Without the last letter as a reader counts letters: *ế* goes whole."""
    return unicodedata.normalize("NFC", text)[:-1]


def typed(keys: str, place: TonePlace = TonePlace.TRADITIONAL) -> str:
    """What a row of keys gives."""
    text = ""
    for key in keys:
        text = press(text, key, place)
    return text


# ---------------------------------------------------------------------------------------- the keys
def _tone_key(word: str, tone: str, key: str) -> tuple[str, str]:
    """Word and tone after one of s f r x j z."""
    wanted = _TONES.get(key.lower(), "")
    if _syllable(word) is None:
        return word + key, tone  # nothing that could bear it: "Ks", "Alexander"
    if wanted == tone:
        return word + key, ""  # the same tone again (and z where there is none): the letter
    return word, wanted


def _letter_key(word: str, key: str) -> str:
    """The word without tone after any other letter."""
    low = key.lower()
    if low == "d" and word[:1].lower() in {"d", "đ"}:
        return _stroke(word, key)
    if low in _CIRCUMFLEX and (at := _bearer(word, low)) is not None:
        return _mark(word, at, _CIRCUMFLEX[low], key)
    if low == "w":
        return _horn(word, key)
    return _straighten(word + key)


def _stroke(word: str, key: str) -> str:
    if word[0].lower() == "đ":
        return _as_case("d", word[0]) + word[1:] + key
    span = _syllable(word)
    if len(word) > 1 and (span is None or span[0] != 1):
        return word + key  # "David" is no "Đavi"
    return _as_case("đ", word[0]) + word[1:]


def _bearer(word: str, vowel: str) -> int | None:
    """Where in the vowels of the syllable the letter stands that this vowel key would mark, or ``None``."""
    span = _syllable(word)
    if span is None:
        return None
    begin, end = span
    vowels = _plain(word[begin:end])
    at = vowels.rfind(vowel)
    # "khoeo" has no place for a circumflex; what bears one already can always give it back.
    if at < 0 or (vowels not in _WITH_CIRCUMFLEX and word[begin + at].lower() not in _BASE):
        return None
    return begin + at


def _mark(word: str, at: int, marked: str, key: str) -> str:
    """Mark the letter; one that bears this mark already loses it, and the key writes its letter."""
    if word[at].lower() == marked:
        return word[:at] + _as_case(_BASE[marked], word[at]) + word[at + 1 :] + key
    return word[:at] + _as_case(marked, word[at]) + word[at + 1 :]


def _horn(word: str, key: str) -> str:
    """``w``: horn or breve, where the syllable can bear it."""
    if _nucleus(word) is None:
        return word + _as_case("ư", key)
    span = _syllable(word)
    if span is None:
        return word + key
    if word.lower() == "ư":  # w twice at the beginning of a word is the letter
        return _as_case("w", word)
    begin, end = span
    vowels = _plain(word[begin:end])
    at = vowels.find("uo")
    if at >= 0:
        return _horn_pair(word, begin + at, key)
    for at in _horn_order(vowels):
        marked = _HORN[vowels[at]]
        return _mark(word, begin + at, marked, key)
    return word + key


def _horn_pair(word: str, at: int, key: str) -> str:
    """``w`` on *uo*: *ươ*; at the end of a word *uơ* first (*thuở*), which further letters straighten."""
    pair = word[at : at + 2].lower()
    if pair == "ươ":
        plain = _as_case("u", word[at]) + _as_case("o", word[at + 1])
        return word[:at] + plain + word[at + 2 :] + key
    first = "u" if pair != "uơ" and pair[0] == "u" and at + 2 == len(word) else "ư"
    return word[:at] + _as_case(first, word[at]) + _as_case("ơ", word[at + 1]) + word[at + 2 :]


def _horn_order(vowels: str) -> list[int]:
    """Places that ``w`` may mark, the likeliest first: *ưa, ưu, ưi* but *oă*, *ơi*."""
    places = [at for at, each in enumerate(vowels) if each in _HORN]
    if vowels[:2] in {"ua", "uu", "ui"}:
        return [0]
    return places[::-1]


def _straighten(word: str) -> str:
    """*uơ* and *ưo* are *ươ* as soon as a letter follows; Vietnamese has the others at the end of a word only."""
    low = word.lower()
    for half in ("uơ", "ưo"):
        at = low.find(half)
        if at >= 0 and at + 2 < len(word) and not (at > 0 and low[at - 1] == "q"):
            return word[:at] + _as_case("ư", word[at]) + _as_case("ơ", word[at + 1]) + word[at + 2 :]
    return word


# ------------------------------------------------------------------------------------ the syllable
def _last_word(text: str) -> int:
    """Where the last run of letters begins."""
    at = len(text)
    while at > 0 and text[at - 1].isalpha():
        at -= 1
    return at


def _plain(vowels: str) -> str:
    return "".join(_BASE.get(each, each) for each in vowels.lower())


def _syllable(word: str) -> tuple[int, int] | None:
    """Begin and end of the vowels if the word can be one Vietnamese syllable so far, else ``None``."""
    span = _nucleus(word)
    if span is None or word[span[1] :].lower() not in _ENDS:
        return None
    onset = word[: span[0]].lower()
    return span if onset in {"qu", "gi"} or _nucleus(onset) is None else None


def _nucleus(word: str) -> tuple[int, int] | None:
    """Begin and end of the last vowels of a word without tone; the u of *qu* and the i of *gi* are consonants."""
    low = word.lower()
    end = len(low)
    while end > 0 and low[end - 1] not in _VOWELS:
        end -= 1
    begin = end
    while begin > 0 and low[begin - 1] in _VOWELS:
        begin -= 1
    if begin == end:
        return None
    if end - begin > 1 and low[:2] in {"qu", "gi"} and begin == 1:
        begin += 1
    return begin, end


def _tone_at(word: str, span: tuple[int, int], place: TonePlace) -> int:
    """Which letter bears the tone."""
    begin, end = span
    vowels = word[begin:end].lower()
    marked = [at for at, each in enumerate(vowels) if each in _BASE]
    if marked:
        return begin + marked[-1]
    if len(vowels) == 1:
        return begin
    if end < len(word):  # a consonant follows: on the last vowel
        return end - 1
    if len(vowels) == 2 and vowels in _SECOND_WHEN_REFORMED and place is TonePlace.REFORMED:
        return end - 1
    return end - 2


def _without_tone(word: str) -> tuple[str, str]:
    """The word without its tone, and the tone as a combining mark ("" if it has none)."""
    tone = ""
    letters = []
    for letter in word:
        parts = unicodedata.normalize("NFD", letter)
        tone = next((part for part in parts if part in _TONE_MARKS), tone)
        letters.append(unicodedata.normalize("NFC", "".join(part for part in parts if part not in _TONE_MARKS)))
    return "".join(letters), tone


def _with_tone(word: str, tone: str, place: TonePlace) -> str:
    span = _nucleus(word)
    if not tone or span is None:
        return word
    at = _tone_at(word, span, place)
    return word[:at] + unicodedata.normalize("NFC", word[at] + tone) + word[at + 1 :]


def _as_case(letter: str, like: str) -> str:
    return letter.upper() if like.isupper() else letter
