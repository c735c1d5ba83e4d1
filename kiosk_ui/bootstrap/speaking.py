"""The kiosk's voice, from the settings."""

from __future__ import annotations

from pathlib import Path

from kiosk_ui.app.operation.visit_defaults import DEFAULTS_FILE, load_defaults
from kiosk_ui.app.settings import Settings
from kiosk_ui.app.settings_sound import SoundSettings
from kiosk_ui.app.speech import PlayerSpeaker, Prompts

__all__ = ["RENDERED", "voice_of", "volume_of"]

RENDERED = Path(__file__).parents[1] / "sounds"
"""Where the rendered prompts are; a recording goes before them."""


def voice_of(settings: SoundSettings) -> PlayerSpeaker | None:
    """Who says the prompts; ``None`` if the settings want no sound."""
    if not settings.enabled:
        return None
    folders = (RENDERED,) if settings.recordings is None else (settings.recordings, RENDERED)
    return PlayerSpeaker(Prompts(*folders), settings.volume, settings.player)


def volume_of(settings: Settings) -> int:
    """How loud visits begin: staff's choice on the operator's page, else the settings'."""
    chosen = load_defaults(settings.data_folder / DEFAULTS_FILE).volume
    return settings.sound.volume if chosen is None else chosen
