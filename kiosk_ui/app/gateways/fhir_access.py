"""By which token a FHIR server knows this kiosk, and what happens when it does not know it any more.

A token may lie in a file that somebody else keeps fresh, or be asked for by client credentials (OAuth 2.0, RFC 6749 §4.4),
with a secret or with a key of one's own (SMART App Launch 2.0 "backend services": ``private_key_jwt``, RFC 7523). After a
401 one other token is got, and the request is sent once more as it was.
"""

from __future__ import annotations

import base64
import json
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Final, Protocol
from urllib.parse import quote_plus, urlencode

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from crypto.primitives.secret import Secret
from kiosk_ui.app.failures import (
    HOSPITAL_ANSWER_UNUSABLE,
    HOSPITAL_REFUSED,
    SETTINGS_UNUSABLE,
    GatewayError,
    SettingsError,
)
from kiosk_ui.app.gateways.bounded_http import BoundedHttp
from kiosk_ui.app.gateways.deadline import Deadline
from kiosk_ui.app.gateways.hospital_peer import ask, json_object, text_of
from kiosk_ui.app.gateways.secret_place import bearer, read_secret
from kiosk_ui.app.settings_fhir_access import FhirAccessSettings

__all__ = ["Access", "ClientAccess", "NoAccess", "StoredToken", "signed_assertion"]

_MARGIN_S: Final = 10.0  # a token is not used in its last seconds: it would end on the way
_UNKNOWN_LIFE_S: Final = 60.0
_LONGEST_LIFE_S: Final = 3_600.0
_PAUSE_AFTER_REFUSAL_S: Final = 30.0  # accounts get locked
_ASSERTION_LASTS_S: Final = 240  # at most five minutes (SMART App Launch 2.0, "backend services")
_ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_COORDINATE_BYTES: Final = 48  # of P-384 (RFC 7518 §3.4)
_LONGEST_TOKEN: Final = 8_000  # characters; a header has no more room


class Access(Protocol):
    """What stands in ``Authorization``."""

    def authorization(self, deadline: Deadline) -> str | None:
        """The header's value; ``None``: there is none. Raises ``GatewayError`` if none can be got."""
        ...

    def renewed(self, refused: str | None, deadline: Deadline) -> bool:
        """Whether there is another one after ``refused`` was. Raises ``GatewayError`` if none can be got."""
        ...


class NoAccess:
    """For a server that asks for none."""

    def authorization(self, deadline: Deadline) -> str | None:
        """Nothing."""
        del deadline
        return None

    def renewed(self, refused: str | None, deadline: Deadline) -> bool:
        """Never."""
        del refused, deadline
        return False


class StoredToken:
    """A token in a file or credential, which is read again when it is refused: whoever keeps it fresh writes it anew.

    Args:
        place: where it lies.
        environment: where systemd's credentials are looked up; the process's own by default.

    Raises:
        SettingsError: it is not there, or cannot be a token.
    """

    def __init__(self, place: str, environment: Mapping[str, str] | None = None) -> None:
        self._place = place
        self._environment = environment
        self._value = bearer(read_secret(place, environment))

    def authorization(self, deadline: Deadline) -> str | None:
        """The token as it was read last."""
        del deadline
        return self._value

    def renewed(self, refused: str | None, deadline: Deadline) -> bool:
        """Whether another one lies there now. What cannot be read now changes nothing."""
        del deadline
        try:
            self._value = bearer(read_secret(self._place, self._environment))
        except SettingsError:
            return False
        return self._value != refused


class ClientAccess:
    """Tokens by client credentials; one thread asks for all that wait.

    Args:
        settings: who we are there.
        peer: where tokens are given.
        secret: the client's secret, or its private key in PEM.
        monotonic: seconds that only grow.
        now_s: seconds since 1970.

    Raises:
        SettingsError: the key cannot be used.
    """

    def __init__(
        self,
        settings: FhirAccessSettings,
        peer: BoundedHttp,
        secret: Secret,
        monotonic: Callable[[], float] = time.monotonic,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._peer = peer
        self._monotonic = monotonic
        self._now_s = now_s
        self._secret = secret if settings.key is None else None
        self._key = None if settings.key is None else _private_key(secret)
        self._lock = threading.Lock()
        self._value: str | None = None
        self._ends_at = 0.0
        self._refused_until = 0.0

    def authorization(self, deadline: Deadline) -> str | None:
        """A token that has not ended, got now if need be."""
        return self._got(deadline, refused=None)

    def renewed(self, refused: str | None, deadline: Deadline) -> bool:
        """Another one than ``refused``."""
        return self._got(deadline, refused=refused) != refused

    def _got(self, deadline: Deadline, *, refused: str | None) -> str:
        if not self._lock.acquire(timeout=deadline.left_s()):
            deadline.left_s()  # raises: nothing is left
        try:
            if self._value is not None and self._value != refused and self._monotonic() < self._ends_at:
                return self._value
            if self._monotonic() < self._refused_until:
                raise GatewayError(HOSPITAL_REFUSED, cause="no token is given")
            self._value = None
            self._value = self._asked(deadline)
            return self._value
        finally:
            self._lock.release()

    def _asked(self, deadline: Deadline) -> str:
        form = {"grant_type": "client_credentials", "scope": self._settings.scope}
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        if self._secret is not None:
            pair = f"{quote_plus(self._settings.client_id)}:{quote_plus(self._secret.reveal())}"  # RFC 6749 §2.3.1
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        if self._key is not None:
            form["client_assertion_type"] = _ASSERTION_TYPE
            form["client_assertion"] = signed_assertion(self._settings, self._key, int(self._now_s()), uuid.uuid4())
        answer = ask(
            self._peer, "POST", "", headers=headers, body=urlencode(form).encode(), total_timeout_s=deadline.left_s()
        )
        if answer.status in (400, 401, 403):  # RFC 6749 §5.2
            self._refused_until = self._monotonic() + _PAUSE_AFTER_REFUSAL_S
        if answer.status != 200:
            raise GatewayError(HOSPITAL_REFUSED, http_status=answer.status, cause="no token is given")
        found = json_object(answer.body)
        token = text_of(found, "access_token", longest=_LONGEST_TOKEN)
        if not token or text_of(found, "token_type").lower() != "bearer":
            raise GatewayError(HOSPITAL_ANSWER_UNUSABLE, cause="no token")
        self._ends_at = self._monotonic() + _life_s(found.get("expires_in"))
        try:
            return bearer(Secret(token.encode()))
        except SettingsError:
            raise GatewayError(HOSPITAL_ANSWER_UNUSABLE, cause="no token") from None


def _life_s(expires_in: object) -> float:
    life = _UNKNOWN_LIFE_S
    if isinstance(expires_in, int | float) and not isinstance(expires_in, bool) and expires_in > 0:
        # Shortened as it is: a whole number may be larger than any float.
        life = _LONGEST_LIFE_S if expires_in > _LONGEST_LIFE_S else float(expires_in)
    return max(life - _MARGIN_S, 1.0)


_Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def _private_key(secret: Secret) -> _Key:
    problem = "hospital.fhir.access.key: this must be a private key in PEM without a password, on P-384 or RSA."
    try:
        found = load_pem_private_key(secret.reveal(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise SettingsError(SETTINGS_UNUSABLE, (problem,)) from None
    if isinstance(found, rsa.RSAPrivateKey):
        return found
    if isinstance(found, ec.EllipticCurvePrivateKey) and isinstance(found.curve, ec.SECP384R1):
        return found
    raise SettingsError(SETTINGS_UNUSABLE, (problem,))


def signed_assertion(settings: FhirAccessSettings, key: _Key, now_s: int, word: uuid.UUID) -> str:
    """A JWT that says who asks for a token (RFC 7523 §3), signed with ES384 or RS384.

    Args:
        settings: who we are, and to whom it is said.
        key: ours.
        now_s: seconds since 1970.
        word: never used twice.
    """
    head = {"typ": "JWT", "alg": "RS384" if isinstance(key, rsa.RSAPrivateKey) else "ES384"}
    if settings.key_id is not None:
        head["kid"] = settings.key_id
    claims = {
        "iss": settings.client_id,
        "sub": settings.client_id,
        "aud": settings.token_url,
        "exp": now_s + _ASSERTION_LASTS_S,
        "jti": str(word),
    }
    signed = f"{_coded(json.dumps(head).encode())}.{_coded(json.dumps(claims).encode())}"
    if isinstance(key, rsa.RSAPrivateKey):
        mark = key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA384())
    else:
        pair = decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(hashes.SHA384())))
        mark = b"".join(number.to_bytes(_COORDINATE_BYTES, "big") for number in pair)  # RFC 7518 §3.4
    return f"{signed}.{_coded(mark)}"


def _coded(octets: bytes) -> str:
    """Base 64 for addresses, without filling (RFC 7515 §2)."""
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()
