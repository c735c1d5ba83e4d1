"""Who somebody is, and how sure we are. The only thing that the kiosk's flows may take from a card.

House vocabulary: see :class:`Assurance`. A genuine card is not yet its holder: ``holder_checked`` is a field of
its own and starts as ``none``.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum

__all__ = ["Assurance", "HolderChecked", "Identity", "Sex"]


class Assurance(enum.StrEnum):
    """How sure we are of the identity data."""

    CHIP_VERIFIED = "chip_verified"  # passive authentication trusted, and the chip genuine (AA, CA or CAM)
    CHIP_READ = "chip_read"  # chip read and consistent; issuer or chip not proven
    ONLINE_VERIFIED = "online_verified"  # a licensed authentication service confirmed it
    DECLARED_QR = "declared_qr"  # the printed QR code said so
    DECLARED_APP = "declared_app"  # VNeID on a phone said so
    LOOKED_UP = "looked_up"  # found at the insurer
    TYPED = "typed"
    UNKNOWN = "unknown"

    @property
    def national_method(self) -> str:
        """The value of the national field ``phuong_thuc_dinh_danh`` (shared vocabulary, vietnam.md D.4)."""
        return _NATIONAL_METHOD[self]


_NATIONAL_METHOD = {
    Assurance.CHIP_VERIFIED: "CHIP_CCCD",
    Assurance.CHIP_READ: "CHIP_CCCD",
    Assurance.ONLINE_VERIFIED: "DICH_VU_XAC_THUC",
    Assurance.DECLARED_QR: "QR_CCCD",
    Assurance.DECLARED_APP: "VNEID_APP",
    Assurance.LOOKED_UP: "TRA_CUU_BHXH",
    Assurance.TYPED: "NHAP_TAY",
    Assurance.UNKNOWN: "CHUA_XAC_DINH",
}


class HolderChecked(enum.StrEnum):
    """Whether anybody compared the person with the photo."""

    NONE = "none"
    STAFF = "staff"
    MATCHER = "matcher"


class Sex(enum.StrEnum):
    """As the MRZ writes it (Doc 9303-4 §4.2.2.2)."""

    MALE = "M"
    FEMALE = "F"
    UNSPECIFIED = "X"


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Identity:
    """A person as a card states them. Its ``repr`` shows no personal data.

    Attributes:
        number: the 12-digit citizen number (or the document number of a foreign document).
        full_name: NFC text, single spaces, in the card's own letter case.
        date_of_birth: ``None`` when the card gives only a part of it.
        expires_on: ``None`` when the card has no expiry or it is unknown.
        no_expiry: the card says that it never expires.
        portrait: the encoded image as on the chip (JPEG or JPEG 2000), or ``None``.
    """

    number: str
    full_name: str
    date_of_birth: dt.date | None
    sex: Sex
    nationality: str
    address: str | None
    expires_on: dt.date | None
    no_expiry: bool
    portrait: bytes | None
    assurance: Assurance
    holder_checked: HolderChecked = HolderChecked.NONE

    def __repr__(self) -> str:
        return f"{type(self).__name__}(assurance={self.assurance.value})"
