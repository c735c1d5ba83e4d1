"""A program, no test: the smallest card that a virtual reader can hold. It answers every command with 6D00.

The virtual reader's protocol: each message has a length of two octets, big-endian; a message of one octet from the reader
is a control code (0 off, 1 on, 2 reset, 4 "send the ATR"), of which only the last is answered.

Usage: refusing_card.py PORT
"""

import socket
import sys
import time

ATR = bytes.fromhex("3B800181")  # ISO/IEC 7816-3: T=1, no historical bytes, check byte 80 xor 01
INSTRUCTION_NOT_SUPPORTED = b"\x6d\x00"
SEND_ATR = b"\x04"


def connect(port: int) -> socket.socket:
    """The reader opens its port while pcscd starts: try for ten seconds."""
    deadline = time.monotonic() + 10
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=10)
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def receive(link: socket.socket, count: int) -> bytes:
    octets = b""
    while len(octets) < count:
        piece = link.recv(count - len(octets))
        if not piece:
            raise EOFError
        octets += piece
    return octets


def serve(link: socket.socket) -> None:
    link.settimeout(None)
    while True:
        message = receive(link, int.from_bytes(receive(link, 2), "big"))
        answer = INSTRUCTION_NOT_SUPPORTED
        if len(message) == 1:
            if message != SEND_ATR:
                continue
            answer = ATR
        link.sendall(len(answer).to_bytes(2, "big") + answer)


if __name__ == "__main__":
    try:
        with connect(int(sys.argv[1])) as reader:
            serve(reader)
    except (EOFError, ConnectionResetError):
        sys.exit(0)
