"""What may be sent to a card reader: as its driver says (PC/SC part 10), else what every reader carries."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reader.transport.reader_limits import (
    EXTENDED,
    SHORT,
    ReaderLimits,
    control_code_of_properties,
    limits_of_reader,
    max_data_size,
)

# As the free CCID driver answers for a contactless reader: PIN features first, escape commands, then the properties.
FEATURES = bytes.fromhex("060442330006130442000001120442330012")
PROPERTIES = bytes.fromhex("0901000B026B070A04000001000C022A05")


def test_the_properties_are_found_among_other_features() -> None:
    assert control_code_of_properties(FEATURES) == 0x42330012


def test_the_size_is_little_endian_among_other_properties() -> None:
    assert max_data_size(PROPERTIES) == 65_536


@pytest.mark.parametrize(
    "features", ["", "06", "0604423300", "060442330006", "130442000001", "1203423300", "12054233001200", "1204423300"]
)
def test_a_driver_that_does_not_list_its_properties_has_none(features: str) -> None:
    assert control_code_of_properties(bytes.fromhex(features)) is None


@pytest.mark.parametrize("properties", ["", "0A", "0A04", "0A040000", "0A020001", "0B026B07", "0A0500000100FF"])
def test_properties_without_a_whole_size_say_nothing(properties: str) -> None:
    assert max_data_size(bytes.fromhex(properties)) is None


@pytest.mark.parametrize(
    ("announced", "limits"),
    [
        (None, SHORT),
        (0, SHORT),
        (256, SHORT),
        (1_024, ReaderLimits(4 + 3 + 1_024 + 2, 1_026)),
        (65_535, ReaderLimits(4 + 3 + 65_535 + 2, 65_537)),
        (65_536, EXTENDED),
        (0xFFFFFFFF, EXTENDED),
    ],
)
def test_what_is_announced_counts_and_silence_means_short(announced: int | None, limits: ReaderLimits) -> None:
    assert limits_of_reader("Some Reader 00 00", announced) == limits


def test_short_is_what_a_command_with_one_length_octet_can_be() -> None:
    assert ReaderLimits(261, 258) == SHORT
    assert ReaderLimits(65_544, 65_538) == EXTENDED


def test_a_reader_that_is_known_is_taken_as_it_is_whatever_its_driver_says() -> None:
    assert limits_of_reader("Virtual PCD 00 00", None) == EXTENDED
    narrow = limits_of_reader("ACS ACR122U PICC Interface 00 00", 65_536)
    assert narrow.max_response < SHORT.max_response
    assert narrow.max_command < SHORT.max_command


@given(st.binary(max_size=80))
def test_no_answer_of_a_driver_upsets_the_terminal(answer: bytes) -> None:
    code, size = control_code_of_properties(answer), max_data_size(answer)
    limits = limits_of_reader("Some Reader", size)
    assert code is None or 0 <= code <= 0xFFFFFFFF
    assert SHORT.max_command <= limits.max_command <= EXTENDED.max_command
    assert SHORT.max_response <= limits.max_response <= EXTENDED.max_response
