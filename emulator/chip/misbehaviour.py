"""Where a chip can be told to break the rules. A chip without it keeps them all."""

from __future__ import annotations

from crypto.wire.apdu import CommandApdu, ResponseApdu

__all__ = ["Misbehaviour"]


class Misbehaviour:
    """Looks at every exchange and changes nothing. :mod:`emulator.faults` derives what does."""

    def before(self, command: bytes) -> None:
        """Called with each command as it arrives. May raise ``ConnectionError``: the card is gone."""

    def plain_answer(self, command: CommandApdu, answer: ResponseApdu) -> ResponseApdu:
        """The answer to a plain (or deciphered) command, before it is protected."""
        return answer

    def protected_objects(self, objects: list[bytes]) -> list[bytes]:
        """DO'87' and DO'99' of a protected answer, before the MAC over them is computed."""
        return objects

    def keeps_old_keys(self) -> bool:
        """Asked when a running session is about to change its keys: whether the chip wrongly goes on with the old."""
        return False

    def sent_answer(self, command: bytes, answer: bytes) -> bytes:
        """What goes out over the link, status word included."""
        return answer
