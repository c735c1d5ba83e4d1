"""What visits begin with, if staff have chosen it on the operator's page. Loaded before the first window, so it is light."""

from __future__ import annotations

import dataclasses

from kiosk_ui.app.operation.visit_defaults import DEFAULTS_FILE, VisitDefaults, load_defaults
from kiosk_ui.app.settings import Settings
from kiosk_ui.qt.appearance import AppearanceDefaults
from kiosk_ui.qt.application import QML_FOLDER

__all__ = ["chosen_by_staff", "with_choice"]


def chosen_by_staff(defaults: AppearanceDefaults, settings: Settings, languages: list[str]) -> AppearanceDefaults:
    """What visits begin with: staff's choice on the operator's page, where there is one and it can still be had."""
    return with_choice(defaults, load_defaults(settings.data_folder / DEFAULTS_FILE), languages)


def with_choice(defaults: AppearanceDefaults, chosen: VisitDefaults, languages: list[str]) -> AppearanceDefaults:
    """``defaults`` with what of ``chosen`` there is a file for."""
    language = chosen.language if chosen.language in languages else defaults.language
    has_theme = chosen.palette is not None and (QML_FOLDER / "theme" / f"{chosen.palette}.json").is_file()
    return dataclasses.replace(
        defaults,
        language=language or defaults.language,
        palette=(chosen.palette if has_theme else "") or defaults.palette,
    )
