"""EF.SOD: the document security object (Doc 9303-10 §4.6.2). What is inside is a CMS object: ``crypto.pki`` reads it."""

from __future__ import annotations

from crypto.wire.tlv import parse_tlv
from reader.lds import files

__all__ = ["signed_data_of"]


def signed_data_of(octets: bytes) -> bytes:
    """The CMS ContentInfo inside the template with tag 77, exactly as on the chip.

    The inside is not looked at here: it may be BER with indefinite lengths, which some states use.

    Raises:
        WireError: no well-formed template with tag 77.
    """
    return parse_tlv(octets, files.SOD.tag).value
