"""The insurer's result codes and the class of each (``bhyt_check_result_codes.csv`` beside this module)."""

from __future__ import annotations

import csv
import functools
from collections.abc import Mapping
from importlib import resources
from types import MappingProxyType

from kiosk_ui.app.domain.insurance import EligibilityKind

__all__ = ["kinds_by_code"]


@functools.cache
def kinds_by_code() -> Mapping[str, EligibilityKind]:
    """Class of every known three-digit code."""
    table = resources.files("kiosk_ui.app.gateways").joinpath("bhyt_check_result_codes.csv")
    rows = csv.DictReader(table.read_text(encoding="utf-8-sig").splitlines())
    return MappingProxyType({row["code"]: EligibilityKind(row["suggested_class"]) for row in rows})
