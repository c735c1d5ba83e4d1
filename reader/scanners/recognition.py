"""What it is that a scanner sent: a card's code, an insurance card's, an app's, a machine-readable zone, a number.

Nothing of this is signed. Each of them is *declared*; the chip is what proves.
"""

from __future__ import annotations

import dataclasses
import enum
import re
from typing import Final
from urllib.parse import urlsplit

from reader import errors
from reader.lds.mrz import Mrz
from reader.scanners import codes
from reader.scanners.framing import looks_like_noise
from reader.scanners.insurance_qr import InsuranceQr, is_insurance_code, parse_insurance_qr
from reader.scanners.mrz import MrzCollector
from reader.scanners.qr import CitizenQr, parse_citizen_qr
from reader.verification.identity import Assurance
from reader.vietnamese.number import CitizenNumber, parse_number
from reader.vietnamese.text import DecodedText, TextEncoding, decode_text

__all__ = ["AppCode", "LineInterpreter", "Scan", "ScanContent", "ScanKind", "recognise"]

_MAX_CHARACTERS: Final = 2048
_NUMBER_ONLY: Final = re.compile(r"[0-9]{12}")
_APP_HOST: Final = "vneid.gov.vn"
_APP_WORD: Final = "vneid"


class ScanKind(enum.StrEnum):
    """What was scanned."""

    CITIZEN_QR = "citizen_qr"
    INSURANCE_QR = "insurance_qr"
    APP_CODE = "app_code"
    MRZ = "mrz"
    NUMBER = "number"


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class AppCode:
    """A code that says of itself that it is VNeID's. What it holds is not public: it is kept, and not read.

    Assumption: it names its app, as an address of ``vneid.gov.vn`` or by its first word. A phone that shows the same
    text as a printed card cannot be told from the card.

    Attributes:
        raw: the text as given.
    """

    raw: str

    def __repr__(self) -> str:
        return "AppCode(…)"


ScanContent = CitizenQr | InsuranceQr | AppCode | Mrz | CitizenNumber


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Scan:
    """One thing that was scanned. Its ``repr`` shows nothing personal.

    Attributes:
        kind: what it is.
        content: what it says.
        encoding: what its octets were.
        length_bytes: how many they were.
    """

    kind: ScanKind
    content: ScanContent
    encoding: TextEncoding
    length_bytes: int

    def __repr__(self) -> str:
        return f"Scan({self.kind.value}, {self.length_bytes} bytes)"

    @property
    def number(self) -> CitizenNumber | None:
        """The citizen number in it, if it has one."""
        match self.content:
            case CitizenQr():
                return self.content.number
            case CitizenNumber():
                return self.content
            case Mrz() if self.content.citizen_number is not None:
                return parse_number(self.content.citizen_number)
            case _:
                return None

    @property
    def assurance(self) -> Assurance:
        """What such a scan is worth alone."""
        return _ASSURANCES[self.kind]


_ASSURANCES: Final = {
    ScanKind.CITIZEN_QR: Assurance.DECLARED_QR,
    ScanKind.INSURANCE_QR: Assurance.UNKNOWN,  # names a policy, not a person who showed an identity document
    ScanKind.APP_CODE: Assurance.DECLARED_APP,
    ScanKind.MRZ: Assurance.TYPED,  # printed like the number, and no more signed
    ScanKind.NUMBER: Assurance.TYPED,
}


def recognise(octets: bytes) -> Scan:
    """What one line is.

    Raises:
        DocumentError: ``scanner.garbage`` for noise, ``text.undecodable``, ``qr.insurance_malformed``,
            ``number.malformed`` or ``qr.malformed``.
    """
    if looks_like_noise(octets):
        raise errors.DocumentError(codes.SCAN_GARBAGE)
    decoded = decode_text(octets)
    kind, content = _content(decoded)
    return Scan(kind, content, decoded.encoding, len(octets))


def _content(decoded: DecodedText) -> tuple[ScanKind, ScanContent]:
    text = decoded.text.strip()
    if is_insurance_code(text):
        return ScanKind.INSURANCE_QR, parse_insurance_qr(text)
    if _NUMBER_ONLY.fullmatch(text):
        return ScanKind.NUMBER, parse_number(text)
    if _is_app_code(text):
        return ScanKind.APP_CODE, AppCode(text)
    return ScanKind.CITIZEN_QR, parse_citizen_qr(text, is_certain=decoded.is_certain)


def _is_app_code(text: str) -> bool:
    if len(text) > _MAX_CHARACTERS:
        return False
    try:
        address = urlsplit(text)
        host = (address.hostname or "").rstrip(".")
    except ValueError:  # a host in unbalanced brackets
        return False
    if address.scheme in ("http", "https"):
        return host == _APP_HOST or host.endswith("." + _APP_HOST)
    return re.split(r"[^a-z]", text.casefold(), maxsplit=1)[0] == _APP_WORD


class LineInterpreter:
    """Lines of a scanner, one after the other: codes in one line, an MRZ in one, two or three."""

    def __init__(self) -> None:
        self._mrz = MrzCollector()

    def take(self, line: bytes) -> Scan | None:
        """Take one line.

        Returns:
            What it is; ``None`` while lines of an MRZ are missing.

        Raises:
            DocumentError: as :func:`recognise`, or ``mrz.check_digit`` or ``mrz.malformed``.
        """
        mrz = self._mrz.add(line)
        if mrz is not None:
            return Scan(ScanKind.MRZ, mrz, TextEncoding.UTF8, sum(map(len, mrz.lines)))
        if self._mrz.is_collecting:
            return None
        if b"<<" in line and b"|" not in line:
            raise errors.DocumentError(
                errors.MRZ_MALFORMED
            )  # the line of an MRZ, of another length or with other signs
        return recognise(line)
