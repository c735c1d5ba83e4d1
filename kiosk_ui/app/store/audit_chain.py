"""Looking whether the audit trail is what was written: nothing changed, taken out, moved, or cut off at either end.

The chain alone shows a change in its midst. That its end was not cut off show the note of the end in the store itself and
the *anchors*: once a day the newest row's number and hash are written into a file beside the store, with a word that
only the store's key can make. Whoever can write the store but has not the key cannot rewrite the trail behind an anchor.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
import re
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from kiosk_ui.app.audit import AuditAction
from kiosk_ui.app.failures import StoreError
from kiosk_ui.app.keys import StoreKey, StoreKeys
from kiosk_ui.app.store.audit_rows import ChainEnd, chain_end, row_hash
from kiosk_ui.app.store.database import Database
from kiosk_ui.app.store.ownership import give_to_owner_of
from kiosk_ui.app.store.schema import audit_log
from reader.trust.file_writing import write_whole

__all__ = ["LEAST_KEPT", "Anchor", "AnchorFile", "ChainReport", "checkpoint_outcome", "verify_chain"]

_AT_ONCE: Final = 1_000  # rows held in memory while the chain is walked
_LINE: Final = re.compile(r"(\S{20,40}) ([0-9]{1,19}) ([0-9a-f]{64}) ([0-9a-f]{16}) ([0-9a-f]{64})")
LEAST_KEPT: Final = dt.timedelta(days=180)
"""No row is removed earlier (Decree 165/2025, article 17 clause 10)."""

_UNANCHORED: Final = dt.timedelta(hours=30)
"""A running kiosk anchors its trail once a day: rows that go on for longer after the last anchor have lost theirs."""

_APPENDING: Final = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
_LONGEST_FILE: Final = 8 << 20  # a line a day for a hundred years


@dataclasses.dataclass(frozen=True, slots=True)
class Anchor:
    """The newest row of the trail at one moment."""

    at: dt.datetime
    row: int
    row_hash: str


@dataclasses.dataclass(frozen=True, slots=True)
class ChainReport:
    """What looking at the trail has shown.

    Attributes:
        rows: how many were looked at.
        first_broken: number of the first row that is not what was written, or ``None``.
        problems: what is wrong, one sentence each; empty if nothing is.
        end: the newest row according to the store.
    """

    rows: int
    first_broken: int | None
    problems: tuple[str, ...]
    end: ChainEnd


def checkpoint_outcome(row: int, own_hash: str) -> str:
    """What the trail says of its own rows that were removed since their time was over: the last of them."""
    return f"{row} {own_hash[:32]}"


class AnchorFile:
    """The anchors, one a line, oldest first. Lines are only ever added, except that a new key confirms them anew.

    Args:
        path: the file.
        keys: the store's keys; what is written is confirmed with the first of them.
    """

    def __init__(self, path: Path, keys: StoreKeys) -> None:
        self._path = path
        self._keys = keys

    def add(self, end: ChainEnd, at: dt.datetime) -> None:
        """Write one line, on the disk before this returns. An empty trail has no anchor.

        Raises:
            OSError: it cannot be written.
        """
        if end.last_id == 0:
            return
        with os.fdopen(os.open(self._path, _APPENDING, 0o600), "ab") as file:
            give_to_owner_of(self._path.parent, self._path)
            # A line that a power cut left half is ended, so that it does not swallow this one.
            file.write(b"" if self._ends_whole() else b"\n")
            file.write(_line(Anchor(at, end.last_id, end.last_hash), self._keys.first))
            file.flush()
            os.fsync(file.fileno())

    def confirm_anew(self, key: StoreKey) -> None:
        """Have ``key`` confirm all good lines, so that an older one can go. Whole or not at all.

        Raises:
            OSError: it cannot be written.
        """
        anchors, _ = self.read()
        if anchors:
            write_whole(self._path, b"".join(_line(anchor, key) for anchor in anchors), mode=0o600)
            give_to_owner_of(self._path.parent, self._path)

    def newest(self) -> Anchor | None:
        """The last good line, or ``None``."""
        anchors, _ = self.read()
        return anchors[-1] if anchors else None

    def read(self) -> tuple[list[Anchor], int]:
        """All good lines in their order, and how many are none."""
        try:
            lines = self._path.read_bytes()[:_LONGEST_FILE].splitlines()
        except FileNotFoundError:
            return [], 0
        found = [self._anchor(line) for line in lines if line]
        return [each for each in found if each is not None], found.count(None)

    def _ends_whole(self) -> bool:
        octets = self._path.read_bytes()
        return not octets or octets.endswith(b"\n")

    def _anchor(self, line: bytes) -> Anchor | None:
        """One line; ``None`` if it is none, or was confirmed with another key than ours."""
        matched = _LINE.fullmatch(line.decode("ascii", errors="replace"))
        if matched is None:
            return None
        at, row, own_hash, key_id, word = matched.groups()
        try:
            if self._keys.get(key_id).anchor_word(line.rpartition(b" ")[0]) != word:
                return None
            return Anchor(dt.datetime.fromisoformat(at), int(row), own_hash)
        except (StoreError, ValueError):
            return None


def _line(anchor: Anchor, key: StoreKey) -> bytes:
    moment = anchor.at.astimezone(dt.UTC).isoformat(timespec="seconds")
    line = f"{moment} {anchor.row} {anchor.row_hash} {key.id}"
    return f"{line} {key.anchor_word(line.encode())}\n".encode()


def verify_chain(database: Database, anchors: AnchorFile | None = None, now: dt.datetime | None = None) -> ChainReport:
    """Walk the whole trail.

    Args:
        database: an open database.
        anchors: its anchors, if it has any.
        now: the present moment.

    Raises:
        StoreError: the store cannot be read.
    """
    known, unusable = anchors.read() if anchors is not None else ([], 0)
    with database.transaction("read") as connection:
        end = chain_end(connection)
        walk = _Walk(end, known, now or dt.datetime.now(dt.UTC))
        query = sa.select(audit_log).order_by(audit_log.c.id).execution_options(yield_per=_AT_ONCE)
        for row in connection.execute(query).mappings():
            walk.look_at(row)
    problems = walk.problems()
    if unusable:
        problems.append(f"{unusable} lines of the anchor file are none, or were made with another key.")
    elif anchors is not None and walk.lost_anchors:
        problems.append(
            "The trail goes on for days without an anchor: its anchors are gone, and nothing shows that it was not rewritten."
        )
    return ChainReport(walk.rows, walk.first_broken, tuple(problems), end)


class _Walk:
    """One walk along the trail."""

    def __init__(self, end: ChainEnd, anchors: list[Anchor], now: dt.datetime) -> None:
        self._end = end
        self._anchors = {anchor.row: anchor for anchor in anchors}
        newest = [anchor for anchor in anchors if anchor.row <= end.checkpoint_id and anchor.at > now - LEAST_KEPT]
        self._removed_early = newest[-1] if newest else None
        self._previous = end.checkpoint_hash
        self._pruned: str | None = None  # what the trail itself says about where it begins
        self._last = end.checkpoint_id
        self._wrong_anchor: Anchor | None = None
        self._last_anchored = max((anchor.row for anchor in anchors), default=0)
        self._since: dt.datetime | None = None  # first row after the last anchor
        self.lost_anchors = False
        self.rows = 0
        self.first_broken: int | None = None

    def look_at(self, values: sa.RowMapping) -> None:
        """The next row."""
        own = row_hash(
            self._previous,
            values["id"],
            values["at"],
            values["device"],
            values["action"],
            values["outcome"],
            values["check_in_id"],
            values["subject"],
        )
        is_whole = values["previous_hash"] == self._previous and values["row_hash"] == own
        if not is_whole and self.first_broken is None:
            self.first_broken = values["id"]
        anchor = self._anchors.pop(values["id"], None)
        if anchor is not None and anchor.row_hash != values["row_hash"] and self._wrong_anchor is None:
            self._wrong_anchor = anchor
        if values["action"] == AuditAction.AUDIT_PRUNED.value:
            self._pruned = values["outcome"]
        if values["id"] > self._last_anchored:
            self._since = self._since or values["at"]
            self.lost_anchors = values["at"] - self._since > _UNANCHORED
        self.rows += 1
        # What is stored is followed, so that one changed row is one finding and not one for each row after it.
        self._previous, self._last = values["row_hash"] or own, values["id"]

    def problems(self) -> list[str]:
        """What is wrong, after the last row."""
        found = []
        if self.first_broken is not None:
            found.append(f"Row {self.first_broken} was changed, or a row before it was taken out.")
        if (self._last, self._previous) != (self._end.last_id, self._end.last_hash):
            found.append(f"The trail ends with row {self._last}, but row {self._end.last_id} was the last one written.")
        if self._wrong_anchor is not None:
            found.append(
                f"Row {self._wrong_anchor.row} is not the one that was anchored on {self._wrong_anchor.at:%Y-%m-%d}."
            )
        lost = [anchor for row, anchor in self._anchors.items() if row > max(0, self._end.checkpoint_id)]
        if lost:
            newest = max(lost, key=lambda anchor: anchor.row)
            found.append(
                f"Row {newest.row}, anchored on {newest.at:%Y-%m-%d}, is gone: the trail was cut off or replaced."
            )
        if self._removed_early is not None:
            found.append(
                f"Rows that were written by {self._removed_early.at:%Y-%m-%d} were removed before their time was over."
            )
        begins = checkpoint_outcome(self._end.checkpoint_id, self._end.checkpoint_hash)
        if self._end.checkpoint_id and self._pruned != begins:
            found.append("The trail's beginning was taken away, and the trail does not say so.")
        return found
