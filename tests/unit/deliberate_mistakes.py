"""Mistakes that others have made, made here on purpose: each is a small change of a running program, and a test notices it.

``docs/quirks.md`` lists them by name. A mistake names the test of the suite that must fail while it is made; that test is
called as it stands, with one of its cases.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import logging
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any, Final

import pytest
from cryptography import x509

from crypto.errors import CryptoError
from crypto.pki import certificate, chain, cms, names, path_rules, signed_object
from crypto.pki.findings import FindingCode
from crypto.primitives import block_cipher, curves, dh_groups
from crypto.primitives.block_cipher import SymmetricCipher
from crypto.primitives.mac import mac
from crypto.primitives.padding import pad
from crypto.signatures import ecdsa_plain, explicit_parameters, rsa_iso9796_2
from crypto.wire import limits
from crypto.wire.apdu import ResponseApdu
from crypto.wire.tlv import Tlv, encode_tlv, iter_tlvs, parse_tlv
from emulator.cards import catalogue
from emulator.faults import FaultKind
from reader import errors, session
from reader.chip_proofs import ChipAnswer, ChipAuthenticationRecord
from reader.lds.mrz_fields import CheckDigit
from reader.link import Link
from reader.mutual_authentication import MutualAuthentication
from reader.protocols import chip_authentication, chip_authentication_offers, pace, secure_messaging
from reader.protocols.pace_domain import EcdhDomain
from reader.protocols.secure_messaging import SecureChannel
from reader.verification import assessment, chip, expiry
from reader.verification.chip import KeyBinding

__all__ = ["MISTAKES", "Mistake"]

Arguments = Callable[[ModuleType], Mapping[str, object]]
Make = Callable[[pytest.MonkeyPatch], None]


@dataclasses.dataclass(frozen=True)
class Mistake:
    """One mistake.

    Attributes:
        name: as in the table of ``docs/quirks.md``.
        test: the one that notices it, ``path::function``.
        arguments: one of its cases, from its module; a fixture is named by a parameter of the same name.
        make: makes the mistake until the patch is undone.
        says: what else than a failed assertion tells of it, where the other side is a chip of the test's own.
    """

    name: str
    test: str
    arguments: Arguments
    make: Make
    says: tuple[type[Exception], ...] = ()


MISTAKES: Final[list[Mistake]] = []


def noticed_by(
    test: str, arguments: Arguments | None = None, says: tuple[type[Exception], ...] = (), **values: object
) -> Callable[[Make], Make]:
    """Enters the decorated function into the list under its name."""

    def enter(make: Make) -> Make:
        name = make.__name__.strip("_").replace("_", "-")
        MISTAKES.append(Mistake(name, test, arguments or (lambda module: values), make, says))
        return make

    return enter


def document(name: str) -> Mapping[str, object]:
    """Arguments of a test that reads one card of the catalogue."""
    return {"spec": next(spec for spec in catalogue(laboratory=True) if spec.name == name)}


def _pace_case(module: ModuleType) -> Mapping[str, object]:
    return {"pace_case": module.cases("pace_gm_ecdh.json")[0]}


def _forge(module: ModuleType) -> Mapping[str, object]:
    from tests.unit.crypto_pki.conftest import Forge

    return {"forge": Forge()}


MESSAGING = "tests/unit/test_secure_messaging_properties.py"
PUBLISHED = "tests/unit/test_terminal_published_examples.py"
ATTACKS = "tests/hostile/test_attack_cards.py::test_the_attack_is_caught_for_its_reason"
STATES = "tests/unit/test_reader_meets_documents_of_other_states.py::test_the_verdict_is_the_announced_one"
AES128 = SymmetricCipher.AES128

# -- the protected channel ----------------------------------------------------------------------------------------------

Unprotect = Callable[[SecureChannel, ResponseApdu], ResponseApdu]


def _unprotect_so(
    patch: pytest.MonkeyPatch, change: Callable[[Unprotect, SecureChannel, ResponseApdu], ResponseApdu]
) -> None:
    genuine = SecureChannel.unprotect
    patch.setattr(SecureChannel, "unprotect", lambda self, response: change(genuine, self, response))


@noticed_by(f"{MESSAGING}::test_a_bare_status_word_closes_the_channel", cipher=AES128, status="9000")
def bare_status_believed(patch: pytest.MonkeyPatch) -> None:
    """An answer without DO'99' and DO'8E' counts as one."""

    def believe(genuine: Unprotect, channel: SecureChannel, response: ResponseApdu) -> ResponseApdu:
        if response.data:
            return genuine(channel, response)
        channel._awaiting_answer = False
        channel._count()
        return response

    _unprotect_so(patch, believe)


@noticed_by(f"{PUBLISHED}::test_the_status_word_outside_must_equal_the_protected_one")
def outer_status_ignored(patch: pytest.MonkeyPatch) -> None:
    """The status word outside is not held against DO'99'."""

    def ignore(genuine: Unprotect, channel: SecureChannel, response: ResponseApdu) -> ResponseApdu:
        inner = [tlv.value for tlv in iter_tlvs(response.data) if tlv.tag == 0x99]
        return genuine(channel, ResponseApdu(response.data, int.from_bytes(inner[0], "big")) if inner else response)

    _unprotect_so(patch, ignore)


@noticed_by(
    f"{MESSAGING}::test_one_flipped_bit_anywhere_in_a_protected_answer_closes_the_channel",
    cipher=AES128,
    answer=ResponseApdu(b"some octets of a file", 0x9000),
)
def checksum_not_compared(patch: pytest.MonkeyPatch) -> None:
    """DO'8E' must be there, and may say anything."""
    patch.setattr(secure_messaging, "macs_equal", lambda first, second: True)


@noticed_by(
    "tests/unit/test_terminal_secure_messaging.py::test_a_protected_error_keeps_the_channel_and_the_counter",
    says=(ValueError,),
    aes=True,
)
def refused_command_not_counted(patch: pytest.MonkeyPatch) -> None:
    """After a refusal, as of a block that was too long, the next command takes the numbers of the last one."""

    def take_back(genuine: Unprotect, channel: SecureChannel, response: ResponseApdu) -> ResponseApdu:
        plain = genuine(channel, response)
        if not plain.is_success:
            channel._counter -= 2
        return plain

    _unprotect_so(patch, take_back)


@noticed_by(STATES, lambda module: document("extended-uncounted"))
def long_command_counted_though_refused(patch: pytest.MonkeyPatch) -> None:
    """From extended to short length in the same session, with a counter that the chip has not moved."""

    def go_on(genuine: Unprotect, channel: SecureChannel, response: ResponseApdu) -> ResponseApdu:
        if response.data or response.sw != 0x6700:
            return genuine(channel, response)
        channel._awaiting_answer = False
        return response

    _unprotect_so(patch, go_on)


@noticed_by(
    f"{PUBLISHED}::test_secure_messaging_produces_and_opens_the_published_octets",
    lambda module: dict(zip(("name", "exchanges"), module.published_exchanges()[1], strict=True)),
)
def counter_raised_after_use(patch: pytest.MonkeyPatch) -> None:
    """The first command runs under the value that the counter starts from (Doc 9303-11 §9.8.2 wants one more)."""
    genuine = SecureChannel.__init__

    def one_less(self: SecureChannel, keys: secure_messaging.SessionKeys) -> None:
        genuine(self, keys)
        self._counter -= 1

    patch.setattr(SecureChannel, "__init__", one_less)


@noticed_by(
    "tests/hostile/test_nothing_personal_leaks.py::test_no_misbehaviour_makes_an_error_or_a_log_talk",
    kind=FaultKind.AA_WRONG,
)
def files_in_the_log(patch: pytest.MonkeyPatch) -> None:
    """What was read goes into a log for debugging."""

    def tell(genuine: Unprotect, channel: SecureChannel, response: ResponseApdu) -> ResponseApdu:
        plain = genuine(channel, response)
        logging.getLogger("reader").debug("answer %s", plain.data.decode("utf-8", "replace"))
        return plain

    _unprotect_so(patch, tell)


@noticed_by(
    "tests/hostile/test_nothing_personal_leaks.py::test_no_misbehaviour_makes_an_error_or_a_log_talk",
    kind=FaultKind.PACE_TOKEN_REFUSED,
)
def password_in_an_error(patch: pytest.MonkeyPatch) -> None:
    """The error of a wrong password repeats it, to be helpful."""
    genuine = pace._authenticate

    def repeat(suite: Any, key: Any, *arguments: Any) -> Any:
        try:
            return (yield from genuine(suite, key, *arguments))
        except errors.ProtocolError as error:
            raise errors.ProtocolError(error.code, tried=key.pace_seed.reveal().decode("ascii")) from error

    patch.setattr(pace, "_authenticate", repeat)


@noticed_by(
    "tests/unit/test_reading_through_a_selected_application.py::test_a_card_is_read_wherever_an_earlier_program_left_it",
    name="select-mf-6982",
    begun="",
)
def earlier_program_forgotten(patch: pytest.MonkeyPatch) -> None:
    """Whoever had the card before may have left an application selected, and nobody starts it anew."""
    patch.setattr(Link, "reset", lambda self: None)


# -- access control -----------------------------------------------------------------------------------------------------


@noticed_by(
    "tests/hostile/test_reader_against_faulty_chips.py::test_each_way_to_spoil_pace_has_its_reason_and_never_falls_back",
    kind=FaultKind.PACE_TOKEN_WRONG,
    code=errors.CHIP_DECEPTIVE,
)
def spoilt_pace_becomes_bac(patch: pytest.MonkeyPatch) -> None:
    """Whatever goes wrong in PACE, the next way in is tried."""
    genuine = session.CardSession._open_by_pace

    def go_on(self: session.CardSession, *arguments: Any) -> Any:
        try:
            return genuine(self, *arguments)
        except errors.ProtocolError:
            raise errors.ProtocolError(errors.ACCESS_NOT_SUPPORTED) from None

    patch.setattr(session.CardSession, "_open_by_pace", go_on)


@noticed_by("tests/unit/test_reader_foreign_chips.py::test_triple_des_where_the_chip_has_aes_is_a_finding")
def weaker_cipher_untold(patch: pytest.MonkeyPatch) -> None:
    """3DES is taken where AES was offered, and nobody is told."""
    patch.setattr(session, "weaker_than_offered", lambda suite, infos: ())


@noticed_by(f"{PUBLISHED}::test_pace_generic_mapping_speaks_the_published_conversation", _pace_case)
def token_over_the_own_key(patch: pytest.MonkeyPatch) -> None:
    """Each side's token is over the other side's public key."""
    genuine = pace._authenticate

    def exchanged(suite: Any, key: Any, keys: Any, own: bytes, chip: bytes) -> Any:
        return genuine(suite, key, keys, chip, own)

    patch.setattr(pace, "_authenticate", exchanged)


@noticed_by(f"{PUBLISHED}::test_pace_generic_mapping_speaks_the_published_conversation", _pace_case)
def token_padded(patch: pytest.MonkeyPatch) -> None:
    """CMAC pads by itself: tokens are not padded before, messages are."""
    patch.setattr(pace, "mac", lambda cipher, key, data: mac(cipher, key, pad(data, cipher.block_bytes)))


@noticed_by(f"{PUBLISHED}::test_integrated_mapping_sends_and_accepts_the_published_values", name="pace_im_ecdh.json")
def integrated_mapping_with_the_other_root(patch: pytest.MonkeyPatch) -> None:
    """Doc 9303-11 appendix B.3, read literally, gives the point with the opposite y."""
    genuine = EcdhDomain.map_integrated

    def opposite(self: EcdhDomain, *arguments: Any) -> curves.Point:
        point = genuine(self, *arguments)
        return curves.Point(point.x, -point.y % self.curve.p)

    patch.setattr(EcdhDomain, "map_integrated", opposite)


@noticed_by(f"{PUBLISHED}::test_chip_authentication_mapping_speaks_the_published_conversation_and_verifies_its_proof")
def mapping_proof_from_a_zero_vector(patch: pytest.MonkeyPatch) -> None:
    """The chip's data are enciphered from E(KSenc, FF…FF), not from zeros (Doc 9303-11 §4.4.3.5.3)."""
    patch.setattr(pace, "encrypt_block", lambda cipher, key, block: bytes(cipher.block_bytes))


@noticed_by(
    "tests/unit/test_crypto_pace_mappings.py::test_a_public_value_goes_out_without_leading_zeros_and_may_come_with_them"
)
def shared_secret_stripped(patch: pytest.MonkeyPatch) -> None:
    """A secret of a finite field that begins with 00 keeps that octet: it has the length of p."""
    genuine = dh_groups.DhPrivateKey.shared_octets
    patch.setattr(dh_groups.DhPrivateKey, "shared_octets", lambda self, value: genuine(self, value).lstrip(b"\0"))


@noticed_by("tests/unit/test_crypto_ciphers_and_macs.py::test_3des_data_is_encrypted_as_published")
def two_key_3des_filled_up_wrongly(patch: pytest.MonkeyPatch) -> None:
    """A library wants 24 octets of key: they are K1 K2 K1."""
    genuine = block_cipher._algorithm

    def wrongly(cipher: SymmetricCipher, key: bytes) -> Any:
        return genuine(cipher, key) if cipher.is_aes else block_cipher.TripleDES(key + key[8:])

    patch.setattr(block_cipher, "_algorithm", wrongly)


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
