"""Bundles of certificates (``.p7b``), as Windows, OpenSSL and the crypto library write them, come into a trust store."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from crypto.errors import CryptoError
from crypto.pki.certificate_bundle import parse_certificate_bundle
from crypto.wire.tlv import encode_tlv
from reader.errors import TrustError
from reader.trust.folder import load_folder
from reader.trust.import_plan import ImportOptions
from reader.trust.import_report import ImportReport
from reader.trust.importing import import_files
from reader.trust.manifest import EntryKind
from tests.unit import trust_lists as utopia
from tests.unit.trust_lists import NOW, csca, document_signer

DATA = "1.2.840.113549.1.7.1"
SIGNED_DATA = "1.2.840.113549.1.7.2"


def bring(tmp_path: Path, octets: bytes, options: ImportOptions | None = None) -> ImportReport:
    file = tmp_path / "utopia.p7b"
    file.write_bytes(octets)
    return import_files([file], tmp_path / "store", options or ImportOptions(), key_file=tmp_path / "key.json", at=NOW)


def bundle(
    certificates: bytes = b"",
    crls: bytes = b"",
    *,
    content: bytes = b"",
    signers: bytes = b"",
    kind: str = DATA,
) -> bytes:
    """Written here, so that each field can be another."""
    inner = [
        encode_tlv(0x02, b"\x01"),
        encode_tlv(0x31),
        encode_tlv(0x30, [utopia.oid(kind), content]),
        encode_tlv(0xA0, certificates) if certificates else b"",
        encode_tlv(0xA1, crls) if crls else b"",
        encode_tlv(0x31, signers),
    ]
    return encode_tlv(0x30, [utopia.oid(SIGNED_DATA), encode_tlv(0xA0, encode_tlv(0x30, inner))])


@pytest.mark.parametrize("encoding", [Encoding.DER, Encoding.PEM])
def test_a_bundle_of_the_crypto_library_comes_in_whole(tmp_path: Path, encoding: Encoding) -> None:
    octets = pkcs7.serialize_certificates([csca(1).certificate, csca(2).certificate], encoding)
    report = bring(tmp_path, octets)
    assert {one.sha256 for one in report.new} == {csca(1).fingerprint, csca(2).fingerprint}
    loaded = load_folder(tmp_path / "store", test_mode=False, seal_key=tmp_path / "key.json")
    assert len(loaded.store) == 2
    assert all("utopia.p7b" in anchor.provenance for anchor in loaded.store)


@pytest.mark.parametrize("form", ["DER", "PEM"])
def test_a_bundle_of_openssl_brings_its_revocation_list_along(tmp_path: Path, form: str) -> None:
    (tmp_path / "all.pem").write_bytes(utopia.pem(csca(1).der, document_signer().der))
    (tmp_path / "crl.pem").write_bytes(utopia.pem(utopia.revocation_list(csca(1), [5]), label="X509 CRL"))
    done = subprocess.run(
        ["openssl", "crl2pkcs7", "-in", "crl.pem", "-certfile", "all.pem", "-outform", form],
        cwd=tmp_path, capture_output=True, check=True, timeout=30,
    )  # fmt: skip
    report = bring(tmp_path, done.stdout)
    assert report.files == [("utopia.p7b", "pkcs7" if form == "DER" else "pem")]
    kinds = {one.kind for one in report.new}
    assert kinds == {EntryKind.AUTHORITY, EntryKind.DOCUMENT_SIGNER, EntryKind.REVOCATION_LIST}
    assert report.rejected == []


def test_a_bundle_in_indefinite_lengths_is_the_same_bundle(tmp_path: Path) -> None:
    end = b"\0\0"
    signed = b"\x30\x80" + encode_tlv(0x02, b"\x01") + encode_tlv(0x31)
    signed += b"\x30\x80" + utopia.oid(DATA) + end
    signed += b"\xa0\x80" + csca(1).der + csca(2).der + end + encode_tlv(0x31) + end
    octets = b"\x30\x80" + utopia.oid(SIGNED_DATA) + b"\xa0\x80" + signed + end + end
    assert parse_certificate_bundle(octets).certificates == (csca(1).der, csca(2).der)
    assert len(bring(tmp_path, octets).new) == 2


def test_every_rule_for_single_certificates_holds_for_those_in_a_bundle(tmp_path: Path) -> None:
    test_one = utopia.certificate(utopia.name("Utopia TEST CSCA"), utopia.key(9))
    report = bring(tmp_path, bundle(csca(1).der + test_one.der + encode_tlv(0x30, b"\x02\x01\x00")))
    assert [one.sha256 for one in report.new] == [csca(1).fingerprint]
    assert {(one.place, one.reason) for one in report.rejected} == {
        ("certificate 2", "test_certificate"),
        ("certificate 3", "nothing_known"),
    }
    assert not any(entry.may_sign_lists for entry in report.new)
    assert all(entry.may_sign_lists for entry in bring(tmp_path, bundle(csca(2).der), ImportOptions(pin=True)).new)


def test_other_kinds_of_certificates_are_passed_over() -> None:
    octets = bundle(encode_tlv(0xA1, b"\x30\x00") + csca(1).der, content=b"\xa0\x00")
    assert parse_certificate_bundle(octets).certificates == (csca(1).der,)


def signed_message() -> bytes:
    """A message by somebody, over something."""
    return (
        pkcs7.PKCS7SignatureBuilder()
        .set_data(b"something")
        .add_signer(csca(1).certificate, csca(1).key, hashes.SHA256())
        .sign(Encoding.DER, [pkcs7.PKCS7Options.Binary])
    )


UNUSABLE = {
    "it is signed": (signed_message(), "trust.source_malformed"),
    "it has a content": (bundle(csca(1).der, content=encode_tlv(0xA0, encode_tlv(0x04, b"x"))), "trust.source_malformed"),
    "it is empty": (bundle(), "trust.source_unknown"),
    "it is of another kind": (bundle(csca(1).der, kind="1.2.3"), "trust.source_unknown"),
    "it is cut off": (bundle(csca(1).der)[:-9], "trust.source_truncated"),
    "something follows": (bundle(csca(1).der) + b"\0", "trust.source_malformed"),
    "a member is cut off": (bundle(csca(1).der[:-2]), "trust.source_malformed"),
    "a field too many": (bundle(csca(1).der, signers=b"").replace(b"\x31\x00", b"\x31\x02\x05\x00"), "trust.source_malformed"),
}  # fmt: skip


@pytest.mark.parametrize("case", UNUSABLE)
def test_what_is_no_bundle_is_refused_and_nothing_is_written(tmp_path: Path, case: str) -> None:
    octets, code = UNUSABLE[case]
    with pytest.raises(TrustError) as refusal:
        bring(tmp_path, octets)
    assert refusal.value.code.name == code
    assert not (tmp_path / "store" / "store.json").exists()


def test_a_damaged_bundle_never_breaks_the_parser() -> None:
    octets = bundle(csca(1).der, utopia.revocation_list(csca(1)))
    codes = set()
    for position in range(len(octets)):
        for value in (0x00, 0x80, 0xFF, octets[position] ^ 0x01):
            damaged = octets[:position] + bytes([value]) + octets[position + 1 :]
            try:
                parse_certificate_bundle(damaged)
            except CryptoError as error:
                codes.add(error.code.name)
    assert codes == {"certificate_bundle.malformed"}


def test_real_lists_as_bundles_come_in(tmp_path: Path) -> None:
    """411 certificates of many states, more than fit into one file of a chip."""
    from crypto.pki.master_list import parse_master_list

    file = Path(__file__).parents[1] / "vectors" / "trust" / "NL_ML_2026-07-22.ml"
    members = parse_master_list(file.read_bytes()).certificates
    assert parse_certificate_bundle(bundle(b"".join(members))).certificates == members
    some = x509.load_der_x509_certificate(csca(1).der)
    assert parse_certificate_bundle(pkcs7.serialize_certificates([some] * 3000, Encoding.DER)).certificates == (
        (csca(1).der,) * 3000
    )
