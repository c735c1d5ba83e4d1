"""What documents of other states do that their readers must survive: each habit shown on the chip that has it."""

from __future__ import annotations

import pytest

from emulator.cards import card, catalogue, chip_content
from tests.interop.foreign_messaging import Refused
from tests.interop.foreign_security_infos import ID_CA_ECDH, security_infos
from tests.interop.foreign_terminal import APPLICATION, Terminal
from tests.interop.foreign_tlv import only
from tests.interop.reading_habits import mrz_information

SPECS = {spec.name: spec for spec in catalogue(laboratory=True)}
OK = "9000"


def terminal(name: str) -> Terminal:
    return Terminal(card(name).transmit)


def opened(name: str) -> Terminal:
    """After Basic Access Control."""
    link = terminal(name)
    link.expect("00A4040C", APPLICATION)
    link.bac(mrz_information(SPECS[name].mrz))
    return link


@pytest.mark.parametrize("status", ["6982", "6A81", "6A86", "6A87"])
def test_select_of_the_master_file_is_refused_in_the_chips_own_way_and_nothing_else_is(status: str) -> None:
    link = terminal(f"select-mf-{status.lower()}")
    for command in ("00A4000C023F00", "00A4000C", "00A40000"):
        assert link.raw(command) == (b"", status)
    assert link.raw("00A4040C07" + APPLICATION.hex())[1] == OK


def test_ef_dir_can_be_selected_after_access_control_only() -> None:
    assert terminal("ef-dir-6982").raw("00A4020C022F00")[1] == "6982"
    link = terminal("aes256")
    assert link.raw("00A4020C022F00")[1] == OK  # as the standard has it


def test_ef_card_access_is_deactivated() -> None:
    link = terminal("sod-issuer-letters")
    assert link.raw("00A4020C02011C") == (b"", "6283")
    assert link.raw("00B0000000")[1] == "6986"  # nothing is selected


def test_basic_access_control_is_unknown_where_pace_is_the_only_way() -> None:
    link = terminal("pace-only")
    link.expect("00A4040C", APPLICATION)
    with pytest.raises(Refused, match="6A88"):
        link.bac(mrz_information(SPECS["pace-only"].mrz))


@pytest.mark.parametrize(("length", "expected"), [(159, OK), (160, "6700"), (223, "6700"), (255, "6700")])
def test_long_reads_are_refused(length: int, expected: str) -> None:
    link = opened("short-reads")
    link.expect("00A4020C", b"\x01\x02")
    data, status = link.send("00B00000", le=bytes([length]))
    assert (len(data), status) == ((length, OK) if expected == OK else (0, expected))


def test_a_read_without_length_is_refused() -> None:
    link = opened("zero-le-6b00")
    link.expect("00A4020C", b"\x01\x02")
    assert link.send("00B00000", le=b"\0") == (b"", "6B00")
    assert len(link.expect("00B00000", le=b"\xdf")) == 0xDF


def test_a_read_beyond_the_end_names_the_right_length() -> None:
    link = opened("select-mf-6a87")
    link.expect("00A4020C", b"\x01\x01")
    whole = next(file.content for file in chip_content("select-mf-6a87").application_files if file.identifier == 0x0101)
    assert link.send("00B0000A", le=b"\xa0") == (b"", f"6C{len(whole) - 10:02X}")
    assert link.expect("00B0000A", le=bytes([len(whole) - 10])) == whole[10:]


def test_a_cut_signature_comes_with_success() -> None:
    link = opened("cut-signature")
    assert len(link.expect("00880000", bytes(8), b"\0")) == 1024 // 8 - 8
    assert len(opened("short-reads").expect("00880000", bytes(8), b"\0")) == 1024 // 8


def test_chip_authentication_that_is_not_announced_works_with_3des() -> None:
    """Doc 9303-11 §9.2.6: a public key without ChipAuthenticationInfo means 3DES."""
    link = opened("ca-3des-unannounced")
    infos = security_infos(only(link.read_by_identifier(0x010E), 0x6E))
    assert infos.chip_authentication == {}
    link.chip_authentication(ID_CA_ECDH + b"\x01", infos.chip_keys[None], by_template=True)
    link.expect("00A4020C", b"\x01\x01")


def test_without_extended_length_long_commands_are_refused() -> None:
    link = terminal("p384-short")
    assert link.raw("00A4040C000007" + APPLICATION.hex())[1] == "6700"
    assert not any(file.identifier == 0x2F01 for file in chip_content("p384-short").master_files)


def test_ef_sod_is_written_in_other_ways() -> None:
    """Indefinite length in BER; content types of old; string types of the issuer's name."""

    def security_object(name: str) -> bytes:
        return only(next(f.content for f in chip_content(name).application_files if f.identifier == 0x011D), 0x77)

    indefinite = security_object("sod-indefinite")
    assert indefinite[:2] == b"\x30\x80"
    assert indefinite.endswith(b"\0\0\0\0\0\0")
    assert indefinite.count(b"\x04\x40") >= 3  # the content comes in pieces of 64
    old, usual = bytes.fromhex("06092a841001876e011401"), bytes.fromhex("0606678108010101")
    assert (security_object("sod-old-type").count(old), security_object("sod-old-type").count(usual)) == (2, 0)
    assert (indefinite.count(old), indefinite.count(usual)) == (0, 2)
    assert security_object("sod-issuer-letters").count(b"\x13\x15CSCA TEST ONLY UTOPIA") == 1
    assert security_object("passport-td3").count(b"\x13\x15CSCA TEST ONLY UTOPIA") == 0
