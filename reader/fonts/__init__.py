"""The one font of reports, screens and tickets, as files: Noto Sans, which has every Vietnamese letter."""

from __future__ import annotations

from pathlib import Path
from typing import Final

__all__ = ["BOLD", "FOLDER", "REGULAR"]

FOLDER: Final = Path(__file__).parent
REGULAR: Final = FOLDER / "NotoSans-Regular.ttf"
BOLD: Final = FOLDER / "NotoSans-Bold.ttf"
