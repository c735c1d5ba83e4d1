"""A share of the hundred thousand conversations with chips that lie."""

from __future__ import annotations

import pytest

from tests.fuzz.conversations import run_conversations
from tests.soak import SEED, SHARE_PERCENT, soak_share
from tests.soak_run import CONVERSATIONS, CONVERSATIONS_AT_ONCE

AT_MOST_PERCENT = min(SHARE_PERCENT, 1.0)
STARTS = soak_share("conversations", range(0, CONVERSATIONS, CONVERSATIONS_AT_ONCE), percent=AT_MOST_PERCENT)


@pytest.mark.soak
@pytest.mark.parametrize("start", STARTS)
def test_no_conversation_crashes_hangs_or_buys_trust(start: int) -> None:
    result = run_conversations(start, CONVERSATIONS_AT_ONCE, SEED)
    assert result.failures == []
    assert 0 < result.refused < result.conversations
