"""PIN and PUK on the chip: counters that outlive everything, suspension, resumption, blocking (TR-03110-2 §2.2, §2.4).

Expected status words are those of TR-03110-3 §B.11.1, §B.11.2 and §B.11.9.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.primitives.block_cipher import decrypt_cbc
from crypto.primitives.kdf import KeyUse, derive_key
from crypto.primitives.secret import Secret
from crypto.wire.apdu import CommandApdu
from emulator.chip.access_rules import AccessCondition
from emulator.chip.card import VirtualCard
from emulator.chip.content import ChipBehaviour, ChipContent, ElementaryFile, PaceOffer
from emulator.chip.passwords import PasswordStore, Pin, Puk
from emulator.chip.pin_management import PinManagement
from emulator.chip.refusal import CommandRefusedError
from emulator.chip.session import Session
from emulator.chip.trust_points import Authorization
from tests.unit.emulator_terminal import CAN, MRZ, PIN, PUK, RefusedError, Terminal, generic_mapping

GM = generic_mapping(2)
SECRETS = {MRZ: b"MRZ INFORMATION, TEST ONLY", CAN: b"123456", PIN: b"654321", PUK: b"9876543210"}
WRONG = b"000000"
SHOWN_TO_ALL = ElementaryFile(0x0101, b"behind PACE", 1, AccessCondition.PACE)


def content(*, pin: Pin | None = None, puk: Puk | None = None, **others: object) -> ChipContent:
    plain = ChipContent(
        master_files=(SHOWN_TO_ALL,),
        mrz_information=Secret(SECRETS[MRZ]),
        can=Secret(SECRETS[CAN]),
        pin=pin or Pin(Secret(SECRETS[PIN])),
        puk=puk or Puk(Secret(SECRETS[PUK])),
        pace=(PaceOffer(GM, 12),),
    )
    return dataclasses.replace(plain, **others)  # type: ignore[arg-type]


def at(chip: ChipContent | VirtualCard | None = None) -> Terminal:
    return Terminal(chip if isinstance(chip, VirtualCard) else VirtualCard(chip or content()))


def pace(terminal: Terminal, password: int, secret: bytes | None = None, template: bytes = b"") -> str:
    """MSE's status word; a refusal is ``refused <status word>``."""
    try:
        return terminal.pace(GM, 12, password, SECRETS[password] if secret is None else secret, template=template)
    except RefusedError as refused:
        return f"refused {refused}"


def afresh(terminal: Terminal) -> Terminal:
    """The same card, taken out of the field and put back."""
    assert isinstance(terminal.card, VirtualCard)
    terminal.card.power_off()
    terminal.card.power_on()
    return Terminal(terminal.card)


def announced(terminal: Terminal, password: int = PIN) -> str:
    """What MSE:Set AT says about a password in a session of its own."""
    return afresh(terminal).raw("0022C1A40F800A04007F000702020402028301" + f"{password:02X}")


def with_tries(left: int) -> ChipContent:
    return content(pin=Pin(Secret(SECRETS[PIN]), tries_left=left))


# -- opening --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("password", [MRZ, CAN, PIN, PUK])
def test_each_password_opens_the_chip(password: int) -> None:
    terminal = at()
    assert pace(terminal, password) == "9000"
    assert terminal.send("00A4020C", b"\x01\x01")[1] == "9000"
    assert terminal.send("00B00000", le=b"\0")[0] == b"behind PACE"


@pytest.mark.parametrize("password", [MRZ, CAN, PUK])
def test_mrz_can_and_a_puk_without_counter_are_never_blocked(password: int) -> None:
    terminal = at()
    for _ in range(20):
        assert pace(terminal, password, WRONG) == "refused 6300"
    assert announced(terminal, password) == "9000"
    assert pace(terminal, password) == "9000"


def test_a_card_without_pin_says_that_there_is_none() -> None:
    plain = dataclasses.replace(content(), pin=None, puk=None)
    for password in (PIN, PUK):
        assert pace(at(plain), password) == "refused 6A88"
    terminal = at(plain)
    pace(terminal, CAN)
    assert terminal.send("002C0303")[1] == "6D00"


# -- the way down -----------------------------------------------------------------------------------------------------


def test_three_wrong_tries_suspend_and_block_the_pin_and_each_step_is_told() -> None:
    """TR-03110-2 §2.2.3: RC = 1 suspends, only the CAN in the same session resumes, RC = 0 blocks."""
    terminal = at()
    assert pace(terminal, PIN, WRONG) == "refused 63C2"
    assert announced(terminal) == "63C2"
    assert pace(terminal, PIN, WRONG) == "refused 63C1"
    assert announced(terminal) == "63C1"
    assert pace(terminal, PIN, WRONG) == "refused 6985"
    assert pace(terminal, PIN) == "refused 6985"  # the right PIN does not help either
    assert pace(terminal, CAN) == "9000"
    assert pace(terminal, PIN, WRONG) == "refused 63C0"
    assert announced(terminal) == "63C0"
    fresh = afresh(terminal)
    assert pace(fresh, PIN) == "refused 6983"
    assert pace(fresh, CAN) == "9000"
    assert pace(fresh, PIN) == "refused 6983"  # the CAN resumes, it does not unblock


def test_a_right_pin_brings_all_tries_back() -> None:
    terminal = at()
    pace(terminal, PIN, WRONG)
    assert pace(terminal, PIN) == "63C2"
    assert announced(terminal) == "9000"


def test_the_can_and_then_the_pin_inside_its_channel_resume_a_suspended_pin() -> None:
    terminal = at(with_tries(1))
    assert pace(terminal, CAN) == "9000"
    first = terminal.channel
    assert pace(terminal, PIN) == "63C1"
    assert terminal.channel is not first
    assert announced(terminal) == "9000"


@pytest.mark.parametrize("ends", ["reset", "power", "plain command", "broken command"])
def test_resumption_does_not_outlive_its_session(ends: str) -> None:
    terminal = at(with_tries(1))
    assert isinstance(terminal.card, VirtualCard)
    pace(terminal, CAN)
    if ends == "reset":
        terminal.card.reset()
    elif ends == "power":
        terminal.card.power_on()
    elif ends == "plain command":
        terminal.raw("00A4020C0101")
    else:
        assert terminal.card.transmit(bytes.fromhex("0CB000000D9701008E08000000000000000000")).hex() == "6988"
    terminal.channel = None
    assert pace(terminal, PIN) == "refused 6985"
    assert announced(terminal) == "63C1"


def test_a_wrong_can_or_another_password_resumes_nothing() -> None:
    terminal = at(with_tries(1))
    assert pace(terminal, CAN, WRONG) == "refused 6300"
    assert pace(terminal, PIN) == "refused 6985"
    for password in (MRZ, PUK):
        terminal = at(with_tries(1))
        assert pace(terminal, password) == "9000"
        assert pace(terminal, PIN) == "refused 6985"


def test_a_can_shown_before_the_pin_was_suspended_does_not_count() -> None:
    terminal = at(with_tries(2))
    pace(terminal, CAN)
    assert pace(terminal, PIN, WRONG) == "refused 63C1"
    assert pace(terminal, PIN) == "refused 6985"
    assert pace(terminal, CAN) == "9000"  # shown again, now that it counts
    assert pace(terminal, PIN) == "63C1"


def test_a_resumed_pin_that_was_entered_is_not_resumed_for_good() -> None:
    terminal = at(with_tries(1))
    pace(terminal, CAN)
    assert pace(terminal, PIN) == "63C1"
    assert [pace(terminal, PIN, WRONG) for _ in range(3)] == ["refused 63C2", "refused 63C1", "refused 6985"]


def test_the_try_is_spent_before_the_token_is_compared() -> None:
    """A terminal that takes the card away at the moment of truth has used up a try all the same."""
    store = PasswordStore(pin=Pin(Secret(SECRETS[PIN])), puk=None)
    pin = store.select(b"\x03")
    pin.spend_try()
    assert pin.announcement == 0x63C2
    pin.accept()
    assert pin.announcement == 0x9000


def test_a_run_that_is_not_finished_costs_no_try() -> None:
    """Nothing was learnt: the chip has compared nothing."""
    terminal = at()
    for _ in range(5):
        assert terminal.raw("0022C1A40F800A04007F00070202040202830103") == "9000"
        assert terminal.raw("10860000027C0000") == "9000"
        assert terminal.raw("00860000047C02850000") == "6985"  # the token in place of the mapping
    assert announced(terminal) == "9000"


def test_the_wrong_status_for_a_wrong_can_is_a_habit_and_that_for_a_pin_is_not() -> None:
    behaviour = ChipBehaviour(wrong_password_status=0x6982)
    terminal = at(content(behaviour=behaviour))
    assert pace(terminal, CAN, WRONG) == "refused 6982"
    assert pace(terminal, PIN, WRONG) == "refused 63C2"


@pytest.mark.parametrize("left", [0, 1])
def test_some_chips_say_6982_for_every_state(left: int) -> None:
    chip = dataclasses.replace(with_tries(left), behaviour=ChipBehaviour(names_password_state=False))
    assert pace(at(chip), PIN) == "refused 6982"
    assert announced(at(chip)) == f"63C{left}"


def test_counters_belong_to_one_card_and_not_to_its_content() -> None:
    chip = content()
    assert pace(at(chip), PIN, WRONG) == "refused 63C2"
    assert pace(at(chip), PIN, WRONG) == "refused 63C2"


@pytest.mark.parametrize("tries", [2, 3, 10, 15])
def test_the_initial_counter_is_the_issuers_choice(tries: int) -> None:
    terminal = at(content(pin=Pin(Secret(SECRETS[PIN]), tries=tries)))
    assert announced(terminal) == "9000"
    for left in range(tries - 1, 0, -1):
        assert pace(terminal, PIN, WRONG) == f"refused 63C{left:X}"
    assert pace(terminal, PIN) == "refused 6985"


def test_counters_that_mean_nothing_are_not_personalised() -> None:
    for tries, left in [(0, None), (1, None), (16, None), (3, 4), (3, -1)]:
        with pytest.raises(ValueError, match="counter"):
            Pin(Secret(b"1"), tries=tries, tries_left=left)
        with pytest.raises(ValueError, match="counter"):
            Puk(Secret(b"1"), tries=tries, tries_left=left)
    with pytest.raises(ValueError, match="counter"):
        Puk(Secret(b"1"), tries_left=2)


def test_a_deactivated_pin_is_announced_and_refused() -> None:
    terminal = at(content(pin=Pin(Secret(SECRETS[PIN]), activated=False)))
    assert announced(terminal) == "6283"
    assert pace(terminal, PIN) == "refused 6984"
    assert pace(terminal, CAN) == "9000"
    assert pace(terminal, PIN) == "refused 6984"


# -- a PUK with a counter -----------------------------------------------------------------------------------------------


def test_a_puk_with_a_counter_is_suspended_resumed_and_blocked_like_a_pin() -> None:
    terminal = at(content(puk=Puk(Secret(SECRETS[PUK]), tries=3)))
    assert [pace(terminal, PUK, WRONG) for _ in range(3)] == ["refused 63C2", "refused 63C1", "refused 6985"]
    assert pace(terminal, CAN) == "9000"
    assert pace(terminal, PUK) == "63C1"
    assert announced(terminal, PUK) == "9000"
    blocked = at(content(puk=Puk(Secret(SECRETS[PUK]), tries=3, tries_left=0)))
    pace(blocked, CAN)
    assert pace(blocked, PUK) == "refused 6983"


# -- RESET RETRY COUNTER --------------------------------------------------------------------------------------------------


def test_the_puk_unblocks_the_pin() -> None:
    terminal = at(with_tries(0))
    assert pace(terminal, PUK) == "9000"
    assert terminal.send("002C0303") == (b"", "9000")
    assert announced(terminal) == "9000"
    assert pace(afresh(terminal), PIN) == "9000"


@pytest.mark.parametrize("password", [PIN, PUK])
def test_pin_and_puk_set_a_new_pin(password: int) -> None:
    terminal = at()
    pace(terminal, password)
    assert terminal.send("002C0203", b"112233") == (b"", "9000")
    fresh = afresh(terminal)
    assert pace(fresh, PIN) == "refused 63C2"
    assert pace(fresh, PIN, b"112233") == "63C2"


def test_a_puk_that_may_not_change_the_pin_still_unblocks_it() -> None:
    """TR-03110-2 §2.4.1: Change PIN after the PUK is optional."""
    chip = content(pin=Pin(Secret(SECRETS[PIN]), tries_left=0), puk=Puk(Secret(SECRETS[PUK]), changes_pin=False))
    terminal = at(chip)
    pace(terminal, PUK)
    assert terminal.send("002C0203", b"112233")[1] == "6982"
    assert announced(terminal) == "63C0"
    fresh = afresh(terminal)
    pace(fresh, PUK)
    assert fresh.send("002C0303")[1] == "9000"


@pytest.mark.parametrize("password", [MRZ, CAN])
def test_nobody_else_touches_the_pin(password: int) -> None:
    terminal = at(with_tries(0))
    assert terminal.raw("002C0303") == "6982"
    assert terminal.raw("002C020306313132323333") == "6982"
    pace(terminal, password)
    assert terminal.send("002C0303")[1] == "6982"
    assert terminal.send("002C0203", b"112233")[1] == "6982"
    assert announced(terminal) == "63C0"


def test_the_pin_does_not_reset_its_own_counter_by_command() -> None:
    terminal = at()
    pace(terminal, PIN)
    assert terminal.send("002C0303")[1] == "6982"


def test_the_right_belongs_to_the_latest_password_of_the_session() -> None:
    terminal = at()
    pace(terminal, PUK)
    pace(terminal, CAN)
    assert terminal.send("002C0303")[1] == "6982"


def test_the_puk_resets_only_as_often_as_the_issuer_allows() -> None:
    """TR-03110-2 §2.2.1 and §2.4.1: the reset counter goes down with each reset by the PUK."""
    terminal = at(content(pin=Pin(Secret(SECRETS[PIN]), tries_left=0, resets_left=2)))
    pace(terminal, PUK)
    assert terminal.send("002C0303")[1] == "9000"
    assert terminal.send("002C0203", b"112233")[1] == "9000"
    assert terminal.send("002C0303")[1] == "6983"
    assert terminal.send("002C0203", b"445566")[1] == "6983"
    fresh = afresh(terminal)
    assert pace(fresh, PIN, b"112233") == "9000"
    assert fresh.send("002C0203", b"778899")[1] == "9000"  # the holder of the PIN needs no reset


@pytest.mark.parametrize(
    ("header", "data", "status"),
    [
        ("002C0203", b"", "6700"),
        ("002C0303", b"112233", "6700"),
        ("002C0203", b"11223", "6A80"),
        ("002C0203", b"1122334", "6A80"),
        ("002C0203", b"11223a", "6A80"),
        ("002C0203", "１２".encode(), "6A80"),  # full-width digits
        ("002C0203", b"\xb2" * 6, "6A80"),  # a superscript is a digit to some
        ("002C0202", b"112233", "6A86"),
        ("002C0302", b"", "6A86"),
        ("002C0003", b"112233", "6A86"),
        ("002C0103", b"112233", "6A86"),
        ("002C0204", b"112233", "6A86"),
    ],
)
def test_what_is_no_proper_reset_changes_nothing(header: str, data: bytes, status: str) -> None:
    terminal = at(with_tries(1))
    pace(terminal, PUK)
    assert terminal.send(header, data)[1] == status
    assert announced(terminal) == "63C1"
    fresh = afresh(terminal)
    pace(fresh, CAN)
    assert pace(fresh, PIN) == "63C1"


def test_a_run_begun_with_the_old_pin_does_not_outlive_its_change() -> None:
    """MSE:Set AT, then a new PIN, then the nonce: it is encrypted under the PIN that is valid now."""
    drawn: list[bytes] = []

    def recorded(count: int) -> bytes:
        drawn.append(os.urandom(count))
        return drawn[-1]

    terminal = at(VirtualCard(content(), random_bytes=recorded))
    pace(terminal, PIN)
    data = bytes.fromhex("800A04007F00070202040202830103")
    assert terminal.send("0022C1A4", data)[1] == "9000"
    assert terminal.send("002C0203", b"112233")[1] == "9000"
    answer = terminal.send("10860000", b"\x7c\x00", b"\0")[0]
    key = derive_key(b"112233", KeyUse.PASSWORD, GM.cipher)
    assert decrypt_cbc(GM.cipher, key, bytes(16), answer[4:]) == drawn[-1]


# -- a terminal with the right to manage PINs ---------------------------------------------------------------------------


def managing(
    store: PasswordStore, chip: ChipContent, *, right: int = 5, kind: str = "2"
) -> Callable[[str, bytes], int]:
    """Commands about the PIN in a session in which terminal authentication has granted that right."""
    session = Session(chip)
    session.security = session.security.with_rights(Authorization(f"0.4.0.127.0.7.3.1.2.{kind}", 1 << right))
    commands = PinManagement(store)
    handlers = {0x2C: commands.reset_retry_counter, 0x44: commands.activate, 0x04: commands.deactivate}

    def run(header: str, data: bytes = b"") -> int:
        command = CommandApdu(*bytes.fromhex(header), data)
        try:
            return handlers[command.ins](session, command, 0).sw
        except CommandRefusedError as refused:
            return refused.status

    return run


def test_a_terminal_with_the_right_to_manage_pins_does_everything() -> None:
    """TR-03110-2 §2.4.2; neither the reset counter nor the limits of the PUK concern it."""
    rules = Pin(Secret(SECRETS[PIN]), tries_left=0, resets_left=0)
    store = PasswordStore(pin=rules, puk=Puk(Secret(SECRETS[PUK]), changes_pin=False))
    pin, run = store.select(b"\x03"), managing(store, content())
    assert run("002C0303") == 0x9000
    assert pin.announcement == 0x9000
    assert run("00041003") == 0x9000
    assert (pin.announcement, pin.refusal(resumed=False)) == (0x6283, 0x6984)
    assert run("002C0203", b"112233") == 0x9000
    assert pin.announcement == 0x6283  # a new PIN is still a deactivated one
    assert run("00441003") == 0x9000
    assert (pin.announcement, pin.seed) == (0x9000, b"112233")


@pytest.mark.parametrize(("right", "kind"), [(4, "2"), (6, "2"), (5, "1"), (5, "3")])
def test_no_other_right_and_no_other_terminal_will_do(right: int, kind: str) -> None:
    store = PasswordStore(pin=Pin(Secret(SECRETS[PIN]), tries_left=0), puk=None)
    run = managing(store, content(), right=right, kind=kind)
    for header, data in [("002C0303", b""), ("002C0203", b"112233"), ("00441003", b""), ("00041003", b"")]:
        assert run(header, data) == 0x6982
    assert store.select(b"\x03").announcement == 0x63C0


@pytest.mark.parametrize(
    ("header", "data", "status"),
    [("00441002", b"", 0x6A86), ("00040003", b"", 0x6A86), ("00441003", b"x", 0x6700), ("00041004", b"", 0x6A86)],
)
def test_only_the_pin_has_such_a_state(header: str, data: bytes, status: int) -> None:
    store = PasswordStore(pin=Pin(Secret(SECRETS[PIN])), puk=None)
    assert managing(store, content())(header, data) == status
    assert store.select(b"\x03").announcement == 0x9000


@pytest.mark.parametrize("password", [MRZ, CAN, PIN, PUK])
def test_no_password_alone_activates_or_deactivates(password: int) -> None:
    terminal = at()
    for header in ("00441003", "00041003"):
        assert terminal.raw(header) == "6982"
        terminal.channel = None
        pace(terminal, password)
        assert terminal.send(header)[1] == "6982"
        terminal = afresh(terminal)


# -- terminal types ---------------------------------------------------------------------------------------------------------


def template(arc: int, authorization: str) -> bytes:
    body = bytes.fromhex("060904007F00070301020" + str(arc)) + bytes([0x53, len(authorization) // 2])
    body += bytes.fromhex(authorization)
    return bytes.fromhex("7F4C") + bytes([len(body)]) + body


INSPECTION, AUTHENTICATION, SIGNATURE = template(1, "23"), template(2, "0000000000"), template(3, "03")
CAN_ALLOWED = template(2, "0000000010")


@pytest.mark.parametrize(
    ("who", "allowed"),
    [
        (INSPECTION, {MRZ, CAN}),
        (AUTHENTICATION, {PIN}),
        (CAN_ALLOWED, {PIN, CAN}),
        (SIGNATURE, {PIN, CAN, PUK}),
        (b"", {MRZ, CAN, PIN, PUK}),
    ],
    ids=[
        "inspection system",
        "authentication terminal",
        "with CAN allowed",
        "signature terminal",
        "nobody in particular",
    ],
)
def test_each_type_of_terminal_has_its_passwords(who: bytes, allowed: set[int]) -> None:
    """TR-03110-2 §2.3.2.1; the others earn 6A80 (TR-03110-3 §B.11.1)."""
    for password in (MRZ, CAN, PIN, PUK):
        terminal = at()
        assert pace(terminal, password, template=who) == ("9000" if password in allowed else "refused 6A80")
        assert terminal.references == []  # this chip knows no terminal authentication


@pytest.mark.parametrize(
    "bad",
    [
        "7F4C00",
        "7F4C0B060904007F000703010201",
        "7F4C0E060904007F0007030102015301",
        template(4, "23").hex(),
        template(1, "0000000000").hex(),
        template(2, "23").hex(),
        template(1, "23").hex()[:6] + "0F" + template(1, "23").hex()[8:] + "00",
    ],
)
def test_a_template_that_is_none_is_refused(bad: str) -> None:
    octets = bytes.fromhex(bad)
    assert pace(at(), CAN, template=octets) == "refused 6A80"


# -- any order of tries -------------------------------------------------------------------------------------------------------


class Expected:
    """The state machine of TR-03110-2 §2.2.3, once more and as plainly as possible."""

    def __init__(self) -> None:
        self.left, self.resumed = 3, False

    def use(self, what: str) -> str:
        if what == "power":
            self.resumed = False
            return ""
        if what == "can":
            self.resumed = self.resumed or self.left == 1
            return "9000"
        if what == "puk":
            self.left, self.resumed = 3, False
            return "9000"
        warning = "9000" if self.left == 3 else f"63C{self.left}"
        if self.left == 0:
            return "refused 6983"
        if self.left == 1 and not self.resumed:
            return "refused 6985"
        if what == "pin":
            self.left, self.resumed = 3, False
            return warning
        self.left -= 1
        return f"refused 63C{self.left}"


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(["pin", "wrong", "wrong", "can", "puk", "power"]), max_size=9))
def test_in_whatever_order_the_passwords_come_the_counter_obeys_the_guideline(uses: list[str]) -> None:
    terminal, expected = at(), Expected()
    for use in uses:
        if use == "power":
            terminal = afresh(terminal)
            expected.use(use)
            continue
        password = {"can": CAN, "puk": PUK}.get(use, PIN)
        assert pace(terminal, password, WRONG if use == "wrong" else None) == expected.use(use)
        if use == "puk":
            assert terminal.send("002C0303")[1] == "9000"


def test_no_secret_is_ever_shown() -> None:
    chip = content()
    store = PasswordStore(mrz_information=chip.mrz_information, can=chip.can, pin=chip.pin, puk=chip.puk)
    shown = repr((chip.pin, chip.puk, store, store.select(b"\x03"), store.select(b"\x02"), VirtualCard(chip)))
    for secret in SECRETS.values():
        assert secret.decode() not in shown
