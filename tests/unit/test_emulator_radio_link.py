"""The model of the air, held against frames counted by hand and against what must be true of any link."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.adapters.radio_link import CARRIER_HZ, FRAME_SIZES, BitRate, HostLink, RadioLink

NO_HOST = HostLink(round_trip_s=0.0, bytes_per_s=1e12)
LENGTHS = st.integers(0, 66_000)
COMPUTING = st.floats(0, 10, allow_nan=False)
LINKS = st.builds(
    RadioLink,
    rate=st.sampled_from(BitRate),
    chip_frame_bytes=st.sampled_from(FRAME_SIZES),
    reader_frame_bytes=st.sampled_from(FRAME_SIZES),
    card_identifier=st.booleans(),
    fwi=st.integers(0, 14),
    wtxm=st.integers(1, 59),
)


def cycles(seconds: float) -> int:
    return round(seconds * CARRIER_HZ)


def test_a_long_command_is_chained_in_two_blocks_at_106_kbit_s() -> None:
    """261 bytes, FSC 256: 253 and 8 of them, in frames of 256 and 11 bytes; R(ACK) between, 9000 back."""
    link = RadioLink(BitRate.KBIT_106, chip_frame_bytes=256)
    assert link.blocks(261, 256) == [256, 11]
    first = (1 + 9 * 256 + 2) * 128
    acknowledged = 1236 + (1 + 9 * 3 + 1) * 128 + 1172
    second = (1 + 9 * 11 + 2) * 128
    answer = 1236 + (1 + 9 * 5 + 1) * 128
    exchange = link.exchange(261, 2, 0.0)
    assert first + acknowledged + second == 314_472
    assert cycles(exchange.air_s) == first + acknowledged + second + answer == 321_724
    assert exchange.frames == 4
    assert exchange.air_s == pytest.approx(0.023_726, abs=1e-6)


def test_the_same_command_at_848_kbit_s() -> None:
    """Bits are an eighth as long, delays are not, and the chip's frames begin with a burst of 32 cycles of the subcarrier."""
    command = (1 + 9 * 256 + 2) * 16 + (1236 + (512 + (1 + 9 * 3) * 16) + 1172) + (1 + 9 * 11 + 2) * 16
    answer = 1236 + 512 + (1 + 9 * 5) * 16
    assert cycles(RadioLink(BitRate.KBIT_848).exchange(261, 2, 0.0).air_s) == command + answer == 44_396


def test_a_long_answer_is_acknowledged_by_the_reader() -> None:
    """258 bytes, FSD 256: frames of 256 and 8 bytes."""
    command = (1 + 9 * (19 + 3) + 2) * 128
    answer = (1 + 9 * 256 + 1) * 128 + 1172 + (1 + 9 * 3 + 2) * 128 + 1236 + (1 + 9 * 8 + 1) * 128
    exchange = RadioLink(BitRate.KBIT_106).exchange(19, 258, 0.0)
    assert cycles(exchange.air_s) == command + 1236 + answer
    assert exchange.frames == 4


@pytest.mark.parametrize(
    ("octets", "frame", "expected"),
    [
        (0, 16, [3]),
        (13, 16, [16]),
        (14, 16, [16, 4]),
        (253, 256, [256]),
        (254, 256, [256, 4]),
        (506, 256, [256, 256]),
    ],
)
def test_a_block_is_full_before_the_next_begins(octets: int, frame: int, expected: list[int]) -> None:
    assert RadioLink().blocks(octets, frame) == expected


def test_a_card_identifier_takes_a_byte_of_every_block() -> None:
    link = RadioLink(card_identifier=True)
    assert link.blocks(253, 256) == [256, 5]
    assert link.exchange(5, 20, 0.0).air_s > RadioLink().exchange(5, 20, 0.0).air_s


def test_the_frame_waiting_times_of_the_standard() -> None:
    """FWI 0 is some 302 µs, 14 some 4949 ms (ISO/IEC 14443-4 §7.2)."""
    assert RadioLink(fwi=0).frame_waiting_time_s == pytest.approx(302.1e-6, abs=1e-7)
    assert RadioLink(fwi=14).frame_waiting_time_s == pytest.approx(4.949, abs=1e-3)


def test_a_chip_that_computes_longer_than_it_may_asks_for_more_time() -> None:
    """FWI 4 is 4.833 ms: 10 ms need two extensions. Each is a block of 4 bytes both ways and the delay between."""
    link = RadioLink(BitRate.KBIT_106, fwi=4)
    quick, slow = link.exchange(5, 20, 0.001), link.exchange(5, 20, 0.010)
    assert (quick.waiting_extensions, slow.waiting_extensions) == (0, 2)
    each = (1 + 9 * 4 + 1) * 128 + 1172 + (1 + 9 * 4 + 2) * 128
    assert each == 11_028
    assert cycles(slow.air_s) - cycles(quick.air_s) == 2 * each
    assert slow.frames == quick.frames + 4


def test_the_multiplier_saves_extensions() -> None:
    assert RadioLink(fwi=4, wtxm=1).exchange(5, 20, 0.1).waiting_extensions == 20
    assert RadioLink(fwi=4, wtxm=10).exchange(5, 20, 0.1).waiting_extensions == 2


def test_no_extension_is_longer_than_the_longest_waiting_time() -> None:
    """59 times 4.9 s would be minutes (ISO/IEC 14443-4 §7.3: at most FWT of FWI 14)."""
    assert RadioLink(fwi=14, wtxm=59).exchange(5, 20, 14.0).waiting_extensions == 2


def test_just_in_time_is_in_time() -> None:
    link = RadioLink(fwi=5)
    assert link.exchange(5, 20, link.frame_waiting_time_s).waiting_extensions == 0
    assert link.exchange(5, 20, link.frame_waiting_time_s * 1.001).waiting_extensions == 1


def test_computing_within_the_least_delay_costs_nothing() -> None:
    exchange = RadioLink().exchange(5, 20, 1236 / CARRIER_HZ)
    assert exchange.chip_s == 0.0
    assert RadioLink().exchange(5, 20, 0.001).chip_s == pytest.approx(0.001 - 1236 / CARRIER_HZ)


def test_the_way_to_the_computer_is_counted_in_messages() -> None:
    host = HostLink(round_trip_s=0.001, bytes_per_s=1e6, message_bytes=271)
    assert host.seconds(5, 20) == pytest.approx(0.001 + (25 + 20) / 1e6)
    assert host.seconds(5, 261) == pytest.approx(0.001 + (266 + 20) / 1e6)
    assert host.seconds(5, 262) == pytest.approx(0.002 + (267 + 40) / 1e6), "the answer takes a second message"
    assert host.seconds(300, 262) == pytest.approx(0.003 + (562 + 60) / 1e6)


@given(LINKS, LENGTHS, LENGTHS, COMPUTING)
def test_nothing_overlaps_and_nothing_is_lost(link: RadioLink, command: int, answer: int, chip_s: float) -> None:
    exchange = link.exchange(command, answer, chip_s)
    assert exchange.total_s == exchange.air_s + exchange.chip_s + exchange.host_s
    around = 4 if link.card_identifier else 3
    for octets, frame in ((command, link.chip_frame_bytes), (answer, link.reader_frame_bytes)):
        blocks = link.blocks(octets, frame)
        assert sum(block - around for block in blocks) == octets
        assert max(blocks) <= frame
        assert len(blocks) == max(1, -(-octets // (frame - around)))


@given(LINKS, LENGTHS, LENGTHS, COMPUTING)
def test_a_higher_bit_rate_is_never_slower_and_no_frame_quicker_than_its_bits(
    link: RadioLink, command: int, answer: int, chip_s: float
) -> None:
    by_rate = [dataclasses.replace(link, rate=rate).exchange(command, answer, chip_s) for rate in BitRate]
    assert [each.air_s for each in by_rate] == sorted((each.air_s for each in by_rate), reverse=True)
    assert len({(each.chip_s, each.host_s, each.frames, each.waiting_extensions) for each in by_rate}) == 1
    for rate, each in zip(BitRate, by_rate, strict=True):
        assert cycles(each.air_s) >= 9 * (command + answer) * rate.bit_cycles


@given(LINKS, LENGTHS, LENGTHS, st.integers(0, 300), st.integers(0, 300))
def test_more_octets_never_take_less_time(link: RadioLink, command: int, answer: int, more: int, and_more: int) -> None:
    longer = link.exchange(command + more, answer + and_more, 0.0)
    assert longer.total_s >= link.exchange(command, answer, 0.0).total_s


@given(LINKS, COMPUTING, COMPUTING)
def test_more_computing_never_takes_less_time(link: RadioLink, one: float, other: float) -> None:
    quick, slow = sorted((one, other))
    assert link.exchange(20, 200, quick).total_s <= link.exchange(20, 200, slow).total_s


@given(LINKS, LENGTHS, LENGTHS)
def test_larger_frames_are_never_slower(link: RadioLink, command: int, answer: int) -> None:
    small, large = (
        dataclasses.replace(link, chip_frame_bytes=size, reader_frame_bytes=size).exchange(command, answer, 0.0).air_s
        for size in (64, 256)
    )
    assert large <= small


@pytest.mark.parametrize(
    "wrong",
    [{"chip_frame_bytes": 255}, {"reader_frame_bytes": 0}, {"fwi": 15}, {"fwi": -1}, {"wtxm": 0}, {"wtxm": 60}],
    ids=str,
)
def test_sizes_that_the_standard_does_not_have_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"frame sizes|FWI"):
        RadioLink(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("command", "answer", "chip_s"),
    [(-1, 2, 0.0), (5, -2, 0.0), (5, 2, -1.0), (5, 2, float("nan")), (5, 2, float("inf"))],
)
def test_negative_and_endless_exchanges_are_refused(command: int, answer: int, chip_s: float) -> None:
    with pytest.raises(ValueError, match="negative"):
        RadioLink().exchange(command, answer, chip_s)


@pytest.mark.parametrize("wrong", [{"round_trip_s": -1.0}, {"bytes_per_s": 0.0}, {"message_bytes": 10}], ids=str)
def test_a_host_link_that_cannot_be_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="not negative"):
        HostLink(**wrong)  # type: ignore[arg-type]


def test_bit_rates_by_their_names() -> None:
    assert [BitRate.named(kbit_s) for kbit_s in (106, 212, 424, 848)] == list(BitRate)
    assert [rate.bit_cycles for rate in BitRate] == [128, 64, 32, 16]
    with pytest.raises(ValueError, match="106, 212, 424, 848"):
        BitRate.named(115)


def test_without_a_host_only_air_and_chip_are_left() -> None:
    exchange = RadioLink(host=NO_HOST).exchange(5, 20, 0.25)
    assert exchange.host_s < 1e-9
    assert exchange.total_s == pytest.approx(exchange.air_s + exchange.chip_s)
