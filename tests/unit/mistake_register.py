"""Where mistakes that are made on purpose are listed: each is a small change of a running program, and a test notices it.

``docs/quirks.md`` lists them by name. A mistake names the test of the suite that must fail while it is made; that test is
called as it stands, with one of its cases.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Final

import pytest

from emulator.cards import catalogue

__all__ = ["ATTACKS", "MISTAKES", "PUBLISHED", "STATES", "Mistake", "document", "noticed_by"]

PUBLISHED: Final = "tests/unit/test_terminal_published_examples.py"
ATTACKS: Final = "tests/hostile/test_attack_cards.py::test_the_attack_is_caught_for_its_reason"
STATES: Final = "tests/unit/test_reader_meets_documents_of_other_states.py::test_the_verdict_is_the_announced_one"

Arguments = Callable[[ModuleType], Mapping[str, object]]
Make = Callable[[pytest.MonkeyPatch], None]


@dataclasses.dataclass(frozen=True)
class Mistake:
    """One mistake.

    Attributes:
        name: as in the table of ``docs/quirks.md``.
        test: the one that notices it, ``path::function``.
        arguments: one of its cases, from its module; a fixture is named by a parameter of the same name.
        make: makes the mistake until the patch is undone.
        says: what else than a failed assertion tells of it, where the other side is a chip of the test's own.
    """

    name: str
    test: str
    arguments: Arguments
    make: Make
    says: tuple[type[Exception], ...] = ()


MISTAKES: Final[list[Mistake]] = []


def noticed_by(
    test: str, arguments: Arguments | None = None, says: tuple[type[Exception], ...] = (), **values: object
) -> Callable[[Make], Make]:
    """Enters the decorated function into the list under its name."""

    def enter(make: Make) -> Make:
        name = make.__name__.strip("_").replace("_", "-")
        MISTAKES.append(Mistake(name, test, arguments or (lambda module: values), make, says))
        return make

    return enter


def document(name: str) -> Mapping[str, object]:
    """Arguments of a test that reads one card of the catalogue."""
    return {"spec": next(spec for spec in catalogue(laboratory=True) if spec.name == name)}
