"""From a profile to the content of a chip: all files, the security object over them, and the keys."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterable
from typing import Final

from crypto.pace.parameters import STANDARDIZED_CURVES, Mapping
from crypto.pki.cvc import parse_cv_certificate
from crypto.primitives.curves import curve
from crypto.primitives.secret import Secret
from crypto.wire.status_word import StatusWord
from crypto.wire.tlv import encode_tlv
from emulator.chip.access_rules import AccessCondition
from emulator.chip.active_authentication import EcdsaSigner, RsaSigner
from emulator.chip.content import (
    APPLICATION_ID,
    EF_CVCA,
    ActiveAuthenticationSigner,
    ChipAuthenticationMappingKey,
    ChipContent,
    ElementaryFile,
)
from emulator.chip.files_on_demand import FilesOnDemand
from emulator.chip.trust_points import TrustedKey, TrustPoints
from emulator.personalise.answer_to_reset import contactless_atr, extended_length_information
from emulator.personalise.chip_authentication_keys import (
    chip_authentication_infos,
    chip_authentication_keys,
    key_label,
    public_key_infos,
)
from emulator.personalise.cv_issuer import authority_certificate, verifying_authority
from emulator.personalise.keys import (
    derived_chip_signing_key,
    derived_key_pair,
    derived_scalar,
    shipped_rsa_key,
)
from emulator.personalise.mrz import mrz_information
from emulator.personalise.printed_lines import printed_lines
from emulator.personalise.profile import CardProfile
from emulator.personalise.security_infos import (
    KeyEncoding,
    active_authentication_info,
    ec_public_key_info,
    pace_domain_parameter_info,
    pace_info,
    rsa_public_key_info,
    security_infos,
    terminal_authentication_info,
)
from emulator.personalise.security_object_form import LDS_VERSIONS, UNICODE_VERSION

__all__ = ["card_access", "card_security", "data_groups", "personalise"]

_GROUP_TAGS: Final = dict(enumerate(bytes.fromhex("6175637665666768696A6B6C6D6E6F70"), start=1))
"""Doc 9303-10 table 37: EF.DG1 has tag 61, EF.DG16 has tag 70."""
_GUARDED_GROUPS: Final = {3: AccessCondition.FINGERPRINTS, 4: AccessCondition.IRISES}


def personalise(profile: CardProfile, random_bytes: Callable[[int], bytes] = os.urandom) -> ChipContent:
    """Everything inside the chip of a profile.

    Args:
        profile: the card.
        random_bytes: source of the nonces inside RSA active authentication; all else is deterministic.

    The files of the application are drawn and signed when the chip first needs them: nobody sees them before access control.
    """
    lines = printed_lines(profile)
    return ChipContent(
        master_files=_master_files(profile),
        application_files=FilesOnDemand(lambda: _application_files(profile)),
        mrz_information=Secret(mrz_information(lines).encode("ascii")),
        can=Secret(profile.holder.can.encode("ascii")) if profile.pace else None,
        pin=profile.pin,
        puk=profile.puk,
        basic_access_control=profile.basic_access_control,
        pace=profile.pace,
        chip_authentication=chip_authentication_keys(profile),
        chip_authentication_mapping=_mapping_keys(profile),
        active_authentication=_signer(profile, random_bytes),
        terminal_trust_points=_trust_points(profile),
        terminal_authentication_versions=_terminal_authentication_versions(profile),
        ef_cvca=_ef_cvca(profile),
        personalised_on=profile.holder.issued,
        behaviour=profile.behaviour,
        atr=_answer_to_reset(profile),
    )


def _answer_to_reset(profile: CardProfile) -> bytes:
    takes_long = _says_that_it_takes_extended_length(profile)
    return contactless_atr(extended_length=None if takes_long and not profile.announces_lengths else takes_long)


def _says_that_it_takes_extended_length(profile: CardProfile) -> bool:
    return profile.behaviour.extended_length or profile.claims_extended_length


def data_groups(profile: CardProfile) -> dict[int, bytes]:
    """The data groups as they are signed, whole files by number."""
    from emulator.personalise.holder_groups import holder_groups

    groups = holder_groups(profile)
    infos = tuple(_all_infos(profile))
    if infos:  # a chip with BAC and RSA active authentication only has nothing to say there
        groups[14] = encode_tlv(0x6E, security_infos(infos, sort=profile.sorted_infos))
    public_key = _signature_public_key(profile)
    if public_key:
        groups[15] = encode_tlv(0x6F, public_key)
    return groups


def _with_one_byte_changed(group: bytes) -> bytes:
    """One digit of the date of birth in DG13 differs; every other group has its last byte flipped."""
    position = group.find(b"\x02\x01\x03\x13\x0a")
    if position < 0:
        return group[:-1] + bytes([group[-1] ^ 1])
    last_digit = position + 5 + 9
    return group[:last_digit] + bytes([group[last_digit] ^ 1]) + group[last_digit + 1 :]


# -- keys --------------------------------------------------------------------------------------------


def _signer(profile: CardProfile, random_bytes: Callable[[int], bytes]) -> ActiveAuthenticationSigner | None:
    choice = profile.active_authentication
    if choice is None:
        return None
    if choice.rsa_bits:
        signer: ActiveAuthenticationSigner = RsaSigner(shipped_rsa_key(choice.rsa_bits), choice.hash_name, random_bytes)
    else:
        label = key_label(profile, "aa", stolen=profile.copied)
        signer = EcdsaSigner(derived_chip_signing_key(label, choice.curve), choice.hash_name)
    return _CutSigner(signer, choice.cut_bytes) if choice.cut_bytes else signer


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class _CutSigner:
    """Signs like another signer and loses the last bytes, as one passport series was seen to do."""

    signer: ActiveAuthenticationSigner
    cut_bytes: int

    def sign(self, challenge: bytes) -> bytes:
        """The signature without its end."""
        return self.signer.sign(challenge)[: -self.cut_bytes]


def _mapping_keys(profile: CardProfile) -> tuple[ChipAuthenticationMappingKey, ...]:
    """PACE-CAM divides by the very key that serves chip authentication on its curve (Doc 9303-11 §4.4.3.5).

    Raises:
        ValueError: the profile offers PACE-CAM on a curve on which it has no such key.
    """
    keys = []
    for name in sorted(_mapping_curves(profile)):
        choice = next((choice for choice in profile.chip_authentication if choice.domain.name == name), None)
        if choice is None:
            raise ValueError(f"{profile.name} offers PACE-CAM on {name} without a key for chip authentication there")
        label = key_label(profile, f"ca/{choice.key_id}", stolen=profile.copied)
        parameters = curve(name)
        scalar = derived_scalar(label, name).to_bytes(parameters.order_bytes, "big")
        keys.append(ChipAuthenticationMappingKey(parameters, Secret(scalar)))
    return tuple(keys)


def _mapping_curves(profile: CardProfile) -> set[str]:
    """Names of the curves on which PACE-CAM is offered."""
    offers = (offer for offer in profile.pace if offer.protocol.mapping is Mapping.CHIP_AUTHENTICATION)
    return {STANDARDIZED_CURVES[offer.parameter_id] if offer.domain is None else offer.domain.name for offer in offers}


def _signature_public_key(profile: CardProfile) -> bytes:
    choice = profile.active_authentication
    if choice is None:
        return b""
    if choice.rsa_bits:
        return rsa_public_key_info(shipped_rsa_key(choice.rsa_bits).public_key())
    pair = derived_key_pair(key_label(profile, "aa"), choice.curve)
    encoding = profile.key_encoding
    if encoding is KeyEncoding.STANDARDIZED:  # DG15 is of RFC 5280 (Doc 9303-11 §6.1.5), which knows no parameter ids
        encoding = KeyEncoding.NAMED
    return ec_public_key_info(pair.curve, pair.public_point, encoding)


def _trust_points(profile: CardProfile) -> tuple[TrustedKey, ...]:
    """Whose certificates the chip believes from the start."""
    choice = profile.terminal_authentication
    suites = () if choice is None else choice.trust_points
    certificates = (authority_certificate(verifying_authority(suite)) for suite in suites)
    return tuple(TrustedKey.at_personalisation(parse_cv_certificate(octets)) for octets in certificates)


def _ef_cvca(profile: CardProfile) -> int:
    choice = profile.terminal_authentication
    return EF_CVCA if choice is None else choice.ef_cvca


def _terminal_authentication_versions(profile: CardProfile) -> tuple[int, ...]:
    choice = profile.terminal_authentication
    return (1,) if choice is None else choice.versions


# -- SecurityInfos -------------------------------------------------------------------------------------


def _open_infos(profile: CardProfile) -> Iterable[bytes]:
    """What EF.CardAccess shows before access control."""
    if profile.chip_authentication:  # version 1 is also announced by cards that trust nobody
        for version in _terminal_authentication_versions(profile):
            elsewhere = version == 1 and _ef_cvca(profile) != EF_CVCA
            yield terminal_authentication_info(version, _ef_cvca(profile) if elsewhere else None)
    yield from chip_authentication_infos(profile)
    for offer in profile.pace:
        yield pace_info(offer)
    # several ciphers may share a group, which is spelt out once
    yield from dict.fromkeys(pace_domain_parameter_info(offer) for offer in profile.pace if offer.domain is not None)


def _infos_with_keys(profile: CardProfile) -> Iterable[bytes]:
    """EF.CardSecurity: the same again, now signed, and the keys (Doc 9303-11 §9.2.11)."""
    yield from _open_infos(profile)
    yield from public_key_infos(profile)


def _all_infos(profile: CardProfile) -> Iterable[bytes]:
    """DG14: the full set (Doc 9303-11 §9.2.11)."""
    yield from _infos_with_keys(profile)
    signature = profile.active_authentication
    if signature is not None and signature.curve:  # Doc 9303-11 §9.2.4: required for ECDSA
        yield active_authentication_info(signature.hash_name)


def card_access(profile: CardProfile) -> bytes:
    """EF.CardAccess."""
    return security_infos(_open_infos(profile))


def card_security(profile: CardProfile) -> bytes:
    """EF.CardSecurity, signed like EF.SOD."""
    from emulator.personalise.issuer import sign_card_security

    return sign_card_security(
        security_infos(_infos_with_keys(profile)),
        authority=profile.authority,
        issued=profile.holder.issued,
        reference=profile.signer_reference,
        explicit_parameters=profile.signer_explicit_parameters,
        digest_null=profile.digest_null_parameters,
    )


# -- files -----------------------------------------------------------------------------------------------


def _master_files(profile: CardProfile) -> tuple[ElementaryFile, ...]:
    files = []
    if profile.card_access and (profile.pace or profile.behaviour.card_access_status != StatusWord.SUCCESS):
        files.append(ElementaryFile(0x011C, card_access(profile), 0x1C, AccessCondition.ALWAYS))
    version_2 = any(2 in choice.versions for choice in profile.chip_authentication)
    if _mapping_curves(profile) or version_2:  # Doc 9303-11 §9.2.11; TR-03110-3 §A.1.2
        files.append(ElementaryFile(0x011D, card_security(profile), 0x1D, AccessCondition.PACE))
    if _says_that_it_takes_extended_length(profile):
        sizes = extended_length_information(profile.behaviour.max_response_data)
        files.append(ElementaryFile(0x2F01, sizes, 0x01, AccessCondition.ALWAYS))
    if profile.directory:  # one application template (Doc 9303-10 §3.11.2)
        entry = encode_tlv(0x61, encode_tlv(0x4F, APPLICATION_ID))
        access = AccessCondition.CHIP_ACCESS if profile.directory_guarded else AccessCondition.ALWAYS
        files.append(ElementaryFile(0x2F00, entry, 0x1E, access))
    return tuple(files)


def _signed_groups(profile: CardProfile) -> tuple[dict[int, bytes], bytes]:
    """The data groups as the chip has them, and EF.SOD over what they were when they were signed."""
    from emulator.personalise.issuer import sign_security_object

    groups = data_groups(profile)
    security_object = sign_security_object(
        groups,
        authority=profile.authority,
        issued=profile.holder.issued,
        version=profile.security_object_version,
        reference=profile.signer_reference,
        explicit_parameters=profile.signer_explicit_parameters,
        digest_null=profile.digest_null_parameters,
        form=profile.security_object_form,
    )
    if profile.changed_group:
        groups[profile.changed_group] = _with_one_byte_changed(groups[profile.changed_group])
    return groups, security_object


def _application_files(profile: CardProfile) -> tuple[ElementaryFile, ...]:
    """Identifiers and short identifiers of Doc 9303-10 §3.11.3."""
    groups, security_object = _signed_groups(profile)
    guarded = profile.basic_access_control or profile.pace
    protected = AccessCondition.CHIP_ACCESS if guarded else AccessCondition.ALWAYS
    com = _com(groups, LDS_VERSIONS[profile.security_object_version], profile.lds.unknown_tags)
    files = [
        ElementaryFile(0x011E, com, 0x1E, protected),
        ElementaryFile(0x011D, security_object, 0x1D, protected),
    ]
    points = _trust_points(profile)
    if points and 1 in _terminal_authentication_versions(profile):  # TR-03110-3 §A.6.2.4
        listed = TrustPoints(points, profile.holder.issued).ef_cvca()
        identifier = _ef_cvca(profile)
        files.append(ElementaryFile(identifier, listed, identifier & 0x1F, protected))
    for number, content in sorted(groups.items()):
        access = _GUARDED_GROUPS.get(number, protected)
        files.append(ElementaryFile(0x0100 | number, content, number, access))
    return tuple(files)


def _com(groups: Iterable[int], lds_version: bytes, unknown_tags: bytes) -> bytes:
    """EF.COM: versions of LDS and Unicode as in EF.SOD, the groups' tags (Doc 9303-10 §4.6.1)."""
    tags = bytes(_GROUP_TAGS[number] for number in sorted(groups)) + unknown_tags
    versions = encode_tlv(0x5F01, lds_version) + encode_tlv(0x5F36, UNICODE_VERSION)
    return encode_tlv(0x60, versions + encode_tlv(0x5C, tags))
