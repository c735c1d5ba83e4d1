"""What is printed on the card, held against its chip, field by field (TR-03135-1 v5.0.1 §5.10.4).

A chip can be genuine and still sit in another piece of plastic, and another card may open with the same six digits.
So whatever was scanned or typed is compared with what the chip says: numbers, dates and the MRZ must be the same;
names agree on a step of the ladder of :class:`reader.vietnamese.text.NameMatch`.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from crypto.errors import ChipIdError
from reader.lds.mrz_fields import FILLER
from reader.verification.checks import CheckName, CheckResult, CheckStatus
from reader.verification.identity import Sex
from reader.verification.printed_data import PrintedData, PrintedSource
from reader.vietnamese.text import NameMatch, compare_names, compare_with_mrz, fold

if TYPE_CHECKING:
    from reader.lds.document import IdDocument
    from reader.lds.mrz import Mrz
    from reader.scanners.qr import CitizenQr
    from reader.vietnamese.number import CitizenNumber

__all__ = [
    "Agreement",
    "FieldComparison",
    "PrintedData",
    "PrintedField",
    "PrintedSource",
    "check_printed_data",
    "compare_printed_data",
    "is_another_card",
    "is_number_of",
    "is_same_number",
]

_CHECK: Final = CheckName.PRINTED_DATA


class PrintedField(enum.StrEnum):
    """What is compared, in the order in which a difference is named first."""

    NUMBER = "number"
    DATE_OF_BIRTH = "date_of_birth"
    DATE_OF_EXPIRY = "date_of_expiry"
    SEX = "sex"
    MRZ = "mrz"  # the rest of it: type and issuer of the document, nationality, name
    OPTIONAL_DATA = "optional_data"
    DATE_OF_ISSUE = "date_of_issue"
    NAME = "name"
    ADDRESS = "address"
    OLD_NUMBER = "old_number"


class Agreement(enum.StrEnum):
    """What a comparison came to."""

    AGREES = "agrees"
    SIMILAR = "similar"  # names: only the letters without their marks are the same
    DIFFERS = "differs"
    NOT_COMPARED = "not_compared"  # one side does not say, or did not come through


@dataclasses.dataclass(frozen=True, slots=True)
class FieldComparison:
    """One field of one source against the chip. It holds no content of either.

    Attributes:
        source: where the printed value is from.
        field: which.
        agreement: what came out.
        level: for names the step of the ladder (``identical``, ``tone_placement``, ``i_y_variant``,
            ``without_marks``, ``different``) or of the MRZ (``equal``, ``prefix``, ``abbreviated``); else empty.
    """

    source: PrintedSource
    field: PrintedField
    agreement: Agreement
    level: str = ""


# A genuine card may differ here from its chip: people move, and what the old number is to be is not certain.
_ONLY_NOTED: Final = frozenset({PrintedField.ADDRESS, PrintedField.OLD_NUMBER})
# TR-03135-1 §5.10.4: a difference in optional data alone is no failure. A name may have come through without its
# marks, and a date of issue may be that of a card that was printed anew: a person has to look.
_FOR_A_PERSON: Final = frozenset({PrintedField.OPTIONAL_DATA, PrintedField.DATE_OF_ISSUE, PrintedField.NAME})


def is_same_number(on_chip: str, number: CitizenNumber) -> bool:
    """Whether a number as the chip names it is this citizen number, all twelve digits of it."""
    return on_chip == number.digits


def is_number_of(document: IdDocument, number: CitizenNumber) -> bool | None:
    """Whether the chip is that of the card with this number; its last six digits alone open other cards, too.

    Returns:
        ``None`` if the chip names no number.

    Raises:
        DocumentError, WireError: DG1 or DG13 is not well formed.
    """
    on_chip = document.number
    if on_chip is None:
        return None
    if is_same_number(on_chip, number):
        return True
    mrz = document.mrz
    is_all_it_says = mrz is not None and document.personal_data is None and mrz.citizen_number is None
    # A Vietnamese MRZ without optional data has the last nine digits only
    return is_all_it_says and document.is_vietnamese and on_chip == number.document_number


def is_another_card(document: IdDocument, printed: PrintedData) -> bool:
    """Whether the chip names another number than was typed or scanned; an unreadable chip names none."""
    numbers = (printed.number, None if printed.qr is None else printed.qr.number)
    try:
        return any(number is not None and is_number_of(document, number) is False for number in numbers)
    except ChipIdError:
        return False


def compare_printed_data(document: IdDocument, printed: PrintedData, today: dt.date) -> tuple[FieldComparison, ...]:
    """Every field that was given, against the chip.

    Args:
        document: the chip's files.
        printed: what was scanned or typed.
        today: decides the century of a year of birth with two digits.

    Raises:
        DocumentError, WireError: DG1 or DG13 is not well formed.
    """
    found: list[FieldComparison] = []
    if printed.number is not None:
        found.append(_number(PrintedSource.NUMBER, document, printed.number))
    if printed.qr is not None:
        found += _of_qr(document, printed.qr, today)
    if printed.mrz is not None:
        found += _of_mrz(document.mrz, printed.mrz)
    return tuple(found)


def check_printed_data(
    document: IdDocument, printed: PrintedData, today: dt.date
) -> tuple[CheckResult, tuple[FieldComparison, ...]]:
    """The comparison as one check, and field by field."""
    try:
        comparisons = compare_printed_data(document, printed, today)
    except ChipIdError as error:
        detail = f"A data group of the chip cannot be read ({error.code.name})."
        return CheckResult(_CHECK, CheckStatus.UNDETERMINED, f"{_CHECK}.chip_unreadable", detail), ()
    return _result(comparisons), comparisons


def _result(comparisons: tuple[FieldComparison, ...]) -> CheckResult:
    counted = [each for each in comparisons if each.field not in _ONLY_NOTED]
    wrong = [each for each in counted if each.agreement in (Agreement.DIFFERS, Agreement.SIMILAR)]
    detail = _detail(comparisons)
    if not wrong:
        agrees = any(each.agreement is Agreement.AGREES for each in counted)
        status, reason = (CheckStatus.SUCCESSFUL, "agrees") if agrees else (CheckStatus.UNDETERMINED, "not_comparable")
        return CheckResult(_CHECK, status, f"{_CHECK}.{reason}", detail)
    first = min(wrong, key=lambda each: list(PrintedField).index(each.field))
    status = CheckStatus.UNDETERMINED if first.field in _FOR_A_PERSON else CheckStatus.FAILED
    reason = f"name_{first.level}" if first.agreement is Agreement.SIMILAR else f"{first.field}_differs"
    return CheckResult(_CHECK, status, f"{_CHECK}.{reason}", detail)


_TITLES: Final = {
    Agreement.DIFFERS: "Differs",
    Agreement.SIMILAR: "Similar",
    Agreement.AGREES: "Agrees",
    Agreement.NOT_COMPARED: "Not compared",
}


def _detail(comparisons: tuple[FieldComparison, ...]) -> str:
    """``Differs: number (QR). Agrees: date of birth (QR), name (QR, identical).``"""
    sentences = []
    for agreement, title in _TITLES.items():
        fields = [_shown(each) for each in comparisons if each.agreement is agreement]
        if fields:
            sentences.append(f"{title}: {', '.join(fields)}.")
    return " ".join(sentences)


_SOURCES: Final = {PrintedSource.NUMBER: "typed", PrintedSource.QR: "QR", PrintedSource.MRZ: "MRZ"}


def _shown(comparison: FieldComparison) -> str:
    remarks = [_SOURCES[comparison.source], *([comparison.level.replace("_", " ")] if comparison.level else [])]
    return f"{comparison.field.replace('_', ' ')} ({', '.join(remarks)})"


# ----------------------------------------------------------------------------------------- QR code
def _of_qr(document: IdDocument, qr: CitizenQr, today: dt.date) -> Iterator[FieldComparison]:
    source = PrintedSource.QR
    personal = document.personal_data
    yield _number(source, document, qr.number)
    yield _same(source, PrintedField.DATE_OF_BIRTH, qr.date_of_birth, document.date_of_birth(today))
    yield _same(source, PrintedField.SEX, _known(qr.sex), _known(document.sex))
    yield _same(source, PrintedField.DATE_OF_ISSUE, qr.issued_on, document.issued_on)
    yield _name(document, qr)
    on_chip = None if personal is None else personal.text("noi_thuong_tru")
    printed = qr.address if qr.text_is_intact else None
    yield _same(source, PrintedField.ADDRESS, fold(printed) if printed else None, fold(on_chip) if on_chip else None)
    old = None if personal is None else personal.text("so_cmnd_cu")
    yield _same(source, PrintedField.OLD_NUMBER, qr.old_number, old or None)


def _number(source: PrintedSource, document: IdDocument, number: CitizenNumber) -> FieldComparison:
    same = is_number_of(document, number)
    if same is None:
        return FieldComparison(source, PrintedField.NUMBER, Agreement.NOT_COMPARED)
    return FieldComparison(source, PrintedField.NUMBER, Agreement.AGREES if same else Agreement.DIFFERS)


def _known(sex: Sex) -> Sex | None:
    return None if sex is Sex.UNSPECIFIED else sex


def _same(source: PrintedSource, field: PrintedField, printed: object, on_chip: object) -> FieldComparison:
    if printed is None or on_chip is None:
        return FieldComparison(source, field, Agreement.NOT_COMPARED)
    return FieldComparison(source, field, Agreement.AGREES if printed == on_chip else Agreement.DIFFERS)


_NAME_AGREEMENTS: Final = {
    NameMatch.IDENTICAL: Agreement.AGREES,
    NameMatch.TONE_PLACEMENT: Agreement.AGREES,
    NameMatch.I_Y_VARIANT: Agreement.SIMILAR,
    NameMatch.WITHOUT_MARKS: Agreement.SIMILAR,
    NameMatch.DIFFERENT: Agreement.DIFFERS,
}


def _name(document: IdDocument, qr: CitizenQr) -> FieldComparison:
    """By the ladder; a chip that has its holder's name in the letters of the MRZ only is compared in those."""
    source, field = PrintedSource.QR, PrintedField.NAME
    on_chip, mrz = document.full_name, document.mrz
    if not qr.text_is_intact or on_chip is None:
        return FieldComparison(source, field, Agreement.NOT_COMPARED)
    if mrz is not None and on_chip == mrz.name.full:
        match = compare_with_mrz(qr.full_name, mrz.name.words, may_be_truncated=mrz.name.may_be_truncated)
        return FieldComparison(source, field, Agreement.AGREES if match.agrees else Agreement.DIFFERS, match.value)
    level = compare_names(qr.full_name, on_chip)
    return FieldComparison(source, field, _NAME_AGREEMENTS[level], level.name.lower())


# --------------------------------------------------------------------------------------------- MRZ
def _of_mrz(on_chip: Mrz | None, printed: Mrz) -> Iterator[FieldComparison]:
    """Each element must be the same, letter by letter (TR-03135-1 v5.0.1 §5.10.4)."""
    source = PrintedSource.MRZ
    if on_chip is None:
        yield FieldComparison(source, PrintedField.MRZ, Agreement.NOT_COMPARED)
        return
    yield _same(source, PrintedField.NUMBER, printed.document_number, on_chip.document_number)
    born = _fits(printed.date_of_birth.text, on_chip.date_of_birth.text)
    yield FieldComparison(source, PrintedField.DATE_OF_BIRTH, Agreement.AGREES if born else Agreement.DIFFERS)
    yield _same(source, PrintedField.DATE_OF_EXPIRY, printed.date_of_expiry.text, on_chip.date_of_expiry.text)
    yield _same(source, PrintedField.SEX, printed.sex, on_chip.sex)
    yield _same(source, PrintedField.MRZ, _rest(printed), _rest(on_chip))
    if printed.citizen_number is not None and on_chip.citizen_number is not None:
        yield _same(source, PrintedField.NUMBER, printed.citizen_number, on_chip.citizen_number)
    else:
        yield _same(source, PrintedField.OPTIONAL_DATA, printed.optional_data, on_chip.optional_data)


def _fits(printed: str, on_chip: str) -> bool:
    """A filler in a date of birth stands for what is not known: it differs from nothing."""
    pairs = zip(printed, on_chip, strict=True)
    return all(one == other or FILLER in (one, other) for one, other in pairs)


def _rest(mrz: Mrz) -> tuple[str, ...]:
    return mrz.format, mrz.document_code, mrz.issuing_state, mrz.nationality, *mrz.name.words
