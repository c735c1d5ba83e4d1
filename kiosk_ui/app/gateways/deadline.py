"""One end for everything that belongs to one request, however many questions it takes."""

from __future__ import annotations

import time
from collections.abc import Callable

from crypto.errors import ErrorCode
from kiosk_ui.app.failures import GatewayError

__all__ = ["Deadline"]


class Deadline:
    """An end that all parts of one request share.

    Args:
        limit_s: seconds from now.
        code: what it is called when nothing is left.
        monotonic: seconds that only grow.
    """

    def __init__(self, limit_s: float, code: ErrorCode, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._code = code
        self._monotonic = monotonic
        self._end = monotonic() + limit_s

    def left_s(self) -> float:
        """Seconds that are left; more than zero.

        Raises:
            GatewayError: none are.
        """
        left = self._end - self._monotonic()
        if left <= 0:
            raise GatewayError(self._code)
        return left
