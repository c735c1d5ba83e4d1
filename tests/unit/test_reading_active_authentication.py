"""Active authentication as a reader meets it: every curve, both ways of writing a signature, and answers cut or grown."""

from __future__ import annotations

import dataclasses
import functools
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from ecdsa.ecdsa import Private_key, Public_key
from ecdsa.ellipticcurve import CurveFp, PointJacobi

import reader
from crypto.primitives.curves import curve, curves
from crypto.signatures.public_key import CURVE_OIDS
from crypto.wire.oid import encode_oid
from crypto.wire.tlv import encode_tlv, parse_tlv
from emulator.cards import chip_content
from emulator.personalise.document import data_groups
from emulator.personalise.profile import load_profile
from reader.plan import ReadPlan
from reader.verification.checks import CheckStatus
from tests.unit.reader_cards import can_of, read_content, signed_card, status_of
from tests.unit.terminal_tree import tlv

PLAN = ReadPlan("signature", first=(15,), chip_authentication=False)
GENUINE = (CheckStatus.SUCCESSFUL, "active_authentication.genuine")
COPY = (CheckStatus.FAILED, "active_authentication.not_genuine")
HASHES = ("sha1", "sha224", "sha256", "sha384", "sha512")
SCALAR, NONCE = 0x1234567, 0x7654321  # of a TEST key: never a nonce twice for any other


class Signer:
    """A chip's answer to a challenge, made by other code than what verifies it."""

    def __init__(self, name: str, hash_name: str, *, der: bool = False, add: bytes = b"", cut: int = 0) -> None:
        self.name, self.hash_name, self.der, self.add, self.cut = name, hash_name, der, add, cut

    def sign(self, challenge: bytes) -> bytes:
        domain = curve(self.name)
        base = PointJacobi(CurveFp(domain.p, domain.a, domain.b, 1), domain.g.x, domain.g.y, 1, domain.n)
        digest = hashlib.new(self.hash_name, challenge).digest()
        number = int.from_bytes(digest, "big") >> max(0, 8 * len(digest) - domain.n.bit_length())
        signature = Private_key(Public_key(base, base * SCALAR), SCALAR).sign(number, NONCE)
        octets = self.encode(int(signature.r), int(signature.s), domain.order_bytes) + self.add
        return octets[: len(octets) - self.cut]

    def encode(self, r: int, s: int, size: int) -> bytes:
        if not self.der:
            return r.to_bytes(size, "big") + s.to_bytes(size, "big")
        integers = (tlv(0x02, number.to_bytes(number.bit_length() // 8 + 1, "big")) for number in (r, s))
        return tlv(0x30, b"".join(integers))


@functools.cache
def dg14(hash_number: int | None) -> bytes:
    """DG14 of a card of the catalogue, its ActiveAuthenticationInfo naming another hash, or none (TR-03111 §5.2.1)."""
    file = parse_tlv(data_groups(load_profile("an"))[14])
    sha256 = encode_oid("0.4.0.127.0.7.1.1.4.1.3")
    infos = [info.encoded for info in file.children()[0].children()]
    if hash_number is None:
        return encode_tlv(0x6E, encode_tlv(0x31, [info for info in infos if sha256 not in info]))
    named = encode_oid(f"0.4.0.127.0.7.1.1.4.1.{hash_number}")
    return encode_tlv(0x6E, encode_tlv(0x31, [info.replace(sha256, named) for info in infos]))


def read(signer: object, dg15: bytes, hash_number: int | None = None) -> reader.ReadOutcome:
    content = signed_card("an", {14: dg14(hash_number), 15: dg15})
    return read_content(dataclasses.replace(content, active_authentication=signer), can_of("an"), plan=PLAN)


def elliptic(name: str, scalar: int = SCALAR) -> bytes:
    """DG15 with a key on a named curve (RFC 5480 §2)."""
    domain = curve(name)
    oid = next(oid for oid, known in CURVE_OIDS.items() if known == name)
    algorithm = tlv(0x06, encode_oid("1.2.840.10045.2.1")) + tlv(0x06, encode_oid(oid))
    point = domain.encode_point(domain.private_key(scalar).public_point)
    return tlv(0x6F, tlv(0x30, tlv(0x30, algorithm) + tlv(0x03, b"\0" + point)))


@pytest.mark.parametrize("name", [domain.name for domain in curves()])
@pytest.mark.parametrize("der", [False, True], ids=["plain", "DER"])
def test_a_signature_on_every_curve_in_either_form(name: str, der: bool) -> None:
    assert status_of(read(Signer(name, "sha256", der=der), elliptic(name), 3), "active_authentication") == GENUINE


@pytest.mark.parametrize(("number", "hash_name"), list(enumerate(HASHES, start=1)))
def test_the_hash_is_the_one_that_dg14_names(number: int, hash_name: str) -> None:
    assert (
        status_of(read(Signer("secp256r1", hash_name), elliptic("secp256r1"), number), "active_authentication")
        == GENUINE
    )
    other = HASHES[number % len(HASHES)]
    assert status_of(read(Signer("secp256r1", other), elliptic("secp256r1"), number), "active_authentication") == COPY


@pytest.mark.parametrize("hash_name", HASHES)
def test_where_dg14_names_none_any_that_the_standard_allows_may_be_the_one(hash_name: str) -> None:
    assert (
        status_of(read(Signer("brainpoolP256r1", hash_name), elliptic("brainpoolP256r1")), "active_authentication")
        == GENUINE
    )


@pytest.mark.parametrize("der", [False, True], ids=["plain", "DER"])
@pytest.mark.parametrize("change", [{"cut": 1}, {"cut": 32}, {"cut": 63}, {"add": b"\0"}, {"add": b"\0" * 32}], ids=str)
def test_a_cut_or_grown_signature_is_wrong(der: bool, change: dict[str, object]) -> None:
    signer = Signer("secp256r1", "sha256", der=der, **change)  # type: ignore[arg-type]
    assert status_of(read(signer, elliptic("secp256r1"), 3), "active_authentication") == COPY


def test_a_signature_by_another_key_is_that_of_a_copy() -> None:
    other = elliptic("secp256r1", SCALAR + 1)
    assert status_of(read(Signer("secp256r1", "sha256"), other, 3), "active_authentication") == COPY


class Recorded:
    """Plays back what the genuine chip once said to another challenge."""

    def __init__(self, signer: Signer) -> None:
        self.answer = signer.sign(bytes(8))

    def sign(self, challenge: bytes) -> bytes:
        return self.answer


def test_a_recorded_signature_is_that_of_a_copy() -> None:
    assert (
        status_of(read(Recorded(Signer("secp256r1", "sha256")), elliptic("secp256r1"), 3), "active_authentication")
        == COPY
    )


# --------------------------------------------------------------------------------------------- RSA
TRAILERS = {
    "sha1": b"\x33\xcc",
    "sha224": b"\x38\xcc",
    "sha256": b"\x34\xcc",
    "sha384": b"\x36\xcc",
    "sha512": b"\x35\xcc",
}


@functools.cache
def private(bits: int) -> rsa.RSAPrivateNumbers:
    return rsa.generate_private_key(65537, bits).private_numbers()


class RsaSigner:
    """ISO/IEC 9796-2 scheme 1 with partial recovery, as Doc 9303-11 appendix F does it."""

    def __init__(self, bits: int, hash_name: str, trailer: bytes | None = None, *, cut: int = 0, add: int = 0) -> None:
        self.bits, self.hash_name, self.cut, self.add = bits, hash_name, cut, add
        self.trailer = TRAILERS[hash_name] if trailer is None else trailer

    def sign(self, challenge: bytes) -> bytes:
        digest_bytes = hashlib.new(self.hash_name).digest_size
        nonce = b"\x5a" * (self.bits // 8 - 1 - digest_bytes - len(self.trailer))
        digest = hashlib.new(self.hash_name, nonce + challenge).digest()
        numbers = private(self.bits)
        opened = int.from_bytes(b"\x6a" + nonce + digest + self.trailer, "big")
        octets = pow(opened, numbers.d, numbers.public_numbers.n).to_bytes(self.bits // 8, "big")
        return (bytes(self.add) + octets)[: len(octets) + self.add - self.cut]


def dg15_rsa(bits: int) -> bytes:
    public = private(bits).public_numbers.public_key()
    return tlv(0x6F, public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


@pytest.mark.parametrize("hash_name", HASHES)
def test_an_rsa_signature_with_every_hash(hash_name: str) -> None:
    assert status_of(read(RsaSigner(1536, hash_name), dg15_rsa(1536)), "active_authentication") == GENUINE


def test_an_rsa_signature_with_the_short_trailer() -> None:
    assert status_of(read(RsaSigner(1024, "sha1", b"\xbc"), dg15_rsa(1024)), "active_authentication") == GENUINE
    assert status_of(read(RsaSigner(1024, "sha256", b"\xbc"), dg15_rsa(1024)), "active_authentication") == COPY


@pytest.mark.parametrize(
    "bits", [1024, 2048, pytest.param(3072, marks=pytest.mark.slow), pytest.param(4096, marks=pytest.mark.slow)]
)
def test_an_rsa_signature_of_every_length(bits: int) -> None:
    assert status_of(read(RsaSigner(bits, "sha256"), dg15_rsa(bits)), "active_authentication") == GENUINE


@pytest.mark.parametrize(("cut", "add"), [(1, 0), (20, 0), (64, 0), (127, 0), (0, 1), (0, 64)])
def test_a_cut_or_grown_rsa_signature_is_wrong(cut: int, add: int) -> None:
    """Some Australian passports cut theirs, with 9000: nothing can be said of such a chip but that it proved nothing."""
    assert (
        status_of(read(RsaSigner(1024, "sha1", b"\xbc", cut=cut, add=add), dg15_rsa(1024)), "active_authentication")
        == COPY
    )


def test_no_signature_at_all_is_a_refusal() -> None:
    class Silent:
        def sign(self, challenge: bytes) -> bytes:
            return b""

    found = status_of(read(Silent(), dg15_rsa(1024)), "active_authentication")
    assert found == (CheckStatus.FAILED, "active_authentication.refused")


def test_the_catalogues_own_card_is_genuine() -> None:
    """What is replaced above works as it is."""
    assert status_of(read_content(chip_content("an"), can_of("an"), plan=PLAN), "active_authentication") == GENUINE
