"""An emulated FHIR R4B server on loopback: as much of it as a reception needs.

``Patient/$match``, ``Patient/_search``, ``Appointment`` by patient, date and status, transactions with conditional
creates, reading and updating by version, and ``CoverageEligibilityRequest/$submit``. It holds invented people only, and
refuses what R4B does not allow (:mod:`emulator.services.fhir_rules`).
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import secrets
import time
from collections.abc import Iterator, Mapping
from urllib.parse import parse_qs, unquote_plus

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from emulator.services.fhir_rules import fault_of
from emulator.services.loopback import LoopbackSite, Misbehaviour, Reply, Request

__all__ = ["FhirServer", "Misbehaviour"]

_TYPE = "application/fhir+json; charset=utf-8"
_Resource = dict[str, object]


class FhirServer(LoopbackSite):
    """The server. A context manager: it listens inside the block.

    Args:
        token: asked for as bearer; ``None``: nobody is asked for one.
        has_match: whether it knows ``Patient/$match``.
        delay_s: how slow :attr:`Misbehaviour.SLOW` is.

    Attributes:
        resources: everything it holds, by ``Type/id``.
        eligibility: response by the number that is asked about; what R4B has between ``outcome`` and ``error``.
        loses_ids: answers transactions without places.
        entry_status: of every entry of a transaction's answer, instead of the true one.
        addresses: path and query of everything that was asked.
        takes_updates: resources of these types may be changed by ``PUT``.
        clients: who is given tokens at ``/token`` (RFC 6749 §4.4): a name with its secret, or with its public key.
        expires_in: seconds that a token is said to last.
    """

    def __init__(self, *, token: str | None = None, has_match: bool = True, delay_s: float = 30.0) -> None:
        super().__init__(delay_s=delay_s)
        self._token = token
        self.clients: dict[str, str | ec.EllipticCurvePublicKey | rsa.RSAPublicKey] = {}
        self.expires_in = 300
        self._issued = 0
        self._assertions: set[str] = set()
        self.takes_updates: tuple[str, ...] = ("Appointment", "DocumentReference", "Encounter")
        self._has_match = has_match
        self.resources: dict[str, _Resource] = {}
        self.eligibility: dict[str, _Resource] = {}
        self.loses_ids = False
        self.entry_status: str | None = None
        self.addresses: list[str] = []

    @property
    def base_url(self) -> str:
        """Where the server's API begins."""
        return super().base_url + "/fhir"

    def put(self, kind: str, **content: object) -> str:
        """Hold a resource and give its logical id."""
        with self._lock:
            return self._add({"resourceType": kind, **content}).removeprefix(f"{kind}/")

    def of_kind(self, kind: str) -> list[_Resource]:
        """All resources of a type, in the order in which they came."""
        return [resource for resource in self.resources.values() if resource["resourceType"] == kind]

    @property
    def token_url(self) -> str:
        """Where clients get tokens."""
        return super().base_url + "/token"

    def end_token(self) -> None:
        """From now on the last token is refused; the next one is made at ``/token``."""
        with self._lock:
            self._token = f"TEST-ended-{secrets.token_hex(8)}"

    # ------------------------------------------------------------------------------------------ tokens
    def _issue_token(self, request: Request) -> Reply:
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        if request.method != "POST" or form.get("grant_type") != "client_credentials" or not form.get("scope"):
            return Reply({"error": "unsupported_grant_type"}, status=400)
        if not (self._knows_by_secret(request) or self._knows_by_key(form)):
            return Reply({"error": "invalid_client"}, status=401)
        with self._lock:
            self._issued += 1
            self._token = f"TEST-token-{self._issued}"
            answer = {"access_token": self._token, "token_type": "Bearer", "expires_in": self.expires_in}
        return Reply(answer, headers={"Cache-Control": "no-store"})

    def _knows_by_secret(self, request: Request) -> bool:
        """HTTP Basic with the form's encoding (RFC 6749 §2.3.1)."""
        scheme, _, word = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return False
        name, _, secret = base64.b64decode(word).decode().partition(":")
        return self.clients.get(unquote_plus(name)) == unquote_plus(secret)

    def _knows_by_key(self, form: Mapping[str, str]) -> bool:
        """A signed word about the client itself, good for one use and five minutes (SMART App Launch 2.0, RFC 7523)."""
        if form.get("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer":
            return False
        signed, _, mark = form.get("client_assertion", "").rpartition(".")
        head, claims = (json.loads(_decoded(part)) for part in signed.split("."))
        key = self.clients.get(claims["sub"])
        if claims["iss"] != claims["sub"] or claims["aud"] != self.token_url or claims["jti"] in self._assertions:
            return False
        if not 0 < claims["exp"] - time.time() <= 300:
            return False
        self._assertions.add(claims["jti"])
        return _is_signed(head["alg"], key, signed.encode("ascii"), _decoded(mark))

    # ------------------------------------------------------------------------------------- requests
    def respond(self, request: Request) -> Reply:
        """One request."""
        self.addresses.append(f"{request.path}?{request.query}")
        if request.path == "/token":
            return self._issue_token(request)
        if self._token is not None and request.headers.get("authorization") != f"Bearer {self._token}":
            return _outcome(401, "login")
        match request.method, request.path.removeprefix("/fhir"):
            case "POST", "/Patient/$match" if self._has_match:
                return self._match(request.json())
            case "POST", "/Patient/_search":
                return self._search(request.body.decode())
            case "GET", "/Appointment":
                return self._appointments(request)
            case "POST", "/CoverageEligibilityRequest/$submit":
                return self._submit(request.json())
            case "POST", "":
                return self._transaction(request.json())
            case "GET", path:
                return self._read(path.lstrip("/"))
            case "PUT", path:
                return self._update(path.lstrip("/"), request)
        return _outcome(404, "not-found")

    def _match(self, body: object) -> Reply:
        parameters = _tables(body.get("parameter")) if isinstance(body, dict) else []
        asked = next((each.get("resource") for each in parameters if each.get("name") == "resource"), None)
        if not isinstance(asked, dict) or asked.get("resourceType") != "Patient":
            return _outcome(400, "invalid")
        wanted = set(_identifiers(asked))
        found = [patient for patient in self.of_kind("Patient") if wanted & set(_identifiers(patient))]
        return _bundle([_entry(patient, "certain") for patient in found])

    def _search(self, form: str) -> Reply:
        found = self._having(form)
        return _bundle(
            [{"resource": patient, "search": {"mode": "match"}} for patient in found if _is_patient(patient)]
        )

    def _appointments(self, request: Request) -> Reply:
        query = dict(request.query)
        dates = [value for name, value in request.query if name == "date"]
        starts = next((value[2:] for value in dates if value.startswith("ge")), "")
        ends = next((value[2:] for value in dates if value.startswith("lt")), "")
        found = [
            each
            for each in self.of_kind("Appointment")
            if any(_reference(who, "actor") == query.get("patient") for who in _tables(each.get("participant")))
            and each.get("status") in query.get("status", "").split(",")
            and _moment(starts) <= _moment(str(each.get("start"))) < _moment(ends)
        ]
        return _bundle([{"resource": each, "search": {"mode": "match"}} for each in found])

    def _submit(self, body: object) -> Reply:
        if not isinstance(body, dict) or fault_of(body) is not None:
            return _outcome(422, "required")
        patient = next((each for each in _tables(body.get("contained")) if _is_patient(each)), {})
        numbers = [value for _, value in _identifiers(patient)]
        said = self.eligibility.get(numbers[0] if numbers else "", {"outcome": "complete"})
        response = {
            "resourceType": "CoverageEligibilityResponse",
            "id": "response-1",
            "status": "active",
            "purpose": ["validation"],
            "patient": {"reference": "#patient"},
            "created": body["created"],
            "request": {"display": "TEST"},
            "insurer": body["insurer"],
            "contained": [patient],
            **said,
        }
        return Reply(response, content_type=_TYPE)

    # ----------------------------------------------------------------------------- reading and updating
    def _read(self, place: str) -> Reply:
        resource = self.resources.get(place)
        if resource is None:
            return _outcome(404, "not-found")
        return Reply(resource, content_type=_TYPE, headers={"ETag": f'W/"{_version(resource)}"'})

    def _update(self, place: str, request: Request) -> Reply:
        """Only over the version that was read (FHIR R4B http.html#concurrency)."""
        resource = request.json()
        kind = place.partition("/")[0]
        if kind not in self.takes_updates:
            return _outcome(405, "not-supported")
        if not isinstance(resource, dict) or resource.get("resourceType") != kind or fault_of(resource) is not None:
            return _outcome(422, "required")
        if resource.get("id") != place.partition("/")[2]:
            return _outcome(400, "invalid")
        with self._lock:
            known = self.resources.get(place)
            if known is None:
                return _outcome(404, "not-found")
            if request.headers.get("if-match") != f'W/"{_version(known)}"':
                return _outcome(412, "conflict")
            self.resources[place] = {**resource, "meta": {"versionId": str(int(_version(known)) + 1)}}
        return Reply(self.resources[place], content_type=_TYPE)

    # ----------------------------------------------------------------------------------- transactions
    def _transaction(self, body: object) -> Reply:
        """All or nothing (FHIR R4B http.html#transaction)."""
        entries = _tables(body.get("entry")) if isinstance(body, dict) else []
        if not isinstance(body, dict) or body.get("type") != "transaction" or not entries:
            return _outcome(400, "invalid")
        with self._lock:
            known = dict(self.resources)
            answers: list[object] = []
            places: dict[str, str] = {}
            for entry in entries:
                resource, request = entry.get("resource"), entry.get("request")
                if not isinstance(resource, dict) or not isinstance(request, dict) or fault_of(resource) is not None:
                    self.resources = known
                    return _outcome(422, "required")
                same = self._matching(resource, request)
                if len(same) > 1:
                    self.resources = known
                    return _outcome(412, "multiple-matches")
                place = f"{resource['resourceType']}/{same[0]['id']}" if same else self._add(dict(resource))
                places[str(entry.get("fullUrl"))] = place
                answers.append({"response": self._entry_response("200 OK" if same else "201 Created", place)})
            self.resources = {place: _resolved(each, places) for place, each in self.resources.items()}
        return Reply({"resourceType": "Bundle", "type": "transaction-response", "entry": answers}, content_type=_TYPE)

    def _matching(self, resource: _Resource, request: Mapping[str, object]) -> list[_Resource]:
        condition = request.get("ifNoneExist")
        found = self._having(str(condition)) if condition is not None else []
        return [each for each in found if each["resourceType"] == resource["resourceType"]]

    def _entry_response(self, status: str, place: str) -> _Resource:
        response: _Resource = {"status": self.entry_status or status, "etag": 'W/"1"'}
        return response if self.loses_ids else {**response, "location": f"{place}/_history/1"}

    def _having(self, condition: str) -> list[_Resource]:
        values = parse_qs(condition).get("identifier", [])
        wanted = {tuple(value.split("|", 1)) for value in values}
        return [each for each in self.resources.values() if wanted & set(_identifiers(each))]

    def _add(self, resource: _Resource) -> str:
        number = len(self.resources) + 1
        place = f"{resource['resourceType']}/{number}"
        self.resources[place] = {**resource, "id": str(number), "meta": {"versionId": "1"}}
        return place


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _is_signed(algorithm: str, key: object, signed: bytes, mark: bytes) -> bool:
    """ES384 or RS384 (RFC 7518 §3.3, §3.4), which SMART servers must know."""
    try:
        if algorithm == "RS384" and isinstance(key, rsa.RSAPublicKey):
            key.verify(mark, signed, padding.PKCS1v15(), hashes.SHA384())
            return True
        if algorithm == "ES384" and isinstance(key, ec.EllipticCurvePublicKey) and len(mark) == 96:
            pair = encode_dss_signature(int.from_bytes(mark[:48]), int.from_bytes(mark[48:]))
            key.verify(pair, signed, ec.ECDSA(hashes.SHA384()))
            return True
    except InvalidSignature:
        pass
    return False


def _version(resource: Mapping[str, object]) -> str:
    meta = resource.get("meta")
    return str(meta.get("versionId", "1")) if isinstance(meta, dict) else "1"


def _tables(value: object) -> list[_Resource]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _identifiers(resource: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for each in _tables(resource.get("identifier")):
        yield str(each.get("system")), str(each.get("value"))


def _is_patient(resource: Mapping[str, object]) -> bool:
    return resource.get("resourceType") == "Patient"


def _reference(table: Mapping[str, object], name: str) -> object:
    actor = table.get(name)
    return actor.get("reference") if isinstance(actor, dict) else None


def _moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def _resolved(value: _Resource, places: Mapping[str, str]) -> _Resource:
    """A resource with the bundle's own references replaced by the places that they have become."""

    def walk(each: object) -> object:
        if isinstance(each, dict):
            return {name: places.get(str(v), v) if name == "reference" else walk(v) for name, v in each.items()}
        return [walk(item) for item in each] if isinstance(each, list) else each

    return {name: walk(each) for name, each in value.items()}


def _entry(resource: _Resource, grade: str) -> _Resource:
    url = "http://hl7.org/fhir/StructureDefinition/match-grade"
    search = {"mode": "match", "score": 1, "extension": [{"url": url, "valueCode": grade}]}
    return {"resource": resource, "search": search}


def _bundle(entries: list[_Resource]) -> Reply:
    content = {"resourceType": "Bundle", "type": "searchset", "total": len(entries), "entry": entries}
    return Reply(content, content_type=_TYPE)


def _outcome(status: int, code: str) -> Reply:
    issue = {"severity": "error", "code": code, "diagnostics": "TEST"}
    return Reply({"resourceType": "OperationOutcome", "issue": [issue]}, status=status, content_type=_TYPE)
