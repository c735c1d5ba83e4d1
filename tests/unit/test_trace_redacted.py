"""A trace shows what was done and how the chip took it, and nothing of whose card it is, whatever becomes of the reading."""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import json
import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import reader
from crypto.wire.apdu import CommandApdu
from emulator.adapters.inprocess import EmulatedTransport, provider
from emulator.cards import chip_content
from emulator.chip.card import VirtualCard
from emulator.personalise.profile import load_profile
from kiosk_ui.cli import main
from reader import errors, trace, transport
from reader.link import Link, Passage
from reader.plan import HOSPITAL
from reader.protocols.active_authentication import random_challenge
from reader.redaction import (
    HIDDEN,
    is_never_recorded,
    shown_answer,
    shown_answer_to_reset,
    shown_command,
    shown_historical_bytes,
)
from reader.session import CardSession
from reader.trace import Payloads, TraceFile, TraceRecorder
from tests.hostile.torn_cards import Hand, TornTransport
from tests.unit.reader_cards import PEOPLE, TRUST

CAN = PEOPLE["an"].can
NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)


class FromOutside(EmulatedTransport):
    """An emulated card in a reader: nobody can tell it from a real one."""

    @property
    def is_emulated(self) -> bool:
        return False


def chipid(*arguments: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = main(list(arguments))
        except SystemExit as end:
            code = int(end.code or 0)
    return code, out.getvalue(), err.getvalue()


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="ascii").splitlines()]


class Everything:
    """All octets that went over the link."""

    def __init__(self) -> None:
        self.octets: list[bytes] = []

    def on_passage(self, passage: Passage) -> None:
        self.octets += [each for each in (passage.command, passage.answer) if each]


class Both:
    """Two who look on."""

    def __init__(self, *witnesses: TraceRecorder | Everything) -> None:
        self._witnesses = witnesses

    def on_passage(self, passage: Passage) -> None:
        for witness in self._witnesses:
            witness.on_passage(passage)


def recorded(path: Path, name: str = "an") -> tuple[reader.ReadOutcome, Everything, list[bytes]]:
    """A redacted trace of a whole reading, all that went over the link, and the challenges posed."""
    seen, posed = Everything(), []

    def draw() -> object:
        challenge = random_challenge()
        posed.append(challenge.octets)
        return challenge

    with (
        provider.open(name) as card,
        TraceRecorder(TraceFile(path), Payloads.NONE, plan=HOSPITAL, read_at=NOW) as recorder,
    ):
        recorder.begin(card)
        key = reader.CanKey.from_digits(PEOPLE[name].can)
        outcome = reader.read(
            card,
            key,
            trust=TRUST,
            witness=Both(recorder, seen),
            randomness=recorder.randomness,
            draw_challenge=recorder.challenges(draw),  # type: ignore[arg-type]
            now=lambda: NOW,
        )
        recorder.conclude(outcome)
    return outcome, seen, posed


def pieces(octets: bytes, size: int = 8) -> set[str]:
    return {octets[start : start + size].hex() for start in range(len(octets) - size + 1)}


@pytest.mark.parametrize("name", ["an", "uyen", "bac-only", "passport-td3", "no-access-control"])
def test_no_octet_of_any_payload_and_no_field_of_the_person_is_in_a_trace(name: str, tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    if name == "bac-only":
        with (
            provider.open(name) as card,
            TraceRecorder(TraceFile(path), Payloads.NONE, plan=HOSPITAL, read_at=NOW) as recorder,
        ):
            recorder.begin(card)
            seen, posed = Everything(), []
            key = reader.MrzKey.from_lines(PEOPLE[name].mrz)
            reader.read(card, key, trust=TRUST, witness=Both(recorder, seen), now=lambda: NOW)
    else:
        _, seen, posed = recorded(path, name)
    text = path.read_text(encoding="ascii").lower()
    secret = set().union(*(pieces(octets[5:]) for octets in seen.octets), *(pieces(octets) for octets in posed))
    assert len(secret) > 1000
    assert not [piece for piece in secret if piece in text]
    person = PEOPLE[name]
    assert not [value for value in (*person.mrz, person.number, person.can, person.full_name) if value.lower() in text]
    assert set("".join(text.split())) <= set('abcdefghijklmnopqrstuvwxyz0123456789{}[]":,.-_+\\/')


def test_a_trace_tells_each_command_with_lengths_status_word_time_and_phase(tmp_path: Path) -> None:
    outcome, _, _ = recorded(tmp_path / "t.jsonl")
    records = lines(tmp_path / "t.jsonl")
    commands = [record for record in records if record["kind"] == "command"]
    assert len(commands) == outcome.link.commands
    assert records[0] == {
        "kind": "chipid-trace",
        "version": 1,
        "payloads": "none",
        "plan": "hospital",
        "photo": True,
    }
    assert records[-1] == {"kind": "end", "how": "complete", "verdict": "ACCEPT"}
    first = commands[0]
    assert (first["header"], first["answer_bytes"], first["status_word"]) == ("00B09C00", 54, "9000")
    assert [record["n"] for record in records if "n" in record] == list(range(1, len(commands) + 2))
    phases = [str(record["phase"]) for record in commands]
    assert list(dict.fromkeys(phases)) == [
        "connecting",
        "access_control",
        "reading_file",
        "chip_authentication",
        "active_authentication",
    ]
    began = [float(str(record["began_ms"])) for record in commands]
    assert began == sorted(began)


# ----------------------------------------------------------------------------------------- the allow-list
@given(st.binary(max_size=300), st.binary(max_size=300))
def test_what_is_shown_of_octets_is_a_header_at_most(command: bytes, answer: bytes) -> None:
    shown = dict(shown_command(command)) | dict(shown_answer(answer)) | dict(shown_answer_to_reset(answer))
    header = shown.pop("header")
    assert header is None or header.replace(HIDDEN, "").lower() == command.hex()[: len(header.replace(HIDDEN, ""))]
    assert shown.pop("status_word") in (None, answer[-2:].hex().upper())
    assert shown.pop("selects", None) in (None, "CardAccess", "DIR", "ATR-INFO", "eMRTD", "MF")
    assert all(value is None or isinstance(value, int) for value in shown.values()), "numbers and yes or no"


@given(st.integers(0, 255), st.integers(0, 255), st.integers(0, 255), st.integers(0, 255), st.binary(max_size=20))
def test_the_parameters_of_an_instruction_that_nobody_knows_are_hidden(
    cla: int, ins: int, p1: int, p2: int, data: bytes
) -> None:
    header = shown_command(CommandApdu(cla, ins, p1, p2, data).encode())["header"]
    known = ins in (0x22, 0x2A, 0x2C, 0x20, 0x24, 0x82, 0x84, 0x86, 0x88, 0xA4, 0xB0, 0xB1, 0xC0, 0xCA, 0xCB)
    assert header == (f"{cla:02X}{ins:02X}{p1:02X}{p2:02X}" if known else f"{cla:02X}{ins:02X}{HIDDEN}{HIDDEN}")


@pytest.mark.parametrize(
    ("historical", "shown"),
    [
        ("", ""),
        ("8073C00140", "8073C00140"),  # capabilities: the same for every card of the kind
        ("805412345678", "8054" + 4 * HIDDEN),  # the issuer's own data
        ("8066112233445566", "8066" + 6 * HIDDEN),  # the maker's own data
        ("0031A073000140079000", "0031A073000140079000"),
        ("4B4F4E4137", "4B" + 4 * HIDDEN),  # of the maker's own making
        ("8075AA", "8075" + HIDDEN),  # cut off: nobody knows what it is
    ],
)
def test_historical_bytes_are_shown_as_far_as_they_cannot_name_one_card(historical: str, shown: str) -> None:
    assert shown_historical_bytes(bytes.fromhex(historical)) == shown


@given(st.binary(max_size=15))
def test_every_historical_byte_is_shown_as_it_is_or_hidden(historical: bytes) -> None:
    shown = shown_historical_bytes(historical)
    assert len(shown) == 2 * len(historical)
    for place, octet in enumerate(historical):
        assert shown[2 * place : 2 * place + 2] in (HIDDEN, f"{octet:02X}")


# -------------------------------------------------------------------------- who may be recorded in full
@pytest.fixture
def in_reader(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Lays an emulated card on a reader by the name of ``slot``."""

    def lay(name: str) -> None:
        monkeypatch.setattr(transport, "open_pcsc", lambda _: FromOutside(VirtualCard(chip_content(name))))
        monkeypatch.setattr(transport, "PcscReturning", lambda _: Hand(), raising=False)

    return lay


def read_in_full(path: Path, name: str, *more: str) -> tuple[int, str, str]:
    arguments = [
        "--reader",
        "slot",
        "--can",
        load_profile(name).holder.can,
        "--no-photo",
        "--trace",
        str(path),
        "--trace-full",
    ]
    return chipid("read", *arguments, *more)


def test_a_card_in_a_reader_is_recorded_in_full_when_a_test_authority_has_signed_it(
    in_reader: Callable[[str], None], tmp_path: Path
) -> None:
    in_reader("an")
    path = tmp_path / "t.jsonl"
    assert read_in_full(path, "an", "--test-mode")[0] == 0
    kinds = [record["kind"] for record in lines(path)]
    assert kinds.index("payload") > max(place for place, kind in enumerate(kinds) if kind == "command"), "not before"
    assert chipid("read", "--replay", str(path), "--can", CAN)[0] == 0


@pytest.mark.parametrize("name", ["unknown-csca", "attack-namesake-csca", "attack-foreign-sod"])
def test_a_card_that_no_test_authority_has_signed_is_never_recorded_in_full(
    name: str, in_reader: Callable[[str], None], tmp_path: Path
) -> None:
    in_reader(name)
    path = tmp_path / "t.jsonl"
    read_in_full(path, name, "--test-mode")
    records = lines(path)
    assert {"kind": "payloads_left_out", "reason": "not_a_test_card"} in records
    assert not {"payload", "drawn", "answer_to_reset", "instant"} & {str(record["kind"]) for record in records}


def test_a_reading_that_fails_shows_nothing_of_the_card_in_the_reader(
    in_reader: Callable[[str], None], tmp_path: Path
) -> None:
    in_reader("an")
    path = tmp_path / "t.jsonl"
    code, _, _ = chipid(
        "read", "--reader", "slot", "--can", "999999", "--test-mode", "--trace", str(path), "--trace-full"
    )
    records = lines(path)
    assert code == 2
    assert records[-2:] == [
        {"kind": "payloads_left_out", "reason": "not_proven"},
        {"kind": "end", "how": "failed", "code": "access.wrong_key"},
    ]
    assert "payload" not in {record["kind"] for record in records}


def test_without_test_mode_nobody_can_ask_for_it(in_reader: Callable[[str], None], tmp_path: Path) -> None:
    in_reader("an")
    assert read_in_full(tmp_path / "t", "an")[0] == 64
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "arguments",
    [
        ["--trace-full"],
        ["--trace", "t", "--trace-full", "--pin", "123456"],
        ["--trace", "t", "--trace-full", "--puk", "12345678"],
    ],
    ids=["no file", "PIN", "PUK"],
)
def test_what_does_not_go_together_is_wrong_usage(arguments: list[str], tmp_path: Path) -> None:
    key = [] if len(arguments) > 1 and arguments[-2] in ("--pin", "--puk") else ["--can", CAN]
    assert chipid("read", "--emulated", "an", *key, *arguments)[0] == 64


@given(st.sampled_from([0x20, 0x21, 0x24, 0x25, 0x26, 0x28, 0x2C]), st.binary(min_size=1, max_size=20))
def test_a_password_in_plain_is_in_no_trace_at_all(ins: int, password: bytes) -> None:
    command = CommandApdu(0x00, ins, 0x00, 0x01, password).encode()
    assert is_never_recorded(command)
    assert not is_never_recorded(bytes([0x0C]) + command[1:]), "protected it is no more readable than all the rest"


class _Kept:
    """In the place of a file."""

    def __init__(self) -> None:
        self.records: list[Mapping[str, object]] = []
        self.problem = None

    def write(self, record: Mapping[str, object]) -> None:
        self.records.append(record)

    def close(self) -> None:
        pass


def test_a_full_trace_leaves_out_a_verify_and_keeps_what_came_back() -> None:
    kept = _Kept()
    with provider.open("an") as card, TraceRecorder(kept, Payloads.FULL, plan=HOSPITAL, read_at=NOW) as recorder:  # type: ignore[arg-type]
        recorder.begin(card)
        Link(card, witness=recorder).exchange(CommandApdu(0x00, 0x20, 0x00, 0x01, b"31415926"))
    payload = next(record for record in kept.records if record["kind"] == "payload")
    assert "command" not in payload
    assert payload["answer"]
    assert b"31415926".hex() not in str(kept.records)
    assert "31415926" not in str(kept.records)


def test_payloads_wait_in_bounded_memory(
    in_reader: Callable[[str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trace, "_MOST_HELD_BYTES", 5000)
    in_reader("an")
    assert read_in_full(tmp_path / "t", "an", "--test-mode")[0] == 0
    kinds = [record["kind"] for record in lines(tmp_path / "t")]
    assert kinds.count("payloads_left_out") == 1
    assert "payload" not in kinds


# ------------------------------------------------------------------------------------------- the file
def test_only_its_owner_may_read_it_and_it_takes_no_other_files_place(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    assert chipid("read", "--emulated", "an", "--can", CAN, "--no-photo", "--trace", str(path))[0] == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = path.read_bytes()
    code, out, err = chipid("read", "--emulated", "an", "--can", CAN, "--trace", str(path))
    assert (code, out) == (2, "")
    assert "trace.exists" in err
    assert path.read_bytes() == before
    assert chipid("read", "--emulated", "an", "--can", CAN, "--no-photo", "--trace", str(path), "--force")[0] == 0
    os.mkfifo(tmp_path / "pipe")
    code, _, err = chipid("read", "--emulated", "an", "--can", CAN, "--trace", str(tmp_path / "pipe"), "--force")
    assert (code, "trace.exists" in err) == (2, True), "what is no file is not replaced"
    code, _, err = chipid("read", "--emulated", "an", "--can", CAN, "--trace", str(tmp_path))
    assert (code, "trace.unwritable" in err) == (2, True)


def test_a_full_disk_ends_the_trace_at_a_whole_line_and_the_reading_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, write, left = tmp_path / "t.jsonl", os.write, [3000]

    def nearly_full(descriptor: int, octets: bytes) -> int:
        if not left[0]:
            raise OSError(28, "No space left on device")
        written = write(descriptor, bytes(octets)[: left[0]])
        left[0] -= written
        return written

    monkeypatch.setattr(os, "write", nearly_full)
    code, out, err = chipid("read", "--emulated", "an", "--can", CAN, "--no-photo", "--json", "--trace", str(path))
    assert json.loads(out)["verdict"] == "ACCEPT"
    assert (code, "trace.unwritable" in err) == (2, True), "not everything that was asked for was delivered"
    assert 2000 < path.stat().st_size <= 3000
    assert lines(path)[-1]["kind"] == "command"


def test_a_program_that_is_killed_leaves_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    program = (
        "import os, signal, reader, sys\n"
        "from emulator.adapters.inprocess import provider\n"
        "from kiosk_ui.cli import main\n"
        "count = [0]\n"
        "real = provider.open\n"
        "def hook(number, command):\n"
        "    if number == 20: os.kill(os.getpid(), signal.SIGKILL)\n"
        "type(provider).open = lambda self, name: real(name, on_transmit=hook)\n"
        f"main(['read', '--emulated', 'an', '--can', '{CAN}', '--trace', {str(path)!r}])\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL
    assert path.read_bytes().endswith(b"\n")
    assert [record["kind"] for record in lines(path)].count("command") == 19


def test_a_card_that_is_taken_away_is_told_where(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"

    def read_until_torn() -> None:
        with (
            TornTransport(VirtualCard(chip_content("an")), 9) as card,
            TraceRecorder(TraceFile(path), Payloads.NONE, plan=HOSPITAL, read_at=NOW) as recorder,
        ):
            recorder.begin(card)
            reader.read(card, reader.CanKey.from_digits(CAN), trust=TRUST, witness=recorder)

    with pytest.raises(errors.TransportError):
        read_until_torn()
    *_, last, end = lines(path)
    assert last["error"] == "card.removed"
    assert "status_word" not in last
    assert end == {"kind": "end", "how": "failed", "code": "card.removed"}


def test_a_reading_that_is_stopped_says_so(tmp_path: Path) -> None:
    path, cancel = tmp_path / "t.jsonl", threading.Event()

    def read_until_stopped() -> None:
        with (
            provider.open("an", on_transmit=lambda number, _: cancel.set() if number == 7 else None) as card,
            TraceRecorder(TraceFile(path), Payloads.NONE, plan=HOSPITAL, read_at=NOW) as recorder,
        ):
            recorder.begin(card)
            reader.read(card, reader.CanKey.from_digits(CAN), trust=TRUST, witness=recorder, cancel=cancel)

    with pytest.raises(reader.Cancelled):
        read_until_stopped()
    assert [record["kind"] for record in lines(path)].count("command") == 7
    assert lines(path)[-1] == {"kind": "end", "how": "stopped"}


def test_a_recorded_conversation_sends_no_other_octets_than_any(tmp_path: Path) -> None:
    """Looking on changes nothing: same commands by number, length and header as without a trace."""
    shapes = []
    for witness in (None, TraceRecorder(TraceFile(tmp_path / "t"), Payloads.NONE, plan=HOSPITAL, read_at=NOW)):
        sent: list[tuple[bytes, int]] = []
        with provider.open(
            "an", on_transmit=lambda _, octets, sent=sent: sent.append((octets[:4], len(octets)))
        ) as card:
            link = Link(card, witness=witness)
            CardSession(link).open(reader.CanKey.from_digits(CAN), HOSPITAL)
        shapes.append(sent)
    assert shapes[0] == shapes[1]
