"""A FHIR server at its base address: one bounded question, with the token that it wants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from kiosk_ui.app.failures import HOSPITAL_ANSWER_UNUSABLE, HOSPITAL_SLOW, GatewayError
from kiosk_ui.app.gateways.authority import trusting
from kiosk_ui.app.gateways.bounded_http import Answer, BoundedHttp
from kiosk_ui.app.gateways.deadline import Deadline
from kiosk_ui.app.gateways.fhir_access import Access
from kiosk_ui.app.gateways.hospital_peer import ask
from kiosk_ui.app.gateways.strict_json import octets_of
from kiosk_ui.app.settings_hospital import HospitalSettings

__all__ = ["FhirPeer"]

_JSON: Final = "application/fhir+json"
_WHO_ARE_YOU: Final = 401


class FhirPeer:
    """The server at its base address.

    Args:
        settings: where it is.
        access: by which token it knows us.
    """

    def __init__(self, settings: HospitalSettings, access: Access) -> None:
        self._peer = BoundedHttp.to(
            settings.url or "",
            connect_timeout_s=settings.connect_timeout_s,
            total_timeout_s=settings.find_timeout_s,
            ssl_context=trusting(settings.authority),
        )
        self._access = access

    def post(self, path: str, resource: Mapping[str, object], timeout_s: float) -> Answer:
        """Send a resource. Raises ``GatewayError`` if there is no answer."""
        return self._asked("POST", path, timeout_s, body=octets_of(resource), headers={"Content-Type": _JSON})

    def put(self, path: str, resource: Mapping[str, object], version: str, timeout_s: float) -> Answer:
        """Change a resource, if it is still the ``version`` that was read (FHIR R4B http.html#concurrency).

        Raises:
            GatewayError: there is no answer, or what was read cannot be written back.
        """
        try:
            body = octets_of(resource)
        except ValueError:
            raise GatewayError(HOSPITAL_ANSWER_UNUSABLE, cause="nested without end") from None
        headers = {"Content-Type": _JSON, "If-Match": f'W/"{version}"'}
        return self._asked("PUT", path, timeout_s, body=body, headers=headers)

    def search(self, kind: str, query: str, timeout_s: float) -> Answer:
        """Search by POST, so that no number stands in an address (FHIR R4B http.html#search)."""
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._asked("POST", f"/{kind}/_search", timeout_s, body=query.encode(), headers=headers)

    def get(self, path: str, query: Sequence[tuple[str, str]] | None, timeout_s: float) -> Answer:
        """Read, or search by GET for what names nobody."""
        return self._asked("GET", path, timeout_s, query=query)

    def _asked(
        self,
        method: str,
        path: str,
        timeout_s: float,
        *,
        query: Sequence[tuple[str, str]] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        """Once; and once more, octet for octet, if a token was refused and there is another one (RFC 6750 §3.1)."""
        deadline = Deadline(timeout_s, HOSPITAL_SLOW)
        for is_last in (False, True):
            authorization = self._access.authorization(deadline)
            whole = {"Accept": _JSON, **(headers or {})}
            if authorization is not None:
                whole["Authorization"] = authorization
            answer = ask(
                self._peer, method, path, query=query, headers=whole, body=body, total_timeout_s=deadline.left_s()
            )
            if is_last or answer.status != _WHO_ARE_YOU or not self._access.renewed(authorization, deadline):
                break
        return answer
