"""What a document says of itself against its signer, when certificates must be valid, and where signers are found."""

import datetime
from typing import Any

import pytest
from cryptography import x509

from crypto.pki.certificate import Certificate
from crypto.pki.countries import country_of, states_of
from crypto.pki.findings import Finding, FindingCode, Outcome
from crypto.pki.passive_authentication import PassiveAuthenticationResult, verify_security_object
from crypto.pki.signed_object import ValidAt
from crypto.pki.trust_store import TrustStore
from crypto.wire.tlv import encode_tlv

UTC = datetime.UTC
DOCUMENT_TYPE_LIST = x509.ObjectIdentifier("2.23.136.1.1.6.2")


def store_of(*anchors: Any, signers: Any = ()) -> TrustStore:
    store = TrustStore()
    for anchor in anchors:
        store.add(anchor.der, "made for a test")
    for signer in signers:
        store.add_document_signer(signer.der, "from a directory made for a test")
    return store


def code_of(result: PassiveAuthenticationResult) -> str:
    return result.finding.code.value.removeprefix("passive_authentication.")


# ------------------------------------------------------------------------------------------------ country
def country_code(forge: Any, country: str | None, state: str | None, *more: Any) -> str:
    subject = (
        forge.name("CSCA TEST", country)
        if country
        else x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "CSCA TEST")])
    )
    issuer = forge.csca(subject=subject, more=more)
    sod = forge.ef_sod(forge.document_signer(issuer))
    return code_of(verify_security_object(sod, store_of(issuer), forge.now, issuing_state=state))


@pytest.mark.parametrize(
    ("country", "state"),
    [
        *(("VN", "VNM"), ("vn", "VNM"), ("DE", "D<<"), ("DE", "D"), ("GB", "GBR"), ("GB", "GBD"), ("BM", "GBD")),
        *(("UN", "UNO"), ("UN", "UNA"), ("EU", "EUE"), ("KS", "RKS"), ("CN", "HKG"), ("HK", "CHN"), ("UT", "UTO")),
        *(("VN", None), ("VN", ""), ("VN", "<<<")),  # not known: nothing to compare
    ],
)
def test_a_state_signs_for_itself(forge: Any, country: str, state: str | None) -> None:
    assert country_code(forge, country, state) == "trusted"


@pytest.mark.parametrize(
    ("country", "state"), [("VN", "LAO"), ("VN", "D<<"), ("DE", "DNK"), ("UN", "EUE"), ("XK", "SRB"), ("FR", "GBR")]
)
def test_a_state_does_not_sign_for_another(forge: Any, country: str, state: str) -> None:
    assert country_code(forge, country, state) == "country_mismatch"


def alternative_name(state: str) -> tuple[x509.SubjectAlternativeName, bool]:
    name = x509.Name([x509.NameAttribute(x509.NameOID.LOCALITY_NAME, state)])
    return x509.SubjectAlternativeName([x509.RFC822Name("csca@test.invalid"), x509.DirectoryName(name)]), False


def test_an_organisation_without_a_country_of_its_own_names_its_code(forge: Any) -> None:
    assert country_code(forge, "XO", "XOM", alternative_name("XOM")) == "trusted"
    assert country_code(forge, "XO", "XPO", alternative_name("XOM")) == "country_mismatch"
    assert country_code(forge, None, "XOM", alternative_name("XOM")) == "trusted"
    assert country_code(forge, "XO", "XOM") == "country_unknown"
    assert country_code(forge, None, "VNM") == "country_unknown"
    assert Finding(FindingCode.COUNTRY_UNKNOWN).outcome is Outcome.UNDETERMINED


def test_a_state_does_not_give_itself_anothers_code(forge: Any) -> None:
    assert country_code(forge, "LA", "VNM", alternative_name("VNM")) == "country_mismatch"


def test_the_list_of_states_is_whole(forge: Any) -> None:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    listed = {first + second: states_of(first + second) for first in letters for second in letters}
    known = {country: states for country, states in listed.items() if states}
    assert len(known) == 249 + 5  # ISO 3166-1; Kosovo twice, the United Nations, the European Union, Utopia
    assert all(len(state) == 3 and state.isupper() for states in known.values() for state in states - {"D"})
    assert [country for country, states in known.items() if "D" in states] == ["DE"]
    own = [state for states in known.values() for state in states]
    assert sorted({state for state in own if own.count(state) > 1}) == ["CHN", "GBD", "GBR", "HKG", "MAC", "RKS"]
    two = Certificate.parse(
        forge.csca(
            subject=x509.Name([x509.NameAttribute(x509.NameOID.COUNTRY_NAME, code) for code in ("VN", "LA")])
        ).der
    )
    assert country_of(two.subject) == ""


# ------------------------------------------------------------------------------------------- document type
def type_list(*types: str, version: bytes = b"\x02\x01\x00") -> bytes:
    return encode_tlv(0x30, version + encode_tlv(0x31, [encode_tlv(0x13, each.encode()) for each in types]))


@pytest.mark.parametrize(
    ("extension", "document_code", "code"),
    [
        (None, "ID", "trusted"),
        (type_list("ID"), None, "trusted"),
        (type_list("ID"), "ID", "trusted"),
        (type_list("P", "ID"), "ID", "trusted"),
        (type_list("I"), "ID", "trusted"),  # one letter stands for all that begin with it
        (type_list("P<"), "P<", "trusted"),
        (type_list("P"), "P", "trusted"),
        (type_list("P", "AC"), "ID", "document_type_not_allowed"),
        (type_list("ID"), "I", "document_type_not_allowed"),
        (type_list("PD"), "PP", "document_type_not_allowed"),
        (encode_tlv(0x30, encode_tlv(0x31, encode_tlv(0x13, b"P"))), "ID", "document_type_not_allowed"),
        (type_list(), "ID", "document_type_unreadable"),
        (b"\x30\x05\x02", "ID", "document_type_unreadable"),
    ],
)
def test_a_signer_keeps_to_its_types_of_documents(
    forge: Any, extension: bytes | None, document_code: str | None, code: str
) -> None:
    issuer = forge.csca()
    more = [] if extension is None else [(x509.UnrecognizedExtension(DOCUMENT_TYPE_LIST, extension), False)]
    sod = forge.ef_sod(forge.document_signer(issuer, more=more))
    result = verify_security_object(sod, store_of(issuer), forge.now, document_code=document_code)
    assert code_of(result) == code
    assert result.signature.is_successful


def test_what_fails_is_said_before_what_is_not_known(forge: Any) -> None:
    issuer = forge.csca(subject=forge.name("CSCA TEST", "XO"))
    more = [(x509.UnrecognizedExtension(DOCUMENT_TYPE_LIST, type_list("P")), True)]  # critical, and understood
    sod = forge.ef_sod(forge.document_signer(issuer, more=more))
    result = verify_security_object(sod, store_of(issuer), forge.now, document_code="ID", issuing_state="XOM")
    assert code_of(result) == "document_type_not_allowed"


# ------------------------------------------------------------------------------------------------ instant
def test_the_policy_says_whether_the_time_of_signing_or_today_counts(forge: Any) -> None:
    issuer = forge.csca()
    ended = forge.document_signer(issuer, not_after=datetime.datetime(2025, 1, 1, tzinfo=UTC))
    sod = forge.ef_sod(ended, signing_time=datetime.datetime(2024, 6, 1, tzinfo=UTC))
    for valid_at, code in ((ValidAt.SIGNING_TIME, "trusted"), (ValidAt.NOW, "signer_expired")):
        assert code_of(verify_security_object(sod, store_of(issuer), forge.now, valid_at=valid_at)) == code
    assert code_of(verify_security_object(sod, store_of(issuer), forge.now)) == "trusted"


# ------------------------------------------------------------------------------------------------- signer
def test_a_signer_is_found_in_the_directory_by_number_and_by_key(forge: Any) -> None:
    issuer = forge.csca()
    others = [forge.document_signer(issuer, number) for number in range(101, 104)]
    for options in ({"sid": "issuer"}, {"sid": "ski"}, {"issuer": forge.name("csca  UTOPIA test")}):
        signer = forge.document_signer(issuer)
        sod = forge.ef_sod(signer, certificates=[], **options)
        assert code_of(verify_security_object(sod, store_of(issuer), forge.now)) == "signer_certificate_absent"
        found = verify_security_object(sod, store_of(issuer, signers=[*others, signer]), forge.now)
        assert code_of(found) == "trusted"
        assert found.signer == Certificate.parse(signer.der)


def test_a_signer_without_the_extension_is_found_by_the_computed_key_identifier(forge: Any) -> None:
    issuer = forge.csca()
    named, plain = forge.document_signer(issuer), forge.document_signer(issuer, ski=False)  # one key
    sod = forge.ef_sod(named, sid="ski", certificates=[])
    assert Certificate.parse(plain.der).subject_key_identifier is None
    assert code_of(verify_security_object(sod, store_of(issuer, signers=[plain]), forge.now)) == "trusted"
    carried = forge.ef_sod(named, sid="ski", certificates=[issuer.der, plain.der])
    assert code_of(verify_security_object(carried, store_of(issuer), forge.now)) == "trusted"


def test_a_wrong_certificate_under_the_right_number_hides_nobody(forge: Any) -> None:
    issuer, impostor = forge.csca(), forge.csca("secp256r1", 5)
    signer = forge.document_signer(issuer)
    wrong = forge.document_signer(impostor, 105, serial=signer.certificate.serial_number)
    sod = forge.ef_sod(signer, certificates=[])
    for signers in ([wrong, signer], [signer, wrong]):
        assert code_of(verify_security_object(sod, store_of(issuer, signers=signers), forge.now)) == "trusted"
    assert code_of(verify_security_object(sod, store_of(issuer, signers=[wrong]), forge.now)) == "signature_wrong"


def test_a_signer_of_the_directory_is_not_trusted_because_it_is_there(forge: Any) -> None:
    signer = forge.document_signer(forge.csca())
    result = verify_security_object(forge.ef_sod(signer, certificates=[]), store_of(signers=[signer]), forge.now)
    assert result.signature.code is FindingCode.SIGNATURE_VALID
    assert code_of(result) == "issuer_unknown"


@pytest.mark.parametrize("ski", [True, False])
def test_an_authority_is_found_without_key_identifiers(forge: Any, ski: bool) -> None:
    issuer = forge.csca(ski=ski)
    for aki in (None, issuer.key):
        signer = forge.document_signer(issuer, aki=aki, ski=ski)
        assert code_of(verify_security_object(forge.ef_sod(signer), store_of(issuer), forge.now)) == "trusted"


def test_a_crowd_of_certificates_is_not_tried_without_end(forge: Any) -> None:
    issuer = forge.csca()
    signer = forge.document_signer(issuer)
    crowd = [forge.document_signer(issuer, 106, serial=number).der for number in range(1, 40)]
    assert (
        code_of(
            verify_security_object(forge.ef_sod(signer, certificates=[*crowd, signer.der]), store_of(issuer), forge.now)
        )
        == "signer_certificate_absent"
    )
