"""Being told to stop: by Ctrl-C, by a service manager, because the terminal was closed; or by staff, to start again."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from typing import NoReturn

__all__ = ["EXIT_RESTART", "start_again", "told_to_stop"]

EXIT_RESTART = 75
"""sysexits.h EX_TEMPFAIL: staff asked for a restart; whatever started the program starts it again."""


@contextlib.contextmanager
def told_to_stop() -> Iterator[threading.Event]:
    """An event that the signals set, so that everything is taken down in order.

    An exception would not do: raised while Qt calls Python it would be swallowed there, and in the midst of an import
    it can turn into another one. A hang-up that is ignored stays so (nohup). Outside the main thread nothing is heard.
    """
    stop = threading.Event()
    before = {}
    if threading.current_thread() is threading.main_thread():
        before = {number: signal.signal(number, lambda number, frame: stop.set()) for number in _heard()}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _heard() -> Iterator[signal.Signals]:
    yield signal.SIGINT
    yield signal.SIGTERM
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # Windows has none
        yield signal.SIGHUP


def start_again() -> NoReturn:
    """Become the program anew, with the same command line. For kiosks that no service manager starts again."""
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - our own command line, no shell
