"""The private PC/SC service: a real pcscd, a real reader slot, reached through pyscard, in nobody's way."""

import os
import pathlib
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from emulator.adapters.private_pcscd import SLOT_PORTS, PrivatePcscd, PrivatePcscdError

pytestmark = [pytest.mark.pcsc, pytest.mark.slow]

CARD = pathlib.Path(__file__).with_name("refusing_card.py")
ANSWERS = """
import time
from smartcard.System import readers
from smartcard.Exceptions import CardConnectionException, NoCardException

deadline = time.monotonic() + 20
while True:
    link = next(reader for reader in readers() if str(reader) == {reader!r}).createConnection()
    try:
        link.connect()
        break
    except (CardConnectionException, NoCardException):
        if time.monotonic() > deadline:
            raise
        time.sleep(0.05)
answer, sw1, sw2 = link.transmit([0x00, 0xA4, 0x04, 0x0C, 0x02, 0x3F, 0x00])
print(bytes(link.getATR()).hex(), bytes(answer).hex() or "-", f"{{sw1:02x}}{{sw2:02x}}")
"""


def _wait_until(what: Callable[[], bool], seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while not what():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _listening_ports_of_this_machine() -> set[int]:
    """Local ports in state LISTEN (0A) of this network namespace: proc(5), /proc/net/tcp."""
    ports = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in pathlib.Path(table).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A":
                ports.add(int(fields[1].rpartition(":")[2], 16))
    return ports


@pytest.fixture
def card(private_pcscd: PrivatePcscd) -> Iterator[Callable[[int], "subprocess.Popen[bytes]"]]:
    started = []

    def insert(slot: int) -> "subprocess.Popen[bytes]":
        program = private_pcscd.run_inside([sys.executable, str(CARD), str(SLOT_PORTS[slot])])
        started.append(program)
        return program

    yield insert
    for program in started:
        program.kill()
        program.wait()


def test_a_client_outside_sees_both_slots_of_the_virtual_reader(
    private_pcscd: PrivatePcscd, pcsc_client: Callable[[str], str]
) -> None:
    seen = pcsc_client("from smartcard.System import readers\nfor reader in readers(): print(reader)")
    assert tuple(seen.splitlines()) == private_pcscd.reader_names


@pytest.mark.parametrize("slot", [0, 1])
def test_a_card_started_inside_is_read_from_outside(
    slot: int,
    private_pcscd: PrivatePcscd,
    card: Callable[[int], "subprocess.Popen[bytes]"],
    pcsc_client: Callable[[str], str],
) -> None:
    card(slot)
    said = pcsc_client(ANSWERS.format(reader=private_pcscd.reader_names[slot]))
    assert said.split() == ["3b800181", "-", "6d00"]


def test_after_a_crash_and_restart_a_card_can_be_read_again(
    private_pcscd: PrivatePcscd,
    card: Callable[[int], "subprocess.Popen[bytes]"],
    pcsc_client: Callable[[str], str],
) -> None:
    before = card(0)
    pcsc_client(ANSWERS.format(reader=private_pcscd.reader_names[0]))
    private_pcscd.kill()
    assert before.wait(timeout=10) == 0, "the card must notice that its reader is gone"
    no_service = (
        "import smartcard.scard as s; print(s.SCardEstablishContext(s.SCARD_SCOPE_USER)[0] == s.SCARD_S_SUCCESS)"
    )
    assert pcsc_client(no_service).strip() == "False"

    private_pcscd.restart()
    card(0)
    said = pcsc_client(ANSWERS.format(reader=private_pcscd.reader_names[0]))
    assert said.split()[-1] == "6d00"


def test_nobody_else_can_see_it(private_pcscd: PrivatePcscd) -> None:
    before = _listening_ports_of_this_machine()
    with PrivatePcscd() as another:
        assert another.socket_path != private_pcscd.socket_path, "two at once do not get in each other's way"
        assert not (_listening_ports_of_this_machine() - before) & set(SLOT_PORTS)
        assert another.socket_path.parent.parent.stat().st_mode & 0o777 == 0o700, "other users cannot reach the card"


def test_stopping_ends_what_was_started_and_leaves_nothing(private_pcscd: PrivatePcscd) -> None:
    service = PrivatePcscd()
    service.start()
    folder = service.socket_path.parent.parent
    program = service.run_inside([sys.executable, str(CARD), str(SLOT_PORTS[0])])
    service.stop()
    assert program.poll() is not None
    assert not folder.exists()
    service.stop()
    with pytest.raises(PrivatePcscdError, match="not running"):
        service.restart()


OWNER = """
import sys, time
from emulator.adapters.private_pcscd import PrivatePcscd
service = PrivatePcscd()
service.start()
print(service.socket_path, flush=True)
time.sleep(600)
"""


def test_it_goes_away_with_an_owner_that_was_killed(private_pcscd: PrivatePcscd) -> None:
    with subprocess.Popen([sys.executable, "-c", OWNER], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        socket_path = pathlib.Path(owner.stdout.readline().strip())
        folder = socket_path.parent.parent
        assert folder.is_dir()
        os.kill(owner.pid, signal.SIGKILL)
        assert _wait_until(lambda: not folder.exists())
        assert _wait_until(lambda: str(folder) not in _all_command_lines())


def _all_command_lines() -> str:
    lines = []
    for process in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(process.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue  # it has ended meanwhile
    return "\n".join(lines)
