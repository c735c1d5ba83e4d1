"""Settings of the store: its key, and how long what is kept."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["StoreSettings"]


class StoreSettings(BaseModel):
    """The table ``[store]``.

    Attributes:
        key_file: the key of what is encrypted; if not given, the systemd credential ``chipid-store.key``, or where there
            is none a file of that name in the data folder. Kiosks that share a store share the key.
        personal_days: names, numbers and the insurer's answers are deleted after so many days.
        undelivered_days: if somebody has still to be told about a check-in, they are kept for so many days at most.
        record_days: check-ins without anything personal, for counting, are deleted after so many days.
        audit_years: the audit trail is kept for so long. Less than half a year is not allowed (Decree 165/2025).
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    key_file: Path | None = None
    personal_days: Annotated[int, Field(ge=1, le=30)] = 3
    undelivered_days: Annotated[int, Field(ge=1, le=90)] = 30
    record_days: Annotated[int, Field(ge=30, le=3_660)] = 400
    audit_years: Annotated[float, Field(ge=0.5, le=20)] = 5.0
