"""Names of the attacks that a card can be made for. What each does stands in :mod:`emulator.personalise.attacks`."""

from __future__ import annotations

import enum

__all__ = ["Attack"]


class Attack(enum.StrEnum):
    """What somebody did who wants a document believed that is not what it seems."""

    # EF.SOD made by somebody who may not
    NAMESAKE_AUTHORITY = "namesake-authority"
    """Signed under an authority of the attacker's that has the name of a trusted one."""
    NAMESAKE_AUTHORITY_KEY_ID = "namesake-authority-key-id"
    """The same, and the signer's certificate also names the trusted authority's key identifier."""
    SIGNER_BASE_POINT = "signer-base-point"
    """The genuine signer's certificate with its curve written out and only the base point changed (CVE-2020-0601)."""
    AUTHORITY_BASE_POINT = "authority-base-point"
    """The same done to the authority's certificate, which comes along; it issued a signer of the attacker's."""
    SIGNER_REVOKED = "signer-revoked"
    SIGNER_EXPIRED = "signer-expired"
    """Signs after the end of its certificate."""
    SIGNER_FOR_CERTIFICATES = "signer-for-certificates"
    """The signer's key is meant for signing certificates only."""
    SIGNER_CRITICAL_EXTENSION = "signer-critical-extension"
    """The signer's certificate demands something that nobody knows."""
    SIGNER_OF_SIGNER = "signer-of-signer"
    """A genuine document signer issued the signer, which only an authority may."""
    ISSUER_NOT_CA = "issuer-not-ca"
    """Issued under a certificate that says of itself that it is no authority's."""
    FORGED_LINK = "forged-link"
    """A link certificate to a new key of the trusted authority, which that authority did not sign."""
    SECOND_SIGNER = "second-signer"
    """The attacker's signature beside a genuine one that was made for another card."""
    FOREIGN_SECURITY_OBJECT = "foreign-security-object"
    """EF.SOD of another genuine card."""
    # files changed after the issuer signed
    SWAPPED_GROUPS = "swapped-groups"
    """DG2 holds what DG13 should, and the other way round."""
    COM_HIDES = "com-hides"
    """EF.COM does not name DG14 and DG15, which EF.SOD lists."""
    COM_NAMES_MORE = "com-names-more"
    """EF.COM names DG16, and it is there, but EF.SOD does not list it."""
    DG14_WITHHELD = "dg14-withheld"
    """EF.SOD and EF.COM list DG14, and the chip has no such file."""
    DG15_WITHHELD = "dg15-withheld"
    """They list DG15, and the chip refuses to read it."""
    DG15_OF_ANOTHER = "dg15-of-another"
    """DG15 and the signatures are another genuine card's."""
    DG15_OWN_KEY = "dg15-own-key"
    """DG15 holds a key of the attacker's."""
    DG14_BASE_POINT = "dg14-base-point"
    """The genuine key of chip authentication, its base point changed so that anybody has its private key."""
    DG15_BASE_POINT = "dg15-base-point"
    """The same for active authentication."""
    # how the chip behaves
    PACE_STRIPPED = "pace-stripped"
    """There is no EF.CardAccess, so that the reader uses BAC; DG14 still tells of PACE."""
    PACE_WEAKENED = "pace-weakened"
    """EF.CardAccess offers a weaker cipher than DG14."""
    AA_RECORDED = "aa-recorded"
    """Active authentication answers a signature that the genuine chip once gave somebody else."""
