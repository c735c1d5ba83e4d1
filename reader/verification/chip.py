"""Is this the chip that was issued? Chip authentication and active authentication as checks (Doc 9303-11 §6).

A protocol that ran well proves only that the chip holds *some* key. It becomes a proof of genuineness when the key's
data group is covered by an EF.SOD that a trusted authority signed; :class:`KeyBinding` says how far that is so.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterator

from crypto.errors import ChipIdError, CryptoError
from crypto.pki.card_security import CardSecurityResult
from crypto.pki.findings import Outcome
from crypto.signatures import ecdsa_plain, rsa_iso9796_2
from crypto.signatures.dh_public_key import DH_PARAMETERS_MANIPULATED, parse_dh_public_key
from crypto.signatures.explicit_parameters import CURVE_PARAMETERS_MANIPULATED
from crypto.signatures.hash_algorithms import HASH_UNSUPPORTED, HashAlgorithm
from crypto.signatures.public_key import EcPublicKey, RsaPublicKey
from reader import errors
from reader.chip_proofs import ChipAnswer
from reader.document_reader import Reading
from reader.lds import files
from reader.lds.dg14 import parse_dg14
from reader.lds.dg15 import parse_dg15
from reader.lds.document import RawDocument
from reader.lds.security_infos import ActiveAuthenticationInfo, ChipAuthenticationPublicKeyInfo, parse_card_access
from reader.protocols.active_authentication import ActiveAuthenticationAnswer
from reader.protocols.chip_authentication_offers import static_keys
from reader.protocols.pace import MappingProof
from reader.verification.card_security import KeyBinding, binding_of, verified_card_security
from reader.verification.checks import CheckName, CheckResult, CheckStatus
from reader.verification.passive import Basis

__all__ = [
    "KeyBinding",
    "check_active_authentication",
    "check_chip_authentication",
    "check_chip_authentication_mapping",
    "check_chip_authentication_v2",
]

# TR-03111 §5.2.1: ecdsa-plain-SHA1 … ecdsa-plain-SHA512; signature algorithms of ActiveAuthenticationInfo
_ECDSA_PLAIN = {
    "0.4.0.127.0.7.1.1.4.1.1": HashAlgorithm.SHA1,
    "0.4.0.127.0.7.1.1.4.1.2": HashAlgorithm.SHA224,
    "0.4.0.127.0.7.1.1.4.1.3": HashAlgorithm.SHA256,
    "0.4.0.127.0.7.1.1.4.1.4": HashAlgorithm.SHA384,
    "0.4.0.127.0.7.1.1.4.1.5": HashAlgorithm.SHA512,
}


def check_chip_authentication(reading: Reading, binding: KeyBinding) -> CheckResult:
    """What chip authentication by a key of DG14 showed."""
    if reading.chip.answer is ChipAnswer.NOT_SPOKEN and _is_manipulated(reading, _keys_of_dg14):
        return _manipulated(CheckName.CHIP_AUTHENTICATION)
    result = _result(CheckName.CHIP_AUTHENTICATION, reading.chip.answer, binding)
    return _with_refusals(result, reading)


def check_chip_authentication_v2(reading: Reading, basis: Basis, dg14: KeyBinding) -> CheckResult:
    """What chip authentication by a key of EF.CardSecurity showed, which has a signature of its own.

    Args:
        reading: what was read.
        basis: trust anchors, policy, instant.
        dg14: how DG14 hangs on EF.SOD: it ties EF.CardSecurity to this document.
    """
    check = CheckName.CHIP_AUTHENTICATION
    if reading.chip.answer is not ChipAnswer.GIVEN:
        return _result(check, reading.chip.answer, KeyBinding.LOOSE)
    signed = _signed_keys(check, reading, basis)
    if isinstance(signed, CheckResult):
        return signed
    # the key was taken from these very octets
    return _result(check, ChipAnswer.GIVEN, binding_of(signed, reading.document, dg14))


def _with_refusals(result: CheckResult, reading: Reading) -> CheckResult:
    """Says so if the chip refused keys or protocols that it offers before it took one."""
    count = len(reading.chip.refused)
    if not count or reading.chip.answer is not ChipAnswer.GIVEN:
        return result
    remark = f"The chip refused {count} of the ways that it offers before it took {reading.chip.suite}."
    return dataclasses.replace(result, detail=f"{result.detail} {remark}")


def _signed_keys(check: CheckName, reading: Reading, basis: Basis) -> CardSecurityResult | CheckResult:
    """EF.CardSecurity with a signature that is not wrong; else what to say about it."""
    signed = verified_card_security(reading.document, basis)
    if signed is None:
        detail = "The chip did not show the signed list of its keys."
        return CheckResult(check, CheckStatus.UNDETERMINED, f"{check}.card_security_unreadable", detail)
    if signed.security_infos is None or signed.finding.outcome is Outcome.FAILED:
        detail = f"The signed list of the chip's keys is wrong ({signed.finding.code.value})."
        return CheckResult(check, CheckStatus.FAILED, f"{check}.card_security_wrong", detail)
    return signed


def check_active_authentication(reading: Reading, binding: KeyBinding) -> CheckResult:
    """What active authentication showed; the signature is verified here."""
    answer = reading.active_answer
    if reading.active_authentication is ChipAnswer.NOT_SPOKEN and _is_manipulated(reading, _key_of_dg15):
        return _manipulated(CheckName.ACTIVE_AUTHENTICATION)
    if answer is None:
        return _result(CheckName.ACTIVE_AUTHENTICATION, reading.active_authentication, binding)
    try:
        right = _signature_is_right(reading, answer)
    except ChipIdError:
        return _result(CheckName.ACTIVE_AUTHENTICATION, ChipAnswer.NOT_SPOKEN, binding)
    return _result(CheckName.ACTIVE_AUTHENTICATION, ChipAnswer.GIVEN if right else ChipAnswer.LOST, binding)


def check_chip_authentication_mapping(reading: Reading, basis: Basis, dg14: KeyBinding) -> CheckResult | None:
    """What PACE with chip-authentication mapping showed; ``None`` where it was not used.

    The proof is held against the static keys of EF.CardSecurity, which has a signature of its own. It says something
    about the files of its own channel only: if the chip was opened more than once, every opening must have brought one.

    Args:
        reading: what was read.
        basis: trust anchors, policy, instant.
        dg14: how DG14 hangs on EF.SOD: it ties EF.CardSecurity to this document.
    """
    proofs = reading.mapping_proofs
    if not proofs:
        return None
    check = CheckName.CHIP_AUTHENTICATION_MAPPING
    signed = _signed_keys(check, reading, basis)
    if isinstance(signed, CheckResult):
        return signed
    try:
        keys = static_keys(parse_card_access(signed.security_infos or b""))
    except ChipIdError:
        return _result(check, ChipAnswer.NOT_SPOKEN, KeyBinding.LOOSE)
    fitting = [key for key in keys if key.curve == proofs[0].curve]
    if not fitting:
        return _result(check, ChipAnswer.NOT_SPOKEN, KeyBinding.LOOSE)
    genuine = any(all(_holds(proof, key) for proof in proofs) for key in fitting)
    binding = binding_of(signed, reading.document, dg14)
    return _result(check, ChipAnswer.GIVEN if genuine else ChipAnswer.LOST, binding)


def _holds(proof: MappingProof, key: EcPublicKey) -> bool:
    return proof.curve == key.curve and proof.holds_for(key.point)


# ------------------------------------------------------------------------------ keys that are made to deceive
_Use = Callable[[], object]
"""Raises ``ChipIdError`` if the key cannot be used."""


def _keys_of_dg14(document: RawDocument) -> Iterator[_Use]:
    """Every key of chip authentication."""
    for info in parse_dg14(document.require(files.data_group(14))).security_infos.of(ChipAuthenticationPublicKeyInfo):
        key = info.public_key
        yield key.resolve if info.is_elliptic else functools.partial(parse_dh_public_key, key.encoded)


def _key_of_dg15(document: RawDocument) -> Iterator[_Use]:
    yield parse_dg15(document.require(files.data_group(15))).public_key.resolve


def _is_manipulated(reading: Reading, keys: Callable[[RawDocument], Iterator[_Use]]) -> bool:
    """Whether a key spells out a known group with a number changed, as only somebody does who lacks the private key."""
    try:
        return any(_is_refused_as_manipulated(use) for use in keys(reading.document))
    except ChipIdError:  # the group itself cannot be read
        return False


def _is_refused_as_manipulated(use: _Use) -> bool:
    try:
        use()
    except CryptoError as error:
        return error.code in (CURVE_PARAMETERS_MANIPULATED, DH_PARAMETERS_MANIPULATED)
    except ChipIdError:
        return False
    return False


def _manipulated(check: CheckName) -> CheckResult:
    detail = "The chip's key spells out a known group with a number changed: anybody can have its private key."
    return CheckResult(check, CheckStatus.FAILED, f"{check}.key_manipulated", detail)


def _result(check: CheckName, answer: ChipAnswer, binding: KeyBinding) -> CheckResult:
    if answer is ChipAnswer.GIVEN:
        status, reason, detail = _OF_BINDING[binding]
    else:
        status, reason, detail = _OF_ANSWER[answer]
    return CheckResult(check, status, f"{check}.{reason}", detail)


_OF_BINDING = {
    KeyBinding.TRUSTED: (CheckStatus.SUCCESSFUL, "genuine", "The chip proved to be the one that was issued."),
    KeyBinding.CONSISTENT: (
        CheckStatus.UNDETERMINED,
        "issuer_unknown",
        "The chip holds the key that its files name, but no trusted issuer vouches for that key.",
    ),
    KeyBinding.LOOSE: (
        CheckStatus.UNDETERMINED,
        "key_not_signed",
        "The chip holds a key that its issuer's signature does not cover.",
    ),
}
_OF_ANSWER = {
    ChipAnswer.NOT_OFFERED: (CheckStatus.NOT_SUPPORTED, "not_offered", "The chip has no key for it."),
    ChipAnswer.NOT_ASKED: (CheckStatus.UNDETERMINED, "not_asked", "The reading plan leaves it out."),
    ChipAnswer.NEEDS_TERMINAL: (
        CheckStatus.UNDETERMINED,
        "not_asked",
        "The chip proves itself only to a terminal with certificates of its own.",
    ),
    ChipAnswer.KEY_NOT_SHOWN: (
        CheckStatus.UNDETERMINED,
        "key_not_shown",
        "The chip did not show the key by which it would prove itself.",
    ),
    ChipAnswer.NOT_SPOKEN: (
        CheckStatus.UNDETERMINED,
        "terminal_unable",
        "The chip's key is of a kind that this reader cannot use.",
    ),
    ChipAnswer.REFUSED: (CheckStatus.FAILED, "refused", "The chip refused, though its files say that it can."),
    ChipAnswer.BROKE_OFF: (
        CheckStatus.FAILED,
        "broke_off",
        "The chip broke the protected connection when it was asked, though its files say that it can prove itself.",
    ),
    ChipAnswer.LOST: (
        CheckStatus.FAILED,
        "not_genuine",
        "The chip does not hold the private key of the card whose data it shows: it is a copy.",
    ),
}


def _signature_is_right(reading: Reading, answer: ActiveAuthenticationAnswer) -> bool:
    """Verify the signature over our challenge with the key of DG15 (Doc 9303-11 §6.1.2)."""
    dg15 = reading.document.view.active_authentication_key
    if dg15 is None:
        raise errors.DocumentError(errors.FILE_ABSENT, file=files.data_group(15).name)
    key = dg15.public_key.resolve()
    if isinstance(key, RsaPublicKey):
        return rsa_iso9796_2.verify(key, answer.signature, answer.challenge)
    declared = _declared_hashes(reading)
    if any(_ecdsa_is_right(key, algorithm, answer) for algorithm in declared or _ECDSA_PLAIN.values()):
        return True
    if declared is None:  # a hash that this program lacks may have been used: nothing is known
        raise CryptoError(HASH_UNSUPPORTED)
    return False


def _ecdsa_is_right(key: EcPublicKey, algorithm: HashAlgorithm, answer: ActiveAuthenticationAnswer) -> bool:
    """Plain r ‖ s by the standard; some chips send DER."""
    data, signature = answer.challenge, answer.signature
    if len(signature) == 2 * key.curve.order_bytes and ecdsa_plain.verify_plain(key, algorithm, signature, data):
        return True
    return ecdsa_plain.verify_der(key, algorithm, signature, data)


def _declared_hashes(reading: Reading) -> tuple[HashAlgorithm, ...] | None:
    """The hash that DG14 names for an elliptic key (Doc 9303-11 §9.2.4).

    Returns:
        Empty if it names none: then each that the standard allows may be the one. ``None`` if it names only others,
        such as RIPEMD-160 (TR-03111 §5.2.1, ecdsa-plain-RIPEMD160).
    """
    infos = reading.document.view.security_infos
    declared = () if infos is None else infos.of(ActiveAuthenticationInfo)
    named = tuple(
        _ECDSA_PLAIN[info.signature_algorithm] for info in declared if info.signature_algorithm in _ECDSA_PLAIN
    )
    return None if declared and not named else named
