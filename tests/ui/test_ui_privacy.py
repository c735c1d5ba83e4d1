"""What is left of a person in the interface when the visit is over: nothing."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QSize

from kiosk_ui.app.flows import screens as s
from kiosk_ui.qt.application import KioskApplication
from kiosk_ui.qt.screen_view import ScreenView
from kiosk_ui.qt.touch import Finger
from tests.ui.ui_measures import settle, texts, visible_items
from tests.ui.ui_reception import Reception
from tests.ui.ui_sample_states import PORTRAIT, SAMPLES, confirm

OpenKiosk = Callable[..., KioskApplication]


def photo_settled(kiosk: KioskApplication) -> None:
    """The photo is decoded beside the interface: wait until it has come, or is known not to come."""
    assert Finger(kiosk.window).wait_for(lambda: not kiosk.view_model.property("portraitComing"), 10)
    settle(kiosk)


def every_property(kiosk: KioskApplication) -> dict[str, object]:
    meta = kiosk.view_model.metaObject()
    names = [meta.property(at).name() for at in range(meta.propertyOffset(), meta.propertyCount())]
    return {name: kiosk.view_model.property(name) for name in names}


def test_clearing_leaves_no_property_no_picture_and_no_words(open_kiosk: OpenKiosk) -> None:
    kiosk = open_kiosk()
    settle(kiosk)
    fresh = every_property(kiosk) | {"counter": "3"}
    kiosk.view_model.show(SAMPLES["confirm"])
    photo_settled(kiosk)
    source = str(kiosk.view_model.property("portraitSource"))
    serial = source.rsplit("/", 1)[1]
    assert kiosk.portraits.requestImage(serial, QSize(), QSize()).width() > 1
    kiosk.view_model.clear()
    settle(kiosk)
    assert every_property(kiosk) == fresh
    assert kiosk.portraits.requestImage(serial, QSize(), QSize()).width() == 1
    assert repr(kiosk.portraits) == "PortraitProvider(empty)"
    assert not any("An" in text.text.split() for text in texts(kiosk))


def test_the_photo_is_held_while_it_is_confirmed_and_no_longer(open_kiosk: OpenKiosk) -> None:
    kiosk = open_kiosk()
    for name, state in SAMPLES.items():
        kiosk.view_model.show(state)
        photo_settled(kiosk)
        held = repr(kiosk.portraits) != "PortraitProvider(empty)"
        assert held == (isinstance(state.screen, s.Confirm) and state.screen.person.portrait == PORTRAIT), name


def test_two_photos_never_share_an_address(open_kiosk: OpenKiosk) -> None:
    kiosk = open_kiosk()
    first = kiosk.portraits.put(PORTRAIT)
    second = kiosk.portraits.put(PORTRAIT)
    assert first != second
    assert kiosk.portraits.requestImage(first.rsplit("/", 1)[1], QSize(), QSize()).width() == 1


def test_the_interface_waits_for_no_photo(open_kiosk: OpenKiosk) -> None:
    kiosk = open_kiosk()
    kiosk.view_model.show(SAMPLES["confirm"])
    assert kiosk.view_model.property("portraitComing")
    assert kiosk.view_model.property("portraitSource") == ""
    photo_settled(kiosk)
    assert str(kiosk.view_model.property("portraitSource")).startswith("image://portrait/")


def test_a_photo_that_comes_after_the_visit_is_not_held(open_kiosk: OpenKiosk) -> None:
    kiosk = open_kiosk()
    before = threading.active_count()
    kiosk.view_model.show(SAMPLES["confirm"])
    kiosk.view_model.clear()
    assert Finger(kiosk.window).wait_for(lambda: threading.active_count() <= before, 10)
    settle(kiosk)
    assert repr(kiosk.portraits) == "PortraitProvider(empty)"
    assert kiosk.view_model.property("portraitSource") == ""


def test_a_photo_that_cannot_be_shown_is_told_of_and_is_not_called_missing(open_kiosk: OpenKiosk) -> None:
    kiosk = open_kiosk()
    kiosk.view_model.show(s.CheckInState(screen=confirm(portrait=b"\xff\xd8\xff\xe0 no picture")))
    photo_settled(kiosk)
    assert kiosk.view_model.property("portraitSource") == ""
    said = " ".join(text.text for text in texts(kiosk))
    assert "Không mở được ảnh" in said
    assert "không có ảnh" not in said


def test_views_do_not_tell_what_they_hold() -> None:
    view = dataclasses.replace(
        ScreenView(), screen="confirm", full_name="Nguyễn Văn An", masked_number="040 *** *** 017"
    )
    assert "An" not in repr(view)
    assert "040" not in repr(view)


def test_typed_digits_are_gone_with_their_screen(open_kiosk: OpenKiosk, tmp_path: Path) -> None:
    with Reception(open_kiosk(), tmp_path) as patient:
        patient.touch("welcome.primary")
        patient.reach("enter_number")
        for digit in "040085":
            patient.finger.touch(digit)
        patient.touch("common.start_again")
        patient.reach("welcome")
        patient.touch("welcome.primary")
        patient.reach("enter_number")
        digits = [
            item.property("digits")
            for item in visible_items(patient.shown.window.contentItem())
            if item.property("digits") is not None
        ]
        assert digits
        assert set(digits) == {""}


def test_language_and_size_go_back_to_the_hospital_s_choice_for_the_next_person(
    open_kiosk: OpenKiosk, tmp_path: Path
) -> None:
    with Reception(open_kiosk(), tmp_path) as patient:
        patient.finger.touch("English")
        patient.finger.touch("Larger text")
        patient.finger.touch("High contrast")
        patient.touch("welcome.primary")
        patient.reach("enter_number")
        look = patient.shown.appearance
        assert (look.property("language"), look.property("textScale"), look.property("highContrast")) == (
            "en",
            1.3,
            True,
        )
        patient.touch("common.start_again")
        patient.reach("welcome")
        assert (look.property("language"), look.property("textScale"), look.property("highContrast")) == (
            "vi",
            1.0,
            False,
        )
