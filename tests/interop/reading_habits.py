"""How readers in the field open and read a card, each as one function of a terminal.

The sequences of commands are facts about those readers, looked up and written down anew: which form of SELECT, which Le,
how the header of a file is read, what MSE carries. All of them must work on every card that offers what they need.
"""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import Callable

from tests.interop.document_judges import check_signature, groups_in_com, mrz_information
from tests.interop.foreign_messaging import Refused
from tests.interop.foreign_security_infos import ID_PACE_ECDH_GM, SecurityInfos, security_infos
from tests.interop.foreign_terminal import APPLICATION, CAN, MRZ, Terminal
from tests.interop.foreign_tlv import oid, only, tlv

CARD_ACCESS, COM, SOD = 0x011C, 0x011E, 0x011D
USUAL_GROUPS = (0x0101, 0x0102, 0x0103, 0x010D, 0x010E, 0x010F)
ID_INSPECTION_SYSTEM = oid("0.4.0.127.0.7.3.1.2.1")
USUAL_PACE = (ID_PACE_ECDH_GM + b"\x02", 13)  # what the citizen card is known to offer if EF.CardAccess is absent


@dataclasses.dataclass(frozen=True)
class Printed:
    """What a reader's user types from the card."""

    can: bytes
    mrz: tuple[str, ...]


@dataclasses.dataclass
class Reading:
    """What a reader got."""

    files: dict[int, bytes]  # by file identifier
    refused: dict[int, str]
    chip_authentication: str = ""  # "", "done" or the status word that stopped it
    active_authentication: str = ""  # "", "valid" or "invalid"


Read = Callable[[int], bytes]


def _block(terminal: Terminal) -> int:
    """The most that a short protected answer carries: one octet of the last block is padding."""
    assert terminal.session is not None
    return 231 if terminal.session.suite.block == 8 else 223


def _read_all(read: Read) -> Reading:
    """EF.COM and EF.SOD, then each group of the usual list and what else EF.COM names."""
    reading = Reading({}, {})
    identifiers = [COM, SOD, *USUAL_GROUPS]
    for identifier in identifiers:
        try:
            reading.files[identifier] = read(identifier)
        except Refused as refused:
            reading.refused[identifier] = refused.status
        if identifier == COM and COM in reading.files:
            listed = {0x0100 | number for number in groups_in_com(reading.files[COM])[1]}
            identifiers += sorted(listed.difference(USUAL_GROUPS))
    return reading


def _infos(reading: Reading) -> SecurityInfos:
    if 0x010E not in reading.files:
        return SecurityInfos([], {}, {})
    return security_infos(only(reading.files[0x010E], 0x6E))


def _authenticate_chip(terminal: Terminal, reading: Reading, **how: object) -> None:
    """With every key that DG14 offers, and one command under the new keys."""
    infos = _infos(reading)
    for reference, protocol in infos.chip_authentication.items():
        by_template = protocol[-1] == 1  # 3DES
        try:
            terminal.chip_authentication(protocol, infos.chip_keys[reference], by_template=by_template, **how)  # type: ignore[arg-type]
            terminal.expect("00A4020C", b"\x01\x0e")
            reading.chip_authentication = "done"
        except Refused as refused:
            reading.chip_authentication = refused.status
            return


def _authenticate_actively(terminal: Terminal, reading: Reading, le: bytes) -> None:
    if 0x010F not in reading.files:
        return
    challenge = secrets.token_bytes(8)
    signature = terminal.expect("00880000", challenge, le)
    try:
        check_signature(reading.files[0x010F], _infos(reading).signature_hash, challenge, signature)
        reading.active_authentication = "valid"
    except Exception:  # noqa: BLE001 - whatever made it invalid
        reading.active_authentication = "invalid"


def _card_access(terminal: Terminal, **how: int) -> list[tuple[bytes, int]]:
    """What these readers can do of what the card offers: generic mapping over curves."""
    try:
        offers = security_infos(terminal.read_by_identifier(CARD_ACCESS, **how)).pace  # type: ignore[arg-type]
    except Refused as refused:
        if refused.status != "6A82":
            raise
        return [USUAL_PACE]
    known = [offer for offer in offers if offer[1] < 32]  # Doc 9303-11 §9.2.2: nothing that the chip itself spells out
    if not known:
        raise Refused("no offer")
    return known


def by_identifier_with_reference(terminal: Terminal, printed: Printed) -> Reading:
    """Never selects the master file; header of 8, blocks that just fit; MSE names the domain parameters; CAN."""
    protocol, parameters = _card_access(terminal, first=8)[0]
    terminal.pace(protocol, parameters, CAN, printed.can)
    terminal.expect("00A4040C", APPLICATION)
    reading = _read_all(lambda file: terminal.read_by_identifier(file, first=8, block=_block(terminal)))
    if _infos(reading).signature_hash:  # RSA with 2048 bits does not fit a short answer
        _authenticate_actively(terminal, reading, b"\0")
    _authenticate_chip(terminal, reading)
    return reading


def counting_what_comes(terminal: Terminal, printed: Printed) -> Reading:
    """Tries the master file by identifier; asks for up to 256 and takes what comes; no parameter id; MRZ."""
    terminal.raw("00A4000C023F00")
    protocol, parameters = _card_access(terminal, block=256)[-1]
    terminal.pace(protocol, parameters, MRZ, mrz_information(printed.mrz), name_parameters=False)
    terminal.expect("00A4040C", APPLICATION)
    reading = _read_all(lambda file: terminal.read_by_identifier(file, block=256))
    _authenticate_chip(terminal, reading)
    return reading


def le_on_every_command(terminal: Terminal, printed: Printed) -> Reading:
    """Le where no answer is due; blocks of 160; extended Le for active authentication."""
    terminal.raw("00A4000C")
    protocol, parameters = _card_access(terminal, block=160)[0]
    chosen = tlv(0x80, protocol) + tlv(0x83, bytes([CAN]))
    terminal.expect("0022C1A4", chosen, b"\0")
    terminal.pace(protocol, parameters, CAN, printed.can, name_parameters=False)
    terminal.expect("00A40400", APPLICATION, b"\0")
    reading = _read_all(lambda file: terminal.read_by_identifier(file, block=160))
    _authenticate_actively(terminal, reading, b"\0\0")
    infos = _infos(reading)
    if None in infos.chip_authentication and infos.chip_authentication[None][-1] != 1:
        terminal.expect("002241A4", tlv(0x80, infos.chip_authentication[None]), b"\0")
    _authenticate_chip(terminal, reading)
    return reading


def by_short_identifier(terminal: Terminal, printed: Printed) -> Reading:
    """No SELECT of files at all; the MRZ opens the card; the application is selected before PACE is run again."""
    terminal.raw("00B09C0008")
    terminal.pace(*USUAL_PACE, MRZ, mrz_information(printed.mrz))
    terminal.expect("00A4040C", APPLICATION)
    terminal.pace(*USUAL_PACE, CAN, printed.can)  # once more inside the session, as for another password
    reading = _read_all(lambda file: terminal.read_by_short_identifier(file & 0x1F, block=_block(terminal)))
    _authenticate_chip(terminal, reading)
    return reading


def extended_with_authorisation(terminal: Terminal, printed: Printed) -> Reading:
    """Extended length throughout, control information asked for, authorisation template in MSE, whole files at once."""
    terminal.send("00A40204", b"\x2f\x01", b"\0\0")
    protocol, parameters = _card_access(terminal)[0]
    template = tlv(0x7F4C, tlv(0x06, ID_INSPECTION_SYSTEM), tlv(0x53, b"\x23"))
    terminal.pace(protocol, parameters, CAN, printed.can, more=template, le=b"\0\0")
    terminal.expect("00A40404", APPLICATION, b"\0\0")
    reading = _read_all(terminal.read_whole)
    _authenticate_actively(terminal, reading, b"\0\0")
    _authenticate_chip(terminal, reading, le=b"\0\0")
    return reading


def basic_access_and_odd_reads(terminal: Terminal, printed: Printed) -> Reading:
    """As before PACE: application, a probing SELECT of EF.COM, BAC; then READ BINARY with INS B1."""
    terminal.expect("00A4040C", APPLICATION)
    assert terminal.raw("00A4020C02011E")[1] == "6982"
    terminal.bac(mrz_information(printed.mrz))
    reading = _read_all(terminal.read_odd)
    if COM in reading.refused:  # a chip that does not know the instruction
        raise Refused(reading.refused[COM])
    if _infos(reading).signature_hash:
        _authenticate_actively(terminal, reading, b"\0")
    _authenticate_chip(terminal, reading)
    return reading


def basic_access_in_small_blocks(terminal: Terminal, printed: Printed) -> Reading:
    """For chips that carry little at once and know no odd instruction: BAC, then blocks of 112."""
    terminal.expect("00A4040C", APPLICATION)
    terminal.bac(mrz_information(printed.mrz))
    reading = _read_all(lambda file: terminal.read_by_identifier(file, block=112))
    long = len(reading.files.get(0x010F, b"")) > 200 and not _infos(reading).signature_hash  # RSA with 2048 bits
    _authenticate_actively(terminal, reading, b"\0\0" if long else b"\0")
    _authenticate_chip(terminal, reading)
    return reading


def from_long_to_short(terminal: Terminal, printed: Printed) -> Reading:
    """Believes a chip that promises extended length; refused, takes its counter back and goes on with short commands."""
    terminal.expect("00A4040C", APPLICATION)
    terminal.bac(mrz_information(printed.mrz))
    session = terminal.session
    assert session is not None
    before = session.counter
    try:
        terminal.expect("00B09E00", le=b"\0\x04")
    except Refused:
        session.counter = before
    return _read_all(lambda file: terminal.read_by_identifier(file, block=_block(terminal)))


def in_plain(terminal: Terminal) -> Reading:
    """Only for a chip without access control: the application, then every file, nothing protected."""
    terminal.expect("00A4040C", APPLICATION)
    return _read_all(terminal.read_by_identifier)


PACE_HABITS = (by_identifier_with_reference, counting_what_comes, le_on_every_command)
BASIC_HABITS = (basic_access_and_odd_reads, basic_access_in_small_blocks)
HABITS = (*PACE_HABITS, by_short_identifier, extended_with_authorisation, *BASIC_HABITS)
