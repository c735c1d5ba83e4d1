"""Cards of the catalogue with other files in them, signed anew by the TEST authority, and how to read them."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Mapping

import reader
from crypto.pki.trust_store import TrustStore
from emulator.adapters.inprocess import EmulatedTransport
from emulator.cards import catalogue, chip_content
from emulator.chip.card import VirtualCard
from emulator.chip.content import ChipContent
from emulator.chip.misbehaviour import Misbehaviour
from emulator.personalise.document import data_groups
from emulator.personalise.issuer import sign_security_object
from emulator.personalise.profile import load_profile
from reader.plan import ReadPlan
from reader.protocols.active_authentication import DrawChallenge, random_challenge
from reader.verification.checks import CheckStatus

PEOPLE = {person.name: person for person in catalogue(laboratory=True)}
TRUST = reader.trust_for(None, test_mode=True)
NOON = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)


def signed_card(name: str, changes: Mapping[int, bytes | None]) -> ChipContent:
    """The card of that name with data groups replaced or (``None``) taken out, and EF.SOD made for what is left."""
    profile, content = load_profile(name), chip_content(name)
    groups = {number: octets for number, octets in data_groups(profile).items() if changes.get(number, b"") is not None}
    groups.update({number: octets for number, octets in changes.items() if octets is not None})
    security_object = sign_security_object(groups, authority=profile.authority, issued=profile.holder.issued)
    kept = []
    for file in content.application_files:
        number = file.identifier & 0xFF
        if number == 0x1D:
            kept.append(dataclasses.replace(file, content=security_object))
        elif number in groups:
            kept.append(dataclasses.replace(file, content=groups[number]))
        elif number == 0x1E:
            kept.append(file)
    return dataclasses.replace(content, application_files=tuple(kept))


def read_content(
    content: ChipContent,
    key: reader.CanKey | reader.MrzKey,
    *,
    trust: TrustStore = TRUST,
    plan: ReadPlan | None = None,
    policy: str = "hospital",
    now: Callable[[], dt.datetime] = lambda: NOON,
    misbehaviour: Misbehaviour | None = None,
    draw_challenge: DrawChallenge = random_challenge,
) -> reader.ReadOutcome:
    """One whole reading."""
    with EmulatedTransport(VirtualCard(content, misbehaviour=misbehaviour)) as card:
        return reader.read(card, key, trust=trust, plan=plan, policy=policy, now=now, draw_challenge=draw_challenge)


def can_of(name: str) -> reader.CanKey:
    """The key that is printed on a card of the catalogue."""
    return reader.CanKey.from_digits(PEOPLE[name].can)


def status_of(outcome: reader.ReadOutcome, check: str) -> tuple[CheckStatus, str]:
    """Status and code of one check."""
    return next((result.status, result.code) for result in outcome.checks if result.check == check)
