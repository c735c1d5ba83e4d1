"""A reception desk for scenarios with a real pcscd: its readers, hands that lay cards into them, and what must not leak."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Self

from crypto.pki.trust_store import TrustStore
from emulator.adapters.private_pcscd import SLOT_PORTS, PrivatePcscd
from emulator.cards import catalogue, chip_content
from reader import errors, inspection
from reader.protocols.access_key import CanKey

if TYPE_CHECKING:
    from reader.inspection import ReadOutcome
    from reader.transport.base import CardTransport
    from reader.transport.monitor import MonitorEvent

FOLDER = pathlib.Path(__file__).parent
PEOPLE = {person.name: person for person in catalogue()}
SECOND_PORT = 0x8C8B
SECOND_READER = "Second PCD 00 00"
NEVER = threading.Event()
SELECT_APPLICATION = bytes.fromhex("00A4040C07A0000002471001")


class Hand:
    """Lays cards into one slot; see ``pcsc_hand.py``."""

    def __init__(self, service: PrivatePcscd, folder: pathlib.Path, port: int) -> None:
        path = folder / f"hand-{port}"
        self._program = service.run_inside([sys.executable, str(FOLDER / "pcsc_hand.py"), str(path), str(port)])
        wait_until(path.exists)
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(path))
        self._lines = self._socket.makefile("rw", encoding="utf-8")

    def lay(self, card: str, **order: Any) -> None:
        """A card that lay there is lifted first."""
        self._say(do="lay", card=card, **order)

    def lift(self) -> None:
        self._say(do="lift")

    @property
    def commands(self) -> int:
        """That the card laid down last has got."""
        return int(self._say(do="look").get("commands", 0))

    @property
    def has_torn(self) -> bool:
        return not self._say(do="look")["there"]

    def _say(self, **order: Any) -> dict[str, Any]:
        self._lines.write(json.dumps(order) + "\n")
        self._lines.flush()
        answer: dict[str, Any] = json.loads(self._lines.readline())
        return answer

    def close(self) -> None:
        self._lines.close()
        self._socket.close()
        self._program.wait(timeout=10)


class Scene:
    """A private pcscd with a reader of two slots and a second reader, which this process and no other talks to."""

    def __init__(self) -> None:
        self.service = PrivatePcscd()
        self._hands: dict[int, Hand] = {}
        self._leave = contextlib.ExitStack()

    def __enter__(self) -> Self:
        folder = self._leave.enter_context(tempfile.TemporaryDirectory())
        self._folder = pathlib.Path(folder)
        self._leave.enter_context(self.service)
        os.environ.update(self.service.environment)
        self._add_second_reader()
        return self

    def __exit__(self, *what: object) -> None:
        self._leave.close()

    @property
    def slots(self) -> tuple[str, str]:
        return self.service.reader_names

    def hand(self, slot: int = 0) -> Hand:
        """The hand at a slot; ``2`` is the second reader."""
        if slot not in self._hands:
            self._hands[slot] = Hand(self.service, self._folder, (*SLOT_PORTS, SECOND_PORT)[slot])
            self._leave.callback(self._hands[slot].close)
        return self._hands[slot]

    def clear(self) -> None:
        """No card anywhere, and everybody knows it."""
        from reader.transport.pcsc import list_readers

        for hand in self._hands.values():
            hand.lift()
        wait_until(lambda: {info.state.value for info in list_readers()} <= {"empty"})

    # ------------------------------------------------------------------- a reader that comes and goes
    def _add_second_reader(self) -> None:
        """With a driver of its own: a copy, since two readers of one driver would share what it keeps of each slot."""
        configuration = self.service.socket_path.parent.parent / "readers" / "virtual"
        text = configuration.read_text(encoding="ascii")
        driver = text.partition("LIBPATH ")[2].partition("\n")[0]
        copy = shutil.copy(driver, self._folder / "libsecond.so")
        second = text.replace("Virtual PCD", "Second PCD").replace(f"{SLOT_PORTS[0]:X}", f"{SECOND_PORT:X}")
        configuration.write_text(text + "\n" + second.replace(driver, str(copy)), encoding="ascii")
        self.service.restart()

    def unplug_second_reader(self) -> subprocess.Popen[bytes]:
        """pcscd starts anew and cannot open the second reader's port: another program has it. Returns that program."""
        (self._folder / "blocked").unlink(missing_ok=True)
        self.service.kill()
        block = (
            "import socket, time\n"
            f"with socket.create_server(('', {SECOND_PORT})) as server:\n"
            f"    open({str(self._folder / 'blocked')!r}, 'w').close(); time.sleep(600)"
        )
        blocker = self.service.run_inside([sys.executable, "-c", block])
        wait_until((self._folder / "blocked").exists)
        self.service.restart()
        return blocker

    def plug_second_reader(self, blocker: subprocess.Popen[bytes]) -> None:
        """Its port is free again when pcscd starts. The virtual reader has no cable that could be pulled meanwhile."""
        blocker.kill()
        blocker.wait()
        self.service.restart()


class Events:
    """What the monitor tells, to be waited for in order."""

    def __init__(self) -> None:
        self._told: list[tuple[str, str | None]] = []
        self._news = threading.Condition()

    def __call__(self, event: MonitorEvent) -> None:
        with self._news:
            self._told.append((event.kind.value, event.reader_name))
            self._news.notify_all()

    def expect(self, kind: str, reader_name: str | None = None) -> list[str]:
        """Wait for an event; returns the kinds of those before it, and forgets them."""
        with self._news:
            assert self._news.wait_for(lambda: (kind, reader_name) in self._told, 20), (kind, reader_name, self._told)
            position = self._told.index((kind, reader_name))
            before = [told for told, _ in self._told[:position]]
            del self._told[: position + 1]
            return before


@functools.cache
def trust() -> TrustStore:
    return inspection.trust_for(None, test_mode=True)


def key_of(name: str) -> CanKey:
    return CanKey.from_citizen_number(PEOPLE[name].number)


def read(card: CardTransport, name: str, **more: Any) -> ReadOutcome:
    """A whole reading with the number of that person."""
    return inspection.read(card, key_of(name), trust=trust(), **more)


def take(reader_name: str) -> CardTransport:
    """Wait for a card in that reader and take it."""
    from reader.transport import PcscReturning

    return PcscReturning(reader_name).wait(20, NEVER)


def is_of(outcome: ReadOutcome, name: str) -> bool:
    """Whether that person was read and accepted, each file octet by octet as it was personalised."""
    files = outcome.reading.document.contents
    return (
        outcome.verdict.decision.name == "ACCEPT"
        and {"SOD", "DG1", "DG2"} <= {file.name for file in files}
        and all(octets == _personalised(name)[file.fid] for file, octets in files.items() if file.in_application)
    )


@functools.cache
def _personalised(name: str) -> dict[int, bytes]:
    return {file.identifier: file.content for file in chip_content(name).application_files}


def code_of(action: Callable[[], object]) -> str:
    """Name of the code of the error that the action ends with; ``""`` if it ends well."""
    try:
        action()
    except errors.TransportError as error:
        return error.code.name
    return ""


def wait_until(what: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not what():
        assert time.monotonic() < end, "it did not come to pass in time"
        time.sleep(0.02)


@contextlib.contextmanager
def nothing_left() -> Iterator[None]:
    """No thread and no file or connection more than before: each PC/SC context is a connection of its own."""
    before = _open_files(), threading.active_count()
    yield
    assert (_open_files(), threading.active_count()) == before


def _open_files() -> int:
    return len(os.listdir("/proc/self/fd"))
