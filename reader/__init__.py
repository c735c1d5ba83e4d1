"""The terminal: opens a chip, reads it, and says what was proven.

    import reader

    with reader.open_pcsc("ACS ACR1252") as card:
        key = reader.CanKey.from_citizen_number("040085000017")
        outcome = reader.read(card, key, trust=reader.trust_for(Path("/etc/chipid/trust")))
    print(outcome.verdict.decision, outcome.verdict.reasons)

``read`` reports progress through ``on_progress`` and stops before the next command once ``cancel`` is set.
Errors are :class:`crypto.errors.ChipIdError` with a stable code and a hint; see :mod:`reader.errors`.
Names are imported on first use, so that ``import reader`` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reader.errors import Cancelled as Cancelled
    from reader.inspection import ReadOutcome as ReadOutcome
    from reader.inspection import read as read
    from reader.inspection import trust_for as trust_for
    from reader.plan import ReadPlan as ReadPlan
    from reader.progress import ProgressEvent as ProgressEvent
    from reader.progress import ReadingPhase as ReadingPhase
    from reader.protocols.access_key import CanKey as CanKey
    from reader.protocols.access_key import MrzKey as MrzKey
    from reader.protocols.access_key import PinKey as PinKey
    from reader.protocols.access_key import PukKey as PukKey
    from reader.terminal_credentials import load_credentials as load_credentials
    from reader.transport import list_pcsc_readers as list_pcsc_readers
    from reader.transport import open_emulated as open_emulated
    from reader.transport import open_pcsc as open_pcsc

_HOMES = {
    "Cancelled": "reader.errors",
    "CanKey": "reader.protocols.access_key",
    "MrzKey": "reader.protocols.access_key",
    "PinKey": "reader.protocols.access_key",
    "ProgressEvent": "reader.progress",
    "PukKey": "reader.protocols.access_key",
    "ReadOutcome": "reader.inspection",
    "ReadPlan": "reader.plan",
    "ReadingPhase": "reader.progress",
    "list_pcsc_readers": "reader.transport",
    "load_credentials": "reader.terminal_credentials",
    "open_emulated": "reader.transport",
    "open_pcsc": "reader.transport",
    "read": "reader.inspection",
    "trust_for": "reader.inspection",
}

__all__ = sorted(_HOMES)  # noqa: PLE0605 - the table above is the list


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the name stands for
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'reader' has no attribute {name!r}")
    return getattr(import_module(home), name)
