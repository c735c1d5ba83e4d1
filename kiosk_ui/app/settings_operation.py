"""Settings of running a kiosk: the operator's page and the figures for monitoring."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from kiosk_ui.app.operation.pin import PinHash

__all__ = ["OperationSettings"]


def _usable_hash(text: str) -> str:
    PinHash.parse(text)
    return text


class OperationSettings(BaseModel):
    """Running a kiosk.

    Attributes:
        pin_hash: hash of the operator's PIN; by default the file that ``chipid operator-pin`` makes in the data folder.
        pin_file: such a file in another place.
        metrics_port: port on 127.0.0.1 where the figures can be fetched; ``None``: nowhere.
        closes_after_s: the operator's page closes when nobody has touched it for so long.
        interface_silence_s, reader_silence_s, outbox_silence_s: longest silence of a part of the program that lives;
            after it the service manager's watchdog is not fed any more.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    pin_hash: Annotated[str, AfterValidator(_usable_hash)] | None = None
    pin_file: Path | None = None
    metrics_port: Annotated[int, Field(ge=1024, le=65_535)] | None = None
    closes_after_s: Annotated[float, Field(ge=10, le=900)] = 120.0
    interface_silence_s: Annotated[float, Field(ge=2, le=600)] = 10.0
    reader_silence_s: Annotated[float, Field(ge=5, le=600)] = 30.0
    outbox_silence_s: Annotated[float, Field(ge=30, le=3_600)] = 180.0
