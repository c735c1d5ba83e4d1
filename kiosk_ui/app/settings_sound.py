"""Settings of the spoken prompts: ``[sound]``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["SoundSettings"]


class SoundSettings(BaseModel):
    """Whether and how the kiosk speaks. docs/sound.md says how recordings are made.

    Attributes:
        enabled: ``false``: nothing is ever played, and the buttons for it are not shown.
        volume: 0 (silent) … 4 (loudest), with which every visit begins.
        recordings: a folder ``<language>/<key>.wav``; what is in it is played in place of the rendered voice.
        player: the program that plays; by default the first one found of these three.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    enabled: bool = True
    volume: Annotated[int, Field(ge=0, le=4)] = 3
    recordings: Path | None = None
    player: Literal["auto", "pw-play", "paplay", "aplay"] = "auto"
