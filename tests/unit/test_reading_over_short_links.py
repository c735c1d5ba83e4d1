"""Readers that carry no extended lengths: nothing longer is sent or asked for, and what cannot be said is told as that."""

from __future__ import annotations

import dataclasses

import pytest

import reader
from crypto.wire.apdu import CommandApdu
from emulator.adapters.inprocess import EmulatedTransport
from emulator.cards import chip_content
from emulator.chip.card import VirtualCard
from reader import errors
from reader.chip_proofs import ChipAnswer
from reader.command_chaining import CommandLengths
from reader.plan import HOSPITAL
from reader.verification.checks import CheckStatus
from reader.verification.verdict import Decision
from tests.unit.reader_cards import PEOPLE, TRUST, can_of, status_of

QUICK = HOSPITAL.without_photo()
SHORT, NARROW = (261, 258), (250, 250)


class ShortLink(EmulatedTransport):
    """Carries so many bytes each way; loses the card at anything longer, as a reader does."""

    def __init__(self, name: str, carried: tuple[int, int] = SHORT, *, in_pieces: bool = False) -> None:
        super().__init__(VirtualCard(chip_content(name)))
        self.carried = carried
        self._in_pieces = in_pieces
        self._waiting = b""

    @property
    def max_command(self) -> int:
        return self.carried[0]

    @property
    def max_response(self) -> int:
        return self.carried[1]

    def transmit(self, command: bytes) -> bytes:
        parsed = CommandApdu.parse(command)
        if len(command) > self.max_command or parsed.is_extended:
            raise ConnectionError
        if parsed.ins == 0xC0 and self._waiting:
            return self._piece()
        if self._in_pieces and parsed.ins == 0x88:  # the chip inside does not cut its answers itself
            command = dataclasses.replace(parsed, ne=65_536, extended=True).encode()
        answer = super().transmit(command)
        if self._in_pieces and len(answer) > self.max_response:
            self._waiting = answer
            return self._piece()
        if len(answer) > self.max_response:
            raise ConnectionError
        return answer

    def _piece(self) -> bytes:
        data, status = self._waiting[:-2], self._waiting[-2:]
        piece, rest = data[:200], data[200:]
        self._waiting = rest + status if rest else b""
        return piece + (bytes([0x61, len(rest)]) if rest else status)


def read(card: ShortLink, name: str) -> reader.ReadOutcome:
    content = chip_content(name)
    key = can_of(name) if content.can else reader.MrzKey.from_lines(PEOPLE[name].mrz)
    with card:
        return reader.read(card, key, trust=TRUST, plan=QUICK)


@pytest.mark.parametrize("carried", [SHORT, NARROW], ids=str)
@pytest.mark.parametrize("name", ["an", "bac-only", "blocks-2048", "chip-auth-dh", "pace-cam", "p384-short", "pin-puk"])
def test_cards_whose_keys_are_short_are_read_as_ever(name: str, carried: tuple[int, int]) -> None:
    assert read(ShortLink(name, carried), name).verdict.decision is Decision.ACCEPT


@pytest.mark.parametrize("carried", [SHORT, NARROW], ids=str)
def test_a_signature_that_the_reader_cannot_carry_does_not_end_the_reading(carried: tuple[int, int]) -> None:
    """RSA of 2048 bits. The chip has another proof, so that the card is accepted all the same."""
    outcome = read(ShortLink("rsa-active-2048", carried), "rsa-active-2048")
    assert outcome.reading.active_authentication is ChipAnswer.NOT_SPOKEN
    assert outcome.verdict.decision is Decision.ACCEPT


def test_such_a_signature_may_come_in_pieces() -> None:
    outcome = read(ShortLink("rsa-active-2048", in_pieces=True), "rsa-active-2048")
    assert status_of(outcome, "active_authentication")[0] is CheckStatus.SUCCESSFUL


def test_a_signature_that_is_cut_to_what_fits_is_no_proof_of_a_copy() -> None:
    outcome = read(ShortLink("signature-cut-to-fit"), "signature-cut-to-fit")
    assert outcome.reading.active_authentication is ChipAnswer.NOT_SPOKEN
    assert outcome.verdict.decision is Decision.REFER


def test_pace_in_a_large_field_is_told_as_what_the_reader_cannot_carry() -> None:
    """Not as a card that was lifted, which would have people lay it down again and again."""
    with pytest.raises(errors.ProtocolError) as caught:
        read(ShortLink("eac1-dh-rsa"), "eac1-dh-rsa")
    assert caught.value.code is errors.ACCESS_NOT_SUPPORTED
    assert caught.value.facts["reason"] == "reader_takes_no_long_commands"


@pytest.mark.parametrize("link_bytes", [100, 250, 256, 261, 300, 1_000])
def test_no_part_of_a_command_is_longer_than_the_link_carries(link_bytes: int) -> None:
    lengths = CommandLengths(link_bytes)
    parts = lengths.parts(CommandApdu(0x00, 0x2A, 0x00, 0xBE, bytes(range(256)) * 3), None)
    assert b"".join(part.data for part in parts) == bytes(range(256)) * 3
    assert max(len(part.encode()) for part in parts) <= link_bytes
