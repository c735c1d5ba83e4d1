"""Settings of the queue: which numbers this kiosk draws, and the service that calls them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from kiosk_ui.app.gateways.secret_place import SecretPlace

__all__ = ["QueueSettings"]

_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")


def _service_address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("this must be an address such as https://queue.hospital.example")
    if parts.username or parts.password:
        raise ValueError("an address with a user name or password is not allowed; the token is a file of its own")
    if parts.scheme == "http" and parts.hostname not in _THIS_MACHINE:
        raise ValueError("the kiosk's token leaves this machine, so the address must begin with https://")
    return url.rstrip("/")


class QueueSettings(BaseModel):
    """The table ``[queue]``.

    Attributes:
        kiosk: which of the hospital's kiosks this is, from 1.
        kiosks: how many there are. Kiosk *i* of *n* draws the numbers *i*, *i + n*, *i + 2n* …, so that numbers stay
            unique while the kiosks cannot talk to each other (docs/decisions/0018).
        url: the queue service; ``None``: tickets are not posted anywhere, they are called by hand.
            Plain ``http`` only on this machine.
        token: where this kiosk's token lies, a file or systemd credential; needed with ``url``.
        authority: PEM file with the certificates of the hospital's own authority; the system's authorities by default.
        connect_timeout_s: for reaching the service.
        total_timeout_s: for one whole request.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    kiosk: Annotated[int, Field(ge=1, le=99)] = 1
    kiosks: Annotated[int, Field(ge=1, le=99)] = 1
    url: Annotated[str, AfterValidator(_service_address)] | None = None
    token: SecretPlace | None = None
    authority: Path | None = None
    connect_timeout_s: Annotated[float, Field(gt=0, le=30)] = 2.0
    total_timeout_s: Annotated[float, Field(gt=0, le=30)] = 4.0

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.kiosk > self.kiosks:
            raise ValueError(f"kiosk is {self.kiosk}, but there are only {self.kiosks} kiosks")
        if self.url is not None and self.token is None:
            raise ValueError("url needs token: make a token with `chipid service token`")
        return self
