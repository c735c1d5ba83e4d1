"""The elementary files of an electronic travel document (Doc 9303-10 §3.11, §4.6 and §4.7)."""

from __future__ import annotations

import dataclasses
from typing import Final

from crypto.wire.tlv import parse_tlv_header

__all__ = [
    "ALL_FILES",
    "ATR_INFO",
    "CARD_ACCESS",
    "CARD_SECURITY",
    "COM",
    "DATA_GROUPS",
    "DIR",
    "EMRTD_AID",
    "HEADER_BYTES",
    "SOD",
    "FileId",
    "announced_length",
    "data_group",
    "file_by_name",
    "file_by_tag",
]

EMRTD_AID: Final = bytes.fromhex("A0000002471001")
"""Application identifier of the LDS1 eMRTD application (Doc 9303-10 §4.1)."""

HEADER_BYTES: Final = 6
"""So many first bytes of a file always tell how long it is: a tag of up to two bytes and a length of up to four."""


@dataclasses.dataclass(frozen=True, slots=True)
class FileId:
    """One elementary file.

    Attributes:
        name: short name, e.g. ``DG1``, ``COM``, ``CardAccess``; a key of the JSON that ``chipid read`` prints.
        fid: file identifier (two bytes).
        sfi: short file identifier (five bits).
        tag: outer tag of the content, or ``None`` where the standard gives no template of its own.
        number: number of the data group, or ``None``.
        in_application: whether it lies in the eMRTD application; the others lie under the master file.
    """

    name: str
    fid: int
    sfi: int
    tag: int | None = None
    number: int | None = None
    in_application: bool = True

    @property
    def ef_name(self) -> str:
        """The standard's name, e.g. ``EF.DG1``."""
        return f"EF.{self.name}"


# Doc 9303-10 §3.11: under the master file. EF.CardAccess is a SecurityInfos, EF.CardSecurity a CMS object
CARD_ACCESS: Final = FileId("CardAccess", 0x011C, 0x1C, 0x31, in_application=False)
CARD_SECURITY: Final = FileId("CardSecurity", 0x011D, 0x1D, 0x30, in_application=False)
ATR_INFO: Final = FileId("ATR-INFO", 0x2F01, 0x01, in_application=False)
DIR: Final = FileId("DIR", 0x2F00, 0x1E, 0x61, in_application=False)

# Doc 9303-10 §4.6 and §4.7: in the application
COM: Final = FileId("COM", 0x011E, 0x1E, 0x60)
SOD: Final = FileId("SOD", 0x011D, 0x1D, 0x77)

_DATA_GROUP_TAGS: Final = bytes.fromhex("61 75 63 76 65 66 67 68 69 6A 6B 6C 6D 6E 6F 70")
DATA_GROUPS: Final = tuple(
    FileId(f"DG{number}", 0x0100 + number, number, tag, number) for number, tag in enumerate(_DATA_GROUP_TAGS, start=1)
)
"""EF.DG1 to EF.DG16, in this order."""

ALL_FILES: Final = (CARD_ACCESS, CARD_SECURITY, ATR_INFO, DIR, COM, SOD, *DATA_GROUPS)

_BY_NAME: Final = {file.name: file for file in ALL_FILES}
_BY_TAG: Final = {file.tag: file for file in (COM, SOD, *DATA_GROUPS)}


def data_group(number: int) -> FileId:
    """The file of a data group.

    Args:
        number: 1 to 16.

    Raises:
        KeyError: there is no such data group.
    """
    return _BY_NAME[f"DG{number}"]


def file_by_tag(tag: int) -> FileId | None:
    """The file of the application with this outer tag (0x61 is DG1), or ``None``: EF.COM may list unknown ones."""
    return _BY_TAG.get(tag)


def file_by_name(name: str) -> FileId | None:
    """The file of this short name, or ``None``."""
    return _BY_NAME.get(name)


def announced_length(first_bytes: bytes) -> int:
    """Length of a whole file in bytes, from its first ones: header and announced content.

    Args:
        first_bytes: at least the tag and length fields; :data:`HEADER_BYTES` are always enough.

    Raises:
        WireError: ``tlv.truncated``, ``tlv.malformed``, or ``tlv.too_large`` if it announces more than
            :data:`crypto.wire.limits.MAX_FILE_BYTES`.
    """
    _, length, header = parse_tlv_header(first_bytes)
    return header + length
