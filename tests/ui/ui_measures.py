"""Measures what is on the screen: rectangles of texts and of things to touch, in the window's pixels."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from PySide6.QtCore import QCoreApplication, QPointF, QRectF
from PySide6.QtQuick import QQuickItem

from kiosk_ui.qt.application import KioskApplication

NATURAL_LINE_EM = 1.362  # ascent and descent of Noto Sans


def settle(kiosk: KioskApplication) -> None:
    """Let bindings, loaders and positioners come to rest, as they have when a frame is drawn."""
    for _ in range(3):
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


def class_of(item: QQuickItem) -> str:
    """Its type as QML names it: ``KioskButton``, ``QQuickRectangle`` …"""
    return item.metaObject().className().split("_QML")[0]


def is_a(item: QQuickItem, name: str) -> bool:
    meta = item.metaObject()
    while meta is not None:
        if meta.className().split("_QML")[0] == name:
            return True
        meta = meta.superClass()
    return False


def scene_rect(item: QQuickItem) -> QRectF:
    return QRectF(item.mapToScene(QPointF(0, 0)), item.mapToScene(QPointF(item.width(), item.height())))


def ancestors(item: QQuickItem) -> Iterator[QQuickItem]:
    parent = item.parentItem()
    while parent is not None:
        yield parent
        parent = parent.parentItem()


def texts(kiosk: KioskApplication) -> list[SeenText]:
    found = []
    for item in visible_items(kiosk.window.contentItem()):
        if not is_a(item, "QQuickText") or not item.property("text"):
            continue
        box = scene_rect(item)
        width, height = item.property("contentWidth"), item.property("contentHeight")
        inner = box.adjusted(
            item.property("leftPadding"), item.property("topPadding"), -item.property("rightPadding"), 0
        )
        left = inner.left()
        if item.property("centered"):
            left = inner.center().x() - width / 2
        found.append(SeenText(item.property("text"), item, box, QRectF(left, inner.top(), width, height)))
    return found


def buttons(kiosk: KioskApplication) -> list[QQuickItem]:
    return [item for item in visible_items(kiosk.window.contentItem()) if is_a(item, "QQuickAbstractButton")]


def distance(one: QRectF, other: QRectF) -> float:
    """Shortest way between two rectangles; 0 if they touch or overlap."""
    across = max(one.left() - other.right(), other.left() - one.right(), 0.0)
    down = max(one.top() - other.bottom(), other.top() - one.bottom(), 0.0)
    return float((across**2 + down**2) ** 0.5)
