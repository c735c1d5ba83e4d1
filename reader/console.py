"""The three standard streams, which may be closed, full, cut off, or unable to write Vietnamese letters."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from typing import Final, TextIO

from reader import errors

__all__ = ["abandon", "read_secret", "say", "write_result"]

_LONGEST_INPUT: Final = 10_000  # characters; the longest key has 92


def say(text: str) -> None:
    """Write to standard error. A stream that is not there keeps nobody from reading a card."""
    stream: TextIO | None = sys.stderr
    if stream is None:
        return
    try:
        stream.write(text)
        stream.flush()
    except (OSError, ValueError):  # ValueError: closed
        abandon(stream)


def write_result(text: str) -> None:
    """Write all of a result to standard output, with a line end.

    Letters that the stream's encoding lacks are written as ``\\uXXXX``, so that JSON stays the same JSON.

    Raises:
        OSError: it is closed, full, or nobody reads it any more.
    """
    stream: TextIO | None = sys.stdout
    if stream is None:
        raise OSError("standard output is closed")
    try:
        stream.write(_writable(text.removesuffix("\n"), stream.encoding or "utf-8") + "\n")
        stream.flush()
    except ValueError as error:
        raise OSError("standard output is closed") from error
    except OSError:
        abandon(stream)
        raise


def read_secret() -> str:
    """Everything on standard input, without blanks around it.

    Raises:
        DocumentError: ``input.unreadable`` if it is closed or holds no text.
    """
    stream: TextIO | None = sys.stdin
    try:
        if stream is not None:
            return stream.read(_LONGEST_INPUT).strip()
    except (OSError, ValueError):  # ValueError: closed, or octets that are no text; they would stand in the cause
        pass
    raise errors.DocumentError(errors.INPUT_UNREADABLE)


def _writable(text: str, encoding: str) -> str:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return "".join(letter if letter.isascii() else json.dumps(letter)[1:-1] for letter in text)
    return text


def abandon(stream: TextIO) -> None:
    """What is still buffered in a broken stream goes nowhere, so that the interpreter does not stumble over it."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
