"""The HN212 of JTH: messages of its event channel (shared notes, B.4).

The device serves Socket.IO and emits one event, ``/event``, whose argument names what happened by ``id``:

== ==========================================================================
1  a card was laid on it
2  the person as text, in ``data``
4  ``data``: photo and files of the chip (``dg2 dg13 dg14 dg15 sod``), base64
3  reading failed; ``message`` says why in words that are not repeated here
== ==========================================================================

How the messages travel is another room's work; here they are decoded JSON.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Final

from reader import errors
from reader.lds import files
from reader.lds.document import RawDocument
from reader.lds.files import FileId
from reader.scanners import codes
from reader.scanners.vendor.declared import (
    CAMEL_CASE_NAMES,
    DeviceReading,
    declared_person,
    decode_image,
    decode_octets,
    unusable,
)

__all__ = ["EVENT_NAME", "Hn212Card"]

EVENT_NAME: Final = "/event"
"""The name of the event; not, as it looks, of a namespace."""

_FILES_BY_NAME: Final[Mapping[str, FileId]] = {
    "sod": files.SOD,
    "dg1": files.data_group(1),
    "dg2": files.data_group(2),
    "dg13": files.data_group(13),
    "dg14": files.data_group(14),
    "dg15": files.data_group(15),
}
_MAX_FILE_BYTES: Final = 256 << 10


class Hn212Card:
    """Puts the messages about one card together. A new card, or a new person, begins anew: two never mix."""

    def __init__(self) -> None:
        self._reading = DeviceReading()

    def take(self, message: object) -> DeviceReading | None:
        """Take one message.

        Returns:
            What is known of the card now; ``None`` if this message says only that a card was laid down.

        Raises:
            DocumentError: ``device.read_failed`` if the device says so, ``device.message_unusable``, or
                ``device.message_too_large``. What was known before is forgotten.
        """
        reading, self._reading = self._reading, DeviceReading()
        if not isinstance(message, Mapping):
            raise unusable("message")
        what = message.get("id")
        if isinstance(what, bool) or not isinstance(what, int):
            raise unusable("id")
        match what:
            case 1:
                return None
            case 2:
                self._reading = DeviceReading(person=declared_person(message.get("data"), CAMEL_CASE_NAMES))
            case 3:
                raise errors.DocumentError(codes.DEVICE_READ_FAILED)
            case 4:
                self._reading = _with_files(reading, message.get("data"))
            case _:
                self._reading = reading  # a message of a newer device is no reason to forget a card
                raise unusable("id")
        return self._reading


def _with_files(reading: DeviceReading, record: object) -> DeviceReading:
    if not isinstance(record, Mapping):
        raise unusable("data")
    contents: dict[FileId, bytes] = {}
    for name, file in _FILES_BY_NAME.items():
        octets = decode_octets(record.get(name), name, _MAX_FILE_BYTES)
        if octets is not None:
            contents[file] = octets
    return dataclasses.replace(
        reading,
        portrait=decode_image(record.get("img_data"), "img_data"),
        document=RawDocument(contents) if contents else None,
    )
