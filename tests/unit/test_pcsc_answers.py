"""Every answer that PC/SC can give has one clear error or event, and nothing is held, asked or sent beyond need."""

from __future__ import annotations

import itertools
import queue
import threading
from collections.abc import Callable, Iterator

import pytest

pytest.importorskip("smartcard", reason="PC/SC support (the extra 'pcsc') is not installed")

from smartcard import scard

from reader import errors
from reader.transport import monitor as monitor_module
from reader.transport import pcsc, returning
from reader.transport.monitor import MonitorEvent, MonitorEventKind, ReaderMonitor, changes_between
from reader.transport.pcsc import PcscTransport, SlotState, list_readers
from reader.transport.reader_limits import EXTENDED, SHORT
from tests.unit.pcsc_service_in_memory import ATR, GET_FEATURES, ServiceInMemory

READER = "Test Reader 00 00"
RESULTS = {name: getattr(scard, name) for name in dir(scard) if name.startswith(("SCARD_E_", "SCARD_W_", "SCARD_F_"))}
Kind = MonitorEventKind


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[ServiceInMemory]:
    """With one reader and a card in it; in the end nothing may be left open."""
    service = ServiceInMemory()
    monkeypatch.setattr(pcsc, "scard", service)
    monkeypatch.setattr(pcsc, "_NOTICED_WITHIN_MS", 20)
    monkeypatch.setattr(pcsc, "_LAST_TAKEN", {})
    monkeypatch.setattr(monitor_module, "_SECOND_LOOK_S", 0.01)
    monkeypatch.setattr(monitor_module, "_RETRY_S", 0.01)
    service.change(READER, has_card=True)
    yield service
    assert service.contexts == set()
    assert service.cards == {}


def code_of(action: Callable[[], object]) -> str:
    with pytest.raises(errors.TransportError) as caught:
        action()
    return caught.value.code.name


# ------------------------------------------------------------------------------------- opening
@pytest.mark.parametrize(
    ("state", "code"),
    [
        ({"has_card": False}, "card.absent"),
        ({"is_mute": True}, "card.mute"),
        ({"holder": -1}, "card.in_use"),
        ({"holder": 2}, "card.in_use"),
    ],
)
def test_a_card_that_cannot_be_taken_is_told_and_nothing_stays_open(
    service: ServiceInMemory, state: dict[str, object], code: str
) -> None:
    service.change(READER, **state)
    assert code_of(lambda: PcscTransport(READER)) == code


@pytest.mark.parametrize(
    ("result", "code"),
    [
        (scard.SCARD_E_NO_SERVICE, "reader.service_down"),
        (scard.SCARD_E_SERVICE_STOPPED, "reader.service_down"),
        (scard.SCARD_W_SECURITY_VIOLATION, "reader.not_permitted"),
        (scard.SCARD_E_NO_ACCESS, "reader.not_permitted"),
    ],
)
def test_a_service_that_is_not_there_or_does_not_let_us_in(service: ServiceInMemory, result: int, code: str) -> None:
    service.refuse(result)
    assert code_of(list_readers) == code
    assert code_of(lambda: PcscTransport(READER)) == code


def test_without_a_reader_the_list_is_empty(service: ServiceInMemory) -> None:
    service.unplug(READER)
    assert list_readers() == []
    assert code_of(lambda: PcscTransport(READER)) == "reader.not_found"


# ------------------------------------------------------------------------------------- what is asked of the driver
def test_a_driver_that_lists_nothing_is_asked_nothing_more(service: ServiceInMemory) -> None:
    with PcscTransport(READER) as card:
        assert (card.max_command, card.max_response) == (SHORT.max_command, SHORT.max_response)
    assert service.controlled == [GET_FEATURES]
    assert service.sent == []


def test_only_what_is_listed_is_asked_and_never_an_escape(service: ServiceInMemory) -> None:
    service.change(READER, controls={GET_FEATURES: bytes.fromhex("130442000001060442330006")})
    with PcscTransport(READER):
        pass
    assert service.controlled == [GET_FEATURES]


def test_the_largest_size_is_asked_of_a_driver_that_lists_its_properties(service: ServiceInMemory) -> None:
    code = 0x42330012
    service.change(
        READER,
        controls={GET_FEATURES: bytes.fromhex("130442000001120442330012"), code: bytes.fromhex("0A0400000100")},
    )
    with PcscTransport(READER) as card:
        assert (card.max_command, card.max_response) == (EXTENDED.max_command, EXTENDED.max_response)
    assert service.controlled == [GET_FEATURES, code]


@pytest.mark.parametrize(
    ("command", "sent"),
    [
        ("00A40000", "00A4000000"),  # case 1
        ("00B0000010", "00B0000010"),  # case 2
        ("00B0000000", "00B0000000"),
        ("00A4020C02011C", "00A4020C02011C"),  # case 3
        ("00A4040C0200010F", "00A4040C020001"),  # case 4
        ("0C20000001FF00", "0C20000001FF"),
    ],
)
def test_t0_carries_no_le_after_data(service: ServiceInMemory, command: str, sent: str) -> None:
    service.change(READER, protocol=scard.SCARD_PROTOCOL_T0, answer=b"\x61\x10")
    with PcscTransport(READER) as card:
        assert card.transmit(bytes.fromhex(command)) == b"\x61\x10"
        assert (card.max_command, card.max_response) == (SHORT.max_command, SHORT.max_response)
    assert service.sent == [bytes.fromhex(sent)]


def test_t1_carries_a_command_as_it_is(service: ServiceInMemory) -> None:
    with PcscTransport(READER) as card:
        card.transmit(bytes.fromhex("00A4040C0200010F"))
    assert service.sent == [bytes.fromhex("00A4040C0200010F")]


# ------------------------------------------------------------------------------------- while it is read
@pytest.mark.parametrize("name", sorted(RESULTS))
def test_every_failure_is_one_of_our_errors_and_gives_the_reader_up(service: ServiceInMemory, name: str) -> None:
    with PcscTransport(READER) as card:
        service.change(READER, failure=RESULTS[name])
        with pytest.raises(errors.TransportError) as caught:
            card.transmit(b"\x00\xa4\x00\x00")
        assert caught.value.facts["pcsc"] == f"{RESULTS[name] & 0xFFFFFFFF:08X}"
        assert service.cards == {}
        assert service.dispositions == [scard.SCARD_LEAVE_CARD]
        assert code_of(lambda: card.transmit(b"\x00\xa4\x00\x00")) == "card.removed"
    assert len(service.sent) == 1


@pytest.mark.parametrize("answer", [b"", b"\x90"])
def test_an_answer_that_was_cut_off_is_none(service: ServiceInMemory, answer: bytes) -> None:
    with PcscTransport(READER) as card:
        service.change(READER, answer=answer)
        assert code_of(lambda: card.transmit(b"\x00\xa4\x00\x00")) == "card.link_failed"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"has_card": False}, "card.removed"),
        ({"is_mute": True}, "card.mute"),
        ({}, "card.link_failed"),
    ],
)
def test_a_broken_link_is_told_by_what_became_of_the_card(
    service: ServiceInMemory, change: dict[str, object], code: str
) -> None:
    with PcscTransport(READER) as card:
        service.change(READER, failure=scard.SCARD_E_NOT_TRANSACTED, **change)
        assert code_of(lambda: card.transmit(b"\x00\xa4\x00\x00")) == code


def test_a_broken_link_waits_until_the_service_has_looked(
    service: ServiceInMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pcscd notices after up to 400 ms that a card has left; until then the link seems merely broken."""
    monkeypatch.setattr(pcsc, "_NOTICED_WITHIN_MS", 5_000)
    with PcscTransport(READER) as card:
        service.change(READER, failure=scard.SCARD_E_NOT_TRANSACTED)
        noticing = threading.Timer(0.01, service.change, (READER,), {"has_card": False})
        noticing.start()
        assert code_of(lambda: card.transmit(b"\x00\xa4\x00\x00")) == "card.removed"
        noticing.join()


def test_an_unplugged_reader_is_told_as_that(service: ServiceInMemory) -> None:
    with PcscTransport(READER) as card:
        service.unplug(READER)
        assert code_of(lambda: card.transmit(b"\x00\xa4\x00\x00")) == "reader.not_found"


def test_a_card_that_fell_silent_can_be_reset_and_used_again(service: ServiceInMemory) -> None:
    with PcscTransport(READER) as card:
        service.change(READER, failure=scard.SCARD_E_NOT_TRANSACTED)
        assert code_of(lambda: card.transmit(b"\x00\xa4\x00\x00")) == "card.link_failed"
        service.change(READER, failure=scard.SCARD_S_SUCCESS)
        card.reset()
        assert card.transmit(b"\x00\xa4\x00\x00") == b"\x90\x00"
        assert card.atr == ATR


@pytest.mark.parametrize("has_failed", [False, True])
def test_a_reset_never_takes_another_card(service: ServiceInMemory, has_failed: bool) -> None:
    with PcscTransport(READER) as card:
        if has_failed:
            service.change(READER, failure=scard.SCARD_E_NOT_TRANSACTED)
            code_of(lambda: card.transmit(b"\x00\xa4\x00\x00"))
            service.change(READER, failure=scard.SCARD_S_SUCCESS)
        service.exchange_card(READER)
        for _ in range(2):
            assert code_of(card.reset) == "card.removed"
    assert service.reconnected == 0


def test_after_closing_there_is_nothing_to_talk_to(service: ServiceInMemory) -> None:
    card = PcscTransport(READER)
    card.close()
    card.close()
    assert service.dispositions == [scard.SCARD_UNPOWER_CARD], "nothing stays selected behind us"
    assert code_of(lambda: card.transmit(b"\x00\xa4\x00\x00")) == "card.removed"
    assert code_of(card.reset) == "card.removed"


def test_our_own_hold_is_not_another_program(service: ServiceInMemory) -> None:
    with PcscTransport(READER):
        assert [info.state for info in list_readers()] == [SlotState.CARD]
    service.change(READER, holder=-1)
    assert [info.state for info in list_readers()] == [SlotState.IN_USE]
    service.change(READER, holder=0)


# ------------------------------------------------------------------------------------- a card that comes back
def test_the_way_back_lets_go_of_what_still_holds_the_reader(service: ServiceInMemory) -> None:
    with PcscTransport(READER) as torn:
        service.exchange_card(READER)
        with returning.PcscReturning(READER).wait(1, threading.Event()) as card:
            assert card.transmit(b"\x00\xa4\x00\x00") == b"\x90\x00"
            assert code_of(torn.reset) == "card.removed"


def test_a_card_that_the_service_overlooks_is_found(service: ServiceInMemory) -> None:
    """Torn away while it was reset and back before pcscd looked: no departure was counted, and yet it says "empty"."""
    with PcscTransport(READER) as card:
        service.change(READER, failure=scard.SCARD_E_NOT_TRANSACTED)
        code_of(lambda: card.transmit(b"\x00\xa4\x00\x00"))
    slot = service.readers[READER]
    slot.failure, slot.has_card, slot.is_overlooked = scard.SCARD_S_SUCCESS, False, True
    with returning.PcscReturning(READER).wait(5, threading.Event()) as card:
        assert card.transmit(b"\x00\xa4\x00\x00") == b"\x90\x00"


def test_an_empty_reader_is_not_powered(service: ServiceInMemory) -> None:
    with PcscTransport(READER):
        pass
    service.change(READER, has_card=False)
    assert code_of(lambda: returning.PcscReturning(READER).wait(0.2, threading.Event())) == "card.absent"
    assert service.reconnected == 0


def test_a_part_of_a_name_never_becomes_another_reader(service: ServiceInMemory) -> None:
    place = returning.PcscReturning("test reader")
    service.unplug(READER)
    service.change("Test Reader 01 00", has_card=True)
    assert code_of(lambda: place.wait(0, threading.Event())) == "reader.not_found"


def test_what_waiting_cannot_mend_ends_it_at_once(service: ServiceInMemory) -> None:
    place = returning.PcscReturning(READER)
    service.refuse(scard.SCARD_W_SECURITY_VIOLATION)
    assert code_of(lambda: place.wait(600, threading.Event())) == "reader.not_permitted"


def test_a_wait_that_was_cancelled_takes_no_card(service: ServiceInMemory) -> None:
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(errors.Cancelled):
        returning.PcscReturning(READER).wait(600, cancel)


# ------------------------------------------------------------------------------------- the monitor
class Watch:
    """A running monitor and what it tells."""

    def __init__(self) -> None:
        self._told: queue.Queue[MonitorEvent] = queue.Queue()
        self.monitor = ReaderMonitor(self._told.put)

    def expect(self, *kinds: MonitorEventKind) -> list[MonitorEvent]:
        """Exactly these, next."""
        told = [self._told.get(timeout=20) for _ in kinds]
        assert [event.kind for event in told] == list(kinds)
        return told


@pytest.fixture
def watch(service: ServiceInMemory) -> Iterator[Watch]:
    watch = Watch()
    with watch.monitor:
        watch.expect(Kind.SERVICE_UP, Kind.READER_ARRIVED, Kind.CARD_PLACED)
        yield watch
    assert watch._told.empty()


def test_a_reader_unplugged_with_its_card_and_plugged_in_again(service: ServiceInMemory, watch: Watch) -> None:
    service.unplug(READER)
    _, gone = watch.expect(Kind.CARD_REMOVED, Kind.READER_GONE)
    assert gone.code is errors.READER_NOT_FOUND
    service.change(READER)
    watch.expect(Kind.READER_ARRIVED)
    service.change(READER, has_card=True)
    watch.expect(Kind.CARD_PLACED)


def test_a_service_without_notification_of_readers_is_asked_again_and_again(
    service: ServiceInMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(monitor_module, "_POLL_MS", 10)
    service.has_plug_and_play = False
    service.unplug(READER)
    watch = Watch()
    with watch.monitor:
        watch.expect(Kind.SERVICE_UP)
        service.change(READER, has_card=True)
        watch.expect(Kind.READER_ARRIVED, Kind.CARD_PLACED)
        service.unplug(READER)
        watch.expect(Kind.CARD_REMOVED, Kind.READER_GONE)


def test_a_card_exchanged_between_two_looks_is_told(service: ServiceInMemory, watch: Watch) -> None:
    service.exchange_card(READER)
    watch.expect(Kind.CARD_REMOVED, Kind.CARD_PLACED)


def test_a_card_held_by_another_program_and_freed(service: ServiceInMemory, watch: Watch) -> None:
    for holder in (-1, 1):
        service.change(READER, holder=holder)
        (held,) = watch.expect(Kind.CARD_IN_USE)
        assert held.code is errors.CARD_IN_USE
        service.change(READER, holder=0)
        watch.expect(Kind.CARD_FREE)


def test_a_card_that_does_not_start(service: ServiceInMemory, watch: Watch) -> None:
    service.change(READER, has_card=False)
    watch.expect(Kind.CARD_REMOVED)
    service.change(READER, has_card=True, is_mute=True)
    (mute,) = watch.expect(Kind.CARD_MUTE)
    assert mute.code is errors.CARD_MUTE


def test_a_service_that_stops_and_one_that_does_not_let_us_in(service: ServiceInMemory, watch: Watch) -> None:
    service.refuse(scard.SCARD_E_NO_SERVICE)
    down = watch.expect(Kind.CARD_REMOVED, Kind.READER_GONE, Kind.SERVICE_DOWN)[-1]
    assert down.code is errors.PCSC_NOT_RUNNING
    service.refuse(scard.SCARD_W_SECURITY_VIOLATION)
    (refused,) = watch.expect(Kind.SERVICE_REFUSED)
    assert refused.code is errors.PCSC_NOT_PERMITTED
    service.refuse(scard.SCARD_S_SUCCESS)
    watch.expect(Kind.SERVICE_UP, Kind.READER_ARRIVED, Kind.CARD_PLACED)


@pytest.mark.parametrize(("before", "now"), list(itertools.product(SlotState, SlotState)))
@pytest.mark.parametrize("is_same_card", [True, False])
def test_whatever_happened_the_events_lead_from_one_state_to_the_other(
    before: SlotState, now: SlotState, is_same_card: bool
) -> None:
    """Somebody who knows only the events knows the state, and is never told what contradicts it."""
    state = before
    for kind in changes_between(before, now, is_same_card=is_same_card):
        allowed_from, then = MEANING[kind]
        assert state in allowed_from
        state = then
    assert state is now


WITH_CARD = {SlotState.CARD, SlotState.MUTE, SlotState.IN_USE}
MEANING = {
    Kind.CARD_REMOVED: (WITH_CARD, SlotState.EMPTY),
    Kind.CARD_PLACED: ({SlotState.EMPTY, SlotState.MUTE}, SlotState.CARD),
    Kind.CARD_MUTE: ({SlotState.EMPTY, SlotState.CARD, SlotState.IN_USE}, SlotState.MUTE),
    Kind.CARD_IN_USE: ({SlotState.CARD}, SlotState.IN_USE),
    Kind.CARD_FREE: ({SlotState.IN_USE}, SlotState.CARD),
    Kind.READER_GONE: ({SlotState.EMPTY}, SlotState.UNAVAILABLE),
    Kind.READER_ARRIVED: ({SlotState.UNAVAILABLE}, SlotState.EMPTY),
}
