"""What changes on a FHIR server after it was written: a visit of which more is known, an appointment that was kept.

Each is read, changed where it is ours to change, and written back over that very version (FHIR R4B http.html#concurrency),
so that nothing is lost that people there have added since.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from kiosk_ui.app.failures import HOSPITAL_ANSWER_UNUSABLE, HOSPITAL_REFUSED, GatewayError
from kiosk_ui.app.gateways.deadline import Deadline
from kiosk_ui.app.gateways.fhir_peer import FhirPeer
from kiosk_ui.app.gateways.fhir_resources import EXTENSION
from kiosk_ui.app.gateways.hospital_peer import json_object, raise_for_status, text_of

__all__ = ["arrived", "brought_up_to_date"]

_log = logging.getLogger(__name__)
_NOT_OURS_TO_CHANGE: Final = frozenset(
    {403, 404, 405, 410, 422, 501}
)  # a server that allows no update, or not this one
_SOMEBODY_ELSE_DID: Final = frozenset({409, 412, 428})
_CAN_ARRIVE: Final = ("booked", "pending")  # FHIR R4B valueset-appointmentstatus


def brought_up_to_date(peer: FhirPeer, place: str, ours: object, deadline: Deadline) -> None:
    """Write what is known now into a resource of an earlier hand-over.

    Args:
        peer: the server.
        place: ``Type/id``; empty if the server did not say.
        ours: the resource as it would be made now.
        deadline: of the hand-over.

    Raises:
        GatewayError: it is not known to be written, and trying again may help.
    """
    if not place or not isinstance(ours, dict) or ours.get("resourceType") not in _CHANGES:
        return
    current = _read(peer, place, deadline)
    if current is not None and not _is_named(current, ours.get("identifier")):
        # The server took another one for it. What we know of one person is not written into somebody else's visit.
        raise GatewayError(HOSPITAL_ANSWER_UNUSABLE, cause="another resource than was asked for")
    wanted = None if current is None else _CHANGES[str(ours["resourceType"])](current, ours)
    if wanted is None or (wanted != current and not _written(peer, place, wanted, deadline)):
        # Its kind alone: servers make their ids as they like, some from a person's number.
        kind = ours["resourceType"]
        _log.warning("%s of an earlier hand-over stays as it was: the server lets nobody change it", kind)


def arrived(peer: FhirPeer, appointment_id: str, deadline: Deadline) -> None:
    """Say of an appointment that the patient is there, if the server lets us. The visit has arrived without it."""
    place = f"Appointment/{appointment_id}"
    try:
        current = _read(peer, place, deadline)
        if current is None or text_of(current, "status") not in _CAN_ARRIVE:
            return
        is_told = _written(peer, place, {**current, "status": "arrived"}, deadline)
    except GatewayError as error:
        _log.warning("an appointment could not be marked as arrived: %s", error.code.name)
        return
    if not is_told:
        _log.warning("the server takes no change of an appointment")


def _read(peer: FhirPeer, place: str, deadline: Deadline) -> dict[str, object] | None:
    answer = peer.get(f"/{place}", None, deadline.left_s())
    if answer.status in _NOT_OURS_TO_CHANGE:
        return None
    raise_for_status(answer)
    # With every digit: what people wrote there goes back as it was, and 1.10 is not 1.1 (FHIR R4B datatypes.html#decimal).
    found = json_object(answer.body, fraction=Decimal)
    kind, _, logical_id = place.partition("/")
    is_the_one = found.get("resourceType") == kind and found.get("id") == logical_id
    return found if is_the_one and _version(found) else None


def _written(peer: FhirPeer, place: str, resource: Mapping[str, object], deadline: Deadline) -> bool:
    """False if the server does not allow it. Raises ``GatewayError`` for what may work the next time."""
    answer = peer.put(f"/{place}", resource, _version(resource), deadline.left_s())
    if answer.status in _NOT_OURS_TO_CHANGE:
        return False
    if answer.status in _SOMEBODY_ELSE_DID:
        raise GatewayError(HOSPITAL_REFUSED, http_status=answer.status)
    raise_for_status(answer)
    return True


def _version(resource: Mapping[str, object]) -> str:
    meta = resource.get("meta")
    found = text_of(meta, "versionId") if isinstance(meta, dict) else ""
    return found if found.isascii() and '"' not in found else ""


def _is_named(current: Mapping[str, object], identifiers: object) -> bool:
    """Whether a resource has the first of ``identifiers``, by which a conditional create looks for it."""
    there = current.get("identifier")
    match identifiers:
        case [{"system": system, "value": value}, *_]:
            rows = there if isinstance(there, list) else []
            return any(
                isinstance(each, dict) and each.get("system") == system and each.get("value") == value for each in rows
            )
        case _:
            return False


def _encounter(current: dict[str, object], ours: Mapping[str, object]) -> dict[str, object]:
    """Our extensions as they are now; those of others, and everything else, stay."""
    there = current.get("extension", [])
    if not isinstance(there, list):
        return current
    others = [each for each in there if not (isinstance(each, dict) and str(each.get("url")).startswith(EXTENSION))]
    mine = [each for each in there if each not in others]
    wanted = ours.get("extension", [])
    if not isinstance(wanted, list) or sorted(map(repr, mine)) == sorted(map(repr, wanted)):
        return current
    return {**current, "extension": [*others, *wanted]}


def _document(current: dict[str, object], ours: Mapping[str, object]) -> dict[str, object]:
    return {**current, "content": ours["content"]} if not _is_same_document(current, ours) else current


def _is_same_document(current: Mapping[str, object], ours: Mapping[str, object]) -> bool:
    """By its octets: a server may add a size or a hash."""
    return _data(current) == _data(ours)


def _data(document: Mapping[str, object]) -> object:
    match document.get("content"):
        case [{"attachment": {"data": data}}, *_]:
            return data
        case _:
            return None


_CHANGES: Final = {"Encounter": _encounter, "DocumentReference": _document}
