"""The terminal's private key in a PKCS#11 token: a smart card, an HSM, or SoftHSM (OASIS PKCS #11 v2.40).

The key is named by a URI (RFC 7512): ``pkcs11:token=Kiosk;object=terminal?module-path=/usr/lib/…/opensc-pkcs11.so``.
The PIN comes from the file that ``pin-source`` names or from the environment, never from the URI itself, which stands
in the list of processes. Each signature opens and ends a session of its own: a token may be unplugged in between.
"""

from __future__ import annotations

import dataclasses
import os
import threading
import types
import urllib.parse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from crypto.errors import CryptoError, WireError
from crypto.primitives.curves import Curve, curve
from crypto.primitives.secret import Secret
from crypto.signatures.algorithms import SignatureAlgorithm, SignatureScheme
from crypto.signatures.explicit_parameters import match_curve
from crypto.signatures.hash_algorithms import HashAlgorithm
from crypto.signatures.public_key import CURVE_OIDS
from crypto.wire.oid import decode_oid
from crypto.wire.tlv import parse_tlv
from reader import errors

if TYPE_CHECKING:
    import pkcs11

__all__ = ["ENVIRONMENT_MODULE", "ENVIRONMENT_PIN", "TokenKeyUri", "TokenSigner", "parse_token_uri"]

ENVIRONMENT_MODULE: Final = "CHIPID_PKCS11_MODULE"
ENVIRONMENT_PIN: Final = "CHIPID_TERMINAL_PIN"
_MAX_PIN_BYTES: Final = 256
_OID, _SEQUENCE = 0x06, 0x30


class _SigningKey(Protocol):
    """What is used of the library's key objects."""

    @property
    def key_type(self) -> Any: ...  # noqa: ANN401 - a type of the library, which may not be installed

    def __getitem__(self, attribute: Any) -> Any: ...  # noqa: ANN401

    def sign(self, data: bytes, **how: Any) -> Any: ...  # noqa: ANN401


# one login per application is all that the standard gives: two signatures at once would disturb one another
_LOGIN: Final = threading.Lock()


@dataclasses.dataclass(frozen=True, slots=True)
class TokenKeyUri:
    """What a URI says.

    Attributes:
        token: label of the token.
        label: of the private key, or ``None``.
        key_id: identifier of the private key, or ``None``.
        serial: of the token, or ``None``.
        module_path: the token's library, or ``None``.
        pin_source: file with the PIN, or ``None``.
    """

    token: str
    label: str | None = None
    key_id: bytes | None = None
    serial: str | None = None
    module_path: str | None = None
    pin_source: str | None = None


def parse_token_uri(uri: str) -> TokenKeyUri:
    """A ``pkcs11:`` URI (RFC 7512 §2.3) as far as it names one private key.

    Raises:
        TerminalError: ``terminal.token_uri_malformed``; ``terminal.token_pin_in_uri``.
    """
    scheme, _, rest = uri.partition(":")
    path, _, query = rest.partition("?")
    attributes, parameters = _attributes(path, ";"), _attributes(query, "&")
    if "pin-value" in parameters:
        raise errors.TerminalError(errors.TOKEN_PIN_IN_URI)
    names_one_key = "token" in attributes and ("object" in attributes or "id" in attributes)
    if (
        scheme.lower() != "pkcs11"
        or not names_one_key
        or not set(attributes) <= {"token", "object", "id", "serial", "type", "manufacturer", "model"}
        or attributes.get("type", b"private") != b"private"
    ):
        raise errors.TerminalError(errors.TOKEN_URI_MALFORMED)
    return TokenKeyUri(
        token=_text(attributes["token"]),
        label=_text(attributes["object"]) if "object" in attributes else None,
        key_id=attributes.get("id"),
        serial=_text(attributes["serial"]) if "serial" in attributes else None,
        module_path=_text(parameters["module-path"]) if "module-path" in parameters else None,
        pin_source=_file_of(_text(parameters["pin-source"])) if "pin-source" in parameters else None,
    )


def _attributes(text: str, separator: str) -> dict[str, bytes]:
    """name=value pairs, the values percent-decoded; each name once (RFC 7512 §2.3)."""
    found: dict[str, bytes] = {}
    if not text.isprintable():  # also octets of a command line that are no text
        raise errors.TerminalError(errors.TOKEN_URI_MALFORMED)
    for pair in filter(None, text.split(separator)):
        name, equals, value = pair.partition("=")
        if not equals or not name or name in found:
            raise errors.TerminalError(errors.TOKEN_URI_MALFORMED)
        found[name] = urllib.parse.unquote_to_bytes(value)
    return found


def _text(octets: bytes) -> str:
    try:
        text = octets.decode("utf-8")
    except UnicodeDecodeError:
        raise errors.TerminalError(errors.TOKEN_URI_MALFORMED) from None
    if "\0" in text:  # no label and no path has one
        raise errors.TerminalError(errors.TOKEN_URI_MALFORMED)
    return text


def _file_of(pin_source: str) -> str:
    """A path, bare or as a ``file:`` URI (RFC 7512 §2.4); a command to run, which begins with ``|``, is not taken."""
    path = pin_source
    if pin_source.lower().startswith("file:"):
        path = pin_source[5:].removeprefix("//")
    if not path or path.startswith("|"):
        raise errors.TerminalError(errors.TOKEN_URI_MALFORMED)
    return path


class TokenSigner:
    """A private key that never leaves its token."""

    __slots__ = ("_module", "_pin", "_uri", "curve")

    def __init__(self, uri: TokenKeyUri, module_path: str, pin: Secret | None) -> None:
        """
        Args:
            uri: which key.
            module_path: the token's PKCS#11 library.
            pin: the user PIN, or ``None`` for a token that needs none.

        Raises:
            TerminalError: ``terminal.token_…``; ``terminal.key_unreadable`` for a key of an unknown kind or curve.
        """
        self._uri = uri
        self._module = module_path
        self._pin = pin
        with self._private_key() as key:
            self.curve = _curve_of(key)

    def __repr__(self) -> str:
        return "TokenSigner(…)"

    @classmethod
    def from_uri(cls, uri: str, environment: Mapping[str, str] = types.MappingProxyType(os.environ)) -> TokenSigner:
        """The key that a URI names; its library and PIN from the environment where the URI does not tell.

        Raises:
            TerminalError: as :func:`parse_token_uri`, and ``terminal.token_…``.
        """
        named = parse_token_uri(uri)
        module_path = named.module_path or environment.get(ENVIRONMENT_MODULE)
        if not module_path:
            raise errors.TerminalError(errors.TOKEN_MODULE_UNUSABLE)
        return cls(named, module_path, _pin(named, environment))

    def sign(self, data: bytes, algorithm: SignatureAlgorithm) -> bytes:
        """As :meth:`reader.terminal_keys.TerminalSigner.sign`."""
        if (self.curve is not None) != (algorithm.scheme is SignatureScheme.ECDSA_PLAIN):
            raise errors.TerminalError(errors.TERMINAL_KEY_WRONG)
        with self._private_key() as key:
            if self.curve is not None:
                return _sign_ecdsa(key, data, algorithm)
            return _sign_rsa(key, data, algorithm)

    @contextmanager
    def _private_key(self) -> Iterator[_SigningKey]:
        """The key, in a session that ends with the block; whatever goes wrong has a code of ours."""
        try:
            import pkcs11
            from pkcs11 import exceptions
        except ImportError:
            raise errors.TerminalError(errors.TOKEN_SUPPORT_MISSING) from None
        with _LOGIN:
            try:
                with self._token().open(user_pin=self._pin_text()) as session:
                    yield self._find(session)
            except (exceptions.PinIncorrect, exceptions.PinLocked, exceptions.PinLenRange, exceptions.PinInvalid):
                raise errors.TerminalError(errors.TOKEN_PIN_WRONG) from None
            except (exceptions.KeySizeRange, exceptions.DataLenRange, exceptions.KeyTypeInconsistent):
                raise errors.TerminalError(errors.TERMINAL_KEY_WRONG) from None
            except pkcs11.PKCS11Error as error:
                # the library's texts may repeat labels; its kinds of error do not
                raise errors.TerminalError(errors.TOKEN_FAILED, reason=type(error).__name__) from None

    def _token(self) -> pkcs11.Token:
        import pkcs11
        from pkcs11 import exceptions

        try:
            library = pkcs11.lib(self._module)
        except (pkcs11.PKCS11Error, RuntimeError, OSError):
            raise errors.TerminalError(errors.TOKEN_MODULE_UNUSABLE) from None
        serial = None if self._uri.serial is None else self._uri.serial.encode("utf-8")
        try:
            return library.get_token(token_label=self._uri.token, token_serial=serial)
        except (exceptions.NoSuchToken, exceptions.MultipleTokensReturned):
            raise errors.TerminalError(errors.TOKEN_NOT_FOUND) from None

    def _pin_text(self) -> str | None:
        return None if self._pin is None else self._pin.reveal().decode("utf-8")

    def _find(self, session: pkcs11.Session) -> _SigningKey:
        from pkcs11 import ObjectClass, exceptions

        try:
            key = session.get_key(ObjectClass.PRIVATE_KEY, label=self._uri.label, id=self._uri.key_id)
        except (exceptions.NoSuchKey, exceptions.MultipleObjectsReturned):
            raise errors.TerminalError(errors.TOKEN_KEY_NOT_FOUND) from None
        return cast("_SigningKey", key)


def _pin(named: TokenKeyUri, environment: Mapping[str, str]) -> Secret | None:
    if named.pin_source is None:
        return _typed_pin(environment.get(ENVIRONMENT_PIN))
    try:
        with Path(named.pin_source).open("rb") as file:
            octets = file.read(_MAX_PIN_BYTES + 1).rstrip(b"\r\n")
        octets.decode("utf-8")
    except (OSError, UnicodeDecodeError):
        raise errors.TerminalError(errors.TOKEN_PIN_UNREADABLE) from None
    if not 1 <= len(octets) <= _MAX_PIN_BYTES:
        raise errors.TerminalError(errors.TOKEN_PIN_UNREADABLE)
    return Secret(octets)


def _typed_pin(typed: str | None) -> Secret | None:
    try:
        return None if typed is None else Secret(typed.encode("utf-8"))
    except UnicodeEncodeError:  # octets that are no text; they would stand in the cause
        raise errors.TerminalError(errors.TOKEN_PIN_UNREADABLE) from None


def _curve_of(key: _SigningKey) -> Curve | None:
    """The curve that CKA_EC_PARAMS names or spells out; ``None`` for RSA."""
    from pkcs11 import Attribute, KeyType

    if key.key_type == KeyType.RSA:
        return None
    if key.key_type != KeyType.EC:
        raise errors.TerminalError(errors.TERMINAL_KEY_UNREADABLE)
    try:
        parameters = parse_tlv(bytes(key[Attribute.EC_PARAMS]))
        if parameters.tag == _OID:
            return curve(CURVE_OIDS.get(decode_oid(parameters.value), ""))
        return match_curve(parameters)
    except (CryptoError, WireError):
        raise errors.TerminalError(errors.TERMINAL_KEY_UNREADABLE) from None


def _sign_ecdsa(key: _SigningKey, data: bytes, algorithm: SignatureAlgorithm) -> bytes:
    """CKM_ECDSA over our own hash: every token has it, and it answers r ‖ s (PKCS #11 v2.40 §2.3.6)."""
    from pkcs11 import Mechanism

    return bytes(key.sign(algorithm.hash_algorithm.digest(data), mechanism=Mechanism.ECDSA))


def _sign_rsa(key: _SigningKey, data: bytes, algorithm: SignatureAlgorithm) -> bytes:
    from pkcs11 import MGF, Mechanism

    hashes = {
        HashAlgorithm.SHA1: (Mechanism.SHA_1, MGF.SHA1, Mechanism.SHA1_RSA_PKCS, Mechanism.SHA1_RSA_PKCS_PSS),
        HashAlgorithm.SHA256: (Mechanism.SHA256, MGF.SHA256, Mechanism.SHA256_RSA_PKCS, Mechanism.SHA256_RSA_PKCS_PSS),
        HashAlgorithm.SHA512: (Mechanism.SHA512, MGF.SHA512, Mechanism.SHA512_RSA_PKCS, Mechanism.SHA512_RSA_PKCS_PSS),
    }
    if algorithm.hash_algorithm not in hashes:
        raise errors.TerminalError(errors.TERMINAL_KEY_WRONG)
    digest, mask, plain, pss = hashes[algorithm.hash_algorithm]
    if algorithm.salt_bytes is None:
        return bytes(key.sign(data, mechanism=plain))
    return bytes(key.sign(data, mechanism=pss, mechanism_param=(digest, mask, algorithm.salt_bytes)))
