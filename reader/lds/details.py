"""What DG11, DG12 and DG16 add to a result, as plain data. Keys are there only where the chip says something."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from crypto.errors import ChipIdError
from reader.lds.document import IdDocument
from reader.lds.field_text import FieldDate, FieldName, FieldText

__all__ = ["details_of"]

_Plain = str | list[str] | list[dict[str, str]] | None


def details_of(document: IdDocument) -> dict[str, Any]:
    """The additional details by key: texts in one line, dates in the order of ISO 8601 as far as they are known.

    A group that cannot be read adds nothing here; its hash is checked and reported either way.
    """
    sources: tuple[Callable[[IdDocument], dict[str, _Plain]], ...] = (_of_the_holder, _of_the_document, _of_others)
    details: dict[str, Any] = {}
    for source in sources:
        try:
            found = source(document)
        except ChipIdError:
            continue
        details |= {key: value for key, value in found.items() if value}
    return details


def _of_the_holder(document: IdDocument) -> dict[str, _Plain]:
    holder = document.personal_details
    if holder is None:
        return {}
    return {
        "full_name": _name(holder.full_name),
        "other_names": [name.full for name in holder.other_names or ()],
        "personal_number": _line(holder.personal_number),
        "date_of_birth": _date(holder.date_of_birth),
        "place_of_birth": _line(holder.place_of_birth),
        "address": _line(holder.address),
        "telephone": _line(holder.telephone),
        "profession": _line(holder.profession),
        "title": _line(holder.title),
        "personal_summary": _line(holder.personal_summary),
        "other_document_numbers": _line(holder.other_document_numbers),
        "custody_information": _line(holder.custody_information),
    }


def _of_the_document(document: IdDocument) -> dict[str, _Plain]:
    issued = document.document_details
    if issued is None:
        return {}
    return {
        "issuing_authority": _line(issued.issuing_authority),
        "issued_on": _date(issued.date_of_issue),
        "other_persons": [name.full for name in issued.other_persons or ()],
        "endorsements": _line(issued.endorsements),
        "tax_or_exit_requirements": _line(issued.tax_or_exit_requirements),
        "personalised_on": _date(issued.personalised_at),
        "personalisation_system": _line(issued.personalisation_system),
    }


def _of_others(document: IdDocument) -> dict[str, _Plain]:
    persons = []
    for person in document.persons_to_notify or ():
        lines = {
            "name": _name(person.name),
            "telephone": _line(person.telephone),
            "address": _line(person.address),
            "recorded_on": _date(person.recorded_on),
        }
        persons.append({key: line for key, line in lines.items() if line})
    return {"persons_to_notify": persons}


def _line(text: FieldText | None) -> str | None:
    return None if text is None else text.line


def _name(name: FieldName | None) -> str | None:
    return None if name is None else name.full


def _date(date: FieldDate | None) -> str | None:
    return None if date is None else date.as_text()
