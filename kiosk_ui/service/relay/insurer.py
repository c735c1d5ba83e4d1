"""One check at the insurer's gateway, as the letter CV 1923/BHXH-CNTT, appendix 03, has it.

``POST /api/egw/KQNhanLichSuKCB2024?token&id_token&username&password`` of ``{maThe, hoTen, ngaySinh, hoTenCb, cccdCb}``.
A token that is refused (HTTP 401, or code 401) is renewed once per request.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import time
from collections.abc import Callable, Iterable
from typing import Final

from crypto.primitives.secret import Secret
from kiosk_ui.app.failures import INSURER_ANSWER_UNUSABLE, INSURER_REFUSED, INSURER_SLOW, GatewayError
from kiosk_ui.app.gateways.authority import trusting
from kiosk_ui.app.gateways.bounded_http import BoundedHttp
from kiosk_ui.app.gateways.deadline import Deadline
from kiosk_ui.app.gateways.strict_json import parsed
from kiosk_ui.service.relay.account import GatewayAccount, Token, asked
from kiosk_ui.service.relay.settings import CardKey, RelayServiceSettings

__all__ = ["InsurerAnswer", "InsurerGateway", "Officer", "Question"]

_UNKNOWN_NUMBER: Final = frozenset({"050", "051", "052", "053"})  # another number of the same person may be known
_ADDED: Final = "relay"


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Officer:
    """Who asks. ``repr`` shows nothing.

    Attributes:
        name: as registered with the account.
        number: citizen number.
    """

    name: str
    number: str

    def __repr__(self) -> str:
        return "Officer(…)"


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Question:
    """About whom. ``repr`` shows nothing.

    Attributes:
        numbers: by kind; at least one.
        full_name: as the insurer writes it: NFC, single spaces.
        date_of_birth: ``dd/mm/yyyy``, or the year alone.
    """

    numbers: dict[CardKey, str]
    full_name: str
    date_of_birth: str

    def __repr__(self) -> str:
        return "Question(…)"

    def in_order(self, order: Iterable[CardKey]) -> list[str]:
        """The numbers that are there, first choice first."""
        return [self.numbers[key] for key in order if key in self.numbers]


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class InsurerAnswer:
    """What the gateway said. ``repr`` shows the code only.

    Attributes:
        raw: one JSON object, as received.
        code: its result code.
    """

    raw: bytes
    code: str

    def __repr__(self) -> str:
        return f"InsurerAnswer({self.code})"

    def with_added(self, added: dict[str, str]) -> bytes:
        """The object with one more member, ``relay``. All else stays octet for octet as received: it is evidence."""
        rest = self.raw.lstrip()[1:]
        return b'{"' + _ADDED.encode() + b'":' + json.dumps(added).encode() + b"," + rest


class InsurerGateway:
    """The gateway as the relay asks it. May be used by many threads.

    Args:
        settings: where it is, and the account.
        password: of the account.
        monotonic: seconds that only grow.
        now: aware present moment.
    """

    def __init__(
        self,
        settings: RelayServiceSettings,
        password: Secret,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    ) -> None:
        self._peer = BoundedHttp.to(
            settings.gateway_url,
            connect_timeout_s=settings.connect_timeout_s,
            total_timeout_s=settings.total_timeout_s,
            ssl_context=trusting(settings.authority),
        )
        self._settings = settings
        self._monotonic = monotonic
        self._account = GatewayAccount(
            self._peer, settings.token_path, settings.username, password, monotonic=monotonic, now=now
        )

    def check(self, question: Question, officer: Officer, *, waited_s: float = 0.0) -> InsurerAnswer:
        """Ask about one person, with the next number of theirs if the one before is not known.

        Args:
            question: about whom.
            officer: who asks.
            waited_s: how much of the time has passed already; who has waited too long is not asked about any more.

        Raises:
            GatewayError: there is no usable answer, for a reason ``insurer.…``.
        """
        deadline = Deadline(self._settings.total_timeout_s - waited_s, INSURER_SLOW, self._monotonic)
        renewals = _Renewals(self._account, deadline)
        answer: InsurerAnswer | None = None
        for number in question.in_order(self._settings.key_order):
            body = {
                "maThe": number,
                "hoTen": question.full_name,
                "ngaySinh": question.date_of_birth,
                "hoTenCb": officer.name,
                "cccdCb": officer.number,
            }
            answer = self._checked(body, renewals, deadline)
            if answer.code not in _UNKNOWN_NUMBER:
                break
        if answer is None:
            raise GatewayError(INSURER_ANSWER_UNUSABLE, cause="no number that may be asked for")
        return answer

    def _checked(self, body: dict[str, str], renewals: _Renewals, deadline: Deadline) -> InsurerAnswer:
        answer = self._once(body, renewals.token(), deadline)
        if answer is not None and answer.code != "401":
            return answer
        if renewals.renew():
            again = self._once(body, renewals.token(), deadline)
            answer = again or answer
        if answer is None:
            raise GatewayError(INSURER_REFUSED, http_status=401)
        return answer  # perhaps 401 again: the kiosk knows that code

    def _once(self, body: dict[str, str], token: Token, deadline: Deadline) -> InsurerAnswer | None:
        """One attempt; ``None`` for HTTP 401."""
        answer = asked(self._peer, self._settings.check_path, body, deadline, token.query)
        if answer.status == 401:
            return None
        if answer.status != 200:
            raise GatewayError(INSURER_REFUSED, http_status=answer.status)
        return _understood(answer.body)


class _Renewals:
    """The token of one request, which may be renewed once."""

    def __init__(self, account: GatewayAccount, deadline: Deadline) -> None:
        self._account = account
        self._deadline = deadline
        self._token = account.token(deadline)
        self._is_used_up = False

    def token(self) -> Token:
        return self._token

    def renew(self) -> bool:
        """Another token; false if there was one already."""
        if self._is_used_up:
            return False
        self._is_used_up = True
        self._token = self._account.token(self._deadline, rejected=self._token)
        return True


def _understood(raw: bytes) -> InsurerAnswer:
    """Take what is one JSON object in UTF-8 with a result code; what it says else is the kiosk's to judge."""
    try:
        answer = parsed(raw)
    except ValueError:
        raise GatewayError(INSURER_ANSWER_UNUSABLE, cause="no JSON") from None
    table = answer if isinstance(answer, dict) else {}
    code = table.get("maKetQua")
    if not isinstance(code, str) or len(code) != 3 or not code.isascii() or not code.isdigit() or _ADDED in table:
        raise GatewayError(INSURER_ANSWER_UNUSABLE, cause="no result code")
    return InsurerAnswer(raw.removeprefix(b"\xef\xbb\xbf"), code)
