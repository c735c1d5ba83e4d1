"""The PIN of the operator's page: kept as a scrypt hash (RFC 7914), with pauses that grow after wrong tries."""

from __future__ import annotations

import base64
import binascii
import contextlib
import dataclasses
import enum
import hashlib
import hmac
import itertools
import os
import re
import secrets
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from kiosk_ui.app.failures import SETTINGS_UNUSABLE, SettingsError
from kiosk_ui.app.store.ownership import give_to_owner_of, make_folder

__all__ = ["PinAnswer", "PinGuard", "PinHash", "PinTry", "why_weak"]

_COST, _BLOCK, _LANES = 2**15, 8, 1  # 32 MiB and about 0.1 s for each try
_MOST_MEMORY = 128 << 20
_SALT_BYTES = 16
_HASH_BYTES = 32
_SHAPE = re.compile(r"scrypt\$(\d{1,9})\$(\d{1,3})\$(\d{1,3})\$([A-Za-z0-9+/=]{1,100})\$([A-Za-z0-9+/=]{1,100})")
FEWEST_DIGITS, MOST_DIGITS = 6, 12

FREE_TRIES = 3
_FIRST_PAUSE_S = 30.0
LONGEST_PAUSE_S = 3600.0
"""No pause after a wrong PIN is longer."""


def why_weak(pin: str) -> str | None:
    """Why this is no good PIN, in one sentence; ``None`` if it will do."""
    if not pin.isascii() or not pin.isdigit() or not FEWEST_DIGITS <= len(pin) <= MOST_DIGITS:
        return f"A PIN has {FEWEST_DIGITS} to {MOST_DIGITS} digits."
    steps = {(int(after) - int(before)) % 10 for before, after in itertools.pairwise(pin)}
    if len(steps) == 1 and steps <= {0, 1, 9}:
        return "Digits that are all the same, or that count up or down, are guessed first."
    return None


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class PinHash:
    """What is kept of a PIN.

    Attributes:
        cost, block, lanes: scrypt's N, r and p (RFC 7914 section 2).
        salt, digest: bytes.
    """

    cost: int
    block: int
    lanes: int
    salt: bytes
    digest: bytes

    def __repr__(self) -> str:
        return "PinHash(…)"

    @classmethod
    def of(cls, pin: str) -> PinHash:
        """Hash a new PIN.

        Raises:
            ValueError: it is weak; the text says why.
        """
        if (problem := why_weak(pin)) is not None:
            raise ValueError(problem)
        salt = secrets.token_bytes(_SALT_BYTES)
        return cls(_COST, _BLOCK, _LANES, salt, _scrypt(pin, salt, _COST, _BLOCK, _LANES))

    @classmethod
    def parse(cls, text: str) -> PinHash:
        """Read ``scrypt$N$r$p$salt$hash`` (the last two in base64).

        Raises:
            ValueError: it is no such hash, or one that would take more memory than this machine should give.
        """
        found = _SHAPE.fullmatch(text.strip())
        if found is None:
            raise ValueError("this is no hash made by 'chipid operator-pin'")
        cost, block, lanes = (int(found[index]) for index in (1, 2, 3))
        try:
            salt, digest = (base64.b64decode(found[index], validate=True) for index in (4, 5))
        except binascii.Error:
            raise ValueError("this is no hash made by 'chipid operator-pin'") from None
        if (
            cost < 2**14
            or cost & (cost - 1)
            or block < 1
            or not 1 <= lanes <= 4
            or 128 * cost * block > _MOST_MEMORY // 2
        ):
            raise ValueError("the costs of this hash are out of bounds")
        if len(salt) < _SALT_BYTES or len(digest) != _HASH_BYTES:
            raise ValueError("salt or hash have another length than they should")
        return cls(cost, block, lanes, salt, digest)

    def as_text(self) -> str:
        """As :meth:`parse` reads it."""
        salt, digest = (base64.b64encode(each).decode("ascii") for each in (self.salt, self.digest))
        return f"scrypt${self.cost}${self.block}${self.lanes}${salt}${digest}"

    def matches(self, pin: str) -> bool:
        """Whether this is the PIN. Takes about 0.1 s."""
        return hmac.compare_digest(_scrypt(pin, self.salt, self.cost, self.block, self.lanes), self.digest)

    def save(self, path: Path) -> None:
        """Write the hash for the owner alone, whole or not at all.

        Raises:
            OSError: it cannot be written.
        """
        _write(path, self.as_text() + "\n")

    @classmethod
    def load(cls, path: Path) -> PinHash | None:
        """The hash in a file; ``None`` if there is no such file.

        Raises:
            SettingsError: the file cannot be read, or holds something else.
        """
        try:
            return cls.parse(path.read_text(encoding="ascii"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError):
            problem = (
                f"The file {path} with the operator's PIN cannot be used. Make it anew with 'chipid operator-pin'."
            )
            raise SettingsError(SETTINGS_UNUSABLE, (problem,)) from None


class PinAnswer(enum.StrEnum):
    """What became of a try."""

    RIGHT = "right"
    WRONG = "wrong"
    LOCKED = "locked"
    NOT_SET = "not_set"


@dataclasses.dataclass(frozen=True, slots=True)
class PinTry:
    """One try.

    Attributes:
        answer: what became of it.
        wait_s: seconds until the next one counts.
    """

    answer: PinAnswer
    wait_s: float = 0.0


class PinGuard:
    """Judges tries. After three wrong ones each further one costs a pause, doubled each time, at most an hour.

    The number of wrong tries outlives the process, since pulling the plug is easy at a kiosk: after a start with a
    pause due, the whole pause begins anew.

    Args:
        pin: gives the hash as it is kept now, so that a new PIN counts at once; ``None``: nobody can open the page.
        tries_file: where the number of wrong tries in a row is kept.
        monotonic: seconds that only grow.
    """

    def __init__(
        self, pin: Callable[[], PinHash | None], tries_file: Path, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._pin = pin
        self._file = tries_file
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._wrong = _read_count(tries_file)
        self._open_at = monotonic() + self._pause_s()

    def wait_s(self) -> float:
        """Seconds until a try counts."""
        return max(0.0, self._open_at - self._monotonic())

    def attempt(self, typed: str) -> PinTry:
        """Judge one try; one at a time, and none while a pause runs. Takes about 0.1 s: not in the interface's thread."""
        with self._lock:
            pin = self._pin()
            if pin is None:
                return PinTry(PinAnswer.NOT_SET)
            if (wait := self.wait_s()) > 0:
                return PinTry(PinAnswer.LOCKED, wait)
            self._keep(self._wrong + 1)  # before the answer is known: ending the process now must not save a try
            if not pin.matches(typed):
                self._open_at = self._monotonic() + self._pause_s()
                return PinTry(PinAnswer.WRONG, self.wait_s())
            self._keep(0)
            return PinTry(PinAnswer.RIGHT)

    def _pause_s(self) -> float:
        beyond = self._wrong - FREE_TRIES
        return 0.0 if beyond < 0 else min(LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2.0 ** min(beyond, 20))

    def _keep(self, wrong: int) -> None:
        self._wrong = wrong
        with contextlib.suppress(OSError):  # on a full disk the pauses count all the same, until the next start
            _write(self._file, f"{wrong}\n")


def _scrypt(pin: str, salt: bytes, cost: int, block: int, lanes: int) -> bytes:
    return hashlib.scrypt(pin.encode(), salt=salt, n=cost, r=block, p=lanes, maxmem=_MOST_MEMORY, dklen=_HASH_BYTES)


def _read_count(path: Path) -> int:
    """Wrong tries in a row. A file that says nothing usable was tampered with or torn: the first pause is due."""
    try:
        return min(1000, max(0, int(path.read_text(encoding="ascii"))))
    except FileNotFoundError:
        return 0
    except (OSError, ValueError):
        return FREE_TRIES


def _write(path: Path, text: str) -> None:
    make_folder(path.parent)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)  # mode 0600
    try:
        with os.fdopen(handle, "w", encoding="ascii") as part:
            part.write(text)
            part.flush()
            os.fsync(part.fileno())
        give_to_owner_of(path.parent, Path(name))  # what root writes here, the kiosk has to read
        os.replace(name, path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
