"""Document readers on serial ports, each emulated on a pseudo-terminal, with everything that their messages can suffer."""

from __future__ import annotations

import dataclasses
import json
import queue
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.errors import ChipIdError, ErrorCode
from emulator.adapters.serial_scanner import (
    CodeScanner,
    Damage,
    DeskoReader,
    ElyctisReader,
    Est100PrReader,
    SerialDevice,
)
from reader import errors
from reader.scanners import codes
from reader.scanners.devices import Interpreter, SerialKind, interpreter_of, line_of
from reader.scanners.framing import STALE_AFTER_S
from reader.scanners.qr import CitizenQr
from reader.scanners.recognition import Scan, ScanKind
from reader.scanners.serial import Parity, ScannerPort, SerialScanner
from reader.scanners.vendor.declared import DeclaredPerson, DeviceReading
from reader.scanners.vendor.elyctis import CONTINUOUS_ON, INQUIRE, ElyctisFramer, ElyctisInterpreter
from reader.scanners.vendor.est100pr import Est100PrInterpreter
from reader.verification.identity import Sex

SAMPLES = json.loads((Path(__file__).parents[1] / "vectors" / "vietnam_samples.json").read_text(encoding="utf-8"))
PERSON = SAMPLES["persons"][0]
LINES: list[str] = PERSON["mrz"]
QR: str = PERSON["qr"]
NUMBER = "040085000017"
PATIENCE_S = 20.0  # only how long a failing test waits


class Clock:
    """Seconds that pass when told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Desk:
    """A device's port with its interpreter, read message by message."""

    def __init__(self, device: SerialDevice, kind: SerialKind) -> None:
        # A pseudo-terminal has no wire and refuses a parity; speed it takes and ignores
        self.clock = Clock()
        self.port = ScannerPort(device.port, line_of(kind, parity=Parity.NONE), clock=self.clock)
        self.interpreter: Interpreter = interpreter_of(kind)

    def next(self) -> Scan | DeviceReading | ErrorCode | None:
        """What comes next; the code of an error in its place."""
        try:
            message = self.port.read_line()
            assert message is not None
            return self.interpreter.take(message)
        except ChipIdError as error:
            return error.code

    def silence(self) -> ErrorCode | None:
        """What is said when nothing follows."""
        self.port.read_line(0.0)  # takes in what is there
        self.clock.now += STALE_AFTER_S + 0.1
        try:
            self.port.read_line(0.0)
        except ChipIdError as error:
            return error.code
        return None


@pytest.fixture
def desko() -> Iterator[tuple[DeskoReader, Desk]]:
    with DeskoReader() as device:
        desk = Desk(device, SerialKind.DESKO)
        with desk.port:
            yield device, desk


@pytest.fixture
def est() -> Iterator[tuple[Est100PrReader, Desk]]:
    with Est100PrReader() as device:
        desk = Desk(device, SerialKind.EST_100PR)
        with desk.port:
            yield device, desk


def number_in(scan: object) -> str | None:
    assert isinstance(scan, Scan)
    return None if scan.number is None else scan.number.digits


# -------------------------------------------------------------------------------------- code scanner
@pytest.mark.parametrize("encoding", ["utf-8", "cp1258", "mojibake"])
@pytest.mark.parametrize("suffix", [b"\r", b"\n", b"\r\n", b" \r"])
def test_a_code_arrives_in_every_encoding_and_with_every_suffix(encoding: str, suffix: bytes) -> None:
    with CodeScanner(encoding=encoding, suffix=suffix) as device:
        desk = Desk(device, SerialKind.CODE)
        with desk.port:
            device.scan(QR, Damage.SPLIT)
            scan = desk.next()
            assert isinstance(scan, Scan)
            assert isinstance(scan.content, CitizenQr)
            assert (scan.content.full_name, scan.content.text_is_intact) == ("Nguyễn Văn An", True)


@pytest.mark.parametrize(
    ("damage", "code"),
    [(Damage.GARBAGE, codes.SCAN_GARBAGE), (Damage.HUGE, codes.SCAN_TOO_LONG)],
)
def test_a_damaged_code_is_told_and_the_next_one_is_read(damage: Damage, code: ErrorCode) -> None:
    with CodeScanner() as device:
        listener = Listener(device.port, SerialKind.CODE)
        with listener.scanner:
            listener.ready.get(timeout=PATIENCE_S)
            device.scan(QR, damage)
            device.send(b"\r")
            assert listener.errors.get(timeout=PATIENCE_S) is code
            device.scan(QR)
            assert number_in(listener.found.get(timeout=PATIENCE_S)) == NUMBER


def test_a_code_without_an_end_says_how_to_set_the_scanner() -> None:
    with CodeScanner(suffix=b"") as device:
        desk = Desk(device, SerialKind.CODE)
        with desk.port:
            device.scan(QR)
            assert desk.silence() is codes.SCAN_UNENDED
            device.scan(QR + "\r")
            assert number_in(desk.next()) == NUMBER


# -------------------------------------------------------------------------------------- through a thread
class Listener:
    """The whole way of a kiosk: port, framing, interpreter, callbacks."""

    def __init__(self, port: str, kind: SerialKind) -> None:
        self.found: queue.Queue[object] = queue.Queue()
        self.errors: queue.Queue[ErrorCode] = queue.Queue()
        self.ready: queue.Queue[bool] = queue.Queue()
        self._interpreter = interpreter_of(kind)
        self.scanner = SerialScanner(
            port,
            self._take,
            lambda error: self.errors.put(error.code),
            on_ready=lambda: self.ready.put(True),
            line=line_of(kind, parity=Parity.NONE),
            retry_s=0.02,
        )

    def _take(self, message: bytes) -> None:
        try:
            found = self._interpreter.take(message)
        except ChipIdError as error:
            self.errors.put(error.code)
        else:
            if found is not None:
                self.found.put(found)


@pytest.mark.parametrize("kind", list(SerialKind))
def test_each_device_comes_back_after_its_cable_was_pulled_in_mid_message(kind: SerialKind, tmp_path: Path) -> None:
    link = tmp_path / "device"
    device = {
        SerialKind.CODE: CodeScanner,
        SerialKind.DESKO: DeskoReader,
        SerialKind.ELYCTIS: ElyctisReader,
        SerialKind.EST_100PR: Est100PrReader,
    }[kind](link)
    listener = Listener(str(link), kind)
    with listener.scanner:
        assert listener.errors.get(timeout=PATIENCE_S) is codes.SCANNER_NOT_FOUND
        for damage in (Damage.UNPLUGGED, Damage.NONE):
            device.plug_in()
            listener.ready.get(timeout=PATIENCE_S)
            use(device, damage)
            if damage is Damage.UNPLUGGED:
                assert listener.errors.get(timeout=PATIENCE_S) is codes.SCANNER_GONE
        found = listener.found.get(timeout=PATIENCE_S)
        number = found.person.number.digits if isinstance(found, DeviceReading) else number_in(found)  # type: ignore[union-attr]
        assert number == NUMBER
    assert listener.errors.empty()
    device.unplug()


def use(device: SerialDevice, damage: Damage) -> None:
    match device:
        case CodeScanner():
            device.scan(QR, damage)
        case DeskoReader():
            device.swipe(LINES, damage)
        case ElyctisReader():
            while not device.reads_continuously:
                device.serve(PATIENCE_S)
            device.lay(LINES, damage)
        case Est100PrReader():
            device.card(HN212_RECORD, damage)


# -------------------------------------------------------------------------------------------- DESKO
@pytest.mark.parametrize("damage", [Damage.NONE, Damage.SPLIT])
def test_desko_sends_an_mrz(desko: tuple[DeskoReader, Desk], damage: Damage) -> None:
    device, desk = desko
    for _ in range(2):
        device.swipe(LINES, damage)
        scan = desk.next()
        assert isinstance(scan, Scan)
        assert (scan.kind, number_in(scan)) == (ScanKind.MRZ, NUMBER)
    device.swipe([QR.encode().decode("latin-1").encode("ascii", "ignore").decode()])
    code = desk.next()
    assert isinstance(code, Scan)
    assert code.kind is ScanKind.CITIZEN_QR


def test_desko_and_everything_that_its_messages_suffer(desko: tuple[DeskoReader, Desk]) -> None:
    device, desk = desko
    device.swipe([LINES[0].replace("0850000179", "08500*0179"), *LINES[1:]])  # undecodable letters are replaced
    assert desk.next() in (errors.MRZ_CHECK_DIGIT, errors.MRZ_MALFORMED)
    device.swipe(LINES[:2])
    assert desk.next() is errors.MRZ_MALFORMED
    device.swipe([])
    assert desk.next() is codes.DEVICE_MESSAGE_UNUSABLE
    device.swipe(LINES, Damage.HALF)
    assert desk.silence() is codes.DEVICE_FRAME_CUT
    device.swipe(LINES, Damage.HALF)
    device.swipe(LINES)
    assert desk.next() is codes.DEVICE_FRAME_CUT
    assert number_in(desk.next()) == NUMBER
    device.swipe(LINES, Damage.GARBAGE)
    assert desk.silence() is codes.SCAN_GARBAGE
    device.send(b"\x02" + b"x" * 3000 + b"\x03")
    assert desk.next() is codes.DEVICE_MESSAGE_TOO_LARGE
    device.swipe(LINES)
    assert number_in(desk.next()) == NUMBER


# ------------------------------------------------------------------------------------------- Elyctis
def test_elyctis_reads_document_after_document() -> None:
    with ElyctisReader() as device:
        listener = Listener(device.port, SerialKind.ELYCTIS)
        with listener.scanner:
            listener.ready.get(timeout=PATIENCE_S)
            assert device.serve(PATIENCE_S).startswith(INQUIRE)  # whether something lies there already
            for _ in range(3):
                while not device.reads_continuously:  # it ends with each document, and is switched on again
                    device.serve(PATIENCE_S)
                assert device.lay(LINES)
                assert number_in(listener.found.get(timeout=PATIENCE_S)) == NUMBER
                device.lift()
        assert listener.errors.empty()


def test_elyctis_tells_of_a_document_that_lay_there_before() -> None:
    with ElyctisReader() as device:
        assert not device.lay(LINES)
        listener = Listener(device.port, SerialKind.ELYCTIS)
        with listener.scanner:
            while listener.found.empty():
                device.serve(1.0)
            assert number_in(listener.found.get()) == NUMBER


def test_elyctis_in_one_line_and_in_three() -> None:
    for content in ("".join(LINES), "\r".join(LINES), "\r\n".join(LINES) + "\r\n"):
        message = b"\x4c" + len(content).to_bytes(2, "big") + content.encode()
        assert number_in(ElyctisInterpreter().take(message)) == NUMBER
    for nothing in (b"\x49\x00\x00", b"\x43\x00\x00", b"\x43\x00\x01\x00"):
        assert ElyctisInterpreter().take(nothing) is None
    for no_message in (b"", b"\x49\x00", b"\x15\x00\x00"):
        with pytest.raises(errors.DocumentError) as caught:
            ElyctisInterpreter().take(no_message)
        assert caught.value.code is codes.DEVICE_MESSAGE_UNUSABLE


def test_elyctis_and_everything_that_its_messages_suffer() -> None:
    clock = Clock()
    framer = ElyctisFramer(clock)
    content = "\r".join(LINES).encode()
    message = b"\x49" + len(content).to_bytes(2, "big") + content
    assert framer.feed(message[:40]) == []
    clock.now += STALE_AFTER_S + 0.1
    half = framer.overdue()
    assert half is not None
    assert half.code is codes.DEVICE_FRAME_CUT
    assert framer.feed(b"\x00\xff" + message) == [message]
    huge, *_ = framer.feed(b"\x49\xff\xff" + content)
    assert isinstance(huge, errors.DocumentError)
    assert huge.code is codes.DEVICE_MESSAGE_TOO_LARGE
    clock.now += STALE_AFTER_S + 0.1
    framer.overdue()
    framer.feed(bytes(range(0x80, 0xC0)))
    clock.now += STALE_AFTER_S + 0.1
    noise = framer.overdue()
    assert noise is not None
    assert noise.code is codes.SCAN_GARBAGE
    assert framer.feed(message + message) == [message, message]
    assert bytes.fromhex("43 00 01 01") == CONTINUOUS_ON


@settings(deadline=None, max_examples=150)
@given(st.binary(max_size=1500), st.lists(st.integers(1, 50), min_size=1, max_size=20))
def test_elyctis_framing_holds_little_and_raises_nothing(octets: bytes, cuts: list[int]) -> None:
    framer = ElyctisFramer(Clock())
    position = step = 0
    while position < len(octets):
        size = cuts[step % len(cuts)]
        for message in framer.feed(octets[position : position + size]):
            assert isinstance(message, errors.DocumentError) or len(message) <= 515
        position, step = position + size, step + 1


# ------------------------------------------------------------------------------------------- EST-100PR
HN212_RECORD = {
    "idCode": NUMBER,
    "oldIdCode": "181234567",
    "personName": "Nguyễn Văn An",
    "dateOfBirth": "03/02/1985",
    "gender": "Nam",
    "residencePlace": "Số 5, ngõ 12, Hưng Dũng, Thành phố Vinh, Nghệ An",
    "expiryDate": "03/02/2045",
}


def test_the_est_speaks_at_256000_with_odd_parity() -> None:
    line = line_of(SerialKind.EST_100PR)
    assert (line.baud_rate, line.parity) == (256_000, Parity.ODD)


@pytest.mark.parametrize("damage", [Damage.NONE, Damage.SPLIT])
def test_est_sends_what_its_camera_read(est: tuple[Est100PrReader, Desk], damage: Damage) -> None:
    device, desk = est
    device.camera(QR, damage)
    scan = desk.next()
    assert isinstance(scan, Scan)
    assert isinstance(scan.content, CitizenQr)
    assert scan.content.full_name == "Nguyễn Văn An"


@pytest.mark.parametrize("as_text", [False, True])
def test_est_sends_a_cards_record(est: tuple[Est100PrReader, Desk], as_text: bool) -> None:
    device, desk = est
    device.signal()
    assert desk.next() is None
    device.card(HN212_RECORD, as_text=as_text)
    reading = desk.next()
    assert isinstance(reading, DeviceReading)
    assert isinstance(reading.person, DeclaredPerson)
    assert (reading.person.number.digits, reading.person.full_name, reading.person.sex) == (
        NUMBER,
        "Nguyễn Văn An",
        Sex.MALE,
    )
    assert reading.document is None  # nothing of it can be checked
    assert repr(reading) == "DeviceReading(person)"
    assert "An" not in repr(reading.person)


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({}, codes.DEVICE_MESSAGE_UNUSABLE),
        ([], codes.DEVICE_MESSAGE_UNUSABLE),
        ({"Other": 1}, codes.DEVICE_MESSAGE_UNUSABLE),
        ({"CameraData": 5}, codes.DEVICE_MESSAGE_UNUSABLE),
        ({"CameraData": "nothing of ours"}, errors.QR_MALFORMED),
        ({"EidlinkResult": "no JSON"}, codes.DEVICE_MESSAGE_UNUSABLE),
        ({"EidlinkResult": {"error": "no card"}}, codes.DEVICE_READ_FAILED),
        ({"EidlinkResult": {**HN212_RECORD, "idCode": "12"}}, codes.DEVICE_MESSAGE_UNUSABLE),
        ({"EidlinkResult": {**HN212_RECORD, "personName": ["x"]}}, codes.DEVICE_MESSAGE_UNUSABLE),
        ({"EidlinkResult": {**HN212_RECORD, "personName": ""}}, codes.DEVICE_MESSAGE_UNUSABLE),
        ({"EidlinkResult": {**HN212_RECORD, "img_data": "!!!!"}}, codes.DEVICE_MESSAGE_UNUSABLE),
        ({"EidlinkResult": {**HN212_RECORD, "img_data": "AAAA"}}, codes.DEVICE_MESSAGE_UNUSABLE),
        ({"EidlinkResult": {**HN212_RECORD, "img_data": "A" * (1 << 21)}}, codes.DEVICE_MESSAGE_TOO_LARGE),
    ],
)
def test_est_messages_that_are_none(message: Any, code: ErrorCode) -> None:
    with pytest.raises(ChipIdError) as caught:
        Est100PrInterpreter().take(json.dumps(message).encode())
    assert caught.value.code is code


@pytest.mark.parametrize(
    "octets",
    [b"", b"{", b"\xff", b"[" * 100_000, b'{"CameraData": "\\ud800"}', b"9" * 10_000, b'{"CameraData": NaN}'],
)
def test_est_octets_that_are_no_json(octets: bytes) -> None:
    with pytest.raises(ChipIdError) as caught:
        Est100PrInterpreter().take(octets)
    assert caught.value.code is codes.DEVICE_MESSAGE_UNUSABLE


def test_est_and_everything_that_its_messages_suffer(est: tuple[Est100PrReader, Desk]) -> None:
    device, desk = est
    device.card(HN212_RECORD, Damage.HALF)
    assert desk.silence() is codes.DEVICE_FRAME_CUT
    device.card(HN212_RECORD, Damage.GARBAGE)
    assert desk.silence() is codes.SCAN_GARBAGE
    device.camera(QR)
    assert number_in(desk.next()) == NUMBER


def test_est_sends_far_too_much() -> None:
    with Est100PrReader() as device:
        listener = Listener(device.port, SerialKind.EST_100PR)
        with listener.scanner:
            listener.ready.get(timeout=PATIENCE_S)
            device.card(HN212_RECORD, Damage.HUGE)
            assert listener.errors.get(timeout=PATIENCE_S) is codes.DEVICE_MESSAGE_TOO_LARGE
            device.camera(QR)
            assert number_in(listener.found.get(timeout=PATIENCE_S)) == NUMBER


def test_a_device_that_was_set_to_another_speed() -> None:
    line = line_of(SerialKind.DESKO, baud_rate=115_200, parity=Parity.EVEN)
    assert (line.baud_rate, line.parity) == (115_200, Parity.EVEN)
    assert dataclasses.replace(line, baud_rate=9600, parity=Parity.NONE).framer is line.framer


MRZ_OCTETS = st.lists(st.sampled_from(sorted(b"ABVNM<0123456789*?# \r\n\xc3\xff")), max_size=100).map(bytes)
JSON_OCTETS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.dictionaries(
        st.sampled_from(["CameraData", "PCSign", "EidlinkResult", "idCode", "id_card", "personName", "img_data"]),
        inner,
        max_size=3,
    ),
    max_leaves=8,
).map(lambda value: json.dumps(value).encode())


@settings(deadline=None, max_examples=200)
@given(st.sampled_from(list(SerialKind)), st.one_of(st.binary(max_size=120), MRZ_OCTETS, JSON_OCTETS), st.booleans())
def test_any_message_of_any_device_is_something_or_an_error_of_ours(
    kind: SerialKind, octets: bytes, with_header: bool
) -> None:
    message = b"\x49" + len(octets).to_bytes(2, "big") + octets if with_header else octets
    code: str | None = None
    try:
        interpreter_of(kind).take(message)
    except ChipIdError as error:
        code = error.code.name
    assert code is None or code.partition(".")[0] in {"device", "mrz", "qr", "number", "scanner", "text"}
