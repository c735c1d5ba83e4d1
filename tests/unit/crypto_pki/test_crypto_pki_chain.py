"""The path from document signer to country signing CA: what is trusted, and each rule that stands in the way."""

import datetime
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from crypto.pki.certificate import Certificate
from crypto.pki.chain import ChainResult, verify_chain
from crypto.pki.findings import Outcome
from crypto.pki.trust_store import TrustStore


def judge(forge: Any, signer: Any, *anchors: Any, at: datetime.datetime | None = None) -> ChainResult:
    store = TrustStore()
    for anchor in anchors:
        store.add(anchor if isinstance(anchor, bytes) else anchor.der, "made for a test")
    encoded = signer if isinstance(signer, bytes) else signer.der
    return verify_chain(Certificate.parse(encoded), store, at or forge.now)


def code_of(result: ChainResult) -> str:
    return result.finding.code.value.removeprefix("passive_authentication.")


def year(number: int) -> datetime.datetime:
    return datetime.datetime(number, 1, 1, tzinfo=datetime.UTC)


def unknown_extension(critical: bool) -> tuple[x509.UnrecognizedExtension, bool]:
    return x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\x05\0"), critical


def test_each_rule_has_its_own_code(forge: Any) -> None:
    issuer = forge.csca()
    cases: list[tuple[str, Any, Any]] = [
        ("trusted", forge.document_signer(issuer), issuer),
        ("trusted", forge.document_signer(issuer, usage=None), forge.csca(usage=None)),
        ("trusted", forge.document_signer(issuer, aki=None, ski=False), issuer),
        ("trusted", forge.document_signer(issuer, more=[unknown_extension(False)]), issuer),
        ("signer_expired", forge.document_signer(issuer, not_after=year(2026)), issuer),
        ("signer_not_yet_valid", forge.document_signer(issuer, not_before=year(2027)), issuer),
        ("issuer_expired", forge.document_signer(issuer), forge.csca(not_after=year(2026))),
        ("issuer_not_yet_valid", forge.document_signer(issuer), forge.csca(not_before=year(2027))),
        ("issuer_not_ca", forge.document_signer(issuer), forge.csca(is_authority=False)),
        ("issuer_not_ca", forge.document_signer(issuer), forge.csca(is_authority=None)),
        ("issuer_key_usage", forge.document_signer(issuer), forge.csca(usage=("digital_signature", "crl_sign"))),
        ("signer_key_usage", forge.document_signer(issuer, usage=("key_agreement",)), issuer),
        ("critical_extension", forge.document_signer(issuer, more=[unknown_extension(True)]), issuer),
        ("critical_extension", forge.document_signer(issuer), forge.csca(more=[unknown_extension(True)])),
        ("issuer_name_mismatch", forge.document_signer(issuer, issuer=forge.name("Another CSCA TEST")), issuer),
    ]
    for code, signer, anchor in cases:
        result = judge(forge, signer, anchor)
        assert code_of(result) == code
        assert result.anchor is not None  # its key did sign, whatever else is wrong
        assert result.finding.outcome is (Outcome.SUCCESSFUL if code == "trusted" else Outcome.FAILED)


def test_validity_includes_both_ends(forge: Any) -> None:
    issuer = forge.csca()
    signer = forge.document_signer(issuer, not_before=year(2024), not_after=year(2026))
    second = datetime.timedelta(seconds=1)
    for at, code in (
        (year(2024) - second, "signer_not_yet_valid"),
        (year(2024), "trusted"),
        (year(2026), "trusted"),
        (year(2026) + second, "signer_expired"),
    ):
        assert code_of(judge(forge, signer, issuer, at=at)) == code


def test_an_unknown_issuer_is_undetermined(forge: Any) -> None:
    issuer = forge.csca()
    stranger = forge.csca("secp384r1", 3, subject=forge.name("CSCA Elsewhere TEST"))
    for anchors in ((), (stranger,)):
        result = judge(forge, forge.document_signer(issuer), *anchors)
        assert code_of(result) == "issuer_unknown"
        assert result.finding.outcome is Outcome.UNDETERMINED
        assert result.anchor is None


def test_a_signer_of_an_untrusted_authority_with_the_right_name_is_never_trusted(forge: Any) -> None:
    right = forge.csca()
    impostor = forge.csca("secp256r1", 5)  # the same name, another key
    honest = judge(forge, forge.document_signer(impostor), right)
    assert code_of(honest) == "issuer_key_unknown"  # a newer key of the state would look the same
    assert honest.finding.outcome is Outcome.UNDETERMINED
    without_identifier = judge(forge, forge.document_signer(impostor, aki=None), right)
    assert code_of(without_identifier) == "issuer_key_unknown"
    claiming = judge(forge, forge.document_signer(impostor, aki=right.key), right)
    assert code_of(claiming) == "signer_signature_wrong"  # it names the very key that did not sign
    assert claiming.finding.outcome is Outcome.FAILED


def test_a_changed_certificate_fails(forge: Any) -> None:
    issuer = forge.csca()
    der = forge.document_signer(issuer).der
    changed = der.replace(b"DS 1 Utopia TEST", b"DS 2 Utopia TEST")
    assert code_of(judge(forge, changed, issuer)) == "signer_signature_wrong"
    flipped = der[:-1] + bytes([der[-1] ^ 1])
    assert code_of(judge(forge, flipped, issuer)) == "signer_signature_wrong"


def test_a_change_of_key_needs_both_anchors_and_finds_the_right_one(forge: Any) -> None:
    old, new = forge.csca("secp256r1", 0), forge.csca("brainpoolP384r1", 1)
    link = forge.csca("brainpoolP384r1", 1, issuer=old.certificate.subject, issuer_key=old.key, serial=99)
    assert Certificate.parse(link.der).is_self_issued
    for signer, anchor in ((forge.document_signer(old), old), (forge.document_signer(new), new)):
        for known in ((old, new), (new, old), (old, link, new), (link, new, old)):
            result = judge(forge, signer, *known)
            assert code_of(result) == "trusted"
            assert result.anchor is not None
            assert result.anchor.certificate.public_key_info == Certificate.parse(anchor.der).public_key_info
    assert code_of(judge(forge, forge.document_signer(new), old, link)) == "trusted"
    assert code_of(judge(forge, forge.document_signer(new), old)) == "issuer_key_unknown"


def test_the_best_of_several_certificates_of_one_key_counts(forge: Any) -> None:
    expired, renewed = forge.csca(not_after=year(2025)), forge.csca(serial=77)
    for known in ((expired, renewed), (renewed, expired)):
        assert code_of(judge(forge, forge.document_signer(renewed), *known)) == "trusted"
    assert code_of(judge(forge, forge.document_signer(expired), expired)) == "issuer_expired"


def test_names_differing_in_case_and_spaces_are_the_same(forge: Any) -> None:
    issuer = forge.csca()
    signer = forge.document_signer(issuer, issuer=forge.name("csca  utopia Test", "ut", "UTOPIA TEST "))
    assert code_of(judge(forge, signer, issuer)) == "trusted"


def test_a_store_knows_its_anchors_and_keeps_the_first_provenance(forge: Any) -> None:
    issuer = forge.csca()
    store = TrustStore()
    first = store.add(issuer.der, "first")
    assert store.add(issuer.der, "second") is first
    assert (len(store), [anchor.provenance for anchor in store]) == (1, ["first"])
    assert first.is_test
    other = store.add(forge.csca("secp384r1", 4, subject=forge.name("CSCA", organization="Testaments Ltd")).der, "x")
    assert not other.is_test  # a word, not a part of one
    assert len(store) == 2


def test_anchors_whose_key_cannot_be_used_leave_the_question_open(forge: Any, tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "csca.der"
    subprocess.run(["openssl", "ecparam", "-name", "secp256k1", "-genkey", "-noout", "-out", str(key)], check=True)
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-new", "-key", str(key), "-subj", "/C=UT/O=Utopia TEST/CN=CSCA Utopia TEST"),
            *("-outform", "DER", "-out", str(certificate), "-days", "20000"),
        ],
        check=True,
        capture_output=True,
    )
    anchor = certificate.read_bytes()
    signer = forge.document_signer(forge.csca(), aki=None)
    result = judge(forge, signer, anchor)
    assert code_of(result) == "algorithm_unsupported"
    assert result.finding.cause == "public_key.unsupported"
    assert result.finding.outcome is Outcome.UNDETERMINED
    assert code_of(judge(forge, signer, anchor, forge.csca())) == "trusted"
    named_by_key = Certificate.parse(anchor).subject_key_identifier
    pointing = forge.document_signer(
        forge.csca(), aki=None, more=[(x509.AuthorityKeyIdentifier(named_by_key, None, None), False)]
    )
    assert code_of(judge(forge, pointing, anchor)) == "algorithm_unsupported"


@pytest.mark.parametrize("hours", [None, 7])
def test_the_instant_may_be_in_any_time_zone_but_must_have_one(forge: Any, hours: int | None) -> None:
    issuer = forge.csca()
    if hours is None:
        with pytest.raises(TypeError):
            judge(forge, forge.document_signer(issuer), issuer, at=datetime.datetime(2026, 6, 1))  # noqa: DTZ001
    else:
        zone = datetime.timezone(datetime.timedelta(hours=hours))
        assert code_of(judge(forge, forge.document_signer(issuer), issuer, at=forge.now.astimezone(zone))) == "trusted"
