"""Files that are made when the chip first needs them.

To sign a document and to draw its holder takes longer than a program may take to start, and a chip shows none of these files
before somebody has opened it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, overload

if TYPE_CHECKING:
    from emulator.chip.content import ElementaryFile

__all__ = ["FilesOnDemand"]


class FilesOnDemand(Sequence["ElementaryFile"]):
    """A sequence that is made once, when somebody first looks into it. What making it raises, looking raises.

    Args:
        make: gives the files.
    """

    def __init__(self, make: Callable[[], tuple[ElementaryFile, ...]]) -> None:
        self._make = make
        self._made: tuple[ElementaryFile, ...] | None = None

    @property
    def are_made(self) -> bool:
        """Whether somebody has looked."""
        return self._made is not None

    def _files(self) -> tuple[ElementaryFile, ...]:
        if self._made is None:
            self._made = self._make()
        return self._made

    @overload
    def __getitem__(self, place: int) -> ElementaryFile: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[ElementaryFile, ...]: ...
    def __getitem__(self, place: int | slice) -> ElementaryFile | tuple[ElementaryFile, ...]:
        return self._files()[place]

    def __len__(self) -> int:
        return len(self._files())

    def __iter__(self) -> Iterator[ElementaryFile]:
        return iter(self._files())

    def __add__(self, other: tuple[ElementaryFile, ...]) -> tuple[ElementaryFile, ...]:
        return self._files() + other

    def __radd__(self, other: tuple[ElementaryFile, ...]) -> tuple[ElementaryFile, ...]:
        return other + self._files()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, (tuple, FilesOnDemand)) and self._files() == tuple(other)

    def __hash__(self) -> int:
        return hash(self._files())

    def __repr__(self) -> str:
        return f"FilesOnDemand({'not made yet' if self._made is None else len(self._made)})"
