"""Signature algorithms by identifier, judged by signatures of the crypto library and of the openssl command."""

import itertools
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from crypto.errors import CryptoError
from crypto.signatures.algorithms import (
    AlgorithmIdentifier,
    SignatureAlgorithm,
    SignatureScheme,
    parse_algorithm_identifier,
    signature_algorithm,
)
from crypto.signatures.ecdsa_plain import der_to_plain
from crypto.signatures.hash_algorithms import HashAlgorithm
from crypto.signatures.public_key import EcPublicKey, PublicKey, RsaPublicKey, parse_public_key
from crypto.wire.oid import encode_oid
from crypto.wire.tlv import encode_tlv, parse_tlv

DATA = b"signed attributes"
RSA_KEY = rsa.generate_private_key(65537, 2048)
EC_KEY = ec.generate_private_key(ec.BrainpoolP384R1())
HASHES = {
    HashAlgorithm.SHA1: hashes.SHA1(),  # noqa: S303
    HashAlgorithm.SHA224: hashes.SHA224(),
    HashAlgorithm.SHA256: hashes.SHA256(),
    HashAlgorithm.SHA384: hashes.SHA384(),
    HashAlgorithm.SHA512: hashes.SHA512(),
}
OID = x509.SignatureAlgorithmOID
PKCS1 = {
    OID.RSA_WITH_SHA1: HashAlgorithm.SHA1,
    OID.RSA_WITH_SHA224: HashAlgorithm.SHA224,
    OID.RSA_WITH_SHA256: HashAlgorithm.SHA256,
    OID.RSA_WITH_SHA384: HashAlgorithm.SHA384,
    OID.RSA_WITH_SHA512: HashAlgorithm.SHA512,
}
ECDSA = {
    OID.ECDSA_WITH_SHA1: HashAlgorithm.SHA1,
    OID.ECDSA_WITH_SHA224: HashAlgorithm.SHA224,
    OID.ECDSA_WITH_SHA256: HashAlgorithm.SHA256,
    OID.ECDSA_WITH_SHA384: HashAlgorithm.SHA384,
    OID.ECDSA_WITH_SHA512: HashAlgorithm.SHA512,
}


def ours(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> PublicKey:
    return parse_public_key(key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def named(oid: str) -> AlgorithmIdentifier:
    return AlgorithmIdentifier(oid, None)


def judged_right_and_only_so(algorithm: SignatureAlgorithm, key: PublicKey, signature: bytes) -> None:
    assert algorithm.verify(key, signature, DATA)
    assert not algorithm.verify(key, signature, DATA + b".")
    assert not algorithm.verify(key, signature[:-1] + bytes([signature[-1] ^ 1]), DATA)
    assert not algorithm.verify(key, signature[:-1], DATA)
    assert not algorithm.verify(key, b"", DATA)


@pytest.mark.parametrize(("oid", "algorithm"), PKCS1.items(), ids=lambda each: getattr(each, "label", ""))
def test_rsa_with_pkcs1_padding(oid: x509.ObjectIdentifier, algorithm: HashAlgorithm) -> None:
    signature = RSA_KEY.sign(DATA, padding.PKCS1v15(), HASHES[algorithm])
    found = signature_algorithm(named(oid.dotted_string))
    assert found == SignatureAlgorithm(SignatureScheme.RSA_PKCS1_V15, algorithm)
    judged_right_and_only_so(found, ours(RSA_KEY), signature)


@pytest.mark.parametrize(("oid", "algorithm"), ECDSA.items(), ids=lambda each: getattr(each, "label", ""))
def test_ecdsa_in_der_and_plain(oid: x509.ObjectIdentifier, algorithm: HashAlgorithm) -> None:
    key = ours(EC_KEY)
    assert isinstance(key, EcPublicKey)
    der = EC_KEY.sign(DATA, ec.ECDSA(HASHES[algorithm]))
    judged_right_and_only_so(signature_algorithm(named(oid.dotted_string)), key, der)
    number = list(HashAlgorithm).index(algorithm) + 1  # TR-03111 §5.2.1.1: 1 is SHA-1 … 5 is SHA-512
    plain = signature_algorithm(named(f"0.4.0.127.0.7.1.1.4.1.{number}"))
    assert plain == SignatureAlgorithm(SignatureScheme.ECDSA_PLAIN, algorithm)
    judged_right_and_only_so(plain, key, der_to_plain(der, key.curve))
    assert not plain.verify(key, der, DATA)


def integer(tag: int, number: int) -> bytes:
    return encode_tlv(tag, encode_tlv(0x02, bytes([number])))


def hash_identifier(algorithm: HashAlgorithm) -> bytes:
    return encode_tlv(0x30, [encode_tlv(0x06, encode_oid(algorithm.oid)), encode_tlv(0x05)])


def pss(main: HashAlgorithm | None, mask: HashAlgorithm | None, salt: int | None, trailer: int | None) -> bytes:
    """RSASSA-PSS-params (RFC 4055 §3.1), fields that are ``None`` left out."""
    mgf1 = encode_tlv(0x06, encode_oid("1.2.840.113549.1.1.8"))
    fields = [
        b"" if main is None else encode_tlv(0xA0, hash_identifier(main)),
        b"" if mask is None else encode_tlv(0xA1, encode_tlv(0x30, [mgf1, hash_identifier(mask)])),
        b"" if salt is None else integer(0xA2, salt),
        b"" if trailer is None else integer(0xA3, trailer),
    ]
    return encode_tlv(0x30, fields)


def pss_identifier(parameters: bytes) -> AlgorithmIdentifier:
    oid = encode_tlv(0x06, encode_oid("1.2.840.113549.1.1.10"))
    return parse_algorithm_identifier(parse_tlv(encode_tlv(0x30, [oid, parameters])))


@pytest.mark.parametrize(
    ("main", "mask", "salt"),
    [
        *itertools.product(HashAlgorithm, HashAlgorithm, [20]),
        *itertools.product([HashAlgorithm.SHA256], [HashAlgorithm.SHA256], [0, 8, 32, 64]),
    ],
    ids=lambda each: getattr(each, "label", str(each)),
)
def test_rsa_pss_with_every_pair_of_hashes_and_salts(main: HashAlgorithm, mask: HashAlgorithm, salt: int) -> None:
    signature = RSA_KEY.sign(DATA, padding.PSS(padding.MGF1(HASHES[mask]), salt), HASHES[main])
    found = signature_algorithm(pss_identifier(pss(main, mask, salt, 1)))
    assert (found.hash_algorithm, found.mask_hash, found.salt_bytes) == (main, mask, salt)
    judged_right_and_only_so(found, ours(RSA_KEY), signature)
    other_salt = signature_algorithm(pss_identifier(pss(main, mask, salt + 1, None)))
    assert not other_salt.verify(ours(RSA_KEY), signature, DATA)


def test_rsa_pss_without_parameters_means_sha1_and_a_salt_of_twenty() -> None:
    # RFC 4055 §3.1, the defaults
    for parameters in (b"", encode_tlv(0x30), pss(None, None, None, 1)):
        found = signature_algorithm(pss_identifier(parameters))
        assert (found.hash_algorithm, found.mask_hash, found.salt_bytes) == (HashAlgorithm.SHA1, HashAlgorithm.SHA1, 20)
    default = padding.PSS(padding.MGF1(HASHES[HashAlgorithm.SHA1]), 20)
    signature = RSA_KEY.sign(DATA, default, HASHES[HashAlgorithm.SHA1])
    judged_right_and_only_so(signature_algorithm(pss_identifier(b"")), ours(RSA_KEY), signature)


def test_rsa_pss_signed_by_openssl(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    file.write_bytes(RSA_KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    options = ["rsa_padding_mode:pss", "rsa_pss_saltlen:48", "rsa_mgf1_md:sha384"]
    command = ["openssl", "dgst", "-sha384", "-sign", str(file), *itertools.chain(*(("-sigopt", o) for o in options))]
    signature = subprocess.run(command, input=DATA, capture_output=True, check=True).stdout
    sha384 = HashAlgorithm.SHA384
    judged_right_and_only_so(
        signature_algorithm(pss_identifier(pss(sha384, sha384, 48, None))), ours(RSA_KEY), signature
    )


def refusal(identifier: AlgorithmIdentifier, digest: HashAlgorithm | None = None) -> str:
    with pytest.raises(CryptoError) as error:
        signature_algorithm(identifier, digest)
    return error.value.code.name


def test_what_is_not_here_is_unsupported_and_so_leaves_the_question_open() -> None:
    assert refusal(named("1.2.840.10040.4.1")) == "signature.algorithm_unsupported"  # DSA, names no hash
    assert refusal(named("1.2.840.113549.1.1.4")) == "signature.algorithm_unsupported"  # RSA with MD5
    assert refusal(named("0.4.0.127.0.7.1.1.4.1.6")) == "signature.algorithm_unsupported"  # RIPEMD-160
    assert refusal(named("1.2.840.113549.1.1.1")) == "signature.algorithm_unsupported"  # names no hash
    assert refusal(pss_identifier(pss(None, None, None, 2))) == "signature.algorithm_unsupported"
    md5 = encode_tlv(0x30, encode_tlv(0xA0, encode_tlv(0x30, encode_tlv(0x06, encode_oid("1.2.840.113549.2.5")))))
    assert refusal(pss_identifier(md5)) == "hash.unsupported"
    no_mgf1 = encode_tlv(0x30, encode_tlv(0xA1, hash_identifier(HashAlgorithm.SHA1)))
    assert refusal(pss_identifier(no_mgf1)) == "signature.algorithm_unsupported"


@pytest.mark.parametrize(
    "parameters",
    [
        encode_tlv(0x30, encode_tlv(0xA2, b"\x02\x08\x7f" + bytes(7))),
        b"\x30\x02\x05\x00",
        encode_tlv(0x30, integer(0xA2, 0xFF)),
        b"\x30\x02\xa0\x00",
        b"\x30\x02\xa2\x00",
    ],
)
def test_malformed_parameters_have_their_own_code(parameters: bytes) -> None:
    assert refusal(pss_identifier(parameters)) == "signature.algorithm_malformed"


def test_an_identifier_of_the_key_takes_the_hash_named_beside_it() -> None:
    # RFC 3370 §3.2: CMS signers may write rsaEncryption
    found = signature_algorithm(named("1.2.840.113549.1.1.1"), HashAlgorithm.SHA256)
    signature = RSA_KEY.sign(DATA, padding.PKCS1v15(), HASHES[HashAlgorithm.SHA256])
    judged_right_and_only_so(found, ours(RSA_KEY), signature)


def test_a_signature_of_another_kind_of_key_is_wrong() -> None:
    for oid in ("1.2.840.113549.1.1.11", "1.2.840.10045.4.3.2", "0.4.0.127.0.7.1.1.4.1.3"):
        algorithm = signature_algorithm(named(oid))
        key = ours(EC_KEY) if algorithm.scheme is SignatureScheme.RSA_PKCS1_V15 else ours(RSA_KEY)
        assert not algorithm.verify(key, bytes(256), DATA)


def test_an_rsa_key_that_takes_too_long_leaves_the_question_open() -> None:
    """With any other odd exponent the answer is known: see the tests of odd keys."""
    algorithm = signature_algorithm(named("1.2.840.113549.1.1.11"))
    with pytest.raises(CryptoError) as error:
        algorithm.verify(RsaPublicKey(2**8191 + 9, 2**1100 + 1), bytes(1024), DATA)
    assert error.value.code.name == "public_key.unsupported"
    assert not algorithm.verify(RsaPublicKey(2**4095 + 9, 2**80 + 1), bytes(512), DATA)
    assert not algorithm.verify(RsaPublicKey(2**4095 + 9, 38129), bytes(512), DATA)  # an exponent of a real CSCA


def test_algorithms_have_names_for_people() -> None:
    assert signature_algorithm(named("1.2.840.10045.4.3.4")).name == "ECDSA with sha512"
    assert signature_algorithm(pss_identifier(b"")).name == "RSASSA-PSS with sha1"
