"""A card behind the model of the link is read as without it, and its clock is the sum of what passed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

import reader
from emulator.adapters.chip_times import load_chip
from emulator.adapters.inprocess import provider, taken_away_at
from emulator.adapters.radio import BitRate, RadioChip, RadioLink, RadioTransport
from emulator.cards import card
from emulator.cli import main
from reader.transport.base import CardTransport
from tests.unit.reader_cards import TRUST, can_of

CHIP = load_chip("chip-2021")
PLAIN_READ = bytes.fromhex("00B09C0000")


def test_it_is_a_transport_as_the_reader_wants_one() -> None:
    inner = provider.open("an")
    with RadioTransport(inner, RadioLink(), CHIP) as card:
        assert isinstance(card, CardTransport)
        assert (card.atr, card.is_emulated) == (inner.atr, True)
        assert (card.max_command, card.max_response) == (inner.max_command, inner.max_response)
        card.reset()
        assert card.clock() == 0.0
    with pytest.raises(ConnectionError):
        inner.transmit(PLAIN_READ)


def read_at(rate: BitRate) -> tuple[reader.ReadOutcome, RadioTransport]:
    with RadioTransport(provider.open("an"), RadioLink(rate), CHIP) as card:
        return reader.read(card, can_of("an"), trust=TRUST), card


def test_a_reading_is_the_same_and_its_time_is_the_sum_of_its_exchanges() -> None:
    outcome, card = read_at(BitRate.KBIT_424)
    assert outcome.verdict.decision.value == "ACCEPT"
    assert len(card.exchanges) == outcome.link.commands
    assert sum(each.command_bytes for each in card.exchanges) == outcome.link.bytes_sent
    assert sum(each.answer_bytes for each in card.exchanges) == outcome.link.bytes_received
    assert card.clock() == pytest.approx(sum(each.total_s for each in card.exchanges))


def test_each_bit_rate_is_quicker_than_the_one_before() -> None:
    """And no reading is quicker than its bits, nor does a faster link make the chip compute faster."""
    cards = [read_at(rate)[1] for rate in BitRate]
    seconds = [each.clock() for each in cards]
    assert seconds == sorted(seconds, reverse=True)
    for rate, each_card in zip(BitRate, cards, strict=True):
        carried = sum(each.command_bytes + each.answer_bytes for each in each_card.exchanges)
        assert sum(each.air_s for each in each_card.exchanges) >= 9 * carried / (1000 * rate.kbit_s)
    computing = [sum(each.chip_s for each in one.exchanges) for one in cards]
    assert max(computing) == pytest.approx(min(computing), rel=0.01)  # signatures differ by a byte


def test_nothing_sleeps_unless_it_is_told_to() -> None:
    slept: list[float] = []
    with RadioTransport(provider.open("an"), RadioLink(), CHIP, sleep=slept.append) as card:
        card.transmit(PLAIN_READ)
    assert slept == []
    with RadioTransport(provider.open("an"), RadioLink(), CHIP, real_time=True, sleep=slept.append) as card:
        card.transmit(PLAIN_READ)
        card.transmit(PLAIN_READ)
        assert slept == [each.total_s for each in card.exchanges]
        assert len(slept) == 2


def test_a_card_that_is_taken_away_takes_no_time_and_is_gone() -> None:
    inner = provider.open("an", on_transmit=taken_away_at(2))
    with RadioTransport(inner, RadioLink(), CHIP) as card:
        card.transmit(PLAIN_READ)
        before = card.clock()
        with pytest.raises(ConnectionError):
            card.transmit(PLAIN_READ)
        assert card.clock() == before
        assert len(card.exchanges) == 1


def test_octets_that_are_no_command_pass_as_they_are() -> None:
    with RadioTransport(provider.open("an"), RadioLink(), CHIP) as card:
        assert card.transmit(b"") == b"\x67\x00"
        assert card.transmit(bytes(3)) == b"\x67\x00"
        assert card.clock() > 0


def test_a_chip_in_a_slot_answers_slowly() -> None:
    slept: list[float] = []
    chip = RadioChip(card("an"), RadioLink(BitRate.KBIT_106), CHIP, sleep=slept.append)
    chip.power_on()
    assert chip.atr == card("an").atr
    assert chip.transmit(PLAIN_READ)[-2:] == b"\x90\x00"
    assert slept == [chip.clock()]
    chip.reset()
    chip.power_off()
    assert chip.transmit(PLAIN_READ) == b"\x6f\x00"


def test_the_model_needs_no_reader() -> None:
    program = (
        "import sys, emulator.adapters.radio; sys.exit(any(name.split('.')[0] == 'reader' for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


class Slot:
    """In place of a slot of the virtual reader: asks the card once."""

    def __init__(self, chip: object, host: str, port: int, *, patience_s: float) -> None:
        self.chip = chip
        slots.append(self)

    def serve(self, announce: Callable[[], None]) -> None:
        assert self.chip.transmit(PLAIN_READ)[-2:] == b"\x90\x00"  # type: ignore[attr-defined]
        announce()


slots: list[Slot] = []


@pytest.mark.parametrize(
    ("arguments", "slow"), [([], False), (["--bit-rate", "106"], True), (["--bit-rate", "848"], True)]
)
def test_card_run_takes_a_bit_rate(arguments: list[str], slow: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emulator.cli.VpcdSlot", Slot)
    slots.clear()
    assert main(["card", "run", "an", *arguments]) == 0
    assert isinstance(slots[0].chip, RadioChip) is slow
    if isinstance(slots[0].chip, RadioChip):
        assert slots[0].chip.clock() > 0.001


def test_card_run_knows_four_bit_rates(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["card", "run", "an", "--bit-rate", "115"]) == 64
    assert "106, 212, 424, 848" in capsys.readouterr().err
