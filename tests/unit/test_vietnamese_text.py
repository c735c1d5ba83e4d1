"""Vietnamese text: every encoding that scanners produce gives the same name, and the ladder says how names agree."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reader import errors
from reader.vietnamese.text import (
    MrzNameMatch,
    NameMatch,
    TextEncoding,
    compare_names,
    compare_with_mrz,
    decode_text,
    displayable,
    repair_mojibake,
    split_tone,
    to_mrz,
)

NAMES = [
    "Nguyễn Văn An",
    "Đặng Thị Quý",
    "Hoàng Nguyễn Thuý Uyên Phương",
    "Phạm Thị Hoè",
    "Trần Đình Ưu",
    "Lê Ẩn Ỷ Ỗ Ẵ Ặ Ợ Ự Ỵ",
    "Lỡ Ngã Mũ Kỹ",
]
BASES = "aăâeêioôơuưy"
TONES = ["", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323"]
LETTERS = [unicodedata.normalize("NFC", base + tone) for base in BASES + BASES.upper() for tone in TONES]
VIETNAMESE_TEXT = st.text(st.sampled_from([*LETTERS, *"bcdđghklmnpqrstvxBCDĐGHKLMNPQRSTVX ,.0123456789"]), max_size=40)


def as_cp1258(text: str) -> bytes:
    """Base letter with its quality mark as one octet, then the tone as its own: what Windows writes."""
    octets = bytearray()
    for letter in unicodedata.normalize("NFC", text):
        parts = unicodedata.normalize("NFD", letter)
        tone = "".join(mark for mark in parts if mark in TONES and mark)
        base = unicodedata.normalize("NFC", "".join(mark for mark in parts if mark not in TONES))
        octets += base.encode("cp1258") + tone.encode("cp1258")
    return bytes(octets)


@settings(deadline=None, max_examples=200)
@given(VIETNAMESE_TEXT)
def test_utf8_composed_decomposed_and_cp1258_are_one_name(text: str) -> None:
    composed = decode_text(text.encode("utf-8")).text
    assert composed == text
    decomposed = decode_text(unicodedata.normalize("NFD", text).encode("utf-8"))
    assert decomposed.text == text
    assert compare_names(unicodedata.normalize("NFD", text), text) is NameMatch.IDENTICAL
    assert compare_names(unicodedata.normalize("NFC", as_cp1258(text).decode("cp1258")), text) is NameMatch.IDENTICAL


@pytest.mark.parametrize("name", NAMES)
def test_each_encoding_is_recognised(name: str) -> None:
    octets = name.encode("utf-8")
    assert decode_text(octets).encoding is TextEncoding.UTF8
    cp1258 = decode_text(as_cp1258(name))
    assert (cp1258.text, cp1258.encoding) == (name, TextEncoding.CP1258)
    # What cp1252 leaves open comes through as C1 controls, as browsers and Windows do it
    shown = "".join(bytes([o]).decode("cp1252") if o not in b"\x81\x8d\x8f\x90\x9d" else chr(o) for o in octets)
    repaired = decode_text(shown.encode("utf-8"))
    assert (repaired.text, repaired.encoding) == (name, TextEncoding.UTF8_AS_CP1252)
    assert repair_mojibake(octets.decode("latin-1")) == name
    twice = repair_mojibake(octets.decode("latin-1").encode("utf-8").decode("latin-1"))
    assert twice == name


def test_a_byte_order_mark_is_no_part_of_the_text() -> None:
    assert decode_text(b"\xef\xbb\xbf" + "Nguyễn".encode()).text == "Nguyễn"


@settings(deadline=None, max_examples=200)
@given(VIETNAMESE_TEXT)
def test_right_text_is_never_repaired(text: str) -> None:
    assert repair_mojibake(text) == text


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=60))
def test_any_octets_give_nfc_text_or_a_clear_error(octets: bytes) -> None:
    code = None
    try:
        text = decode_text(octets).text
    except errors.DocumentError as error:
        code = error.code
    else:
        assert unicodedata.is_normalized("NFC", text)
    assert code in (None, errors.TEXT_UNDECODABLE)


def test_text_for_a_screen_has_nothing_that_moves_or_reverses() -> None:
    assert displayable("An\u202e\x1b[2J\x00\n\u2028B") == "An\ufffd\ufffd[2J\ufffd\ufffd\ufffdB"
    assert displayable("e\u0302\u0301") == "ế"


@pytest.mark.parametrize(
    ("syllable", "letters", "tone"),
    [
        ("hoà", "hoa", "\u0300"),
        ("hòa", "hoa", "\u0300"),
        ("ậ", "â", "\u0323"),
        ("Nguyễn", "Nguyên", "\u0303"),
        ("ñ", "ñ", ""),
        ("ŏ", "ŏ", ""),
        ("č", "č", ""),
        ("đ", "đ", ""),
    ],
)
def test_tone_and_letters_come_apart(syllable: str, letters: str, tone: str) -> None:
    assert split_tone(syllable) == (letters, tone)


@pytest.mark.parametrize(
    ("first", "second", "level"),
    [
        ("Nguyễn Văn An", "NGUYỄN  VĂN AN ", NameMatch.IDENTICAL),
        ("Nguyễn\u00a0Văn An", "Nguyễn Văn An", NameMatch.IDENTICAL),
        ("Hoà", "Hòa", NameMatch.TONE_PLACEMENT),
        ("Thuý", "Thúy", NameMatch.TONE_PLACEMENT),
        ("Qúy", "Quý", NameMatch.TONE_PLACEMENT),
        ("Phạm Thị Hoè", "PHẠM THỊ HÒE", NameMatch.TONE_PLACEMENT),
        ("Trần Mỹ", "Trần Mĩ", NameMatch.I_Y_VARIANT),
        ("Quý", "Quí", NameMatch.I_Y_VARIANT),
        ("Lý Kỳ", "Lí Kì", NameMatch.I_Y_VARIANT),
        ("Thúy", "Thúi", NameMatch.DIFFERENT),  # two words, two sounds
        ("Tay", "Tai", NameMatch.DIFFERENT),
        ("Đặng", "Dang", NameMatch.WITHOUT_MARKS),
        ("Đông", "Dông", NameMatch.WITHOUT_MARKS),  # đ is another letter than d
        ("Nguyễn Văn An", "NGUYEN VAN AN", NameMatch.WITHOUT_MARKS),
        ("Hoá", "Hoà", NameMatch.WITHOUT_MARKS),
        ("Nguyễn Văn An", "Nguyễn An Văn", NameMatch.DIFFERENT),
        ("Nguyễn", "", NameMatch.DIFFERENT),
        ("阮", "文", NameMatch.DIFFERENT),  # nothing is left of either without marks: that is no agreement
    ],
)
def test_ladder(first: str, second: str, level: NameMatch) -> None:
    assert compare_names(first, second) is level
    assert compare_names(second, first) is level
    assert level.is_same_name == (level <= 2)


@settings(deadline=None, max_examples=200)
@given(VIETNAMESE_TEXT, VIETNAMESE_TEXT)
def test_ladder_is_symmetric_and_only_weakens(first: str, second: str) -> None:
    level = compare_names(first, second)
    assert compare_names(second, first) is level
    if level is NameMatch.IDENTICAL:
        assert to_mrz(first) == to_mrz(second)


@settings(deadline=None, max_examples=200)
@given(st.sampled_from(BASES), st.sampled_from(BASES), st.sampled_from(TONES[1:]), st.sampled_from("hkltm"))
def test_where_the_tone_stands_does_not_matter(one: str, two: str, tone: str, initial: str) -> None:
    first = unicodedata.normalize("NFC", initial + one + tone + two)
    second = unicodedata.normalize("NFC", initial + one + two + tone)
    assert compare_names(first, second).is_same_name


@pytest.mark.parametrize(
    ("name", "mrz"),
    [
        ("Đặng Thị Quý", "DANG THI QUY"),
        ("Hoàng Nguyễn Thuý Uyên Phương", "HOANG NGUYEN THUY UYEN PHUONG"),
        ("H'Ƀlŏn Niê Kđăm", "HBLON NIE KDAM"),
        ("ƀ č ŏ ĭ ŭ ñ ĕ", "B C O I U N E"),
        ("Y Čhuăn-Bkrông", "Y CHUAN BKRONG"),
        ("Ê-đê", "E DE"),
        ("Æneas Ørsted Åse Jürgen Łuk ß", "AENEAS OERSTED AASE JUERGEN LUK SS"),
        ("O’Connor  ", "OCONNOR"),
        ("", ""),
    ],
)
def test_letters_of_the_mrz(name: str, mrz: str) -> None:
    assert to_mrz(name) == mrz
    assert to_mrz(unicodedata.normalize("NFD", name)) == mrz
    assert to_mrz(name.lower()) == mrz


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=40))
def test_only_letters_of_the_mrz_come_out(text: str) -> None:
    result = to_mrz(text)
    assert set(result) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ ")
    assert to_mrz(result) == result


def test_names_against_the_mrz() -> None:
    def match(name: str, field: str, cut: bool = False) -> MrzNameMatch:
        return compare_with_mrz(name, field.split(), may_be_truncated=cut)

    assert match("Đặng Thị Quý", "DANG THI QUY") is MrzNameMatch.EQUAL
    assert match("H'Mông Ê-ban", "HMONG EBAN") is MrzNameMatch.EQUAL  # some issuers join what a hyphen divides
    assert match("Nguyễn Thị Hoàng Phương Uyên", "NGUYEN THI HOANG PHUONG UY", cut=True) is MrzNameMatch.PREFIX
    assert match("Nguyễn Thị Hoàng Phương Uyên", "NGUYEN THI HOANG PHUONG UY") is MrzNameMatch.DIFFERENT
    assert match("Nguyễn Thị Hoàng Uyên", "NGUYEN T H UYEN", cut=True) is MrzNameMatch.ABBREVIATED
    assert match("Nguyễn Văn An", "NGUYEN VAN ANH", cut=True) is MrzNameMatch.DIFFERENT
    assert match("Trần Văn An", "NGUYEN VAN AN") is MrzNameMatch.DIFFERENT
    assert match("", "NGUYEN") is MrzNameMatch.DIFFERENT
    assert match("Nguyễn", "", cut=True) is MrzNameMatch.DIFFERENT
