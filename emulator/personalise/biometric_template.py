"""Biometric information templates: the common frame of DG2, DG3 and DG4 (Doc 9303-10 §4.7.2 to §4.7.4; ISO/IEC 7816-11).

Inside the frame lies either a record of ISO/IEC 19794 in DO'5F2E' or, since the eighth edition of Doc 9303, a block of
ISO/IEC 39794 in DO'7F2E'.
"""

from __future__ import annotations

import datetime
import enum
from collections.abc import Sequence

from crypto.wire.tlv import encode_tlv

__all__ = ["BiometricEncoding", "BiometricType", "biometric_group", "biometric_template"]


class BiometricType(enum.IntEnum):
    """DO'81' of the header (ISO/IEC 7816-11 table C.2)."""

    FACE = 0x02
    FINGER = 0x08
    IRIS = 0x10


class BiometricEncoding(enum.StrEnum):
    """Which family of standards the record follows."""

    ISO_19794 = "iso-19794"
    """Records of fixed fields, 2005 edition."""
    ISO_39794 = "iso-39794"
    """Extensible blocks in DER, 2019 edition."""


_FORMAT_TYPES = {
    (BiometricType.FINGER, BiometricEncoding.ISO_19794): 0x0007,
    (BiometricType.FACE, BiometricEncoding.ISO_19794): 0x0008,
    (BiometricType.IRIS, BiometricEncoding.ISO_19794): 0x0009,
    (BiometricType.FINGER, BiometricEncoding.ISO_39794): 0x0028,
    (BiometricType.FACE, BiometricEncoding.ISO_39794): 0x002A,
}
"""BDB format types that ISO/IEC JTC 1/SC 37 registered."""


def biometric_template(
    kind: BiometricType, encoding: BiometricEncoding, subtype: int, created: datetime.date, record: bytes
) -> bytes:
    """DO'7F60': header and record of one instance.

    Args:
        kind: what was measured.
        encoding: family of the record's format.
        subtype: side and finger (ISO/IEC 7816-11 table C.3), 0 for none.
        created: date of the record.
        record: biometric data block.

    Raises:
        KeyError: there is no such record format.
    """
    header = encode_tlv(
        0xA1,
        [
            encode_tlv(0x80, b"\x01\x01"),  # ICAO header version
            encode_tlv(0x81, bytes([kind])),
            encode_tlv(0x82, bytes([subtype])),
            encode_tlv(0x83, bytes.fromhex(f"{created:%Y%m%d}000000")),
            encode_tlv(0x87, b"\x01\x01"),  # format owner: ISO/IEC JTC 1/SC 37
            encode_tlv(0x88, _FORMAT_TYPES[kind, encoding].to_bytes(2, "big")),
        ],
    )
    if encoding is BiometricEncoding.ISO_39794:
        # Application profiles of ISO/IEC 39794 for eMRTDs, table 2: DO'A1', biometric data in standardised format
        return encode_tlv(0x7F60, header + encode_tlv(0x7F2E, encode_tlv(0xA1, record)))
    return encode_tlv(0x7F60, header + encode_tlv(0x5F2E, record))


def biometric_group(templates: Sequence[bytes], *, filler: bytes = b"") -> bytes:
    """DO'7F61': how many instances, then each.

    Args:
        templates: DO'7F60' each, at most nine in practice.
        filler: random octets for DO'53', which a group without instances must have so that equal files do not tell
            that nothing is inside (Doc 9303-10 §4.7.3.1).
    """
    count = encode_tlv(0x02, bytes([len(templates)]))
    discretionary = encode_tlv(0x53, filler) if filler else b""
    return encode_tlv(0x7F61, count + b"".join(templates) + discretionary)
