"""Questions to a card whose answers tell its habits: status words at the end of a file, to lengths and to odd commands.

Nothing here writes, and nothing is a try of a password: files that anybody may read, SELECT, and commands that a card
knows or does not know. A card may answer nothing at all; then it is powered anew, and the survey goes on.
"""

from __future__ import annotations

import contextlib
from typing import Final

from crypto.errors import WireError
from crypto.wire import limits
from crypto.wire.apdu import CommandApdu, ResponseApdu
from crypto.wire.tlv import encode_tlv, iter_tlvs
from reader import errors
from reader.card_capabilities import ApduSizes
from reader.lds import files
from reader.lds.files import FileId
from reader.link import Link
from reader.protocols.exchange import Transmit
from reader.protocols.secure_messaging import bare_status
from reader.survey.files import Facts

__all__ = ["probe_channel", "probe_plain"]

_BEYOND: Final = 16  # bytes that are asked for behind the end of a file
_EXTENDED: Final = 1024  # bytes; more than any short answer holds
_LONGEST_AID: Final = 16  # ISO/IEC 7816-4 §12.2.3
_UNDER_MASTER_FILE: Final = (files.CARD_ACCESS, files.CARD_SECURITY, files.DIR, files.ATR_INFO)

_SELECT_MF: Final = CommandApdu(0x00, 0xA4, 0x00, 0x0C, b"\x3f\x00")
_SELECT_MF_UNNAMED: Final = CommandApdu(0x00, 0xA4, 0x00, 0x0C)
_SELECT_APPLICATION: Final = CommandApdu(0x00, 0xA4, 0x04, 0x0C, files.EMRTD_AID)

_ODD_COMMANDS: Final = {
    "get_challenge": CommandApdu(0x00, 0x84, 0x00, 0x00, ne=8),
    "get_data_production": CommandApdu(0x80, 0xCA, 0x9F, 0x7F, ne=256),  # its answer names the chip: not even parsed
    "read_record": CommandApdu(0x00, 0xB2, 0x01, 0x04, ne=256),
    "get_response": CommandApdu(0x00, 0xC0, 0x00, 0x00, ne=256),
    "unknown_instruction": CommandApdu(0x00, 0x72, 0x00, 0x00),
    "foreign_class": CommandApdu(0xA0, 0xB0, 0x00, 0x00, ne=1),
}


def probe_plain(link: Link) -> Facts:
    """Before access control; the card is powered anew between the groups of questions.

    Args:
        link: to the card.

    Raises:
        TransportError: the card is gone for good.
        Cancelled: somebody asked to stop.
    """
    link.reset()
    facts: Facts = {
        "select_master_file": _ask(link, _SELECT_MF),
        "select_master_file_unnamed": _ask(link, _SELECT_MF_UNNAMED),
    }
    link.reset()
    facts["files"] = {file.name: _file_in_plain(link, file) for file in _UNDER_MASTER_FILE}
    facts["sizes_in_ef_atr_info"] = _sizes(link)
    facts["applications_in_ef_dir"] = _applications(link)
    link.reset()
    facts["habits_of_ef_card_access"] = _habits_in_plain(link)
    link.reset()
    facts["odd_commands"] = {name: _ask(link, command) for name, command in _ODD_COMMANDS.items()}
    link.reset()
    facts["select_application"] = _ask(link, _SELECT_APPLICATION)
    facts["ef_com_in_plain"] = _ask(link, _read(0x80 | files.COM.sfi, 0, 1))
    facts["get_challenge_in_application"] = _ask(link, _ODD_COMMANDS["get_challenge"])
    return facts


def _file_in_plain(link: Link, file: FileId) -> Facts:
    return {
        "by_short_identifier": _ask(link, _read(0x80 | file.sfi, 0, 1)),
        "select": _ask(link, CommandApdu(0x00, 0xA4, 0x02, 0x0C, file.fid.to_bytes(2, "big"))),
    }


def _habits_in_plain(link: Link) -> Facts | None:
    answer = _send(link, _read(0x80 | files.CARD_ACCESS.sfi, 0, files.HEADER_BYTES))
    if answer is None or not answer.data:
        return None
    return _habits(link, answer.data)


def probe_channel(
    transmit: Transmit, file: FileId, content: bytes, absent: FileId | None, listed: FileId | None
) -> Facts:
    """Inside the protected channel, which the last of these questions may end.

    Args:
        transmit: through the channel.
        file: one that was read.
        content: as it was read.
        absent: a data group that the chip does not list, or ``None``.
        listed: one that it lists and this terminal may not read, or ``None``.
    """
    questions: list[tuple[str, CommandApdu]] = [(f"select_{file.name}", _select(file))]
    if absent is not None:
        questions += [("select_absent", _select(absent)), ("read_absent", _read(0x80 | absent.sfi, 0, 1))]
    if listed is not None:
        questions += [("select_guarded", _select(listed)), ("read_guarded", _read(0x80 | listed.sfi, 0, 1))]
    questions += [("select_again", _select(file)), *_questions_about_the_end(len(content))]
    facts: Facts = {}
    for name, command in questions:
        facts[name] = answer = _ask_through(transmit, command)
        if "ends_channel" in answer or "error" in answer:
            break
    return facts


def _questions_about_the_end(length: int) -> list[tuple[str, CommandApdu]]:
    """Asked of a selected file: which of its last bytes come, and by which words, if more is asked for."""
    inside = max(0, length - 2)
    return [
        ("last_bytes_exactly", _read(inside >> 8, inside & 0xFF, length - inside)),
        ("odd_instruction", CommandApdu(0x00, 0xB1, 0x00, 0x00, encode_tlv(0x54, b"\x00"), ne=8)),
        ("more_than_is_left", _read(inside >> 8, inside & 0xFF, length - inside + _BEYOND)),
        ("behind_the_end", _read(length >> 8, length & 0xFF, _BEYOND)),
        ("as_much_as_there_is", _read(0, 0, limits.SHORT_NE)),
        ("extended_length", CommandApdu(0x00, 0xB0, 0x00, 0x00, b"", _EXTENDED, extended=True)),
    ]


def _habits(link: Link, first: bytes) -> Facts | None:
    try:
        length = files.announced_length(first)
    except WireError:
        return None
    facts: Facts = {"select": _ask(link, _select(files.CARD_ACCESS))}
    return facts | {name: _ask(link, command) for name, command in _questions_about_the_end(length)}


# --------------------------------------------------------------------------------------- what they say
def _sizes(link: Link) -> Facts | None:
    """DO'7F66' of EF.ATR/INFO (ISO/IEC 7816-4 §12.7.1)."""
    answer = _send(link, _read(0x80 | files.ATR_INFO.sfi, 0, limits.SHORT_NE))
    sizes = None if answer is None else ApduSizes.from_atr_info(answer.data)
    return None if sizes is None else {"command_bytes": sizes.command_bytes, "response_bytes": sizes.response_bytes}


def _applications(link: Link) -> list[str]:
    """Identifiers of the applications that EF.DIR lists (Doc 9303-10 §3.11.2)."""
    answer = _send(link, _read(0x80 | files.DIR.sfi, 0, limits.SHORT_NE))
    found: list[str] = []
    with contextlib.suppress(WireError):  # its last object may be cut off
        for template in iter_tlvs(b"" if answer is None else answer.data):
            aid = template.find(0x4F) if template.tag == files.DIR.tag else None
            found += [] if aid is None else [aid.value[:_LONGEST_AID].hex().upper()]
    return found


# -------------------------------------------------------------------------------------------- asking
def _read(p1: int, p2: int, ne: int) -> CommandApdu:
    return CommandApdu(0x00, 0xB0, p1, p2, b"", ne)


def _select(file: FileId) -> CommandApdu:
    return CommandApdu(0x00, 0xA4, 0x02, 0x0C, file.fid.to_bytes(2, "big"))


def _ask(link: Link, command: CommandApdu) -> Facts:
    """What came of a command; if the link settled 61XX or 6CXX on the way, how often it had to ask."""
    before = link.statistics.commands
    answer = _send(link, command)
    asked = link.statistics.commands - before
    facts: Facts = {"error": errors.CARD_MUTE.name} if answer is None else _shown(answer)
    return facts | ({"commands": asked} if asked > 1 else {})


def _shown(answer: ResponseApdu) -> Facts:
    return {"status_word": str(answer.sw)} | ({"answer_bytes": len(answer.data)} if answer.data else {})


def _send(link: Link, command: CommandApdu) -> ResponseApdu | None:
    """The answer; ``None`` from a card that gives none. It has to come back then, or is gone."""
    try:
        return link.exchange(command)
    except errors.TransportError as error:
        if error.code not in (errors.CARD_MUTE, errors.LINK_FAILED):
            raise
        link.reset()
        return None


def _ask_through(transmit: Transmit, command: CommandApdu) -> Facts:
    try:
        return _shown(transmit(command))
    except errors.ProtocolError as error:
        word = bare_status(error)
        return {"ends_channel": True, "status_word": None if word is None else str(word)}
    except errors.TransportError as error:
        return {"error": error.code.name}
