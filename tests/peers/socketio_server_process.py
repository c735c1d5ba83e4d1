"""A real Socket.IO server of an installed python-socketio, on loopback: emits what standard input says, line by line.

Run in an interpreter that has the library. Prints its address, then a line for each client that comes or goes.
"""

from __future__ import annotations

import json
import sys
import threading
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import socketio  # type: ignore[import-not-found]


class Server(ThreadingMixIn, WSGIServer):
    """Long polling needs a thread for each question."""

    daemon_threads = True


class Handler(WSGIRequestHandler):
    """Says nothing of its own."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Nothing."""


def main() -> None:
    """Serve until standard input ends."""
    server = socketio.Server(async_mode="threading", ping_interval=1, ping_timeout=3)
    server.on("connect", lambda *_: print("came", flush=True))  # noqa: T201
    server.on("disconnect", lambda *_: print("went", flush=True))  # noqa: T201
    web = make_server("127.0.0.1", 0, socketio.WSGIApp(server), Server, Handler)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    print(web.server_port, flush=True)  # noqa: T201
    for line in sys.stdin:
        name, value = json.loads(line)
        server.emit(name, value)


if __name__ == "__main__":
    main()
