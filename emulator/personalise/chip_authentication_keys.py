"""The static keys of chip authentication: in the chip, and as SecurityInfos tell of them (Doc 9303-11 §9.2.5 to §9.2.7).

TR-03110-3 §A.1.1.2: a key comes with one ChipAuthenticationInfo for each cipher and version that it serves, and for
version 2 with its domain parameters once more.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from crypto.primitives.block_cipher import SymmetricCipher
from crypto.primitives.curves import EcPrivateKey
from crypto.primitives.dh_groups import DhGroup, DhPrivateKey
from emulator.chip.content import ChipAuthenticationKey
from emulator.personalise.keys import derived_exponent, derived_key_pair
from emulator.personalise.profile import CardProfile, ChipAuthenticationChoice
from emulator.personalise.security_infos import (
    ID_CA_DH,
    ID_CA_ECDH,
    ID_PK_DH,
    ID_PK_ECDH,
    chip_authentication_domain_parameter_info,
    chip_authentication_info,
    chip_authentication_public_key_info,
    dh_public_key_info,
    ec_public_key_info,
)

__all__ = ["chip_authentication_infos", "chip_authentication_keys", "key_label", "public_key_infos"]

_CIPHER_ARC: Final = {
    SymmetricCipher.TDES: 1,
    SymmetricCipher.AES128: 2,
    SymmetricCipher.AES192: 3,
    SymmetricCipher.AES256: 4,
}


def key_label(profile: CardProfile, use: str, *, stolen: bool = False) -> str:
    """A copied chip carries the public keys of the original and private keys of its own."""
    return f"{profile.name}/{use}" + ("/of the copy" if stolen else "")


def _private_key(
    profile: CardProfile, choice: ChipAuthenticationChoice, *, stolen: bool
) -> EcPrivateKey | DhPrivateKey:
    label = key_label(profile, f"ca/{choice.key_id}", stolen=stolen)
    if isinstance(choice.domain, DhGroup):
        return choice.domain.private_key(derived_exponent(label, choice.domain))
    return derived_key_pair(label, choice.domain.name)


def _is_finite_field(choice: ChipAuthenticationChoice) -> bool:
    return isinstance(choice.domain, DhGroup)


def _protocol(choice: ChipAuthenticationChoice) -> str:
    return f"{ID_CA_DH if _is_finite_field(choice) else ID_CA_ECDH}.{_CIPHER_ARC[choice.cipher]}"


def chip_authentication_keys(profile: CardProfile) -> tuple[ChipAuthenticationKey, ...]:
    """What the chip computes with."""
    return tuple(
        ChipAuthenticationKey(
            _protocol(choice),
            choice.cipher,
            _private_key(profile, choice, stolen=profile.copied),
            choice.key_id,
            choice.versions,
        )
        for choice in profile.chip_authentication
    )


def chip_authentication_infos(profile: CardProfile) -> Iterable[bytes]:
    """What EF.CardAccess says: protocols, and for version 2 domain parameters (TR-03110-3 §A.1.2.1)."""
    for choice in profile.chip_authentication:
        for version in choice.versions if choice.announced else ():
            yield chip_authentication_info(_protocol(choice), choice.key_id, version)
    # one key may serve several ciphers; its parameters are said once
    yield from dict.fromkeys(
        chip_authentication_domain_parameter_info(
            ID_CA_DH if _is_finite_field(choice) else ID_CA_ECDH, _public_key_info(profile, choice), choice.key_id
        )
        for choice in profile.chip_authentication
        if 2 in choice.versions
    )


def public_key_infos(profile: CardProfile) -> Iterable[bytes]:
    """What only a signed file says: the public keys, each once."""
    return dict.fromkeys(
        chip_authentication_public_key_info(
            ID_PK_DH if _is_finite_field(choice) else ID_PK_ECDH, _public_key_info(profile, choice), choice.key_id
        )
        for choice in profile.chip_authentication
    )


def _public_key_info(profile: CardProfile, choice: ChipAuthenticationChoice) -> bytes:
    pair = _private_key(profile, choice, stolen=False)
    if isinstance(pair, DhPrivateKey):
        return dh_public_key_info(pair.group, pair.public_value, choice.dh_encoding)
    return ec_public_key_info(pair.curve, pair.public_point, profile.key_encoding)
