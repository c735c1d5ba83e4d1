"""What the TEST countries have published: certificates of their authorities and revocation lists, as files.

They are what :mod:`emulator.personalise.authorities` derives, octet by octet, and a test holds them against it. To derive and
sign them at each start would take too long. ``python -m emulator.personalise.published`` writes them anew.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Final

__all__ = ["AUTHORITIES", "revocation_lists", "trust_anchors"]

AUTHORITIES: Final = ("test", "utopia")
"""Those that are trusted where TEST cards are to be accepted."""


@functools.cache
def trust_anchors() -> tuple[bytes, ...]:
    """DER certificates to trust when TEST cards are to be accepted. The unknown authority is not among them."""
    return tuple(_file(f"csca_test_only_{name}.cer") for name in AUTHORITIES)


@functools.cache
def revocation_lists() -> tuple[bytes, ...]:
    """DER certificate lists of the authorities among :func:`trust_anchors` (Doc 9303-12 §7.1.4)."""
    return tuple(_file(f"csca_test_only_{name}.crl") for name in AUTHORITIES)


def _file(name: str) -> bytes:
    return Path(__file__).with_name(name).read_bytes()
