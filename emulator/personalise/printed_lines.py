"""The machine-readable zone of a card as it is printed, and as DG1 repeats it."""

from __future__ import annotations

from emulator.personalise.mrz import mrz_lines, travel_document_lines
from emulator.personalise.profile import CardProfile

__all__ = ["printed_lines"]


def printed_lines(profile: CardProfile) -> tuple[str, ...]:
    """The machine readable zone: three lines of thirty, or two of 36 or 44.

    Raises:
        ValueError: a field does not fit, or a document of another state lacks what only such documents say.
    """
    holder, document = profile.holder, profile.travel_document
    layout = profile.document.mrz_format
    if layout is None:
        return mrz_lines(holder.number, holder.full_name, holder.born, holder.mrz_sex, holder.expires)
    if document is None or holder.expires is None or not holder.full_name.startswith(document.family_name):
        raise ValueError(f"{profile.name}: a travel document needs its fields, an expiry, and the family name first")
    secondary = holder.full_name.removeprefix(document.family_name).strip()
    return travel_document_lines(layout, document, secondary, holder.born, holder.mrz_sex, holder.expires)
