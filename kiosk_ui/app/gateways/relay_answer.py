"""Making sense of the insurance gateway's JSON (letter 1923/BHXH-CNTT, annex 03), and refusing what makes none.

The relay is the hospital's own, but what it passes on comes from far away: everything is checked for type and size.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, StringConstraints

from kiosk_ui.app.domain.insurance import Eligibility, EligibilityKind, EligibilityQuery, InsuranceOutcome
from kiosk_ui.app.failures import RELAY_ANSWER_CONTRADICTORY, RELAY_ANSWER_UNUSABLE, GatewayError
from kiosk_ui.app.gateways.result_codes import kinds_by_code
from kiosk_ui.app.gateways.same_person import is_same_birth, is_same_name
from kiosk_ui.app.gateways.strict_json import parsed

__all__ = ["parse_answer", "parse_date"]

_SOMEBODY_ELSE = frozenset({EligibilityKind.MISMATCH_NAME, EligibilityKind.MISMATCH_DOB})  # 060, 061, 070


def _absent_is_empty(value: object) -> object:
    return "" if value is None else value


def _visible(value: str) -> str:
    """Codes and days have no control characters: one of them (NUL) would even keep the check-in out of PostgreSQL."""
    if not value.isprintable():
        raise ValueError("a character that cannot be printed")
    return value


_Short = Annotated[
    str,
    BeforeValidator(_absent_is_empty),
    StringConstraints(strip_whitespace=True, max_length=20),
    AfterValidator(_visible),
]
_Long = Annotated[str, BeforeValidator(_absent_is_empty), StringConstraints(strip_whitespace=True, max_length=1_000)]


class _Answer(BaseModel):
    """The fields that are used. Others (address, history) are not looked at; they stay in the raw answer."""

    model_config = ConfigDict(strict=True, extra="ignore", hide_input_in_errors=True)

    maKetQua: Annotated[str, StringConstraints(pattern=r"^[0-9]{3}$")]  # noqa: N815 - the gateway's names
    ghiChu: _Long = ""  # noqa: N815
    maThe: _Short = ""  # noqa: N815
    hoTen: _Long = ""  # noqa: N815
    ngaySinh: _Short = ""  # noqa: N815
    maDKBD: _Short = ""  # noqa: N815
    gtTheTu: _Short = ""  # noqa: N815
    gtTheDen: _Short = ""  # noqa: N815
    maTheMoi: _Short = ""  # noqa: N815
    gtTheTuMoi: _Short = ""  # noqa: N815
    gtTheDenMoi: _Short = ""  # noqa: N815
    maDKBDMoi: _Short = ""  # noqa: N815
    tenDKBDMoi: _Long = ""  # noqa: N815


def parse_answer(raw: bytes, today: dt.date, query: EligibilityQuery) -> Eligibility:
    """Turn an answer into an :class:`Eligibility`.

    Args:
        raw: the body as received, UTF-8 JSON.
        today: the hospital's day, against which "valid" is held.
        query: what was asked.

    Raises:
        GatewayError: ``relay.answer_unusable`` if it is no such answer, names an unknown code or somebody else, or
            says "valid" without naming a card, or of a card that has not begun;
            ``relay.answer_contradictory`` if it says "valid" of a card whose last day has passed.
    """
    try:
        answer = _Answer.model_validate(parsed(raw))
        text = raw.decode("utf-8-sig")
    except ValueError as error:  # pydantic's ValidationError is one, too
        raise GatewayError(RELAY_ANSWER_UNUSABLE, cause=type(error).__name__) from None
    kind = kinds_by_code().get(answer.maKetQua)
    if kind is None:
        raise GatewayError(RELAY_ANSWER_UNUSABLE, cause="unknown result code")
    eligibility = _eligibility(kind, answer, text, today)
    if not _is_about(answer, query):
        if kind not in _SOMEBODY_ELSE:
            # A relay that mixes people up. Nothing of the answer is kept: it would be a stranger's data in this file.
            raise GatewayError(RELAY_ANSWER_UNUSABLE, cause="about somebody else")
        # The insurer says so itself: whose card this is a counter finds out, so it goes into nobody's record.
        return dataclasses.replace(eligibility, valid_from=None, valid_until=None, card_number=None, facility=None)
    if eligibility.outcome is InsuranceOutcome.VALID:
        _believe(eligibility, today)
    return eligibility


def _believe(eligibility: Eligibility, today: dt.date) -> None:
    """Nobody is told that their insurance is valid by an answer that does not fit today."""
    if eligibility.card_number is None:
        raise GatewayError(RELAY_ANSWER_UNUSABLE, cause="valid, but no card is named")
    if eligibility.valid_from is not None and eligibility.valid_from > today:
        raise GatewayError(RELAY_ANSWER_UNUSABLE, cause="valid, but not yet")
    if eligibility.valid_until is not None and eligibility.valid_until < today:
        raise GatewayError(RELAY_ANSWER_CONTRADICTORY)


def _is_about(answer: _Answer, query: EligibilityQuery) -> bool:
    """Whether an answer can be about the person asked about; the insurer has compared the names already."""
    numbers = {answer.maThe, query.number}  # a citizen number is a card number, too (vietnam.md D.2)
    has_another_number = len(numbers) == 2 and all(_CITIZEN_NUMBER.fullmatch(number) for number in numbers)
    return (
        not has_another_number
        and is_same_birth(answer.ngaySinh, query.date_of_birth)
        and is_same_name(answer.hoTen, query.full_name)
    )


def _eligibility(kind: EligibilityKind, answer: _Answer, raw: str, today: dt.date) -> Eligibility:
    # 003 and 004: a new card has been issued, and its fields are the ones that count from its first day on. Until then
    # it is the old one (004: it is still valid).
    renewed = kind is EligibilityKind.OK_NEWCARD and answer.maTheMoi != ""
    old_end, new_start = parse_date(answer.gtTheDen), parse_date(answer.gtTheTuMoi)
    if renewed and new_start is not None and new_start > today and old_end is not None and old_end >= today:
        renewed = False
    card, start, end, place = (
        (answer.maTheMoi, answer.gtTheTuMoi, answer.gtTheDenMoi, answer.maDKBDMoi or answer.tenDKBDMoi)
        if renewed
        else (answer.maThe, answer.gtTheTu, answer.gtTheDen, answer.maDKBD)
    )
    return Eligibility(
        kind=kind,
        code=answer.maKetQua,
        valid_from=parse_date(start),
        valid_until=parse_date(end),
        card_number=card or None,
        facility=place or None,
        note=answer.ghiChu or None,
        raw=raw,
    )


_CITIZEN_NUMBER = re.compile(r"[0-9]{12}")
_DAY_MONTH_YEAR = re.compile(r"([0-9]{1,2})[/.-]([0-9]{1,2})[/.-]([0-9]{4})|([0-9]{2})([0-9]{2})([0-9]{4})")


def parse_date(text: str) -> dt.date | None:
    """A day as the gateway writes it: ``dd/mm/yyyy``, also with ``-`` or ``.``, or ``ddmmyyyy``.

    ``None`` for an empty text, a dash, a bare year, or what is no day of the calendar (31/02).
    """
    match = _DAY_MONTH_YEAR.fullmatch(text.strip())
    if match is None:
        return None
    day, month, year = (int(group) for group in match.groups() if group is not None)
    try:
        return dt.date(year, month, day)
    except ValueError:
        return None
