"""What is needed of Socket.IO to hear a device: packets and payloads of HTTP long polling, without input or output.

Two generations are in the field and told apart by the device's first answer. Engine.IO 4 with Socket.IO 5: packets are
separated by U+001E, the server pings, the client asks to be connected. Engine.IO 3 with Socket.IO 4 and earlier: each
packet has its length in front, the client pings, the server connects by itself. (Engine.IO protocol, revisions 3 and 4;
Socket.IO protocol, revision 5.)
"""

from __future__ import annotations

import dataclasses
import enum
import json
import re
from collections.abc import Mapping
from typing import Final

__all__ = ["EngineVersion", "Handshake", "PacketError", "ServerEvent", "event_in", "handshake_in", "split_payload"]

_SEPARATOR: Final = "\x1e"
_LENGTH: Final = re.compile(r"([0-9]{1,8}):")
_SESSION: Final = re.compile(r"[A-Za-z0-9_\-+/=.]{1,128}")
_EVENT: Final = re.compile(r"42(?:/,)?[0-9]{0,9}(?=\[)")  # of the default namespace; digits ask for an acknowledgement
_MAX_PACKETS: Final = 1000
_SHORTEST_S, _LONGEST_S = 0.05, 300.0


class PacketError(Exception):
    """A payload or packet that is none. Holds nothing of it."""


class EngineVersion(enum.IntEnum):
    """Revision of Engine.IO."""

    THREE = 3
    FOUR = 4


@dataclasses.dataclass(frozen=True, slots=True)
class Handshake:
    """What the device says at the beginning.

    Attributes:
        session: names the connection in each request.
        ping_interval_s: how often it, or the client, pings.
        ping_timeout_s: how long a ping may stay without answer.
    """

    session: str
    ping_interval_s: float
    ping_timeout_s: float


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class ServerEvent:
    """An event that the device emitted. Its ``repr`` shows nothing of it."""

    name: str
    arguments: tuple[object, ...]

    def __repr__(self) -> str:
        return f"ServerEvent({len(self.arguments)} arguments)"


def split_payload(text: str, version: EngineVersion) -> list[str]:
    """The packets in the body of one answer.

    Raises:
        PacketError: the body is none, or is cut off.
    """
    packets = text.split(_SEPARATOR) if version is EngineVersion.FOUR else _by_length(text)
    if len(packets) > _MAX_PACKETS or not all(packets):
        raise PacketError
    return packets


def _by_length(text: str) -> list[str]:
    # The length counts UTF-16 units, of which a character beyond the basic plane has two
    units = text.encode("utf-16-le", "surrogatepass")
    packets: list[str] = []
    position = 0
    while position < len(units):
        head = units[position : position + 18].decode("utf-16-le", "replace")
        length = _LENGTH.match(head)
        if length is None:
            raise PacketError
        begin = position + 2 * length.end()
        position = begin + 2 * int(length[1])
        if position > len(units) or len(packets) > _MAX_PACKETS:
            raise PacketError
        packets.append(units[begin:position].decode("utf-16-le", "surrogatepass"))
    return packets


def handshake_in(packet: str) -> Handshake:
    """The open packet.

    Raises:
        PacketError: it is none, or names a session or times that cannot be.
    """
    if not packet.startswith("0"):
        raise PacketError
    fields = _json(packet[1:])
    if not isinstance(fields, Mapping):
        raise PacketError
    session = fields.get("sid")
    if not isinstance(session, str) or not _SESSION.fullmatch(session):
        raise PacketError
    return Handshake(session, _seconds(fields.get("pingInterval")), _seconds(fields.get("pingTimeout")))


def _seconds(milliseconds: object) -> float:
    if isinstance(milliseconds, bool) or not isinstance(milliseconds, int | float):
        raise PacketError
    return min(max(milliseconds / 1000.0, _SHORTEST_S), _LONGEST_S)


def event_in(packet: str) -> ServerEvent | None:
    """The event in a message packet; ``None`` if the packet is something else of the protocol.

    Raises:
        PacketError: it looks like an event and is none, or an event with binary attachments, which no device here sends.
    """
    if packet.startswith(("45", "46")):
        raise PacketError
    begin = _EVENT.match(packet)
    if begin is None:
        if packet.startswith("42") and not packet.startswith("42/"):
            raise PacketError
        return None  # another namespace, an acknowledgement, a connection packet
    values = _json(packet[begin.end() :])
    if not isinstance(values, list) or not values or not isinstance(values[0], str):
        raise PacketError
    return ServerEvent(values[0], tuple(values[1:]))


def _json(text: str) -> object:
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        raise PacketError from None
    return value
