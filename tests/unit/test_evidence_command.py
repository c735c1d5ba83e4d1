"""``chipid read --evidence`` and ``chipid verify`` as people and scripts use them, on one machine and on another."""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kiosk_ui.cli import main
from reader import inspection
from reader.evidence.container import open_evidence, seal
from reader.evidence.device_key import default_key_file, load, load_or_make
from tests.unit.reader_cards import PEOPLE

PERSONAL = ("040085000017", "Nguyễn", "NGUYEN", "Vinh")


def chipid(*arguments: str | Path) -> tuple[int, str, str]:
    """Exit code, stdout, stderr."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as end:
            code = int(end.code or 0)
    return code, out.getvalue(), err.getvalue()


def read(name: str, *more: str | Path) -> tuple[int, str, str]:
    return chipid("read", "--emulated", name, "--can", PEOPLE[name].can, *more)


def verify(*arguments: str | Path) -> tuple[int, dict[str, Any]]:
    code, out, err = chipid("verify", *arguments, "--test-mode", "--json")
    assert out, err
    return code, json.loads(out)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine of its own for every test."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path / "config"


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The evidence of a good card, made by another machine."""
    folder = tmp_path_factory.mktemp("elsewhere")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("XDG_CONFIG_HOME", str(folder / "config"))
        code, _, err = read("an", "--evidence", folder / "an.evidence", "--place", "Bàn 1")
    assert code == 0, err
    return folder / "an.evidence"


def fingerprint(kept: Path) -> str:
    return load(kept.parent / "config" / "chipid-kiosk" / "device.key").fingerprint


def test_another_machine_verifies_and_says_whose_word_it_is(kept: Path, home: Path) -> None:
    code, result = verify(kept)
    assert (code, result["verdict"]) == (1, "ACCEPT"), (
        "the files prove it, but nobody here vouches for when it was read"
    )
    assert result["evidence"]["signed_by"] == "unknown"
    assert chipid("verify", kept, "--test-mode")[1].startswith("NOT ACCEPTED – nobody here vouches")
    assert result["evidence"]["device"] == fingerprint(kept)
    assert not home.exists(), "verifying makes no key"


def test_a_named_device_is_known_and_any_other_is_theirs(kept: Path) -> None:
    with_colons = ":".join(fingerprint(kept)[i : i + 2] for i in range(0, 64, 2)).upper()
    code, result = verify(kept, "--device", with_colons)
    assert (code, result["evidence"]["signed_by"]) == (0, "named")
    assert "NOT ACCEPTED" not in chipid("verify", kept, "--device", with_colons, "--test-mode")[1]
    code, result = verify(kept, "--device", "0" * 64)
    assert (code, result["evidence"]["signed_by"]) == (1, "theirs"), "accepted by the files, but not by whom you named"
    _, out, _ = chipid("verify", kept, "--device", "0" * 64, "--test-mode")
    assert "NONE of the devices that you named" in out


def test_the_machine_that_made_it_knows_its_own(tmp_path: Path) -> None:
    path = tmp_path / "an.evidence"
    assert read("an", "--evidence", path)[0] == 0
    code, result = verify(path)
    assert (code, result["evidence"]["signed_by"]) == (0, "ours")


def test_a_process_of_its_own_with_another_home_and_clock_says_the_same(kept: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "kiosk_ui.cli",
            "verify",
            str(kept),
            "--device",
            fingerprint(kept),
            "--test-mode",
            "--json",
        ],
        env=os.environ | {"XDG_CONFIG_HOME": str(tmp_path / "x"), "HOME": str(tmp_path), "TZ": "Asia/Ho_Chi_Minh"},
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    here = verify(kept)[1]
    there = json.loads(done.stdout)
    assert there["checks"] == here["checks"]


def test_the_result_says_what_differs_and_on_what_it_rests(kept: Path) -> None:
    _, result = verify(kept)
    assert [each["what"] for each in result["differences"]] == ["chip_authentication"]
    basis = {check["check"]: check["basis"] for check in result["checks"]}
    assert basis["chip_authentication"] == basis["access_control"] == "stated"
    assert basis["active_authentication"] == basis["passive_authentication"] == "proven_again"
    assert result["statement"]["place"] == "Bàn 1"
    assert result["statement"]["verdict"] == result["today"]["verdict"] == "ACCEPT"
    _, out, _ = chipid("verify", kept, "--test-mode")
    assert "chip_authentication: said successful" in out
    assert "the file is whole" in out
    assert "(the device's word)" in out


@pytest.mark.parametrize("name", ["changed", "copied", "unknown-csca", "expired"])
def test_cards_that_are_not_accepted_are_kept_and_judged_alike(name: str, tmp_path: Path) -> None:
    code, _, _ = read(name, "--evidence", tmp_path / "e", "--json")
    again, result = verify(tmp_path / "e")
    assert code == again == 1
    assert result["verdict"] == result["statement"]["verdict"] == PEOPLE[name].expected


def test_without_trust_anchors_of_ones_own_nothing_is_accepted(kept: Path) -> None:
    code, out, _ = chipid("verify", kept)
    assert code == 1
    assert out.startswith("REFER")
    assert "--test-mode" in out


# ------------------------------------------------------------------------------------------ when, and by whom
def test_the_result_says_when_the_chip_was_asked(kept: Path) -> None:
    _, result = verify(kept)
    asked, read_at = (dt.datetime.fromisoformat(text) for text in asked_and_read(result))
    assert dt.timedelta(seconds=-1) <= asked - read_at < dt.timedelta(minutes=1)
    _, out, _ = chipid("verify", kept, "--test-mode")
    assert f"asked      {result['evidence']['chip_asked_at']}, by that device" in out


def asked_and_read(result: dict[str, Any]) -> tuple[str, str]:
    return result["evidence"]["chip_asked_at"], result["statement"]["read_at"]


def test_without_evidence_the_chip_signs_random_digits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody keeps needs no date: the card testifies to nothing."""

    def never(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr("reader.evidence.challenge.bound_challenges", never)
    assert read("an", "--report", tmp_path / "r.json")[0] == 0


def test_signed_again_by_somebody_else_the_chip_proves_nothing(kept: Path, tmp_path: Path) -> None:
    thief = load_or_make(tmp_path / "thief")
    (tmp_path / "stolen").write_bytes(seal(open_evidence(kept.read_bytes()).parts, thief))
    code, result = verify(tmp_path / "stolen", "--device", thief.fingerprint)
    assert (code, result["evidence"]["signed_by"], result["verdict"]) == (1, "named", "REFER")
    assert result["evidence"]["chip_asked_at"] is None
    codes = {check["check"]: (check["code"], check["basis"]) for check in result["checks"]}
    assert codes["active_authentication"] == ("active_authentication.challenge_unbound", "stated")
    _, out, _ = chipid("verify", tmp_path / "stolen", "--test-mode", "--device", thief.fingerprint)
    assert "[active_authentication.challenge_unbound]" in out


def test_a_time_that_has_not_come_is_remarked_and_accepts_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The device's clock was a year ahead when it read; it is this very machine, so whoever verifies knows it."""
    right, wrong = inspection.local_now(), inspection.local_now() + dt.timedelta(days=365)
    monkeypatch.setattr(inspection, "local_now", lambda: wrong)
    assert read("an", "--evidence", tmp_path / "e")[0] == 0
    assert verify(tmp_path / "e")[0] == 0, "by the same clock it is an ordinary reading"
    monkeypatch.setattr(inspection, "local_now", lambda: right)
    code, result = verify(tmp_path / "e")
    assert (code, result["accepted"], result["verdict"], result["today"]["verdict"]) == (1, False, "REFER", "REFER")
    assert "reading_time.in_future" in result["reasons"]
    assert "reading_time" in {each["what"] for each in result["differences"]}
    code, out, _ = chipid("verify", tmp_path / "e", "--test-mode")
    assert code == 1
    assert out.startswith("REFER")
    assert "has not come by this machine's clock. [reading_time.in_future]" in out


# ------------------------------------------------------------------------------------------ exit codes
CARDS = ("an", "tdes-pace", "unknown-csca", "copied")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Evidence of cards of every verdict, all by one device."""
    folder = tmp_path_factory.mktemp("cards")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("XDG_CONFIG_HOME", str(folder / "config"))
        for name in CARDS:
            assert read(name, "--evidence", folder / name)[0] in (0, 1)
    return {name: folder / name for name in CARDS}


@pytest.mark.parametrize("name", CARDS)
@pytest.mark.parametrize("whose", ["ours", "named", "theirs", "unknown"])
def test_zero_is_only_for_an_accepted_card_by_a_known_device(
    name: str, whose: str, files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = files[name].parent / "config"
    own = load(config / "chipid-kiosk" / "device.key").fingerprint
    if whose == "ours":
        monkeypatch.setenv("XDG_CONFIG_HOME", str(config))
    options = {"named": ["--device", own], "theirs": ["--device", "0" * 64]}.get(whose, [])
    code, result = verify(files[name], *options)
    assert result["evidence"]["signed_by"] == whose
    is_accepted = result["verdict"] == "ACCEPT" and whose in ("ours", "named")
    assert (code, result["accepted"]) == ((0, True) if is_accepted else (1, False))
    assert is_accepted == (name == "an" and whose in ("ours", "named"))
    assert chipid("verify", files[name], *options, "--test-mode")[0] == code, "in both ways of telling it"


# ------------------------------------------------------------------------------------------ refusals
def test_a_changed_byte_is_refused_with_the_part_and_no_content(kept: Path, tmp_path: Path) -> None:
    octets = bytearray(kept.read_bytes())
    octets[octets.index(b"file.DG13 ") + 200] ^= 1
    (tmp_path / "bad").write_bytes(octets)
    code, out, err = chipid("verify", tmp_path / "bad")
    assert (code, out) == (2, "")
    assert "evidence.damaged" in err
    assert "part file.DG13" in err
    assert not any(word in err for word in PERSONAL)


def test_wrong_paths_and_wrong_usage_are_sentences(kept: Path, tmp_path: Path) -> None:
    assert chipid("verify", tmp_path / "none")[0] == 2
    assert "evidence.unreadable" in chipid("verify", tmp_path)[2]
    (tmp_path / "empty").touch()
    assert "evidence.not_evidence" in chipid("verify", tmp_path / "empty")[2]
    assert chipid("verify")[0] == 64
    assert chipid("verify", kept, "--device", "abc")[0] == 64
    assert "device_key.unusable" in chipid("verify", kept, "--device-key", tmp_path / "none")[2]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names on this system")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert chipid("verify", tmp_path / "pipe")[0] == 2


# ------------------------------------------------------------------------------------------ files with personal data
def test_evidence_and_reports_are_their_owners_only(tmp_path: Path) -> None:
    names = ("a.evidence", "a.pdf", "a.xml", "a.json")
    reports = [argument for name in names[1:] for argument in ("--report", tmp_path / name)]
    assert read("an", "--evidence", tmp_path / names[0], *reports)[0] == 0
    for name in names:
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600, name
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == sorted(names), (
        "no temporary file stays"
    )


@pytest.mark.parametrize(("option", "name", "code"), [("--evidence", "e", "evidence"), ("--report", "r.xml", "report")])
def test_nothing_is_overwritten_unasked(option: str, name: str, code: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(b"mine")
    got, out, err = read("an", option, path)
    assert (got, out) == (2, ""), "before the card is read"
    assert f"{code}.exists" in err
    assert path.read_bytes() == b"mine"
    assert read("an", option, path, "--force")[0] == 0
    assert path.read_bytes() != b"mine"
    assert f"{code}.unwritable" in read("an", option, tmp_path / "no" / name)[2]
    assert f"{code}.unwritable" in read("an", option, tmp_path / name / name)[2]


def test_reports_of_no_kind_or_under_one_name_are_wrong_usage(tmp_path: Path) -> None:
    assert read("an", "--report", tmp_path / "report.doc")[0] == 64
    assert read("an", "--report", tmp_path / "a.xml", "--report", tmp_path / "a.xml")[0] == 64
    assert read("an", "--evidence", tmp_path / "a.xml", "--report", tmp_path / "a.xml")[0] == 64
    assert list(tmp_path.iterdir()) == []


def test_a_report_names_the_evidence_beside_it(tmp_path: Path) -> None:
    assert (
        read("an", "--evidence", tmp_path / "e", "--report", tmp_path / "r.json", "--report", tmp_path / "r.xml")[0]
        == 0
    )
    report = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))["report"]
    result = verify(tmp_path / "e")[1]
    assert report["evidence_sha256"] == result["evidence"]["sha256"]
    assert report["device"] == result["evidence"]["device"]
    assert report["evidence_sha256"] in (tmp_path / "r.xml").read_text(encoding="utf-8")
    assert report["is_test"] is True


# ------------------------------------------------------------------------------------------ the device key
def test_the_key_is_made_once_for_its_owner_only(home: Path) -> None:
    path = default_key_file()
    assert path == home / "chipid-kiosk" / "device.key"
    first = load_or_make(path).fingerprint
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_or_make(path).fingerprint == first
    assert [each.name for each in path.parent.iterdir()] == ["device.key"]
    assert first not in repr(load_or_make(path)), "16 digits are enough to tell devices apart"


@pytest.mark.skipif(os.name != "posix", reason="rights of a file are asked in POSIX's way")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o777])
def test_a_key_that_others_may_read_is_not_used(mode: int, home: Path, tmp_path: Path) -> None:
    load_or_make(default_key_file())
    default_key_file().chmod(mode)
    code, out, err = read("an", "--evidence", tmp_path / "e")
    assert (code, out) == (2, "")
    assert "device_key.exposed" in err
    assert not (tmp_path / "e").exists()


@pytest.mark.parametrize("octets", [b"", b"nonsense", b"-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n"])
def test_what_is_no_key_is_refused_and_left_alone(octets: bytes, tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_bytes(octets)
    path.chmod(0o600)
    assert "device_key.unusable" in read("an", "--evidence", tmp_path / "e", "--device-key", path)[2]
    assert path.read_bytes() == octets


def test_a_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    path = tmp_path / "key"
    key = ec.generate_private_key(ec.SECP256R1())
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    path.chmod(0o600)
    assert "device_key.unusable" in read("an", "--evidence", tmp_path / "e", "--device-key", path)[2]


def test_a_folder_that_takes_no_key_is_said_before_the_card_is_read(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    code, out, err = read("an", "--evidence", tmp_path / "e", "--device-key", tmp_path / "file" / "key")
    assert (code, out) == (2, "")
    assert "device_key." in err
