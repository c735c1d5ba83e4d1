"""The openssl command as an independent judge of the same security objects and certificates."""

import datetime
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from crypto.pki.certificate import Certificate
from crypto.pki.cms import parse_signed_data, verify_signer
from crypto.pki.passive_authentication import verify_security_object
from crypto.pki.trust_store import TrustStore
from crypto.wire.tlv import parse_tlv

SCHEMES = ("rsa-pkcs1", "rsa-pss", "secp256r1", "brainpoolP384r1")
AT = "1780315200"  # 2026-06-01 12:00 UTC


def agrees(*arguments: str) -> bool:
    return subprocess.run(["openssl", *arguments], capture_output=True, check=False).returncode == 0


def as_pem(certificate: Any) -> bytes:
    return certificate.public_bytes(Encoding.PEM)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_openssl_agrees_about_right_and_wrong(forge: Any, scheme: str, tmp_path: Path) -> None:
    issuer = forge.csca(scheme)
    stranger = forge.csca(scheme, 9)
    signer = forge.document_signer(issuer)
    store = TrustStore()
    store.add(issuer.der, "made for a test")
    anchor = tmp_path / "csca.pem"
    anchor.write_bytes(as_pem(issuer.certificate))
    objects = {
        "right": forge.ef_sod(signer),
        "signature": forge.ef_sod(signer, change_signature=lambda octets: octets[:-2] + bytes(2)),
        "digest": forge.ef_sod(signer, digest=bytes(32)),
        "no digest": forge.ef_sod(signer, drop=("digest",)),
        "stranger": forge.ef_sod(forge.document_signer(stranger)),
    }
    for what, ef_sod in objects.items():
        file = tmp_path / "sod.p7"
        file.write_bytes(parse_tlv(ef_sod).value)
        theirs = agrees(
            *("cms", "-verify", "-inform", "DER", "-in", str(file), "-CAfile", str(anchor), "-partial_chain"),
            *("-purpose", "any", "-attime", AT, "-out", str(tmp_path / "content")),
        )
        ours = verify_security_object(ef_sod, store, forge.now).is_trusted
        assert ours is theirs is (what == "right"), what


@pytest.mark.parametrize("scheme", SCHEMES)
def test_openssl_agrees_about_certificates(forge: Any, scheme: str, tmp_path: Path) -> None:
    issuer, stranger = forge.csca(scheme), forge.csca(scheme, 9)
    anchor, leaf = tmp_path / "csca.pem", tmp_path / "ds.pem"
    anchor.write_bytes(as_pem(issuer.certificate))
    for signer, right in (
        (forge.document_signer(issuer), True),
        (forge.document_signer(stranger), False),
        (forge.document_signer(stranger, aki=issuer.key), False),
    ):
        leaf.write_bytes(as_pem(signer.certificate))
        theirs = agrees("verify", "-partial_chain", "-attime", AT, "-CAfile", str(anchor), str(leaf))
        ours = Certificate.parse(signer.der).is_signed_by(Certificate.parse(issuer.der).public_key())
        assert ours is theirs is right


@pytest.mark.parametrize("digest", ["sha1", "sha224", "sha256", "sha384", "sha512"])
@pytest.mark.parametrize("keyid", [False, True])
def test_a_message_signed_by_openssl_verifies_here(forge: Any, digest: str, keyid: bool, tmp_path: Path) -> None:
    signer = forge.document_signer(forge.csca("brainpoolP384r1"))
    certificate, key, content = tmp_path / "ds.pem", tmp_path / "key.pem", tmp_path / "content"
    certificate.write_bytes(as_pem(signer.certificate))
    key.write_bytes(signer.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    content.write_bytes(forge.security_object(forge.groups))
    out = tmp_path / "signed"
    subprocess.run(
        [
            *("openssl", "cms", "-sign", "-binary", "-nodetach", "-md", digest, "-econtent_type", "2.23.136.1.1.1"),
            *("-signer", str(certificate), "-inkey", str(key), "-in", str(content), "-outform", "DER"),
            *("-out", str(out), *(["-keyid"] if keyid else [])),
        ],
        check=True,
        capture_output=True,
    )
    signed = parse_signed_data(out.read_bytes())
    assert signed.content == content.read_bytes()
    assert signed.signers[0].signing_time is not None
    found = Certificate.parse(signed.certificates[0])
    assert signed.signers[0].names(found)
    assert verify_signer(signed, signed.signers[0], found).is_successful


def test_a_streamed_message_of_openssl_in_ber_verifies_here(forge: Any, tmp_path: Path) -> None:
    # -stream writes indefinite lengths and a content in segments, as some real documents have it
    signer = forge.document_signer(forge.csca())
    certificate, key, content = tmp_path / "ds.pem", tmp_path / "key.pem", tmp_path / "content"
    certificate.write_bytes(as_pem(signer.certificate))
    key.write_bytes(signer.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    content.write_bytes(forge.security_object(dict.fromkeys(range(1, 17), b"x")) * 20)
    out = tmp_path / "signed"
    subprocess.run(
        [
            *("openssl", "cms", "-sign", "-binary", "-nodetach", "-stream", "-econtent_type", "2.23.136.1.1.1"),
            *("-signer", str(certificate), "-inkey", str(key), "-in", str(content), "-outform", "DER"),
            *("-out", str(out)),
        ],
        check=True,
        capture_output=True,
    )
    octets = out.read_bytes()
    assert octets[:2] == b"\x30\x80"
    signed = parse_signed_data(octets)
    assert signed.content == content.read_bytes()
    assert verify_signer(signed, signed.signers[0], Certificate.parse(signed.certificates[0])).is_successful


def explicit_pki(folder: Path, curve: str) -> tuple[bytes, bytes]:
    """A CSCA and a document signer of the openssl command whose keys spell out their curve, and an EF.SOD's CMS."""

    def run(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=folder)

    for who in ("csca", "ds"):
        run("ecparam", "-name", curve, "-genkey", "-noout", "-param_enc", "explicit", "-out", f"{who}.key")
    (folder / "extensions").write_text(
        "[ca]\nbasicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\n"
        "subjectKeyIdentifier=hash\n[ds]\nkeyUsage=critical,digitalSignature\nauthorityKeyIdentifier=keyid\n",
        encoding="ascii",
    )
    subject = "/C=UT/O=Utopia TEST/CN="
    run("req", "-new", "-key", "csca.key", "-subj", subject + "CSCA TEST", "-out", "csca.csr")
    run(
        *("x509", "-req", "-in", "csca.csr", "-signkey", "csca.key", "-days", "9000", "-extfile", "extensions"),
        *("-extensions", "ca", "-out", "csca.pem"),
    )
    run("req", "-new", "-key", "ds.key", "-subj", subject + "DS TEST", "-out", "ds.csr")
    run(
        *("x509", "-req", "-in", "ds.csr", "-CA", "csca.pem", "-CAkey", "csca.key", "-days", "5000", "-sha384"),
        *("-extfile", "extensions", "-extensions", "ds", "-set_serial", "77", "-out", "ds.pem"),
    )
    run("x509", "-in", "csca.pem", "-outform", "DER", "-out", "csca.der")
    run(
        *("cms", "-sign", "-binary", "-nodetach", "-md", "sha384", "-econtent_type", "2.23.136.1.1.1", "-nosmimecap"),
        *("-signer", "ds.pem", "-inkey", "ds.key", "-in", "content", "-outform", "DER", "-out", "sod"),
    )
    return (folder / "csca.der").read_bytes(), (folder / "sod").read_bytes()


@pytest.mark.parametrize(
    "curve",
    ["prime256v1", "secp384r1", "secp521r1"] + [f"brainpoolP{bits}r1" for bits in (192, 224, 256, 320, 384, 512)],
)
def test_a_whole_pki_with_explicit_parameters_is_trusted(forge: Any, curve: str, tmp_path: Path) -> None:
    (tmp_path / "content").write_bytes(forge.security_object(forge.groups))
    anchor, cms = explicit_pki(tmp_path, curve)
    assert b"\x06\x07\x2a\x86\x48\xce\x3d\x01\x01" in anchor  # prime-field: the parameters are spelt out
    store = TrustStore()
    store.add(anchor, "made by openssl")
    result = verify_security_object(b"\x77\x83" + len(cms).to_bytes(3, "big") + cms, store, after_now())
    assert result.finding.code.value == "passive_authentication.trusted"


def after_now() -> datetime.datetime:
    """openssl dates its certificates with the machine's clock."""
    return datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=1)
