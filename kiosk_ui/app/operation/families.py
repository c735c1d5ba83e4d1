"""Which figures there are. Names follow the Prometheus project's rules for naming; units are seconds and bytes."""

from __future__ import annotations

import dataclasses
import enum

__all__ = [
    "CHECK_INS",
    "FAMILIES",
    "OUTBOX_ITEMS",
    "OUTBOX_OLDEST",
    "PEER_REQUESTS",
    "PEER_SECONDS",
    "PRINTER_STATE",
    "READINGS",
    "READING_SECONDS",
    "SILENCE",
    "STAFF_CALLS",
    "STEP_SECONDS",
    "TICKETS",
    "TRUST_AGE",
    "TRUST_ANCHORS",
    "VERSION",
    "VISITS_LEFT",
    "Family",
    "FamilyKind",
]


class FamilyKind(enum.StrEnum):
    """How a figure moves."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclasses.dataclass(frozen=True, slots=True)
class Family:
    """One figure, in as many rows as its labels have values.

    Attributes:
        name: as monitoring knows it.
        kind: how it moves.
        help: one sentence.
        labels: names of its labels; their values are words of the program, never content of a card.
        bounds: upper ends of a histogram's buckets, in seconds.
    """

    name: str
    kind: FamilyKind
    help: str
    labels: tuple[str, ...] = ()
    bounds: tuple[float, ...] = ()


_STEP_BOUNDS = (1.0, 2.0, 3.0, 5.0, 8.0, 13.0, 20.0, 30.0, 60.0, 120.0)
_PEER_BOUNDS = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0)

CHECK_INS = Family(
    "chipid_check_ins_total",
    FamilyKind.COUNTER,
    "Check-ins stored, by how they ended and how sure the kiosk was of the person.",
    ("exit", "assurance"),
)
VISITS_LEFT = Family(
    "chipid_visits_left_total", FamilyKind.COUNTER, "Visits that ended, by the last screen.", ("screen",)
)
STEP_SECONDS = Family(
    "chipid_step_seconds", FamilyKind.HISTOGRAM, "How long a screen was shown.", ("step",), _STEP_BOUNDS
)
READINGS = Family("chipid_readings_total", FamilyKind.COUNTER, "Readings of cards, by outcome.", ("outcome",))
READING_SECONDS = Family(
    "chipid_reading_seconds",
    FamilyKind.HISTOGRAM,
    "From the card's first command to its result.",
    (),
    _STEP_BOUNDS,
)
PEER_REQUESTS = Family(
    "chipid_peer_requests_total",
    FamilyKind.COUNTER,
    "Questions to services of the hospital, by outcome.",
    ("peer", "outcome"),
)
PEER_SECONDS = Family(
    "chipid_peer_seconds", FamilyKind.HISTOGRAM, "How long a service took to answer.", ("peer",), _PEER_BOUNDS
)
TICKETS = Family(
    "chipid_tickets_total", FamilyKind.COUNTER, "Papers that were to be printed, by outcome.", ("outcome",)
)
STAFF_CALLS = Family("chipid_staff_calls_total", FamilyKind.COUNTER, "Calls for staff, by screen.", ("screen",))
OUTBOX_ITEMS = Family("chipid_outbox_items", FamilyKind.GAUGE, "What is still to be told to others.", ("state",))
OUTBOX_OLDEST = Family(
    "chipid_outbox_oldest_seconds", FamilyKind.GAUGE, "Age of what has waited longest; 0 if nothing waits."
)
PRINTER_STATE = Family("chipid_printer_state", FamilyKind.GAUGE, "1 for the state that the printer is in.", ("state",))
TRUST_AGE = Family(
    "chipid_trust_age_seconds",
    FamilyKind.GAUGE,
    "Time since the trust store was last changed; absent if there is none.",
)
TRUST_ANCHORS = Family("chipid_trust_anchors", FamilyKind.GAUGE, "Authorities whose documents can be verified.")
SILENCE = Family(
    "chipid_silence_seconds", FamilyKind.GAUGE, "Time since a part of the program last showed that it lives.", ("part",)
)
VERSION = Family("chipid_version", FamilyKind.GAUGE, "1, with the program's version.", ("version",))

FAMILIES = (
    CHECK_INS,
    VISITS_LEFT,
    STEP_SECONDS,
    READINGS,
    READING_SECONDS,
    PEER_REQUESTS,
    PEER_SECONDS,
    TICKETS,
    STAFF_CALLS,
    OUTBOX_ITEMS,
    OUTBOX_OLDEST,
    PRINTER_STATE,
    TRUST_AGE,
    TRUST_ANCHORS,
    SILENCE,
    VERSION,
)
