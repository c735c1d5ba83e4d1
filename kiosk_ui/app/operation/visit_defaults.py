"""What every visit begins with, as staff chose it on the operator's page: language, loudness, theme."""

from __future__ import annotations

import dataclasses
import json
import logging
import os
import re
import tempfile
from pathlib import Path

__all__ = ["DEFAULTS_FILE", "VisitDefaults", "load_defaults", "save_defaults"]

_log = logging.getLogger(__name__)
_NAME = re.compile(r"[a-z][a-z_]{1,30}")
LOUDEST = 4

DEFAULTS_FILE = "visit-defaults.json"
"""Its name in the data folder."""


@dataclasses.dataclass(frozen=True, slots=True)
class VisitDefaults:
    """Chosen by staff; ``None`` leaves it to the command line and the settings.

    Attributes:
        language: code of a language.
        palette: name of a theme.
        volume: 0 (silent) to 4.
    """

    language: str | None = None
    palette: str | None = None
    volume: int | None = None


def load_defaults(path: Path) -> VisitDefaults:
    """What was chosen. Whatever is not there, or not usable, was not chosen: no kiosk stays dark because of it."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return VisitDefaults()
    except (OSError, ValueError, RecursionError):
        _log.warning("what staff chose for the beginning of visits cannot be read")
        return VisitDefaults()
    if not isinstance(found, dict):
        return VisitDefaults()
    volume = found.get("volume")
    usable = isinstance(volume, int) and not isinstance(volume, bool) and 0 <= volume <= LOUDEST
    return VisitDefaults(_name(found.get("language")), _name(found.get("palette")), volume if usable else None)


def save_defaults(path: Path, chosen: VisitDefaults) -> None:
    """Keep what was chosen, whole or not at all.

    Raises:
        OSError: it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as part:
            json.dump(dataclasses.asdict(chosen), part)
        os.replace(name, path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise


def _name(value: object) -> str | None:
    return value if isinstance(value, str) and _NAME.fullmatch(value) else None
