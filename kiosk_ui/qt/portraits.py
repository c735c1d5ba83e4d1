"""The photo from the card on its way to the screen: at most one is held, and none after the visit."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QImage
from PySide6.QtQuick import QQuickImageProvider

from reader.errors import DocumentError
from reader.lds.face_image import decode_image

__all__ = ["PortraitProvider"]

_BYTES_PER_PIXEL = 3


class PortraitProvider(QQuickImageProvider):
    """``image://portrait/SERIAL`` for QML. A new serial number for each photo keeps caches from mixing people up."""

    def __init__(self) -> None:
        super().__init__(QQuickImageProvider.ImageType.Image)
        self._serial = 0
        self._image = QImage()

    def __repr__(self) -> str:
        return f"PortraitProvider({'empty' if self._image.isNull() else 'holds a photo'})"

    def put(self, encoded: bytes) -> str:
        """Decode a JPEG or JPEG 2000 and hold it in place of any other. Returns its URL, empty if it cannot be shown."""
        self.clear()
        try:
            decoded = decode_image(encoded)
        except DocumentError:  # a photo that cannot be shown stops nobody: the screen says that there is none
            return ""
        stride = decoded.width * _BYTES_PER_PIXEL
        # copy(): QImage would otherwise look into bytes that Python owns
        self._image = QImage(decoded.rgb, decoded.width, decoded.height, stride, QImage.Format.Format_RGB888).copy()
        self._serial += 1
        return f"image://portrait/{self._serial}"

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
