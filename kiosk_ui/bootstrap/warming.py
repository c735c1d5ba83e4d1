"""What the first visit would load, loaded while nobody is there.

Much is left out of the start so that the first screen stands soon. Four hundred modules would then be loaded in the middle
of the first patient's visit, each of them holding the interface up a little.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Final, Self

__all__ = ["FOR_A_VISIT", "PAGES", "WarmUp"]

_BETWEEN_S = 0.01  # for whoever touches the screen already

FOR_A_VISIT: Final = (
    "reader.verification.assessment",
    "reader.verification.terminal",
    "reader.lds.dg1",
    "reader.lds.dg2",
    "reader.lds.iso39794_face",
    "reader.lds.dg14",
    "reader.lds.dg15",
    "cryptography.hazmat.backends.openssl.backend",
    "cryptography.hazmat.primitives.padding",
    "cryptography.x509",
    "PIL.PngImagePlugin",
    "PIL.JpegImagePlugin",
    "PIL.Jpeg2KImagePlugin",
    "anyio._backends._asyncio",
    "httpcore",
    "h11",
    "encodings.idna",
    "difflib",
)
"""Reading and judging a card, asking an insurer, drawing a ticket."""

PAGES: Final = ("fpdf",)
"""Tickets as pages, for files and print queues."""


class WarmUp:
    """Loads modules in a thread of its own, one after the other. A context manager: at its end no more are begun.

    Args:
        names: of the modules.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._names = tuple(names)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="warm-up")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def wait(self) -> None:
        """Until all are loaded."""
        self._thread.join()

    def _run(self) -> None:
        for name in self._names:
            if self._stop.wait(_BETWEEN_S):
                return
            importlib.import_module(name)
