"""EF.COM: version of the logical data structure and the list of data groups (Doc 9303-10 §4.6.1).

The file is not signed. What it lists is a hint for reading; what counts is the list of hashes in EF.SOD.
"""

from __future__ import annotations

import dataclasses

from crypto.wire.tlv import Tlv, parse_tlv
from reader import errors
from reader.lds import files
from reader.lds.tag_list import split_tags

__all__ = ["CommonData", "parse_com"]


@dataclasses.dataclass(frozen=True, slots=True)
class CommonData:
    """What EF.COM says.

    Attributes:
        lds_version: four digits as on the chip, e.g. ``0107`` for LDS 1.7; ``None`` if absent.
        unicode_version: six digits as on the chip, e.g. ``040000``; ``None`` if absent.
        tags: the tag list in its order, unknown tags included.
        encoded: the file as read.
    """

    lds_version: str | None
    unicode_version: str | None
    tags: tuple[int, ...]
    encoded: bytes

    @property
    def files(self) -> tuple[files.FileId, ...]:
        """The known data groups of the list."""
        return tuple(file for file in (files.file_by_tag(tag) for tag in self.tags) if file is not None)

    @property
    def data_groups(self) -> tuple[int, ...]:
        """Their numbers."""
        return tuple(file.number for file in self.files if file.number is not None)

    @property
    def unknown_tags(self) -> tuple[int, ...]:
        """Tags of the list that name no file of Doc 9303-10."""
        return tuple(tag for tag in self.tags if files.file_by_tag(tag) is None)


def parse_com(octets: bytes) -> CommonData:
    """Read EF.COM.

    Raises:
        WireError: no well-formed template with tag 60, or no tag list in it.
        DocumentError: ``document.malformed`` if a version is no text of digits, or the list ends inside a tag.
    """
    template = parse_tlv(octets, files.COM.tag)
    return CommonData(
        lds_version=_version(template.find(0x5F01), 4),
        unicode_version=_version(template.find(0x5F36), 6),
        tags=_tags(template.require(0x5C).value),
        encoded=bytes(octets),
    )


def _version(tlv: Tlv | None, digits: int) -> str | None:
    if tlv is None:
        return None
    if len(tlv.value) != digits or not tlv.value.isdigit():
        raise errors.DocumentError(errors.FILE_MALFORMED, file="COM")
    return tlv.value.decode("ascii")


def _tags(octets: bytes) -> tuple[int, ...]:
    tags, rest = split_tags(octets)
    if rest:
        raise errors.DocumentError(errors.FILE_MALFORMED, file="COM")
    return tags
