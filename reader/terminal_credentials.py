"""Who this terminal is: its card-verifiable certificates, those of its issuers, and its private key.

A folder holds ``*.cvcert`` files, each one or more certificates (DO'7F21'), and ``terminal.key``, unless the key lies in
a PKCS#11 token. Which certificates a chip is shown depends on the authorities that it names: the way from there to the
terminal is looked for here, over link certificates where an authority has changed its key (TR-03110-3 §2.4).
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from crypto.errors import CryptoError, ErrorCode
from crypto.pki.cvc import CvCertificate, CvPublicKey, CvRole, TerminalType, parse_cv_certificates
from crypto.primitives.curves import Curve
from crypto.wire.oid import encode_oid
from crypto.wire.tlv import encode_tlv
from reader import errors
from reader.terminal_keys import FileSigner, TerminalSigner

__all__ = ["SENSITIVE_GROUPS", "TerminalChain", "TerminalCredentials", "load_credentials"]

KEY_FILE: Final = "terminal.key"
SENSITIVE_GROUPS: Final = (3, 4)
"""Fingerprints and irises: bit 0 and bit 1 of an inspection system's authorisation (TR-03110-3 §C.4.1)."""

_SUFFIX: Final = ".cvcert"
_MAX_FILE_BYTES: Final = 1 << 20
_MAX_CERTIFICATES: Final = 1000
_MAX_CHAIN: Final = 16
"""Link certificates of three years each over a passport's ten need four."""

_FITTING: Final = b"chipid-kiosk: does this key fit that certificate?"


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class TerminalChain:
    """The way from an authority that the chip trusts to this terminal.

    Attributes:
        certificates: in the order in which the chip sees them; the last one is the terminal's.
        root: the authority's own certificate, if the folder has it; the chip does not need to see it.
    """

    certificates: tuple[CvCertificate, ...]
    root: CvCertificate | None = None

    @property
    def terminal(self) -> CvCertificate:
        """The terminal's certificate."""
        return self.certificates[-1]

    @property
    def groups(self) -> frozenset[int]:
        """The sensitive data groups that the whole chain gives: the AND of all authorisations (TR-03110-3 §2.6).

        Only certificates of inspection systems know these rights (§C.4.1). The chip decides; it may know of less.
        """
        if self.terminal.terminal_type is not TerminalType.INSPECTION_SYSTEM:
            return frozenset()
        above = (self.root, *self.certificates) if self.root is not None else self.certificates
        # an authority may carry a template of another kind: then what it may is not to be read from it
        counting = [one for one in above if one.role_oid == self.terminal.role_oid or one.role is not CvRole.CVCA]
        return frozenset(
            group
            for bit, group in enumerate(SENSITIVE_GROUPS)
            if all(one.role_oid == self.terminal.role_oid and one.allows(bit) for one in counting)
        )

    def expired_on(self, day: dt.date) -> CvCertificate | None:
        """The first certificate whose last day has passed. Link certificates never expire for a chip (§2.5.1)."""
        return next((one for one in self.certificates if one.role is not CvRole.CVCA and one.expiration < day), None)


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class TerminalCredentials:
    """Certificates and key. Made by :func:`load_credentials` or :meth:`from_octets`.

    Attributes:
        certificates: all that are known, those of the issuers too.
        terminals: the terminal's own, whose private key ``signer`` holds.
        signer: the private key.
    """

    certificates: tuple[CvCertificate, ...]
    terminals: tuple[CvCertificate, ...]
    signer: TerminalSigner

    def __repr__(self) -> str:
        return f"TerminalCredentials({len(self.certificates)} certificates)"

    @classmethod
    def from_octets(cls, certificates: bytes, key: bytes) -> TerminalCredentials:
        """From certificates one after the other, and a PKCS#8 PEM key.

        Raises:
            TerminalError: as :func:`load_credentials`.
        """
        return cls.of([certificates], FileSigner(key))

    @classmethod
    def of(cls, contents: Iterable[bytes], signer: TerminalSigner) -> TerminalCredentials:
        """From the contents of certificate files. Raises as :func:`load_credentials`."""
        return cls._made_of([one for octets in contents for one in _parsed(octets)], signer)

    @classmethod
    def _made_of(cls, certificates: list[CvCertificate], signer: TerminalSigner) -> TerminalCredentials:
        if len(certificates) > _MAX_CERTIFICATES:
            raise errors.TerminalError(errors.TERMINAL_CERTIFICATE_UNREADABLE, reason="too many")
        candidates = [one for one in certificates if one.role is CvRole.TERMINAL]
        if not candidates:
            raise errors.TerminalError(errors.TERMINAL_CERTIFICATE_ABSENT)
        # renewed certificates may share a key, and a token takes its time for each signature
        keys = {one.public_key.encoded: one for one in candidates}
        fitting = {encoded for encoded, one in keys.items() if _key_fits(signer, one)}
        terminals = tuple(one for one in candidates if one.public_key.encoded in fitting)
        if not terminals:
            raise errors.TerminalError(errors.TERMINAL_KEY_WRONG)
        return cls(tuple(certificates), terminals, signer)

    def authorization(self, day: dt.date | None) -> bytes:
        """DO'7F4C' to be shown in PACE before terminal authentication version 2 (TR-03110-3 §B.11.1).

        Args:
            day: today, or ``None`` if nobody knows.
        """
        best = self._best(day)
        return encode_tlv(0x7F4C, encode_tlv(0x06, encode_oid(best.role_oid)) + encode_tlv(0x53, best.authorization))

    def kind(self, day: dt.date | None) -> str:
        """The kind of terminal that :meth:`authorization` shows, by dotted identifier."""
        return self._best(day).role_oid

    def _best(self, day: dt.date | None) -> CvCertificate:
        """An inspection system's, as identity documents are its business; one that has not expired."""

        def rank(certificate: CvCertificate) -> tuple[bool, bool]:
            is_inspection_system = certificate.terminal_type is TerminalType.INSPECTION_SYSTEM
            return not is_inspection_system, day is not None and certificate.expiration < day

        return min(self.terminals, key=rank)

    def chain_from(self, references: Iterable[str], day: dt.date | None, kind: str | None = None) -> TerminalChain:
        """The certificates to show to a chip with these trust points.

        The shortest way from the first reference that has one; one without an expired certificate, if there is any.

        Args:
            references: as the chip names them, the newest first.
            day: today in UTC, or ``None`` if nobody knows; then nothing counts as expired.
            kind: only terminals of this kind, by dotted identifier.

        Raises:
            TerminalError: ``terminal.no_chain``, or ``terminal.certificate_expired`` if every way is over one.
        """
        terminals = [one for one in self.terminals if kind in (None, one.role_oid)]
        expired = False
        for reference in references:
            for chain in self._chains(reference, terminals, day):
                return chain
            expired = expired or any(True for _ in self._chains(reference, terminals, None))
        raise errors.TerminalError(errors.TERMINAL_CERTIFICATE_EXPIRED if expired else errors.TERMINAL_NO_CHAIN)

    def _chains(self, reference: str, terminals: list[CvCertificate], day: dt.date | None) -> Iterator[TerminalChain]:
        """Breadth first, so that the shortest way comes first; every certificate is met once."""
        roots = [one for one in self.certificates if one.holder_reference == reference and one.role is CvRole.CVCA]
        root = min(roots, key=lambda one: not one.is_self_signed, default=None)
        start = _Issuer(reference, None, None) if root is None else _Issuer.of(root, None)
        ways: list[tuple[_Issuer, tuple[CvCertificate, ...]]] = [(start, ())]
        met: set[bytes] = set()
        for issuer, way in ways:  # grows while it is walked
            for certificate in self._issued_by(issuer):
                chain = TerminalChain((*way, certificate), root)
                if certificate.encoded in met or (day is not None and chain.expired_on(day)):
                    continue
                met.add(certificate.encoded)
                if certificate in terminals:
                    yield chain
                elif certificate.role is not CvRole.TERMINAL and len(chain.certificates) < _MAX_CHAIN:
                    ways.append((_Issuer.of(certificate, issuer.curve), chain.certificates))

    def _issued_by(self, issuer: _Issuer) -> list[CvCertificate]:
        return [
            one
            for one in self.certificates
            if one.authority_reference == issuer.reference and not one.is_self_signed and issuer.may_have_signed(one)
        ]


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class _Issuer:
    """A holder of a key that signs certificates, with the curve that its holders inherit (TR-03110-3 §D.3.3)."""

    reference: str
    key: CvPublicKey | None
    curve: Curve | None

    @classmethod
    def of(cls, certificate: CvCertificate, inherited: Curve | None) -> _Issuer:
        key = certificate.public_key
        return cls(certificate.holder_reference, key, key.curve or inherited)

    def may_have_signed(self, certificate: CvCertificate) -> bool:
        """False only if the signature is known to be wrong: the key of a trust point lies in the chip alone."""
        if self.key is None:
            return True
        try:
            return certificate.is_signed_by(self.key.on(self.curve), self.key.algorithm)
        except CryptoError:
            return True  # without its curve, nothing is known; the chip will say


def _key_fits(signer: TerminalSigner, certificate: CvCertificate) -> bool:
    """Whether the private key belongs to this certificate: by a signature, the one thing every place can make."""
    try:
        algorithm = certificate.public_key.algorithm
        signature = signer.sign(_FITTING, algorithm)
        return algorithm.verify(certificate.public_key.on(signer.curve), signature, _FITTING)
    except CryptoError:
        return False
    except errors.TerminalError as error:
        if error.code is errors.TERMINAL_KEY_WRONG:
            return False
        raise


def load_credentials(folder: Path, key_uri: str | None = None) -> TerminalCredentials:
    """Certificates of a folder, and its ``terminal.key`` or the key that a ``pkcs11:`` URI names (RFC 7512).

    Raises:
        TerminalError: ``terminal.folder_unreadable``, ``terminal.certificate_unreadable``,
            ``terminal.certificate_absent``, ``terminal.key_unreadable``, ``terminal.key_wrong``, and the codes of
            :class:`reader.terminal_token.TokenSigner`.
    """
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix.lower() == _SUFFIX)
    except OSError as error:
        raise errors.TerminalError(errors.TERMINAL_FOLDER_UNREADABLE) from error
    if not paths:  # before the key is missed: it is the wrong folder then
        raise errors.TerminalError(errors.TERMINAL_CERTIFICATE_ABSENT)
    certificates = [one for path in paths for one in _certificates_in(path)]
    return TerminalCredentials._made_of(certificates, _signer(folder, key_uri))


def _certificates_in(path: Path) -> list[CvCertificate]:
    """Whoever looks after the folder is told which file is meant."""
    name = ascii(path.name)
    try:
        octets = _read(path, errors.TERMINAL_CERTIFICATE_UNREADABLE)
    except OSError as error:
        raise errors.TerminalError(errors.TERMINAL_FOLDER_UNREADABLE, file=name) from error
    return _parsed(octets, file=name)


def _parsed(octets: bytes, **where: str) -> list[CvCertificate]:
    try:
        return list(parse_cv_certificates(octets))
    except CryptoError as error:
        raise errors.TerminalError(errors.TERMINAL_CERTIFICATE_UNREADABLE, **where, reason=error.code.name) from error


def _signer(folder: Path, key_uri: str | None) -> TerminalSigner:
    if key_uri is not None:
        from reader.terminal_token import TokenSigner

        return TokenSigner.from_uri(key_uri)
    try:
        return FileSigner(_read(folder / KEY_FILE, errors.TERMINAL_KEY_UNREADABLE))
    except OSError as error:
        raise errors.TerminalError(errors.TERMINAL_KEY_UNREADABLE) from error


def _read(path: Path, too_long: ErrorCode) -> bytes:
    """The file, if it is a plain one (a pipe would wait) of a sensible length."""
    if not path.is_file():
        raise FileNotFoundError
    with path.open("rb") as file:
        octets = file.read(_MAX_FILE_BYTES + 1)
    if len(octets) > _MAX_FILE_BYTES:
        raise errors.TerminalError(too_long, file=ascii(path.name))
    return octets
