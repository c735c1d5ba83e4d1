"""Being told to stop, by Ctrl-C, by a service manager or because the terminal was closed."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator

__all__ = ["told_to_stop"]


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
