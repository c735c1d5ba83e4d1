"""What comes into a trust store, what is kept out, and what is said about it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from reader.errors import TrustError
from reader.trust.folder import load_folder
from reader.trust.import_plan import ImportOptions
from reader.trust.import_report import ImportReport
from reader.trust.importing import import_files, remove_entry, update_from
from reader.trust.manifest import EntryKind
from reader.trust.sealing import SealState
from tests.unit import trust_lists as utopia
from tests.unit.trust_lists import NOW, csca, link, list_signer

PINNED = ImportOptions(pin=True)
BY_HAND = ImportOptions(accept_signers=frozenset({list_signer().fingerprint}))


@dataclasses.dataclass
class Desk:
    """A place with files to import, a store and a seal key."""

    folder: Path

    @property
    def store(self) -> Path:
        return self.folder / "store"

    @property
    def key(self) -> Path:
        return self.folder / "configuration" / "seal.json"

    def file(self, name: str, octets: bytes) -> Path:
        path = self.folder / name
        path.write_bytes(octets)
        return path

    def bring(
        self, name: str, octets: bytes, options: ImportOptions | None = None, at: dt.datetime = NOW
    ) -> ImportReport:
        path = self.file(name, octets)
        return import_files([path], self.store, options or ImportOptions(), key_file=self.key, at=at)

    def fingerprints(self) -> set[str]:
        loaded = load_folder(self.store, test_mode=False, seal_key=self.key)
        assert loaded.seal is SealState.SEALED
        return {anchor.certificate.sha256.hex() for anchor in loaded.store}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def names(report: ImportReport, part: str) -> list[str]:
    return [one.sha256 for one in getattr(report, part)]


# ------------------------------------------------------------------------------------ single files
@pytest.mark.parametrize("form", ["der", "pem", "bundle"])
def test_certificates_come_as_der_as_pem_and_in_bundles(desk: Desk, form: str) -> None:
    octets = {
        "der": csca().der,
        "pem": utopia.pem(csca().der),
        "bundle": b"Utopia, for people\n" + utopia.pem(csca().der, csca(2).der).replace(b"\n", b"\r\n"),
    }[form]
    report = desk.bring("utopia.anything", octets)
    expected = {csca().fingerprint} | ({csca(2).fingerprint} if form == "bundle" else set())
    assert set(names(report, "new")) == expected == desk.fingerprints()


def test_a_private_key_beside_a_certificate_is_not_kept(desk: Desk) -> None:
    desk.bring("both.pem", utopia.pem(b"\x30\x03\x02\x01\x01", label="PRIVATE KEY") + utopia.pem(csca().der))
    assert desk.fingerprints() == {csca().fingerprint}
    kept = [path for path in desk.store.rglob("*") if path.is_file() and b"PRIVATE" in path.read_bytes()]
    assert kept == []


def test_who_is_what_is_told_by_the_certificate(desk: Desk) -> None:
    report = desk.bring("all.pem", utopia.pem(csca().der, list_signer().der, utopia.document_signer().der))
    assert {one.kind for one in report.new} == {
        EntryKind.AUTHORITY,
        EntryKind.LIST_SIGNER,
        EntryKind.DOCUMENT_SIGNER,
    }
    loaded = load_folder(desk.store, test_mode=False, seal_key=desk.key)
    assert [anchor.certificate.sha256.hex() for anchor in loaded.store] == [csca().fingerprint]
    assert [one.certificate.sha256.hex() for one in loaded.store.document_signers] == [
        utopia.document_signer().fingerprint
    ]


def test_a_damaged_certificate_in_a_bundle_is_named_and_spoils_no_other(desk: Desk) -> None:
    damaged = csca().der.replace(b"Utopia CSCA", b"Utopia CSC\x00")[:-1] + b"\x00"
    damaged = damaged.replace(b"\x06\x03\x55\x1d\x13", b"\x05\x03\x55\x1d\x13")  # an identifier that is none
    report = desk.bring("two.pem", utopia.pem(damaged, b"\x30\x03\x02\x01\x01", csca(2).der))
    assert [(one.place, one.reason) for one in report.rejected] == [
        ("block 1", "certificate.malformed"),
        ("block 2", "nothing_known"),
    ]
    assert desk.fingerprints() == {csca(2).fingerprint}


def test_test_authorities_are_refused_outside_test_mode_and_marked_in_it(desk: Desk) -> None:
    party = utopia.certificate(utopia.name("Utopia TEST CSCA"), utopia.key(9))
    report = desk.bring("test.cer", party.der)
    assert [one.reason for one in report.rejected] == ["test_certificate"]
    assert desk.fingerprints() == set()
    report = desk.bring("test.cer", party.der, ImportOptions(test_mode=True))
    assert [one.is_test for one in report.new] == [True]
    assert desk.fingerprints() == set(), "the store may hold it; a kiosk never loads it"
    assert len(load_folder(desk.store, test_mode=True, seal_key=desk.key).store) == 1


# ------------------------------------------------------------------------------------ who may sign lists
def test_a_list_of_somebody_nobody_knows_is_refused_with_both_fingerprints(desk: Desk) -> None:
    with pytest.raises(TrustError) as refusal:
        desk.bring("utopia.ml", utopia.master_list(csca()))
    assert refusal.value.code.name == "trust.signer_not_accepted"
    assert refusal.value.facts["signer"] == list_signer().fingerprint
    assert refusal.value.facts["csca"] == csca().fingerprint
    assert not (desk.store / "store.json").exists()


@pytest.mark.parametrize("whose", ["signer", "csca"])
def test_a_signer_is_accepted_by_its_own_fingerprint_or_by_its_authoritys(desk: Desk, whose: str) -> None:
    fingerprint = list_signer().fingerprint if whose == "signer" else csca().fingerprint
    options = ImportOptions(accept_signers=frozenset({fingerprint}))
    report = desk.bring("utopia.ml", utopia.master_list(csca(), csca(2)), options)
    assert len(report.new) == 2
    assert report.lists[0].acceptance.value == "signer_accepted_by_hand"
    provenance = next(iter(load_folder(desk.store, test_mode=False, seal_key=desk.key).store)).provenance
    assert "accepted by hand" in provenance
    assert "utopia.ml" in provenance


def test_accepting_once_is_not_accepting_for_ever_but_pinning_is(desk: Desk) -> None:
    desk.bring("first.ml", utopia.master_list(csca()), BY_HAND)
    with pytest.raises(TrustError, match="signer_not_accepted"):
        desk.bring("second.ml", utopia.master_list(csca(), csca(2)))
    desk.bring("second.ml", utopia.master_list(csca(), csca(2)), dataclasses.replace(BY_HAND, pin=True))
    report = desk.bring("third.ml", utopia.master_list(csca(), csca(2), csca(3)))
    assert report.lists[0].acceptance.value == "signer_pinned"


def test_an_authority_in_the_store_may_not_sign_lists_just_because_it_is_there(desk: Desk) -> None:
    desk.bring("csca.cer", csca().der)
    with pytest.raises(TrustError, match="signer_not_accepted"):
        desk.bring("utopia.ml", utopia.master_list(csca()))
    desk.bring("csca.cer", csca().der, PINNED)
    assert desk.bring("utopia.ml", utopia.master_list(csca())).lists


def test_a_pinned_authority_that_changed_its_key_is_followed_over_link_certificates(desk: Desk) -> None:
    desk.bring("csca.cer", csca(1).der, PINNED)
    renewed = utopia.master_list(csca(1), link(1, 2), csca(2), signer=list_signer(2), carried=[csca(2)])
    report = desk.bring("renewed.ml", renewed)
    assert report.lists[0].acceptance.value == "signer_pinned"
    assert {csca(1).fingerprint, link(1, 2).fingerprint, csca(2).fingerprint} <= desk.fingerprints()


def test_an_authority_of_the_same_name_without_link_is_not_followed(desk: Desk) -> None:
    desk.bring("csca.cer", csca(1).der, PINNED)
    impostor = utopia.master_list(csca(1), csca(2), signer=list_signer(2), carried=[csca(2)])
    with pytest.raises(TrustError, match="signer_not_accepted"):
        desk.bring("impostor.ml", impostor)


def test_a_document_signers_certificate_is_no_link(desk: Desk) -> None:
    # Whoever holds a document signer's key makes an authority of it: same name, same key.
    desk.bring("csca.cer", csca(1).der, PINNED)
    as_signer = utopia.certificate(utopia.name("Utopia ds"), utopia.key(70), csca(1), authority=None)
    as_authority = utopia.certificate(utopia.name("Utopia ds"), utopia.key(70))
    puppet = utopia.certificate(
        utopia.name("puppet"), utopia.key(71), as_authority, authority=None, purposes=[utopia.MASTER_LIST_SIGNING]
    )
    forged = utopia.master_list(csca(9), as_authority, as_signer, signer=puppet, carried=[as_authority, as_signer])
    with pytest.raises(TrustError, match="signer_not_accepted"):
        desk.bring("forged.ml", forged)


def test_a_document_signer_of_a_pinned_authority_cannot_make_a_list(desk: Desk) -> None:
    desk.bring("csca.cer", csca().der, PINNED)
    with pytest.raises(TrustError) as refusal:
        desk.bring("by-ds.ml", utopia.master_list(csca(), csca(2), signer=utopia.document_signer()))
    assert refusal.value.facts["reason"] == "signed_list.signer_unfit"


def test_a_list_with_a_wrong_signature_is_refused_whoever_accepts_its_signer(desk: Desk) -> None:
    with pytest.raises(TrustError) as refusal:
        desk.bring("spoilt.ml", utopia.master_list(csca(), spoil=True), BY_HAND)
    assert refusal.value.code.name == "trust.list_not_genuine"


def test_a_signer_that_had_expired_when_it_signed_is_refused(desk: Desk) -> None:
    late = utopia.certificate(
        utopia.name("late"),
        utopia.key(51),
        csca(),
        authority=None,
        purposes=[utopia.MASTER_LIST_SIGNING],
        not_after=NOW - dt.timedelta(days=60),
    )
    with pytest.raises(TrustError) as refusal:
        desk.bring("late.ml", utopia.master_list(csca(), signer=late), BY_HAND)
    assert refusal.value.facts["reason"] == "signed_list.signer_expired"


# ---------------------------------------------------------------------------------- editions of a list
def test_a_newer_edition_tells_what_is_new_and_what_is_gone(desk: Desk) -> None:
    options = dataclasses.replace(BY_HAND, pin=True)
    desk.bring("may.ml", utopia.master_list(csca(1), csca(2)), options)
    newer = utopia.master_list(csca(1), csca(3), at=NOW - dt.timedelta(days=1))
    report = desk.bring("june.ml", newer)
    assert names(report, "new") == [csca(3).fingerprint]
    assert names(report, "gone") == [csca(2).fingerprint]
    assert desk.fingerprints() == {csca(1).fingerprint, csca(3).fingerprint}
    files = list((desk.store / "certificates").iterdir())
    assert len(files) == 2, "what is gone is gone from the disk, too"


def test_what_somebody_else_vouches_for_stays_when_a_list_drops_it(desk: Desk) -> None:
    desk.bring("own.cer", csca(2).der)
    desk.bring("may.ml", utopia.master_list(csca(1), csca(2)), BY_HAND)
    report = desk.bring("june.ml", utopia.master_list(csca(1), at=NOW - dt.timedelta(days=1)), BY_HAND)
    assert names(report, "gone") == []
    assert csca(2).fingerprint in desk.fingerprints()


def test_an_older_edition_does_not_come_back(desk: Desk) -> None:
    desk.bring("june.ml", utopia.master_list(csca(1)), BY_HAND)
    older = utopia.master_list(csca(1), csca(2), at=NOW - dt.timedelta(days=90))
    with pytest.raises(TrustError, match="list_older"):
        desk.bring("march.ml", older, BY_HAND)
    report = desk.bring("march.ml", older, dataclasses.replace(BY_HAND, allow_older=True))
    assert names(report, "new") == [csca(2).fingerprint]


def test_lists_of_two_countries_do_not_replace_each_other(desk: Desk) -> None:
    other_csca = utopia.certificate(utopia.name("Atlantis CSCA", "AX"), utopia.key(80))
    other_signer = utopia.certificate(
        utopia.name("Atlantis signer", "AX"),
        utopia.key(81),
        other_csca,
        authority=None,
        purposes=[utopia.MASTER_LIST_SIGNING],
    )
    both = ImportOptions(accept_signers=frozenset({list_signer().fingerprint, other_signer.fingerprint}))
    desk.bring("ut.ml", utopia.master_list(csca(1)), both)
    report = desk.bring("ax.ml", utopia.master_list(other_csca, signer=other_signer, carried=[other_csca]), both)
    assert names(report, "gone") == []
    assert len(desk.fingerprints()) == 2


def test_a_signer_that_calls_itself_another_country_pushes_out_no_list_of_that_country(desk: Desk) -> None:
    atlantis = utopia.certificate(utopia.name("Atlantis CSCA", "AX"), utopia.key(80))
    pretender = utopia.certificate(
        utopia.name("Utopia list signer"),
        utopia.key(82),
        atlantis,
        authority=None,
        purposes=[utopia.MASTER_LIST_SIGNING],
    )
    desk.bring("both.pem", utopia.pem(csca(1).der, atlantis.der), PINNED)
    desk.bring("ut.ml", utopia.master_list(csca(1), csca(2)))
    forged = utopia.master_list(atlantis, signer=pretender, carried=[atlantis], at=NOW)
    report = desk.bring("forged.ml", forged)
    assert (report.lists[0].issuer, names(report, "gone")) == ("AX", [])
    assert csca(2).fingerprint in desk.fingerprints()


def test_a_directory_pins_nobody(desk: Desk) -> None:
    download = utopia.ldif(("cACertificate;binary", csca(1).der))
    desk.bring("pkd.ldif", download, ImportOptions(pin=True, accept_authorities=True))
    with pytest.raises(TrustError, match="signer_not_accepted"):
        desk.bring("ut.ml", utopia.master_list(csca(1)))


def test_expired_authorities_are_told_and_kept(desk: Desk) -> None:
    old = utopia.certificate(utopia.name("old"), utopia.key(12), not_after=NOW - dt.timedelta(days=1))
    report = desk.bring("old.cer", old.der)
    assert names(report, "expired") == [old.fingerprint]
    assert desk.fingerprints() == {old.fingerprint}


def test_an_authority_whose_key_cannot_be_used_is_named_with_the_reason(desk: Desk) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ed25519

    subject = utopia.name("modern")
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).serial_number(1)
    builder = builder.not_valid_before(NOW).not_valid_after(NOW + dt.timedelta(days=9))
    builder = builder.add_extension(x509.BasicConstraints(True, None), critical=True)
    private = ed25519.Ed25519PrivateKey.generate()
    octets = builder.public_key(private.public_key()).sign(private, None).public_bytes(Encoding.DER)
    report = desk.bring("modern.cer", octets)
    assert [one.reason for one in report.unusable] == ["public_key.unsupported"]


def test_own_signatures_without_an_issuer_are_named_with_the_reason(desk: Desk) -> None:
    options = ImportOptions(accept_signers=frozenset({list_signer(2).fingerprint}))
    orphan = utopia.certificate(utopia.name("orphan"), utopia.key(13), csca(7, "AX"))
    report = desk.bring(
        "ut.ml", utopia.master_list(csca(2), link(1, 2), orphan, signer=list_signer(2), carried=[]), options
    )
    reasons = {one.entry.sha256: str(one.reason) for one in report.unverified}
    assert reasons == {link(1, 2).fingerprint: "issuer_key_absent", orphan.fingerprint: "issuer_absent"}
    report = desk.bring("csca1.cer", csca(1).der)
    assert names(report, "new") == [csca(1).fingerprint]
    table = json.loads((desk.store / "store.json").read_text(encoding="utf-8"))
    now = {one["sha256"]: one["own_signature"] for one in table["entries"]}
    assert now[link(1, 2).fingerprint] == "verified", "its issuer has come"


# --------------------------------------------------------------------------------------------- LDIF
def test_a_directory_download_brings_lists_signers_and_revocation_lists(desk: Desk) -> None:
    octets = utopia.ldif(
        ("pkdMasterListContent", utopia.master_list(csca(1), csca(2))),
        ("userCertificate;binary", utopia.document_signer().der),
        ("certificateRevocationList;binary", utopia.revocation_list(csca(1), [5])),
        ("jpegPhoto", b"\xff\xd8\xff\xe0 no picture of anybody"),
    )
    report = desk.bring("icaopkd.ldif", octets, BY_HAND)
    assert sorted(one.kind.value for one in report.new) == ["csca", "csca", "document_signer", "revocation_list"]
    loaded = load_folder(desk.store, test_mode=False, seal_key=desk.key).store
    assert len(loaded) == 2
    assert [list(one.revocation_list.revoked) for one in loaded.revocation_lists] == [[5]]


def test_an_authority_in_a_directory_counts_only_if_a_known_one_signed_for_it(desk: Desk) -> None:
    desk.bring("csca.cer", csca(1).der)
    download = utopia.ldif(("cACertificate", link(1, 2).der), ("userCertificate;binary", csca(9).der))
    report = desk.bring("pkd.ldif", download)
    assert names(report, "new") == [link(1, 2).fingerprint]
    assert [one.reason for one in report.rejected] == ["authority_that_nobody_signed_for"]
    desk.bring("pkd.ldif", download, ImportOptions(accept_authorities=True))
    assert csca(9).fingerprint in desk.fingerprints()


def test_one_refused_list_in_a_directory_keeps_no_other_out(desk: Desk) -> None:
    other = list_signer(3)
    octets = utopia.ldif(
        ("pkdMasterListContent", utopia.master_list(csca(3), signer=other, carried=[csca(3)])),
        ("pkdMasterListContent", utopia.master_list(csca(1), csca(2))),
    )
    report = desk.bring("two.ldif", octets, BY_HAND)
    assert [one.reason for one in report.rejected] == ["trust.signer_not_accepted"]
    assert report.rejected[0].fingerprint == other.fingerprint
    assert desk.fingerprints() == {csca(1).fingerprint, csca(2).fingerprint}


# ---------------------------------------------------------------------------------- revocation lists
def test_revocation_lists_need_their_authority_and_its_signature(desk: Desk) -> None:
    report = desk.bring("early.crl", utopia.revocation_list(csca(1)))
    assert [one.reason for one in report.rejected] == ["issuer_unknown"]
    desk.bring("csca.cer", csca(1).der)
    report = desk.bring("other.crl", utopia.revocation_list(csca(2)))
    assert [one.reason for one in report.rejected] == ["signature_wrong"]
    report = desk.bring("right.crl", utopia.pem(utopia.revocation_list(csca(1), [77]), label="X509 CRL"))
    assert [one.kind.value for one in report.new] == ["revocation_list"]


def test_a_newer_revocation_list_replaces_the_older_and_never_the_other_way(desk: Desk) -> None:
    desk.bring("csca.cer", csca(1).der)
    desk.bring("old.crl", utopia.revocation_list(csca(1), [1], at=NOW - dt.timedelta(days=20)))
    desk.bring("new.crl", utopia.revocation_list(csca(1), [1, 2]))
    report = desk.bring("older.crl", utopia.revocation_list(csca(1), at=NOW - dt.timedelta(days=10)))
    assert [one.reason for one in report.older] == ["older_than_installed"]
    lists = load_folder(desk.store, test_mode=False, seal_key=desk.key).store.revocation_lists
    assert [sorted(one.revocation_list.revoked) for one in lists] == [[1, 2]]


# --------------------------------------------------------------------------------- updates and removals
def test_an_update_takes_what_is_newer_from_a_folder_and_passes_over_the_rest(desk: Desk) -> None:
    desk.bring("june.ml", utopia.master_list(csca(1)), dataclasses.replace(BY_HAND, pin=True))
    stick = desk.folder / "stick"
    stick.mkdir()
    (stick / "march.ml").write_bytes(utopia.master_list(csca(1), csca(2), at=NOW - dt.timedelta(days=90)))
    (stick / "notes.txt").write_text("not a list", encoding="utf-8")
    (stick / "cut.ml").write_bytes(utopia.master_list(csca(1))[:-100])
    (stick / "july.ml").write_bytes(utopia.master_list(csca(1), csca(3), at=NOW - dt.timedelta(hours=1)))
    report = update_from(stick, desk.store, ImportOptions(), key_file=desk.key, at=NOW)
    assert names(report, "new") == [csca(3).fingerprint]
    assert {one.file: one.reason for one in report.rejected} == {
        "notes.txt": "trust.source_unknown",
        "cut.ml": "trust.source_truncated",
    }
    assert [one.file for one in report.older] == ["march.ml"]


def test_one_entry_is_taken_out_by_the_beginning_of_its_fingerprint(desk: Desk) -> None:
    desk.bring("two.pem", utopia.pem(csca(1).der, csca(2).der))
    removed = remove_entry(csca(1).fingerprint[:12], desk.store, key_file=desk.key)
    assert removed.sha256 == csca(1).fingerprint
    assert desk.fingerprints() == {csca(2).fingerprint}
    with pytest.raises(TrustError, match="fingerprint_unknown"):
        remove_entry(csca(1).fingerprint, desk.store, key_file=desk.key)


def test_importing_the_same_again_changes_nothing_but_the_counter(desk: Desk) -> None:
    octets = utopia.master_list(csca(1), csca(2), link(1, 2))
    first = desk.bring("ut.ml", octets, BY_HAND)
    before = {path.name: path.read_bytes() for path in (desk.store / "certificates").iterdir()}
    again = desk.bring("ut.ml", octets, BY_HAND)
    assert (len(first.new), len(again.new), len(again.known), again.gone) == (3, 0, 3, [])
    assert {path.name: path.read_bytes() for path in (desk.store / "certificates").iterdir()} == before
    assert again.counter == first.counter + 1
