"""pymrtd, where an interpreter has it, says the same as this project about the same EF.SOD, groups, CSCA and CRL.

Set ``CHIPID_PYMRTD_PYTHON`` to that interpreter; without it the comparison itself is left out, and only our half of it is
tested, against interpreters that answer rightly, wrongly, or not at all.
"""

from __future__ import annotations

import copy
import functools
import json
import pathlib
import stat
import sys
from collections.abc import Sequence
from typing import Any

import pytest

from emulator.cards import attack_names, chip_content
from emulator.personalise.authorities import Authority, authority_certificate, revocation_lists
from emulator.personalise.profile import load_profile
from tests.peers.pymrtd_oracle import (
    PROCESS,
    VARIABLE,
    Case,
    PeerError,
    PeerMissingError,
    Pymrtd,
    differences,
    from_environment,
    our_answer,
)
from tests.unit.reader_cards import NOON

FILES = {0x0101: "dg1", 0x010E: "dg14", 0x010F: "dg15", 0x011D: "sod"}
HONEST = ("an", "quy", "uyen", "can-cuoc-2024", "rsa-active", "passport-td3", "id-td2", "lds-1-8", "aes256")
SHAPE = PROCESS.with_name("pymrtd_shape.py")
LISTS = dict(zip((Authority.TEST, Authority.UTOPIA), revocation_lists(), strict=True))


@functools.cache
def case_of(name: str) -> Case:
    """A card of the catalogue with the certificate and the list of whoever is to have issued it."""
    authority = load_profile(name).authority
    files = {
        FILES[file.identifier]: file.content
        for file in chip_content(name).application_files
        if file.identifier in FILES
    }
    return Case(name, {**files, "csca": authority_certificate(authority), "crl": LISTS[authority]}, NOON)


HONEST_CASES = [case_of(name) for name in HONEST]


def test_our_own_words_about_honest_cards_are_all_good() -> None:
    """Else an agreement would say little."""
    for case in HONEST_CASES:
        answer = our_answer(case)
        assert not [name for name in answer if "error" in answer[name]]
        assert (answer["sod"]["signatures"], answer["sod"]["chains"]) == (["right"], ["right"])
        assert all(answer["sod"]["contains"].values())
        assert answer["crl"]["signature"] == answer["csca"]["signature"] == "right"


# ------------------------------------------------------------------------------------ the comparison itself
@pytest.fixture(scope="module")
def pymrtd() -> Pymrtd:
    peer = from_environment()
    if peer is None:
        pytest.skip(f"{VARIABLE} names no interpreter that has pymrtd")
    try:
        peer.answers([])
    except PeerMissingError as missing:
        pytest.skip(f"{VARIABLE}: {missing}")
    return peer


def test_pymrtd_reads_and_believes_the_honest_cards_as_we_do(pymrtd: Pymrtd) -> None:
    answers = pymrtd.answers(HONEST_CASES)
    assert [
        each for case, answer in zip(HONEST_CASES, answers, strict=True) for each in differences(case, answer)
    ] == []


def test_pymrtd_calls_nothing_wrong_that_we_believe_of_the_forged_cards(pymrtd: Pymrtd) -> None:
    cases = [case_of(name) for name in attack_names()]
    answers = pymrtd.answers(cases)
    assert [each for case, answer in zip(cases, answers, strict=True) for each in differences(case, answer)] == []


# ------------------------------------------------------------------------- our half, against interpreters of ours
def interpreter(folder: pathlib.Path, body: str) -> str:
    """An executable that answers in place of a Python with pymrtd."""
    script = folder / "python-with-pymrtd"
    script.write_text(f"#!{sys.executable}\nimport json, sys, time\ncases = json.load(sys.stdin)\n{body}\n", "utf-8")
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return str(script)


def answering(folder: pathlib.Path, answers: Sequence[object]) -> Pymrtd:
    (folder / "answers.json").write_text(json.dumps(answers), encoding="utf-8")
    return Pymrtd(interpreter(folder, f"print(open({str(folder / 'answers.json')!r}, encoding='utf-8').read())"))


def plain(answer: object) -> Any:
    return json.loads(json.dumps(answer))


def test_an_interpreter_that_says_the_same_differs_in_nothing(tmp_path: pathlib.Path) -> None:
    peer = answering(tmp_path, [plain(our_answer(case)) for case in HONEST_CASES])
    answers = peer.answers(HONEST_CASES)
    assert [
        each for case, answer in zip(HONEST_CASES, answers, strict=True) for each in differences(case, answer)
    ] == []


@pytest.fixture
def shaped(tmp_path: pathlib.Path) -> Pymrtd:
    """Runs the very process with modules that have pymrtd's names and calls."""
    script = tmp_path / "python-with-shape"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{SHAPE}" "$@"\n', encoding="utf-8")
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return Pymrtd(str(script))


def test_the_process_brings_what_other_parsers_say_and_they_say_the_same(shaped: Pymrtd) -> None:
    answers = shaped.answers(HONEST_CASES)
    assert [
        each for case, answer in zip(HONEST_CASES, answers, strict=True) for each in differences(case, answer)
    ] == []
    for case, answer in zip(HONEST_CASES, answers, strict=True):
        assert not [name for name in answer if "error" in answer[name] and name != "dg15"], case.name
        assert answer["sod"]["chains"] == ["right"], case.name
        spelt_out = load_profile(case.name).signer_explicit_parameters  # which the crypto library does not take
        assert answer["sod"]["signatures"] == (["error: UnsupportedAlgorithm"] if spelt_out else ["right"]), case.name


def test_the_process_tells_wrong_signatures_and_broken_files(shaped: Pymrtd) -> None:
    names = ("attack-ds-base-point", "attack-namesake-csca-key-id", "attack-second-signer", "attack-foreign-sod")
    cases = [case_of(name) for name in names]
    broken = Case("broken", {name: octets[: len(octets) // 2] for name, octets in case_of("an").files.items()}, NOON)
    *answers, of_broken = shaped.answers([*cases, broken])
    assert [each for case, answer in zip(cases, answers, strict=True) for each in differences(case, answer)] == []
    assert answers[1]["sod"]["chains"] == ["wrong"]
    assert "wrong" in answers[2]["sod"]["signatures"]
    assert not any(answers[3]["sod"]["contains"].values())
    assert all("error" in of_broken[name] for name in of_broken)
    assert differences(broken, of_broken) == []


CHANGES = [
    ("dg1", "document_number", "000000000"),
    ("dg1", "name", "SOMEBODY ELSE"),
    ("dg1", "expires", "991231"),
    ("dg14", "active_authentication", None),
    ("dg14", "count", 0),
    ("dg15", "kind", "rsa"),
    ("sod", "hash", "sha1"),
    ("sod", "groups", {}),
    ("sod", "contains", {"dg1": False}),
    ("sod", "signatures", ["wrong"]),
    ("sod", "chains", ["wrong"]),
    ("csca", "signature", "wrong"),
    ("csca", "key_identifier", ""),
    ("crl", "serials", []),
    ("crl", "signature", "wrong"),
]


@pytest.mark.parametrize(("file", "field", "value"), CHANGES, ids=[f"{file}.{field}" for file, field, _ in CHANGES])
def test_whatever_it_says_otherwise_is_told(file: str, field: str, value: object, tmp_path: pathlib.Path) -> None:
    case = case_of("an")
    changed = copy.deepcopy(plain(our_answer(case)))
    changed[file][field] = value
    (answer,) = answering(tmp_path, [changed]).answers([case])
    assert [each.about for each in differences(case, answer)] == [f"{file}.{field}"]


def test_a_file_that_it_cannot_read_is_told_unless_the_curve_is_spelt_out(tmp_path: pathlib.Path) -> None:
    case = case_of("an")
    for file in ("dg1", "sod", "crl"):
        changed = plain(our_answer(case)) | {file: {"error": "ValueError"}}
        assert differences(case, changed), file
    assert differences(case, plain(our_answer(case)) | {"dg15": {"error": "ValueError"}}) == []


def test_what_it_believes_and_we_refuse_is_no_difference_but_our_refusal_stays() -> None:
    """It knows no revocation, no key usage and no base points."""
    for name in ("attack-ds-revoked", "attack-ds-cert-sign-only", "attack-ds-base-point", "attack-dg15-base-point"):
        case = case_of(name)
        ours = our_answer(case)
        credulous = plain(ours)
        credulous["sod"] |= {"signatures": ["right"], "chains": ["right"]}
        credulous["dg15"] = {"kind": "ec", "encoded": case.files["dg15"].hex()}
        assert [each for each in differences(case, credulous) if not each.about.startswith("dg15")] == []
        if name != "attack-ds-revoked":  # a list that is not in the store cannot be asked
            assert (
                "right" not in ours["sod"]["chains"]
                or "error" in ours["dg15"]
                or "right" not in ours["sod"]["signatures"]
            )


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("sys.exit(3)", "ended with 3"),
        ("print('hello')", "no JSON"),
        ("print('[]')", "not one for each file"),
        ("print('{}')", "not one for each file"),
        ("print('[1]')", "not one for each file"),
        ("print(json.dumps([{'dg1': {}}]))", "not one for each file"),
        ("time.sleep(30)", "in time"),
    ],
)
def test_an_interpreter_that_does_not_keep_to_the_agreement_is_an_error(
    body: str, said: str, tmp_path: pathlib.Path
) -> None:
    peer = Pymrtd(interpreter(tmp_path, body), timeout_s=1.5 if "sleep" in body else 30)
    with pytest.raises(PeerError, match=said) as caught:
        peer.answers([case_of("an")])
    assert not isinstance(caught.value, PeerMissingError)


def test_an_interpreter_without_pymrtd_is_told_apart_from_one_that_fails() -> None:
    with pytest.raises(PeerMissingError, match="has no pymrtd"):
        Pymrtd(sys.executable).answers([])
    with pytest.raises(PeerMissingError, match="cannot be run"):
        Pymrtd("/nowhere/python").answers([])


def test_without_the_variable_nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    assert from_environment() is None
    monkeypatch.setenv(VARIABLE, sys.executable)
    assert isinstance(from_environment(), Pymrtd)


def test_the_process_knows_nothing_of_this_project() -> None:
    text = PROCESS.read_text(encoding="utf-8")
    assert not [room for room in ("crypto", "reader", "emulator", "kiosk_ui", "tests") if f"from {room}" in text]
