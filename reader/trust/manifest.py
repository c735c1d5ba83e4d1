"""``store.json``: what belongs to a trust store, where each entry came from, and when.

The file is plain JSON for people and scripts. Whether it is the one that was written here, its seal says
(:mod:`reader.trust.sealing`).
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import json
import re
from collections.abc import Mapping
from typing import Final

from reader import errors

__all__ = ["Acceptance", "Entry", "EntryKind", "Manifest", "OwnSignature", "Provenance", "parse_manifest"]

FORMAT: Final = "chipid trust store 1"
MAX_ENTRIES: Final = 60_000
MAX_MANIFEST_BYTES: Final = 64 << 20
_FINGERPRINT: Final = re.compile(r"[0-9a-f]{64}")
_STORE_ID: Final = re.compile(r"[0-9a-f]{32}")
_FILE: Final = re.compile(r"[a-z-]{1,20}/[A-Za-z0-9_-]{1,100}\.(cer|crl|dvl)")
"""No path can lead out of the store."""


class EntryKind(enum.StrEnum):
    """What an entry is, and so what it is good for."""

    AUTHORITY = "csca"
    DOCUMENT_SIGNER = "document_signer"
    LIST_SIGNER = "list_signer"
    REVOCATION_LIST = "revocation_list"
    DEVIATION_LIST = "deviation_list"


class Acceptance(enum.StrEnum):
    """Why a list's signer was believed, or a file taken."""

    BY_ADMINISTRATOR = "given_by_administrator"
    PINNED = "signer_pinned"
    SIGNER_BY_HAND = "signer_accepted_by_hand"


class OwnSignature(enum.StrEnum):
    """What is known about the signature on an entry itself, by the certificates in the store."""

    VERIFIED = "verified"
    ISSUER_ABSENT = "issuer_absent"
    ISSUER_KEY_ABSENT = "issuer_key_absent"
    WRONG = "wrong"
    UNUSABLE = "unusable"


@dataclasses.dataclass(frozen=True, slots=True)
class Provenance:
    """Where entries came from: one file, or one list in it.

    Attributes:
        kind: what the file or list was, e.g. ``master_list``.
        file: its name.
        sha256: of the whole file, in hexadecimal.
        imported_at: when, in UTC.
        acceptance: why it was taken.
        issuer: country whose list it is, or empty.
        signer: fingerprint of the list's signer, or empty.
        signer_name: its subject, or empty.
        signed_at: when the list says that it was signed, or ``None``.
        signer_certificate: the signer's certificate in base64, or empty: its country may revoke it later.
    """

    kind: str
    file: str
    sha256: str
    imported_at: dt.datetime
    acceptance: Acceptance
    issuer: str = ""
    signer: str = ""
    signer_name: str = ""
    signed_at: dt.datetime | None = None
    signer_certificate: str = ""

    def __str__(self) -> str:
        words = [self.file]
        if self.signer:
            signed = f" of {self.signed_at:%Y-%m-%d}" if self.signed_at else ""
            by_hand = ", accepted by hand" if self.acceptance is Acceptance.SIGNER_BY_HAND else ""
            words.append(f"{self.kind.replace('_', ' ')}{signed} signed by {self.signer_name}{by_hand}")
        words.append(f"imported {self.imported_at:%Y-%m-%d}")
        return ", ".join(words)


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """One thing in the store.

    Attributes:
        sha256: fingerprint of the octets, in hexadecimal.
        kind: what it is.
        file: where it lies below the store's folder.
        name: subject of a certificate, issuer of a list.
        country: the country in that name, or empty.
        added_at: when it first came here, in UTC.
        expires_at: end of a certificate's validity, next update of a revocation list, or ``None``.
        sources: keys of its provenances, the first one first.
        is_test: whether it marks itself as a test certificate.
        may_sign_lists: whether an administrator has pinned it as a signer of lists.
        own_signature: what is known about its own signature.
    """

    sha256: str
    kind: EntryKind
    file: str
    name: str
    country: str
    added_at: dt.datetime
    expires_at: dt.datetime | None
    sources: tuple[str, ...]
    is_test: bool = False
    may_sign_lists: bool = False
    own_signature: OwnSignature = OwnSignature.VERIFIED


@dataclasses.dataclass(frozen=True, slots=True)
class Manifest:
    """All that belongs to a store.

    Attributes:
        store_id: made once, at the first import.
        counter: goes up by one with every change.
        written_at: when, in UTC.
        provenances: by key.
        entries: by fingerprint.
    """

    store_id: str
    counter: int
    written_at: dt.datetime
    provenances: Mapping[str, Provenance]
    entries: Mapping[str, Entry]

    def provenance_of(self, entry: Entry) -> str:
        """For people."""
        return "; ".join(str(self.provenances[key]) for key in entry.sources)

    def as_json(self) -> dict[str, object]:
        """Without a seal."""
        return {
            "format": FORMAT,
            "id": self.store_id,
            "counter": self.counter,
            "written_at": _time_text(self.written_at),
            "provenances": {key: _as_json(one) for key, one in sorted(self.provenances.items())},
            "entries": [_as_json(one) for _, one in sorted(self.entries.items(), key=lambda pair: pair[1].file)],
        }


def canonical(body: Mapping[str, object]) -> bytes:
    """The octets that are sealed: one form for one content."""
    return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode("ascii")


def parse_manifest(body: Mapping[str, object]) -> Manifest:
    """The manifest in a parsed ``store.json``, every field looked at.

    Raises:
        TrustError: ``trust.store_damaged``.
    """
    try:
        if body["format"] != FORMAT:
            raise ValueError("another format")
        entries = [_entry(_table(one)) for one in _list(body["entries"])]
        provenances = {key: _provenance(_table(one)) for key, one in _table(body["provenances"]).items()}
        manifest = Manifest(
            _matching(_STORE_ID, body["id"]),
            _number(body["counter"]),
            _time(body["written_at"]),
            provenances,
            {one.sha256: one for one in entries},
        )
        if len(manifest.entries) != len(entries) or len({one.file for one in entries}) != len(entries):
            raise ValueError("an entry twice")
        if any(key not in provenances for one in entries for key in one.sources):
            raise ValueError("an entry from nowhere")
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise errors.TrustError(errors.TRUST_STORE_DAMAGED, file="store.json") from error
    return manifest


def _entry(table: Mapping[str, object]) -> Entry:
    expires_at = table["expires_at"]
    return Entry(
        sha256=_matching(_FINGERPRINT, table["sha256"]),
        kind=EntryKind(_text(table["kind"])),
        file=_matching(_FILE, table["file"]),
        name=_text(table["name"]),
        country=_text(table["country"]),
        added_at=_time(table["added_at"]),
        expires_at=None if expires_at is None else _time(expires_at),
        sources=tuple(_text(key) for key in _list(table["sources"])),
        is_test=table["is_test"] is True,
        may_sign_lists=table["may_sign_lists"] is True,
        own_signature=OwnSignature(_text(table["own_signature"])),
    )


def _provenance(table: Mapping[str, object]) -> Provenance:
    signed_at = table["signed_at"]
    return Provenance(
        kind=_text(table["kind"]),
        file=_text(table["file"]),
        sha256=_matching(_FINGERPRINT, table["sha256"]),
        imported_at=_time(table["imported_at"]),
        acceptance=Acceptance(_text(table["acceptance"])),
        issuer=_text(table["issuer"]),
        signer=_text(table["signer"]),
        signer_name=_text(table["signer_name"]),
        signed_at=None if signed_at is None else _time(signed_at),
        signer_certificate=_text(table.get("signer_certificate", "")),  # stores of the first releases do not have it
    )


def _as_json(value: Entry | Provenance) -> dict[str, object]:
    names = [field.name for field in dataclasses.fields(value)]
    return {name: _plain(getattr(value, name)) for name in names}


def _plain(value: object) -> object:
    if isinstance(value, dt.datetime):
        return _time_text(value)
    return list(value) if isinstance(value, tuple) else value


def _time_text(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")


def _time(value: object) -> dt.datetime:
    moment = dt.datetime.fromisoformat(_text(value))
    if moment.tzinfo is None:
        raise ValueError("a time without zone")
    return moment


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("text expected")
    if not value.isprintable():  # people read it on a terminal, and who may write the folder could write its lines
        raise ValueError("a text that fits on a line expected")
    return value


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError("a number from 1 expected")
    return value


def _matching(pattern: re.Pattern[str], value: object) -> str:
    if pattern.fullmatch(_text(value)) is None:
        raise ValueError("a text of another form expected")
    return _text(value)


def _list(value: object) -> list[object]:
    if not isinstance(value, list) or len(value) > MAX_ENTRIES:
        raise TypeError("a list expected")
    return value


def _table(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise TypeError("a table expected")
    return value
