"""A program, no test: a hand that lays emulated cards into one slot of the virtual reader and takes them away again.

It runs where the virtual reader listens and obeys lines of JSON from a socket in the file system, each answered by one:

    {"do": "lay", "card": "an"}     lay a card down; with "delay_s" each command takes that long, with "tear_at" it is torn
                                    away at the command of this number, after "tear_after" octets of the answer (0: before
                                    it), with "mute" it answers no command
    {"do": "lift"}                  take it away
    {"do": "look"}                  how many commands it got, and whether it still lies there

Usage: pcsc_hand.py SOCKET PORT
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
import threading
import time
from typing import Any

from emulator.cards import card

SEND_ATR, POWER_OFF, POWER_ON, RESET = 4, 0, 1, 2


class LaidCard(threading.Thread):
    """One card, served until it is lifted. If pcscd is started again meanwhile, it is still there."""

    def __init__(self, port: int, order: dict[str, Any]) -> None:
        super().__init__(daemon=True)
        self.port = port
        self.order = order
        self.chip = card(order["card"])
        self.commands = 0
        self.lifted = False
        self.link: socket.socket | None = None

    def run(self) -> None:
        while not self.lifted:
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=5) as self.link:
                    self.link.settimeout(None)
                    self.link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    self.serve(self.link)
            except (OSError, EOFError):
                self.chip.power_off()
                time.sleep(0.02)

    def lift(self) -> None:
        self.lifted = True
        if self.link is not None:
            with contextlib.suppress(OSError):
                self.link.shutdown(socket.SHUT_RDWR)
        self.join()

    def serve(self, link: socket.socket) -> None:
        while not self.lifted:
            message = receive(link, int.from_bytes(receive(link, 2), "big"))
            answer = self.control(message[0]) if len(message) == 1 else self.answer(link, message)
            if answer is not None:
                link.sendall(len(answer).to_bytes(2, "big") + answer)

    def control(self, code: int) -> bytes | None:
        if code == SEND_ATR:
            return self.chip.atr
        {POWER_OFF: self.chip.power_off, POWER_ON: self.chip.power_on, RESET: self.chip.reset}[code]()
        return None

    def answer(self, link: socket.socket, command: bytes) -> bytes | None:
        self.commands += 1
        if self.order.get("mute"):
            return None
        time.sleep(self.order.get("delay_s", 0))
        answer = self.chip.transmit(command)
        if self.commands == self.order.get("tear_at", 0):
            self.lifted = True
            if part := self.order.get("tear_after", 0):
                link.sendall((len(answer).to_bytes(2, "big") + answer)[: 2 + part])
            raise EOFError
        return answer


def receive(link: socket.socket, count: int) -> bytes:
    """The reader writes length and body separately: acknowledging late would cost 40 ms for each command."""
    octets = b""
    while len(octets) < count:
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        piece = link.recv(count - len(octets))
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        if not piece:
            raise EOFError
        octets += piece
    return octets


def main(path: str, port: int) -> None:
    laid: LaidCard | None = None
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path + ".new")
        listener.listen()
        os.rename(path + ".new", path)  # whoever sees it can call
        caller, _ = listener.accept()
    with caller, caller.makefile("rw", encoding="utf-8") as lines:
        for line in lines:
            order = json.loads(line)
            answer: dict[str, Any] = {}
            if order["do"] != "look" and laid is not None:
                laid.lift()
            if order["do"] == "lay":
                laid = LaidCard(port, order)
                laid.start()
            if laid is not None:
                answer = {"commands": laid.commands, "there": not laid.lifted}
            lines.write(json.dumps(answer) + "\n")
            lines.flush()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
