"""The evidence file: named parts one after the other, each with its length and digest, and one signature over all.

    chipid-evidence 2⏎
    manifest LENGTH SHA256⏎ …⏎         canonical JSON: whose key signs, and every part that follows
    statement LENGTH SHA256⏎ …⏎        what the device says (:mod:`reader.evidence.statement`)
    file.COM LENGTH SHA256⏎ …⏎         files exactly as read, certificates, challenge and signature of the chip
    signature 64 SHA256⏎ …⏎            Ed25519 over every octet before this line (RFC 8032)

There is exactly one file for one content: every octet is fixed by the manifest or covered by the signature. Digests
stand beside the signature so that an accident can be *located*; only the signature keeps an attacker out.

Version 2 may hold one part more than version 1 had, ``active-authentication.origin``. Version 1 is still opened.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from crypto.wire import limits
from reader import errors
from reader.evidence.canonical import NotCanonicalError, decode, encode

__all__ = ["MAX_EVIDENCE_BYTES", "OpenedEvidence", "Signer", "fingerprint_of", "open_evidence", "seal"]

_FAMILY: Final = b"chipid-evidence "
_VERSIONS: Final = (1, 2)
_WRITTEN: Final = 2
_MANIFEST: Final = "manifest"
_SIGNATURE: Final = "signature"
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9.-]{0,39}")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_SIGNATURE_BYTES: Final = 64  # RFC 8032 §5.1.6
_KEY_BYTES: Final = 32
_MAX_PARTS: Final = 96
_MAX_MANIFEST_BYTES: Final = 64 << 10
_MAX_HEADER_BYTES: Final = 40 + 1 + 9 + 1 + 64 + 1
_MAX_PART_BYTES: Final = limits.MAX_FILE_BYTES + 64  # a file of the largest content that is read, with its header

MAX_EVIDENCE_BYTES: Final = 8 << 20
"""Real cards leave 30 to 300 kB."""


class Signer(Protocol):
    """Whoever can sign for a device."""

    @property
    def public_key(self) -> bytes:
        """The Ed25519 public key, 32 octets."""
        ...

    def sign(self, octets: bytes) -> bytes:
        """An Ed25519 signature, 64 octets."""
        ...


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class OpenedEvidence:
    """A file whose every octet fits its signature. *Whose* signature is for the caller to judge.

    Attributes:
        version: of the format, 1 or 2.
        parts: content by name, without manifest and signature.
        fingerprint: SHA-256 of the signer's public key; see :func:`fingerprint_of`.
        sha256: of the whole file, in lower-case hexadecimal: what a report quotes.
    """

    version: int
    parts: Mapping[str, bytes]
    fingerprint: str
    sha256: str


def fingerprint_of(public_key: bytes) -> str:
    """SHA-256 over the SubjectPublicKeyInfo (RFC 8410 §4) of an Ed25519 key, in lower-case hexadecimal.

    Raises:
        ValueError: not 32 octets.
    """
    key = Ed25519PublicKey.from_public_bytes(public_key)
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def seal(parts: Mapping[str, bytes], signer: Signer) -> bytes:
    """The octets of an evidence file.

    Args:
        parts: content by name, in the order in which they are written.
        signer: the device.

    Raises:
        DocumentError: ``evidence.too_large``: more than :func:`open_evidence` would take.
        ValueError: a name that is none.
    """
    rows = []
    for name, content in parts.items():
        if not _is_part_name(name):
            raise ValueError("no name of a part")
        rows.append([name, len(content), _digest(content)])
    device = {"algorithm": "Ed25519", "public_key": signer.public_key.hex()}
    manifest = encode({"device": device, "parts": rows, "version": _WRITTEN})
    body = b"".join([_header_of(_WRITTEN), _section(_MANIFEST, manifest), *(_section(*part) for part in parts.items())])
    sealed = body + _section(_SIGNATURE, signer.sign(body))
    too_long = any(len(content) > _MAX_PART_BYTES for content in parts.values())
    if len(rows) > _MAX_PARTS or too_long or len(sealed) > MAX_EVIDENCE_BYTES:
        raise errors.DocumentError(errors.EVIDENCE_TOO_LARGE)
    return sealed


def open_evidence(octets: bytes) -> OpenedEvidence:
    """Take an evidence file apart and verify it as a whole.

    Raises:
        DocumentError: ``evidence.too_large``, ``evidence.not_evidence``, ``evidence.version_unknown``,
            ``evidence.damaged`` (with the part at which the file stops being what was signed),
            ``evidence.signature_wrong``.
    """
    if len(octets) > MAX_EVIDENCE_BYTES:
        raise errors.DocumentError(errors.EVIDENCE_TOO_LARGE)
    version = _version_of(octets)
    walk = _Walk(octets, len(_header_of(version)))
    public_key, rows = _read_manifest(walk.announced(_MANIFEST, _MAX_MANIFEST_BYTES), version)
    parts = {name: walk.expected(name, length, digest) for name, length, digest in rows}
    signed = octets[: walk.offset]
    signature = walk.announced(_SIGNATURE, _SIGNATURE_BYTES)
    if walk.offset != len(octets):
        raise errors.DocumentError(errors.EVIDENCE_DAMAGED, part="end")
    if len(signature) != _SIGNATURE_BYTES:
        raise errors.DocumentError(errors.EVIDENCE_DAMAGED, part=_SIGNATURE)
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, signed)
    except InvalidSignature:
        raise errors.DocumentError(errors.EVIDENCE_SIGNATURE_WRONG, part=_SIGNATURE) from None
    return OpenedEvidence(version, parts, fingerprint_of(public_key), _digest(octets))


def _header_of(version: int) -> bytes:
    return b"%s%d\n" % (_FAMILY, version)


def _version_of(octets: bytes) -> int:
    for version in _VERSIONS:
        if octets.startswith(_header_of(version)):
            return version
    is_other = octets.startswith(_FAMILY) and b"\n" in octets[: len(_FAMILY) + 10]
    raise errors.DocumentError(errors.EVIDENCE_VERSION if is_other else errors.EVIDENCE_FOREIGN, part="header")


class _Walk:
    """Goes through the sections; whatever is not exactly as it must be is the part where the file was changed."""

    def __init__(self, octets: bytes, offset: int) -> None:
        self._octets = octets
        self.offset = offset

    def announced(self, name: str, longest: int) -> bytes:
        """A section whose header says how long it is."""
        end = self._octets.find(b"\n", self.offset, self.offset + _MAX_HEADER_BYTES)
        header = self._octets[self.offset : max(end, self.offset)]
        fields = header.split(b" ")
        if len(fields) != 3 or not re.fullmatch(rb"[1-9][0-9]{0,8}", fields[1]) or int(fields[1]) > longest:
            raise errors.DocumentError(errors.EVIDENCE_DAMAGED, part=name)
        return self.expected(name, int(fields[1]), fields[2].decode("ascii", "replace"))

    def expected(self, name: str, length: int, digest: str) -> bytes:
        """A section of which everything is known but the content."""
        header = _header(name, length, digest)
        start = self.offset + len(header)
        content = self._octets[start : start + length]
        after = start + length
        if (
            self._octets[self.offset : start] != header
            or _digest(content) != digest
            or self._octets[after : after + 1] != b"\n"
        ):
            raise errors.DocumentError(errors.EVIDENCE_DAMAGED, part=name)
        self.offset = after + 1
        return content


def _read_manifest(octets: bytes, version: int) -> tuple[bytes, Sequence[tuple[str, int, str]]]:
    """Public key and rows. Whoever signs a manifest can still write nonsense into it."""
    try:
        manifest: Any = decode(octets)
        if manifest.pop("version", 1) != version:  # version 1 does not say so
            raise errors.DocumentError(errors.EVIDENCE_DAMAGED, part="header")
        if manifest.keys() != {"device", "parts"} or manifest["device"].keys() != {"algorithm", "public_key"}:
            raise NotCanonicalError
        text = manifest["device"]["public_key"]
        public_key = bytes.fromhex(text)
        if manifest["device"]["algorithm"] != "Ed25519" or len(public_key) != _KEY_BYTES or public_key.hex() != text:
            raise NotCanonicalError
        rows = [_row(*row) for row in manifest["parts"]]
        if len({name for name, _, _ in rows}) != len(rows) or len(rows) > _MAX_PARTS:
            raise NotCanonicalError
    except (NotCanonicalError, AttributeError, TypeError, ValueError):
        raise errors.DocumentError(errors.EVIDENCE_DAMAGED, part=_MANIFEST) from None
    return public_key, rows


def _row(name: object, length: object, digest: object) -> tuple[str, int, str]:
    if not isinstance(name, str) or not isinstance(length, int) or not isinstance(digest, str):
        raise NotCanonicalError
    if not _is_part_name(name) or not _DIGEST.fullmatch(digest):
        raise NotCanonicalError
    if isinstance(length, bool) or not 0 <= length <= _MAX_PART_BYTES:
        raise NotCanonicalError
    return name, length, digest


def _is_part_name(name: str) -> bool:
    return _NAME.fullmatch(name) is not None and name not in (_MANIFEST, _SIGNATURE)


def _header(name: str, length: int, digest: str) -> bytes:
    return f"{name} {length} {digest}\n".encode()


def _section(name: str, content: bytes) -> bytes:
    return _header(name, len(content), _digest(content)) + content + b"\n"


def _digest(octets: bytes) -> str:
    return hashlib.sha256(octets).hexdigest()
