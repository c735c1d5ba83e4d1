"""The QR code (ISO/IEC 18004) that ties a piece of paper to an evidence file."""

from __future__ import annotations

import segno

__all__ = ["evidence_name", "qr_modules"]


def evidence_name(sha256: str) -> str:
    """What the code says: ``CHIPID-EVIDENCE:SHA256:…``, in the letters of the compact alphanumeric mode."""
    return f"CHIPID-EVIDENCE:SHA256:{sha256.upper()}"


def qr_modules(content: str) -> tuple[tuple[bool, ...], ...]:
    """Rows of modules, dark ones true, without the quiet zone; level M survives a fold and a stamp's edge."""
    code = segno.make_qr(content, error="m")
    return tuple(tuple(bool(module) for module in row) for row in code.matrix)
