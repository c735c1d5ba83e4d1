"""EF.CardSecurity as evidence: who signed it, and whether it is that of the document that was read.

Its signature says that a state gave these keys to a chip of its own, and nothing about EF.SOD. Without more the keys of
any chip of any state would vouch for files copied from another document. What ties both together is DG14, which EF.SOD
covers and which repeats the full set of SecurityInfos (Doc 9303-11 §9.2.11).
"""

from __future__ import annotations

import enum

from crypto.errors import ChipIdError
from crypto.pki.card_security import CardSecurityResult, verify_card_security
from reader.lds import files
from reader.lds.document import RawDocument
from reader.lds.security_infos import ID_PACE, ChipAuthenticationPublicKeyInfo, SecurityInfos, parse_card_access
from reader.protocols.chip_authentication_offers import static_keys
from reader.verification.clock import without_wrong_clock
from reader.verification.passive import Basis

__all__ = ["KeyBinding", "binding_of", "verified_card_security"]


class KeyBinding(enum.Enum):
    """How the data group that holds the chip's key hangs on the issuer's signature."""

    TRUSTED = "trusted"  # hash right, EF.SOD signed by a trusted issuer
    CONSISTENT = "consistent"  # hash right, but nobody trusted vouches for EF.SOD
    LOOSE = "loose"  # not covered by EF.SOD, or its hash is wrong: the key could be anybody's


def verified_card_security(document: RawDocument, basis: Basis) -> CardSecurityResult | None:
    """What EF.CardSecurity proves, by the same rules as EF.SOD: its signer's country is held against DG1, too.

    Args:
        document: the files exactly as read.
        basis: trust anchors, policy, instant.

    Returns:
        ``None`` without EF.CardSecurity.
    """
    octets = document.get(files.CARD_SECURITY)
    if octets is None:
        return None
    valid_at = basis.policy.signer_valid_at
    state = _issuing_state(document)
    result = verify_card_security(octets, basis.trust, basis.at, valid_at=valid_at, issuing_state=state)
    return without_wrong_clock(result, basis.at, valid_at=valid_at)


def binding_of(signed: CardSecurityResult, document: RawDocument, dg14: KeyBinding) -> KeyBinding:
    """How the keys of EF.CardSecurity hang on the signature of EF.SOD.

    Args:
        signed: what :func:`verified_card_security` found.
        document: the files exactly as read.
        dg14: how DG14 hangs on that signature.
    """
    if dg14 is KeyBinding.LOOSE or not _is_repeated(signed, document):
        return KeyBinding.LOOSE
    return dg14 if signed.is_trusted else KeyBinding.CONSISTENT


def _is_repeated(signed: CardSecurityResult, document: RawDocument) -> bool:
    """Whether DG14 belongs to the same chip. Both should hold the same keys. Where DG14 leaves them out it must at
    least repeat the offers of PACE, and give no other key the number of one of these."""
    if signed.security_infos is None:
        return False
    try:
        here, there = parse_card_access(signed.security_infos), document.view.security_infos
        if there is None:
            return False
        if _keys(here) & _keys(there):
            return True
    except ChipIdError:
        return False
    offers = _pace_objects(here)
    return bool(offers) and offers == _pace_objects(there) and not _key_ids(here) & _key_ids(there)


def _keys(infos: SecurityInfos) -> frozenset[object]:
    """Every static key: as a point where it is one, since a curve can be written in several ways; and as written.

    Raises:
        ChipIdError: a key is not what it pretends to be.
    """
    points = ((key.curve.name, key.point) for key in static_keys(infos))
    return frozenset((*points, *(info.public_key.encoded for info in infos.of(ChipAuthenticationPublicKeyInfo))))


def _key_ids(infos: SecurityInfos) -> frozenset[int]:
    ids = (info.key_id for info in infos.of(ChipAuthenticationPublicKeyInfo))
    return frozenset(number for number in ids if number is not None)


def _pace_objects(infos: SecurityInfos) -> frozenset[bytes]:
    return frozenset(info.encoded for info in infos.infos if info.oid.startswith(f"{ID_PACE}."))


def _issuing_state(document: RawDocument) -> str | None:
    try:
        mrz = document.view.mrz
    except ChipIdError:  # what is wrong with DG1 is noted elsewhere
        return None
    return None if mrz is None else mrz.issuing_state
