"""When a card is torn away in the middle of a reading: what counts as that, and how its return is waited for.

Nothing here says which card comes back. That is found out afterwards: it has to open in the same way by the same key,
show the same EF.SOD and prove itself anew, and in the end every group is held against that one EF.SOD
(docs/decisions/0014).
"""

from __future__ import annotations

import threading
from typing import Final

from crypto.errors import ChipIdError, ErrorCode
from reader import errors
from reader.link import Link
from reader.plan import ReadPlan
from reader.progress import OnProgress, ProgressEvent, ReadingPhase, ignore_progress
from reader.protocols.access_key import AccessKey, HolderKey
from reader.transport.base import CardTransport, ReturningCard

__all__ = ["Returns", "is_gone"]

_TORN: Final[tuple[ErrorCode, ...]] = (
    errors.CARD_REMOVED,
    errors.CARD_ABSENT,
    errors.CARD_MUTE,
    errors.LINK_FAILED,
    errors.PCSC_NOT_RUNNING,  # a service that is started again, a cable that is put back: the card may still lie there
    errors.READER_NOT_FOUND,
)
_NOT_BACK: Final[tuple[ErrorCode, ...]] = (errors.CARD_ABSENT, errors.CARD_REMOVED)


def is_gone(link: Link) -> bool:
    """Whether the card no longer answers: it is powered anew, which ends any channel and any application on it.

    Raises:
        Cancelled: somebody asked to stop.
    """
    try:
        link.reset()
    except errors.TransportError:
        return True
    return False


class Returns:
    """The returns of a card in one reading: waits for each, and closes what it opened.

    Args:
        link: whose transport is exchanged.
        key: what opens the card. A PIN or PUK is never sent again without its holder, so there is no return with it.
        plan: how often, and how long.
        comes_back: where the card would be laid down again; ``None`` if a torn card ends the reading.
        cancel: ends the waiting.
        on_progress: told when the card is awaited.
    """

    def __init__(
        self,
        link: Link,
        key: AccessKey,
        plan: ReadPlan,
        comes_back: ReturningCard | None = None,
        cancel: threading.Event | None = None,
        on_progress: OnProgress = ignore_progress,
    ) -> None:
        self._link = link
        self._plan = plan
        self._comes_back = None if isinstance(key, HolderKey) else comes_back
        self._cancel = cancel or threading.Event()
        self._on_progress = on_progress
        self._left = plan.most_returns
        self._own: CardTransport | None = None

    @property
    def are_possible(self) -> bool:
        """Whether one more return would be waited for."""
        return self._comes_back is not None and self._left > 0

    def wait_after(self, error: ChipIdError) -> None:
        """Wait until a card lies there again, and go on with it.

        Args:
            error: what ended the attempt.

        Raises:
            ChipIdError: ``error``, if the card was not torn away or is not waited for (any more); ``card.removed`` in
                the place of those that only look like something else; or what is wrong with the reader itself.
            Cancelled: somebody asked to stop.
        """
        if self._comes_back is None or not self.are_possible or not self._is_torn(error):
            raise error
        self._on_progress(ProgressEvent(ReadingPhase.CARD_AWAITED))
        with self._link.phase(ReadingPhase.CARD_AWAITED):
            self.close()
            self._link.transport = self._own = self._take(self._comes_back, error)

    def close(self) -> None:
        """Let go of the card that came back last, if one did. The first one stays with its owner."""
        if self._own is not None:
            self._own.close()
            self._own = None

    def _take(self, place: ReturningCard, torn: ChipIdError) -> CardTransport:
        self._left -= 1
        try:
            return place.wait(self._plan.return_within_s, self._cancel)
        except errors.TransportError as error:
            if error.code not in _NOT_BACK:
                raise
        if isinstance(torn, errors.TransportError) and torn.code is not errors.CARD_ABSENT:
            raise torn
        raise errors.TransportError(errors.CARD_REMOVED) from torn

    def _is_torn(self, error: ChipIdError) -> bool:
        """Half an answer can look like anything: then the card itself is asked whether it is still there."""
        if isinstance(error, errors.TransportError):
            return error.code in _TORN
        return error.code is not errors.ANOTHER_CARD and is_gone(self._link)
