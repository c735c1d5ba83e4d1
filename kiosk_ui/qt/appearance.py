"""How the kiosk looks and speaks at the moment: language, theme, size of text, motion."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path

from PySide6.QtCore import Property, QObject, Signal, Slot
from PySide6.QtGui import QFont, QTextLayout, QTextOption

from kiosk_ui.app.settings_looks import LARGE_TEXT
from kiosk_ui.qt.texts import Language, Texts

__all__ = ["Appearance", "AppearanceDefaults", "Typesetter", "load_palettes"]

_HIGH_CONTRAST = "high_contrast"


@dataclasses.dataclass(frozen=True, slots=True)
class AppearanceDefaults:
    """What every visit begins with.

    Attributes:
        language: code of a language that has a file.
        palette: name of a theme that has a file.
        text_scale: 1.0 or 1.3.
        motion: transitions (at most 200 ms) are shown.
        hospital: name on top of every screen.
        low_reach: every control is in the lower half of the screen.
    """

    language: str = "vi"
    palette: str = "light"
    text_scale: float = 1.0
    motion: bool = True
    hospital: str = "Bệnh viện Mẫu"
    low_reach: bool = False


def load_palettes(folder: Path) -> Mapping[str, Mapping[str, str]]:
    """Colours by role, by name of the theme, from the JSON files of ``folder``."""
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))}


class Appearance(QObject):
    """Bound to by the theme. Goes back to its defaults when a visit is over: the next person may read differently."""

    changed = Signal()

    def __init__(
        self,
        texts: Texts,
        palettes: Mapping[str, Mapping[str, str]],
        defaults: AppearanceDefaults,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._texts = texts
        self._palettes = palettes
        self._defaults = defaults
        self._language = texts[defaults.language]
        self._palette = defaults.palette
        self._text_scale = defaults.text_scale
        self._low_reach = defaults.low_reach

    @property
    def words(self) -> Language:
        """The language of the moment."""
        return self._language

    @property
    def defaults(self) -> AppearanceDefaults:
        """What every visit begins with."""
        return self._defaults

    @property
    def palettes(self) -> list[str]:
        """Names of the themes."""
        return sorted(self._palettes)

    def begin_with(self, defaults: AppearanceDefaults) -> None:
        """From now on every visit begins like this, and the present look too. Unknown names are refused (KeyError)."""
        _ = self._texts[defaults.language], self._palettes[defaults.palette]
        self._defaults = defaults
        self.reset()

    @Slot()
    def reset(self) -> None:
        """Back to the defaults."""
        self._language = self._texts[self._defaults.language]
        self._palette = self._defaults.palette
        self._text_scale = self._defaults.text_scale
        self._low_reach = self._defaults.low_reach
        self.changed.emit()

    @Slot()
    def nextLanguage(self) -> None:
        """One touch: the next language."""
        self._language = self._texts.after(self._language.code)
        self.changed.emit()

    @Slot()
    def toggleTextSize(self) -> None:
        """130 % and back."""
        self._text_scale = 1.0 if self._text_scale > 1 else LARGE_TEXT
        self.changed.emit()

    @Slot()
    def toggleContrast(self) -> None:
        """High contrast and back to the usual theme."""
        usual = self._defaults.palette if self._defaults.palette != _HIGH_CONTRAST else "light"
        self._palette = usual if self._palette == _HIGH_CONTRAST else _HIGH_CONTRAST
        self.changed.emit()

    @Slot()
    def toggleLowReach(self) -> None:
        """Every control in the lower half, and back."""
        self._low_reach = not self._low_reach
        self.changed.emit()

    def _get_roles(self) -> dict[str, str]:
        return dict(self._palettes[self._palette])

    def _get_strings(self) -> dict[str, str]:
        return dict(self._language.strings)

    def _get_languages(self) -> list[dict[str, str]]:
        return [{"code": each.code, "name": each.name, "short": each.short} for each in self._texts.languages]

    def _get_language(self) -> str:
        return self._language.code

    def _get_text_scale(self) -> float:
        return self._text_scale

    def _get_high_contrast(self) -> bool:
        return self._palette == _HIGH_CONTRAST

    def _get_low_reach(self) -> bool:
        return self._low_reach

    def _get_motion(self) -> bool:
        return self._defaults.motion

    def _get_hospital(self) -> str:
        return self._defaults.hospital

    roles = Property("QVariantMap", _get_roles, notify=changed)  # type: ignore[arg-type] # Qt's name of a type
    strings = Property("QVariantMap", _get_strings, notify=changed)  # type: ignore[arg-type] # Qt's name of a type
    languages = Property("QVariantList", _get_languages, constant=True)  # type: ignore[arg-type] # Qt's name of a type
    language = Property(str, _get_language, notify=changed)
    textScale = Property(float, _get_text_scale, notify=changed)
    highContrast = Property(bool, _get_high_contrast, notify=changed)
    lowReach = Property(bool, _get_low_reach, notify=changed)
    motion = Property(bool, _get_motion, constant=True)
    hospital = Property(str, _get_hospital, constant=True)


class Typesetter(QObject):
    """Evens the lines of a text, so that a question never ends with one lonely word.

    Args:
        family: the font's family name.
    """

    def __init__(self, family: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._family = family

    @Slot(str, int, bool, float, result=float)
    def evenWidth(self, text: str, pixel_size: int, bold: bool, width: float) -> float:
        """Smallest width in pixels at which ``text`` needs no more lines than at ``width``."""
        if len(text.split()) < 2:  # lines break between words only: the keys of a keyboard need no measuring
            return width
        font = QFont(self._family)
        font.setPixelSize(max(1, pixel_size))
        font.setBold(bold)
        lines = _line_count(text, font, width)
        if lines < 2 or lines > 6:
            return width
        low, high = width / lines / 1.2, width
        while high - low > 2:
            middle = (low + high) / 2
            if _line_count(text, font, middle) > lines or _widest(text, font, middle) > middle:
                low = middle
            else:
                high = middle
        return min(width, high + 2)


def _layout(text: str, font: QFont, width: float) -> QTextLayout:
    layout = QTextLayout(text.replace("\n", "\u2028"), font)
    option = QTextOption()
    option.setWrapMode(QTextOption.WrapMode.WordWrap)
    layout.setTextOption(option)
    layout.beginLayout()
    while (line := layout.createLine()).isValid():
        line.setLineWidth(width)
    layout.endLayout()
    return layout


def _line_count(text: str, font: QFont, width: float) -> int:
    return _layout(text, font, width).lineCount()


def _widest(text: str, font: QFont, width: float) -> float:
    layout = _layout(text, font, width)
    return max((layout.lineAt(at).naturalTextWidth() for at in range(layout.lineCount())), default=0.0)
