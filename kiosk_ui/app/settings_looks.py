"""Settings of how every visit begins to look: ``[looks]``. A patient changes each of them for the visit at one touch."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict

__all__ = ["LARGE_TEXT", "LooksSettings"]

LARGE_TEXT = 1.3
"""How much larger the large text is."""


class LooksSettings(BaseModel):
    """How the screens begin.

    Attributes:
        low_reach: every control is in the lower half of the screen, for kiosks that are hung high or used from a chair.
        large_text: words are 130 % of their size.
        motion: ``false``: nothing moves; screens change at once.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    low_reach: bool = False
    large_text: bool = False
    motion: bool = True

    @property
    def text_scale(self) -> float:
        """1.0 or 1.3."""
        return LARGE_TEXT if self.large_text else 1.0
