"""Mistakes in what is believed: the chip's own proof, certificates and signatures, and the files."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import pytest
from cryptography import x509

from crypto.errors import CryptoError
from crypto.pki import certificate, chain, cms, names, path_rules, signed_object
from crypto.pki.findings import FindingCode
from crypto.primitives import curves
from crypto.signatures import ecdsa_plain, explicit_parameters, rsa_iso9796_2
from crypto.wire import limits
from crypto.wire.tlv import Tlv, encode_tlv, parse_tlv
from reader import session
from reader.chip_proofs import ChipAnswer, ChipAuthenticationRecord
from reader.lds.mrz_fields import CheckDigit
from reader.mutual_authentication import MutualAuthentication
from reader.protocols import chip_authentication, chip_authentication_offers
from reader.verification import assessment, chip, expiry
from reader.verification.chip import KeyBinding
from tests.unit.mistake_register import ATTACKS, STATES, document, noticed_by


def _forge(module: ModuleType) -> Mapping[str, object]:
    from tests.unit.crypto_pki.conftest import Forge

    return {"forge": Forge()}


# -- the chip's own proof -----------------------------------------------------------------------------------------------


@noticed_by(ATTACKS, name="attack-copied")
def chip_authentication_skipped(patch: pytest.MonkeyPatch) -> None:
    """The chip is not asked, and nothing is said about it."""

    def skip(self: MutualAuthentication, declared: object) -> bytes:
        self.chip = ChipAuthenticationRecord(ChipAnswer.NOT_ASKED)
        return b""

    patch.setattr(MutualAuthentication, "_authenticate_chip", skip)


@noticed_by(ATTACKS, name="attack-dg15-own-key")
def unsigned_key_proves_the_chip(patch: pytest.MonkeyPatch) -> None:
    """DG14 and DG15 are believed though their hashes are not in a trusted EF.SOD."""
    patch.setattr(assessment, "_binding", lambda passive, finding: KeyBinding.TRUSTED)


@noticed_by(STATES, lambda module: document("ca-3des-unannounced"))
def key_without_a_protocol_ignored(patch: pytest.MonkeyPatch) -> None:
    """A key without ChipAuthenticationInfo stands for 3DES, also where access control used AES."""
    genuine = chip_authentication_offers._suites_of_key

    def announced_only(infos: Any, info: Any, version: int, key: Any) -> Any:
        declared = infos.of(chip_authentication_offers.ChipAuthenticationInfo)
        return genuine(infos, info, version, key) if declared else []

    patch.setattr(chip_authentication_offers, "_suites_of_key", announced_only)


@noticed_by(
    "tests/unit/test_mapping_proof_among_several_keys.py::test_the_proof_is_held_against_every_key_of_its_curve",
    others=(3,),
)
def mapping_held_against_one_key(patch: pytest.MonkeyPatch) -> None:
    """A chip lists several keys, and the proof may be by any of them."""
    patch.setattr(chip, "static_keys", lambda infos: chip_authentication_offers.static_keys(infos)[:1])


@noticed_by("tests/unit/test_chip_proofs.py::test_version_2_accepts_the_right_token_and_derives_keys_with_the_nonce")
def key_reference_with_its_sign(patch: pytest.MonkeyPatch) -> None:
    """INTEGER 00C3 goes out as 84 01 C3, without the octet that only keeps it positive."""

    def as_integer(suite: chip_authentication.ChipAuthenticationSuite) -> bytes:
        number = suite.key_id or 0
        return encode_tlv(0x84, number.to_bytes(number.bit_length() // 8 + 1, "big"))

    patch.setattr(chip_authentication, "_key_reference", as_integer)


@noticed_by("tests/unit/test_reading_active_authentication.py::test_an_rsa_signature_with_the_short_trailer")
def trailer_octet_never_equal(patch: pytest.MonkeyPatch) -> None:
    """One octet that is compared as a signed number with an unsigned one."""
    genuine = rsa_iso9796_2._trailer

    def signed(octets: bytes) -> Any:
        if octets[-1] == 0xBC:  # read as -68, it equals neither trailer
            raise CryptoError(rsa_iso9796_2.REPRESENTATIVE_INVALID)
        return genuine(octets)

    patch.setattr(rsa_iso9796_2, "_trailer", signed)


@noticed_by("tests/unit/test_crypto_ecdsa.py::test_numbers_of_unequal_length_are_padded_to_the_order")
def unequal_halves_refused(patch: pytest.MonkeyPatch) -> None:
    """r and s of DER differ in length once in some hundred signatures; some verifiers refuse those."""
    genuine = ecdsa_plain._in_range

    def equal_only(r: int, s: int, curve: curves.Curve) -> ecdsa_plain.EcdsaValue:
        if r.bit_length() // 8 != s.bit_length() // 8:
            raise CryptoError(ecdsa_plain.SIGNATURE_MALFORMED)
        return genuine(r, s, curve)

    patch.setattr(ecdsa_plain, "_in_range", equal_only)


# -- certificates and signatures ----------------------------------------------------------------------------------------


@noticed_by("tests/unit/crypto_pki/test_crypto_pki_chain.py::test_each_rule_has_its_own_code", _forge)
def expired_issuer_accepted(patch: pytest.MonkeyPatch) -> None:
    """The signer's dates are looked at, the authority's are not."""
    genuine = path_rules.judge_validity
    patch.setattr(chain, "judge_validity", lambda path, at: genuine(path[:1], at))


@noticed_by("tests/unit/crypto_pki/test_crypto_pki_chain.py::test_each_rule_has_its_own_code", _forge)
def issuer_that_is_no_authority_accepted(patch: pytest.MonkeyPatch) -> None:
    """CA:FALSE, and it issues all the same."""
    genuine = path_rules._judge_step

    def lenient(*arguments: Any, **named: Any) -> FindingCode | None:
        code = genuine(*arguments, **named)
        return None if code is FindingCode.ISSUER_NOT_CA else code

    patch.setattr(path_rules, "_judge_step", lenient)


@noticed_by(ATTACKS, name="attack-ds-base-point")
def base_point_not_compared(patch: pytest.MonkeyPatch) -> None:
    """Explicit parameters are known by p, a, b and n: an attacker may choose G."""
    patch.setattr(explicit_parameters, "_is_base_point", lambda curve, encoded: True)


@noticed_by(STATES, lambda module: document("sod-issuer-letters"))
def issuer_compared_by_octets(patch: pytest.MonkeyPatch) -> None:
    """The issuer's name in EF.SOD may be written in another string type than in the certificate."""
    genuine = names.parse_name
    written: dict[int, tuple[names.Name, bytes]] = {}

    def remember(tlv: Tlv) -> names.Name:
        name = dataclasses.replace(genuine(tlv))
        written[id(name)] = name, tlv.encoded
        return name

    def octet_by_octet(self: cms.SignerInfo, subject: certificate.Certificate) -> bool:
        issuer = x509.load_der_x509_certificate(subject.encoded).issuer.public_bytes()
        return self.issuer is None or written[id(self.issuer)][1] == issuer

    patch.setattr(cms, "parse_name", remember)
    patch.setattr(cms.SignerInfo, "names", octet_by_octet)
    _only_signers_that_are_named(patch)


@noticed_by(STATES, lambda module: document("lds-1-8"))
def signer_found_by_serial_number_only(patch: pytest.MonkeyPatch) -> None:
    """A signer may be named by its key identifier."""
    genuine = cms.SignerInfo.names
    patch.setattr(cms.SignerInfo, "names", lambda self, subject: self.issuer is not None and genuine(self, subject))
    _only_signers_that_are_named(patch)


def _only_signers_that_are_named(patch: pytest.MonkeyPatch) -> None:
    """Beside a certificate that nobody names as the signer's, none is tried."""
    patch.setattr(
        signed_object,
        "_candidates",
        lambda view, signer: tuple(subject for subject in view.carried if signer.names(subject)),
    )


@noticed_by("tests/unit/test_crypto_cv_certificates.py::test_a_key_off_its_curve_is_refused")
def key_off_its_curve_taken(patch: pytest.MonkeyPatch) -> None:
    """Coordinates are taken as they come."""

    def unchecked(self: curves.Curve, octets: bytes) -> curves.Point:
        half = self.field_bytes
        return curves.Point(int.from_bytes(octets[1 : 1 + half], "big"), int.from_bytes(octets[1 + half :], "big"))

    patch.setattr(curves.Curve, "decode_point", unchecked)


# -- files --------------------------------------------------------------------------------------------------------------


@noticed_by("tests/unit/test_crypto_tlv.py::test_absent_is_not_empty")
def absent_reads_like_empty(patch: pytest.MonkeyPatch) -> None:
    """A missing object comes out as one without content."""
    genuine = Tlv.find
    patch.setattr(Tlv, "find", lambda self, tag: genuine(self, tag) or parse_tlv(encode_tlv(tag, b"")))


@noticed_by(
    "tests/unit/test_crypto_tlv.py::test_each_kind_of_malformed_object_has_its_own_code",
    octets="0484ffffffff",
    code="tlv.too_large",
)
def any_length_believed(patch: pytest.MonkeyPatch) -> None:
    """A chip announces 4 GB, and somebody makes room."""
    patch.setattr(limits, "MAX_FILE_BYTES", 1 << 33)


@noticed_by(
    "tests/hostile/test_crypto_hostile_input.py::test_a_bomb_ends_in_one_clear_error_and_little_memory",
    lambda module: {"bomb": module.BOMBS["10,000 nested, indefinite"]},
)
def any_depth_followed(patch: pytest.MonkeyPatch) -> None:
    """Objects within objects without end."""
    patch.setattr(limits, "MAX_TLV_DEPTH", 1 << 33)


@noticed_by(STATES, lambda module: document("unknown-tags"))
def group_encoded_anew_before_hashing(patch: pytest.MonkeyPatch) -> None:
    """DG14 is parsed and written again, which sorts its SET; the issuer signed it as it was."""
    genuine = session.CardSession.read_file

    def tidy(self: session.CardSession, file: Any, *arguments: Any, **named: Any) -> bytes:
        octets: bytes = genuine(self, file, *arguments, **named)
        if file.name != "DG14":
            return octets
        infos = sorted(child.encoded for child in parse_tlv(octets).require(0x31).children())
        return encode_tlv(0x6E, encode_tlv(0x31, infos))

    patch.setattr(session.CardSession, "read_file", tidy)


@noticed_by(
    "tests/unit/test_mrz_check_digits.py::test_every_printed_check_digit_is_found_and_judged",
    lambda module: {"case": next(case for case in module.CASES if any(not d["ok"] for d in case.get("digits", ())))},
)
def check_digits_not_verified(patch: pytest.MonkeyPatch) -> None:
    """Whatever is printed is right."""
    patch.setattr(CheckDigit, "is_right", property(lambda self: True))


@noticed_by(
    "tests/unit/test_verdict_documents.py::test_a_year_of_two_digits_is_told_by_the_guideline",
    text="991231",
    signed_from=dt.date(2023, 1, 1),
    today=dt.date(2026, 6, 1),
    expected=dt.date(2099, 12, 31),
)
def expiry_in_the_past_century(patch: pytest.MonkeyPatch) -> None:
    """991231 is read as 1999, as a parser of ordinary dates reads it."""
    genuine = expiry._day
    patch.setattr(expiry, "_day", lambda year, date: genuine(1900 + year % 100, date))
