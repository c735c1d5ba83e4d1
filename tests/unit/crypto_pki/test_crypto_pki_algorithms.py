"""Keys and signatures that documents use rarely: DSA with and without parameters, odd RSA exponents, any PSS salt."""

import datetime
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from crypto.errors import CryptoError
from crypto.pki.certificate import Certificate
from crypto.pki.chain import verify_chain
from crypto.pki.findings import FindingCode, Outcome
from crypto.pki.passive_authentication import verify_security_object
from crypto.pki.trust_store import TrustStore
from crypto.signatures.algorithms import (
    AlgorithmIdentifier,
    SignatureScheme,
    parse_algorithm_identifier,
    signature_algorithm,
)
from crypto.signatures.dsa import DsaPublicKey
from crypto.signatures.hash_algorithms import HashAlgorithm
from crypto.signatures.public_key import RsaPublicKey, parse_certificate_key, parse_public_key
from crypto.wire.oid import encode_oid
from crypto.wire.tlv import encode_tlv, parse_tlv
from tests.unit.crypto_pki.explicit_keys import explicit_key_info, key_info_of, signed_again, without_parameters

DSA_WITH = {HashAlgorithm.SHA1: "1.2.840.10040.4.3"} | {
    each: f"2.16.840.1.101.3.4.3.{number}"
    for number, each in enumerate(
        (HashAlgorithm.SHA224, HashAlgorithm.SHA256, HashAlgorithm.SHA384, HashAlgorithm.SHA512), 1
    )
}


def store_of(*anchors: Any) -> TrustStore:
    store = TrustStore()
    for anchor in anchors:
        store.add(anchor.der, "made for a test")
    return store


def code_of_error(key_info: bytes) -> str:
    with pytest.raises(CryptoError) as error:
        parse_certificate_key(key_info)
    return error.value.code.name


# ---------------------------------------------------------------------------------------------------- DSA
@pytest.mark.parametrize("algorithm", list(DSA_WITH))
@pytest.mark.parametrize("scheme", ["dsa", "dsa-1024"])
def test_a_hash_of_any_length_fits_a_dsa_key_of_any_size(forge: Any, scheme: str, algorithm: HashAlgorithm) -> None:
    party = forge.csca(scheme)
    key = Certificate.parse(party.der).public_key()
    assert isinstance(key, DsaPublicKey)
    assert repr(key) == f"DsaPublicKey({2048 if scheme == 'dsa' else 1024} bits)"
    verifier = signature_algorithm(AlgorithmIdentifier(DSA_WITH[algorithm], None))
    assert (verifier.scheme, verifier.hash_algorithm) == (SignatureScheme.DSA, algorithm)
    signature = party.sign(b"signed", algorithm.label)
    assert verifier.verify(key, signature, b"signed")
    assert not verifier.verify(key, signature, b"Signed")
    for wrong in (b"", signature[:-1], signature + b"\0", b"\x30\x06\x02\x01\x00\x02\x01\x00"):
        assert not verifier.verify(key, wrong, b"signed")
    elliptic = Certificate.parse(forge.csca().der).public_key()
    assert not verifier.verify(elliptic, signature, b"signed")
    assert not signature_algorithm(AlgorithmIdentifier("1.2.840.10045.4.3.2", None)).verify(key, signature, b"signed")
    assert not signature_algorithm(AlgorithmIdentifier("1.2.840.113549.1.1.11", None)).verify(key, signature, b"signed")


def test_a_dsa_signature_of_openssl_verifies_here(tmp_path: Path) -> None:
    parameters = Path(__file__).parent / "dsa_2048_256.pem"
    (tmp_path / "data").write_bytes(b"signed by openssl")

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=tmp_path, check=True, capture_output=True)

    openssl("genpkey", "-paramfile", str(parameters), "-out", "key.pem")
    openssl("pkey", "-in", "key.pem", "-pubout", "-outform", "DER", "-out", "key.der")
    openssl("dgst", "-sha384", "-sign", "key.pem", "-out", "signature", "data")
    key = parse_certificate_key((tmp_path / "key.der").read_bytes())
    verifier = signature_algorithm(AlgorithmIdentifier("1.2.840.10040.4.1", None), HashAlgorithm.SHA384)
    signature = (tmp_path / "signature").read_bytes()
    assert verifier.verify(key, signature, b"signed by openssl")
    assert not verifier.verify(key, signature, b"signed by OpenSSL")


def test_a_signer_inherits_the_parameters_of_its_authority(forge: Any) -> None:
    authority = forge.csca("dsa")
    signer = forge.document_signer(authority)
    signer = signed_again(signer, authority, without_parameters(key_info_of(signer.der)))
    with pytest.raises(CryptoError, match=r"dsa\.parameters_absent"):
        Certificate.parse(signer.der).public_key()
    sod = forge.ef_sod(signer)
    assert verify_security_object(sod, store_of(authority), forge.now).finding.code is FindingCode.TRUSTED
    alone = verify_security_object(sod, store_of(), forge.now)
    assert alone.finding.code is FindingCode.ALGORITHM_UNSUPPORTED
    assert alone.finding.cause == "dsa.parameters_absent"
    assert alone.finding.outcome is Outcome.UNDETERMINED


def test_a_key_of_another_kind_has_no_parameters_to_inherit(forge: Any) -> None:
    authority = forge.csca("secp256r1")
    signer = forge.document_signer(authority, scheme="dsa")
    assert verify_security_object(forge.ef_sod(signer), store_of(authority), forge.now).is_trusted
    signer = signed_again(signer, authority, without_parameters(key_info_of(signer.der)))
    result = verify_security_object(forge.ef_sod(signer), store_of(authority), forge.now)
    assert (result.finding.code, result.finding.cause) == (FindingCode.ALGORITHM_UNSUPPORTED, "dsa.parameters_absent")


def dsa_key_info(p: int, q: int, g: int, y: int) -> bytes:
    numbers = [encode_tlv(0x02, each.to_bytes(each.bit_length() // 8 + 1, "big", signed=True)) for each in (p, q, g)]
    algorithm = encode_tlv(0x30, [encode_tlv(0x06, encode_oid("1.2.840.10040.4.1")), encode_tlv(0x30, numbers)])
    value = encode_tlv(0x02, y.to_bytes(y.bit_length() // 8 + 1, "big", signed=True))
    return encode_tlv(0x30, [algorithm, encode_tlv(0x03, b"\0" + value)])


def test_dsa_numbers_that_are_no_key_are_refused(forge: Any) -> None:
    numbers = forge.csca("dsa").key.public_key().public_numbers()
    domain = numbers.parameter_numbers
    p, q, g, y = domain.p, domain.q, domain.g, numbers.y
    assert isinstance(parse_certificate_key(dsa_key_info(p, q, g, y)), DsaPublicKey)
    for wrong in ((p, q, 1, y), (p, q, p - 1, y), (p, q, g + 1, y), (p, q + 2, g, y), (p, q, g, 1), (p, q, g, p - 1)):
        assert code_of_error(dsa_key_info(*wrong)) == "dsa.malformed"
    for wrong in ((p, q, g, 0), (p, q, g, -y), (p, q, g, y + p), (p, q, -g, y), (-p, q, g, y), (p, -q, g, y)):
        assert code_of_error(dsa_key_info(*wrong)) == "dsa.malformed"
    for wrong in ((3, q, g, y), (0, 0, 0, 0), (1 << 100_000, q, g, y), (p, 3, g, y)):
        assert code_of_error(dsa_key_info(*wrong)) == "dsa.unsupported"
    with pytest.raises(CryptoError, match=r"public_key\.unsupported"):
        parse_public_key(dsa_key_info(p, q, g, y))  # a chip's own key is never of this kind


# ---------------------------------------------------------------------------------------------------- RSA
@pytest.mark.parametrize("exponent", [3, 17, 38129, 56611, 107903, 65537, (1 << 64) + 13, (1 << 255) + 95])
def test_any_odd_exponent_verifies(exponent: int) -> None:
    # e = 38129, 56611 and 107903 are those of states in the public lists
    key = rsa_key_with(exponent)
    ours = RsaPublicKey(key.modulus, exponent)
    signature = pow(padded(b"signed", key.modulus_bytes), key.private, key.modulus).to_bytes(key.modulus_bytes, "big")
    verifier = signature_algorithm(AlgorithmIdentifier("1.2.840.113549.1.1.11", None))
    assert verifier.verify(ours, signature, b"signed")
    assert not verifier.verify(ours, signature, b"Signed")


class RsaNumbers:
    """An RSA key of 2048 bits with any exponent, from two primes of the crypto library."""

    def __init__(self, p: int, q: int, exponent: int) -> None:
        self.modulus = p * q
        self.modulus_bytes = (self.modulus.bit_length() + 7) // 8
        self.private = pow(exponent, -1, (p - 1) * (q - 1))


def rsa_key_with(exponent: int) -> RsaNumbers:
    while True:
        numbers = rsa.generate_private_key(65537, 2048).private_numbers()
        try:
            return RsaNumbers(numbers.p, numbers.q, exponent)
        except ValueError:  # not invertible: two other primes
            continue


def padded(data: bytes, size: int) -> int:
    """EMSA-PKCS1-v1_5 with SHA-256 (RFC 8017 §9.2)."""
    info = bytes.fromhex("3031300d060960864801650304020105000420") + HashAlgorithm.SHA256.digest(data)
    return int.from_bytes(b"\0\1" + b"\xff" * (size - 3 - len(info)) + b"\0" + info, "big")


@pytest.mark.parametrize("mask", ["sha1", "sha256", "sha512"])
@pytest.mark.parametrize("salt", [0, 1, 20, 32, 64, 222])
def test_any_salt_and_mask_of_pss_verifies(forge: Any, salt: int, mask: str) -> None:
    party = forge.csca("rsa-pss")
    hashed = {"sha1": hashes.SHA1(), "sha256": hashes.SHA256(), "sha512": hashes.SHA512()}  # noqa: S303
    signature = party.key.sign(b"signed", padding.PSS(padding.MGF1(hashed[mask]), salt), hashes.SHA256())
    key = Certificate.parse(party.der).public_key()
    for stated in {salt, 20, 32}:
        verifier = signature_algorithm(pss_identifier("sha256", mask, stated))
        assert verifier.verify(key, signature, b"signed") is (stated == salt)
        assert not verifier.verify(key, signature, b"Signed")


def pss_identifier(digest: str, mask: str, salt: int) -> AlgorithmIdentifier:
    by_label = {each.label: each for each in HashAlgorithm}

    def identifier(oid: str, parameters: bytes = b"") -> bytes:
        return encode_tlv(0x30, [encode_tlv(0x06, encode_oid(oid)), parameters])

    fields = [
        encode_tlv(0xA0, identifier(by_label[digest].oid)),
        encode_tlv(0xA1, identifier("1.2.840.113549.1.1.8", identifier(by_label[mask].oid))),
        encode_tlv(0xA2, encode_tlv(0x02, salt.to_bytes(2, "big"))),
    ]
    return parse_algorithm_identifier(parse_tlv(identifier("1.2.840.113549.1.1.10", encode_tlv(0x30, fields))))


# -------------------------------------------------------------------------------------------------- ECDSA
def test_a_signer_that_names_its_key_instead_of_an_algorithm_is_understood(forge: Any) -> None:
    party = forge.csca("brainpoolP384r1")
    key = Certificate.parse(party.der).public_key()
    signature = party.sign(b"signed", "sha384")
    by_key = signature_algorithm(AlgorithmIdentifier("1.2.840.10045.2.1", None), HashAlgorithm.SHA384)
    sha384 = parse_tlv(encode_tlv(0x30, encode_tlv(0x06, encode_oid(HashAlgorithm.SHA384.oid))))
    specified = signature_algorithm(AlgorithmIdentifier("1.2.840.10045.4.3", sha384))
    for verifier in (by_key, specified):
        assert verifier.verify(key, signature, b"signed")
        assert not verifier.verify(key, signature, b"Signed")
    with pytest.raises(CryptoError, match=r"signature\.algorithm_unsupported"):
        signature_algorithm(AlgorithmIdentifier("1.2.840.10045.4.3", None))


def test_an_authority_with_another_base_point_is_called_an_attack(forge: Any) -> None:
    """CVE-2020-0601: whoever chooses G = Q / d can sign for any public point Q."""
    right = forge.csca("explicit")
    attackers_number = 0x1234567
    point = right.key.public_key().public_numbers()
    from crypto.primitives.curves import Point, curve

    domain = curve("brainpoolP256r1")
    inverse = domain.private_key(pow(attackers_number, -1, domain.n))
    moved = inverse.multiply(Point(point.x, point.y))  # attackers_number · moved is the authority's public point
    forged = signed_again(right, right, explicit_key_info(right.key.public_key(), (moved.x, moved.y)))
    signer = Certificate.parse(forge.document_signer(right).der)
    result = verify_chain(signer, store_of(forged), datetime.datetime(2026, 6, 1, tzinfo=datetime.UTC))
    assert result.finding.code is FindingCode.CURVE_MANIPULATED
    assert result.finding.outcome is Outcome.FAILED
    assert verify_chain(signer, store_of(forged, right), forge.now).finding.code is FindingCode.TRUSTED
