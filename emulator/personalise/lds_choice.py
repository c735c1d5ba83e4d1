"""What the logical data structure of a document holds beyond the ordinary, and in which encodings: ``[lds]`` of a profile."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from emulator.personalise.biometric_template import BiometricEncoding
from emulator.personalise.details_template import DateCoding
from emulator.personalise.dg3 import FingerCoding, FingerPosition
from emulator.personalise.dg4 import Eye
from emulator.personalise.dg11 import PersonalDetails
from emulator.personalise.dg12 import DocumentDetails
from emulator.personalise.dg16 import PersonToNotify

__all__ = ["LdsChoice", "lds_choice"]


@dataclasses.dataclass(frozen=True, slots=True)
class LdsChoice:
    """Optional data groups; what is empty is absent.

    Attributes:
        face_encoding: of DG2.
        face_length_errors: added to the length of the face record and of the block inside it.
        fingers: in DG3. Without them DG3 says "no instances" where there is a portrait.
        finger_encoding, finger_coding: of DG3.
        irises: in DG4.
        displayed_portrait: whether DG5 is there.
        signatures: how many images DG7 has.
        personal_details: DG11.
        document_details: DG12.
        optional_details: DG13 of another state than Viet Nam, whose content is that state's own matter.
        persons_to_notify: DG16.
        unknown_tags: further octets in the tag list of EF.COM, for files that this standard does not know.
    """

    face_encoding: BiometricEncoding = BiometricEncoding.ISO_19794
    face_length_errors: tuple[int, int] = (0, 0)
    fingers: tuple[FingerPosition, ...] = ()
    finger_encoding: BiometricEncoding = BiometricEncoding.ISO_19794
    finger_coding: FingerCoding = FingerCoding.WSQ
    irises: tuple[Eye, ...] = ()
    displayed_portrait: bool = False
    signatures: int = 0
    personal_details: PersonalDetails | None = None
    document_details: DocumentDetails | None = None
    optional_details: str = ""
    persons_to_notify: tuple[PersonToNotify, ...] = ()
    unknown_tags: bytes = b""


def lds_choice(table: Mapping[str, Any]) -> LdsChoice:
    """The choice that a profile's table describes. A misspelt key raises ``TypeError``."""
    values = dict(table)
    first_error, second_error = values.pop("face_length_errors", (0, 0))
    personal, document = values.pop("personal_details", None), values.pop("document_details", None)
    return LdsChoice(
        face_encoding=BiometricEncoding(values.pop("face_encoding", BiometricEncoding.ISO_19794)),
        face_length_errors=(first_error, second_error),
        fingers=tuple(FingerPosition[name.upper()] for name in values.pop("fingers", ())),
        finger_encoding=BiometricEncoding(values.pop("finger_encoding", BiometricEncoding.ISO_19794)),
        finger_coding=FingerCoding(values.pop("finger_coding", FingerCoding.WSQ)),
        irises=tuple(Eye[name.upper()] for name in values.pop("irises", ())),
        personal_details=None if personal is None else PersonalDetails(**_details(personal)),
        document_details=None if document is None else DocumentDetails(**_details(document)),
        persons_to_notify=tuple(PersonToNotify(**entry) for entry in values.pop("persons_to_notify", ())),
        unknown_tags=bytes.fromhex(values.pop("unknown_tags", "")),
        **values,
    )


def _details(table: Mapping[str, Any]) -> dict[str, Any]:
    """Lists of names become tuples, the coding of dates its enumeration."""
    values: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in table.items()}
    values["date_coding"] = DateCoding(values.get("date_coding", DateCoding.ASCII))
    return values
