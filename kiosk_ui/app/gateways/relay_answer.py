"""Making sense of the insurance gateway's JSON (letter 1923/BHXH-CNTT, annex 03), and refusing what makes none.

The relay is the hospital's own, but what it passes on comes from far away: everything is checked for type and size.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints, ValidationError

from kiosk_ui.app.domain.insurance import Eligibility, EligibilityKind, InsuranceOutcome
from kiosk_ui.app.failures import RELAY_ANSWER_CONTRADICTORY, RELAY_ANSWER_UNUSABLE, GatewayError
from kiosk_ui.app.gateways.result_codes import kinds_by_code

__all__ = ["parse_answer", "parse_date"]


def _absent_is_empty(value: object) -> object:
    return "" if value is None else value


_Short = Annotated[str, BeforeValidator(_absent_is_empty), StringConstraints(strip_whitespace=True, max_length=20)]
_Long = Annotated[str, BeforeValidator(_absent_is_empty), StringConstraints(strip_whitespace=True, max_length=1_000)]


class _Answer(BaseModel):
    """The fields that are used. Others (address, history) are not looked at; they stay in the raw answer."""

    model_config = ConfigDict(strict=True, extra="ignore", hide_input_in_errors=True)

    maKetQua: Annotated[str, StringConstraints(pattern=r"^[0-9]{3}$")]  # noqa: N815 - the gateway's names
    ghiChu: _Long = ""  # noqa: N815
    maThe: _Short = ""  # noqa: N815
    maDKBD: _Short = ""  # noqa: N815
    gtTheTu: _Short = ""  # noqa: N815
    gtTheDen: _Short = ""  # noqa: N815
    maTheMoi: _Short = ""  # noqa: N815
    gtTheTuMoi: _Short = ""  # noqa: N815
    gtTheDenMoi: _Short = ""  # noqa: N815
    maDKBDMoi: _Short = ""  # noqa: N815
    tenDKBDMoi: _Long = ""  # noqa: N815


def parse_answer(raw: bytes, today: dt.date) -> Eligibility:
    """Turn an answer into an :class:`Eligibility`.

    Args:
        raw: the body as received, UTF-8 JSON.
        today: the hospital's day, against which "valid" is held.

    Raises:
        GatewayError: ``relay.answer_unusable`` if it is no such answer, names an unknown code, or says "valid"
            without naming a card;
            ``relay.answer_contradictory`` if it says "valid" of a card whose last day has passed.
    """
    try:
        text = raw.decode("utf-8-sig")
        answer = _Answer.model_validate_json(text)
    except (UnicodeDecodeError, ValidationError) as error:
        raise GatewayError(RELAY_ANSWER_UNUSABLE, cause=type(error).__name__) from None
    kind = kinds_by_code().get(answer.maKetQua)
    if kind is None:
        raise GatewayError(RELAY_ANSWER_UNUSABLE, cause="unknown result code")
    eligibility = _eligibility(kind, answer, text)
    if eligibility.outcome is InsuranceOutcome.VALID and eligibility.card_number is None:
        raise GatewayError(RELAY_ANSWER_UNUSABLE, cause="valid, but no card is named")
    ended = eligibility.valid_until is not None and eligibility.valid_until < today
    if eligibility.outcome is InsuranceOutcome.VALID and ended:
        raise GatewayError(RELAY_ANSWER_CONTRADICTORY)
    return eligibility


def _eligibility(kind: EligibilityKind, answer: _Answer, raw: str) -> Eligibility:
    # 003 and 004: a new card has been issued, and the new card's fields are the ones that count from now on.
    renewed = kind is EligibilityKind.OK_NEWCARD and answer.maTheMoi != ""
    card, start, end, place = (
        (answer.maTheMoi, answer.gtTheTuMoi, answer.gtTheDenMoi, answer.tenDKBDMoi or answer.maDKBDMoi)
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
