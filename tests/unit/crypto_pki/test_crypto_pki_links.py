"""After a change of key, a link certificate leads from the new key to the installed one, and only a right one does."""

import datetime
from typing import Any

import pytest
from cryptography import x509

from crypto.pki.certificate import Certificate
from crypto.pki.chain import MAX_LINKS, ChainResult, verify_chain
from crypto.pki.findings import Outcome
from crypto.pki.passive_authentication import verify_security_object
from crypto.pki.path_rules import DocumentClaims
from crypto.pki.trust_store import TrustStore
from crypto.wire.tlv import encode_tlv

UTC = datetime.UTC


def link(forge: Any, newer: Any, older: Any, number: int, **changes: Any) -> Any:
    """A certificate for the newer authority's name and key, by the older one."""
    terms = {"subject": newer.certificate.subject, "issuer": older.certificate.subject, "issuer_key": older.key}
    return forge.csca(newer.scheme, number, **(terms | {"serial": 9000 + number} | changes))


def generations(forge: Any, count: int) -> tuple[list[Any], list[Any]]:
    """Authorities of one name with a new key each time, and the links from each to the one before."""
    authorities = [forge.csca("secp256r1", 20 + number) for number in range(count)]
    links = [link(forge, authorities[n], authorities[n - 1], 20 + n) for n in range(1, count)]
    return authorities, links


def judge(forge: Any, signer: Any, anchor: Any, links: Any = (), carried: Any = (), **more: Any) -> ChainResult:
    store = TrustStore()
    store.add(anchor.der, "made for a test")
    for each in links:
        store.add_link(each.der, "made for a test")
    certificates = [Certificate.parse(each.der) for each in carried]
    return verify_chain(Certificate.parse(signer.der), store, forge.now, links=certificates, **more)


def code_of(result: ChainResult) -> str:
    return result.finding.code.value.removeprefix("passive_authentication.")


def test_a_link_leads_to_the_installed_anchor_wherever_it_lies(forge: Any) -> None:
    (old, new), (bridge,) = generations(forge, 2)
    signer = forge.document_signer(new)
    assert code_of(judge(forge, signer, old)) == "issuer_key_unknown"
    for where in ({"links": [bridge]}, {"carried": [bridge]}, {"links": [bridge, new], "carried": [bridge, signer]}):
        result = judge(forge, signer, old, **where)
        assert code_of(result) == "trusted"
        assert result.anchor is not None
        assert result.anchor.certificate.encoded == old.der
        assert [each.encoded for each in result.links] == [bridge.der]
        assert result.issuer is result.links[0]
    store = TrustStore()
    store.add(old.der, "made for a test")
    whole = verify_security_object(forge.ef_sod(signer, certificates=[signer.der, bridge.der]), store, forge.now)
    assert whole.is_trusted
    assert [each.encoded for each in whole.links] == [bridge.der]


def test_an_anchor_that_signed_itself_needs_no_link(forge: Any) -> None:
    (old, new), (bridge,) = generations(forge, 2)
    result = judge(forge, forge.document_signer(old), old, links=[bridge, new])
    assert (code_of(result), result.links) == ("trusted", ())


def test_a_link_is_no_anchor(forge: Any) -> None:
    (_, new), (bridge,) = generations(forge, 2)
    stranger = forge.csca("secp384r1", 3, subject=forge.name("CSCA Elsewhere TEST"))
    assert code_of(judge(forge, forge.document_signer(new), stranger, links=[bridge, new])) == "issuer_unknown"


@pytest.mark.parametrize("count", [3, MAX_LINKS + 1, MAX_LINKS + 2])
def test_several_links_lead_on_up_to_a_bound(forge: Any, count: int) -> None:
    authorities, links = generations(forge, count)
    signer = forge.document_signer(authorities[-1])
    for known in (links, links[::-1]):
        result = judge(forge, signer, authorities[0], links=known)
        if count - 1 > MAX_LINKS:
            assert code_of(result) == "issuer_key_unknown"
        else:
            assert code_of(result) == "trusted"
            assert [each.encoded for each in result.links] == [each.der for each in links[::-1]]
    missing = links[:1] + links[2:]
    assert code_of(judge(forge, signer, authorities[0], links=missing)) == "issuer_key_unknown"


def test_each_rule_holds_for_links_too(forge: Any) -> None:
    (old, new), _ = generations(forge, 2)
    signer = forge.document_signer(new)
    unknown = (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\x05\0"), True)
    cases: list[tuple[str, dict[str, Any]]] = [
        ("trusted", {}),
        ("issuer_not_ca", {"is_authority": False}),
        ("issuer_key_usage", {"usage": ("digital_signature",)}),
        ("issuer_expired", {"not_after": datetime.datetime(2026, 1, 1, tzinfo=UTC)}),
        ("issuer_not_yet_valid", {"not_before": datetime.datetime(2027, 1, 1, tzinfo=UTC)}),
        ("critical_extension", {"more": [unknown]}),
        ("issuer_name_mismatch", {"issuer": forge.name("CSCA Elsewhere TEST")}),
    ]
    for code, changes in cases:
        # By the key identifier a link is found under any name.
        key = x509.AuthorityKeyIdentifier.from_issuer_public_key(old.key.public_key())
        more = [(key, False), *changes.get("more", ())]
        bridge = link(forge, new, old, 21, **(changes | {"more": more}))
        result = judge(forge, signer, old, links=[bridge])
        assert code_of(result) == code
        assert result.finding.outcome is (Outcome.SUCCESSFUL if code == "trusted" else Outcome.FAILED)


def test_a_forged_link_leads_nowhere(forge: Any) -> None:
    (old, new), _ = generations(forge, 2)
    attacker = forge.csca("secp256r1", 30)
    forged = link(forge, new, attacker, 21)  # names the old authority, but another key signed
    assert code_of(judge(forge, forge.document_signer(new), old, carried=[forged])) == "issuer_key_unknown"


def test_a_document_signer_is_no_authority_for_another(forge: Any) -> None:
    authority = forge.csca()
    honest = forge.document_signer(authority)
    terms = {"issuer": honest.certificate.subject, "issuer_key": honest.key, "aki": honest.key}
    forged = forge.document_signer(authority, 130, **terms)
    result = judge(forge, forged, authority, carried=[honest, forged])
    assert code_of(result) == "issuer_not_ca"
    assert result.finding.outcome is Outcome.FAILED


def test_no_state_makes_itself_the_authority_of_another(forge: Any) -> None:
    evil = forge.csca("secp256r1", 40, subject=forge.name("CSCA Dystopia TEST", "XX"))
    stolen = forge.csca("secp256r1", 41, subject=forge.name("CSCA Utopia TEST", "UT"))
    bridge = link(forge, stolen, evil, 41)
    result = judge(forge, forge.document_signer(stolen), evil, links=[bridge])
    assert code_of(result) == "link_country_mismatch"
    assert result.finding.outcome is Outcome.FAILED


def test_the_country_of_a_document_is_that_of_the_anchor(forge: Any) -> None:
    (old, new), (bridge,) = generations(forge, 2)
    for state, code in (("UTO", "trusted"), ("VNM", "country_mismatch")):
        claims = DocumentClaims(issuing_state=state)
        assert code_of(judge(forge, forge.document_signer(new), old, links=[bridge], claims=claims)) == code


def test_a_revoked_link_or_anchor_revokes_the_path(forge: Any) -> None:
    (old, new), (bridge,) = generations(forge, 2)
    signer = forge.document_signer(new)
    for revoked in (bridge, old):
        store = TrustStore()
        store.add(old.der, "made for a test")
        store.add_link(bridge.der, "made for a test")
        store.add_revocation_list(forge.revocation_list(old, revoked.certificate.serial_number), "made for a test")
        result = verify_chain(Certificate.parse(signer.der), store, forge.now)
        assert code_of(result) == "issuer_revoked"


def test_a_list_by_a_linked_key_counts(forge: Any) -> None:
    (old, new), (bridge,) = generations(forge, 2)
    signer = forge.document_signer(new)
    store = TrustStore()
    store.add(old.der, "made for a test")
    store.add_link(bridge.der, "made for a test")
    store.add_revocation_list(forge.revocation_list(new, signer.certificate.serial_number), "made for a test")
    assert code_of(verify_chain(Certificate.parse(signer.der), store, forge.now)) == "signer_revoked"


def test_links_in_a_circle_end(forge: Any) -> None:
    first, second = forge.csca("secp256r1", 50), forge.csca("secp256r1", 51)
    circle = [link(forge, first, second, 50), link(forge, second, first, 51)]
    anchor = forge.csca("secp384r1", 3)  # of the same name
    signer = forge.document_signer(first)
    assert code_of(judge(forge, signer, anchor, links=circle, carried=circle)) == "issuer_key_unknown"


def test_a_crowd_of_links_is_not_tried_without_end(forge: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (old, new), (bridge,) = generations(forge, 2)
    crowd = [forge.csca("secp256r1", 60, serial=number) for number in range(1, 60)]  # all of the right name
    tried = 0
    honest = Certificate.is_signed_by

    def counted(self: Certificate, issuer_key: Any) -> bool:
        nonlocal tried
        tried += 1
        return honest(self, issuer_key)

    monkeypatch.setattr(Certificate, "is_signed_by", counted)
    nameless = forge.document_signer(new, aki=None)
    assert code_of(judge(forge, nameless, old, carried=[*crowd, bridge])) == "issuer_key_unknown"
    assert tried < 30
    named = judge(forge, forge.document_signer(new), old, carried=[*crowd, bridge])
    assert code_of(named) == "trusted"  # its key identifier comes first


def test_a_crowd_of_links_that_did_sign_and_of_signers_is_not_tried_without_end(
    forge: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = TrustStore()
    for number in range(6):
        store.add(forge.csca("secp256r1", 70 + number).der, "made for a test")  # all of one name
    attacker = forge.csca("secp256r1", 80)
    crowd = [forge.csca("secp256r1", 80, serial=number) for number in range(1, 15)]  # one key: each of them did sign
    signer = forge.document_signer(attacker)
    content = forge.security_object(forge.groups)
    infos = [forge.signer_info(signer, content, "sha256")] * 8
    sod = forge.signed_data(content, [signer.der, *(each.der for each in crowd)], infos)
    tried = 0
    honest = Certificate.is_signed_by

    def counted(self: Certificate, issuer_key: Any) -> bool:
        nonlocal tried
        tried += 1
        return honest(self, issuer_key)

    monkeypatch.setattr(Certificate, "is_signed_by", counted)
    result = verify_security_object(encode_tlv(0x77, sod), store, forge.now)
    assert result.finding.code.value == "passive_authentication.issuer_key_unknown"
    assert tried <= 8 * (24 + 9 * 6)
