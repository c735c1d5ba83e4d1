"""A signer of lists that its own country has revoked speaks for nobody: neither at the import nor afterwards."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from reader.errors import TrustError
from reader.trust.command import trust_command
from reader.trust.folder import load_folder
from reader.trust.import_plan import ImportOptions
from reader.trust.import_report import ImportReport
from reader.trust.importing import import_files
from tests.unit import trust_lists as utopia
from tests.unit.trust_lists import NOW, csca, list_signer

Capture = pytest.CaptureFixture[str]
SIGNER = utopia.certificate(
    utopia.name("Utopia list signer"),
    utopia.key(50),
    csca(1),
    authority=None,
    purposes=(utopia.MASTER_LIST_SIGNING,),
    serial_number=4711,
)
TELLER = utopia.certificate(
    utopia.name("Utopia deviation list signer"),
    utopia.key(51),
    csca(1),
    authority=None,
    purposes=(utopia.DEVIATION_LIST_SIGNING,),
    serial_number=4712,
)
ACCEPTED = ImportOptions(accept_signers=frozenset({SIGNER.fingerprint, TELLER.fingerprint, csca(1).fingerprint}))
LIST = utopia.master_list(csca(1), csca(2), signer=SIGNER)
REVOKES_SIGNER = utopia.revocation_list(csca(1), [4711])


def deviation_list() -> bytes:
    from crypto.wire.tlv import encode_tlv

    defect = encode_tlv(0x30, [utopia.oid(f"{utopia.DEVIATION_LIST}.4")])
    one = encode_tlv(0x30, [encode_tlv(0x30, encode_tlv(0x80, b"P<")), encode_tlv(0x31, defect)])
    content = encode_tlv(0x30, [encode_tlv(0x02, b"\0"), encode_tlv(0x31, one)])
    return utopia.signed(content, TELLER, [csca(1)], content_type=utopia.DEVIATION_LIST)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "configuration"))
    return tmp_path


def bring(place: Path, *contents: bytes, options: ImportOptions = ACCEPTED) -> ImportReport:
    files = []
    for number, octets in enumerate(contents):
        files.append(place / f"file {number}")
        files[-1].write_bytes(octets)
    return import_files(files, place / "store", options, at=NOW)


def installed(place: Path) -> int:
    return len(load_folder(place / "store", test_mode=False).store)


def test_a_revocation_list_in_the_store_keeps_the_list_of_a_revoked_signer_out(place: Path) -> None:
    bring(place, csca(1).der, REVOKES_SIGNER)
    with pytest.raises(TrustError) as refusal:
        bring(place, LIST)
    assert refusal.value.code.name == "trust.signer_revoked"
    assert refusal.value.facts["signer"] == SIGNER.fingerprint
    assert installed(place) == 1


@pytest.mark.parametrize("order", [(LIST, REVOKES_SIGNER), (REVOKES_SIGNER, LIST)])
def test_a_revocation_list_in_the_same_import_counts_whatever_the_order(place: Path, order: tuple[bytes, ...]) -> None:
    with pytest.raises(TrustError, match="signer_revoked"):
        bring(place, *order)
    assert not (place / "store" / "store.json").exists()


def test_pinning_does_not_help_a_revoked_signer(place: Path) -> None:
    bring(place, csca(1).der, SIGNER.der, options=ImportOptions(pin=True))
    assert len(bring(place, LIST, options=ImportOptions()).new) == 1
    bring(place, REVOKES_SIGNER)
    with pytest.raises(TrustError, match="signer_revoked"):
        bring(place, LIST, options=ImportOptions(allow_older=True))


def test_a_directory_is_taken_without_the_list_and_says_why(place: Path) -> None:
    ldif = utopia.ldif(
        ("pkdMasterListContent", LIST), ("certificateRevocationList", REVOKES_SIGNER), ("userCertificate", csca(3).der)
    )
    bring(place, csca(1).der)
    report = bring(place, ldif)
    assert [(one.reason, one.fingerprint) for one in report.rejected] == [
        ("trust.signer_revoked", SIGNER.fingerprint),
        ("authority_that_nobody_signed_for", csca(3).fingerprint),
    ]
    assert installed(place) == 1


def test_lists_about_somebody_else_or_by_somebody_else_revoke_nobody(place: Path) -> None:
    stranger = utopia.certificate(csca(1).certificate.subject, utopia.key(70), serial_number=70)
    of_another_state = utopia.csca(1, "XO")
    for octets in (
        utopia.revocation_list(csca(1), [4710]),
        utopia.revocation_list(stranger, [4711]),  # the name is right, the key is not
        utopia.revocation_list(of_another_state, [4711]),
    ):
        bring(place, csca(1).der, of_another_state.der, octets)
    assert len(bring(place, LIST).new) == 1


def test_a_newer_key_of_the_same_authority_may_revoke(place: Path) -> None:
    bring(place, csca(1).der, csca(2).der, utopia.revocation_list(csca(2), [4711]))
    with pytest.raises(TrustError, match="signer_revoked"):
        bring(place, LIST)


def test_an_authority_that_is_revoked_takes_its_signers_along(place: Path) -> None:
    old = utopia.certificate(csca(1).certificate.subject, utopia.key(1), csca(2), serial_number=900)
    bring(place, csca(1).der, csca(2).der, old.der, utopia.revocation_list(csca(2), [900]))
    with pytest.raises(TrustError, match="signer_revoked"):
        bring(place, LIST)


def test_a_list_with_a_critical_extension_that_is_not_known_says_nothing(place: Path) -> None:
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(csca(1).certificate.subject)
        .last_update(NOW)
        .next_update(NOW.replace(year=2027))
        .add_extension(x509.DeltaCRLIndicator(1), critical=True)
        .add_revoked_certificate(x509.RevokedCertificateBuilder().serial_number(4711).revocation_date(NOW).build())
    )
    bring(place, csca(1).der, builder.sign(csca(1).key, hashes.SHA256()).public_bytes(Encoding.DER))
    assert len(bring(place, LIST).new) == 1


def test_a_signer_that_is_revoked_later_is_told_by_audit_and_by_show(place: Path, capsys: Capture) -> None:
    bring(place, LIST)
    store = ["--store", str(place / "store")]
    trust_command(["audit", *store])
    assert "list_signer_revoked" not in capsys.readouterr().out
    bring(place, REVOKES_SIGNER)
    assert trust_command(["audit", *store, "--json"]) == 1
    (found,) = [one for one in json.loads(capsys.readouterr().out)["findings"] if one["code"] == "list_signer_revoked"]
    assert found["severity"] == "problem"
    assert SIGNER.fingerprint in found["detail"]
    assert trust_command(["show", csca(2).fingerprint, *store, "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["came_by_a_revoked_signer"] is True
    assert [one["signer_revoked"] for one in shown["provenances"].values()] == [True]
    assert trust_command(["show", csca(2).fingerprint, *store]) == 0
    assert "came by a revoked signer" in capsys.readouterr().out


def test_a_pinned_signer_that_is_revoked_is_told_by_name(place: Path, capsys: Capture) -> None:
    bring(place, csca(1).der, SIGNER.der, REVOKES_SIGNER, options=ImportOptions(pin=True))
    store = ["--store", str(place / "store")]
    assert trust_command(["audit", *store, "--json"]) == 1
    findings = json.loads(capsys.readouterr().out)["findings"]
    (found,) = [one for one in findings if one["code"] == "list_signer_revoked"]
    assert found["entry"]["fingerprint"] == SIGNER.fingerprint
    assert trust_command(["show", SIGNER.fingerprint, *store, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["revoked_as_signer_of_lists"] is True


def test_deviations_told_by_somebody_who_was_revoked_since_count_no_more(place: Path) -> None:
    bring(place, csca(1).der, deviation_list())
    assert len(load_folder(place / "store", test_mode=False).deviations) == 1
    bring(place, utopia.revocation_list(csca(1), [4712]))
    loaded = load_folder(place / "store", test_mode=False)
    assert loaded.deviations == ()
    assert [name.partition("/")[0] for name in loaded.unusable] == ["deviation-lists"]


def test_a_store_of_before_knows_no_certificates_of_signers_and_is_read_all_the_same(place: Path) -> None:
    from reader.trust.manifest import parse_manifest

    bring(place, LIST)
    table = json.loads((place / "store" / "store.json").read_text(encoding="utf-8"))
    for provenance in table["provenances"].values():
        assert provenance.pop("signer_certificate")
    assert all(one.signer_certificate == "" for one in parse_manifest(table).provenances.values())


def test_the_signer_that_is_not_revoked_is_not_meant(place: Path) -> None:
    bring(place, csca(1).der, REVOKES_SIGNER)
    other = utopia.master_list(csca(1), csca(2), signer=list_signer())
    assert (
        len(bring(place, other, options=ImportOptions(accept_signers=frozenset({list_signer().fingerprint}))).new) == 1
    )
