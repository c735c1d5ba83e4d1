"""Staff sign in at a desk with its PIN. Guessing is slowed down until it is hopeless; the store opens no session.

A browser that got in once is known at that desk and has tries of its own, so that guessers elsewhere keep no nurse out.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import hashlib
import hmac
import itertools
import re
import secrets
import threading
from collections.abc import Callable, Mapping

import sqlalchemy as sa

from kiosk_ui.app.ports import Clock
from kiosk_ui.service.queue.database import QueueDatabase
from kiosk_ui.service.queue.rows import to_ms
from kiosk_ui.service.queue.tables import staff_session

__all__ = ["LockOut", "Sessions", "SignIn", "check_pin", "csrf_token", "hash_pin", "is_pin", "is_pin_hash"]

# RFC 7914: 32 MiB and some 100 ms for each guess
_SCRYPT_N, _SCRYPT_R, _SCRYPT_P = 2**15, 8, 1
_SCRYPT_MEMORY = 64 * 1024 * 1024
_HASH = re.compile(r"scrypt:([A-Za-z0-9+/]{22}==):([A-Za-z0-9+/]{43}=)")  # 16 and 32 bytes in base 64
_SESSION_LASTS = dt.timedelta(hours=12)
_SESSION_RESTS = dt.timedelta(hours=4)  # without a look from the panel, which looks every few seconds
_SEEN_EVERY_MS = 60_000
_CLOCK_STEP_MS = 5 * 60_000
_DEVICE_NAME = re.compile(r"[0-9a-f]{32}")


def is_pin(text: str) -> bool:
    """Whether ``text`` can be a PIN: 6 to 12 digits, not all the same and no plain run."""
    if re.fullmatch(r"[0-9]{6,12}", text) is None or len(set(text)) == 1:
        return False
    steps = {(int(after) - int(before)) % 10 for before, after in itertools.pairwise(text)}
    return steps not in ({1}, {9})


def hash_pin(pin: str, salt: bytes | None = None) -> str:
    """``scrypt:SALT:HASH`` in base 64, as settings hold it. Raises ``ValueError`` for what is no PIN."""
    if not is_pin(pin):
        raise ValueError("a PIN has 6 to 12 digits, not all the same, not counting up or down")
    salt = secrets.token_bytes(16) if salt is None else salt
    digest = _scrypt(pin, salt)
    return f"scrypt:{base64.b64encode(salt).decode()}:{base64.b64encode(digest).decode()}"


def is_pin_hash(text: str) -> bool:
    """Whether ``text`` has the form that :func:`hash_pin` gives."""
    return _HASH.fullmatch(text) is not None


def check_pin(pin: str, hashed: str) -> bool:
    """Whether ``pin`` is the one. Takes as long for a wrong one as for the right one."""
    found = _HASH.fullmatch(hashed)
    if found is None:
        return False
    salt, digest = (base64.b64decode(part) for part in found.groups())
    return hmac.compare_digest(_scrypt(pin, salt), digest)


def _scrypt(pin: str, salt: bytes) -> bytes:
    return hashlib.scrypt(
        pin.encode(), salt=salt, n=_SCRYPT_N, r=_SCRYPT_R, p=_SCRYPT_P, maxmem=_SCRYPT_MEMORY, dklen=32
    )


class LockOut:
    """Growing pauses after wrong guesses, for each thing that is guessed at.

    Args:
        free_tries: so many wrong ones cost nothing.
        first_pause_s: pause after the next one; doubled by each more.
        longest_pause_s: no pause is longer.
        forget_after_s: a name without a guess for so long begins anew.
        monotonic: seconds that only grow.
    """

    _MOST_NAMES = 10_000  # more cannot be told apart: the oldest are forgotten

    def __init__(
        self,
        free_tries: int,
        monotonic: Callable[[], float],
        first_pause_s: float = 30.0,
        longest_pause_s: float = 900.0,
        forget_after_s: float = 24 * 3600.0,
    ) -> None:
        self._free_tries = free_tries
        self._first_pause_s = first_pause_s
        self._longest_pause_s = longest_pause_s
        self._forget_after_s = forget_after_s
        self._monotonic = monotonic
        self._wrong: dict[str, tuple[int, float]] = {}  # name: how often, and when last
        self._lock = threading.Lock()

    def pause_s(self, name: str) -> float:
        """How long ``name`` has to wait before the next guess; 0 if it need not."""
        with self._lock:
            return self._pause_s(name)

    def begin(self, name: str) -> float:
        """Count a guess as wrong before it is looked at, so that many at once gain nothing.

        Returns:
            0 if the guess may be looked at, else how long to wait; then it is not counted.
        """
        with self._lock:
            pause = self._pause_s(name)
            if pause > 0:
                return pause
            count, _ = self._wrong.pop(name, (0, 0.0))
            while len(self._wrong) >= self._MOST_NAMES:
                del self._wrong[next(iter(self._wrong))]
            self._wrong[name] = (count + 1, self._monotonic())
            return 0.0

    def forgive(self, name: str, count: int | None = None) -> int:
        """The guess was right: take back ``count`` wrong ones, or all; returns how many that were."""
        with self._lock:
            there, last = self._wrong.pop(name, (0, 0.0))
            taken = there if count is None else min(count, there)
            if there > taken:
                self._wrong[name] = (there - taken, last)
            return taken

    def _pause_s(self, name: str) -> float:
        count, last = self._wrong.get(name, (0, 0.0))
        since = self._monotonic() - last
        if since >= self._forget_after_s:
            self._wrong.pop(name, None)
            return 0.0
        if count < self._free_tries:
            return 0.0
        pause = min(self._longest_pause_s, self._first_pause_s * 2.0 ** min(count - self._free_tries, 20))
        return max(0.0, pause - since)


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class SignIn:
    """How an attempt ended.

    Attributes:
        token: of the session; ``None``: there is none.
        wait_s: how long to wait before the next try (0: the PIN was wrong).
        device: by which the browser is known at this desk from now on; empty if it did not get in.
    """

    token: str | None
    wait_s: float = 0.0
    device: str = ""

    def __repr__(self) -> str:
        return f"SignIn({'open' if self.token else 'refused'}, wait_s={self.wait_s:.0f})"


class Sessions:
    """Who is signed in. Sessions stand in the store, so that a restart of the service signs nobody out.

    Args:
        database: the queue's own.
        pins: for each desk's code the hash of its PIN.
        clock: tells the time.
        check: whether a PIN is the one of a hash.
    """

    def __init__(
        self,
        database: QueueDatabase,
        pins: Mapping[str, str],
        clock: Clock,
        check: Callable[[str, str], bool] = check_pin,
    ) -> None:
        self._database = database
        self._pins = dict(pins)
        self._clock = clock
        self._check = check
        # Someone at one tablet is stopped early. A desk as a whole has more patience, else anybody in the network could
        # keep staff out of it.
        self._by_place = LockOut(5, clock.monotonic)
        self._by_address = LockOut(20, clock.monotonic)  # a few at each of many desks
        self._by_desk = LockOut(50, clock.monotonic)
        self._by_device = LockOut(5, clock.monotonic)
        self._one_guess = threading.Semaphore(2)  # each takes 32 MiB

    def knows(self, desk: str, device: str) -> bool:
        """Whether a browser with this word got in at ``desk`` since its PIN was last changed."""
        name, _, proof = device.partition(".")
        if desk not in self._pins or _DEVICE_NAME.fullmatch(name) is None:
            return False
        return hmac.compare_digest(proof.encode(), self._proof(desk, name).encode())

    def _proof(self, desk: str, name: str) -> str:
        # Signed with the hash of the desk's PIN, which nobody outside knows for its salt: nothing has to be stored, and
        # a new PIN makes all browsers strangers, also those of whoever collected words while knowing the old one.
        return hmac.new(self._pins[desk].encode(), f"device {desk} {name}".encode(), hashlib.sha256).hexdigest()

    def sign_in(self, desk: str, pin: str, address: str, device: str = "") -> SignIn:
        """Try a PIN.

        Args:
            desk: the desk's code; an unknown one is treated as a wrong PIN.
            pin: as typed.
            address: where it comes from.
            device: the word of an earlier :class:`SignIn`; a browser that is known here answers for its own slips alone.

        Raises:
            StoreError: ``store.unavailable``.
        """
        known = desk if desk in self._pins else "?"
        place = f"{known} {address}"
        is_known = self.knows(desk, device)
        counts = (
            ((self._by_device, f"{desk} {device}"),)
            if is_known
            else ((self._by_place, place), (self._by_address, address), (self._by_desk, known))
        )
        wait = max(each.pause_s(name) for each, name in counts)
        if wait > 0:
            return SignIn(None, wait)
        for each, name in counts:
            wait = each.begin(name)
            if wait > 0:
                return SignIn(None, wait)
        with self._one_guess:
            right = self._check(pin if is_pin(pin) else "", self._pins.get(desk, _NOBODYS))
        if not right:
            return SignIn(None)
        if is_known:
            self._by_device.forgive(f"{desk} {device}")
            return SignIn(self._open(desk), device=device)
        # Slips of staff who then got in are no guesses: else they would add up over weeks and lock the desk one day.
        slips = self._by_place.forgive(place)
        self._by_desk.forgive(desk, slips)
        self._by_address.forgive(address, slips)
        name = secrets.token_hex(16)
        return SignIn(self._open(desk), device=f"{name}.{self._proof(desk, name)}")

    def desk_of(self, token: str) -> str | None:
        """The code of the desk that a cookie signs in; ``None`` if it is none or is over. Raises ``StoreError``."""
        if not token or len(token) > 100:
            return None
        hashes, now = self._hashes(token), to_ms(self._clock.now())
        with self._database.read() as connection:
            row = connection.execute(sa.select(staff_session).where(staff_session.c.token.in_(hashes))).one_or_none()
        if row is None or hashes[row.token] != row.desk:
            return None
        lasts, rests = (each // dt.timedelta(milliseconds=1) for each in (_SESSION_LASTS, _SESSION_RESTS))
        # A clock that was put back must not make a session last; one that is put right by a little may not end it.
        if not (-_CLOCK_STEP_MS <= now - row.opened_at < lasts and -_CLOCK_STEP_MS <= now - row.seen_at < rests):
            self.sign_out(token)
            return None
        if now - row.seen_at >= _SEEN_EVERY_MS:
            with self._database.write() as connection:
                connection.execute(staff_session.update().where(staff_session.c.token == row.token).values(seen_at=now))
        return str(row.desk)

    def sign_out(self, token: str) -> None:
        """End a session. Raises ``StoreError``."""
        with self._database.write() as connection:
            connection.execute(staff_session.delete().where(staff_session.c.token.in_(self._hashes(token))))

    def purge(self) -> None:
        """Delete sessions that are over. Raises ``StoreError``."""
        oldest = to_ms(self._clock.now() - _SESSION_LASTS)
        with self._database.write() as connection:
            connection.execute(staff_session.delete().where(staff_session.c.opened_at < oldest))

    def _open(self, desk: str) -> str:
        token = secrets.token_urlsafe(32)
        now = to_ms(self._clock.now())
        with self._database.write() as connection:
            connection.execute(
                staff_session.insert().values(token=self._hashed(token, desk), desk=desk, opened_at=now, seen_at=now)
            )
        return token

    def _hashes(self, token: str) -> dict[str, str]:
        """As what a cookie stands in the store, for each desk that it may sign in."""
        return {self._hashed(token, desk): desk for desk in self._pins}

    def _hashed(self, token: str, desk: str) -> str:
        # With the hash of the PIN: whoever got in by an old one is out when the hospital gives a new one.
        return hmac.new(self._pins[desk].encode(), f"session {desk} {token}".encode(), hashlib.sha256).hexdigest()


def csrf_token(token: str) -> str:
    """What a page must send with each change; another site cannot know it, nor find the session by it."""
    return hmac.new(token.encode(), b"change", hashlib.sha256).hexdigest()


_NOBODYS = "scrypt:AAAAAAAAAAAAAAAAAAAAAA==:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="  # no PIN has it
