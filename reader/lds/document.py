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
from typing import TYPE_CHECKING

from crypto.errors import CryptoError, WireError
from crypto.pki.passive_authentication import read_security_object
from reader import errors, lds
from reader.lds import files
from reader.lds.com import CommonData, parse_com
from reader.lds.files import FileId
from reader.lds.mrz import Mrz, MrzFormat
from reader.lds.security_infos import SecurityInfos, parse_card_access
from reader.lds.sod import signed_data_of
from reader.verification.identity import Sex
from reader.vietnamese.number import CitizenNumber, parse_number

if TYPE_CHECKING:
    from reader.lds.face_record import FaceImage
    from reader.lds.field_text import FieldText
    from reader.lds.finger_record import FingerImage
    from reader.lds.iris_record import IrisImage
    from reader.lds.iso39794_face import ExtensibleFaceImage
    from reader.lds.iso39794_finger import ExtensibleFingerImage
    from reader.lds.iso39794_iris import ExtensibleIrisImage

__all__ = ["IdDocument", "RawDocument"]

_VIETNAM = "VNM"
_OPEN_ENDED = "991231"  # assumption: what the MRZ of a card without expiry says; not confirmed by the issuer
_AGE_FOR_LIFE = 58  # Law on Identification 2023 art. 21: renewed at 60, or in the two years before


def _issued_for_life(born: dt.date | None, issued: dt.date | None) -> bool:
    if born is None or issued is None:
        return False
    had_birthday = (issued.month, issued.day) >= (born.month, born.day)
    return issued.year - born.year - (0 if had_birthday else 1) >= _AGE_FOR_LIFE


def _line(text: FieldText | None) -> str | None:
    """A text in one line; one of fillers only says nothing."""
    return None if text is None else text.line or None


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class RawDocument:
    """The files of one chip, exactly as read.

    Attributes:
        contents: octets by file.
    """

    contents: Mapping[FileId, bytes]
    _view: list[IdDocument] = dataclasses.field(default_factory=list, init=False, compare=False)

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
    def view(self) -> IdDocument:
        """The typed view, one for all who ask: each file is parsed once."""
        if not self._view:
            self._view.append(IdDocument(self))
        return self._view[0]

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

    @property
    def lds_version(self) -> str | None:
        """Version of the logical data structure as four digits: ``0107`` is LDS 1.7.

        EF.SOD names it since LDS 1.8, under the issuer's signature (Doc 9303-10 §4.6.2.1); else the unsigned EF.COM.
        """
        sod = self.raw.get(files.SOD)
        try:
            signed = None if sod is None else read_security_object(sod).lds_version
        except CryptoError:  # what is wrong with EF.SOD, passive authentication says
            signed = None
        if signed is not None:
            return signed
        return None if self.com is None else self.com.lds_version

    @functools.cached_property
    def mrz(self) -> Mrz | None:
        """The machine-readable zone in DG1."""
        octets = self.raw.get(files.data_group(1))
        return None if octets is None else lds.dg1.parse_dg1(octets).mrz

    @functools.cached_property
    def faces(self) -> tuple[FaceImage | ExtensibleFaceImage, ...] | None:
        """The pictures in DG2; empty if the group is there and holds none."""
        octets = self.raw.get(files.data_group(2))
        return None if octets is None else lds.dg2.parse_dg2(octets).face_images()

    @functools.cached_property
    def fingers(self) -> tuple[FingerImage | ExtensibleFingerImage, ...] | None:
        """The pictures in DG3; :func:`reader.lds.finger_image.decode_finger` opens them."""
        octets = self.raw.get(files.data_group(3))
        return None if octets is None else lds.dg3.parse_dg3(octets).finger_images()

    @functools.cached_property
    def irises(self) -> tuple[IrisImage | ExtensibleIrisImage, ...] | None:
        """The pictures in DG4."""
        octets = self.raw.get(files.data_group(4))
        return None if octets is None else lds.dg4.parse_dg4(octets).iris_images()

    @functools.cached_property
    def displayed_portraits(self) -> lds.dg5.DataGroup5 | None:
        """The portrait as printed, in DG5."""
        octets = self.raw.get(files.data_group(5))
        return None if octets is None else lds.dg5.parse_dg5(octets)

    @functools.cached_property
    def signatures(self) -> lds.dg7.DataGroup7 | None:
        """The holder's signature or usual mark, in DG7."""
        octets = self.raw.get(files.data_group(7))
        return None if octets is None else lds.dg7.parse_dg7(octets)

    def open_group(self, number: int) -> lds.open_groups.OpenGroup | None:
        """DG6, DG8, DG9, DG10 or DG13, whose content is the issuer's. Raises ``KeyError`` for another number."""
        if number not in lds.open_groups.OPEN_GROUPS:
            raise KeyError(number)
        octets = self.raw.get(files.data_group(number))
        return None if octets is None else lds.open_groups.parse_open_group(number, octets)

    @functools.cached_property
    def personal_details(self) -> lds.dg11.DataGroup11 | None:
        """DG11: what the chip says about the holder beyond the MRZ."""
        octets = self.raw.get(files.data_group(11))
        return None if octets is None else lds.dg11.parse_dg11(octets)

    @functools.cached_property
    def document_details(self) -> lds.dg12.DataGroup12 | None:
        """DG12: what the chip says about the document itself."""
        octets = self.raw.get(files.data_group(12))
        return None if octets is None else lds.dg12.parse_dg12(octets)

    @functools.cached_property
    def persons_to_notify(self) -> tuple[lds.dg16.PersonToNotify, ...] | None:
        """The persons in DG16; empty if the group is there and names none."""
        octets = self.raw.get(files.data_group(16))
        return None if octets is None else lds.dg16.parse_dg16(octets).persons

    @functools.cached_property
    def personal_data(self) -> lds.vietnam.PersonalData | None:
        """DG13 of a Vietnamese card; ``None`` for other issuers and for passports, whose DG13 means something else."""
        octets = self.raw.get(files.data_group(13))
        return None if octets is None or not self._may_be_citizen_card else lds.vietnam.parse_dg13(octets)

    @functools.cached_property
    def card_access(self) -> SecurityInfos | None:
        """EF.CardAccess, which is not signed."""
        octets = self.raw.get(files.CARD_ACCESS)
        return None if octets is None else parse_card_access(octets)

    @functools.cached_property
    def security_infos(self) -> SecurityInfos | None:
        """The SecurityInfos in DG14."""
        octets = self.raw.get(files.data_group(14))
        return None if octets is None else lds.dg14.parse_dg14(octets).security_infos

    @functools.cached_property
    def active_authentication_key(self) -> lds.dg15.DataGroup15 | None:
        """The key in DG15."""
        octets = self.raw.get(files.data_group(15))
        return None if octets is None else lds.dg15.parse_dg15(octets)

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
    def personal(self) -> dict[str, lds.vietnam.PersonalValue]:
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
        """The name in its own letters (DG13, else DG11), else in those of the MRZ."""
        if self.personal_data is not None and (text := self.personal_data.text("ho_ten")) is not None:
            return " ".join(text.split())
        details = self._readable_details
        if details is not None and details.full_name is not None and details.full_name.full:
            return details.full_name.full
        return None if self.mrz is None else self.mrz.name.full

    @property
    def _readable_details(self) -> lds.dg11.DataGroup11 | None:
        """DG11 if it can be read: what DG1 says as well must not depend on a group that only adds to it."""
        try:
            return self.personal_details
        except (errors.DocumentError, WireError):
            return None

    @property
    def other_names(self) -> tuple[str, ...]:
        """Other names of the holder (DG11); empty if the chip gives none."""
        details = self.personal_details
        return (
            () if details is None or details.other_names is None else tuple(name.full for name in details.other_names)
        )

    @property
    def place_of_birth(self) -> str | None:
        """In one line (DG11); a Vietnamese DG13 names the family's home instead (``que_quan``)."""
        return None if self.personal_details is None else _line(self.personal_details.place_of_birth)

    @property
    def address(self) -> str | None:
        """Permanent address in one line (DG13, else DG11)."""
        if self.personal_data is not None and (text := self.personal_data.text("noi_thuong_tru")) is not None:
            return text
        return None if self.personal_details is None else _line(self.personal_details.address)

    @property
    def issued_on(self) -> dt.date | None:
        """Date of issue (DG13, else DG12); ``None`` if there is none or a part of it is unknown."""
        if self.personal_data is not None and (date := self.personal_data.date("ngay_cap")) is not None:
            return date
        details = self.document_details
        return None if details is None or details.date_of_issue is None else details.date_of_issue.as_date()

    @property
    def issuing_authority(self) -> str | None:
        """In one line (DG12)."""
        return None if self.document_details is None else _line(self.document_details.issuing_authority)

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
        """Date of birth from DG13, else from the MRZ with the century that the citizen number or DG11 names.

        Args:
            today: decides the century where nothing names it; defaults to the clock's day.

        Returns:
            ``None`` if the card gives only a part of it, or no day of the calendar.
        """
        if self.personal_data is not None and (date := self.personal_data.date("ngay_sinh")) is not None:
            return date
        if self.mrz is None:
            return None
        number = self.citizen_number
        century = self._century_in_details if number is None else number.century
        today = today or dt.datetime.now(dt.UTC).astimezone().date()
        return self.mrz.date_of_birth.birth_date(today, century)

    @property
    def _century_in_details(self) -> int | None:
        """First year of the century of birth by DG11, if the rest of its date is the MRZ's: 1924 and 2024 look alike."""
        details = self._readable_details
        if details is None or details.date_of_birth is None or self.mrz is None:
            return None
        full, short = details.date_of_birth, self.mrz.date_of_birth
        if full.year is None or (full.year % 100, full.month, full.day) != (
            short.year_of_century,
            short.month,
            short.day,
        ):
            return None
        return full.year // 100 * 100

    @property
    def citizen_number(self) -> CitizenNumber | None:
        """The citizen number taken apart, or ``None`` if the document has none of twelve digits."""
        if not self.is_vietnamese or self.number is None:
            return None
        try:
            return parse_number(self.number)
        except errors.DocumentError:
            return None
