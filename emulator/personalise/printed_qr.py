"""The QR code printed on a Vietnamese citizen card: not signed by anybody."""

from __future__ import annotations

from emulator.personalise.profile import CardProfile

__all__ = ["printed_qr"]


def printed_qr(profile: CardProfile) -> str:
    """Number, former number, name, birth, sex, residence and issue, with ``|`` between them; empty for other documents.

    A card whose print was forged has another person's. The order on the card of 2024 is not confirmed; assumed to begin
    with the same seven fields.
    """
    if profile.printed_qr or profile.travel_document is not None:
        return profile.printed_qr
    holder = profile.holder
    fields = (
        holder.number,
        holder.former_number,
        holder.full_name,
        f"{holder.born:%d%m%Y}",
        holder.sex,
        holder.residence,
        f"{holder.issued:%d%m%Y}",
    )
    return "|".join(fields)
