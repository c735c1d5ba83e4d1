"""Who signs EF.SOD, and the forms in which issuers differ, rightly or not."""

from __future__ import annotations

import enum
from typing import Final

__all__ = ["LDS_VERSIONS", "UNICODE_VERSION", "Authority", "SecurityObjectForm", "SignerReference"]

LDS_VERSIONS: Final = {0: b"0107", 1: b"0108"}
"""LDS version by version of the LDS security object, which came with it (Doc 9303-10 §4.6.2)."""
UNICODE_VERSION: Final = b"040000"


class Authority(enum.StrEnum):
    """A TEST country signing authority."""

    TEST = "test"
    UNKNOWN = "unknown"
    """Issues cards just as well, but is not among the trust anchors."""
    UTOPIA = "utopia"
    """Of the state UTO, which the standard uses in its examples: issues the documents that are not Vietnamese."""


class SignerReference(enum.StrEnum):
    """How EF.SOD names its signer (RFC 5652 §5.3)."""

    ISSUER_AND_SERIAL = "issuer_and_serial"
    KEY_IDENTIFIER = "key_identifier"
    OTHER_STRING_TYPE = "other_string_type"
    """Issuer and serial number, the issuer's name in PrintableString where the certificate has UTF8String."""


class SecurityObjectForm(enum.StrEnum):
    """How EF.SOD is written."""

    DER = "der"
    """As Doc 9303-10 §4.6.2.2 demands."""
    INDEFINITE_LENGTHS = "indefinite_lengths"
    """The outer layers in BER, as some issuers have it."""
    OLD_TYPE = "old_type"
    """DER, with a content type from before the standard had its own; such documents are still valid."""
