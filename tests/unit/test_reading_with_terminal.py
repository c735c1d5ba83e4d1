"""Whole readings of chips with extended access control: with the right certificates, the wrong ones, and none."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path

import pytest

import reader
from crypto.pki.cvc import parse_cv_certificates
from crypto.primitives.curves import curve
from emulator.adapters.inprocess import EmulatedTransport
from emulator.cards import chip_content
from emulator.chip.card import VirtualCard
from emulator.chip.content import ChipContent
from kiosk_ui.cli import main
from reader import errors
from reader.chip_proofs import ChipAnswer
from reader.lds import files
from reader.plan import ReadPlan
from reader.progress import ProgressEvent, ReadingPhase
from reader.terminal_access import TerminalAnswer
from reader.terminal_credentials import TerminalCredentials, load_credentials
from reader.terminal_keys import FileSigner
from reader.verification.checks import CheckStatus
from reader.verification.verdict import Decision
from tests.unit.reader_cards import PEOPLE, TRUST, can_of, status_of
from tests.unit.terminal_tree import (
    DV_DOMESTIC,
    SYSTEM,
    TERMINAL,
    VERIFIER,
    certificate,
    key,
    pem,
    plain_tree,
    write_folder,
)

CARDS = ("eac1-ecdh", "eac1-dh-rsa", "eac2")
TODAY = dt.datetime.now(dt.UTC)
CHECK = "terminal_authentication"
QUICK = ReadPlan("quick", first=(1, 15))  # the photo is long, and says nothing here
DG1, DG2, DG3, DG4, DG14 = (files.data_group(number) for number in (1, 2, 3, 4, 14))


@pytest.fixture(scope="module")
def folder_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """A folder that ``chipid terminal-certificates`` made, by its options."""
    made: dict[tuple[str, ...], Path] = {}

    def make(*options: str) -> Path:
        if options not in made:
            made[options] = tmp_path_factory.mktemp("terminal") / "t"
            assert main(["terminal-certificates", "--out", str(made[options]), *options]) == 0
        return made[options]

    return make


@pytest.fixture(scope="module")
def terminal_of(folder_of: Callable[..., Path]) -> Callable[..., TerminalCredentials]:
    return lambda *options: load_credentials(folder_of(*options))


def read(
    card: str | ChipContent | EmulatedTransport,
    terminal: TerminalCredentials | None = None,
    *,
    key: reader.CanKey | reader.MrzKey | None = None,
    policy: str = "hospital",
    at: dt.datetime = TODAY,
    plan: ReadPlan | None = None,
    events: list[ProgressEvent] | None = None,
) -> reader.ReadOutcome:
    content = chip_content(card) if isinstance(card, str) else card
    name = card if isinstance(card, str) else "eac1-ecdh"
    transport = EmulatedTransport(VirtualCard(content)) if isinstance(content, ChipContent) else content
    with transport as open_card:
        return reader.read(
            open_card,
            key or can_of(name),
            trust=TRUST,
            terminal=terminal,
            policy=policy,
            plan=plan,
            now=lambda: at,
            on_progress=(events if events is not None else []).append,
        )


Terminals = Callable[..., TerminalCredentials]


# ------------------------------------------------------------------------------- the right holder
@pytest.mark.parametrize(
    ("card", "options"),
    [
        *((card, ()) for card in CARDS),
        ("eac1-ecdh", ("--link",)),
        ("eac1-dh-rsa", ("--algorithm", "ecdsa-sha384", "--curve", "secp384r1")),
        ("eac2", ("--algorithm", "rsa-pss-sha256")),
    ],
    ids=str,
)
def test_the_right_certificates_open_fingerprints(card: str, options: tuple[str, ...], terminal_of: Terminals) -> None:
    events: list[ProgressEvent] = []
    outcome = read(card, terminal_of(*options), events=events, plan=QUICK)
    assert DG3 in outcome.reading.document
    assert status_of(outcome, CHECK) == (CheckStatus.SUCCESSFUL, f"{CHECK}.admitted")
    assert status_of(outcome, "chip_authentication")[0] is CheckStatus.SUCCESSFUL
    assert status_of(outcome, "data_group_hash.DG3")[0] is CheckStatus.SUCCESSFUL
    assert outcome.verdict.decision is Decision.ACCEPT
    assert ReadingPhase.TERMINAL_AUTHENTICATION in {event.phase for event in events}
    assert outcome.timing_ms["terminal_authentication"] > 0


@pytest.mark.parametrize("card", CARDS)
def test_without_certificates_the_chip_is_read_as_ever_and_fingerprints_are_not_asked_for(card: str) -> None:
    outcome = read(card)
    assert not {DG3, DG4} & (set(outcome.reading.document) | set(outcome.reading.unread))
    assert outcome.verdict.decision is Decision.ACCEPT
    assert CHECK not in {str(check.check) for check in outcome.checks}, "a hospital is not told of what it never asked"
    desk = read(card, policy="desk")
    assert status_of(desk, CHECK) == (CheckStatus.UNDETERMINED, f"{CHECK}.not_asked")
    assert desk.verdict.decision is Decision.ACCEPT


@pytest.mark.parametrize(
    ("card", "found"),
    [
        ("rsa-active", (CheckStatus.NOT_SUPPORTED, f"{CHECK}.not_offered")),
        ("long-number", (CheckStatus.NOT_SUPPORTED, f"{CHECK}.not_offered")),
        ("an", (CheckStatus.FAILED, errors.TERMINAL_NO_CHAIN.name)),
    ],
    ids=["guards nothing", "has no DG14", "announces it and names no authority"],
)
def test_a_chip_without_authorities_is_read_the_same_with_certificates(
    card: str, found: tuple[CheckStatus, str], terminal_of: Terminals
) -> None:
    opened_by = reader.MrzKey.from_lines(PEOPLE[card].mrz)
    outcome = read(card, terminal_of(), key=opened_by, plan=QUICK)
    assert status_of(outcome, CHECK) == found
    assert outcome.verdict.decision.name == PEOPLE[card].expected


def test_the_machine_readable_zone_opens_it_as_well(terminal_of: Terminals) -> None:
    """By BAC the chip's name is its document number (TR-03110-1 §3.5.1); by PACE it is a key."""
    content = chip_content("eac1-ecdh")
    mrz = reader.MrzKey.from_lines(PEOPLE["eac1-ecdh"].mrz)
    assert DG3 in read(content, terminal_of(), key=mrz, plan=QUICK).reading.document
    files_of_master = tuple(file for file in content.master_files if file.identifier != 0x011C)
    by_bac = dataclasses.replace(content, pace=(), master_files=files_of_master, basic_access_control=True)
    plan = dataclasses.replace(reader.ReadPlan("t", first=(1,)), assume_cccd=False)
    outcome = read(by_bac, terminal_of(), key=mrz, plan=plan)
    assert outcome.reading.access.protocol == "BAC"
    assert outcome.reading.terminal.answer is TerminalAnswer.ADMITTED
    assert DG3 in outcome.reading.document


# -------------------------------------------------------------------------------- the wrong holder
@pytest.mark.parametrize(
    ("card", "rights", "groups"),
    [("eac1-ecdh", "dg3", {3}), ("eac1-ecdh", "none", set()), ("eac2", "dg4", {4}), ("eac2", "none", set())],
)
def test_exactly_what_the_certificates_give_is_read(
    card: str, rights: str, groups: set[int], terminal_of: Terminals
) -> None:
    outcome = read(card, terminal_of("--rights", rights), plan=QUICK)
    for file in (DG3, DG4):
        if file.number in groups:
            assert file in outcome.reading.document
        else:
            assert outcome.reading.unread[file] is errors.TERMINAL_RIGHT_MISSING
            found = (CheckStatus.ABORTED, "data_group_hash.not_permitted")
            assert status_of(outcome, f"data_group_hash.{file.name}") == found
    assert status_of(outcome, CHECK) == (CheckStatus.SUCCESSFUL, f"{CHECK}.right_missing")
    assert outcome.verdict.decision is Decision.ACCEPT, "what a terminal may not read says nothing about the card"


@pytest.mark.parametrize("card", ["eac1-ecdh", "eac2"])
def test_what_the_chips_own_authority_does_not_give_is_a_missing_right_too(card: str, terminal_of: Terminals) -> None:
    """The chip takes the AND with what it knows of its authority (TR-03110-3 §2.6); the folder may say more."""
    content = chip_content(card)
    lesser = tuple(
        dataclasses.replace(point, authorization=dataclasses.replace(point.authorization, rights=0b01))
        for point in content.terminal_trust_points
    )
    outcome = read(
        dataclasses.replace(content, terminal_trust_points=lesser), terminal_of(), key=can_of(card), plan=QUICK
    )
    assert DG3 in outcome.reading.document
    assert outcome.reading.unread == {DG4: errors.TERMINAL_RIGHT_MISSING}
    assert outcome.verdict.decision is Decision.ACCEPT


def test_a_chip_whose_date_is_ahead_refuses_a_certificate_that_we_take_for_good(terminal_of: Terminals) -> None:
    """Then nobody but the chip knows why: it is refused, and everything else is read."""
    content = dataclasses.replace(chip_content("eac1-ecdh"), personalised_on=dt.date(2048, 1, 1))
    outcome = read(content, terminal_of(), plan=QUICK)
    assert status_of(outcome, CHECK) == (CheckStatus.FAILED, errors.TERMINAL_REFUSED.name)
    assert DG1 in outcome.reading.document


def somebody_else() -> TerminalCredentials:
    return TerminalCredentials.of([plain_tree().octets], FileSigner(pem(key(SYSTEM))))


def impostor(folder: Path) -> TerminalCredentials:
    """Certificates that name the chip's authority, which has signed none of them."""
    authority = parse_cv_certificates((folder / "cvca.cvcert").read_bytes())[0].holder_reference
    verifier = certificate(VERIFIER, authority, DV_DOMESTIC, valid=("2026-01-01", "2099-12-31"))
    terminal = certificate(SYSTEM, VERIFIER, TERMINAL, valid=("2026-01-01", "2099-12-31"))
    return TerminalCredentials.of([verifier, terminal], FileSigner(pem(key(SYSTEM))))


@pytest.mark.parametrize("card", CARDS)
def test_a_terminal_that_the_chip_does_not_admit_reads_everything_else(
    card: str, terminal_of: Terminals, folder_of: Callable[..., Path]
) -> None:
    plain = read(card, plan=QUICK)
    wrong = {
        errors.TERMINAL_CERTIFICATE_EXPIRED: terminal_of("--expired"),
        errors.TERMINAL_NO_CHAIN: somebody_else(),
        errors.TERMINAL_REFUSED: impostor(folder_of()),
    }
    for code, terminal in wrong.items():
        outcome = read(card, terminal, plan=QUICK)
        assert status_of(outcome, CHECK) == (CheckStatus.FAILED, code.name)
        assert set(outcome.reading.document) == set(plain.reading.document)
        assert (outcome.verdict.decision, outcome.verdict.assurance) == (Decision.ACCEPT, plain.verdict.assurance)
        assert outcome.reading.chip_authentication is plain.reading.chip_authentication


def test_a_clock_that_cannot_be_right_leaves_it_to_the_chip(terminal_of: Terminals) -> None:
    woken = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    assert read("eac1-ecdh", terminal_of(), at=woken, plan=QUICK).reading.terminal.answer is TerminalAnswer.ADMITTED
    outcome = read("eac1-ecdh", terminal_of("--expired"), at=woken, plan=QUICK)
    assert status_of(outcome, CHECK) == (CheckStatus.FAILED, errors.TERMINAL_REFUSED.name)


@pytest.mark.parametrize("year", [1970, 2015])
def test_a_clock_that_cannot_be_right_makes_no_copy_of_a_chip_of_version_2(year: int, terminal_of: Terminals) -> None:
    outcome = read("eac2", terminal_of(), at=dt.datetime(year, 1, 1, tzinfo=dt.UTC), plan=QUICK)
    found = (CheckStatus.UNDETERMINED, "chip_authentication.issuer_unknown")
    assert status_of(outcome, "chip_authentication") == found
    assert outcome.verdict.decision is Decision.REFER


def test_progress_counts_every_file_that_is_read(terminal_of: Terminals) -> None:
    events: list[ProgressEvent] = []
    outcome = read("eac1-ecdh", terminal_of(), plan=QUICK, events=events)
    last = events[-3]  # before "verifying" and "done"
    assert (last.file, last.done_bytes) == ("DG4", last.total_bytes)
    assert last.files_done + 1 == last.files_total == len(outcome.reading.document) - 1  # all but EF.CardAccess


def test_a_plan_may_leave_fingerprints_out(terminal_of: Terminals) -> None:
    outcome = read("eac1-ecdh", terminal_of(), plan=ReadPlan("names", first=(1, 3), sensitive=False))
    assert DG3 not in outcome.reading.document


def test_fingerprints_of_a_chip_that_was_not_asked_to_prove_itself_stay_closed(terminal_of: Terminals) -> None:
    """Version 1 runs in the channel of chip authentication only (TR-03110-1 §2.4)."""
    plan = ReadPlan("quick", first=(1,), chip_authentication=False)
    outcome = read("eac1-ecdh", terminal_of(), plan=plan)
    assert status_of(outcome, CHECK) == (CheckStatus.ABORTED, f"{CHECK}.not_possible")
    assert DG1 in outcome.reading.document


# ----------------------------------------------------------------------------------------- copies
def with_other_keys(content: ChipContent) -> ChipContent:
    """A copy: all files, none of the private keys of chip authentication."""
    other = curve("brainpoolP256r1").private_key(0x2A)
    stolen = tuple(dataclasses.replace(one, private_key=other) for one in content.chip_authentication)
    return dataclasses.replace(content, chip_authentication=stolen, active_authentication=None)


@pytest.mark.parametrize("card", ["eac1-ecdh", "eac2"])
def test_a_copy_admits_the_terminal_and_is_caught_all_the_same(card: str, terminal_of: Terminals) -> None:
    outcome = read(with_other_keys(chip_content(card)), terminal_of(), key=can_of(card))
    assert outcome.reading.chip_authentication is ChipAnswer.LOST
    assert status_of(outcome, "chip_authentication") == (CheckStatus.FAILED, "chip_authentication.not_genuine")
    assert outcome.verdict.decision is Decision.REJECT
    assert DG2 in outcome.reading.document, "staff must see whose data the copy carries"
    assert DG3 not in outcome.reading.document


@pytest.mark.parametrize("position", [60, 300, -40])
def test_a_changed_list_of_keys_proves_nothing(position: int, terminal_of: Terminals) -> None:
    content = chip_content("eac2")
    master = []
    for file in content.master_files:
        octets = bytearray(file.content)
        if file.identifier == 0x011D:
            octets[position] ^= 0x01
        master.append(dataclasses.replace(file, content=bytes(octets)))
    outcome = read(dataclasses.replace(content, master_files=tuple(master)), terminal_of(), key=can_of("eac2"))
    assert status_of(outcome, "chip_authentication")[0] is not CheckStatus.SUCCESSFUL
    assert DG2 in outcome.reading.document


def test_version_2_excuses_no_chip_that_hides_the_key_of_version_1() -> None:
    """Whoever announces version 2 in the unsigned EF.CardAccess must not get away with hiding the signed DG14."""
    content = chip_content("eac2")
    kept = tuple(file for file in content.application_files if file.identifier != 0x010E)
    outcome = read(dataclasses.replace(content, application_files=kept), key=can_of("eac2"))
    assert status_of(outcome, "chip_authentication") == (CheckStatus.FAILED, "chip_authentication.key_withheld")


# --------------------------------------------------------------------------- chips that break off
class BreaksOff(EmulatedTransport):
    """Answers a bare status word, once or always, to protected commands that begin like this."""

    def __init__(self, content: ChipContent, header: str, status: int, *, times: int = 1000) -> None:
        super().__init__(VirtualCard(content))
        self.header, self.status, self.times = bytes.fromhex(header), status, times
        self.openings = 0

    def reset(self) -> None:
        self.openings += 1
        super().reset()

    def transmit(self, command: bytes) -> bytes:
        if command.startswith(self.header) and self.times:
            self.times -= 1
            return self.status.to_bytes(2, "big")
        return super().transmit(command)


SET_AT_OF_CHIP, GENERAL_AUTHENTICATE = "0c2241a4", "0c860000"


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (SET_AT_OF_CHIP, 0x6A80),
        (SET_AT_OF_CHIP, 0x6988),
        (GENERAL_AUTHENTICATE, 0x6982),
        (GENERAL_AUTHENTICATE, 0x9000),
    ],
)
def test_a_chip_that_breaks_off_over_its_own_proof_is_read_on_and_not_accepted(header: str, status: int) -> None:
    """As some Chinese passports do. It was asked for a proof that it announces and gave none."""
    card = BreaksOff(chip_content("an"), header, status)
    outcome = read(card, key=can_of("an"))
    assert status_of(outcome, "chip_authentication") == (CheckStatus.FAILED, "chip_authentication.broke_off")
    assert outcome.verdict.decision is Decision.REJECT
    assert {DG1, DG2} <= set(outcome.reading.document)
    assert card.openings == 2


def test_a_chip_that_breaks_off_over_one_key_may_prove_itself_by_the_next() -> None:
    card = BreaksOff(chip_content("aes256"), SET_AT_OF_CHIP, 0x6A80, times=1)
    outcome = read(card, key=can_of("aes256"))
    assert status_of(outcome, "chip_authentication") == (CheckStatus.SUCCESSFUL, "chip_authentication.genuine")
    detail = next(check.detail for check in outcome.checks if check.check == "chip_authentication")
    assert "refused 1 of the ways" in detail
    assert outcome.verdict.decision is Decision.ACCEPT


SELECT_FOR_VERIFICATION, VERIFY_CERTIFICATE, SET_AT_OF_TERMINAL = "0c2281b6", "0c2a00be", "0c2281a4"
CHALLENGE, EXTERNAL, READ_CVCA = "0c840000", "0c820000", "0cb09c"


@pytest.mark.parametrize(
    "header", [SELECT_FOR_VERIFICATION, VERIFY_CERTIFICATE, SET_AT_OF_TERMINAL, CHALLENGE, EXTERNAL]
)
@pytest.mark.parametrize(("card", "status"), [("eac1-ecdh", 0x6982), ("eac2", 0x6300)])
def test_a_chip_that_breaks_off_over_the_terminal_is_read_on(
    header: str, card: str, status: int, terminal_of: Terminals
) -> None:
    transport = BreaksOff(chip_content(card), header, status)
    outcome = read(transport, terminal_of(), key=can_of(card), plan=QUICK)
    assert status_of(outcome, CHECK) == (CheckStatus.FAILED, errors.CHANNEL_BROKEN.name)
    assert {DG1, DG14} <= set(outcome.reading.document)
    assert not {DG3, DG4} & set(outcome.reading.document)
    assert outcome.reading.chip_authentication in (ChipAnswer.GIVEN, ChipAnswer.NEEDS_TERMINAL)
    assert outcome.verdict.decision is Decision.ACCEPT
    assert transport.openings == 2


def test_a_missing_list_of_authorities_is_no_sign_of_a_copy(terminal_of: Terminals) -> None:
    """A chip that leaves its errors unprotected has proven itself before it is asked for that file."""
    outcome = read(BreaksOff(chip_content("eac1-ecdh"), READ_CVCA, 0x6A82), terminal_of(), key=can_of("eac1-ecdh"))
    assert status_of(outcome, "chip_authentication")[0] is CheckStatus.SUCCESSFUL
    assert status_of(outcome, CHECK)[0] is CheckStatus.FAILED
    assert outcome.verdict.decision is Decision.ACCEPT


@pytest.mark.parametrize("card", ["eac1-ecdh", "eac2"])
def test_a_chip_opened_anew_admits_the_terminal_anew(card: str, terminal_of: Terminals) -> None:
    """DG13 is refused without protection, which ends the channel; fingerprints come after it."""
    transport = BreaksOff(chip_content(card), "0cb08d", 0x6982)
    plan = ReadPlan("personal data", first=(1, 13))
    outcome = read(transport, terminal_of(), key=can_of(card), plan=plan)
    assert outcome.reading.unread == {files.data_group(13): errors.FILE_REFUSED_UNPROTECTED}
    assert DG3 in outcome.reading.document
    assert status_of(outcome, "chip_authentication")[0] is CheckStatus.SUCCESSFUL


@pytest.mark.parametrize(("card", "openings"), [("eac1-ecdh", 2), ("eac2", 2)])
def test_certificates_too_long_for_the_chip_go_in_parts(card: str, openings: int, terminal_of: Terminals) -> None:
    """RSA certificates of 2048 bits; a chip without extended length that says nothing of it answers a bare 6700 first."""
    content = chip_content(card)
    silent = dataclasses.replace(
        content,
        atr=bytes.fromhex("3b8001") + b"\x81",  # no historical bytes
        master_files=tuple(file for file in content.master_files if file.identifier != 0x2F01),
        behaviour=dataclasses.replace(content.behaviour, extended_length=False),
    )
    transport = BreaksOff(silent, "ff", 0x6F00)
    outcome = read(transport, terminal_of("--algorithm", "rsa-pss-sha256"), key=can_of(card), plan=QUICK)
    assert status_of(outcome, CHECK) == (CheckStatus.SUCCESSFUL, f"{CHECK}.admitted")
    assert status_of(outcome, "chip_authentication")[0] is CheckStatus.SUCCESSFUL
    assert DG3 in outcome.reading.document
    assert transport.openings == openings


# --------------------------------------------------------------------------------- on the command line
ARGUMENTS = ["read", "--emulated", "eac1-ecdh", "--number", "001184002931"]


def test_the_command_opens_fingerprints(folder_of: Callable[..., Path], tmp_path: Path) -> None:
    assert main([*ARGUMENTS, "--terminal", str(folder_of()), "--out", str(tmp_path)]) == 0
    assert (tmp_path / "EF_DG3.bin").exists()
    assert (tmp_path / "EF_DG4.bin").exists()


def test_the_result_names_the_reason_in_text_and_as_data(
    folder_of: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    expired, for_irises = (["--terminal", str(folder_of(*way))] for way in (("--expired",), ("--rights", "dg4")))
    capsys.readouterr()  # what making the folders says
    assert main([*ARGUMENTS, *expired]) == 0
    line = next(line for line in capsys.readouterr().out.splitlines() if CHECK in line)
    assert "expired" in line
    assert main([*ARGUMENTS, *expired, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    (check,) = [check for check in result["checks"] if check["check"] == CHECK]
    assert (check["status"], check["code"]) == ("failed", "terminal.certificate_expired")
    assert main([*ARGUMENTS, *for_irises, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["document"]["unread"] == {"DG3": "terminal.right_missing"}


def test_a_desk_is_told_of_terminal_authentication_without_asking(capsys: pytest.CaptureFixture[str]) -> None:
    for policy, is_told in (("hospital", False), ("desk", True), ("laboratory", True)):
        assert main([*ARGUMENTS, "--policy", policy]) == 0
        assert (CHECK in capsys.readouterr().out) is is_told


@pytest.mark.parametrize("private_key", [None, pem(key("somebody else"))], ids=["no key", "another key"])
def test_useless_certificates_are_told_before_the_card_is_touched(
    private_key: bytes | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_folder(tmp_path / "t", plain_tree().octets, private_key=private_key)
    assert main([*ARGUMENTS, "--terminal", str(folder)]) == 2
    captured = capsys.readouterr()
    assert "terminal.key_" in captured.err
    assert "Connecting" not in captured.err
    assert str(tmp_path) not in captured.err


def test_a_folder_that_is_not_there_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*ARGUMENTS, "--terminal", str(tmp_path / "nowhere")]) == 2
    assert "terminal.folder_unreadable" in capsys.readouterr().err


def test_a_key_without_certificates_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*ARGUMENTS, "--terminal-key", "pkcs11:token=a;object=b"])
    assert ended.value.code == 64
    assert "--terminal" in capsys.readouterr().err


def test_a_pin_on_the_command_line_is_refused_and_not_repeated(
    folder_of: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    uri = "pkcs11:token=a;object=b?pin-value=271828"
    assert main([*ARGUMENTS, "--terminal", str(folder_of()), "--terminal-key", uri]) == 2
    captured = capsys.readouterr()
    assert "terminal.token_pin_in_uri" in captured.err
    assert "271828" not in captured.err
