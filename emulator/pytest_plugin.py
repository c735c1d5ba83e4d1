"""Emulated cards for the tests of other programs that read identity cards.

Use it with ``pytest -p emulator.pytest_plugin``, or ``pytest_plugins = ["emulator.pytest_plugin"]`` in the topmost
``conftest.py``. Example::

    def test_my_reader_survives_a_stripped_answer(emulated_card):
        chip = emulated_card("an", faults=[Fault(FaultKind.SM_STRIPPED)])
        with pytest.raises(MyReaderError):
            my_reader.read(transmit=chip.transmit, can="000017")
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from emulator.cards import CardSpec, card, catalogue, trust_anchors
from emulator.chip.card import VirtualCard

__all__ = ["emulated_card", "emulated_people", "emulated_trust_anchors"]


@pytest.fixture
def emulated_card() -> Callable[..., VirtualCard]:
    """:func:`emulator.cards.card`: makes a fresh chip by name, with faults if wanted."""
    return card


@pytest.fixture(scope="session")
def emulated_people() -> Sequence[CardSpec]:
    """All built-in cards with what is printed on them, chips for the laboratory included."""
    return catalogue(laboratory=True)


@pytest.fixture(scope="session")
def emulated_trust_anchors() -> Sequence[bytes]:
    """DER certificates of the TEST authorities."""
    return trust_anchors()
