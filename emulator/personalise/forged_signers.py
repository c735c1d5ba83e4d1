"""Document signers that no reader may believe: who signs EF.SOD of the attack cards."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Callable, Mapping
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from crypto.primitives.curves import Point, curve
from emulator.personalise.attack import Attack
from emulator.personalise.authorities import (
    CURVE,
    REVOKED_SERIAL,
    Authority,
    DocumentSigner,
    Issuer,
    SignerTerms,
    authority_certificate,
    certificate_of,
    document_signer,
    issuer_of,
    key_usage,
    sign_with,
    signed_anew,
    signer_certificate,
    signer_name,
    usual_terms,
)
from emulator.personalise.forged_keys import BasePointKey
from emulator.personalise.keys import derived_signing_key

__all__ = ["SIGNER_ATTACKS", "certificate_of_no_authority", "forged_signer"]

_NAME: Final = "CSCA TEST ONLY"
_NO_AUTHORITY: Final = "CSCA TEST ONLY THAT IS NONE"
_SERIAL: Final = 0x7E57A0
_FIRST: Final = datetime.date(2021, 1, 1)
_LAST: Final = datetime.date(2026, 12, 31)
_NOBODY_KNOWS: Final = x509.ObjectIdentifier("2.999.7")  # the arc for examples
_SIGNER_ENDED: Final = datetime.datetime(2022, 12, 31, 23, 59, 59, tzinfo=datetime.UTC)


def _own_key(label: str) -> ec.EllipticCurvePrivateKey:
    return derived_signing_key(f"attacker/{label}", CURVE)


def _terms(serial: int = _SERIAL) -> SignerTerms:
    return usual_terms(Authority.TEST, "A", serial, _FIRST, _LAST)


def _signer(issuer: Issuer, terms: SignerTerms, *further: bytes) -> DocumentSigner:
    """A signer with a key of the attacker's."""
    key = _own_key("ds")
    return DocumentSigner(signer_certificate(issuer, key.public_key(), terms), sign_with(key), further)


def _namesake(issued: datetime.date) -> DocumentSigner:
    key = _own_key("csca")
    return _signer(Issuer(Authority.TEST, _NAME, key.public_key(), sign_with(key)), _terms())


def _namesake_with_key_identifier(issued: datetime.date) -> DocumentSigner:
    genuine = issuer_of(Authority.TEST)
    return _signer(dataclasses.replace(genuine, sign=sign_with(_own_key("csca"))), _terms())


def _base_point_key(certificate: bytes) -> BasePointKey:
    key = x509.load_der_x509_certificate(certificate).public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise TypeError("TEST certificates have elliptic-curve keys")
    point = key.public_numbers()
    return BasePointKey(curve(CURVE), Point(point.x, point.y))


def _signer_base_point(issued: datetime.date) -> DocumentSigner:
    """The authority's signature stays on a certificate that it no longer fits."""
    genuine = document_signer(Authority.TEST, issued).certificate
    key = _base_point_key(genuine)
    return DocumentSigner(signed_anew(genuine, None, public_key_info=key.public_key_info), key.sign_der)


def authority_with_base_point() -> bytes:
    """The TEST authority's certificate with another base point, and rightly self-signed on that curve."""
    key = _base_point_key(authority_certificate(Authority.TEST))
    return signed_anew(authority_certificate(Authority.TEST), key.sign_der, public_key_info=key.public_key_info)


def _authority_base_point(issued: datetime.date) -> DocumentSigner:
    key = _base_point_key(authority_certificate(Authority.TEST))
    issuer = dataclasses.replace(issuer_of(Authority.TEST), sign=key.sign_der)
    return _signer(issuer, _terms(), authority_with_base_point())


def _of_genuine_authority(terms: SignerTerms) -> DocumentSigner:
    """What an authority would have signed that was deceived, or a signer of its own in wrong hands."""
    return _signer(issuer_of(Authority.TEST), terms)


def _expired(issued: datetime.date) -> DocumentSigner:
    terms = dataclasses.replace(_terms(), not_after=_SIGNER_ENDED, private_key_last=_SIGNER_ENDED)
    return _of_genuine_authority(terms)


def _for_certificates(issued: datetime.date) -> DocumentSigner:
    return _of_genuine_authority(dataclasses.replace(_terms(), usage=key_usage(signs_documents=False)))


def _critical_extension(issued: datetime.date) -> DocumentSigner:
    terms = _terms()
    unknown = x509.UnrecognizedExtension(_NOBODY_KNOWS, b"\x05\0")
    return _of_genuine_authority(dataclasses.replace(terms, further=(*terms.further, (unknown, True))))


def _of_signer(issued: datetime.date) -> DocumentSigner:
    genuine = document_signer(Authority.TEST, issued)
    certificate = x509.load_der_x509_certificate(genuine.certificate)
    key = certificate.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise TypeError("TEST certificates have elliptic-curve keys")
    label = str(certificate.subject.rfc4514_string()).partition("ONLY ")[2].partition(",")[0]
    return _signer(Issuer(Authority.TEST, signer_name(label), key, genuine.sign), _terms(), genuine.certificate)


def _no_authority() -> Issuer:
    key = _own_key("no authority")
    return Issuer(Authority.TEST, _NO_AUTHORITY, key.public_key(), sign_with(key))


def certificate_of_no_authority() -> bytes:
    """DER of a certificate with CA:FALSE that issued a signer: what an administrator may have installed by mistake."""
    issuer = _no_authority()
    return certificate_of(issuer, issuer.key_identifier_of, serial=_SERIAL + 1, is_authority=False)


def _forged_link(issued: datetime.date) -> DocumentSigner:
    """The link names the genuine key as its issuer's, and is signed with the new one."""
    key = _own_key("new csca")
    link_issuer = dataclasses.replace(issuer_of(Authority.TEST), sign=sign_with(key))
    link = certificate_of(link_issuer, key.public_key(), serial=_SERIAL + 2)
    return _signer(Issuer(Authority.TEST, _NAME, key.public_key(), sign_with(key)), _terms(), link)


SIGNER_ATTACKS: Final[Mapping[Attack, Callable[[datetime.date], DocumentSigner]]] = {
    Attack.NAMESAKE_AUTHORITY: _namesake,
    Attack.NAMESAKE_AUTHORITY_KEY_ID: _namesake_with_key_identifier,
    Attack.SIGNER_BASE_POINT: _signer_base_point,
    Attack.AUTHORITY_BASE_POINT: _authority_base_point,
    Attack.SIGNER_REVOKED: lambda _: _of_genuine_authority(_terms(REVOKED_SERIAL)),
    Attack.SIGNER_EXPIRED: _expired,
    Attack.SIGNER_FOR_CERTIFICATES: _for_certificates,
    Attack.SIGNER_CRITICAL_EXTENSION: _critical_extension,
    Attack.SIGNER_OF_SIGNER: _of_signer,
    Attack.ISSUER_NOT_CA: lambda _: _signer(_no_authority(), _terms(), certificate_of_no_authority()),
    Attack.FORGED_LINK: _forged_link,
    Attack.SECOND_SIGNER: _namesake,
}


def forged_signer(attack: Attack, issued: datetime.date) -> DocumentSigner:
    """Who signs EF.SOD.

    Args:
        attack: one of :data:`SIGNER_ATTACKS`.
        issued: date of issue that the card states.
    """
    return SIGNER_ATTACKS[attack](issued)
