"""Listening: one process, one event loop, TLS if there is a certificate. The only place that knows the server library."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import ssl
from collections.abc import Iterable
from typing import cast

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from kiosk_ui.app.failures import SETTINGS_UNUSABLE, SettingsError
from kiosk_ui.service.app import HospitalService
from kiosk_ui.service.crowd import MOST_CONNECTIONS, MOST_FROM_ONE, Crowd
from kiosk_ui.service.settings import ServiceSettings, is_loopback

__all__ = ["Connection", "server"]

_log = logging.getLogger(__name__)
_MOST_HEADER_BYTES = 16 * 1024


class Connection(H11Protocol):
    """A connection that neither asks for ever nor takes the places of all others: one laptop stops no hospital.

    The library itself waits without end for the head of a request, and every open connection counts.

    Attributes:
        head_within_s: how long the head of a request may take.
        most_from_one: connections from one address that is no proxy of ours.
        crowd: where connections are counted.
    """

    head_within_s = 10.0
    most_from_one = MOST_FROM_ONE
    crowd = Crowd()
    _counted = ""
    _patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take it, unless its address has too many already."""
        super().connection_made(cast(asyncio.Transport, transport))
        mine = self._counted = _peer(self)
        same = self.crowd.opened(mine)
        if same > self.most_from_one and not is_trusted(mine, self.config.forwarded_allow_ips or ()):
            self.transport.abort()
            return
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Part of a request, or all of it."""
        super().data_received(data)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over."""
        self._stop_watching()
        self.crowd.closed(self._counted)
        super().connection_lost(exc)

    def _watch(self) -> None:
        """The time runs while no request is being answered; what comes byte by byte does not set it back."""
        if self._is_answering():
            self._stop_watching()
        elif self._patience is None and not self.transport.is_closing():
            self._patience = self.loop.call_later(self.head_within_s, self._end)

    def _stop_watching(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _end(self) -> None:
        self._patience = None
        if not self._is_answering():
            self.transport.abort()

    def _is_answering(self) -> bool:
        cycle = getattr(self, "cycle", None)  # none before the first request, whatever its type says
        return cycle is not None and not cycle.response_complete


def _peer(connection: object) -> str:
    client = getattr(connection, "client", None)
    return str(client[0]) if client else ""


def is_trusted(address: str, proxies: Iterable[str]) -> bool:
    """Whether many people may ask from one address: this machine, where a reverse proxy stands, or one of ``proxies``."""
    if is_loopback(address):
        return True
    try:
        mine = ipaddress.ip_address(address)
        return any(mine in ipaddress.ip_network(each, strict=False) for each in proxies)
    except ValueError:
        return False


def server(settings: ServiceSettings, service: HospitalService) -> uvicorn.Server:
    """A server that is ready to run; ``run()`` returns when it is told to stop (SIGTERM, Ctrl-C).

    Raises:
        SettingsError: the certificate or its key cannot be used.
    """
    _check_certificate(settings)
    if settings.certificate is None and not is_loopback(settings.host):
        _log.warning("PINs and tokens go over the network in the clear: plain_http is set")
    config = uvicorn.Config(
        service.app,
        host=settings.host,
        port=settings.port,
        ssl_certfile=settings.certificate,
        ssl_keyfile=settings.key,
        loop="asyncio",
        http=type("CountedConnection", (Connection,), {"crowd": service.crowd}),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,  # addresses hold check-ins
        server_header=False,
        proxy_headers=bool(settings.proxies),
        forwarded_allow_ips=list(settings.proxies),
        limit_concurrency=MOST_CONNECTIONS,
        h11_max_incomplete_event_size=_MOST_HEADER_BYTES,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=5,
    )
    return uvicorn.Server(config)


def _check_certificate(settings: ServiceSettings) -> None:
    """Before anything is opened: what the library says of a wrong file is a stack of calls."""
    if settings.certificate is None or settings.key is None:
        return
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(settings.certificate, settings.key)
    except (OSError, ssl.SSLError) as error:
        problem = f"certificate and key cannot be used ({error.strerror or type(error).__name__})."
        raise SettingsError(SETTINGS_UNUSABLE, (problem,)) from None
