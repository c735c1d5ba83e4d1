"""Passive authentication of the ordinary CCCD, beside the two signatures in it, and what a large trust store weighs.

"Bare" is what the crypto library takes for the signatures of EF.SOD and of the document signer, with keys that lie
ready. A whole passive authentication reads EF.SOD and the signer's certificate, finds the issuer, keeps all rules,
looks at the revocation list, and hashes every data group. The issuer's key lies ready, as it does in a kiosk; the
signer's certificate is either one that signed an earlier document too, or new. The document goes through all in turn, so
that a busy machine slows all.
"""

from __future__ import annotations

import datetime
import json
import statistics
import subprocess
import sys
import time

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

import reader
from crypto.pki import signed_object
from crypto.pki.certificate import Certificate
from crypto.pki.cms import parse_signed_data
from crypto.pki.passive_authentication import compare_hashes, verify_security_object
from crypto.signatures.public_key import EcPublicKey
from crypto.wire.tlv import encode_tlv, iter_tlvs, parse_tlv
from reader.lds import files

__all__ = ["run"]

CARD = "an"
CAN_OF_CARD = "000017"
ROUNDS = 300
ANCHORS = 1000


class Document:
    """The files of one card with everything that the two ways of verifying need."""

    def __init__(self) -> None:
        self.trust = reader.trust_for(None, test_mode=True)
        with reader.open_emulated(CARD) as card:
            outcome = reader.read(card, reader.CanKey.from_digits(CAN_OF_CARD), trust=self.trust)
        raw = outcome.reading.document
        self.ef_sod = raw.require(files.SOD)
        self.groups = {file.number: raw.require(file) for file in raw.data_groups if file.number is not None}
        self.at = datetime.datetime.now(datetime.UTC)
        self._prepare_bare()

    def _prepare_bare(self) -> None:
        signed = parse_signed_data(parse_tlv(self.ef_sod).value)
        signer = signed.signers[0]
        certificate = Certificate.parse(signed.certificates[0])
        anchor = next(each for each in self.trust.by_subject(certificate.issuer))
        attributes = parse_tlv(signer.signed_attributes or b"")
        as_signed = encode_tlv(0x31, sorted(item.encoded for item in iter_tlvs(attributes.value)))
        self._signatures = (
            (native(certificate), signer.signature, as_signed),
            (native(anchor.certificate), certificate.signature, certificate.tbs),
        )

    def bare(self) -> None:
        """The two signatures."""
        for key, signature, data in self._signatures:
            key.verify(signature, data, ec.ECDSA(hashes.SHA256()))

    def whole(self) -> None:
        """Passive authentication as the reader does it."""
        result = verify_security_object(self.ef_sod, self.trust, self.at, document_code="ID", issuing_state="VNM")
        if not result.is_trusted or result.security_object is None:
            raise SystemExit(f"Not trusted: {result.finding.code}")
        found = compare_hashes(result.security_object, self.groups)
        if not all(found[number].is_successful for number in self.groups):
            raise SystemExit("A data group does not match its hash.")


def native(certificate: Certificate) -> ec.EllipticCurvePublicKey:
    """The crypto library's key of a certificate."""
    key = certificate.public_key()
    if not isinstance(key, EcPublicKey) or key.curve.name != "brainpoolP384r1":
        raise SystemExit("The card is not signed with brainpoolP384r1.")
    return key.native()


def measure(document: Document) -> tuple[float, float, float]:
    """Median processor seconds: bare, whole with a signer seen before, whole with a new one. Done in turn."""
    rows = []
    for _ in range(ROUNDS + 5):
        start = time.process_time_ns()
        document.bare()
        after_bare = time.process_time_ns()
        document.whole()
        after_seen = time.process_time_ns()
        signed_object.forget_signers()
        before_new = time.process_time_ns()
        document.whole()
        rows.append((after_bare - start, after_seen - after_bare, time.process_time_ns() - before_new))
    bare, seen, new = (statistics.median(column) / 1e9 for column in zip(*rows[5:], strict=True))
    return bare, seen, new


def store_size() -> dict[str, float]:
    """In a process of its own: what 1,000 authorities weigh, and how long it takes to put them in."""
    run_child = subprocess.run(
        [sys.executable, "-m", "bench.trust_store_size", str(ANCHORS)], check=True, capture_output=True, text=True
    )
    found: dict[str, float] = json.loads(run_child.stdout)
    if found["anchors"] != ANCHORS:
        raise SystemExit("Not every authority is in the store.")
    return found


def run() -> None:
    """Print the table."""
    bare, seen, new = measure(Document())
    size = store_size()
    print(f"\nPassive authentication of '{CARD}' (ECDSA brainpoolP384r1, SHA-256), one core, median of {ROUNDS}\n")
    rows = [("the two signatures, bare", f"{1 / bare:,.0f} per second", f"{1000 * bare:.2f} ms", "100 %")]
    for label, seconds in (("signer seen before", seen), ("signer never seen", new)):
        part = f"{100 * bare / seconds:.0f} %"
        rows.append((label, f"{1 / seconds:,.0f} per second", f"{1000 * seconds:.2f} ms", part))
    for label, mebibytes, seconds in (
        (f"store of {ANCHORS:,} authorities", size["mebibytes"], size["seconds"]),
        ("the same, every key in use", size["mebibytes_with_keys"], size["seconds_keys"]),
    ):
        rows.append((label, f"{mebibytes:.1f} MiB", f"{1000 * seconds:.0f} ms", "–"))
    print(f"| {'':<26} | {'':>14} | {'takes':>7} | {'of the limit':>12} |")
    print(f"|{'-' * 28}|{'-' * 15}:|{'-' * 8}:|{'-' * 13}:|")
    for label, value, takes, part in rows:
        print(f"| {label:<26} | {value:>14} | {takes:>7} | {part:>12} |")
