"""What EF.DG11 and EF.DG12 have in common: a tag list, single data objects, and names counted in a template A0.

(Doc 9303-10 §4.7.11, §4.7.12.) Seen on real chips and read over: no tag list, or one that names other objects than
there are; the names beside the template A0 instead of in it, or in several templates; no count, or a wrong one.
"""

from __future__ import annotations

import dataclasses
from typing import Final

from crypto.wire.tlv import Tlv, parse_tlv
from reader import errors
from reader.lds.field_text import FieldDate, FieldName, FieldText
from reader.lds.files import FileId
from reader.lds.instance_count import instance_count
from reader.lds.tag_list import split_tags

__all__ = ["DetailTemplate", "parse_detail_template"]

_TAG_LIST, _NAMES = 0x5C, 0xA0
MAX_NAMES: Final = 64
"""Most names in one file. Doc 9303-10 counts them in one octet; real documents have a few."""


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class DetailTemplate:
    """The objects of such a file, found by their tag. Absent is ``None``.

    Attributes:
        file: which file, for errors.
        objects: all but tag list and names, by tag.
        names: names in templates A0 or beside them; ``None`` if there is neither a template nor a name.
        announced_names: what the templates say to be their number.
        tag_list: tags that the file says to contain; ``None`` if it has no list.
    """

    file: FileId
    objects: dict[int, Tlv]
    names: tuple[FieldName, ...] | None
    announced_names: int | None
    tag_list: tuple[int, ...] | None

    def octets(self, tag: int) -> bytes | None:
        """The value of an object as on the chip."""
        tlv = self.objects.get(tag)
        return None if tlv is None else tlv.value

    def text(self, tag: int) -> FieldText | None:
        """The value as a text."""
        octets = self.octets(tag)
        return None if octets is None else FieldText(octets)

    def name(self, tag: int) -> FieldName | None:
        """The value as a name."""
        octets = self.octets(tag)
        return None if octets is None else FieldName(octets)

    def date(self, tag: int) -> FieldDate | None:
        """The value as a date."""
        octets = self.octets(tag)
        return None if octets is None else FieldDate(octets)

    def others(self, known: frozenset[int]) -> tuple[Tlv, ...]:
        """The objects whose tags are not among the known ones."""
        return tuple(tlv for tag, tlv in self.objects.items() if tag not in known)


def parse_detail_template(octets: bytes, file: FileId, name_tag: int) -> DetailTemplate:
    """Take such a file apart.

    Args:
        octets: the whole file.
        file: EF.DG11 or EF.DG12.
        name_tag: tag of the names in the template A0.

    Raises:
        WireError: no well-formed template of this file.
        DocumentError: ``document.malformed`` if an object stands twice with two values (which of them would be
            true?), or there are more than :data:`MAX_NAMES` names.
    """
    objects: dict[int, Tlv] = {}
    names: list[FieldName] = []
    has_names = False
    announced: int | None = None
    for tlv in parse_tlv(octets, file.tag).children():
        if tlv.tag == _NAMES:
            has_names = True
            inner = tlv.children()
            names += [FieldName(child.value) for child in inner if child.tag == name_tag]
            count = instance_count(inner, file.name)
            announced = announced if count is None else (announced or 0) + count
        elif tlv.tag == name_tag:
            has_names = True
            names.append(FieldName(tlv.value))
        elif objects.setdefault(tlv.tag, tlv).value != tlv.value:
            raise errors.DocumentError(errors.FILE_MALFORMED, file=file.name)
    if len(names) > MAX_NAMES:
        raise errors.DocumentError(errors.FILE_MALFORMED, file=file.name)
    tag_list = objects.pop(_TAG_LIST, None)
    return DetailTemplate(
        file=file,
        objects=objects,
        names=tuple(names) if has_names else None,
        announced_names=announced,
        tag_list=None if tag_list is None else split_tags(tag_list.value)[0],
    )
