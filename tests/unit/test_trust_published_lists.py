"""Two real master lists, as published: every certificate is accounted for, and whether it can be used."""

from __future__ import annotations

import json
import subprocess
import warnings
from collections import Counter
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_der_public_key
from cryptography.utils import CryptographyDeprecationWarning

from crypto.pki.certificate import Certificate
from crypto.pki.master_list import parse_master_list
from crypto.signatures.public_key import EcPublicKey
from reader.trust.certificate_condition import CertificateIndex
from reader.trust.command import trust_command
from reader.trust.folder import load_folder
from reader.trust.manifest import OwnSignature
from reader.trust.sealing import SealState

LISTS = Path(__file__).parents[1] / "vectors" / "trust"
GERMANY = LISTS / "DE_ML_2026-05-28-08-28-45.ml"
NETHERLANDS = LISTS / "NL_ML_2026-07-22.ml"
SIGNERS = {
    GERMANY: "3305905a014daeb0eabd8449875508f4611a992db331c08117f35654a6e4fc81",
    NETHERLANDS: "ab43474afd498120299952560e3d9f075f5dc0d500f38a3734e632394f426506",
}
VIETNAM = "6b5fa6fe45cc4e855a73760413e08b7a9ac50a27722c702f3909a90facc991bd"


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "configuration"))
    monkeypatch.setenv("CHIPID_DATA_FOLDER", str(tmp_path / "kiosk"))


def bring(capsys: pytest.CaptureFixture[str], *files: Path) -> dict[str, object]:
    accepting = [word for file in files for word in ("--accept-signer", SIGNERS[file])]
    assert trust_command(["import", *map(str, files), *accepting, "--json"]) == 0
    table = json.loads(capsys.readouterr().out)
    assert isinstance(table, dict)
    return table


@pytest.mark.parametrize(("file", "members", "unverified"), [(GERMANY, 588, 12), (NETHERLANDS, 411, 0)])
def test_every_certificate_of_the_list_is_usable_or_named_with_its_reason(
    capsys: pytest.CaptureFixture[str], file: Path, members: int, unverified: int
) -> None:
    table = bring(capsys, file)
    (summary,) = table["lists"]  # type: ignore[misc]
    assert (summary["members"], summary["parsed"], summary["usable"]) == (members, members, members)
    assert (table["unusable"], table["rejected"]) == ([], [])
    assert table["totals"]["new"] == members  # type: ignore[index]
    reasons = Counter(one["reason"] for one in table["unverified"])  # type: ignore[attr-defined]
    assert sum(reasons.values()) == unverified
    assert set(reasons) <= {"issuer_absent", "issuer_key_absent"}, "no signature is wrong by a key that is there"


def test_576_signatures_verify_and_573_of_them_under_a_key_whose_holder_is_named_letter_for_letter() -> None:
    """Both counts are right. Three issuers are not spelt as the holder of the key that signed: the United Kingdom's in
    capitals only (the same name, RFC 5280 §7.1), Hungary's and Spain's in other words: there, the key identifier leads
    to the key, and the path rules (Doc 9303-12 §5, name chaining) still let it vouch for nobody."""
    members = [Certificate.parse(one) for one in parse_master_list(GERMANY.read_bytes()).certificates]
    index = CertificateIndex(members)
    verified = [one for one in members if index.own_signature(one) is OwnSignature.VERIFIED]
    assert len(verified) == 576

    def signs(holder: Certificate, one: Certificate) -> bool:
        return one.is_signed_by(holder.public_key())

    spelt_alike = [
        one
        for one in verified
        if any(each.subject.attributes == one.issuer.attributes and signs(each, one) for each in members)
    ]
    assert len(spelt_alike) == 573
    others = {one.sha256.hex()[:16]: one for one in set(verified) - set(spelt_alike)}
    hungary, spain, britain = "9b2cb7e5011f0339", "43bd93b894a9c33b", "ff33f1bed21a51de"
    assert set(others) == {hungary, spain, britain}
    for fingerprint, one in others.items():
        holders = {
            each.subject.canonical for each in members if each.subject_key_identifier == one.authority_key_identifier
        }
        assert (one.issuer.canonical in holders) is (fingerprint == britain)


def test_authorities_that_are_not_marked_as_such_are_named_too(capsys: pytest.CaptureFixture[str]) -> None:
    table = bring(capsys, GERMANY)
    restricted = table["restricted"]
    assert isinstance(restricted, list)
    assert {one["reason"] for one in restricted} == {"not_marked_as_ca"}
    assert len(restricted) == 8
    assert Counter(one["country"] for one in restricted) == {"BE": 1, "CM": 1, "IT": 1, "LU": 2, "PT": 1, "TR": 2}


def test_the_authority_of_vietnams_passports_is_usable(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    bring(capsys, GERMANY, NETHERLANDS)
    loaded = load_folder(tmp_path / "kiosk" / "trust", test_mode=False)
    assert (loaded.seal, loaded.unusable, loaded.test_refused, loaded.strays) == (SealState.SEALED, (), (), ())
    assert len(loaded.store) == 627
    (vietnam,) = [one for one in loaded.store if one.certificate.sha256.hex() == VIETNAM]
    key = vietnam.certificate.public_key()
    assert isinstance(key, EcPublicKey)
    assert key.curve.name == "brainpoolP512r1"
    assert vietnam.certificate.is_signed_by(key)
    assert "DE_ML" in vietnam.provenance
    assert "NL_ML" in vietnam.provenance
    assert trust_command(["show", VIETNAM[:8]]) == 0
    shown = capsys.readouterr().out
    assert "EC brainpoolP512r1" in shown


def test_neither_list_comes_in_unasked_and_the_message_names_the_fingerprint(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for file, fingerprint in SIGNERS.items():
        assert trust_command(["import", str(file)]) == 2
        assert fingerprint in capsys.readouterr().err
    assert not (tmp_path / "kiosk" / "trust" / "store.json").exists()


@pytest.mark.parametrize("file", [GERMANY, NETHERLANDS])
def test_an_independent_library_agrees_on_what_it_can_read(file: Path) -> None:
    """Certificates that the crypto library loads and whose own key verifies there verify here, and the other way."""
    both = disagreements = 0
    for encoded in parse_master_list(file.read_bytes()).certificates:
        ours = Certificate.parse(encoded)
        try:
            with warnings.catch_warnings():  # some have a serial number below zero
                warnings.simplefilter("ignore", CryptographyDeprecationWarning)
                theirs = x509.load_der_x509_certificate(encoded)
            key = load_der_public_key(ours.public_key_info)
            if theirs.issuer != theirs.subject or not hasattr(key, "verify"):
                continue
            theirs.verify_directly_issued_by(theirs)
            verdict = True
        except InvalidSignature:
            verdict = False
        except (ValueError, TypeError, UnsupportedAlgorithm):
            continue
        both += 1
        disagreements += ours.is_signed_by(ours.public_key()) is not verdict
    assert both > 200
    assert disagreements == 0


@pytest.mark.parametrize("file", [GERMANY, NETHERLANDS])
def test_the_openssl_command_finds_the_same_certificates_under_the_same_signature(file: Path) -> None:
    done = subprocess.run(
        ["openssl", "cms", "-verify", "-noverify", "-inform", "DER", "-in", str(file)],
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert done.stdout == parse_master_list(file.read_bytes()).signed.content


def test_the_audit_of_real_lists_gives_advice_with_every_finding(capsys: pytest.CaptureFixture[str]) -> None:
    bring(capsys, NETHERLANDS)
    assert trust_command(["audit", "--json"]) == 0
    table = json.loads(capsys.readouterr().out)
    assert table["seal"] == "sealed"
    codes = {one["code"] for one in table["findings"]}
    assert {"accepted_by_hand", "no_revocation_lists", "hash_weak"} <= codes
    assert all(one["advice"] and one["meaning"] for one in table["findings"])
