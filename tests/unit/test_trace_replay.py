"""A full trace of a TEST card is a test fixture: it replays octet by octet, and says where a reading differs from it."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import hashlib
import io
import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import reader
from crypto.errors import ChipIdError
from emulator.adapters.inprocess import EmulatedTransport
from emulator.cards import chip_content
from emulator.chip.card import VirtualCard
from kiosk_ui.cli import main
from reader import errors, trace
from reader.lds import files
from reader.plan import HOSPITAL, ReadPlan
from reader.protocols.active_authentication import random_challenge
from reader.terminal_credentials import TerminalCredentials, load_credentials
from reader.trace import Payloads, TraceFile, TraceRecorder
from reader.transport.replay import Recording, load_recording
from reader.verification.verdict import Decision
from tests.hostile.torn_cards import Hand, Tear, TornTransport
from tests.unit.reader_cards import PEOPLE, TRUST

FIXTURE = Path(__file__).parents[1] / "vectors" / "ours" / "traces" / "an-without-photo.jsonl"
NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
BRIEF = HOSPITAL.without_photo()


def chipid(*arguments: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = main(list(arguments))
        except SystemExit as end:
            code = int(end.code or 0)
    return code, out.getvalue(), err.getvalue()


def record(
    path: Path,
    key: reader.AccessKey,
    card: EmulatedTransport | TornTransport,
    *,
    plan: ReadPlan = BRIEF,
    terminal: TerminalCredentials | None = None,
    comes_back: Hand | None = None,
) -> reader.ReadOutcome:
    with card, TraceRecorder(TraceFile(path), Payloads.FULL, plan=plan, read_at=NOW) as recorder:
        recorder.begin(card)
        outcome = reader.read(
            card,
            key,
            trust=TRUST,
            plan=plan,
            now=lambda: NOW,
            terminal=recorder.terminal(terminal),
            draw_challenge=recorder.challenges(random_challenge),
            randomness=recorder.randomness,
            witness=recorder,
            comes_back=recorder.returning(comes_back),
        )
        recorder.conclude(outcome)
    return outcome


def replay(
    path: Path, key: reader.AccessKey, *, terminal: TerminalCredentials | None = None
) -> tuple[reader.ReadOutcome, Recording]:
    recording = load_recording(path)
    outcome = reader.read(
        recording.card(),
        key,
        trust=TRUST,
        plan=recording.plan,
        now=lambda: recording.read_at,
        terminal=recording.terminal(terminal),
        draw_challenge=recording.draw_challenge,
        randomness=recording.randomness,
        comes_back=recording if recording.has_returns else None,
    )
    recording.require_end()
    return outcome, recording


def assert_same(first: reader.ReadOutcome, second: reader.ReadOutcome) -> None:
    assert second.reading.document.contents == first.reading.document.contents
    assert second.checks == first.checks
    assert second.verdict == first.verdict
    assert second.link == first.link


def key_of(name: str) -> reader.AccessKey:
    person = PEOPLE[name]
    return reader.MrzKey.from_lines(person.mrz) if name == "bac-only" else reader.CanKey.from_digits(person.can)


# ------------------------------------------------------------------------------------ the kept fixture
def test_the_kept_trace_is_the_reading_that_it_was() -> None:
    code, out, err = chipid("read", "--replay", str(FIXTURE), "--can", PEOPLE["an"].can, "--json")
    result = json.loads(out)
    assert (code, result["verdict"]) == (0, "ACCEPT"), err
    assert result["document"]["mrz"] == "\n".join(PEOPLE["an"].mrz)
    recorded = [json.loads(line) for line in FIXTURE.read_text(encoding="ascii").splitlines()]
    assert result["link"]["commands"] == sum(line["kind"] == "command" for line in recorded)


def test_the_kept_trace_says_twice_the_same() -> None:
    first, second = (replay(FIXTURE, key_of("an"))[0] for _ in range(2))
    assert_same(first, second)
    assert first.verdict.decision is Decision.ACCEPT
    assert hashlib.sha256(first.reading.document.require(files.data_group(1))).digest()


# ------------------------------------------------------------------------------- every way of drawing lots
@pytest.mark.parametrize(
    "name",
    [
        "an",
        "bac-only",
        "pace-im",
        "pace-cam",
        "pace-dh",
        "chip-auth-dh",
        "rsa-active-2048",
        "tdes-pace",
        "plain-errors",
    ],
)
def test_every_protocol_replays(name: str, tmp_path: Path) -> None:
    card = EmulatedTransport(VirtualCard(chip_content(name)))
    outcome = record(tmp_path / "t", key_of(name), card)
    assert_same(outcome, replay(tmp_path / "t", key_of(name))[0])


@pytest.mark.parametrize("name", ["eac1-ecdh", "eac2"])
def test_a_terminal_with_certificates_signs_as_it_did(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "terminal"
    assert main(["terminal-certificates", "--out", str(folder)]) == 0
    terminal = load_credentials(folder)
    card = EmulatedTransport(VirtualCard(chip_content(name)))
    outcome = record(tmp_path / "t", key_of(name), card, terminal=terminal)
    assert outcome.reading.terminal.answer.name == "ADMITTED"
    assert_same(outcome, replay(tmp_path / "t", key_of(name), terminal=terminal)[0])


@pytest.mark.parametrize("tear", [Tear.BEFORE, Tear.ANSWER_HALF])
def test_a_card_that_was_torn_away_and_came_back_does_so_again(tear: Tear, tmp_path: Path) -> None:
    torn = TornTransport(VirtualCard(chip_content("an")), 16, tear)
    back = Hand([TornTransport(VirtualCard(chip_content("an")))])
    outcome = record(tmp_path / "t", key_of("an"), torn, comes_back=back)
    assert_same(outcome, replay(tmp_path / "t", key_of("an"))[0])


def test_a_card_that_did_not_come_back_does_not_again(tmp_path: Path) -> None:
    for read in (
        lambda: record(
            tmp_path / "t", key_of("an"), TornTransport(VirtualCard(chip_content("an")), 16), comes_back=Hand()
        ),
        lambda: replay(tmp_path / "t", key_of("an"))[0],
    ):
        with pytest.raises(errors.TransportError) as caught:
            read()
        assert caught.value.code is errors.CARD_REMOVED


# --------------------------------------------------------------------------------------- divergences
def diverged(call: Callable[[], object]) -> errors.TransportError:
    with pytest.raises(errors.TransportError) as caught:
        call()
    assert caught.value.code is trace.REPLAY_DIVERGED
    return caught.value


def test_another_key_is_told_at_the_first_command_that_differs() -> None:
    error = diverged(lambda: replay(FIXTURE, reader.CanKey.from_digits("999999")))
    assert (error.facts["what"], error.facts["command"]) == ("payload", 5)  # CardAccess, MSE, nonce, mapping, agreement


def test_another_plan_is_told_at_the_command_that_differs() -> None:
    recording = load_recording(FIXTURE)
    error = diverged(
        lambda: reader.read(
            recording.card(),
            key_of("an"),
            trust=TRUST,
            plan=dataclasses.replace(BRIEF, first=(13, 1)),
            randomness=recording.randomness,
            draw_challenge=recording.draw_challenge,
        )
    )
    assert error.facts["what"] == "header"  # another short file identifier
    with pytest.raises(errors.TransportError):  # nothing fits after that
        recording.pass_on(bytes.fromhex("00B09C0000"))


def test_a_reading_that_ends_early_is_told() -> None:
    recording = load_recording(FIXTURE)
    recording.card()
    error = diverged(recording.require_end)
    assert error.facts["what"] == "fewer_commands"


def test_other_lots_are_told() -> None:
    recording = load_recording(FIXTURE)
    assert diverged(lambda: recording.randomness.octets(7)).facts["what"] == "random_octets"


def test_nobody_waits_for_a_recorded_card_once_the_reading_is_cancelled(tmp_path: Path) -> None:
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(errors.Cancelled):
        load_recording(FIXTURE).wait(20.0, cancel)


# -------------------------------------------------------------------------------- files that are no traces
def lines_of_fixture() -> list[dict[str, object]]:
    return [json.loads(line) for line in FIXTURE.read_text(encoding="ascii").splitlines()]


HEADER = b'{"kind":"chipid-trace","version":1,"plan":"hospital"}\n'


def refused(path: Path) -> str:
    with pytest.raises(errors.DocumentError) as caught:
        load_recording(path)
    return caught.value.code.name


def test_a_redacted_trace_cannot_be_replayed(tmp_path: Path) -> None:
    path = tmp_path / "t"
    assert chipid("read", "--emulated", "an", "--can", PEOPLE["an"].can, "--no-photo", "--trace", str(path))[0] == 0
    assert refused(path) == "trace.without_payloads"


def test_a_trace_of_a_killed_program_replays_to_where_it_ends(tmp_path: Path) -> None:
    whole = FIXTURE.read_bytes()
    for end in (len(whole) // 2, len(whole) // 2 + 40, len(whole) // 2 + 300):
        (tmp_path / "t").write_bytes(whole[:end])
        assert diverged(lambda: replay(tmp_path / "t", key_of("an"))).facts["what"] in (
            "more_commands",
            "random_scalar",
        )


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "trace.unreadable"),
        (b"{}\n", "trace.unreadable"),
        (b"\xff\xfe\n", "trace.unreadable"),
        (b"[" * 100_000 + b"\n", "trace.unreadable"),
        (b"[1]\n", "trace.unreadable"),
        (b'{"kind":"chipid-trace","version":2}\n', "trace.version_unknown"),
        (b'{"kind":"chipid-trace","version":1}\n', "trace.unreadable"),
        (HEADER, "trace.without_payloads"),
        (HEADER + b'{"kind":"card","card":"1"}\n', "trace.unreadable"),
        (HEADER + b'{"kind":"instant","read_at":"noon"}\n', "trace.unreadable"),
        (HEADER + b'{"kind":"instant","read_at":"2026-01-01"}\n', "trace.unreadable"),
        (HEADER + b'{"kind":"drawn","what":"dice","octets":""}\n', "trace.unreadable"),
        (b'{"n":' + b"9" * 5000 + b"}\n", "trace.unreadable"),
        (b"x" * 600_000, "trace.unreadable"),
    ],
    ids=range(14),
)
def test_what_is_no_trace_is_one_clear_error(content: bytes, code: str, tmp_path: Path) -> None:
    (tmp_path / "t").write_bytes(content)
    assert refused(tmp_path / "t") == code


def test_a_missing_file_or_a_folder_is_one_clear_error(tmp_path: Path) -> None:
    assert refused(tmp_path / "nothing") == refused(tmp_path) == "trace.unreadable"
    assert chipid("read", "--replay", str(tmp_path / "nothing"), "--can", "123456")[0] == 2


def test_a_replay_is_no_evidence(tmp_path: Path) -> None:
    code, _, err = chipid("read", "--replay", str(FIXTURE), "--can", "000017", "--evidence", str(tmp_path / "e"))
    assert (code, "no card lies here" in err) == (64, True)
    assert load_recording(FIXTURE).card().is_emulated


@given(st.data())
def test_a_changed_trace_gives_the_same_reading_or_an_error_of_ours(data: st.DataObject) -> None:
    records = [dict(line) for line in lines_of_fixture()]
    record = records[data.draw(st.integers(0, len(records) - 1))]
    name = data.draw(st.sampled_from(sorted(record)))
    values = st.none() | st.integers(-1, 300) | st.sampled_from(["", "00", "9000", "zz", "card.removed", "read_at"])
    record[name] = data.draw(values)
    try:
        recording = Recording(iter(records))
        reader.read(
            recording.card(),
            key_of("an"),
            trust=TRUST,
            plan=recording.plan,
            now=lambda: recording.read_at,
            randomness=recording.randomness,
            draw_challenge=recording.draw_challenge,
        )
    except ChipIdError:
        return
