"""Telex as its published key tables have it, and as people type: any order that gives a word gives the same word."""

from __future__ import annotations

import json
import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import kiosk_ui
from kiosk_ui.app.telex import TonePlace, delete, press, press_name, press_tone, typed
from reader.vietnamese.text import NameMatch, compare_names, split_tone

# Samples that the key tables of Telex keyboards publish (input, output).
PUBLISHED = {
    "trangw": "trăng", "cana": "cân", "ddaua": "đâu", "ddeme": "đêm", "nhoo": "nhô", "mow": "mơ", "tuw": "tư",
    "trawng": "trăng", "caan": "cân", "ddaau": "đâu", "ddeem": "đêm", "ngang": "ngang", "huyeenf": "huyền",
    "sawcs": "sắc", "hoir": "hỏi", "ngax": "ngã", "nawngj": "nặng", "asf": "à", "asz": "a", "her": "hẻ",
    "herr": "her", "xooong": "xoong", "cari": "cải", "Tieesng": "Tiếng", "Vieejt": "Việt", "aa": "â", "ee": "ê",
    "oo": "ô", "aw": "ă", "ow": "ơ", "uw": "ư", "dd": "đ", "eej": "ệ", "aas": "ấ", "uwr": "ử", "awf": "ằ", "ix": "ĩ",
}  # fmt: skip
# The same word in the orders in which people type it.
ORDERS = {
    "người": ("nguwowif", "nguowif", "nguoiwf", "nguoifw", "nguwofi", "ngwowfi"),
    "đường": ("dduwowngf", "duongwfd", "dduowngf", "dduongfw"),
    "thuở": ("thuowr", "thuorw"),
    "lưu": ("luwu", "luuw"),
    "mưa": ("muwa", "muaw"),
    "quốc": ("quoocs", "quocos", "quosco"),
    "giếng": ("gieengs", "giengse", "giesnge"),
    "hoặc": ("hoawcj", "hoacwj", "hoacjw"),
    "khuỷu": ("khuyur", "khuyru"),
    "nghiêng": ("nghieeng", "nghienge"),
    "rượu": ("ruwowuj", "ruouwj", "ruoujw"),
}
TONE_KEYS = dict(zip("\u0300\u0301\u0309\u0303\u0323", "fsrxj", strict=True))
MARK_KEYS = {"\u0302": "", "\u0306": "w", "\u031b": "w"}


def keys_of(word: str) -> str:
    """The plain way to type a word: each letter with its mark, the tone at the end. Written apart from the engine."""
    keys, tone = "", ""
    for letter in unicodedata.normalize("NFC", word):
        if letter in "đĐ":
            keys += "dd" if letter == "đ" else "Dd"
            continue
        base, *marks = unicodedata.normalize("NFD", letter)
        keys += base
        for mark in marks:
            if mark in TONE_KEYS:
                tone = TONE_KEYS[mark]
            else:
                keys += MARK_KEYS[mark] or base.lower()
    return keys + tone


def vietnamese_words() -> list[str]:
    """Every word that the kiosk itself says in Vietnamese, and the invented people's names."""
    texts = json.loads((Path(kiosk_ui.__file__).parent / "qml/i18n/vi.json").read_text(encoding="utf-8"))
    samples = (Path(__file__).parents[1] / "vectors/vietnam_samples.json").read_text(encoding="utf-8")
    names = [each["person"][field] for each in json.loads(samples)["persons"] for field in ("name", "father", "mother")]
    said = " ".join([*(text for key, text in texts.items() if not key.startswith("language.")), *names])
    words = set(re.findall(r"[^\W\d_]+", re.sub(r"{\w+}", " ", said)))
    return sorted(
        word for word in words if not re.search(r"[fjwzFJWZ]", word) and (len(word) < 2 or not word.isupper())
    )


@pytest.mark.parametrize(("keys", "text"), PUBLISHED.items())
def test_the_published_samples(keys: str, text: str) -> None:
    assert typed(keys) == text


@pytest.mark.parametrize(("word", "orders"), ORDERS.items())
def test_any_usual_order_gives_the_word(word: str, orders: tuple[str, ...]) -> None:
    assert {typed(keys) for keys in orders} == {word}


def test_every_letter_of_the_alphabet_with_every_tone_can_be_typed() -> None:
    for vowel in "aăâeêioôơuưy":
        for tone in ["", *TONE_KEYS]:
            for letter in (
                unicodedata.normalize("NFC", vowel + tone),
                unicodedata.normalize("NFC", vowel + tone).upper(),
            ):
                assert typed(keys_of(letter)) == letter


def test_every_word_of_the_kiosk_can_be_typed() -> None:
    words = vietnamese_words()
    assert len(words) > 250
    foreign = {"Telex", "chip", "euro"}  # no Vietnamese syllables
    for word in words:
        if word in foreign or not word.isalpha():
            continue
        for place in TonePlace:
            text = typed(keys_of(word), place)
            assert compare_names(text, word) <= NameMatch.TONE_PLACEMENT, (keys_of(word), text)


def test_a_tone_moves_with_the_word_as_it_grows() -> None:
    grown = [typed("hoafng"[:length]) for length in range(1, 7)]
    assert grown == ["h", "ho", "hoa", "hòa", "hoàn", "hoàng"]
    assert typed("thuyrn") == "thuỷn"
    assert typed("hoaf", TonePlace.REFORMED) == "hoà"
    assert typed("thuys", TonePlace.TRADITIONAL) == "thúy"


@pytest.mark.parametrize(
    ("keys", "text"),
    [("James", "James"), ("David", "David"), ("Smith", "Smith"), ("wwang", "wang"), ("addd", "addd"), ("ddd", "dd"),
     ("aaa", "aa"), ("eee", "ee"), ("aww", "aw"), ("Alexander", "Alexander"), ("Kbuoorr", "Kbuôr"), ("nz", "nz")],
)  # fmt: skip
def test_words_that_are_not_vietnamese_can_be_typed_too(keys: str, text: str) -> None:
    assert typed(keys) == text


def test_a_name_gets_its_capitals_by_itself() -> None:
    text = ""
    for key in "ddawngj thij quys":
        text = press_name(text, key)
    assert text == "Đặng Thị Quý"


def test_only_the_last_word_changes() -> None:
    assert press("Nguyễn Văn", "s") == "Nguyễn Vắn"
    assert press("Nguyễn Văn ", "s") == "Nguyễn Văn s"
    assert press("Lê-a", "a") == "Lê-â"


@given(st.text(alphabet="abcdeghiklmnopqrstuvxywzfjABDEOUW -'ăâđêôơưềộ", max_size=40))
def test_whatever_is_typed_stays_whole(keys: str) -> None:
    text = ""
    for key in keys:
        longer = press(text, key)
        assert unicodedata.is_normalized("NFC", longer)
        assert len(text) - 1 <= len(longer) <= len(text) + 1  # a mark adds none; the ninth letter appears nowhere else
        head = re.match(r"(?s)(.*[^\w])?", text)
        assert head is not None
        assert longer.startswith(head[0])  # earlier words stand
        text = longer
        assert len(delete(text)) == max(0, len(text) - 1)


@given(st.sampled_from(vietnamese_words()), st.sampled_from("sfrxj"), st.sampled_from("sfrxj"))
def test_the_last_tone_counts_and_the_same_again_takes_it_back(word: str, first: str, second: str) -> None:
    bare, _ = split_tone(word)
    once = press(bare, second)
    if once == bare + second:
        return  # no syllable that could bear a tone
    assert len(once) == len(bare)
    assert press(press(bare, first), second) == (bare + second if first == second else once)
    assert press(once, "z") == bare
    assert press(once, second) == bare + second


def test_marked_letters_and_tones_may_have_keys_of_their_own() -> None:
    text = ""
    for key in "đương":
        text = press(text, key)
    assert press_tone(text, "f") == "đường"
    assert press_tone(press_tone(text, "f"), "f") == "đương"
    assert press_tone("Ngư", "s") == "Ngứ"
    assert press("Ngứ", "ơ") == "Ngướ"
    assert press_tone("Ks", "s") == "Ks"
    with pytest.raises(ValueError, match="one of s f r x j"):
        press_tone("a", "z")


def test_a_key_is_one_character() -> None:
    for key in ("", "ab"):
        with pytest.raises(ValueError, match="one character"):
            press("a", key)


def test_deleting_takes_a_whole_letter() -> None:
    assert delete(unicodedata.normalize("NFD", "Huế")) == "Hu"
    assert delete("") == ""
