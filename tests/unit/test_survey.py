"""``chipid survey``: what a card is and how it behaves, for whoever has to settle it, and nothing of whose it is."""

from __future__ import annotations

import contextlib
import io
import json
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import reader
from crypto.wire.apdu import CommandApdu
from emulator.adapters.inprocess import EmulatedTransport, provider
from emulator.cards import chip_content
from emulator.chip.card import VirtualCard
from emulator.personalise.profile import load_profile
from kiosk_ui.cli import main
from reader import errors
from reader.card_access import ASSUMED_CCCD_CARD_ACCESS
from reader.lds import files
from reader.lds.document import RawDocument
from reader.survey.command import as_text
from reader.survey.files import card_access_facts, file_facts, size_shown
from reader.survey.report import survey
from tests.unit.reader_cards import PEOPLE, signed_card

MAY_BE_SENT = {0x22, 0x72, 0x84, 0x86, 0x88, 0xA4, 0xB0, 0xB1, 0xB2, 0xC0, 0xCA}
"""Reading, selecting, asking for proofs; 72 is no instruction at all."""


def chipid(*arguments: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = main(list(arguments))
        except SystemExit as end:
            code = int(end.code or 0)
    return code, out.getvalue(), err.getvalue()


def key_of(name: str) -> reader.AccessKey:
    if name in ("bac-only", "bac-unproven", "select-mf-6a81", "zero-le-6b00"):
        return reader.MrzKey.from_lines(PEOPLE[name].mrz)
    return reader.CanKey.from_digits(PEOPLE[name].can)


def surveyed(name: str, **more: Any) -> dict[str, Any]:
    with provider.open(name, **more) as card:
        return json.loads(json.dumps(survey(card, key_of(name))))


def strings(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield str(name)
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)
    elif value is not None:
        yield str(value)


# ---------------------------------------------------------------------------------- nothing personal
def canaries(name: str) -> list[str]:
    """Everything on the card that could tell who it belongs to, and what opens it."""
    person, profile = PEOPLE[name], load_profile(name)
    with provider.open(name) as card:
        outcome = reader.read(card, key_of(name), trust=reader.trust_for(None, test_mode=True), policy="desk")
    document = outcome.document
    values = [person.number, person.number[3:], person.can, *person.mrz, person.full_name, profile.holder.can]
    values += [word for word in person.full_name.split() if len(word) > 4]
    with contextlib.suppress(errors.DocumentError):
        for value in document.personal.values():
            values += list(value) if isinstance(value, tuple) else [value] if value else []
    for file in outcome.reading.document:
        content = outcome.reading.document.require(file)
        if file not in (files.CARD_ACCESS, files.COM):
            values += [content[start : start + 10].hex() for start in range(0, len(content) - 10, 5)]
    # words that every Vietnamese card shares are no canaries, nor is EF.CardAccess, which DG14 repeats
    shared = ("Việt Nam", "MẪU THỬ", "Không thời hạn")
    known = ASSUMED_CCCD_CARD_ACCESS.hex()
    return sorted({value.lower() for value in values if len(value) >= 6 and value not in shared and value not in known})


@pytest.mark.parametrize("name", ["an", "quy", "uyen", "passport-td3", "pace-cam", "bac-only", "no-access-control"])
def test_nothing_personal_is_in_a_report(name: str) -> None:
    report = surveyed(name)
    marks = canaries(name)
    assert len(marks) > 50
    for text in (json.dumps(report, ensure_ascii=False).lower(), as_text(report).lower()):
        assert not [mark for mark in marks if mark in text]
    assert report["access"].get("error") is None


def test_the_signers_name_serial_number_and_dates_stay_out() -> None:
    report = surveyed("an")
    signer = report["security_object"]["signers"][0]["certificate"]
    assert set(signer) == {"country", "is_test", "signed_with", "key"}
    assert set(signer["key"]) == {"algorithm", "parameters", "kind", "bits", "curve"}
    assert not [text for text in strings(report) if "TEST" in text.upper() and text != "is_test"]


def test_files_about_a_person_are_measured_in_steps_only() -> None:
    for number in (2, 3, 4, 5, 7, 11, 12, 13, 16):
        assert "bytes" not in size_shown(files.data_group(number), 401)
    assert size_shown(files.data_group(13), 401) == {"bytes_up_to": 512}
    assert size_shown(files.data_group(2), 15_001) == {"bytes_up_to": 20_000}
    assert size_shown(files.SOD, 1418) == {"bytes": 1418}


def test_ef_card_access_stands_there_whole_only_if_every_cccd_has_it() -> None:
    known = surveyed("an")["card_access"]
    assert (known["is_known_cccd"], len(bytes.fromhex(known["octets"]))) == (True, 54)
    other = surveyed("pace-cam")["card_access"]
    assert other["is_known_cccd"] is False
    assert "octets" not in other
    assert {info["protocol"] for info in other["infos"]} >= {"PACE-ECDH-CAM-AES-CBC-CMAC-128"}


# ------------------------------------------------------------------------------- it harms no card
def commands_of(name: str, key: reader.AccessKey) -> list[CommandApdu]:
    sent: list[CommandApdu] = []
    with provider.open(name, on_transmit=lambda _, octets: sent.append(CommandApdu.parse(octets))) as card:
        survey(card, key)
    return sent


@pytest.mark.parametrize("name", ["an", "passport-td3", "pace-cam", "eac1-ecdh", "plain-errors"])
def test_a_survey_writes_nothing_and_shows_one_password_as_often_as_a_reading_does(name: str) -> None:
    sent = commands_of(name, key_of(name))
    assert {command.ins for command in sent} <= MAY_BE_SENT
    tokens = [each for each in sent if each.ins == 0x86 and each.cla == 0x00]
    read: list[CommandApdu] = []
    with provider.open(name, on_transmit=lambda _, octets: read.append(CommandApdu.parse(octets))) as card:
        reader.read(card, key_of(name), trust=reader.trust_for(None, test_mode=True), policy="desk")
    assert len(tokens) == len([each for each in read if each.ins == 0x86 and each.cla == 0x00])


def test_a_wrong_number_is_tried_once_and_the_rest_is_reported() -> None:
    sent = commands_of("an", reader.CanKey.from_digits("999999"))
    assert len([each for each in sent if each.ins == 0x86 and each.cla == 0x00]) == 1
    assert not [each for each in sent if each.ins == 0x82]
    with provider.open("an") as card:
        report = survey(card, reader.CanKey.from_digits("999999"))
    assert report["access"] == {"error": "access.wrong_key", "status_word": "6300"}
    assert report["plain"]["select_master_file"] == {"status_word": "6D00"}  # type: ignore[index]
    assert report["card_access"]["is_known_cccd"] is True  # type: ignore[index]


@pytest.mark.parametrize("key", [reader.PinKey.from_digits("123456"), reader.PukKey.from_digits("12345678")])
def test_a_pin_is_not_spent_on_a_survey(key: reader.AccessKey) -> None:
    with provider.open("pin-puk") as card, pytest.raises(errors.ProtocolError) as caught:
        survey(card, key)
    assert caught.value.code is errors.ACCESS_NOT_SUPPORTED
    assert chipid("survey", "--emulated", "pin-puk", "--pin", "123456")[0] == 64


# ------------------------------------------------------------------------------------ what it settles
@pytest.mark.parametrize(
    ("name", "word"),
    [("an", "6D00"), ("master-file-6982", "6982"), ("select-mf-6982", "6982"), ("select-mf-6a81", "6A81")],
)
def test_how_the_master_file_is_answered(name: str, word: str) -> None:
    assert surveyed(name)["plain"]["select_master_file"] == {"status_word": word}


def test_keys_and_algorithms_of_issuer_and_chip() -> None:
    report = surveyed("an")
    signer = report["security_object"]["signers"][0]
    assert (signer["signature"], signer["digest"]) == ("ECDSA with sha256", "sha256")
    assert (signer["certificate"]["country"], signer["certificate"]["key"]["curve"]) == ("VN", "brainpoolP384r1")
    assert signer["certificate"]["key"]["parameters"] == "named"
    assert (report["dg15"]["kind"], report["dg15"]["bits"]) == ("EC", 256)
    assert report["chip_authentication"]["suite"] == "CA-ECDH-AES-CBC-CMAC-128 brainpoolP256r1"
    assert report["active_authentication"] == {"answer": "given", "signature_bytes": 64, "form": "plain"}
    assert surveyed("rsa-active-2048")["active_authentication"] == {
        "answer": "given",
        "signature_bytes": 256,
        "hash": "sha256",
    }
    assert surveyed("rsa-active-2048")["dg15"] == {
        "algorithm": "1.2.840.113549.1.1.1",
        "parameters": "other",
        "kind": "RSA",
        "bits": 2048,
        "exponent_bits": 17,
    }
    explicit = surveyed("aes256")["security_object"]["signers"][0]["certificate"]["key"]
    assert (explicit["parameters"], explicit["kind"]) == ("explicit", "EC")


def dg13_fields(name: str) -> dict[int, dict[str, Any]]:
    return {field["number"]: field for field in surveyed(name)["dg13"]["fields"]}


def test_which_fields_of_dg13_there_are_and_of_which_shape() -> None:
    fields = dg13_fields("an")
    assert sorted(fields) == list(range(1, 17))
    assert (fields[1]["parts"], fields[1]["shapes"]) == (["PrintableString"], ["12 digits"])
    assert fields[13]["parts"] == [["UTF8String"], ["UTF8String"]]
    assert fields[16]["shapes"] == ["16 hexadecimal digits"]
    assert "shapes" not in fields[2], "the shape of a name is its holder's"
    assert dg13_fields("nested-parents")[13]["parts"] == [["UTF8String", "UTF8String"]]
    assert 15 not in dg13_fields("quy")
    assert "dg13" not in surveyed("can-cuoc-2024")


def test_a_card_without_end_is_told() -> None:
    report = surveyed("quy")
    assert report["mrz"]["expires_991231"] is True
    assert report["dg13"]["says_no_expiry"] is True
    assert dg13_fields("quy")[12]["shapes"] == ["text"]
    assert report["mrz"]["wrong_check_digits"] == []


def test_habits_at_the_end_of_a_file_in_plain_and_in_the_channel() -> None:
    for habits in (surveyed("an")["plain"]["habits_of_ef_card_access"], surveyed("an")["channel"]):
        assert habits["behind_the_end"] == {"status_word": "6B00"}
        assert habits["more_than_is_left"] == {"status_word": "6282", "answer_bytes": 2}
        assert habits["last_bytes_exactly"] == {"status_word": "9000", "answer_bytes": 2}
    assert surveyed("zero-le-6b00")["channel"]["as_much_as_there_is"]["status_word"] == "6B00"
    assert surveyed("p384-short")["channel"]["extended_length"]["status_word"] != "9000"


def test_a_chip_that_ends_its_channel_over_a_question_is_not_asked_on() -> None:
    channel = surveyed("plain-errors")["channel"]
    last = list(channel.values())[-1]
    assert last["ends_channel"] is True
    assert "behind_the_end" not in channel


def test_times_are_added_up_by_kind_of_command() -> None:
    report = surveyed("an")
    kinds = {(row["command"], row["protected"]) for row in report["commands"]}
    assert {("READ BINARY", True), ("GENERAL AUTHENTICATE", False), ("INTERNAL AUTHENTICATE", True)} <= kinds
    for row in report["commands"]:
        assert sum(row["status_words"].values()) == row["count"]
        assert 0 <= row["median_ms"] <= row["longest_ms"]


# ----------------------------------------------------------------------------------- cards that misbehave
@pytest.mark.wide
@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(PEOPLE))
def test_every_card_of_the_catalogue_gives_a_report(name: str) -> None:
    with provider.open(name) as card:
        report = survey(card, key_of(name))
    assert json.loads(json.dumps(report))["answer_to_reset"]
    assert as_text(report).splitlines()[0] == "kind: chipid-survey"


class Moody(EmulatedTransport):
    """A card that answers nothing to some of the questions."""

    def __init__(self, chip: VirtualCard, mute_at: frozenset[int]) -> None:
        super().__init__(chip)
        self._mute_at = mute_at
        self._count = 0

    def transmit(self, command: bytes) -> bytes:
        self._count += 1
        if self._count in self._mute_at:
            raise TimeoutError
        return super().transmit(command)


def test_a_card_that_is_mute_at_a_question_is_powered_anew_and_asked_on() -> None:
    with Moody(VirtualCard(chip_content("an")), frozenset({1, 4, 20})) as card:
        report = survey(card, key_of("an"))
    plain: Any = report["plain"]
    assert plain["select_master_file"] == {"error": "card.mute"}
    assert plain["odd_commands"]["get_data_production"] == {"status_word": "6E00"}
    assert "error" not in report["access"]  # type: ignore[operator]


def test_a_card_that_is_gone_is_an_error() -> None:
    with provider.open("an") as card:
        card.close()
        with pytest.raises(errors.TransportError):
            survey(card, key_of("an"))


def test_it_can_be_stopped_at_any_command() -> None:
    cancel = threading.Event()

    def stop(number: int, command: bytes) -> None:
        if number == 10:
            cancel.set()

    with provider.open("an", on_transmit=stop) as card, pytest.raises(errors.Cancelled):
        survey(card, key_of("an"), cancel=cancel)


@pytest.mark.parametrize("group", [1, 2, 13, 14, 15])
def test_a_file_that_is_not_what_it_should_be_is_told_by_its_error(group: int) -> None:
    octets = bytes([files.data_group(group).tag or 0, 4]) + b"\x30\x82\x00\x00"
    with EmulatedTransport(VirtualCard(signed_card("an", {group: octets}))) as card:
        report = survey(card, key_of("an"))
    part: Any = report[{1: "mrz", 2: "portrait", 13: "dg13", 14: "dg14", 15: "dg15"}[group]]
    assert set(part) == {"error"}


def test_a_chip_cannot_put_words_into_the_report() -> None:
    content = bytes.fromhex("6014 5F0104") + b"NAME" + bytes.fromhex("5F3606") + b"NGUYEN" + bytes.fromhex("5C026175")
    raw = RawDocument({files.COM: content})
    assert file_facts(raw)["common_data"] == {"error": "document.malformed"}
    assert card_access_facts(b"\x31\x80")["error"]


# --------------------------------------------------------------------------------- the command
def test_the_report_is_kept_as_json_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    arguments = ["survey", "--emulated", "an", "--number", PEOPLE["an"].number, "--output", str(path)]
    code, out, _ = chipid(*arguments)
    assert code == 0
    assert out.startswith("kind: chipid-survey\n")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(path.read_text(encoding="utf-8"))["version"] == 1
    code, out, err = chipid(*arguments)
    assert (code, out, "report.exists" in err) == (2, "", True)


def test_the_exit_code_tells_whether_the_card_was_read() -> None:
    code, out, _ = chipid("survey", "--emulated", "an", "--can", "999999", "--json")
    assert (code, json.loads(out)["access"]["error"]) == (2, "access.wrong_key")
    assert chipid("survey", "--emulated", "an")[0] == 64
    assert chipid("survey", "--emulated", "nobody", "--can", "123456")[0] == 2
    assert chipid("survey", "--emulated", "an", "--can", "1")[0] == 2


def test_text_and_json_say_the_same() -> None:
    report = surveyed("an")
    text = as_text(report)
    words: Callable[[object], bool] = lambda value: str(value).replace("_", " ") in text.replace("_", " ")  # noqa: E731
    values = [value for value in strings(report) if value not in ("True", "False")]
    assert len(values) > 300
    assert not [value for value in values if not words(value)]
