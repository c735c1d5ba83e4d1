"""``docs/quirks.md`` is true: its cards and tests exist, each card is read to its verdict, each document is as its row says."""

from __future__ import annotations

import ast
import functools
import pathlib
import re
import unicodedata
from collections.abc import Iterator

import pytest

import reader
from crypto.errors import ChipIdError
from crypto.pace.parameters import STANDARDIZED_CURVES, Mapping
from emulator.adapters.inprocess import EmulatedTransport
from emulator.cards import card
from emulator.personalise.profile import CardProfile, load_profile, profile_names
from reader import errors
from tests.unit import mistakes_in_conversations, mistakes_in_documents
from tests.unit.mistake_register import MISTAKES
from tests.unit.reader_cards import PEOPLE, TRUST

MADE_IN = (mistakes_in_conversations, mistakes_in_documents)  # whose import enters them into the register
ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "quirks.md").read_text(encoding="utf-8")


def rows(title: str) -> Iterator[list[str]]:
    """The cells of the table under that heading, without its head."""
    section = PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    for line in lines[2:]:
        yield [cell.strip() for cell in line.strip("|").split("|")]


def quoted(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


HABITS = list(rows("Habits"))
DOCUMENTS = list(rows("Documents that other readers have met"))
MISTAKE_ROWS = list(rows("Mistakes"))
VERDICTS = {name: row[2] for row in HABITS for name in quoted(row[1])} | {
    quoted(row[4])[0]: row[5] for row in DOCUMENTS
}
TESTS = {test for row in HABITS for test in quoted(row[3])} | {quoted(row[1])[0] for row in MISTAKE_ROWS}


@functools.cache
def functions_of(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_the_tables_are_there() -> None:
    assert len(HABITS) >= 35
    assert len(DOCUMENTS) == 12
    assert len(MISTAKE_ROWS) >= 50
    assert set(VERDICTS) <= set(profile_names())


def test_every_test_of_the_page_exists() -> None:
    missing = [test for test in sorted(TESTS) if test.partition("::")[2] not in functions_of(test.partition("::")[0])]
    assert missing == []


def test_every_mistake_of_the_page_is_made_and_every_mistake_made_is_on_the_page() -> None:
    told = {quoted(row[2])[0]: quoted(row[1])[0] for row in MISTAKE_ROWS if row[2]}
    assert told == {mistake.name: mistake.test for mistake in MISTAKES}


@pytest.mark.parametrize("name", sorted(VERDICTS))
def test_the_card_is_read_to_its_verdict(name: str) -> None:
    """With the MRZ, which opens every one of them."""
    assert PEOPLE[name].expected == VERDICTS[name]
    with reader.open_emulated(name) as link:
        outcome = reader.read(link, reader.MrzKey.from_lines(PEOPLE[name].mrz), trust=TRUST)
    assert outcome.verdict.decision.value == VERDICTS[name]
    assert outcome.document.mrz.document_number in (PEOPLE[name].number, PEOPLE[name].number[-9:])


class ShortLink(EmulatedTransport):
    """A reader that carries short commands and answers only."""

    @property
    def max_command(self) -> int:
        return 5 + 255 + 1

    @property
    def max_response(self) -> int:
        return 256 + 2


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("signature-cut-to-fit", "REFER"),  # 256 octets of signature do not fit: the chip cannot be asked
        ("select-mf-6a86", "REFER"),
        ("extended-uncounted", "ACCEPT"),
        ("extended-mute", "ACCEPT"),
        ("blocks-2048", "ACCEPT"),
        ("ca-breaks-off", "REJECT"),
    ],
)
def test_over_a_short_link_no_genuine_chip_is_called_a_copy(name: str, verdict: str) -> None:
    with ShortLink(card(name)) as link:
        outcome = reader.read(link, reader.MrzKey.from_lines(PEOPLE[name].mrz), trust=TRUST)
    assert outcome.verdict.decision.value == verdict


# -- documents ------------------------------------------------------------------------------------------------------------


def access_of(profile: CardProfile) -> set[str]:
    words: set[str] = set() if profile.pace else {"BAC"}
    for offer in profile.pace:
        short = {Mapping.GENERIC: "GM", Mapping.INTEGRATED: "IM", Mapping.CHIP_AUTHENTICATION: "CAM"}
        group = STANDARDIZED_CURVES[offer.parameter_id] if offer.domain is None else offer.domain.name
        words |= {"PACE", short[offer.protocol.mapping], cipher_word(offer.protocol.cipher.label), group}
    return words


def cipher_word(label: str) -> str:
    return label.upper()


def proof_of(profile: CardProfile) -> set[str]:
    words = set()
    for choice in profile.chip_authentication:
        words |= {"CA", cipher_word(choice.cipher.label), choice.domain.name}
    signature = profile.active_authentication
    if signature is not None:
        words |= {"AA", "RSA" if signature.rsa_bits else signature.curve}
    return words or {"none"}


@pytest.mark.parametrize("row", DOCUMENTS, ids=lambda row: row[0])
def test_a_document_has_what_its_row_tells(row: list[str]) -> None:
    _, access, proof, extended, name, _ = row
    profile = load_profile(quoted(name)[0])
    assert set(access.split()) <= access_of(profile)
    assert set(proof.split()) <= proof_of(profile)
    if proof:  # then nothing else proves the chip, except by mapping
        assert {"AA", "CA", "none"} & set(proof.split()) == {"AA", "CA", "none"} & proof_of(profile)
    if extended:
        assert profile.behaviour.extended_length == (extended == "yes")


def test_nothing_else_opens_where_a_row_tells_the_access() -> None:
    for _, access, _, _, name, _ in DOCUMENTS:
        has = access_of(load_profile(quoted(name)[0]))
        if access:
            assert {"BAC", "GM", "IM", "CAM"} & set(access.split()) in ({"BAC", "GM", "IM", "CAM"} & has, set())


# -- two habits of the Vietnamese card ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["an", "master-file-6982"])
def test_a_wrong_access_number_is_called_so_whatever_the_status_word(name: str) -> None:
    with reader.open_emulated(name) as link, pytest.raises(ChipIdError) as caught:
        reader.read(link, reader.CanKey.from_digits("314159"), trust=TRUST)
    assert caught.value.code is errors.WRONG_KEY
    assert caught.value.facts.get("status_word") == {"an": "6300", "master-file-6982": "63C2"}[name]


def test_a_bare_group_13_is_read_field_by_field() -> None:
    """No version, letters and marks apart, one parent only, field 17 unknown, fields 15 and 16 absent."""
    holder = load_profile("details-bare").holder
    with reader.open_emulated("details-bare") as link:
        outcome = reader.read(link, reader.CanKey.from_digits(PEOPLE["details-bare"].can), trust=TRUST)
    personal = outcome.document.personal
    assert outcome.identity is not None
    assert outcome.identity.full_name == holder.full_name == unicodedata.normalize("NFC", holder.full_name)
    assert personal["cha_me"] == (holder.mother,)
    assert "so_cmnd" not in personal
    raw = {file.name: octets for file, octets in outcome.document.raw.contents.items()}
    assert unicodedata.normalize("NFD", holder.full_name).encode() in raw["DG13"], "the octets stay as they were signed"
