"""What the chip refuses, and in which words: states, sessions, keys and lengths as the standards have them.

Asked by a terminal that shares no code with this project. Status words are those of Doc 9303-10/-11 and ISO/IEC 7816-4.
"""

from __future__ import annotations

import pytest

from emulator.cards import card, catalogue
from tests.interop.document_judges import mrz_information
from tests.interop.foreign_curves import BRAINPOOL_P256, NIST_P256
from tests.interop.foreign_messaging import TDES, Refused
from tests.interop.foreign_security_infos import ID_CA_ECDH, ID_PACE_ECDH_GM, security_infos
from tests.interop.foreign_terminal import APPLICATION, CAN, MRZ, Terminal
from tests.interop.foreign_tlv import header, oid, only, tlv

SPECS = {spec.name: spec for spec in catalogue(laboratory=True)}
PACE = ID_PACE_ECDH_GM + b"\x02"
CURVE = BRAINPOOL_P256
SELECT_APPLICATION = "00A4040C07" + APPLICATION.hex()
SELECT_CARD_ACCESS = "00A4020C02011C"


def fresh(name: str = "an") -> Terminal:
    return Terminal(card(name).transmit)


def opened(name: str = "an") -> Terminal:
    """PACE by CAN, application selected."""
    terminal = fresh(name)
    terminal.pace(PACE, 13, CAN, SPECS[name].can.encode("ascii"))
    terminal.expect("00A4040C", APPLICATION)
    return terminal


def typed(name: str = "an") -> bytes:
    return mrz_information(SPECS[name].mrz)


# -- before access control ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "status"),
    [
        (SELECT_APPLICATION, "9000"),
        (SELECT_APPLICATION + "00", "9000"),
        ("00A4040007A0000002471001", "9000"),
        ("00A4040C06A00000024710", "9000"),  # a name cut on the right
        ("00A4040C07A0000002471002", "6A82"),
        (SELECT_CARD_ACCESS, "9000"),
        (SELECT_CARD_ACCESS + "00", "9000"),
        ("00A4000C02011C", "9000"),
        ("00A4080C02011C", "9000"),
        ("00A4020C022F01", "9000"),
        ("00A4020C022F00", "6A82"),  # EF.DIR: this card has none
        ("00A4020C02011D", "6A82"),  # EF.CardSecurity neither
        ("00A4020C02011E", "6A82"),  # EF.COM is not below the master file
        ("00A4020C03011C00", "6A87"),
        ("00A4050C02011C", "6A86"),
        ("00B0000000", "6986"),
        ("00B0000000000000", "6700"),  # Lc of 0 in extended form does not exist
        ("00B09C00000000", "9000"),  # extended Le, before anybody said what the card can
        ("00B09C0008", "9000"),
        ("00B09E0000", "6A82"),
        ("0084000008", "6985"),  # BAC belongs to the application
        ("0088000008000000000000000000", "6982"),
        ("002241A400", "6982"),
        ("0022C1A4", "6A80"),
        ("0022F3A4", "6A86"),
        ("10860000027C0000", "6985"),
        ("00C0000000", "6D00"),  # no 61XX is ever answered, so GET RESPONSE has nothing to get
        ("00CA9F7F00", "6D00"),
        ("80CA9F7F00", "6E00"),
        ("FFCA000000", "6E00"),  # "give me the UID" is a reader's command
        ("0CB09C000D9701048E08000000000000000000", "6988"),
        ("00", "6700"),
        ("", "6700"),
        ("00A4040C07A00000024710", "6700"),
    ],
)
def test_a_fresh_card(command: str, status: str) -> None:
    assert fresh().raw(command)[1] == status


@pytest.mark.parametrize("how", ["00A4020C02{:04X}", "00A4000C02{:04X}", "00A4020002{:04X}00"])
@pytest.mark.parametrize("file", [0x011E, 0x011D, 0x0101, 0x0102, 0x0103, 0x010D, 0x010E, 0x010F])
def test_no_file_of_the_application_before_access_control(how: str, file: int) -> None:
    terminal = fresh()
    terminal.raw(SELECT_APPLICATION)
    assert terminal.raw(how.format(file)) == (b"", "6982")
    assert terminal.raw(f"00B0{0x80 | file & 0x1F:02X}0000") == (b"", "6982")
    assert terminal.raw("00B0000000") == (b"", "6986")
    assert terminal.raw(f"00B1{file:04X}0354010000") == (b"", "6982")


# -- BAC -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("le", [b"\x28", b"\0", b"\0\0"])
def test_bac_after_a_failed_pace_and_again_whenever_wanted(le: bytes) -> None:
    terminal = fresh()
    with pytest.raises(Refused, match="6300"):
        terminal.pace(PACE, 13, CAN, b"999999")
    terminal.expect("00A4040C", APPLICATION)
    terminal.bac(typed(), le=le)
    first = terminal.read_by_identifier(0x0101, block=231)
    terminal.session = None
    terminal.bac(typed(), le=le)  # plain commands end the session, a new one begins
    assert terminal.read_by_identifier(0x0101, block=231) == first
    terminal.session = None
    with pytest.raises(Refused, match="6300"):
        terminal.bac(b"L898902C<3" + b"6908061" + b"9406236")
    assert terminal.raw("00B0810004")[1] == "6982"


def test_a_bac_cryptogram_is_good_for_its_own_challenge_only() -> None:
    sent: list[bytes] = []
    chip = card("an")

    def record(command: bytes) -> bytes:
        sent.append(command)
        return chip.transmit(command)

    terminal = Terminal(record)
    terminal.expect("00A4040C", APPLICATION)
    terminal.bac(typed())
    replay = next(command for command in sent if command[1] == 0x82)
    terminal.session = None
    assert terminal.raw(replay)[1] == "6985"  # no challenge is open
    assert terminal.raw("0084000008")[1] == "9000"
    assert terminal.raw(replay)[1] == "6300"  # another one is
    assert terminal.raw(replay)[1] == "6985"  # and that was its one use
    assert terminal.raw("0084000008")[1] == "9000"
    assert terminal.raw(replay[:4] + b"\x27" + replay[5:44] + b"\x28")[1] == "6700"


# -- PACE --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chosen", "status"),
    [
        (tlv(0x80, PACE) + tlv(0x83, b"\1"), "9000"),
        (tlv(0x84, b"\x0d") + tlv(0x83, b"\2") + tlv(0x80, PACE), "9000"),
        (tlv(0x80, PACE) + tlv(0x83, b"\2") + tlv(0x84, b"\x0c"), "6A88"),
        (tlv(0x80, PACE) + tlv(0x83, b"\3"), "6A88"),  # no PIN
        (tlv(0x80, PACE) + tlv(0x83, b"\4"), "6A88"),  # no PUK
        (tlv(0x80, PACE), "6A80"),
        (tlv(0x83, b"\2"), "6A80"),
        (tlv(0x80, tlv(0x06, PACE)) + tlv(0x83, b"\2"), "6A80"),  # "value only, tag 06 is omitted"
        (tlv(0x80, ID_PACE_ECDH_GM + b"\x04") + tlv(0x83, b"\2"), "6A80"),
        (tlv(0x80, oid("0.4.0.127.0.7.2.2.4.4.2")) + tlv(0x83, b"\2"), "6A80"),
        (tlv(0x80, oid("0.4.0.127.0.7.2.2.4.6.2")) + tlv(0x83, b"\2"), "6A80"),
        (b"\x80", "6A80"),
    ],
)
def test_what_may_be_chosen_for_pace(chosen: bytes, status: str) -> None:
    assert fresh().send("0022C1A4", chosen)[1] == status
    assert fresh().send("0022C1A4", chosen, b"\0")[1] == status


NO_POINTS = {
    "off the curve": b"\x04" + bytes(63) + b"\x01",
    "zero": b"\x04" + bytes(64),
    "infinity": b"\x00",
    "compressed": b"\x02" + CURVE.octets(CURVE.g)[1:33],
    "hybrid": b"\x06" + CURVE.octets(CURVE.g)[1:],
    "another curve's": NIST_P256.octets(NIST_P256.g),
    "coordinates not below p": b"\x04" + CURVE.p.to_bytes(32, "big") * 2,
    "cut": CURVE.octets(CURVE.g)[:-1],
    "nothing": b"",
}


@pytest.mark.parametrize("no_point", NO_POINTS)
@pytest.mark.parametrize("step", [2, 3])
def test_pace_ends_at_what_is_no_point(step: int, no_point: str) -> None:
    terminal = fresh()
    terminal.expect("0022C1A4", tlv(0x80, PACE) + tlv(0x83, b"\2"))
    terminal.expect("10860000", tlv(0x7C), b"\0")
    if step == 3:
        terminal.expect("10860000", tlv(0x7C, tlv(0x81, CURVE.octets(CURVE.times(CURVE.key(), CURVE.g)))), b"\0")
    bad = tlv(0x7C, tlv(0x81 if step == 2 else 0x83, NO_POINTS[no_point]))
    assert terminal.send("10860000", bad, b"\0") == (b"", "6A80")
    assert terminal.send("10860000", tlv(0x7C), b"\0") == (b"", "6985")  # the run is over


def test_pace_by_either_password_in_any_order_and_inside_its_own_session() -> None:
    terminal = fresh()
    for password in (b"000000", b"", b"0" * 64):
        with pytest.raises(Refused, match="6300"):
            terminal.pace(PACE, 13, CAN, password)
    terminal.pace(PACE, 13, MRZ, typed())
    terminal.pace(PACE, 13, CAN, SPECS["an"].can.encode("ascii"))
    terminal.expect("00A4040C", APPLICATION)
    assert only(terminal.read_by_short_identifier(1), 0x61, 0x5F1F)[:5] == b"IDVNM"
    with pytest.raises(Refused, match="6300"):
        terminal.pace(PACE, 13, CAN, b"123456")
    assert terminal.read_by_short_identifier(1)  # a refused run inside a session leaves the session alone


def test_a_wrong_token_opens_nothing() -> None:
    terminal = fresh()
    terminal.expect("0022C1A4", tlv(0x80, PACE) + tlv(0x83, b"\2"))
    terminal.expect("10860000", tlv(0x7C), b"\0")
    for tag in (0x81, 0x83):
        terminal.expect("10860000", tlv(0x7C, tlv(tag, CURVE.octets(CURVE.times(CURVE.key(), CURVE.g)))), b"\0")
    assert terminal.send("00860000", tlv(0x7C, tlv(0x85, bytes(8))), b"\0") == (b"", "6300")
    assert terminal.send("00860000", tlv(0x7C, tlv(0x85, bytes(8))), b"\0") == (b"", "6985")
    terminal.expect("00A4040C", APPLICATION)
    assert terminal.raw("00B0810004")[1] == "6982"


# -- sessions ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("plain", [SELECT_APPLICATION, "00B0810004", "0084000008", "80CA9F7F00", "00", "00FF0000"])
def test_any_plain_command_ends_the_session(plain: str) -> None:
    terminal = opened()
    terminal.expect("00A4020C", b"\x01\x01")
    terminal.raw(plain)
    with pytest.raises(Refused, match="6988"):
        terminal.send("00B00000", le=b"\x04")
    assert terminal.raw("00B0810004") == (b"", "6982")


def test_refusals_under_protection_keep_the_session() -> None:
    terminal = opened()
    for head, data, le, status in (
        ("00A4020C", b"\x01\x03", None, "6982"),
        ("00A4020C", b"\x01\x04", None, "6A82"),
        ("00B08300", b"", b"\x01", "6982"),
        ("00B00000", b"", b"\x01", "6986"),
        ("00820000", bytes(40), b"\x28", "6985"),
        ("00880000", bytes(7), b"\0", "6700"),
        ("00880000", bytes(8), None, "6700"),
        ("00C00000", b"", b"\0", "6D00"),
        ("002281B6", tlv(0x83, b"ATTESTDV00001"), None, "6A86"),
        ("10A4020C", b"\x01\x01", None, "6884"),
    ):
        assert terminal.send(head, data, le) == (b"", status), head
    assert len(terminal.read_by_identifier(0x0101)) == 95


@pytest.mark.parametrize(
    ("le", "length"),
    [(b"", 95), (b"\0", 95), (b"\0\0", 95), (b"\x00\x04", 4), (b"\x04", 4), (b"\x5f", 95), (b"\x00\x5f", 95)],
)
def test_every_form_of_the_protected_le(le: bytes, length: int) -> None:
    terminal = opened()
    terminal.expect("00A4020C", b"\x01\x01")
    assert terminal.session is not None
    data, status = terminal.send("00B00000", le=le)
    assert (len(data), status) == (length, "9000")
    assert terminal.send("00B0005F", le=b"\x01") == (b"", "6B00")
    assert terminal.send("00B0005E", le=b"\x02")[1] == "6282"


@pytest.mark.parametrize("outer", [b"", b"\0"])
def test_the_outer_le_may_be_absent(outer: bytes) -> None:
    terminal = opened()
    assert terminal.session is not None
    command = terminal.session.protect(bytes.fromhex("00B08100"), b"", b"\x04", extended=False)
    answer = terminal.transmit(command[:-1] + outer)
    assert terminal.session.unprotect(answer, odd=False) == (bytes.fromhex("615D5F1F"), "9000")


@pytest.mark.parametrize("asked", [0xE0, 0xE7, 0xE8, 0xF0, 0xFF])
@pytest.mark.parametrize("name", ["an", "bac-only", "tdes-pace"])
def test_more_than_a_short_answer_carries(name: str, asked: int) -> None:
    """AES leaves room for 223, 3DES for 231; one card of the catalogue refuses instead, as some chips do."""
    terminal = fresh(name)
    if name == "an":
        terminal = opened()
    elif name == "tdes-pace":
        terminal.pace(ID_PACE_ECDH_GM + b"\x01", 12, CAN, SPECS[name].can.encode("ascii"))
        terminal.expect("00A4040C", APPLICATION)
    else:
        terminal.expect("00A4040C", APPLICATION)
        terminal.bac(typed(name))
    data, status = terminal.send("00B08200", le=bytes([asked]))
    room = 223 if name == "an" else 231
    if name == "tdes-pace" and asked > room:
        assert (data, status) == (b"", "6700")
    else:
        assert (len(data), status) == (min(asked, room), "9000")
    assert header(data)[0] == 0x75 if data else True


# -- chip authentication -----------------------------------------------------------------------------------------------


def test_after_chip_authentication_the_old_keys_are_dead() -> None:
    terminal = opened()
    infos = security_infos(only(terminal.read_by_identifier(0x010E), 0x6E))
    old = terminal.session
    assert old is not None
    terminal.chip_authentication(ID_CA_ECDH + b"\x02", infos.chip_keys[None])
    assert terminal.read_by_identifier(0x0101)
    new, terminal.session = terminal.session, old
    with pytest.raises(Refused, match="6988"):
        terminal.expect("00A4020C", b"\x01\x01")
    terminal.session = new
    with pytest.raises(Refused, match="6988"):  # and an attempt with the old ones ends the new session too
        terminal.expect("00A4020C", b"\x01\x01")


@pytest.mark.parametrize("no_point", NO_POINTS)
def test_what_is_no_point_leaves_the_session_as_it_was(no_point: str) -> None:
    terminal = opened()
    infos = security_infos(only(terminal.read_by_identifier(0x010E), 0x6E))
    terminal.expect("002241A4", tlv(0x80, ID_CA_ECDH + b"\x02"))
    bad = tlv(0x7C, tlv(0x80, NO_POINTS[no_point]))
    assert terminal.send("00860000", bad, b"\0") == (b"", "6A80")
    terminal.chip_authentication(ID_CA_ECDH + b"\x02", infos.chip_keys[None])
    assert terminal.read_by_identifier(0x0101)


@pytest.mark.parametrize(
    ("chosen", "status"),
    [
        (tlv(0x80, ID_CA_ECDH + b"\x04"), "9000"),  # one key serves it: not ambiguous
        (tlv(0x80, ID_CA_ECDH + b"\x04") + tlv(0x84, b"\x01"), "9000"),
        (tlv(0x80, ID_CA_ECDH + b"\x02") + tlv(0x84, b"\xc3"), "9000"),
        (tlv(0x80, ID_CA_ECDH + b"\x02") + tlv(0x84, b"\x00\xc3"), "9000"),
        (tlv(0x80, ID_CA_ECDH + b"\x02") + tlv(0x84, b"\x01"), "6A88"),
        (tlv(0x80, ID_CA_ECDH + b"\x01"), "6A80"),
        (tlv(0x84, b"\x01"), "6A80"),
    ],
)
def test_what_may_be_chosen_for_chip_authentication(chosen: bytes, status: str) -> None:
    assert opened("aes256").send("002241A4", chosen)[1] == status


# -- secure messaging that is not right ----------------------------------------------------------------------------------


def test_every_flipped_bit_of_a_protected_command_is_noticed() -> None:
    """In the open and in order: whatever is changed, nothing is read and the session is over."""
    terminal = fresh("bac-only")
    terminal.expect("00A4040C", APPLICATION)
    terminal.bac(typed("bac-only"))
    reference = terminal.session
    assert reference is not None
    length = len(reference.protect(bytes.fromhex("00B08100"), b"", b"\x04", extended=False))
    for place in range(8 * length):
        terminal.session = None
        terminal.bac(typed("bac-only"))
        command = bytearray(terminal.session.protect(bytes.fromhex("00B08100"), b"", b"\x04", extended=False))  # type: ignore[union-attr]
        command[place // 8] ^= 1 << place % 8
        if place // 8 == length - 1:  # the outer Le is not protected
            continue
        data, status = terminal.raw(bytes(command))
        assert data == b"", place
        assert status[:2] in ("67", "68", "69", "6A", "6D", "6E"), place
        assert terminal.raw("00B0810004")[1] == "6982"


@pytest.mark.parametrize("missing", [0x97, 0x8E])
def test_objects_missing_twice_or_out_of_order(missing: int) -> None:
    terminal = opened()
    assert terminal.session is not None
    command = terminal.session.protect(bytes.fromhex("00B08100"), b"", b"\x04", extended=False)
    le_object, mac_object = command[5:8], command[8:18]
    body = mac_object if missing == 0x97 else le_object
    assert terminal.raw(command[:4] + bytes([len(body)]) + body + b"\0") == (
        b"",
        "6988" if missing == 0x97 else "6987",
    )
    for body in (mac_object + le_object, le_object * 2 + mac_object, le_object + mac_object + tlv(0x99, b"\x90\0")):
        terminal = opened()
        assert terminal.raw(command[:4] + bytes([len(body)]) + body + b"\0") == (b"", "6988")


def test_the_published_retail_mac_is_this_terminals() -> None:
    """So that agreement between card and terminal is agreement with Doc 9303-11 Appendix D.3."""
    key = bytes.fromhex("7962D9ECE03D1ACD4C76089DCE131543")
    cryptogram = bytes.fromhex("72C29C2371CC9BDB65B779B8E8D37B29ECC154AA56A8799FAE2F498F76ED92F2")
    assert TDES.mac(key, TDES.pad(cryptogram)).hex().upper() == "5F1448EEA8AD90A7"
