"""The number of instances (tag 02) with which several data groups begin (Doc 9303-10 §4.7)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from crypto.wire.tlv import Tlv
from reader import errors

__all__ = ["instance_count"]

_COUNT: Final = 0x02


def instance_count(objects: Iterable[Tlv], file: str, *, longest: int = 2) -> int | None:
    """The first number among these objects, or ``None`` if there is none. What is really there counts, not this.

    Args:
        objects: the data objects of a template.
        file: short name of the file, for the error.
        longest: most octets of the number. Most tables say one; DG5 and DG7 leave it open.

    Raises:
        DocumentError: ``document.malformed`` if it is empty or longer.
    """
    tlv = next((child for child in objects if child.tag == _COUNT), None)
    if tlv is None:
        return None
    if not 1 <= len(tlv.value) <= longest:
        raise errors.DocumentError(errors.FILE_MALFORMED, file=file)
    return int.from_bytes(tlv.value, "big")
