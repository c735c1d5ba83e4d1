"""``chipid read`` when the card is taken away in the middle: it says so, waits, and goes on."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Callable

import pytest

from emulator.cards import chip_content
from emulator.chip.card import VirtualCard
from kiosk_ui.cli import main
from reader import transport
from tests.hostile.torn_cards import Hand, Tear, TornTransport

NUMBER = "040085000017"
ASKED = "Put it back: reading goes on where it stopped"


@pytest.fixture
def slot(monkeypatch: pytest.MonkeyPatch) -> Callable[[TornTransport, Hand], None]:
    """A reader by the name of ``slot``, and what is laid on it one after the other."""

    def lay(first: TornTransport, hand: Hand) -> None:
        monkeypatch.setattr(transport, "open_pcsc", lambda name: first)
        monkeypatch.setattr(transport, "PcscReturning", lambda name: hand, raising=False)

    return lay


def read(*more: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(["read", "--reader", "slot", "--number", NUMBER, "--test-mode", *more])
    return code, out.getvalue(), err.getvalue()


def test_a_card_that_comes_back_is_read_on(slot: Callable[[TornTransport, Hand], None]) -> None:
    card = VirtualCard(chip_content("an"))
    slot(TornTransport(card, 40, Tear.ANSWER_LOST), Hand([TornTransport(card)]))
    code, out, err = read("--json")
    assert code == 0
    assert json.loads(out)["verdict"] == "ACCEPT"
    assert err.count(ASKED) == 1
    assert err.count("Opening the chip") == 2
    assert err.count("Reading DG1: ") == 1, "what was read is not read again"


def test_a_card_that_does_not_come_back_is_told_as_taken_away(slot: Callable[[TornTransport, Hand], None]) -> None:
    slot(TornTransport(VirtualCard(chip_content("an")), 40), Hand())
    code, out, err = read()
    assert (code, out) == (2, "")
    assert err.count(ASKED) == 1
    assert "card.removed" in err


def test_another_card_is_told_as_another(slot: Callable[[TornTransport, Hand], None]) -> None:
    slot(TornTransport(VirtualCard(chip_content("an")), 40), Hand([TornTransport(VirtualCard(chip_content("quy")))]))
    code, out, err = read()
    assert (code, out) == (2, "")
    assert "card.another" in err


def test_a_group_that_was_changed_is_told_while_the_rest_is_being_read(
    slot: Callable[[TornTransport, Hand], None],
) -> None:
    slot(TornTransport(VirtualCard(chip_content("changed"))), Hand())
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        assert main(["read", "--reader", "slot", "--number", "001075012846", "--test-mode"]) == 1
    lines = err.getvalue().splitlines()
    told = lines.index("DG13 is not what the chip's issuer signed.")
    assert told < next(index for index, line in enumerate(lines) if line.startswith("Reading DG2"))


def test_the_photo_is_left_out_where_nobody_wants_it(slot: Callable[[TornTransport, Hand], None]) -> None:
    slot(TornTransport(VirtualCard(chip_content("an"))), Hand())
    code, out, err = read("--no-photo", "--json")
    assert code == 0
    assert "DG2" not in json.loads(out)["document"]["files"]
    assert "DG2" not in err
