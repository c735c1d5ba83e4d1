"""The chip's half of terminal authentication, versions 1 and 2 (TR-03110-1 §3.5, TR-03110-2 §3.3, TR-03110-3 §2.5, §B.3).

A terminal leads the chip from a trust point over certificates to its own public key, then signs a challenge. How far
the chip goes along with it:

- Certificates need a secure channel and nothing else: a terminal may also send them to bring the chip up to date.
- A certificate follows upon one of a higher role: a verifying authority signs its successors and document verifiers,
  a document verifier signs terminals. Algorithm and size of the key stay the same along the chain; only a link
  certificate may change them (TR-03110-3 §2.3).
- Of the keys that live for a session only the last is remembered, so a chain cannot fork.
- A refused certificate leaves everything as it was: the date, the trust points and the key imported before.
- One successful run per session and version (TR-03110-1 §3.5.2). Version 2 would allow several for different terminals,
  with stored session contexts, which this chip does not have.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Final

from crypto.errors import CryptoError, WireError
from crypto.pace.parameters import PasswordReference
from crypto.pki.cvc import CvCertificate, CvRole, TerminalType, parse_cv_certificate
from crypto.wire.oid import decode_oid
from crypto.wire.status_word import StatusWord
from crypto.wire.tlv import encode_tlv, iter_tlvs
from emulator.chip.pace import PaceOutcome
from emulator.chip.pace_request import AuthorizationTemplate
from emulator.chip.refusal import CommandRefusedError
from emulator.chip.trust_points import Authorization, TrustedKey, TrustPoints

__all__ = ["TerminalAuthentication", "TerminalKeys", "TerminalProof"]

_CERTIFICATE: Final = 0x7F21
_DO_AUXILIARY: Final = 0x67
_CAN_ALLOWED: Final = 4  # TR-03110-3 table 21
_ISSUED_BY: Final[Mapping[CvRole, frozenset[CvRole]]] = {
    CvRole.CVCA: frozenset({CvRole.CVCA}),
    CvRole.DV_DOMESTIC: frozenset({CvRole.CVCA}),
    CvRole.DV_FOREIGN: frozenset({CvRole.CVCA}),
    CvRole.TERMINAL: frozenset({CvRole.DV_DOMESTIC, CvRole.DV_FOREIGN}),
}
"""Who may sign whom (TR-03110-3 figure 1)."""


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class TerminalProof:
    """What a terminal has proven.

    Attributes:
        version: of the protocol.
        compressed_key: Comp of the ephemeral key to which the rights are tied.
        authorization: effective authorisation; its rights hold in a channel made with that ephemeral key only.
        auxiliary: DO'67' as it was signed, ``b""`` without.
    """

    version: int
    compressed_key: bytes
    authorization: Authorization
    auxiliary: bytes = b""


@dataclasses.dataclass(slots=True, repr=False)
class TerminalKeys:
    """The keys of a terminal's certificates in one session, and what has been chosen for the next command."""

    issuer: TrustedKey | None = None
    """Set by MSE:Set DST."""
    imported: TrustedKey | None = None
    """Of the last good DV or terminal certificate."""
    chosen: TrustedKey | None = None
    """Set by MSE:Set AT."""
    announced_key: bytes | None = None
    """Version 2: Comp(PK_PCD) of MSE:Set AT."""
    auxiliary: bytes = b""
    """Version 2: DO'67' of MSE:Set AT."""


class TerminalAuthentication:
    """Checks certificates and signatures for one card.

    Args:
        trust_points: what the card remembers for life.
        versions: of the protocol that the card takes.
    """

    def __init__(self, trust_points: TrustPoints, versions: tuple[int, ...]) -> None:
        self._trust_points: Final = trust_points
        self._versions: Final = versions

    # -- certificates --------------------------------------------------------------------------------

    def choose_issuer(self, keys: TerminalKeys, data: bytes) -> None:
        """MSE:Set DST: DO'83' names the key that verifies the next certificate (TR-03110-3 §B.11.4).

        Raises:
            CommandRefusedError: 6A80 no reference, 6A88 no such key.
        """
        keys.issuer = None
        reference = _reference(_objects(data))
        known = self._trust_points.find(reference)
        if known is None and keys.imported is not None and keys.imported.reference == reference:
            known = keys.imported
        if known is None:
            raise CommandRefusedError(StatusWord.REFERENCED_DATA_NOT_FOUND)
        keys.issuer = known

    def verify_certificate(self, keys: TerminalKeys, data: bytes) -> None:
        """PSO:Verify Certificate: body and signature, DO'7F4E' and DO'5F37' (TR-03110-3 §2.5, §B.11.5).

        Raises:
            CommandRefusedError: 6985 no key chosen, 6A80 not a certificate or no usable key in it, 6300 refused.
        """
        issuer = keys.issuer
        if issuer is None:
            raise CommandRefusedError(StatusWord.CONDITIONS_NOT_SATISFIED)
        try:
            certificate = parse_cv_certificate(encode_tlv(_CERTIFICATE, data))
            genuine = certificate.is_signed_by(issuer.key, issuer.algorithm)
            accepted = genuine and self._accepts(issuer, certificate, keys)
            imported = issuer.issue(certificate) if accepted else None
        except CryptoError:
            raise CommandRefusedError(StatusWord.WRONG_DATA) from None
        if imported is None or not _keeps_parameters(issuer, imported):
            raise CommandRefusedError(StatusWord.AUTHENTICATION_FAILED)
        keys.issuer = None
        self._import(issuer, imported, keys)

    def _accepts(self, issuer: TrustedKey, certificate: CvCertificate, keys: TerminalKeys) -> bool:
        trust_points = self._trust_points
        if certificate.authority_reference != issuer.reference or issuer.role not in _ISSUED_BY[certificate.role]:
            return False
        if self._is_known(certificate.holder_reference, keys):  # TR-03110-3 §A.6.2
            return False
        if certificate.role is CvRole.CVCA:  # accepted even if expired, and by an expired issuer (§2.5, §2.5.1)
            return trust_points.has_room(certificate.effective, certificate.role_oid)
        if certificate.public_key.curve is not None:  # §D.3.3: domain parameters come from above
            return False
        # §2.5.1: neither an expired certificate nor one by a disabled trust point
        return trust_points.is_enabled(issuer) and certificate.expiration >= trust_points.current_date

    def _is_known(self, reference: str, keys: TerminalKeys) -> bool:
        imported = keys.imported
        return self._trust_points.find(reference) is not None or (
            imported is not None and imported.reference == reference
        )

    def _import(self, issuer: TrustedKey, imported: TrustedKey, keys: TerminalKeys) -> None:
        """The internal status update of TR-03110-3 §2.5.1, after everything that could fail."""
        if imported.role is CvRole.CVCA:
            self._trust_points.enable(imported, issuer)
            return
        keys.imported = imported
        keys.chosen = None
        # §2.6.2: verifying authorities and official domestic verifiers are trusted to know the date
        if imported.role is not CvRole.TERMINAL or issuer.role is CvRole.DV_DOMESTIC:
            self._trust_points.advance(imported.effective)

    # -- the terminal itself -------------------------------------------------------------------------

    def choose_terminal(self, keys: TerminalKeys, data: bytes) -> None:
        """MSE:Set AT: DO'83' names the terminal's key; version 2 brings its ephemeral key along (TR-03110-3 §B.11.1).

        Raises:
            CommandRefusedError: 6A80 protocol or version unknown here, 6A88 no such key.
        """
        keys.chosen, keys.announced_key, keys.auxiliary = None, None, b""
        objects = _objects(data)
        reference = _reference(objects)
        announced = objects.get(0x91)
        if (1 if announced is None else 2) not in self._versions or announced == b"":
            raise CommandRefusedError(StatusWord.WRONG_DATA)
        key = keys.imported
        if key is None or key.reference != reference or key.role is not CvRole.TERMINAL:
            raise CommandRefusedError(StatusWord.REFERENCED_DATA_NOT_FOUND)
        protocol = objects.get(0x80)
        # Version 2 must name its protocol; in version 1 the key alone says it (TR-03110-3 §B.11.1)
        if (protocol is None and announced is not None) or (protocol is not None and not _names(protocol, key)):
            raise CommandRefusedError(StatusWord.WRONG_DATA)
        keys.chosen, keys.announced_key = key, announced
        if announced is not None and _DO_AUXILIARY in objects:
            keys.auxiliary = encode_tlv(_DO_AUXILIARY, objects[_DO_AUXILIARY])

    def authenticate(
        self,
        keys: TerminalKeys,
        signature: bytes,
        *,
        identifier: bytes,
        challenge: bytes,
        agreed_key: bytes | None,
        pace: PaceOutcome | None,
    ) -> TerminalProof:
        """EXTERNAL AUTHENTICATE (TR-03110-3 §B.11.7).

        Args:
            keys: of this session; a terminal's key must have been chosen.
            signature: by the terminal.
            identifier: ID_PICC.
            challenge: r_PICC, eight bytes, used up by this call.
            agreed_key: Comp(PK_PCD) of the chip authentication before, or else of PACE with chip authentication mapping,
                for version 1.
            pace: how the session was opened, ``None`` if not by PACE.

        Raises:
            CommandRefusedError: 6300 the signature is wrong; 6982 version 1 without chip authentication, version 2
                without an announcement in PACE or by a password that this terminal may not use; 6985 no key chosen,
                or another type than was announced.
        """
        chosen = keys.chosen
        if chosen is None:
            raise CommandRefusedError(StatusWord.CONDITIONS_NOT_SATISFIED)
        version = 1 if keys.announced_key is None else 2
        template = None if pace is None else pace.template
        compressed = agreed_key if version == 1 else keys.announced_key
        if compressed is None or (version == 2 and template is None):  # TR-03110-2 §2.3.2.1
            raise CommandRefusedError(StatusWord.SECURITY_STATUS_NOT_SATISFIED)
        signed = identifier + challenge + compressed + keys.auxiliary
        if not _verifies(chosen, signature, signed):
            raise CommandRefusedError(StatusWord.AUTHENTICATION_FAILED)
        granted = chosen.authorization
        if version == 2 and pace is not None and template is not None:
            granted = _confined(granted, template, pace.password)
        return TerminalProof(version, compressed, granted, keys.auxiliary)


def _confined(granted: Authorization, template: AuthorizationTemplate, password: PasswordReference) -> Authorization:
    """The rights that were both certified and announced (TR-03110-3 §2.6.1)."""
    confined = Authorization.of(template.terminal_type.value, template.authorization)
    if granted.role_oid != confined.role_oid:
        raise CommandRefusedError(StatusWord.CONDITIONS_NOT_SATISFIED)
    granted = confined.narrowed_by(granted)
    # TR-03110-2 §2.3.2.1: PACE could only see that the right to use the CAN was claimed
    by_can = password is PasswordReference.CAN and template.terminal_type is TerminalType.AUTHENTICATION_TERMINAL
    if by_can and not granted.allows(TerminalType.AUTHENTICATION_TERMINAL, _CAN_ALLOWED):
        raise CommandRefusedError(StatusWord.SECURITY_STATUS_NOT_SATISFIED)
    return granted


def _verifies(key: TrustedKey, signature: bytes, signed: bytes) -> bool:
    try:
        return key.algorithm.verify(key.key, signature, signed)
    except CryptoError:
        return False


def _keeps_parameters(issuer: TrustedKey, imported: TrustedKey) -> bool:
    """Same algorithm and size of key, but for verifying authorities (TR-03110-3 §2.3)."""
    if imported.role is CvRole.CVCA:
        return True
    return imported.algorithm_oid == issuer.algorithm_oid and imported.key.size_bits == issuer.key.size_bits


def _names(protocol: bytes, key: TrustedKey) -> bool:
    try:
        return decode_oid(protocol) == key.algorithm_oid
    except WireError:
        return False


def _objects(data: bytes) -> dict[int, bytes]:
    try:
        return {tlv.tag: tlv.value for tlv in iter_tlvs(data)}
    except WireError:
        raise CommandRefusedError(StatusWord.WRONG_DATA) from None


def _reference(objects: Mapping[int, bytes]) -> str:
    reference = objects.get(0x83)
    if not reference:
        raise CommandRefusedError(StatusWord.WRONG_DATA)
    return reference.decode("latin-1")
