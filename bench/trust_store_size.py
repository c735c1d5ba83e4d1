"""What a trust store weighs, in a process that does nothing else: ``python -m bench.trust_store_size 1000``.

The authorities are made here, of the kinds and sizes that states use. Memory is that of the whole process (resident),
before and after.
"""

from __future__ import annotations

import datetime
import gc
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from crypto.pki.trust_store import TrustStore
from crypto.wire.tlv import iter_tlvs

__all__ = ["main"]

NOW = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


def authorities(count: int) -> list[bytes]:
    """Self-signed TEST authorities, half with elliptic curves and half with RSA of 4096 bits."""
    shared = rsa.generate_private_key(65537, 4096)  # one key for all of RSA: to find a thousand takes an hour
    curves = (ec.BrainpoolP384R1(), ec.SECP384R1(), ec.BrainpoolP512R1(), ec.SECP256R1())
    made = []
    for number in range(count):
        key = shared if number % 2 else ec.generate_private_key(curves[number // 2 % len(curves)])
        made.append(authority(number, key))
    return made


def authority(number: int, key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    """One of them, with the extensions that Doc 9303-12 §7.1 asks for."""
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "UT"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Ministry of Measures TEST"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"CSCA TEST {number}"),
        ]
    )
    key_identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    distribution = x509.DistributionPoint(
        [x509.UniformResourceIdentifier("http://crl.test.invalid/1.crl")], None, None, None
    )
    usage = dict.fromkeys(
        (
            *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
            *("encipher_only", "decipher_only"),
        ),
        False,
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(number + 1)
        .not_valid_before(NOW)
        .not_valid_after(NOW + datetime.timedelta(days=5000))
        .add_extension(x509.BasicConstraints(True, 0), True)
        .add_extension(x509.KeyUsage(key_cert_sign=True, crl_sign=True, **usage), True)
        .add_extension(key_identifier, False)
        .add_extension(x509.AuthorityKeyIdentifier(key_identifier.digest, None, None), False)
        .add_extension(x509.CRLDistributionPoints([distribution]), False)
    )
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def resident_mebibytes() -> float:
    """Memory of this process that is in use now."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / 2**20


def weigh(file: Path) -> dict[str, float]:
    """What the authorities in a file weigh in a store, and how long it takes to put them in."""
    encoded = file.read_bytes()
    before = resident_mebibytes()
    start = time.perf_counter()
    store = TrustStore()
    for each in iter_tlvs(encoded):
        store.add(each.encoded, "made for a measurement")
    filled, weight = time.perf_counter(), resident_mebibytes()
    first_key = time.perf_counter()
    for anchor in store:
        anchor.certificate.public_key().native()
    return {
        "anchors": len(store),
        "mebibytes": weight - before,
        "seconds": filled - start,
        "seconds_keys": time.perf_counter() - first_key,
        "mebibytes_with_keys": resident_mebibytes() - before,
    }


def main() -> None:
    """Print the figures as JSON. The authorities are made in another process than the one that is weighed."""
    if sys.argv[1] == "--weigh":
        print(json.dumps(weigh(Path(sys.argv[2]))))
        return
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "authorities.der"
        file.write_bytes(b"".join(authorities(int(sys.argv[1]))))
        subprocess.run([sys.executable, "-m", "bench.trust_store_size", "--weigh", str(file)], check=True)


if __name__ == "__main__":
    main()
