"""Looking whether a store is whole: its file, its references, every sealed cell, the audit trail."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator
from typing import Final

import sqlalchemy as sa

from kiosk_ui.app.failures import StoreError
from kiosk_ui.app.store import records
from kiosk_ui.app.store.audit_chain import AnchorFile, ChainReport, verify_chain
from kiosk_ui.app.store.database import Database
from kiosk_ui.app.store.schema import check_in, insurance_answer, patient_snapshot

__all__ = ["StoreReport", "check_store"]

_AT_ONCE: Final = 200


@dataclasses.dataclass(frozen=True, slots=True)
class StoreReport:
    """What looking at the store has shown.

    Attributes:
        check_ins: how many there are.
        sealed_cells: how many were opened.
        chain: the audit trail.
        problems: what is wrong, one sentence each, with nothing personal; empty if nothing is.
    """

    check_ins: int
    sealed_cells: int
    chain: ChainReport
    problems: tuple[str, ...]


def check_store(database: Database, anchors: AnchorFile | None = None, now: dt.datetime | None = None) -> StoreReport:
    """Look at everything. Nothing is changed.

    Raises:
        StoreError: the store cannot be read at all.
    """
    problems = list(_of_the_file(database))
    cells, damaged = _open_cells(database)
    if damaged:
        problems.append(f"{len(damaged)} sealed records cannot be opened, of check-in {damaged[0]} first.")
    chain = verify_chain(database, anchors, now)
    with database.transaction("read") as connection:
        check_ins = connection.execute(sa.select(sa.func.count()).select_from(check_in)).scalar_one()
    return StoreReport(check_ins, cells - len(damaged), chain, (*problems, *chain.problems))


def _of_the_file(database: Database) -> Iterator[str]:
    with database.transaction("read") as connection:
        if connection.dialect.name != "sqlite":
            return  # a server looks after its pages by itself
        found = connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar_one()
        if found != "ok":
            yield "The file is damaged: its pages do not hold together."
        if connection.exec_driver_sql("PRAGMA foreign_key_check").first() is not None:
            yield "The file is damaged: a record belongs to a check-in that is not there."


def _open_cells(database: Database) -> tuple[int, list[str]]:
    """How many cells were tried, and to which check-ins those belong that cannot be opened."""
    person, answer = patient_snapshot.c, insurance_answer.c
    queries = (
        (
            records.SNAPSHOTS,
            sa.select(person.check_in_id, person.check_in_id.label("row"), person.key_id, person.content),
        ),
        (records.ANSWERS, sa.select(answer.check_in_id, answer.id.label("row"), answer.key_id, answer.content)),
    )
    tried, damaged = 0, []
    for table, query in queries:
        with database.transaction("read") as connection:
            for row in connection.execute(query.execution_options(yield_per=_AT_ONCE)).mappings():
                tried += 1
                try:
                    place = records.place_of(table, row["row"])
                    content = database.keys.open(row["key_id"], row["content"], place)
                    if table == records.SNAPSHOTS:
                        records.person_of(content)
                    else:
                        records.require_about(content, row["check_in_id"])
                except StoreError:
                    damaged.append(str(row["check_in_id"]))
    return tried, damaged
