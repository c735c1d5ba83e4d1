"""Protocols of the terminal are written without I/O: generators that yield commands and receive answers.

So a protocol can be run against a chip, a published example or a hostile answer alike.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TypeAlias, TypeVar

from crypto.wire.apdu import CommandApdu, ResponseApdu

__all__ = ["Steps", "Transmit", "run"]

T = TypeVar("T")

Steps: TypeAlias = Generator[CommandApdu, ResponseApdu, T]
"""A protocol: yields commands, receives answers, returns a result of type ``T`` or raises."""

Transmit: TypeAlias = Callable[[CommandApdu], ResponseApdu]
"""Sends one command, through a secure channel or not, and returns the answer."""


def run(protocol: Steps[T], transmit: Transmit) -> T:
    """Drive a protocol to its end and return what it returns."""
    try:
        command = next(protocol)
        while True:
            command = protocol.send(transmit(command))
    except StopIteration as end:
        result: T = end.value
        return result
