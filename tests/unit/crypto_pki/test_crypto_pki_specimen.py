"""A whole public test document: made elsewhere, signed with brainpoolP224r1, explicit parameters and SHA-1."""

import datetime
from pathlib import Path

import pytest

from crypto.pki.findings import FindingCode, Outcome
from crypto.pki.passive_authentication import compare_hashes, verify_security_object
from crypto.pki.trust_store import TrustStore
from crypto.signatures.public_key import EcPublicKey

SPECIMEN = Path(__file__).parents[2] / "vectors" / "specimen" / "bsi_mustermann"
AT = datetime.datetime(2026, 6, 1, tzinfo=datetime.UTC)
SOD = (SPECIMEN / "EF_SOD.bin").read_bytes()
FILES = {number: (SPECIMEN / f"EF_DG{number}.bin").read_bytes() for number in (1, 2, 3, 14)}


def test_its_signature_and_hashes_verify_and_its_issuer_is_undetermined() -> None:
    result = verify_security_object(SOD, TrustStore(), AT)
    assert result.signature.code is FindingCode.SIGNATURE_VALID
    assert result.finding.code is FindingCode.ISSUER_UNKNOWN
    assert result.finding.outcome is Outcome.UNDETERMINED
    assert result.security_object is not None
    assert (result.security_object.version, result.security_object.hash_algorithm.label) == (0, "sha1")
    assert {n: f.code for n, f in compare_hashes(result.security_object, FILES).items()} == dict.fromkeys(
        (1, 2, 3, 14), FindingCode.HASH_MATCH
    )


def test_its_signer_is_what_it_is() -> None:
    signer = verify_security_object(SOD, TrustStore(), AT).signer
    assert signer is not None
    assert str(signer.issuer) == "CN=CSCA BDR TEST 19.09.07"
    assert str(signer.subject).startswith("C=DE, O=BundesDruckerei GmbH, CN=DS, ")
    assert signer.serial_number == 0x1267
    key = signer.public_key()
    assert isinstance(key, EcPublicKey)
    assert key.curve.name == "brainpoolP224r1"
    assert signer.authority_key_identifier == bytes.fromhex("1507bfa72b2d261b0f951836b75d83cf8d19921b")
    assert signer.not_before == datetime.datetime(2008, 1, 28, 23, tzinfo=datetime.UTC)
    assert not signer.is_self_issued


@pytest.mark.parametrize("number", FILES)
def test_one_changed_bit_of_a_file_is_noticed(number: int) -> None:
    result = verify_security_object(SOD, TrustStore(), AT)
    assert result.security_object is not None
    for position in (0, len(FILES[number]) // 2, len(FILES[number]) - 1):
        changed = bytearray(FILES[number])
        changed[position] ^= 0x80
        found = compare_hashes(result.security_object, {number: bytes(changed)})
        assert found[number].code is FindingCode.HASH_MISMATCH


def test_files_that_nobody_signed_are_not_vouched_for() -> None:
    result = verify_security_object(SOD, TrustStore(), AT)
    assert result.security_object is not None
    found = compare_hashes(result.security_object, {15: (SPECIMEN / "EF_DG15.bin").read_bytes()})
    assert found[15].code is FindingCode.HASH_NOT_LISTED
    assert found[1].code is FindingCode.HASH_NOT_READ


def test_its_base_point_replaced_is_called_an_attack() -> None:
    generator = bytes.fromhex("040d9029ad2c7e5cf4340823b2a87dc68c9e4ce3174c1e6efdee12c07d")
    public_point = SOD.index(b"\x03\x3a\x00\x04") + 3
    position = SOD.index(generator)
    changed = SOD[:position] + SOD[public_point : public_point + 57] + SOD[position + 57 :]
    result = verify_security_object(changed, TrustStore(), AT)
    assert result.signature.code is FindingCode.CURVE_MANIPULATED
    assert result.finding.outcome is Outcome.FAILED
