"""Traps of the virtual reader: it sends a message in two pieces, so that without two options of the socket each command takes
40 ms and more; and it waits without end for a chip that does not answer.
"""

from __future__ import annotations

import socket
import threading

import pytest

from emulator.adapters import vpcd
from emulator.cards import card

SELECT = bytes.fromhex("00A4040C07A0000002471001")


class Watched:
    """A socket that writes down in which order it was asked for what."""

    def __init__(self, inner: socket.socket, diary: list[str]) -> None:
        self._inner = inner
        self._diary = diary

    def setsockopt(self, level: int, option: int, value: int) -> None:
        assert (level, value) == (socket.IPPROTO_TCP, 1)
        self._diary.append({socket.TCP_NODELAY: "no delay", vpcd._QUICKACK: "acknowledge"}[option])
        self._inner.setsockopt(level, option, value)

    def recv(self, count: int) -> bytes:
        self._diary.append("receive")
        return self._inner.recv(count)

    def __enter__(self) -> Watched:
        return self

    def __exit__(self, *_: object) -> None:
        self._inner.close()

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)


def one_exchange(address: socket.socket, slot: vpcd.VpcdSlot, answers: list[bytes]) -> None:
    """The reader's side: power on, one command, and the card is taken out."""
    link, _ = address.accept()
    with link:
        link.sendall(b"\x00\x01\x01" + len(SELECT).to_bytes(2, "big") + SELECT)
        size = int.from_bytes(link.recv(2, socket.MSG_WAITALL), "big")
        answers.append(link.recv(size, socket.MSG_WAITALL))
        slot.stop()


@pytest.mark.skipif(vpcd._QUICKACK is None, reason="Linux alone has the option")
def test_every_piece_is_acknowledged_before_and_after_it_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    diary: list[str] = []
    answers: list[bytes] = []
    genuine = socket.create_connection
    monkeypatch.setattr(
        vpcd.socket, "create_connection", lambda *args, **named: Watched(genuine(*args, **named), diary)
    )
    with socket.create_server(("127.0.0.1", 0)) as server:
        slot = vpcd.VpcdSlot(card("an"), *server.getsockname(), patience_s=5)
        reader = threading.Thread(target=one_exchange, args=(server, slot, answers))
        reader.start()
        slot.serve()
        reader.join(10)
    assert answers == [b"\x90\x00"]
    assert diary[0] == "no delay"
    pieces = diary[1:]
    assert len(pieces) >= 3 * 4
    assert pieces == ["acknowledge", "receive", "acknowledge"] * (len(pieces) // 3)


def silence(address: socket.socket, slot: vpcd.VpcdSlot, ends: list[bytes]) -> None:
    """The reader's side: power on, a long command, and what comes back."""
    link, _ = address.accept()
    with link:
        for message in (b"\x01", bytes.fromhex("00B0000000" + "0010")):
            link.sendall(len(message).to_bytes(2, "big") + message)
        ends.append(link.recv(2))
        slot.stop()


def test_a_chip_that_falls_silent_leaves_the_slot() -> None:
    ends: list[bytes] = []
    chip = card("extended-mute")
    with socket.create_server(("127.0.0.1", 0)) as server:
        slot = vpcd.VpcdSlot(chip, *server.getsockname(), patience_s=5)
        reader = threading.Thread(target=silence, args=(server, slot, ends))
        reader.start()
        slot.serve()
        reader.join(10)
    assert ends == [b""]
    assert not chip.is_powered
