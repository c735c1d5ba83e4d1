"""Whatever a chip sends in DG3 to DG16, a parser answers with a document or with an error of this project; nothing else."""

from __future__ import annotations

import tracemalloc
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.errors import ChipIdError, WireError
from crypto.wire import limits
from crypto.wire.tlv import encode_tlv
from reader import errors
from reader.lds import files
from reader.lds.details import details_of
from reader.lds.dg2 import parse_dg2
from reader.lds.dg3 import parse_dg3
from reader.lds.dg4 import parse_dg4
from reader.lds.dg5 import parse_dg5
from reader.lds.dg7 import parse_dg7
from reader.lds.document import IdDocument, RawDocument
from reader.lds.field_text import DateForm, FieldDate, FieldName
from reader.lds.finger_image import wsq_size
from reader.lds.open_groups import OPEN_GROUPS, parse_open_group

SPECIMEN = Path(__file__).parents[1] / "vectors" / "specimen" / "bsi_mustermann"
OURS = (errors.DocumentError, WireError)


def specimen(number: int) -> bytes:
    return (SPECIMEN / f"EF_DG{number}.bin").read_bytes()


def everything_said_by(number: int, octets: bytes) -> object:
    """Every property of every field, so that nothing waits for somebody to look at it."""
    view = IdDocument(RawDocument({files.data_group(number): octets}))
    if number in OPEN_GROUPS:
        return parse_open_group(number, octets)
    parsed = {
        2: lambda: view.faces,
        3: lambda: [wsq_size(finger.image) for finger in view.fingers or () if finger.encoding.value == "wsq"],
        4: lambda: view.irises,
        5: lambda: view.displayed_portraits,
        7: lambda: view.signatures,
        11: lambda: (view.personal_details, view.other_names, view.place_of_birth, view.address),
        12: lambda: (view.document_details, view.issued_on, view.issuing_authority),
        16: lambda: view.persons_to_notify,
    }[number]()
    return parsed, details_of(view), repr(parsed)


def extensible(outer: int, tag: int, content: bytes) -> bytes:
    data = encode_tlv(
        tag, encode_tlv(0xA0, b"\x80\x01\x03\x81\x02\x07\xe3") + encode_tlv(0xA1, encode_tlv(0x30, content))
    )
    template = encode_tlv(0x7F60, encode_tlv(0xA1, b"") + encode_tlv(0x7F2E, encode_tlv(0xA1, data)))
    return encode_tlv(outer, encode_tlv(0x7F61, b"\x02\x01\x01" + template))


CODE = encode_tlv(0x80, b"\x01")
FACE = CODE + encode_tlv(0xA1, encode_tlv(0xA0, encode_tlv(0xA0, encode_tlv(0x80, b"x") + encode_tlv(0xA1, b""))))
FINGER = encode_tlv(0xA0, CODE) + encode_tlv(0xA1, CODE) + encode_tlv(0xA2, CODE) + encode_tlv(0x83, b"x")
IRIS = CODE + encode_tlv(0xA1, CODE) + encode_tlv(0x89, b"x")
PERSON = encode_tlv(0x5F50, b"20200101") + encode_tlv(0x5F51, b"A<<B") + encode_tlv(0x5F53, b"C<D")
# Shortened to what has structure: mutations should not be lost in pixels
SAMPLES: dict[str, tuple[int, bytes]] = {
    "DG3": (3, specimen(3)),
    "DG4": (4, specimen(4)),
    "DG5": (5, specimen(5)[:400]),
    "DG7": (7, specimen(7)),
    "DG11": (11, specimen(11)),
    "DG12": (12, specimen(12)),
    "DG16": (16, encode_tlv(0x70, [b"\x02\x01\x02", encode_tlv(0xA1, PERSON), encode_tlv(0xA2, PERSON)])),
    "DG8": (8, encode_tlv(0x68, b"\x02\x01\x01" + encode_tlv(0xA1, b"\x80\x01\x05"))),
    "DG2 in ISO 39794": (2, extensible(0x75, 0x65, FACE)),
    "DG3 in ISO 39794": (3, extensible(0x63, 0x64, FINGER)),
    "DG4 in ISO 39794": (4, extensible(0x76, 0x66, IRIS)),
}


def answer(number: int, octets: bytes) -> ChipIdError | None:
    try:
        everything_said_by(number, octets)
    except OURS as error:
        return error
    return None


def test_the_samples_are_good() -> None:
    good = {name for name, (number, octets) in SAMPLES.items() if answer(number, octets) is None}
    assert good == set(SAMPLES) - {"DG5"}, "DG5 was cut, all others are whole"


@pytest.mark.parametrize("name", SAMPLES)
@settings(deadline=None, max_examples=60)
@given(octets=st.binary(max_size=80))
def test_any_octets(name: str, octets: bytes) -> None:
    number, good = SAMPLES[name]
    answer(number, octets)
    answer(number, encode_tlv(good[0], octets))
    answer(number, encode_tlv(good[0], encode_tlv(0x7F61, encode_tlv(0x7F60, encode_tlv(0x5F2E, octets)))))
    answer(number, encode_tlv(good[0], encode_tlv(0x7F61, encode_tlv(0x7F60, encode_tlv(0x7F2E, octets)))))


@pytest.mark.parametrize("name", SAMPLES)
@settings(deadline=None, max_examples=100)
@given(data=st.data())
def test_damaged_files(name: str, data: st.DataObject) -> None:
    number, good = SAMPLES[name]
    octets = bytearray(good)
    for _ in range(data.draw(st.integers(1, 3))):
        octets[data.draw(st.integers(0, min(len(octets), 300) - 1))] = data.draw(st.integers(0, 255))
    error = answer(number, bytes(octets[: data.draw(st.integers(0, len(octets)))]))
    if error is not None:
        assert all(isinstance(fact, int) or len(fact) <= 20 for fact in error.facts.values())


@pytest.mark.parametrize("name", SAMPLES)
def test_every_truncation_is_noticed(name: str) -> None:
    number, good = SAMPLES[name]
    for end in range(min(len(good), 500)):
        assert isinstance(answer(number, good[:end]), OURS)


@pytest.mark.parametrize("name", SAMPLES)
def test_nesting_crowds_and_gigabytes(name: str) -> None:
    number, good = SAMPLES[name]
    nested = b""
    for _ in range(2000):
        nested = encode_tlv(0xA1, nested)
    answer(number, encode_tlv(good[0], nested))
    for crowd in (b"\xa1\x00", b"\x7f\x60\x00"):
        octets = encode_tlv(good[0], crowd * (limits.MAX_TLV_OBJECTS + 1))
        error = answer(number, octets)
        assert number in OPEN_GROUPS or error is not None  # open groups do not look inside
        answer(number, encode_tlv(good[0], encode_tlv(0x7F61, crowd * (limits.MAX_TLV_OBJECTS + 1))))
    answer(number, encode_tlv(good[0], encode_tlv(0xA0, b"\x5f\x0f\x00" * (limits.MAX_TLV_OBJECTS + 1))))
    for size in ("84ffffffff", "83ffffff", "80", "85ffffffffff"):
        assert isinstance(answer(number, good[:1] + bytes.fromhex(size) + good[2:]), OURS)


def test_errors_repeat_nothing_of_a_file() -> None:
    marker = b"CANARYMARKER"
    samples = [
        (11, encode_tlv(0x6B, [encode_tlv(0x5F0E, marker), encode_tlv(0x5F0E, marker + b"2")])),
        (16, encode_tlv(0x70, [encode_tlv(0xA1, [encode_tlv(0x5F51, marker), encode_tlv(0x5F51, b"2")])])),
        (3, encode_tlv(0x63, encode_tlv(0x7F61, encode_tlv(0x7F60, encode_tlv(0x5F2E, marker * 4))))),
        (4, encode_tlv(0x76, encode_tlv(0x7F61, encode_tlv(0x7F60, encode_tlv(0x5F2E, marker * 4))))),
        (2, encode_tlv(0x75, encode_tlv(0x7F61, encode_tlv(0x7F60, encode_tlv(0x7F2E, encode_tlv(0x65, marker)))))),
    ]
    parsers: dict[int, Callable[[bytes], object]] = {
        11: lambda octets: IdDocument(RawDocument({files.data_group(11): octets})).personal_details,
        16: lambda octets: IdDocument(RawDocument({files.data_group(16): octets})).persons_to_notify,
        3: lambda octets: parse_dg3(octets).finger_images(),
        4: lambda octets: parse_dg4(octets).iris_images(),
        2: lambda octets: parse_dg2(octets).face_images(),
    }
    for number, octets in samples:
        with pytest.raises(OURS) as caught:
            parsers[number](octets)
        error = caught.value
        assert isinstance(error, ChipIdError)
        assert marker.decode() not in f"{error}{error!r}{error.facts}{error.args}{error.__cause__!r}"


def test_one_bad_detail_file_hides_neither_name_nor_verdict() -> None:
    dg1 = (SPECIMEN / "EF_DG1.bin").read_bytes()
    view = IdDocument(RawDocument({files.data_group(1): dg1, files.data_group(11): b"\x6b\x02\x5f\x0e"}))
    assert view.full_name == "MUSTERMANN ERIKA"
    assert view.date_of_birth() is not None
    assert details_of(view) == {}
    for _ in range(2):  # but the group itself is not called empty
        with pytest.raises(OURS):
            _ = view.personal_details


@pytest.mark.parametrize("number", [5, 7])
def test_a_file_of_the_largest_size_is_read_in_bounded_memory(number: int) -> None:
    tag = {5: 0x5F40, 7: 0x5F43}[number]
    outer = files.data_group(number).tag or 0
    octets = encode_tlv(outer, b"\x02\x01\x01" + encode_tlv(tag, bytes(limits.MAX_FILE_BYTES - 64)))
    tracemalloc.start()
    try:
        {5: parse_dg5, 7: parse_dg7}[number](octets)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 10 * len(octets)


@settings(deadline=None, max_examples=300)
@given(
    st.one_of(
        st.binary(max_size=40),
        st.text(max_size=20).map(str.encode),
        st.text("0123456789<", max_size=14).map(str.encode),
    )
)
def test_any_octets_are_some_text_and_perhaps_a_date(octets: bytes) -> None:
    name, date = FieldName(octets), FieldDate(octets)
    for shown in (name.line, name.full, *name.parts):
        assert not any(unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for character in shown)
    assert name.octets == date.octets == octets
    day, text = date.as_date(), date.as_text()
    assert day is None or text == day.isoformat()
    assert date.as_time() is None or len(octets) in (7, 14)
    assert (date.digits is None) is (date.form is DateForm.OTHER)
