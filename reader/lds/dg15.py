"""EF.DG15: the public key for active authentication (Doc 9303-10 §4.7.15, Doc 9303-11 §6.1)."""

from __future__ import annotations

import dataclasses

from crypto.wire.tlv import parse_tlv
from reader.lds import files
from reader.lds.public_key import SubjectPublicKey, parse_subject_public_key

__all__ = ["DataGroup15", "parse_dg15"]


@dataclasses.dataclass(frozen=True, slots=True)
class DataGroup15:
    """The key that the chip signs challenges with: RSA or elliptic-curve.

    Attributes:
        public_key: with the SubjectPublicKeyInfo's octets as read.
        encoded: the file as read.
    """

    public_key: SubjectPublicKey
    encoded: bytes = dataclasses.field(repr=False)


def parse_dg15(octets: bytes) -> DataGroup15:
    """Read EF.DG15.

    Raises:
        WireError: no well-formed template 6F around a SubjectPublicKeyInfo.
        DocumentError: ``document.malformed``.
    """
    template = parse_tlv(octets, files.data_group(15).tag)
    return DataGroup15(parse_subject_public_key(template.value), bytes(octets))
