"""Settings of the check-in itself: what is asked, and where people are sent."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["CheckInSettings"]

_Place = Annotated[str, Field(min_length=1, max_length=80)]


class CheckInSettings(BaseModel):
    """The table ``[check_in]``.

    Attributes:
        ask_phone: whether first visits are asked for a phone number, with consent to reminders. Nobody has to give one.
        misreads: how often a card may be unreadable before "go on without the chip" is offered.
        emergency_place_vi: where the emergency department is, as the hospital's signs say it.
        emergency_place_en: the same in English.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    ask_phone: bool = False
    misreads: Annotated[int, Field(ge=1, le=5)] = 2
    emergency_place_vi: _Place = "Khoa Cấp cứu"
    emergency_place_en: _Place = "Emergency department"
