"""Measures what is on the screen: rectangles of texts and of things to touch, in the window's pixels."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator

from PySide6.QtCore import QCoreApplication, QPointF, QRectF
from PySide6.QtGui import QFontMetricsF
from PySide6.QtQuick import QQuickItem

from kiosk_ui.qt.application import KioskApplication

LONGEST_PHOTO_S = 30.0
NATURAL_LINE_EM = 1.362  # ascent and descent of Noto Sans


def settle(kiosk: KioskApplication) -> None:
    """Let bindings, loaders and positioners come to rest, as they have when a frame is drawn; a photo arrives as well."""
    end = time.monotonic() + LONGEST_PHOTO_S
    while kiosk.view_model.property("portraitComing") and time.monotonic() < end:
        QCoreApplication.processEvents()
        time.sleep(0.002)
    for _ in range(6):  # a ticket's number is as large as what stands below leaves room: positioners within positioners
        QCoreApplication.processEvents()
        for item in visible_items(kiosk.window.contentItem()):
            item.ensurePolished()


@dataclasses.dataclass(frozen=True, slots=True)
class SeenText:
    """One visible text: what it says, where its box and its painted letters are."""

    text: str
    item: QQuickItem
    box: QRectF
    painted: QRectF


def visible_items(root: QQuickItem) -> Iterator[QQuickItem]:
    for child in root.childItems():
        if child.isVisible() and child.opacity() > 0:
            yield child
            yield from visible_items(child)


def painted_items(root: QQuickItem) -> Iterator[QQuickItem]:
    """``root`` and the visible items in it, in the order in which they are painted: by z, what is below 0 behind."""
    children = [
        each for each in sorted(root.childItems(), key=lambda each: each.z()) if each.isVisible() and each.opacity()
    ]
    for child in children:
        if child.z() < 0:
            yield from painted_items(child)
    yield root
    for child in children:
        if child.z() >= 0:
            yield from painted_items(child)


# What tells the project's own items apart. Asking Qt for the class of an item made in QML leaves Python with an object for
# an address that Qt soon gives to another item, so each is known by properties that only it has.
_MARKS = {
    "ReadingControls": ("languages", "largeText"),
    "ActionBar": ("questionHeight", "canStartAgain"),
    "StepBar": ("stage", "labels"),
    "Banner": ("tone", "iconName", "text"),
    "ToneMark": ("tone", "text"),
    "Scene": ("description", "ratio"),
    "Panel": ("tone", "radius"),
}


def class_of(item: QQuickItem) -> str:
    """Its type as QML names it if it is one of the project's larger items, else what it is to Qt."""
    for name, marks in _MARKS.items():
        if all(item.property(mark) is not None for mark in marks):
            return name
    return next(
        (name for name in ("QQuickAbstractButton", "QQuickRectangle", "QQuickText") if item.inherits(name)), "item"
    )


def scene_rect(item: QQuickItem) -> QRectF:
    return QRectF(item.mapToScene(QPointF(0, 0)), item.mapToScene(QPointF(item.width(), item.height())))


def ancestors(item: QQuickItem) -> Iterator[QQuickItem]:
    parent = item.parentItem()
    while parent is not None:
        yield parent
        parent = parent.parentItem()


def _painted(item: QQuickItem, box: QRectF) -> QRectF:
    """Where the letters are: their very edges if it is one line, else the lines without the air below the last one."""
    top = box.top() + item.property("topPadding")
    left, right = box.left() + item.property("leftPadding"), box.right() - item.property("rightPadding")
    width, height = item.property("contentWidth"), item.property("contentHeight")
    if item.property("centered"):
        left = (left + right - width) / 2
    if item.property("lineCount") == 1:
        metrics = QFontMetricsF(item.property("font"))
        ink = metrics.tightBoundingRect(item.property("text"))
        return QRectF(left + ink.left(), top + metrics.ascent() + ink.top(), ink.width(), ink.height())
    added = (item.property("lineHeight") - 1) * NATURAL_LINE_EM * item.property("font").pixelSize()
    return QRectF(left, top, width, height - max(0.0, added))


def texts(kiosk: KioskApplication) -> list[SeenText]:
    found = []
    for item in visible_items(kiosk.window.contentItem()):
        if not item.inherits("QQuickText") or not item.property("text"):
            continue
        box = scene_rect(item)
        found.append(SeenText(item.property("text"), item, box, _painted(item, box)))
    return found


def buttons(kiosk: KioskApplication) -> list[QQuickItem]:
    return [item for item in visible_items(kiosk.window.contentItem()) if item.inherits("QQuickAbstractButton")]


def distance(one: QRectF, other: QRectF) -> float:
    """Shortest way between two rectangles; 0 if they touch or overlap."""
    across = max(one.left() - other.right(), other.left() - one.right(), 0.0)
    down = max(one.top() - other.bottom(), other.top() - one.bottom(), 0.0)
    return float((across**2 + down**2) ** 0.5)
