"""The HN212's listener against an emulated device on loopback: both generations, and everything that devices do."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.errors import ErrorCode
from emulator.cards import chip_content
from emulator.services.hn212 import Hn212Device, Hn212Fault
from kiosk_ui.app.gateways.hn212 import Hn212Listener, serial_number
from kiosk_ui.app.gateways.socket_io import EngineVersion, PacketError, event_in, handshake_in, split_payload
from reader import errors
from reader.scanners import codes
from reader.scanners.vendor.hn212 import Hn212Card

PATIENCE_S = 20.0  # only how long a failing test waits
PERSON = {"idCode": "040085000017", "personName": "Nguyễn Văn An", "dateOfBirth": "03/02/1985", "gender": "Nam"}


class Heard:
    """A listener and what it has told."""

    def __init__(self, device: Hn212Device) -> None:
        self.messages: queue.Queue[object] = queue.Queue()
        self.errors: queue.Queue[ErrorCode] = queue.Queue()
        self.ready: queue.Queue[bool] = queue.Queue()
        self.listener = Hn212Listener(
            self.messages.put,
            lambda error: self.errors.put(error.code),
            on_ready=lambda: self.ready.put(True),
            url=device.url,
            retry_s=0.02,
        )

    def message(self) -> object:
        """The next one."""
        return self.messages.get(timeout=PATIENCE_S)


@pytest.fixture(params=[4, 3])
def device(request: pytest.FixtureRequest) -> Iterator[Hn212Device]:
    with Hn212Device(generation=request.param) as emulated:
        yield emulated


def test_a_card_is_told_from_laying_it_down_to_its_files(device: Hn212Device) -> None:
    files = {"sod": chip_content("an").application_files[0].content, "dg2": b"\x75\x00"}
    heard, together = Heard(device), Hn212Card()
    with heard.listener:
        heard.ready.get(timeout=PATIENCE_S)
        device.emit({"id": 1}, name="other")  # another event is none of ours
        device.lay(PERSON, files, portrait=b"\xff\xd8\xff\xe0" + bytes(20_000))
        readings = [together.take(heard.message()) for _ in range(3)]
    assert readings[0] is None
    last = readings[2]
    assert last is not None
    assert last.person is not None
    assert last.person.full_name == "Nguyễn Văn An"
    assert last.document is not None
    assert len(last.document) == 2
    assert last.portrait is not None
    assert heard.errors.empty()
    assert device.goodbyes == 1  # the device need not wait for a time-out


def test_pings_keep_the_connection() -> None:
    for generation in (4, 3):
        with Hn212Device(generation=generation, ping_interval_s=0.06) as device:
            heard = Heard(device)
            with heard.listener:
                heard.ready.get(timeout=PATIENCE_S)
                while device.pongs < 3:
                    assert heard.errors.empty()
                    threading.Event().wait(0.01)
                device.emit({"id": 1})
                assert heard.message() == {"id": 1}
            assert device.connections == 1


@pytest.mark.parametrize(
    ("fault", "code", "reconnects"),
    [
        (Hn212Fault.GARBAGE, codes.DEVICE_MESSAGE_UNUSABLE, False),
        (Hn212Fault.BROKEN_JSON, codes.DEVICE_MESSAGE_UNUSABLE, False),
        (Hn212Fault.BINARY, codes.DEVICE_MESSAGE_UNUSABLE, False),
        (Hn212Fault.HUGE, codes.DEVICE_MESSAGE_TOO_LARGE, False),
        (Hn212Fault.HALF, codes.DEVICE_UNREACHABLE, True),
        (Hn212Fault.FORGETFUL, codes.DEVICE_UNREACHABLE, True),
        (Hn212Fault.CLOSES, codes.DEVICE_UNREACHABLE, True),
        (Hn212Fault.HANGS_UP, codes.DEVICE_UNREACHABLE, True),
    ],
)
def test_whatever_the_device_does_it_is_told_and_listened_to_again(
    device: Hn212Device, fault: Hn212Fault, code: ErrorCode, reconnects: bool
) -> None:
    heard = Heard(device)
    with heard.listener:
        heard.ready.get(timeout=PATIENCE_S)
        device.misbehave(fault)
        assert heard.errors.get(timeout=PATIENCE_S) is code
        if reconnects:
            heard.ready.get(timeout=PATIENCE_S)
        device.emit({"id": 1})
        assert heard.message() == {"id": 1}
    assert heard.errors.empty()
    assert device.connections == (2 if reconnects else 1)


def test_a_device_that_sends_nothing_but_rubbish_is_left_alone_for_a_while(device: Hn212Device) -> None:
    heard = Heard(device)
    with heard.listener:
        heard.ready.get(timeout=PATIENCE_S)
        for _ in range(4):
            device.misbehave(Hn212Fault.GARBAGE)
            first = heard.errors.get(timeout=PATIENCE_S)
            if first is codes.DEVICE_REFUSED:
                break
        assert first is codes.DEVICE_REFUSED
        heard.ready.get(timeout=PATIENCE_S)
        device.emit({"id": 1})
        assert heard.message() == {"id": 1}


def test_a_device_that_falls_silent_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kiosk_ui.app.gateways.hn212._GRACE_S", 0.1)
    with Hn212Device(ping_interval_s=0.1, ping_timeout_s=0.1) as device:
        heard = Heard(device)
        with heard.listener:
            heard.ready.get(timeout=PATIENCE_S)
            device.misbehave(Hn212Fault.SILENT)
            assert heard.errors.get(timeout=PATIENCE_S) is codes.DEVICE_SILENT
            heard.ready.get(timeout=PATIENCE_S)


def test_a_device_that_is_switched_off_and_on(device: Hn212Device) -> None:
    heard = Heard(device)
    device.switch_off()
    with heard.listener:
        assert heard.errors.get(timeout=PATIENCE_S) is codes.DEVICE_UNREACHABLE  # said once, then it keeps trying
        for _ in range(2):
            device.switch_on()
            heard.ready.get(timeout=PATIENCE_S)
            device.emit({"id": 1})
            assert heard.message() == {"id": 1}
            device.switch_off()
            assert heard.errors.get(timeout=PATIENCE_S) is codes.DEVICE_UNREACHABLE
    assert heard.errors.empty()


def test_something_else_at_that_address_is_no_device() -> None:
    for wrong in (Hn212Device(refuses=True), Hn212Device(generation=5)):
        with wrong:
            heard = Heard(wrong)
            with heard.listener:
                assert heard.errors.get(timeout=PATIENCE_S) is codes.DEVICE_REFUSED
            assert heard.ready.empty()


def test_stop_is_final_at_every_moment(device: Hn212Device) -> None:
    never = Heard(device)
    never.listener.stop()
    never.listener.start()
    never.listener.stop()
    never.listener.stop()
    assert never.messages.empty()
    heard = Heard(device)
    stopped = threading.Event()

    def stop_at_once(message: object) -> None:
        listener.stop()
        stopped.set()

    listener = Hn212Listener(
        stop_at_once, lambda error: heard.errors.put(error.code), on_ready=lambda: heard.ready.put(True), url=device.url
    )
    with listener:
        heard.ready.get(timeout=PATIENCE_S)
        device.emit({"id": 1})
        device.emit({"id": 2})
        assert stopped.wait(PATIENCE_S)
    assert heard.errors.empty()
    assert not any(thread.name == "hn212" for thread in threading.enumerate())


def test_the_serial_number(device: Hn212Device) -> None:
    assert serial_number(device.url) == "TEST-HN212-0001"
    device.serial = "\x1b[2J" + "x" * 200
    with pytest.raises(errors.TransportError) as caught:
        serial_number(device.url)
    assert caught.value.code is codes.DEVICE_REFUSED
    device.switch_off()
    with pytest.raises(errors.TransportError) as caught:
        serial_number(device.url)
    assert caught.value.code is codes.DEVICE_UNREACHABLE


# --------------------------------------------------------------------------------------------- packets
def test_payloads_of_both_generations() -> None:
    assert split_payload("4hello\x1e2\x1e4€€€", EngineVersion.FOUR) == ["4hello", "2", "4€€€"]
    assert split_payload("6:4hello4:4€€€", EngineVersion.THREE) == ["4hello", "4€€€"]
    assert split_payload("3:4\U0001f600", EngineVersion.THREE) == ["4\U0001f600"]  # two UTF-16 units


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("", EngineVersion.FOUR),
        ("4a\x1e\x1e4b", EngineVersion.FOUR),
        ("\x1e".join(["6"] * 1001), EngineVersion.FOUR),
        ("5:4a", EngineVersion.THREE),
        ("x", EngineVersion.THREE),
        ("0:", EngineVersion.THREE),
        ("99999999999:4", EngineVersion.THREE),
    ],
)
def test_payloads_that_are_none(text: str, version: EngineVersion) -> None:
    with pytest.raises(PacketError):
        split_payload(text, version)


def test_handshakes() -> None:
    hand = handshake_in('0{"sid":"abc","pingInterval":25000,"pingTimeout":20000,"upgrades":[]}')
    assert (hand.session, hand.ping_interval_s, hand.ping_timeout_s) == ("abc", 25.0, 20.0)
    absurd = handshake_in('0{"sid":"abc","pingInterval":1e12,"pingTimeout":-5}')
    assert (absurd.ping_interval_s, absurd.ping_timeout_s) == (300.0, 0.05)
    for wrong in (
        '4{"sid":"abc","pingInterval":1,"pingTimeout":1}',
        "0[]",
        "0{",
        '0{"sid":"a b","pingInterval":1,"pingTimeout":1}',
        '0{"sid":"abc","pingInterval":true,"pingTimeout":1}',
        '0{"sid":"abc","pingInterval":1}',
        '0{"sid":"' + "x" * 200 + '","pingInterval":1,"pingTimeout":1}',
    ):
        with pytest.raises(PacketError):
            handshake_in(wrong)


@pytest.mark.parametrize("head", ["42", "42/,", "4217"])
def test_events_of_the_default_namespace(head: str) -> None:
    event = event_in(head + '["/event",{"id":1}]')
    assert event is not None
    assert (event.name, event.arguments) == ("/event", ({"id": 1},))
    assert "id" not in repr(event)


def test_what_is_no_event() -> None:
    for other in ("40", '40{"sid":"x"}', "6", "3", '43["x"]', '42/admin,["/event",{}]'):
        assert event_in(other) is None
    for broken in ("42", "42{}", "42[]", "42[5]", '42["x"', "42" + "[" * 100_000, "451-[]", "461-[]"):
        with pytest.raises(PacketError):
            event_in(broken)


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=80), st.sampled_from(list(EngineVersion)))
def test_any_text_is_packets_or_a_packet_error(text: str, version: EngineVersion) -> None:
    found = None
    try:
        found = [event_in(packet) for packet in split_payload(text, version)]
    except PacketError:
        found = []
    assert found is not None


@settings(deadline=None, max_examples=100)
@given(
    st.lists(
        st.text(st.characters(exclude_characters="\x1e", codec="utf-8"), min_size=1, max_size=20),
        min_size=1,
        max_size=5,
    )
)
def test_what_the_device_joins_is_split_again(packets: list[str]) -> None:
    for version in EngineVersion:
        body = Hn212Device(generation=int(version)).joined(packets).encode()
        assert split_payload(body.decode(), version) == packets
