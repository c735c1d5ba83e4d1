"""The operator's PIN: never kept as it is, slow to guess, and a power cycle gains nothing."""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk_ui.app.failures import SettingsError
from kiosk_ui.app.operation.operation import PIN_FILE, Operation
from kiosk_ui.app.operation.pin import FREE_TRIES, LONGEST_PAUSE_S, PinAnswer, PinGuard, PinHash, why_weak
from kiosk_ui.app.ports import SystemClock
from kiosk_ui.app.settings_operation import OperationSettings

PIN, WRONG = "730915", "100000"


class Clock:
    def __init__(self) -> None:
        self.now = 5.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def kept() -> PinHash:
    return PinHash.of(PIN)


def guard(kept: PinHash | None, tmp_path: Path, clock: Clock) -> PinGuard:
    return PinGuard(lambda: kept, tmp_path / "tries", monotonic=clock)


def test_the_hash_is_scrypt_and_says_nothing_of_the_pin(kept: PinHash, tmp_path: Path) -> None:
    _, cost, block, lanes, _, _ = kept.as_text().split("$")
    again = hashlib.scrypt(
        PIN.encode(), salt=kept.salt, n=int(cost), r=int(block), p=int(lanes), maxmem=1 << 27, dklen=32
    )
    assert again == kept.digest
    assert PIN not in kept.as_text() + repr(kept)
    assert kept.matches(PIN)
    assert not kept.matches(WRONG)
    assert PinHash.of(PIN).digest != kept.digest
    path = tmp_path / "deep" / "operator.pin"
    kept.save(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert PinHash.load(path) == kept
    assert PinHash.load(tmp_path / "none") is None


@pytest.mark.parametrize(
    "pin", ["", "12345", "1234567890123", "12345a", "111111", "234567", "987654", "٧٣٠٩١٥", "901234"]
)
def test_pins_that_are_guessed_first_are_not_taken(pin: str) -> None:
    assert why_weak(pin)
    with pytest.raises(ValueError, match=r"\."):
        PinHash.of(pin)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "730915",
        "scrypt$32768$8$1$AAAA$AAAA",
        "scrypt$1$8$1$AAAAAAAAAAAAAAAAAAAAAA==$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "scrypt$999999999$999$1$AAAAAAAAAAAAAAAAAAAAAA==$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "scrypt$32768$8$1$A$A",
    ],
)
def test_a_file_that_holds_something_else_stops_the_start_with_advice(text: str, tmp_path: Path) -> None:
    path = tmp_path / "operator.pin"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match="operator-pin"):
        PinHash.load(path)


@given(st.text(max_size=200))
def test_no_text_makes_the_reader_of_hashes_stumble(text: str) -> None:
    with pytest.raises(ValueError, match=r"hash"):
        PinHash.parse("scrypt$" + text)


def test_pauses_grow_after_the_free_tries_and_a_right_pin_ends_them(kept: PinHash, tmp_path: Path) -> None:
    clock = Clock()
    door = guard(kept, tmp_path, clock)
    pauses = []
    for _ in range(FREE_TRIES + 3):
        outcome = door.attempt(WRONG)
        assert outcome.answer is PinAnswer.WRONG
        pauses.append(outcome.wait_s)
        clock.now += outcome.wait_s
    assert pauses == [0, 0, 30, 60, 120, 240]
    assert door.attempt(WRONG).wait_s == 480
    assert door.attempt(PIN).answer is PinAnswer.LOCKED  # even the right one: a pause is a pause
    clock.now += 480
    assert door.attempt(PIN).answer is PinAnswer.RIGHT
    assert door.attempt(WRONG).wait_s == 0


def test_pulling_the_plug_gains_nothing(kept: PinHash, tmp_path: Path) -> None:
    clock = Clock()
    for _ in range(FREE_TRIES):
        guard(kept, tmp_path, clock).attempt(WRONG)
    after = guard(kept, tmp_path, clock)
    assert after.wait_s() == 30
    assert after.attempt(PIN).answer is PinAnswer.LOCKED
    clock.now += 30
    assert after.attempt(PIN).answer is PinAnswer.RIGHT
    assert guard(kept, tmp_path, clock).wait_s() == 0


def test_the_longest_pause_is_an_hour_whatever_the_count(tmp_path: Path, kept: PinHash) -> None:
    (tmp_path / "tries").write_text("99999999", encoding="ascii")
    assert guard(kept, tmp_path, Clock()).wait_s() == LONGEST_PAUSE_S


@settings(max_examples=30)
@given(st.binary(max_size=40))
def test_a_count_that_was_tampered_with_never_opens_the_door_wider(tmp_path_factory, content: bytes) -> None:
    folder = tmp_path_factory.mktemp("tries")
    (folder / "tries").write_bytes(content)
    wait = PinGuard(lambda: None, folder / "tries", monotonic=Clock()).wait_s()
    assert 0 <= wait <= LONGEST_PAUSE_S


def test_without_a_pin_nobody_comes_in(tmp_path: Path) -> None:
    door = guard(None, tmp_path, Clock())
    assert door.attempt(PIN).answer is PinAnswer.NOT_SET


def test_a_full_disk_does_not_open_the_door(kept: PinHash, tmp_path: Path) -> None:
    clock = Clock()
    (tmp_path / "no-folder").write_text("", encoding="ascii")
    door = PinGuard(lambda: kept, tmp_path / "no-folder" / "tries", monotonic=clock)
    for _ in range(FREE_TRIES):
        door.attempt(WRONG)
    assert door.wait_s() == 30


def test_a_new_pin_counts_at_once_and_a_spoilt_file_leaves_the_kiosk_running(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    operation = Operation(OperationSettings(), tmp_path, SystemClock(), dt.UTC)
    door = operation.pin_guard()
    assert door.attempt(PIN).answer is PinAnswer.NOT_SET
    PinHash.of(PIN).save(tmp_path / PIN_FILE)
    assert door.attempt(PIN).answer is PinAnswer.RIGHT
    (tmp_path / PIN_FILE).write_bytes(b"\xff torn")
    assert door.attempt(PIN).answer is PinAnswer.NOT_SET
    assert "operator-pin" in caplog.text
