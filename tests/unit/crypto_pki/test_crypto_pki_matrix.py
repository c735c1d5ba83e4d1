"""Every family of signatures with every hash, the signer inside and outside of EF.SOD, both versions of the list.

All right ones are trusted, the openssl command agrees on each signature, and each thing that is wrong has its own
status and its own code in each family.
"""

from __future__ import annotations

import datetime
import functools
import ssl
import subprocess
from pathlib import Path
from typing import Any

import pytest

from crypto.pki.findings import FindingCode, Outcome
from crypto.pki.passive_authentication import PassiveAuthenticationResult, compare_hashes, verify_security_object
from crypto.pki.trust_store import TrustStore
from crypto.wire.tlv import parse_tlv

HASHES = ("sha1", "sha224", "sha256", "sha384", "sha512")
FAMILIES = {
    "RSA-PKCS1": "rsa-pkcs1",
    "RSA-PSS": "rsa-pss",
    "ECDSA NIST": "secp256r1",
    "ECDSA brainpool": "brainpoolP384r1",
    "ECDSA explicit": "explicit",
    "DSA": "dsa",
}
LAST_YEAR = datetime.datetime(2025, 1, 1, tzinfo=datetime.UTC)


@functools.cache
def country(forge: Any, scheme: str, hash_name: str) -> tuple[Any, Any]:
    """An authority and its document signer; every signature of the country with that hash."""
    authority = forge.csca(scheme, hash_name=hash_name)
    return authority, forge.document_signer(authority, hash_name=hash_name)


def judge(ef_sod: bytes, now: datetime.datetime, anchors: Any, signers: Any = (), lists: Any = ()) -> Any:
    store = TrustStore()
    for anchor in anchors:
        store.add(anchor.der, "made for a test")
    for signer in signers:
        store.add_document_signer(signer.der, "from a directory made for a test")
    for each in lists:
        store.add_revocation_list(each, "made for a test")
    return verify_security_object(ef_sod, store, now)


def openssl_agrees(ef_sod: bytes, signer: Any, folder: Path) -> bool:
    """Whether the openssl command finds the signature right under the signer's certificate."""
    (folder / "sod").write_bytes(parse_tlv(ef_sod).value)
    (folder / "ds.pem").write_text(ssl.DER_cert_to_PEM_cert(signer.der), encoding="ascii")
    command = ("openssl", "cms", "-verify", "-inform", "DER", "-in", "sod", "-noverify", "-certfile", "ds.pem")
    done = subprocess.run([*command, "-out", "content"], cwd=folder, capture_output=True, check=False)
    return done.returncode == 0


@pytest.mark.wide
@pytest.mark.parametrize("version", [0, 1])
@pytest.mark.parametrize("place", ["inside", "outside"])
@pytest.mark.parametrize("hash_name", HASHES)
@pytest.mark.parametrize("family", FAMILIES)
def test_every_right_one_is_trusted_and_openssl_agrees(
    forge: Any, family: str, hash_name: str, place: str, version: int, tmp_path: Path
) -> None:
    authority, signer = country(forge, FAMILIES[family], hash_name)
    carried = [signer.der] if place == "inside" else []
    sod = forge.ef_sod(signer, hash_name=hash_name, version=version, certificates=carried)
    result = judge(sod, forge.now, [authority], [] if carried else [signer])
    assert result.finding.code is FindingCode.TRUSTED
    assert result.is_trusted
    assert result.signature.code is FindingCode.SIGNATURE_VALID
    assert result.anchor.certificate.encoded == authority.der
    assert result.signer.encoded == signer.der
    assert result.security_object.hash_algorithm.label == hash_name
    assert result.security_object.version == version
    found = compare_hashes(result.security_object, forge.groups)
    assert {finding.code for finding in found.values()} == {FindingCode.HASH_MATCH}
    assert openssl_agrees(sod, signer, tmp_path)


def flipped(octets: bytes) -> bytes:
    return octets[:-1] + bytes([octets[-1] ^ 1])


@pytest.mark.parametrize("family", FAMILIES)
def test_each_wrong_thing_has_its_own_status_and_code(forge: Any, family: str, tmp_path: Path) -> None:
    scheme = FAMILIES[family]
    authority, signer = country(forge, scheme, "sha256")
    expired = forge.document_signer(authority, not_after=LAST_YEAR)
    expired_authority = forge.csca(scheme, not_after=LAST_YEAR)
    clean, listed = (
        forge.revocation_list(authority, *serials) for serials in ((), (signer.certificate.serial_number,))
    )
    own = forge.revocation_list(authority, authority.certificate.serial_number)
    sod = forge.ef_sod(signer)
    wrong_hash, wrong_signature = (
        forge.ef_sod(signer, digest=bytes(32)),
        forge.ef_sod(signer, change_signature=flipped),
    )
    failed, open_ = Outcome.FAILED, Outcome.UNDETERMINED
    cases: list[tuple[str, Outcome, PassiveAuthenticationResult]] = [
        ("content_digest_mismatch", failed, judge(wrong_hash, forge.now, [authority])),
        ("signature_wrong", failed, judge(wrong_signature, forge.now, [authority])),
        ("signer_expired", failed, judge(forge.ef_sod(expired), forge.now, [authority])),
        ("issuer_expired", failed, judge(sod, forge.now, [expired_authority])),
        ("signer_revoked", failed, judge(sod, forge.now, [authority], lists=[listed])),
        ("issuer_revoked", failed, judge(sod, forge.now, [authority], lists=[own])),
        ("issuer_unknown", open_, judge(sod, forge.now, [])),
        ("attribute_missing", failed, judge(forge.ef_sod(signer, drop=("digest",)), forge.now, [authority])),
        ("version_unsupported", open_, judge(forge.ef_sod(signer, version=2), forge.now, [authority])),
        ("signer_certificate_absent", open_, judge(forge.ef_sod(signer, certificates=[]), forge.now, [authority])),
    ]
    for code, outcome, result in cases:
        assert result.finding.code.value == f"passive_authentication.{code}"
        assert result.finding.outcome is outcome
        assert not result.is_trusted
    assert len({code for code, _, _ in cases}) == len(cases)
    assert judge(sod, forge.now, [authority], lists=[clean]).revocation.code is FindingCode.NOT_REVOKED
    assert not openssl_agrees(wrong_hash, signer, tmp_path)
    assert not openssl_agrees(wrong_signature, signer, tmp_path)
    right = judge(sod, forge.now, [authority])
    changed = compare_hashes(right.security_object, forge.groups | {13: b"\x6d\x03xyZ"})
    assert changed[13].code is FindingCode.HASH_MISMATCH
    assert changed[13].outcome is failed
