"""LDIF, the form in which the ICAO public key directory (PKD) is downloaded (RFC 2849), bounded.

Only what a download holds is read: values, folded lines, base64, comments. A value that is to be fetched from somewhere
(``attribute:< url``) is passed over and never fetched.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
from collections.abc import Iterator
from typing import Final

from reader import errors

__all__ = ["LdifValue", "is_ldif", "ldif_values"]

_MAX_VALUE_BYTES: Final = 48 << 20
"""A line after folding: a master list of 32 MB in base64."""
_MAX_VALUES: Final = 2_000_000
_LOOKED_AT: Final = 65_536
"""Octets in which the first entry must begin."""


@dataclasses.dataclass(frozen=True, slots=True)
class LdifValue:
    """One value that was given in base64, as all binary ones are.

    Attributes:
        entry: number of the entry, from 1.
        attribute: name without options, in small letters.
        octets: the value.
    """

    entry: int
    attribute: str
    octets: bytes


def is_ldif(octets: bytes) -> bool:
    """Whether this is an LDIF file: its first line that is no comment says ``version:`` or ``dn:``."""
    for line in octets[:_LOOKED_AT].removeprefix(b"\xef\xbb\xbf").splitlines():
        if line.strip() and not line.startswith((b"#", b" ")):
            return line.lower().startswith((b"version:", b"dn:"))
    return False


def ldif_values(octets: bytes) -> Iterator[LdifValue]:
    """The base64 values of every entry that is there or is to be added; entries to be deleted or renamed have none.

    Raises:
        TrustError: ``trust.source_malformed``: a line that is no attribute, base64 that is none, too many or too long.
    """
    entry = values = 0
    for line in _logical_lines(octets.removeprefix(b"\xef\xbb\xbf")):
        name, colon, rest = line.partition(b":")
        if not colon:
            if line.strip() == b"-":  # between the changes of one entry (RFC 2849, change-modify)
                continue
            raise errors.TrustError(errors.TRUST_SOURCE_MALFORMED, entry=entry)
        attribute = name.partition(b";")[0].strip().lower().decode("latin-1")
        if attribute == "dn":
            entry += 1
            continue
        if not rest.startswith(b":"):
            continue
        values += 1
        if values > _MAX_VALUES:
            raise errors.TrustError(errors.TRUST_SOURCE_TOO_LARGE)
        try:
            yield LdifValue(entry, attribute, base64.b64decode(rest[1:].strip(), validate=True))
        except binascii.Error:
            raise errors.TrustError(errors.TRUST_SOURCE_MALFORMED, entry=entry) from None


def _logical_lines(octets: bytes) -> Iterator[bytes]:
    """Lines with their continuations (a line that begins with a space) joined, without comments and empty lines."""
    parts: list[bytes] = []
    length = 0
    start = 0
    while start < len(octets):
        end = octets.find(b"\n", start)
        end = len(octets) if end < 0 else end
        line = octets[start:end].removesuffix(b"\r")
        start = end + 1
        if line.startswith(b" ") and parts:
            parts.append(line[1:])
            length += len(line)
            if length > _MAX_VALUE_BYTES:
                raise errors.TrustError(errors.TRUST_SOURCE_TOO_LARGE)
            continue
        yield from _finished(parts)
        parts, length = [line], len(line)
    yield from _finished(parts)


def _finished(parts: list[bytes]) -> Iterator[bytes]:
    line = b"".join(parts)
    if line.strip() and not line.startswith(b"#"):
        yield line
