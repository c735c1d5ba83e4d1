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


@pytest.mark.parametrize("status", ["6B00", "6282"])
def test_a_read_without_length_is_refused(status: str) -> None:
    link = opened(f"zero-le-{status.lower()}")
    link.expect("00A4020C", b"\x01\x02")
    assert link.send("00B00000", le=b"\0") == (b"", status)
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


LONG_READ = {"head": "00B09E00", "le": b"\0\x10"}


@pytest.mark.parametrize("name", ["extended-uncounted", "extended-mute"])
def test_a_chip_promises_long_commands_that_it_does_not_take(name: str) -> None:
    assert chip_content(name).atr[-2] & 0x40  # card capabilities (ISO/IEC 7816-4 table 119)
    sizes = next(file.content for file in chip_content(name).master_files if file.identifier == 0x2F01)
    assert sizes.hex().startswith("4703f401e0" + "7f66")


def test_a_long_command_is_refused_below_secure_messaging_and_not_counted() -> None:
    """A terminal goes on where its counter was before; any other value is out of step, and the session is lost."""
    for steps, outcome in ((0, "read"), (1, "6988"), (2, "6988")):
        link = opened("extended-uncounted")
        session = link.session
        assert session is not None
        before = session.counter
        with pytest.raises(Refused, match="6700"):
            link.send(**LONG_READ)
        session.counter = before + steps
        if outcome == "read":
            assert link.expect("00B09E00", le=b"\x10")[0] == 0x60
            continue
        with pytest.raises(Refused, match=outcome):
            link.expect("00B09E00", le=b"\x10")
        session.counter = before
        with pytest.raises(Refused, match="6988"):  # the keys are gone
            link.expect("00B09E00", le=b"\x10")


def test_a_chip_falls_silent_at_a_long_command_until_it_is_powered_anew() -> None:
    chip = card("extended-mute")
    link = Terminal(chip.transmit)
    link.expect("00A4040C", APPLICATION)
    with pytest.raises(TimeoutError):
        link.send(**LONG_READ)
    assert link.raw("00A4040C07" + APPLICATION.hex()) == (b"", "6F00")
    chip.reset()
    link.expect("00A4040C", APPLICATION)
    link.bac(mrz_information(SPECS["extended-mute"].mrz))
    assert link.expect("00B09E00", le=b"\x10")[0] == 0x60


def test_chip_authentication_is_announced_and_refused() -> None:
    for name, lost in (("ca-refused", False), ("ca-breaks-off", True)):
        link = opened(name)
        infos = security_infos(only(link.read_by_identifier(0x010E), 0x6E))
        with pytest.raises(Refused, match="6985"):
            link.chip_authentication(infos.chip_authentication[None], infos.chip_keys[None], by_template=True)
        if not lost:
            link.expect("00A4020C", b"\x01\x01")
            continue
        with pytest.raises(Refused, match="6988"):
            link.expect("00A4020C", b"\x01\x01")


def test_a_signature_is_cut_to_what_a_short_answer_carries() -> None:
    link = opened("signature-cut-to-fit")
    assert len(link.expect("00880000", bytes(8), b"\0")) == 231  # 3DES: 256 less DO'87', DO'99' and DO'8E'
    assert len(link.expect("00880000", bytes(8), b"\0\0")) == 2048 // 8


@pytest.mark.parametrize("name", ["pace-unproven", "bac-unproven"])
def test_a_chip_has_nothing_to_prove_itself_with(name: str) -> None:
    link = opened(name)
    assert link.send("00880000", bytes(8), b"\0") == (b"", "6D00")
    assert not any(file.identifier == 0x010F for file in chip_content(name).application_files)


def test_the_vietnamese_card_of_the_other_kind() -> None:
    """SELECT of the master file: 6D00 on most, 6982 on some; EF.CardAccess is selected directly on both."""
    for name, status in (("an", "6D00"), ("master-file-6982", "6982")):
        link = terminal(name)
        assert link.raw("00A4000C023F00") == (b"", status)
        assert link.raw("00A4020C02011C") == (b"", OK)


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
