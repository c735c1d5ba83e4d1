"""The operator's tests: a card on the reader, a paper from the printer, the protocols on emulated chips."""

from __future__ import annotations

import datetime as dt
import itertools
import time
import uuid
from collections.abc import Sequence

from kiosk_ui.app.domain.check_in import Ticket
from kiosk_ui.app.operation.desk import Fact, Tone
from kiosk_ui.bootstrap.card_reading import CardPlace
from reader import transport
from reader.block_sizes import BlockSizes
from reader.card_access import CardAccessSource, find_card_access
from reader.card_capabilities import historical_bytes
from reader.inspection import local_now
from reader.link import Link
from reader.protocols.offers import pace_offers
from reader.redaction import shown_historical_bytes
from reader.selftest.matrix import Combination, Section, combinations
from reader.selftest.runner import run_combination
from reader.transport.laboratory import Laboratory

__all__ = ["look_at_card", "self_test", "trial_ticket"]

_TESTED = 2  # combinations of each section: together a few seconds


def look_at_card(place: CardPlace) -> Sequence[Fact]:
    """What the card on the reader says before anybody has opened it: how it is reached, and how it wants to be opened.

    Nothing personal can be in that; what may tell one card from another of its kind is hidden.

    Raises:
        ChipIdError: there is no card, or no reader, or it does not answer.
    """
    begun = time.monotonic()
    if not place.is_there():
        return (Fact("card", word="no_card", tone=Tone.CAUTION),)
    with place.open() as card:
        link = Link(card)
        historical = shown_historical_bytes(historical_bytes(card.atr))
        access = find_card_access(link.exchange, BlockSizes(card.max_command, card.max_response), assume_cccd=False)
        facts = [
            Fact("card", word="answers", tone=Tone.GOOD),
            Fact("atr", f"{len(card.atr)} B · {historical or '–'}"),
            Fact("longest_command", f"{card.max_command} / {card.max_response} B"),
        ]
    if access.source is CardAccessSource.READ and access.infos is not None:
        suites = pace_offers(access.infos).suites
        facts.append(Fact("access", f"PACE × {len(suites)}" if suites else "BAC", tone=Tone.GOOD))
    else:
        facts.append(Fact("access", "BAC"))
    facts.append(Fact("took", f"{(time.monotonic() - begun) * 1000:.0f} ms"))
    return facts


def trial_ticket(at: dt.datetime) -> Ticket:
    """A paper that nobody can take for a number."""
    return Ticket(
        check_in_id=uuid.UUID(int=0),
        number="TEST",
        department_vi="Thử máy in",
        department_en="Printer test",
        place_vi="Không phải số thứ tự",
        place_en="Not a queue number",
        issued_at=at,
        insurance_unverified=False,
        at_counter=False,
    )


def self_test() -> Sequence[Fact]:
    """A few combinations of protocols of each kind against emulated chips in this process, as ``chipid selftest``."""
    laboratory = next((each for each in transport.providers() if isinstance(each, Laboratory)), None)
    if laboratory is None:
        return (Fact("protocols", word="not_here", tone=Tone.CAUTION),)
    results = [run_combination(laboratory, each, local_now()) for each in _chosen()]
    passed = sum(each.passed is True for each in results)
    failed = {each.problem for each in results if each.passed is False}
    if failed:
        return (Fact("protocols", ", ".join(sorted(failed))[:200], tone=Tone.BAD),)
    return (Fact("protocols", f"{passed} / {passed}", tone=Tone.GOOD),)


def _chosen() -> Sequence[Combination]:
    by_section: dict[Section, list[Combination]] = {}
    for each in combinations():
        by_section.setdefault(each.section, []).append(each)
    return list(itertools.chain.from_iterable(found[:_TESTED] for found in by_section.values()))
