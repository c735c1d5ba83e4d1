"""The record that the JTHeID desktop tool posts to hospital systems (shared notes, B.4), made from a reading of ours.

A hospital system that was written for that tool takes this record from us unchanged. It has no field for how sure
anybody is, so whoever sends it decides first whether the reading is worth it.
"""

from __future__ import annotations

import base64
from typing import Final

from crypto.errors import ChipIdError
from reader import errors
from reader.lds.document import IdDocument
from reader.lds.vietnam import NO_EXPIRY_TEXT, PersonalData
from reader.verification.identity import Identity, Sex

__all__ = ["jtheid_record"]

_SEXES: Final = {Sex.MALE: "Nam", Sex.FEMALE: "Nữ", Sex.UNSPECIFIED: ""}
_TEXTS: Final = {
    "nationality": "quoc_tich",
    "race": "dan_toc",
    "religion": "ton_giao",
    "place_of_origin": "que_quan",
    "place_of_residence": "noi_thuong_tru",
    "personal_identification": "dac_diem",
    "date_of_issue": "ngay_cap",
    "wife_name": "vo_chong",
    "old_id_card": "so_cmnd_cu",
}


def jtheid_record(identity: Identity, document: IdDocument) -> dict[str, str]:
    """The record. Every field is there; what the card does not say is an empty text, as in the tool's own records.

    Args:
        identity: who it is, from the reading's assessment.
        document: the chip's files; what DG13 adds is taken from there.

    Returns:
        Texts in NFC; dates as ``dd/mm/yyyy``; ``id_img`` the portrait in base64 as it is on the chip.

    Raises:
        DocumentError: ``document.malformed`` if DG13 cannot be read.
    """
    try:
        personal = document.personal_data
    except ChipIdError as error:
        raise errors.DocumentError(errors.FILE_MALFORMED, file="DG13") from error
    born = identity.date_of_birth
    record = {
        "id_card": identity.number,
        "full_name": identity.full_name,
        "date_of_birth": "" if born is None else f"{born:%d/%m/%Y}",
        "gender": _SEXES[identity.sex],
        "date_of_expiry": _expiry(identity),
        **{name: _text(personal, key) for name, key in _TEXTS.items()},
        **_parents(personal),
        "id_img": "" if identity.portrait is None else base64.b64encode(identity.portrait).decode("ascii"),
    }
    record["place_of_residence"] = record["place_of_residence"] or identity.address or ""
    return record


def _text(personal: PersonalData | None, key: str) -> str:
    return "" if personal is None else personal.text(key) or ""


def _expiry(identity: Identity) -> str:
    if identity.no_expiry:
        return NO_EXPIRY_TEXT
    return "" if identity.expires_on is None else f"{identity.expires_on:%d/%m/%Y}"


def _parents(personal: PersonalData | None) -> dict[str, str]:
    """Father and mother where the card names both; of one name alone nobody knows whose it is, so none is told."""
    parents = () if personal is None else personal.parents
    father, mother = parents if len(parents) == 2 else ("", "")
    return {"father_name": father, "mother_name": mother}
