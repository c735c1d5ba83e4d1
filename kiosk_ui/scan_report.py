"""One line about one arrival: of a person only which fields there are and how long, unless the content is asked for."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import json
from collections.abc import Callable
from typing import Final, TypeVar

from crypto.errors import ChipIdError
from crypto.pki.trust_store import TrustStore
from reader.lds.mrz import Mrz
from reader.scanners.insurance_qr import InsuranceQr
from reader.scanners.keyboard import KeyedCode
from reader.scanners.qr import CitizenQr
from reader.scanners.recognition import AppCode, Scan
from reader.scanners.vendor.declared import DeviceReading
from reader.scanners.vendor.delivered import assess_delivered
from reader.verification.policy import HOSPITAL
from reader.vietnamese.number import CitizenNumber

__all__ = ["Arrival", "ScanReport"]

_Found = Scan | DeviceReading | KeyedCode
_Json = dict[str, object]
_T = TypeVar("_T")
_MOST_SHOWN_BYTES: Final = 4096


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Arrival:
    """One message of a device, and what became of it.

    Attributes:
        found: what it is; ``None`` if it says nothing yet, or is none.
        error: why it cannot be used.
        octets: the message as it came; empty if it came as something else than octets.
    """

    found: _Found | None = None
    error: ChipIdError | None = None
    octets: bytes = b""

    @classmethod
    def of(cls, take: Callable[[_T], _Found | None], message: _T) -> Arrival:
        """What an interpreter makes of a message."""
        octets = message if isinstance(message, bytes) else b""
        try:
            return cls(take(message), octets=octets)
        except ChipIdError as error:
            return cls(error=error, octets=octets)


class ScanReport:
    """Makes lines.

    Args:
        trust: trust anchors for files that a device hands over.
        as_json: one JSON object per line, else plain text.
        shows_content: personal data as well.
        now: local time with its zone.
    """

    def __init__(
        self,
        trust: TrustStore,
        *,
        as_json: bool,
        shows_content: bool,
        now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC).astimezone(),
    ) -> None:
        self._trust = trust
        self._as_json = as_json
        self._shows_content = shows_content
        self._now = now

    def line(self, arrival: Arrival) -> tuple[str | None, bool]:
        """The line, and whether the arrival can be used; no line for one that says nothing yet."""
        if arrival.error is not None:
            facts: _Json = {"error": arrival.error.code.name, "length_bytes": len(arrival.octets)}
            if self._shows_content:
                facts["octets"] = arrival.octets[:_MOST_SHOWN_BYTES].hex()
            shown = json.dumps(facts) if self._as_json else self._plain(facts | {"meaning": arrival.error.code.text})
            return shown, False
        if arrival.found is None:
            return None, False
        facts = self._facts(arrival.found)
        return (json.dumps(facts, ensure_ascii=False) if self._as_json else self._plain(facts)), True

    def _facts(self, found: _Found) -> _Json:
        match found:
            case Scan():
                facts = _of_scan(found)
                content = _content_of(found.content)
            case KeyedCode():
                facts = {"kind": "keyed", "damage": found.damage.value}
                content = {"number": found.number.digits, **_texts(found, ("date_of_birth", "issued_on"))}
            case DeviceReading():
                facts = self._of_reading(found)
                content = _person_of(found)
        facts["fields"] = {name: len(text) for name, text in content.items()}
        if self._shows_content:
            facts["content"] = content
        return facts

    def _of_reading(self, reading: DeviceReading) -> _Json:
        files = (
            {}
            if reading.document is None
            else {file.name: len(reading.document.require(file)) for file in reading.document}
        )
        assessment = assess_delivered(reading, self._trust, HOSPITAL, self._now())
        return {
            "kind": "device_reading",
            "standing": assessment.standing.value,
            "decision": assessment.verdict.decision.name,
            "reasons": list(assessment.verdict.reasons),
            "portrait_bytes": len(reading.portrait or b""),
            "file_bytes": files,
        }

    def _plain(self, facts: _Json) -> str:
        """``citizen_qr  length_bytes 145  encoding utf-8  fields: number 12, full_name 13``"""
        first, *others = facts.items()
        parts = [f"error {first[1]}" if first[0] == "error" else str(first[1])]
        for name, value in others:
            if isinstance(value, dict):
                inner = ", ".join(f"{key} {each}" for key, each in value.items())
                parts.append(f"{name}: {inner or 'none'}")
            elif isinstance(value, list):
                parts.append(f"{name}: {', '.join(map(str, value)) or 'none'}")
            else:
                parts.append(f"{name} {value}")
        return "; ".join(parts)


def _of_scan(scan: Scan) -> _Json:
    facts: _Json = {"kind": scan.kind.value, "length_bytes": scan.length_bytes, "encoding": scan.encoding.value}
    match scan.content:
        case CitizenQr():
            facts["damage"] = scan.content.damage.value
            facts["findings"] = [finding.value for finding in scan.content.findings]
        case InsuranceQr():
            facts["form"] = scan.content.form.value
        case Mrz():
            facts["form"] = scan.content.format.value
        case _:
            pass
    return facts


_PRINTED: Final = ("old_number", "full_name", "date_of_birth", "sex", "address", "issued_on")
_INSURANCE: Final = (
    "code",
    "full_name",
    "date_of_birth",
    "birth_year",
    "sex",
    "address",
    "facility",
    "valid_from",
    "valid_until",
    "issued_on",
    "benefit_level",
)
_PERSON: Final = (
    "old_number",
    "full_name",
    "date_of_birth",
    "sex",
    "issued_on",
    "expires_on",
    "nationality",
    "ethnicity",
    "religion",
    "place_of_origin",
    "residence",
    "marks",
    "father",
    "mother",
    "spouse",
)


def _content_of(content: object) -> dict[str, str]:
    match content:
        case CitizenNumber():
            return {"number": content.digits}
        case CitizenQr():
            extra = {f"extra_{number}": text for number, text in enumerate(content.extra, 8) if text}
            return {"number": content.number.digits, **_texts(content, _PRINTED), **extra}
        case InsuranceQr():
            return _texts(content, _INSURANCE)
        case AppCode():
            return {"raw": content.raw}
        case Mrz():
            return {f"line_{number}": line for number, line in enumerate(content.lines, 1)}
        case _:
            return {}


def _person_of(reading: DeviceReading) -> dict[str, str]:
    if reading.person is None:
        return {}
    return {"number": reading.person.number.digits, **_texts(reading.person, _PERSON)}


def _texts(record: object, names: tuple[str, ...]) -> dict[str, str]:
    """Attributes that are there and say something, as text."""
    found: dict[str, str] = {}
    for name in names:
        value = getattr(record, name)
        text = value.value if isinstance(value, enum.Enum) else value
        if text not in (None, ""):
            found[name] = str(text)
    return found
