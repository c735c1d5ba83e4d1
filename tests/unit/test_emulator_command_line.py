"""`chipid cards`, `chipid card run`, the transport in this process, and the protocol of the virtual reader."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator.adapters.inprocess import EmulatedTransport, provider, taken_away_at
from emulator.adapters.vpcd import VirtualReaderError, VpcdSlot
from emulator.cards import card, catalogue, trust_anchors
from emulator.cli import main
from reader.transport.base import CardTransport

SELECT_CARD_ACCESS = bytes.fromhex("00A4020C02011C")


# -- the list -----------------------------------------------------------------------------------------------


def test_json_has_exactly_the_promised_keys(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cards", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert len(rows) >= 12
    for row in rows:
        assert list(row) == ["name", "number", "can", "mrz", "expected", "what_for"]
        assert [len(line) for line in row["mrz"].split("\n")] == [30, 30, 30]
        assert row["expected"] in ("ACCEPT", "REFER", "REJECT")
        assert row["number"].endswith(row["can"])
    names = {row["name"] for row in rows}
    assert {"an", "quy", "uyen", "long-name", "hbli", "nested-parents", "can-cuoc-2024", "child-2024"} <= names
    assert {row["name"] for row in rows if row["expected"] == "REJECT"} == {"changed", "copied"}
    assert {row["name"] for row in rows if row["expected"] == "REFER"} == {"unknown-csca", "expired"}


def test_pin_and_puk_are_told_of_the_cards_that_have_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cards", "--all", "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert (rows["pin-puk"]["pin"], rows["pin-puk"]["puk"]) == ("481263", "9021745836")
    assert "pin" not in rows["an"]


def test_laboratory_chips_are_listed_on_request(capsys: pytest.CaptureFixture[str]) -> None:
    main(["cards"])
    assert "bac-only" not in capsys.readouterr().out
    main(["cards", "--all"])
    assert "bac-only" in capsys.readouterr().out


def test_trust_anchors_are_written_as_der(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cards", "--trust-out", str(tmp_path / "new" / "folder")]) == 0
    written = sorted((tmp_path / "new" / "folder").iterdir())
    assert {path.suffix for path in written} == {".cer"}
    assert tuple(path.read_bytes() for path in written) == trust_anchors()
    assert [str(path) for path in written] == capsys.readouterr().out.split()


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["card"],
        ["cards", "--jsn"],
        ["cards", "an"],
        ["card", "run"],
        ["card", "run", "nobody"],
        ["card", "run", "an", "--vpcd", "x"],
        ["card", "run", "an", "--patience", "nan"],
        ["card", "run", "an", "--patience", "inf"],
        ["card", "run", "an", "--patience", "-1"],
        ["card", "run", "an", "--patience", "soon"],
    ],
)
def test_wrong_usage_ends_with_64_and_a_reason(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 64
    assert capsys.readouterr().err


def test_an_argument_too_many_is_answered_by_the_command_that_was_meant(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cards", "an"]) == 64
    assert capsys.readouterr().err == (
        "usage: chipid cards [-h] [--json] [--all] [--trust-out FOLDER]\nchipid cards: there is no argument 'an'\n"
    )
    assert main(["card", "run", "an", "quy"]) == 64
    assert "chipid card run: there is no argument 'quy'" in capsys.readouterr().err


def test_no_virtual_reader_is_one_clear_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    assert main(["card", "run", "an", "--vpcd", f"127.0.0.1:{port}", "--patience", "0.05"]) == 1
    assert f"No virtual reader answers at 127.0.0.1:{port}" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_one_clear_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a-file").touch()
    assert main(["cards", "--trust-out", str(tmp_path / "a-file")]) == 1
    assert str(tmp_path / "a-file") in capsys.readouterr().err


# -- in this process ------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_provider_opens_every_card() -> None:
    assert {spec.name for spec in catalogue(laboratory=True, attacks=True)} == set(provider.names())
    assert tuple(provider.test_trust_anchors()) == trust_anchors()
    with pytest.raises(KeyError):
        provider.open("nobody")
    for name in provider.names():
        with provider.open(name) as link:
            assert isinstance(link, CardTransport)
            assert link.is_emulated
            assert link.atr[0] == 0x3B
            assert link.transmit(bytes.fromhex("00A4040C07A0000002471001")) == b"\x90\0"
            link.reset()
            # DG14 by its short identifier: in the application it would be there, in the master file nothing is
            assert link.transmit(bytes.fromhex("00B08E0000")) == b"\x6a\x82"
        with pytest.raises(ConnectionError):
            link.transmit(SELECT_CARD_ACCESS)
        link.close()


def test_two_opened_cards_do_not_share_state() -> None:
    with provider.open("an") as first, provider.open("an") as second:
        assert first.transmit(SELECT_CARD_ACCESS) == b"\x90\0"
        assert second.transmit(bytes.fromhex("00B0000000")) == b"\x69\x86"


def test_a_card_taken_away_stays_away() -> None:
    link = EmulatedTransport(card("an"), on_transmit=taken_away_at(3))
    assert link.transmit(SELECT_CARD_ACCESS) == b"\x90\0"
    assert link.transmit(SELECT_CARD_ACCESS) == b"\x90\0"
    for attempt in (link.transmit, link.transmit):
        with pytest.raises(ConnectionError):
            attempt(SELECT_CARD_ACCESS)
    with pytest.raises(ConnectionError):
        link.reset()


# -- the virtual reader's side, played by the test ---------------------------------------------------------------


class Reader:
    """vpcd as seen by a card: waits for it, then speaks first. Splits what it sends to vex the card."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(20)
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"

    def accept(self) -> None:
        self.link, _ = self.listener.accept()
        self.link.settimeout(20)

    def say(self, body: bytes) -> None:
        for octet in len(body).to_bytes(2, "big") + body:
            self.link.sendall(bytes([octet]))

    def ask(self, body: bytes) -> bytes:
        self.say(body)
        return self.hear(int.from_bytes(self.hear(2), "big"))

    def hear(self, count: int) -> bytes:
        octets = b""
        while len(octets) < count:
            piece = self.link.recv(count - len(octets))
            assert piece
            octets += piece
        return octets


@pytest.fixture
def virtual_reader() -> Iterator[Reader]:
    reader = Reader()
    with contextlib.closing(reader.listener):
        yield reader


def test_control_codes_and_commands(virtual_reader: Reader) -> None:
    chip = card("an")
    host, port = virtual_reader.listener.getsockname()
    slot = VpcdSlot(chip, host, port)
    inserted = threading.Event()
    server = threading.Thread(target=slot.serve, args=(inserted.set,))
    server.start()
    virtual_reader.accept()
    assert virtual_reader.ask(b"\x04") == chip.atr
    virtual_reader.say(b"\x01")
    assert virtual_reader.ask(SELECT_CARD_ACCESS) == b"\x90\0"
    assert virtual_reader.ask(bytes.fromhex("00B0000002")) == b"\x31\x34\x90\0"
    virtual_reader.say(b"\x02")  # reset: the selection is forgotten
    assert virtual_reader.ask(bytes.fromhex("00B0000002")) == b"\x69\x86"
    virtual_reader.say(b"\x00")
    assert virtual_reader.ask(SELECT_CARD_ACCESS) == b"\x6f\0"
    virtual_reader.link.close()
    virtual_reader.accept()  # the reader restarts, the card comes back
    assert virtual_reader.ask(b"\x04") == chip.atr
    assert inserted.is_set()
    slot.stop()
    server.join(20)
    assert not server.is_alive()
    virtual_reader.link.close()


def test_no_reader_within_the_patience() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with pytest.raises(VirtualReaderError, match="pcscd"):
        VpcdSlot(card("an"), "127.0.0.1", port, patience_s=0.0).serve()


def test_a_slot_that_never_asks_for_the_card_is_named(
    virtual_reader: Reader, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As when another card lies in it already: the connection is accepted by the system, and then nothing comes."""
    monkeypatch.setattr("emulator.adapters.vpcd._ASKED_WITHIN_S", 0.05)
    assert main(["card", "run", "an", "--vpcd", virtual_reader.address]) == 1
    said = capsys.readouterr()
    assert virtual_reader.address in said.err
    assert "another card" in said.err
    assert said.out == ""


def test_an_answer_too_long_for_the_link_does_not_end_the_card(virtual_reader: Reader) -> None:
    class Talkative:
        atr = b"\x3b\x00"

        def transmit(self, command: bytes) -> bytes:
            return bytes(0x10000)

        def power_on(self) -> None: ...
        def power_off(self) -> None: ...
        def reset(self) -> None: ...

    slot = VpcdSlot(Talkative(), *virtual_reader.listener.getsockname())
    server = threading.Thread(target=slot.serve)
    server.start()
    virtual_reader.accept()
    assert virtual_reader.ask(SELECT_CARD_ACCESS) == b"\x6f\x00"
    slot.stop()
    server.join(20)
    assert not server.is_alive()
    virtual_reader.link.close()


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_card_run_says_one_line_and_ends_cleanly_on_a_signal(virtual_reader: Reader, number: signal.Signals) -> None:
    program = "import sys; from emulator.cli import main; sys.exit(main(sys.argv[1:]))"
    arguments = ["card", "run", "an", "--vpcd", virtual_reader.address]
    with subprocess.Popen([sys.executable, "-c", program, *arguments], stdout=subprocess.PIPE, text=True) as process:
        virtual_reader.accept()
        assert virtual_reader.ask(b"\x04")[0] == 0x3B
        assert process.stdout is not None
        assert process.stdout.readline() == (
            f"an is in the virtual reader at {virtual_reader.address}; stop with Ctrl-C\n"
        )
        process.send_signal(number)
        assert process.wait(20) == 0
        assert process.stdout.read() == ""
    virtual_reader.link.close()


@pytest.mark.slow
def test_the_pytest_plugin_hands_out_cards_to_other_peoples_tests(tmp_path: Path) -> None:
    (tmp_path / "test_theirs.py").write_text(
        "def test_it(emulated_card, emulated_people, emulated_trust_anchors):\n"
        "    chip = emulated_card(emulated_people[0].name)\n"
        "    assert chip.transmit(bytes.fromhex('00A4020C02011C')) == bytes.fromhex('9000')\n"
        "    assert emulated_trust_anchors\n",
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "emulator.pytest_plugin", "-p", "no:cacheprovider", "."]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "1 passed" in done.stdout, done.stdout + done.stderr
