"""EF.DG14: the signed SecurityInfos (Doc 9303-10 §4.7.14).

The file is hashed as read: re-encoding would reorder the set, and then the hash would not fit.
"""

from __future__ import annotations

import dataclasses

from crypto.wire.tlv import parse_tlv
from reader.lds import files
from reader.lds.security_infos import SecurityInfos, parse_security_infos

__all__ = ["DataGroup14", "parse_dg14"]


@dataclasses.dataclass(frozen=True, slots=True)
class DataGroup14:
    """Security options of the chip.

    Attributes:
        security_infos: the set.
        encoded: the file as read.
    """

    security_infos: SecurityInfos
    encoded: bytes = dataclasses.field(repr=False)


def parse_dg14(octets: bytes) -> DataGroup14:
    """Read EF.DG14.

    Raises:
        WireError: no well-formed template 6E around a SET.
        DocumentError: ``document.malformed``.
    """
    content = parse_tlv(octets, files.data_group(14).tag).value
    return DataGroup14(parse_security_infos(parse_tlv(content)), bytes(octets))
