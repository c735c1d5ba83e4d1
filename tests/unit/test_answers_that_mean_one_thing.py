"""An answer that can be read in two ways decides nothing, and a secret that is no file does not hold up the start."""

from __future__ import annotations

import datetime as dt
import json
import os
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk_ui.app.domain.insurance import EligibilityQuery
from kiosk_ui.app.failures import GatewayError, SettingsError
from kiosk_ui.app.gateways.hospital_peer import json_object
from kiosk_ui.app.gateways.relay_answer import parse_answer
from kiosk_ui.app.gateways.secret_place import read_secret
from kiosk_ui.app.gateways.strict_json import octets_of, parsed

_QUERY = EligibilityQuery("040085000017", "Nguyễn Văn An", dt.date(1985, 2, 3))
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


@given(_VALUES)
def test_every_plain_value_is_read_as_it_was_written(value: object) -> None:
    assert parsed(json.dumps(value).encode()) == value
    assert parsed(b"\xef\xbb\xbf" + json.dumps(value).encode()) == value  # a mark in front changes nothing
    assert json.loads(octets_of(value)) == value


@pytest.mark.parametrize("text", ["1.10", "0.12345678901234567890", "-0.0", "1E+400", "123456789012345678.10"])
def test_a_number_goes_back_with_every_digit(text: str) -> None:
    octets = f'{{"value": [{text}]}}'.encode()
    assert octets_of(parsed(octets, fraction=Decimal)) == octets


def test_what_cannot_be_written_back_is_said() -> None:
    with pytest.raises(ValueError, match="number"):
        parsed(b"1e99999999999999999999", fraction=Decimal)
    deep: object = 1
    for _ in range(5_000):
        deep = [deep]
    with pytest.raises(ValueError, match="nested"):
        octets_of(deep)
    with pytest.raises(ValueError, match="JSON"):
        octets_of({"a": float("inf")})


@pytest.mark.parametrize(
    "text",
    [
        '{"maKetQua": "010", "maKetQua": "000"}',
        '{"a": {"b": 1, "b": 1}}',
        '[{"a": 1}, {"a": 1, "\\u0061": 2}]',  # the same name, written in another way
        '{"a": NaN}',
        '{"a": -Infinity}',
        "[" * 100_000,
        "{",
        "",
    ],
)
def test_what_can_be_read_in_two_ways_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"twice|JSON|nested|Expecting"):
        parsed(text.encode())


def test_nobody_is_insured_by_the_last_of_two_words() -> None:
    valid = '"maThe": "DN4404012345678", "gtTheTu": "01/01/2025", "gtTheDen": "31/12/2026", "maKetQua": "000"'
    today = dt.date(2026, 3, 10)
    assert parse_answer(f"{{{valid}}}".encode(), today, _QUERY).code == "000"
    with pytest.raises(GatewayError) as caught:
        parse_answer(f'{{"maKetQua": "110", {valid}}}'.encode(), today, _QUERY)
    assert caught.value.code.name == "relay.answer_unusable"


def test_a_hospital_system_that_names_two_patients_at_once_is_not_believed() -> None:
    with pytest.raises(GatewayError) as caught:
        json_object(b'{"code": "000", "data": {"MA_BN": "BN1", "MA_BN": "BN2"}}')
    assert caught.value.code.name == "hospital.answer_unusable"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_secret_that_is_a_pipe_does_not_hold_up_the_start(tmp_path: Path) -> None:
    pipe = tmp_path / "token"
    os.mkfifo(pipe, 0o600)
    with pytest.raises(SettingsError) as caught:
        read_secret(str(pipe))
    assert "is no file" in str(caught.value.problems)


def test_a_secret_that_is_a_folder_or_a_device_is_refused(tmp_path: Path) -> None:
    for place in (str(tmp_path), os.devnull):
        with pytest.raises(SettingsError):
            read_secret(place)
