"""Names as people have them, and as forged cards may: the screen stays readable, and says what it says."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kiosk_ui.app.flows import screens as s
from kiosk_ui.qt.application import KioskApplication
from tests.ui.ui_measures import SeenText, settle, texts
from tests.ui.ui_sample_states import confirm

OpenKiosk = Callable[..., KioskApplication]
LONG = "Nguyễn Phương Hoàng Thị Minh Khai Trần Lê Bảo Ngọc Ánh Dương Vi"


def show(kiosk: KioskApplication, name: str) -> dict[str, SeenText]:
    kiosk.view_model.show(s.CheckInState(screen=confirm(name)))
    settle(kiosk)
    return {each.text: each for each in texts(kiosk)}


@pytest.mark.parametrize("scale", [1.0, 1.3])
@pytest.mark.parametrize("name", [LONG, "N" * 60, "Y", "Y Ƀlŏ Kbuôr Č Ŏ Ĭ"])
def test_a_name_touches_neither_the_words_above_nor_the_answers_below(
    open_kiosk: OpenKiosk, name: str, scale: float
) -> None:
    seen = show(open_kiosk(scale=scale), name)
    proof = next(each for text, each in seen.items() if text.startswith("Thẻ thật"))
    assert seen[name].painted.top() > proof.painted.bottom()
    assert seen["03/02/1985"].painted.bottom() < seen["Không phải tôi"].painted.top()


def test_a_forged_name_cannot_write_over_the_screen(open_kiosk: OpenKiosk) -> None:
    kiosk = open_kiosk()
    show(kiosk, "Thẻ thật — chip đã được kiểm tra " * 400)
    assert len(str(kiosk.view_model.property("fullName"))) == 100


def test_a_name_is_text_and_nothing_else(open_kiosk: OpenKiosk) -> None:
    name = "<b>An</b> <img src='file:///x'> %1 {date}"
    assert name in show(open_kiosk(), name)
