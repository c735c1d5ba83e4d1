"""EF.DG16: persons to notify (Doc 9303-10 §4.7.16)."""

from __future__ import annotations

import dataclasses
from typing import Final

from crypto.wire.tlv import Tlv, parse_tlv
from reader import errors
from reader.lds import files
from reader.lds.field_text import FieldDate, FieldName, FieldText
from reader.lds.instance_count import instance_count

__all__ = ["DataGroup16", "PersonToNotify", "parse_dg16"]

_COUNT = 0x02
_TEMPLATES: Final = range(0xA0, 0xBF)  # A1, A2 and so on; some begin with A0, and after AF comes B0
_DATE_RECORDED, _NAME, _TELEPHONE, _ADDRESS = 0x5F50, 0x5F51, 0x5F52, 0x5F53  # Doc 9303-10 table 80
_KNOWN: Final = frozenset({_COUNT, _DATE_RECORDED, _NAME, _TELEPHONE, _ADDRESS})
MAX_PERSONS: Final = 31
"""Most persons: so many templates fit the tags of one octet."""


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class PersonToNotify:
    """One person to call in an emergency. ``None`` is absent.

    Attributes:
        recorded_on: when these details were recorded (5F50).
        name: (5F51).
        telephone: (5F52).
        address: parts separated by ``<`` (5F53).
        others: objects whose tags the standard does not give.
    """

    recorded_on: FieldDate | None
    name: FieldName | None
    telephone: FieldText | None
    address: FieldText | None
    others: tuple[Tlv, ...]

    def __repr__(self) -> str:
        return "PersonToNotify(…)"


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class DataGroup16:
    """The persons to notify.

    Attributes:
        announced: number of persons that the group announces; ``None`` if it says nothing.
        persons: those that are there.
        encoded: the file as read.
    """

    announced: int | None
    persons: tuple[PersonToNotify, ...]
    encoded: bytes

    def __repr__(self) -> str:
        return f"DataGroup16({len(self.persons)} persons)"


def parse_dg16(octets: bytes) -> DataGroup16:
    """Read EF.DG16.

    Raises:
        WireError: no well-formed template 70.
        DocumentError: ``document.malformed`` if there are more than :data:`MAX_PERSONS` persons, or one has a value
            twice.
    """
    children = parse_tlv(octets, files.data_group(16).tag).children()
    templates = [child for child in children if child.tag in _TEMPLATES]
    if len(templates) > MAX_PERSONS:
        raise errors.DocumentError(errors.FILE_MALFORMED, file="DG16")
    announced = instance_count(children, "DG16")
    return DataGroup16(announced, tuple(_person(child) for child in templates), bytes(octets))


def _person(template: Tlv) -> PersonToNotify:
    objects: dict[int, Tlv] = {}
    for child in template.children():
        if objects.setdefault(child.tag, child).value != child.value:
            raise errors.DocumentError(errors.FILE_MALFORMED, file="DG16")
    values = {tag: child.value for tag, child in objects.items()}
    return PersonToNotify(
        recorded_on=FieldDate(values[_DATE_RECORDED]) if _DATE_RECORDED in values else None,
        name=FieldName(values[_NAME]) if _NAME in values else None,
        telephone=FieldText(values[_TELEPHONE]) if _TELEPHONE in values else None,
        address=FieldText(values[_ADDRESS]) if _ADDRESS in values else None,
        others=tuple(child for tag, child in objects.items() if tag not in _KNOWN),
    )
