"""BER-TLV: what is encoded comes back, octets stay as they were found, and nothing malformed gets through."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.errors import WireError
from crypto.wire import limits
from crypto.wire.tlv import (
    Tlv,
    TlvReader,
    encode_length,
    encode_tag,
    encode_tlv,
    iter_tlvs,
    parse_tlv,
    parse_tlv_header,
    parse_tlv_prefix,
)

TAGS = st.sampled_from(
    [0x02, 0x04, 0x53, 0x5A, 0x80, 0x87, 0x8E, 0x99, 0x5F01, 0x5F1F, 0x5F36, 0x7F49, 0x7F2E, 0xDF8101]
)
VALUES = st.binary(max_size=600)


def code_of(error: pytest.ExceptionInfo[WireError]) -> str:
    return error.value.code.name


@given(TAGS, VALUES)
def test_an_encoded_object_comes_back_as_it_went_in(tag: int, value: bytes) -> None:
    encoded = encode_tlv(tag, value)
    tlv = parse_tlv(encoded)
    assert (tlv.tag, tlv.value, tlv.encoded) == (tag, value, encoded)
    assert parse_tlv_header(encoded) == (tag, len(value), len(encoded) - len(value))


@given(TAGS, st.binary(max_size=300), st.data())
def test_every_truncation_is_noticed(tag: int, value: bytes, data: st.DataObject) -> None:
    encoded = encode_tlv(tag, value)
    kept = data.draw(st.integers(0, len(encoded) - 1))
    with pytest.raises(WireError) as error:
        parse_tlv(encoded[:kept])
    assert code_of(error) == "tlv.truncated"


@given(st.lists(st.tuples(TAGS, st.binary(max_size=40)), max_size=12))
def test_a_sequence_of_objects_is_read_to_its_end(items: list[tuple[int, bytes]]) -> None:
    encoded = b"".join(encode_tlv(tag, value) for tag, value in items)
    assert [(tlv.tag, tlv.value) for tlv in iter_tlvs(encoded)] == items
    assert b"".join(tlv.encoded for tlv in iter_tlvs(encoded)) == encoded
    assert parse_tlv(encode_tlv(0x30, encoded)).children() == tuple(iter_tlvs(encoded))


@given(st.binary(max_size=200))
def test_arbitrary_octets_parse_to_themselves_or_raise_only_a_wire_error(octets: bytes) -> None:
    try:
        tlv = parse_tlv(octets)
    except WireError:
        return
    assert tlv.encoded == octets
    assert octets.endswith(tlv.value)


@pytest.mark.parametrize(
    ("length", "octets"),
    [(0, "00"), (127, "7f"), (128, "8180"), (255, "81ff"), (256, "820100"), (65535, "82ffff"), (65536, "83010000")],
)
def test_lengths_are_as_short_as_der_wants_them(length: int, octets: str) -> None:
    # ISO/IEC 7816-4 §5.2.2.2, ISO/IEC 8825-1 §10.1
    assert encode_length(length).hex() == octets
    assert parse_tlv_header(b"\x04" + bytes.fromhex(octets)) == (0x04, length, 1 + len(octets) // 2)


@pytest.mark.parametrize("octets", ["04810548656c6c6f", "0482000548656c6c6f", "048400000005" + "48656c6c6f"])
def test_a_length_written_longer_than_needed_is_read_and_kept(octets: str) -> None:
    tlv = parse_tlv(bytes.fromhex(octets))
    assert tlv.value == b"Hello"
    assert tlv.encoded.hex() == octets  # a hash is over these octets, not over ours


@pytest.mark.parametrize(
    ("octets", "code"),
    [
        ("", "tlv.truncated"),
        ("30", "tlv.truncated"),
        ("5f", "tlv.truncated"),
        ("5f81", "tlv.truncated"),
        ("0482", "tlv.truncated"),
        ("048201", "tlv.truncated"),
        ("30800000", "tlv.malformed"),  # indefinite: only where a document's signature allows it
        ("04850000000001ff", "tlv.malformed"),
        ("04ff", "tlv.malformed"),
        ("1f8181818101", "tlv.malformed"),  # a tag of five octets
        ("0484ffffffff", "tlv.too_large"),
        ("048300000000", "tlv.trailing"),
    ],
)
def test_each_kind_of_malformed_object_has_its_own_code(octets: str, code: str) -> None:
    with pytest.raises(WireError) as error:
        parse_tlv(bytes.fromhex(octets))
    assert code_of(error) == code


def test_the_largest_file_is_accepted_and_one_octet_more_is_not() -> None:
    assert parse_tlv_header(b"\x53\x84" + limits.MAX_FILE_BYTES.to_bytes(4, "big"))[1] == limits.MAX_FILE_BYTES
    with pytest.raises(WireError) as error:
        parse_tlv_header(b"\x53\x84" + (limits.MAX_FILE_BYTES + 1).to_bytes(4, "big"))
    assert code_of(error) == "tlv.too_large"
    assert error.value.facts["announced"] == limits.MAX_FILE_BYTES + 1


def test_absent_is_not_empty() -> None:
    outer = parse_tlv(encode_tlv(0x61, [encode_tlv(0x5F1F, b""), encode_tlv(0x80, b"x")]))
    empty = outer.find(0x5F1F)
    assert empty is not None
    assert empty.value == b""
    assert outer.find(0x5F20) is None
    assert outer.require(0x80).value == b"x"
    with pytest.raises(WireError) as error:
        outer.require(0x5F20)
    assert code_of(error) == "tlv.absent"
    assert error.value.facts == {"tag": "5F20"}


def test_another_tag_than_the_expected_one_is_refused() -> None:
    with pytest.raises(WireError) as error:
        parse_tlv(encode_tlv(0x61, b""), 0x75)
    assert code_of(error) == "tlv.absent"


def test_a_prefix_leaves_what_follows_alone() -> None:
    data = b"\xff" + encode_tlv(0x04, b"abc") + b"\xde\xad"
    assert parse_tlv_prefix(data, 1).encoded == encode_tlv(0x04, b"abc")


def test_a_reader_takes_objects_in_order_and_says_when_some_are_left() -> None:
    reader = TlvReader(encode_tlv(0x02, b"\x01") + encode_tlv(0x04, b"") + encode_tlv(0x05))
    assert reader.take(0x02).value == b"\x01"
    assert reader.take_optional(0x02) is None
    assert reader.take(0x04).value == b""
    with pytest.raises(WireError) as error:
        reader.finish()
    assert code_of(error) == "tlv.trailing"
    assert not reader.at_end
    assert reader.take_any().tag == 0x05
    reader.finish()
    assert reader.take_optional(0x05) is None
    with pytest.raises(WireError) as error:
        reader.take(0x05)
    assert code_of(error) == "tlv.absent"
    with pytest.raises(WireError):
        reader.take_any()


def test_a_walk_visits_parents_before_children_and_looks_into_no_primitive_value() -> None:
    inner = encode_tlv(0x31, [encode_tlv(0x04, encode_tlv(0x30, b"")), encode_tlv(0x7F49, b"")])
    tags = [tlv.tag for tlv in parse_tlv(encode_tlv(0x30, [inner, encode_tlv(0x02, b"\x05")])).walk()]
    assert tags == [0x30, 0x31, 0x04, 0x7F49, 0x02]


def test_a_printed_object_shows_no_value() -> None:
    text = repr(parse_tlv(encode_tlv(0x5A, b"NGUYEN VAN TEST")))
    assert text == "Tlv(5A, 15 bytes)"


@given(TAGS)
def test_a_tag_is_written_as_the_octets_of_its_number(tag: int) -> None:
    assert int.from_bytes(encode_tag(tag), "big") == tag
    assert isinstance(parse_tlv(encode_tag(tag) + b"\0"), Tlv)
