"""Settings of the printer: ``[printer]``."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

__all__ = ["PrinterSettings"]

_BAUD_RATES = (1_200, 2_400, 4_800, 9_600, 19_200, 38_400, 57_600, 115_200, 230_400)


def _near(host: str) -> str:
    """A printer speaks without encryption, and slips name people: it has to stand in the hospital's own network."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        if re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?", host) is None:
            raise ValueError("this must be the printer's name or address, such as 192.168.1.50") from None
        return host
    if not (address.is_private or address.is_loopback or address.is_link_local):
        raise ValueError("a printer is reached without encryption, so it must have a private address")
    return host


def _queue_name(name: str) -> str:
    # A name that begins with a dash would be read as an option by lp.
    if re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.@-]*", name) is None:
        raise ValueError("a print queue's name has letters, digits, _ . @ and - only, and begins with none of . @ -")
    return name


def _known_rate(rate: int) -> int:
    if rate not in _BAUD_RATES:
        raise ValueError(f"this must be one of {', '.join(map(str, _BAUD_RATES))}")
    return rate


class PrinterSettings(BaseModel):
    """The printer of tickets and slips. docs/printing.md has an example of each kind.

    Attributes:
        kind: ``file``: pictures and PDFs of the last 200 tickets in the data folder, nothing on paper. ``network``,
            ``usb`` and ``device`` (a device file or serial line): ESC/POS receipt printers. ``cups``: a print queue of
            the system.
        paper: width of the roll in millimetres.
        host: of a ``network`` printer; ``port`` is 9100 with nearly every maker.
        vendor: USB vendor id of a ``usb`` printer, ``product`` its product id; without them the first printer is taken.
        device: file of a ``device`` printer, ``baud_rate`` its speed if it is a serial line.
        queue: of ``cups``; the system's default if not given.
        answers: whether a receipt printer can be asked how it is; one that cannot is believed to have printed.
        command: which command carries pictures: ``bit_image`` (GS v 0) or ``graphics`` (GS ( L).
        cuts: whether it has a cutter.
        connect_timeout_s: for reaching it.
        status_timeout_s: for each answer to a question of status.
        print_timeout_s: for taking a ticket, and again for printing it.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    kind: Literal["file", "network", "usb", "device", "cups"] = "file"
    paper: Literal[58, 80] = 80
    host: Annotated[str, Field(min_length=1, max_length=253), AfterValidator(_near)] | None = None
    port: Annotated[int, Field(ge=1, le=65_535)] = 9_100
    vendor: Annotated[int, Field(ge=0, le=0xFFFF)] | None = None
    product: Annotated[int, Field(ge=0, le=0xFFFF)] | None = None
    device: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    baud_rate: Annotated[int, AfterValidator(_known_rate)] = 115_200
    queue: Annotated[str, Field(max_length=127), AfterValidator(_queue_name)] | None = None
    answers: bool = True
    command: Literal["bit_image", "graphics"] = "bit_image"
    cuts: bool = True
    connect_timeout_s: Annotated[float, Field(gt=0, le=30)] = 2.0
    status_timeout_s: Annotated[float, Field(gt=0, le=10)] = 0.5
    print_timeout_s: Annotated[float, Field(gt=0, le=60)] = 6.0

    @model_validator(mode="after")
    def _has_what_its_kind_needs(self) -> PrinterSettings:
        needed = {"network": "host", "device": "device"}.get(self.kind)
        if needed is not None and getattr(self, needed) is None:
            raise ValueError(f"a printer of kind {self.kind} needs {needed}")
        if self.product is not None and self.vendor is None:
            raise ValueError("product is given without vendor")
        return self
