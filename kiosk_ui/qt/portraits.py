"""The photo from the card on its way to the screen: decoded beside the interface, at most one is held, none after the visit.

Decoding takes a tenth of a second, and up to ten for a photo that does not want to be decoded
(:mod:`reader.lds.image_decoder`). The interface waits for none of it: the screen comes first and the photo joins it.
"""

from __future__ import annotations

import threading

from PySide6.QtCore import QObject, QSize, Qt, Signal, Slot
from PySide6.QtGui import QImage
from PySide6.QtQuick import QQuickImageProvider

from reader.errors import DocumentError
from reader.lds.face_image import decode_image

__all__ = ["PortraitLoader", "PortraitProvider"]

_BYTES_PER_PIXEL = 3
_LARGEST = QSize(720, 960)  # pixels; more than any screen shows of it, so that scaling it there takes no time


class PortraitProvider(QQuickImageProvider):
    """``image://portrait/SERIAL`` for QML. A new serial number for each photo keeps caches from mixing people up."""

    def __init__(self) -> None:
        super().__init__(QQuickImageProvider.ImageType.Image)
        self._serial = 0
        self._image = QImage()

    def __repr__(self) -> str:
        return f"PortraitProvider({'empty' if self._image.isNull() else 'holds a photo'})"

    def hold(self, image: QImage) -> str:
        """Hold a photo in place of any other. Returns its URL, empty if there is nothing to show."""
        self.clear()
        if image.isNull():
            return ""
        self._image = image
        self._serial += 1
        return f"image://portrait/{self._serial}"

    def put(self, encoded: bytes) -> str:
        """Decode a photo here and now, and hold it: for whoever may wait."""
        return self.hold(decoded_portrait(encoded))

    def clear(self) -> None:
        """Hold nothing."""
        if not self._image.isNull():
            self._image.fill(0)
        self._image = QImage()

    def requestImage(self, id: str, size: QSize, requestedSize: QSize) -> QImage:  # noqa: A002, N803 - Qt's names
        """The held photo, if ``id`` is its serial number; else an empty pixel (Qt calls this)."""
        if self._image.isNull() or id != str(self._serial):
            empty = QImage(1, 1, QImage.Format.Format_ARGB32)
            empty.fill(Qt.GlobalColor.transparent)
            return empty
        if requestedSize.width() > 0 and requestedSize.height() > 0:
            return self._image.scaled(
                requestedSize, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
            )
        return self._image.copy()


class PortraitLoader(QObject):
    """Decodes photos one after another beside the interface; only the last one asked for ever arrives.

    Args:
        provider: holds what has arrived.
    """

    arrived = Signal(str)  # the photo's URL; empty: it cannot be shown
    _decoded = Signal(int, QImage)

    def __init__(self, provider: PortraitProvider, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._provider = provider
        self._wanted = 0
        self._asking = threading.Lock()
        self._decoding = threading.Lock()
        # Queued, and to a slot of an object of this thread: see DriverLoop.
        self._decoded.connect(self._take, Qt.ConnectionType.QueuedConnection)

    def load(self, encoded: bytes) -> None:
        """Decode a JPEG or JPEG 2000; :attr:`arrived` tells when it can be shown, or that it cannot."""
        self.clear()
        thread = threading.Thread(target=self._decode, args=(self._wanted, encoded), name="portrait", daemon=True)
        thread.start()

    def clear(self) -> None:
        """Hold nothing, and let nothing arrive that was asked for before."""
        with self._asking:
            self._wanted += 1
        self._provider.clear()

    def _decode(self, number: int, encoded: bytes) -> None:
        with self._decoding:
            if number != self._wanted:
                return
            image = decoded_portrait(encoded)
        with self._asking:  # who has cleared since then may be gone already: nothing is sent to them
            if number == self._wanted:
                self._decoded.emit(number, image)

    @Slot(int, QImage)
    def _take(self, number: int, image: QImage) -> None:
        if number == self._wanted:
            self.arrived.emit(self._provider.hold(image))


def decoded_portrait(encoded: bytes) -> QImage:
    """The picture, not larger than any screen needs; a null image if it cannot be shown: that stops nobody."""
    try:
        decoded = decode_image(encoded)
    except DocumentError:
        return QImage()
    stride = decoded.width * _BYTES_PER_PIXEL
    image = QImage(decoded.rgb, decoded.width, decoded.height, stride, QImage.Format.Format_RGB888)
    if image.width() > _LARGEST.width() or image.height() > _LARGEST.height():
        return image.scaled(_LARGEST, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation)
    return image.copy()  # QImage would otherwise look into bytes that Python owns
