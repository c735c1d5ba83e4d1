"""EF.DG11: additional personal details (Doc 9303-10 §4.7.11)."""

from __future__ import annotations

import dataclasses
from typing import Final

from crypto.wire.tlv import Tlv
from reader.lds import files
from reader.lds.detail_template import parse_detail_template
from reader.lds.field_text import FieldDate, FieldName, FieldText

__all__ = ["DataGroup11", "parse_dg11"]

# Doc 9303-10 table 71
_FULL_NAME, _OTHER_NAME, _PERSONAL_NUMBER, _DATE_OF_BIRTH = 0x5F0E, 0x5F0F, 0x5F10, 0x5F2B
_PLACE_OF_BIRTH, _ADDRESS, _TELEPHONE, _PROFESSION, _TITLE = 0x5F11, 0x5F42, 0x5F12, 0x5F13, 0x5F14
_SUMMARY, _CITIZENSHIP, _OTHER_NUMBERS, _CUSTODY = 0x5F15, 0x5F16, 0x5F17, 0x5F18
_KNOWN: Final = frozenset(
    {
        *(_FULL_NAME, _PERSONAL_NUMBER, _DATE_OF_BIRTH, _PLACE_OF_BIRTH, _ADDRESS, _TELEPHONE, _PROFESSION),
        *(_TITLE, _SUMMARY, _CITIZENSHIP, _OTHER_NUMBERS, _CUSTODY),
    }
)


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class DataGroup11:
    """What the chip says about the holder beyond the MRZ (Doc 9303-10 table 71). ``None`` is absent.

    Attributes:
        full_name: in national characters, not truncated (5F0E).
        other_names: (A0, 5F0F); empty if there is a template without names.
        announced_other_names: the number that the template gives.
        personal_number: (5F10).
        date_of_birth: with the century, parts may be unknown (5F2B).
        place_of_birth: parts separated by ``<`` (5F11).
        address: permanent address, parts separated by ``<`` (5F42).
        telephone: (5F12).
        profession: (5F13).
        title: (5F14).
        personal_summary: (5F15).
        proof_of_citizenship: an encoded image (5F16).
        other_document_numbers: valid travel documents, separated by ``<`` (5F17).
        custody_information: (5F18).
        tag_list: tags that the group says to contain (5C); only a hint.
        others: objects whose tags the standard does not give.
        encoded: the file as read.
    """

    full_name: FieldName | None
    other_names: tuple[FieldName, ...] | None
    announced_other_names: int | None
    personal_number: FieldText | None
    date_of_birth: FieldDate | None
    place_of_birth: FieldText | None
    address: FieldText | None
    telephone: FieldText | None
    profession: FieldText | None
    title: FieldText | None
    personal_summary: FieldText | None
    proof_of_citizenship: bytes | None
    other_document_numbers: FieldText | None
    custody_information: FieldText | None
    tag_list: tuple[int, ...] | None
    others: tuple[Tlv, ...]
    encoded: bytes

    def __repr__(self) -> str:
        return f"DataGroup11({len(self.encoded)} bytes)"


def parse_dg11(octets: bytes) -> DataGroup11:
    """Read EF.DG11.

    Raises:
        WireError: no well-formed template 6B.
        DocumentError: ``document.malformed`` if one object stands twice with two values, or names without end.
    """
    template = parse_detail_template(octets, files.data_group(11), _OTHER_NAME)
    return DataGroup11(
        full_name=template.name(_FULL_NAME),
        other_names=template.names,
        announced_other_names=template.announced_names,
        personal_number=template.text(_PERSONAL_NUMBER),
        date_of_birth=template.date(_DATE_OF_BIRTH),
        place_of_birth=template.text(_PLACE_OF_BIRTH),
        address=template.text(_ADDRESS),
        telephone=template.text(_TELEPHONE),
        profession=template.text(_PROFESSION),
        title=template.text(_TITLE),
        personal_summary=template.text(_SUMMARY),
        proof_of_citizenship=template.octets(_CITIZENSHIP),
        other_document_numbers=template.text(_OTHER_NUMBERS),
        custody_information=template.text(_CUSTODY),
        tag_list=template.tag_list,
        others=template.others(_KNOWN),
        encoded=bytes(octets),
    )
