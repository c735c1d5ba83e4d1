"""What makes one drawn face different from another."""

from __future__ import annotations

import dataclasses

__all__ = ["HAIR_STYLES", "Appearance"]

HAIR_STYLES = ("short", "side", "crop", "bob", "long", "tied", "bun", "receding", "headscarf")


@dataclasses.dataclass(frozen=True, slots=True)
class Appearance:
    """A face.

    Attributes:
        hair: one of :data:`HAIR_STYLES`.
        skin: 0 (light) to 3 (dark).
        greyness: of the hair, 0 to 1.
        age: in years, as it shows.
        width: of the face against the average, 0.9 to 1.1.
        jaw: 0 (round) to 1 (square).
        glasses, moustache: whether worn.
        lips: 0 (pale) to 1 (red).
        clothes: colour as ``#rrggbb``.
        collar: ``shirt``, ``round`` or ``high``.
    """

    hair: str
    skin: int = 1
    greyness: float = 0.0
    age: int = 35
    width: float = 1.0
    jaw: float = 0.4
    glasses: bool = False
    moustache: bool = False
    lips: float = 0.3
    clothes: str = "#3b5b7d"
    collar: str = "shirt"

    def __post_init__(self) -> None:
        if self.hair not in HAIR_STYLES:
            raise ValueError(f"no such hair style: {self.hair}")
