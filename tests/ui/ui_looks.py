"""Ways in which the kiosk may stand before somebody: orientation, reach, language, theme, size of text."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator, Sequence

from kiosk_ui.qt.appearance import AppearanceDefaults
from kiosk_ui.qt.application import KioskApplication, WindowShape
from tests.ui.ui_measures import settle

COUNTDOWN_S = 28.0
COUNTER = "3"


@dataclasses.dataclass(frozen=True, slots=True)
class Look:
    """One way to show a screen.

    Attributes:
        landscape: 1920 × 1080 instead of 1080 × 1920.
        low_reach: every control in the lower half.
        language: code of a language.
        palette: name of a theme.
        scale: size of text, 1.0 or 1.3.
    """

    landscape: bool = False
    low_reach: bool = False
    language: str = "vi"
    palette: str = "light"
    scale: float = 1.0

    @property
    def name(self) -> str:
        """For folders, captions and test ids: ``portrait-vi-light-100``."""
        way = "landscape" if self.landscape else "portrait"
        low = "-low" if self.low_reach else ""
        return f"{way}{low}-{self.language}-{self.palette.replace('_', '-')}-{round(self.scale * 100)}"

    @property
    def pixels_per_mm(self) -> float:
        """Of the reference screen, 21.5 inches."""
        shape = WindowShape()
        return shape.width / shape.screen_width_mm


class SilentVoice:
    """Says nothing. With it the buttons for what is spoken are on the screen, as they are in a hospital."""

    def say(self, key: str, language: str) -> None: ...

    def say_all(self, keys: Sequence[str], language: str) -> None: ...

    def stop(self) -> None: ...

    def set_volume(self, level: int) -> None: ...

    def close(self) -> None: ...


@contextlib.contextmanager
def opened(look: Look) -> Iterator[KioskApplication]:
    """The kiosk's window in that look, without motion; closed at the end."""
    shape = WindowShape().landscape() if look.landscape else WindowShape()
    defaults = AppearanceDefaults(
        language=look.language, palette=look.palette, text_scale=look.scale, motion=False, low_reach=look.low_reach
    )
    kiosk = KioskApplication(defaults, COUNTER, shape, SilentVoice())
    try:
        kiosk.view_model.connect_flow(lambda event: None, lambda: COUNTDOWN_S)
        settle(kiosk)
        yield kiosk
    finally:
        kiosk.close()


EVERYDAY = Look()
AUDITED = (
    Look(scale=1.3),
    Look(landscape=True, language="en", scale=1.3, palette="high_contrast"),
    Look(low_reach=True, language="fr", scale=1.3),
    Look(landscape=True),
    Look(language="en", palette="night"),
)
"""The tightest of each kind: together every orientation, language, theme and size."""

DRAWN = (
    EVERYDAY,
    Look(landscape=True),
    Look(low_reach=True),
    Look(language="en", scale=1.3),
    Look(landscape=True, language="en", scale=1.3, palette="high_contrast"),
    Look(low_reach=True, language="fr", scale=1.3),
    Look(landscape=True, language="fr"),
    Look(palette="high_contrast"),
    Look(language="en", palette="night"),
)
"""What ``make screens`` draws."""
