"""A revoked signer or authority fails; to have no list, an old or an unusable one is recorded and fails nobody."""

import datetime
from typing import Any

import pytest
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.pki.certificate import Certificate
from crypto.pki.chain import ChainResult, verify_chain
from crypto.pki.findings import FindingCode, Outcome
from crypto.pki.passive_authentication import verify_security_object
from crypto.pki.trust_store import TrustStore

UTC = datetime.UTC
NEXT_YEAR = datetime.datetime(2027, 6, 1, tzinfo=UTC)


def store_of(*anchors: Any, lists: Any = ()) -> TrustStore:
    store = TrustStore()
    for anchor in anchors:
        store.add(anchor.der, "made for a test")
    for each in lists:
        store.add_revocation_list(each, "made for a test")
    return store


def judge(forge: Any, signer: Any, *anchors: Any, lists: Any = (), at: datetime.datetime | None = None) -> ChainResult:
    return verify_chain(Certificate.parse(signer.der), store_of(*anchors, lists=lists), at or forge.now)


def codes_of(result: ChainResult) -> tuple[str, str]:
    """Of the chain, and of the revocation."""
    return result.finding.code.value.partition(".")[2], result.revocation.code.value.partition(".")[2]


def serial_of(party: Any) -> int:
    return party.certificate.serial_number


def test_a_signer_on_its_authoritys_list_fails(forge: Any) -> None:
    issuer = forge.csca()
    revoked, other = forge.document_signer(issuer), forge.document_signer(issuer, 101)
    lists = [forge.revocation_list(issuer, serial_of(revoked), 4711)]
    result = judge(forge, revoked, issuer, lists=lists)
    assert codes_of(result) == ("signer_revoked", "signer_revoked")
    assert result.finding.outcome is Outcome.FAILED
    assert result.anchor is not None
    assert [each.encoded for each in result.revocation_lists] == lists
    result = judge(forge, other, issuer, lists=lists)
    assert codes_of(result) == ("trusted", "not_revoked")
    assert [each.encoded for each in result.revocation_lists] == lists


def test_what_is_not_known_is_recorded_and_fails_nobody(forge: Any) -> None:
    issuer, stranger = forge.csca(), forge.csca("secp384r1", 3, subject=forge.name("CSCA Elsewhere TEST", "XX"))
    signer = forge.document_signer(issuer)
    old = datetime.datetime(2026, 1, 1, tzinfo=UTC)
    ended = datetime.datetime(2026, 2, 1, tzinfo=UTC)
    delta = (x509.DeltaCRLIndicator(1), True)
    cases: list[tuple[str, Any]] = [
        ("no_list", []),
        ("no_list", [forge.revocation_list(stranger)]),
        ("list_outdated", [forge.revocation_list(issuer, this_update=old, next_update=ended)]),
        (
            "list_outdated",
            [forge.revocation_list(issuer, this_update=NEXT_YEAR, next_update=NEXT_YEAR + (ended - old))],
        ),
        ("list_unusable", [forge.revocation_list(issuer, serial_of(signer), more=[delta])]),
        ("list_unusable", [forge.revocation_list(issuer, serial_of(signer), key=stranger.key)]),
        ("not_revoked", [forge.revocation_list(issuer, key=stranger.key), forge.revocation_list(issuer)]),
    ]
    for code, lists in cases:
        result = judge(forge, signer, issuer, stranger, lists=lists)
        assert codes_of(result) == ("trusted", code)
        assert result.revocation.is_successful is (code == "not_revoked")


def test_without_an_anchor_nothing_is_asked(forge: Any) -> None:
    issuer = forge.csca()
    signer = forge.document_signer(issuer)
    result = judge(forge, signer, lists=[forge.revocation_list(issuer, serial_of(signer))])
    assert codes_of(result) == ("issuer_unknown", "not_checked")


def test_an_old_list_still_revokes(forge: Any) -> None:
    issuer = forge.csca()
    signer = forge.document_signer(issuer)
    lists = [forge.revocation_list(issuer, serial_of(signer)), forge.revocation_list(issuer, number=2)]
    for known in (lists, lists[::-1], lists[:1]):
        assert codes_of(judge(forge, signer, issuer, lists=known, at=NEXT_YEAR))[0] == "signer_revoked"


def test_revoked_is_said_before_expired_and_after_what_is_worse(forge: Any) -> None:
    issuer = forge.csca()
    expired = forge.document_signer(issuer, not_after=datetime.datetime(2025, 1, 1, tzinfo=UTC))
    lists = [forge.revocation_list(issuer, serial_of(expired))]
    assert codes_of(judge(forge, expired, issuer, lists=lists))[0] == "signer_revoked"
    misused = forge.document_signer(issuer, usage=("key_agreement",))
    assert codes_of(judge(forge, misused, issuer, lists=lists)) == ("signer_key_usage", "signer_revoked")


def test_a_signing_time_before_the_revocation_helps_nobody(forge: Any) -> None:
    # Only the signer says when it signed, and it is the signer that is no longer believed.
    issuer = forge.csca()
    signer = forge.document_signer(issuer)
    store = store_of(issuer, lists=[forge.revocation_list(issuer, serial_of(signer))])
    before = datetime.datetime(2024, 6, 1, tzinfo=UTC)
    result = verify_security_object(forge.ef_sod(signer, signing_time=before), store, forge.now)
    assert result.finding.code is FindingCode.SIGNER_REVOKED
    assert result.revocation.code is FindingCode.SIGNER_REVOKED
    assert len(result.revocation_lists) == 1


def test_a_list_is_judged_by_todays_date_though_the_certificates_are_not(forge: Any) -> None:
    issuer = forge.csca()
    signer = forge.document_signer(issuer)
    store = store_of(issuer, lists=[forge.revocation_list(issuer)])
    while_no_list_was_there = datetime.datetime(2024, 6, 1, tzinfo=UTC)
    sod = forge.ef_sod(signer, signing_time=while_no_list_was_there)
    assert verify_security_object(sod, store, forge.now).revocation.code is FindingCode.NOT_REVOKED
    assert verify_security_object(sod, store, NEXT_YEAR).revocation.code is FindingCode.REVOCATION_LIST_OUTDATED


def test_a_revoked_authority_fails_in_each_of_its_certificates(forge: Any) -> None:
    issuer, renewed = forge.csca(), forge.csca(serial=77)  # one key
    signer = forge.document_signer(issuer)
    for serial in (serial_of(issuer), serial_of(renewed)):
        lists = [forge.revocation_list(issuer, serial)]
        for known in ((issuer, renewed), (renewed, issuer)):
            assert codes_of(judge(forge, signer, *known, lists=lists)) == ("issuer_revoked", "issuer_revoked")
    unrelated = [forge.revocation_list(issuer, 78)]
    assert codes_of(judge(forge, signer, issuer, renewed, lists=unrelated)) == ("trusted", "not_revoked")


def test_the_new_key_of_an_authority_revokes_signers_of_the_old_one(forge: Any) -> None:
    old, new = forge.csca("secp256r1", 0), forge.csca("brainpoolP384r1", 1)  # one name
    signer = forge.document_signer(old)
    lists = [forge.revocation_list(new, serial_of(signer))]
    assert codes_of(judge(forge, signer, old, new, lists=lists))[0] == "signer_revoked"
    assert codes_of(judge(forge, signer, old, lists=lists)) == ("trusted", "list_unusable")


def test_a_renamed_authority_revokes_under_its_former_name_and_no_other_state_does(forge: Any) -> None:
    old = forge.csca()
    signer = forge.document_signer(old)
    for country, code in (("UT", "signer_revoked"), ("XX", "trusted")):
        renamed = forge.csca("secp384r1", 6, subject=forge.name("CSCA Utopia 2 TEST", country))
        former = x509.IssuerAlternativeName([x509.DirectoryName(old.certificate.subject)])
        lists = [forge.revocation_list(renamed, serial_of(signer), more=[(former, False)])]
        assert codes_of(judge(forge, signer, old, renamed, lists=lists))[0] == code


@pytest.mark.parametrize(
    "changes", [{"usage": ("key_cert_sign",)}, {"not_after": datetime.datetime(2026, 4, 1, tzinfo=UTC)}]
)
def test_a_list_counts_only_from_a_key_that_may_sign_lists_at_that_time(forge: Any, changes: Any) -> None:
    issuer = forge.csca(**changes)
    signer = forge.document_signer(issuer)
    lists = [forge.revocation_list(issuer, serial_of(signer))]
    at = datetime.datetime(2026, 3, 1, tzinfo=UTC)
    assert codes_of(judge(forge, signer, issuer, lists=lists, at=at)) == ("trusted", "list_unusable")


def test_an_algorithm_that_is_not_here_makes_a_list_unusable_and_says_so(forge: Any) -> None:
    issuer = forge.csca()
    sha256 = bytes.fromhex("2a8648ce3d040302")
    unknown = forge.revocation_list(issuer).replace(sha256, bytes.fromhex("2a8648ce3d04037f"))
    result = judge(forge, forge.document_signer(issuer), issuer, lists=[unknown])
    assert codes_of(result) == ("trusted", "list_unusable")
    assert result.revocation.cause == "signature.algorithm_unsupported"


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_no_revocation_list_ever_makes_a_path_better(forge: Any, data: st.DataObject) -> None:
    issuer, stranger = forge.csca(), forge.csca("secp384r1", 3, subject=forge.name("CSCA Elsewhere TEST", "XX"))
    early = datetime.datetime(2025, 1, 1, tzinfo=UTC)
    signer = data.draw(
        st.sampled_from(
            [
                forge.document_signer(issuer),
                forge.document_signer(issuer, not_after=early),
                forge.document_signer(issuer, usage=("key_agreement",)),
                forge.document_signer(stranger),
            ]
        )
    )
    serials = st.lists(st.sampled_from([serial_of(signer), serial_of(issuer), serial_of(stranger), 12345]), max_size=3)
    lists = [
        forge.revocation_list(data.draw(st.sampled_from([issuer, stranger])), *set(data.draw(serials)))
        for _ in range(data.draw(st.integers(0, 3)))
    ]
    anchors = data.draw(st.lists(st.sampled_from([issuer, stranger]), max_size=2))
    order = [Outcome.FAILED, Outcome.UNDETERMINED, Outcome.SUCCESSFUL]
    without = judge(forge, signer, *anchors).finding.outcome
    with_lists = judge(forge, signer, *anchors, lists=lists)
    assert order.index(with_lists.finding.outcome) <= order.index(without)
    assert (with_lists.finding.outcome is without) or with_lists.finding == with_lists.revocation
    again = judge(forge, signer, *anchors[::-1], lists=lists[::-1])
    assert again.finding == with_lists.finding
