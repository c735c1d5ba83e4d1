"""Chips that lie about PIN and PUK: one guess at most, never the last one by accident, and no secret in any text."""

from __future__ import annotations

import random

import pytest

from crypto.errors import ChipIdError, Hint
from crypto.wire.apdu import CommandApdu, ResponseApdu
from crypto.wire.tlv import encode_tlv, iter_tlvs, parse_tlv
from reader import errors
from reader.link import Link
from reader.pin_management import change_pin, unblock_pin
from reader.plan import HOSPITAL
from reader.protocols.access_key import AccessKey, CanKey, PinKey, PukKey
from reader.session import AccessReport, CardSession
from tests.unit.textbook_chip import CAN, PIN, PUK, TextbookChip, pace_info

THE_CAN, THE_PIN, THE_PUK = "274190", "680135", "5190284673"
COM = bytes.fromhex("60135f0104303130385f36063034303030305c0161")
STATUS_WORDS = (
    0x9000, 0x6283, 0x6300, 0x63C0, 0x63C1, 0x63C9, 0x6700, 0x6982, 0x6983, 0x6984, 0x6985, 0x6A80, 0x6A88, 0x6C08,
    0x6110,
)  # fmt: skip
STEPS = ("select", "nonce", "map", "agree", "token", "application")


class LyingChip(TextbookChip):
    """Says something else at chosen steps.

    Attributes:
        lies: status word by step and password.
        guesses: tokens that came in, by password.
    """

    def __init__(self, lies: dict[tuple[str, int], int], *, pin: int = 3, puk: int = 3) -> None:
        self.lies: dict[tuple[str, int], int] = {}
        self.guesses: dict[int, int] = {}
        super().__init__(
            {CAN: THE_CAN.encode(), PIN: THE_PIN.encode(), PUK: THE_PUK.encode()},
            {0x011E: COM},
            encode_tlv(0x31, pace_info() + pace_info(parameter_id=13)),
        )
        self.tries = {PIN: pin, PUK: puk}
        self.lies = lies

    def _answer(self, command: CommandApdu) -> ResponseApdu:
        step = self._step(command)
        honest = super()._answer(command)
        reference = self.pace.get("reference", 0)
        if step == "token":
            self.guesses[reference] = self.guesses.get(reference, 0) + 1
        lie = self.lies.get((step, reference))
        return honest if lie is None else ResponseApdu(honest.data if lie == 0x9000 else b"", lie)

    @staticmethod
    def _step(command: CommandApdu) -> str:
        if command.ins == 0x22:
            return "select"
        if command.ins == 0xA4 and command.p1 == 0x04:
            return "application"
        if command.ins != 0x86:
            return ""
        tags = [child.tag for child in iter_tlvs(parse_tlv(command.data, 0x7C).value)]
        return {0x81: "map", 0x83: "agree", 0x85: "token"}[tags[0]] if tags else "nonce"


def opened(card: TextbookChip, key: AccessKey) -> AccessReport | ChipIdError:
    try:
        return CardSession(Link(card)).open(key, HOSPITAL)
    except ChipIdError as error:
        return error


def keys(can: str | None) -> list[tuple[int, AccessKey]]:
    resume = None if can is None else CanKey.from_digits(can)
    return [(PIN, PinKey.from_digits(THE_PIN, resume)), (PUK, PukKey.from_digits(THE_PUK, resume))]


def says_nothing_secret(error: ChipIdError) -> bool:
    text = f"{error} {error!r} {error.facts} {error.__cause__!r} {error.__context__!r}"
    return not any(secret in text for secret in (THE_CAN, THE_PIN, THE_PUK))


@pytest.mark.wide
@pytest.mark.parametrize("status", STATUS_WORDS, ids=lambda sw: f"{sw:04X}")
@pytest.mark.parametrize("step", STEPS)
def test_one_lie_costs_at_most_one_guess(step: str, status: int) -> None:
    for reference, key in (keys(None)[0], keys(THE_CAN)[1]):
        card = LyingChip({(step, reference): status})
        result = opened(card, key)
        assert card.guesses.get(reference, 0) <= 1
        if isinstance(result, ChipIdError):
            assert says_nothing_secret(result)
            assert result.code.text.endswith(".")
        else:
            assert result.protocol == "PACE"
            assert result.password == key.reference.name


def test_a_wrong_pin_is_not_shown_twice_because_of_the_length_of_an_answer() -> None:
    """6CXX asks for the same command with another Le. To a chip that counts, the token would be a second guess."""
    card = LyingChip({("token", PIN): 0x6C08}, pin=2)
    assert isinstance(opened(card, PinKey.from_digits("111111")), ChipIdError)
    assert card.guesses == {PIN: 1}


@pytest.mark.parametrize("seed", range(20))
def test_many_lies_cost_at_most_one_guess(seed: int) -> None:
    rng = random.Random(seed)
    lies = {
        (step, reference): rng.choice(STATUS_WORDS)
        for step in STEPS
        for reference in (CAN, PIN, PUK)
        if rng.random() < 0.3
    }
    for reference, key in keys(rng.choice((None, THE_CAN, "000000"))):
        card = LyingChip(lies, pin=rng.randrange(4), puk=rng.randrange(4))
        result = opened(card, key)
        assert card.guesses.get(reference, 0) <= 1
        assert not isinstance(result, ChipIdError) or says_nothing_secret(result)


@pytest.mark.parametrize("step", ["select", "nonce"])
def test_a_chip_that_claims_a_last_try_is_left_alone(step: str) -> None:
    for reference, key in keys(None):
        card = LyingChip({(step, reference): 0x63C1})
        error = opened(card, key)
        assert isinstance(error, errors.ProtocolError)
        assert error.code in (errors.PIN_SUSPENDED, errors.PUK_SUSPENDED)
        assert card.guesses == {}


def test_a_counter_that_goes_up_or_down_is_reported_as_announced() -> None:
    for status, announced in ((0x63C9, 9), (0x63CF, 15), (0x63C2, 2), (0x9000, None)):
        report = opened(LyingChip({("select", PIN): status}), PinKey.from_digits(THE_PIN))
        assert isinstance(report, AccessReport)
        assert report.tries_announced == announced


def test_an_access_number_that_resumes_and_a_pin_that_is_refused_all_the_same() -> None:
    for step, status, code in (
        ("nonce", 0x6985, errors.PIN_SUSPENDED),
        ("nonce", 0x6983, errors.PIN_BLOCKED),
        ("nonce", 0x6982, errors.SECRET_UNUSABLE),
        ("token", 0x6300, errors.WRONG_PIN),
        ("token", 0x63C0, errors.PIN_BLOCKED),
    ):
        card = LyingChip({(step, PIN): status}, pin=1)
        error = opened(card, PinKey.from_digits(THE_PIN, CanKey.from_digits(THE_CAN)))
        assert isinstance(error, errors.ProtocolError)
        assert error.code is code
        assert card.guesses.get(CAN) == 1
        assert card.guesses.get(PIN, 0) == (1 if step == "token" else 0)


def test_a_pin_that_the_chip_does_not_know_inside_leaves_no_half_open_channel() -> None:
    """The channel of the access number is not gone on with: it is not what was asked for."""
    card = LyingChip({("nonce", PIN): 0x6985}, pin=1)
    session = CardSession(Link(card))
    inside = {("nonce", PIN): 0x6A88}

    def switch(command: CommandApdu) -> ResponseApdu:
        if card.guesses.get(CAN):
            card.lies = inside
        return LyingChip._answer(card, command)

    card._answer = switch  # type: ignore[method-assign]
    with pytest.raises(errors.ProtocolError) as caught:
        session.open(PinKey.from_digits(THE_PIN, CanKey.from_digits(THE_CAN)), HOSPITAL)
    assert caught.value.code is errors.ACCESS_NOT_SUPPORTED
    assert not session.channel_has_answered


# ------------------------------------------------------------------------------------ managing the PIN
class BreakingChip(LyingChip):
    """Answers RESET RETRY COUNTER in a way that tells nothing."""

    how = "bare"

    def transmit(self, octets: bytes) -> bytes:
        answer = super().transmit(octets)
        if octets[1] != 0x2C:
            return answer
        if self.how == "gone":
            raise ConnectionError
        return b"\x90\x00" if self.how == "bare" else answer[:-4] + b"\0\0" + answer[-2:]


@pytest.mark.parametrize("how", ["bare", "changed", "gone"])
def test_a_pin_of_which_nobody_knows_whether_it_was_set_is_told_so(how: str) -> None:
    """The command went out, no answer can be believed: "lay the card down again" would cost tries of the wrong PIN."""
    card = BreakingChip({})
    card.how = how
    with pytest.raises(ChipIdError) as caught:
        change_pin(card, PinKey.from_digits(THE_PIN), PinKey.from_digits("111111"))
    assert caught.value.code is errors.PIN_OUTCOME_UNKNOWN
    assert caught.value.hint is Hint.CALL_STAFF
    assert says_nothing_secret(caught.value)
    assert "111111" not in str(caught.value)


@pytest.mark.parametrize("status", [0x6A80, 0x6982, 0x6983, 0x63C0, 0x6700, 0x6D00], ids=lambda sw: f"{sw:04X}")
def test_a_refused_pin_or_unblocking_is_told_as_such(status: int) -> None:
    def refuse(command: CommandApdu, data: bytes) -> ResponseApdu:
        return ResponseApdu(b"", status)

    card = LyingChip({})
    card._reset_retry_counter = refuse  # type: ignore[method-assign]
    with pytest.raises(errors.CardStatusError) as changed:
        change_pin(card, PinKey.from_digits(THE_PIN), PinKey.from_digits("111111"))
    assert changed.value.code is errors.PIN_CHANGE_REFUSED
    with pytest.raises(errors.CardStatusError) as unblocked:
        unblock_pin(card, PukKey.from_digits(THE_PUK))
    assert unblocked.value.code is errors.PIN_UNBLOCK_REFUSED
    assert len([command for command in card.log if command.ins == 0x2C]) == 2, "each was sent once"
