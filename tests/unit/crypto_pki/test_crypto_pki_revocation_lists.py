"""Revocation lists are read as they are found, within bounds, and what they cannot mean makes them say nothing."""

import datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.errors import CryptoError
from crypto.pki import revocation
from crypto.pki.certificate import Certificate
from crypto.pki.revocation import RevocationList, RevocationReason
from crypto.pki.trust_store import TrustStore

JANUARY = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
APRIL = datetime.datetime(2026, 4, 1, tzinfo=datetime.UTC)


def entry(serial: int, *extensions: tuple[x509.ExtensionType, bool]) -> x509.RevokedCertificate:
    builder = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(JANUARY)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.build()


def crl(issuer: Any, *entries: x509.RevokedCertificate, more: Any = (), aki: bool = True) -> bytes:
    builder = x509.CertificateRevocationListBuilder().issuer_name(issuer.certificate.subject)
    builder = builder.last_update(JANUARY).next_update(APRIL)
    for each in entries:
        builder = builder.add_revoked_certificate(each)
    if aki:
        key = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
        builder = builder.add_extension(key, False)
    for extension, critical in more:
        builder = builder.add_extension(extension, critical)
    return builder.sign(issuer.key, hashes.SHA256()).public_bytes(Encoding.DER)


def code_of(octets: bytes) -> str:
    with pytest.raises(CryptoError) as error:
        RevocationList.parse(octets)
    return error.value.code.name


def test_a_list_is_read_as_it_was_made(forge: Any) -> None:
    issuer = forge.csca("brainpoolP384r1")
    compromised = (x509.CRLReason(x509.ReasonFlags.key_compromise), False)
    octets = crl(issuer, entry(0x1077, compromised), entry(5), more=[(x509.CRLNumber(7), False)])
    found = RevocationList.parse(octets)
    assert found.encoded == octets
    assert found.issuer.canonical == Certificate.parse(issuer.der).subject.canonical
    assert (found.this_update, found.next_update, found.number) == (JANUARY, APRIL, 7)
    assert set(found.revoked) == {0x1077, 5}
    assert found.revoked[0x1077].reason is RevocationReason.KEY_COMPROMISE
    assert found.revoked[5].reason is RevocationReason.UNSPECIFIED
    assert found.revoked[5].revoked_at == JANUARY
    assert found.authority_key_identifier == Certificate.parse(issuer.der).subject_key_identifier
    assert found.unknown_critical_extensions == ()
    assert found.is_signed_by(Certificate.parse(issuer.der).public_key())
    stranger = Certificate.parse(forge.csca("brainpoolP384r1", 3).der)
    assert not found.is_signed_by(stranger.public_key())
    assert "2 revoked" in repr(found)


def test_an_empty_list_revokes_nobody(forge: Any) -> None:
    found = RevocationList.parse(crl(forge.csca(), aki=False))
    assert (dict(found.revoked), found.number, found.authority_key_identifier) == ({}, None, None)


def test_a_list_is_current_between_its_two_dates(forge: Any) -> None:
    found = RevocationList.parse(crl(forge.csca()))
    second = datetime.timedelta(seconds=1)
    instants = (JANUARY - second, JANUARY, APRIL, APRIL + second)
    assert [found.is_current(at) for at in instants] == [False, True, True, False]


def test_critical_extensions_that_change_the_meaning_are_told(forge: Any) -> None:
    issuer = forge.csca()
    delta = (x509.DeltaCRLIndicator(1), True)
    assert RevocationList.parse(crl(issuer, more=[delta])).unknown_critical_extensions == ("2.5.29.27",)
    somebody_else = (x509.CertificateIssuer([x509.DirectoryName(forge.name("Elsewhere TEST"))]), True)
    listed = RevocationList.parse(crl(issuer, entry(9), entry(10, somebody_else)))
    assert listed.unknown_critical_extensions == ("2.5.29.29",)


def test_what_is_no_list_is_malformed(forge: Any) -> None:
    issuer = forge.csca()
    octets = crl(issuer, entry(9))
    changed_time = octets.replace(b"\x17\x0d2601", b"\x17\x0d2613", 1)
    other_algorithm = octets[::-1].replace(bytes.fromhex("2a8648ce3d040302")[::-1], b"\x03\x03\x04=\xceH\x86*", 1)[::-1]
    for wrong in (b"", b"\x30\x00", octets[:-1], octets + b"\0", changed_time, other_algorithm, issuer.der):
        assert wrong != octets
        assert code_of(wrong) == "crl.malformed"


def test_a_list_has_no_more_entries_than_allowed(forge: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    octets = crl(forge.csca(), *(entry(number) for number in range(1, 5)))
    monkeypatch.setattr(revocation, "MAX_REVOKED", 3)
    assert code_of(octets) == "crl.malformed"
    monkeypatch.setattr(revocation, "MAX_REVOKED", 4)
    assert len(RevocationList.parse(octets).revoked) == 4


@pytest.fixture(scope="module")
def one_list(forge: Any) -> bytes:
    """A list, the same for every example."""
    return crl(forge.csca(), entry(9), more=[(x509.CRLNumber(7), False)])


@settings(max_examples=60)
@given(data=st.data())
def test_a_mutated_list_is_read_or_malformed(one_list: bytes, data: st.DataObject) -> None:
    octets = bytearray(one_list)
    for _ in range(data.draw(st.integers(1, 3))):
        octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))
    problem = "crl.malformed"
    try:
        RevocationList.parse(bytes(octets))
    except CryptoError as error:
        problem = error.code.name
    assert problem == "crl.malformed"


def test_a_store_keeps_lists_and_signers_apart_from_its_anchors(forge: Any) -> None:
    issuer = forge.csca()
    signer = forge.document_signer(issuer)
    octets = crl(issuer, entry(9))
    store = TrustStore()
    first = store.add_revocation_list(octets, "first")
    assert store.add_revocation_list(octets, "second") is first
    known = store.add_document_signer(signer.der, "first")
    assert store.add_document_signer(signer.der, "second") is known
    assert len(store) == 0
    assert [(each.revocation_list, each.provenance) for each in store.revocation_lists] == [(first, "first")]
    assert [(each.certificate.encoded, each.provenance) for each in store.document_signers] == [(signer.der, "first")]
    assert store.revocation_lists_of(first.issuer) == (first,)
    assert store.revocation_lists_of(Certificate.parse(signer.der).subject) == ()
    with pytest.raises(CryptoError, match=r"crl\.malformed"):
        store.add_revocation_list(signer.der, "not a list")
    with pytest.raises(CryptoError, match=r"certificate\.malformed"):
        store.add_document_signer(octets, "not a certificate")
