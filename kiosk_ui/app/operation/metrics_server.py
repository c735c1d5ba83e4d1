"""``http://127.0.0.1:PORT/metrics``: the figures for the hospital's monitoring, to this machine alone."""

from __future__ import annotations

import http.server
import logging
import sys
import threading
from collections.abc import Callable
from http import HTTPStatus

from kiosk_ui.app.failures import METRICS_PORT_TAKEN, KioskError
from kiosk_ui.app.operation.exposition import CONTENT_TYPE

__all__ = ["MetricsServer"]

_log = logging.getLogger(__name__)
_TIMEOUT_S = 5.0


class MetricsServer:
    """Answers GET /metrics in threads of its own. A context manager: it listens inside the block.

    Args:
        text: makes the text anew for each question.
        port: on the loopback address; 0 takes a free one.

    Raises:
        KioskError: the port cannot be had.
    """

    def __init__(self, text: Callable[[], str], port: int) -> None:
        handler = type("Handler", (_Handler,), {"text": staticmethod(text)})
        try:
            self._server = _Server(("127.0.0.1", port), handler)
        except OSError as error:
            raise KioskError(METRICS_PORT_TAKEN, cause=type(error).__name__) from None
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="metrics", daemon=True)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    def __enter__(self) -> MetricsServer:
        self._thread.start()
        return self

    def __exit__(self, *reason: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(http.server.ThreadingHTTPServer):
    """The library's own would print what an exception says, which could quote anything."""

    def handle_error(self, request: object, client_address: object) -> None:
        """Name what went wrong; monitoring notices by itself that it got no answer."""
        kind = sys.exc_info()[0]
        _log.error("the figures for monitoring could not be given: %s", "unknown" if kind is None else kind.__name__)


class _Handler(http.server.BaseHTTPRequestHandler):
    """One question. Whatever was asked, nothing of it is logged or sent back."""

    timeout = _TIMEOUT_S
    server_version = "chipid"
    sys_version = ""
    text: Callable[[], str]

    def do_GET(self) -> None:
        """The figures, or 404 for every other path."""
        if self.path.partition("?")[0] != "/metrics":
            self._answer(HTTPStatus.NOT_FOUND, b"")
            return
        self._answer(HTTPStatus.OK, self.text().encode())

    def _answer(self, status: HTTPStatus, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", CONTENT_TYPE)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """A refusal without a page that quotes what was asked."""
        self._answer(HTTPStatus(code), b"")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Nothing: a scrape every few seconds is no news."""
