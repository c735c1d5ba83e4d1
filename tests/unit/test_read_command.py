"""``chipid read`` as scripts use it: what is accepted, what is not, and that nothing but the result is on stdout."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from crypto.primitives.curves import curve
from crypto.signatures.public_key import EcPublicKey
from crypto.wire.oid import encode_oid
from crypto.wire.tlv import encode_tlv
from emulator.cards import catalogue
from emulator.services.authentication_service import AuthenticationServiceEmulator, CardState
from kiosk_ui.cli import main
from reader.lds.public_key import parse_subject_public_key

PEOPLE = {person.name: person for person in catalogue()}
ACCEPTED = [person.name for person in catalogue() if person.expected == "ACCEPT"]


def chipid(*arguments: str, stdin: str = "") -> tuple[int, str, str]:
    """Exit code, stdout, stderr."""
    out, err = io.StringIO(), io.StringIO()
    before, sys.stdin = sys.stdin, io.StringIO(stdin)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                code = main(list(arguments))
            except SystemExit as end:
                code = int(end.code or 0)
    finally:
        sys.stdin = before
    return code, out.getvalue(), err.getvalue()


def read(name: str, *more: str) -> tuple[int, dict[str, Any]]:
    code, out, err = chipid("read", "--emulated", name, "--can", PEOPLE[name].can, "--json", *more)
    assert out, err
    return code, json.loads(out)


def statuses(result: dict[str, Any]) -> dict[str, str]:
    return {check["check"]: check["status"] for check in result["checks"]}


@pytest.mark.parametrize("name", ACCEPTED)
def test_every_good_person_is_accepted_with_issuer_and_chip_proven(name: str) -> None:
    code, result = read(name)
    found = statuses(result)
    assert (code, result["verdict"], result["assurance"]) == (0, "ACCEPT", "chip_verified")
    assert found["passive_authentication"] == "successful"
    assert "successful" in (found["chip_authentication"], found["active_authentication"])
    assert all(status == "successful" for check, status in found.items() if check.endswith(".DG1"))
    assert result["document"]["mrz"] == "\n".join(PEOPLE[name].mrz)


@pytest.mark.parametrize("name", sorted(PEOPLE))
def test_the_catalogue_keeps_its_promise(name: str) -> None:
    _, result = read(name)
    assert result["verdict"] == PEOPLE[name].expected


def test_a_changed_group_is_named_and_rejected() -> None:
    code, result = read("changed")
    assert (code, result["verdict"], result["assurance"]) == (1, "REJECT", "unknown")
    assert statuses(result)["data_group_hash.DG13"] == "failed"
    assert statuses(result)["data_group_hash.DG1"] == "successful"


def test_a_copied_chip_fails_where_the_private_key_is_needed() -> None:
    code, result = read("copied")
    assert (code, result["verdict"]) == (1, "REJECT")
    assert statuses(result)["passive_authentication"] == "successful"  # the data are genuine; the chip is not
    assert "failed" in (statuses(result)["chip_authentication"], statuses(result)["active_authentication"])
    assert "DG2" in result["document"]["files"], "staff must see whose data the copy carries"


def test_an_unknown_issuer_is_neither_green_nor_red() -> None:
    code, result = read("unknown-csca")
    assert (code, result["verdict"], result["assurance"]) == (1, "REFER", "chip_read")
    assert statuses(result)["passive_authentication"] == "undetermined"
    assert statuses(result)["chip_authentication"] != "successful", "a key that nobody vouches for proves nothing"


def test_an_expired_card_has_a_status_of_its_own() -> None:
    code, result = read("expired")
    assert code == 1
    assert {check["code"] for check in result["checks"]} >= {"document_validity.expired"}
    assert result["verdict"] == "REFER"


def test_a_wrong_access_number_reads_nothing() -> None:
    code, out, err = chipid("read", "--emulated", "an", "--can", "999999", "--json")
    assert (code, out) == (2, "")
    assert "access.wrong_key" in err
    assert "999999" not in err


def test_the_number_opens_the_card_and_may_come_from_standard_input() -> None:
    number = PEOPLE["an"].number
    assert chipid("read", "--emulated", "an", "--number", number)[0] == 0
    assert chipid("read", "--emulated", "an", "--number", "-", stdin=number + "\n")[0] == 0


@pytest.mark.parametrize("joint", ["\n", "\\n"], ids=["newlines", "written newlines"])
def test_the_machine_readable_lines_open_the_card_by_pace(joint: str) -> None:
    code, out, _ = chipid("read", "--emulated", "an", "--mrz", joint.join(PEOPLE["an"].mrz), "--json")
    assert code == 0
    access = json.loads(out)["access"]
    assert (access["protocol"], access["password"], access["downgrades"]) == ("PACE", "MRZ", [])


def test_a_trust_folder_without_certificates_is_told(tmp_path: Path) -> None:
    """The wrong folder looks like an unknown issuer otherwise."""
    (tmp_path / "README.md").write_text("no certificate", encoding="utf-8")
    _, _, told = chipid("read", "--emulated", "an", "--can", "000017", "--trust", str(tmp_path))
    assert "holds no certificate that counts" in told


def test_an_empty_trust_folder_trusts_nobody(tmp_path: Path) -> None:
    _, result = read("an", "--trust", str(tmp_path))
    assert (result["verdict"], statuses(result)["passive_authentication"]) == ("REFER", "undetermined")


def test_a_folder_with_the_test_authority_is_used_in_test_mode(tmp_path: Path) -> None:
    assert chipid("cards", "--trust-out", str(tmp_path))[0] == 0
    code, result = read("an", "--trust", str(tmp_path))
    assert (code, result["verdict"]) == (0, "ACCEPT")


def test_out_keeps_the_files_exactly_as_read(tmp_path: Path) -> None:
    folder = tmp_path / "evidence"
    _, result = read("an", "--out", str(folder))
    kept = {hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}
    assert kept == {file["sha256"] for file in result["document"]["files"].values()}
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.iterdir()), "personal files are for their owner"


def test_files_of_two_cards_never_lie_side_by_side(tmp_path: Path) -> None:
    read("an", "--out", str(tmp_path))
    read("can-cuoc-2024", "--out", str(tmp_path))
    assert not (tmp_path / "EF_DG13.bin").exists()
    assert (tmp_path / "EF_DG1.bin").exists()


def test_out_that_cannot_be_made_is_said_before_the_card_is_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    code, out, err = chipid("read", "--emulated", "an", "--can", "000017", "--out", str(tmp_path / "file"))
    assert (code, out) == (2, "")
    assert "--out" in err
    assert "Reading" not in err


def test_the_json_has_its_promised_keys() -> None:
    _, result = read("an")
    assert set(result) >= {"access", "document", "checks", "verdict", "assurance", "link", "timing_ms"}
    assert set(result["access"]) >= {"protocol", "password", "downgrades"}
    assert set(result["document"]) >= {"mrz", "personal", "files"}
    assert all(set(check) >= {"check", "status", "code"} for check in result["checks"])
    assert set(result["link"]) >= {"commands", "bytes_sent", "bytes_received"}
    assert set(result["document"]["files"]) >= {"COM", "SOD", "DG1", "DG2", "DG13", "DG14", "DG15"}
    keys = Path(__file__).parents[1] / "vectors" / "vietnam_dg13_fields.csv"
    known = {line.split(",")[1] for line in keys.read_text(encoding="utf-8").splitlines()[1:]}
    assert set(result["document"]["personal"]) <= known


def test_a_card_without_dg13_is_no_error() -> None:
    code, result = read("can-cuoc-2024")
    assert (code, result["document"]["personal"]) == (0, {})
    assert "DG13" not in result["document"]["files"]


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--emulated", "an"],
        ["--can", "123456"],
        ["--emulated", "an", "--reader", "x", "--can", "123456"],
        ["--emulated", "an", "--can", "123456", "--policy", "lenient"],
    ],
)
def test_wrong_usage_is_64(arguments: list[str]) -> None:
    code, out, err = chipid("read", *arguments)
    assert (code, out) == (64, "")
    assert err.startswith("usage:")


@pytest.mark.parametrize(
    ("arguments", "code_name"),
    [
        (["--emulated", "nobody", "--can", "123456"], "emulated.not_found"),
        (["--emulated", "an", "--can", "12345"], "can.malformed"),
        (["--emulated", "an", "--number", "04008500001x"], "number.malformed"),
        (["--emulated", "an", "--mrz", "not an mrz"], "mrz.malformed"),
        (["--emulated", "an", "--can", "000017", "--trust", "/nonexistent"], "trust.unreadable"),
    ],
)
def test_bad_input_is_one_clear_sentence(arguments: list[str], code_name: str) -> None:
    code, out, err = chipid("read", *arguments)
    assert (code, out) == (2, "")
    assert code_name in err
    assert err.count("\n") == 1
    assert "Traceback" not in err


def test_people_get_a_readable_result() -> None:
    code, out, err = chipid("read", "--emulated", "an", "--number", PEOPLE["an"].number)
    assert code == 0
    assert out.startswith("ACCEPT")
    assert "Nguyễn Văn An" in out
    assert "DG2" in err, "progress by file goes to stderr"


def test_the_documented_example_runs(capsys: pytest.CaptureFixture[str]) -> None:
    example = Path(__file__).parents[2] / "docs" / "examples" / "read_a_card.py"
    with pytest.raises(SystemExit) as end:
        runpy.run_path(str(example), run_name="__main__")
    assert end.value.code == 0
    assert "ACCEPT" in capsys.readouterr().out


def test_unknown_commands_and_help() -> None:
    assert chipid()[0] == 64
    assert chipid("nonsense")[0] == 64
    code, out, _ = chipid("--help")
    assert code == 0
    assert "read" in out
    assert chipid("--version")[0] == 0


def test_a_key_given_by_a_standardised_parameter_id_is_a_key() -> None:
    """Doc 9303-11 §9.5.1: AlgorithmIdentifier standardizedDomainParameters with INTEGER 13 is brainpoolP256r1."""
    point = curve("brainpoolP256r1").encode_point(curve("brainpoolP256r1").g)
    algorithm = encode_tlv(0x30, encode_tlv(0x06, encode_oid("0.4.0.127.0.7.1.2")) + encode_tlv(0x02, b"\x0d"))
    key = parse_subject_public_key(encode_tlv(0x30, algorithm + encode_tlv(0x03, b"\0" + point))).resolve()
    assert isinstance(key, EcPublicKey)
    assert key.curve.name == "brainpoolP256r1"


@pytest.mark.parametrize("key", [["--number", "040077004618"], ["--can", "004618"]], ids=["number", "can"])
def test_a_chip_without_access_control_is_read_in_plain(key: list[str]) -> None:
    """Doc 9303-11 §4.1 note 1: inspection systems must be able to; what is proven stays the same."""
    code, out, _ = chipid("read", "--emulated", "no-access-control", *key, "--json")
    result = json.loads(out)
    assert (code, result["verdict"], result["access"]["protocol"]) == (0, "ACCEPT", "NONE")
    assert statuses(result)["access_control"] == "not_supported"


def test_a_chip_that_guards_itself_is_never_read_in_plain() -> None:
    """A wrong kind of key must not end in reading what the chip would show to anybody."""
    code, out, err = chipid("read", "--emulated", "bac-only", "--can", "010609")
    assert (code, out) == (2, "")
    assert "access.not_supported" in err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
@pytest.mark.parametrize("command", [["cards"], ["cards", "--json"], ["--help"], ["doctor"]], ids=" ".join)
def test_output_on_a_full_disk_is_one_sentence_and_exit_code_2(command: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "kiosk_ui.cli", *command],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=60,
        )
    assert done.returncode == 2
    assert "could not be written" in done.stderr
    assert "Traceback" not in done.stderr


# --------------------------------------------------------------------------- asking an authentication service
@pytest.mark.parametrize(
    ("state", "code", "verdict", "found"),
    [
        (CardState("Nguyễn Văn An", "1985-02-03"), 0, "ACCEPT", "online_verification.matches"),
        (CardState(is_lost=True), 1, "REJECT", "online_verification.lost"),
        (CardState(is_cancelled=True), 1, "REJECT", "online_verification.cancelled"),
        (CardState("Nguyễn Văn An", "1999-02-03"), 1, "REJECT", "online_verification.differs"),
    ],
)
def test_a_reading_at_the_command_line_can_ask_a_service(state: CardState, code: int, verdict: str, found: str) -> None:
    number = f"040085{PEOPLE['an'].can}"
    with AuthenticationServiceEmulator({number: state}) as service:
        exit_code, result = read("an", "--online", service.url)
    assert (exit_code, result["verdict"]) == (code, verdict)
    assert found in [check["code"] for check in result["checks"]]


def test_a_service_that_is_not_there_is_said_and_ends_no_reading() -> None:
    code, result = read("an", "--online", "http://127.0.0.1:9/verify")
    assert (code, result["verdict"]) == (0, "ACCEPT")
    assert "online_verification.no_answer" in [check["code"] for check in result["checks"]]


def test_nobody_is_asked_without_the_option() -> None:
    assert "online_verification.not_asked" in [check["code"] for check in read("an")[1]["checks"]]


@pytest.mark.parametrize(
    "address",
    ["http://service.example/verify", "https://name:secret@service.example/", "ftp://127.0.0.1/", "", "service"],
)
def test_an_address_that_may_not_be_used_is_wrong_usage_before_the_card_is_read(address: str) -> None:
    code, out, err = chipid("read", "--emulated", "an", "--can", PEOPLE["an"].can, "--online", address)
    assert (code, out) == (64, "")
    assert "--online" in err
    assert "secret" not in err


def test_the_reader_alone_has_no_network() -> None:
    from reader.cli import read_command

    with pytest.raises(SystemExit) as end, contextlib.redirect_stderr(io.StringIO()):
        read_command(["--emulated", "an", "--can", PEOPLE["an"].can, "--online", "https://service.example/"])
    assert end.value.code == 64
