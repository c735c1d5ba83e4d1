"""Writes the published files anew, after the authorities have changed."""

from __future__ import annotations

from pathlib import Path

from emulator.personalise.authorities import revocation_lists, trust_anchors
from emulator.personalise.published import AUTHORITIES


def main() -> None:
    """Beside this module."""
    folder = Path(__file__).parent
    for name, certificate, revoked in zip(AUTHORITIES, trust_anchors(), revocation_lists(), strict=True):
        (folder / f"csca_test_only_{name}.cer").write_bytes(certificate)
        (folder / f"csca_test_only_{name}.crl").write_bytes(revoked)


if __name__ == "__main__":
    main()
