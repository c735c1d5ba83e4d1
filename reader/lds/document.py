"""A document as it was read, and a typed view of it.

:class:`RawDocument` holds files as octets: everything that is hashed, signed or saved is taken from it.
:class:`IdDocument` is a view that parses a file when it is first asked for, so that one bad file does not hide the
others. It never re-encodes.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import hashlib
import types
from collections.abc import Iterator, Mapping

from crypto.errors import WireError
from reader import errors
from reader.lds import dg1, dg2, dg14, dg15, files, vietnam
from reader.lds.com import CommonData, parse_com
from reader.lds.face_record import FaceImage
from reader.lds.files import FileId
from reader.lds.mrz import Mrz, MrzFormat
from reader.lds.security_infos import SecurityInfos, parse_card_access
from reader.lds.sod import signed_data_of
from reader.verification.identity import Sex
from reader.vietnamese.number import CitizenNumber, parse_number

__all__ = ["IdDocument", "RawDocument"]

_VIETNAM = "VNM"
_OPEN_ENDED = "991231"  # assumption: what the MRZ of a card without expiry says; not confirmed by the issuer
_AGE_FOR_LIFE = 58  # Law on Identification 2023 art. 21: renewed at 60, or in the two years before


def _issued_for_life(born: dt.date | None, issued: dt.date | None) -> bool:
    if born is None or issued is None:
        return False
    had_birthday = (issued.month, issued.day) >= (born.month, born.day)
    return issued.year - born.year - (0 if had_birthday else 1) >= _AGE_FOR_LIFE


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class RawDocument:
    """The files of one chip, exactly as read.

    Attributes:
        contents: octets by file.
    """

    contents: Mapping[FileId, bytes]

    def __post_init__(self) -> None:
        copy = {file: bytes(octets) for file, octets in self.contents.items()}
        object.__setattr__(self, "contents", types.MappingProxyType(copy))

    def __repr__(self) -> str:
        sizes = ", ".join(f"{file.name} {len(octets)} bytes" for file, octets in self.contents.items())
        return f"RawDocument({sizes})"

    def __contains__(self, file: FileId) -> bool:
        return file in self.contents

    def __iter__(self) -> Iterator[FileId]:
        return iter(self.contents)

    def __len__(self) -> int:
        return len(self.contents)

    def get(self, file: FileId) -> bytes | None:
        """The octets of a file, or ``None`` if it was not read."""
        return self.contents.get(file)

    def require(self, file: FileId) -> bytes:
        """The octets of a file.

        Raises:
            DocumentError: ``document.file_absent`` if it was not read.
        """
        octets = self.contents.get(file)
        if octets is None:
            raise errors.DocumentError(errors.FILE_ABSENT, file=file.name)
        return octets

    def sha256(self, file: FileId) -> str:
        """SHA-256 of a file in lower-case hexadecimal. Raises as :meth:`require`."""
        return hashlib.sha256(self.require(file)).hexdigest()

    @property
    def data_groups(self) -> tuple[FileId, ...]:
        """The data groups that were read, by number."""
        return tuple(file for file in files.DATA_GROUPS if file in self.contents)


class IdDocument:
    """A typed view of a :class:`RawDocument`.

    Every property parses its file at first use. A file that was not read gives ``None``; one that is not well formed
    raises :class:`~reader.errors.DocumentError` or :class:`~crypto.errors.WireError`, each time it is asked for.
    """

    def __init__(self, raw: RawDocument) -> None:
        self.raw = raw

    def __repr__(self) -> str:
        return f"IdDocument({self.raw!r})"

    # ------------------------------------------------------------------------------------ files
    @functools.cached_property
    def com(self) -> CommonData | None:
        """EF.COM."""
        octets = self.raw.get(files.COM)
        return None if octets is None else parse_com(octets)

    @functools.cached_property
    def signed_data(self) -> bytes | None:
        """The CMS object in EF.SOD."""
        octets = self.raw.get(files.SOD)
        return None if octets is None else signed_data_of(octets)

    @functools.cached_property
    def mrz(self) -> Mrz | None:
        """The machine-readable zone in DG1."""
        octets = self.raw.get(files.data_group(1))
        return None if octets is None else dg1.parse_dg1(octets).mrz

    @functools.cached_property
    def faces(self) -> tuple[FaceImage, ...] | None:
        """The pictures in DG2; empty if the group is there and holds none."""
        octets = self.raw.get(files.data_group(2))
        return None if octets is None else dg2.parse_dg2(octets).face_images()

    @functools.cached_property
    def personal_data(self) -> vietnam.PersonalData | None:
        """DG13 of a Vietnamese card; ``None`` for other issuers and for passports, whose DG13 means something else."""
        octets = self.raw.get(files.data_group(13))
        return None if octets is None or not self._may_be_citizen_card else vietnam.parse_dg13(octets)

    @functools.cached_property
    def card_access(self) -> SecurityInfos | None:
        """EF.CardAccess, which is not signed."""
        octets = self.raw.get(files.CARD_ACCESS)
        return None if octets is None else parse_card_access(octets)

    @functools.cached_property
    def security_infos(self) -> SecurityInfos | None:
        """The SecurityInfos in DG14."""
        octets = self.raw.get(files.data_group(14))
        return None if octets is None else dg14.parse_dg14(octets).security_infos

    @functools.cached_property
    def active_authentication_key(self) -> dg15.DataGroup15 | None:
        """The key in DG15."""
        octets = self.raw.get(files.data_group(15))
        return None if octets is None else dg15.parse_dg15(octets)

    # ----------------------------------------------------------------------------------- person
    @property
    def is_vietnamese(self) -> bool:
        """Whether the MRZ names Vietnam as issuer; without a readable DG1, DG13 is given the benefit of the doubt."""
        try:
            return self.mrz is None or self.mrz.issuing_state == _VIETNAM
        except (errors.DocumentError, WireError):
            return True

    @property
    def _may_be_citizen_card(self) -> bool:
        """A card of the size of a card (TD1), issued by Vietnam; the same benefit of the doubt without a DG1."""
        try:
            return self.is_vietnamese and (self.mrz is None or self.mrz.format is MrzFormat.TD1)
        except (errors.DocumentError, WireError):
            return True

    @property
    def personal(self) -> dict[str, vietnam.PersonalValue]:
        """The fields of DG13 by key; ``{}`` if the card has none (the 2024 card) or is not Vietnamese."""
        return {} if self.personal_data is None else self.personal_data.as_dict()

    @property
    def portrait(self) -> bytes | None:
        """The first picture as encoded on the chip; ``None`` without DG2 or without a picture in it."""
        return self.faces[0].image if self.faces else None

    @property
    def number(self) -> str | None:
        """The 12-digit citizen number (DG13, else MRZ); the document number of other documents."""
        if self.personal_data is not None and (text := self.personal_data.text("so_cccd")) is not None:
            return text
        if self.mrz is None:
            return None
        return self.mrz.citizen_number or self.mrz.document_number

    @property
    def full_name(self) -> str | None:
        """The name in its own letters (DG13), else in those of the MRZ."""
        if self.personal_data is not None and (text := self.personal_data.text("ho_ten")) is not None:
            return " ".join(text.split())
        return None if self.mrz is None else self.mrz.name.full

    @property
    def sex(self) -> Sex:
        """From the MRZ; unspecified without one."""
        return Sex.UNSPECIFIED if self.mrz is None else self.mrz.sex

    @property
    def no_expiry(self) -> bool:
        """Whether the card never expires.

        DG13 decides if it gives a date or says "never". If it does neither: a holder of 58 or more at issue, or a
        Vietnamese MRZ that ends on the last day of 99.
        """
        personal = self.personal_data
        if personal is not None:
            if personal.has_no_expiry:
                return True
            if personal.date("ngay_het_han") is not None:
                return False
            if _issued_for_life(personal.date("ngay_sinh"), personal.date("ngay_cap")):
                return True
        return self.mrz is not None and self.is_vietnamese and self.mrz.date_of_expiry.text == _OPEN_ENDED

    def date_of_birth(self, today: dt.date | None = None) -> dt.date | None:
        """Date of birth from DG13, else from the MRZ with the century that the citizen number names.

        Args:
            today: decides the century of other documents; defaults to the clock's day.

        Returns:
            ``None`` if the card gives only a part of it, or no day of the calendar.
        """
        if self.personal_data is not None and (date := self.personal_data.date("ngay_sinh")) is not None:
            return date
        if self.mrz is None:
            return None
        number = self.citizen_number
        today = today or dt.datetime.now(dt.UTC).astimezone().date()
        return self.mrz.date_of_birth.birth_date(today, None if number is None else number.century)

    @property
    def expires_on(self) -> dt.date | None:
        """Date of expiry from DG13, else from the MRZ; ``None`` if there is none or the card never expires."""
        if self.no_expiry:
            return None
        if self.personal_data is not None and (date := self.personal_data.date("ngay_het_han")) is not None:
            return date
        return None if self.mrz is None else self.mrz.date_of_expiry.expiry_date()

    @property
    def citizen_number(self) -> CitizenNumber | None:
        """The citizen number taken apart, or ``None`` if the document has none of twelve digits."""
        if not self.is_vietnamese or self.number is None:
            return None
        try:
            return parse_number(self.number)
        except errors.DocumentError:
            return None
