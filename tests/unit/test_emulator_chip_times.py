"""What a chip computes for a command is told from the command alone, and never raises."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.wire.tlv import encode_tlv
from emulator.adapters.chip_times import ChipTimes, chip_names, load_chip

NEW = load_chip("chip-2021")
CHIPS = tuple(load_chip(name) for name in chip_names())
CURVES = (192, 224, 256, 320, 384, 512, 521)


def ms(seconds: float) -> float:
    return round(1000 * seconds, 6)


def point(bits: int) -> bytes:
    return b"\x04" + bytes(2 * -(-bits // 8))


def plain(header: str, data: bytes) -> bytes:
    octets = bytes.fromhex(header)
    if len(data) < 256:
        return octets + bytes([len(data)]) + data + b"\0"
    return octets + b"\0" + len(data).to_bytes(2, "big") + data + b"\0\0"


def protected(header: str, data: bytes, block: int) -> bytes:
    """The lengths of Doc 9303-11 §9.8.4; what is encrypted is left zero."""
    cryptogram = encode_tlv(0x87, bytes(1 + (len(data) // block + 1) * block))
    return plain(header, cryptogram + encode_tlv(0x97, b"\0") + encode_tlv(0x8E, bytes(8)))


def protected_answer(data: int, block: int) -> int:
    return len(encode_tlv(0x87, bytes(1 + (data // block + 1) * block))) + 4 + 10 + 2


def without_protection(chip: ChipTimes) -> ChipTimes:
    """So that only the protocol's own work is left."""
    return dataclasses.replace(
        chip, command_ms=0.0, select_ms=0.0, protection_ms=0.0, symmetric_us_per_byte=0.0, hash_ms=0.0
    )


# ----------------------------------------------------------------------------------------------- the profiles
@pytest.mark.parametrize("name", chip_names())
def test_every_number_of_a_chip_says_where_it_is_from(name: str) -> None:
    chip = load_chip(name)
    numbers = {field.name for field in dataclasses.fields(chip)} - {"name", "what", "source"}
    assert set(chip.source) == numbers
    assert all(chip.source.values())
    assert (chip.name, bool(chip.what)) == (name, True)


@pytest.mark.parametrize("name", chip_names())
def test_no_operation_takes_no_time(name: str) -> None:
    chip = load_chip(name)
    for field in dataclasses.fields(chip):
        value = getattr(chip, field.name)
        if field.name.endswith(("_ms", "_byte")):
            assert all(each > 0 for each in (value.values() if isinstance(value, dict) else [value]))


def test_an_unknown_chip_is_no_chip() -> None:
    with pytest.raises(KeyError, match="chip-2013"):
        load_chip("../radio")


# -------------------------------------------------------------------------------------------------- protocols
@pytest.mark.parametrize("bits", CURVES)
def test_generic_mapping_multiplies_five_times(bits: int) -> None:
    """Own key pair, H and s·G; then own key pair and the secret (Doc 9303-11 §4.4.3.3)."""
    chip = without_protection(NEW)
    answer = len(point(bits)) + 6
    mapping = chip.seconds(plain("10860000", encode_tlv(0x7C, encode_tlv(0x81, point(bits)))), answer)
    agreement = chip.seconds(plain("10860000", encode_tlv(0x7C, encode_tlv(0x83, point(bits)))), answer)
    one = NEW.ec_multiplication_ms[bits]
    assert (ms(mapping), ms(agreement)) == (pytest.approx(3 * one), pytest.approx(2 * one))


def test_generic_mapping_in_a_finite_field_raises_to_powers() -> None:
    chip = without_protection(NEW)
    command = plain("10860000", encode_tlv(0x7C, encode_tlv(0x81, b"\x04" + bytes(255))))
    assert ms(chip.seconds(command, 264)) == pytest.approx(3 * NEW.modular_power_ms[2048])


def test_integrated_mapping_is_known_by_its_nonce() -> None:
    chip = without_protection(NEW)
    command = plain("10860000", encode_tlv(0x7C, encode_tlv(0x81, bytes(16))))
    assert ms(chip.seconds(command, 6)) == pytest.approx(NEW.ec_multiplication_ms[256])


@pytest.mark.parametrize("block", [8, 16], ids=["3DES", "AES"])
@pytest.mark.parametrize("bits", CURVES)
def test_chip_authentication_is_told_apart_by_its_length(bits: int, block: int) -> None:
    """Once in GENERAL AUTHENTICATE. In AES blocks, 192 bits are as long as 224, and 512 as 521: the longer is taken."""
    chip = without_protection(NEW)
    command = protected("0C860000", encode_tlv(0x7C, encode_tlv(0x80, point(bits))), block)
    seen = {(192, 16): 224, (512, 16): 521}.get((bits, block), bits)
    assert ms(chip.seconds(command, protected_answer(2, block))) == pytest.approx(NEW.ec_multiplication_ms[seen])


def test_chip_authentication_of_the_oldest_chips_comes_with_the_key_in_mse() -> None:
    chip = without_protection(NEW)
    command = protected("0C2241A6", encode_tlv(0x91, point(256)), 8)
    assert ms(chip.seconds(command, 16)) == pytest.approx(NEW.ec_multiplication_ms[256])
    assert ms(chip.seconds(protected("0C2241A4", bytes(12), 8), 16)) == 0.0, "MSE:Set AT only names the protocol"


def test_chip_authentication_in_a_finite_field() -> None:
    chip = without_protection(NEW)
    command = protected("0C860000", encode_tlv(0x7C, encode_tlv(0x80, bytes(256))), 16)
    assert ms(chip.seconds(command, protected_answer(2, 16))) == pytest.approx(NEW.modular_power_ms[2048])


@pytest.mark.parametrize(
    ("signature", "bits", "of"),
    [(48, 192, "ec"), (64, 256, "ec"), (96, 384, "ec"), (128, 1024, "rsa"), (256, 2048, "rsa"), (512, 4096, "rsa")],
)
def test_active_authentication_is_told_by_its_signature(signature: int, bits: int, of: str) -> None:
    chip = without_protection(NEW)
    command = protected("0C880000", bytes(8), 8)
    listed = NEW.ec_multiplication_ms if of == "ec" else NEW.modular_power_ms
    assert ms(chip.seconds(command, protected_answer(signature, 8))) == pytest.approx(listed[bits])


def test_reading_costs_by_the_byte_and_by_the_command() -> None:
    """Two passes over what is carried, and the memory."""
    command = bytes.fromhex("0CB09E000D") + encode_tlv(0x97, b"\0") + encode_tlv(0x8E, bytes(8)) + b"\0"
    one, two = NEW.seconds(command, 256), NEW.seconds(command, 512)
    per_byte = 2 * NEW.symmetric_us_per_byte + NEW.memory_us_per_byte
    assert 1e6 * (two - one) == pytest.approx(256 * per_byte)
    fixed = NEW.command_ms + NEW.protection_ms + 1e-3 * 13 * 2 * NEW.symmetric_us_per_byte
    assert ms(one) == pytest.approx(fixed + 1e-3 * 256 * per_byte)


def test_what_the_chip_refuses_it_does_not_compute() -> None:
    command = plain("10860000", encode_tlv(0x7C, encode_tlv(0x81, point(256))))
    assert ms(NEW.seconds(command, 2)) == pytest.approx(NEW.command_ms)


def test_a_length_that_is_not_listed_is_scaled() -> None:
    old = load_chip("chip-2013")
    assert ms(old.ec_multiplication(512)) == pytest.approx(4 * 127.40)
    assert ms(old.modular_power(2048)) == pytest.approx(8 * 100.0)


# ----------------------------------------------------------------------------------------------- hostile input
@given(st.binary(max_size=300), st.integers(2, 66_000), st.sampled_from(CHIPS))
def test_no_octets_at_all_upset_the_clock(command: bytes, answer: int, chip: ChipTimes) -> None:
    assert chip.command_ms * 1e-3 <= chip.seconds(command, answer) < 1_000


@given(
    st.sampled_from([0x00, 0x0C, 0x10, 0x1C]),
    st.sampled_from([0x22, 0x2A, 0x82, 0x84, 0x86, 0x88, 0xA4, 0xB0, 0xB1]),
    st.binary(max_size=255),
    st.integers(2, 700),
)
def test_no_command_of_the_protocols_upsets_the_clock(cla: int, ins: int, data: bytes, answer: int) -> None:
    command = plain(bytes([cla, ins, 0x41, 0xA6]).hex(), data) if data else bytes([cla, ins, 0x41, 0xA6, 0])
    assert NEW.command_ms * 1e-3 <= NEW.seconds(command, answer) < 100
