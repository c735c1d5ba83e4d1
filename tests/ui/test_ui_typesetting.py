"""Lines of like length: the same number of lines, no word broken, none left alone."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtGui import QFont, QGuiApplication, QTextLayout, QTextOption

from kiosk_ui.qt.appearance import Typesetter
from kiosk_ui.qt.application import FAMILY

WORDS = st.lists(
    st.sampled_from(["thẻ", "căn", "cước", "Ộ", "ượ", "nghiêng", "a", "Phương", "giữ"]), min_size=1, max_size=24
)


def lines(text: str, size: int, width: float) -> list[str]:
    font = QFont(FAMILY)
    font.setPixelSize(size)
    layout = QTextLayout(text, font)
    option = QTextOption()
    option.setWrapMode(QTextOption.WrapMode.WordWrap)
    layout.setTextOption(option)
    layout.beginLayout()
    found = []
    while (line := layout.createLine()).isValid():
        line.setLineWidth(width)
        found.append(text[line.textStart() : line.textStart() + line.textLength()])
    layout.endLayout()
    return found


@settings(max_examples=60)
@given(words=WORDS, width=st.integers(300, 1000))
def test_evening_adds_no_line_and_breaks_no_word(qapp: QGuiApplication, words: list[str], width: int) -> None:
    text = " ".join(words)
    even = Typesetter(FAMILY).evenWidth(text, 42, False, float(width))
    assert 0 < even <= width
    before, after = lines(text, 42, width), lines(text, 42, even)
    assert len(after) == len(before)
    assert " ".join(line.strip() for line in after).split() == words


@pytest.mark.parametrize(
    "text",
    ["Số này không khớp với thẻ", "Đưa mã QR trên thẻ vào khe quét", "Không xác nhận được thẻ này"],
)
def test_no_word_is_left_alone(qapp: QGuiApplication, text: str) -> None:
    for width in range(500, 1000, 20):
        broken = lines(text, 60, Typesetter(FAMILY).evenWidth(text, 60, True, width))
        if 1 < len(broken) < 4:
            assert all(len(line.split()) > 1 for line in broken)


def test_a_single_line_and_an_empty_text_keep_their_width(qapp: QGuiApplication) -> None:
    for text in ("", "Xong"):
        assert Typesetter(FAMILY).evenWidth(text, 40, False, 500.0) == 500.0
