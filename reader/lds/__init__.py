"""What stands in a chip's files. The modules of the groups are imported on first use: no document has all groups."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from reader.lds import dg1 as dg1
    from reader.lds import dg2 as dg2
    from reader.lds import dg3 as dg3
    from reader.lds import dg4 as dg4
    from reader.lds import dg5 as dg5
    from reader.lds import dg7 as dg7
    from reader.lds import dg11 as dg11
    from reader.lds import dg12 as dg12
    from reader.lds import dg14 as dg14
    from reader.lds import dg15 as dg15
    from reader.lds import dg16 as dg16
    from reader.lds import open_groups as open_groups
    from reader.lds import vietnam as vietnam

_GROUPS: Final = frozenset(
    {*(f"dg{number}" for number in (1, 2, 3, 4, 5, 7, 11, 12, 14, 15, 16)), "open_groups", "vietnam"}
)


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever module it is
    if name not in _GROUPS:
        raise AttributeError(f"module 'reader.lds' has no attribute {name!r}")
    return import_module(f"reader.lds.{name}")
