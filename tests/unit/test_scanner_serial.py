"""A scanner on a real pseudo-terminal: letters split between reads, garbage, silence, a pulled cable."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import queue
import threading
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.errors import ChipIdError, ErrorCode
from reader import errors
from reader.scanners import codes
from reader.scanners.framing import MAX_LINE_BYTES, STALE_AFTER_S, EnvelopeFramer, LineFramer, looks_like_noise
from reader.scanners.qr import parse_citizen_qr_octets
from reader.scanners.recognition import recognise
from reader.scanners.serial import ScannerPort, SerialScanner

VECTORS = Path(__file__).parents[1] / "vectors"
PEOPLE = json.loads((VECTORS / "vietnam_samples.json").read_text(encoding="utf-8"))["persons"]
QR = PEOPLE[0]["qr"].encode("utf-8")
PATIENCE_S = 20.0  # only how long a failing test waits


class Clock:
    """Seconds that pass when told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


# ------------------------------------------------------------------------------------------ framing
@settings(deadline=None, max_examples=150)
@given(
    st.lists(st.binary(min_size=1, max_size=30).filter(lambda line: not set(line) & {10, 13}), max_size=5),
    st.lists(st.sampled_from([b"\r", b"\n", b"\r\n"]), min_size=5, max_size=5),
    st.lists(st.integers(1, 7), min_size=1, max_size=40),
)
def test_lines_come_out_whole_however_they_are_cut(lines: list[bytes], ends: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(line + end for line, end in zip(lines, ends, strict=False))
    framer = LineFramer(Clock())
    found: list[object] = []
    position = 0
    while position < len(stream):
        size = cuts[position % len(cuts)]
        found += framer.feed(stream[position : position + size])
        position += size
    assert found == lines


def test_a_line_without_end_never_comes_out_and_does_not_spoil_the_next() -> None:
    clock = Clock()
    framer = LineFramer(clock)
    assert framer.feed(b"0400850000") == []
    clock.now += STALE_AFTER_S / 2
    assert framer.feed(b"17|") == []  # slow, but going on
    clock.now += STALE_AFTER_S + 0.1
    assert framer.feed(QR + b"\r") == [QR]


def test_a_line_that_is_too_long_is_dropped_whole() -> None:
    framer = LineFramer(Clock())
    longest = b"x" * MAX_LINE_BYTES
    assert framer.feed(longest + b"\n") == [longest]
    assert framer.feed(b"y" * 100_000) == []
    after = framer.feed(b"z\r\n" + QR + b"\r\n")
    assert isinstance(after[0], errors.DocumentError)
    assert after[0].code is codes.SCAN_TOO_LONG
    assert after[1:] == [QR]


# ---------------------------------------------------------------------------------------------- port
@pytest.fixture
def terminal() -> Iterator[tuple[int, str]]:
    """A pseudo-terminal: the scanner's end, and the name of the kiosk's end."""
    master, slave = os.openpty()
    tty.setraw(slave)
    name = os.ttyname(slave)
    os.close(slave)
    yield master, name
    with contextlib.suppress(OSError):
        os.close(master)


def test_a_scan_arrives_with_every_letter(terminal: tuple[int, str]) -> None:
    master, name = terminal
    with ScannerPort(name) as port:
        os.write(master, QR + b"\r\n" + QR + b"\n")
        for _ in range(2):
            line = port.read_line(PATIENCE_S)
            assert line is not None
            assert line == QR
            assert parse_citizen_qr_octets(line).full_name == "Nguyễn Văn An"


def test_a_letter_split_between_two_reads(terminal: tuple[int, str]) -> None:
    master, name = terminal
    middle = QR.index("ễ".encode()) + 1  # inside the three octets of one letter
    with ScannerPort(name) as port:
        os.write(master, QR[:middle])
        assert port.read_line(0.05) is None
        os.write(master, QR[middle:])
        assert port.read_line(0.05) is None  # whole, but nobody said that it ends
        os.write(master, b"\r")
        assert port.read_line(PATIENCE_S) == QR


def test_garbage_is_handed_on_as_octets_and_refused_by_the_parser(terminal: tuple[int, str]) -> None:
    master, name = terminal
    garbage = bytes(value for value in range(256) if value not in (0x0A, 0x0D))
    with ScannerPort(name) as port:
        os.write(master, garbage + b"\r")
        line = port.read_line(PATIENCE_S)
        assert line == garbage
        with pytest.raises(errors.DocumentError):
            parse_citizen_qr_octets(line)
        os.write(master, QR + b"\r")
        assert port.read_line(PATIENCE_S) == QR


def test_too_long_a_line_is_an_error_once(terminal: tuple[int, str]) -> None:
    master, name = terminal
    with ScannerPort(name) as port:
        writer = threading.Thread(target=os.write, args=(master, b"x" * 3000 + b"\r" + QR + b"\r"))
        writer.start()
        with pytest.raises(errors.DocumentError) as caught:
            port.read_line(PATIENCE_S)
        assert caught.value.code is codes.SCAN_TOO_LONG
        assert port.read_line(PATIENCE_S) == QR
        writer.join()


def test_a_pulled_cable_is_said_as_such(terminal: tuple[int, str]) -> None:
    master, name = terminal
    with ScannerPort(name) as port:
        os.write(master, QR[:20])
        assert port.read_line(0.05) is None
        os.close(master)
        with pytest.raises(errors.TransportError) as caught:
            port.read_line(PATIENCE_S)
        assert caught.value.code is codes.SCANNER_GONE
        port.close()
        with pytest.raises(errors.TransportError):  # still gone, and no crash
            port.read_line(0.05)


def test_a_port_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(errors.TransportError) as caught:
        ScannerPort(str(tmp_path / "ttyACM0"))
    assert caught.value.code is codes.SCANNER_NOT_FOUND
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(errors.TransportError):
        ScannerPort(str(tmp_path / "file"))


def test_a_port_is_opened_by_one_program_only(terminal: tuple[int, str]) -> None:
    _, name = terminal
    with ScannerPort(name), pytest.raises(errors.TransportError) as caught:
        ScannerPort(name)
    assert caught.value.code is codes.SCANNER_BUSY


def test_waiting_can_be_cancelled_from_another_thread(terminal: tuple[int, str]) -> None:
    _, name = terminal
    with ScannerPort(name) as port:
        outcome: queue.Queue[str] = queue.Queue()

        def wait() -> None:
            try:
                port.read_line()
            except errors.Cancelled:
                outcome.put("cancelled")

        thread = threading.Thread(target=wait)
        thread.start()
        port.cancel()
        assert outcome.get(timeout=PATIENCE_S) == "cancelled"
        thread.join()
        with pytest.raises(errors.Cancelled):
            port.read_line(0.0)


# ----------------------------------------------------------------------------------------- in a thread
class Listener:
    """What the kiosk would do with the callbacks."""

    def __init__(self) -> None:
        self.lines: queue.Queue[bytes] = queue.Queue()
        self.errors: queue.Queue[ErrorCode] = queue.Queue()
        self.ready: queue.Queue[bool] = queue.Queue()

    def scanner(self, device: str) -> SerialScanner:
        return SerialScanner(
            device,
            self.lines.put,
            lambda error: self.errors.put(error.code),
            on_ready=lambda: self.ready.put(True),
            retry_s=0.02,
        )


def test_scans_reach_the_kiosk_and_stop_is_final(terminal: tuple[int, str]) -> None:
    master, name = terminal
    listener = Listener()
    with listener.scanner(name) as scanner:
        scanner.start()  # a second time: nothing
        assert listener.ready.get(timeout=PATIENCE_S)
        os.write(master, QR + b"\r")
        assert listener.lines.get(timeout=PATIENCE_S) == QR
    scanner.stop()
    os.write(master, QR + b"\r")
    assert listener.lines.empty()
    assert listener.errors.empty()


def test_a_scanner_comes_back_after_it_was_unplugged(tmp_path: Path) -> None:
    device = tmp_path / "scanner"
    listener = Listener()
    with listener.scanner(str(device)):
        assert listener.errors.get(timeout=PATIENCE_S) is codes.SCANNER_NOT_FOUND  # said once, then it keeps trying
        for _ in range(2):
            master, slave = os.openpty()
            tty.setraw(slave)
            plugged_in = tmp_path / "new"
            plugged_in.symlink_to(os.ttyname(slave))
            plugged_in.rename(device)
            os.close(slave)
            assert listener.ready.get(timeout=PATIENCE_S)
            os.write(master, QR + b"\n")
            assert listener.lines.get(timeout=PATIENCE_S) == QR
            device.unlink()
            os.close(master)
            assert listener.errors.get(timeout=PATIENCE_S) is codes.SCANNER_GONE
    assert listener.errors.empty()


def test_too_long_a_line_does_not_end_the_listening(terminal: tuple[int, str]) -> None:
    master, name = terminal
    listener = Listener()
    with listener.scanner(name):
        assert listener.ready.get(timeout=PATIENCE_S)
        writer = threading.Thread(target=os.write, args=(master, b"x" * 3000 + b"\r" + QR + b"\r"))
        writer.start()
        assert listener.errors.get(timeout=PATIENCE_S) is codes.SCAN_TOO_LONG
        assert listener.lines.get(timeout=PATIENCE_S) == QR
        writer.join()


def test_a_callback_may_stop_the_scanner(terminal: tuple[int, str]) -> None:
    master, name = terminal
    seen: queue.Queue[bytes] = queue.Queue()
    failures: queue.Queue[ErrorCode] = queue.Queue()

    def stop_at_once(line: bytes) -> None:
        scanner.stop()
        seen.put(line)

    ready = threading.Event()
    scanner = SerialScanner(name, stop_at_once, lambda error: failures.put(error.code), on_ready=ready.set)
    scanner.start()
    assert ready.wait(PATIENCE_S)
    os.write(master, QR + b"\r" + QR + b"\r")
    assert seen.get(timeout=PATIENCE_S) == QR
    scanner.stop()
    assert seen.empty()
    assert failures.empty()


# ------------------------------------------------------------------------ what is wrong with a port or its speed
def test_a_port_that_this_user_may_not_open_is_told_apart_from_a_missing_one(monkeypatch: pytest.MonkeyPatch) -> None:
    # The tests may run as root, whom nothing is denied: so the refusal is the operating system's own, raised here.
    def refuse(*_: object, **__: object) -> int:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(errors.TransportError) as caught:
        ScannerPort("/dev/ttyACM0")
    assert caught.value.code is codes.SCANNER_DENIED


def received_at_another_speed(octets: bytes, ratio: float) -> bytes:
    """What a UART makes of 8N1 characters when each of its bits lasts ``ratio`` bits of the sender's."""
    bits = [bit for octet in octets for bit in (0, *((octet >> place) & 1 for place in range(8)), 1)]

    def level(at: float) -> int:
        return bits[int(at)] if at < len(bits) else 1

    found, at = bytearray(), 0.0
    while at < len(bits):
        if level(at):
            at += 0.05  # idle: waiting for a start bit
            continue
        found.append(sum(level(at + (1.5 + place) * ratio) << place for place in range(8)))
        at += 9.6 * ratio
    return bytes(found)


@pytest.mark.parametrize("ratio", [1 / 12, 0.25, 0.5, 2, 4])
def test_a_wrong_speed_is_noticed_as_that(ratio: float) -> None:
    clock = Clock()
    framer = LineFramer(clock)
    noise = received_at_another_speed(QR + b"\r\n", ratio)
    assert looks_like_noise(noise)
    found = set()
    for line in [*framer.feed(noise), *_after(clock, framer)]:
        if isinstance(line, errors.DocumentError):
            found.add(line.code)
        else:
            with pytest.raises(ChipIdError) as caught:
                recognise(line)
            found.add(caught.value.code)
    assert codes.SCAN_GARBAGE in found
    assert framer.feed(QR + b"\r") == [QR]


def _after(clock: Clock, framer: LineFramer | EnvelopeFramer) -> list[errors.DocumentError]:
    clock.now += STALE_AFTER_S + 0.1
    late = framer.overdue()
    return [] if late is None else [late]


def test_the_right_speed_is_no_noise() -> None:
    assert received_at_another_speed(QR, 1.0) == QR
    for person in PEOPLE:
        assert not looks_like_noise(person["qr"].encode())
        assert not looks_like_noise(person["qr"].encode()[: person["qr"].index("|") + 17])
        for line in person["mrz"]:
            assert not looks_like_noise(line.encode())


def test_a_scanner_without_a_suffix_is_told_how_to_be_set() -> None:
    clock = Clock()
    framer = LineFramer(clock)
    assert framer.feed(QR) == []
    assert framer.overdue() is None
    assert [error.code for error in _after(clock, framer)] == [codes.SCAN_UNENDED]
    assert framer.overdue() is None  # said once
    framer.feed(b"\xfe\x00")
    assert _after(clock, framer) == []  # a plug that is put in crackles
    assert framer.feed(QR + b"\r") == [QR]


# ------------------------------------------------------------------------------------------ envelopes
@settings(deadline=None, max_examples=150)
@given(
    st.lists(st.binary(max_size=30).filter(lambda body: not set(body) & {2, 3}), max_size=5),
    st.lists(st.integers(1, 7), min_size=1, max_size=40),
)
def test_envelopes_come_out_whole_however_they_are_cut(bodies: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(b"\x01\x02" + body + b"\x03\x04\r\n" for body in bodies)
    framer = EnvelopeFramer(100, Clock())
    found: list[object] = []
    position = 0
    while position < len(stream):
        size = cuts[position % len(cuts)]
        found += framer.feed(stream[position : position + size])
        position += size
    assert found == bodies


def test_half_an_envelope_is_said_and_does_not_spoil_the_next() -> None:
    clock = Clock()
    framer = EnvelopeFramer(100, clock)
    cut, whole = framer.feed(b"\x02half\x02whole\x03")
    assert isinstance(cut, errors.DocumentError)
    assert cut.code is codes.DEVICE_FRAME_CUT
    assert whole == b"whole"
    assert framer.feed(b"\x02half") == []
    assert [error.code for error in _after(clock, framer)] == [codes.DEVICE_FRAME_CUT]
    framer.feed(b"\x02half")
    clock.now += STALE_AFTER_S + 0.1
    late, next_one = framer.feed(b"\x02next\x03")  # nobody looked in between
    assert isinstance(late, errors.DocumentError)
    assert next_one == b"next"
    framer.feed(bytes(range(128, 168)))
    assert [error.code for error in _after(clock, framer)] == [codes.SCAN_GARBAGE]


@pytest.mark.parametrize(
    "pieces", [[b"\x02" + b"x" * 101 + b"\x03"], [b"\x02" + b"x" * 60, b"x" * 60, b"x" * 60 + b"\x03"]]
)
def test_an_envelope_that_is_too_large_is_one_error(pieces: list[bytes]) -> None:
    framer = EnvelopeFramer(100, Clock())
    found = [frame for piece in pieces for frame in framer.feed(piece)] + framer.feed(b"\x02next\x03")
    assert isinstance(found[0], errors.DocumentError)
    assert found[0].code is codes.DEVICE_MESSAGE_TOO_LARGE
    assert found[1:] == [b"next"]
    assert framer.feed(b"\x02" + b"x" * 100 + b"\x03") == [b"x" * 100]
