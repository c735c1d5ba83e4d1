"""Certificates, names, times and indefinite lengths, field by field."""

import datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.errors import CryptoError, WireError
from crypto.pki.ber import to_definite_lengths
from crypto.pki.certificate import Certificate, read_time
from crypto.pki.extensions import KeyUsage
from crypto.pki.names import COMMON_NAME, COUNTRY, Name, parse_name
from crypto.wire.oid import encode_oid
from crypto.wire.tlv import encode_tlv, parse_tlv


def test_fields_are_those_that_the_crypto_library_reads(forge: Any) -> None:
    for party in (
        forge.csca(),
        forge.document_signer(forge.csca("rsa-pss")),
        forge.csca("brainpoolP384r1", is_authority=None),
    ):
        ours, theirs = Certificate.parse(party.der), party.certificate
        assert ours.encoded == theirs.public_bytes(Encoding.DER)
        assert ours.tbs == theirs.tbs_certificate_bytes
        assert ours.signature == theirs.signature
        assert ours.serial_number == theirs.serial_number
        assert (ours.not_before, ours.not_after) == (theirs.not_valid_before_utc, theirs.not_valid_after_utc)
        assert ours.signature_algorithm.oid == theirs.signature_algorithm_oid.dotted_string
        assert ours.public_key().native() == theirs.public_key()
        assert set(ours.extensions) == {extension.oid.dotted_string for extension in theirs.extensions}
        assert ours.subject.values(COMMON_NAME) == tuple(
            each.value for each in theirs.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        )
        ski = theirs.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        assert ours.subject_key_identifier == ski.digest
        assert ours.sha256 == theirs.fingerprint(x509.base.hashes.SHA256())


def test_constraints_and_usages_are_read(forge: Any) -> None:
    authority, signer = Certificate.parse(forge.csca().der), Certificate.parse(forge.document_signer(forge.csca()).der)
    assert (authority.is_authority, authority.path_length) == (True, 0)
    assert authority.key_usage == KeyUsage.KEY_CERT_SIGN | KeyUsage.CRL_SIGN
    assert (signer.is_authority, signer.path_length) == (None, None)
    assert signer.key_usage == KeyUsage.DIGITAL_SIGNATURE
    assert signer.authority_key_identifier == authority.subject_key_identifier
    assert authority.is_self_issued
    assert not signer.is_self_issued
    assert authority.unknown_critical_extensions == ()
    none = Certificate.parse(forge.csca(is_authority=False, usage=None, ski=False).der)
    assert (none.is_authority, none.path_length, none.key_usage, none.subject_key_identifier) == (
        False,
        None,
        None,
        None,
    )


def test_certificates_are_equal_if_their_octets_are(forge: Any) -> None:
    der = forge.csca().der
    assert Certificate.parse(der) == Certificate.parse(bytes(bytearray(der)))
    assert len({Certificate.parse(der), Certificate.parse(der)}) == 1
    assert Certificate.parse(der) != Certificate.parse(forge.csca(serial=5).der)
    assert repr(Certificate.parse(der)) == "Certificate(C=UT, O=Utopia TEST, CN=CSCA Utopia TEST, serial 1)"
    assert Certificate.parse(der).public_key() is not None


def test_a_certificate_whose_two_algorithms_differ_is_malformed(forge: Any) -> None:
    der = forge.csca().der
    oid = bytes.fromhex("2a8648ce3d040302")
    assert der.count(oid) == 2
    changed = der[: der.rindex(oid)] + bytes.fromhex("2a8648ce3d040303") + der[der.rindex(oid) + 8 :]
    with pytest.raises(CryptoError) as error:
        Certificate.parse(changed)
    assert error.value.code.name == "certificate.malformed"


def test_every_truncation_of_a_certificate_is_a_crypto_error(forge: Any) -> None:
    der = forge.document_signer(forge.csca()).der
    for length in range(len(der)):
        with pytest.raises(CryptoError):
            Certificate.parse(der[:length])
    with pytest.raises(CryptoError):
        Certificate.parse(der + b"\0")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("0603551d0f0101ff040403020106", "0603551d0f0101ff040403020806"),  # keyUsage: nine unused bits
        ("0603551d0f0101ff040403020106", "0603551d0f0101ff040403030106"),
        ("0603551d0f", "0603551d13"),  # basicConstraints twice
        ("0603551d130101ff0408300601", "0603551d130101ff0408310601"),
        ("034200", "034201"),  # a public key with unused bits is found out by public_key()
    ],
)
def test_malformed_extensions_and_keys_are_crypto_errors(forge: Any, before: str, after: str) -> None:
    der = forge.csca().der
    changed = der.replace(bytes.fromhex(before), bytes.fromhex(after), 1)
    assert changed != der
    with pytest.raises(CryptoError) as error:
        Certificate.parse(changed).public_key()
    assert error.value.code.name in ("certificate.malformed", "public_key.malformed")


def test_a_certificate_without_extensions_is_read(forge: Any) -> None:
    bare = Certificate.parse(forge.csca(is_authority=None, usage=None, ski=False).der)
    assert dict(bare.extensions) == {}
    assert bare.is_authority is None


def utf8(kind: str, text: str, tag: int = 0x0C, encoding: str = "utf-8") -> bytes:
    pair = encode_tlv(0x30, [encode_tlv(0x06, encode_oid(kind)), encode_tlv(tag, text.encode(encoding))])
    return encode_tlv(0x31, pair)


def name_of(*relative: bytes) -> Name:
    return parse_name(parse_tlv(encode_tlv(0x30, relative)))


def test_names_are_compared_without_case_spaces_and_string_types() -> None:
    # RFC 5280 §7.1
    plain = name_of(utf8(COUNTRY, "VN", 0x13), utf8(COMMON_NAME, "CSCA Việt Nam TEST"))
    same = name_of(utf8(COUNTRY, "vn"), utf8(COMMON_NAME, "  csca   VIỆT nam test ", 0x1E, "utf-16-be"))
    assert plain.canonical == same.canonical
    assert plain != same
    other_order = name_of(utf8(COMMON_NAME, "CSCA Việt Nam TEST"), utf8(COUNTRY, "VN"))
    assert other_order.canonical != plain.canonical
    assert str(plain) == "C=VN, CN=CSCA Việt Nam TEST"
    assert name_of().canonical == ()


def test_attributes_of_one_set_have_no_order() -> None:
    first, second = (
        encode_tlv(0x30, [encode_tlv(0x06, encode_oid(kind)), encode_tlv(0x0C, text)])
        for kind, text in ((COMMON_NAME, b"a"), ("2.5.4.5", b"1"))
    )
    assert name_of(encode_tlv(0x31, first + second)).canonical == name_of(encode_tlv(0x31, second + first)).canonical


def test_a_name_is_shown_on_one_line_and_cannot_pretend_to_be_two_attributes() -> None:
    assert (
        str(name_of(utf8(COMMON_NAME, "a, O=Trusted\nline\\"))) == "CN=a\\, O=Trusted\N{REPLACEMENT CHARACTER}line\\\\"
    )
    assert str(name_of(utf8("1.2.3.4", "x", 0x04))) == "1.2.3.4=#040178"
    assert str(name_of(utf8(COMMON_NAME, "é", 0x14, "latin-1"))) == "CN=é"
    assert str(name_of(utf8(COMMON_NAME, "é", 0x0C, "latin-1"))) == "CN=é"  # mislabelled, as some real ones are


@pytest.mark.parametrize(
    ("tag", "text", "expected"),
    [
        (0x17, "491231235959Z", (2049, 12, 31, 23, 59, 59)),
        (0x17, "500101000000Z", (1950, 1, 1, 0, 0, 0)),
        (0x17, "0801282300Z", (2008, 1, 28, 23, 0, 0)),
        (0x18, "20491231235959Z", (2049, 12, 31, 23, 59, 59)),
        (0x18, "99991231235959Z", (9999, 12, 31, 23, 59, 59)),
        (0x18, "20200229120000.123Z", (2020, 2, 29, 12, 0, 0)),
    ],
)
def test_times_are_read_as_rfc_5280_says(tag: int, text: str, expected: tuple[int, ...]) -> None:
    moment = read_time(parse_tlv(encode_tlv(tag, text.encode())))
    assert moment == datetime.datetime(*expected, tzinfo=datetime.UTC)  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        (0x17, ""),
        (0x17, "20200101000000Z"),
        (0x17, "200101000000"),
        (0x17, "200101000000+0100"),
        (0x17, "200230000000Z"),
        (0x17, "２００１０１００００００Z"),
        (0x18, "00000101000000Z"),
        (0x18, "200101000000Z"),
        (0x18, "20200101240000Z"),
        (0x13, "200101000000Z"),
    ],
)
def test_what_is_no_time_is_refused(tag: int, text: str) -> None:
    with pytest.raises(CryptoError) as error:
        read_time(parse_tlv(encode_tlv(tag, text.encode())))
    assert error.value.code.name == "certificate.malformed"


TREES = st.recursive(
    st.tuples(st.sampled_from([0x02, 0x04, 0x0C, 0x80]), st.binary(max_size=20)),
    lambda children: st.tuples(st.sampled_from([0x30, 0x31, 0xA0, 0x24]), st.lists(children, max_size=4)),
    max_leaves=12,
)


def definite(tree: Any) -> bytes:
    tag, content = tree
    return encode_tlv(tag, content if isinstance(content, bytes) else [definite(child) for child in content])


def some_indefinite(tree: Any, choices: Any) -> bytes:
    tag, content = tree
    if isinstance(content, bytes):
        return encode_tlv(tag, content)
    inner = b"".join(some_indefinite(child, choices) for child in content)
    return bytes([tag, 0x80]) + inner + b"\0\0" if choices.draw(st.booleans()) else encode_tlv(tag, inner)


@settings(max_examples=50)
@given(TREES, st.data())
def test_indefinite_lengths_become_definite_and_definite_ones_stay(tree: Any, choices: st.DataObject) -> None:
    assert to_definite_lengths(definite(tree)) == definite(tree)
    assert to_definite_lengths(some_indefinite(tree, choices)) == definite(tree)


@pytest.mark.parametrize(
    "octets",
    [
        "3080",
        "308000",
        "30800000ff",
        "04800000",
        "30800480",
        "308004020000",
        "30068004040000",
        "30800401",
        "3004308000",
        "",
    ],
)
def test_malformed_indefinite_lengths_are_refused(octets: str) -> None:
    with pytest.raises(WireError):
        to_definite_lengths(bytes.fromhex(octets))


@given(st.binary(max_size=100))
def test_arbitrary_octets_raise_only_a_wire_error(octets: bytes) -> None:
    try:
        once = to_definite_lengths(octets)
    except WireError:
        return
    assert to_definite_lengths(once) == once
