"""Listening: one process, one event loop, TLS if there is a certificate. The only place that knows the server library."""

from __future__ import annotations

import logging
import ssl

import uvicorn

from kiosk_ui.app.failures import SETTINGS_UNUSABLE, SettingsError
from kiosk_ui.service.app import HospitalService
from kiosk_ui.service.settings import ServiceSettings, is_loopback

__all__ = ["server"]

_log = logging.getLogger(__name__)
_MOST_CONNECTIONS = 500  # 20 kiosks, 50 desks and some screens have 100
_MOST_HEADER_BYTES = 16 * 1024


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
        http="h11",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,  # addresses hold check-ins
        server_header=False,
        proxy_headers=bool(settings.proxies),
        forwarded_allow_ips=list(settings.proxies),
        limit_concurrency=_MOST_CONNECTIONS,
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
