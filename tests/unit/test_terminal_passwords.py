"""CAN, MRZ, PIN and PUK: each mistake has its own name, and nobody's last try is used up by accident."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

import reader
from crypto.errors import ChipIdError, Hint
from crypto.wire.apdu import CommandApdu, ResponseApdu
from reader import errors
from reader.lds import files
from reader.link import Link
from reader.plan import HOSPITAL
from reader.protocols.access_key import AccessKey, CanKey, MrzKey, PinKey, PukKey
from reader.session import AccessReport, CardSession
from tests.unit.textbook_chip import CAN, MRZ, PIN, PUK, TextbookChip, encode_tlv, pace_info, sha1

RIGHT_CAN, RIGHT_PIN, RIGHT_PUK = "274190", "680135", "5190 2846 73"
TD1 = ("I<UTOD231458907<<<<<<<<<<<<<<<", "7408122F1204159UTO<<<<<<<<<<<6", "ERIKSSON<<ANNA<MARIA<<<<<<<<<<")
INFORMATION = "D23145890774081221204159"  # Doc 9303-11 Appendix D.2, the example for TD1
COM = bytes.fromhex("6013 5f0104 30313038 5f3606 303430303030 5c01 61".replace(" ", ""))


def chip(**changes: object) -> TextbookChip:
    passwords = {
        MRZ: sha1(INFORMATION.encode()),
        CAN: RIGHT_CAN.encode(),
        PIN: RIGHT_PIN.encode(),
        PUK: RIGHT_PUK.replace(" ", "").encode(),
    }
    made = TextbookChip(passwords, {0x011E: COM}, encode_tlv(0x31, pace_info()))
    made.tries = {PIN: 3, PUK: 3}
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def open_chip(card: TextbookChip, key: AccessKey) -> AccessReport:
    return CardSession(Link(card)).open(key, HOSPITAL)


def refused(card: TextbookChip, key: AccessKey) -> errors.ProtocolError:
    with pytest.raises(errors.ProtocolError) as caught:
        open_chip(card, key)
    return caught.value


@pytest.mark.parametrize(
    ("key", "name"),
    [
        (CanKey.from_digits(RIGHT_CAN), "CAN"),
        (MrzKey.from_lines(TD1), "MRZ"),
        (PinKey.from_digits(RIGHT_PIN), "PIN"),
        (PukKey.from_digits(RIGHT_PUK), "PUK"),
    ],
    ids=["CAN", "MRZ", "PIN", "PUK"],
)
def test_each_password_opens_the_chip(key: AccessKey, name: str) -> None:
    report = open_chip(chip(), key)
    assert (report.protocol, report.password, report.tries_announced) == ("PACE", name, None)
    assert not report.resumed_with_can


def test_each_wrong_password_is_named_and_the_tries_left_are_told_where_the_chip_counts() -> None:
    other_lines = ("I<UTOD231458907<<<<<<<<<<<<<<<", "7408122F1304159UTO<<<<<<<<<<<0", TD1[2])
    cases = {
        errors.WRONG_KEY: CanKey.from_digits("000000"),
        errors.WRONG_MRZ: MrzKey.from_lines(_with_digits(other_lines)),
        errors.WRONG_PIN: PinKey.from_digits("111111"),
        errors.WRONG_PUK: PukKey.from_digits("1111111111"),
    }
    for code, key in cases.items():
        error = refused(chip(), key)
        assert error.code is code
        assert error.hint is Hint.REENTER_KEY
        assert error.facts["password"] == key.reference.name
        assert error.facts.get("tries_left") == (2 if key.reference in (PIN, PUK) else None)
    assert len(set(cases)) == 4
    assert all(code.name.startswith("access.wrong_key") for code in cases)


def _with_digits(lines: tuple[str, str, str]) -> tuple[str, str, str]:
    """The same with right check digits (Doc 9303-3 §4.9; composite: Doc 9303-5 §4.2.4)."""

    def digit(text: str) -> str:
        values = [int(letter, 36) if letter != "<" else 0 for letter in text]
        return str(sum(value * (7, 3, 1)[place % 3] for place, value in enumerate(values)) % 10)

    first, second, third = lines
    second = second[:14] + digit(second[8:14]) + second[15:29]
    return first, second + digit(first[5:] + second[:7] + second[8:15] + second[18:29]), third


@pytest.mark.parametrize(
    ("key", "reference", "code"),
    [
        (PinKey.from_digits(RIGHT_PIN), PIN, errors.PIN_SUSPENDED),
        (PukKey.from_digits(RIGHT_PUK), PUK, errors.PUK_SUSPENDED),
    ],
    ids=["PIN", "PUK"],
)
def test_the_last_try_is_never_used_without_the_access_number(key: AccessKey, reference: int, code: object) -> None:
    """Not even with the right secret: whoever typed it cannot know that it is right."""
    card = chip(tries={PIN: 3, PUK: 3, reference: 1})
    error = refused(card, key)
    assert error.code is code
    assert error.hint is Hint.REENTER_KEY
    assert error.facts["status_word"] == "63C1"
    assert not [command for command in card.log if command.ins == 0x86], "no guess is made"
    assert card.tries[reference] == 1


def test_the_access_number_resumes_the_secret_and_the_right_one_gives_all_tries_back() -> None:
    """TR-03110-2 §2.4.1: PACE with the CAN, then PACE with the PIN inside that channel."""
    for reference, key in (
        (PIN, PinKey.from_digits(RIGHT_PIN, CanKey.from_digits(RIGHT_CAN))),
        (PUK, PukKey.from_digits(RIGHT_PUK, CanKey.from_digits(RIGHT_CAN))),
    ):
        card = chip(tries={PIN: 3, PUK: 3, reference: 1})
        session = CardSession(Link(card))
        report = session.open(key, HOSPITAL)
        assert (report.password, report.tries_announced, report.resumed_with_can) == (key.reference.name, 1, True)
        assert card.tries[reference] == 3
        assert session.read_file(files.COM) == COM, "the channel of the second run is the one that counts"


def test_the_access_number_is_not_needed_while_tries_are_left() -> None:
    card = chip(tries={PIN: 2, PUK: 3})
    report = open_chip(card, PinKey.from_digits(RIGHT_PIN, CanKey.from_digits("000000")))
    assert (report.tries_announced, report.resumed_with_can) == (2, False)
    assert card.tries[PIN] == 3


def test_a_wrong_access_number_beside_a_suspended_pin_costs_no_try_of_the_pin() -> None:
    card = chip(tries={PIN: 1})
    error = refused(card, PinKey.from_digits(RIGHT_PIN, CanKey.from_digits("000000")))
    assert (error.code, error.facts["password"]) == (errors.WRONG_KEY, "CAN")
    assert card.tries[PIN] == 1


def test_a_wrong_pin_after_the_access_number_blocks_and_says_so() -> None:
    card = chip(tries={PIN: 1})
    error = refused(card, PinKey.from_digits("111111", CanKey.from_digits(RIGHT_CAN)))
    assert error.code is errors.PIN_BLOCKED
    assert card.tries[PIN] == 0


@pytest.mark.parametrize(
    ("changes", "key", "code"),
    [
        ({"tries": {PIN: 0}}, PinKey.from_digits(RIGHT_PIN), errors.PIN_BLOCKED),
        ({"tries": {PUK: 0}}, PukKey.from_digits(RIGHT_PUK), errors.PUK_BLOCKED),
        ({"deactivated": {PIN}}, PinKey.from_digits(RIGHT_PIN), errors.PIN_DEACTIVATED),
        ({"tries": {CAN: 0}}, CanKey.from_digits(RIGHT_CAN), errors.KEY_BLOCKED),
    ],
    ids=["PIN blocked", "PUK used up", "PIN switched off", "an access number that somebody blocks"],
)
def test_each_state_has_an_error_of_its_own(changes: dict[str, object], key: AccessKey, code: object) -> None:
    error = refused(chip(**changes), key)
    assert error.code is code
    assert error.hint is Hint.CALL_STAFF


def test_a_chip_that_hides_the_reason_gets_an_honest_answer_and_the_access_number_still_helps() -> None:
    """TR-03110-3 §B.11.2, note: 6982 may stand for blocked, switched off or suspended."""
    error = refused(chip(tries={PIN: 1}, hides_reason=True), PinKey.from_digits(RIGHT_PIN))
    assert error.code is errors.SECRET_UNUSABLE
    card = chip(tries={PIN: 1}, hides_reason=True)
    assert open_chip(card, PinKey.from_digits(RIGHT_PIN, CanKey.from_digits(RIGHT_CAN))).resumed_with_can
    assert card.tries[PIN] == 3
    blocked = chip(tries={PIN: 0}, hides_reason=True)
    error = refused(blocked, PinKey.from_digits(RIGHT_PIN, CanKey.from_digits(RIGHT_CAN)))
    assert error.code is errors.SECRET_UNUSABLE


def test_a_last_try_of_an_access_number_is_no_suspension() -> None:
    """The CAN is no blocking password (TR-03110-2 §2.4): a chip that counts all the same is read as ever."""
    assert open_chip(chip(tries={CAN: 1}), CanKey.from_digits(RIGHT_CAN)).tries_announced == 1


def test_a_chip_without_a_pin_does_not_blame_the_pin() -> None:
    card = chip()
    del card.passwords[PIN]
    error = refused(card, PinKey.from_digits(RIGHT_PIN))
    assert (error.code, error.facts["password"]) == (errors.ACCESS_NOT_SUPPORTED, "PIN")


@pytest.mark.parametrize("digits", ["", "123", "1234567890123", "12345a", "１２３４５６", "12 34 5", "-12345"])
def test_what_is_no_pin_costs_no_try(digits: str) -> None:
    with pytest.raises(errors.DocumentError) as caught:
        reader.PinKey.from_digits(digits)
    assert caught.value.code is errors.PIN_MALFORMED
    assert digits not in str(caught.value) or not digits


@pytest.mark.parametrize("digits", ["", "12345", "12345678901234567", "abcdefgh", "१२३४५६७८९०"])
def test_what_is_no_puk_costs_no_try(digits: str) -> None:
    with pytest.raises(errors.DocumentError) as caught:
        reader.PukKey.from_digits(digits)
    assert caught.value.code is errors.PUK_MALFORMED


def test_secrets_show_nowhere() -> None:
    keys = [PinKey.from_digits("680135", CanKey.from_digits("274190")), PukKey.from_digits("5190284673")]
    for key in keys:
        assert "680135" not in repr(key) + str(vars(type(key)))
        assert "5190284673" not in repr(key)
    error = refused(chip(), PinKey.from_digits("111111"))
    assert "111111" not in str(error) + repr(error)


@pytest.mark.parametrize("right", ["closed_to", "denied_to"], ids=["application", "files"])
def test_a_right_pin_that_opens_nothing_does_not_condemn_the_card(right: str) -> None:
    """Passport data are for the CAN or the MRZ on some chips (TR-03110-2 §2.3.2.1): the holder is told so."""
    card = chip(**{right: {PIN}}, files={0x011E: COM, 0x011D: bytes.fromhex("7700")})
    with pytest.raises(errors.CardStatusError) as caught:
        reader.read(card, PinKey.from_digits(RIGHT_PIN), trust=reader.trust_for(None))
    assert caught.value.code is errors.ACCESS_NOT_SUPPORTED
    assert dict(caught.value.facts) == {"reason": "password_gives_no_right_to_read", "password": "PIN"}
    assert card.tries[PIN] == 3
    assert sum(command.ins == 0x22 for command in card.log) == 1, "the right secret is not tried again in other ways"
    assert open_chip(chip(**{right: {PIN}}), CanKey.from_digits(RIGHT_CAN)).password == "CAN"


@pytest.mark.slow
@given(
    position=st.integers(0, 4),
    status=st.one_of(st.integers(0x6200, 0x6FFF), st.sampled_from([0x9000, 0x63C0, 0x63C1, 0x63CF, 0x6283, 0x6984])),
    key=st.sampled_from(
        [
            CanKey.from_digits(RIGHT_CAN),
            PinKey.from_digits(RIGHT_PIN),
            PukKey.from_digits(RIGHT_PUK),
            PinKey.from_digits(RIGHT_PIN, CanKey.from_digits(RIGHT_CAN)),
        ]
    ),
)
def test_whatever_word_comes_at_whatever_step_it_is_an_error_of_ours_or_an_open_chip(
    position: int, status: int, key: AccessKey
) -> None:
    """The five commands of PACE; the word comes instead of the answer, once."""
    card = chip()
    right_answer, seen = card._answer, 0

    def answer(command: CommandApdu) -> ResponseApdu:
        nonlocal seen
        if command.ins not in (0x22, 0x86):
            return right_answer(command)
        seen += 1
        honest = right_answer(command)
        return ResponseApdu(b"", status) if seen == position + 1 else honest

    card._answer = answer  # type: ignore[method-assign]
    with contextlib.suppress(ChipIdError):
        assert open_chip(card, key).protocol == "PACE"
