"""Writes docs/flows.md: every path of the check-in, drawn from the machine itself (`make docs`).

With --print: to standard output.
"""

from __future__ import annotations

import inspect
import sys
from collections import defaultdict
from pathlib import Path
from typing import get_args

from kiosk_ui.app.domain.insurance import EXITS, InsuranceExit
from kiosk_ui.app.flows import screens as s
from scripts.flow_map import EVERYWHERE, flow, walk

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs" / "flows.md"
Arrows = dict[tuple[str, str], set[str]]

INTRODUCTION = """# The flows of the check-in

Made by `make docs`: a program walks the state machine (`kiosk_ui/app/flows/`) through every state that it can reach, with every
event that people, cards, finished work and time can bring, and draws what it saw. A test keeps the page current, and the same
walk proves that no screen is a dead end.

Left out of the drawings, because they hold everywhere: **start again** leads to the first screen and clears everything (only
"saving" cannot be called back); **call staff** lays a notice over the screen and rings; after a **time-out**, with a warning of
20 seconds and one touch to go on, everything is cleared. What was mistyped, or scanned and is no card's code, is asked for again.
Answers that come too late, or for somebody who has left, change nothing.
"""
PARTS = {
    "The card": (
        "The returning patient's way: scan or type, lay the card down, say yes.",
        ("welcome", "enter_number", "place_card", "reading", "card_lifted", "wrong_number", "problem", "confirm", "refused"),
    ),
    "Without a readable chip": (
        "Each of these ways ends with a slip for the counter: nothing here is verified, and nothing is called so.",
        ("other_ways", "type_number", "type_name", "type_birth", "type_expiry", "check_document", "scan_phone", "guardian_card",
         "confirm_declared", "emergency"),
    ),
    "Insurance and department": (
        "Insurer, hospital system and today's check-ins are asked together; nobody waits longer than the time limit.",
        ("looking_up", "already_checked_in", "insurance_notice", "insurance_choice", "enter_phone", "appointment",
         "choose_department", "ask_priority"),
    ),
    "Ticket and slip": (
        "What is stored is true from then on; a card that still lies on the reader is asked for before the number is shown.",
        ("saving", "take_card", "ticket_ready", "slip_ready"),
    ),
}  # fmt: skip
_LEFT_OUT = {*EVERYWHERE, "not twelve digits", "no card's code", "not such lines", "no such last day"}
_EXIT_WORDS = {
    InsuranceExit.GO_ON: "goes on",
    InsuranceExit.CONFIRM_AT_COUNTER: "goes on with a number; the counter settles it",
    InsuranceExit.CHOOSE: "chooses: pay oneself and go on, or a slip for the counter",
    InsuranceExit.UNVERIFIED: "goes on, marked as not verified; the outbox asks again",
}


def arrows() -> Arrows:
    """Which screen leads to which, by what."""
    found: Arrows = defaultdict(set)
    for move in walk(flow()):
        before, after = move.before.screen.name, move.step.state.screen.name
        forgotten = after == s.Welcome.name and move.words == "time is over"
        if before != after and move.words not in _LEFT_OUT and not forgotten and move.before.overlay is None:
            found[before, after].add(move.words)
    return found


def page() -> str:
    """The whole page."""
    found = arrows()
    parts = [INTRODUCTION]
    for title, (sentence, names) in PARTS.items():
        parts.append(f"## {title}\n\n{sentence}\n\n```mermaid\n{_drawing(found, names)}\n```\n")
    parts.append("## The insurer's answers\n\n" + _insurance())
    parts.append("## Every screen\n\n" + _screens(found))
    return "\n".join(parts)


def _drawing(found: Arrows, names: tuple[str, ...]) -> str:
    lines = ["stateDiagram-v2", "    direction LR"]
    if s.Welcome.name in names:
        lines.append(f"    [*] --> {s.Welcome.name}")
    order = {name: place for place, name in enumerate(names)}
    outside = len(order)
    chosen = [(before, after) for before, after in found if before in order]
    for before, after in sorted(chosen, key=lambda arrow: (order[arrow[0]], order.get(arrow[1], outside), arrow[1])):
        lines.append(f"    {before} --> {after} : {', '.join(sorted(found[before, after]))}")
    return "\n".join(lines)


def _insurance() -> str:
    lines = ["| codes | the patient |", "|---|---|"]
    for way, words in _EXIT_WORDS.items():
        codes = ", ".join(f"`{code}`" for code in sorted(EXITS) if EXITS[code] is way)
        lines.append(f"| {codes} | {words} |")
    lines.append("| no usable answer | goes on, marked as not verified; the outbox asks again |")
    lines.append("| no citizen number to ask with | goes on with a number; the counter settles it |")
    return "\n".join(lines) + "\n"


def _screens(found: Arrows) -> str:
    lines = ["| screen | what it is | leads to |", "|---|---|---|"]
    for kind in (*get_args(s.Screen), *get_args(s.Overlay)):
        said = inspect.cleandoc(kind.__doc__ or "").partition("Event")[0].split("\n\n")[0]
        said = " ".join(said.split()).replace("``", "`").rstrip(" :")
        after = ", ".join(f"`{name}`" for name in sorted({b for a, b in found if a == kind.name}))
        lines.append(f"| `{kind.name}` | {said} | {after or '–'} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write the page, or print it."""
    if "--print" in sys.argv[1:]:
        sys.stdout.write(page())
    else:
        TARGET.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
