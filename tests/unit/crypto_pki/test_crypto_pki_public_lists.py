"""The rules for links and the list of countries against the certificates that states really have."""

from __future__ import annotations

import datetime
from collections import Counter
from pathlib import Path

import pytest

from crypto.errors import CryptoError
from crypto.pki import extensions as ext
from crypto.pki.certificate import Certificate
from crypto.pki.chain import verify_chain
from crypto.pki.cms import parse_signed_data
from crypto.pki.countries import country_of, states_of
from crypto.pki.trust_store import TrustStore
from crypto.wire.tlv import parse_tlv

LISTS = sorted((Path(__file__).parents[2] / "vectors" / "trust").glob("*.ml"))
AT = datetime.datetime(2026, 6, 1, tzinfo=datetime.UTC)


@pytest.fixture(scope="module")
def certificates() -> tuple[Certificate, ...]:
    """Every certificate of both lists that can be read, once."""
    found = {}
    for file in LISTS:
        content = parse_tlv(parse_signed_data(file.read_bytes()).content)
        for member in content.children()[1].children():
            try:
                found[member.encoded] = Certificate.parse(member.encoded)
            except CryptoError:
                continue  # what cannot be read is counted where master lists are
    return tuple(found.values())


def test_every_country_is_in_the_list_and_names_its_own_code(certificates: tuple[Certificate, ...]) -> None:
    assert len(certificates) > 600
    for certificate in certificates:
        country = country_of(certificate.subject)
        states = states_of(country)
        assert states, country
        named = ext.read_issuing_states(certificate.extensions.get(ext.SUBJECT_ALTERNATIVE_NAME))
        assert named <= states | {country}  # some write two letters where three belong


def test_real_links_lead_to_their_roots_and_none_to_another_country(certificates: tuple[Certificate, ...]) -> None:
    store = TrustStore()
    links = []
    for certificate in certificates:
        if certificate.is_signed_by(certificate.public_key()):
            store.add_certificate(certificate, "self-signed in a public list")
        else:
            links.append(certificate)
    for link in links:
        store.add_link(link.encoded, "link in a public list")
    counted: Counter[str] = Counter()
    for link in links:
        # Looked at as a signer, a link fails only for being no signer, if all else about it is right.
        counted[verify_chain(link, store, AT).finding.code.name] += 1
    assert counted["SIGNER_KEY_USAGE"] + counted["TRUSTED"] > 190
    # a name spelt otherwise (Hungary, Spain); issuers that are in neither list
    assert counted["ISSUER_NAME_MISMATCH"] == 2
    assert counted["ISSUER_UNKNOWN"] + counted["ISSUER_KEY_UNKNOWN"] == 11
    assert sum(counted.values()) == len(links)


def test_the_two_links_between_the_united_kingdom_and_bermuda_need_trust_of_their_own(
    certificates: tuple[Certificate, ...],
) -> None:
    foreign = [each for each in certificates if country_of(each.subject) != country_of(each.issuer)]
    assert sorted((country_of(each.issuer), country_of(each.subject)) for each in foreign) == [
        ("BM", "GB"),
        ("GB", "BM"),
    ]
