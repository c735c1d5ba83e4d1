"""A share of the long run over check-ins; ``make soak`` has the whole."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from tests.soak import SEED, SHARE_PERCENT
from tests.soak_check_ins import CHECK_INS, KILLS, page, soak_check_ins


@pytest.mark.soak
@pytest.mark.timeout(3_600)
def test_nothing_confirmed_is_lost_or_doubled(tmp_path: Path) -> None:
    share = min(
        SHARE_PERCENT, 5.0
    )  # the whole of it is `python -m tests.soak_check_ins`, which `make soak` runs as well
    found = soak_check_ins(round(CHECK_INS * share / 100), max(2, round(KILLS * share / 100)), SEED, tmp_path)
    assert found.stored >= found.confirmed >= round(CHECK_INS * share / 100)
    assert found.is_flat
    assert f"| {found.confirmed:,} |" in page(found, "a machine", dt.date(2026, 3, 2), SEED)
