"""Which instant counts when certificates are judged; see :mod:`crypto.pki.signed_object`."""

from __future__ import annotations

import enum

__all__ = ["ValidAt"]


class ValidAt(enum.StrEnum):
    """The instant at which certificates must be valid."""

    SIGNING_TIME = "signing_time"
    """When the signer says that it signed, if it says so; else now. The signer could lie, but it is the one trusted."""

    NOW = "now"
    """At the inspection, whatever the signer says."""
