"""Declared misbehaviour of chips: what a reader must survive, as data.

A :class:`Fault` says *what* goes wrong and *when*; the chip stays the ordinary chip otherwise. Kinds that match a topic
of BSI TR-03105 part 5.1 carry its id.

Example: the third protected answer has lost its MAC, and the card is gone at the thirtieth command::

    from emulator.cards import card
    from emulator.faults import Fault, FaultKind

    chip = card("an", faults=[Fault(FaultKind.SM_MAC_MISSING, at=3), Fault(FaultKind.CARD_REMOVED, at=30)])

Every way to open a card takes faults: ``emulator.cards.card(name, faults=…)`` and
``emulator.adapters.inprocess.provider.open(name, faults=…)``. ``FaultKind`` can be iterated, so that a test can claim
something about all of them.

Other misbehaviour needs no fault: how a file ends, refused master files, missing extended length are habits
(:class:`emulator.chip.content.ChipBehaviour`); changed files, copied chips and unknown issuers are cards of the catalogue.
"""

from emulator.faults.fault import Fault, FaultKind
from emulator.faults.script import FaultScript

__all__ = ["Fault", "FaultKind", "FaultScript"]
