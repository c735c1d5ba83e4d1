"""The key of BAC and PACE from every format of the MRZ, long document numbers included (Doc 9303-11 §9.7.2, §9.7.3)."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.wire.tlv import encode_tlv
from reader import errors
from reader.lds.dg1 import parse_dg1
from reader.lds.mrz import MrzFormat, mrz_information, mrz_information_from_fields, parse_mrz
from reader.lds.mrz_fields import check_digit
from reader.protocols.access_key import MrzKey

VECTORS = Path(__file__).parents[1] / "vectors"
BAC = [
    case
    for case in json.loads((VECTORS / "bac_kdf.json").read_text(encoding="utf-8"))["cases"]
    if case["kind"] == "bac_keys_from_mrz"
]
BORN, EXPIRES = "340712", "950712"


@pytest.mark.parametrize("case", BAC, ids=[case["name"] for case in BAC])
def test_the_seed_is_the_published_one_from_typed_lines_and_from_the_chip(case: dict[str, Any]) -> None:
    key = MrzKey.from_lines(case["mrz_lines"])
    assert key.bac_seed.reveal().hex() == case["key_seed"]
    assert key.pace_seed.reveal().hex() == case["mrz_information_sha1"]
    dg1 = parse_dg1(encode_tlv(0x61, encode_tlv(0x5F1F, "".join(case["mrz_lines"]).encode())))
    assert dg1.mrz.mrz_information == case["mrz_information"]
    assert dg1.mrz.document_number == case["document_number"].rstrip("<")


def lines_for(mrz_format: MrzFormat, number: str, optional: str = "") -> list[str]:
    """An MRZ as Doc 9303-4 to -6 have it, with the document number where note j of parts 5 and 6 puts it."""
    digit = check_digit(number.ljust(9, "<"))
    if len(number) <= 9:
        field, rest = number.ljust(9, "<") + digit, ""
    else:
        field, rest = number[:9] + "<", number[9:] + digit + "<"
    dates = BORN + check_digit(BORN), EXPIRES + check_digit(EXPIRES)
    if mrz_format is MrzFormat.TD1:
        upper = "I<UTO" + field + (rest + ("" if rest else optional)).ljust(15, "<")[:15]
        second_optional = optional if rest else ""
        middle = dates[0] + "F" + dates[1] + "UTO" + second_optional.ljust(11, "<")
        middle += check_digit(upper[5:] + middle[:7] + middle[8:15] + middle[18:29])
        return [upper, middle, "ERIKSSON<<ANNA<MARIA<<<<<<<<<<"]
    width, room = (36, 7) if mrz_format is MrzFormat.TD2 else (44, 14)
    lower = field + "UTO" + dates[0] + "F" + dates[1] + (rest or optional).ljust(room, "<")[:room]
    if mrz_format is MrzFormat.TD3:
        lower += check_digit(lower[28:42])
    lower += check_digit(lower[:10] + lower[13:20] + lower[21:])
    return ["I<UTOERIKSSON<<ANNA<MARIA".ljust(width, "<"), lower]


LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
# Longest number that fits: nine, then the optional field without check digit; its last filler falls away when it is full
LONGEST = {MrzFormat.TD1: 9 + 14, MrzFormat.TD2: 9 + 6, MrzFormat.TD3: 9}


@pytest.mark.parametrize("mrz_format", LONGEST)
@settings(deadline=None, max_examples=150)
@given(data=st.data())
def test_a_number_of_any_length_opens_the_chip(mrz_format: MrzFormat, data: st.DataObject) -> None:
    number = data.draw(st.text(LETTERS, min_size=1, max_size=LONGEST[mrz_format]))
    optional = data.draw(st.text(LETTERS, max_size=7))
    lines = lines_for(mrz_format, number, optional)
    mrz = parse_mrz(lines)
    assert mrz.format is mrz_format
    assert mrz.wrong_check_digits == ()
    assert mrz.document_number == number
    # Doc 9303-11 §9.7.2: the whole number with its check digit, birth and expiry with theirs
    expected = number.ljust(9, "<") + check_digit(number.ljust(9, "<"))
    expected += BORN + check_digit(BORN) + EXPIRES + check_digit(EXPIRES)
    assert mrz_information(lines) == mrz_information_from_fields(number, BORN, EXPIRES) == expected
    seed = hashlib.sha1(expected.encode(), usedforsecurity=False).digest()
    assert MrzKey.from_lines(lines).pace_seed.reveal() == seed
    assert MrzKey.from_lines(["".join(lines).lower()]).bac_seed.reveal() == seed[:16]
    if optional and (len(number) <= 9 or mrz_format is MrzFormat.TD1):
        assert optional in mrz.optional_data


@pytest.mark.parametrize("mrz_format", [MrzFormat.TD1, MrzFormat.TD2])
def test_a_slip_anywhere_in_a_long_number_is_noticed(mrz_format: MrzFormat) -> None:
    lines = lines_for(mrz_format, "D23145890734")
    line = 0 if mrz_format is MrzFormat.TD1 else 1
    start = 5 if mrz_format is MrzFormat.TD1 else 0
    rest = 15 if mrz_format is MrzFormat.TD1 else 28
    for position in (start, start + 8, rest, rest + 2, rest + 3):
        wrong = "7" if lines[line][position] != "7" else "8"
        typed = list(lines)
        typed[line] = typed[line][:position] + wrong + typed[line][position + 1 :]
        with pytest.raises(errors.DocumentError) as caught:
            MrzKey.from_lines(typed)
        assert caught.value.code is errors.MRZ_CHECK_DIGIT


def test_passports_have_no_long_numbers() -> None:
    # Doc 9303-4 §4.2.2: a filler behind nine characters of a TD3 is no mark of more, but a wrong check digit
    lines = lines_for(MrzFormat.TD3, "D23145890")
    typed = [lines[0], lines[1][:9] + "<" + lines[1][10:28] + "7349<<<<<<<<<<" + lines[1][42:]]
    assert parse_mrz(typed).document_number == "D23145890"
    with pytest.raises(errors.DocumentError) as caught:
        MrzKey.from_lines(typed)
    assert caught.value.code is errors.MRZ_CHECK_DIGIT


def test_a_filler_that_announces_a_long_number_that_is_not_there() -> None:
    good = lines_for(MrzFormat.TD1, "D23145890")
    for rest in ("<" * 15, "7" + "<" * 14):
        typed = [good[0][:14] + "<" + rest, *good[1:]]
        assert parse_mrz(typed).document_number == "D23145890"
        with pytest.raises(errors.DocumentError):
            MrzKey.from_lines(typed)


@pytest.mark.parametrize("mrz_format", LONGEST)
def test_unknown_parts_of_the_date_of_birth_go_into_the_key_as_they_stand(mrz_format: MrzFormat) -> None:
    known = lines_for(mrz_format, "D23145890")
    line, position = (1, 0) if mrz_format is MrzFormat.TD1 else (1, 13)
    typed = list(known)
    typed[line] = known[line][:position] + "34<<<<" + check_digit("34<<<<") + known[line][position + 7 :]
    assert mrz_information(typed)[10:17] == "34<<<<" + check_digit("34<<<<")
