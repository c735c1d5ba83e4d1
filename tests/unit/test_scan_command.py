"""``chipid scan``: what arrives is shown, what is personal is not, and a script can tell how it went."""

from __future__ import annotations

import io
import json
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator.adapters.serial_scanner import CodeScanner, Damage, DeskoReader, Est100PrReader
from emulator.cards import chip_content
from emulator.services.hn212 import Hn212Device
from kiosk_ui.cli import main

SAMPLES = json.loads((Path(__file__).parents[1] / "vectors" / "vietnam_samples.json").read_text(encoding="utf-8"))
LINES: list[str] = SAMPLES["persons"][0]["mrz"]
QR: str = SAMPLES["persons"][0]["qr"]
PERSONAL = ("040085000017", "Nguyễn", "Nguy", "1985", "Hưng", "4e677579", "NGUYEN", "181234567")
RECORD = {"idCode": "040085000017", "personName": "Nguyễn Văn An", "dateOfBirth": "03/02/1985", "gender": "Nam"}


class Ready:
    """Acts when the command says on standard error that it is ready."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.said: list[str] = []
        self._actions: list[Callable[[], None]] = []
        self._threads: list[threading.Thread] = []
        monkeypatch.setattr("kiosk_ui.scan_command.console.say", self._say)

    def then(self, action: Callable[[], None]) -> None:
        """Do this when it is ready."""
        self._actions.append(action)

    def only(self, action: Callable[[], None]) -> None:
        """Do this when it is ready, and nothing else."""
        self._actions[:] = [action]

    def _say(self, text: str) -> None:
        self.said.append(text)
        if text.startswith("Ready"):
            for action in self._actions:
                thread = threading.Thread(target=action)
                thread.start()
                self._threads.append(thread)

    def join(self) -> None:
        for thread in self._threads:
            thread.join()


@pytest.fixture
def ready(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ready]:
    yield (kept := Ready(monkeypatch))
    kept.join()


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_codes_are_shown_without_anything_personal(ready: Ready, capsys: pytest.CaptureFixture[str]) -> None:
    with CodeScanner(encoding="cp1258") as device:
        ready.then(lambda: [device.scan(text) for text in (QR, SAMPLES["bhyt_qr_new"], *LINES, "rubbish")] and None)
        assert main(["scan", "--port", device.port, "--count", "4"]) == 0
    shown = capsys.readouterr().out
    assert not any(value in shown for value in PERSONAL)
    first, second, third, fourth = shown.splitlines()
    assert first.startswith("citizen_qr; length_bytes ")
    assert "encoding cp1258; damage none; findings: none; fields: number 12, old_number 9, full_name 13" in first
    assert second.startswith("insurance_qr; length_bytes ")
    assert third.startswith("mrz; length_bytes 90; ")
    assert fourth.startswith("error qr.malformed; length_bytes 7; meaning ")


def test_the_content_is_shown_when_asked_for(ready: Ready, capsys: pytest.CaptureFixture[str]) -> None:
    with CodeScanner() as device:
        ready.then(lambda: device.scan(QR))
        assert main(["scan", "--port", device.port, "--count", "1", "--json", "--show"]) == 0
        (row,) = lines(capsys)
        assert row["content"]["full_name"] == "Nguyễn Văn An"
        ready.only(lambda: device.send(bytes(range(128, 168)) + b"\r"))
        main(["scan", "--port", device.port, "--count", "1", "--json", "--show"])
        (row,) = lines(capsys)
        assert row["error"] == "scanner.garbage"
        assert bytes.fromhex(row["octets"]) == bytes(range(128, 168))


def test_json_has_the_same_keys_for_scripts(ready: Ready, capsys: pytest.CaptureFixture[str]) -> None:
    with CodeScanner() as device:
        ready.then(lambda: [device.scan(text) for text in (QR, "nothing")] and None)
        assert main(["scan", "--port", device.port, "--count", "2", "--json"]) == 0
    code, error = lines(capsys)
    assert set(code) == {"kind", "length_bytes", "encoding", "damage", "findings", "fields"}
    assert code["fields"] == {
        "number": 12,
        "old_number": 9,
        "full_name": 13,
        "date_of_birth": 10,
        "sex": 1,
        "address": 48,
        "issued_on": 10,
    }
    assert set(error) == {"error", "length_bytes"}


def test_document_readers_and_what_their_files_prove(ready: Ready, capsys: pytest.CaptureFixture[str]) -> None:
    contents = {file.identifier & 0xFF: file.content for file in chip_content("an").application_files}
    files = {"sod": contents[0x1D], "dg13": contents[0x0D], "dg2": contents[0x02]}
    with Hn212Device() as device:
        ready.then(lambda: device.lay(RECORD, files))
        assert main(["scan", "--kind", "hn212", "--url", device.url, "--count", "2", "--json", "--test-mode"]) == 0
    assert ready.said[0].startswith("Ready: serial number TEST-HN212-0001.")
    words, whole = lines(capsys)
    assert (words["kind"], words["standing"], words["decision"]) == ("device_reading", "declared", "REFER")
    assert whole["standing"] in ("authentic", "issuer_unknown")
    assert "chip_genuine.not_proven" in whole["reasons"]
    assert set(whole["file_bytes"]) == {"EF.SOD", "DG2", "DG13"} or set(whole["file_bytes"]) == {"SOD", "DG2", "DG13"}
    assert not any(value in json.dumps(whole, ensure_ascii=False) for value in PERSONAL)


def test_serial_document_readers(ready: Ready, capsys: pytest.CaptureFixture[str]) -> None:
    with DeskoReader() as desko:
        ready.then(lambda: desko.swipe(LINES))
        assert main(["scan", "--kind", "desko", "--port", desko.port, "--baud", "115200", "--count", "1"]) == 0
    with Est100PrReader() as est:
        ready.only(lambda: est.card(RECORD))
        command = ["scan", "--kind", "est-100pr", "--port", est.port, "--parity", "none", "--count", "1"]
        assert main(command) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("mrz; ")
    assert "device_reading; standing declared" in shown
    assert not any(value in shown for value in PERSONAL)


def test_nothing_usable_and_nothing_at_all(ready: Ready, capsys: pytest.CaptureFixture[str]) -> None:
    with CodeScanner() as device:
        assert main(["scan", "--port", device.port, "--seconds", "0.05"]) == 1
        assert capsys.readouterr().out == ""
        ready.then(lambda: device.scan("nothing"))
        assert main(["scan", "--port", device.port, "--count", "1"]) == 1


def test_a_device_that_cannot_be_opened(ready: Ready, tmp_path: Path) -> None:
    assert main(["scan", "--port", str(tmp_path / "ttyACM0")]) == 2
    assert "[scanner.not_found]" in ready.said[-1]
    with Hn212Device() as device:
        url = device.url
    assert main(["scan", "--kind", "hn212", "--url", url]) == 2
    assert "[device.unreachable" in ready.said[-1]


def test_a_device_that_is_pulled_and_put_back(ready: Ready, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    device = CodeScanner(tmp_path / "scanner")
    device.plug_in()

    def pull_and_put_back() -> None:
        device.scan(QR, Damage.UNPLUGGED)
        while not any("scanner.gone" in text for text in ready.said):
            threading.Event().wait(0.01)
        device.plug_in()
        while "The device is back.\n" not in ready.said:
            threading.Event().wait(0.01)
        device.scan(QR)

    ready.then(pull_and_put_back)
    assert main(["scan", "--port", device.port, "--count", "1", "--json"]) == 0
    assert [row["kind"] for row in lines(capsys)] == ["citizen_qr"]
    device.unplug()


def test_a_scanner_that_types(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    typed = "040085000017||Nguyen Van An|03021985|Nam|So 5|10052023\n\n" + "040085000017\n" + "nothing\n"
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    assert main(["scan", "--kind", "keyboard", "--json"]) == 0
    code, number, error = lines(capsys)
    assert code == {
        "kind": "keyed",
        "damage": "marks_lost",
        "fields": {"number": 12, "date_of_birth": 10, "issued_on": 10},
    }
    assert number["fields"] == {"number": 12}
    assert error["error"] == "qr.malformed" or error["error"].startswith(("number.", "scanner."))
    monkeypatch.setattr(sys, "stdin", None)
    assert main(["scan", "--kind", "keyboard"]) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--kind", "desko"],
        ["--port", "x", "--kind", "other"],
        ["--port", "x", "--count", "0"],
        ["--port", "x", "--baud", "1"],
    ],
)
def test_wrong_usage(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["scan", *arguments])
    assert caught.value.code == 64
