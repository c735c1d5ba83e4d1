"""Icons and scenes: SVG files drawn for this project, coloured by the theme's roles, at exactly the size asked for.

A file names roles instead of colours (``fill="#drawCard"``; icons use ``currentColor``), so one drawing serves every theme.
``<part name="card" …/>`` is replaced by ``parts/card.svg``; its other attributes go onto a group around it.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtQuick import QQuickImageProvider
from PySide6.QtSvg import QSvgRenderer

__all__ = ["DrawingProvider", "svg_source"]

_PART = re.compile(r'<part name="([a-z_]+)"([^>]*)/>')
_ROLE = re.compile(r'"#([a-z][A-Za-z]+)"')
_HEX_COLOR = re.compile(r"[0-9a-f]{6}|[0-9a-f]{8}")
_DEFAULT_SIZE = QSize(256, 256)
_ICONS_KEPT = 256  # of some 10 kB each


def svg_source(folder: Path, identifier: str, palettes: Mapping[str, Mapping[str, str]]) -> str:
    """SVG text of one drawing in the colours of one theme.

    Args:
        folder: where ``icons``, ``scenes`` and ``parts`` lie.
        identifier: ``icons/NAME/THEME/RRGGBB`` or ``scenes/NAME/THEME``, as the theme's QML builds it.
        palettes: colours by role, by theme name.

    Raises:
        KeyError: an unknown theme or role.
        FileNotFoundError: no such drawing.
        ValueError: the identifier has another form.
    """
    kind, name, theme, *rest = identifier.split("/")
    if kind not in {"icons", "scenes"} or not name.replace("_", "").isalnum():
        raise ValueError("a drawing is icons/NAME/THEME/COLOR or scenes/NAME/THEME")
    text = (folder / kind / f"{name}.svg").read_text(encoding="utf-8")
    text = _PART.sub(lambda found: _part(folder, found), text)
    palette = palettes[theme]
    text = _ROLE.sub(lambda found: f'"{palette[found[1]]}"', text)
    if rest and _HEX_COLOR.fullmatch(rest[0]):
        text = text.replace("currentColor", f"#{rest[0][-6:]}")
    return text


def _part(folder: Path, found: re.Match[str]) -> str:
    body = (folder / "parts" / f"{found[1]}.svg").read_text(encoding="utf-8")
    return f"<g{found[2]}>{body}</g>"


class DrawingProvider(QQuickImageProvider):
    """``image://drawing/…`` for QML."""

    def __init__(self, folder: Path, palettes: Mapping[str, Mapping[str, str]]) -> None:
        super().__init__(QQuickImageProvider.ImageType.Image)
        self._folder = folder
        self._palettes = palettes
        # Small, and the same ones on every screen; ten of them drawn anew would be a sixth of what a screen may take.
        self._icon = functools.lru_cache(_ICONS_KEPT)(
            lambda name, width, height: self._drawn(name, QSize(width, height))
        )

    def requestImage(self, id: str, size: QSize, requestedSize: QSize) -> QImage:  # noqa: A002, N803 - Qt's names
        """Draw ``id`` to fit ``requestedSize`` pixels (Qt calls this)."""
        if id.startswith("icons/"):
            return self._icon(id, requestedSize.width(), requestedSize.height())
        return self._drawn(id, requestedSize)

    def _drawn(self, identifier: str, requested: QSize) -> QImage:
        source = svg_source(self._folder, identifier, self._palettes)
        renderer = QSvgRenderer(QByteArray(source.encode()))
        fitted = renderer.defaultSize() if renderer.isValid() else _DEFAULT_SIZE
        if requested.width() > 0 and requested.height() > 0:
            fitted = fitted.scaled(requested, Qt.AspectRatioMode.KeepAspectRatio)
        fitted = fitted.expandedTo(QSize(1, 1))  # a place that is being laid out may have no height for a moment
        return _painted(fitted, renderer.render)


def _painted(size: QSize, paint: Callable[[QPainter, QRectF], None]) -> QImage:
    image = QImage(size, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    paint(painter, QRectF(0, 0, size.width(), size.height()))
    painter.end()
    return image
