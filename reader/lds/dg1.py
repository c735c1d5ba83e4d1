"""EF.DG1: the machine-readable zone (Doc 9303-10 §4.7.1)."""

from __future__ import annotations

import dataclasses

from crypto.wire.tlv import parse_tlv
from reader import errors
from reader.lds import files
from reader.lds.mrz import Mrz, parse_mrz_text

__all__ = ["DataGroup1", "parse_dg1"]


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class DataGroup1:
    """The MRZ on the chip.

    Attributes:
        mrz: taken apart; wrong check digits are listed in it, not raised.
        encoded: the file as read.
    """

    mrz: Mrz
    encoded: bytes

    def __repr__(self) -> str:
        return f"DataGroup1({self.mrz.format.value})"


def parse_dg1(octets: bytes) -> DataGroup1:
    """Read EF.DG1.

    Raises:
        WireError: no well-formed template 61 with an object 5F1F in it.
        DocumentError: ``document.malformed`` if the content is no MRZ.
    """
    field = parse_tlv(octets, files.data_group(1).tag).require(0x5F1F)
    try:
        mrz = parse_mrz_text(field.value.decode("ascii"))
    except (UnicodeDecodeError, errors.DocumentError):
        # Not the code of typed lines: nobody can type these again
        raise errors.DocumentError(errors.FILE_MALFORMED, file="DG1", length=len(field.value)) from None
    return DataGroup1(mrz, bytes(octets))
