"""Forms of EF.SOD in which issuers differ, rightly or not."""

from __future__ import annotations

import enum

__all__ = ["SecurityObjectForm", "SignerReference"]


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
