"""Passive authentication over a matrix of algorithms, and each way in which it can fail, with its own code."""

import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.errors import CryptoError
from crypto.pki.certificate import Certificate
from crypto.pki.findings import FindingCode, Outcome
from crypto.pki.passive_authentication import (
    PassiveAuthenticationResult,
    compare_hashes,
    read_security_object,
    verify_security_object,
)
from crypto.pki.security_object import parse_security_object
from crypto.pki.trust_store import TrustStore
from crypto.wire.tlv import encode_tlv, parse_tlv

HASHES = ("sha1", "sha224", "sha256", "sha384", "sha512")
SCHEMES = ("rsa-pkcs1", "rsa-pss", "secp256r1", "secp384r1", "brainpoolP256r1", "brainpoolP384r1")


def store_of(*parties: Any) -> TrustStore:
    store = TrustStore()
    for party in parties:
        store.add(party.der, "made for a test")
    return store


def judge(forge: Any, ef_sod: bytes, *anchors: Any, at: datetime.datetime | None = None) -> PassiveAuthenticationResult:
    return verify_security_object(ef_sod, store_of(*anchors), at or forge.now)


def code_of(result: PassiveAuthenticationResult) -> str:
    return result.finding.code.value.removeprefix("passive_authentication.")


@pytest.mark.parametrize("version", [0, 1])
@pytest.mark.parametrize("hash_name", HASHES)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_right_security_object_is_trusted(forge: Any, scheme: str, hash_name: str, version: int) -> None:
    issuer = forge.csca(scheme)
    signer = forge.document_signer(issuer)
    result = judge(forge, forge.ef_sod(signer, hash_name=hash_name, version=version), issuer)
    assert code_of(result) == "trusted"
    assert result.is_trusted
    assert result.signature.code is FindingCode.SIGNATURE_VALID
    assert result.anchor is not None
    assert result.anchor.certificate.encoded == issuer.der
    assert result.anchor.provenance == "made for a test"
    assert result.anchor.is_test
    assert result.signer == Certificate.parse(signer.der)
    assert result.security_object is not None
    assert result.security_object.hash_algorithm.label == hash_name
    assert (result.security_object.lds_version, result.security_object.unicode_version) == (
        ("0108", "040000") if version else (None, None)
    )
    assert {finding.code for finding in compare_hashes(result.security_object, forge.groups).values()} == {
        FindingCode.HASH_MATCH
    }


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_changed_security_object_fails(forge: Any, scheme: str) -> None:
    issuer = forge.csca(scheme)
    signer = forge.document_signer(issuer)
    flipped = forge.ef_sod(signer, change_signature=lambda octets: octets[:-1] + bytes([octets[-1] ^ 1]))
    assert code_of(judge(forge, flipped, issuer)) == "signature_wrong"
    sod = forge.ef_sod(signer)
    position = sod.index(b"\x02\x01\x0d\x04\x20") + 5  # the hash of DG13
    changed = sod[:position] + bytes([sod[position] ^ 1]) + sod[position + 1 :]
    result = judge(forge, changed, issuer)
    assert code_of(result) == "content_digest_mismatch"
    assert result.finding.outcome is Outcome.FAILED
    assert result.chain.code is FindingCode.TRUSTED


def test_changed_attributes_fail(forge: Any) -> None:
    issuer = forge.csca()
    signer = forge.document_signer(issuer)
    early, late = (datetime.datetime(2025, month, 1, tzinfo=datetime.UTC) for month in (1, 2))
    sod = forge.ef_sod(signer, signing_time=early)
    changed = sod.replace(early.strftime("%y%m%d").encode(), late.strftime("%y%m%d").encode(), 1)
    assert changed != sod
    assert code_of(judge(forge, changed, issuer)) == "signature_wrong"


def test_each_thing_wrong_with_the_message_has_its_own_code(forge: Any) -> None:
    issuer = forge.csca()
    signer = forge.document_signer(issuer)
    wrong = {
        "attribute_missing": [{"drop": ("content_type",)}, {"drop": ("digest",)}, {"drop": ("all",)}],
        "content_type_mismatch": [{"content_type": "1.2.840.113549.1.7.1"}],
        "content_digest_mismatch": [{"digest": bytes(32)}, {"digest": b""}, {"digest": bytes(31)}],
        "signature_wrong": [{"change_signature": lambda _: b""}, {"change_signature": lambda octets: octets + b"\0"}],
        "malformed": [
            {"outer_content_type": "1.2.840.113549.1.7.1"},
            {"content": b""},
            {"content": b"\x30\x00"},
            {"content": forge.security_object({})},
            {"content": forge.security_object({0: b""})},
            {"content": forge.security_object({17: b""})},
            {"content": forge.security_object({1: b""}) + b"\0"},
        ],
        "version_unsupported": [{"content": forge.security_object(forge.groups, version=2)}],
    }
    for code, many in wrong.items():
        for changes in many:
            assert code_of(judge(forge, forge.ef_sod(signer, **changes), issuer)) == code, (code, changes)


def test_doubled_attributes_and_values_are_refused(forge: Any) -> None:
    issuer = forge.csca()
    signer = forge.document_signer(issuer)
    content = forge.security_object(forge.groups)
    content_type = forge.attribute("1.2.840.113549.1.9.3", forge.oid("2.23.136.1.1.1"))
    import hashlib

    digest = encode_tlv(0x04, hashlib.sha256(content).digest())
    two_values = forge.attribute("1.2.840.113549.1.9.4", encode_tlv(0x04, bytes(32)), digest)
    one_value = forge.attribute("1.2.840.113549.1.9.4", digest)
    as_text = forge.attribute("1.2.840.113549.1.9.4", encode_tlv(0x0C, hashlib.sha256(content).digest()))
    cases = {
        "attribute_missing": [[content_type, two_values], [content_type, as_text]],
        "malformed": [[content_type, one_value, one_value]],
        "trusted": [[content_type, one_value]],
    }
    for code, many in cases.items():
        for attributes in many:
            sod = forge.ef_sod(signer, content=content, attributes=attributes)
            assert code_of(judge(forge, sod, issuer)) == code


def test_attributes_sent_in_another_order_than_they_were_signed_still_verify(forge: Any) -> None:
    issuer = forge.csca()
    signer = forge.document_signer(issuer)
    when = datetime.datetime(2025, 1, 1, tzinfo=datetime.UTC)
    sod = forge.ef_sod(signer, signing_time=when, sent_attributes=lambda kept: b"".join(sorted(kept, reverse=True)))
    result = judge(forge, sod, issuer)
    assert code_of(result) == "trusted"
    assert result.signing_time == when


def test_a_signer_is_found_by_issuer_and_serial_number_or_by_key_identifier(forge: Any) -> None:
    issuer = forge.csca()
    signer, other = forge.document_signer(issuer), forge.document_signer(issuer, 101)
    for sid in ("issuer", "ski"):
        for carried in ([signer.der, other.der], [other.der, signer.der], [other.der, issuer.der, signer.der]):
            result = judge(forge, forge.ef_sod(signer, sid=sid, certificates=carried), issuer)
            assert code_of(result) == "trusted"
            assert result.signer == Certificate.parse(signer.der)


def test_a_signer_named_otherwise_than_in_its_certificate_is_the_only_one_there(forge: Any) -> None:
    # Seen in real documents: the issuer's name is spelt differently in the signer's identifier.
    issuer = forge.csca()
    signer, other = forge.document_signer(issuer), forge.document_signer(issuer, 101)
    shouted = forge.name("csca  UTOPIA test")
    strange = forge.name("Somebody else TEST")
    assert code_of(
        judge(forge, forge.ef_sod(signer, issuer=shouted, certificates=[other.der, signer.der]), issuer)
    ) == ("trusted")
    assert code_of(judge(forge, forge.ef_sod(signer, issuer=strange), issuer)) == "trusted"
    ambiguous = forge.ef_sod(signer, issuer=strange, certificates=[other.der, signer.der])
    assert code_of(judge(forge, ambiguous, issuer)) == "signer_certificate_absent"


def test_a_signer_certificate_may_come_from_elsewhere(forge: Any) -> None:
    issuer = forge.csca()
    signer = forge.document_signer(issuer)
    sod = forge.ef_sod(signer, certificates=[])
    alone = judge(forge, sod, issuer)
    assert code_of(alone) == "signer_certificate_absent"
    assert alone.finding.outcome is Outcome.UNDETERMINED
    assert alone.security_object is not None
    known = [Certificate.parse(forge.document_signer(issuer, 101).der), Certificate.parse(signer.der)]
    assert code_of(verify_security_object(sod, store_of(issuer), forge.now, known)) == "trusted"


def test_a_second_signature_may_be_the_one_that_counts(forge: Any) -> None:
    issuer, unknown = forge.csca(), forge.csca("secp384r1", 7, subject=forge.name("CSCA Elsewhere TEST"))
    trusted, stranger = forge.document_signer(issuer), forge.document_signer(unknown, 107)
    content = forge.security_object(forge.groups)
    infos = [forge.signer_info(each, content, "sha256") for each in (stranger, trusted)]
    sod = encode_tlv(0x77, forge.signed_data(content, [stranger.der, trusted.der], infos))
    assert code_of(judge(forge, sod, issuer)) == "trusted"
    assert code_of(judge(forge, sod)) == "issuer_unknown"
    unsigned = encode_tlv(0x77, forge.signed_data(content, [trusted.der], []))
    assert code_of(judge(forge, unsigned, issuer)) == "malformed"
    crowd = encode_tlv(0x77, forge.signed_data(content, [trusted.der], infos * 5))
    assert code_of(judge(forge, crowd, issuer)) == "malformed"


def test_no_anchor_means_undetermined_and_never_failed(forge: Any) -> None:
    issuer = forge.csca()
    result = judge(forge, forge.ef_sod(forge.document_signer(issuer)))
    assert result.signature.code is FindingCode.SIGNATURE_VALID
    assert result.chain.code is FindingCode.ISSUER_UNKNOWN
    assert result.finding.outcome is Outcome.UNDETERMINED
    assert not result.is_trusted
    assert result.anchor is None


def test_a_wrong_signature_outweighs_an_unknown_issuer(forge: Any) -> None:
    signer = forge.document_signer(forge.csca())
    result = judge(forge, forge.ef_sod(signer, digest=bytes(32)))
    assert result.chain.outcome is Outcome.UNDETERMINED
    assert code_of(result) == "content_digest_mismatch"


def test_an_algorithm_that_is_not_here_leaves_the_question_open(forge: Any) -> None:
    issuer = forge.csca()
    signer = forge.document_signer(issuer)
    sod = forge.ef_sod(signer)
    ecdsa_sha256 = bytes.fromhex("2a8648ce3d040302")
    assert sod.count(ecdsa_sha256) == 3  # twice in the certificate, once for the security object
    head, tail = sod[: sod.rindex(ecdsa_sha256)], sod[sod.rindex(ecdsa_sha256) + 8 :]
    result = judge(forge, head + bytes.fromhex("2a8648ce3d04037f") + tail, issuer)
    assert code_of(result) == "algorithm_unsupported"
    assert result.finding.cause == "signature.algorithm_unsupported"
    assert result.finding.outcome is Outcome.UNDETERMINED
    sha256 = bytes.fromhex("608648016503040201")
    unknown_hash = sod.replace(sha256, bytes.fromhex("60864801650304027f"))
    result = judge(forge, unknown_hash, issuer)
    assert code_of(result) == "algorithm_unsupported"
    assert result.finding.cause == "hash.unsupported"


def test_certificates_are_judged_at_the_time_of_signing_if_it_is_stated(forge: Any) -> None:
    issuer = forge.csca()
    signer = forge.document_signer(issuer, not_after=datetime.datetime(2025, 1, 1, tzinfo=datetime.UTC))
    while_valid = datetime.datetime(2024, 6, 1, tzinfo=datetime.UTC)
    after = datetime.datetime(2025, 6, 1, tzinfo=datetime.UTC)
    future = forge.now + datetime.timedelta(days=365)
    assert code_of(judge(forge, forge.ef_sod(signer), issuer)) == "signer_expired"
    assert code_of(judge(forge, forge.ef_sod(signer), issuer, at=while_valid)) == "trusted"
    assert code_of(judge(forge, forge.ef_sod(signer, signing_time=while_valid), issuer)) == "trusted"
    assert code_of(judge(forge, forge.ef_sod(signer, signing_time=after), issuer)) == "signer_expired"
    assert code_of(judge(forge, forge.ef_sod(signer, signing_time=future), issuer)) == "signer_expired"


def test_hashes_are_compared_over_the_files_as_read(forge: Any) -> None:
    issuer = forge.csca()
    listed = read_security_object(forge.ef_sod(forge.document_signer(issuer)))
    files = dict(forge.groups)
    files[13] = files[13][:-1] + b"!"
    files[15] = b"\x6f\x00"
    del files[2]
    found = compare_hashes(listed, files)
    assert {number: finding.code.value for number, finding in found.items()} == {
        1: "data_group_hash.match",
        2: "data_group_hash.not_read",
        13: "data_group_hash.mismatch",
        15: "data_group_hash.not_listed",
    }
    assert [finding.outcome.value for finding in found.values()] == [
        "successful",
        "undetermined",
        "failed",
        "failed",
    ]
    assert list(found) == [1, 2, 13, 15]


def test_trailing_bytes_change_a_hash(forge: Any) -> None:
    listed = read_security_object(forge.ef_sod(forge.document_signer(forge.csca())))
    assert compare_hashes(listed, {1: forge.groups[1] + b"\0"})[1].code is FindingCode.HASH_MISMATCH
    assert compare_hashes(listed, {1: b""})[1].code is FindingCode.HASH_MISMATCH


def test_a_group_twice_or_a_hash_of_the_wrong_length_is_malformed(forge: Any) -> None:
    good = forge.security_object({1: b"a", 2: b"b"})
    for changed in (
        good.replace(b"\x02\x01\x02\x04\x20", b"\x02\x01\x01\x04\x20"),
        good.replace(bytes.fromhex("608648016503040201"), bytes.fromhex("608648016503040202")),
        good[:-1],
        b"\x31" + good[1:],
    ):
        with pytest.raises(CryptoError) as error:
            parse_security_object(changed)
        assert error.value.code.name == "security_object.malformed"


def indefinite(octets: bytes, depth: int) -> bytes:
    """The same in BER with indefinite lengths for the outermost levels, and the content in two segments."""
    tlv = parse_tlv(octets)
    if not tlv.is_constructed or depth == 0:
        return octets
    children = b"".join(indefinite(child.encoded, depth - 1) for child in tlv.children())
    return octets[:1] + b"\x80" + children + b"\0\0"


@pytest.mark.parametrize("depth", [1, 2, 3, 4, 5])
def test_indefinite_lengths_are_tolerated(forge: Any, depth: int) -> None:
    issuer = forge.csca()
    sod = forge.ef_sod(forge.document_signer(issuer))
    content = parse_tlv(sod).value
    ber = encode_tlv(0x77, indefinite(content, depth))
    assert b"\x80" in ber[:8]
    assert code_of(judge(forge, ber, issuer)) == "trusted"


def test_content_in_segments_is_put_together(forge: Any) -> None:
    issuer = forge.csca()
    signer = forge.document_signer(issuer)
    sod = forge.ef_sod(signer)
    content = forge.security_object(forge.groups)
    whole = encode_tlv(0xA0, encode_tlv(0x04, content))
    segments = b"\xa0\x80\x24\x80" + encode_tlv(0x04, content[:7]) + encode_tlv(0x04, content[7:]) + bytes(4)
    inner = parse_tlv(parse_tlv(sod).value).value.replace(whole, segments)
    # the outer lengths must not lie: everything around the segments is indefinite too
    assert segments in inner
    parts = parse_tlv(parse_tlv(parse_tlv(sod).value).children()[1].value).children()
    rebuilt = b"".join(part.encoded for part in parts[:2])
    rebuilt += b"\x30\x80" + parts[2].children()[0].encoded + segments + b"\0\0"
    rebuilt += b"".join(part.encoded for part in parts[3:])
    ber = b"\x30\x80" + parse_tlv(parse_tlv(sod).value).children()[0].encoded
    ber += b"\xa0\x80\x30\x80" + rebuilt + bytes(6)
    assert code_of(judge(forge, encode_tlv(0x77, ber), issuer)) == "trusted"


def test_a_malformed_signer_certificate_is_a_finding(forge: Any) -> None:
    issuer = forge.csca()
    signer = forge.document_signer(issuer)
    broken = signer.der.replace(b"\x17\x0d24", b"\x17\x0dXX")
    assert broken != signer.der
    result = judge(forge, forge.ef_sod(signer, certificates=[broken]), issuer)
    assert (code_of(result), result.signature.cause) == ("signer_malformed", "certificate.malformed")
    assert code_of(judge(forge, forge.ef_sod(signer, certificates=[broken, signer.der]), issuer)) == "trusted"


def test_a_malformed_signing_time_is_no_signing_time(forge: Any) -> None:
    issuer = forge.csca()
    signer = forge.document_signer(issuer)
    when = datetime.datetime(2025, 1, 1, tzinfo=datetime.UTC)
    sod = forge.ef_sod(signer, signing_time=when).replace(b"\x17\x0d250101", b"\x17\x0d251301")
    result = judge(forge, sod, issuer)
    assert result.signing_time is None
    assert code_of(result) == "signature_wrong"


@pytest.mark.parametrize("content", [encode_tlv(0x30, b""), encode_tlv(0x0C, b"text")])
def test_a_content_of_another_type_is_malformed(forge: Any, content: bytes) -> None:
    sod = forge.ef_sod(forge.document_signer(forge.csca()), content=b"*" * len(content))
    changed = sod.replace(encode_tlv(0x04, b"*" * len(content)), content + b"\x05\x00", 1)
    assert code_of(judge(forge, changed)) == "malformed"
    data = sod.replace(bytes.fromhex("2a864886f70d010702"), bytes.fromhex("2a864886f70d010701"), 1)
    assert code_of(judge(forge, data)) == "malformed"  # id-data where id-signedData belongs


@pytest.fixture(scope="module", params=["rsa-pss", "brainpoolP256r1"])
def one_document(request: pytest.FixtureRequest, forge: Any) -> tuple[Any, bytes]:
    """An issuer and one EF.SOD, the same for every example."""
    issuer = forge.csca(request.param)
    return issuer, forge.ef_sod(forge.document_signer(issuer))


@settings(max_examples=60)
@given(data=st.data())
def test_a_mutated_security_object_is_judged_and_never_trusted_with_other_hashes(
    forge: Any, one_document: tuple[Any, bytes], data: st.DataObject
) -> None:
    issuer, sod = one_document
    octets = bytearray(sod)
    for _ in range(data.draw(st.integers(1, 3))):
        octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))
    result = judge(forge, bytes(octets), issuer)
    if result.is_trusted:
        assert result.security_object is not None
        assert result.security_object.hashes == read_security_object(sod).hashes


def test_old_content_types_are_accepted_if_they_agree(forge: Any) -> None:
    issuer = forge.csca()
    signer = forge.document_signer(issuer)
    old = "1.2.528.1.1006.1.20.1"
    assert code_of(judge(forge, forge.ef_sod(signer, outer_content_type=old, content_type=old), issuer)) == "trusted"
    assert code_of(judge(forge, forge.ef_sod(signer, outer_content_type=old), issuer)) == "content_type_mismatch"


def test_a_file_that_is_no_security_object_is_malformed_and_not_an_exception(forge: Any) -> None:
    for octets in (
        b"",
        b"\x77",
        b"\x77\x00",
        b"\x30\x00",
        b"\x77\x02\x30\x00",
        b"\x77\x84\xff\xff\xff\xff",
        b"\0" * 50,
    ):
        result = judge(forge, octets)
        assert code_of(result) == "malformed"
        assert result.security_object is None
        with pytest.raises(CryptoError):
            read_security_object(octets)


def test_nothing_is_shown_of_hashes_and_signatures(forge: Any) -> None:
    issuer = forge.csca()
    result = judge(forge, forge.ef_sod(forge.document_signer(issuer)), issuer)
    assert result.security_object is not None
    shown = repr(result)
    assert "SecurityObject(version 0, sha256, DG1, DG2, DG13)" in shown
    assert all(value.hex() not in shown for value in result.security_object.hashes.values())
