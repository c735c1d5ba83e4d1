"""What libeac finds in EF.CardAccess, DG14 and EF.CardSecurity of our cards is what their profiles promise."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from crypto.pace.parameters import Mapping
from crypto.primitives.block_cipher import SymmetricCipher
from crypto.primitives.curves import Curve
from crypto.primitives.dh_groups import DhGroup
from emulator.personalise.document import card_access, card_security, data_groups
from emulator.personalise.keys import derived_key_pair
from emulator.personalise.profile import CardProfile, load_profile, profile_names
from tests.interop.foreign_tlv import only
from tests.interop.libeac import Libeac, running_libeac

ARC = {SymmetricCipher.TDES: 1, SymmetricCipher.AES128: 2, SymmetricCipher.AES192: 3, SymmetricCipher.AES256: 4}
PROFILES = {name: load_profile(name) for name in profile_names()}


def is_known_to_libeac(profile: CardProfile) -> bool:
    """Integrated mapping is not. Finite-field parameters of X9.42 (Doc 9303-11 §9.5.2) are not either: libeac 1.1.2
    takes them for those of PKCS #3, says "Could not decode DH parameters", and is of no use afterwards.
    """
    return not any(offer.protocol.mapping is Mapping.INTEGRATED or offer.domain for offer in profile.pace)


WITH_CARD_ACCESS = [name for name, profile in PROFILES.items() if profile.pace and profile.card_access]
READABLE = [name for name in WITH_CARD_ACCESS if is_known_to_libeac(PROFILES[name])]


@pytest.fixture(scope="module")
def libeac() -> Iterator[Libeac]:
    with running_libeac() as process:
        yield process


def promised(profile: CardProfile, kind: str) -> list[str]:
    """Protocols and ids of one kind, as libeac lists them. It passes over chip-authentication mapping."""
    if kind == "pace":
        generic = (offer for offer in profile.pace if offer.protocol.mapping is Mapping.GENERIC)
        return sorted(f"pace {offer.protocol.oid} {offer.parameter_id}" for offer in generic)
    return sorted(
        f"ca 0.4.0.127.0.7.2.2.3.{1 if isinstance(choice.domain, DhGroup) else 2}.{ARC[choice.cipher]} "
        f"{-1 if choice.key_id is None else choice.key_id}"
        for choice in profile.chip_authentication
        if choice.announced
    )


def require_promised(profile: CardProfile, found: list[str]) -> None:
    pace, chip = ([entry for entry in found if entry.startswith(kind)] for kind in ("pace", "ca"))
    assert sorted(pace) == promised(profile, "pace")
    known = promised(profile, "ca")
    assert set(chip) <= set(known)
    # Of several protocols with one key libeac keeps one
    assert {entry.split()[2] for entry in chip} == {entry.split()[2] for entry in known}


@pytest.mark.parametrize("name", READABLE)
def test_libeac_finds_in_ef_card_access_what_the_profile_says(libeac: Libeac, name: str) -> None:
    with libeac.context() as context:
        found = context.ask("card_access", card_access(PROFILES[name])).decode("ascii").splitlines()
    require_promised(PROFILES[name], found)


@pytest.mark.parametrize("name", ["pace-im", "pace-gm-im"])
def test_libeac_refuses_a_file_for_one_entry_of_integrated_mapping(libeac: Libeac, name: str) -> None:
    """Why those cards are left out above."""
    assert name not in READABLE
    with libeac.context() as context:
        refusal = context.refusal("card_access", card_access(PROFILES[name]))
    if refusal is None:
        pytest.skip("this libeac knows integrated mapping: the card belongs among those above")
    assert "Invalid arguments" in refusal


@pytest.mark.parametrize("name", ["an", "aes256", "pace-dh", "passport-td3", "rsa-active"])
def test_libeac_finds_the_same_in_data_group_14(libeac: Libeac, name: str) -> None:
    """With the public keys in full domain parameters, which libeac decodes."""
    with libeac.context() as context:
        infos = only(data_groups(PROFILES[name])[14], 0x6E)
        found = context.ask("card_access", infos).decode("ascii").splitlines()
    require_promised(PROFILES[name], found)


@pytest.mark.parametrize("name", ["an", "pace-cam", "pace-dh", "rsa-active-2048"])
def test_libeac_finds_the_static_key_in_ef_card_security(libeac: Libeac, name: str) -> None:
    profile = PROFILES[name]
    (choice,) = profile.chip_authentication
    assert isinstance(choice.domain, Curve)
    pair = derived_key_pair(f"{name}/ca/{choice.key_id}", choice.domain.name)
    with libeac.context() as context:
        context.ask("card_access", card_access(profile))
        found = context.ask("card_security", card_security(profile))
    assert found == pair.public_octets
