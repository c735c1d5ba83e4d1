"""The catalogue of built-in emulated people. Cards are personalised when somebody asks for one."""

from __future__ import annotations

import dataclasses
import functools
import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from emulator.chip.card import VirtualCard
from emulator.chip.content import ChipBehaviour, ChipContent
from emulator.personalise.document import personalise
from emulator.personalise.printed_lines import printed_lines
from emulator.personalise.printed_qr import printed_qr
from emulator.personalise.profile import attack_names, load_profile, profile_names
from emulator.personalise.published import revocation_lists, trust_anchors

if TYPE_CHECKING:
    from emulator.faults import Fault

__all__ = [
    "CardSpec",
    "attack_names",
    "card",
    "card_names",
    "catalogue",
    "chip_content",
    "revocation_lists",
    "trust_anchors",
]


@dataclasses.dataclass(frozen=True, slots=True)
class CardSpec:
    """What is printed on a card, and what reading it must end with. All people are invented.

    Attributes:
        name: slug for the command line.
        number: personal number, twelve digits; the document number of another state's document.
        can: card access number, six digits.
        mrz: three lines of thirty characters, two of 36 or two of 44.
        expected: ``ACCEPT``, ``REFER`` or ``REJECT``.
        what_for: one English sentence.
        full_name: with diacritics.
        laboratory: a chip for tests of the reader only.
        pin, puk: what the holder got by letter; empty for a card without.
        qr: text of the printed QR code; empty for a card without.
    """

    name: str
    number: str
    can: str
    mrz: tuple[str, ...]
    expected: str
    what_for: str
    full_name: str
    laboratory: bool = False
    pin: str = ""
    puk: str = ""
    qr: str = ""


def card_names() -> tuple[str, ...]:
    """Slugs of all cards, laboratory ones included, but the attack cards (:func:`attack_names`)."""
    return profile_names()


@functools.cache
def _spec(name: str) -> CardSpec:
    profile = load_profile(name)
    holder = profile.holder
    return CardSpec(
        name=name,
        number=holder.number,
        can=holder.can,
        mrz=printed_lines(profile),
        expected=str(profile.expected),
        what_for=profile.what_for,
        full_name=holder.full_name,
        laboratory=profile.laboratory,
        pin=profile.pin.secret.reveal().decode("ascii") if profile.pin else "",
        puk=profile.puk.secret.reveal().decode("ascii") if profile.puk else "",
        qr=printed_qr(profile),
    )


def catalogue(*, laboratory: bool = False, attacks: bool = False) -> tuple[CardSpec, ...]:
    """The built-in people, the good ones first.

    Args:
        laboratory: also the chips that serve tests of the reader only, e.g. one that the CAN does not open.
        attacks: also the cards that somebody forged; each expects the verdict of a reading without its printed data.
    """
    order = ["ACCEPT", "REFER", "REJECT"]
    shown = [spec for spec in map(_spec, card_names()) if laboratory or not spec.laboratory]
    shown += [_spec(name) for name in attack_names()] if attacks else []
    return tuple(sorted(shown, key=lambda spec: (order.index(spec.expected), spec.name != "an", spec.name)))


@functools.cache
def chip_content(name: str) -> ChipContent:
    """What is inside the chip of that name, personalised once per process. Raises ``KeyError`` for an unknown name."""
    profile = load_profile(name)
    content = personalise(profile)
    if profile.attack is None:
        return content
    from emulator.personalise.attacks import attacked  # only few cards are forged

    return attacked(profile, content)


def card(
    name: str,
    *,
    random_bytes: Callable[[int], bytes] = os.urandom,
    faults: Iterable[Fault] = (),
    behaviour: ChipBehaviour | None = None,
) -> VirtualCard:
    """A fresh chip of that name, powered on.

    Args:
        name: slug.
        random_bytes: source of challenges, nonces and ephemeral keys.
        faults: declared misbehaviour (:mod:`emulator.faults`).
        behaviour: habits of the operating system instead of the profile's.

    Raises:
        KeyError: there is no such card.
    """
    declared = tuple(faults)
    content = chip_content(name)
    if behaviour is not None:
        content = dataclasses.replace(content, behaviour=behaviour)
    if not declared:
        return VirtualCard(content, random_bytes=random_bytes)
    from emulator.faults import FaultScript

    return VirtualCard(content, random_bytes=random_bytes, misbehaviour=FaultScript(declared, content))
