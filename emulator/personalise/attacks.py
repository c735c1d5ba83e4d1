"""Attack cards: what somebody makes of a card that the issuer personalised, or makes all alone.

The attacker has what anybody can have: every file of a genuine card, signatures that its chip once gave, and a chip of
his own with any content. He has no private key of an issuer or of a genuine chip, except where a
TEST issuer that was deceived is the very point of the attack.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Final

from crypto.pace.parameters import pace_protocols
from crypto.primitives.curves import curve
from crypto.wire.tlv import Tlv, encode_tlv, parse_tlv
from emulator.chip.access_rules import AccessCondition
from emulator.chip.active_authentication import EcdsaSigner
from emulator.chip.content import ActiveAuthenticationSigner, ChipContent, ElementaryFile, PaceOffer
from emulator.personalise.attack import Attack
from emulator.personalise.chip_authentication_keys import key_label
from emulator.personalise.dg16 import PersonToNotify, encode_dg16
from emulator.personalise.document import card_access, data_groups, personalise
from emulator.personalise.forged_keys import BasePointKey
from emulator.personalise.forged_signers import SIGNER_ATTACKS, forged_signer
from emulator.personalise.issuer import sign_security_object
from emulator.personalise.keys import derived_chip_signing_key, derived_key_pair
from emulator.personalise.profile import CardProfile, load_profile
from emulator.personalise.security_infos import KeyEncoding, ec_public_key_info

__all__ = ["attacked"]

_OTHER_CARD: Final = "an"
"""The genuine card that an attacker takes files from."""
_COM, _SOD = 0x011E, 0x011D
_DG2, _DG13, _DG14, _DG15, _DG16 = 0x0102, 0x010D, 0x010E, 0x010F, 0x0110
_TAGS: Final = {_DG14: 0x6E, _DG15: 0x6F, _DG16: 0x70}
_CURVE: Final = curve("brainpoolP256r1")
"""Of the chips' keys, where a profile says nothing else."""
_WEAK_PACE: Final = "PACE-ECDH-GM-3DES-CBC-CBC"


def attacked(profile: CardProfile, content: ChipContent) -> ChipContent:
    """The chip after the attack that its profile names; the same content if it names none."""
    attack = profile.attack
    if attack is None:
        return content
    if attack in SIGNER_ATTACKS:
        security_object = sign_security_object(
            data_groups(profile),
            authority=profile.authority,
            issued=profile.holder.issued,
            signer=forged_signer(attack, profile.holder.issued),
        )
        if attack is Attack.SECOND_SIGNER:
            security_object = _with_signer_of(_file(_other(), _SOD), security_object)
        return _replaced(content, {_SOD: security_object})
    return _ATTACKS[attack](profile, content)


def _other() -> ChipContent:
    return personalise(load_profile(_OTHER_CARD))


# -- files ------------------------------------------------------------------------------------------------


def _file(content: ChipContent, identifier: int) -> bytes:
    return next(file.content for file in content.application_files if file.identifier == identifier)


def _replaced(content: ChipContent, files: Mapping[int, bytes]) -> ChipContent:
    """The same chip with other octets in files that it has."""
    changed = (
        dataclasses.replace(file, content=files.get(file.identifier, file.content))
        for file in content.application_files
    )
    return dataclasses.replace(content, application_files=tuple(changed))


def _signed_data(security_object: bytes) -> tuple[Tlv, ...]:
    """Version, digest algorithms, content, certificates and signatures of EF.SOD (RFC 5652 §5.1)."""
    content_info = parse_tlv(parse_tlv(security_object, 0x77).value, 0x30).children()
    return content_info[1].children()[0].children()


def _with_signer_of(other_security_object: bytes, security_object: bytes) -> bytes:
    """EF.SOD with the certificates and signatures of another one after its own."""
    *head, certificates, signers = _signed_data(security_object)
    *_, further_certificates, further_signers = _signed_data(other_security_object)
    signed = [
        *(part.encoded for part in head),
        encode_tlv(0xA0, certificates.value + further_certificates.value),
        encode_tlv(0x31, signers.value + further_signers.value),
    ]
    content_type = parse_tlv(parse_tlv(security_object, 0x77).value, 0x30).children()[0].encoded
    return encode_tlv(0x77, encode_tlv(0x30, [content_type, encode_tlv(0xA0, encode_tlv(0x30, signed))]))


def _foreign_security_object(profile: CardProfile, content: ChipContent) -> ChipContent:
    return _replaced(content, {_SOD: _file(_other(), _SOD)})


def _swapped_groups(profile: CardProfile, content: ChipContent) -> ChipContent:
    return _replaced(content, {_DG2: _file(content, _DG13), _DG13: _file(content, _DG2)})


def _listed(com: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """EF.COM with another tag list (Doc 9303-10 §4.6.1)."""
    children = parse_tlv(com, 0x60).children()
    parts = [encode_tlv(0x5C, change(one.value)) if one.tag == 0x5C else one.encoded for one in children]
    return encode_tlv(0x60, parts)


def _com_hides(profile: CardProfile, content: ChipContent) -> ChipContent:
    hidden = bytes([_TAGS[_DG14], _TAGS[_DG15]])
    com = _listed(_file(content, _COM), lambda tags: bytes(tag for tag in tags if tag not in hidden))
    return _replaced(content, {_COM: com})


def _com_names_more(profile: CardProfile, content: ChipContent) -> ChipContent:
    person = PersonToNotify(profile.holder.issued, "TEST<<NGUOI<THAN", "0900000000", "TEST ONLY")
    com = _listed(_file(content, _COM), lambda tags: tags + bytes([_TAGS[_DG16]]))
    changed = _replaced(content, {_COM: com})
    group = ElementaryFile(_DG16, encode_dg16([person]), 0x10, AccessCondition.CHIP_ACCESS)
    return dataclasses.replace(changed, application_files=(*changed.application_files, group))


def _dg14_withheld(profile: CardProfile, content: ChipContent) -> ChipContent:
    """No such file."""
    kept = tuple(file for file in content.application_files if file.identifier != _DG14)
    return dataclasses.replace(content, application_files=kept)


def _dg15_withheld(profile: CardProfile, content: ChipContent) -> ChipContent:
    """There, and never readable: nobody has certificates for it."""
    files = (
        dataclasses.replace(file, access=AccessCondition.IRISES) if file.identifier == _DG15 else file
        for file in content.application_files
    )
    return dataclasses.replace(content, application_files=tuple(files))


# -- keys -------------------------------------------------------------------------------------------------


def _dg15_of_another(profile: CardProfile, content: ChipContent) -> ChipContent:
    """The other card lies in the attacker's pocket and signs whatever it is asked."""
    other = _other()
    changed = _replaced(content, {_DG15: _file(other, _DG15)})
    return dataclasses.replace(changed, active_authentication=other.active_authentication)


def _dg15_own_key(profile: CardProfile, content: ChipContent) -> ChipContent:
    label = key_label(profile, "aa", stolen=True)
    pair = derived_key_pair(label, _CURVE.name)
    key_info = ec_public_key_info(_CURVE, pair.public_point, KeyEncoding.EXPLICIT)
    signer = EcdsaSigner(derived_chip_signing_key(label, _CURVE.name), "sha256")
    changed = _replaced(content, {_DG15: encode_tlv(_TAGS[_DG15], key_info)})
    return dataclasses.replace(changed, active_authentication=signer)


def _genuine_key(profile: CardProfile, use: str) -> BasePointKey:
    return BasePointKey(_CURVE, derived_key_pair(key_label(profile, use), _CURVE.name).public_point)


def _dg14_base_point(profile: CardProfile, content: ChipContent) -> ChipContent:
    """On the curve with G' = Q the private key is 1: the chip answers with the terminal's own public key."""
    forged = _genuine_key(profile, "ca/None")
    genuine = ec_public_key_info(_CURVE, forged.point, KeyEncoding.EXPLICIT)
    infos = [
        encode_tlv(0x30, info.value.replace(genuine, forged.public_key_info))
        for info in parse_tlv(parse_tlv(_file(content, _DG14), _TAGS[_DG14]).value, 0x31).children()
    ]
    changed = _replaced(content, {_DG14: encode_tlv(_TAGS[_DG14], encode_tlv(0x31, sorted(infos)))})
    keys = tuple(dataclasses.replace(key, private_key=_CURVE.private_key(1)) for key in content.chip_authentication)
    return dataclasses.replace(changed, chip_authentication=keys)


def _dg15_base_point(profile: CardProfile, content: ChipContent) -> ChipContent:
    forged = _genuine_key(profile, "aa")
    changed = _replaced(content, {_DG15: encode_tlv(_TAGS[_DG15], forged.public_key_info)})
    return dataclasses.replace(changed, active_authentication=forged)


# -- behaviour ----------------------------------------------------------------------------------------------


def _pace_stripped(profile: CardProfile, content: ChipContent) -> ChipContent:
    kept = tuple(file for file in content.master_files if file.identifier != 0x011C)
    return dataclasses.replace(content, master_files=kept, pace=(), can=None)


def _pace_weakened(profile: CardProfile, content: ChipContent) -> ChipContent:
    protocol = next(protocol for protocol in pace_protocols() if protocol.name == _WEAK_PACE)
    offers = tuple(PaceOffer(protocol, offer.parameter_id) for offer in profile.pace)
    shown = card_access(dataclasses.replace(profile, pace=offers))
    files = (
        dataclasses.replace(file, content=shown) if file.identifier == 0x011C else file for file in content.master_files
    )
    return dataclasses.replace(content, master_files=tuple(files), pace=offers)


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class _Recorder:
    """Answers every challenge with one recorded signature."""

    signature: bytes

    def sign(self, challenge: bytes) -> bytes:
        """Whatever the challenge."""
        return self.signature


def _recorded(profile: CardProfile, content: ChipContent) -> ChipContent:
    genuine = content.active_authentication
    if genuine is None:
        raise ValueError(f"{profile.name} has no active authentication to be recorded")
    recorder: ActiveAuthenticationSigner = _Recorder(genuine.sign(b"recorded"))
    return dataclasses.replace(content, active_authentication=recorder)


_ATTACKS: Final[Mapping[Attack, Callable[[CardProfile, ChipContent], ChipContent]]] = {
    Attack.FOREIGN_SECURITY_OBJECT: _foreign_security_object,
    Attack.SWAPPED_GROUPS: _swapped_groups,
    Attack.COM_HIDES: _com_hides,
    Attack.COM_NAMES_MORE: _com_names_more,
    Attack.DG14_WITHHELD: _dg14_withheld,
    Attack.DG15_WITHHELD: _dg15_withheld,
    Attack.DG15_OF_ANOTHER: _dg15_of_another,
    Attack.DG15_OWN_KEY: _dg15_own_key,
    Attack.DG14_BASE_POINT: _dg14_base_point,
    Attack.DG15_BASE_POINT: _dg15_base_point,
    Attack.PACE_STRIPPED: _pace_stripped,
    Attack.PACE_WEAKENED: _pace_weakened,
    Attack.AA_RECORDED: _recorded,
}
