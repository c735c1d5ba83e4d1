"""Vietnamese text as cards, scanners and hospital systems deliver it: encodings, tones, the ladder of names.

Inside the project text is NFC (Unicode annex 15) with the raw octets kept beside it. The ladder says *how* two names
agree, because the answer to "is this the same person" depends on who asks.
"""

from __future__ import annotations

import dataclasses
import enum
import re
import unicodedata
from collections.abc import Sequence
from typing import Final

from reader import errors
from reader.vietnamese.syllables import share_of_syllables

__all__ = [
    "DecodedText",
    "MrzNameMatch",
    "NameMatch",
    "TextEncoding",
    "compare_names",
    "compare_with_mrz",
    "decode_text",
    "displayable",
    "fold",
    "repair_mojibake",
    "split_tone",
    "to_mrz",
]

TONES: Final = "\u0300\u0309\u0303\u0301\u0323"
"""The five tone marks in dictionary order: huyền, hỏi, ngã, sắc, nặng; the sixth tone, ngang, has no mark."""

_VOWELS: Final = frozenset("aeiouy")
_QUALITY_MARKS: Final = frozenset("\u0302\u0306\u031b")  # â ê ô, ă, ơ ư


# ---------------------------------------------------------------------------------------- encodings
class TextEncoding(enum.StrEnum):
    """What the octets of a scanned text were."""

    UTF8 = "utf-8"
    UTF8_AS_CP1252 = "utf-8 shown as cp1252"
    CP1258 = "cp1258"
    LATIN1 = "latin-1"


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class DecodedText:
    """Text in NFC, and what had to be done to get it.

    Attributes:
        text: NFC.
        encoding: what the octets were taken for.
        is_certain: false where another encoding would read as well, or none gives Vietnamese words: the letters beyond
            ASCII may then be others. TCVN3 and VNI fonts look like this; they are never guessed.
    """

    text: str
    encoding: TextEncoding
    is_certain: bool = True

    def __repr__(self) -> str:
        return f"DecodedText({self.encoding.value})"


def decode_text(octets: bytes) -> DecodedText:
    """Decode what a scanner sent: UTF-8, UTF-8 that was taken for cp1252 on the way, Windows-1258, or Latin-1.

    Raises:
        DocumentError: ``text.undecodable`` if it is none of them.
    """
    try:
        text = octets.decode("utf-8-sig")  # some scanners put a byte order mark first
    except UnicodeDecodeError:
        return _decode_single_octets(octets)
    repaired = repair_mojibake(text)
    if repaired != text:
        return DecodedText(unicodedata.normalize("NFC", repaired), TextEncoding.UTF8_AS_CP1252)
    return DecodedText(unicodedata.normalize("NFC", text), TextEncoding.UTF8)


def _decode_single_octets(octets: bytes) -> DecodedText:
    """Windows-1258 or Latin-1, whichever gives more words that can be Vietnamese.

    Windows-1258 writes a base letter (â, ê, ơ … included) and then the tone: ê + U+0303. NFC joins them. Most letters
    stand at the same place in both; where they do not (ã or ă), the words decide.
    """
    try:
        windows = unicodedata.normalize("NFC", octets.decode("cp1258"))
    except UnicodeDecodeError:
        raise errors.DocumentError(errors.TEXT_UNDECODABLE) from None
    latin = octets.decode("latin-1")
    of_windows, of_latin = share_of_syllables(windows) or 0.0, share_of_syllables(latin) or 0.0
    if of_latin > of_windows:
        return DecodedText(latin, TextEncoding.LATIN1, _is_convincing(of_latin))
    is_certain = _is_convincing(of_windows) and (of_windows > of_latin or windows == latin)
    return DecodedText(windows, TextEncoding.CP1258, is_certain)


def _is_convincing(share: float) -> bool:
    return share >= 2 / 3  # names of minorities follow other rules, so not every word need be a syllable


_MOST_ENCODED: Final = 2  # "double encoding" has been seen, more has not


def repair_mojibake(text: str) -> str:
    """``Nguyá»…n`` back to ``Nguyễn``; text that is no such accident is returned as it is.

    The test is exact, not a guess: only if every character is one octet of cp1252 (or Latin-1), these octets are
    well-formed UTF-8, and at least one character came out of several octets.
    """
    for _ in range(_MOST_ENCODED):
        octets = _as_single_octets(text)
        if octets is None or octets.isascii():
            return text
        try:
            text = octets.decode("utf-8")
        except UnicodeDecodeError:
            return text
    return text


def _as_single_octets(text: str) -> bytes | None:
    octets = bytearray()
    for character in text:
        try:
            octets += character.encode("cp1252")
        except UnicodeEncodeError:
            if ord(character) > 0xFF:
                return None
            octets.append(ord(character))  # the five octets that cp1252 leaves open come through as C1 controls
    return bytes(octets)


_REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"


def displayable(text: str) -> str:
    """NFC text in which nothing can move the cursor, reverse the line or end a record.

    Controls, surrogates, unassigned and private characters and directional formatting become U+FFFD; the raw octets
    are kept elsewhere.
    """
    text = unicodedata.normalize("NFC", text)
    if text.isprintable():  # nearly always, and none of these is
        return text
    return "".join(
        _REPLACEMENT if unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"} else character
        for character in text
    )


# -------------------------------------------------------------------------------------------- tones
def split_tone(syllable: str) -> tuple[str, str]:
    """A syllable without its tone, and the tone mark(s) that it carried.

    ``hoà`` and ``hòa`` both give ``("hoa", "\\u0300")``. Marks that make another letter stay (ă â ê ô ơ ư, and č ŏ ĭ
    ŭ ñ of minority names): a tilde is a tone on a vowel and part of the letter on a consonant.
    """
    letters: list[str] = []
    tones: list[str] = []
    base = ""
    for character in unicodedata.normalize("NFD", syllable):
        if not unicodedata.combining(character):
            base = character.casefold()
        if character in TONES and base in _VOWELS:
            tones.append(character)
        else:
            letters.append(character)
    return unicodedata.normalize("NFC", "".join(letters)), "".join(tones)


def fold(text: str) -> str:
    """Level 1 of the ladder as a key: NFC, single spaces, no letter case."""
    # casefold may leave a form that is not NFC, so normalise once more (Unicode §3.13, D145)
    return unicodedata.normalize("NFC", " ".join(unicodedata.normalize("NFC", text).split()).casefold())


# ---------------------------------------------------------------------------------- ladder of names
class NameMatch(enum.IntEnum):
    """How two names agree: the lowest level on which they do.

    The insurer's records take levels 1 and 2 for the same name; the MRZ knows level 4 only.
    """

    IDENTICAL = 1
    TONE_PLACEMENT = 2
    I_Y_VARIANT = 3
    WITHOUT_MARKS = 4
    DIFFERENT = 5

    @property
    def is_same_name(self) -> bool:
        """Whether only the way of writing differs: hoà and hòa, but not Mỹ and Mĩ."""
        return self <= NameMatch.TONE_PLACEMENT


def compare_names(first: str, second: str) -> NameMatch:
    """The first step of the ladder on which two names are equal. An empty name equals nothing but another one."""
    one, two = fold(first), fold(second)
    if one == two:
        return NameMatch.IDENTICAL
    one_split, two_split = [split_tone(word) for word in one.split()], [split_tone(word) for word in two.split()]
    if one_split == two_split:
        return NameMatch.TONE_PLACEMENT
    if _i_for_y(one_split) == _i_for_y(two_split):
        return NameMatch.I_Y_VARIANT
    one_plain, two_plain = to_mrz(one), to_mrz(two)
    if one_plain and one_plain == two_plain:
        return NameMatch.WITHOUT_MARKS
    return NameMatch.DIFFERENT


# y and i are two spellings of one sound only where they are the whole vowel (Mỹ/Mĩ, Quý/Quí);
# in Thúy/Thúi and Tay/Tai they are two sounds
_SOLE_Y: Final = re.compile(r"\A(qu|[^aeiouyăâêôơư]*)y\Z")


def _i_for_y(words: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(_SOLE_Y.sub(r"\1i", letters), tone) for letters, tone in words]


# ---------------------------------------------------------------------------------------------- MRZ
# Doc 9303-3 §6, table "Transliteration of multinational Latin-based characters", where it is not "drop the mark"
_LATIN: Final = str.maketrans(
    {
        "Đ": "D",
        "Ð": "D",
        "Ħ": "H",
        "ı": "I",
        "Ĳ": "IJ",
        "Ł": "L",
        "Ŋ": "N",
        "Ŧ": "T",
        "Ø": "OE",
        "Æ": "AE",
        "Œ": "OE",
        "Å": "AA",
        "Ä": "AE",
        "Ö": "OE",
        "Ü": "UE",
        "Þ": "TH",
        "ẞ": "SS",
        "ß": "SS",
        "Ƀ": "B",  # ƀ of Ê-đê, M'nông and other names; not in the table, taken as its base letter
        "-": " ",  # §4.6: a hyphen becomes a filler
        "’": None,  # §4.6: an apostrophe is left out
        "ʼ": None,
        "'": None,
    }
)


def to_mrz(text: str) -> str:
    """A name in the letters of the MRZ, words separated by single spaces: ``Đặng Thị Quý`` → ``DANG THI QUY``.

    Tones and other marks are dropped, Đ becomes D (Doc 9303-3 §4.6 and §6). Characters with no counterpart vanish.
    """
    # Upper case and NFC first, so that Ä is one character of the table whatever form it came in
    text = unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).upper()).translate(_LATIN)
    plain = "".join(
        character for character in unicodedata.normalize("NFD", text) if not unicodedata.combining(character)
    )
    return " ".join(re.sub(r"[^A-Z ]", "", " ".join(plain.split())).split())


class MrzNameMatch(enum.StrEnum):
    """How a full name agrees with the name in an MRZ."""

    EQUAL = "equal"
    PREFIX = "prefix"  # the MRZ's field was full and cut the name off
    ABBREVIATED = "abbreviated"  # single words were cut to make room (Doc 9303-4 §4.2.3)
    DIFFERENT = "different"

    @property
    def agrees(self) -> bool:
        """Whether the two can be the same name."""
        return self is not MrzNameMatch.DIFFERENT


def compare_with_mrz(full_name: str, mrz_words: Sequence[str], *, may_be_truncated: bool) -> MrzNameMatch:
    """Compare a name with the words of an MRZ: level 4 of the ladder, as a prefix where the MRZ was cut.

    Args:
        full_name: as printed or as in DG13, family name first.
        mrz_words: the words of the name field in its order (:attr:`reader.lds.mrz_fields.MrzName.words`).
        may_be_truncated: whether the name field is filled to its last position.
    """
    words = to_mrz(full_name).split()
    if not words or not mrz_words:
        return MrzNameMatch.DIFFERENT
    # Issuers put a filler for a hyphen or nothing at all, so word ends count only where words were shortened
    whole, seen = "".join(words), "".join(mrz_words)
    if whole == seen:
        return MrzNameMatch.EQUAL
    if may_be_truncated and whole.startswith(seen):
        return MrzNameMatch.PREFIX
    if may_be_truncated and len(mrz_words) <= len(words) and _are_beginnings(mrz_words, words):
        return MrzNameMatch.ABBREVIATED
    return MrzNameMatch.DIFFERENT


def _are_beginnings(short: Sequence[str], words: Sequence[str]) -> bool:
    return all(word.startswith(beginning) for beginning, word in zip(short, words, strict=False))
